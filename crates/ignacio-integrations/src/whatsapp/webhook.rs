//! Parses the bodies of Meta's webhooks, leniently: Meta adds fields, types and statuses at any
//! time, puts many things into one body, and promises no order.

use ignacio_domain::delivery::{
    DeliveryFailure, DeliveryFault, DeliveryReport, DeliveryStatus, WebhookContent,
};
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::error::{Meaning, meaning};

/// The longest message id that is accepted; Meta's have about 60 characters.
const MAX_ID_BYTES: usize = 255;
/// The code of a failure without one.
const UNKNOWN_CODE: &str = "unknown";

/// Meta's timestamps have whole seconds. A report that is younger than this gets the current time:
/// that is more exact, and never earlier than what we recorded ourselves.
const RECENT: Duration = Duration::seconds(30);

/// Parses the body of a webhook, given the current time.
///
/// Only reports about our messages are returned; incoming messages and notifications about
/// templates or the account are ignored. A body that is not JSON is `unreadable`; one with a report
/// that lacks its message id or status is `odd_report`, and its other reports still count.
pub fn parse_webhook(body: &[u8], now: OffsetDateTime) -> WebhookContent {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return WebhookContent { reports: Vec::new(), parse_error: Some("unreadable") };
    };
    let changes = list(&body, "entry").iter().flat_map(|entry| list(entry, "changes"));
    let statuses = changes.filter_map(|it| it.get("value")).flat_map(|it| list(it, "statuses"));
    let mut content = WebhookContent::default();
    for status in statuses {
        match report(status, now) {
            Ok(report) => content.reports.extend(report),
            Err(Malformed) => content.parse_error = Some("odd_report"),
        }
    }
    content
}

/// A malformed report.
struct Malformed;

/// Parses a report; `None` for a status that we do not track.
fn report(status: &Value, now: OffsetDateTime) -> Result<Option<DeliveryReport>, Malformed> {
    let text = |name| status.get(name).and_then(Value::as_str).ok_or(Malformed);
    let message_id = text("id")?.to_owned();
    if !is_id(&message_id) {
        return Err(Malformed);
    }
    let at = time_of(status, now);
    let (status, failure) = match text("status")? {
        "sent" => (DeliveryStatus::Sent, None),
        "delivered" => (DeliveryStatus::Delivered, None),
        "read" => (DeliveryStatus::Read, None),
        "failed" => (DeliveryStatus::Failed, Some(failure(status))),
        _ => return Ok(None),
    };
    Ok(Some(DeliveryReport { message_id, status, failure, at }))
}

fn failure(status: &Value) -> DeliveryFailure {
    let code = list(status, "errors").first().and_then(|error| number(error.get("code")?));
    let fault = match code.and_then(meaning) {
        Some(Meaning::Unreachable) => DeliveryFault::Unreachable,
        Some(Meaning::Misconfigured | Meaning::NoAccess) => DeliveryFault::Misconfigured,
        Some(Meaning::Transient | Meaning::Throttled) | None => DeliveryFault::Transient,
    };
    let code = code.map_or_else(|| UNKNOWN_CODE.to_owned(), |code| code.to_string());
    DeliveryFailure { code, fault }
}

/// When it happened: Meta's time if the report is late, else now.
fn time_of(status: &Value, now: OffsetDateTime) -> OffsetDateTime {
    let seconds = status.get("timestamp").and_then(number).filter(|it| *it > 0);
    let reported = seconds.and_then(|it| OffsetDateTime::from_unix_timestamp(it).ok());
    reported.filter(|it| *it < now - RECENT).unwrap_or(now)
}

/// A number, even if it is written as text.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// The items of a list; none if there is no list.
fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn is_id(text: &str) -> bool {
    (1..=MAX_ID_BYTES).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_graphic())
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
