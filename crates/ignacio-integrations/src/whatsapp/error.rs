//! What Meta's error codes mean to a sender. The number is the contract; titles and texts change.

use std::time::Duration;

use ignacio_domain::{error_chain, ports::SendError};
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::http;

/// Messages to one person may follow each other after about this long.
const PAIR_PAUSE: Duration = Duration::from_secs(6);
/// The limit of all messages together is one of seconds.
const THROUGHPUT_PAUSE: Duration = Duration::from_secs(2);
const THROUGHPUT: i64 = 130_429;
/// Too many at once: of the account, of the number that sends, of the pair of numbers.
const THROTTLED: [i64; 3] = [80_007, THROUGHPUT, 131_056];
/// Faults and overload on Meta's side.
const PASSING: [i64; 7] = [1, 2, 4, 131_000, 131_016, 131_057, 133_004];
/// Not on `WhatsApp`, our own number, part of an experiment, in a country that is closed to us, not
/// on the list of testers of an account that has one.
const THIS_NUMBER: [i64; 5] = [130_472, 130_497, 131_021, 131_026, 131_030];
/// Tokens and permissions, without which nothing at all works.
const KEYS: [i64; 5] = [0, 3, 10, 190, 131_005];
/// The account; parameters; and limits that do not hold for authentication templates, so that the
/// template is not what it should be.
const OURS: [i64; 14] = [
    33, 100, 368, 131_008, 131_009, 131_031, 131_042, 131_045, 131_047, 131_048, 131_049, 131_050,
    131_051, 133_010,
];
/// The longest error type that is taken over; Meta's are single words.
const MAX_KIND_BYTES: usize = 64;

/// What a sender can do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Passes,
    Throttled,
    ThisNumber,
    Ours,
    Key,
}

/// Turns the lack of an answer into what its caller can do.
pub(super) fn of_silence(error: reqwest::Error) -> SendError {
    let is_ours = error.is_builder();
    let reason = error_chain(&error.without_url());
    if is_ours {
        let code = "bad_request_settings".to_owned();
        SendError::Misconfigured { code, reason, is_critical: false }
    } else {
        SendError::Transient { reason }
    }
}

/// Turns an answer other than 2xx into what its caller can do.
pub(super) async fn of_refusal(mut answer: Response) -> SendError {
    let status = answer.status();
    let pause = http::retry_after(answer.headers());
    let body = http::json(&mut answer).await;
    to_send_error(status, pause, &MetaError::of(&body))
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
        // Whatever the fault is, a pause that is asked for is kept.
        Meaning::Passes => match pause {
            Some(pause) => SendError::Throttled { retry_after: pause, reason },
            None => SendError::Transient { reason },
        },
        Meaning::Throttled => {
            let known = if number == Some(THROUGHPUT) { THROUGHPUT_PAUSE } else { PAIR_PAUSE };
            SendError::Throttled { retry_after: pause.unwrap_or(known), reason }
        }
        Meaning::ThisNumber => SendError::Unreachable { code },
        Meaning::Ours => {
            let is_critical = matches!(status.as_u16(), 401 | 403);
            SendError::Misconfigured { code, reason, is_critical }
        }
        Meaning::Key => SendError::Misconfigured { code, reason, is_critical: true },
    }
}

/// What a code of the Graph API or the Cloud API means; `None` for those that are new, which are
/// judged by their status.
pub(super) fn meaning(code: i64) -> Option<Meaning> {
    match code {
        _ if PASSING.contains(&code) => Some(Meaning::Passes),
        _ if THROTTLED.contains(&code) => Some(Meaning::Throttled),
        _ if THIS_NUMBER.contains(&code) => Some(Meaning::ThisNumber),
        200..=299 => Some(Meaning::Key),
        _ if KEYS.contains(&code) => Some(Meaning::Key),
        132_000..=132_999 => Some(Meaning::Ours),
        _ if OURS.contains(&code) => Some(Meaning::Ours),
        _ => None,
    }
}

fn by_status(status: StatusCode) -> Meaning {
    match status.as_u16() {
        429 => Meaning::Throttled,
        408 | 425 | 500..=599 => Meaning::Passes,
        401 | 403 => Meaning::Key,
        300..=399 | 404 | 407 => Meaning::Ours,
        _ => Meaning::ThisNumber,
    }
}

fn is_word(text: &str) -> bool {
    text.len() <= MAX_KIND_BYTES && text.bytes().all(|it| it.is_ascii_alphabetic() || it == b'_')
}

/// What is kept of Meta's error object.
#[derive(Debug, Default)]
struct MetaError {
    code: Option<i64>,
    kind: Option<String>,
}

impl MetaError {
    fn of(body: &Value) -> Self {
        let code = body.pointer("/error/code").and_then(Value::as_i64);
        let kind = body.pointer("/error/type").and_then(Value::as_str).filter(|it| is_word(it));
        Self { code, kind: kind.map(str::to_owned) }
    }
}

#[cfg(test)]
mod tests;
