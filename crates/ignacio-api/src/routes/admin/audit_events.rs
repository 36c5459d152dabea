//! The audit log.

use actix_web::{get, web};
use ignacio_domain::audit::AuditFilter;
use ignacio_domain::ids::UserId;
use serde::Deserialize;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::auth::Caller;
use crate::cursor::List;
use crate::extract::ValidQuery;
use crate::paging::{Paging, page_view};
use crate::problem::{ApiError, Problem};
use crate::state::AppState;
use crate::views::audit_event::{ActionView, AuditEventView};
use crate::views::page::PageView;

/// Which events to list.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListAuditEvents {
    /// Rows per page; 50 by default.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the previous page.
    cursor: Option<String>,
    /// Only what this user did.
    actor: Option<Uuid>,
    /// Only what was done to this user or their data.
    subject: Option<Uuid>,
    /// Only this action.
    action: Option<ActionView>,
    /// The earliest time, inclusive.
    #[serde(default, with = "time::serde::rfc3339::option")]
    from: Option<OffsetDateTime>,
    /// The latest time, exclusive.
    #[serde(default, with = "time::serde::rfc3339::option")]
    to: Option<OffsetDateTime>,
}

impl ListAuditEvents {
    fn filter(&self) -> AuditFilter {
        AuditFilter {
            actor: self.actor.map(UserId::from_uuid),
            subject: self.subject.map(UserId::from_uuid),
            action: self.action.map(|ActionView(action)| action),
            from: self.from,
            to: self.to,
        }
    }
}

/// Lists audit events, newest first. The request is itself recorded as an event.
#[utoipa::path(
    tag = "admin",
    params(ListAuditEvents),
    responses(
        (status = OK, body = PageView<AuditEventView>),
        (status = BAD_REQUEST, response = Problem),
        (status = FORBIDDEN, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
    ),
)]
#[get("/audit-events")]
#[tracing::instrument(skip_all)]
pub(crate) async fn list_audit_events(
    caller: Caller,
    ValidQuery(params): ValidQuery<ListAuditEvents>,
    state: web::Data<AppState>,
) -> Result<PageView<AuditEventView>, ApiError> {
    const LIST: List = List::AuditEvents;
    let paging = Paging::read(&state.cursors, LIST, params.limit, params.cursor.as_deref())?;

    let scope = state.admin_db.begin(caller.session()).await?;
    let admin = scope.identity().user;
    let after = paging.position_of(admin)?;
    let page = scope.audit_log().list(&params.filter(), after, paging.size).await?;
    scope.commit().await?;

    Ok(page_view(&state.cursors, LIST, admin, page))
}
