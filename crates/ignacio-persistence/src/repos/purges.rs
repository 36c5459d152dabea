//! External objects to remove because their rows are gone.

use std::time::Duration;

use ignacio_domain::file::ObjectKey;
use sea_orm::{
    ConnectionTrait as _, DatabaseConnection, EntityTrait as _, FromQueryResult as _, raw_sql,
};
use uuid::Uuid;

use crate::entities::purge_queue;
use crate::error::StoreError;

/// The purge queue. Removal is idempotent, so its entries carry no lease: a claim only moves the
/// next attempt a minute on.
pub struct Purges<'d> {
    worker: &'d DatabaseConnection,
}

/// An object to remove.
#[derive(Clone, Debug)]
pub struct Purge {
    /// The row.
    pub id: Uuid,
    /// What to remove.
    pub target: PurgeTarget,
    /// How often it was attempted, this time included.
    pub attempts: i32,
}

/// What the object is, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PurgeTarget {
    /// An object in the bucket.
    Object(ObjectKey),
    /// A file at the provider.
    ProviderFile(String),
    /// A vector store at the provider.
    VectorStore(String),
    /// A stored response at the provider.
    ProviderResponse(String),
}

impl<'d> Purges<'d> {
    pub(crate) const fn new(worker: &'d DatabaseConnection) -> Self {
        Self { worker }
    }

    /// Claims entries that are due.
    #[tracing::instrument(name = "db.purges.claim", skip_all, err(level = "debug"))]
    pub async fn claim(&self, limit: u32) -> Result<Vec<Purge>, StoreError> {
        let limit = i64::from(limit);
        let write = raw_sql!(
            Postgres,
            "with due as (
                 select id from purge_queue where next_attempt_at <= now()
                  order by next_attempt_at limit {limit} for update skip locked)
             update purge_queue p
                set attempts = p.attempts + 1, next_attempt_at = now() + interval '60 seconds'
               from due where p.id = due.id
             returning p.*"
        );
        let rows = purge_queue::Model::find_by_statement(write).all(self.worker).await?;
        rows.into_iter()
            .map(|row| {
                let target = match row.kind.as_str() {
                    "object" => PurgeTarget::Object(ObjectKey::from_stored(row.target)),
                    "openai_file" => PurgeTarget::ProviderFile(row.target),
                    "openai_vector_store" => PurgeTarget::VectorStore(row.target),
                    "openai_response" => PurgeTarget::ProviderResponse(row.target),
                    _ => return Err(StoreError::corrupt("purge_queue", "kind")),
                };
                Ok(Purge { id: row.id, target, attempts: row.attempts })
            })
            .collect()
    }

    /// Deletes the entry: the object is gone.
    #[tracing::instrument(name = "db.purges.complete", skip_all, err(level = "debug"))]
    pub async fn complete(&self, purge: &Purge) -> Result<(), StoreError> {
        purge_queue::Entity::delete_by_id(purge.id).exec(self.worker).await?;
        Ok(())
    }

    /// Schedules another attempt.
    #[tracing::instrument(name = "db.purges.retry", skip_all, err(level = "debug"))]
    pub async fn retry(
        &self,
        purge: &Purge,
        after: Duration,
        error: &str,
    ) -> Result<(), StoreError> {
        let (id, seconds, error) = (purge.id, after.as_secs_f64(), error.to_owned());
        let write = raw_sql!(
            Postgres,
            "update purge_queue
                set next_attempt_at = now() + make_interval(secs => {seconds}), error = {error}
              where id = {id}"
        );
        self.worker.execute_raw(write).await?;
        Ok(())
    }
}
