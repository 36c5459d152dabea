//! Maps the store's errors to what a caller can do about them.

use std::{error::Error, io};

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use ignacio_domain::{error_chain, ports::PortError};

use crate::http::parse_seconds;

/// Codes of 400 and 404 responses that mean wrong settings, not a wrong request.
const MISCONFIGURED: [&str; 4] = [
    "NoSuchBucket",
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "InvalidBucketName",
];
/// Transient errors with a status below 500. An upload can get lost between two of its parts.
const TRANSIENT: [&str; 4] = ["RequestTimeout", "SlowDown", "OperationAborted", "NoSuchUpload"];

/// Maps a failed call to what its caller can do. The SDK has already tried three times.
pub(super) fn port_error<E>(error: &SdkError<E>) -> PortError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let Some(response) = error.raw_response() else { return connection_error(error) };
    let status = response.status().as_u16();
    let known = error.code();
    let code = || known.map_or_else(|| format!("http_{status}"), str::to_owned);
    let reason = format!("status {status}, code {}", known.unwrap_or("-"));
    let is = |codes: &[&str]| known.is_some_and(|it| codes.contains(&it));
    match status {
        _ if is(&TRANSIENT) => transient(error, reason),
        _ if is(&MISCONFIGURED) => PortError::Misconfigured { code: code(), reason },
        404 => PortError::NotFound,
        300..=399 | 401 | 403 => PortError::Misconfigured { code: code(), reason },
        // A success that cannot be parsed is the store's fault as well.
        200..=299 | 408 | 409 | 429 | 500..=599 => transient(error, reason),
        _ => PortError::Rejected { code: code(), reason },
    }
}

/// The same for calls about the bucket itself, which exists unless its name is wrong.
pub(super) fn of_bucket<E>(error: &SdkError<E>) -> PortError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match port_error(error) {
        PortError::NotFound => PortError::Misconfigured {
            code: "NoSuchBucket".to_owned(),
            reason: "no bucket has this name".to_owned(),
        },
        other => other,
    }
}

/// An error of the content, which comes from the caller, who knows what it means.
pub(super) fn of_content(error: &io::Error) -> PortError {
    PortError::Rejected { code: "content".to_owned(), reason: error_chain(error) }
}

fn transient<E>(error: &SdkError<E>, reason: String) -> PortError {
    let response = error.raw_response();
    let retry_after =
        response.and_then(|it| it.headers().get("retry-after")).and_then(parse_seconds);
    PortError::Transient { retry_after, reason }
}

fn connection_error<E>(error: &SdkError<E>) -> PortError
where
    E: Error + 'static,
{
    let reason = error_chain(error);
    match error {
        SdkError::ConstructionFailure(_) => {
            PortError::Misconfigured { code: "bad_request_settings".to_owned(), reason }
        }
        _ => PortError::Transient { retry_after: None, reason },
    }
}
