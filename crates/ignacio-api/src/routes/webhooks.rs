//! Where Meta tells what became of messages.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use ignacio_persistence::StoreError;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::extract::{Params, RawBody};
use crate::problem::{ApiError, Problem, Rule};
use crate::state::AppState;
use crate::webhook_signature::Signature;

/// The largest webhook: Meta's own limit is 3 MB.
const MAX_BYTES: usize = 4 * 1024 * 1024;
const MAX_CHALLENGE_CHARS: usize = 256;

/// How Meta asks whether the address is ours. More parameters do no harm: the list is Meta's.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Subscription {
    /// Always `subscribe`.
    #[serde(rename = "hub.mode")]
    mode: String,
    /// The token that the app's owner chose.
    #[serde(rename = "hub.verify_token")]
    verify_token: String,
    /// What to answer.
    #[serde(rename = "hub.challenge")]
    challenge: String,
}

/// Shows Meta that this address is the service's.
#[utoipa::path(
    operation_id = "verify_webhook",
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
#[tracing::instrument(name = "api.webhooks.verify", skip_all)]
pub(crate) async fn verify(
    Params(subscription): Params<Subscription>,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let ours = state.settings.webhook.verify_token.as_ref();
    let given = subscription.verify_token.as_bytes();
    // The empty token is nobody's.
    let is_ours = ours.is_some_and(|it| it.expose_secret().as_bytes().ct_eq(given).into());
    if !is_ours || given.is_empty() {
        return Err(ApiError::WrongVerifyToken);
    }
    if subscription.mode != "subscribe" {
        return Err(ApiError::invalid("/hub.mode", Rule::WrongValue));
    }
    if !is_challenge(&subscription.challenge) {
        return Err(ApiError::invalid("/hub.challenge", Rule::WrongValue));
    }

    Ok(HttpResponse::Ok().content_type("text/plain").body(subscription.challenge))
}

/// Takes a report about messages.
///
/// `X-Hub-Signature-256` must be `sha256=` and the HMAC of the body's bytes under the app's secret.
/// Whatever a signed body says, it is taken, and read later; the same one again changes nothing.
#[utoipa::path(
    operation_id = "receive_webhook",
    tag = "webhooks",
    security(()),
    params(("X-Hub-Signature-256" = String, Header, description = "`sha256=` and 64 digits")),
    request_body(content_type = "application/octet-stream",
        description = "JSON as Meta writes it, up to 4 MiB"),
    responses(
        (status = OK, description = "Taken"),
        (status = UNAUTHORIZED, response = Problem),
        (status = PAYLOAD_TOO_LARGE, response = Problem),
        (status = SERVICE_UNAVAILABLE, response = Problem),
    ),
)]
#[post("/whatsapp")]
#[tracing::instrument(name = "api.webhooks.receive", skip_all)]
pub(crate) async fn receive(
    request: HttpRequest,
    body: RawBody,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let taken = take(&request, body, &state).await;
    let outcome = match &taken {
        Ok(true) => "kept",
        Ok(false) => "repeated",
        Err(ApiError::SignatureInvalid) => "refused",
        Err(ApiError::TooLarge { .. }) => "too_large",
        Err(_) => "failed",
    };
    metrics::counter!("webhooks_total", "outcome" => outcome).increment(1);
    if taken? {
        state.poke();
    }

    Ok(HttpResponse::Ok().finish())
}

/// Keeps a webhook as it is; true when it is new.
async fn take(request: &HttpRequest, body: RawBody, state: &AppState) -> Result<bool, ApiError> {
    // Who cannot even show the form of a signature does not get a byte of the body read.
    let signature = Signature::find(request.headers()).ok_or(ApiError::SignatureInvalid)?;
    let body = body.read(MAX_BYTES).await?;
    if !signature.is_of(&body, &state.settings.webhook.app_secrets) {
        return Err(ApiError::SignatureInvalid);
    }
    match state.db.inbox().store(Sha256::digest(&body).into(), &body).await {
        Ok(is_new) => Ok(is_new),
        // Whatever the database says against it, Meta shall try again and not give the webhook up.
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
    //! Only what cannot be anything else is echoed.

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
