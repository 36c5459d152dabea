//! What happens besides the text: the prompt is built once its documents are indexed, and citations
//! are matched to the user's files.

use std::collections::HashMap;
use std::time::Duration;

use ignacio_domain::error_chain;
use ignacio_domain::ids::FileId;
use ignacio_domain::reply::ReplyEvent;
use ignacio_domain::response::{ReplyFailure, ReplyOutcome};
use ignacio_persistence::StoreError;
use tokio::time::Instant;

use super::prompt_builder::PromptBuilder;
use super::runner::{ReplyRunner, RunEnd};

/// How long a reply waits for documents attached to its question.
const FILE_TIMEOUT: Duration = Duration::from_secs(8);
const FILE_POLL_INTERVAL: Duration = Duration::from_millis(500);

impl ReplyRunner<'_> {
    /// The prompt, once the documents attached to the question are indexed; readers get an event
    /// about those that take longer.
    pub(super) async fn ready_prompt(&mut self) -> Result<&mut PromptBuilder, RunEnd> {
        let until = Instant::now() + self.context.backoff.real_time(FILE_TIMEOUT);
        while !self.prompt().await?.pending().is_empty() && Instant::now() < until {
            self.wait(FILE_POLL_INTERVAL).await?;
            self.prompt = None;
        }
        for (file, name) in self.prompt().await?.take_pending() {
            let event = ReplyEvent::FilePending { file, name };
            // An earlier worker may have pushed it.
            if !self.writer.has_event(&event) {
                self.writer.push(event);
            }
        }
        self.prompt().await
    }

    /// The prompt, which is built on first use.
    pub(super) async fn prompt(&mut self) -> Result<&mut PromptBuilder, RunEnd> {
        let (context, job) = (self.context, self.job);
        let mut prompt = self.prompt.take();
        if prompt.is_none() {
            let built = context.backoff.retry_write(|| PromptBuilder::read(context, job)).await;
            prompt = match built {
                Ok(prompt) => prompt,
                Err(error @ StoreError::Unavailable(_)) => return Err(RunEnd::Store(error)),
                Err(error) => {
                    tracing::error!(
                        error = error_chain(&error),
                        "a reply's history cannot be read"
                    );
                    let failure = ReplyOutcome::Failed(ReplyFailure::Internal);
                    return Err(RunEnd::Outcome(failure));
                }
            };
        }
        // `None` means that the lease is lost.
        Ok(self.prompt.insert(prompt.ok_or(RunEnd::LeaseLost)?))
    }

    /// Adds a citation of the provider's document at a position of the text.
    pub(super) async fn cite(
        &mut self,
        provider_file_id: String,
        position: i32,
    ) -> Result<(), RunEnd> {
        if !self.sources.is_resolved(&provider_file_id) {
            let backoff = &self.context.backoff;
            match backoff.retry_write(|| self.find_file(&provider_file_id)).await {
                Ok(Some(mut files)) => {
                    let file = files.remove(&provider_file_id);
                    if file.is_none() {
                        tracing::warn!("a reply cites a document that is not the user's");
                    }
                    self.sources.resolve(provider_file_id.clone(), file);
                }
                Ok(None) => return Err(RunEnd::LeaseLost),
                Err(error) => {
                    tracing::warn!(error = error_chain(&error), "a citation is lost");
                    return Ok(());
                }
            }
        }
        let citation = self.sources.cite(&provider_file_id, position, self.writer.text());
        if let Some(citation) = citation {
            self.writer.push(ReplyEvent::Cited(citation));
        }
        Ok(())
    }

    /// The user's file that the provider's document is a copy of; `None` when the lease is lost.
    async fn find_file(
        &self,
        provider_file_id: &str,
    ) -> Result<Option<HashMap<String, (FileId, String)>>, StoreError> {
        let Some(scope) = self.context.db.begin_reply(self.job).await? else {
            return Ok(None);
        };
        let files = scope.files_by_provider_id(&[provider_file_id.to_owned()]).await?;
        scope.commit().await?;
        Ok(Some(files))
    }
}
