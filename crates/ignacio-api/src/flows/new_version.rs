//! New versions of a conversation's last messages: a regenerated reply, or an edited question.

use ignacio_domain::ids::MessageId;
use ignacio_domain::message::NewMessage;
use ignacio_persistence::{PostedMessage, Regenerated, UserScope, Versioned};

use super::post_message;
use crate::problem::{ApiError, ResourceKind};
use crate::state::AppState;

/// Requests the last reply again, within the caller's quotas.
pub(crate) async fn regenerate(
    state: &AppState,
    scope: &UserScope,
    id: MessageId,
    model: Option<&str>,
) -> Result<Regenerated, ApiError> {
    let new_reply = post_message::select_model(state, scope, model, "")?;
    let regenerated = scope.messages().regenerate(id, &new_reply).await?;
    let regenerated = into_result(scope, regenerated).await?;
    post_message::reserve(state, scope, &new_reply, 0).await?;
    Ok(regenerated)
}

/// Edits the last question and requests the reply to it, within the caller's quotas.
pub(crate) async fn edit(
    state: &AppState,
    scope: &UserScope,
    id: MessageId,
    message: &NewMessage,
    model: Option<&str>,
) -> Result<PostedMessage, ApiError> {
    let new_reply = post_message::select_model(state, scope, model, "")?;
    // Check the owner of the message before its attachments.
    if scope.messages().find(id).await?.is_none() {
        return Err(ApiError::NotFound(ResourceKind::Message));
    }
    post_message::check_files(scope, message, "").await?;
    let posted = scope.messages().edit(id, message, &new_reply).await?;
    let posted = into_result(scope, posted).await?;
    post_message::reserve(state, scope, &new_reply, message.body.as_str().len()).await?;
    Ok(posted)
}

/// The new version, or the reason that there is none.
async fn into_result<T: Send>(
    scope: &UserScope,
    outcome: Option<Versioned<T>>,
) -> Result<T, ApiError> {
    match outcome {
        Some(Versioned::Created(created)) => Ok(created),
        Some(Versioned::NotLatest) => Err(ApiError::NotLatest),
        Some(Versioned::InProgress(conversation)) => {
            let running = scope.responses().running(conversation).await?;
            Err(ApiError::ResponseRunning { response: running.map(|it| it.id) })
        }
        None => Err(ApiError::NotFound(ResourceKind::Message)),
    }
}
