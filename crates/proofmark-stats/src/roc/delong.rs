//! The test of DeLong, DeLong and Clarke-Pearson (1988) for two areas on the same rows, by mid-ranks (Sun, Xu 2014).

use crate::ranks::Ranking;
use crate::verdict::{Direction, NonInferiority, Reason};

/// What the test needs to know of two models' areas on the same rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedAuc {
    /// Rows of the positive class.
    pub positives: u64,
    /// Rows of the other class.
    pub negatives: u64,
    /// Area at the base.
    pub base: f64,
    /// Area at the head.
    pub head: f64,
    /// Variance of the base's area; a class with a single row adds nothing to it.
    pub var_base: f64,
    /// Variance of the head's area.
    pub var_head: f64,
    /// Covariance of both areas.
    pub covariance: f64,
    /// Every positive is above the same negatives at both, and level with the same.
    pub identical: bool,
}

impl PairedAuc {
    /// Compares two columns of scores: O(n log n), 48 bytes a row.
    ///
    /// With `m` positives and `n` negatives, `V10` of a positive is the share of negatives below it (ties half), `V01` of a
    /// negative the share of positives above it; the covariance matrix of the areas is `S10 / m + S01 / n`, each with
    /// ddof = 1. All sums are of integers, so the order of rows changes no bit.
    ///
    /// `None` if a score is NaN, if one class has no row, if lengths differ, or beyond [`MAX_ROWS`](crate::ranks::MAX_ROWS).
    pub fn new(labels: &[bool], base: &[f64], head: &[f64]) -> Option<Self> {
        if base.len() != labels.len() || head.len() != labels.len() {
            return None;
        }
        let positives = labels.iter().filter(|label| **label).count() as u64;
        let negatives = labels.len() as u64 - positives;
        if positives == 0 || negatives == 0 {
            return None;
        }
        let base = placements(labels, &Ranking::new(base)?);
        let head = placements(labels, &Ranking::new(head)?);
        let mut of_class = [Sums::default(), Sums::default()];
        for ((label, base), head) in labels.iter().zip(&base).zip(&head) {
            of_class[usize::from(*label)].add(u64::from(*base), u64::from(*head));
        }
        let [of_negatives, of_positives] = of_class;
        // Placements are counts of half pairs: 2 m n are all.
        let pairs = 2.0 * positives as f64 * negatives as f64;
        let [s01, s10] = [of_negatives.variances(negatives, positives), of_positives.variances(positives, negatives)];
        Some(Self {
            positives,
            negatives,
            base: of_positives.base as f64 / pairs,
            head: of_positives.head as f64 / pairs,
            var_base: s10[0] + s01[0],
            var_head: s10[1] + s01[1],
            covariance: s10[2] + s01[2],
            identical: base == head,
        })
    }

    /// Judges the difference of the areas, head less base: normal limits with
    /// `var = var_base + var_head - 2 covariance`.
    ///
    /// A variance of at most 1e-15: if the rankings are identical, a pass with limits 0, else inconclusive. Fewer than two
    /// rows of a class: inconclusive.
    pub fn judge(&self, direction: Direction, margin: f64, alpha: f64) -> NonInferiority {
        let improvement = direction.improvement(self.head - self.base);
        let variance = self.var_base + self.var_head - 2.0 * self.covariance;
        if self.positives < 2 || self.negatives < 2 {
            return NonInferiority::undecided(improvement, Reason::TooFewOfAClass);
        }
        // Not above the limit: NaN, from figures that were not ours, is no variance either.
        if !(variance > 1e-15 && variance.is_finite()) {
            let undecided = NonInferiority { se: Some(0.0), ..NonInferiority::undecided(improvement, Reason::DegenerateVariance) };
            let identical = NonInferiority { p_two_sided: Some(1.0), ..NonInferiority::point(0.0, margin, Reason::IdenticalRanking) };
            return if self.identical && variance <= 1e-15 { identical } else { undecided };
        }
        NonInferiority::from_estimate(improvement, variance.sqrt(), f64::INFINITY, margin, alpha)
    }
}

/// The test with its figures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeLong {
    /// Areas, variances and counts.
    pub figures: PairedAuc,
    /// The difference of the areas, head less base, over its standard error; `None` without one.
    pub z: Option<f64>,
    /// What follows.
    pub result: NonInferiority,
}

/// [`PairedAuc::new`] and [`PairedAuc::judge`] in one.
pub fn delong(labels: &[bool], base: &[f64], head: &[f64], direction: Direction, margin: f64, alpha: f64) -> Option<DeLong> {
    let figures = PairedAuc::new(labels, base, head)?;
    let result = figures.judge(direction, margin, alpha);
    let z = result.se.filter(|se| *se > 0.0).map(|se| (figures.head - figures.base) / se);
    Some(DeLong { figures, z, result })
}

/// For each row twice the number of rows of the other class that it is right about, level ones half.
fn placements(labels: &[bool], ranking: &Ranking) -> Vec<u32> {
    let all = labels.iter().filter(|label| **label).count() as u32;
    let is_positive = |row: usize| labels.get(row).copied().unwrap_or_default();
    let mut twice = vec![0; labels.len()];
    // Up to the run: of both classes.
    let (mut positives, mut negatives) = (0_u32, 0_u32);
    let mut put = |row: usize, count: u32| {
        if let Some(place) = twice.get_mut(row) {
            *place = count;
        }
    };
    for run in ranking.runs() {
        let (mut more_positives, mut more_negatives) = (0, 0);
        for row in run.clone() {
            let positive = is_positive(row);
            more_positives += u32::from(positive);
            more_negatives += u32::from(!positive);
        }
        let of_positive = 2 * negatives + more_negatives;
        let of_negative = 2 * (all - positives) - more_positives;
        for row in run {
            put(row, if is_positive(row) { of_positive } else { of_negative });
        }
        positives += more_positives;
        negatives += more_negatives;
    }
    twice
}

/// Sums over the rows of one class, of numbers below 2^31.
#[derive(Default)]
struct Sums {
    base: u64,
    head: u64,
    squares: [u128; 3],
}

impl Sums {
    fn add(&mut self, base: u64, head: u64) {
        self.base += base;
        self.head += head;
        for (sum, product) in self.squares.iter_mut().zip([base * base, head * head, base * head]) {
            *sum += u128::from(product);
        }
    }

    /// Variance of the base, of the head, and covariance, of shares of the `others`, over the number of rows.
    fn variances(&self, rows: u64, others: u64) -> [f64; 3] {
        if rows < 2 {
            return [0.0; 3];
        }
        let scale = rows as f64 * (rows - 1) as f64 * rows as f64 * 4.0 * others as f64 * others as f64;
        let product = |left: u64, right: u64| i128::from(left) * i128::from(right);
        let means = [product(self.base, self.base), product(self.head, self.head), product(self.base, self.head)];
        let mut result = [0.0; 3];
        for ((result, square), mean) in result.iter_mut().zip(self.squares).zip(means) {
            // At most 2^30 rows of squares below 2^62, times 2^30: fits.
            *result = (square as i128 * i128::from(rows) - mean) as f64 / scale;
        }
        result
    }
}

#[cfg(test)]
mod tests;
