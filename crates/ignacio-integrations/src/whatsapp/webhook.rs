//! The bodies of Meta's webhooks. They are read with patience: Meta adds fields, types and words
//! whenever it likes, puts many things into one body, and promises no order.

use ignacio_domain::delivery::{
    DeliveryFailure, DeliveryFault, DeliveryReport, DeliveryStatus, WebhookContent,
};
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::error::{Meaning, meaning};

/// The longest id of a message that is taken over; Meta's have about 60 characters.
const MAX_ID_BYTES: usize = 255;
/// The code of a failure that comes without one.
const NO_CODE: &str = "unknown";

/// Meta counts whole seconds. What is reported within this time happened now: that is more exact, and
/// never before what we know ourselves.
const FRESH: Duration = Duration::seconds(30);

/// Reads the body of a webhook; the time is the present one.
///
/// Only reports about messages are taken; messages of people, news of templates and of the account
/// are passed over. A body that is no JSON is `unreadable`, one with a report that names no message
/// or says nothing of it is `odd_report`; the other reports of such a body count.
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
            Err(Odd) => content.parse_error = Some("odd_report"),
        }
    }
    content
}

/// What is no report although it stands where reports do.
struct Odd;

/// A report; none for a status that we do not follow.
fn report(status: &Value, now: OffsetDateTime) -> Result<Option<DeliveryReport>, Odd> {
    let text = |name| status.get(name).and_then(Value::as_str).ok_or(Odd);
    let message_id = text("id")?.to_owned();
    if !is_id(&message_id) {
        return Err(Odd);
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
        Some(Meaning::ThisNumber) => DeliveryFault::Unreachable,
        Some(Meaning::Ours | Meaning::Key) => DeliveryFault::Misconfigured,
        Some(Meaning::Passes | Meaning::Throttled) | None => DeliveryFault::Transient,
    };
    let code = code.map_or_else(|| NO_CODE.to_owned(), |code| code.to_string());
    DeliveryFailure { code, fault }
}

/// When it happened: of a report that is late, what Meta says, else now.
fn time_of(status: &Value, now: OffsetDateTime) -> OffsetDateTime {
    let seconds = status.get("timestamp").and_then(number).filter(|it| *it > 0);
    let told = seconds.and_then(|it| OffsetDateTime::from_unix_timestamp(it).ok());
    told.filter(|told| *told < now - FRESH).unwrap_or(now)
}

/// A number, also where it is written as text.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// The items of a list; none where there is no list.
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
