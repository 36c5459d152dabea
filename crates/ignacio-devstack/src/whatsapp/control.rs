//! What a person or a script at a terminal can do: `/_control/…`.
//!
//! | request | body | effect |
//! |---|---|---|
//! | `GET calls` | – | every request to the message endpoint, oldest first |
//! | `POST faults` | `{"kind":"refuse","status":400,"code":131026,"times":2}`, `{"kind":"hang"}`, `{"kind":"lose_answer"}` | the next `times` (1) requests go wrong so |
//! | `PUT down`, `DELETE faults` | – | every connection breaks; all is well again |
//! | `PUT callback` | `{"url":"http://127.0.0.1:8080/v1/webhooks/whatsapp"}` | where webhooks go |
//! | `POST webhooks/status` | `{"wamid":"wamid.…","status":"failed","code":131026}` | posts a signed status |
//! | `POST webhooks/message` | `{"from":"+57…","type":"text","body":"Hola"}` | posts a signed message |
//! | `POST webhooks/raw` | anything | signs and posts it |
//! | `POST reset` | – | forgets messages, calls, media and faults |

use actix_web::{
    HttpResponse,
    http::StatusCode,
    web::{self, Data, Json, JsonConfig, ServiceConfig},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    state::{Fault, Shared},
    webhook::{InboundMessage, MessageStatus},
};
use crate::DevstackError;

/// Large enough for a document in base64.
const LARGEST_BODY: usize = 32 * 1024 * 1024;

/// Mounts the routes.
pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(
        web::scope("/_control")
            .app_data(JsonConfig::default().limit(LARGEST_BODY))
            .route("/calls", web::get().to(calls))
            .route("/faults", web::post().to(add_faults))
            .route("/faults", web::delete().to(clear_faults))
            .route("/down", web::put().to(take_down))
            .route("/callback", web::put().to(set_callback))
            .route("/webhooks/status", web::post().to(report))
            .route("/webhooks/message", web::post().to(receive))
            .route("/webhooks/raw", web::post().to(post_raw))
            .route("/reset", web::post().to(reset)),
    );
}

async fn calls(shared: Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().json(&shared.memory().calls)
}

#[derive(Deserialize)]
struct AddFaults {
    #[serde(flatten)]
    fault: Fault,
    #[serde(default = "once")]
    times: u32,
}

fn once() -> u32 {
    1
}

async fn add_faults(body: Json<AddFaults>, shared: Data<Shared>) -> HttpResponse {
    shared.break_next(body.times, &body.fault);
    HttpResponse::NoContent().finish()
}

async fn clear_faults(shared: Data<Shared>) -> HttpResponse {
    shared.clear_faults();
    HttpResponse::NoContent().finish()
}

async fn take_down(shared: Data<Shared>) -> HttpResponse {
    shared.memory().down = true;
    HttpResponse::NoContent().finish()
}

#[derive(Deserialize)]
struct SetCallback {
    url: String,
}

async fn set_callback(body: Json<SetCallback>, shared: Data<Shared>) -> HttpResponse {
    shared.memory().callback = Some(body.into_inner().url);
    HttpResponse::NoContent().finish()
}

#[derive(Deserialize)]
struct Report {
    wamid: String,
    #[serde(flatten)]
    status: MessageStatus,
}

async fn report(body: Json<Report>, shared: Data<Shared>) -> HttpResponse {
    let posted = shared.report(&body.wamid, body.status).await;
    answer(posted.map(|answered| json!({ "answered": answered })))
}

async fn receive(body: Json<InboundMessage>, shared: Data<Shared>) -> HttpResponse {
    let posted = shared.receive(body.into_inner()).await;
    answer(posted.map(|(wamid, answered)| json!({ "wamid": wamid, "answered": answered })))
}

async fn post_raw(body: Json<Value>, shared: Data<Shared>) -> HttpResponse {
    let posted = shared.post(&body).await;
    answer(posted.map(|answered| json!({ "answered": answered })))
}

async fn reset(shared: Data<Shared>) -> HttpResponse {
    shared.reset();
    HttpResponse::NoContent().finish()
}

/// What became of a webhook; an error's sentence says what to do.
fn answer(posted: Result<Value, DevstackError>) -> HttpResponse {
    match posted {
        Ok(body) => HttpResponse::Ok().json(body),
        Err(error) => {
            let status = match error {
                DevstackError::UnknownMessage { .. } => StatusCode::NOT_FOUND,
                DevstackError::NoCallback => StatusCode::CONFLICT,
                _ => StatusCode::BAD_GATEWAY,
            };
            HttpResponse::build(status).json(json!({ "error": error.to_string() }))
        }
    }
}
