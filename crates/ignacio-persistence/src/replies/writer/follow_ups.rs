//! What a reply causes besides its text: the time of its first text, and follow-up jobs.
//!
//! Follow-up jobs refer to the conversation. They are inserted before anything that refers to the
//! response, in the order in which a deletion locks rows, so that the two never deadlock.

use sea_orm::{ConnectionTrait as _, DatabaseTransaction, raw_sql};
use tokio::time::Instant;

use super::ReplyWriter;
use crate::error::StoreError;
use crate::repos::summaries;

/// How much may follow a conversation's summary before a new summary is enqueued.
#[derive(Clone, Copy, Debug)]
pub struct SummaryLimit {
    /// Bytes.
    pub bytes: i64,
    /// Messages.
    pub messages: i64,
}

/// What a reply has caused so far.
#[derive(Default)]
pub(super) struct FollowUps {
    /// When the first text came.
    pub(super) first_text: Option<Instant>,
    /// Whether the log has text already.
    is_text_recorded: bool,
    limit: Option<SummaryLimit>,
    has_enqueued: bool,
}

impl FollowUps {
    /// The state of a reply with this text in the log.
    pub(super) fn of(text: &str) -> Self {
        Self { is_text_recorded: !text.is_empty(), ..Self::default() }
    }
}

impl ReplyWriter {
    /// Enqueues a summary at the reply's end if the conversation then exceeds this limit.
    pub const fn set_summary_limit(&mut self, limit: SummaryLimit) {
        self.follow_ups.limit = Some(limit);
    }

    /// Whether a follow-up job was enqueued since the last call.
    pub const fn take_enqueued(&mut self) -> bool {
        std::mem::replace(&mut self.follow_ups.has_enqueued, false)
    }

    /// How long ago the first text came, in seconds, when the log does not have it yet.
    pub(super) fn first_text_age(&self) -> Option<f64> {
        let is_new = !self.follow_ups.is_text_recorded && !self.text.is_empty();
        is_new.then(|| self.follow_ups.first_text.map_or(0.0, |it| it.elapsed().as_secs_f64()))
    }

    /// At the end, records when the first text came, if the log had no text before, and enqueues a
    /// title if there is none.
    async fn record_first_text(
        &self,
        txn: &DatabaseTransaction,
        ago: f64,
    ) -> Result<(), StoreError> {
        let (id, user, conversation) = self.ids();
        let write = raw_sql!(
            Postgres,
            "insert into follow_up_jobs (user_id, conversation_id, kind)
             select c.user_id, c.id, 'title' from conversations c
              where c.user_id = {user} and c.id = {conversation} and c.title is null
             on conflict do nothing"
        );
        txn.execute_raw(write).await?;
        let note = raw_sql!(
            Postgres,
            "update responses
                set first_text_at = coalesce(first_text_at, now() - make_interval(secs => {ago}))
              where id = {id}"
        );
        txn.execute_raw(note).await?;
        Ok(())
    }

    pub(super) const fn mark_first_text_recorded(&mut self) {
        self.follow_ups.is_text_recorded = true;
        self.follow_ups.has_enqueued = true;
    }

    /// At the reply's end, enqueues the follow-up jobs that it gives reason for.
    pub(super) async fn enqueue_follow_ups(
        &self,
        txn: &DatabaseTransaction,
    ) -> Result<(), StoreError> {
        if let Some(ago) = self.first_text_age() {
            self.record_first_text(txn, ago).await?;
        }
        self.enqueue_summary(txn).await?;
        if self.cited.iter().all(|it| it.quote.is_none()) {
            return Ok(());
        }
        let (_, user, conversation) = self.ids();
        let message = self.job.message.into_uuid();
        let write = raw_sql!(
            Postgres,
            "insert into follow_up_jobs (user_id, conversation_id, kind, message_id)
             values ({user}, {conversation}, 'citations', {message})
             on conflict do nothing"
        );
        txn.execute_raw(write).await?;
        Ok(())
    }

    pub(super) const fn mark_end_recorded(&mut self) {
        self.follow_ups.has_enqueued = true;
    }

    async fn enqueue_summary(&self, txn: &DatabaseTransaction) -> Result<(), StoreError> {
        let Some(limit) = self.follow_ups.limit else { return Ok(()) };
        let (_, user, conversation) = self.ids();
        let (at, id) = summaries::end(summaries::find(txn, user, conversation).await?.as_ref());
        let own = i64::try_from(self.text.len()).unwrap_or(i64::MAX);
        let (bytes, messages) = (limit.bytes, limit.messages);
        let write = raw_sql!(
            Postgres,
            "insert into follow_up_jobs (user_id, conversation_id, kind)
             select {user}, {conversation}, 'summary'
               from messages m
              where m.user_id = {user} and m.conversation_id = {conversation}
                and m.replaced_at is null and (m.created_at, m.id) > ({at}, {id})
             having sum(octet_length(m.content)) + {own} > {bytes} or count(*) > {messages}
             on conflict do nothing"
        );
        txn.execute_raw(write).await?;
        Ok(())
    }

    const fn ids(&self) -> (uuid::Uuid, uuid::Uuid, uuid::Uuid) {
        let job = &self.job;
        (job.id.into_uuid(), job.owner.into_uuid(), job.conversation.into_uuid())
    }
}
