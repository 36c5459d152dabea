//! Requests that make something and may come again: `Idempotency-Key`
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! The answer is kept in the transaction that makes the thing, so whoever asks again, of whatever
//! replica and after whatever crash, gets the same answer or makes the thing for the first time.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use ignacio_domain::ids::{ConversationId, ResponseId};
use ignacio_persistence::{IdempotencyKeys, IdempotentRequest, KeyState, StoredResponse};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::answer::Created;
use crate::extract::BodyDigest;
use crate::negotiate::Form;
use crate::problem::{ApiError, Malformed};

const KEY: &str = "idempotency-key";
const MAX_KEY_BYTES: usize = 255;

/// A request with or without a key.
#[derive(Clone, Copy)]
pub(crate) struct Once(Option<IdempotentRequest>);

impl Once {
    /// Reads the key of a request whose body has been read.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        let Some(value) = request.headers().get(KEY) else { return Ok(Self(None)) };
        let text = value.to_str().unwrap_or_default().trim();
        // The draft writes it as a string in quotes, most clients do not.
        let key = text.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(text);
        let is_good =
            (1..=MAX_KEY_BYTES).contains(&key.len()) && key.bytes().all(|it| it.is_ascii_graphic());
        if !is_good {
            return Err(ApiError::Malformed(Malformed::IdempotencyKey));
        }
        let mut asked = Sha256::new();
        asked.update(request.method().as_str());
        asked.update([0]);
        asked.update(request.uri().to_string());
        asked.update([0]);
        match request.extensions().get::<BodyDigest>() {
            Some(BodyDigest(body)) => asked.update(body),
            // A stream is known by its length.
            None => asked.update(
                request.headers().get(header::CONTENT_LENGTH).map_or(&[][..], |it| it.as_bytes()),
            ),
        }
        let key = Sha256::digest(key.as_bytes()).into();
        Ok(Self(Some(IdempotentRequest { key, request: asked.finalize().into() })))
    }

    /// Whether there is a key.
    pub(crate) const fn is_keyed(&self) -> bool {
        self.0.is_some()
    }

    /// The answer that was given before. Without one the request is the first: go on in the same
    /// scope.
    pub(crate) async fn before(
        &self,
        repeats: IdempotencyKeys<'_>,
    ) -> Result<Option<Repeated>, ApiError> {
        let Some(key) = &self.0 else { return Ok(None) };
        match repeats.claim(key).await? {
            KeyState::Fresh => Ok(None),
            KeyState::StoredResponse(answer) => Ok(Some(Repeated(answer))),
            KeyState::UnderWay => Err(ApiError::UnderWay),
            KeyState::OtherRequest => Err(ApiError::KeyReused),
        }
    }

    /// The same for a request of several scopes, without claiming the key yet.
    pub(crate) async fn answered(
        &self,
        repeats: IdempotencyKeys<'_>,
    ) -> Result<Option<Repeated>, ApiError> {
        let Some(key) = &self.0 else { return Ok(None) };
        match repeats.find(key).await? {
            None | Some(KeyState::Fresh) => Ok(None),
            Some(KeyState::StoredResponse(answer)) => Ok(Some(Repeated(answer))),
            Some(KeyState::UnderWay) => Err(ApiError::UnderWay),
            Some(KeyState::OtherRequest) => Err(ApiError::KeyReused),
        }
    }

    /// Claims the key for a request of several scopes, until it is answered or let go.
    pub(crate) async fn hold(&self, repeats: IdempotencyKeys<'_>) -> Result<(), ApiError> {
        let Some(key) = &self.0 else { return Ok(()) };
        match repeats.claim(key).await? {
            KeyState::Fresh => Ok(repeats.hold(key).await?),
            KeyState::OtherRequest => Err(ApiError::KeyReused),
            // Who asks again gets the answer.
            KeyState::UnderWay | KeyState::StoredResponse(_) => Err(ApiError::UnderWay),
        }
    }

    /// Lets a held key go: nothing was made.
    pub(crate) async fn let_go(&self, repeats: IdempotencyKeys<'_>) -> Result<(), ApiError> {
        match &self.0 {
            Some(key) => Ok(repeats.let_go(key).await?),
            None => Ok(()),
        }
    }

    /// Keeps the answer, if there is a key, and gives it; it goes with the conversation, when one is
    /// named. To be called last in the scope.
    pub(crate) async fn keep<T: Serialize>(
        &self,
        repeats: IdempotencyKeys<'_>,
        conversation: Option<ConversationId>,
        created: Created<T>,
    ) -> Result<HttpResponse, ApiError> {
        let answer = self.note(repeats, conversation, &created).await?;
        Ok(told(answer))
    }

    /// Keeps the answer, if there is a key, for somebody else to give.
    pub(crate) async fn note<T: Serialize>(
        &self,
        repeats: IdempotencyKeys<'_>,
        conversation: Option<ConversationId>,
        created: &Created<T>,
    ) -> Result<StoredResponse, ApiError> {
        let body = serde_json::to_string(&created.view).map_err(ApiError::internal)?;
        let status = StatusCode::CREATED.as_u16();
        let answer = StoredResponse { status, location: Some(created.location.clone()), body };
        if let Some(key) = &self.0 {
            repeats.keep(key, conversation, &answer).await?;
        }
        Ok(answer)
    }
}

/// An answer that was given before.
pub(crate) struct Repeated(StoredResponse);

impl Repeated {
    /// The same answer.
    pub(crate) fn again(self) -> HttpResponse {
        let mut answer = told(self.0);
        let name = header::HeaderName::from_static("idempotency-replayed");
        answer.headers_mut().insert(name, header::HeaderValue::from_static("true"));
        answer
    }

    /// The same answer, or the events of the reply that was asked for then.
    pub(crate) fn in_form(
        self,
        form: Form,
        follow: impl FnOnce(ResponseId) -> HttpResponse,
    ) -> HttpResponse {
        match (form, self.response()) {
            (Form::Events, Some(response)) => follow(response),
            _ => self.again(),
        }
    }

    fn response(&self) -> Option<ResponseId> {
        let body: serde_json::Value = serde_json::from_str(&self.0.body).ok()?;
        let id = body.pointer("/response/id")?.as_str()?;
        Uuid::parse_str(id).ok().map(ResponseId::from_uuid)
    }
}

fn told(answer: StoredResponse) -> HttpResponse {
    let mut told = HttpResponse::Created();
    if let Some(location) = answer.location {
        told.insert_header((header::LOCATION, location));
    }
    told.content_type("application/json").body(answer.body)
}

#[cfg(test)]
mod tests {
    //! A key is read as it should be, and the request that it stands for is the whole request.

    use actix_web::test::TestRequest;

    use super::*;

    fn once(uri: &str, key: &str, body: u8) -> Result<Option<IdempotentRequest>, ApiError> {
        let request = TestRequest::post().uri(uri).insert_header((KEY, key)).to_http_request();
        request.extensions_mut().insert(BodyDigest([body; 32]));
        Once::of(&request).map(|it| it.0)
    }

    #[test]
    fn a_key_stands_for_the_whole_request() {
        let first = once("/v1/a", "k", 1).unwrap().unwrap();
        assert_eq!(once("/v1/a", "\"k\"", 1).unwrap(), Some(first), "quotes do not matter");
        let other_key = once("/v1/a", "K", 1).unwrap().unwrap();
        assert_eq!(first.request, other_key.request);
        assert_ne!(first.key, other_key.key);
        for other in [once("/v1/b", "k", 1), once("/v1/a?x", "k", 1), once("/v1/a", "k", 2)] {
            let other = other.unwrap().unwrap();
            assert_eq!(other.key, first.key);
            assert_ne!(other.request, first.request);
        }
    }

    #[test]
    fn no_key_is_fine_and_a_bad_one_is_not() {
        let plain = TestRequest::post().to_http_request();
        assert_eq!(Once::of(&plain).unwrap().0, None);
        for bad in ["", " ", "\"\"", "two words", "ñ", &"x".repeat(MAX_KEY_BYTES + 1)] {
            assert!(once("/v1/a", bad, 1).is_err(), "{bad}");
        }
        assert!(once("/v1/a", &"x".repeat(MAX_KEY_BYTES), 1).is_ok());
    }
}
