//! Counts tokens the rough way: four letters make one.

use serde_json::Value;

/// An image costs this many.
const IMAGE: u64 = 765;

/// Every message costs this many besides its text.
const MESSAGE: u64 = 3;

/// The tokens of a text.
pub(crate) fn count(text: &str) -> u64 {
    of_letters(letters_of(text))
}

/// The letters of a text.
pub(crate) fn letters_of(text: &str) -> u64 {
    u64::try_from(text.chars().count()).unwrap_or(u64::MAX)
}

/// The tokens of so many letters.
pub(crate) fn of_letters(letters: u64) -> u64 {
    letters.div_ceil(4)
}

/// The letters that a number of tokens has room for.
pub(crate) fn letters(tokens: u64) -> usize {
    usize::try_from(tokens.saturating_mul(4)).unwrap_or(usize::MAX)
}

/// The tokens of input items.
pub(crate) fn of_items(items: &[Value]) -> u64 {
    items.iter().map(|it| MESSAGE + of_value(it)).sum()
}

fn of_value(value: &Value) -> u64 {
    let Some(object) = value.as_object() else {
        return value.as_array().map_or(0, |list| list.iter().map(of_value).sum());
    };
    if object.get("type").is_some_and(|it| it == "input_image") {
        return IMAGE;
    }
    let own = object.get("text").and_then(Value::as_str).map_or(0, count);
    own + object.get("content").map_or(0, of_value)
}
