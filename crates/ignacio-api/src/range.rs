//! `Range` of a download: one range of bytes (RFC 9110, 14). Anything else is answered whole.

use std::io;

use actix_web::http::header::{self, HeaderMap};
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt as _};
use ignacio_domain::ports::ByteStream;

/// Which bytes of a file to send: from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteRange {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

/// What a request wants of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Whole,
    Part(ByteRange),
    /// A range that the file does not reach.
    Nothing,
}

impl ByteRange {
    /// How many bytes it has.
    pub(crate) const fn length(self) -> u64 {
        self.last - self.first + 1
    }

    /// As in `Content-Range`.
    pub(crate) fn of(self, size: u64) -> String {
        format!("bytes {}-{}/{size}", self.first, self.last)
    }
}

/// Reads `Range`; what is not one well-formed range of bytes is ignored, as RFC 9110 says.
pub(crate) fn wanted(headers: &HeaderMap, size: u64) -> Wanted {
    headers
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| parse(text, size))
        .unwrap_or(Wanted::Whole)
}

fn parse(text: &str, size: u64) -> Option<Wanted> {
    let (unit, range) = text.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") || range.contains(',') {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    let end = size.checked_sub(1);
    let part = match (first.trim(), last.trim()) {
        ("", suffix) => {
            let suffix = number(suffix)?;
            end.filter(|_| suffix > 0)
                .map(|end| ByteRange { first: size.saturating_sub(suffix), last: end })
        }
        (first, last) => {
            let first = number(first)?;
            let last = if last.is_empty() { u64::MAX } else { number(last)? };
            if last < first {
                return None;
            }
            end.filter(|end| first <= *end).map(|end| ByteRange { first, last: last.min(end) })
        }
    };
    Some(part.map_or(Wanted::Nothing, Wanted::Part))
}

/// Digits and nothing else; a number beyond 64 bits lies beyond every file.
fn number(text: &str) -> Option<u64> {
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| text.parse().unwrap_or(u64::MAX))
}

/// The bytes of a range, out of a stream that starts at the file's start.
pub(crate) fn cut(
    content: ByteStream,
    range: ByteRange,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::unfold(
        (content, range.first, range.length()),
        |(mut content, mut skip, left)| async move {
            if left == 0 {
                return None;
            }
            loop {
                let chunk = match content.next().await? {
                    Ok(chunk) => chunk,
                    Err(error) => return Some((Err(error), (content, 0, 0))),
                };
                let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
                if length <= skip {
                    skip -= length;
                    continue;
                }
                let piece = piece(&chunk, skip, left);
                let taken = u64::try_from(piece.len()).unwrap_or(u64::MAX);
                return Some((Ok(piece), (content, 0, left.saturating_sub(taken))));
            }
        },
    )
}

/// At most `left` bytes of a chunk, without its first `skip`.
fn piece(chunk: &Bytes, skip: u64, left: u64) -> Bytes {
    let from = usize::try_from(skip).unwrap_or(usize::MAX).min(chunk.len());
    let length = usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len() - from);
    chunk.slice(from..from + length)
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests {
    //! Ranges are read as RFC 9110 says, and cut wherever the chunks lie.

    use proptest::prelude::*;

    use super::*;

    fn part(first: u64, last: u64) -> Wanted {
        Wanted::Part(ByteRange { first, last })
    }

    #[test]
    fn one_range_is_read() {
        for (text, expected) in [
            ("bytes=0-0", part(0, 0)),
            ("bytes=2-5", part(2, 5)),
            ("bytes=2-", part(2, 9)),
            ("bytes=2-99", part(2, 9)),
            ("Bytes = 9-9", part(9, 9)),
            ("bytes=-3", part(7, 9)),
            ("bytes=-30", part(0, 9)),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=99999999999999999999-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
        ] {
            assert_eq!(parse(text, 10), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_single_range_is_ignored() {
        for text in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=a-b",
            "items=0-1",
            "bytes=0-1,3-4",
            "bytes=+1-2",
            "bytes=1--2",
        ] {
            assert_eq!(parse(text, 10), None, "{text}");
        }
        assert_eq!(wanted(&HeaderMap::new(), 10), Wanted::Whole);
    }

    proptest! {
        #[test]
        fn a_cut_gives_exactly_its_bytes(size in 1usize..60, chunk in 1usize..9, a in 0usize..60, b in 0usize..60) {
            let bytes: Vec<u8> = (0..u8::try_from(size).unwrap()).collect();
            let (first, last) = (a.min(b).min(size - 1), a.max(b).min(size - 1));
            let chunks: Vec<_> = bytes.chunks(chunk).map(|it| Ok(Bytes::copy_from_slice(it))).collect();
            let range = ByteRange {
                first: u64::try_from(first).unwrap(),
                last: u64::try_from(last).unwrap(),
            };
            let cut: Vec<_> = futures_util::FutureExt::now_or_never(
                cut(stream::iter(chunks).boxed(), range).collect(),
            ).unwrap();
            let cut: Vec<u8> = cut.into_iter().flat_map(Result::unwrap).collect();
            prop_assert_eq!(cut, bytes[first..=last].to_vec());
        }
    }
}
