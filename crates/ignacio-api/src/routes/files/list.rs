//! Lists a user's files.

use actix_web::{get, web};
use ignacio_domain::ids::ConversationId;
use ignacio_domain::sync::SyncStatus;
use ignacio_persistence::{FileFilter, SyncFilter};
use serde::Deserialize;
use uuid::Uuid;

use crate::auth::Caller;
use crate::cursor::List;
use crate::extract::ValidQuery;
use crate::paging::{Paging, page_view};
use crate::problem::{ApiError, Problem};
use crate::state::AppState;
use crate::views::file::{FileView, SyncStatusView};
use crate::views::page::PageView;

/// Which files to list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListFiles {
    /// Rows per page; 50 by default.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Only files with this sync status.
    sync_status: Option<SyncStatusView>,
    /// Only files that are used in this conversation.
    conversation_id: Option<Uuid>,
    /// Only files with these characters in their name.
    q: Option<String>,
}

impl ListFiles {
    fn filter(&self) -> FileFilter {
        FileFilter {
            status: self.sync_status.map(sync_filter),
            conversation: self.conversation_id.map(ConversationId::from_uuid),
            // Postgres cannot hold a NUL, so no name contains one.
            name: self.q.as_ref().map(|text| text.replace('\0', "\u{fffd}")),
        }
    }
}

const fn sync_filter(status: SyncStatusView) -> SyncFilter {
    match status {
        SyncStatusView::NotApplicable => SyncFilter::NotApplicable,
        SyncStatusView::Pending => SyncFilter::Status(SyncStatus::Pending),
        SyncStatusView::Syncing => SyncFilter::Status(SyncStatus::Syncing),
        SyncStatusView::Synced => SyncFilter::Status(SyncStatus::Synced),
        SyncStatusView::Failed => SyncFilter::Status(SyncStatus::Failed),
        SyncStatusView::Expired => SyncFilter::Status(SyncStatus::Expired),
    }
}

/// Lists the caller's files, newest first.
#[utoipa::path(
    tag = "files",
    params(ListFiles),
    responses(
        (status = OK, body = PageView<FileView>),
        (status = BAD_REQUEST, response = Problem),
    ),
)]
#[get("/files")]
#[tracing::instrument(skip_all)]
pub(crate) async fn list_files(
    caller: Caller,
    ValidQuery(params): ValidQuery<ListFiles>,
    state: web::Data<AppState>,
) -> Result<PageView<FileView>, ApiError> {
    const LIST: List = List::Files;
    let paging = Paging::read(&state.cursors, LIST, params.limit, params.cursor.as_deref())?;

    let scope = state.db.begin(caller.session()).await?;
    let owner = scope.identity().user;
    let after = paging.position_of(owner)?;
    let page = scope.files().list(&params.filter(), after, paging.size).await?;
    scope.commit().await?;

    Ok(page_view(&state.cursors, LIST, owner, page))
}
