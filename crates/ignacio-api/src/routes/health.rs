//! Whether the process lives, and whether it can answer.

use std::time::Duration;

use actix_web::{get, web};
use tokio::time::timeout;

use crate::problem::{ApiError, Problem};
use crate::state::AppState;
use crate::views::health::{Check, Health, Readiness};

/// A part that is silent for this long has failed.
const PATIENCE: Duration = Duration::from_secs(2);

/// Says that the process answers.
#[utoipa::path(
    operation_id = "show_health",
    tag = "operations",
    security(()),
    responses((status = OK, body = Health)),
)]
#[get("/healthz")]
pub(crate) async fn healthz() -> web::Json<Health> {
    web::Json(Health::living())
}

/// Says whether requests can be answered.
///
/// The database, its migrations and the object store are asked; a server that is shutting down is
/// not ready.
#[utoipa::path(
    operation_id = "show_readiness",
    tag = "operations",
    security(()),
    responses((status = OK, body = Readiness), (status = SERVICE_UNAVAILABLE, response = Problem)),
)]
#[get("/readyz")]
pub(crate) async fn readyz(state: web::Data<AppState>) -> Result<web::Json<Readiness>, ApiError> {
    let readiness = look_at(&state).await;
    if readiness.is_ready() {
        Ok(web::Json(readiness))
    } else {
        Err(ApiError::NotReady(Box::new(readiness)))
    }
}

async fn look_at(state: &AppState) -> Readiness {
    let known = &state.settings.known_migrations;
    let codes = state.db.codes();
    let (database, pending, store, codes) = tokio::join!(
        timeout(PATIENCE, state.db.check()),
        timeout(PATIENCE, state.db.pending_migrations(known)),
        timeout(PATIENCE, state.store.check()),
        timeout(PATIENCE, codes.can_be_sent()),
    );
    let pending = pending.ok().and_then(Result::ok);
    Readiness {
        draining: state.stop.is_cancelled(),
        database: check(matches!(database, Ok(Ok(())))),
        object_store: check(matches!(store, Ok(Ok(())))),
        codes: check(matches!(codes, Ok(Ok(true)))),
        migrations: check(pending.as_ref().is_some_and(Vec::is_empty)),
        pending_migrations: pending.unwrap_or_default(),
    }
}

const fn check(is_fine: bool) -> Check {
    if is_fine { Check::Ok } else { Check::Failed }
}
