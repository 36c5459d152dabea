//! What `OpenAI`'s failures mean to a caller.

use async_openai::error::OpenAIError;
use ignacio_domain::{
    error_chain,
    ports::{AssistantError, PortError},
    response::ReplyFailure,
};
use reqwest::StatusCode;

use super::transport::{Refusal, Words};
use crate::http;

/// The parameter of a request that names the state to go on from.
const PREVIOUS: &str = "previous_response_id";
const STATE_LOST: &str = "previous_response_not_found";
/// Words for "somebody has to pay or to raise a limit"; waiting does not help.
const OUT_OF_QUOTA: [&str; 3] =
    ["insufficient_quota", "credit_balance_exhausted", "access_terminated"];
const OUT_OF_QUOTA_BEGINS: [&str; 2] = ["billing_", "credit_balance"];
/// Words for keys, permissions and names that are wrong whatever the request says.
const MISCONFIGURED: [&str; 5] = [
    "model_not_found",
    "invalid_api_key",
    "authentication_error",
    "permission_error",
    "invalid_organization",
];
/// Words that end a running reply for reasons that pass.
const PASSING: [&str; 3] = ["server_error", "rate_limit_exceeded", "vector_store_timeout"];
/// Words by which a stream's error says that the request is at fault.
const AT_FAULT: [&str; 5] = [
    "invalid_request_error",
    "invalid_prompt",
    "context_length_exceeded",
    "content_filter",
    "string_above_max_length",
];

/// Turns a failed call into what its caller can do.
pub(super) fn port_error(error: OpenAIError) -> PortError {
    match error {
        OpenAIError::Reqwest(error) => http::no_answer(error),
        OpenAIError::Boxed(error) => match error.downcast::<Refusal>() {
            Ok(refusal) => of_refusal(&refusal),
            Err(other) => transient(&error_chain(other.as_ref())),
        },
        // These carry payloads, so that nothing of them is repeated.
        OpenAIError::JSONDeserialize(..) => transient("the answer is not what the API documents"),
        OpenAIError::StreamError(_) => transient("the stream broke off or fell silent"),
        // The transport refuses before the crate gets to make one of these.
        OpenAIError::ApiError(answer) => transient(answer.status_code.as_str()),
        OpenAIError::InvalidArgument(reason)
        | OpenAIError::FileReadError(reason)
        | OpenAIError::FileSaveError(reason) => {
            PortError::Rejected { code: "unsendable".to_owned(), reason }
        }
    }
}

/// The same for a reply, where the provider may have lost the conversation's state.
pub(super) fn assistant_error(error: OpenAIError) -> AssistantError {
    if refusal(&error).is_some_and(is_state_lost) {
        return AssistantError::StateLost;
    }
    port_error(error).into()
}

/// An error that a stream reports about itself. Words that are new count as a fault of the
/// provider's, which a caller may outwait.
pub(super) fn of_stream(words: &Words) -> AssistantError {
    if words.any_of(&[STATE_LOST]) {
        return AssistantError::StateLost;
    }
    let code = words.narrowest().unwrap_or("error").to_owned();
    let reason = format!("the stream reports an error: {words}");
    let error = if is_misconfigured(words) {
        PortError::Misconfigured { code, reason }
    } else if words.any_of(&AT_FAULT) {
        PortError::Rejected { code, reason }
    } else {
        PortError::Transient { retry_after: None, reason }
    };
    error.into()
}

/// Why a reply failed that the provider itself ended as failed: [`ReplyFailure::ProviderUnavailable`]
/// for reasons that pass, so that a reply without any text may be tried again, and
/// [`ReplyFailure::ProviderRejected`] for all others, known or new.
pub(super) fn of_failed(words: &Words) -> ReplyFailure {
    if words.narrowest().is_none() || words.any_of(&PASSING) {
        ReplyFailure::ProviderUnavailable
    } else {
        ReplyFailure::ProviderRejected
    }
}

/// The refusal inside an error, when the provider answered at all.
pub(super) fn refusal(error: &OpenAIError) -> Option<&Refusal> {
    match error {
        OpenAIError::Boxed(error) => error.downcast_ref(),
        _ => None,
    }
}

fn is_state_lost(refusal: &Refusal) -> bool {
    refusal.words.any_of(&[STATE_LOST])
        || (refusal.status == StatusCode::NOT_FOUND && refusal.param.as_deref() == Some(PREVIOUS))
}

fn is_misconfigured(words: &Words) -> bool {
    words.any_of(&OUT_OF_QUOTA)
        || words.any_of(&MISCONFIGURED)
        || OUT_OF_QUOTA_BEGINS.iter().any(|start| words.begins(start))
}

/// By words first, because 429 is both "slow down" and "pay", and 404 both "gone" and "no such
/// model"; then by status, which is all that a proxy's HTML page leaves.
fn of_refusal(refusal: &Refusal) -> PortError {
    let status = refusal.status;
    let code = || match refusal.words.narrowest() {
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
    //! The provider's words are told apart by what a caller can do about them.

    use serde_json::json;

    use super::*;

    fn words(code: &str, kind: &str) -> Words {
        Words::of(&json!({ "code": code, "type": kind }))
    }

    #[test]
    fn an_error_in_a_stream_is_read_by_its_words() {
        use AssistantError::{Port, StateLost};
        assert!(matches!(of_stream(&words(STATE_LOST, "invalid_request_error")), StateLost));
        for passing in ["server_error", "rate_limit_exceeded", "something_new", ""] {
            let error = of_stream(&words(passing, ""));
            assert!(matches!(error, Port(PortError::Transient { .. })), "{passing}");
        }
        let error = of_stream(&words("context_length_exceeded", "invalid_request_error"));
        assert!(matches!(error, Port(PortError::Rejected { code, .. })
            if code == "context_length_exceeded"));
        for quota in ["insufficient_quota", "billing_hard_limit_reached"] {
            let error = of_stream(&words(quota, ""));
            assert!(matches!(error, Port(PortError::Misconfigured { .. })), "{quota}");
        }
    }

    #[test]
    fn only_known_passing_reasons_are_worth_another_try() {
        for passing in PASSING {
            assert_eq!(of_failed(&words(passing, "")), ReplyFailure::ProviderUnavailable);
        }
        assert_eq!(of_failed(&Words::default()), ReplyFailure::ProviderUnavailable);
        for final_word in ["invalid_prompt", "bio_policy", "something_new"] {
            assert_eq!(of_failed(&words(final_word, "")), ReplyFailure::ProviderRejected);
        }
    }
}
