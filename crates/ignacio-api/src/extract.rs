//! Extractors, each of which refuses a wrong value with a pointer to it.

mod body;
mod client_address;
mod context;
mod date_range;
mod json;
mod path;
mod query;
mod raw;

pub(crate) use self::body::{BodyDigest, MergePatch, OptionalJson, ValidJson};
pub(crate) use self::client_address::ClientAddress;
pub(crate) use self::date_range::DateRange;
pub(crate) use self::json::{not_null, object};
pub(crate) use self::path::PathId;
pub(crate) use self::query::ValidQuery;
pub(crate) use self::raw::RawBody;
