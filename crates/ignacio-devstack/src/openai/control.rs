//! The stand-in by remote control: `/_control/…`, for tests and tools in other processes.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

use crate::openai::{
    faults::{Fault, FaultId},
    scripts::Script,
    world::World,
};

/// How far to turn the clock forward.
#[derive(Debug, Deserialize)]
struct Advance {
    seconds: u64,
}

/// Mounts the remote control.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/_control", web::delete().to(reset))
        .route("/_control/state", web::get().to(state))
        .route("/_control/calls", web::get().to(calls))
        .route("/_control/calls", web::delete().to(clear_calls))
        .route("/_control/faults", web::get().to(faults))
        .route("/_control/faults", web::post().to(arm))
        .route("/_control/faults", web::delete().to(lift_all))
        .route("/_control/faults/{id}", web::delete().to(lift))
        .route("/_control/scripts", web::post().to(script))
        .route("/_control/clock", web::post().to(advance))
        .route("/_control/files/{id}", web::delete().to(lose_file))
        .route("/_control/vector_stores/{id}", web::delete().to(lose_store))
        .route("/_control/responses/{id}", web::delete().to(lose_response));
}

async fn reset(world: web::Data<World>) -> HttpResponse {
    world.reset();
    HttpResponse::NoContent().finish()
}

async fn state(world: web::Data<World>) -> HttpResponse {
    let counters = world.shelves().counters;
    HttpResponse::Ok().json(json!({ "counters": counters, "leftovers": world.leftovers() }))
}

async fn calls(world: web::Data<World>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "calls": world.ledger.all() }))
}

async fn clear_calls(world: web::Data<World>) -> HttpResponse {
    world.ledger.clear();
    HttpResponse::NoContent().finish()
}

async fn faults(world: web::Data<World>) -> HttpResponse {
    let armed = world.desk.armed();
    let view = |(id, fault): (FaultId, Fault)| {
        let mut view = json!(fault);
        if let Some(fields) = view.as_object_mut() {
            fields.insert("id".to_owned(), json!(id));
        }
        view
    };
    HttpResponse::Ok()
        .json(json!({ "faults": armed.into_iter().map(view).collect::<Vec<Value>>() }))
}

async fn arm(world: web::Data<World>, fault: web::Json<Fault>) -> HttpResponse {
    let id = world.desk.arm(fault.into_inner());
    HttpResponse::Created().json(json!({ "id": id }))
}

async fn lift_all(world: web::Data<World>) -> HttpResponse {
    world.desk.clear();
    HttpResponse::NoContent().finish()
}

async fn lift(world: web::Data<World>, id: web::Path<u64>) -> HttpResponse {
    world.desk.lift(FaultId(*id));
    HttpResponse::NoContent().finish()
}

async fn script(world: web::Data<World>, script: web::Json<Script>) -> HttpResponse {
    world.shelves().scripts.push_back(script.into_inner());
    HttpResponse::NoContent().finish()
}

async fn advance(world: web::Data<World>, advance: web::Json<Advance>) -> HttpResponse {
    world.advance(Duration::from_secs(advance.seconds));
    HttpResponse::NoContent().finish()
}

async fn lose_file(world: web::Data<World>, id: web::Path<String>) -> HttpResponse {
    lost(world.delete_file(&id))
}

async fn lose_store(world: web::Data<World>, id: web::Path<String>) -> HttpResponse {
    lost(world.delete_store(&id))
}

async fn lose_response(world: web::Data<World>, id: web::Path<String>) -> HttpResponse {
    lost(world.delete_run(&id).is_ok())
}

fn lost(was_there: bool) -> HttpResponse {
    if was_there { HttpResponse::NoContent().finish() } else { HttpResponse::NotFound().finish() }
}
