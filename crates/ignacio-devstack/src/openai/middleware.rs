//! Logs every request, checks that it has a key, and applies the faults that hit it.

use std::rc::Rc;

use actix_web::{
    Error, HttpMessage as _, HttpResponse, ResponseError as _,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
    middleware::Next,
    web,
};
use bytes::Bytes;
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    http_server,
    openai::{
        api_error::{ApiError, parse},
        body_faults,
        fault_injector::RequestFaults,
        faults::{Effect, RequestView},
        request_log::{has_key, is_json},
        response_request::purpose,
        state::State,
    },
};

const NO_KEY: &str = "You didn't provide an API key. You need to provide your API key in an \
                      Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).";

/// What the handlers learn from the middleware.
#[derive(Debug)]
pub(crate) struct RequestContext {
    /// The number of the logged call.
    pub(crate) call: u64,
    pub(crate) faults: RequestFaults,
    /// `None` where the body is no JSON; `Err` where JSON was promised and did not come.
    body: Option<Result<Value, ()>>,
}

impl RequestContext {
    /// The JSON body, which is an object.
    pub(crate) fn body(&self) -> Result<Value, ApiError> {
        match &self.body {
            Some(Ok(body)) if body.is_object() => Ok(body.clone()),
            Some(_) => {
                Err(ApiError::bad_request("We could not parse the JSON body of your request."))
            }
            None => {
                let message = "Unsupported content type. This API method only accepts \
                               'application/json' requests.";
                Err(ApiError::bad_request(message).code("unsupported_content_type"))
            }
        }
    }

    /// What the JSON body says.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        parse(self.body()?)
    }
}

/// The middleware.
pub(crate) async fn intercept(
    state: web::Data<State>,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if request.path().starts_with("/_control") {
        return next.call(request).await;
    }
    let state = state.into_inner();
    let body = read_json(&mut request).await;
    let json = body.as_ref().and_then(|it| it.as_ref().ok());
    let (call, request_id) = state.requests.begin(&request, json);
    state.notify();
    let mut faults = RequestFaults::default();
    if has_key(&request) {
        faults = state.faults.take(&RequestView {
            method: request.method().as_str(),
            path: request.path(),
            body: &json.map(Value::to_string).unwrap_or_default(),
            is_follow_up: json.and_then(purpose).is_some(),
        });
        state.requests.update(call, |it| it.faults = faults.names());
    }
    let context = Rc::new(RequestContext { call, faults, body });
    request.extensions_mut().insert(Rc::clone(&context));
    let mut response = answer(request, &context.faults, next).await?;
    for (id, _) in context.faults.iter().filter(|(_, it)| **it == Effect::StallHeaders) {
        state.faults.lifted(id).await;
    }
    let headers = response.headers_mut();
    headers
        .insert(HeaderName::from_static("openai-version"), HeaderValue::from_static("2020-10-01"));
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    state.requests.update(call, |it| it.status = Some(response.status().as_u16()));
    state.notify();
    Ok(response.map_body(|_, body| body_faults::apply(&context.faults, body, state)))
}

async fn read_json(request: &mut ServiceRequest) -> Option<Result<Value, ()>> {
    if !is_json(request) {
        return None;
    }
    let bytes = request.extract::<Bytes>().await;
    Some(bytes.map_err(drop).and_then(|it| serde_json::from_slice(&it).map_err(drop)))
}

/// The answer of a fault, of the check for a key, or of the handler.
async fn answer(
    mut request: ServiceRequest,
    faults: &RequestFaults,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let answer = if !has_key(&request) {
        ApiError::new(StatusCode::UNAUTHORIZED, NO_KEY).error_response()
    } else if let Some(effect) = faults.answer() {
        faulty_answer(effect)
    } else {
        return next.call(request).await;
    };
    // Whoever still sends would else see a broken connection and not the answer.
    let mut payload = request.take_payload();
    while let Some(Ok(_)) = payload.next().await {}
    Ok(request.into_response(answer))
}

fn faulty_answer(effect: &Effect) -> HttpResponse {
    let Effect::Status { status, body, retry_after } = effect else {
        return http_server::broken_connection();
    };
    let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    if let Some(seconds) = retry_after {
        response.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    match body {
        Value::String(page) => response.content_type("text/html").body(page.clone()),
        json => response.json(json),
    }
}
