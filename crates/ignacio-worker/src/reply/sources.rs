//! The documents that a reply leans on: what file search found, and what the model cites.

use std::collections::{HashMap, HashSet};

use ignacio_domain::citation::{Citation, find_quote};
use ignacio_domain::ids::FileId;

/// How much of the text before a citation is looked at for what it leans on, in characters.
const LEANING_CHARS: usize = 300;
/// How many passages are kept for quoting.
const MOST_PASSAGES: usize = 500;

/// What file search found in one document.
type Passages = Vec<String>;

/// What is known of the documents of one reply.
#[derive(Default)]
pub(super) struct Sources {
    passages: HashMap<String, Passages>,
    n_passages: usize,
    files: HashMap<String, Option<(FileId, String)>>,
    places: HashSet<(String, i32)>,
}

impl Sources {
    /// Keeps a passage that file search found. Who follows a reply once more hears it again.
    pub(super) fn retrieved(&mut self, provider_file_id: String, passage: String) {
        let passages = self.passages.entry(provider_file_id).or_default();
        if self.n_passages < MOST_PASSAGES && !passages.contains(&passage) {
            self.n_passages += 1;
            passages.push(passage);
        }
    }

    /// Takes note of a place that is cited already.
    pub(super) fn recall(&mut self, provider_file_id: String, position: i32) {
        self.places.insert((provider_file_id, position));
    }

    /// Whether it is known whose the provider's document is.
    pub(super) fn knows(&self, provider_file_id: &str) -> bool {
        self.files.contains_key(provider_file_id)
    }

    /// Learns which of our files a document is; `None` is a document that is none of the person's.
    pub(super) fn learn(&mut self, provider_file_id: String, file: Option<(FileId, String)>) {
        self.files.insert(provider_file_id, file);
    }

    /// Turns the provider's annotation into a citation of the person's own file, unless it stands
    /// there already or the document is not theirs.
    pub(super) fn cite(
        &mut self,
        provider_file_id: &str,
        position: i32,
        text: &str,
    ) -> Option<Citation> {
        let (file, file_name) = self.files.get(provider_file_id)?.clone()?;
        if !self.places.insert((provider_file_id.to_owned(), position)) {
            return None;
        }
        let passages = self.passages.get(provider_file_id).map_or(&[][..], Vec::as_slice);
        let quote = find_quote(&leaning(text, position), passages);
        Some(Citation { file: Some(file), file_name, quote, position, verified: None })
    }
}

/// The end of the text before a position.
fn leaning(text: &str, position: i32) -> String {
    let end = usize::try_from(position).unwrap_or(0);
    text.chars().take(end).skip(end.saturating_sub(LEANING_CHARS)).collect()
}

#[cfg(test)]
mod tests;
