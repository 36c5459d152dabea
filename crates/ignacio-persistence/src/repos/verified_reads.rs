//! The most frequent reads, each in one round trip with the verification of its session: the
//! routine takes the session's digest, so no transaction is needed.

use ignacio_domain::conversation::{Conversation, ConversationFilter};
use ignacio_domain::ids::{ConversationId, UserId};
use ignacio_domain::message::Message;
use ignacio_domain::page::{Page, PageSize, Position};
use ignacio_domain::session::SessionDigest;
use ignacio_domain::user::User;
use sea_orm::{DatabaseConnection, FromQueryResult as _, raw_sql};
use uuid::Uuid;

use super::paging::bounds;
use crate::entities::conversations;
use crate::error::StoreError;
use crate::identity::revoke_on_reuse;
use crate::rows::{MessageRow, UserRow};

/// A position in a list, and the list's owner.
#[derive(Clone, Copy, Debug)]
pub struct CursorPosition {
    /// The user for whom the cursor was made.
    pub owner: UserId,
    /// Where the page starts.
    pub position: Position,
}

/// A page of a list that was read in one round trip with the verification of the session.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// The rows, in order.
    pub rows: Vec<T>,
    /// Where the next page starts; `None` on the last one.
    pub next: Option<CursorPosition>,
}

pub(crate) async fn authenticated_user(
    db: &DatabaseConnection,
    session: &SessionDigest,
) -> Result<User, StoreError> {
    let digest = session.as_bytes().to_vec();
    let read = raw_sql!(Postgres, "select * from app.authenticated_user({digest})");
    let row = UserRow::find_by_statement(read).one(db).await.map_err(StoreError::from);
    revoke_on_reuse(db, session, row).await?.ok_or(StoreError::Unauthenticated)?.try_into()
}

pub(crate) async fn list_conversations(
    db: &DatabaseConnection,
    session: &SessionDigest,
    filter: &ConversationFilter,
    after: Option<CursorPosition>,
    size: PageSize,
) -> Result<Listed<Conversation>, StoreError> {
    let digest = session.as_bytes().to_vec();
    let (owner, (at, id, limit)) = (owner(after), bounds(after.map(|it| it.position), size));
    let (archived, pinned) = (filter.archived, filter.pinned);
    let words = filter.query.as_ref().map(|it| it.as_str().to_owned());
    let read = raw_sql!(
        Postgres,
        "select * from app.list_conversations(
             {digest}, {owner}, {archived}, {pinned}, {words}, {at}, {id}, {limit})"
    );
    let rows = conversations::Model::find_by_statement(read).all(db).await;
    let rows = revoke_on_reuse(db, session, rows.map_err(StoreError::from)).await?;
    let page = Page::from_lookahead(rows, size, |row| Position { at: row.active_at, id: row.id });
    let owner = page.rows.first().map(|row| UserId::from_uuid(row.user_id));
    let next = owner.zip(page.next).map(|(owner, position)| CursorPosition { owner, position });
    Ok(Listed { rows: page.rows.into_iter().map(Into::into).collect(), next })
}

pub(crate) async fn list_messages(
    db: &DatabaseConnection,
    session: &SessionDigest,
    conversation: ConversationId,
    versions: bool,
    after: Option<CursorPosition>,
    size: PageSize,
) -> Result<Listed<Message>, StoreError> {
    let digest = session.as_bytes().to_vec();
    let conversation = conversation.into_uuid();
    let (owner, (at, id, limit)) = (owner(after), bounds(after.map(|it| it.position), size));
    let read = raw_sql!(
        Postgres,
        "select * from app.list_messages(
             {digest}, {owner}, {conversation}, {versions}, {at}, {id}, {limit})"
    );
    let rows = MessageRow::find_by_statement(read).all(db).await;
    let rows = revoke_on_reuse(db, session, rows.map_err(StoreError::from)).await?;
    let owner = rows.first().map(|row| UserId::from_uuid(row.user_id));
    let rows = rows.into_iter().map(Message::try_from).collect::<Result<_, _>>()?;
    let page = Page::from_lookahead(rows, size, |row: &Message| Position {
        at: row.created_at,
        id: row.id.into_uuid(),
    });
    let next = owner.zip(page.next).map(|(owner, position)| CursorPosition { owner, position });
    Ok(Listed { rows: page.rows, next })
}

/// The user for whom the cursor was made; the routine rejects one of another user.
fn owner(after: Option<CursorPosition>) -> Option<Uuid> {
    after.map(|it| it.owner.into_uuid())
}
