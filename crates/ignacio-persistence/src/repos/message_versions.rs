//! New versions: the last reply regenerated, and the last question put differently. The newer message
//! takes the place of the older one and of what came after it (a trigger sees to that).

use ignacio_domain::ids::{ConversationId, MessageId};
use ignacio_domain::message::{Message, MessageStatus, NewMessage};
use ignacio_domain::response::Response;
use sea_orm::{FromQueryResult, raw_sql};
use uuid::Uuid;

use super::messages::{Messages, NewReply, PostedMessage, ReplacedMessage};
use crate::error::StoreError;

/// What became of the wish for a new version.
#[derive(Clone, Debug)]
pub enum Versioned<T> {
    /// It is made.
    Created(T),
    /// The message is not the last one of its kind that counts.
    NotLatest,
    /// A reply is being written in this conversation.
    InProgress(ConversationId),
}

/// A reply that is regenerated.
#[derive(Clone, Debug)]
pub struct Regenerated {
    /// The reply, still empty.
    pub reply: Message,
    /// The generation that will fill it.
    pub response: Response,
}

/// A message that counts, near the end of its conversation.
#[derive(FromQueryResult)]
struct RecentMessage {
    id: Uuid,
    is_from_user: bool,
    status: String,
    version: i32,
}

impl RecentMessage {
    fn is(&self, status: MessageStatus) -> bool {
        self.status == status.as_str()
    }

    const fn replaced(&self) -> ReplacedMessage {
        ReplacedMessage { id: self.id, version: self.version }
    }
}

impl Messages<'_> {
    /// Makes the last reply again. `id` is the reply, or the question that it is no whole answer to.
    /// `None` when the user has no such message.
    #[tracing::instrument(name = "db.messages.regenerate", skip_all, err(level = "debug"))]
    pub async fn regenerate(
        &self,
        id: MessageId,
        wanted: &NewReply,
    ) -> Result<Option<Versioned<Regenerated>>, StoreError> {
        let Some(conversation) = self.lock_conversation_of(id).await? else { return Ok(None) };
        let (last, question) =
            (self.last(conversation).await?, self.last_user_message(conversation).await?);
        let Some(last) = last else { return Ok(Some(Versioned::NotLatest)) };
        let is_question = question.is_some_and(|it| it.id == id.into_uuid());
        let is_open = last.is_from_user || !last.is(MessageStatus::Complete);
        if last.id != id.into_uuid() && !(is_question && is_open) {
            return Ok(Some(Versioned::NotLatest));
        }
        if last.is(MessageStatus::Pending) {
            return Ok(Some(Versioned::InProgress(conversation)));
        }
        let replaced = (!last.is_from_user).then(|| last.replaced());
        let (reply, response) = self.insert_reply(conversation, replaced, wanted).await?;
        Ok(Some(Versioned::Created(Regenerated { reply, response })))
    }

    /// Puts the user's last message differently and asks for a reply to it. `None` when the
    /// user has no such message. Check the files before, as for [`Messages::post`].
    #[tracing::instrument(name = "db.messages.edit", skip_all, err(level = "debug"))]
    pub async fn edit(
        &self,
        id: MessageId,
        new: &NewMessage,
        wanted: &NewReply,
    ) -> Result<Option<Versioned<PostedMessage>>, StoreError> {
        let Some(conversation) = self.lock_conversation_of(id).await? else { return Ok(None) };
        let question =
            self.last_user_message(conversation).await?.filter(|it| it.id == id.into_uuid());
        let Some(question) = question else { return Ok(Some(Versioned::NotLatest)) };
        let last = self.last(conversation).await?;
        if last.is_some_and(|it| it.is(MessageStatus::Pending)) {
            return Ok(Some(Versioned::InProgress(conversation)));
        }
        let posted = self.insert_turn(conversation, new, Some(question.replaced()), wanted).await?;
        Ok(Some(Versioned::Created(posted)))
    }

    /// Locks the conversation of a message.
    async fn lock_conversation_of(
        &self,
        id: MessageId,
    ) -> Result<Option<ConversationId>, StoreError> {
        let Some(message) = self.find(id).await? else { return Ok(None) };
        let is_there = self.lock(message.conversation).await?;
        Ok(is_there.then_some(message.conversation))
    }

    /// The last message that counts.
    async fn last(
        &self,
        conversation: ConversationId,
    ) -> Result<Option<RecentMessage>, StoreError> {
        let (user, conversation) = (self.user.into_uuid(), conversation.into_uuid());
        let read = raw_sql!(
            Postgres,
            "select id, is_from_user, status, version from messages
              where user_id = {user} and conversation_id = {conversation} and replaced_at is null
              order by created_at desc, id desc limit 1"
        );
        Ok(RecentMessage::find_by_statement(read).one(self.txn).await?)
    }

    /// The last message of the user that counts.
    async fn last_user_message(
        &self,
        conversation: ConversationId,
    ) -> Result<Option<RecentMessage>, StoreError> {
        let (user, conversation) = (self.user.into_uuid(), conversation.into_uuid());
        let read = raw_sql!(
            Postgres,
            "select id, is_from_user, status, version from messages
              where user_id = {user} and conversation_id = {conversation} and replaced_at is null
                and is_from_user
              order by created_at desc, id desc limit 1"
        );
        Ok(RecentMessage::find_by_statement(read).one(self.txn).await?)
    }
}
