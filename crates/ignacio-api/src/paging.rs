//! Pages of lists: from query parameters to a position, and from rows to a view.

use ignacio_domain::ids::UserId;
use ignacio_domain::page::{Page, PageSize, Position};
use ignacio_persistence::{CursorPosition, Listed};

use crate::cursor::{Cursors, List};
use crate::problem::{ApiError, Rule};
use crate::views::listing::Listing;

/// Which page of a list is asked for.
pub(crate) struct Paging {
    pub(crate) size: PageSize,
    pub(crate) after: Option<CursorPosition>,
}

impl Paging {
    /// Reads `limit` and `cursor`.
    pub(crate) fn read(
        cursors: &Cursors,
        list: List,
        limit: Option<i64>,
        cursor: Option<&str>,
    ) -> Result<Self, ApiError> {
        let size = match limit {
            None => PageSize::default(),
            Some(limit) => u8::try_from(limit)
                .ok()
                .and_then(PageSize::new)
                .ok_or_else(|| ApiError::invalid("/limit", Rule::Limit))?,
        };
        let after = cursor.map(|cursor| cursors.open(list, cursor)).transpose()?;
        Ok(Self { size, after })
    }

    /// Where the page starts, in a list of this owner's; another's cursor is refused.
    pub(crate) fn position_of(&self, owner: UserId) -> Result<Option<Position>, ApiError> {
        match &self.after {
            None => Ok(None),
            Some(after) if after.owner == owner => Ok(Some(after.position)),
            Some(_) => Err(ApiError::InvalidCursor),
        }
    }
}

/// The view of a page, with the signed way to the next.
pub(crate) fn listing<T, V: From<T>>(
    cursors: &Cursors,
    list: List,
    owner: UserId,
    page: Page<T>,
) -> Listing<V> {
    Listing {
        next_cursor: page.next.map(|position| cursors.seal(list, owner, &position)),
        data: page.rows.into_iter().map(Into::into).collect(),
    }
}

/// The same for a list that came with its owner.
pub(crate) fn listed<T, V: From<T>>(cursors: &Cursors, list: List, rows: Listed<T>) -> Listing<V> {
    let next = rows.next.map(|next| cursors.seal(list, next.owner, &next.position));
    Listing { data: rows.rows.into_iter().map(Into::into).collect(), next_cursor: next }
}

#[cfg(test)]
mod tests {
    //! Sizes are bounded, and a cursor is its owner's.

    use ignacio_domain::keys::Key;
    use time::OffsetDateTime;
    use uuid::Uuid;

    use super::*;

    fn cursors() -> Cursors {
        Cursors::new(Key::from_bytes([1; 32]))
    }

    fn person(number: u128) -> UserId {
        UserId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn sizes_are_bounded() {
        let size = |limit| {
            Paging::read(&cursors(), List::Files, limit, None).ok().map(|it| it.size.rows())
        };
        assert_eq!(size(None), Some(50));
        assert_eq!((size(Some(1)), size(Some(100))), (Some(1), Some(100)));
        for limit in [0, 101, 256, -1, i64::MAX] {
            assert_eq!(size(Some(limit)), None, "{limit}");
        }
    }

    #[test]
    fn a_page_leads_to_the_next_for_its_owner_only() {
        let next = Position { at: OffsetDateTime::UNIX_EPOCH, id: Uuid::nil() };
        let page = Page { rows: vec![1_u8, 2], next: Some(next) };
        let listing: Listing<u16> = listing(&cursors(), List::Files, person(1), page);
        assert_eq!(listing.data, vec![1, 2]);
        let cursor = listing.next_cursor.unwrap();
        let paging = Paging::read(&cursors(), List::Files, None, Some(&cursor)).unwrap();
        assert_eq!(paging.position_of(person(1)).unwrap(), Some(next));
        assert!(matches!(paging.position_of(person(2)), Err(ApiError::InvalidCursor)));
    }
}
