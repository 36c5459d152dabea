//! Bodies as raw bytes.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;

use super::body::{collect, too_large};
use crate::problem::ApiError;

/// A body that is only read on request.
pub(crate) struct RawBody {
    declared: Option<usize>,
    payload: Payload,
}

impl RawBody {
    /// All of its bytes, up to a limit.
    pub(crate) async fn read(self, limit: usize) -> Result<Bytes, ApiError> {
        if self.declared.is_some_and(|length| length > limit) {
            return Err(too_large(limit));
        }
        collect(self.payload, limit).await
    }
}

impl FromRequest for RawBody {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let length = request.headers().get(header::CONTENT_LENGTH);
        let declared = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let payload = web::Payload::from_request(request, payload);
        payload
            .map(move |payload| Ok(Self { declared, payload: payload?.into_inner() }))
            .boxed_local()
    }
}

#[cfg(test)]
mod tests {
    //! The limit is exact, whether or not the length is declared.

    use actix_web::test::TestRequest;

    use super::*;

    async fn read(body: &'static [u8], declared: Option<&str>) -> Result<Bytes, ApiError> {
        let mut request = TestRequest::post().set_payload(body);
        if let Some(declared) = declared {
            request = request.insert_header(("content-length", declared));
        }
        let (request, mut payload) = request.to_http_parts();
        RawBody::from_request(&request, &mut payload).await.unwrap().read(4).await
    }

    #[actix_web::test]
    async fn bytes_are_taken_up_to_the_limit() {
        assert_eq!(read(b"\xff\0{ ", None).await.unwrap(), &b"\xff\0{ "[..]);
        assert_eq!(read(b"", None).await.unwrap(), &b""[..]);
        for (body, declared) in [(&b"12345"[..], None), (b"12345", Some("5")), (b"1", Some("5"))] {
            let refused = read(body, declared).await;
            assert!(matches!(refused, Err(ApiError::TooLarge { limit: 4 })), "{refused:?}");
        }
    }
}
