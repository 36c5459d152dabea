//! Detects the type of an uploaded file from its first bytes, never from what the client declares.
//!
//! The extension matters in two cases only: it chooses among formats with the same content (Markdown,
//! CSV and JSON are all text; the Office formats are all zip archives), and an extension that
//! contradicts the content is refused.

use ignacio_domain::file::{FileKind, FileName, MediaType};

/// How many of a file's first bytes are inspected.
pub(crate) const HEAD_BYTES: usize = 8 * 1024;

const OLE: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
const ZIP: &[u8] = b"PK\x03\x04";
const PDF: &[u8] = b"%PDF-";
const TEXTS: [&str; 4] = ["text/plain", "text/markdown", "text/csv", "application/json"];
/// MPEG-4 containers, which recorders label inconsistently.
const MPEG4: [&str; 3] = ["video/mp4", "audio/m4a", "video/quicktime"];

/// The media type of a file that starts with `head`; `None` if it is not supported, or contradicts
/// the file's name.
pub(crate) fn media_type(head: &[u8], name: &FileName) -> Option<MediaType> {
    let extension = name.extension();
    let named = extension.as_deref().and_then(MediaType::from_extension);
    if head.starts_with(OLE) {
        return named.filter(|it| it.name == "application/msword");
    }
    if head.starts_with(ZIP) {
        return named.filter(|it| is_office(head, *it));
    }
    if let Some(text) = text(head, extension.is_some(), named) {
        return Some(text);
    }
    let found = binary(head)?;
    match named {
        None => Some(found),
        Some(named) if named.name == found.name => Some(found),
        Some(named) if both_in(&MPEG4, named, found) => Some(named),
        // A PNG named .jpg is still an image.
        Some(named) if named.kind == FileKind::Image && found.kind == FileKind::Image => {
            Some(found)
        }
        Some(_) => None,
    }
}

/// Whether a file of this type must be text to its end.
pub(crate) fn is_text(kind: MediaType) -> bool {
    TEXTS.contains(&kind.name)
}

fn both_in(names: &[&str], one: MediaType, other: MediaType) -> bool {
    names.contains(&one.name) && names.contains(&other.name)
}

/// Open XML: an archive that lists its content types, in which this format's folder comes first.
fn is_office(head: &[u8], kind: MediaType) -> bool {
    let folder: &[u8] = match kind.extensions.first() {
        Some(&"docx") => b"word/",
        Some(&"xlsx") => b"xl/",
        Some(&"pptx") => b"ppt/",
        _ => return false,
    };
    let first = [b"word/".as_slice(), b"xl/", b"ppt/"]
        .into_iter()
        .filter_map(|it| Some((find(head, it)?, it)))
        .min();
    match first {
        Some((_, first)) => first == folder,
        None => {
            find(head, b"[Content_Types].xml").is_some() || find(head, b"_rels/.rels").is_some()
        }
    }
}

fn find(within: &[u8], wanted: &[u8]) -> Option<usize> {
    within.windows(wanted.len()).position(|window| window == wanted)
}

/// Text with a text extension or without any; markup only as Markdown.
fn text(head: &[u8], has_extension: bool, named: Option<MediaType>) -> Option<MediaType> {
    let named = match named {
        Some(named) if is_text(named) => named,
        None if !has_extension => MediaType::find("text/plain")?,
        Some(_) | None => return None,
    };
    let is_markup =
        infer::get(head).is_some_and(|it| it.matcher_type() == infer::MatcherType::Text);
    let is_plain = !is_markup || named.name == "text/markdown";
    let is_text = Utf8Checker::default().takes(head) && !head.starts_with(PDF);
    (is_text && is_plain).then_some(named)
}

/// The type that the bytes themselves declare.
fn binary(head: &[u8]) -> Option<MediaType> {
    if head.starts_with(PDF) {
        return MediaType::find("application/pdf");
    }
    let found = match infer::get(head)?.mime_type() {
        "audio/opus" => "audio/ogg",
        // A PDF marker counts only at the very start, which is checked above.
        "application/pdf" => return None,
        other => other,
    };
    MediaType::find(found).filter(|it| !is_text(*it))
}

/// Watches bytes go by and tells whether they are still text: UTF-8 without control characters.
#[derive(Debug, Default)]
pub(crate) struct Utf8Checker {
    /// A character that began in the last chunk.
    begun: Vec<u8>,
}

impl Utf8Checker {
    /// Whether the text goes on with this chunk.
    pub(crate) fn takes(&mut self, chunk: &[u8]) -> bool {
        let mut bytes = std::mem::take(&mut self.begun);
        bytes.extend_from_slice(chunk);
        let (text, rest) = match std::str::from_utf8(&bytes) {
            Ok(text) => (text, [].as_slice()),
            Err(error) if error.error_len().is_none() => {
                let (text, rest) = bytes.split_at(error.valid_up_to());
                (std::str::from_utf8(text).unwrap_or_default(), rest)
            }
            Err(_) => return false,
        };
        let is_text = !text.contains(is_no_text);
        self.begun = rest.to_vec();
        is_text
    }

    /// Whether it ended between two characters.
    pub(crate) fn is_whole(&self) -> bool {
        self.begun.is_empty()
    }
}

fn is_no_text(character: char) -> bool {
    character.is_control() && !matches!(character, '\t' | '\n' | '\r' | '\u{c}')
}

#[cfg(test)]
mod tests;
