//! The documents that a reply relies on: what file search found, and what the model cites.

use std::collections::{HashMap, HashSet};

use ignacio_domain::citation::{Citation, find_quote};
use ignacio_domain::ids::FileId;

/// How much of the text before a citation is compared with the passages, in characters.
const COMPARED_CHARS: usize = 300;
/// How many passages are kept.
const MAX_PASSAGES: usize = 500;

/// What is known of the documents of one reply.
#[derive(Default)]
pub(super) struct CitationSources {
    passages: HashMap<String, Vec<String>>,
    n_passages: usize,
    files: HashMap<String, Option<(FileId, String)>>,
    cited: HashSet<(String, i32)>,
}

impl CitationSources {
    /// Keeps a passage that file search found. A resumed stream repeats it.
    pub(super) fn add_passage(&mut self, provider_file_id: String, passage: String) {
        let passages = self.passages.entry(provider_file_id).or_default();
        if self.n_passages < MAX_PASSAGES && !passages.contains(&passage) {
            self.n_passages += 1;
            passages.push(passage);
        }
    }

    /// Remembers a position that is already cited.
    pub(super) fn mark_cited(&mut self, provider_file_id: String, position: i32) {
        self.cited.insert((provider_file_id, position));
    }

    /// Whether the provider's document is already matched to a file.
    pub(super) fn is_resolved(&self, provider_file_id: &str) -> bool {
        self.files.contains_key(provider_file_id)
    }

    /// Remembers which file a document is; `None` for a document that is not the user's.
    pub(super) fn resolve(&mut self, provider_file_id: String, file: Option<(FileId, String)>) {
        self.files.insert(provider_file_id, file);
    }

    /// Turns the provider's annotation into a citation of the user's own file, unless the position
    /// is already cited or the document is not the user's.
    pub(super) fn cite(
        &mut self,
        provider_file_id: &str,
        position: i32,
        text: &str,
    ) -> Option<Citation> {
        let (file, file_name) = self.files.get(provider_file_id)?.clone()?;
        if !self.cited.insert((provider_file_id.to_owned(), position)) {
            return None;
        }
        let passages = self.passages.get(provider_file_id).map_or(&[][..], Vec::as_slice);
        let quote = find_quote(&text_before(text, position), passages);
        Some(Citation { file: Some(file), file_name, quote, position, verified: None })
    }
}

/// The end of the text before a position.
fn text_before(text: &str, position: i32) -> String {
    let end = usize::try_from(position).unwrap_or(0);
    text.chars().take(end).skip(end.saturating_sub(COMPARED_CHARS)).collect()
}

#[cfg(test)]
mod tests;
