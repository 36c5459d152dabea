//! Reading what is somebody else's: files by name, conversations under a grant. Each reading is
//! written into the audit.

use actix_web::{get, web};
use ignacio_domain::ids::{ConversationId, UserId};
use ignacio_persistence::StoreError;
use serde::Deserialize;

use crate::auth::Caller;
use crate::cursor::List;
use crate::extract::{Params, PathId};
use crate::paging::{Paging, listing};
use crate::problem::{ApiError, Problem, Thing};
use crate::state::AppState;
use crate::views::conversation::ConversationView;
use crate::views::file::FileView;
use crate::views::listing::Listing;
use crate::views::message::MessageView;

/// Which page.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichPage {
    /// Rows of the page, 50 unless said otherwise.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

impl WhichPage {
    fn paging(&self, state: &AppState, list: List) -> Result<Paging, ApiError> {
        Paging::read(&state.cursors, list, self.limit, self.cursor.as_deref())
    }
}

/// Lists somebody's conversations, archived ones too, the one with the newest message first.
///
/// Needs a grant for that person.
#[utoipa::path(
    operation_id = "list_conversations_of_user",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The person"), WhichPage),
    responses(
        (status = OK, body = Listing<ConversationView>),
        (status = BAD_REQUEST, response = Problem),
        (status = FORBIDDEN, response = Problem),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/users/{id}/conversations")]
#[tracing::instrument(name = "api.admin.readings.conversations", skip_all, fields(user.id = %*id))]
pub(crate) async fn conversations(
    caller: Caller,
    id: PathId<UserId>,
    Params(params): Params<WhichPage>,
    state: web::Data<AppState>,
) -> Result<Listing<ConversationView>, ApiError> {
    const LIST: List = List::ReadConversations;
    let paging = params.paging(&state, LIST)?;

    let scope = state.admin_db.begin(caller.session()).await?;
    let admin = scope.identity().user;
    let after = paging.position_of(admin)?;
    let page =
        scope.user_content().conversations(*id, after, paging.size).await.map_err(refusal)?;
    scope.commit().await?;

    Ok(listing(&state.cursors, LIST, admin, page))
}

fn refusal(error: StoreError) -> ApiError {
    match error {
        StoreError::NotFound => ApiError::NotFound(Thing::User),
        other => other.into(),
    }
}

/// Lists the messages of somebody's conversation, the newest first.
///
/// Needs a grant for that person; without one, a conversation that there is and one that there is
/// not look the same.
#[utoipa::path(
    operation_id = "list_messages_of_conversation",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The conversation"), WhichPage),
    responses(
        (status = OK, body = Listing<MessageView>),
        (status = BAD_REQUEST, response = Problem),
        (status = FORBIDDEN, response = Problem),
    ),
)]
#[get("/conversations/{id}/messages")]
#[tracing::instrument(name = "api.admin.readings.messages", skip_all, fields(conversation.id = %*id))]
pub(crate) async fn messages(
    caller: Caller,
    id: PathId<ConversationId>,
    Params(params): Params<WhichPage>,
    state: web::Data<AppState>,
) -> Result<Listing<MessageView>, ApiError> {
    const LIST: List = List::ReadMessages;
    let paging = params.paging(&state, LIST)?;

    let scope = state.admin_db.begin(caller.session()).await?;
    let admin = scope.identity().user;
    let after = paging.position_of(admin)?;
    let page = scope.user_content().messages(*id, after, paging.size).await?;
    scope.commit().await?;

    Ok(listing(&state.cursors, LIST, admin, page))
}

/// Lists somebody's files, the newest first: what they are called, not what is in them.
#[utoipa::path(
    operation_id = "list_files_of_user",
    tag = "admin",
    params(("id" = Uuid, Path, description = "The person"), WhichPage),
    responses(
        (status = OK, body = Listing<FileView>),
        (status = BAD_REQUEST, response = Problem),
        (status = FORBIDDEN, response = Problem),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/users/{id}/files")]
#[tracing::instrument(name = "api.admin.readings.files", skip_all, fields(user.id = %*id))]
pub(crate) async fn files(
    caller: Caller,
    id: PathId<UserId>,
    Params(params): Params<WhichPage>,
    state: web::Data<AppState>,
) -> Result<Listing<FileView>, ApiError> {
    const LIST: List = List::ReadFiles;
    let paging = params.paging(&state, LIST)?;

    let scope = state.admin_db.begin(caller.session()).await?;
    let admin = scope.identity().user;
    let after = paging.position_of(admin)?;
    let Some(page) = scope.user_content().files(*id, after, paging.size).await? else {
        return Err(ApiError::NotFound(Thing::User));
    };
    scope.commit().await?;

    Ok(listing(&state.cursors, LIST, admin, page))
}
