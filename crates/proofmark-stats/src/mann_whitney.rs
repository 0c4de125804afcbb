//! Whether the values of one side tend to be larger: shown, never deciding, since it tests no mean and has no margin.

use crate::distributions::normal_sf;
pub use crate::rank_sum::Method;
use crate::rank_sum::rank_sum;

/// Above this many pairs of values the normal distribution serves.
const MOST_EXACT_PAIRS: usize = 10_000;

/// The result of [`mann_whitney`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannWhitney {
    /// Pairs in which the candidate's value is larger, with half of the ties.
    pub u_candidate: f64,
    /// P(U this far from its mean | no difference).
    pub p_two_sided: f64,
    /// P(U this small | no difference); undefined when all values are equal.
    pub p_candidate_less: Option<f64>,
    /// Whether the probabilities are exact.
    pub exact: bool,
}

/// The rank-sum test (Mann and Whitney 1947): exact without ties, else normal with tie-corrected variance and continuity 1/2.
///
/// NaN is left out. `None` when a side has no value.
pub fn mann_whitney(baseline: &[f64], candidate: &[f64], method: Method) -> Option<MannWhitney> {
    // Adding zero makes -0 and 0 one value.
    let kept = |values: &[f64]| values.iter().filter(|value| !value.is_nan()).map(|value| value + 0.0).collect::<Vec<f64>>();
    let (mut values, base) = (kept(candidate), kept(baseline));
    let (n_candidate, n_baseline) = (values.len(), base.len());
    if n_candidate == 0 || n_baseline == 0 {
        return None;
    }
    values.extend(base);
    let ranks = rank_sum(&values, |row| row < n_candidate)?;
    let (one, other) = (n_candidate as f64, n_baseline as f64);
    let u = ranks.sum - one * (one + 1.0) / 2.0;
    if method == Method::Auto && ranks.ties == 0.0 && n_candidate.saturating_mul(n_baseline) <= MOST_EXACT_PAIRS {
        let (less, greater) = exact(n_candidate, n_baseline, u);
        let p_two_sided = (2.0 * less.min(greater)).min(1.0);
        return Some(MannWhitney { u_candidate: u, p_two_sided, p_candidate_less: Some(less), exact: true });
    }
    let (mean, n) = (one * other / 2.0, one + other);
    let sd = (one * other / 12.0 * ((n + 1.0) - ranks.ties / (n * (n - 1.0)))).sqrt();
    if sd.is_nan() || sd <= 0.0 {
        return Some(MannWhitney { u_candidate: u, p_two_sided: 1.0, p_candidate_less: None, exact: false });
    }
    let p_two_sided = (2.0 * normal_sf(((u - mean).abs() - 0.5) / sd)).min(1.0);
    let less = normal_sf((mean - u - 0.5) / sd);
    Some(MannWhitney { u_candidate: u, p_two_sided, p_candidate_less: Some(less), exact: false })
}

/// P(U <= u) and P(U >= u) without ties, by the recurrence on the largest value: with probability m / (m + n) it is the
/// candidate's, and larger than all n of the baseline.
fn exact(m: usize, n: usize, u: f64) -> (f64, f64) {
    // One column of distributions: `columns[j]` is that of U for `i` candidates and `j` baseline values.
    let mut columns: Vec<Vec<f64>> = vec![vec![1.0]; n + 1];
    for i in 1..=m {
        let mut next: Vec<Vec<f64>> = vec![vec![1.0]];
        for (j, without) in columns.iter().enumerate().skip(1) {
            let share = i as f64 / (i + j) as f64;
            let mut row = vec![0.0; i * j + 1];
            for (cell, p) in row.iter_mut().skip(j).zip(without) {
                *cell += share * p;
            }
            for (cell, p) in row.iter_mut().zip(next.last().into_iter().flatten()) {
                *cell += (1.0 - share) * p;
            }
            next.push(row);
        }
        columns = next;
    }
    let last = columns.pop().unwrap_or_default();
    let tail = |chosen: &dyn Fn(f64) -> bool| -> f64 {
        last.iter().enumerate().filter(|(value, _)| chosen(*value as f64)).map(|(_, p)| p).sum::<f64>().min(1.0)
    };
    (tail(&|value| value <= u), tail(&|value| value >= u))
}
