//! Sums up the oldest part of a conversation, rolling: the summary before, and what was said since.

use ignacio_domain::message::Message;
use ignacio_domain::prompt::{Purpose, summary_input};
use ignacio_persistence::{FollowUpJob, StoredSummary};

use super::{FollowUps, Halt};
use crate::settings::WorkerSettings;

/// How many messages are read at once; a conversation that was taken over may have more.
const MOST_MESSAGES: u32 = 1_000;
/// How much of one message is read, in bytes.
const MOST_OF_ONE: usize = 16 * 1024;
/// The longest summary that is kept, in bytes: about 600 tokens.
const MOST_BYTES: usize = 2_400;
/// Enough for that, and for a model that reasons first.
const MAX_OUTPUT_TOKENS: u32 = 3_000;
/// What is never summed up: the last question and its answer, which may still be put differently.
const LAST_TURN: usize = 2;

impl FollowUps {
    pub(super) async fn summary(&self, job: &FollowUpJob) -> Result<(), Halt> {
        let scope = self.begin(job).await?;
        let before = scope.summary().await?;
        let messages = scope.messages_after(before.as_ref(), MOST_MESSAGES).await?;
        let part = part_to_sum_up(&messages, &self.shared.settings);
        let Some(last) = part.last() else { return Ok(scope.complete().await?) };
        scope.commit().await?;

        let said = part.iter().map(|it| (it.author, cut(&it.content, MOST_OF_ONE)));
        let input = summary_input(before.as_ref().map(|it| it.content.as_str()), said);
        let (composed, spent) =
            self.compose(job, Purpose::Summary, input, MAX_OUTPUT_TOKENS).await?;
        // Postgres cannot store it, and nobody can read it.
        let content = composed.text.replace('\0', "\u{fffd}");
        let n_before = before.map_or(0, |it| it.n_messages);
        let summary = StoredSummary {
            content: cut(content.trim(), MOST_BYTES).to_owned(),
            until: last.id,
            until_at: last.created_at,
            n_messages: n_before + i64::try_from(part.len()).unwrap_or(i64::MAX),
        };

        let scope = self.begin(job).await?;
        self.note(&scope, &spent).await?;
        let is_kept = scope.set_summary(&summary, &spent.model).await?;
        if is_kept
            && !part_to_sum_up(
                messages.get(part.len()..).unwrap_or_default(),
                &self.shared.settings,
            )
            .is_empty()
        {
            scope.commit().await?;
            return Err(Halt::More);
        }
        Ok(scope.complete().await?)
    }
}

/// All but the newest quarter of what can be told, as far as it fits into one go.
fn part_to_sum_up<'m>(messages: &'m [Message], settings: &WorkerSettings) -> &'m [Message] {
    let budget = settings.history_bytes();
    let (mut n_kept, mut rest) = (0, budget / 4);
    let most_kept = (settings.most_messages() / 4).max(LAST_TURN);
    for message in messages.iter().rev().take(most_kept) {
        if n_kept >= LAST_TURN && message.content.len() > rest {
            break;
        }
        rest = rest.saturating_sub(message.content.len());
        n_kept += 1;
    }
    let old = messages.get(..messages.len().saturating_sub(n_kept)).unwrap_or_default();
    let mut rest = budget;
    let fits = |message: &&Message| {
        let fits = rest > 0;
        rest = rest.saturating_sub(message.content.len().min(MOST_OF_ONE));
        fits
    };
    let n_fit = old.iter().take_while(fits).count();
    old.get(..n_fit).unwrap_or_default()
}

/// The beginning of a text, at most so many bytes of it.
fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
