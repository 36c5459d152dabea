//! The last filter on log lines: replaces everything that looks like a secret.
//!
//! The first line of defence is types whose `Debug` shows nothing. This filter catches what slips
//! through, such as a library's error that quotes its input. It matches patterns only: a one-time
//! code is any six digits and a message any words, so the types alone protect those two.

use std::{
    borrow::Cow,
    io::{self, Write},
    sync::LazyLock,
};

use regex::bytes::{Captures, Regex};
use tracing_subscriber::fmt::MakeWriter;

/// Patterns of secrets. Each alternative is a named group with an entry in [`REPLACEMENTS`].
///
/// A run of 10 to 15 digits that does not start with zero counts as a phone number after a space, a
/// bracket or a quote. After `=`, `:`, `.` or `-` it is a field's value or part of a time or an id,
/// and stays.
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

/// The replacement for each group, and whether the text of the group is kept before it.
const REPLACEMENTS: [(&str, bool, &[u8]); 8] = [
    ("token", false, b"[token]"),
    ("message", false, b"[message id]"),
    ("key", false, b"[key]"),
    ("scheme", true, b"[credentials]"),
    ("header", true, b"[credentials]"),
    ("url", true, b"[credentials]@"),
    ("phone", false, b"[phone]"),
    ("before", true, b"[phone]"),
];

#[expect(clippy::expect_used, reason = "a constant pattern, which the tests compile")]
static PATTERN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(SECRETS).expect("the pattern is valid"));

/// The line with all secrets replaced; borrowed if it has none.
pub(super) fn redacted(line: &[u8]) -> Cow<'_, [u8]> {
    PATTERN.replace_all(line, |found: &Captures<'_>| {
        let hit = REPLACEMENTS.iter().find_map(|(name, is_kept, replacement)| {
            let group = found.name(name)?;
            Some([if *is_kept { group.as_bytes() } else { b"" }, replacement].concat())
        });
        hit.unwrap_or_default()
    })
}

/// Makes writers that redact what they are given. The log writes one whole line at a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Redacting<M>(pub(super) M);

impl<'w, M: MakeWriter<'w>> MakeWriter<'w> for Redacting<M> {
    type Writer = RedactingWriter<M::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        RedactingWriter(self.0.make_writer())
    }
}

/// A writer that redacts lines.
#[derive(Debug)]
pub(super) struct RedactingWriter<W>(W);

impl<W: Write> Write for RedactingWriter<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_all(&redacted(line))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
pub(super) mod tests;
