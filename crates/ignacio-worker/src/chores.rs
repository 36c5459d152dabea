//! What replies give reason to: a title for the conversation, a summary of what has become too long
//! to be told, and a look whether quotations stand in their documents.
//!
//! No reply waits for any of it. The reply's own transaction asks for a chore, so that none is
//! forgotten; a chore that is done leaves no row.

mod quotes;
mod summary;
mod title;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ignacio_domain::error_chain;
use ignacio_domain::ids::FollowUpId;
use ignacio_domain::ports::{AssistantError, GeneratedText, PortError};
use ignacio_domain::prompt::{Purpose, TextRequest};
use ignacio_domain::usage::Usage;
use ignacio_persistence::{FollowUpJob, FollowUpKind, FollowUpScope, StoreError};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::Shared;
use crate::job::{Verdict, insist, judge, pause};
use crate::pseudonym::pseudonym;
use crate::queue::{Queue, Stop};

/// How long the model may take; well below the lease of two minutes.
const PATIENCE: Duration = Duration::from_mins(1);
/// After so many tries a chore is left undone: the next reply asks again where it matters.
const MOST_TRIES: i32 = 5;

/// The chores that are asked for.
pub(crate) struct FollowUps {
    shared: Arc<Shared>,
}

/// Why a chore was not done.
enum Halt {
    /// The lease is lost: somebody else has it, or the conversation was deleted.
    Lost,
    /// There is more to do than fits into one go.
    More,
    /// The outside failed.
    Port(PortError),
    /// The database failed.
    Store(StoreError),
}

impl From<PortError> for Halt {
    fn from(error: PortError) -> Self {
        Self::Port(error)
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What a chore took of the provider.
struct FollowUpUsage {
    chore: FollowUpId,
    purpose: Purpose,
    model: String,
    usage: Option<Usage>,
}

impl FollowUps {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    async fn begin(&self, job: &FollowUpJob) -> Result<FollowUpScope, Halt> {
        self.shared.db.begin_follow_up(job).await?.ok_or(Halt::Lost)
    }

    /// Asks the model for a text.
    async fn compose(
        &self,
        job: &FollowUpJob,
        purpose: Purpose,
        input: String,
        max_output_tokens: u32,
    ) -> Result<(GeneratedText, FollowUpUsage), PortError> {
        let settings = &self.shared.settings;
        let wish = TextRequest {
            purpose,
            model: settings.models.helper_model().to_owned(),
            input,
            max_output_tokens,
            safety_identifier: pseudonym(&settings.safety_key, job.owner),
        };
        let composed =
            match timeout(PATIENCE, self.shared.ports.assistant.generate_text(wish)).await {
                Ok(Ok(composed)) => composed,
                Ok(Err(AssistantError::Port(error))) => return Err(error),
                Ok(Err(AssistantError::StateLost)) => return Err(PortError::NotFound),
                Err(_) => {
                    let reason = "the text took too long".to_owned();
                    return Err(PortError::Transient { retry_after: None, reason });
                }
            };
        let model = settings.models.helper_model().to_owned();
        let spent = FollowUpUsage { chore: job.id, purpose, model, usage: composed.usage };
        Ok((composed, spent))
    }

    /// Records what was spent, in the transaction that keeps what it was spent on.
    async fn note(&self, scope: &FollowUpScope, spent: &FollowUpUsage) -> Result<(), StoreError> {
        let purpose = spent.purpose.as_str();
        let Some(usage) = spent.usage else {
            tracing::debug!(purpose, chore = %spent.chore, "nobody knows what a chore took");
            return Ok(());
        };
        for (direction, n_tokens) in [("input", usage.input), ("output", usage.output)] {
            metrics::counter!("chore_tokens_total", "purpose" => purpose, "direction" => direction)
                .increment(u64::try_from(n_tokens).unwrap_or(0));
        }
        let cost_micro_usd = self.shared.settings.models.cost(&spent.model, usage);
        scope.record_usage(&spent.model, usage, cost_micro_usd).await
    }

    /// Records what became of a chore.
    async fn settle(&self, job: &FollowUpJob, end: Result<(), Halt>) -> Result<(), StoreError> {
        let kind = word_for(job.kind);
        let chores = self.shared.db.follow_up_jobs();
        let pauses = self.shared.settings.pauses;
        let (outcome, verdict) = match end {
            Ok(()) => {
                count(kind, "done");
                return Ok(());
            }
            Err(Halt::Lost) => {
                count(kind, "lost");
                return Ok(());
            }
            Err(Halt::Store(error)) => return Err(error),
            Err(Halt::More) => ("more", Verdict::Postpone { after: Duration::ZERO }),
            Err(Halt::Port(error)) => {
                tell(kind, &error);
                ("put_off", judge(&error, job.attempts, pauses))
            }
        };
        match verdict {
            Verdict::Postpone { after } => {
                count(kind, outcome);
                insist(pauses, || chores.postpone(job, after)).await
            }
            Verdict::Retry { after, .. } if job.attempts < MOST_TRIES => {
                count(kind, outcome);
                insist(pauses, || chores.retry(job, after)).await
            }
            Verdict::Retry { .. } | Verdict::GiveUp { .. } => {
                count(kind, "given_up");
                self.drop_chore(job).await
            }
        }
    }

    async fn drop_chore(&self, job: &FollowUpJob) -> Result<(), StoreError> {
        match self.shared.db.begin_follow_up(job).await? {
            Some(scope) => scope.complete().await,
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Queue for FollowUps {
    type Job = FollowUpJob;

    fn name(&self) -> &'static str {
        "chores"
    }

    fn at_once(&self) -> usize {
        self.shared.settings.chores_at_once
    }

    fn bell(&self) -> &Notify {
        &self.shared.chores_bell
    }

    async fn claim(&self, room: usize) -> Result<Vec<FollowUpJob>, StoreError> {
        self.shared.db.follow_up_jobs().claim(u32::try_from(room).unwrap_or(u32::MAX)).await
    }

    #[tracing::instrument(
        name = "work.chore",
        skip_all,
        fields(chore = %job.id, kind = word_for(job.kind), attempts = job.attempts)
    )]
    async fn work(&self, job: &FollowUpJob, _stop: &Stop) -> Result<(), StoreError> {
        let end = match job.kind {
            FollowUpKind::Title => self.title(job).await,
            FollowUpKind::Summary => self.summary(job).await,
            FollowUpKind::VerifyCitations(message) => self.quotes(job, message).await,
        };
        self.settle(job, end).await
    }

    async fn crashed(&self, job: &FollowUpJob) -> Result<(), StoreError> {
        if job.attempts >= MOST_TRIES {
            return self.drop_chore(job).await;
        }
        let after = pause(job.attempts, None, self.shared.settings.pauses);
        self.shared.db.follow_up_jobs().retry(job, after).await
    }

    async fn give_back(&self, job: &FollowUpJob) -> Result<(), StoreError> {
        self.shared.db.follow_up_jobs().postpone(job, Duration::ZERO).await
    }
}

const fn word_for(kind: FollowUpKind) -> &'static str {
    match kind {
        FollowUpKind::Title => "title",
        FollowUpKind::Summary => "summary",
        FollowUpKind::VerifyCitations(_) => "quotes",
    }
}

fn tell(kind: &'static str, error: &PortError) {
    let error = error_chain(error);
    tracing::warn!(kind, error, "a chore could not be done now");
}

fn count(kind: &'static str, outcome: &'static str) {
    metrics::counter!("chores_total", "kind" => kind, "outcome" => outcome).increment(1);
}
