//! Edits the last question of a conversation.

use actix_web::{HttpRequest, post, web};
use ignacio_domain::ids::MessageId;
use ignacio_persistence::UserScope;

use crate::auth::Caller;
use crate::extract::{PathId, ValidJson};
use crate::flows::idempotency::{Creation, IdempotencyKey};
use crate::flows::new_version;
use crate::flows::post_message::PostMessage;
use crate::problem::{ApiError, Problem};
use crate::request_context::RequestContext;
use crate::responders::Created;
use crate::sse::{self, ReplyResponse};
use crate::state::AppState;
use crate::views::message::PostedView;

/// Edits the last question.
///
/// The id is that of the caller's last message. The edited message and a new reply replace it and
/// its reply, which stay as earlier versions. The response is like that of posting a message.
#[utoipa::path(
    tag = "messages",
    params(
        ("id" = Uuid, Path, description = "The caller's message"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes the request safe to repeat"),
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
#[tracing::instrument(skip_all, fields(message.id = %*id))]
pub(crate) async fn edit_message(
    caller: Caller,
    id: PathId<MessageId>,
    ValidJson(body): ValidJson<PostMessage>,
    context: RequestContext,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<ReplyResponse, ApiError> {
    let format = sse::response_format(&request, &state)?;
    let key = IdempotencyKey::of(&request)?;
    let (message, model) = body.parse("")?;

    let scope = state.db.begin(caller.session()).await?;
    let work = async |scope: UserScope| {
        let posted = new_version::edit(&state, &scope, *id, &message, model.as_deref()).await?;
        let conversation = Some(posted.message.conversation);
        let location = format!("/v1/messages/{}", posted.message.id);
        let created = Created { location, view: PostedView::from(posted) };
        Ok(Creation { scope, created, conversation })
    };
    let response = key.run(scope, work).await?;

    Ok(sse::started(&state, &caller, &context, format, response))
}
