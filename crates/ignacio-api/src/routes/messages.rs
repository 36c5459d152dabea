//! Messages: reading them, sending one, making new versions, and saying what one thinks of them.

mod feedback;
mod versions;

use actix_web::{HttpRequest, get, post, web};
use ignacio_domain::ids::{ConversationId, MessageId};
use ignacio_persistence::UserScope;
use serde::Deserialize;
use utoipa::ToSchema;

pub(crate) use self::feedback::{put_feedback, withdraw_feedback};
pub(crate) use self::versions::{renew, rewrite};
use crate::auth::Caller;
use crate::cursor::List;
use crate::edge::RequestContext;
use crate::extract::{Body, Params, PathId};
use crate::flows::idempotency::{Creation, IdempotencyKey};
use crate::flows::turn::{self, PostMessage};
use crate::paging::{Paging, listed};
use crate::problem::{ApiError, Problem, Thing};
use crate::responders::{Created, Tagged};
use crate::sse::{self, ReplyResponse};
use crate::state::AppState;
use crate::views::listing::Listing;
use crate::views::message::{MessageView, PostedView, SingleMessageView};

/// Which versions.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Versions {
    #[default]
    Current,
    All,
}

/// Which page.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListMessages {
    /// Rows of the page, 50 unless said otherwise.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Those that count, or earlier versions among them.
    #[serde(default)]
    #[param(inline)]
    versions: Versions,
}

/// Lists a conversation's messages, the newest first.
#[utoipa::path(
    operation_id = "list_messages",
    tag = "messages",
    params(("id" = Uuid, Path, description = "The conversation"), ListMessages),
    responses(
        (status = OK, body = Listing<MessageView>),
        (status = BAD_REQUEST, response = Problem),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/conversations/{id}/messages")]
#[tracing::instrument(name = "api.messages.list", skip_all, fields(conversation.id = %*id))]
pub(crate) async fn list(
    caller: Caller,
    id: PathId<ConversationId>,
    Params(params): Params<ListMessages>,
    state: web::Data<AppState>,
) -> Result<Listing<MessageView>, ApiError> {
    const LIST: List = List::Messages;
    let paging = Paging::read(&state.cursors, LIST, params.limit, params.cursor.as_deref())?;

    let all = params.versions == Versions::All;

    let rows =
        state.db.list_messages(caller.session(), *id, all, paging.after, paging.size).await?;

    Ok(listed(&state.cursors, LIST, rows))
}

/// Sends a message and asks for a reply.
///
/// Answers at once with JSON, or with the stream of the reply's events for clients that prefer
/// `text/event-stream`. The reply is made either way, and can be followed under
/// `/v1/responses/{id}/events` from anywhere.
#[utoipa::path(
    operation_id = "post_message",
    tag = "messages",
    params(
        ("id" = Uuid, Path, description = "The conversation"),
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
#[post("/conversations/{id}/messages")]
#[tracing::instrument(name = "api.messages.post", skip_all, fields(conversation.id = %*id))]
pub(crate) async fn post(
    caller: Caller,
    id: PathId<ConversationId>,
    Body(body): Body<PostMessage>,
    context: RequestContext,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<ReplyResponse, ApiError> {
    let form = sse::form_of(&request, &state)?;
    let key = IdempotencyKey::of(&request)?;
    let model = body.model().map(str::to_owned);
    let message = body.parse("")?;

    let scope = state.db.begin(caller.session()).await?;
    let work = async |scope: UserScope| {
        let wanted = turn::wanted(&state, scope.identity().role, model.as_deref(), "")?;
        let (scope, posted) = turn::post(&state, &caller, scope, *id, &message, &wanted).await?;
        let location = format!("/v1/messages/{}", posted.message.id);
        let created = Created { location, view: PostedView::from(posted) };
        Ok(Creation { scope, created, conversation: Some(*id) })
    };
    let response = key.run(scope, work).await?;

    Ok(sse::started(&state, &caller, &context, form, response))
}

/// Shows a message, with the response that writes or wrote it.
#[utoipa::path(
    operation_id = "show_message",
    tag = "messages",
    params(("id" = Uuid, Path, description = "The message")),
    responses(
        (status = OK, body = SingleMessageView, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "What you have is still good"),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/messages/{id}")]
#[tracing::instrument(name = "api.messages.show", skip_all, fields(message.id = %*id))]
pub(crate) async fn show(
    caller: Caller,
    id: PathId<MessageId>,
    state: web::Data<AppState>,
) -> Result<Tagged<SingleMessageView>, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    let Some(message) = scope.messages().find(*id).await? else {
        return Err(ApiError::NotFound(Thing::Message));
    };
    let response = match message.response {
        Some(response) => scope.responses().find(response).await?,
        None => None,
    };
    scope.commit().await?;

    Ok(Tagged(SingleMessageView::new(message, response)))
}
