//! WhatsApp webhooks, by which Meta reports the delivery of messages.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use ignacio_persistence::StoreError;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::extract::{RawBody, ValidQuery};
use crate::problem::{ApiError, Problem, ValidationCode};
use crate::state::AppState;
use crate::webhook_signature::Signature;

/// The largest webhook that we accept; Meta's own limit is 3 MB.
const MAX_BYTES: usize = 4 * 1024 * 1024;
const MAX_CHALLENGE_CHARS: usize = 256;

/// How Meta verifies that the URL is ours. Unknown parameters are allowed, because Meta may add some.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Subscription {
    /// Always `subscribe`.
    #[serde(rename = "hub.mode")]
    mode: String,
    /// The verify token that is set in the Meta app.
    #[serde(rename = "hub.verify_token")]
    verify_token: String,
    /// The text to return.
    #[serde(rename = "hub.challenge")]
    challenge: String,
}

/// Proves to Meta that this URL belongs to the service.
#[utoipa::path(
    tag = "webhooks",
    security(()),
    params(Subscription),
    responses(
        (status = OK, body = String, content_type = "text/plain", description = "The challenge"),
        (status = FORBIDDEN, response = Problem),
        (status = UNPROCESSABLE_ENTITY, response = Problem),
    ),
)]
#[get("/whatsapp")]
#[tracing::instrument(skip_all)]
pub(crate) async fn verify_webhook(
    ValidQuery(subscription): ValidQuery<Subscription>,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let ours = state.settings.webhook.verify_token.as_ref();
    let given = subscription.verify_token.as_bytes();
    // An empty token is never valid.
    let is_ours = ours.is_some_and(|it| it.expose_secret().as_bytes().ct_eq(given).into());
    if !is_ours || given.is_empty() {
        return Err(ApiError::WrongVerifyToken);
    }
    if subscription.mode != "subscribe" {
        return Err(ApiError::invalid("/hub.mode", ValidationCode::WrongValue));
    }
    if !is_challenge(&subscription.challenge) {
        return Err(ApiError::invalid("/hub.challenge", ValidationCode::WrongValue));
    }

    Ok(HttpResponse::Ok().content_type("text/plain").body(subscription.challenge))
}

/// Receives a report on messages.
///
/// `X-Hub-Signature-256` must be `sha256=` and the HMAC of the body's bytes under the app's secret.
/// A signed body is stored whatever it says, and processed later; a repeated one changes nothing.
#[utoipa::path(
    tag = "webhooks",
    security(()),
    params(("X-Hub-Signature-256" = String, Header, description = "`sha256=` and 64 digits")),
    request_body(content_type = "application/octet-stream",
        description = "JSON as Meta writes it, up to 4 MiB"),
    responses(
        (status = OK, description = "Stored"),
        (status = UNAUTHORIZED, response = Problem),
        (status = PAYLOAD_TOO_LARGE, response = Problem),
        (status = SERVICE_UNAVAILABLE, response = Problem),
    ),
)]
#[post("/whatsapp")]
#[tracing::instrument(skip_all)]
pub(crate) async fn receive_webhook(
    request: HttpRequest,
    body: RawBody,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let stored = store(&request, body, &state).await;
    let outcome = match &stored {
        Ok(true) => "kept",
        Ok(false) => "repeated",
        Err(ApiError::SignatureInvalid) => "refused",
        Err(ApiError::TooLarge { .. }) => "too_large",
        Err(_) => "failed",
    };
    metrics::counter!("webhooks_total", "outcome" => outcome).increment(1);
    if stored? {
        state.wake_worker();
    }

    Ok(HttpResponse::Ok().finish())
}

/// Stores a webhook unread; true if it is new.
async fn store(request: &HttpRequest, body: RawBody, state: &AppState) -> Result<bool, ApiError> {
    // Without a well-formed signature, not a byte of the body is read.
    let signature = Signature::find(request.headers()).ok_or(ApiError::SignatureInvalid)?;
    let body = body.read(MAX_BYTES).await?;
    if !signature.verifies(&body, &state.settings.webhook.app_secrets) {
        return Err(ApiError::SignatureInvalid);
    }
    match state.db.inbox().store(Sha256::digest(&body).into(), &body).await {
        Ok(is_new) => Ok(is_new),
        // Whatever the reason, Meta must retry the webhook and not drop it.
        Err(error @ StoreError::Conflict(_)) => Err(ApiError::internal(error)),
        Err(error) => Err(error.into()),
    }
}

fn is_challenge(text: &str) -> bool {
    (1..=MAX_CHALLENGE_CHARS).contains(&text.len())
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    //! Only a harmless challenge is echoed.

    use super::*;

    #[test]
    fn challenges_are_short_words() {
        for good in ["1", "1158201444", "aZ_-09", &"x".repeat(256)] {
            assert!(is_challenge(good), "{good}");
        }
        for bad in ["", " ", "a b", "<script>", "a\n", "ñ", "a.b", "a/b", &"x".repeat(257)] {
            assert!(!is_challenge(bad), "{bad:?}");
        }
    }
}
