//! Sums that do not depend on the order of the rows nor lose digits.

/// The sum to 1e-13 of itself at worst, to the last bit as a rule. What is infinite or NaN gives what plain addition does.
///
/// First in twice the working precision (Neumaier 1974), which is exact for any data that are not made to defy it; where its error
/// bound is not small against the sum, by Shewchuk's expansions (1997), which are exact always.
pub fn sum(values: &[f64]) -> f64 {
    sum_of(values.iter().copied())
}

/// As [`sum`], of anything that can be gone through twice.
pub(crate) fn sum_of(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let (total, bound) = compensated(values.clone());
    if bound <= 1e-13 * total.abs() {
        total
    } else if bound.is_finite() {
        expansion(values)
    } else {
        values.sum()
    }
}

/// The sum in twice the working precision, with a bound of its error.
pub(super) fn compensated(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (mut high, mut low, mut size, mut count) = (0.0_f64, 0.0_f64, 0.0_f64, 0_u64);
    for value in values {
        let (sum, error) = two_sum(high, value);
        high = sum;
        low += error;
        size += value.abs();
        count += 1;
    }
    // The compensations themselves are added with errors below `(n eps)^2` of all sizes together.
    let share = count as f64 * f64::EPSILON;
    (high + low, share * share * size)
}

/// The sum and what rounding took from it (Knuth 1969).
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// Keeps numbers that do not overlap and whose sum is exact, smallest first.
fn expansion(values: impl Iterator<Item = f64>) -> f64 {
    let mut parts: Vec<f64> = Vec::new();
    for mut value in values {
        parts.retain_mut(|part| {
            let (sum, error) = two_sum(value, *part);
            value = sum;
            *part = error;
            error != 0.0
        });
        parts.push(value);
    }
    rounded(&parts)
}

/// The sum of numbers that do not overlap: from the largest down until one does not count, with a tie broken by what follows.
fn rounded(parts: &[f64]) -> f64 {
    let mut left = parts.iter().rev().copied();
    let mut total = left.next().unwrap_or(0.0);
    while let Some(part) = left.next() {
        let (sum, error) = two_sum(total, part);
        total = sum;
        if error != 0.0 {
            // Half a unit exactly rounds to even, which is wrong if anything follows on the same side.
            let follows = left.next().is_some_and(|next| (next < 0.0) == (error < 0.0));
            let doubled = error * 2.0;
            if follows && (total + doubled) - total == doubled {
                total += doubled;
            }
            break;
        }
    }
    total
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_is_lost() {
        assert_eq!(sum(&[0.1; 10]), 1.0);
        assert_eq!(sum(&[1e100, 1.0, -1e100, 1e-100]), 1.0);
        assert_eq!(sum(&[1.0, 1e-16, -1.0]), 1e-16);
        // Half a unit and a little more rounds up, which twice the precision does not see.
        assert_eq!(expansion([1e16, 1.0, 1e-16].into_iter()), 1e16 + 2.0);
        assert_eq!(sum(&[]), 0.0);
        assert_eq!(sum(&[f64::INFINITY, 1.0]), f64::INFINITY);
        assert!(sum(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
        assert!(sum(&[f64::NAN]).is_nan());
    }

    proptest! {
        #[test]
        fn order_does_not_matter(mut values in proptest::collection::vec(-1e12_f64..1e12, 0..60)) {
            let forward = sum(&values);
            values.sort_by(f64::total_cmp);
            prop_assert_eq!(forward, sum(&values));
            let opposite: Vec<f64> = values.iter().map(|value| -value).collect();
            values.extend(opposite);
            prop_assert_eq!(sum(&values), 0.0);
        }

        #[test]
        fn both_ways_agree(values in proptest::collection::vec(prop_oneof![-1.0_f64..1.0, -1e9_f64..1e9], 0..60)) {
            let exact = expansion(values.iter().copied());
            prop_assert!((sum(&values) - exact).abs() <= 2.3e-16 * exact.abs());
        }
    }
}
