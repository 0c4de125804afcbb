//! The bootstrap of a difference of accuracies without drawing: its exact distribution.

/// The distribution of `(X01 - X10) / N` for `(X01, X10, others)` multinomial with `N` trials and the observed shares.
#[derive(Debug, Clone, PartialEq)]
pub struct ExactDifference {
    /// The observed difference, head less base.
    pub difference: f64,
    /// Standard deviation: `sqrt((p01 + p10 - (p01 - p10)^2) / N)`.
    pub sd: f64,
    rows: u64,
    /// The least `X01 - X10` with a probability worth holding, and the probabilities from there on.
    least: i64,
    probabilities: Vec<f64>,
}

/// More rows than this are refused, which bounds the memory: 42 MB for the most discordant.
const MAX_ROWS: u64 = 1 << 32;
/// Standard deviations on either side that are computed: beyond, even the longest tail has less than 10^-40.
const REACH: f64 = 40.0;

impl ExactDifference {
    /// Of `rows` rows, `n01` right at the head only and `n10` right at the base only. `None` without rows, with more discordant
    /// rows than rows, or beyond 2^32 rows.
    ///
    /// Takes time and memory in proportion to the square root of the discordant rows.
    pub fn new(n01: u64, n10: u64, rows: u64) -> Option<Self> {
        let same = rows.checked_sub(n01.checked_add(n10)?)?;
        if rows == 0 || rows > MAX_ROWS {
            return None;
        }
        let n = rows as f64;
        let mean = n01 as f64 - n10 as f64;
        let spread = ((n01 + n10) as f64 - mean * mean / n).max(0.0).sqrt();
        let reach = (REACH * spread).ceil() + REACH;
        let low = (mean - reach).max(-n).floor() as i64;
        let high = (mean + reach).min(n).ceil() as i64;
        let shares = Shares { rows: n, less: n10 as f64, same: same as f64, more: n01 as f64 };
        // Each half is computed from its far end to 0, and they meet there.
        let lower = if n10 > 0 && low < 0 {
            shares.half(low.unsigned_abs(), low.min(0).unsigned_abs() - high.min(0).unsigned_abs())
        } else {
            Vec::new()
        };
        let mirrored = Shares { less: shares.more, more: shares.less, ..shares };
        let upper = if n01 > 0 && high > 0 {
            mirrored.half(high.unsigned_abs(), high.unsigned_abs() - low.max(0).unsigned_abs())
        } else {
            Vec::new()
        };
        let (least, probabilities) = joined(lower, upper, low, high);
        let sum: f64 = probabilities.iter().sum();
        let probabilities = probabilities.into_iter().map(|probability| probability / sum).collect();
        Some(Self { difference: mean / n, sd: spread / n, rows, least, probabilities })
    }

    /// The smallest value whose cumulative probability is at least `level - 1e-12`.
    pub fn quantile(&self, level: f64) -> f64 {
        let mut sum = 0.0;
        let mut place = self.least;
        for (value, probability) in (self.least..).zip(&self.probabilities) {
            place = value;
            sum += probability;
            if sum >= level - 1e-12 {
                break;
            }
        }
        place as f64 / self.rows as f64
    }
}

/// Shares of the three kinds of rows, as counts.
#[derive(Clone, Copy)]
struct Shares {
    rows: f64,
    less: f64,
    same: f64,
    more: f64,
}

impl Shares {
    /// Probabilities of `-far`, `-far + 1`, ... `-far + steps` up to a common factor, all of them at most 0.
    ///
    /// The probability of `k - N` is the coefficient f(k) of z^k in (less + same z + more z^2)^N. Its logarithmic derivative
    /// gives `less (k + 1) f(k + 1) = same (N - k) f(k) + more (2 N - k + 1) f(k - 1)`, where up to k = N nothing is negative, so
    /// that the recurrence is stable; what is wrong about starting in the middle of the tail dies out on the way.
    fn half(&self, far: u64, steps: u64) -> Vec<f64> {
        let mut values = vec![1.0];
        let (mut before, mut last) = (0.0, 1.0);
        for step in 0..steps {
            let k = self.rows - far as f64 + step as f64;
            let next = (self.same * (self.rows - k) * last + self.more * (2.0 * self.rows - k + 1.0) * before) / (self.less * (k + 1.0));
            (before, last) = (last, next);
            values.push(next);
            if next > 1e250 {
                for value in &mut values {
                    *value *= 1e-250;
                }
                (before, last) = (before * 1e-250, last * 1e-250);
            }
        }
        values
    }
}

/// Puts the halves together: `lower` ascends from `low`, `upper` descends from `high`.
fn joined(mut lower: Vec<f64>, mut upper: Vec<f64>, low: i64, high: i64) -> (i64, Vec<f64>) {
    upper.reverse();
    match (lower.last().copied(), upper.first().copied()) {
        // Nothing is discordant.
        (None, None) => (0, vec![1.0]),
        (None, Some(_)) => (high - (upper.len() as i64 - 1), upper),
        (Some(_), None) => (low, lower),
        (Some(left), Some(right)) => {
            lower.pop();
            // The half with the larger value at 0 is the one that holds little of the whole.
            let (left, right) = if left > right { (right / left, 1.0) } else { (1.0, left / right) };
            let lower = lower.into_iter().map(|value| value * left);
            (low, lower.chain(upper.into_iter().map(|value| value * right)).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ExactDifference;

    /// By definition: all pairs of counts.
    fn enumerated(n01: u64, n10: u64, rows: u64) -> Vec<f64> {
        let ln = |count: u64| libm::lgamma(count as f64 + 1.0);
        let power = |count: u64, share: u64| if count == 0 { 0.0 } else { count as f64 * (share as f64 / rows as f64).ln() };
        let mut probabilities = vec![0.0; 2 * rows as usize + 1];
        for more in 0..=rows {
            for less in 0..=rows - more {
                let same = rows - more - less;
                let log = ln(rows) - ln(more) - ln(less) - ln(same) + power(more, n01) + power(less, n10) + power(same, rows - n01 - n10);
                probabilities[(rows + more - less) as usize] += log.exp();
            }
        }
        probabilities
    }

    #[test]
    fn probabilities_are_those_of_the_trinomial() {
        for (n01, n10, rows) in [
            (4, 7, 100),
            (0, 0, 50),
            (0, 3, 40),
            (3, 0, 40),
            (40, 0, 40),
            (0, 40, 40),
            (20, 20, 40),
            (1, 1, 10),
            (1, 0, 1),
            (30, 9, 40),
            (1, 39, 40),
            (150, 2, 200),
            (2, 150, 200),
            (60, 60, 200),
            (1, 1, 2),
        ] {
            let exact = ExactDifference::new(n01, n10, rows).expect("has rows");
            for (value, expected) in (-(rows as i64)..).zip(enumerated(n01, n10, rows)) {
                let place = usize::try_from(value - exact.least).ok();
                let got = place.and_then(|place| exact.probabilities.get(place)).copied().unwrap_or(0.0);
                assert!((got - expected).abs() <= 1e-11 * expected + 1e-15, "{n01} {n10} {rows}: {value}: {got} for {expected}");
            }
        }
    }

    #[test]
    fn large_counts_have_the_right_moments_and_normal_quantiles() {
        for (n01, n10, rows) in [(1400, 1600, 1_000_000), (30_000, 30_000, 1_000_000), (250_000, 700_000, 1_000_000), (5, 90_000, 100_000)]
        {
            let exact = ExactDifference::new(n01, n10, rows).expect("has rows");
            let values = (exact.least..).zip(&exact.probabilities);
            let mean: f64 = values.clone().map(|(value, probability)| value as f64 * probability).sum();
            let variance: f64 = values.map(|(value, probability)| (value as f64 - mean).powi(2) * probability).sum();
            assert!((mean / rows as f64 - exact.difference).abs() < 1e-9 * exact.sd.max(exact.difference.abs()), "{mean}");
            assert!((variance.sqrt() / rows as f64 / exact.sd - 1.0).abs() < 1e-9, "{variance}");
            let normal = exact.difference + 1.644_853_6 * exact.sd;
            assert!((exact.quantile(0.95) - normal).abs() < 0.02 * exact.sd + 1.0 / rows as f64);
        }
    }

    #[test]
    fn quantiles_are_the_published_ones() {
        let exact = ExactDifference::new(4, 7, 100).expect("has rows");
        assert_eq!([0.025, 0.05, 0.5, 0.95, 0.975].map(|level| exact.quantile(level)), [-0.1, -0.08, -0.03, 0.02, 0.03]);
        assert_eq!(exact.quantile(1.0).max(exact.quantile(f64::NAN)), exact.quantile(f64::NAN));
        assert_eq!(ExactDifference::new(0, 0, 50).expect("has rows").quantile(0.975), 0.0);
        assert_eq!(ExactDifference::new(1, 1, 1), None);
        assert_eq!(ExactDifference::new(0, 0, 0), None);
        assert_eq!(ExactDifference::new(u64::MAX, u64::MAX, u64::MAX), None);
    }
}
