//! Citations name the person's own files and quote the passage that the text leans on.

use super::*;

fn with_guide() -> (Sources, FileId) {
    let guide = FileId::new();
    let mut sources = Sources::default();
    sources.retrieved("file-1".to_owned(), "El piloto dura seis semanas. Hay café.".to_owned());
    sources.learn("file-1".to_owned(), Some((guide, "guía.pdf".to_owned())));
    sources.learn("file-2".to_owned(), None);
    (sources, guide)
}

#[test]
fn a_citation_names_our_file_and_quotes_it() {
    let (mut sources, guide) = with_guide();
    let citation = sources.cite("file-1", 27, "El piloto dura seis semanas y más").unwrap();
    assert_eq!(citation.file, Some(guide));
    assert_eq!(citation.file_name, "guía.pdf");
    assert_eq!(citation.quote.as_deref(), Some("El piloto dura seis semanas."));
    assert_eq!(citation.position, 27);
}

#[test]
fn the_same_place_is_cited_once() {
    let (mut sources, _) = with_guide();
    assert!(sources.cite("file-1", 5, "El piloto").is_some());
    assert!(sources.cite("file-1", 5, "El piloto").is_none());
    assert!(sources.cite("file-1", 9, "El piloto").is_some());
}

#[test]
fn a_document_of_nobody_is_not_cited() {
    let (mut sources, _) = with_guide();
    assert!(sources.cite("file-2", 5, "El piloto").is_none());
    assert!(sources.cite("file-3", 5, "El piloto").is_none());
}

#[test]
fn a_position_counts_characters_and_may_be_wrong() {
    assert_eq!(leaning("ñandú veloz", 5), "ñandú");
    assert_eq!(leaning("corto", 99), "corto");
    assert_eq!(leaning("corto", -1), "");
    assert_eq!(leaning(&"á".repeat(1_000), 900).chars().count(), LEANING_CHARS);
}
