//! Remote control of the stand-in under `/_control/…`, for tests and tools in other processes.

use actix_web::{HttpResponse, web};
use serde_json::{Value, json};

use crate::openai::{
    faults::{Fault, FaultId},
    scripts::Script,
    state::State,
};

/// Mounts the remote control.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/_control", web::delete().to(reset))
        .route("/_control/state", web::get().to(state_view))
        .route("/_control/calls", web::get().to(calls))
        .route("/_control/faults", web::get().to(faults))
        .route("/_control/faults", web::post().to(arm))
        .route("/_control/faults/{id}", web::delete().to(lift))
        .route("/_control/scripts", web::post().to(script))
        .route("/_control/files/{id}", web::delete().to(delete_file));
}

async fn reset(state: web::Data<State>) -> HttpResponse {
    state.reset();
    HttpResponse::NoContent().finish()
}

async fn state_view(state: web::Data<State>) -> HttpResponse {
    let counters = state.store().counters;
    HttpResponse::Ok().json(json!({ "counters": counters, "inventory": state.inventory() }))
}

async fn calls(state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "calls": state.requests.all() }))
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

async fn lift(state: web::Data<State>, id: web::Path<u64>) -> HttpResponse {
    state.faults.lift(FaultId(*id));
    HttpResponse::NoContent().finish()
}

async fn script(state: web::Data<State>, script: web::Json<Script>) -> HttpResponse {
    state.store().scripts.push_back(script.into_inner());
    HttpResponse::NoContent().finish()
}

async fn delete_file(state: web::Data<State>, id: web::Path<String>) -> HttpResponse {
    let was_there = state.delete_file(&id);
    if was_there { HttpResponse::NoContent().finish() } else { HttpResponse::NotFound().finish() }
}
