//! Citations: which file a reply is based on, and the words that it quotes from it.

use std::collections::HashSet;

use crate::ids::FileId;
use crate::redacted_debug::redacted_debug;

/// The longest quote, in characters.
pub const MAX_QUOTE_CHARS: usize = 400;

/// A place in a reply that is based on one of the user's files.
#[derive(Clone, PartialEq, Eq)]
pub struct Citation {
    /// The file; `None` once it was deleted.
    pub file: Option<FileId>,
    /// The file's name at that time.
    pub file_name: String,
    /// The file's own words, if the provider returned the passage.
    pub quote: Option<String>,
    /// The citation's position in the reply's text, in characters.
    pub position: i32,
    /// Whether the file contains the quote; `None` if that was not, or could not be, verified.
    pub verified: Option<bool>,
}

redacted_debug!(Citation { file, position, verified });

/// Finds the words of `passages` that the text before a citation is based on: the sentence that
/// shares most words with it, cut at [`MAX_QUOTE_CHARS`]. `None` if no sentence shares a word.
///
/// The provider's annotation names the file and the position in the reply, but not the words;
/// the passages are what its search returned for that file.
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

/// Whether a text contains a quote, regardless of white space and case.
pub fn contains_quote(quote: &str, text: &str) -> bool {
    let quote = normalize(quote);
    !quote.is_empty() && normalize(text).contains(&quote)
}

/// A text with single spaces and in lower case.
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
    //! A quote consists of the file's words that fit the reply best.

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
