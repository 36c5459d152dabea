//! What the user thinks of replies.

use ignacio_domain::feedback::Feedback;
use ignacio_domain::ids::{MessageId, UserId};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, raw_sql};

use crate::error::StoreError;

/// The foreign key from feedback to its message.
const OF_A_MESSAGE: &str = "message_feedback_message_id_fkey";

/// The feedback of the scope's user.
pub struct Feedbacks<'s> {
    txn: &'s DatabaseTransaction,
    user: UserId,
}

impl<'s> Feedbacks<'s> {
    pub(crate) const fn new(txn: &'s DatabaseTransaction, user: UserId) -> Self {
        Self { txn, user }
    }

    /// Stores it, replacing earlier feedback. False unless the message is a finished reply of the
    /// user's.
    #[tracing::instrument(name = "db.feedback.put", skip_all, err(level = "debug"))]
    pub async fn put(&self, reply: MessageId, feedback: &Feedback) -> Result<bool, StoreError> {
        let (user, id) = (self.user.into_uuid(), reply.into_uuid());
        let rating = feedback.rating.as_str();
        let reason = feedback.reason.as_ref().map(|it| it.as_str().to_owned());
        let write = raw_sql!(
            Postgres,
            "insert into message_feedback (message_id, user_id, rating, reason)
             select m.id, m.user_id, {rating}, {reason} from messages m
              where m.user_id = {user} and m.id = {id}
                and not m.is_from_user and m.status <> 'pending'
             on conflict (message_id)
                 do update set rating = excluded.rating, reason = excluded.reason"
        );
        match self.txn.execute_raw(write).await.map_err(StoreError::from) {
            Ok(done) => Ok(done.rows_affected() > 0),
            // The message was deleted at the same moment.
            Err(StoreError::Conflict(rule)) if rule == OF_A_MESSAGE => Err(StoreError::NotFound),
            Err(error) => Err(error),
        }
    }

    /// Deletes it; false when there is none.
    #[tracing::instrument(name = "db.feedback.delete", skip_all, err(level = "debug"))]
    pub async fn delete(&self, reply: MessageId) -> Result<bool, StoreError> {
        let (user, id) = (self.user.into_uuid(), reply.into_uuid());
        let write = raw_sql!(
            Postgres,
            "delete from message_feedback where user_id = {user} and message_id = {id}"
        );
        Ok(self.txn.execute_raw(write).await?.rows_affected() > 0)
    }
}
