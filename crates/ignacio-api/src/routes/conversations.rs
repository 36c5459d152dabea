//! Conversations: starting, listing, reading, renaming, putting away, deleting.

mod creation;
mod lists;
mod summary;
mod update;

use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, delete, get, web};
use ignacio_domain::conversation::Conversation;
use ignacio_domain::ids::ConversationId;
use ignacio_persistence::UserScope;
use serde::Deserialize;

pub(crate) use self::creation::start;
pub(crate) use self::lists::{list, list_files};
pub(crate) use self::summary::show_summary;
pub(crate) use self::update::change;
use crate::auth::Caller;
use crate::etag::IfMatch;
use crate::extract::{Params, PathId};
use crate::problem::{ApiError, Problem, Thing};
use crate::responders::{Done, Tagged};
use crate::state::AppState;
use crate::views::conversation::ConversationView;

/// Shows one of the caller's conversations.
#[utoipa::path(
    operation_id = "show_conversation",
    tag = "conversations",
    params(("id" = Uuid, Path, description = "The conversation")),
    responses(
        (status = OK, body = ConversationView, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "What you have is still good"),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/conversations/{id}")]
#[tracing::instrument(name = "api.conversations.show", skip_all, fields(conversation.id = %*id))]
pub(crate) async fn show(
    caller: Caller,
    id: PathId<ConversationId>,
    state: web::Data<AppState>,
) -> Result<Tagged<ConversationView>, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    let Some(conversation) = scope.conversations().find(*id).await? else {
        return Err(ApiError::NotFound(Thing::Conversation));
    };
    scope.commit().await?;

    Ok(Tagged(conversation.into()))
}

/// What becomes of the files.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteConversation {
    /// Keeps the files that are used in this conversation only; they are deleted otherwise.
    #[serde(default)]
    keep_files: bool,
}

/// Deletes a conversation for good.
///
/// Its messages go with it, and the files that are used only there.
#[utoipa::path(
    operation_id = "delete_conversation",
    tag = "conversations",
    params(
        ("id" = Uuid, Path, description = "The conversation"),
        ("If-Match" = Option<String>, Header, description = "Deletes only what you have read"),
        DeleteConversation,
    ),
    responses(
        (status = NO_CONTENT, description = "It is gone"),
        (status = NOT_FOUND, response = Problem),
        (status = PRECONDITION_FAILED, response = Problem),
    ),
)]
#[delete("/conversations/{id}")]
#[tracing::instrument(name = "api.conversations.delete", skip_all, fields(conversation.id = %*id))]
pub(crate) async fn delete(
    caller: Caller,
    id: PathId<ConversationId>,
    Params(params): Params<DeleteConversation>,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<Done, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    refuse_if_changed(&scope, *id, request.headers()).await?;
    if !scope.conversations().delete(*id, params.keep_files).await? {
        return Err(ApiError::NotFound(Thing::Conversation));
    }
    scope.commit().await?;
    state.poke();

    Ok(Done)
}

/// Holds a conversation still and compares it with `If-Match`, when the client sent one.
async fn refuse_if_changed(
    scope: &UserScope,
    id: ConversationId,
    headers: &HeaderMap,
) -> Result<(), ApiError> {
    let Some(expected) = IfMatch::find(headers) else { return Ok(()) };
    let current: Option<Conversation> = scope.conversations().lock(id).await?;
    match current {
        Some(current) => expected.check(&ConversationView::from(current)),
        None => Err(ApiError::NotFound(Thing::Conversation)),
    }
}
