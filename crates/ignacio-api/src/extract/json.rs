//! Parses and validates a JSON body, with a pointer to what is wrong.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

use crate::problem::{ApiError, FieldError, Malformed, ValidationCode};

/// Parses a JSON object and validates it.
pub(super) fn parse<T: DeserializeOwned + Validate>(bytes: &[u8]) -> Result<T, ApiError> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(ApiError::Malformed(Malformed::Encoding));
    };
    let mut reader = serde_json::Deserializer::from_str(text);
    let Object(value) = serde_path_to_error::deserialize::<_, Object<T>>(&mut reader)
        .map_err(|error| parse_error(error.inner(), error.path()))?;
    reader.end().map_err(|error| syntax_error(&error))?;
    value.validate().map_err(|errors| ApiError::Invalid(field_errors(&errors)))?;
    Ok(value)
}

fn parse_error(error: &serde_json::Error, path: &Path) -> ApiError {
    match error.classify() {
        Category::Data => {
            let (pointer, code) = pointer_and_code(&error.to_string(), path);
            ApiError::invalid(pointer, code)
        }
        Category::Syntax | Category::Eof | Category::Io => syntax_error(error),
    }
}

fn syntax_error(error: &serde_json::Error) -> ApiError {
    ApiError::Malformed(Malformed::Json { line: error.line(), column: error.column() })
}

/// Derives pointer and code from serde's message. The message itself may contain the value, so it is
/// never shown.
pub(super) fn pointer_and_code(message: &str, path: &Path) -> (String, ValidationCode) {
    let code = if message.starts_with("unknown field") {
        ValidationCode::UnknownField
    } else if message.starts_with("missing field") {
        ValidationCode::Required
    } else if message.starts_with("duplicate field") {
        ValidationCode::Duplicate
    } else if message.starts_with("invalid type") {
        ValidationCode::WrongType
    } else if message.starts_with("UUID parsing failed") {
        ValidationCode::Uuid
    } else {
        ValidationCode::WrongValue
    };
    let mut pointer = json_pointer(path);
    // The path ends at the object: the name of the field, which is ours, is in the message.
    if matches!(code, ValidationCode::Required | ValidationCode::Duplicate)
        && let Some(name) = message.split('`').nth(1)
    {
        pointer.push('/');
        pointer.push_str(name);
    }
    (pointer, code)
}

/// A JSON pointer (RFC 6901).
fn json_pointer(path: &Path) -> String {
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

/// The errors that `validator` found, without the values that it includes.
fn field_errors(errors: &ValidationErrors) -> Vec<FieldError> {
    let mut found = Vec::new();
    collect(errors, "", &mut found);
    found
}

fn collect(errors: &ValidationErrors, pointer_prefix: &str, found: &mut Vec<FieldError>) {
    for (field, kind) in errors.errors() {
        let pointer = format!("{pointer_prefix}/{field}");
        match kind {
            ValidationErrorsKind::Struct(inner) => collect(inner, &pointer, found),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    collect(inner, &format!("{pointer}/{index}"), found);
                }
            }
            ValidationErrorsKind::Field(errors) => {
                for code in errors.iter().map(|it| ValidationCode::of_validator(&it.code)) {
                    found.push(FieldError::new(pointer.clone(), code));
                }
            }
        }
    }
}

/// Deserializes an optional field that may be missing but not `null`.
pub(crate) fn not_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// Deserializes an optional object strictly: serde would accept a list as well.
pub(crate) fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    Option::<Object<T>>::deserialize(from).map(|found| found.map(|Object(value)| value))
}

/// A value that must be written as an object.
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
