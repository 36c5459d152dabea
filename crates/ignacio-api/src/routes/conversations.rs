//! The caller's conversations.

mod files;
mod list;
mod start;
mod summary;
mod update;

use actix_web::{HttpRequest, delete, get, web};
use ignacio_domain::conversation::Conversation;
use ignacio_domain::ids::ConversationId;
use ignacio_persistence::UserScope;
use serde::Deserialize;

pub(crate) use self::files::list_conversation_files;
pub(crate) use self::list::list_conversations;
pub(crate) use self::start::start_conversation;
pub(crate) use self::summary::show_summary;
pub(crate) use self::update::update_conversation;
use crate::auth::Caller;
use crate::etag::IfMatch;
use crate::extract::{PathId, ValidQuery};
use crate::problem::{ApiError, Problem, ResourceKind};
use crate::responders::{NoContent, WithEtag};
use crate::state::AppState;
use crate::views::conversation::ConversationView;

/// Shows one of the caller's conversations.
#[utoipa::path(
    tag = "conversations",
    params(("id" = Uuid, Path, description = "The conversation")),
    responses(
        (status = OK, body = ConversationView, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "The copy that you have is current"),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/conversations/{id}")]
#[tracing::instrument(skip_all, fields(conversation.id = %*id))]
pub(crate) async fn show_conversation(
    caller: Caller,
    id: PathId<ConversationId>,
    state: web::Data<AppState>,
) -> Result<WithEtag<ConversationView>, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    let Some(conversation) = scope.conversations().find(*id).await? else {
        return Err(ApiError::NotFound(ResourceKind::Conversation));
    };
    scope.commit().await?;

    Ok(WithEtag(conversation.into()))
}

/// What happens to the files.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteConversation {
    /// Keeps the files that only this conversation uses; by default they are deleted.
    #[serde(default)]
    keep_files: bool,
}

/// Deletes a conversation permanently, with its messages and the files that only it uses.
#[utoipa::path(
    tag = "conversations",
    params(
        ("id" = Uuid, Path, description = "The conversation"),
        ("If-Match" = Option<String>, Header, description = "Deletes only the version that you read"),
        DeleteConversation,
    ),
    responses(
        (status = NO_CONTENT, description = "The conversation is deleted"),
        (status = NOT_FOUND, response = Problem),
        (status = PRECONDITION_FAILED, response = Problem),
    ),
)]
#[delete("/conversations/{id}")]
#[tracing::instrument(skip_all, fields(conversation.id = %*id))]
pub(crate) async fn delete_conversation(
    caller: Caller,
    id: PathId<ConversationId>,
    ValidQuery(params): ValidQuery<DeleteConversation>,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<NoContent, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    check_if_match(&scope, *id, &request).await?;
    if !scope.conversations().delete(*id, params.keep_files).await? {
        return Err(ApiError::NotFound(ResourceKind::Conversation));
    }
    scope.commit().await?;
    state.wake_worker();

    Ok(NoContent)
}

/// Locks a conversation and compares it with `If-Match`, if the client sent one.
async fn check_if_match(
    scope: &UserScope,
    id: ConversationId,
    request: &HttpRequest,
) -> Result<(), ApiError> {
    let Some(expected) = IfMatch::find(request) else { return Ok(()) };
    let current: Option<Conversation> = scope.conversations().lock(id).await?;
    match current {
        Some(current) => expected.check(&ConversationView::from(current)),
        None => Err(ApiError::NotFound(ResourceKind::Conversation)),
    }
}
