//! Citations name the user's own files and quote the passage that the text relies on.

use super::*;

fn with_guide() -> (CitationSources, FileId) {
    let guide = FileId::new();
    let mut sources = CitationSources::default();
    sources.add_passage("file-1".to_owned(), "El piloto dura seis semanas. Hay café.".to_owned());
    sources.resolve("file-1".to_owned(), Some((guide, "guía.pdf".to_owned())));
    sources.resolve("file-2".to_owned(), None);
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
fn a_position_is_cited_once() {
    let (mut sources, _) = with_guide();
    assert!(sources.cite("file-1", 5, "El piloto").is_some());
    assert!(sources.cite("file-1", 5, "El piloto").is_none());
    assert!(sources.cite("file-1", 9, "El piloto").is_some());
}

#[test]
fn a_document_that_is_not_the_users_is_not_cited() {
    let (mut sources, _) = with_guide();
    assert!(sources.cite("file-2", 5, "El piloto").is_none());
    assert!(sources.cite("file-3", 5, "El piloto").is_none());
}

#[test]
fn a_position_counts_characters_and_may_be_wrong() {
    assert_eq!(text_before("ñandú veloz", 5), "ñandú");
    assert_eq!(text_before("corto", 99), "corto");
    assert_eq!(text_before("corto", -1), "");
    assert_eq!(text_before(&"á".repeat(1_000), 900).chars().count(), COMPARED_CHARS);
}
