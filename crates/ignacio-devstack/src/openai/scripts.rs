//! Answers that a test puts into the stand-in's mouth.

use serde::{Deserialize, Serialize};

/// What the next response is to say, word for word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The pieces that the text comes in.
    pub deltas: Vec<String>,
    /// Files that the text cites, in order, after its last piece.
    #[serde(default)]
    pub citations: Vec<Citation>,
    /// Only a request whose JSON contains this takes the script.
    #[serde(default)]
    pub containing: Option<String>,
}

/// A file that an answer cites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Citation {
    /// The id of the file.
    pub file_id: String,
    /// Its name.
    pub filename: String,
}

impl Script {
    /// A text that comes word by word.
    pub fn text(text: &str) -> Self {
        Self::deltas(words(text))
    }

    /// A text that comes in exactly these pieces.
    pub fn deltas<T: Into<String>>(deltas: impl IntoIterator<Item = T>) -> Self {
        Self { deltas: deltas.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Adds a citation.
    #[must_use]
    pub fn citing(mut self, file_id: impl Into<String>, filename: impl Into<String>) -> Self {
        self.citations.push(Citation { file_id: file_id.into(), filename: filename.into() });
        self
    }

    /// For the next request whose JSON contains this text; others are answered as usual.
    #[must_use]
    pub fn containing(mut self, text: impl Into<String>) -> Self {
        self.containing = Some(text.into());
        self
    }
}

/// A text cut after each space or line end.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(char::is_whitespace)
}
