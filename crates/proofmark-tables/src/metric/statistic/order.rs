//! Statistics of the order of rows, sorted once.

use proofmark_stats::ranks::Ranking;
use proofmark_stats::sample;

use crate::rows::{Fault, Flaw};

/// A quantile of numbers.
#[derive(Debug)]
pub(crate) struct Quantile {
    level: f64,
    values: Vec<f64>,
    /// The row of each value.
    rows: Vec<u32>,
    /// The table has weights, which are not how often a value stands.
    by_weight: bool,
}

impl Quantile {
    pub(crate) fn new(numbers: &[f64], level: f64, by_weight: bool) -> Self {
        let mut rows: Vec<u32> = (0..).take(numbers.len()).collect();
        let number = |row: u32| numbers.get(row as usize).copied().unwrap_or_default();
        rows.sort_by(|one, other| number(*one).total_cmp(&number(*other)));
        let values = rows.iter().map(|row| number(*row)).collect();
        Self { level, values, rows, by_weight }
    }

    /// Type 7 of Hyndman and Fan 1996.
    pub(crate) fn plain(&self) -> Option<f64> {
        sample::quantile_sorted(&self.values, self.level)
    }

    /// Type 7 of values that are drawn so often; where the table has weights, the smallest value up to which there is this share
    /// of all weight.
    pub(crate) fn weighted(&self, weight: impl Fn(usize) -> f64 + Copy) -> Option<f64> {
        let all: f64 = self.rows.iter().map(|row| weight(*row as usize)).sum();
        if all.is_nan() || all <= 0.0 {
            return None;
        }
        let from = |reach: f64, strictly: bool| {
            let mut before = 0.0;
            let mut last = None;
            for (value, row) in self.values.iter().zip(&self.rows) {
                let weight = weight(*row as usize);
                if weight > 0.0 {
                    before += weight;
                    last = Some(*value);
                    if if strictly { before > reach } else { before >= reach } {
                        break;
                    }
                }
            }
            last
        };
        if self.by_weight {
            // A sum of weights that misses the share by rounding reaches it.
            return from(self.level * all * (1.0 - 1e-12), false);
        }
        let place = (all - 1.0) * self.level;
        let low = from(place.floor(), true)?;
        let high = from(place.floor() + 1.0, true).unwrap_or(low);
        sample::quantile_sorted(&[low, high], place.fract())
    }
}

/// Labels in the order of scores.
#[derive(Debug)]
pub(crate) struct Ranked {
    /// Rows by score, with the notes below; the lowest score first for the ROC curve, else the highest.
    places: Vec<u32>,
    roc: bool,
}

/// The row is positive.
const POSITIVE: u32 = 1 << 31;
/// The row is the last with its score.
const LAST: u32 = 1 << 30;

impl Ranked {
    /// The area under the ROC curve, or else average precision.
    ///
    /// # Errors
    /// When there are more rows than can be ranked.
    pub(crate) fn new(truth: &[bool], scores: &[f64], roc: bool) -> Result<Self, Flaw> {
        let too_many = || Flaw::new(Fault::Unreadable, "there are more rows than can be ranked");
        let ranking = Ranking::new(scores).filter(|_| scores.len() <= LAST as usize).ok_or_else(too_many)?;
        let note = |row: usize| row as u32 | if truth.get(row).copied().unwrap_or_default() { POSITIVE } else { 0 };
        let mut places: Vec<u32> = Vec::with_capacity(scores.len());
        for run in ranking.runs() {
            let start = places.len();
            places.extend(run.map(note));
            // The end of the run in the order in which it will be read.
            let end = if roc { places.len().saturating_sub(1) } else { start };
            if let Some(place) = places.get_mut(end) {
                *place |= LAST;
            }
        }
        if !roc {
            places.reverse();
        }
        Ok(Self { places, roc })
    }

    pub(crate) fn value(&self, weight: impl Fn(usize) -> f64) -> Option<f64> {
        if self.roc { self.area(weight) } else { self.precision(weight) }
    }

    fn area(&self, weight: impl Fn(usize) -> f64) -> Option<f64> {
        let (mut below, mut positives, mut area) = (0.0, 0.0, 0.0);
        self.runs(weight, |run_positives, run_negatives| {
            area += run_positives * (below + run_negatives / 2.0);
            below += run_negatives;
            positives += run_positives;
        });
        let pairs = positives * below;
        (pairs > 0.0).then(|| (area / pairs).clamp(0.0, 1.0))
    }

    fn precision(&self, weight: impl Fn(usize) -> f64) -> Option<f64> {
        let (mut hits, mut found, mut sum) = (0.0, 0.0, 0.0);
        self.runs(weight, |run_positives, run_negatives| {
            hits += run_positives;
            found += run_positives + run_negatives;
            sum += if found > 0.0 { run_positives * (hits / found) } else { 0.0 };
        });
        (hits > 0.0).then(|| (sum / hits).clamp(0.0, 1.0))
    }

    /// The weight of positives and of negatives at each score.
    fn runs(&self, weight: impl Fn(usize) -> f64, mut each: impl FnMut(f64, f64)) {
        let (mut positives, mut negatives) = (0.0, 0.0);
        for place in &self.places {
            let weight = weight((place & !(POSITIVE | LAST)) as usize);
            if place & POSITIVE != 0 {
                positives += weight;
            } else {
                negatives += weight;
            }
            if place & LAST != 0 {
                each(positives, negatives);
                (positives, negatives) = (0.0, 0.0);
            }
        }
    }
}
