//! Regenerates the last reply of a conversation.

use actix_web::{HttpRequest, post, web};
use ignacio_domain::ids::MessageId;
use ignacio_persistence::UserScope;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::auth::Caller;
use crate::extract::{OptionalJson, PathId};
use crate::flows::idempotency::{Creation, IdempotencyKey};
use crate::flows::new_version;
use crate::problem::{ApiError, Problem};
use crate::request_context::RequestContext;
use crate::responders::Created;
use crate::sse::{self, ReplyResponse};
use crate::state::AppState;
use crate::views::message::RegeneratedView;

/// How to generate the reply.
#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegenerateReply {
    /// The model to use; by default the first one of `GET /v1/me/usage`.
    #[schema(max_length = 100)]
    model: Option<String>,
}

/// Regenerates the last reply.
///
/// The id is that of the last reply, or of the last question if its reply is incomplete. The new
/// reply replaces the old one, which stays as an earlier version. The response is like that of
/// posting a message.
#[utoipa::path(
    tag = "messages",
    params(
        ("id" = Uuid, Path, description = "The reply"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
    ),
    request_body = Option<RegenerateReply>,
    responses(
        (status = CREATED, body = RegeneratedView, headers(
            ("Location" = String, description = "The reply"),
        )),
        (status = OK, description = "The reply's events", content_type = "text/event-stream",
            body = String),
        (status = NOT_FOUND, response = Problem),
        (status = NOT_ACCEPTABLE, response = Problem),
        (status = CONFLICT, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
        (status = TOO_MANY_REQUESTS, response = Problem),
    ),
)]
#[post("/messages/{id}/responses")]
#[tracing::instrument(skip_all, fields(message.id = %*id))]
pub(crate) async fn regenerate_reply(
    caller: Caller,
    id: PathId<MessageId>,
    OptionalJson(body): OptionalJson<RegenerateReply>,
    context: RequestContext,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<ReplyResponse, ApiError> {
    let format = sse::response_format(&request, &state)?;
    let key = IdempotencyKey::of(&request)?;

    let scope = state.db.begin(caller.session()).await?;
    let work = async |scope: UserScope| {
        let model = body.model.as_deref();
        let regenerated = new_version::regenerate(&state, &scope, *id, model).await?;
        let conversation = Some(regenerated.reply.conversation);
        let location = format!("/v1/messages/{}", regenerated.reply.id);
        let created = Created { location, view: RegeneratedView::from(regenerated) };
        Ok(Creation { scope, created, conversation })
    };
    let response = key.run(scope, work).await?;

    Ok(sse::started(&state, &caller, &context, format, response))
}
