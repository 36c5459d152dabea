//! Reads documents, and splits their text into passages that can be quoted.

use std::{
    borrow::Cow,
    io::{Cursor, Read as _},
};

use quick_xml::{Reader, events::Event};
use serde::{Deserialize, Serialize};
use zip::ZipArchive;

/// More than this is not read out of an archive: a small file can unpack to gigabytes.
const MAX_UNPACKED: u64 = 64 * 1024 * 1024;

/// A line of at most this many words and without a final stop is taken for a heading.
const HEADING_WORDS: usize = 8;

/// Name endings whose content is text as it stands.
const TEXT: &str = " c cpp cs css csv go java js json md php py rb sh tex ts txt ";

/// Why a document has no text, in the words of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unreadable {
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Unreadable {
    pub(crate) fn new(code: &str, message: &str) -> Self {
        Self { code: code.to_owned(), message: message.to_owned() }
    }

    fn damaged(error: &dyn std::fmt::Display) -> Self {
        Self::new("invalid_file", &format!("The file is damaged ({error})."))
    }
}

/// One paragraph, item or table row of a document.
#[derive(Clone, Debug)]
pub(crate) struct Passage {
    pub(crate) text: String,
    /// The heading above it, which makes it findable and is not quoted.
    pub(crate) heading: String,
}

/// A document, ready to be searched.
#[derive(Clone, Debug, Default)]
pub(crate) struct Document {
    /// In reading order.
    pub(crate) passages: Vec<Passage>,
}

impl Document {
    /// Reads a document by its name and its first bytes.
    pub(crate) fn read(filename: &str, bytes: &[u8]) -> Result<Self, Unreadable> {
        let extension = filename.rsplit_once('.').map(|(_, it)| it.to_lowercase());
        let text = match extension.as_deref().unwrap_or("txt") {
            "pdf" => pdf_extract::extract_text_from_mem(bytes)
                .map_err(|error| Unreadable::damaged(&error))?,
            "docx" => office(bytes, "word/document.xml")?,
            "pptx" => office(bytes, "ppt/slides/slide")?,
            // The letters of an old Word file stand in it as they are.
            "doc" => encoding_rs::WINDOWS_1252.decode(bytes).0.replace(char::is_control, "\n\n"),
            "html" => markup(&decode(bytes)?),
            it if TEXT.contains(&format!(" {it} ")) => decode(bytes)?,
            _ => {
                return Err(Unreadable::new("unsupported_file", "The file type is not supported."));
            }
        };
        let document = Self::from_text(&text);
        if document.passages.is_empty() && text.trim().is_empty() {
            return Err(Unreadable::new("invalid_file", "The file has no text."));
        }
        Ok(document)
    }

    /// Reads text in which paragraphs stand apart by an empty line and `#` marks a heading.
    pub(crate) fn from_text(text: &str) -> Self {
        let mut splitter = ParagraphSplitter::default();
        text.lines().for_each(|line| splitter.line(line.trim()));
        splitter.close();
        Self { passages: splitter.passages }
    }

    /// The texts of its passages.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.passages.iter().map(|it| it.text.as_str())
    }

    /// How many bytes of text it has.
    pub(crate) fn size(&self) -> u64 {
        u64::try_from(self.texts().map(str::len).sum::<usize>()).unwrap_or(u64::MAX)
    }
}

/// Text in the encoding that it seems to have.
fn decode(bytes: &[u8]) -> Result<String, Unreadable> {
    let (encoding, _) = encoding_rs::Encoding::for_bom(bytes).unwrap_or_else(|| {
        let is_utf8 = std::str::from_utf8(bytes).is_ok();
        (if is_utf8 { encoding_rs::UTF_8 } else { encoding_rs::WINDOWS_1252 }, 0)
    });
    let text = encoding.decode(bytes).0;
    if text.contains('\0') {
        return Err(Unreadable::new("invalid_file", "The file is not text."));
    }
    Ok(text.into_owned())
}

/// The text of those parts of an Office document whose name begins like this, in order.
fn office(bytes: &[u8], prefix: &str) -> Result<String, Unreadable> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|it| Unreadable::damaged(&it))?;
    let names = archive.file_names().filter_map(Result::ok).map(|it| it.to_string());
    let mut names: Vec<String> = names.filter(|it| it.starts_with(prefix)).collect();
    // Slide 2 comes before slide 10.
    names.sort_by_key(|it| (it.len(), it.clone()));
    let mut text = String::new();
    for name in names {
        let mut xml = String::new();
        let part = archive.by_name(&name).map_err(|error| Unreadable::damaged(&error))?;
        let read = part.take(MAX_UNPACKED).read_to_string(&mut xml);
        read.map_err(|error| Unreadable::damaged(&error))?;
        text.push_str(&markup(&xml));
    }
    if text.is_empty() { Err(Unreadable::damaged(&format!("no {prefix}"))) } else { Ok(text) }
}

/// The text of XML or HTML. Paragraphs stand apart, headings are marked, and a table row is one
/// paragraph. A document that breaks off gives what it has up to there.
fn markup(xml: &str) -> String {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = false;
    let (mut text, mut n_rows, mut is_hidden) = (String::new(), 0_u32, false);
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(tag) | Event::Empty(tag) => match tag.local_name().as_ref() {
                b"script" | b"style" | b"head" => is_hidden = true,
                b"tr" => n_rows += 1,
                b"br" | b"tab" => text.push(' '),
                b"h1" | b"h2" | b"h3" | b"h4" => text.push_str("\n\n# "),
                b"pStyle" if is_heading_style(&String::from_utf8_lossy(&tag)) => {
                    text.push_str("# ");
                }
                _ => {}
            },
            Event::End(tag) => match tag.local_name().as_ref() {
                b"script" | b"style" | b"head" => is_hidden = false,
                b"tr" => {
                    n_rows = n_rows.saturating_sub(1);
                    text.push_str(".\n\n");
                }
                b"p" | b"td" | b"th" if n_rows > 0 => text.push_str(", "),
                b"p" | b"div" | b"li" | b"h1" | b"h2" | b"h3" | b"h4" => text.push_str("\n\n"),
                _ => {}
            },
            Event::Text(part) if !is_hidden => text.push_str(&part.decode().unwrap_or_default()),
            Event::GeneralRef(name) => {
                let name = name.decode().unwrap_or_default();
                let entity = quick_xml::escape::unescape(&format!("&{name};")).map(Cow::into_owned);
                text.push_str(&entity.unwrap_or_default());
            }
            Event::Eof => break,
            _ => {}
        }
    }
    text
}

fn is_heading_style(tag: &str) -> bool {
    let tag = tag.to_lowercase();
    ["heading", "title", "ttulo", "titulo", "título"].iter().any(|it| tag.contains(it))
}

/// Collects lines into paragraphs.
#[derive(Default)]
struct ParagraphSplitter {
    passages: Vec<Passage>,
    paragraph: String,
    heading: String,
    n_lines: u32,
}

impl ParagraphSplitter {
    fn line(&mut self, line: &str) {
        let item = line.strip_prefix(['-', '*', '+', '•', '·', '–', '▪', '|']);
        if line.is_empty() {
            self.close();
        } else if is_noise(line) {
            // A page number in the middle of a sentence does not end it.
        } else if let Some(heading) = line.strip_prefix('#') {
            self.close();
            heading.trim_start_matches('#').trim().clone_into(&mut self.heading);
        } else if let Some(item) = item {
            self.close();
            let cells = item.split('|').map(str::trim).filter(|it| !it.is_empty());
            let text = cells.collect::<Vec<_>>().join(", ");
            self.passages.push(Passage { text, heading: self.heading.clone() });
        } else {
            // A short line is a heading only if what follows begins a sentence.
            if self.n_lines == 1 && is_heading(&self.paragraph) && starts_sentence(line) {
                self.close();
            }
            self.n_lines += 1;
            self.join(line);
        }
    }

    /// Adds a line; a word that was broken at the line's end is made whole.
    fn join(&mut self, line: &str) {
        let is_broken =
            self.paragraph.ends_with(['-', '\u{ad}']) && line.starts_with(char::is_lowercase);
        if is_broken {
            self.paragraph.pop();
        } else if !self.paragraph.is_empty() {
            self.paragraph.push(' ');
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        self.paragraph.push_str(&words.join(" ").replace('\u{ad}', ""));
    }

    fn close(&mut self) {
        let paragraph = std::mem::take(&mut self.paragraph);
        self.n_lines = 0;
        if is_heading(&paragraph) {
            self.heading = paragraph;
        } else if !paragraph.is_empty() {
            self.passages.push(Passage { text: paragraph, heading: self.heading.clone() });
        }
    }
}

/// Page numbers, rulers, dotted lines of a table of contents.
fn is_noise(line: &str) -> bool {
    let dense: String = line.chars().filter(|it| !it.is_whitespace()).collect();
    !dense.contains(char::is_alphabetic) || dense.contains(".....") || dense.contains("…………")
}

/// A short line without a final stop that states nothing: no figure and nothing after a colon.
fn is_heading(line: &str) -> bool {
    let unnumbered = line.trim_start_matches(|it: char| it.is_ascii_digit() || ".) ".contains(it));
    let is_open = !line.ends_with(['.', '!', '?', ';', ',', '…', '»', '"', '-']);
    let states = unnumbered.contains(": ") || unnumbered.contains(|it: char| it.is_ascii_digit());
    !line.is_empty() && is_open && !states && unnumbered.split(' ').count() <= HEADING_WORDS
}

fn starts_sentence(line: &str) -> bool {
    line.starts_with(|it: char| it.is_uppercase() || it.is_ascii_digit() || "¿¡«\"".contains(it))
}

/// The sentences of a text.
pub(crate) fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while let Some((sentence, tail)) = sentence_end(rest).and_then(|at| rest.split_at_checked(at)) {
        found.push(sentence);
        rest = tail.trim_start();
    }
    found.push(rest);
    found
}

/// Where the first sentence of a text ends, if another one follows.
fn sentence_end(text: &str) -> Option<usize> {
    let stops = text.char_indices().filter(|(_, it)| matches!(it, '.' | '!' | '?' | '…'));
    stops.map(|(at, stop)| at + stop.len_utf8()).find(|end| {
        text.split_at_checked(*end).is_some_and(|(head, tail)| {
            let next = tail.trim_start();
            next.len() < tail.len() && starts_sentence(next) && !is_abbreviation(head)
        })
    })
}

/// Whether a text ends in an abbreviation, which does not end a sentence.
fn is_abbreviation(head: &str) -> bool {
    const KNOWN: &str = " sr. sra. srta. dr. dra. ing. lic. prof. art. núm. nro. no. pág. ej. etc. \
                         aprox. ee. uu. mr. ms. mrs. st. vs. ";
    let last = head.split_whitespace().last().unwrap_or_default();
    let is_initial = last.chars().count() == 2 && last.starts_with(char::is_uppercase);
    is_initial || KNOWN.contains(&format!(" {} ", last.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::{Document, decode, markup, sentences};

    fn quotable(text: &str) -> Vec<String> {
        Document::from_text(text).texts().map(str::to_owned).collect()
    }

    #[test]
    fn the_name_says_what_can_be_read() {
        let read = |name: &str, bytes: &[u8]| {
            let read = Document::read(name, bytes).map(|it| it.texts().collect::<String>());
            read.map_err(|it| it.code)
        };
        assert_eq!(read("notas.txt", "Año nuevo.".as_bytes()).as_deref(), Ok("Año nuevo."));
        assert_eq!(read("foto.png", b"\x89PNG"), Err("unsupported_file".to_owned()));
        assert_eq!(read("plan.pdf", b"hello"), Err("invalid_file".to_owned()));
        assert_eq!(read("vacio.md", b"  \n"), Err("invalid_file".to_owned()));
        assert_eq!(read("roto.docx", b"PK"), Err("invalid_file".to_owned()));
        let old =
            read("viejo.doc", b"\xd0\xcf\x11\xe0\0\0\x03El presupuesto es de 900 euros.\r\0\x01");
        assert!(old.expect("text").contains("El presupuesto es de 900 euros."));
    }

    #[test]
    fn old_encodings_are_read() {
        assert_eq!(decode(b"A\xf1o \x80").as_deref(), Ok("Año €"));
        assert_eq!(decode(b"\xff\xfeA\x00\xf1\x00").as_deref(), Ok("Añ"));
        assert_eq!(decode("\u{feff}Año".as_bytes()).as_deref(), Ok("Año"));
        assert!(decode(b"a\0b").is_err());
    }

    #[test]
    fn paragraphs_headings_and_rows() {
        let xml = "<w:document><w:p><w:pPr><w:pStyle w:val=\"Ttulo1\"/></w:pPr><w:r><w:t>Plan</w:t></w:r></w:p>\
            <w:p><w:r><w:t>Pan </w:t></w:r><w:r><w:t>&amp; queso &#241;</w:t></w:r></w:p>\
            <w:tbl><w:tr><w:tc><w:p><w:r><w:t>Enero</w:t></w:r></w:p></w:tc>\
            <w:tc><w:p><w:r><w:t>900</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:document>";
        assert_eq!(markup(xml), "# Plan\n\nPan & queso ñ\n\nEnero, 900, .\n\n");
        let page = "<style>p{}</style><h1>Plan</h1><p>Pan &amp; <b>queso</b>.</p>";
        assert_eq!(markup(page), "\n\n# Plan\n\nPan & queso.\n\n");
        assert_eq!(markup("<p><t>Uno</t></p><p><t>Dos</t></q>").trim(), "Uno\n\nDos");
    }

    #[test]
    fn broken_lines_become_one_paragraph() {
        let text =
            "La panadería vende pan arte-\nsano en el barrio\ny en dos ferias.\n\nOtro párrafo.";
        let expected =
            ["La panadería vende pan artesano en el barrio y en dos ferias.", "Otro párrafo."];
        assert_eq!(quotable(text), expected);
    }

    #[test]
    fn headings_and_contents_are_not_quoted() {
        let text = "Índice\n\n1. Misión ........ 3\n2. Ventas . . . . . . 7\n\n12\n\nMisión\nOfrecer pan a \
                    precio justo.\n";
        assert_eq!(quotable(text), ["Ofrecer pan a precio justo."]);
    }

    #[test]
    fn the_heading_above_makes_a_passage_findable() {
        let document = Document::from_text("# Nuestra misión\n\nOfrecer pan a precio justo.");
        assert_eq!(document.passages[0].heading, "Nuestra misión");
    }

    #[test]
    fn items_and_rows_stand_alone() {
        let text = "Gastos:\n- Harina: 300 euros\n- Alquiler\n\n| Mes | Venta |\n|---|---|\n| Enero | 900 |";
        let expected = ["Harina: 300 euros", "Alquiler", "Mes, Venta", "Enero, 900"];
        assert_eq!(quotable(text)[..], expected);
    }

    #[test]
    fn sentences_survive_abbreviations_and_decimals() {
        let text = "La Sra. Díaz pidió 4.500 euros. ¿Cuándo? El lunes.";
        assert_eq!(sentences(text), ["La Sra. Díaz pidió 4.500 euros.", "¿Cuándo?", "El lunes."]);
    }
}
