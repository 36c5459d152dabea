//! Pages of lists.

use serde::Serialize;
use utoipa::ToSchema;

/// A page of a list.
#[derive(Serialize, ToSchema)]
#[schema(as = Page)]
pub(crate) struct PageView<T> {
    pub(crate) data: Vec<T>,
    /// Requests the next page, as `?cursor=`; null on the last page.
    #[schema(required)]
    pub(crate) next_cursor: Option<String>,
}

/// A page of a list that can be counted.
#[derive(Serialize, ToSchema)]
#[schema(as = CountedPage)]
pub(crate) struct CountedPageView<T> {
    pub(crate) data: Vec<T>,
    /// Requests the next page, as `?cursor=`; null on the last page.
    #[schema(required)]
    pub(crate) next_cursor: Option<String>,
    /// The number of rows of all pages; only with `?count=true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) total: Option<i64>,
}

impl<T> PageView<T> {
    /// The same page, with the number of rows of all pages if it was requested.
    pub(crate) fn counted(self, total: Option<i64>) -> CountedPageView<T> {
        CountedPageView { data: self.data, next_cursor: self.next_cursor, total }
    }
}
