//! Updates a conversation.

use actix_web::{HttpRequest, patch, web};
use ignacio_domain::conversation::{ConversationChange, ConversationTitle};
use ignacio_domain::ids::ConversationId;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use super::check_if_match;
use crate::auth::Caller;
use crate::extract::{MergePatch, PathId, not_null};
use crate::problem::{ApiError, Problem, ResourceKind};
use crate::responders::WithEtag;
use crate::state::AppState;
use crate::views::conversation::ConversationView;

/// The fields to change; others stay as they are.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateConversation {
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

impl UpdateConversation {
    fn parse(&self) -> Result<ConversationChange, ApiError> {
        let title = self.title.as_deref().map(ConversationTitle::parse).transpose();
        Ok(ConversationChange {
            title: title.map_err(|error| ApiError::invalid("/title", error.into()))?,
            archived: self.archived,
            pinned: self.pinned,
        })
    }
}

/// Renames, archives or unarchives, pins or unpins a conversation.
#[utoipa::path(
    tag = "conversations",
    params(
        ("id" = Uuid, Path, description = "The conversation"),
        ("If-Match" = Option<String>, Header, description = "Changes only the version that you read"),
    ),
    request_body(content = UpdateConversation, content_type = "application/merge-patch+json"),
    responses(
        (status = OK, body = ConversationView, headers(("ETag" = String))),
        (status = NOT_FOUND, response = Problem),
        (status = PRECONDITION_FAILED, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
    ),
)]
#[patch("/conversations/{id}")]
#[tracing::instrument(skip_all, fields(conversation.id = %*id))]
pub(crate) async fn update_conversation(
    caller: Caller,
    id: PathId<ConversationId>,
    MergePatch(body): MergePatch<UpdateConversation>,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<WithEtag<ConversationView>, ApiError> {
    let change = body.parse()?;

    let scope = state.db.begin(caller.session()).await?;
    check_if_match(&scope, *id, &request).await?;
    let Some(conversation) = scope.conversations().update(*id, &change).await? else {
        // Another user's conversation and a missing one look the same on purpose.
        return Err(ApiError::NotFound(ResourceKind::Conversation));
    };
    scope.commit().await?;

    Ok(WithEtag(conversation.into()))
}
