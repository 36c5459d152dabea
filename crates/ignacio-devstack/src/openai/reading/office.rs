//! Office documents: a zip archive with XML inside.

use std::io::{Cursor, Read as _};

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};
use zip::ZipArchive;

use crate::openai::reading::Unreadable;

/// More than this is not read out of an archive: a small file can unpack to gigabytes.
const MOST: u64 = 64 * 1024 * 1024;

type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// The paragraphs of a Word document.
pub(crate) fn read_docx(bytes: &[u8]) -> Result<String, Unreadable> {
    let mut archive = open(bytes)?;
    let xml = entry(&mut archive, "word/document.xml")?;
    Ok(Paragraphs::read(&xml))
}

/// The paragraphs of a presentation, slide by slide.
pub(crate) fn read_pptx(bytes: &[u8]) -> Result<String, Unreadable> {
    let mut archive = open(bytes)?;
    let mut slides: Vec<(u32, String)> = archive
        .file_names()
        .filter_map(Result::ok)
        .filter_map(|name| {
            let number = name.strip_prefix("ppt/slides/slide")?.strip_suffix(".xml")?;
            Some((number.parse().ok()?, name.to_string()))
        })
        .collect();
    slides.sort();
    let mut text = String::new();
    for (_, name) in slides {
        text.push_str(&Paragraphs::read(&entry(&mut archive, &name)?));
    }
    Ok(text)
}

fn open(bytes: &[u8]) -> Result<Archive<'_>, Unreadable> {
    let archive = ZipArchive::new(Cursor::new(bytes));
    archive.map_err(|error| Unreadable::invalid(format!("The file is damaged ({error}).")))
}

fn entry(archive: &mut Archive<'_>, name: &str) -> Result<String, Unreadable> {
    let damaged = |error: &dyn std::fmt::Display| {
        Unreadable::invalid(format!("The file is damaged ({name}: {error})."))
    };
    let file = archive.by_name(name).map_err(|error| damaged(&error))?;
    let mut xml = String::new();
    file.take(MOST).read_to_string(&mut xml).map_err(|error| damaged(&error))?;
    Ok(xml)
}

/// Collects the text of `p` elements; the rows of a table become one paragraph each.
#[derive(Default)]
struct Paragraphs {
    text: String,
    paragraph: String,
    style: String,
    cells: Vec<String>,
    rows: u32,
    in_text: bool,
}

impl Paragraphs {
    fn read(xml: &str) -> String {
        let mut reader = Reader::from_str(xml);
        let mut it = Self::default();
        // A document that breaks off gives what it has up to there.
        while let Ok(event) = reader.read_event() {
            match event {
                Event::Start(tag) => it.open(&tag),
                Event::Empty(tag) => it.empty(&tag),
                Event::End(tag) => it.close(tag.local_name().as_ref()),
                Event::Text(text) if it.in_text => {
                    it.paragraph.push_str(&text.decode().unwrap_or_default());
                }
                Event::GeneralRef(name) if it.in_text => {
                    it.entity(&name.decode().unwrap_or_default());
                }
                Event::Eof => break,
                _ => {}
            }
        }
        it.text
    }

    fn open(&mut self, tag: &BytesStart<'_>) {
        match tag.local_name().as_ref() {
            b"t" => self.in_text = true,
            b"tr" => self.rows += 1,
            b"p" => self.style.clear(),
            _ => {}
        }
    }

    fn empty(&mut self, tag: &BytesStart<'_>) {
        match tag.local_name().as_ref() {
            b"tab" | b"br" => self.paragraph.push(' '),
            b"pStyle" => {
                let value =
                    tag.attributes().flatten().find(|it| it.key.local_name().as_ref() == b"val");
                self.style = value
                    .map(|it| String::from_utf8_lossy(&it.value).to_lowercase())
                    .unwrap_or_default();
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &[u8]) {
        match name {
            b"t" => self.in_text = false,
            b"p" => self.end_paragraph(),
            b"tr" => self.end_row(),
            _ => {}
        }
    }

    fn entity(&mut self, name: &str) {
        let number = name.strip_prefix("#x").map(|it| u32::from_str_radix(it, 16));
        let number = number.or_else(|| name.strip_prefix('#').map(str::parse));
        let letter = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => number.and_then(Result::ok).and_then(char::from_u32),
        };
        self.paragraph.extend(letter);
    }

    fn end_paragraph(&mut self) {
        let paragraph = std::mem::take(&mut self.paragraph);
        let is_contents = ["toc", "tdc"].iter().any(|it| self.style.starts_with(it));
        let is_heading = ["heading", "title", "ttulo", "titulo", "título", "subtitle"];
        if paragraph.trim().is_empty() || is_contents {
            return;
        }
        if self.rows > 0 {
            self.cells.push(paragraph.trim().to_owned());
            return;
        }
        if is_heading.iter().any(|it| self.style.starts_with(it)) {
            self.text.push_str("# ");
        }
        self.text.push_str(paragraph.trim());
        self.text.push_str("\n\n");
    }

    fn end_row(&mut self) {
        self.rows = self.rows.saturating_sub(1);
        if self.rows == 0 && !self.cells.is_empty() {
            // The bars keep the row together and away from the heading rule.
            for part in ["| ", &self.cells.join(" | "), " |\n\n"] {
                self.text.push_str(part);
            }
            self.cells.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Paragraphs;

    #[test]
    fn paragraphs_headings_and_rows() {
        let xml = "<w:document><w:p><w:pPr><w:pStyle w:val=\"Ttulo1\"/></w:pPr><w:r><w:t>Plan</w:t></w:r></w:p>\
            <w:p><w:r><w:t>Pan </w:t></w:r><w:r><w:t>&amp; queso &#241;</w:t></w:r></w:p>\
            <w:tbl><w:tr><w:tc><w:p><w:r><w:t>Enero</w:t></w:r></w:p></w:tc>\
            <w:tc><w:p><w:r><w:t>900</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:document>";
        assert_eq!(Paragraphs::read(xml), "# Plan\n\nPan & queso ñ\n\n| Enero | 900 |\n\n");
    }

    #[test]
    fn a_document_that_breaks_off_gives_what_it_has() {
        assert_eq!(Paragraphs::read("<p><t>Uno</t></p><p><t>Dos</t></q>"), "Uno\n\n");
    }
}
