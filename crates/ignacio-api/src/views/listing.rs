//! Pages of lists.

use serde::Serialize;
use utoipa::ToSchema;

/// One page of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct Listing<T> {
    pub(crate) data: Vec<T>,
    /// Asks for the next page, as `?cursor=`; null on the last one.
    #[schema(required)]
    pub(crate) next_cursor: Option<String>,
}

/// One page of a list that can be counted.
#[derive(Serialize, ToSchema)]
pub(crate) struct CountedListing<T> {
    pub(crate) data: Vec<T>,
    /// Asks for the next page, as `?cursor=`; null on the last one.
    #[schema(required)]
    pub(crate) next_cursor: Option<String>,
    /// Rows of all pages; only with `?count=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) total: Option<i64>,
}

impl<T> Listing<T> {
    /// The same page, with the number of rows of all pages where it was asked for.
    pub(crate) fn counted(self, total: Option<i64>) -> CountedListing<T> {
        CountedListing { data: self.data, next_cursor: self.next_cursor, total }
    }
}
