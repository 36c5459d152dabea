//! The summary of a conversation.

use actix_web::{get, web};
use ignacio_domain::ids::ConversationId;

use crate::auth::Caller;
use crate::extract::PathId;
use crate::problem::{ApiError, Problem, ResourceKind};
use crate::responders::WithEtag;
use crate::state::AppState;
use crate::views::conversation::SummaryView;

/// Shows the summary of the messages that no longer fit into the model's context.
#[utoipa::path(
    tag = "conversations",
    params(("id" = Uuid, Path, description = "The conversation")),
    responses(
        (status = OK, body = SummaryView, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "The copy that you have is current"),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/conversations/{id}/summary")]
#[tracing::instrument(skip_all, fields(conversation.id = %*id))]
pub(crate) async fn show_summary(
    caller: Caller,
    id: PathId<ConversationId>,
    state: web::Data<AppState>,
) -> Result<WithEtag<SummaryView>, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    let Some(summary) = scope.conversations().summary(*id).await? else {
        return Err(ApiError::NotFound(ResourceKind::Summary));
    };
    scope.commit().await?;

    Ok(WithEtag(summary.into()))
}
