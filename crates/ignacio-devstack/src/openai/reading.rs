//! Reads the text out of a document, by its name and its first bytes.

mod office;
mod pdf;
mod pdf_font;
mod plain;

/// Why a document has no text, in the words of the API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub(crate) struct Unreadable {
    /// `unsupported_file` or `invalid_file`.
    pub(crate) code: &'static str,
    /// One sentence.
    pub(crate) message: String,
}

impl Unreadable {
    fn unsupported(message: impl Into<String>) -> Self {
        Self { code: "unsupported_file", message: message.into() }
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self { code: "invalid_file", message: message.into() }
    }
}

/// Name endings whose content is text as it stands.
const TEXT: &[&str] = &[
    "c", "cpp", "cs", "css", "csv", "go", "html", "java", "js", "json", "md", "php", "py", "rb",
    "sh", "tex", "ts", "txt",
];

/// The text: paragraphs stand apart by an empty line, `#` marks a heading.
pub(crate) fn read(filename: &str, bytes: &[u8]) -> Result<String, Unreadable> {
    let ending = filename.rsplit_once('.').map(|(_, it)| it.to_lowercase()).unwrap_or_default();
    let text = match ending.as_str() {
        _ if bytes.starts_with(b"%PDF") => pdf::read(bytes)?,
        "pdf" => return Err(Unreadable::invalid("The file is not a PDF document.")),
        "docx" => office::read_docx(bytes)?,
        "pptx" => office::read_pptx(bytes)?,
        "doc" => plain::salvage(bytes),
        "html" => plain::without_tags(&plain::decode(bytes)?),
        it if it.is_empty() || TEXT.contains(&it) => plain::decode(bytes)?,
        _ => return Err(Unreadable::unsupported("The file type is not supported.")),
    };
    if text.trim().is_empty() {
        return Err(Unreadable::invalid("The file could not be parsed because it has no text."));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn the_name_says_what_can_be_read() {
        assert_eq!(read("notas.txt", "Año nuevo".as_bytes()).as_deref(), Ok("Año nuevo"));
        assert_eq!(read("foto.png", b"\x89PNG").map_err(|it| it.code), Err("unsupported_file"));
        assert_eq!(read("plan.pdf", b"hello").map_err(|it| it.code), Err("invalid_file"));
        assert_eq!(read("vacio.md", b"  \n").map_err(|it| it.code), Err("invalid_file"));
        assert_eq!(read("roto.docx", b"PK").map_err(|it| it.code), Err("invalid_file"));
    }
}
