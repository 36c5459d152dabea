//! Percentiles of measured times.

use serde::Serialize;

/// Percentiles of times, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Spread {
    pub(super) count: usize,
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) p999: f64,
    pub(super) most: f64,
}

impl Spread {
    /// From times in microseconds.
    pub(super) fn of(mut micros: Vec<i64>) -> Self {
        micros.sort_unstable();
        let at =
            |permille: usize| micros.get(rank(micros.len(), permille)).copied().map_or(0.0, ms);
        Self {
            count: micros.len(),
            p50: at(500),
            p99: at(990),
            p999: at(999),
            most: micros.last().copied().map_or(0.0, ms),
        }
    }
}

/// The index of a permille in a sorted list.
fn rank(count: usize, permille: usize) -> usize {
    (count * permille).div_ceil(1_000).saturating_sub(1)
}

fn ms(micros: i64) -> f64 {
    i32::try_from(micros).map_or(f64::INFINITY, f64::from) / 1_000.0
}

/// A quotient; 0 if the count is 0.
pub(super) fn per(amount: f64, count: f64) -> f64 {
    if count > 0.0 { amount / count } else { 0.0 }
}

/// A count as a floating-point number, exact up to 2⁵³.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "counts of a measurement are far below 2⁵³"
)]
pub(super) const fn number(count: u64) -> f64 {
    count as f64
}

/// Work per piece and per time unit, from two runs of the same length with different numbers of
/// pieces: the part that grows with the pieces, and the part that does not.
pub(super) fn split(few: (f64, f64), many: (f64, f64)) -> (f64, f64) {
    let per_piece = per(many.1 - few.1, many.0 - few.0);
    (per_piece, few.1 - per_piece * few.0)
}

#[cfg(test)]
mod tests {
    //! Percentiles are measured values.

    use super::*;

    #[test]
    fn percentiles_are_ranks() {
        let spread = Spread::of((1..=1_000).rev().map(|it| it * 1_000).collect());
        assert_eq!((spread.p50, spread.p99, spread.p999), (500.0, 990.0, 999.0));
        assert_eq!((spread.count, spread.most), (1_000, 1_000.0));
        let one = Spread::of(vec![250]);
        assert_eq!((one.p50, one.p999), (0.25, 0.25));
        assert_eq!(Spread::of(Vec::new()), Spread::default());
    }

    #[test]
    fn two_runs_separate_work_per_piece_from_work_per_time() {
        // 3 per piece plus 20.
        assert_eq!(split((10.0, 50.0), (30.0, 110.0)), (3.0, 20.0));
        assert!(per(1.0, 0.0).abs() < f64::EPSILON);
    }
}
