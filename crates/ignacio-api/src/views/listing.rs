//! Pages of lists.

use serde::Serialize;
use utoipa::ToSchema;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Listing<T> {
    pub(crate) data: Vec<T>,
    /// Asks for the next page, as `?cursor=`; null on the last one.
    #[schema(required)]
    pub(crate) next_cursor: Option<String>,
}
