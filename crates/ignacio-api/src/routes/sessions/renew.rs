//! Replaces the token of a session.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, post, web};

use crate::auth::{self, Caller};
use crate::problem::ApiError;
use crate::state::AppState;
use crate::views::session::RenewedSessionView;

/// Replaces this session's token.
///
/// Renew once a day. The old token stays valid for another minute, so that requests in flight
/// succeed; renewing it again within that minute returns the same new token. Presenting the old token
/// later ends the session, because then it has probably been stolen.
#[utoipa::path(
    tag = "sessions",
    responses((status = CREATED, body = RenewedSessionView, headers(
        ("Location" = String, description = "The session"),
        ("Set-Cookie" = Option<String>, description = "The token, if it came in the cookie"),
    ))),
)]
#[post("/sessions/current/renewal")]
#[tracing::instrument(skip_all)]
pub(crate) async fn renew_session(
    caller: Caller,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let presented = auth::session_token(&request)?;
    let next = presented.successor(&state.settings.keys.renewal);
    let (session, current) = state.db.renew_session(caller.session(), &next.digest()).await?;
    // Neither token is current if our key was rotated since the token was issued.
    let token = [next, presented].into_iter().find(|it| it.digest() == current);
    let token = token.ok_or(ApiError::Conflict)?;

    let mut response = HttpResponse::Created();
    response.insert_header((header::LOCATION, format!("/v1/sessions/{}", session.id)));
    if caller.is_by_cookie() {
        response.cookie(auth::session_cookie(&token, &session));
    }
    Ok(response.json(RenewedSessionView::new(&token, session)))
}
