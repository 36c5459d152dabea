//! Liveness and readiness.

use std::time::Duration;

use actix_web::{get, web};
use tokio::time::timeout;

use crate::problem::{ApiError, Problem};
use crate::state::AppState;
use crate::views::health::{Check, Health, Readiness};

/// A dependency that does not respond within this time has failed.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// Reports that the process is alive.
#[utoipa::path(
    tag = "operations",
    security(()),
    responses((status = OK, body = Health)),
)]
#[get("/healthz")]
pub(crate) async fn show_health() -> web::Json<Health> {
    web::Json(Health::ok())
}

/// Reports whether the server can handle requests.
///
/// Checks the database, its migrations and the object store; a server that is shutting down is not
/// ready.
#[utoipa::path(
    tag = "operations",
    security(()),
    responses((status = OK, body = Readiness), (status = SERVICE_UNAVAILABLE, response = Problem)),
)]
#[get("/readyz")]
pub(crate) async fn show_readiness(
    state: web::Data<AppState>,
) -> Result<web::Json<Readiness>, ApiError> {
    let readiness = check_readiness(&state).await;
    if readiness.is_ready() {
        Ok(web::Json(readiness))
    } else {
        Err(ApiError::NotReady(Box::new(readiness)))
    }
}

async fn check_readiness(state: &AppState) -> Readiness {
    let known = &state.settings.known_migrations;
    let codes = state.db.codes();
    let (database, pending, store, codes) = tokio::join!(
        timeout(CHECK_TIMEOUT, state.db.check()),
        timeout(CHECK_TIMEOUT, state.db.pending_migrations(known)),
        timeout(CHECK_TIMEOUT, state.store.check()),
        timeout(CHECK_TIMEOUT, codes.can_be_sent()),
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

const fn check(is_ok: bool) -> Check {
    if is_ok { Check::Ok } else { Check::Failed }
}
