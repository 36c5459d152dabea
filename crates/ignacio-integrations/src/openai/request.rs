//! What the calls of the [`Assistant`](ignacio_domain::ports::Assistant) and the
//! [`VectorStore`](ignacio_domain::ports::VectorStore) share.

use async_openai::error::OpenAIError;
use ignacio_domain::ports::PortError;
use serde::de::IgnoredAny;

use super::error;

/// The file attribute that searches are filtered by.
pub(super) const USER_ID: &str = "user_id";

/// The result of a call whose response matters only for its status.
pub(super) fn ignore_body(response: Result<IgnoredAny, OpenAIError>) -> Result<(), PortError> {
    match response {
        Ok(_) | Err(OpenAIError::JSONDeserialize(..)) => Ok(()),
        Err(error) => Err(error::port_error(error)),
    }
}

/// The same for a deletion, which also succeeds if there is nothing to delete.
pub(super) fn accept_missing(response: Result<IgnoredAny, OpenAIError>) -> Result<(), PortError> {
    match ignore_body(response) {
        Err(PortError::NotFound) => Ok(()),
        other => other,
    }
}
