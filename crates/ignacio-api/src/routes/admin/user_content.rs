//! Other users' content: file names, and conversations under a grant; each read is audited.

use actix_web::{get, web};
use ignacio_domain::ids::{ConversationId, UserId};
use ignacio_persistence::StoreError;

use crate::auth::Caller;
use crate::cursor::List;
use crate::extract::{PathId, ValidQuery};
use crate::paging::{PageQuery, page_view};
use crate::problem::{ApiError, Problem, ResourceKind};
use crate::state::AppState;
use crate::views::conversation::ConversationView;
use crate::views::file::FileView;
use crate::views::message::MessageView;
use crate::views::page::PageView;

/// Lists a user's conversations, archived ones included, the one with the newest message first.
///
/// Requires an access grant for that user.
#[utoipa::path(
    tag = "admin",
    params(("id" = Uuid, Path, description = "The user"), PageQuery),
    responses(
        (status = OK, body = PageView<ConversationView>),
        (status = BAD_REQUEST, response = Problem),
        (status = FORBIDDEN, response = Problem),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/users/{id}/conversations")]
#[tracing::instrument(skip_all, fields(user.id = %*id))]
pub(crate) async fn list_conversations_of_user(
    caller: Caller,
    id: PathId<UserId>,
    ValidQuery(query): ValidQuery<PageQuery>,
    state: web::Data<AppState>,
) -> Result<PageView<ConversationView>, ApiError> {
    const LIST: List = List::UserConversations;
    let paging = query.paging(&state.cursors, LIST)?;

    let scope = state.admin_db.begin(caller.session()).await?;
    let admin = scope.identity().user;
    let after = paging.position_of(admin)?;
    let page = scope
        .user_content()
        .conversations(*id, after, paging.size)
        .await
        .map_err(map_missing_user)?;
    scope.commit().await?;

    Ok(page_view(&state.cursors, LIST, admin, page))
}

fn map_missing_user(error: StoreError) -> ApiError {
    match error {
        StoreError::NotFound => ApiError::NotFound(ResourceKind::User),
        other => other.into(),
    }
}

/// Lists the messages of a user's conversation, newest first.
///
/// Requires an access grant for that user; without one, existing and missing conversations look the
/// same.
#[utoipa::path(
    tag = "admin",
    params(("id" = Uuid, Path, description = "The conversation"), PageQuery),
    responses(
        (status = OK, body = PageView<MessageView>),
        (status = BAD_REQUEST, response = Problem),
        (status = FORBIDDEN, response = Problem),
    ),
)]
#[get("/conversations/{id}/messages")]
#[tracing::instrument(skip_all, fields(conversation.id = %*id))]
pub(crate) async fn list_messages_of_conversation(
    caller: Caller,
    id: PathId<ConversationId>,
    ValidQuery(query): ValidQuery<PageQuery>,
    state: web::Data<AppState>,
) -> Result<PageView<MessageView>, ApiError> {
    const LIST: List = List::UserMessages;
    let paging = query.paging(&state.cursors, LIST)?;

    let scope = state.admin_db.begin(caller.session()).await?;
    let admin = scope.identity().user;
    let after = paging.position_of(admin)?;
    let page = scope.user_content().messages(*id, after, paging.size).await?;
    scope.commit().await?;

    Ok(page_view(&state.cursors, LIST, admin, page))
}

/// Lists a user's files, newest first: their names, not their content.
#[utoipa::path(
    tag = "admin",
    params(("id" = Uuid, Path, description = "The user"), PageQuery),
    responses(
        (status = OK, body = PageView<FileView>),
        (status = BAD_REQUEST, response = Problem),
        (status = FORBIDDEN, response = Problem),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/users/{id}/files")]
#[tracing::instrument(skip_all, fields(user.id = %*id))]
pub(crate) async fn list_files_of_user(
    caller: Caller,
    id: PathId<UserId>,
    ValidQuery(query): ValidQuery<PageQuery>,
    state: web::Data<AppState>,
) -> Result<PageView<FileView>, ApiError> {
    const LIST: List = List::UserFiles;
    let paging = query.paging(&state.cursors, LIST)?;

    let scope = state.admin_db.begin(caller.session()).await?;
    let admin = scope.identity().user;
    let after = paging.position_of(admin)?;
    let Some(page) = scope.user_content().files(*id, after, paging.size).await? else {
        return Err(ApiError::NotFound(ResourceKind::User));
    };
    scope.commit().await?;

    Ok(page_view(&state.cursors, LIST, admin, page))
}
