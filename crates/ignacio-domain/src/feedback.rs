//! Users' feedback on replies.

use thiserror::Error;

use crate::redacted_debug::redacted_debug;

/// The longest reason, in characters.
pub const MAX_FEEDBACK_REASON_CHARS: usize = 1_000;

/// Whether a reply helped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rating {
    /// It did.
    Up,
    /// It did not.
    Down,
}

impl Rating {
    /// The word for it in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }

    /// Parses the word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Up, Self::Down].into_iter().find(|it| it.as_str() == text)
    }
}

/// The reason for a rating: trimmed, 1 to [`MAX_FEEDBACK_REASON_CHARS`] characters, no NUL (Postgres
/// cannot store it).
#[derive(Clone, PartialEq, Eq)]
pub struct FeedbackReason(String);

redacted_debug!(FeedbackReason);

/// A text that is not a valid reason.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a reason has 1 to {MAX_FEEDBACK_REASON_CHARS} characters, none of them NUL")]
pub struct FeedbackReasonError;

impl FeedbackReason {
    /// Trims and checks a reason.
    pub fn parse(text: &str) -> Result<Self, FeedbackReasonError> {
        let reason = text.trim();
        let n_chars = reason.chars().count();
        if !(1..=MAX_FEEDBACK_REASON_CHARS).contains(&n_chars) || reason.contains('\0') {
            return Err(FeedbackReasonError);
        }
        Ok(Self(reason.to_owned()))
    }

    /// The reason as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A user's feedback on one reply.
#[derive(Clone, PartialEq, Eq)]
pub struct Feedback {
    /// Whether it helped.
    pub rating: Rating,
    /// The reason.
    pub reason: Option<FeedbackReason>,
}

redacted_debug!(Feedback { rating });

#[cfg(test)]
mod tests {
    //! Ratings are two words; reasons are bounded.

    use super::*;

    #[test]
    fn ratings_are_read_as_they_are_written() {
        for rating in [Rating::Up, Rating::Down] {
            assert_eq!(Rating::parse(rating.as_str()), Some(rating));
        }
        assert_eq!(Rating::parse("Up"), None);
    }

    #[test]
    fn reasons_are_trimmed_and_bounded() {
        assert_eq!(FeedbackReason::parse(" muy\nlargo ").unwrap().as_str(), "muy\nlargo");
        let longest = "ñ".repeat(MAX_FEEDBACK_REASON_CHARS);
        assert_eq!(FeedbackReason::parse(&format!(" {longest} ")).unwrap().as_str(), longest);
        for bad in ["", " \n", "a\0", &format!("{longest}x")] {
            assert_eq!(FeedbackReason::parse(bad), Err(FeedbackReasonError), "{bad}");
        }
    }
}
