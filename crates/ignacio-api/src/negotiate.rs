//! `Accept`: JSON or a stream of events.

use actix_web::HttpRequest;
use actix_web::http::header::{Accept, Header as _, Quality};

use crate::problem::ApiError;

/// The media type of a stream of events.
pub(crate) const EVENT_STREAM: &str = "text/event-stream";
const JSON: &str = "application/json";

/// The format of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseFormat {
    Json,
    Events,
}

/// The format that a client prefers; JSON if it has no preference.
pub(crate) fn preferred(request: &HttpRequest) -> Result<ResponseFormat, ApiError> {
    let (json, events) = (quality(request, JSON), quality(request, EVENT_STREAM));
    if json == Quality::ZERO && events == Quality::ZERO {
        Err(ApiError::NotAcceptable)
    } else if events > json {
        Ok(ResponseFormat::Events)
    } else {
        Ok(ResponseFormat::Json)
    }
}

/// Refuses a client that does not accept events, where there is no other format.
pub(crate) fn only_events(request: &HttpRequest) -> Result<(), ApiError> {
    let is_accepted = quality(request, EVENT_STREAM) > Quality::ZERO;
    if is_accepted { Ok(()) } else { Err(ApiError::NotAcceptable) }
}

/// The quality of a type: that of the most specific range that covers it. `Accept::ranked` does not
/// say what a client refuses, and puts quality before precision.
fn quality(request: &HttpRequest, media_type: &str) -> Quality {
    // Invalid ranges are ignored.
    let Ok(accept) = Accept::parse(request) else { return Quality::MAX };
    let mut best: Option<(u8, Quality)> = None;
    for range in accept.iter() {
        if let Some(precision) = precision(range.item.essence_str(), media_type)
            && best.is_none_or(|(so_far, _)| precision > so_far)
        {
            best = Some((precision, range.quality));
        }
    }
    match best {
        Some((_, quality)) => quality,
        None if accept.is_empty() => Quality::MAX,
        None => Quality::ZERO,
    }
}

/// How precisely a media range names a type; `None` if it does not cover it.
fn precision(range: &str, media_type: &str) -> Option<u8> {
    match range.split_once('/')? {
        ("*", "*") => Some(0),
        (kind, "*") => {
            media_type
                .split_once('/')
                .filter(|(media_type, _)| kind.eq_ignore_ascii_case(media_type))?;
            Some(1)
        }
        _ => range.eq_ignore_ascii_case(media_type).then_some(2),
    }
}

#[cfg(test)]
mod tests {
    //! The client's preference decides, JSON is the default.

    use actix_web::HttpRequest;
    use actix_web::http::header;
    use actix_web::test::TestRequest;

    use super::*;

    fn accepting(accept: &str) -> HttpRequest {
        TestRequest::get().insert_header((header::ACCEPT, accept)).to_http_request()
    }

    fn anything() -> HttpRequest {
        TestRequest::get().to_http_request()
    }

    fn format(accept: &str) -> Option<ResponseFormat> {
        preferred(&accepting(accept)).ok()
    }

    #[test]
    fn the_preference_decides() {
        for (accept, expected) in [
            ("text/event-stream", Some(ResponseFormat::Events)),
            ("Text/Event-Stream, application/json;q=0.5", Some(ResponseFormat::Events)),
            ("text/event-stream;q=0.5, application/json", Some(ResponseFormat::Json)),
            ("text/*;q=0.9, */*;q=0.1", Some(ResponseFormat::Events)),
            ("application/json, text/event-stream", Some(ResponseFormat::Json)),
            ("*/*", Some(ResponseFormat::Json)),
            ("", Some(ResponseFormat::Json)),
            ("text/html", None),
            ("*/*;q=0", None),
            ("text/event-stream;q=0, */*", Some(ResponseFormat::Json)),
        ] {
            assert_eq!(format(accept), expected, "{accept}");
        }
        assert_eq!(preferred(&anything()).ok(), Some(ResponseFormat::Json));
    }

    #[test]
    fn a_client_of_events_must_accept_them() {
        assert!(only_events(&anything()).is_ok());
        assert!(only_events(&accepting("application/json")).is_err());
        assert!(only_events(&accepting("text/event-stream;q=0, */*")).is_err());
    }
}
