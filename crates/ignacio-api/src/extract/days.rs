//! A span of days in a query.

use time::Date;
use time::format_description::well_known::Iso8601;

use crate::problem::{ApiError, Rule};

/// From one day of UTC to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Days {
    pub(crate) from: Date,
    pub(crate) to: Date,
}

impl Days {
    /// Reads `from` and `to`; without them, this month until today.
    pub(crate) fn parse(
        today: Date,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<Self, ApiError> {
        let to = to.map_or(Ok(today), |text| read("/to", text))?;
        let first = to.replace_day(1).unwrap_or(to);
        let from = from.map_or(Ok(first), |text| read("/from", text))?;
        if from > to {
            return Err(ApiError::invalid("/from", Rule::Date));
        }
        Ok(Self { from, to })
    }
}

fn read(place: &str, text: &str) -> Result<Date, ApiError> {
    let is_plain = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let date = Date::parse(text, &Iso8601::DATE).ok().filter(|_| is_plain);
    date.ok_or_else(|| ApiError::invalid(place, Rule::Date))
}

#[cfg(test)]
mod tests {
    //! Days are dates as everybody writes them, in their order.

    use time::macros::date;

    use super::*;

    #[test]
    fn this_month_unless_said_otherwise() {
        let days = |from, to| Days::parse(date!(2026 - 11 - 23), from, to).unwrap();
        let (from, to) = (date!(2026 - 11 - 01), date!(2026 - 11 - 23));
        assert_eq!(days(None, None), Days { from, to });
        let february = Days { from: date!(2024 - 02 - 01), to: date!(2024 - 02 - 29) };
        assert_eq!(days(None, Some("2024-02-29")), february);
        assert_eq!(days(Some("2024-02-01"), Some("2024-02-29")), february);
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for bad in ["", "x", "2026-02-30", "2026-1-1", "20260101", "2026-W01-1", "2026-11-24T00"] {
            assert!(Days::parse(date!(2026 - 11 - 23), None, Some(bad)).is_err(), "{bad}");
        }
        let backwards = Days::parse(date!(2026 - 11 - 23), Some("2026-11-24"), None);
        assert!(backwards.is_err());
    }
}
