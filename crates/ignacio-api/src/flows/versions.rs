//! The last turn once more: its reply made anew, or its question put differently.

use ignacio_domain::ids::MessageId;
use ignacio_domain::message::NewMessage;
use ignacio_persistence::{Posted, Renewed, UserScope, Versioned};

use super::turn;
use crate::auth::Caller;
use crate::problem::{ApiError, Thing};
use crate::state::AppState;

/// Asks for the last reply once more.
pub(crate) async fn renew(
    state: &AppState,
    caller: &Caller,
    id: MessageId,
) -> Result<Renewed, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    let renewed = scope.messages().renew(id).await?;
    let renewed = made(&scope, renewed).await?;
    scope.commit().await?;
    state.ask(renewed.response.id);
    Ok(renewed)
}

/// Puts the last question differently, and asks for the reply to it.
pub(crate) async fn rewrite(
    state: &AppState,
    caller: &Caller,
    id: MessageId,
    message: &NewMessage,
) -> Result<Posted, ApiError> {
    let scope = state.db.begin(caller.session()).await?;
    // Whose message it is goes before what hangs on the new one.
    if scope.messages().find(id).await?.is_none() {
        return Err(ApiError::NotFound(Thing::Message));
    }
    turn::check_files(&scope, message, "").await?;
    let posted = scope.messages().rewrite(id, message).await?;
    let posted = made(&scope, posted).await?;
    scope.commit().await?;
    state.ask(posted.response.id);
    Ok(posted)
}

/// What was made, or why nothing was.
async fn made<T: Send>(scope: &UserScope, wish: Option<Versioned<T>>) -> Result<T, ApiError> {
    match wish {
        Some(Versioned::Made(made)) => Ok(made),
        Some(Versioned::NotTheLast) => Err(ApiError::NotTheLast),
        Some(Versioned::Running(conversation)) => {
            let running = scope.responses().running(conversation).await?;
            Err(ApiError::ResponseRunning { response: running.map(|it| it.id) })
        }
        None => Err(ApiError::NotFound(Thing::Message)),
    }
}
