//! The message endpoint that the service calls, and the outbox that people and tools read.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Bytes, Data, Path, Query, ServiceConfig},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    graph_error::GraphError,
    message::{self, Content, Message},
    state::{Fault, SentMessage, State, WhatsAppCall},
    webhook::report_delivery,
};
use crate::{http_server::broken_connection, log_leak_scan, loopback};

/// Mounts the routes.
pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/outbox", web::get().to(outbox))
        .route(r"/{version:v\d+\.\d+}/{phone_number_id}/messages", web::post().to(send))
        .default_service(web::to(not_found));
}

#[derive(Deserialize)]
struct OutboxQuery {
    to: Option<String>,
}

async fn outbox(query: Query<OutboxQuery>, state: Data<State>) -> HttpResponse {
    HttpResponse::Ok().json(state.outbox(query.to.as_deref()))
}

async fn send(
    request: HttpRequest,
    path: Path<(String, String)>,
    body: Bytes,
    state: Data<State>,
) -> HttpResponse {
    let (version, phone_number_id) = path.into_inner();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let call = WhatsAppCall { version, phone_number_id, body: body.clone(), status: None };
    let (number, fault) = state.record(call.clone());
    let outcome = match &fault {
        Some(Fault::Down) => return broken_connection(),
        Some(Fault::Hang) => {
            state.released.notified().await;
            return broken_connection();
        }
        Some(Fault::Refuse { status, code }) => {
            // Meta's sentences quote the number.
            let to = body.get("to").and_then(Value::as_str).unwrap_or_default();
            let details = format!("The message to {to} was not delivered");
            Err(GraphError::new(*status, *code, &details))
        }
        Some(Fault::LoseAnswer) | None => accept(&state, &request, call.phone_number_id, &body),
    };
    if fault == Some(Fault::LoseAnswer) {
        return broken_connection();
    }
    let answer = match outcome {
        Ok(accepted) => HttpResponse::Ok().json(accepted),
        Err(error) => error.answer(),
    };
    if let Some(call) = state.memory().calls.get_mut(number) {
        call.status = Some(answer.status().as_u16());
    }
    answer
}

/// Checks a request and keeps its message; returns the body of the answer.
fn accept(
    state: &Data<State>,
    request: &HttpRequest,
    phone_number_id: String,
    body: &Value,
) -> Result<Value, GraphError> {
    let header = request.headers().get("authorization").and_then(|it| it.to_str().ok());
    state.authorise(header.and_then(|it| it.strip_prefix("Bearer ")))?;
    let Message { input, wa_id, content } = message::check(body)?;
    let wamid = format!("wamid.HBgM{}", loopback::secret());
    log_leak_scan::note_json(body);
    log_leak_scan::note(&wa_id);
    log_leak_scan::note(&wamid);
    let (text, template, language, code) = match content {
        Content::Text(text) => (Some(text), None, None, None),
        Content::Template { name, language, code } => (None, Some(name), Some(language), code),
    };
    state.memory().sent.push(SentMessage {
        to: format!("+{wa_id}"),
        code,
        text,
        template,
        language,
        wamid: wamid.clone(),
        at: loopback::now(),
        phone_number_id,
    });
    if state.options.reports_by_itself {
        report_delivery(state, wamid.clone());
    }
    Ok(json!({
        "messaging_product": "whatsapp",
        "contacts": [{ "input": input, "wa_id": wa_id }],
        "messages": [{ "id": wamid, "message_status": "accepted" }],
    }))
}

async fn not_found(request: HttpRequest) -> HttpResponse {
    GraphError::new(400, 2500, &format!("Unknown path components: {}", request.path())).answer()
}
