//! Answers to requests that make something, kept for clients that ask again (`Idempotency-Key`).

use ignacio_domain::ids::{ConversationId, UserId};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, FromQueryResult, raw_sql};
use time::OffsetDateTime;

use crate::error::StoreError;

/// Keys that the scope's person has used in the last 24 hours.
pub struct IdempotencyKeys<'s> {
    txn: &'s DatabaseTransaction,
    user: UserId,
}

/// A key and the request that came with it, as digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotentRequest {
    /// Of the key.
    pub key: [u8; 32],
    /// Of method, path and body.
    pub request: [u8; 32],
}

/// What was answered.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// The status.
    pub status: u16,
    /// Where the thing is.
    pub location: Option<String>,
    /// The body, as JSON.
    pub body: String,
}

/// What a key is good for.
pub enum KeyState {
    /// Nobody has answered it: go on, and [`keep`](Repeats::keep) the answer in the same scope.
    Fresh,
    /// It was answered.
    StoredResponse(StoredResponse),
    /// An equal request is under way.
    UnderWay,
    /// It came with another request before.
    OtherRequest,
}

#[derive(FromQueryResult)]
struct Row {
    request_hash: Vec<u8>,
    locked_until: OffsetDateTime,
    now: OffsetDateTime,
    status: Option<i16>,
    location: Option<String>,
    body: Option<String>,
}

impl<'s> IdempotencyKeys<'s> {
    pub(crate) const fn new(txn: &'s DatabaseTransaction, user: UserId) -> Self {
        Self { txn, user }
    }

    /// Claims a key. Whoever comes second waits until the first scope has ended, in whatever
    /// process, for as long as the role waits for locks (2 s), and then sees its answer, or finds the key free when it rolled back. After
    /// [`KeyState::UnderWay`] the scope may be of no more use: drop it.
    #[tracing::instrument(name = "db.repeats.claim", skip_all, err(level = "debug"))]
    pub async fn claim(&self, key: &IdempotentRequest) -> Result<KeyState, StoreError> {
        let (user, hash, request) = (self.user.into_uuid(), key.key.to_vec(), key.request.to_vec());
        // What is older than a day is forgotten, whether it has been swept yet or not.
        let forget = raw_sql!(
            Postgres,
            "delete from idempotency_keys
              where user_id = {user} and key_hash = {hash}
                and created_at < now() - interval '24 hours'"
        );
        let insert = raw_sql!(
            Postgres,
            "insert into idempotency_keys (user_id, key_hash, request_hash)
             values ({user}, {hash}, {request}) on conflict (user_id, key_hash) do nothing"
        );
        let claimed = match self.txn.execute_raw(forget).await {
            Ok(_) => self.txn.execute_raw(insert).await,
            Err(error) => Err(error),
        };
        let is_mine = match claimed.map_err(StoreError::from) {
            Ok(done) => done.rows_affected() == 1,
            Err(StoreError::Unavailable(error)) if is_lock_timeout(&error) => {
                return Ok(KeyState::UnderWay);
            }
            Err(error) => return Err(error),
        };
        if is_mine {
            return Ok(KeyState::Fresh);
        }
        // A row that is not there went with the conversation that it was of, just now.
        Ok(self.find(key).await?.unwrap_or(KeyState::UnderWay))
    }

    /// What a key is good for, as far as others have used it; `None` when nobody has.
    #[tracing::instrument(name = "db.repeats.find", skip_all, err(level = "debug"))]
    pub async fn find(&self, key: &IdempotentRequest) -> Result<Option<KeyState>, StoreError> {
        let (user, hash) = (self.user.into_uuid(), key.key.to_vec());
        let read = raw_sql!(
            Postgres,
            "select request_hash, locked_until, clock_timestamp() as now, status, location, body
               from idempotency_keys
              where user_id = {user} and key_hash = {hash}
                and created_at >= now() - interval '24 hours'"
        );
        let Some(row) = Row::find_by_statement(read).one(self.txn).await? else { return Ok(None) };
        if row.request_hash != key.request {
            return Ok(Some(KeyState::OtherRequest));
        }
        if let (Some(status), Some(body)) = (row.status, row.body) {
            let status = u16::try_from(status).ok();
            let status = status.ok_or(StoreError::corrupt("idempotency_keys", "status"))?;
            return Ok(Some(KeyState::StoredResponse(StoredResponse {
                status,
                location: row.location,
                body,
            })));
        }
        Ok(Some(if row.locked_until > row.now { KeyState::UnderWay } else { KeyState::Fresh }))
    }

    /// Keeps the answer to a claimed key; it goes with the conversation, when one is named.
    #[tracing::instrument(name = "db.repeats.keep", skip_all, err(level = "debug"))]
    pub async fn keep(
        &self,
        key: &IdempotentRequest,
        conversation: Option<ConversationId>,
        answer: &StoredResponse,
    ) -> Result<(), StoreError> {
        let (user, hash) = (self.user.into_uuid(), key.key.to_vec());
        let conversation = conversation.map(ConversationId::into_uuid);
        let status = i16::try_from(answer.status).unwrap_or_default();
        let (location, body) = (answer.location.clone(), answer.body.clone());
        let write = raw_sql!(
            Postgres,
            "update idempotency_keys
                set status = {status}, location = {location}, body = {body},
                    conversation_id = {conversation}
              where user_id = {user} and key_hash = {hash}"
        );
        self.txn.execute_raw(write).await?;
        Ok(())
    }

    /// Holds a claimed key for a request of several scopes: equal ones are told that it is under
    /// way until it is answered or let go, or for five minutes.
    #[tracing::instrument(name = "db.repeats.hold", skip_all, err(level = "debug"))]
    pub async fn hold(&self, key: &IdempotentRequest) -> Result<(), StoreError> {
        let (user, hash) = (self.user.into_uuid(), key.key.to_vec());
        let write = raw_sql!(
            Postgres,
            "update idempotency_keys set locked_until = clock_timestamp() + interval '5 minutes'
              where user_id = {user} and key_hash = {hash}"
        );
        self.txn.execute_raw(write).await?;
        Ok(())
    }

    /// Lets a key go that was held for a request that made nothing.
    #[tracing::instrument(name = "db.repeats.let_go", skip_all, err(level = "debug"))]
    pub async fn let_go(&self, key: &IdempotentRequest) -> Result<(), StoreError> {
        let (user, hash) = (self.user.into_uuid(), key.key.to_vec());
        let delete = raw_sql!(
            Postgres,
            "delete from idempotency_keys
              where user_id = {user} and key_hash = {hash} and status is null"
        );
        self.txn.execute_raw(delete).await?;
        Ok(())
    }
}

fn is_lock_timeout(error: &sea_orm::DbErr) -> bool {
    crate::error::state_of(error).as_deref() == Some("55P03")
}
