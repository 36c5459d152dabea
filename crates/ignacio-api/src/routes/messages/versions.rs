//! New versions of the last turn.

use actix_web::{HttpRequest, post, web};
use ignacio_domain::ids::MessageId;
use ignacio_persistence::UserScope;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::auth::Caller;
use crate::edge::RequestContext;
use crate::extract::{Body, MaybeBody, PathId};
use crate::flows::idempotency::{Creation, IdempotencyKey};
use crate::flows::turn::{self, PostMessage};
use crate::flows::versions;
use crate::problem::{ApiError, Problem};
use crate::responders::Created;
use crate::sse::{self, ReplyResponse};
use crate::state::AppState;
use crate::views::message::{PostedView, RenewedView};

/// How the reply is made.
#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenewReply {
    /// The model that is to answer; the usual one unless said otherwise.
    #[schema(max_length = 100)]
    model: Option<String>,
}

/// Makes the last reply anew.
///
/// The id is the last reply's, or the last question's when it has no whole reply. The new reply
/// takes the old one's place, which stays as an earlier version. Answers like sending a message.
#[utoipa::path(
    operation_id = "renew_reply",
    tag = "messages",
    params(
        ("id" = Uuid, Path, description = "The reply"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to ask again"),
    ),
    request_body = Option<RenewReply>,
    responses(
        (status = CREATED, body = RenewedView, headers(
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
#[tracing::instrument(name = "api.messages.renew", skip_all, fields(message.id = %*id))]
pub(crate) async fn renew(
    caller: Caller,
    id: PathId<MessageId>,
    MaybeBody(body): MaybeBody<RenewReply>,
    context: RequestContext,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<ReplyResponse, ApiError> {
    let format = sse::format_of(&request, &state)?;
    let key = IdempotencyKey::of(&request)?;

    let scope = state.db.begin(caller.session()).await?;
    let work = async |scope: UserScope| {
        let wanted = turn::wanted(&state, scope.identity().role, body.model.as_deref(), "")?;
        let renewed = versions::renew(&state, &scope, *id, &wanted).await?;
        let conversation = Some(renewed.reply.conversation);
        let location = format!("/v1/messages/{}", renewed.reply.id);
        let created = Created { location, view: RenewedView::from(renewed) };
        Ok(Creation { scope, created, conversation })
    };
    let response = key.run(scope, work).await?;

    Ok(sse::started(&state, &caller, &context, format, response))
}

/// Puts the last question differently.
///
/// The id is that of the caller's last message. The new one takes its place and that of the reply
/// to it, which stay as earlier versions. Answers like sending a message.
#[utoipa::path(
    operation_id = "rewrite_message",
    tag = "messages",
    params(
        ("id" = Uuid, Path, description = "The caller's message"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes it safe to ask again"),
    ),
    request_body = PostMessage,
    responses(
        (status = CREATED, body = PostedView, headers(
            ("Location" = String, description = "The message"),
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
#[post("/messages/{id}/versions")]
#[tracing::instrument(name = "api.messages.rewrite", skip_all, fields(message.id = %*id))]
pub(crate) async fn rewrite(
    caller: Caller,
    id: PathId<MessageId>,
    Body(body): Body<PostMessage>,
    context: RequestContext,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<ReplyResponse, ApiError> {
    let format = sse::format_of(&request, &state)?;
    let key = IdempotencyKey::of(&request)?;
    let model = body.model().map(str::to_owned);
    let message = body.parse("")?;

    let scope = state.db.begin(caller.session()).await?;
    let work = async |scope: UserScope| {
        let wanted = turn::wanted(&state, scope.identity().role, model.as_deref(), "")?;
        let posted = versions::rewrite(&state, &scope, *id, &message, &wanted).await?;
        let conversation = Some(posted.message.conversation);
        let location = format!("/v1/messages/{}", posted.message.id);
        let created = Created { location, view: PostedView::from(posted) };
        Ok(Creation { scope, created, conversation })
    };
    let response = key.run(scope, work).await?;

    Ok(sse::started(&state, &caller, &context, format, response))
}
