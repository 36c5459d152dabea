//! Every request passes here: it is recorded, and faults take their toll.

use std::{io, rc::Rc};

use actix_web::{
    Error, HttpMessage as _, HttpRequest, HttpResponse, ResponseError as _,
    body::{BodyStream, BoxBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
    middleware::Next,
    web,
};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use serde_json::{Map, Value};

use crate::openai::{
    calls::{has_key, is_json, purpose},
    desk::{Indexing, Taken, Twists, text_of},
    faults::{Effect, Probe},
    refusal::Refusal,
    world::World,
};

/// What the handlers learn from the gate.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// The number of the recorded call.
    pub(crate) call: u64,
    /// What is to happen to the response that is generated.
    pub(crate) twists: Twists,
    /// What is to happen to the file that is added to a store.
    pub(crate) indexing: Option<Indexing>,
    body: Body,
}

/// The body of a request, as far as the gate reads it.
#[derive(Clone, Debug)]
enum Body {
    /// No JSON: left for the handler.
    Other,
    /// JSON was promised but did not come.
    Malformed,
    /// JSON.
    Json(Value),
}

impl Body {
    async fn of(request: &mut ServiceRequest) -> Self {
        if !is_json(request) {
            return Self::Other;
        }
        let Ok(bytes) = request.extract::<Bytes>().await else { return Self::Malformed };
        serde_json::from_slice(&bytes).map_or(Self::Malformed, Self::Json)
    }

    fn json(&self) -> Option<&Value> {
        if let Self::Json(value) = self { Some(value) } else { None }
    }
}

impl Arrival {
    /// What the gate noted about a request.
    pub(crate) fn of(request: &HttpRequest) -> Option<Rc<Self>> {
        request.extensions().get::<Rc<Self>>().map(Rc::clone)
    }

    /// The fields of a JSON body.
    pub(crate) fn fields(request: &HttpRequest) -> Result<Map<String, Value>, Refusal> {
        match Self::of(request).map(|it| it.body.clone()) {
            Some(Body::Json(Value::Object(fields))) => Ok(fields),
            Some(Body::Json(_) | Body::Malformed) => {
                Err(Refusal::bad("We could not parse the JSON body of your request."))
            }
            _ => {
                let message = "Unsupported content type. This API method only accepts \
                               'application/json' requests.";
                Err(Refusal::bad(message).code("unsupported_content_type"))
            }
        }
    }

    /// The fields of a JSON body that may be missing.
    pub(crate) fn optional_fields(request: &HttpRequest) -> Result<Map<String, Value>, Refusal> {
        match Self::of(request).map(|it| it.body.clone()) {
            None | Some(Body::Other) => Ok(Map::new()),
            Some(_) => Self::fields(request),
        }
    }
}

/// The middleware.
pub(crate) async fn gate(
    world: web::Data<World>,
    mut request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if request.path().starts_with("/_control") {
        return next.call(request).await;
    }
    let world = world.into_inner();
    let body = Body::of(&mut request).await;
    let (call, request_id) = world.ledger.begin(&request, body.json());
    world.touch();
    let mut taken = Taken::default();
    if has_key(&request) {
        let text = text_of(body.json());
        let probe = Probe {
            method: request.method().as_str(),
            path: request.path(),
            body: &text,
            is_small_job: body.json().and_then(purpose).is_some(),
        };
        taken = world.desk.take(&probe);
        world.ledger.note(call, |it| it.faults.clone_from(&taken.names));
    }
    let (twists, indexing) = (taken.twists.clone(), taken.indexing.clone());
    request.extensions_mut().insert(Rc::new(Arrival { call, twists, indexing, body }));
    let mut response = answer(request, &taken, next).await?;
    for hold in &taken.stalls {
        world.desk.hold(*hold).await;
    }
    let headers = response.headers_mut();
    headers
        .insert(HeaderName::from_static("openai-version"), HeaderValue::from_static("2020-10-01"));
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    world.ledger.note(call, |it| it.status = Some(response.status().as_u16()));
    world.touch();
    if taken.shape.is_plain() {
        return Ok(response);
    }
    Ok(response.map_body(|_, body| taken.shape.apply(body, world)))
}

/// The answer of a fault, of the guard at the door, or of the handler.
async fn answer(
    mut request: ServiceRequest,
    taken: &Taken,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if !has_key(&request) {
        drain(&mut request).await;
        return Ok(request.into_response(Refusal::no_key().error_response()));
    }
    let Some(effect) = &taken.answer else {
        let response = next.call(request).await;
        return Ok(response?.map_into_boxed_body());
    };
    drain(&mut request).await;
    Ok(request.into_response(instead(effect)))
}

/// Reads what the client still sends, so that it gets to hear the answer.
async fn drain(request: &mut ServiceRequest) {
    let mut payload = request.take_payload();
    while let Some(Ok(_)) = payload.next().await {}
}

fn instead(effect: &Effect) -> HttpResponse {
    let Effect::Status { status, body, retry_after } = effect else {
        // An error before the first byte closes the connection, and not even the head goes out.
        let error = io::Error::new(io::ErrorKind::ConnectionAborted, "closed by a fault");
        let nothing = stream::iter([Err::<Bytes, io::Error>(error)]);
        return HttpResponse::Ok().body(BodyStream::new(nothing));
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
