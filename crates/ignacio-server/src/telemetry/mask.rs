//! The last filter: whatever a line of the log says, what looks like a secret is not written.
//!
//! Types that print nothing of themselves come first; this is for what slips past them, such as a
//! library's error that quotes what it was given. It knows shapes and no meanings: a one-time code
//! is any six digits, and a message any words, so both depend on the types alone.

use std::{
    borrow::Cow,
    io::{self, Write},
    sync::LazyLock,
};

use regex::bytes::{Captures, Regex};
use tracing_subscriber::fmt::MakeWriter;

/// What looks like a secret. Each alternative is a group with the name that [`MASKS`] knows.
///
/// Bare digits count as a number where they stand as a word of their own or as a text: 10 to 15,
/// the first not zero, behind a space, a bracket or a quote. Behind `=`, `:`, `.` or `-`
/// they are a field's value, a part of a time or of an id, and stay.
const SECRETS: &str = r#"(?x-u)
      \b(?<token>ig[nd]_[A-Za-z0-9_-]{16,})
    | (?<message>wamid\.[A-Za-z0-9+/=_-]+)
    | \b(?<key>sk-[A-Za-z0-9_-]{6,} | EAA[A-Za-z0-9]{20,})
    | (?i: (?<scheme>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{16,})
    | (?i: (?<header>\bauthorization[\\"']*\s*[:=]\s*[\\"']*)[^\\"'}\r\n]+)
    | (?<url>\b[A-Za-z][A-Za-z0-9+.-]*://)[^/@\s"'\\]+@
    | (?<phone>(?:\+|%2[Bb])[0-9](?:[\x20.()-]?[0-9]){6,})
    | (?<before>^|[\x20(\["'])(?<bare>[1-9][0-9]{9,14})\b
"#;

/// What is written instead of a group that matched, and whether the group itself stays before it.
const MASKS: [(&str, bool, &[u8]); 8] = [
    ("token", false, b"[token]"),
    ("message", false, b"[message id]"),
    ("key", false, b"[key]"),
    ("scheme", true, b"[credentials]"),
    ("header", true, b"[credentials]"),
    ("url", true, b"[credentials]@"),
    ("phone", false, b"[phone]"),
    ("before", true, b"[phone]"),
];

#[expect(clippy::expect_used, reason = "a constant, which the tests compile")]
static PATTERN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(SECRETS).expect("the pattern is sound"));

/// The line without what looks like a secret; the same bytes where there is none.
pub(super) fn masked(line: &[u8]) -> Cow<'_, [u8]> {
    PATTERN.replace_all(line, |found: &Captures<'_>| {
        let hit = MASKS.iter().find_map(|(name, stays, mask)| {
            let group = found.name(name)?;
            Some([if *stays { group.as_bytes() } else { b"" }, mask].concat())
        });
        hit.unwrap_or_default()
    })
}

/// Makes writers that mask what they are given. The log gives them one whole line at a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Masking<M>(pub(super) M);

impl<'w, M: MakeWriter<'w>> MakeWriter<'w> for Masking<M> {
    type Writer = MaskingWriter<M::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        MaskingWriter(self.0.make_writer())
    }
}

/// A writer of lines that masks them.
#[derive(Debug)]
pub(super) struct MaskingWriter<W>(W);

impl<W: Write> Write for MaskingWriter<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_all(&masked(line))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
pub(super) mod tests;
