//! The request path's way to the database.

use ignacio_domain::conversation::{Conversation, ConversationFilter};
use ignacio_domain::ids::{ConversationId, SessionId, UserId};
use ignacio_domain::message::Message;
use ignacio_domain::page::{Page, PageSize, Position};
use ignacio_domain::session::{Session, SessionDigest};
use ignacio_domain::user::{Role, User};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, FromQueryResult, TransactionTrait as _, raw_sql,
};
use secrecy::SecretString;
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

use crate::entities::conversations;
use crate::error::StoreError;
use crate::feed::ReplySubscriber;
use crate::live::ReplyHub;
use crate::pool;
use crate::repos::codes::Codes;
use crate::repos::inbox::Inbox;
use crate::rows::{self, MessageRow, PersonRow};
use crate::user_scope::UserScope;

/// Behind every row there is: where a list starts when no cursor is given.
pub(crate) const NEWEST: Position =
    Position { at: datetime!(9999-12-31 00:00:00 UTC), id: Uuid::max() };

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

/// The request path's database: cheap to clone.
#[derive(Clone)]
pub struct ApiDb {
    api: DatabaseConnection,
    auth: DatabaseConnection,
    replies: ReplySubscriber,
}

/// Whose session it is, as the database has just proven.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// The person.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
    /// What the person may do.
    pub role: Role,
}

/// A position, and whose list it is a position in.
#[derive(Clone, Copy, Debug)]
pub struct CursorPosition {
    /// For whom the cursor was made.
    pub owner: UserId,
    /// Where the page starts.
    pub position: Position,
}

/// A page of a list that was read together with the proof of the session.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// The rows, in the list's order.
    pub rows: Vec<T>,
    /// Where the next page starts; `None` on the last one.
    pub next: Option<CursorPosition>,
}

impl ApiDb {
    /// Prepares the pools; nothing connects before it is needed.
    pub async fn connect(settings: &ApiDbSettings) -> Result<Self, StoreError> {
        let api = pool::open(&settings.api_url, settings.api_pool).await?;
        let auth = pool::open(&settings.auth_url, settings.auth_pool).await?;
        let replies = ReplySubscriber::new(api.clone(), ReplyHub::new());
        Ok(Self { api, auth, replies })
    }

    /// Shares the replies that run in this process with a worker of this process.
    #[must_use]
    pub fn with_live(mut self, live: ReplyHub) -> Self {
        self.replies = ReplySubscriber::new(self.api.clone(), live);
        self
    }

    /// Whether the database answers.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.api.execute_raw(raw_sql!(Postgres, "select 1")).await?;
        Ok(())
    }

    /// Which of these migrations the database does not have.
    pub async fn pending_migrations(&self, known: &[String]) -> Result<Vec<String>, StoreError> {
        let read = raw_sql!(Postgres, "select version from seaql_migrations");
        let applied: Vec<String> = match self.api.query_all_raw(read).await {
            Ok(rows) => {
                rows.iter().map(|row| row.try_get("", "version")).collect::<Result<_, _>>()?
            }
            // A database that was never migrated has neither the table nor our role's right to it.
            Err(error) => match StoreError::from(error) {
                StoreError::Refused(_) | StoreError::Failed(_) => Vec::new(),
                other => return Err(other),
            },
        };
        Ok(known.iter().filter(|name| !applied.contains(name)).cloned().collect())
    }

    /// Begins a transaction as the person whose session this is.
    #[tracing::instrument(name = "db.begin", skip_all)]
    pub async fn begin(&self, session: &SessionDigest) -> Result<UserScope, StoreError> {
        let txn = self.api.begin().await?;
        match enter(&txn, session).await {
            Ok(caller) => Ok(UserScope::new(txn, caller)),
            Err(error) => {
                drop(txn);
                judged(&self.api, session, Err(error)).await
            }
        }
    }

    /// Proves a session and does nothing else: what happens before a body is read. One round trip.
    #[tracing::instrument(name = "db.prove", skip_all)]
    pub async fn prove(&self, session: &SessionDigest) -> Result<Caller, StoreError> {
        judged(&self.api, session, enter(&self.api, session).await).await
    }

    /// Replaces the token of a session by `next`, the one that follows from it; the old one is good
    /// for a minute more. Gives the digest of the token that is good from now on: another one than
    /// `next` only where the session's token is itself less than a minute old, and stays.
    #[tracing::instrument(name = "db.renew", skip_all)]
    pub async fn renew(
        &self,
        session: &SessionDigest,
        next: &SessionDigest,
    ) -> Result<(Session, SessionDigest), StoreError> {
        let scope = self.begin(session).await?;
        let digest = scope.sessions().renew(session, next).await?;
        let renewed = scope.sessions().find(scope.caller().session).await?;
        scope.commit().await?;
        Ok((renewed.ok_or(StoreError::Unauthenticated)?, digest))
    }

    /// The person whose session this is. One round trip.
    #[tracing::instrument(name = "db.whoami", skip_all)]
    pub async fn whoami(&self, session: &SessionDigest) -> Result<User, StoreError> {
        let digest = session.as_bytes().to_vec();
        let read = raw_sql!(Postgres, "select * from app.whoami({digest})");
        let row = PersonRow::find_by_statement(read).one(&self.api).await.map_err(StoreError::from);
        judged(&self.api, session, row).await?.ok_or(StoreError::Unauthenticated)?.try_into()
    }

    /// A page of the caller's conversations, the liveliest first. One round trip.
    #[tracing::instrument(name = "db.list_conversations", skip_all)]
    pub async fn list_conversations(
        &self,
        session: &SessionDigest,
        filter: &ConversationFilter,
        after: Option<CursorPosition>,
        size: PageSize,
    ) -> Result<Listed<Conversation>, StoreError> {
        let digest = session.as_bytes().to_vec();
        let (owner, at, id) = start(after);
        let limit = i32::from(size.rows()) + 1;
        let (archived, pinned, words) = (filter.archived, filter.pinned, filter.words.as_ref());
        let words = words.map(|it| it.as_str().to_owned());
        let read = raw_sql!(
            Postgres,
            "select * from app.list_conversations(
                 {digest}, {owner}, {archived}, {pinned}, {words}, {at}, {id}, {limit})"
        );
        let rows = conversations::Model::find_by_statement(read).all(&self.api).await;
        let rows = judged(&self.api, session, rows.map_err(StoreError::from)).await?;
        let page =
            Page::from_lookahead(rows, size, |row| Position { at: row.active_at, id: row.id });
        let owner = page.rows.first().map(|row| UserId::from_uuid(row.user_id));
        let next = owner.zip(page.next).map(|(owner, position)| CursorPosition { owner, position });
        Ok(Listed { rows: page.rows.into_iter().map(Into::into).collect(), next })
    }

    /// A page of a conversation's messages, newest first, with earlier versions if asked for;
    /// [`StoreError::NotFound`] when the conversation is not the caller's. One round trip.
    #[tracing::instrument(name = "db.list_messages", skip_all, fields(conversation.id = %conversation))]
    pub async fn list_messages(
        &self,
        session: &SessionDigest,
        conversation: ConversationId,
        versions: bool,
        after: Option<CursorPosition>,
        size: PageSize,
    ) -> Result<Listed<Message>, StoreError> {
        let digest = session.as_bytes().to_vec();
        let conversation = conversation.into_uuid();
        let (owner, at, id) = start(after);
        let limit = i32::from(size.rows()) + 1;
        let read = raw_sql!(
            Postgres,
            "select * from app.list_messages(
                 {digest}, {owner}, {conversation}, {versions}, {at}, {id}, {limit})"
        );
        let rows = MessageRow::find_by_statement(read).all(&self.api).await;
        let rows = judged(&self.api, session, rows.map_err(StoreError::from)).await?;
        let owner = rows.first().map(|row| UserId::from_uuid(row.user_id));
        let rows = rows.into_iter().map(Message::try_from).collect::<Result<_, _>>()?;
        let page = Page::from_lookahead(rows, size, |row: &Message| Position {
            at: row.created_at,
            id: row.id.into_uuid(),
        });
        let next = owner.zip(page.next).map(|(owner, position)| CursorPosition { owner, position });
        Ok(Listed { rows: page.rows, next })
    }

    /// Codes and logins, as the role that may see them.
    pub const fn codes(&self) -> Codes<'_> {
        Codes::new(&self.auth)
    }

    /// Where webhooks are kept until a worker reads them, as the role that may see them.
    pub const fn inbox(&self) -> Inbox<'_> {
        Inbox::new(&self.auth)
    }

    /// Running and finished replies as they are told to clients.
    pub const fn replies(&self) -> &ReplySubscriber {
        &self.replies
    }
}

#[derive(FromQueryResult)]
struct CallerRow {
    user_id: Uuid,
    session_id: Uuid,
    is_admin: bool,
}

/// Passes a result on, unless it says that a token was shown which its session had replaced long
/// before: somebody has stolen one of the two, so the session ends. That is done apart from the
/// transaction that found it out, which has failed.
pub(crate) async fn judged<T>(
    db: &DatabaseConnection,
    session: &SessionDigest,
    result: Result<T, StoreError>,
) -> Result<T, StoreError> {
    let Err(StoreError::Reused) = result else { return result };
    let digest = session.as_bytes().to_vec();
    db.execute_raw(raw_sql!(Postgres, "select app.end_reused({digest})")).await?;
    tracing::warn!("a token was shown that its session had replaced; the session is over");
    Err(StoreError::Unauthenticated)
}

/// Proves the session and sets the identity for the transaction, if there is one.
pub(crate) async fn enter(
    db: &impl ConnectionTrait,
    session: &SessionDigest,
) -> Result<Caller, StoreError> {
    let digest = session.as_bytes().to_vec();
    let read = raw_sql!(Postgres, "select * from app.enter({digest})");
    let row = CallerRow::find_by_statement(read).one(db).await?;
    let row = row.ok_or(StoreError::Unauthenticated)?;
    Ok(Caller {
        user: UserId::from_uuid(row.user_id),
        session: SessionId::from_uuid(row.session_id),
        role: rows::role(row.is_admin),
    })
}

fn start(after: Option<CursorPosition>) -> (Option<Uuid>, OffsetDateTime, Uuid) {
    let position = after.map_or(NEWEST, |it| it.position);
    (after.map(|it| it.owner.into_uuid()), position.at, position.id)
}
