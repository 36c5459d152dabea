//! New versions: the last reply regenerated, and the last question edited. The newer message
//! replaces the older one and those after it (in a trigger).

use ignacio_domain::ids::{ConversationId, MessageId};
use ignacio_domain::message::{Message, MessageStatus, NewMessage};
use ignacio_domain::response::Response;
use sea_orm::{FromQueryResult, raw_sql};
use uuid::Uuid;

use super::messages::{Messages, NewReply, PostedMessage, ReplacedMessage};
use crate::error::StoreError;

/// The outcome of a request for a new version.
#[derive(Clone, Debug)]
pub enum Versioned<T> {
    /// It was created.
    Created(T),
    /// The message is not the last one of its kind.
    NotLatest,
    /// A reply is being written in this conversation.
    InProgress(ConversationId),
}

/// A regenerated reply.
#[derive(Clone, Debug)]
pub struct Regenerated {
    /// The reply, still empty.
    pub reply: Message,
    /// The response that will write it.
    pub response: Response,
}

/// A current message near the end of its conversation.
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
    /// Regenerates the last reply. `id` is the reply, or the question that it does not completely
    /// answer. `None` when the user has no such message.
    #[tracing::instrument(name = "db.messages.regenerate", skip_all, err(level = "debug"))]
    pub async fn regenerate(
        &self,
        id: MessageId,
        new_reply: &NewReply,
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
        let (reply, response) = self.insert_reply(conversation, replaced, new_reply).await?;
        Ok(Some(Versioned::Created(Regenerated { reply, response })))
    }

    /// Edits the user's last message and requests a reply to it. `None` when the user has no such
    /// message. Check the files first, as for [`Messages::post`].
    #[tracing::instrument(name = "db.messages.edit", skip_all, err(level = "debug"))]
    pub async fn edit(
        &self,
        id: MessageId,
        new: &NewMessage,
        new_reply: &NewReply,
    ) -> Result<Option<Versioned<PostedMessage>>, StoreError> {
        let Some(conversation) = self.lock_conversation_of(id).await? else { return Ok(None) };
        let question =
            self.last_user_message(conversation).await?.filter(|it| it.id == id.into_uuid());
        let Some(question) = question else { return Ok(Some(Versioned::NotLatest)) };
        let last = self.last(conversation).await?;
        if last.is_some_and(|it| it.is(MessageStatus::Pending)) {
            return Ok(Some(Versioned::InProgress(conversation)));
        }
        let posted =
            self.insert_turn(conversation, new, Some(question.replaced()), new_reply).await?;
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

    /// The last current message.
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

    /// The user's last current message.
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
