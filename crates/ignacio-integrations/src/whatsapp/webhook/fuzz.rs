//! Any body can be parsed, and the result can be stored.

use ignacio_devstack::scale;
use time::macros::datetime;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-03-01 12:00:00 UTC);

/// Pieces of Meta's bodies: a fuzzer gets further with them than with bytes alone.
const PIECES: [&str; 32] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"entry\":",
    "\"changes\":",
    "\"value\":",
    "\"statuses\":",
    "\"id\":",
    "\"status\":",
    "\"timestamp\":",
    "\"errors\":",
    "\"code\":",
    "\"wamid.A\"",
    "\"sent\"",
    "\"delivered\"",
    "\"read\"",
    "\"failed\"",
    "131026",
    "\"131042\"",
    "1",
    "-1",
    "1e99",
    "\"\"",
    "null",
    "\"\\u0000\"",
    "\"1767225600\"",
    "\"ñ\"",
    "[{",
    "}]",
];

/// The value of one status from bytes; the frame around it is always valid.
fn framed(bytes: &[u8]) -> String {
    let inside: String =
        bytes.iter().map(|byte| PIECES[usize::from(*byte) % PIECES.len()]).collect();
    format!("{{\"entry\":[{{\"changes\":[{{\"value\":{{\"statuses\":[{inside}]}}}}]}}]}}")
}

/// A report with every field, each with a value from bytes.
fn filled(bytes: &[u8]) -> String {
    const VALUES: [&str; 12] = [
        "\"wamid.A\"",
        "\"sent\"",
        "\"failed\"",
        "\"read\"",
        "null",
        "7",
        "-1",
        "\"1767225600\"",
        "99999999999999",
        "[{\"code\":131026}]",
        "{}",
        "\"\\u0000\"",
    ];
    let names = ["id", "status", "timestamp", "errors"];
    let fields = names
        .iter()
        .zip(bytes)
        .map(|(name, byte)| format!("\"{name}\":{}", VALUES[usize::from(*byte) % VALUES.len()]));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

#[test]
fn parsed_reports_can_be_stored() {
    bolero::check!().with_iterations(scale(10_000, 1_000_000)).with_max_len(64).for_each(|bytes| {
        let filled = format!(
            "{{\"entry\":[{{\"changes\":[{{\"value\":{{\"statuses\":[{}]}}}}]}}]}}",
            bytes.chunks(4).map(filled).collect::<Vec<_>>().join(",")
        );
        for body in [bytes, framed(bytes).as_bytes(), filled.as_bytes()] {
            let content = parse_webhook(body, NOW);
            let is_json = serde_json::from_slice::<Value>(body).is_ok();
            assert_eq!(content.parse_error == Some("unreadable"), !is_json);
            for report in content.reports {
                assert!(is_id(&report.message_id), "{report:?}");
                assert!(report.at <= NOW, "{report:?}");
                assert!(report.at > OffsetDateTime::UNIX_EPOCH, "{report:?}");
                assert_eq!(report.failure.is_some(), report.status == DeliveryStatus::Failed);
                if let Some(DeliveryFailure { code, .. }) = report.failure {
                    let is_number = code.parse::<i64>().is_ok();
                    assert!(is_number || code == UNKNOWN_CODE, "{code}");
                }
            }
        }
    });
}
