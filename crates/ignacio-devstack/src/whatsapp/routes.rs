//! The message endpoint that the service calls, the outbox, and the remote control.
//!
//! | request | body | effect |
//! |---|---|---|
//! | `GET /outbox?to=…` | – | the messages to a number, newest first |
//! | `POST /_control/faults` | `{"kind":"refuse","status":400,"code":131026,"times":2}`, `{"kind":"hang"}`, `{"kind":"lose_answer"}` | the next `times` (1) requests go wrong so |
//! | `DELETE /_control/faults` | – | ends all faults |
//! | `PUT /_control/callback` | `{"url":"http://127.0.0.1:8080/v1/webhooks/whatsapp"}` | where webhooks go |
//! | `POST /_control/webhooks/status` | `{"wamid":"wamid.…","status":"failed","code":131026}` | posts a signed status |
//! | `POST /_control/reset` | – | forgets messages, calls and faults |

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Bytes, Data, Json, Path, Query, ServiceConfig},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    graph_error::GraphError,
    message::{self, Content, Message},
    state::{Fault, SentMessage, State, WhatsAppCall},
    webhook::{WebhookStatus, report_delivery},
};
use crate::{DevstackError, http_server::broken_connection, log_leak_scan, loopback};

/// Mounts the routes.
pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .route("/outbox", web::get().to(outbox))
        .route(r"/{version:v\d+\.\d+}/{phone_number_id}/messages", web::post().to(send))
        .route("/_control/faults", web::post().to(add_faults))
        .route("/_control/faults", web::delete().to(clear_faults))
        .route("/_control/callback", web::put().to(set_callback))
        .route("/_control/webhooks/status", web::post().to(report))
        .route("/_control/reset", web::post().to(reset))
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
    let call = WhatsAppCall {
        version,
        phone_number_id: phone_number_id.clone(),
        body: body.clone(),
        status: None,
    };
    let (number, fault) = {
        let mut memory = state.memory();
        memory.calls.push(call);
        (memory.calls.len(), memory.take_fault())
    };
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
        Some(Fault::LoseAnswer) | None => accept(&state, &request, phone_number_id, &body),
    };
    if fault == Some(Fault::LoseAnswer) {
        return broken_connection();
    }
    let answer = match outcome {
        Ok(accepted) => HttpResponse::Ok().json(accepted),
        Err(error) => error.answer(),
    };
    if let Some(call) = state.memory().calls.get_mut(number - 1) {
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

#[derive(Deserialize)]
struct AddFaults {
    #[serde(flatten)]
    fault: Fault,
    times: Option<u32>,
}

async fn add_faults(body: Json<AddFaults>, state: Data<State>) -> HttpResponse {
    state.break_next(body.times.unwrap_or(1), &body.fault);
    HttpResponse::NoContent().finish()
}

async fn clear_faults(state: Data<State>) -> HttpResponse {
    state.clear_faults();
    HttpResponse::NoContent().finish()
}

#[derive(Deserialize)]
struct SetCallback {
    url: String,
}

async fn set_callback(body: Json<SetCallback>, state: Data<State>) -> HttpResponse {
    state.memory().callback = Some(body.into_inner().url);
    HttpResponse::NoContent().finish()
}

#[derive(Deserialize)]
struct Report {
    wamid: String,
    #[serde(flatten)]
    status: WebhookStatus,
}

async fn report(body: Json<Report>, state: Data<State>) -> HttpResponse {
    let answered = state.report(&body.wamid, body.status).await;
    let (status, body) = match answered {
        Ok(answered) => (StatusCode::OK, json!({ "answered": answered })),
        Err(error) => {
            let status = match error {
                DevstackError::UnknownMessage { .. } => StatusCode::NOT_FOUND,
                DevstackError::NoCallback => StatusCode::CONFLICT,
                _ => StatusCode::BAD_GATEWAY,
            };
            (status, json!({ "error": error.to_string() }))
        }
    };
    HttpResponse::build(status).json(body)
}

async fn reset(state: Data<State>) -> HttpResponse {
    state.reset();
    HttpResponse::NoContent().finish()
}
