//! Responses: create, fetch, join again, cancel, delete, list the input, count tokens.

use std::{rc::Rc, sync::Arc};

use actix_web::web::{Path, ReqData};
use serde::Deserialize;
use serde_json::json;

use crate::{
    loopback::merged,
    openai::{
        api_error::ApiError,
        generation,
        middleware::RequestContext,
        paging::{Query, page, params},
        response_request::ResponseRequest,
        routes::{ApiResult, Data, deleted, ok},
        run::{Outcome, Run},
        stream::{CancelOnDrop, follow},
    },
};

/// The stream of a response can be joined for this many seconds.
const JOINABLE: i64 = 300;

/// `POST /v1/responses`.
pub(crate) async fn create(state: Data, context: ReqData<Rc<RequestContext>>) -> ApiResult {
    let state = state.into_inner();
    let request = ResponseRequest::parse(context.body()?)?;
    let run = generation::start(&state, request, context.faults.clone())?;
    let guard = (!run.request.is_background).then(|| CancelOnDrop { state, run: Arc::clone(&run) });
    if run.request.is_streamed {
        return Ok(follow(run, 0, guard));
    }
    if guard.is_some() {
        run.ended().await;
    }
    ok(run.object())
}

#[derive(Deserialize)]
struct FetchQuery {
    stream: Option<bool>,
    starting_after: Option<usize>,
}

/// `GET /v1/responses/{id}`, with `stream=true` as a stream from `starting_after` on.
pub(crate) async fn find(state: Data, id: Path<String>, query: Query) -> ApiResult {
    let run = state.run(&id)?;
    let FetchQuery { stream, starting_after } = params(&query)?;
    if stream != Some(true) {
        return ok(run.object());
    }
    check_joinable(&run, state.now())?;
    Ok(follow(run, starting_after.map_or(0, |it| it + 1), None))
}

fn check_joinable(run: &Run, now: i64) -> Result<(), ApiError> {
    if !run.request.is_background || !run.request.is_streamed {
        let message = "This response cannot be streamed because it was not created with \
                       background=true and stream=true.";
        return Err(ApiError::bad_request(message));
    }
    if now - run.created_at > JOINABLE {
        let message = "This response can no longer be streamed because it is more than 5 minutes \
                       old.";
        return Err(ApiError::bad_request(message));
    }
    Ok(())
}

/// `POST /v1/responses/{id}/cancel`. A response that is over comes back as it is.
pub(crate) async fn cancel(state: Data, id: Path<String>) -> ApiResult {
    let run = state.run(&id)?;
    if !run.request.is_background {
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
    deleted(&id, "response")
}

/// `GET /v1/responses/{id}/input_items`.
pub(crate) async fn input_items(state: Data, id: Path<String>, query: Query) -> ApiResult {
    ok(page::<100>(state.run(&id)?.request.items.clone(), &query, 20)?)
}

/// `POST /v1/responses/input_tokens`.
pub(crate) async fn count_tokens(state: Data, context: ReqData<Rc<RequestContext>>) -> ApiResult {
    // Everything may be left out here.
    let request = merged(json!({ "model": "any", "input": [] }), context.body()?);
    let request = ResponseRequest::parse(request)?;
    let usage = generation::usage(&request, generation::previous(&state, &request)?.as_deref());
    ok(json!({ "object": "response.input_tokens", "input_tokens": usage.input }))
}
