//! Admits callers to the protected routes.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, web};
use ignacio_domain::user::Role;
use ignacio_persistence::StoreError;

use super::caller::Caller;
use super::credential;
use crate::problem::ApiError;
use crate::state::AppState;

/// Lets a request through when it presents a session. One with a body has to prove it first, so
/// that a stranger's bytes are never taken; the others prove it in the trip that they make anyway.
pub(crate) async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match admit(&request).await {
        Ok(()) => Ok(outlived(next.call(request).await?.map_into_boxed_body()).await),
        Err(refusal) => Ok(request.error_response(refusal)),
    }
}

/// The same for the staff's routes: each request proves an admin's session before anything else of
/// it is looked at, so that nobody else learns from a refusal what the routes take. What follows
/// proves it again, within its own transaction.
pub(crate) async fn admit_staff(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match admit_admin(&request).await {
        Ok(()) => Ok(outlived(next.call(request).await?.map_into_boxed_body()).await),
        Err(refusal) => Ok(request.error_response(refusal)),
    }
}

/// A session may end while a request of it goes on; from then on the policies refuse what it writes.
/// That is no fault of ours, and is answered as the next request would be.
async fn outlived(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let error = response.response().error().and_then(|it| it.as_error::<ApiError>());
    if !error.is_some_and(ApiError::is_refusal_of_the_database) {
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

async fn admit(request: &ServiceRequest) -> Result<(), ApiError> {
    let state = AppState::of(request)?;
    let Some(caller) = identify(request, state)? else { return Ok(()) };
    if has_body(request) {
        state.db.verify_session(caller.session()).await?;
    }
    request.extensions_mut().insert(caller);
    Ok(())
}

async fn admit_admin(request: &ServiceRequest) -> Result<(), ApiError> {
    let state = AppState::of(request)?;
    let Some(caller) = identify(request, state)? else { return Ok(()) };
    if state.db.verify_session(caller.session()).await?.role != Role::Admin {
        return if is_routed(request, state) { Err(ApiError::NotAdmin) } else { Ok(()) };
    }
    request.extensions_mut().insert(caller);
    Ok(())
}

/// Who asks; `None` for nobody where there is no such route.
fn identify(request: &ServiceRequest, state: &AppState) -> Result<Option<Caller>, ApiError> {
    let caller = match credential::find(request.request()) {
        Ok(caller) => caller,
        Err(_) if !is_routed(request, state) => return Ok(None),
        Err(refusal) => return Err(refusal),
    };
    if caller.is_by_cookie() && !state.origins.permit(request.request()) {
        return Err(ApiError::CrossSite);
    }
    Ok(Some(caller))
}

/// Where there is no such route, the answer is the same for everybody.
fn is_routed(request: &ServiceRequest, state: &AppState) -> bool {
    state.surface.has(request.method(), request.path())
}

fn has_body(request: &ServiceRequest) -> bool {
    let headers = request.headers();
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers.get(header::CONTENT_LENGTH).is_some_and(|length| length != "0")
}
