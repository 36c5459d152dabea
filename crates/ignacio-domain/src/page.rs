//! Pages of a list: how many rows, and after which row.

use time::OffsetDateTime;
use uuid::Uuid;

/// The number of rows of a page: 1 to 100, 50 by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize(u8);

impl PageSize {
    /// The largest page.
    pub const MAX: u8 = 100;

    /// A size between 1 and [`PageSize::MAX`]; `None` otherwise.
    pub const fn new(rows: u8) -> Option<Self> {
        if rows >= 1 && rows <= Self::MAX { Some(Self(rows)) } else { None }
    }

    /// The number of rows.
    pub const fn rows(self) -> u8 {
        self.0
    }
}

impl Default for PageSize {
    fn default() -> Self {
        Self(50)
    }
}

/// Where a page starts: strictly after this row in the list's order (time, then id, both newest
/// first).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The time of the row.
    pub at: OffsetDateTime,
    /// The row's id, which orders rows of the same time.
    pub id: Uuid,
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows, in the list's order.
    pub rows: Vec<T>,
    /// Where the next page starts; `None` on the last page.
    pub next: Option<Position>,
}

impl<T> Page<T> {
    /// Makes a page from rows that were queried with one more than fits: the extra row only
    /// shows that there is a next page.
    pub fn from_lookahead(
        mut rows: Vec<T>,
        size: PageSize,
        position: impl Fn(&T) -> Position,
    ) -> Self {
        let fits = usize::from(size.rows());
        let has_more = rows.len() > fits;
        rows.truncate(fits);
        let next = if has_more { rows.last().map(position) } else { None };
        Self { rows, next }
    }
}

#[cfg(test)]
mod tests {
    //! A page knows whether another follows.

    use super::*;

    fn position(row: &u128) -> Position {
        Position { at: OffsetDateTime::UNIX_EPOCH, id: Uuid::from_u128(*row) }
    }

    #[test]
    fn an_extra_row_becomes_the_next_position() {
        let size = PageSize::new(2).unwrap();
        let full = Page::from_lookahead(vec![3, 2, 1], size, position);
        assert_eq!((full.rows, full.next.map(|it| it.id.as_u128())), (vec![3, 2], Some(2)));
        let last = Page::from_lookahead(vec![3, 2], size, position);
        assert_eq!((last.rows, last.next), (vec![3, 2], None));
    }

    #[test]
    fn sizes_are_bounded() {
        assert_eq!(PageSize::new(0), None);
        assert_eq!(PageSize::new(101), None);
        assert_eq!(PageSize::default().rows(), 50);
    }
}
