//! Responses: create, fetch, join again, cancel, delete, list the input, count tokens.

use std::sync::Arc;

use actix_web::{HttpRequest, web::Path};
use serde_json::{Value, json};

use crate::openai::{
    api_error::ApiError,
    generation,
    middleware::RequestContext,
    paging::{PageSize, Query, page},
    response_request::ResponseRequest,
    routes::{ApiResult, Data, ok},
    run::{Outcome, Run},
    stream::{CancelOnDrop, follow},
};

/// The stream of a response can be joined for so many seconds.
const JOINABLE: i64 = 300;

/// `POST /v1/responses`.
pub(crate) async fn create(state: Data, request: HttpRequest) -> ApiResult {
    let state = state.into_inner();
    let context = RequestContext::of(&request)?;
    let request = ResponseRequest::parse(context.fields()?)?;
    let run = generation::start(&state, request, context.faults.clone())?;
    let guard = (!run.is_background).then(|| CancelOnDrop { state, run: Arc::clone(&run) });
    if run.is_streamed {
        return Ok(follow(run, 0, guard));
    }
    if guard.is_some() {
        run.ended().await;
    }
    ok(run.object())
}

/// `GET /v1/responses/{id}`, with `stream=true` as a stream from `starting_after` on.
pub(crate) async fn find(state: Data, id: Path<String>, query: Query) -> ApiResult {
    let run = state.run(&id)?;
    match query.get("stream").map(String::as_str) {
        None | Some("false") => ok(run.object()),
        Some("true") => {
            check_joinable(&run, state.now())?;
            let after = query.get("starting_after").map(|it| it.parse::<usize>()).transpose();
            let after = after.map_err(|_error| {
                ApiError::invalid_value("starting_after", "Expected an integer.")
            })?;
            Ok(follow(run, after.map_or(0, |it| it + 1), None))
        }
        Some(_) => Err(ApiError::invalid_value("stream", "Expected a boolean.")),
    }
}

fn check_joinable(run: &Run, now: i64) -> Result<(), ApiError> {
    if !run.is_background || !run.is_streamed {
        let message = "This response cannot be streamed because it was not created with \
                       background=true and stream=true.";
        return Err(ApiError::bad_request(message));
    }
    if now - run.created_at > JOINABLE || run.is_over() && !run.has_events() {
        let message = "This response can no longer be streamed because it is more than 5 minutes \
                       old.";
        return Err(ApiError::bad_request(message));
    }
    Ok(())
}

/// `POST /v1/responses/{id}/cancel`. A response that is over comes back as it is.
pub(crate) async fn cancel(state: Data, id: Path<String>) -> ApiResult {
    state.store().counters.cancel_calls += 1;
    let run = state.run(&id)?;
    if !run.is_background {
        return Err(ApiError::bad_request("Cannot cancel a synchronous response."));
    }
    if state.finish_run(&run, &Outcome::Cancelled) {
        state.store().counters.cancelled += 1;
        state.notify();
    }
    ok(run.object())
}

/// `DELETE /v1/responses/{id}`.
pub(crate) async fn delete(state: Data, id: Path<String>) -> ApiResult {
    state.delete_run(&id)?;
    ok(json!({ "id": *id, "object": "response", "deleted": true }))
}

/// `GET /v1/responses/{id}/input_items`.
pub(crate) async fn input_items(state: Data, id: Path<String>, query: Query) -> ApiResult {
    let run = state.run(&id)?;
    let id = |item: &Value| item.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let entries = run.input_items.iter().map(|it| (id(it), it.clone())).collect();
    ok(page(entries, &query, &PageSize { default: 20, max: 100 })?)
}

/// `POST /v1/responses/input_tokens`.
pub(crate) async fn count_tokens(state: Data, request: HttpRequest) -> ApiResult {
    let mut fields = RequestContext::of(&request)?.fields()?;
    // Everything may be left out here.
    fields.entry("model").or_insert_with(|| json!("any"));
    fields.entry("input").or_insert_with(|| json!([]));
    let request = ResponseRequest::parse(fields)?;
    let usage = generation::usage(&request, generation::previous(&state, &request)?.as_deref());
    state.store().counters.token_counts += 1;
    let answer = json!({ "object": "response.input_tokens", "input_tokens": usage.input });
    ok(answer)
}
