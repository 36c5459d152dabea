//! Replies of the person who asks.

use ignacio_domain::ids::{ConversationId, ResponseId, UserId};
use ignacio_domain::reply::Response;
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, EntityTrait as _, QueryFilter as _, QueryOrder as _,
};

use crate::entities::responses;
use crate::error::StoreError;

/// Responses that the scope's person has.
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

    /// The one that is being made in a conversation.
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
