//! How a file comes to stand in the provider's library: the states and their only legal moves.

use thiserror::Error;
use time::Duration;

/// The value of `user_files.openai_sync_status`. Images and audio never go to the library and have
/// no status at all (`not_applicable` in the API).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SyncStatus {
    /// Waits for a worker.
    Pending,
    /// A worker is at it.
    Syncing,
    /// The provider says that it can be searched.
    Synced,
    /// Given up, with a reason.
    Failed,
    /// Was synced, but the provider no longer has it.
    Expired,
}

/// A move that the states do not allow.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a file cannot go from {from:?} to {to:?}")]
pub struct SyncMoveError {
    /// Where it stands.
    pub from: SyncStatus,
    /// Where it was to go.
    pub to: SyncStatus,
}

impl SyncStatus {
    /// Every state, in the order of a file's life.
    pub const ALL: [Self; 5] =
        [Self::Pending, Self::Syncing, Self::Synced, Self::Failed, Self::Expired];

    /// The word for it in the database and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Syncing => "syncing",
            Self::Synced => "synced",
            Self::Failed => "failed",
            Self::Expired => "expired",
        }
    }

    /// Reads the stored word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }

    /// Whether a file may go from this state to another. Staying is no move.
    pub const fn can_transition_to(self, to: Self) -> bool {
        matches!(
            (self, to),
            (Self::Pending, Self::Syncing)
                | (Self::Syncing, Self::Synced | Self::Failed | Self::Pending)
                | (Self::Synced, Self::Expired)
                | (Self::Failed | Self::Expired, Self::Pending)
        )
    }

    /// The state after a move, when the move is legal.
    pub const fn transition_to(self, to: Self) -> Result<Self, SyncMoveError> {
        if self.can_transition_to(to) { Ok(to) } else { Err(SyncMoveError { from: self, to }) }
    }
}

/// How often a file is tried before it is given up.
pub const MAX_ATTEMPTS: i32 = 8;

/// The longest pause before the next try after `attempts` tries: 5 s doubled each time, at most
/// half an hour. The caller draws a moment within it (full jitter), so that files that failed
/// together do not come back together.
pub fn max_backoff(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts.clamp(0, 9)).unwrap_or(0);
    (Duration::seconds(5) * 2_i32.pow(doublings)).min(Duration::minutes(30))
}

#[cfg(test)]
mod tests;
