//! A date range in query parameters.

use time::Date;
use time::format_description::well_known::Iso8601;

use crate::problem::{ApiError, ValidationCode};

/// A range of days in UTC, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DateRange {
    pub(crate) from: Date,
    pub(crate) to: Date,
}

impl DateRange {
    /// Parses `from` and `to`; by default, from the first of the month until today.
    pub(crate) fn parse(
        today: Date,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<Self, ApiError> {
        let to = to.map_or(Ok(today), |text| parse_date("/to", text))?;
        let first = to.replace_day(1).unwrap_or(to);
        let from = from.map_or(Ok(first), |text| parse_date("/from", text))?;
        if from > to {
            return Err(ApiError::invalid("/from", ValidationCode::Date));
        }
        Ok(Self { from, to })
    }
}

fn parse_date(pointer: &str, text: &str) -> Result<Date, ApiError> {
    let is_plain = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let date = Date::parse(text, &Iso8601::DATE).ok().filter(|_| is_plain);
    date.ok_or_else(|| ApiError::invalid(pointer, ValidationCode::Date))
}

#[cfg(test)]
mod tests {
    //! Dates are ISO dates in order.

    use time::macros::date;

    use super::*;

    #[test]
    fn the_default_is_this_month() {
        let range = |from, to| DateRange::parse(date!(2026 - 11 - 23), from, to).unwrap();
        let (from, to) = (date!(2026 - 11 - 01), date!(2026 - 11 - 23));
        assert_eq!(range(None, None), DateRange { from, to });
        let february = DateRange { from: date!(2024 - 02 - 01), to: date!(2024 - 02 - 29) };
        assert_eq!(range(None, Some("2024-02-29")), february);
        assert_eq!(range(Some("2024-02-01"), Some("2024-02-29")), february);
    }

    #[test]
    fn an_invalid_date_is_refused() {
        for bad in ["", "x", "2026-02-30", "2026-1-1", "20260101", "2026-W01-1", "2026-11-24T00"] {
            assert!(DateRange::parse(date!(2026 - 11 - 23), None, Some(bad)).is_err(), "{bad}");
        }
        let backwards = DateRange::parse(date!(2026 - 11 - 23), Some("2026-11-24"), None);
        assert!(backwards.is_err());
    }
}
