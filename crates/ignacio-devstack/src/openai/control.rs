//! Remote control of the stand-in under `/_control/…`, for tests and tools in other processes.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

use crate::openai::{
    faults::{Fault, FaultId},
    scripts::Script,
    state::State,
};

#[derive(Debug, Deserialize)]
struct Advance {
    seconds: u64,
}

/// Mounts the remote control.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/_control", web::delete().to(reset))
        .route("/_control/state", web::get().to(state_view))
        .route("/_control/calls", web::get().to(calls))
        .route("/_control/calls", web::delete().to(clear_calls))
        .route("/_control/faults", web::get().to(faults))
        .route("/_control/faults", web::post().to(arm))
        .route("/_control/faults", web::delete().to(lift_all))
        .route("/_control/faults/{id}", web::delete().to(lift))
        .route("/_control/scripts", web::post().to(script))
        .route("/_control/clock", web::post().to(advance))
        .route("/_control/files/{id}", web::delete().to(delete_file))
        .route("/_control/vector_stores/{id}", web::delete().to(delete_store))
        .route("/_control/responses/{id}", web::delete().to(delete_response));
}

async fn reset(state: web::Data<State>) -> HttpResponse {
    state.reset();
    HttpResponse::NoContent().finish()
}

async fn state_view(state: web::Data<State>) -> HttpResponse {
    let counters = state.store().counters;
    HttpResponse::Ok().json(json!({ "counters": counters, "leftovers": state.leftovers() }))
}

async fn calls(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "calls": state.requests.all() }))
}

async fn clear_calls(state: web::Data<State>) -> HttpResponse {
    state.requests.clear();
    HttpResponse::NoContent().finish()
}

async fn faults(state: web::Data<State>) -> HttpResponse {
    let view = |(id, fault): (FaultId, Fault)| {
        let mut view = json!(fault);
        if let Some(fields) = view.as_object_mut() {
            fields.insert("id".to_owned(), json!(id));
        }
        view
    };
    let armed: Vec<Value> = state.faults.armed().into_iter().map(view).collect();
    HttpResponse::Ok().json(json!({ "faults": armed }))
}

async fn arm(state: web::Data<State>, fault: web::Json<Fault>) -> HttpResponse {
    HttpResponse::Created().json(json!({ "id": state.faults.arm(fault.into_inner()) }))
}

async fn lift_all(state: web::Data<State>) -> HttpResponse {
    state.faults.clear();
    HttpResponse::NoContent().finish()
}

async fn lift(state: web::Data<State>, id: web::Path<u64>) -> HttpResponse {
    state.faults.lift(FaultId(*id));
    HttpResponse::NoContent().finish()
}

async fn script(state: web::Data<State>, script: web::Json<Script>) -> HttpResponse {
    state.store().scripts.push_back(script.into_inner());
    HttpResponse::NoContent().finish()
}

async fn advance(state: web::Data<State>, advance: web::Json<Advance>) -> HttpResponse {
    state.advance(Duration::from_secs(advance.seconds));
    HttpResponse::NoContent().finish()
}

async fn delete_file(state: web::Data<State>, id: web::Path<String>) -> HttpResponse {
    deleted(state.delete_file(&id))
}

async fn delete_store(state: web::Data<State>, id: web::Path<String>) -> HttpResponse {
    deleted(state.delete_vector_store(&id))
}

async fn delete_response(state: web::Data<State>, id: web::Path<String>) -> HttpResponse {
    deleted(state.delete_run(&id).is_ok())
}

fn deleted(was_there: bool) -> HttpResponse {
    if was_there { HttpResponse::NoContent().finish() } else { HttpResponse::NotFound().finish() }
}
