//! Names for things, shaped like the real ones.

use rand::Rng as _;

/// Letters of the ids of files.
const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A fresh `file-…`.
pub(crate) fn file() -> String {
    let mut raw = [0_u8; 22];
    rand::rng().fill_bytes(&mut raw);
    let letter = |it: &u8| LETTERS.get(usize::from(*it) % LETTERS.len()).map(|it| char::from(*it));
    format!("file-{}", raw.iter().filter_map(letter).collect::<String>())
}

/// A fresh id of another kind: `resp_…`, `msg_…`, `vs_…`.
pub(crate) fn fresh(prefix: &str) -> String {
    let mut raw = [0_u8; 24];
    rand::rng().fill_bytes(&mut raw);
    format!("{prefix}_{}", hex(&raw))
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |it: u8| char::from_digit(u32::from(it), 16);
    bytes.iter().flat_map(|it| [digit(it >> 4), digit(it & 15)]).flatten().collect()
}
