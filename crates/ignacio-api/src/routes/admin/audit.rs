//! What was done by whom.

use actix_web::{get, web};
use ignacio_domain::audit::AuditFilter;
use ignacio_domain::ids::UserId;
use serde::Deserialize;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::auth::Caller;
use crate::cursor::List;
use crate::extract::Params;
use crate::paging::{Paging, listing};
use crate::problem::{ApiError, Problem};
use crate::state::AppState;
use crate::views::audit::{ActionView, AuditEventView};
use crate::views::listing::Listing;

/// Which events.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListEvents {
    /// Rows of the page, 50 unless said otherwise.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only what this person did.
    actor: Option<Uuid>,
    /// Only what was done to this person or their data.
    subject: Option<Uuid>,
    /// Only this.
    action: Option<ActionView>,
    /// Not before this moment.
    #[serde(default, with = "time::serde::rfc3339::option")]
    from: Option<OffsetDateTime>,
    /// Before this moment.
    #[serde(default, with = "time::serde::rfc3339::option")]
    to: Option<OffsetDateTime>,
}

impl ListEvents {
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

/// Lists what was done by whom, the newest first. The look becomes an event itself.
#[utoipa::path(
    operation_id = "list_audit_events",
    tag = "admin",
    params(ListEvents),
    responses(
        (status = OK, body = Listing<AuditEventView>),
        (status = BAD_REQUEST, response = Problem),
        (status = FORBIDDEN, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
    ),
)]
#[get("/audit-events")]
#[tracing::instrument(name = "api.admin.audit.list", skip_all)]
pub(crate) async fn list(
    caller: Caller,
    Params(params): Params<ListEvents>,
    state: web::Data<AppState>,
) -> Result<Listing<AuditEventView>, ApiError> {
    const LIST: List = List::AuditEvents;
    let paging = Paging::read(&state.cursors, LIST, params.limit, params.cursor.as_deref())?;

    let scope = state.admin_db.begin(caller.session()).await?;
    let admin = scope.identity().user;
    let after = paging.position_of(admin)?;
    let page = scope.audit_log().list(&params.filter(), after, paging.size).await?;
    scope.commit().await?;

    Ok(listing(&state.cursors, LIST, admin, page))
}
