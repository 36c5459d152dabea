//! The database of the request path.

use ignacio_domain::conversation::{Conversation, ConversationFilter};
use ignacio_domain::ids::ConversationId;
use ignacio_domain::message::Message;
use ignacio_domain::page::PageSize;
use ignacio_domain::session::{Session, SessionDigest};
use ignacio_domain::user::User;
use sea_orm::DatabaseConnection;
use secrecy::SecretString;

use crate::error::StoreError;
use crate::identity::{self, Identity};
use crate::pool;
use crate::replies::hub::ReplyHub;
use crate::replies::subscriber::ReplySubscriber;
use crate::repos::codes::Codes;
use crate::repos::health;
use crate::repos::inbox::Inbox;
use crate::repos::verified_reads::{self, CursorPosition, Listed};
use crate::user_scope::UserScope;

/// Where the request path connects.
pub struct ApiDbSettings {
    /// The URL of `ignacio_api`.
    pub api_url: SecretString,
    /// The URL of `ignacio_auth`.
    pub auth_url: SecretString,
    /// Connections for requests.
    pub api_pool: u32,
    /// Connections for logins.
    pub auth_pool: u32,
}

/// The database of the request path. Cheap to clone.
#[derive(Clone)]
pub struct ApiDb {
    api: DatabaseConnection,
    auth: DatabaseConnection,
    replies: ReplySubscriber,
}

impl ApiDb {
    /// Prepares the pools; nothing connects before it is needed.
    pub async fn connect(settings: &ApiDbSettings) -> Result<Self, StoreError> {
        let api = pool::open(&settings.api_url, settings.api_pool).await?;
        let auth = pool::open(&settings.auth_url, settings.auth_pool).await?;
        let replies = ReplySubscriber::new(api.clone(), ReplyHub::new());
        Ok(Self { api, auth, replies })
    }

    /// Shares the replies of this process with a worker in the same process.
    #[must_use]
    pub fn with_hub(mut self, hub: ReplyHub) -> Self {
        self.replies = ReplySubscriber::new(self.api.clone(), hub);
        self
    }

    /// Checks that the database answers.
    pub async fn check(&self) -> Result<(), StoreError> {
        health::ping(&self.api).await
    }

    /// Those of the given migrations that the database does not have.
    pub async fn pending_migrations(&self, known: &[String]) -> Result<Vec<String>, StoreError> {
        health::pending_migrations(&self.api, known).await
    }

    /// Begins a transaction as the user who owns this session.
    #[tracing::instrument(name = "db.begin", skip_all)]
    pub async fn begin(&self, session: &SessionDigest) -> Result<UserScope, StoreError> {
        let (txn, identity) = identity::begin(&self.api, session).await?;
        Ok(UserScope::new(txn, identity))
    }

    /// Only verifies a session, before the body of a request is read. One round trip.
    #[tracing::instrument(name = "db.verify_session", skip_all)]
    pub async fn verify_session(&self, session: &SessionDigest) -> Result<Identity, StoreError> {
        let verified = identity::authenticate(&self.api, session).await;
        identity::revoke_on_reuse(&self.api, session, verified).await
    }

    /// Replaces the token of a session by `next`, the one derived from it; the old one remains
    /// valid for a minute. Returns the digest of the token that is valid from now on, which is not
    /// `next` if the current token is itself less than a minute old.
    #[tracing::instrument(name = "db.renew_session", skip_all)]
    pub async fn renew_session(
        &self,
        session: &SessionDigest,
        next: &SessionDigest,
    ) -> Result<(Session, SessionDigest), StoreError> {
        let scope = self.begin(session).await?;
        let digest = scope.sessions().renew(session, next).await?;
        let renewed = scope.sessions().find(scope.identity().session).await?;
        scope.commit().await?;
        Ok((renewed.ok_or(StoreError::Unauthenticated)?, digest))
    }

    /// The user who owns this session. One round trip.
    #[tracing::instrument(name = "db.authenticated_user", skip_all)]
    pub async fn authenticated_user(&self, session: &SessionDigest) -> Result<User, StoreError> {
        verified_reads::authenticated_user(&self.api, session).await
    }

    /// A page of the user's conversations, the most recently active first. One round trip.
    #[tracing::instrument(name = "db.list_conversations", skip_all)]
    pub async fn list_conversations(
        &self,
        session: &SessionDigest,
        filter: &ConversationFilter,
        after: Option<CursorPosition>,
        size: PageSize,
    ) -> Result<Listed<Conversation>, StoreError> {
        verified_reads::list_conversations(&self.api, session, filter, after, size).await
    }

    /// A page of a conversation's messages, newest first, with earlier versions if asked for;
    /// [`StoreError::NotFound`] when the conversation is not the user's. One round trip.
    #[tracing::instrument(name = "db.list_messages", skip_all, fields(conversation.id = %conversation))]
    pub async fn list_messages(
        &self,
        session: &SessionDigest,
        conversation: ConversationId,
        versions: bool,
        after: Option<CursorPosition>,
        size: PageSize,
    ) -> Result<Listed<Message>, StoreError> {
        verified_reads::list_messages(&self.api, session, conversation, versions, after, size).await
    }

    /// Codes and logins, with the role that may see them.
    pub const fn codes(&self) -> Codes<'_> {
        Codes::new(&self.auth)
    }

    /// Webhooks for a worker to process, with the role that may see them.
    pub const fn inbox(&self) -> Inbox<'_> {
        Inbox::new(&self.auth)
    }

    /// The events of running and finished replies.
    pub const fn replies(&self) -> &ReplySubscriber {
        &self.replies
    }
}
