//! Distributions of latencies, and whether two of them are equal.

use std::time::Duration;

/// Latencies in milliseconds, sorted.
pub(super) struct Latencies(Vec<f64>);

impl Latencies {
    pub(super) fn of(measured: impl IntoIterator<Item = Duration>) -> Self {
        let mut sorted: Vec<f64> =
            measured.into_iter().map(|it| it.as_secs_f64() * 1_000.0).collect();
        sorted.sort_by(f64::total_cmp);
        Self(sorted)
    }

    /// The latency that this share of them does not exceed.
    pub(super) fn quantile(&self, share: f64) -> f64 {
        // A position between two of them counts as the lower one.
        let below = self.0.iter().enumerate().take_while(|(n, _)| {
            f64::from(u32::try_from(*n).unwrap()) <= share * (self.len() - 1.0)
        });
        below.last().map_or(f64::NAN, |(_, it)| *it)
    }

    /// The median, and the 5th and 95th percentiles.
    pub(super) fn summary(&self) -> String {
        let [median, low, high] = [0.5, 0.05, 0.95].map(|it| self.quantile(it));
        format!("median {median:.3} ms, p5 {low:.3} ms, p95 {high:.3} ms, n {}", self.0.len())
    }

    /// The probability that two samples of one distribution differ as much as these (two-sample
    /// Kolmogorov-Smirnov, with the asymptotic series of Numerical Recipes 14.3.3).
    pub(super) fn ks_p(&self, other: &Self) -> f64 {
        let (mut here, mut there, mut largest) = (0, 0, 0.0_f64);
        while let (Some(a), Some(b)) = (self.0.get(here), other.0.get(there)) {
            let value = a.min(*b);
            here += self.0[here..].iter().take_while(|it| **it <= value).count();
            there += other.0[there..].iter().take_while(|it| **it <= value).count();
            let (share, of_other) = (as_f64(here) / self.len(), as_f64(there) / other.len());
            largest = largest.max((share - of_other).abs());
        }
        let root = (self.len() * other.len() / (self.len() + other.len())).sqrt();
        let lambda = (root + 0.12 + 0.11 / root) * largest;
        if lambda < 0.2 {
            return 1.0;
        }
        let terms = (1..=100_i32).map(|k| {
            let sign = if k % 2 == 1 { 2.0 } else { -2.0 };
            sign * (-2.0 * f64::from(k * k) * lambda * lambda).exp()
        });
        terms.sum::<f64>().clamp(0.0, 1.0)
    }

    fn len(&self) -> f64 {
        as_f64(self.0.len())
    }
}

fn as_f64(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

#[test]
fn a_shifted_sample_is_distinguished() {
    let sample = |shift: u64| {
        Latencies::of((0..500).map(|n| Duration::from_micros(50_000 + n * 7_919 % 1_000 + shift)))
    };
    assert!(sample(0).ks_p(&sample(0)) > 0.99);
    assert!(sample(0).ks_p(&sample(200)) < 1e-6);
    assert!((sample(0).quantile(0.5) - 50.5).abs() < 0.01, "{}", sample(0).summary());
}
