//! Pagination: from query parameters to a position, and from rows to a view.

use ignacio_domain::ids::UserId;
use ignacio_domain::page::{Page, PageSize, Position};
use ignacio_persistence::{CursorPosition, Listed};
use serde::Deserialize;

use crate::cursor::{Cursors, List};
use crate::problem::{ApiError, ValidationCode};
use crate::views::page::PageView;

/// The query parameters of a list without filters.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Rows per page; 50 by default.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// The `next_cursor` of the previous page.
    cursor: Option<String>,
}

impl PageQuery {
    /// The page that is requested of this list.
    pub(crate) fn paging(&self, cursors: &Cursors, list: List) -> Result<Paging, ApiError> {
        Paging::read(cursors, list, self.limit, self.cursor.as_deref())
    }
}

/// Size and start of a page.
pub(crate) struct Paging {
    pub(crate) size: PageSize,
    pub(crate) after: Option<CursorPosition>,
}

impl Paging {
    /// Parses `limit` and `cursor`.
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
                .ok_or_else(|| ApiError::invalid("/limit", ValidationCode::Limit))?,
        };
        let after = cursor.map(|cursor| cursors.open(list, cursor)).transpose()?;
        Ok(Self { size, after })
    }

    /// Where the page starts in a list of this owner; the cursor of another user is refused.
    pub(crate) fn position_of(&self, owner: UserId) -> Result<Option<Position>, ApiError> {
        match &self.after {
            None => Ok(None),
            Some(after) if after.owner == owner => Ok(Some(after.position)),
            Some(_) => Err(ApiError::InvalidCursor),
        }
    }
}

/// The view of a page, with the cursor of the next one.
pub(crate) fn page_view<T, V: From<T>>(
    cursors: &Cursors,
    list: List,
    owner: UserId,
    page: Page<T>,
) -> PageView<V> {
    PageView {
        next_cursor: page.next.map(|position| cursors.seal(list, owner, &position)),
        data: page.rows.into_iter().map(Into::into).collect(),
    }
}

/// The same for rows that were read together with their owner.
pub(crate) fn owned_page_view<T, V: From<T>>(
    cursors: &Cursors,
    list: List,
    rows: Listed<T>,
) -> PageView<V> {
    let next = rows.next.map(|next| cursors.seal(list, next.owner, &next.position));
    PageView { data: rows.rows.into_iter().map(Into::into).collect(), next_cursor: next }
}

#[cfg(test)]
mod tests {
    //! Page sizes are bounded, and a cursor works for its owner only.

    use ignacio_domain::keys::Key;
    use time::OffsetDateTime;
    use uuid::Uuid;

    use super::*;

    fn cursors() -> Cursors {
        Cursors::new(Key::from_bytes([1; 32]))
    }

    fn user(number: u128) -> UserId {
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
    fn a_cursor_leads_to_the_next_page_for_its_owner_only() {
        let next = Position { at: OffsetDateTime::UNIX_EPOCH, id: Uuid::nil() };
        let page = Page { rows: vec![1_u8, 2], next: Some(next) };
        let view: PageView<u16> = page_view(&cursors(), List::Files, user(1), page);
        assert_eq!(view.data, vec![1, 2]);
        let cursor = view.next_cursor.unwrap();
        let paging = Paging::read(&cursors(), List::Files, None, Some(&cursor)).unwrap();
        assert_eq!(paging.position_of(user(1)).unwrap(), Some(next));
        assert!(matches!(paging.position_of(user(2)), Err(ApiError::InvalidCursor)));
    }
}
