//! Authenticates the callers of protected routes.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, web};
use ignacio_domain::user::Role;
use ignacio_persistence::StoreError;

use crate::auth::{Caller, find_caller};
use crate::problem::ApiError;
use crate::route_index::RouteIndex;
use crate::state::AppState;

/// Passes on a request that presents a session. If the request has a body, the session is verified
/// first, so that a stranger's bytes are never read; otherwise the handler's own database scope
/// verifies it.
pub(crate) async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match insert_caller(&request).await {
        Ok(()) => Ok(map_expired_session(next.call(request).await?.map_into_boxed_body()).await),
        Err(refusal) => Ok(request.error_response(refusal)),
    }
}

/// Passes on a request that presents an admin's session. The session is verified before anything
/// else is read, so that nobody else can learn from a refusal which input these routes take. The
/// handler's scope verifies it again, within its own transaction.
pub(crate) async fn require_admin(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match insert_admin(&request).await {
        Ok(()) => Ok(map_expired_session(next.call(request).await?.map_into_boxed_body()).await),
        Err(refusal) => Ok(request.error_response(refusal)),
    }
}

/// Answers 401 where a write was refused because the session ended while its request was running.
/// Without this, the refusal would count as an internal error.
async fn map_expired_session(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let error = response.response().error().and_then(|it| it.as_error::<ApiError>());
    if !error.is_some_and(ApiError::is_refused_by_policy) {
        return response;
    }
    let request = response.request();
    let caller = request.extensions().get::<Caller>().copied();
    let state = request.app_data::<web::Data<AppState>>().cloned();
    let (Some(caller), Some(state)) = (caller, state) else { return response };
    match state.db.verify_session(caller.session()).await {
        Err(StoreError::Unauthenticated) => {
            let (request, _) = response.into_parts();
            ServiceResponse::from_err(ApiError::Unauthenticated { presented: true }, request)
        }
        _ => response,
    }
}

async fn insert_caller(request: &ServiceRequest) -> Result<(), ApiError> {
    let state = AppState::of(request)?;
    let Some(caller) = identify(request, state)? else { return Ok(()) };
    if has_body(request) {
        state.db.verify_session(caller.session()).await?;
    }
    request.extensions_mut().insert(caller);
    Ok(())
}

async fn insert_admin(request: &ServiceRequest) -> Result<(), ApiError> {
    let state = AppState::of(request)?;
    let Some(caller) = identify(request, state)? else { return Ok(()) };
    if state.db.verify_session(caller.session()).await?.role != Role::Admin {
        return if is_routed(request)? { Err(ApiError::NotAdmin) } else { Ok(()) };
    }
    request.extensions_mut().insert(caller);
    Ok(())
}

/// The caller; `None` if the request presents no session and no such route exists.
fn identify(request: &ServiceRequest, state: &AppState) -> Result<Option<Caller>, ApiError> {
    let caller = match find_caller(request.request()) {
        Ok(caller) => caller,
        Err(_) if !is_routed(request)? => return Ok(None),
        Err(refusal) => return Err(refusal),
    };
    if caller.is_by_cookie() && !state.origins.permit(request.request()) {
        return Err(ApiError::CrossSite);
    }
    Ok(Some(caller))
}

/// Whether such a route exists; if not, everyone gets the same answer.
fn is_routed(request: &ServiceRequest) -> Result<bool, ApiError> {
    let index = request
        .app_data::<web::Data<RouteIndex>>()
        .ok_or_else(|| ApiError::internal("the application has no route index"))?;
    Ok(index.contains(request.method(), request.path()))
}

fn has_body(request: &ServiceRequest) -> bool {
    let headers = request.headers();
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0")
}
