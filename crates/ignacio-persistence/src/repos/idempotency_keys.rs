//! Responses to requests with an `Idempotency-Key`, kept for clients that send the request again.

use std::time::Duration;

use ignacio_domain::ids::{ConversationId, UserId};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, FromQueryResult, raw_sql};

use crate::error::StoreError;

/// How long a key replays its response. The worker may delete it afterwards.
pub const KEY_LIFETIME: Duration = Duration::from_hours(24);

/// Keys that the scope's user has used within [`KEY_LIFETIME`].
pub struct IdempotencyKeys<'s> {
    txn: &'s DatabaseTransaction,
    user: UserId,
}

/// A key and its request, as digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotentRequest {
    /// Of the key.
    pub key: [u8; 32],
    /// Of the method, the path and the body.
    pub request: [u8; 32],
}

/// A response as it was sent.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// The status.
    pub status: u16,
    /// The address of the new resource.
    pub location: Option<String>,
    /// The body, as JSON.
    pub body: String,
}

/// The state of a key.
pub enum KeyState {
    /// No request holds it.
    Free,
    /// A request without a response holds it.
    InProgress,
    /// A request has its response.
    Answered {
        /// The digest of that request.
        request: [u8; 32],
        /// The response.
        response: StoredResponse,
    },
}

#[derive(FromQueryResult)]
struct Row {
    request_hash: Vec<u8>,
    is_locked: bool,
    status: Option<i16>,
    location: Option<String>,
    body: Option<String>,
}

impl<'s> IdempotencyKeys<'s> {
    pub(crate) const fn new(txn: &'s DatabaseTransaction, user: UserId) -> Self {
        Self { txn, user }
    }

    /// The state of a key.
    #[tracing::instrument(name = "db.idempotency_keys.lookup", skip_all, err(level = "debug"))]
    pub async fn lookup(&self, key: &[u8; 32]) -> Result<KeyState, StoreError> {
        let (user, hash) = (self.user.into_uuid(), key.to_vec());
        let lifetime = KEY_LIFETIME.as_secs_f64();
        let read = raw_sql!(
            Postgres,
            "select request_hash, locked_until > clock_timestamp() as is_locked,
                    status, location, body
               from idempotency_keys
              where user_id = {user} and key_hash = {hash}
                and created_at >= now() - make_interval(secs => {lifetime})"
        );
        match Row::find_by_statement(read).one(self.txn).await? {
            Some(row) => row.state(),
            None => Ok(KeyState::Free),
        }
    }

    /// Reserves a key for a request. [`KeyState::Free`] means that this scope now holds it:
    /// [`store`](Self::store) the response in the same scope, or commit, and store or
    /// [`release`](Self::release) within five minutes.
    ///
    /// A second request waits until the first one's scope has ended, in whatever process, for as
    /// long as the role waits for locks (2 s). It then sees the first response, or gets the key
    /// when the first scope rolled back. After [`KeyState::InProgress`] the scope may be unusable:
    /// drop it.
    #[tracing::instrument(name = "db.idempotency_keys.reserve", skip_all, err(level = "debug"))]
    pub async fn reserve(&self, request: &IdempotentRequest) -> Result<KeyState, StoreError> {
        match self.try_reserve(request).await.map_err(StoreError::from) {
            Ok(true) => Ok(KeyState::Free),
            Ok(false) => match self.lookup(&request.key).await? {
                // The row has just gone, with its conversation.
                KeyState::Free => Ok(KeyState::InProgress),
                state => Ok(state),
            },
            Err(StoreError::Unavailable(error)) if is_lock_timeout(&error) => {
                Ok(KeyState::InProgress)
            }
            Err(error) => Err(error),
        }
    }

    async fn try_reserve(&self, request: &IdempotentRequest) -> Result<bool, sea_orm::DbErr> {
        let (user, hash) = (self.user.into_uuid(), request.key.to_vec());
        let lifetime = KEY_LIFETIME.as_secs_f64();
        // Keys expire, whether or not the worker has removed them yet.
        let forget = raw_sql!(
            Postgres,
            "delete from idempotency_keys
              where user_id = {user} and key_hash = {hash}
                and created_at < now() - make_interval(secs => {lifetime})"
        );
        self.txn.execute_raw(forget).await?;
        // A request whose process died holds its key for five minutes and has created nothing, so
        // any other request may have the key then.
        let request = request.request.to_vec();
        let reserve = raw_sql!(
            Postgres,
            "insert into idempotency_keys as held (user_id, key_hash, request_hash)
             values ({user}, {hash}, {request})
             on conflict (user_id, key_hash) do update
                set request_hash = excluded.request_hash,
                    locked_until = excluded.locked_until
              where held.status is null and held.locked_until <= clock_timestamp()"
        );
        Ok(self.txn.execute_raw(reserve).await?.rows_affected() == 1)
    }

    /// Stores the response to the request that holds the key. It is deleted with the conversation,
    /// if one is given.
    #[tracing::instrument(name = "db.idempotency_keys.store", skip_all, err(level = "debug"))]
    pub async fn store(
        &self,
        request: &IdempotentRequest,
        conversation: Option<ConversationId>,
        response: &StoredResponse,
    ) -> Result<(), StoreError> {
        let (user, hash) = (self.user.into_uuid(), request.key.to_vec());
        let request = request.request.to_vec();
        let conversation = conversation.map(ConversationId::into_uuid);
        let status = i16::try_from(response.status).unwrap_or_default();
        let (location, body) = (response.location.clone(), response.body.clone());
        let write = raw_sql!(
            Postgres,
            "update idempotency_keys
                set request_hash = {request}, status = {status}, location = {location},
                    body = {body}, conversation_id = {conversation}
              where user_id = {user} and key_hash = {hash}"
        );
        self.txn.execute_raw(write).await?;
        Ok(())
    }

    /// Releases a reserved key: its request created nothing.
    #[tracing::instrument(name = "db.idempotency_keys.release", skip_all, err(level = "debug"))]
    pub async fn release(&self, key: &[u8; 32]) -> Result<(), StoreError> {
        let (user, hash) = (self.user.into_uuid(), key.to_vec());
        let delete = raw_sql!(
            Postgres,
            "delete from idempotency_keys
              where user_id = {user} and key_hash = {hash} and status is null"
        );
        self.txn.execute_raw(delete).await?;
        Ok(())
    }
}

impl Row {
    fn state(self) -> Result<KeyState, StoreError> {
        let (Some(status), Some(body)) = (self.status, self.body) else {
            return Ok(if self.is_locked { KeyState::InProgress } else { KeyState::Free });
        };
        let corrupt = |column| StoreError::corrupt("idempotency_keys", column);
        let status = u16::try_from(status).ok().ok_or(corrupt("status"))?;
        let request = self.request_hash.try_into().ok().ok_or(corrupt("request_hash"))?;
        let response = StoredResponse { status, location: self.location, body };
        Ok(KeyState::Answered { request, response })
    }
}

fn is_lock_timeout(error: &sea_orm::DbErr) -> bool {
    crate::error::state_of(error).as_deref() == Some("55P03")
}
