//! Responses: create, fetch, join again, cancel, delete, list the input, count tokens.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use crate::openai::{
    gate::Arrival,
    generation,
    paging::{Entry, Query, Sizes, page},
    refusal::Refusal,
    request::Ask,
    run::{Outcome, Run},
    stream::{Leash, follow},
    world::World,
};

/// The stream of a response can be joined for so many seconds.
const JOINABLE: i64 = 300;

/// `POST /v1/responses`.
pub(crate) async fn create(
    world: web::Data<World>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let world = world.into_inner();
    let ask = Ask::parse(Value::Object(Arrival::fields(&request)?))?;
    let is_streamed = ask.is_streamed;
    let twists = Arrival::of(&request).map(|it| it.twists.clone()).unwrap_or_default();
    let run = generation::start(&world, ask, twists)?;
    let leash = Leash::new(&world, &run);
    if is_streamed {
        return Ok(follow(run, None, leash));
    }
    if leash.is_some() {
        run.ended().await;
    }
    Ok(HttpResponse::Ok().json(run.object()))
}

/// `GET /v1/responses/{id}`, with `stream=true` as a stream from `starting_after` on.
pub(crate) async fn find(
    world: web::Data<World>,
    id: web::Path<String>,
    query: Query,
) -> Result<HttpResponse, Refusal> {
    let run = world.run(&id)?;
    match query.get("stream").map(String::as_str) {
        None | Some("false") => Ok(HttpResponse::Ok().json(run.object())),
        Some("true") => {
            check_joinable(&run, world.now())?;
            let after = query.get("starting_after").map(|it| it.parse()).transpose();
            let wrong = |_error| Refusal::wrong_type("starting_after", "an integer");
            Ok(follow(run, after.map_err(wrong)?, None))
        }
        Some(_) => Err(Refusal::wrong_type("stream", "a boolean")),
    }
}

fn check_joinable(run: &Run, now: i64) -> Result<(), Refusal> {
    if !run.is_background || !run.is_streamed {
        let message = "This response cannot be streamed because it was not created with \
                       background=true and stream=true.";
        return Err(Refusal::bad(message));
    }
    if now - run.created_at > JOINABLE || !run.is_joinable() {
        let message = "This response can no longer be streamed because it is more than 5 minutes \
                       old.";
        return Err(Refusal::bad(message));
    }
    Ok(())
}

/// `POST /v1/responses/{id}/cancel`. A response that is over comes back as it is.
pub(crate) async fn cancel(
    world: web::Data<World>,
    id: web::Path<String>,
) -> Result<HttpResponse, Refusal> {
    world.shelves().counters.cancel_calls += 1;
    let run = world.run(&id)?;
    if !run.is_background {
        return Err(Refusal::bad("Cannot cancel a synchronous response."));
    }
    if world.conclude(&run, &Outcome::Cancelled) {
        world.shelves().counters.cancelled += 1;
        world.touch();
    }
    Ok(HttpResponse::Ok().json(run.object()))
}

/// `DELETE /v1/responses/{id}`.
pub(crate) async fn delete(
    world: web::Data<World>,
    id: web::Path<String>,
) -> Result<HttpResponse, Refusal> {
    world.delete_run(&id)?;
    Ok(HttpResponse::Ok().json(json!({ "id": *id, "object": "response", "deleted": true })))
}

/// `GET /v1/responses/{id}/input_items`.
pub(crate) async fn input_items(
    world: web::Data<World>,
    id: web::Path<String>,
    query: Query,
) -> Result<HttpResponse, Refusal> {
    let run = world.run(&id)?;
    let entry = |(serial, item): (u64, &Value)| Entry {
        serial,
        id: item.get("id").and_then(Value::as_str).unwrap_or_default().to_owned(),
        view: item.clone(),
    };
    let entries = (0..).zip(&run.input_items).map(entry).collect();
    Ok(HttpResponse::Ok().json(page(entries, &query, &Sizes { usual: 20, most: 100 })?))
}

/// `POST /v1/responses/input_tokens`.
pub(crate) async fn count_tokens(
    world: web::Data<World>,
    request: HttpRequest,
) -> Result<HttpResponse, Refusal> {
    let mut fields = Arrival::fields(&request)?;
    // Everything may be left out here.
    fields.entry("model").or_insert_with(|| json!("any"));
    fields.entry("input").or_insert_with(|| json!([]));
    let count = generation::count(&world, &Ask::parse(Value::Object(fields))?)?;
    world.shelves().counters.token_counts += 1;
    let answer = json!({ "object": "response.input_tokens", "input_tokens": count });
    Ok(HttpResponse::Ok().json(answer))
}
