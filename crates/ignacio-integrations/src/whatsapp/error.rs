//! Maps Meta's error codes to what a sender can do. The code is the contract; titles and texts
//! change.

use std::time::Duration;

use ignacio_domain::{error_chain, ports::SendError};
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::http;

/// The time between two messages to one recipient.
const PAIR_DELAY: Duration = Duration::from_secs(6);
/// The time after the limit for all recipients together was hit.
const THROUGHPUT_DELAY: Duration = Duration::from_secs(2);
const THROUGHPUT: i64 = 130_429;
/// Too many messages: for the account, for the sending number, for the pair of numbers.
const THROTTLED: [i64; 3] = [80_007, THROUGHPUT, 131_056];
/// Faults and overload at Meta.
const TRANSIENT: [i64; 7] = [1, 2, 4, 131_000, 131_016, 131_057, 133_004];
/// Not on `WhatsApp`, our own number, part of an experiment, in a country that we cannot send to, or
/// not on the account's list of test recipients.
const UNREACHABLE: [i64; 5] = [130_472, 130_497, 131_021, 131_026, 131_030];
/// Tokens and permissions, without which nothing works.
const ACCESS: [i64; 5] = [0, 3, 10, 190, 131_005];
/// The account, the parameters, and limits that do not apply to authentication templates, which
/// means that the template has the wrong category.
const MISCONFIGURED: [i64; 14] = [
    33, 100, 368, 131_008, 131_009, 131_031, 131_042, 131_045, 131_047, 131_048, 131_049, 131_050,
    131_051, 133_010,
];
/// The longest error type that is kept; Meta's are single words.
const MAX_KIND_BYTES: usize = 64;

/// What a sender can do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Transient,
    Throttled,
    Unreachable,
    Misconfigured,
    NoAccess,
}

/// Maps a missing response to what its caller can do.
pub(super) fn connection_error(error: reqwest::Error) -> SendError {
    let is_ours = error.is_builder();
    let reason = error_chain(&error.without_url());
    if is_ours {
        let code = "bad_request_settings".to_owned();
        SendError::Misconfigured { code, reason, is_critical: false }
    } else {
        SendError::Transient { reason }
    }
}

/// Maps a response other than 2xx to what its caller can do.
pub(super) async fn refusal(mut response: Response) -> SendError {
    let status = response.status();
    let pause = http::retry_after(response.headers());
    let body = http::read_json(&mut response).await;
    to_send_error(status, pause, &MetaError::parse(&body))
}

fn to_send_error(status: StatusCode, pause: Option<Duration>, error: &MetaError) -> SendError {
    let number = error.code;
    let code = match number {
        Some(number) => number.to_string(),
        None => format!("http_{}", status.as_u16()),
    };
    let kind = error.kind.as_deref().unwrap_or("-");
    let reason = format!("status {}, code {code}, type {kind}", status.as_u16());
    match number.and_then(meaning).unwrap_or_else(|| by_status(status)) {
        // A requested delay is respected whatever the fault is.
        Meaning::Transient => match pause {
            Some(pause) => SendError::Throttled { retry_after: pause, reason },
            None => SendError::Transient { reason },
        },
        Meaning::Throttled => {
            let known = if number == Some(THROUGHPUT) { THROUGHPUT_DELAY } else { PAIR_DELAY };
            SendError::Throttled { retry_after: pause.unwrap_or(known), reason }
        }
        Meaning::Unreachable => SendError::Unreachable { code },
        Meaning::Misconfigured => {
            let is_critical = matches!(status.as_u16(), 401 | 403);
            SendError::Misconfigured { code, reason, is_critical }
        }
        Meaning::NoAccess => SendError::Misconfigured { code, reason, is_critical: true },
    }
}

/// What a code of the Graph API or the Cloud API means; `None` for unknown ones, for which the
/// status decides.
pub(super) fn meaning(code: i64) -> Option<Meaning> {
    match code {
        _ if TRANSIENT.contains(&code) => Some(Meaning::Transient),
        _ if THROTTLED.contains(&code) => Some(Meaning::Throttled),
        _ if UNREACHABLE.contains(&code) => Some(Meaning::Unreachable),
        200..=299 => Some(Meaning::NoAccess),
        _ if ACCESS.contains(&code) => Some(Meaning::NoAccess),
        132_000..=132_999 => Some(Meaning::Misconfigured),
        _ if MISCONFIGURED.contains(&code) => Some(Meaning::Misconfigured),
        _ => None,
    }
}

fn by_status(status: StatusCode) -> Meaning {
    match status.as_u16() {
        429 => Meaning::Throttled,
        408 | 425 | 500..=599 => Meaning::Transient,
        401 | 403 => Meaning::NoAccess,
        300..=399 | 404 | 407 => Meaning::Misconfigured,
        _ => Meaning::Unreachable,
    }
}

fn is_word(text: &str) -> bool {
    text.len() <= MAX_KIND_BYTES && text.bytes().all(|it| it.is_ascii_alphabetic() || it == b'_')
}

/// The parts of Meta's error object that are kept.
#[derive(Debug, Default)]
struct MetaError {
    code: Option<i64>,
    kind: Option<String>,
}

impl MetaError {
    fn parse(body: &Value) -> Self {
        let code = body.pointer("/error/code").and_then(Value::as_i64);
        let kind = body.pointer("/error/type").and_then(Value::as_str).filter(|it| is_word(it));
        Self { code, kind: kind.map(str::to_owned) }
    }
}

#[cfg(test)]
mod tests;
