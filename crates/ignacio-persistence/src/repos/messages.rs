//! The user's messages, and posting one.

use std::collections::BTreeSet;

use ignacio_domain::ids::{ConversationId, FileId, MessageId, ResponseId, UserId};
use ignacio_domain::message::{Message, MessageStatus, NewMessage};
use ignacio_domain::response::Response;
use sea_orm::{
    ActiveModelTrait as _, DatabaseTransaction, EntityTrait as _, FromQueryResult as _,
    QuerySelect as _, Set, raw_sql,
};
use uuid::Uuid;

use crate::entities::{conversations, message_files, messages, responses};
use crate::error::StoreError;
use crate::rows::MessageRow;

/// The message that a new one replaces.
#[derive(Clone, Copy)]
pub(super) struct ReplacedMessage {
    pub(super) id: Uuid,
    pub(super) version: i32,
}

/// The messages of the scope's user.
pub struct Messages<'s> {
    pub(super) txn: &'s DatabaseTransaction,
    pub(super) user: UserId,
}

/// What posting a message creates.
#[derive(Clone, Debug)]
pub struct PostedMessage {
    /// The user's message.
    pub message: Message,
    /// The reply, still empty.
    pub reply: Message,
    /// The response that will write it.
    pub response: Response,
}

/// The reply that a message requests.
#[derive(Clone, Debug)]
pub struct NewReply {
    /// The response's id, under which its cost is reserved.
    pub response: ResponseId,
    /// The model that will write it.
    pub model: String,
}

impl NewReply {
    /// A new response by this model.
    pub fn by(model: impl Into<String>) -> Self {
        Self { response: ResponseId::new(), model: model.into() }
    }
}

impl<'s> Messages<'s> {
    pub(crate) const fn new(txn: &'s DatabaseTransaction, user: UserId) -> Self {
        Self { txn, user }
    }

    /// Stores a message with its attachments, the empty reply, and the response that a worker will
    /// claim. `None` when the user has no such conversation; a conflict with
    /// `responses_running_key` when a reply is being written there. Check the files first: one of
    /// another user is a conflict with `message_files_file_fkey`.
    #[tracing::instrument(name = "db.messages.post", skip_all, err(level = "debug"))]
    pub async fn post(
        &self,
        conversation: ConversationId,
        new: &NewMessage,
        new_reply: &NewReply,
    ) -> Result<Option<PostedMessage>, StoreError> {
        if !self.lock(conversation).await? {
            return Ok(None);
        }
        self.insert_turn(conversation, new, None, new_reply).await.map(Some)
    }

    /// Locks a conversation, so that it can neither get two replies at once nor be deleted. False
    /// when the user has no such conversation.
    pub(super) async fn lock(&self, conversation: ConversationId) -> Result<bool, StoreError> {
        let row = conversations::Entity::find_by_id(conversation.into_uuid())
            .lock_exclusive()
            .one(self.txn)
            .await?;
        Ok(row.is_some())
    }

    /// Inserts the user's message, which may replace another one, and the reply to come.
    pub(super) async fn insert_turn(
        &self,
        conversation: ConversationId,
        new: &NewMessage,
        replaced: Option<ReplacedMessage>,
        new_reply: &NewReply,
    ) -> Result<PostedMessage, StoreError> {
        let message = self.insert(conversation, new.body.as_str(), true, replaced).await?;
        self.attach(message, new).await?;
        let reply = self.insert(conversation, "", false, None).await?;
        let response = self.insert_response(conversation, reply, new_reply).await?;
        let [message, reply] = self.stored([message, reply]).await?;
        Ok(PostedMessage { message, reply, response })
    }

    /// Inserts an empty reply, which may replace another one, and the response that will write it.
    pub(super) async fn insert_reply(
        &self,
        conversation: ConversationId,
        replaced: Option<ReplacedMessage>,
        new_reply: &NewReply,
    ) -> Result<(Message, Response), StoreError> {
        let reply = self.insert(conversation, "", false, replaced).await?;
        let response = self.insert_response(conversation, reply, new_reply).await?;
        let [reply] = self.stored([reply]).await?;
        Ok((reply, response))
    }

    /// Finds one with its attachments and citations.
    #[tracing::instrument(name = "db.messages.find", skip_all, err(level = "debug"))]
    pub async fn find(&self, id: MessageId) -> Result<Option<Message>, StoreError> {
        let (user, id) = (self.user.into_uuid(), id.into_uuid());
        let read = raw_sql!(
            Postgres,
            "select * from app.message_details where user_id = {user} and id = {id}"
        );
        let row = MessageRow::find_by_statement(read).one(self.txn).await?;
        row.map(Message::try_from).transpose()
    }

    async fn insert(
        &self,
        conversation: ConversationId,
        content: &str,
        is_from_user: bool,
        replaced: Option<ReplacedMessage>,
    ) -> Result<MessageId, StoreError> {
        let id = MessageId::new();
        let status = if is_from_user { MessageStatus::Complete } else { MessageStatus::Pending };
        let new = messages::ActiveModel {
            id: Set(id.into_uuid()),
            user_id: Set(self.user.into_uuid()),
            conversation_id: Set(conversation.into_uuid()),
            content: Set(content.to_owned()),
            is_from_user: Set(is_from_user),
            status: Set(status.as_str().to_owned()),
            version: Set(replaced.map_or(1, |it| it.version + 1)),
            replaces: Set(replaced.map(|it| it.id)),
        };
        messages::Entity::insert(new).exec_without_returning(self.txn).await?;
        Ok(id)
    }

    async fn attach(&self, message: MessageId, new: &NewMessage) -> Result<(), StoreError> {
        if new.files.is_empty() {
            return Ok(());
        }
        let files: BTreeSet<FileId> = new.files.iter().copied().collect();
        let rows = files.into_iter().map(|file| message_files::ActiveModel {
            message_id: Set(message.into_uuid()),
            user_id: Set(self.user.into_uuid()),
            file_id: Set(file.into_uuid()),
        });
        message_files::Entity::insert_many(rows).exec_without_returning(self.txn).await?;
        Ok(())
    }

    async fn insert_response(
        &self,
        conversation: ConversationId,
        reply: MessageId,
        new_reply: &NewReply,
    ) -> Result<Response, StoreError> {
        let new = responses::ActiveModel {
            id: Set(new_reply.response.into_uuid()),
            user_id: Set(self.user.into_uuid()),
            conversation_id: Set(conversation.into_uuid()),
            message_id: Set(reply.into_uuid()),
            model: Set(Some(new_reply.model.clone())),
            ..Default::default()
        };
        new.insert(self.txn).await?.try_into()
    }

    /// The rows that were just inserted, in their order.
    async fn stored<const N: usize>(
        &self,
        ids: [MessageId; N],
    ) -> Result<[Message; N], StoreError> {
        let (user, ids) = (self.user.into_uuid(), ids.map(MessageId::into_uuid).to_vec());
        let read = raw_sql!(
            Postgres,
            "select * from app.message_details where user_id = {user} and id = any({ids})
              order by created_at, id"
        );
        let rows = MessageRow::find_by_statement(read).all(self.txn).await?;
        let messages: Result<Vec<Message>, _> = rows.into_iter().map(Message::try_from).collect();
        messages?.try_into().ok().ok_or(StoreError::NotFound)
    }
}
