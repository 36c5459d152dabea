//! What the oldest part of a conversation said.

use actix_web::{get, web};
use ignacio_domain::ids::ConversationId;

use crate::auth::Caller;
use crate::extract::PathId;
use crate::problem::{ApiError, Problem, Thing};
use crate::responders::Tagged;
use crate::state::AppState;
use crate::views::conversation::SummaryView;

/// Shows the summary of what is too long ago for the model to read word by word.
#[utoipa::path(
    operation_id = "show_summary",
    tag = "conversations",
    params(("id" = Uuid, Path, description = "The conversation")),
    responses(
        (status = OK, body = SummaryView, headers(("ETag" = String))),
        (status = NOT_MODIFIED, description = "What you have is still good"),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/conversations/{id}/summary")]
#[tracing::instrument(name = "api.conversations.summary", skip_all, fields(conversation.id = %*id))]
pub(crate) async fn show_summary(
    caller: Caller,
    id: PathId<ConversationId>,
    state: web::Data<AppState>,
) -> Result<Tagged<SummaryView>, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    let Some(summary) = scope.conversations().summary(*id).await? else {
        return Err(ApiError::NotFound(Thing::Summary));
    };
    scope.commit().await?;

    Ok(Tagged(summary.into()))
}
