//! Answers that a test sets.

use serde::{Deserialize, Serialize};

/// The next answer, word for word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// The pieces that the text comes in.
    pub deltas: Vec<String>,
    /// Files that the text cites, in order, after its last piece.
    pub citations: Vec<FileCitation>,
    /// Only a request whose JSON contains this takes the script.
    pub containing: Option<String>,
    /// Pieces that are made while they are written, in place of `deltas`.
    pub ticking: Option<Ticking>,
    /// Whether the script also serves the requests after the next one.
    pub stays: bool,
}

/// Pieces at a fixed rate, for measurements: each is `@number:clock:age@`. The number counts from
/// 0, the clock is the stand-in's at the moment of writing, and the age is the time since the request
/// arrived; both in microseconds, the clock since 1970. They show a client on the same machine delay,
/// loss, repetition and order, however the pieces are framed on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticking {
    /// How many pieces.
    pub count: u32,
    /// The time before each of them, in microseconds. A late piece does not delay the next.
    pub every_micros: u64,
}

/// A file that an answer cites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileCitation {
    /// The id of the file.
    pub file_id: String,
    /// Its name.
    pub filename: String,
}

impl Script {
    /// A text that comes word by word.
    pub fn text(text: &str) -> Self {
        Self::deltas(text.split_inclusive(char::is_whitespace))
    }

    /// A text that comes in exactly these pieces.
    pub fn deltas<T: Into<String>>(deltas: impl IntoIterator<Item = T>) -> Self {
        Self { deltas: deltas.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// `count` pieces at a rate, for every request that fits: see [`Ticking`].
    pub fn ticking(per_second: u32, count: u32) -> Self {
        let every_micros = 1_000_000 / u64::from(per_second.max(1));
        Self { ticking: Some(Ticking { count, every_micros }), stays: true, ..Self::default() }
    }

    /// Adds a citation.
    #[must_use]
    pub fn citing(mut self, file_id: impl Into<String>, filename: impl Into<String>) -> Self {
        self.citations.push(FileCitation { file_id: file_id.into(), filename: filename.into() });
        self
    }

    /// For the next request whose JSON contains this text; others are answered as usual.
    #[must_use]
    pub fn containing(mut self, text: impl Into<String>) -> Self {
        self.containing = Some(text.into());
        self
    }
}
