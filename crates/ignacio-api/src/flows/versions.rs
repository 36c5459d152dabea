//! The last turn once more: its reply made anew, or its question put differently.

use ignacio_domain::ids::MessageId;
use ignacio_domain::message::NewMessage;
use ignacio_persistence::{NewReply, PostedMessage, Regenerated, UserScope, Versioned};

use super::turn;
use crate::problem::{ApiError, Thing};
use crate::state::AppState;

/// Asks for the last reply once more, within the caller's limits.
pub(crate) async fn renew(
    state: &AppState,
    scope: &UserScope,
    id: MessageId,
    wanted: &NewReply,
) -> Result<Regenerated, ApiError> {
    let renewed = scope.messages().regenerate(id, wanted).await?;
    let renewed = made(scope, renewed).await?;
    turn::reserve(state, scope, wanted, 0).await?;
    Ok(renewed)
}

/// Puts the last question differently, and asks for the reply to it, within the caller's limits.
pub(crate) async fn rewrite(
    state: &AppState,
    scope: &UserScope,
    id: MessageId,
    message: &NewMessage,
    wanted: &NewReply,
) -> Result<PostedMessage, ApiError> {
    // Whose message it is goes before what hangs on the new one.
    if scope.messages().find(id).await?.is_none() {
        return Err(ApiError::NotFound(Thing::Message));
    }
    turn::check_files(scope, message, "").await?;
    let posted = scope.messages().edit(id, message, wanted).await?;
    let posted = made(scope, posted).await?;
    turn::reserve(state, scope, wanted, message.body.as_str().len()).await?;
    Ok(posted)
}

/// What was made, or why nothing was.
async fn made<T: Send>(scope: &UserScope, wish: Option<Versioned<T>>) -> Result<T, ApiError> {
    match wish {
        Some(Versioned::Created(made)) => Ok(created),
        Some(Versioned::NotLatest) => Err(ApiError::NotTheLast),
        Some(Versioned::InProgress(conversation)) => {
            let running = scope.responses().running(conversation).await?;
            Err(ApiError::ResponseRunning { response: running.map(|it| it.id) })
        }
        None => Err(ApiError::NotFound(Thing::Message)),
    }
}
