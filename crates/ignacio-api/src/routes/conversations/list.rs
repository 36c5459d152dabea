//! Lists the caller's conversations.

use actix_web::{get, web};
use ignacio_domain::conversation::{ConversationFilter, SearchQuery};
use serde::Deserialize;

use crate::auth::Caller;
use crate::cursor::List;
use crate::extract::ValidQuery;
use crate::paging::{Paging, owned_page_view};
use crate::problem::{ApiError, Problem};
use crate::state::AppState;
use crate::views::conversation::ConversationView;
use crate::views::page::PageView;

/// Which conversations to list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListConversations {
    /// Rows per page; 50 by default.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Archived conversations instead of the others.
    #[serde(default)]
    archived: bool,
    /// Only pinned conversations, or only the others.
    pinned: Option<bool>,
    /// Only conversations with these words in the title or a message; case and accents are ignored.
    #[param(max_length = 200)]
    q: Option<String>,
}

/// Lists the caller's conversations, the one with the newest message first.
#[utoipa::path(
    tag = "conversations",
    params(ListConversations),
    responses(
        (status = OK, body = PageView<ConversationView>),
        (status = BAD_REQUEST, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
    ),
)]
#[get("/conversations")]
#[tracing::instrument(skip_all)]
pub(crate) async fn list_conversations(
    caller: Caller,
    ValidQuery(params): ValidQuery<ListConversations>,
    state: web::Data<AppState>,
) -> Result<PageView<ConversationView>, ApiError> {
    const LIST: List = List::Conversations;
    let paging = Paging::read(&state.cursors, LIST, params.limit, params.cursor.as_deref())?;

    let words = SearchQuery::parse(params.q.as_deref().unwrap_or_default());
    let words = words.map_err(|error| ApiError::invalid("/q", error.into()))?;
    let filter =
        ConversationFilter { archived: params.archived, pinned: params.pinned, query: words };

    let rows =
        state.db.list_conversations(caller.session(), &filter, paging.after, paging.size).await?;

    Ok(owned_page_view(&state.cursors, LIST, rows))
}
