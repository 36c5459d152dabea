//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a request that creates something
//! can be sent again.
//!
//! The response is stored in the transaction that creates the resource. A client that repeats the
//! request, to any replica and after any crash, gets the same response or creates the resource for
//! the first time.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, Responder, body};
use ignacio_domain::ids::{ConversationId, ResponseId};
use ignacio_persistence::{
    AdminScope, IdempotencyKeys, IdempotentRequest, KeyState, StoreError, StoredResponse, UserScope,
};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::extract::BodyDigest;
use crate::problem::{ApiError, Malformed};
use crate::responders::Created;

const KEY: &str = "idempotency-key";
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const MAX_KEY_BYTES: usize = 255;

/// The key of a request with a JSON body, if it has one.
#[derive(Clone, Copy)]
pub(crate) struct IdempotencyKey(Option<IdempotentRequest>);

impl IdempotencyKey {
    /// Reads the key. The body must have been extracted before.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let Some(head) = KeyedHead::of(request)? else { return Ok(Self(None)) };
        match request.extensions().get::<BodyDigest>() {
            Some(BodyDigest(body)) => Ok(Self(Some(head.with_body(body)))),
            None => Err(ApiError::internal("a key was read before the body")),
        }
    }

    /// Does the work of a request, or replays the first response if it has been done before. The
    /// work, the key and the response are one transaction.
    pub(crate) async fn run<S: KeyedScope, T: Serialize>(
        self,
        scope: S,
        work: impl AsyncFnOnce(S) -> Result<Creation<S, T>, ApiError>,
    ) -> Result<IdempotentResponse, ApiError> {
        if let Some(request) = &self.0
            && let Some(replayed) = reserve(scope.keys(), request).await?
        {
            return Ok(IdempotentResponse::Replayed(replayed));
        }
        let Creation { scope, created, conversation } = work(scope).await?;
        let response = record(&created)?;
        if let Some(request) = &self.0 {
            scope.keys().store(request, conversation, &response).await?;
        }
        scope.commit().await?;
        Ok(IdempotentResponse::First(response))
    }
}

/// The outcome of a request's work.
pub(crate) struct Creation<S, T> {
    /// The transaction, not committed yet.
    pub(crate) scope: S,
    /// What was created.
    pub(crate) created: Created<T>,
    /// The conversation that it belongs to: the stored response is deleted with it.
    pub(crate) conversation: Option<ConversationId>,
}

/// A transaction that can hold a key.
pub(crate) trait KeyedScope {
    /// The caller's keys.
    fn keys(&self) -> IdempotencyKeys<'_>;
    /// Commits what was done.
    async fn commit(self) -> Result<(), StoreError>;
}

impl KeyedScope for UserScope {
    fn keys(&self) -> IdempotencyKeys<'_> {
        self.idempotency_keys()
    }

    async fn commit(self) -> Result<(), StoreError> {
        self.commit().await
    }
}

impl KeyedScope for AdminScope {
    fn keys(&self) -> IdempotencyKeys<'_> {
        self.idempotency_keys()
    }

    async fn commit(self) -> Result<(), StoreError> {
        self.commit().await
    }
}

/// The response that was stored for the same request; `None` if the key is reserved for this one.
async fn reserve(
    keys: IdempotencyKeys<'_>,
    request: &IdempotentRequest,
) -> Result<Option<StoredResponse>, ApiError> {
    match keys.reserve(request).await? {
        KeyState::Free => Ok(None),
        KeyState::InProgress => Err(ApiError::InProgress),
        KeyState::Answered { request: answered, response } if answered == request.request => {
            Ok(Some(response))
        }
        KeyState::Answered { .. } => Err(ApiError::KeyReused),
    }
}

/// The response for a new resource.
pub(crate) fn record<T: Serialize>(created: &Created<T>) -> Result<StoredResponse, ApiError> {
    let body = serde_json::to_string(&created.view).map_err(ApiError::internal)?;
    let status = StatusCode::CREATED.as_u16();
    Ok(StoredResponse { status, location: Some(created.location.clone()), body })
}

/// A key with the method and the path that it came with.
#[derive(Clone)]
pub(crate) struct KeyedHead {
    key: [u8; 32],
    head: Sha256,
}

impl KeyedHead {
    /// Reads the key, if the request has one.
    pub(crate) fn of(request: &HttpRequest) -> Result<Option<Self>, ApiError> {
        let Some(value) = request.headers().get(KEY) else { return Ok(None) };
        let text = value.to_str().unwrap_or_default().trim();
        // The draft writes the key as a quoted string, most clients do not.
        let key = text.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(text);
        let is_good =
            (1..=MAX_KEY_BYTES).contains(&key.len()) && key.bytes().all(|it| it.is_ascii_graphic());
        if !is_good {
            return Err(ApiError::Malformed(Malformed::IdempotencyKey));
        }
        let mut head = Sha256::new();
        head.update(request.method().as_str());
        head.update([0]);
        head.update(request.uri().to_string());
        head.update([0]);
        Ok(Some(Self { key: Sha256::digest(key.as_bytes()).into(), head }))
    }

    /// The digest of the key.
    pub(crate) const fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// The request with this body.
    pub(crate) fn with_body(&self, digest: &[u8; 32]) -> IdempotentRequest {
        let request = self.head.clone().chain_update(digest).finalize().into();
        IdempotentRequest { key: self.key, request }
    }
}

/// The response to a request that may have been sent before.
pub(crate) enum IdempotentResponse {
    /// The request was the first.
    First(StoredResponse),
    /// The response is a stored one.
    Replayed(StoredResponse),
}

impl IdempotentResponse {
    /// Whether the request was the first, and created something.
    pub(crate) const fn is_first(&self) -> bool {
        matches!(self, Self::First(_))
    }

    /// The reply that the request started, now or the first time.
    pub(crate) fn reply(&self) -> Option<ResponseId> {
        let (Self::First(response) | Self::Replayed(response)) = self;
        let body: serde_json::Value = serde_json::from_str(&response.body).ok()?;
        let id = body.pointer("/response/id")?.as_str()?;
        Uuid::parse_str(id).ok().map(ResponseId::from_uuid)
    }
}

impl Responder for IdempotentResponse {
    type Body = body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let (is_first, stored) = match self {
            Self::First(stored) => (true, stored),
            Self::Replayed(stored) => (false, stored),
        };
        let mut response = HttpResponse::Created();
        if let Some(location) = stored.location {
            response.insert_header((header::LOCATION, location));
        }
        if !is_first {
            response.insert_header((REPLAYED, HeaderValue::from_static("true")));
        }
        response.content_type("application/json").body(stored.body)
    }
}

#[cfg(test)]
mod tests {
    //! A key is read as the draft says, and identifies the whole request.

    use actix_web::test::TestRequest;

    use super::*;

    fn keyed(uri: &str, key: &str, body: u8) -> Result<Option<IdempotentRequest>, ApiError> {
        let request = TestRequest::post().uri(uri).insert_header((KEY, key)).to_http_request();
        request.extensions_mut().insert(BodyDigest([body; 32]));
        IdempotencyKey::of(&request).map(|it| it.0)
    }

    #[test]
    fn a_key_identifies_the_whole_request() {
        let first = keyed("/v1/a", "k", 1).unwrap().unwrap();
        assert_eq!(keyed("/v1/a", "\"k\"", 1).unwrap(), Some(first), "quotes do not matter");
        let other_key = keyed("/v1/a", "K", 1).unwrap().unwrap();
        assert_eq!(first.request, other_key.request);
        assert_ne!(first.key, other_key.key);
        for other in [keyed("/v1/b", "k", 1), keyed("/v1/a?x", "k", 1), keyed("/v1/a", "k", 2)] {
            let other = other.unwrap().unwrap();
            assert_eq!(other.key, first.key);
            assert_ne!(other.request, first.request);
        }
    }

    #[test]
    fn a_key_is_optional_and_must_be_valid() {
        let plain = TestRequest::post().to_http_request();
        assert_eq!(IdempotencyKey::of(&plain).unwrap().0, None);
        for bad in ["", " ", "\"\"", "two words", "ñ", &"x".repeat(MAX_KEY_BYTES + 1)] {
            assert!(keyed("/v1/a", bad, 1).is_err(), "{bad}");
        }
        assert!(keyed("/v1/a", &"x".repeat(MAX_KEY_BYTES), 1).is_ok());
    }

    #[test]
    fn reading_a_key_before_the_body_is_an_internal_error() {
        let request = TestRequest::post().insert_header((KEY, "k")).to_http_request();
        assert!(matches!(IdempotencyKey::of(&request), Err(ApiError::Internal(_))));
    }
}
