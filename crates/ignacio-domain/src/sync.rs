//! The sync of a file to the provider: the states and their legal transitions.

use time::Duration;

/// The value of `user_files.openai_sync_status`. Images and audio are never synced and have
/// no status at all (`not_applicable` in the API).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SyncStatus {
    /// Waits for a worker.
    Pending,
    /// A worker is processing it.
    Syncing,
    /// Searchable at the provider.
    Synced,
    /// Given up, with an error code.
    Failed,
    /// Was synced, but the provider no longer has it.
    Expired,
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

    /// Parses the stored word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }

    /// Whether the transition to another state is legal. Staying is not a transition.
    pub const fn can_transition_to(self, to: Self) -> bool {
        matches!(
            (self, to),
            (Self::Pending, Self::Syncing)
                | (Self::Syncing, Self::Synced | Self::Failed | Self::Pending)
                | (Self::Synced, Self::Expired)
                | (Self::Failed | Self::Expired, Self::Pending)
        )
    }
}

/// The number of attempts before a file is given up.
pub const MAX_ATTEMPTS: i32 = 8;

/// The longest delay before the next attempt after `attempts`: 5 s, doubled each time, at most
/// half an hour. The caller draws a random delay up to it (full jitter), so that files that failed
/// together are not retried together.
pub fn max_backoff(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts.clamp(0, 9)).unwrap_or(0);
    (Duration::seconds(5) * 2_i32.pow(doublings)).min(Duration::minutes(30))
}

#[cfg(test)]
mod tests;
