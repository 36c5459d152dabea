//! Extractors: bodies, path ids and query parameters, refused with the place of what is wrong.

mod body;
mod days;
mod json;
mod path;
mod query;
mod raw;

pub(crate) use self::body::{Body, BodyDigest, MaybeBody, MergePatch};
pub(crate) use self::days::Days;
pub(crate) use self::json::{not_null, object};
pub(crate) use self::path::PathId;
pub(crate) use self::query::Params;
pub(crate) use self::raw::RawBody;
