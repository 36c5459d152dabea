//! `Accept`: JSON or a stream of events.

use actix_web::http::header::{self, HeaderMap};

use crate::problem::ApiError;

/// The media type of a stream of events.
pub(crate) const EVENT_STREAM: &str = "text/event-stream";
const JSON: &str = "application/json";

/// How an answer is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Events,
}

/// Which of the two a client prefers; JSON when it does not care.
pub(crate) fn preferred(headers: &HeaderMap) -> Result<Form, ApiError> {
    let (json, events) = (weight(headers, JSON), weight(headers, EVENT_STREAM));
    if json <= 0.0 && events <= 0.0 {
        Err(ApiError::NotAcceptable)
    } else if events > json {
        Ok(Form::Events)
    } else {
        Ok(Form::Json)
    }
}

/// Refuses a client that does not take events where there is nothing else.
pub(crate) fn only_events(headers: &HeaderMap) -> Result<(), ApiError> {
    if weight(headers, EVENT_STREAM) > 0.0 { Ok(()) } else { Err(ApiError::NotAcceptable) }
}

/// The weight of a type: that of the most specific range that covers it.
fn weight(headers: &HeaderMap, wanted: &str) -> f32 {
    let mut best: Option<(u8, f32)> = None;
    let mut is_asked = false;
    for value in headers.get_all(header::ACCEPT) {
        let Ok(text) = value.to_str() else { continue };
        for entry in text.split(',').filter(|it| !it.trim().is_empty()) {
            is_asked = true;
            let mut parts = entry.split(';').map(str::trim);
            let Some(closeness) = closeness(parts.next().unwrap_or_default(), wanted) else {
                continue;
            };
            let weight = parts
                .find_map(|part| part.strip_prefix("q=")?.trim().parse::<f32>().ok())
                .unwrap_or(1.0);
            if best.is_none_or(|(so_far, _)| closeness > so_far) {
                best = Some((closeness, weight));
            }
        }
    }
    match best {
        Some((_, weight)) => weight,
        None if is_asked => 0.0,
        None => 1.0,
    }
}

/// How closely a media range names a type; `None` when it does not cover it.
fn closeness(range: &str, wanted: &str) -> Option<u8> {
    if range.eq_ignore_ascii_case(wanted) {
        return Some(2);
    }
    if range == "*/*" {
        return Some(0);
    }
    let (kind, subtype) = range.split_once('/')?;
    let (wanted_kind, _) = wanted.split_once('/')?;
    (subtype == "*" && kind.eq_ignore_ascii_case(wanted_kind)).then_some(1)
}

#[cfg(test)]
mod tests {
    //! The client's preference decides, JSON is the default.

    use actix_web::http::header::HeaderValue;

    use super::*;

    fn form(accept: &str) -> Option<Form> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
        preferred(&headers).ok()
    }

    #[test]
    fn the_preference_decides() {
        for (accept, expected) in [
            ("text/event-stream", Some(Form::Events)),
            ("Text/Event-Stream, application/json;q=0.5", Some(Form::Events)),
            ("text/event-stream;q=0.5, application/json", Some(Form::Json)),
            ("text/*;q=0.9, */*;q=0.1", Some(Form::Events)),
            ("application/json, text/event-stream", Some(Form::Json)),
            ("*/*", Some(Form::Json)),
            ("", Some(Form::Json)),
            ("text/html", None),
            ("*/*;q=0", None),
            ("text/event-stream;q=0, */*", Some(Form::Json)),
        ] {
            assert_eq!(form(accept), expected, "{accept}");
        }
        assert_eq!(preferred(&HeaderMap::new()).ok(), Some(Form::Json));
    }

    #[test]
    fn a_client_of_events_must_take_them() {
        let mut headers = HeaderMap::new();
        assert!(only_events(&headers).is_ok());
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        assert!(only_events(&headers).is_err());
    }
}
