//! Changing a conversation's title and marks.

use actix_web::{HttpRequest, patch, web};
use ignacio_domain::conversation::{ConversationChange, ConversationTitle};
use ignacio_domain::ids::ConversationId;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::refuse_if_changed;
use crate::auth::Caller;
use crate::extract::{MergePatch, PathId, not_null};
use crate::problem::{ApiError, Problem, Thing};
use crate::responders::Tagged;
use crate::state::AppState;
use crate::views::conversation::ConversationView;

/// What to change; what is left out stays.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeConversation {
    /// 1 to 200 characters.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, min_length = 1, max_length = 200)]
    title: Option<String>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    archived: Option<bool>,
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pinned: Option<bool>,
}

impl ChangeConversation {
    fn parse(&self) -> Result<ConversationChange, ApiError> {
        let title = self.title.as_deref().map(ConversationTitle::parse).transpose();
        Ok(ConversationChange {
            title: title.map_err(|error| ApiError::invalid("/title", error.into()))?,
            archived: self.archived,
            pinned: self.pinned,
        })
    }
}

/// Renames a conversation, puts it away or fetches it back, pins or unpins it.
#[utoipa::path(
    operation_id = "change_conversation",
    tag = "conversations",
    params(
        ("id" = Uuid, Path, description = "The conversation"),
        ("If-Match" = Option<String>, Header, description = "Changes only what you have read"),
    ),
    request_body(content = ChangeConversation, content_type = "application/merge-patch+json"),
    responses(
        (status = OK, body = ConversationView, headers(("ETag" = String))),
        (status = NOT_FOUND, response = Problem),
        (status = PRECONDITION_FAILED, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
    ),
)]
#[patch("/conversations/{id}")]
#[tracing::instrument(name = "api.conversations.change", skip_all, fields(conversation.id = %*id))]
pub(crate) async fn change(
    caller: Caller,
    id: PathId<ConversationId>,
    MergePatch(body): MergePatch<ChangeConversation>,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<Tagged<ConversationView>, ApiError> {
    let change = body.parse()?;

    let scope = state.db.begin(caller.session()).await?;
    refuse_if_changed(&scope, *id, request.headers()).await?;
    let Some(conversation) = scope.conversations().update(*id, &change).await? else {
        // Somebody else's conversation and no conversation look the same on purpose.
        return Err(ApiError::NotFound(Thing::Conversation));
    };
    scope.commit().await?;

    Ok(Tagged(conversation.into()))
}
