//! Many tests at once: p values adjusted for their number.
//!
//! A p that was not computed, or is NaN, is left out of the number and stays `None`. Ties keep the order of the input.

/// Holm (1979): the sorted p times how many are left, running maximum, at most 1. Keeps the chance of any false rejection at alpha.
pub fn holm(p: &[Option<f64>]) -> Vec<Option<f64>> {
    let sorted = sorted(p);
    let mut adjusted = vec![None; p.len()];
    let mut largest = 0.0_f64;
    for (rank, (index, value)) in sorted.iter().enumerate() {
        largest = largest.max(value * (sorted.len() - rank) as f64).min(1.0);
        put(&mut adjusted, *index, largest);
    }
    adjusted
}

/// Benjamini and Hochberg (1995): the sorted p times their number over the rank, running minimum from the end, at most 1. Keeps the
/// expected share of false ones among the rejected at alpha.
pub fn benjamini_hochberg(p: &[Option<f64>]) -> Vec<Option<f64>> {
    let sorted = sorted(p);
    let mut adjusted = vec![None; p.len()];
    let mut smallest = 1.0_f64;
    for (rank, (index, value)) in sorted.iter().enumerate().rev() {
        smallest = smallest.min(value * (sorted.len() as f64 / (rank + 1) as f64));
        put(&mut adjusted, *index, smallest);
    }
    adjusted
}

/// Whether an adjusted p is at most alpha, with the slack that rounding needs; `None` stays so.
pub fn rejects(adjusted: Option<f64>, alpha: f64) -> Option<bool> {
    adjusted.map(|p| p <= alpha + 1e-12 * p.abs().max(alpha.abs()))
}

/// The numbers with their places, smallest first.
fn sorted(p: &[Option<f64>]) -> Vec<(usize, f64)> {
    let mut all: Vec<(usize, f64)> =
        p.iter().enumerate().filter_map(|(index, value)| value.filter(|value| !value.is_nan()).map(|value| (index, value))).collect();
    all.sort_by(|one, other| one.1.total_cmp(&other.1));
    all
}

fn put(adjusted: &mut [Option<f64>], index: usize, value: f64) {
    if let Some(cell) = adjusted.get_mut(index) {
        *cell = Some(value);
    }
}
