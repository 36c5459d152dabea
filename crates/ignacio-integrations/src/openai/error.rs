//! Maps `OpenAI`'s errors to what a caller can do about them.

use async_openai::error::OpenAIError;
use ignacio_domain::{
    error_chain,
    ports::{AssistantError, PortError},
    response::ReplyFailure,
};
use reqwest::StatusCode;

use super::single_attempt::{ErrorWords, Refusal};
use crate::http;

/// The request parameter that names the state to continue from.
const STATE_PARAM: &str = "previous_response_id";
const STATE_LOST: &str = "previous_response_not_found";
/// The operator must pay or raise a limit; waiting does not help.
const OUT_OF_QUOTA: [&str; 3] =
    ["insufficient_quota", "credit_balance_exhausted", "access_terminated"];
const OUT_OF_QUOTA_PREFIXES: [&str; 2] = ["billing_", "credit_balance"];
/// Keys, permissions and names that are wrong for every request.
const MISCONFIGURED: [&str; 5] = [
    "model_not_found",
    "invalid_api_key",
    "authentication_error",
    "permission_error",
    "invalid_organization",
];
/// Transient reasons for the end of a running reply.
const TRANSIENT: [&str; 3] = ["server_error", "rate_limit_exceeded", "vector_store_timeout"];
/// Errors of a stream that the request itself causes.
const REJECTED: [&str; 5] = [
    "invalid_request_error",
    "invalid_prompt",
    "context_length_exceeded",
    "content_filter",
    "string_above_max_length",
];

/// Maps a failed call to what its caller can do.
pub(super) fn port_error(error: OpenAIError) -> PortError {
    match error {
        OpenAIError::Reqwest(error) => http::connection_error(error),
        OpenAIError::Boxed(error) => match error.downcast::<Refusal>() {
            Ok(refusal) => of_refusal(&refusal),
            Err(other) => transient(&error_chain(other.as_ref())),
        },
        // These contain payloads: nothing of them may reach a log.
        OpenAIError::JSONDeserialize(..) => {
            transient("the response does not match the documented API")
        }
        OpenAIError::StreamError(_) => transient("the stream broke off or timed out"),
        // The transport reports refusals before the crate can build one of these.
        OpenAIError::ApiError(answer) => transient(answer.status_code.as_str()),
        OpenAIError::InvalidArgument(reason)
        | OpenAIError::FileReadError(reason)
        | OpenAIError::FileSaveError(reason) => {
            PortError::Rejected { code: "unsendable".to_owned(), reason }
        }
    }
}

/// The same for a reply, for which the provider may have lost the state of the conversation.
pub(super) fn assistant_error(error: OpenAIError) -> AssistantError {
    if refusal(&error).is_some_and(is_state_lost) {
        return AssistantError::StateLost;
    }
    port_error(error).into()
}

/// Maps an error event of a stream. Unknown codes count as transient.
pub(super) fn stream_error(words: &ErrorWords) -> AssistantError {
    if words.any_of(&[STATE_LOST]) {
        return AssistantError::StateLost;
    }
    let code = words.most_specific().unwrap_or("error").to_owned();
    let reason = format!("the stream reports an error: {words}");
    let error = if is_misconfigured(words) {
        PortError::Misconfigured { code, reason }
    } else if words.any_of(&REJECTED) {
        PortError::Rejected { code, reason }
    } else {
        PortError::Transient { retry_after: None, reason }
    };
    error.into()
}

/// Why the provider ended a reply as failed: [`ReplyFailure::ProviderUnavailable`] for transient
/// reasons, so that a reply without any text may be retried, and
/// [`ReplyFailure::ProviderRejected`] for all others, known or unknown.
pub(super) fn failure_of(words: &ErrorWords) -> ReplyFailure {
    if words.most_specific().is_none() || words.any_of(&TRANSIENT) {
        ReplyFailure::ProviderUnavailable
    } else {
        ReplyFailure::ProviderRejected
    }
}

/// The refusal inside an error, if the provider responded at all.
pub(super) fn refusal(error: &OpenAIError) -> Option<&Refusal> {
    match error {
        OpenAIError::Boxed(error) => error.downcast_ref(),
        _ => None,
    }
}

fn is_state_lost(refusal: &Refusal) -> bool {
    refusal.words.any_of(&[STATE_LOST])
        || (refusal.status == StatusCode::NOT_FOUND
            && refusal.param.as_deref() == Some(STATE_PARAM))
}

fn is_misconfigured(words: &ErrorWords) -> bool {
    words.any_of(&OUT_OF_QUOTA)
        || words.any_of(&MISCONFIGURED)
        || OUT_OF_QUOTA_PREFIXES.iter().any(|start| words.starts_with(start))
}

/// By error code first, because 429 means both "slow down" and "pay", and 404 both "gone" and "no
/// such model"; then by status, which is all that the HTML page of a proxy leaves.
fn of_refusal(refusal: &Refusal) -> PortError {
    let status = refusal.status;
    let code = || match refusal.words.most_specific() {
        Some(word) => word.to_owned(),
        None => format!("http_{}", status.as_u16()),
    };
    let reason = refusal.to_string();
    if is_misconfigured(&refusal.words) {
        return PortError::Misconfigured { code: code(), reason };
    }
    match status.as_u16() {
        404 => PortError::NotFound,
        300..=399 | 401 | 403 | 407 => PortError::Misconfigured { code: code(), reason },
        408 | 409 | 425 | 429 | 500..=599 => {
            PortError::Transient { retry_after: refusal.retry_after, reason }
        }
        _ => PortError::Rejected { code: code(), reason },
    }
}

fn transient(reason: &str) -> PortError {
    PortError::Transient { retry_after: None, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    //! The provider's error codes are mapped by what a caller can do about them.

    use serde_json::json;

    use super::*;

    fn words(code: &str, kind: &str) -> ErrorWords {
        ErrorWords::parse(&json!({ "code": code, "type": kind }))
    }

    #[test]
    fn stream_errors_are_mapped_by_their_code() {
        use AssistantError::{Port, StateLost};
        assert!(matches!(stream_error(&words(STATE_LOST, "invalid_request_error")), StateLost));
        for transient in ["server_error", "rate_limit_exceeded", "something_new", ""] {
            let error = stream_error(&words(transient, ""));
            assert!(matches!(error, Port(PortError::Transient { .. })), "{transient}");
        }
        let error = stream_error(&words("context_length_exceeded", "invalid_request_error"));
        assert!(matches!(error, Port(PortError::Rejected { code, .. })
            if code == "context_length_exceeded"));
        for quota in ["insufficient_quota", "billing_hard_limit_reached"] {
            let error = stream_error(&words(quota, ""));
            assert!(matches!(error, Port(PortError::Misconfigured { .. })), "{quota}");
        }
    }

    #[test]
    fn only_known_transient_reasons_are_retried() {
        for transient in TRANSIENT {
            assert_eq!(failure_of(&words(transient, "")), ReplyFailure::ProviderUnavailable);
        }
        assert_eq!(failure_of(&ErrorWords::default()), ReplyFailure::ProviderUnavailable);
        for final_word in ["invalid_prompt", "bio_policy", "something_new"] {
            assert_eq!(failure_of(&words(final_word, "")), ReplyFailure::ProviderRejected);
        }
    }
}
