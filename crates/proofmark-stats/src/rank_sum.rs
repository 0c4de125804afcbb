//! Sums of mid-ranks with what ties do to their variance: the ground of both rank tests.

use crate::ranks::Ranking;

/// The mid-ranks of some of the rows, added up.
pub(crate) struct RankSum {
    /// Sum of the ranks of the chosen rows.
    pub(crate) sum: f64,
    /// Sum of `t^3 - t` over groups of `t` equal values; 0 without ties.
    pub(crate) ties: f64,
}

/// Ranks all values, equal ones at the mean of their ranks, and adds up those of the chosen rows. `None` with NaN.
pub(crate) fn rank_sum(values: &[f64], chosen: impl Fn(usize) -> bool) -> Option<RankSum> {
    let ranking = Ranking::new(values)?;
    let mut result = RankSum { sum: 0.0, ties: 0.0 };
    let mut before = 0.0;
    for run in ranking.runs() {
        let size = run.clone().count() as f64;
        let rank = before + (size + 1.0) / 2.0;
        result.sum += rank * run.filter(|row| chosen(*row)).count() as f64;
        result.ties += size * (size * size - 1.0);
        before += size;
    }
    Some(result)
}

/// How the probabilities of a rank test are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// Exact where there are no ties and not too many values, else by the normal distribution.
    #[default]
    Auto,
    /// By the normal distribution.
    Asymptotic,
}
