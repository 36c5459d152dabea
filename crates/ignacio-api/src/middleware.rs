//! The middleware: one around the whole application, and two that authenticate.

mod authenticate;
mod default_headers;
mod request_log;

use actix_web::body::{BodySize, BoxBody, MessageBody, SizedStream};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpResponse};
use bytes::Bytes;
use futures_util::stream;
use tracing::Instrument as _;

pub(crate) use self::authenticate::{authenticate, require_admin};
use self::request_log::RequestLog;
use crate::problem::ApiError;
use crate::request_context::RequestContext;

/// Wraps the whole application: gives each request its context, renders problems, adds the default
/// headers, and writes the request log.
pub(crate) async fn base(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let log = RequestLog::start(&request);
    let context = RequestContext::of(&request);
    let span = tracing::info_span!("http", request.id = %context.request_id);
    let is_head = read_head_as_get(&mut request);
    request.extensions_mut().insert(context.clone());

    async move {
        let (request, response) = next.call(request).await?.map_into_boxed_body().into_parts();
        let mut response = render_problem(response, &context);
        if is_head {
            response = without_body(response);
        }
        default_headers::add(response.headers_mut(), &context);
        log.finish(&request, response.status());
        Ok(ServiceResponse::new(request, response))
    }
    .instrument(span)
    .await
}

/// Routes a HEAD request to the handler of GET; true when the body must be dropped.
fn read_head_as_get(request: &mut ServiceRequest) -> bool {
    let is_head = request.method() == Method::HEAD;
    if is_head {
        request.head_mut().method = Method::GET;
    }
    is_head
}

/// Renders a refused or failed request as a problem, whether a handler or the framework refused it.
fn render_problem(response: HttpResponse, context: &RequestContext) -> HttpResponse {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let problem = if let Some(error) = response.error().and_then(|it| it.as_error::<ApiError>()) {
        error.log();
        error.to_response(context)
    } else {
        let error = ApiError::of_framework(status);
        error.log();
        error.to_response(context)
    };
    with_headers_of(&response, problem)
}

/// Keeps the headers of inner layers (CORS), except those that describe the replaced body.
fn with_headers_of(from: &HttpResponse, mut to: HttpResponse) -> HttpResponse {
    for (name, value) in from.headers() {
        let describes_body = *name == header::CONTENT_TYPE || *name == header::CONTENT_LENGTH;
        if !describes_body && (*name == header::VARY || !to.headers().contains_key(name)) {
            to.headers_mut().append(name.clone(), value.clone());
        }
    }
    to
}

/// Drops the body, but keeps the length that the GET would have.
fn without_body(response: HttpResponse) -> HttpResponse {
    response.map_body(|_, body| match body.size() {
        BodySize::Sized(length) => {
            BoxBody::new(SizedStream::new(length, stream::empty::<Result<Bytes, Error>>()))
        }
        BodySize::None | BodySize::Stream => BoxBody::new(()),
    })
}
