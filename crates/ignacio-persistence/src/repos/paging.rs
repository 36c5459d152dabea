//! Where a page starts, and how many rows are read for it.

use ignacio_domain::page::{PageSize, Position};
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

/// Comes before every row of a list that shows the newest first.
pub(crate) const FIRST_PAGE: Position =
    Position { at: datetime!(9999-12-31 00:00:00 UTC), id: Uuid::max() };

/// The bounds of a page as statements take them: rows below this time and id, and one row more than
/// the page shows, which tells whether another page follows.
pub(crate) fn bounds(after: Option<Position>, size: PageSize) -> (OffsetDateTime, Uuid, i32) {
    let start = after.unwrap_or(FIRST_PAGE);
    (start.at, start.id, i32::from(size.rows()) + 1)
}
