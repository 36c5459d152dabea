//! What Meta's error codes mean to a caller. The number is the contract; titles and texts change.

use std::time::Duration;

use ignacio_domain::ports::PortError;
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::http;

/// Messages to one person may follow each other after about this long.
const PAIR_PAUSE: Duration = Duration::from_secs(6);
const PAIR_LIMIT: i64 = 131_056;
/// Faults and overload on Meta's side, and limits that time lifts.
const PASSING: [i64; 10] =
    [1, 2, 4, 80_007, 130_429, 131_000, 131_016, PAIR_LIMIT, 131_057, 133_004];
/// Not on `WhatsApp`, our own number, part of an experiment, in a country that is closed to us.
const THIS_NUMBER: [i64; 4] = [130_472, 130_497, 131_021, 131_026];
/// Tokens, permissions and the account; parameters; a number that is on no tester's list; and
/// limits that do not hold for authentication templates, so that the template is not what it
/// should be.
const OURS: [i64; 20] = [
    0, 3, 10, 33, 100, 190, 368, 131_005, 131_008, 131_009, 131_030, 131_031, 131_042, 131_045,
    131_047, 131_048, 131_049, 131_050, 131_051, 133_010,
];
/// The longest error type that is taken over; Meta's are single words.
const MAX_KIND_BYTES: usize = 64;

/// What a caller can do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Passes,
    ThisNumber,
    Ours,
}

/// Turns an answer other than 2xx into what its caller can do.
pub(super) async fn of_refusal(mut answer: Response) -> PortError {
    let status = answer.status();
    let pause = http::retry_after(answer.headers());
    let body = http::json(&mut answer).await;
    to_port_error(status, pause, &MetaError::of(&body))
}

fn to_port_error(status: StatusCode, pause: Option<Duration>, error: &MetaError) -> PortError {
    let number = error.code;
    let code = match number {
        Some(number) => number.to_string(),
        None => format!("http_{}", status.as_u16()),
    };
    let kind = error.kind.as_deref().unwrap_or("-");
    let reason = format!("status {}, code {code}, type {kind}", status.as_u16());
    match number.and_then(meaning).unwrap_or_else(|| by_status(status)) {
        Meaning::Passes => {
            let least = (number == Some(PAIR_LIMIT)).then_some(PAIR_PAUSE);
            PortError::Transient { retry_after: pause.or(least), reason }
        }
        Meaning::ThisNumber => PortError::Rejected { code, reason },
        Meaning::Ours => PortError::Misconfigured { code, reason },
    }
}

/// What a code of the Graph API or the Cloud API means; `None` for those that are new, which are
/// judged by their status.
fn meaning(code: i64) -> Option<Meaning> {
    match code {
        _ if PASSING.contains(&code) => Some(Meaning::Passes),
        _ if THIS_NUMBER.contains(&code) => Some(Meaning::ThisNumber),
        200..=299 | 132_000..=132_999 => Some(Meaning::Ours),
        _ if OURS.contains(&code) => Some(Meaning::Ours),
        _ => None,
    }
}

fn by_status(status: StatusCode) -> Meaning {
    match status.as_u16() {
        408 | 425 | 429 | 500..=599 => Meaning::Passes,
        300..=399 | 401 | 403 | 404 | 407 => Meaning::Ours,
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
mod tests {
    //! The outcome table of the Cloud API, code by code.

    use serde_json::json;

    use super::*;

    fn of(status: u16, code: Option<i64>) -> PortError {
        let error = MetaError { code, kind: Some("OAuthException".to_owned()) };
        to_port_error(StatusCode::from_u16(status).unwrap(), None, &error)
    }

    #[test]
    fn each_code_has_one_meaning() {
        for passes in [1, 2, 4, 80_007, 130_429, 131_000, 131_016, 131_056, 131_057, 133_004] {
            assert!(matches!(of(400, Some(passes)), PortError::Transient { .. }), "{passes}");
        }
        for number in [130_472, 130_497, 131_021, 131_026] {
            let error = of(400, Some(number));
            assert!(
                matches!(&error, PortError::Rejected { code, .. } if *code == number.to_string()),
                "{error}"
            );
        }
        for ours in [0, 3, 10, 100, 190, 200, 299, 368, 131_008, 131_047, 132_000, 132_015] {
            assert!(matches!(of(500, Some(ours)), PortError::Misconfigured { .. }), "{ours}");
        }
    }

    #[test]
    fn a_new_code_is_judged_by_its_status() {
        assert!(matches!(of(400, Some(999_999)), PortError::Rejected { code, .. }
            if code == "999999"));
        assert!(matches!(of(503, Some(999_999)), PortError::Transient { .. }));
        assert!(matches!(of(401, None), PortError::Misconfigured { code, .. }
            if code == "http_401"));
    }

    #[test]
    fn a_pause_is_the_one_asked_for_or_the_known_one() {
        let pause = |error| match error {
            PortError::Transient { retry_after, .. } => retry_after,
            other => panic!("{other}"),
        };
        assert_eq!(pause(of(400, Some(PAIR_LIMIT))), Some(PAIR_PAUSE));
        assert_eq!(pause(of(400, Some(130_429))), None);
        let asked = Some(Duration::from_secs(30));
        let error = to_port_error(StatusCode::TOO_MANY_REQUESTS, asked, &MetaError::default());
        assert_eq!(pause(error), asked);
    }

    #[test]
    fn sentences_of_metas_are_not_taken_over() {
        let body = json!({ "error": { "code": 100, "type": "sent to +57300 1" } });
        let error = to_port_error(StatusCode::BAD_REQUEST, None, &MetaError::of(&body));
        assert!(matches!(&error, PortError::Misconfigured { code, .. } if code == "100"));
        assert!(!error.to_string().contains("57300"), "{error}");
    }
}
