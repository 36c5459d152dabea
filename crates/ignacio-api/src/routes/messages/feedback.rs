//! The caller's feedback on a reply.

use actix_web::{delete, put, web};
use ignacio_domain::feedback::{Feedback, FeedbackReason};
use ignacio_domain::ids::MessageId;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::auth::Caller;
use crate::extract::{PathId, ValidJson};
use crate::problem::{ApiError, Problem, ResourceKind, ValidationCode};
use crate::responders::NoContent;
use crate::state::AppState;
use crate::views::message::{FeedbackView, RatingView};

/// Feedback on a reply.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutFeedback {
    rating: RatingView,
    /// Why: 1 to 1000 characters.
    #[schema(min_length = 1, max_length = 1000)]
    reason: Option<String>,
}

impl PutFeedback {
    fn parse(self) -> Result<Feedback, ApiError> {
        let reason = self.reason.as_deref().map(FeedbackReason::parse).transpose();
        let reason = reason.map_err(|error| ApiError::invalid("/reason", error.into()))?;
        Ok(Feedback { rating: self.rating.into(), reason })
    }
}

/// Stores feedback on a finished reply, and replaces earlier feedback.
#[utoipa::path(
    tag = "messages",
    params(("id" = Uuid, Path, description = "The reply")),
    request_body = PutFeedback,
    responses(
        (status = OK, body = FeedbackView),
        (status = NOT_FOUND, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
    ),
)]
#[put("/messages/{id}/feedback")]
#[tracing::instrument(skip_all, fields(message.id = %*id))]
pub(crate) async fn put_feedback(
    caller: Caller,
    id: PathId<MessageId>,
    ValidJson(body): ValidJson<PutFeedback>,
    state: web::Data<AppState>,
) -> Result<web::Json<FeedbackView>, ApiError> {
    let feedback = body.parse()?;

    let scope = state.db.begin(caller.session()).await?;
    if scope.messages().find(*id).await?.is_none() {
        return Err(ApiError::NotFound(ResourceKind::Message));
    }
    if !scope.feedback().put(*id, &feedback).await? {
        return Err(ApiError::invalid("/rating", ValidationCode::EndedReply));
    }
    scope.commit().await?;

    Ok(web::Json(feedback.into()))
}

/// Withdraws feedback on a reply.
#[utoipa::path(
    tag = "messages",
    params(("id" = Uuid, Path, description = "The reply")),
    responses(
        (status = NO_CONTENT, description = "The feedback is withdrawn"),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[delete("/messages/{id}/feedback")]
#[tracing::instrument(skip_all, fields(message.id = %*id))]
pub(crate) async fn withdraw_feedback(
    caller: Caller,
    id: PathId<MessageId>,
    state: web::Data<AppState>,
) -> Result<NoContent, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    if !scope.feedback().delete(*id).await? {
        return Err(ApiError::NotFound(ResourceKind::Feedback));
    }
    scope.commit().await?;

    Ok(NoContent)
}
