//! Conversations and their titles.

use thiserror::Error;
use time::OffsetDateTime;

use crate::ids::{ConversationId, MessageId};
use crate::redacted_debug::redacted_debug;

/// The longest title, in characters.
pub const MAX_TITLE_CHARS: usize = 200;

/// The longest generated title, in characters.
pub const GENERATED_TITLE_CHARS: usize = 80;

/// A conversation's title: trimmed, 1 to [`MAX_TITLE_CHARS`] characters, no control characters.
#[derive(Clone, PartialEq, Eq)]
pub struct ConversationTitle(String);

redacted_debug!(ConversationTitle);

/// A text that is not a valid title.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a title has 1 to {MAX_TITLE_CHARS} characters and no control characters")]
pub struct TitleError;

impl ConversationTitle {
    /// Trims and checks a title.
    pub fn parse(text: &str) -> Result<Self, TitleError> {
        let title = text.trim();
        let n_chars = title.chars().count();
        if n_chars == 0 || n_chars > MAX_TITLE_CHARS || title.chars().any(char::is_control) {
            return Err(TitleError);
        }
        Ok(Self(title.to_owned()))
    }

    /// A title from a model's output: the first line that is not blank,
    /// without surrounding quotation marks, cut to [`GENERATED_TITLE_CHARS`].
    pub fn from_model(text: &str) -> Option<Self> {
        let bare = |line: &'_ str| {
            let marks = |it: char| it.is_whitespace() || "\"'«»“”‘’`*#_.:-".contains(it);
            line.trim_matches(marks).to_owned()
        };
        let line = text.lines().map(bare).find(|line| !line.is_empty())?;
        Self::parse(&cut(&line, GENERATED_TITLE_CHARS)).ok()
    }

    /// A title from the beginning of the first message, if there is no generated one.
    pub fn from_first_message(text: &str) -> Option<Self> {
        Self::parse(&cut(text, GENERATED_TITLE_CHARS / 2)).ok()
    }

    /// The title as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// As many whole words of a text as fit, on one line; only a first word that is too long is cut.
fn cut(text: &str, most: usize) -> String {
    let mut short = String::new();
    for word in text.split(|it: char| it.is_whitespace() || it.is_control()) {
        let n_chars = short.chars().count();
        if word.is_empty() {
            continue;
        }
        if n_chars == 0 {
            short.extend(word.chars().take(most));
        } else if n_chars + 1 + word.chars().count() <= most {
            short.push(' ');
            short.push_str(word);
        } else {
            break;
        }
    }
    short
}

/// A conversation, with the counts that the database keeps.
#[derive(Clone)]
pub struct Conversation {
    /// The identifier.
    pub id: ConversationId,
    /// The title, once there is one.
    pub title: Option<String>,
    /// How many messages it has.
    pub message_count: i64,
    /// When the newest message was written.
    pub last_message_at: Option<OffsetDateTime>,
    /// Whether it is archived.
    pub archived: bool,
    /// Whether it is pinned.
    pub pinned: bool,
    /// When it was created.
    pub created_at: OffsetDateTime,
    /// When its title or flags last changed.
    pub updated_at: OffsetDateTime,
}

redacted_debug!(Conversation {
    id,
    message_count,
    last_message_at,
    archived,
    pinned,
    created_at,
    updated_at
});

/// The longest search query, in characters.
pub const MAX_SEARCH_CHARS: usize = 200;

/// A search in titles and messages: trimmed, at most [`MAX_SEARCH_CHARS`] characters, no
/// NUL (Postgres cannot store it).
#[derive(Clone, PartialEq, Eq)]
pub struct SearchQuery(String);

redacted_debug!(SearchQuery);

/// A text that is not a valid search query.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a search has at most {MAX_SEARCH_CHARS} characters, none of them NUL")]
pub struct SearchQueryError;

impl SearchQuery {
    /// Trims and checks a text; `None` if it is blank.
    pub fn parse(text: &str) -> Result<Option<Self>, SearchQueryError> {
        let words = text.trim();
        if words.chars().count() > MAX_SEARCH_CHARS || words.contains('\0') {
            return Err(SearchQueryError);
        }
        Ok((!words.is_empty()).then(|| Self(words.to_owned())))
    }

    /// The query as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A model's summary of the oldest part of a conversation.
#[derive(Clone)]
pub struct ConversationSummary {
    /// The text.
    pub content: String,
    /// How many messages it covers.
    pub n_messages: i64,
    /// The last message that it covers.
    pub last_message: MessageId,
    /// When it was last updated.
    pub updated_at: OffsetDateTime,
}

redacted_debug!(ConversationSummary { n_messages, last_message, updated_at });

/// Which conversations to list.
#[derive(Clone, Default)]
pub struct ConversationFilter {
    /// Archived ones, or the others.
    pub archived: bool,
    /// Pinned ones, or the others; `None` is both.
    pub pinned: Option<bool>,
    /// Only those with these words in the title or in a message, ignoring case and accents.
    pub query: Option<SearchQuery>,
}

redacted_debug!(ConversationFilter { archived, pinned });

/// What an owner may change about a conversation; `None` leaves a field as it is.
#[derive(Clone, Default)]
pub struct ConversationChange {
    /// A new title.
    pub title: Option<ConversationTitle>,
    /// Archive or restore it.
    pub archived: Option<bool>,
    /// Pin or unpin it.
    pub pinned: Option<bool>,
}

redacted_debug!(ConversationChange { archived, pinned });

#[cfg(test)]
mod tests {
    //! Generated titles are short, plain and on one line.

    use super::*;

    #[test]
    fn what_a_model_writes_becomes_a_plain_title() {
        let title = |text: &str| ConversationTitle::from_model(text).map(|it| it.0);
        assert_eq!(title("\n «Presupuesto del  piloto».\nOtra").unwrap(), "Presupuesto del piloto");
        assert_eq!(title("**¿Cuándo empieza?**").unwrap(), "¿Cuándo empieza?");
        assert_eq!(title(" \n\"\"\n"), None);
        let long = title(&"palabra ".repeat(30)).unwrap();
        assert_eq!(long.chars().count(), GENERATED_TITLE_CHARS - 1);
        assert_eq!(title(&"ñ".repeat(300)).unwrap().chars().count(), GENERATED_TITLE_CHARS);
    }

    #[test]
    fn the_first_words_are_a_title_of_last_resort() {
        let title = ConversationTitle::from_first_message(
            "Hola,\n¿me ayudas\u{7} con el presupuesto de mi ONG?",
        );
        assert_eq!(title.unwrap().0, "Hola, ¿me ayudas con el presupuesto de");
        assert_eq!(ConversationTitle::from_first_message(" \n "), None);
    }
}
