//! Summarizes the oldest part of a conversation step by step: each summary includes the previous
//! one.

use std::time::Duration;

use ignacio_domain::message::Message;
use ignacio_domain::prompt::{Purpose, summary_input};
use ignacio_persistence::StoredSummary;

use super::run::FollowUpRun;
use crate::jobs::JobError;
use crate::settings::WorkerSettings;

/// How many messages are read at once; an imported conversation may have more.
const MAX_MESSAGES: u32 = 1_000;
/// How much of one message is used, in bytes.
const MAX_MESSAGE_BYTES: usize = 16 * 1024;
/// The longest summary that is stored, in bytes: about 600 tokens.
const MAX_SUMMARY_BYTES: usize = 2_400;
/// Enough for that, and for a model that reasons first.
const MAX_OUTPUT_TOKENS: u32 = 3_000;
/// What is never summarized: the last question and its reply, which may still be edited.
const LAST_TURN: usize = 2;

impl FollowUpRun<'_> {
    pub(super) async fn summary(&self) -> Result<(), JobError> {
        let settings = &self.context.settings;
        let scope = self.begin().await?;
        let before = scope.summary().await?;
        let messages = scope.messages_after(before.as_ref(), MAX_MESSAGES).await?;
        let part = part_to_summarize(&messages, settings);
        let Some(last) = part.last() else { return Ok(scope.complete().await?) };
        scope.commit().await?;

        let turns = part.iter().map(|it| (it.author, cut(&it.content, MAX_MESSAGE_BYTES)));
        let input = summary_input(before.as_ref().map(|it| it.content.as_str()), turns);
        let (generated, usage) = self.generate(Purpose::Summary, input, MAX_OUTPUT_TOKENS).await?;
        // Postgres cannot store NUL.
        let content = generated.text.replace('\0', "\u{fffd}");
        let n_before = before.map_or(0, |it| it.n_messages);
        let summary = StoredSummary {
            content: cut(content.trim(), MAX_SUMMARY_BYTES).to_owned(),
            until: last.id,
            until_at: last.created_at,
            n_messages: n_before + i64::try_from(part.len()).unwrap_or(i64::MAX),
        };

        let scope = self.begin().await?;
        self.record_usage(&scope, &usage).await?;
        let is_stored = scope.set_summary(&summary, &usage.model).await?;
        let rest = messages.get(part.len()..).unwrap_or_default();
        if is_stored && !part_to_summarize(rest, settings).is_empty() {
            scope.commit().await?;
            return Err(JobError::Postponed(Duration::ZERO));
        }
        Ok(scope.complete().await?)
    }
}

/// All but the newest quarter of what fits into a prompt, up to what one request can take.
fn part_to_summarize<'m>(messages: &'m [Message], settings: &WorkerSettings) -> &'m [Message] {
    let budget = settings.history_bytes();
    let (mut n_kept, mut left) = (0, budget / 4);
    let most_kept = (settings.max_messages() / 4).max(LAST_TURN);
    for message in messages.iter().rev().take(most_kept) {
        if n_kept >= LAST_TURN && message.content.len() > left {
            break;
        }
        left = left.saturating_sub(message.content.len());
        n_kept += 1;
    }
    let old = messages.get(..messages.len().saturating_sub(n_kept)).unwrap_or_default();
    let mut left = budget;
    let fits = |message: &&Message| {
        let fits = left > 0;
        left = left.saturating_sub(message.content.len().min(MAX_MESSAGE_BYTES));
        fits
    };
    let n_fit = old.iter().take_while(fits).count();
    old.get(..n_fit).unwrap_or_default()
}

/// The beginning of a text, at most `max_bytes` long.
fn cut(text: &str, max_bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(max_bytes)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
