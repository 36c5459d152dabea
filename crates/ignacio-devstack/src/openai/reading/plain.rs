//! Text as it stands: UTF-8, UTF-16 or the Windows code page, and what can be saved from old
//! Word files.

use crate::openai::reading::Unreadable;

/// The Windows code page where it differs from Latin 1.
const WINDOWS: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Text in the encoding that it seems to have; bytes that no text has are refused.
pub(crate) fn decode(bytes: &[u8]) -> Result<String, Unreadable> {
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return Ok(utf16(rest, u16::from_le_bytes));
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return Ok(utf16(rest, u16::from_be_bytes));
    }
    if bytes.contains(&0) {
        return Err(Unreadable::invalid("The file is not text."));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    Ok(match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|it| windows(*it)).collect(),
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, _) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    char::decode_utf16(units).map(|it| it.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn windows(byte: u8) -> char {
    let special = byte.checked_sub(0x80).and_then(|it| WINDOWS.get(usize::from(it)));
    special.copied().unwrap_or(char::from(byte))
}

/// The text between the tags of a web page; block tags separate paragraphs.
pub(crate) fn without_tags(page: &str) -> String {
    let mut text = String::new();
    for part in page.split('<') {
        let Some((tag, rest)) = part.split_once('>') else {
            text.push_str(part);
            continue;
        };
        let name = tag.trim_start_matches('/').split(|it: char| !it.is_alphanumeric()).next();
        if matches!(name, Some("p" | "div" | "li" | "tr" | "br" | "h1" | "h2" | "h3" | "h4")) {
            text.push_str("\n\n");
        }
        if !matches!(name, Some("script" | "style")) || tag.starts_with('/') {
            text.push_str(rest);
        }
    }
    let named = [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&")];
    named.iter().fold(text, |text, (name, letter)| text.replace(name, letter))
}

/// The readable runs of an old Word file, which keeps its text in one of two encodings.
pub(crate) fn salvage(bytes: &[u8]) -> String {
    let wide = runs(utf16(bytes, u16::from_le_bytes).chars());
    let narrow = runs(bytes.iter().map(|it| windows(*it)));
    if wide.len() > narrow.len() { wide } else { narrow }
}

/// Runs of at least this many letters are kept.
const RUN: usize = 20;

fn runs(letters: impl Iterator<Item = char>) -> String {
    let is_text =
        |it: char| it.is_ascii_graphic() || it == ' ' || "áéíóúüñÁÉÍÓÚÜÑ¿¡«»“”’–€".contains(it);
    let mut text = String::new();
    let mut run = String::new();
    for letter in letters.chain(['\0']) {
        if is_text(letter) {
            run.push(letter);
            continue;
        }
        if run.chars().count() >= RUN && run.contains(' ') {
            text.push_str(run.trim());
            text.push_str("\n\n");
        }
        run.clear();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{decode, salvage, without_tags};

    #[test]
    fn old_encodings_are_read() {
        assert_eq!(decode(b"A\xf1o \x80").as_deref(), Ok("Año €"));
        assert_eq!(decode(b"\xff\xfeA\x00\xf1\x00").as_deref(), Ok("Añ"));
        assert_eq!(decode("\u{feff}Año".as_bytes()).as_deref(), Ok("Año"));
        assert!(decode(b"a\0b").is_err());
    }

    #[test]
    fn tags_go_and_paragraphs_stay() {
        let page = "<style>p{}</style><h1>Plan</h1><p>Pan &amp; <b>queso</b>.</p>";
        assert_eq!(
            without_tags(page).split_whitespace().collect::<Vec<_>>(),
            ["Plan", "Pan", "&", "queso."]
        );
    }

    #[test]
    fn text_is_saved_from_binary() {
        let mut file = vec![0xd0, 0xcf, 0x11, 0xe0, 0, 0, 3];
        file.extend(b"El presupuesto es de 900 euros.\r\0\0\x01");
        assert_eq!(salvage(&file).trim(), "El presupuesto es de 900 euros.");
    }
}
