//! JSON bodies: of the right type and size, in time, well-formed and valid.

use std::time::Duration;

use actix_web::body::{BodyStream, to_bytes_limited};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use validator::Validate;

use super::json;
use crate::problem::{ApiError, Malformed, Unsupported};

/// The largest JSON body, in bytes.
pub(crate) const MAX_JSON_BYTES: usize = 64 * 1024;
const DEADLINE: Duration = Duration::from_secs(30);

const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";

/// The digest of a JSON body, kept in the request's extensions for the `Idempotency-Key`.
#[derive(Clone, Copy)]
pub(crate) struct BodyDigest(pub(crate) [u8; 32]);

/// A valid JSON object.
pub(crate) struct ValidJson<T>(pub(crate) T);

/// A valid JSON object, or the default value if there is no body.
pub(crate) struct OptionalJson<T>(pub(crate) T);

/// A valid merge patch (RFC 7396); plain JSON is accepted as one.
pub(crate) struct MergePatch<T>(pub(crate) T);

impl<T: DeserializeOwned + Validate + 'static> FromRequest for ValidJson<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        read(request, payload, &[JSON]).map(|read| read.map(Self)).boxed_local()
    }
}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for MergePatch<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        read(request, payload, &[MERGE_PATCH, JSON]).map(|read| read.map(Self)).boxed_local()
    }
}

impl<T: DeserializeOwned + Validate + Default + 'static> FromRequest for OptionalJson<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_declared = request.headers().contains_key(header::CONTENT_TYPE);
        let head = if is_declared { check_head(request, &[JSON]) } else { Ok(()) };
        let (request, payload) = (request.clone(), payload.take());
        async move {
            head?;
            let body = collect_json(&request, payload).await?;
            if body.is_empty() {
                Ok(Self(T::default()))
            } else if is_declared {
                json::parse(&body).map(Self)
            } else {
                Err(ApiError::Unsupported(Unsupported::ContentType))
            }
        }
        .boxed_local()
    }
}

fn read<T: DeserializeOwned + Validate + 'static>(
    request: &HttpRequest,
    payload: &mut Payload,
    accepted: &'static [&'static str],
) -> impl Future<Output = Result<T, ApiError>> + 'static {
    let head = check_head(request, accepted);
    let payload = payload.take();
    let request = request.clone();
    async move {
        head?;
        let body = collect_json(&request, payload).await?;
        json::parse(&body)
    }
}

/// The bytes of a JSON body. Their digest goes into the request's extensions.
async fn collect_json(request: &HttpRequest, payload: Payload) -> Result<Bytes, ApiError> {
    let body = collect(payload, MAX_JSON_BYTES).await?;
    request.extensions_mut().insert(BodyDigest(Sha256::digest(&body).into()));
    Ok(body)
}

/// Checks the headers before a byte of the body is read.
fn check_head(request: &HttpRequest, accepted: &[&str]) -> Result<(), ApiError> {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let declared = text(header::CONTENT_TYPE).unwrap_or_default();
    if !is_accepted(declared, accepted) || text(header::CONTENT_ENCODING).is_some() {
        return Err(ApiError::Unsupported(Unsupported::ContentType));
    }
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > MAX_JSON_BYTES) {
        return Err(too_large(MAX_JSON_BYTES));
    }
    Ok(())
}

/// Whether a `Content-Type` is one of these, in UTF-8.
fn is_accepted(declared: &str, accepted: &[&str]) -> bool {
    let mut parts = declared.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let is_ours = accepted.iter().any(|it| essence.eq_ignore_ascii_case(it));
    is_ours
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
                value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        })
}

/// All bytes of a body, up to `limit` and within the deadline.
pub(super) async fn collect(payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    let whole = to_bytes_limited(BodyStream::new(payload), limit);
    match tokio::time::timeout(DEADLINE, whole).await {
        Err(_) => Err(ApiError::RequestTimeout),
        Ok(Err(_)) => Err(too_large(limit)),
        Ok(Ok(Err(_))) => Err(ApiError::Malformed(Malformed::Body)),
        Ok(Ok(Ok(body))) => Ok(body),
    }
}

pub(super) fn too_large(limit: usize) -> ApiError {
    ApiError::TooLarge { limit: u64::try_from(limit).unwrap_or(u64::MAX) }
}

#[cfg(test)]
mod tests {
    //! Only the declared JSON types pass, and nothing over the limit.

    use actix_web::test::TestRequest;
    use futures_util::StreamExt as _;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, Validate)]
    struct Anything {}

    async fn read_with(content_type: &str, body: Vec<u8>) -> Result<ValidJson<Anything>, ApiError> {
        let (request, mut payload) = TestRequest::post()
            .insert_header(("content-type", content_type))
            .set_payload(body)
            .to_http_parts();
        ValidJson::from_request(&request, &mut payload).await
    }

    #[test]
    fn content_types_are_compared_by_essence_and_charset() {
        for good in ["application/json", "Application/JSON; charset=UTF-8", "application/json;x=y"]
        {
            assert!(is_accepted(good, &[JSON]), "{good}");
        }
        for bad in ["", "text/plain", "application/json; charset=latin1", "application/jsonp"] {
            assert!(!is_accepted(bad, &[JSON]), "{bad}");
        }
        assert!(is_accepted("application/merge-patch+json", &[MERGE_PATCH, JSON]));
    }

    #[actix_web::test]
    async fn the_limit_is_exact() {
        let padded = |length: usize| {
            let mut body = b"{}".to_vec();
            body.resize(length, b' ');
            body
        };
        assert!(read_with("application/json", padded(MAX_JSON_BYTES)).await.is_ok());
        let over = read_with("application/json", padded(MAX_JSON_BYTES + 1)).await;
        assert!(matches!(over, Err(ApiError::TooLarge { limit: 65_536 })));
    }

    #[actix_web::test]
    async fn an_optional_body_is_json_if_present() {
        #[derive(Default, Deserialize, Validate)]
        #[serde(deny_unknown_fields)]
        struct Nothing {}

        for (content_type, body, accepted) in [
            (None, "", true),
            (Some(JSON), "", true),
            (Some(JSON), "{}", true),
            (None, "{}", false),
            (Some("text/plain"), "", false),
            (Some(JSON), r#"{"x":1}"#, false),
        ] {
            let mut request = TestRequest::post().set_payload(body);
            if let Some(content_type) = content_type {
                request = request.insert_header(("content-type", content_type));
            }
            let (request, mut payload) = request.to_http_parts();
            let read = OptionalJson::<Nothing>::from_request(&request, &mut payload).await;
            assert_eq!(read.is_ok(), accepted, "{content_type:?} {body}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_arrive_times_out() {
        let never = futures_util::stream::pending().boxed_local();
        let refused = collect(Payload::Stream { payload: never }, MAX_JSON_BYTES).await;
        assert!(matches!(refused, Err(ApiError::RequestTimeout)));
    }

    #[actix_web::test]
    async fn other_content_types_are_refused() {
        let refused = read_with("text/plain", b"{}".to_vec()).await;
        assert!(matches!(refused, Err(ApiError::Unsupported(Unsupported::ContentType))));
    }
}
