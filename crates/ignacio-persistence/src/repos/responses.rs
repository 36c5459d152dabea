//! The user's responses.

use ignacio_domain::ids::{ConversationId, ResponseId, UserId};
use ignacio_domain::response::Response;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _, QueryOrder as _, raw_sql,
};

use crate::entities::responses;
use crate::error::StoreError;

/// The responses of the scope's user.
pub struct Responses<'s> {
    txn: &'s DatabaseTransaction,
    user: UserId,
}

impl<'s> Responses<'s> {
    pub(crate) const fn new(txn: &'s DatabaseTransaction, user: UserId) -> Self {
        Self { txn, user }
    }

    /// Finds one.
    #[tracing::instrument(name = "db.responses.find", skip_all, err(level = "debug"))]
    pub async fn find(&self, id: ResponseId) -> Result<Option<Response>, StoreError> {
        let row = responses::Entity::find_by_id(id.into_uuid()).one(self.txn).await?;
        row.map(Response::try_from).transpose()
    }

    /// Requests cancellation of a reply; `None` when the user has no such reply. One that has ended
    /// stays as it is.
    #[tracing::instrument(name = "db.responses.cancel", skip_all, err(level = "debug"))]
    pub async fn cancel(&self, id: ResponseId) -> Result<Option<Response>, StoreError> {
        let (user, row) = (self.user.into_uuid(), id.into_uuid());
        let write = raw_sql!(
            Postgres,
            "update responses set cancel_requested_at = coalesce(cancel_requested_at, now())
              where user_id = {user} and id = {row} and state in ('queued', 'running')"
        );
        self.txn.execute_raw(write).await?;
        self.find(id).await
    }

    /// The running one of a conversation.
    #[tracing::instrument(name = "db.responses.running", skip_all, err(level = "debug"))]
    pub async fn running(&self, id: ConversationId) -> Result<Option<Response>, StoreError> {
        let row = responses::Entity::find()
            .filter(responses::Column::UserId.eq(self.user.into_uuid()))
            .filter(responses::Column::ConversationId.eq(id.into_uuid()))
            .filter(responses::Column::State.is_in(["queued", "running"]))
            .order_by_desc(responses::Column::CreatedAt)
            .one(self.txn)
            .await?;
        row.map(Response::try_from).transpose()
    }
}
