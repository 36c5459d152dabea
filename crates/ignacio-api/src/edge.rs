//! The outermost layer: gives each request its id and language, writes the problems, sets the
//! headers that every answer has, and counts and logs what was answered.

mod client_address;
mod context;
mod headers;
mod record;

use actix_web::body::{BodySize, BoxBody, MessageBody, SizedStream};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpResponse};
use bytes::Bytes;
use futures_util::stream;
use tracing::Instrument as _;

pub(crate) use self::client_address::ClientAddress;
pub(crate) use self::context::RequestContext;
use self::record::Record;
use crate::problem::ApiError;

/// Wraps the whole application.
pub(crate) async fn edge(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let record = Record::start(&request);
    let context = RequestContext::of(&request);
    let span = tracing::info_span!("http", request.id = %context.request_id);
    let is_head = read_head_as_get(&mut request);
    request.extensions_mut().insert(context.clone());

    async move {
        let (request, answer) = next.call(request).await?.map_into_boxed_body().into_parts();
        let mut answer = tell_problem(answer, &context);
        if is_head {
            answer = without_body(answer);
        }
        headers::complete(answer.headers_mut(), &context);
        record.finish(&request, answer.status());
        Ok(ServiceResponse::new(request, answer))
    }
    .instrument(span)
    .await
}

/// A HEAD is answered by whoever answers the GET; true when the body must be dropped.
fn read_head_as_get(request: &mut ServiceRequest) -> bool {
    let is_head = request.method() == Method::HEAD;
    if is_head {
        request.head_mut().method = Method::GET;
    }
    is_head
}

/// Writes the problem of a refused or failed request, whoever refused it.
fn tell_problem(answer: HttpResponse, context: &RequestContext) -> HttpResponse {
    let status = answer.status();
    if !status.is_client_error() && !status.is_server_error() {
        return answer;
    }
    let told = if let Some(error) = answer.error().and_then(|it| it.as_error::<ApiError>()) {
        error.log();
        error.answer(context)
    } else {
        let error = ApiError::of_framework(status);
        error.log();
        error.answer(context)
    };
    with_headers_of(&answer, told)
}

/// Keeps what inner layers (CORS) have set, apart from what describes the body that is gone.
fn with_headers_of(from: &HttpResponse, mut to: HttpResponse) -> HttpResponse {
    for (name, value) in from.headers() {
        let describes_body = *name == header::CONTENT_TYPE || *name == header::CONTENT_LENGTH;
        if !describes_body && (*name == header::VARY || !to.headers().contains_key(name)) {
            to.headers_mut().append(name.clone(), value.clone());
        }
    }
    to
}

/// The same head with no body behind it; the length stays what the GET would send.
fn without_body(answer: HttpResponse) -> HttpResponse {
    answer.map_body(|_, body| match body.size() {
        BodySize::Sized(length) => {
            BoxBody::new(SizedStream::new(length, stream::empty::<Result<Bytes, Error>>()))
        }
        BodySize::None | BodySize::Stream => BoxBody::new(()),
    })
}
