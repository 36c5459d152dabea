//! Every kind of report is parsed; a malformed one is skipped without affecting the others.

use serde_json::json;
use time::macros::datetime;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-03-01 12:00:00 UTC);
const HAPPENED: OffsetDateTime = datetime!(2026-03-01 11:59:29 UTC);

fn body(statuses: &Value) -> Vec<u8> {
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "15550100001", "phone_number_id": "1" },
        "statuses": statuses,
    });
    json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": "2", "changes": [{ "value": value, "field": "messages" }] }],
    })
    .to_string()
    .into_bytes()
}

fn read(statuses: &Value) -> WebhookContent {
    parse_webhook(&body(statuses), NOW)
}

fn status_json(status: &str) -> Value {
    json!({
        "id": "wamid.A=", "status": status, "recipient_id": "573001110002",
        "timestamp": HAPPENED.unix_timestamp().to_string(),
    })
}

fn one(status: DeliveryStatus) -> WebhookContent {
    report_of(status, None)
}

fn report_of(status: DeliveryStatus, failure: Option<DeliveryFailure>) -> WebhookContent {
    let message_id = "wamid.A=".to_owned();
    let report = DeliveryReport { message_id, status, failure, at: HAPPENED };
    WebhookContent { reports: vec![report], parse_error: None }
}

#[test]
fn every_status_is_read() {
    for (word, status) in [
        ("sent", DeliveryStatus::Sent),
        ("delivered", DeliveryStatus::Delivered),
        ("read", DeliveryStatus::Read),
    ] {
        assert_eq!(read(&json!([status_json(word)])), one(status), "{word}");
    }
}

#[test]
fn a_failure_is_parsed_with_its_code_and_fault() {
    for (code, word, fault) in [
        (json!(131_026), "131026", DeliveryFault::Unreachable),
        (json!("131026"), "131026", DeliveryFault::Unreachable),
        (json!(131_042), "131042", DeliveryFault::Misconfigured),
        (json!(132_001), "132001", DeliveryFault::Misconfigured),
        (json!(131_000), "131000", DeliveryFault::Transient),
        (json!(131_056), "131056", DeliveryFault::Transient),
        (json!(999_999), "999999", DeliveryFault::Transient),
        (json!(null), "unknown", DeliveryFault::Transient),
        (json!([]), "unknown", DeliveryFault::Transient),
    ] {
        let mut failure = status_json("failed");
        failure["errors"] = json!([{ "code": code, "title": "Message undeliverable" }]);
        let expected = DeliveryFailure { code: word.to_owned(), fault };
        let expected = report_of(DeliveryStatus::Failed, Some(expected));
        assert_eq!(read(&json!([failure])), expected, "{code}");
    }
}

#[test]
fn all_reports_of_a_body_are_read() {
    let statuses = json!([status_json("sent"), status_json("delivered"), status_json("read")]);
    let mut whole: Value = serde_json::from_slice(&body(&statuses)).unwrap();
    let entry = whole["entry"][0].clone();
    whole["entry"][0]["changes"].as_array_mut().unwrap().push(entry["changes"][0].clone());
    whole["entry"].as_array_mut().unwrap().push(entry);

    let content = parse_webhook(whole.to_string().as_bytes(), NOW);

    assert_eq!((content.reports.len(), content.parse_error), (9, None));
}

#[test]
fn malformed_reports_are_skipped() {
    let no_id = json!({ "status": "sent", "timestamp": "1" });
    for odd in [
        json!(null),
        json!("delivered"),
        json!([]),
        json!({}),
        no_id,
        json!({ "id": 7, "status": "sent" }),
        json!({ "id": "", "status": "sent" }),
        json!({ "id": "wamid.\u{0}", "status": "sent" }),
        json!({ "id": "wamid.ñ", "status": "sent" }),
        json!({ "id": "x".repeat(256), "status": "sent" }),
        json!({ "id": "wamid.B" }),
        json!({ "id": "wamid.B", "status": 3 }),
    ] {
        let content = read(&json!([odd, status_json("delivered")]));
        assert_eq!(content.reports, one(DeliveryStatus::Delivered).reports, "{odd}");
        assert_eq!(content.parse_error, Some("odd_report"), "{odd}");
    }
}

#[test]
fn unknown_and_unrelated_items_are_ignored() {
    for other in [
        json!({ "object": "whatsapp_business_account", "entry": [] }),
        json!({ "entry": { "changes": [] } }),
        json!({ "entry": [7, { "changes": [{ "value": null }, { "value": { "statuses": 1 } }] }] }),
        json!({ "entry": [{ "changes": [{ "field": "message_template_status_update",
            "value": { "event": "APPROVED" } }] }] }),
        json!({ "entry": [{ "changes": [{ "field": "messages",
            "value": { "messages": [{ "from": "573001110002", "type": "text" }] } }] }] }),
        json!([]),
        json!(1),
    ] {
        let content = parse_webhook(other.to_string().as_bytes(), NOW);
        assert_eq!(content, WebhookContent::default(), "{other}");
    }
    let unknown =
        read(&json!([status_json("deleted"), status_json("warning"), status_json("sent")]));
    assert_eq!(unknown, one(DeliveryStatus::Sent));
}

#[test]
fn a_body_that_is_not_json_is_unreadable() {
    let deep = "[".repeat(100_000);
    for bytes in [&b""[..], b"{", b"\xff", b"\0", b"{}x", deep.as_bytes()] {
        assert_eq!(parse_webhook(bytes, NOW).parse_error, Some("unreadable"));
    }
}

#[test]
fn a_late_report_has_metas_time_and_others_the_current_time() {
    let late = (NOW.unix_timestamp() + 3_600).to_string();
    for (timestamp, at) in [
        (json!(HAPPENED.unix_timestamp()), HAPPENED),
        (json!(NOW.unix_timestamp() - 30), NOW),
        (json!(NOW.unix_timestamp()), NOW),
        (json!(late), NOW),
        (json!("99999999999999999"), NOW),
        (json!(i64::MAX), NOW),
        (json!(-1), NOW),
        (json!("now"), NOW),
        (json!(null), NOW),
    ] {
        let mut status = status_json("sent");
        status["timestamp"] = timestamp.clone();
        assert_eq!(read(&json!([status])).reports[0].at, at, "{timestamp}");
    }
}

#[test]
fn escaped_bodies_parse_the_same() {
    let plain = body(&json!([status_json("read")]));
    let mut name = serde_json::from_slice::<Value>(&plain).unwrap();
    name["entry"][0]["changes"][0]["value"]["contacts"] =
        json!([{ "profile": { "name": "Ana 🌱/ñ" } }]);
    let escaped = name.to_string().replace('/', "\\/").replace('🌱', "\\ud83c\\udf31");
    assert_eq!(parse_webhook(escaped.as_bytes(), NOW), one(DeliveryStatus::Read));
}
