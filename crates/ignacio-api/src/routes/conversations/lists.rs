//! Lists of conversations, and of a conversation's files.

use actix_web::{get, web};
use ignacio_domain::conversation::{ConversationFilter, SearchQuery};
use ignacio_domain::ids::ConversationId;
use serde::Deserialize;

use crate::auth::Caller;
use crate::cursor::List;
use crate::extract::{Params, PathId};
use crate::paging::{Paging, listed, listing};
use crate::problem::{ApiError, Problem, Thing};
use crate::state::AppState;
use crate::views::conversation::ConversationView;
use crate::views::file::FileView;
use crate::views::listing::Listing;

/// Which conversations.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListConversations {
    /// Rows of the page, 50 unless said otherwise.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// The archived ones instead of the others.
    #[serde(default)]
    archived: bool,
    /// Only the pinned ones, or only the others.
    pinned: Option<bool>,
    /// Only those with these words in the title or in a message, whatever their case and accents.
    #[param(max_length = 200)]
    q: Option<String>,
}

/// Lists the caller's conversations, the one with the newest message first.
#[utoipa::path(
    operation_id = "list_conversations",
    tag = "conversations",
    params(ListConversations),
    responses(
        (status = OK, body = Listing<ConversationView>),
        (status = BAD_REQUEST, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
    ),
)]
#[get("/conversations")]
#[tracing::instrument(name = "api.conversations.list", skip_all)]
pub(crate) async fn list(
    caller: Caller,
    Params(params): Params<ListConversations>,
    state: web::Data<AppState>,
) -> Result<Listing<ConversationView>, ApiError> {
    const LIST: List = List::Conversations;
    let paging = Paging::read(&state.cursors, LIST, params.limit, params.cursor.as_deref())?;

    let words = SearchQuery::parse(params.q.as_deref().unwrap_or_default());
    let words = words.map_err(|error| ApiError::invalid("/q", error.into()))?;
    let filter =
        ConversationFilter { archived: params.archived, pinned: params.pinned, query: words };

    let rows =
        state.db.list_conversations(caller.session(), &filter, paging.after, paging.size).await?;

    Ok(listed(&state.cursors, LIST, rows))
}

/// Which page.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListConversationFiles {
    /// Rows of the page, 50 unless said otherwise.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists the files that are used in a conversation, the newest first.
#[utoipa::path(
    operation_id = "list_conversation_files",
    tag = "conversations",
    params(("id" = Uuid, Path, description = "The conversation"), ListConversationFiles),
    responses(
        (status = OK, body = Listing<FileView>),
        (status = BAD_REQUEST, response = Problem),
        (status = NOT_FOUND, response = Problem),
    ),
)]
#[get("/conversations/{id}/files")]
#[tracing::instrument(name = "api.conversations.list_files", skip_all, fields(conversation.id = %*id))]
pub(crate) async fn list_files(
    caller: Caller,
    id: PathId<ConversationId>,
    Params(params): Params<ListConversationFiles>,
    state: web::Data<AppState>,
) -> Result<Listing<FileView>, ApiError> {
    const LIST: List = List::ConversationFiles;
    let paging = Paging::read(&state.cursors, LIST, params.limit, params.cursor.as_deref())?;

    let scope = state.db.begin(caller.session()).await?;
    let owner = scope.identity().user;
    let after = paging.position_of(owner)?;
    if scope.conversations().find(*id).await?.is_none() {
        return Err(ApiError::NotFound(Thing::Conversation));
    }
    let page = scope.conversations().files(*id, after, paging.size).await?;
    scope.commit().await?;

    Ok(listing(&state.cursors, LIST, owner, page))
}
