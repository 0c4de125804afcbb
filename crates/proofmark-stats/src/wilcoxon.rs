//! Whether paired differences tend to one side: shown, never deciding, since it tests no mean and has no margin.

use crate::distributions::normal_sf;
pub use crate::rank_sum::Method;
use crate::rank_sum::rank_sum;

/// Up to here the exact distribution is used.
const MOST_EXACT: usize = 50;

/// The result of [`wilcoxon_signed_rank`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wilcoxon {
    /// Sum of the ranks of positive differences.
    pub w_plus: f64,
    /// Sum of the ranks of negative differences.
    pub w_minus: f64,
    /// Differences that are neither zero nor NaN.
    pub n_nonzero: usize,
    /// P(ranks this uneven | no difference).
    pub p_two_sided: f64,
    /// Whether the probability is exact.
    pub exact: bool,
}

/// The signed-rank test (Wilcoxon 1945): zeros dropped first, mid-ranks; exact without ties up to 50 differences, else normal with
/// tie-corrected variance and no continuity correction. Without any difference p is 1. NaN is left out.
pub fn wilcoxon_signed_rank(differences: &[f64], method: Method) -> Wilcoxon {
    let kept: Vec<f64> = differences.iter().copied().filter(|difference| !difference.is_nan() && *difference != 0.0).collect();
    let sizes: Vec<f64> = kept.iter().map(|difference| difference.abs()).collect();
    let positive = |row: usize| kept.get(row).is_some_and(|difference| *difference > 0.0);
    let n = kept.len();
    let ranks = if n == 0 { None } else { rank_sum(&sizes, positive) };
    let Some(ranks) = ranks else {
        return Wilcoxon { w_plus: 0.0, w_minus: 0.0, n_nonzero: n, p_two_sided: 1.0, exact: true };
    };
    let count = n as f64;
    let total = count * (count + 1.0) / 2.0;
    let (w_plus, w_minus) = (ranks.sum, total - ranks.sum);
    let exact = method == Method::Auto && ranks.ties == 0.0 && n <= MOST_EXACT;
    let p_two_sided = if exact {
        (2.0 * lower_tail(n, w_plus.min(w_minus))).min(1.0)
    } else {
        let variance = count * (count + 1.0) * (2.0 * count + 1.0) / 24.0 - ranks.ties / 48.0;
        (2.0 * normal_sf((w_plus - total / 2.0).abs() / variance.sqrt())).min(1.0)
    };
    Wilcoxon { w_plus, w_minus, n_nonzero: n, p_two_sided, exact }
}

/// P(W <= w): each rank is in the sum or not, with equal probability.
fn lower_tail(n: usize, w: f64) -> f64 {
    let mut shares = vec![1.0];
    for rank in 1..=n {
        let mut next = vec![0.0; shares.len() + rank];
        for (sum, share) in shares.iter().enumerate() {
            for target in [sum, sum + rank] {
                if let Some(cell) = next.get_mut(target) {
                    *cell += 0.5 * share;
                }
            }
        }
        shares = next;
    }
    shares.iter().enumerate().filter(|(sum, _)| *sum as f64 <= w).map(|(_, share)| share).sum()
}
