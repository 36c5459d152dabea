//! What one thinks of a reply.

use actix_web::{delete, put, web};
use ignacio_domain::feedback::{Feedback, FeedbackReason};
use ignacio_domain::ids::MessageId;
use serde::Deserialize;
use utoipa::ToSchema;
use validator::Validate;

use crate::auth::Caller;
use crate::extract::{Body, PathId};
use crate::problem::{ApiError, Problem, Rule, Thing};
use crate::responders::{Done, Kept};
use crate::state::AppState;
use crate::views::message::{FeedbackView, RatingView};

/// What one thinks of a reply.
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

/// Says what one thinks of a reply that has ended, in place of what was said before.
#[utoipa::path(
    operation_id = "put_feedback",
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
#[tracing::instrument(name = "api.messages.put_feedback", skip_all, fields(message.id = %*id))]
pub(crate) async fn put_feedback(
    caller: Caller,
    id: PathId<MessageId>,
    Body(body): Body<PutFeedback>,
    state: web::Data<AppState>,
) -> Result<Kept<FeedbackView>, ApiError> {
    let feedback = body.parse()?;

    let scope = state.db.begin(caller.session()).await?;
    if scope.messages().find(*id).await?.is_none() {
        return Err(ApiError::NotFound(Thing::Message));
    }
    if !scope.feedback().put(*id, &feedback).await? {
        return Err(ApiError::invalid("/rating", Rule::EndedReply));
    }
    scope.commit().await?;

    Ok(Kept(feedback.into()))
}

/// Takes back what one thought of a reply.
#[utoipa::path(
    operation_id = "withdraw_feedback",
    tag = "messages",
    params(("id" = Uuid, Path, description = "The reply")),
    responses(
        (status = NO_CONTENT, description = "It is gone"),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[delete("/messages/{id}/feedback")]
#[tracing::instrument(name = "api.messages.withdraw_feedback", skip_all, fields(message.id = %*id))]
pub(crate) async fn withdraw_feedback(
    caller: Caller,
    id: PathId<MessageId>,
    state: web::Data<AppState>,
) -> Result<Done, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    if !scope.feedback().delete(*id).await? {
        return Err(ApiError::NotFound(Thing::Feedback));
    }
    scope.commit().await?;

    Ok(Done)
}
