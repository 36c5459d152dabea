//! The files used in a conversation.

use actix_web::{get, web};
use ignacio_domain::ids::ConversationId;

use crate::auth::Caller;
use crate::cursor::List;
use crate::extract::{PathId, ValidQuery};
use crate::paging::{PageQuery, page_view};
use crate::problem::{ApiError, Problem, ResourceKind};
use crate::state::AppState;
use crate::views::file::FileView;
use crate::views::page::PageView;

/// Lists the files used in a conversation, newest first.
#[utoipa::path(
    tag = "conversations",
    params(("id" = Uuid, Path, description = "The conversation"), PageQuery),
    responses(
        (status = OK, body = PageView<FileView>),
        (status = BAD_REQUEST, response = Problem),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/conversations/{id}/files")]
#[tracing::instrument(skip_all, fields(conversation.id = %*id))]
pub(crate) async fn list_conversation_files(
    caller: Caller,
    id: PathId<ConversationId>,
    ValidQuery(query): ValidQuery<PageQuery>,
    state: web::Data<AppState>,
) -> Result<PageView<FileView>, ApiError> {
    const LIST: List = List::ConversationFiles;
    let paging = query.paging(&state.cursors, LIST)?;

    let scope = state.db.begin(caller.session()).await?;
    let owner = scope.identity().user;
    let after = paging.position_of(owner)?;
    if scope.conversations().find(*id).await?.is_none() {
        return Err(ApiError::NotFound(ResourceKind::Conversation));
    }
    let page = scope.conversations().files(*id, after, paging.size).await?;
    scope.commit().await?;

    Ok(page_view(&state.cursors, LIST, owner, page))
}
