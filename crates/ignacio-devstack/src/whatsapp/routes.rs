//! The part of the Cloud API that the service calls, and the outbox.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Bytes, Data, Path, Query, ServiceConfig},
};
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    graph_error::GraphError,
    message::{self, Accepted, Content},
    state::{Fault, SentMessage, Shared, WhatsAppCall, with_plus},
    webhook::{new_wamid, report_by_itself},
};
use crate::{canary, loopback};

/// Mounts the routes.
pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/outbox", web::get().to(outbox))
        .route("/_media/{id}", web::get().to(download))
        .route(r"/{version:v\d+\.\d+}/{phone_number_id}/messages", web::post().to(send))
        .route(r"/{version:v\d+\.\d+}/{id}", web::get().to(describe_media))
        .default_service(web::to(elsewhere));
}

#[derive(Deserialize)]
struct OutboxQuery {
    to: Option<String>,
}

async fn outbox(query: Query<OutboxQuery>, shared: Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(shared.outbox(query.to.as_deref()))
}

async fn send(
    request: HttpRequest,
    path: Path<(String, String)>,
    body: Bytes,
    shared: Data<Shared>,
) -> HttpResponse {
    let (version, phone_number_id) = path.into_inner();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let (number, fault, down) = {
        let mut memory = shared.memory();
        let phone_number_id = phone_number_id.clone();
        memory.calls.push(WhatsAppCall {
            version,
            phone_number_id,
            body: body.clone(),
            status: None,
        });
        let down = memory.down;
        let fault = if down { None } else { memory.faults.pop_front() };
        (memory.calls.len(), fault, down)
    };
    if down {
        return broken();
    }

    let outcome = match &fault {
        Some(Fault::Hang) => return hang(&shared).await,
        Some(Fault::Refuse { status, code }) => {
            // Meta's sentences quote what they are about.
            let to = body.get("to").and_then(Value::as_str).unwrap_or_default();
            let details = format!("The message to {to} was not delivered");
            Err(GraphError::of(*status, *code, Some(&details)))
        }
        Some(Fault::LoseAnswer) | None => accept(&shared, bearer(&request), phone_number_id, &body),
    };
    if let Ok(accepted) = &outcome {
        report_by_itself(&shared, accepted);
    }
    if fault == Some(Fault::LoseAnswer) {
        return broken();
    }
    let answer = match outcome {
        Ok(accepted) => HttpResponse::Ok().json(accepted),
        Err(refusal) => refusal.answer(),
    };
    if let Some(call) = shared.memory().calls.get_mut(number - 1) {
        call.status = Some(answer.status().as_u16());
    }
    answer
}

/// Checks a request and does what it asks; gives the body of the answer.
fn accept(
    shared: &Shared,
    bearer: Option<&str>,
    phone_number_id: String,
    body: &Value,
) -> Result<Value, GraphError> {
    shared.authorise(bearer)?;
    let Accepted::Message { input, wa_id, content } = message::check(body)? else {
        return Ok(json!({ "success": true }));
    };
    let wamid = new_wamid();
    canary::note_json(body);
    canary::note(&wa_id);
    canary::note(&wamid);
    let (text, template, language, code) = match content {
        Content::Text(text) => (Some(text), None, None, None),
        Content::Template { name, language, code } => (None, Some(name), Some(language), code),
    };
    shared.memory().sent.push(SentMessage {
        to: with_plus(&wa_id),
        code,
        text,
        template,
        language,
        wamid: wamid.clone(),
        at: loopback::now(),
        phone_number_id,
    });
    Ok(json!({
        "messaging_product": "whatsapp",
        "contacts": [{ "input": input, "wa_id": wa_id }],
        "messages": [{ "id": wamid, "message_status": "accepted" }],
    }))
}

async fn describe_media(
    request: HttpRequest,
    path: Path<(String, String)>,
    shared: Data<Shared>,
) -> HttpResponse {
    let (_version, id) = path.into_inner();
    if let Err(refusal) = shared.authorise(bearer(&request)) {
        return refusal.answer();
    }
    let memory = shared.memory();
    let Some(media) = memory.media.get(&id) else {
        return GraphError::invalid("Object with this ID does not exist").answer();
    };
    HttpResponse::Ok().json(json!({
        "messaging_product": "whatsapp",
        "url": format!("{}/_media/{id}", shared.base_url),
        "mime_type": media.mime_type,
        "sha256": media.sha256(),
        "file_size": media.content.len(),
        "id": id,
    }))
}

async fn download(request: HttpRequest, id: Path<String>, shared: Data<Shared>) -> HttpResponse {
    if let Err(refusal) = shared.authorise(bearer(&request)) {
        return refusal.answer();
    }
    match shared.memory().media.get(id.as_str()) {
        Some(media) => {
            HttpResponse::Ok().content_type(media.mime_type.clone()).body(media.content.clone())
        }
        None => HttpResponse::NotFound().finish(),
    }
}

async fn elsewhere(request: HttpRequest) -> HttpResponse {
    GraphError::unknown_path(request.path()).answer()
}

/// Keeps a request without an answer until the faults are cleared.
async fn hang(shared: &Shared) -> HttpResponse {
    shared.released.notified().await;
    broken()
}

/// Breaks the connection: the body fails before its first byte, so nothing is sent at all.
fn broken() -> HttpResponse {
    let failing = stream::once(async { Err::<Bytes, _>(std::io::Error::other("taken down")) });
    HttpResponse::ServiceUnavailable().force_close().streaming(failing)
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    request.headers().get("authorization")?.to_str().ok()?.strip_prefix("Bearer ")
}
