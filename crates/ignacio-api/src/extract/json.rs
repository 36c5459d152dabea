//! From bytes to a value that follows its rules, with the place of the first thing that does not.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

use crate::problem::{ApiError, FieldError, Malformed, Rule};

/// Reads a JSON object and checks it.
pub(super) fn parse<T: DeserializeOwned + Validate>(bytes: &[u8]) -> Result<T, ApiError> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(ApiError::Malformed(Malformed::Encoding));
    };
    let mut reader = serde_json::Deserializer::from_str(text);
    let Object(value) = serde_path_to_error::deserialize::<_, Object<T>>(&mut reader)
        .map_err(|error| refused(error.inner(), error.path()))?;
    reader.end().map_err(|error| syntax(&error))?;
    value.validate().map_err(|errors| ApiError::Invalid(broken_rules(&errors)))?;
    Ok(value)
}

fn refused(error: &serde_json::Error, path: &Path) -> ApiError {
    match error.classify() {
        Category::Data => {
            let (pointer, rule) = place_and_rule(&error.to_string(), path);
            ApiError::invalid(pointer, rule)
        }
        Category::Syntax | Category::Eof | Category::Io => syntax(error),
    }
}

fn syntax(error: &serde_json::Error) -> ApiError {
    ApiError::Malformed(Malformed::Json { line: error.line(), column: error.column() })
}

/// Tells the place and the rule from serde's message, which itself may show the value and
/// therefore goes nowhere.
pub(super) fn place_and_rule(message: &str, path: &Path) -> (String, Rule) {
    let rule = if message.starts_with("unknown field") {
        Rule::UnknownField
    } else if message.starts_with("missing field") {
        Rule::Required
    } else if message.starts_with("duplicate field") {
        Rule::Duplicate
    } else if message.starts_with("invalid type") {
        Rule::WrongType
    } else if message.starts_with("UUID parsing failed") {
        Rule::Uuid
    } else {
        Rule::WrongValue
    };
    let mut place = pointer(path);
    // Here the place is the object's: the field's name, which is ours, stands in the message.
    if matches!(rule, Rule::Required | Rule::Duplicate)
        && let Some(name) = message.split('`').nth(1)
    {
        place.push('/');
        place.push_str(name);
    }
    (place, rule)
}

/// A JSON pointer (RFC 6901).
fn pointer(path: &Path) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => {
                text.push('/');
                text.push_str(&index.to_string());
            }
            Segment::Map { key } | Segment::Enum { variant: key } => {
                text.push('/');
                text.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Unknown => {}
        }
    }
    text
}

/// The rules that a validator found broken, without the values that it would show.
fn broken_rules(errors: &ValidationErrors) -> Vec<FieldError> {
    let mut found = Vec::new();
    collect(errors, "", &mut found);
    found
}

fn collect(errors: &ValidationErrors, above: &str, found: &mut Vec<FieldError>) {
    for (field, kind) in errors.errors() {
        let place = format!("{above}/{field}");
        match kind {
            ValidationErrorsKind::Struct(inner) => collect(inner, &place, found),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    collect(inner, &format!("{place}/{index}"), found);
                }
            }
            ValidationErrorsKind::Field(broken) => {
                for rule in broken.iter().map(|it| Rule::of_validator(&it.code)) {
                    found.push(FieldError::new(place.clone(), rule));
                }
            }
        }
    }
}

/// For an optional field that a patch may leave out but not empty: `null` is refused.
pub(crate) fn not_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// For an optional field that is an object: serde would take a list for one, too.
pub(crate) fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    Option::<Object<T>>::deserialize(from).map(|found| found.map(|Object(value)| value))
}

/// A value that is written as an object and as nothing else.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(ObjectVisitor(PhantomData)).map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

#[cfg(test)]
mod tests;
