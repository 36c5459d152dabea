//! Counts tokens the rough way: four letters make one.

use serde_json::Value;

use crate::openai::input_items;

/// An image costs this many.
const IMAGE: u64 = 765;

/// Every message costs this many besides its text.
const MESSAGE: u64 = 3;

/// The tokens of a text.
pub(crate) fn count(text: &str) -> u64 {
    letters(text).div_ceil(4)
}

/// The letters of a text.
pub(crate) fn letters(text: &str) -> u64 {
    u64::try_from(text.chars().count()).unwrap_or(u64::MAX)
}

/// The tokens of input items.
pub(crate) fn of_items(items: &[Value]) -> u64 {
    let of_part = |part: &Value| match part.get("type").and_then(Value::as_str) {
        Some("input_image") => IMAGE,
        _ => part.get("text").and_then(Value::as_str).map_or(0, count),
    };
    items.iter().map(|it| MESSAGE + input_items::parts(it).map(of_part).sum::<u64>()).sum()
}
