//! What a worker is told at its start.

use std::sync::Arc;
use std::time::Duration;

use ignacio_domain::keys::Key;
use ignacio_domain::model_catalog::ModelCatalog;
use ignacio_domain::prompt::MAX_OUTPUT_TOKENS;

/// A rough measure that needs no tokenizer: near enough for a budget, in both languages.
const BYTES_PER_TOKEN: usize = 4;

/// How many replies a process writes side by side unless it is told otherwise. A reply that waits
/// costs memory and a write to the log each quarter of a second, hardly any time.
pub const REPLIES_AT_ONCE: usize = 256;

/// How a worker works. [`WorkerSettings::new`] has the numbers that a deployment wants.
#[derive(Clone, Debug)]
pub struct WorkerSettings {
    /// The key under which one-time codes are digested; the one that checks them has it too.
    pub otp_pepper: Key,
    /// The key that turns a person's id into the pseudonym that the provider sees.
    pub safety_key: Key,
    /// The models, with their prices.
    pub models: Arc<ModelCatalog>,
    /// Whether the model may search the web, for people who let it.
    pub web_search: bool,
    /// The most tokens that a reply may have.
    pub max_output_tokens: u32,
    /// How many messages of a conversation are told to the model at most.
    pub history_messages: u32,
    /// How long the history may be that is told to the model, in tokens of four bytes. Of a longer
    /// conversation it is told a summary and the newest part.
    pub history_tokens: u32,
    /// The deployment's name. It stands in the names that files and stores get at the provider, so
    /// that two deployments may share one account there.
    pub environment: String,
    /// How long a reply may take altogether.
    pub reply_deadline: Duration,
    /// How long the provider may be silent within a reply.
    pub idle: Duration,
    /// How often the lease of a running reply is extended. Well below the lease of 30 s.
    pub reply_heartbeat: Duration,
    /// How often it is looked which of the running replies are to be stopped: one query for all.
    pub cancel_poll: Duration,
    /// How often the lease of a file is extended. Well below the lease of 60 s.
    pub file_heartbeat: Duration,
    /// How long the provider may take to make a document searchable before it is looked at later.
    pub indexing_limit: Duration,
    /// How many replies are written at once.
    pub replies_at_once: usize,
    /// How many files are brought to the provider at once.
    pub files_at_once: usize,
    /// How many titles, summaries and quotations are worked on at once.
    pub chores_at_once: usize,
    /// How many codes and notices are sent at once.
    pub codes_at_once: usize,
    /// How many deletions are carried out at once.
    pub purges_at_once: usize,
    /// How long running work may go on once the worker is told to stop.
    pub stop_grace: Duration,
    /// Whether pauses are kept.
    pub pauses: Pauses,
}

impl WorkerSettings {
    /// Settings for a deployment; everything that is not asked for here has a sensible value.
    pub fn new(
        otp_pepper: Key,
        safety_key: Key,
        models: Arc<ModelCatalog>,
        environment: String,
    ) -> Self {
        Self {
            otp_pepper,
            safety_key,
            models,
            web_search: false,
            max_output_tokens: MAX_OUTPUT_TOKENS,
            history_messages: 200,
            history_tokens: 24_000,
            environment,
            reply_deadline: Duration::from_mins(10),
            idle: Duration::from_secs(45),
            reply_heartbeat: Duration::from_secs(10),
            cancel_poll: Duration::from_millis(250),
            file_heartbeat: Duration::from_secs(20),
            indexing_limit: Duration::from_mins(10),
            replies_at_once: REPLIES_AT_ONCE,
            files_at_once: 4,
            chores_at_once: 8,
            // They only wait; and those that wait in vain must not keep the others from going out.
            codes_at_once: 32,
            purges_at_once: 2,
            stop_grace: Duration::from_secs(20),
            pauses: Pauses::Kept,
        }
    }
}

impl WorkerSettings {
    /// The longest history that is told, in bytes.
    pub(crate) fn history_bytes(&self) -> usize {
        usize::try_from(self.history_tokens).unwrap_or(usize::MAX).saturating_mul(BYTES_PER_TOKEN)
    }

    /// The most messages that are told.
    pub(crate) fn most_messages(&self) -> usize {
        usize::try_from(self.history_messages).unwrap_or(usize::MAX)
    }
}

/// Whether the worker waits between two tries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pauses {
    /// As a deployment wants it.
    #[default]
    Kept,
    /// Every pause that only spaces tries out is left away: for tests, which never sleep.
    Skipped,
}

impl Pauses {
    /// How long to wait where `pause` is meant.
    pub(crate) const fn of(self, pause: Duration) -> Duration {
        match self {
            Self::Kept => pause,
            Self::Skipped => Duration::ZERO,
        }
    }
}
