//! What all follow-up jobs need: their scope, the model, and the record of its usage.

use std::time::Duration;

use ignacio_domain::ports::{AssistantError, GeneratedText, PortError};
use ignacio_domain::prompt::{Purpose, TextRequest};
use ignacio_domain::usage::Usage;
use ignacio_persistence::{FollowUpJob, FollowUpScope, StoreError};
use tokio::time::timeout;

use crate::context::WorkerContext;
use crate::jobs::JobError;
use crate::safety_identifier::safety_identifier;

/// How long the model may take; well below the lease of two minutes.
const MODEL_TIMEOUT: Duration = Duration::from_mins(1);

/// One run of a follow-up job.
pub(super) struct FollowUpRun<'r> {
    pub(super) context: &'r WorkerContext,
    pub(super) job: &'r FollowUpJob,
}

/// The usage of a request.
pub(super) struct FollowUpUsage {
    purpose: Purpose,
    pub(super) model: String,
    usage: Option<Usage>,
}

impl FollowUpRun<'_> {
    pub(super) async fn begin(&self) -> Result<FollowUpScope, JobError> {
        self.context.db.begin_follow_up(self.job).await?.ok_or(JobError::LeaseLost)
    }

    /// Generates a text with the model.
    pub(super) async fn generate(
        &self,
        purpose: Purpose,
        input: String,
        max_output_tokens: u32,
    ) -> Result<(GeneratedText, FollowUpUsage), PortError> {
        let settings = &self.context.settings;
        let model = settings.models.helper_model().to_owned();
        let request = TextRequest {
            purpose,
            model: model.clone(),
            input,
            max_output_tokens,
            safety_identifier: safety_identifier(&settings.safety_key, self.job.owner),
        };
        match timeout(MODEL_TIMEOUT, self.context.ports.assistant.generate_text(request)).await {
            Ok(Ok(text)) => {
                let usage = FollowUpUsage { purpose, model, usage: text.usage };
                Ok((text, usage))
            }
            Ok(Err(AssistantError::Port(error))) => Err(error),
            Ok(Err(AssistantError::StateLost)) => Err(PortError::NotFound),
            Err(_) => {
                let reason = "generating the text took too long".to_owned();
                Err(PortError::Transient { retry_after: None, reason })
            }
        }
    }

    /// Records the usage, in the transaction that stores the result.
    pub(super) async fn record_usage(
        &self,
        scope: &FollowUpScope,
        usage: &FollowUpUsage,
    ) -> Result<(), StoreError> {
        let FollowUpUsage { purpose, model, usage } = usage;
        let purpose = purpose.as_str();
        let Some(usage) = *usage else {
            tracing::debug!(purpose, job = %self.job.id, "a follow-up job's usage is unknown");
            return Ok(());
        };
        for (direction, n_tokens) in [("input", usage.input), ("output", usage.output)] {
            let labels = [("purpose", purpose), ("direction", direction)];
            metrics::counter!("follow_up_tokens_total", &labels)
                .increment(u64::try_from(n_tokens).unwrap_or(0));
        }
        let cost_micro_usd = self.context.settings.models.cost(model, usage);
        scope.record_usage(model, usage, cost_micro_usd).await
    }
}
