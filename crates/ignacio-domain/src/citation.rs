//! Citations: which document a reply leans on, and the words it leans on.

use std::collections::HashSet;

use crate::ids::FileId;
use crate::redacted_debug::redacted_debug;

/// The longest quotation, in characters.
pub const MAX_QUOTE_CHARS: usize = 400;

/// A place in a reply that leans on one of the person's documents.
#[derive(Clone, PartialEq, Eq)]
pub struct Citation {
    /// The document; `None` once it has been deleted.
    pub file: Option<FileId>,
    /// What the document was called.
    pub file_name: String,
    /// The document's own words, when the provider showed the passage.
    pub quote: Option<String>,
    /// Where in the reply's text the citation stands, in characters from its start.
    pub position: i32,
    /// Whether the quote stands in the document; `None` where nobody has looked it up, or could.
    pub verified: Option<bool>,
}

redacted_debug!(Citation { file, position, verified });

/// Picks the words of `passages` that the text before a citation leans on: the sentence that
/// shares most words with it, cut at [`MAX_QUOTE_CHARS`]. `None` when nothing is shared.
///
/// The provider's annotation names the document and the place in the answer, but not the words;
/// the passages are what its search returned for that document.
pub fn find_quote(leaning: &str, passages: &[String]) -> Option<String> {
    let wanted = words(leaning);
    let best = passages
        .iter()
        .flat_map(|passage| sentences(passage))
        .map(|sentence| (words(&sentence).intersection(&wanted).count(), sentence))
        .filter(|(shared, _)| *shared > 0)
        .reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    Some(best.1.chars().take(MAX_QUOTE_CHARS).collect())
}

/// Whether a quotation stands in a document's text, whatever its line breaks and capitals.
pub fn contains_quote(quote: &str, text: &str) -> bool {
    let quote = normalize(quote);
    !quote.is_empty() && normalize(text).contains(&quote)
}

/// A text with single spaces and small letters.
fn normalize(text: &str) -> String {
    text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

fn sentences(passage: &str) -> Vec<String> {
    let joined = passage.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut all = Vec::new();
    let mut sentence = String::new();
    for word in joined.split(' ') {
        if !sentence.is_empty() {
            sentence.push(' ');
        }
        sentence.push_str(word);
        if word.ends_with(['.', '!', '?', ';']) {
            all.push(std::mem::take(&mut sentence));
        }
    }
    if !sentence.is_empty() {
        all.push(sentence);
    }
    all
}

fn words(text: &str) -> HashSet<String> {
    text.split(|it: char| !it.is_alphanumeric())
        .filter(|word| word.chars().count() > 2)
        .map(str::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    //! The quoted words are the document's, and the ones that the answer leans on.

    use super::*;

    #[test]
    fn the_sentence_that_shares_most_words_is_quoted() {
        let passages = [
            "El reto empieza en marzo. El piloto dura\nseis semanas y tiene doce usuarios."
                .to_owned(),
            "Las tutorías son los martes.".to_owned(),
        ];
        assert_eq!(
            find_quote("El piloto dura seis semanas", &passages).as_deref(),
            Some("El piloto dura seis semanas y tiene doce usuarios.")
        );
        assert_eq!(find_quote("xyz", &passages), None);
        assert_eq!(find_quote("martes", &[]), None);
    }

    #[test]
    fn a_quotation_is_found_whatever_its_spaces_and_capitals() {
        let text = "Guía.\n\nEl piloto dura\r\n  SEIS semanas.";
        assert!(contains_quote("el piloto dura seis semanas.", text));
        assert!(!contains_quote("El piloto dura siete semanas.", text));
        assert!(!contains_quote(" ", text));
    }

    #[test]
    fn a_quotation_is_cut_at_its_limit() {
        let passage = vec!["palabra ".repeat(200)];
        let quote = find_quote("palabra", &passage).unwrap();
        assert_eq!(quote.chars().count(), MAX_QUOTE_CHARS);
    }
}
