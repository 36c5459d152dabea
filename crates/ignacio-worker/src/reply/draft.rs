//! What the model is asked, put together in one short transaction before it is called.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use ignacio_domain::ids::UserId;
use ignacio_domain::keys::Key;
use ignacio_domain::message::{Author, Message};
use ignacio_domain::person::Role;
use ignacio_domain::prompt::{Library, Prompt, Turn, attachment_note, instructions};
use ignacio_persistence::{ReplyJob, ReplyScope, StoreError};
use sha2::Sha256;

use crate::Shared;

/// The longest history that is told, in bytes: of a longer one the newest part. About a quarter of
/// what a model takes in, so that its searches and its answer find room.
const MAX_HISTORY_BYTES: usize = 384 * 1024;

/// A request that can fall back on the whole history.
pub(super) struct Draft {
    prompt: Prompt,
    history: Vec<Turn>,
}

impl Draft {
    /// Reads what the request needs; `None` when the lease is lost.
    pub(super) async fn read(shared: &Shared, job: &ReplyJob) -> Result<Option<Self>, StoreError> {
        let Some(scope) = shared.db.reply_jobs().begin(job).await? else { return Ok(None) };
        let draft = Self::assemble(shared, job, &scope).await?;
        scope.commit().await?;
        Ok(Some(draft))
    }

    async fn assemble(
        shared: &Shared,
        job: &ReplyJob,
        scope: &ReplyScope,
    ) -> Result<Self, StoreError> {
        let settings = &shared.settings;
        let person = scope.person().await?;
        let history = turns(&scope.history(settings.history_messages).await?);
        let previous = scope.previous_provider_id().await?;
        let store = scope.vector_store().await?;
        let prompt = Prompt {
            response: job.id,
            model: model_of(shared, job).to_owned(),
            instructions: instructions(&person.name, person.locale),
            turns: if previous.is_some() { new_turns(&history) } else { history.clone() },
            previous,
            library: store.map(|store| Library { store, owner: job.owner }),
            web_search: settings.web_search,
            safety_identifier: pseudonym(&settings.safety_key, job.owner),
            max_output_tokens: settings.max_output_tokens,
        };
        Ok(Self { prompt, history })
    }

    /// The request as it is to be sent now.
    pub(super) fn prompt(&self) -> Prompt {
        self.prompt.clone()
    }

    /// Tells the whole history from now on. False when it was told already.
    pub(super) fn forget_state(&mut self) -> bool {
        if self.prompt.previous.take().is_none() {
            return false;
        }
        self.prompt.turns.clone_from(&self.history);
        true
    }
}

/// The history as the model reads it: attached files are named, replies without a word left out.
fn turns(messages: &[Message]) -> Vec<Turn> {
    let mut rest = MAX_HISTORY_BYTES;
    let mut turns: Vec<_> = messages
        .iter()
        .flat_map(told)
        .filter(|turn| !turn.text.is_empty())
        .rev()
        .take_while(|turn| {
            let fits = turn.text.len() <= rest;
            rest = rest.saturating_sub(turn.text.len());
            fits
        })
        .collect();
    turns.reverse();
    turns
}

/// What hangs on a message is told before it and apart, so that the last word is the person's own.
fn told(message: &Message) -> Vec<Turn> {
    let author = message.author;
    let attached = message.attachments.iter();
    let mut turns: Vec<_> = attached
        .map(|file| Turn { author, text: attachment_note(&file.name, &file.media_type) })
        .collect();
    turns.push(Turn { author, text: message.content.clone() });
    turns
}

/// What the person wrote since the model last spoke.
fn new_turns(history: &[Turn]) -> Vec<Turn> {
    let mut turns: Vec<_> =
        history.iter().rev().take_while(|turn| turn.author == Author::Person).cloned().collect();
    turns.reverse();
    turns
}

/// The model that the person chose; the usual one for a reply from before there was a choice.
pub(super) fn model_of<'s>(shared: &'s Shared, job: &'s ReplyJob) -> &'s str {
    let usual = || shared.settings.models.choose(Role::Participant, None).unwrap_or_default();
    job.model.as_deref().unwrap_or_else(usual)
}

/// A stable name for a person that tells the provider nothing about them: 64 hex digits.
#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn pseudonym(key: &Key, person: UserId) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("any key fits");
    mac.update(person.into_uuid().as_bytes());
    let mut hex = String::with_capacity(64);
    for byte in mac.finalize().into_bytes() {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests;
