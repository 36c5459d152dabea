//! The table of the Cloud API's errors, code by code.

use serde_json::json;

use super::*;

/// A send error in one word.
fn word(error: &SendError) -> String {
    match error {
        SendError::Transient { .. } => "passing".to_owned(),
        SendError::Throttled { retry_after: pause, .. } => format!("throttled {}", pause.as_secs()),
        SendError::Unreachable { code } => format!("unreachable {code}"),
        SendError::Misconfigured { code, is_critical: false, .. } => format!("ours {code}"),
        SendError::Misconfigured { code, is_critical: true, .. } => format!("critical {code}"),
    }
}

fn of(status: u16, code: Option<i64>) -> SendError {
    let error = MetaError { code, kind: Some("OAuthException".to_owned()) };
    to_send_error(StatusCode::from_u16(status).unwrap(), None, &error)
}

/// Each code with a status that Meta sends with it, and its expected meaning.
const TABLE: [(u16, i64, &str); 49] = [
    (500, 1, "passing"),
    (503, 2, "passing"),
    (400, 4, "passing"),
    (500, 131_000, "passing"),
    (503, 131_016, "passing"),
    (400, 131_057, "passing"),
    (503, 133_004, "passing"),
    (400, 80_007, "throttled 6"),
    (429, 130_429, "throttled 2"),
    (400, 131_056, "throttled 6"),
    (400, 130_472, "unreachable 130472"),
    (403, 130_497, "unreachable 130497"),
    (400, 131_021, "unreachable 131021"),
    (400, 131_026, "unreachable 131026"),
    (400, 131_030, "unreachable 131030"),
    (401, 0, "critical 0"),
    (500, 3, "critical 3"),
    (403, 10, "critical 10"),
    (401, 190, "critical 190"),
    (400, 190, "critical 190"),
    (403, 131_005, "critical 131005"),
    (403, 200, "critical 200"),
    (403, 299, "critical 299"),
    (403, 368, "critical 368"),
    (403, 131_031, "critical 131031"),
    (400, 33, "ours 33"),
    (400, 100, "ours 100"),
    (400, 131_008, "ours 131008"),
    (400, 131_009, "ours 131009"),
    (400, 131_042, "ours 131042"),
    (500, 131_045, "ours 131045"),
    (400, 131_047, "ours 131047"),
    (400, 131_048, "ours 131048"),
    (400, 131_049, "ours 131049"),
    (400, 131_050, "ours 131050"),
    (400, 131_051, "ours 131051"),
    (400, 133_010, "ours 133010"),
    (400, 132_000, "ours 132000"),
    (404, 132_001, "ours 132001"),
    (400, 132_005, "ours 132005"),
    (400, 132_007, "ours 132007"),
    (400, 132_012, "ours 132012"),
    (400, 132_015, "ours 132015"),
    (400, 132_016, "ours 132016"),
    (400, 132_068, "ours 132068"),
    (400, 132_069, "ours 132069"),
    (400, 999_999, "unreachable 999999"),
    (503, 999_999, "passing"),
    (403, 999_999, "critical 999999"),
];

#[test]
fn each_code_has_one_meaning() {
    for (status, code, expected) in TABLE {
        assert_eq!(word(&of(status, Some(code))), expected, "{status} {code}");
    }
}

#[test]
fn every_known_code_is_in_the_table() {
    for code in
        TRANSIENT.iter().chain(&THROTTLED).chain(&UNREACHABLE).chain(&ACCESS).chain(&MISCONFIGURED)
    {
        assert!(TABLE.iter().any(|(_, listed, _)| listed == code), "{code}");
    }
}

#[test]
fn a_response_without_a_code_is_mapped_by_its_status() {
    for (status, expected) in [
        (408, "passing"),
        (425, "passing"),
        (429, "throttled 6"),
        (500, "passing"),
        (502, "passing"),
        (503, "passing"),
        (504, "passing"),
        (302, "ours http_302"),
        (404, "ours http_404"),
        (401, "critical http_401"),
        (403, "critical http_403"),
        (400, "unreachable http_400"),
    ] {
        assert_eq!(word(&of(status, None)), expected, "{status}");
    }
}

#[test]
fn a_requested_delay_is_kept() {
    let asked = Some(Duration::from_secs(30));
    for (status, code) in [(429, Some(130_429)), (400, Some(131_056)), (503, None), (429, None)] {
        let error = MetaError { code, kind: None };
        let error = to_send_error(StatusCode::from_u16(status).unwrap(), asked, &error);
        assert_eq!(word(&error), "throttled 30", "{status}");
    }
    let error = MetaError { code: Some(190), kind: None };
    let error = to_send_error(StatusCode::UNAUTHORIZED, asked, &error);
    assert_eq!(word(&error), "critical 190");
}

#[test]
fn sentences_of_meta_are_not_kept() {
    let body = json!({ "error": { "code": 100, "type": "sent to +57300 1" } });
    let error = to_send_error(StatusCode::BAD_REQUEST, None, &MetaError::parse(&body));
    assert_eq!(word(&error), "ours 100");
    assert!(!error.to_string().contains("57300"), "{error}");
}
