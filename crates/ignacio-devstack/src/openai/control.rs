//! Remote control of the stand-in under `/_control/…`, for tests and tools in other processes.

use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::openai::{faults::Fault, scripts::Script, state::State};

/// Mounts the remote control.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/_control/faults", web::post().to(arm))
        .route("/_control/faults/{id}", web::delete().to(lift))
        .route("/_control/scripts", web::post().to(script));
}

async fn arm(state: web::Data<State>, fault: web::Json<Fault>) -> HttpResponse {
    HttpResponse::Created().json(json!({ "id": state.faults.arm(fault.into_inner()) }))
}

async fn lift(state: web::Data<State>, id: web::Path<u64>) -> HttpResponse {
    state.faults.lift(|it| it.0 == *id);
    HttpResponse::NoContent().finish()
}

async fn script(state: web::Data<State>, script: web::Json<Script>) -> HttpResponse {
    state.store().scripts.push_back(script.into_inner());
    HttpResponse::NoContent().finish()
}
