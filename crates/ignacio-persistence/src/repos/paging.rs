//! Where a page starts, and how many rows are read for it: one more than it shows, to know whether
//! another page follows.

use ignacio_domain::page::{PageSize, Position};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    DatabaseTransaction, EntityTrait, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

use crate::error::StoreError;

/// Precedes every row of a list that shows the newest first.
const FIRST_PAGE: Position = Position { at: datetime!(9999-12-31 00:00:00 UTC), id: Uuid::max() };

/// The bounds of a page as statements take them: rows below this time and id, and their number.
pub(crate) fn bounds(after: Option<Position>, size: PageSize) -> (OffsetDateTime, Uuid, i32) {
    let start = after.unwrap_or(FIRST_PAGE);
    (start.at, start.id, i32::from(size.rows()) + 1)
}

/// The rows of a page of this query, the newest by these columns first.
pub(crate) async fn newest_first<E: EntityTrait>(
    txn: &DatabaseTransaction,
    query: Select<E>,
    [time, id]: [E::Column; 2],
    after: Option<Position>,
    size: PageSize,
) -> Result<Vec<E::Model>, StoreError> {
    let start = after.unwrap_or(FIRST_PAGE);
    let place = Expr::tuple([Expr::col(time), Expr::col(id)]);
    let rows = query
        .filter(place.lt(Expr::tuple([Expr::val(start.at), Expr::val(start.id)])))
        .order_by_desc(time)
        .order_by_desc(id)
        .limit(u64::from(size.rows()) + 1)
        .all(txn)
        .await?;
    Ok(rows)
}
