//! `Range` of a download: one range of bytes (RFC 9110, 14). Anything else gets the whole file.

use actix_web::HttpRequest;
use actix_web::http::header::{self, ByteRangeSpec};
use ignacio_domain::ports::ByteRange;

/// The part of a file to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RangeOutcome {
    Whole,
    Part(ByteRange),
    /// A range that starts after the end of the file.
    Unsatisfiable,
}

impl RangeOutcome {
    /// Reads `Range`; anything but one well-formed range of bytes is ignored, as RFC 9110 says.
    pub(crate) fn of(request: &HttpRequest, size: u64) -> Self {
        let value = request.headers().get(header::RANGE).and_then(|value| value.to_str().ok());
        match value.and_then(parse).map(|it| it.to_satisfiable_range(size)) {
            None => Self::Whole,
            Some(None) => Self::Unsatisfiable,
            Some(Some((first, last))) => Self::Part(ByteRange { first, last }),
        }
    }
}

/// One range. `header::Range` only knows the unit in lower case, and drops the invalid ranges of a
/// list, so that a broken list would look like one valid range.
fn parse(text: &str) -> Option<ByteRangeSpec> {
    let (unit, range) = text.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    format!("{}-{}", position(first.trim())?, position(last.trim())?).parse().ok()
}

/// Digits only, or nothing: the framework would accept a sign. It reads no number beyond 64 bits,
/// but such a number is well formed, and lies beyond the end of every file.
fn position(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some(String::new());
    }
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| text.parse().unwrap_or(u64::MAX).to_string())
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests {
    //! Ranges are read as RFC 9110 says.

    use actix_web::test::TestRequest;

    use super::*;

    fn outcome(value: &str) -> RangeOutcome {
        let request = TestRequest::get().insert_header((header::RANGE, value)).to_http_request();
        RangeOutcome::of(&request, 10)
    }

    fn part(first: u64, last: u64) -> RangeOutcome {
        RangeOutcome::Part(ByteRange { first, last })
    }

    #[test]
    fn one_range_is_read() {
        for (text, expected) in [
            ("bytes=0-0", part(0, 0)),
            ("bytes=2-5", part(2, 5)),
            ("bytes=2-", part(2, 9)),
            ("bytes=2-99", part(2, 9)),
            ("bytes=2-99999999999999999999", part(2, 9)),
            ("Bytes = 9-9", part(9, 9)),
            ("bytes=-3", part(7, 9)),
            ("bytes=-30", part(0, 9)),
            ("bytes=10-", RangeOutcome::Unsatisfiable),
            ("bytes=99999999999999999999-", RangeOutcome::Unsatisfiable),
            ("bytes=-0", RangeOutcome::Unsatisfiable),
        ] {
            assert_eq!(outcome(text), expected, "{text}");
        }
    }

    #[test]
    fn anything_but_one_range_is_ignored() {
        for text in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=a-b",
            "items=0-1",
            "bytes=0-1,3-4",
            "bytes=0-1,x",
            "bytes=+1-2",
            "bytes=1--2",
        ] {
            assert_eq!(outcome(text), RangeOutcome::Whole, "{text}");
        }
        let without = TestRequest::get().to_http_request();
        assert_eq!(RangeOutcome::of(&without, 10), RangeOutcome::Whole);
    }
}
