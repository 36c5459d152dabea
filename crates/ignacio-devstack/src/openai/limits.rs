//! Values with the limits that the API sets.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;

/// A whole number between two bounds.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Int<const MIN: u64, const MAX: u64>(pub(crate) u64);

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for Int<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        match u64::deserialize(source)? {
            it if it < MIN => Err(D::Error::custom(format!("integer_below_min_value: {it}"))),
            it if it > MAX => Err(D::Error::custom(format!("integer_above_max_value: {it}"))),
            it => Ok(Self(it)),
        }
    }
}

/// A text of at most `MAX` characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub(crate) struct Text<const MAX: usize>(pub(crate) String);

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let text = String::deserialize(source)?;
        if text.chars().count() > MAX {
            return Err(D::Error::custom(format!("string_above_max_length: at most {MAX}")));
        }
        Ok(Self(text))
    }
}

/// At most 16 pairs, such as metadata.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Pairs<V>(pub(crate) BTreeMap<Text<64>, V>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let pairs = BTreeMap::deserialize(source)?;
        if pairs.len() > 16 {
            return Err(D::Error::custom("object_above_max_properties: at most 16"));
        }
        Ok(Self(pairs))
    }
}

impl<V> Default for Pairs<V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

/// The metadata of a response or a vector store.
pub(crate) type Metadata = Pairs<Text<512>>;

/// A short text, a number or a boolean.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(try_from = "Value")]
pub(crate) struct Attribute(pub(crate) Value);

impl TryFrom<Value> for Attribute {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        match &value {
            Value::String(text) if text.chars().count() > 512 => Err("the text is too long"),
            Value::String(_) | Value::Number(_) | Value::Bool(_) => Ok(Self(value)),
            _ => Err("expected a short text, a number or a boolean"),
        }
    }
}

/// What a search filters the files of a store by.
pub(crate) type Attributes = Pairs<Attribute>;
