//! A worker's settings.

use std::sync::Arc;
use std::time::Duration;

use ignacio_domain::keys::Key;
use ignacio_domain::model_catalog::ModelCatalog;
use ignacio_domain::prompt::MAX_OUTPUT_TOKENS;
use ignacio_persistence::{FILE_LEASE, REPLY_LEASE};

use crate::jobs::{Clock, SYSTEM_CLOCK};

/// A rough estimate that needs no tokenizer: close enough for a budget, in both languages.
const BYTES_PER_TOKEN: usize = 4;

/// How many replies a process writes at once by default. A waiting reply costs memory and a write
/// to the event log each quarter of a second, but hardly any CPU time.
pub const DEFAULT_REPLY_CONCURRENCY: usize = 256;

/// The settings of a worker. [`WorkerSettings::new`] has the defaults of a deployment.
#[derive(Clone, Debug)]
pub struct WorkerSettings {
    /// The key for digests of login codes; the API verifies codes with the same key.
    pub otp_pepper: Key,
    /// The key that turns a user's id into the identifier at the provider.
    pub safety_key: Key,
    /// The models, with their prices.
    pub models: Arc<ModelCatalog>,
    /// Whether the model may search the web, for users who allow it.
    pub web_search: bool,
    /// The most tokens that a reply may have.
    pub max_output_tokens: u32,
    /// The most messages of a conversation that the model is given.
    pub history_messages: u32,
    /// The longest history that the model is given, in tokens of four bytes. For a longer
    /// conversation it gets a summary and the newest part.
    pub history_tokens: u32,
    /// The deployment's name. It is part of the names of files and stores at the provider, so that
    /// two deployments may share one account there.
    pub environment: String,
    /// How long a reply may take in total.
    pub reply_deadline: Duration,
    /// How long the provider may be silent within a reply.
    pub idle_timeout: Duration,
    /// How often the lease of a running reply is extended. Well below [`REPLY_LEASE`].
    pub reply_heartbeat: Duration,
    /// How often one query polls for running replies that were cancelled.
    pub cancel_poll_interval: Duration,
    /// How often the lease of a file is extended. Well below [`FILE_LEASE`].
    pub file_heartbeat: Duration,
    /// How long a job waits for the provider to index a document before it is postponed.
    pub indexing_timeout: Duration,
    /// How many replies are written at once.
    pub reply_concurrency: usize,
    /// How many files are synced at once.
    pub file_concurrency: usize,
    /// How many follow-up jobs run at once.
    pub follow_up_concurrency: usize,
    /// How many codes and notices are sent at once.
    pub outbox_concurrency: usize,
    /// How many deletions are carried out at once.
    pub purge_concurrency: usize,
    /// How long running jobs may continue after the worker is asked to stop.
    pub shutdown_grace: Duration,
    /// The clock that attempts are spaced out on.
    pub clock: Clock,
}

impl WorkerSettings {
    /// The settings of a deployment, with defaults for everything that is not given.
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
            idle_timeout: Duration::from_secs(45),
            reply_heartbeat: REPLY_LEASE / 3,
            cancel_poll_interval: Duration::from_millis(250),
            file_heartbeat: FILE_LEASE / 3,
            indexing_timeout: Duration::from_mins(10),
            reply_concurrency: DEFAULT_REPLY_CONCURRENCY,
            file_concurrency: 4,
            follow_up_concurrency: 8,
            // Sending is mostly waiting, and a send that times out must not delay the others.
            outbox_concurrency: 32,
            purge_concurrency: 2,
            shutdown_grace: Duration::from_secs(20),
            clock: SYSTEM_CLOCK,
        }
    }

    /// The longest history that the model is given, in bytes.
    pub(crate) fn history_bytes(&self) -> usize {
        usize::try_from(self.history_tokens).unwrap_or(usize::MAX).saturating_mul(BYTES_PER_TOKEN)
    }

    /// The most messages that the model is given.
    pub(crate) fn max_messages(&self) -> usize {
        usize::try_from(self.history_messages).unwrap_or(usize::MAX)
    }
}
