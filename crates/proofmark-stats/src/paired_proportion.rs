//! Right or wrong on the same rows, against a margin: Tango's score limits.

use crate::distributions::{normal_cdf, normal_ppf, normal_sf};
use crate::root::score_limit;
use crate::verdict::{Direction, NonInferiority, Reason, finite};

/// How many rows are right on which side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PairedCounts {
    /// Right on both sides.
    pub n11: u64,
    /// Right at the baseline only.
    pub n10: u64,
    /// Right at the candidate only.
    pub n01: u64,
    /// Wrong on both sides.
    pub n00: u64,
}

impl PairedCounts {
    /// All rows.
    pub fn rows(&self) -> u64 {
        self.n11.saturating_add(self.n10).saturating_add(self.n01).saturating_add(self.n00)
    }
}

/// The result of [`paired_proportion`]. Numbers are oriented: positive is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedProportion {
    /// Rows.
    pub n: u64,
    /// Wald's lower limit: shown only, since its width is 0 when nothing is discordant.
    pub wald_lower: Option<f64>,
    /// Wald's upper limit.
    pub wald_upper: Option<f64>,
    /// Tango's statistic at `-margin`.
    pub z_margin: Option<f64>,
    /// The test by Tango's limits; its `se` is Wald's.
    pub test: NonInferiority,
}

/// The difference of two proportions on the same rows against a margin, by the score limits of Tango (1998).
///
/// `Z(d) = (gains - losses - N d) / sqrt(N (2 q(d) + d (1 - d)))` falls in d, where q(d) is the likeliest share of losses if the true
/// difference is d. The limits solve `Z = z(1 - alpha)` and `Z = -z(1 - alpha)`; p_noninferior is the upper normal tail at Z(-margin),
/// p_inferior the lower one. p_two_sided is McNemar's without correction. `direction` tells whether `right` is good: a share of errors
/// is [`Direction::Lower`]. No rows: [`Reason::NoExamples`].
pub fn paired_proportion(counts: &PairedCounts, direction: Direction, margin: f64, alpha: f64) -> PairedProportion {
    let (gains, losses) = match direction {
        Direction::Higher => (counts.n01, counts.n10),
        Direction::Lower => (counts.n10, counts.n01),
    };
    let table = Table { gains: gains as f64, losses: losses as f64, rows: counts.rows() as f64 };
    if counts.rows() == 0 {
        let test = NonInferiority::undecided(f64::NAN, Reason::NoExamples);
        return PairedProportion { n: 0, wald_lower: None, wald_upper: None, z_margin: None, test };
    }
    let z = -normal_ppf(alpha);
    let difference = table.difference();
    let change = table.gains - table.losses;
    let se = (table.gains + table.losses - change * change / table.rows).max(0.0).sqrt() / table.rows;
    let z_margin = table.z(-margin);
    let limit = |target: f64| score_limit(|d| table.z(d), difference, target);
    let test = NonInferiority {
        se: Some(se),
        p_two_sided: finite(2.0 * normal_sf(table.z(0.0).abs())),
        ..NonInferiority::from_limits(difference, limit(z), limit(-z), margin)
    };
    PairedProportion {
        n: counts.rows(),
        wald_lower: finite(difference - z * se),
        wald_upper: finite(difference + z * se),
        z_margin: finite(z_margin),
        test: test.with_p(normal_sf(z_margin), normal_cdf(z_margin)),
    }
}

/// Discordant rows, as numbers to calculate with.
struct Table {
    gains: f64,
    losses: f64,
    rows: f64,
}

impl Table {
    fn difference(&self) -> f64 {
        (self.gains - self.losses) / self.rows
    }

    /// Tango's statistic at a true difference d; beyond all differences that can be it is infinite.
    fn z(&self, d: f64) -> f64 {
        if d <= -1.0 || d >= 1.0 {
            return if d < 0.0 { f64::INFINITY } else { f64::NEG_INFINITY };
        }
        let distance = self.gains - self.losses - self.rows * d;
        if distance == 0.0 { 0.0 } else { distance / (self.rows * self.spread(d)).sqrt() }
    }

    /// `2 q(d) + d (1 - d)`, the variance of one row's change. For d < 0 with gains and losses exchanged, which is the same and adds
    /// nothing but positive numbers.
    fn spread(&self, d: f64) -> f64 {
        let (gains, losses) = if d < 0.0 { (self.losses, self.gains) } else { (self.gains, self.losses) };
        let d = d.abs();
        let a = 2.0 * self.rows;
        let b = (a - gains + losses) * d - gains - losses;
        let minus_c = losses * d * (1.0 - d);
        let root = (b * b + 4.0 * a * minus_c).sqrt();
        let q = if b > 0.0 { 2.0 * minus_c / (b + root) } else { (root - b) / (2.0 * a) };
        2.0 * q + d * (1.0 - d)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    fn limits(n11: u64, n10: u64, n01: u64, n00: u64, alpha: f64) -> (f64, f64) {
        let test = paired_proportion(&PairedCounts { n11, n10, n01, n00 }, Direction::Higher, 0.01, alpha).test;
        (test.lower.expect("a limit"), test.upper.expect("a limit"))
    }

    #[test]
    fn published_limits() {
        // Fagerland, Lydersen and Laake (2014), airway hyper-responsiveness: -0.517 to -0.026.
        let (lower, upper) = limits(1, 7, 1, 12, 0.025);
        assert_eq!(((lower * 1e3).round(), (upper * 1e3).round()), (-517.0, -26.0));
    }

    #[test]
    fn identical_answers_need_enough_rows() {
        let (lower, upper) = limits(90, 0, 0, 10, 0.05);
        assert!((lower + 0.026_342_720_783_17).abs() < 1e-12 && lower == -upper, "{lower} {upper}");
        let z = 1.644_853_626_951_472_2_f64;
        let (lower, _) = limits(1_000_000, 0, 0, 0, 0.05);
        // Without discordant rows the limit solves N d / (1 - d) = z^2.
        assert!((lower + z * z / (1e6 + z * z)).abs() < 1e-14, "{lower}");
    }

    #[test]
    fn all_or_nothing() {
        assert_eq!(limits(0, 0, 5, 0, 0.05).1, 1.0);
        assert_eq!(limits(0, 5, 0, 0, 0.05).0, -1.0);
        let test = paired_proportion(&PairedCounts { n10: 5, ..PairedCounts::default() }, Direction::Higher, 1.0, 0.05).test;
        assert_eq!(test.verdict, Verdict::Pass);
    }
}
