//! New versions of the last turn.

use actix_web::{HttpRequest, HttpResponse, Responder as _, post, web};
use ignacio_domain::ids::MessageId;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::answer::Created;
use crate::auth::Caller;
use crate::edge::RequestContext;
use crate::extract::{Body, MaybeBody, PathId};
use crate::flows::turn::PostMessage;
use crate::flows::versions;
use crate::negotiate::{Form, preferred};
use crate::problem::{ApiError, Problem};
use crate::sse;
use crate::state::AppState;
use crate::views::message::{PostedView, RenewedView};

/// How the reply is made; nothing so far.
#[derive(Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RenewReply {}

/// Makes the last reply anew.
///
/// The id is the last reply's, or the last question's when it has no whole reply. The new reply
/// takes the old one's place, which stays as an earlier version. Answers like sending a message.
#[utoipa::path(
    operation_id = "renew_reply",
    tag = "messages",
    params(("id" = Uuid, Path, description = "The reply")),
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
) -> Result<HttpResponse, ApiError> {
    let form = form_of(&request, &state)?;
    let RenewReply {} = body;

    let renewed = versions::renew(&state, &caller, *id).await?;

    match form {
        Form::Events => Ok(sse::follow(&state, &caller, &context, renewed.response.id, 0)),
        Form::Json => {
            let location = format!("/v1/messages/{}", renewed.reply.id);
            Ok(Created { location, view: RenewedView::from(renewed) }.respond_to(&request))
        }
    }
}

/// Puts the last question differently.
///
/// The id is that of the caller's last message. The new one takes its place and that of the reply
/// to it, which stay as earlier versions. Answers like sending a message.
#[utoipa::path(
    operation_id = "rewrite_message",
    tag = "messages",
    params(("id" = Uuid, Path, description = "The caller's message")),
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
) -> Result<HttpResponse, ApiError> {
    let form = form_of(&request, &state)?;
    let message = body.parse("")?;

    let posted = versions::rewrite(&state, &caller, *id, &message).await?;

    match form {
        Form::Events => Ok(sse::follow(&state, &caller, &context, posted.response.id, 0)),
        Form::Json => {
            let location = format!("/v1/messages/{}", posted.message.id);
            Ok(Created { location, view: PostedView::from(posted) }.respond_to(&request))
        }
    }
}

/// How the client wants to read; nobody begins to read from a process that stops.
fn form_of(request: &HttpRequest, state: &AppState) -> Result<Form, ApiError> {
    let form = preferred(request.headers())?;
    if form == Form::Events && state.stop.is_cancelled() {
        return Err(ApiError::Draining);
    }
    Ok(form)
}
