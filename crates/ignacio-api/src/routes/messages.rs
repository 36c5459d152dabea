//! Messages of the caller's conversations.

mod edit;
mod feedback;
mod regenerate;

use actix_web::{HttpRequest, get, post, web};
use ignacio_domain::ids::{ConversationId, MessageId};
use ignacio_persistence::UserScope;
use serde::Deserialize;
use utoipa::ToSchema;

pub(crate) use self::edit::edit_message;
pub(crate) use self::feedback::{put_feedback, withdraw_feedback};
pub(crate) use self::regenerate::regenerate_reply;
use crate::auth::Caller;
use crate::cursor::List;
use crate::extract::{PathId, ValidJson, ValidQuery};
use crate::flows::idempotency::{Creation, IdempotencyKey};
use crate::flows::post_message::{self as flow, PostMessage};
use crate::paging::{Paging, owned_page_view};
use crate::problem::{ApiError, Problem, ResourceKind};
use crate::request_context::RequestContext;
use crate::responders::{Created, WithEtag};
use crate::sse::{self, ReplyResponse};
use crate::state::AppState;
use crate::views::message::{MessageView, PostedView, SingleMessageView};
use crate::views::page::PageView;

/// Which versions of messages to list.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Versions {
    #[default]
    Current,
    All,
}

/// Which messages to list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListMessages {
    /// Rows per page; 50 by default.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Current versions only, or earlier ones as well.
    #[serde(default)]
    #[param(inline)]
    versions: Versions,
}

/// Lists a conversation's messages, newest first.
#[utoipa::path(
    tag = "messages",
    params(("id" = Uuid, Path, description = "The conversation"), ListMessages),
    responses(
        (status = OK, body = PageView<MessageView>),
        (status = BAD_REQUEST, response = Problem),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/conversations/{id}/messages")]
#[tracing::instrument(skip_all, fields(conversation.id = %*id))]
pub(crate) async fn list_messages(
    caller: Caller,
    id: PathId<ConversationId>,
    ValidQuery(params): ValidQuery<ListMessages>,
    state: web::Data<AppState>,
) -> Result<PageView<MessageView>, ApiError> {
    const LIST: List = List::Messages;
    let paging = Paging::read(&state.cursors, LIST, params.limit, params.cursor.as_deref())?;

    let all = params.versions == Versions::All;

    let rows =
        state.db.list_messages(caller.session(), *id, all, paging.after, paging.size).await?;

    Ok(owned_page_view(&state.cursors, LIST, rows))
}

/// Posts a message and requests a reply.
///
/// Returns JSON at once, or the stream of the reply's events to clients that prefer
/// `text/event-stream`. The reply is written either way, and any client of the caller's can follow
/// it at `/v1/responses/{id}/events`.
#[utoipa::path(
    tag = "messages",
    params(
        ("id" = Uuid, Path, description = "The conversation"),
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
#[post("/conversations/{id}/messages")]
#[tracing::instrument(skip_all, fields(conversation.id = %*id))]
pub(crate) async fn post_message(
    caller: Caller,
    id: PathId<ConversationId>,
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
        let (scope, posted) =
            flow::post(&state, &caller, scope, *id, &message, model.as_deref()).await?;
        let location = format!("/v1/messages/{}", posted.message.id);
        let created = Created { location, view: PostedView::from(posted) };
        Ok(Creation { scope, created, conversation: Some(*id) })
    };
    let response = key.run(scope, work).await?;

    Ok(sse::started(&state, &caller, &context, format, response))
}

/// Shows a message, with the response that writes or wrote it.
#[utoipa::path(
    tag = "messages",
    params(("id" = Uuid, Path, description = "The message")),
    responses(
        (status = OK, body = SingleMessageView, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "The copy that you have is current"),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/messages/{id}")]
#[tracing::instrument(skip_all, fields(message.id = %*id))]
pub(crate) async fn show_message(
    caller: Caller,
    id: PathId<MessageId>,
    state: web::Data<AppState>,
) -> Result<WithEtag<SingleMessageView>, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    let Some(message) = scope.messages().find(*id).await? else {
        return Err(ApiError::NotFound(ResourceKind::Message));
    };
    let response = match message.response {
        Some(response) => scope.responses().find(response).await?,
        None => None,
    };
    scope.commit().await?;

    Ok(WithEtag(SingleMessageView::new(message, response)))
}
