//! The root of a falling function.

/// How near the root is found.
const NEAR: f64 = 1e-15;

/// The difference of proportions at which a falling score statistic reaches `target`: between the estimate and the end of all
/// differences on the target's side.
pub(crate) fn score_limit(z: impl Fn(f64) -> f64, estimate: f64, target: f64) -> f64 {
    if target.is_nan() {
        target
    } else if target.is_infinite() {
        -target.signum()
    } else if target > 0.0 {
        falling_root(|d| z(d) - target, -1.0, estimate)
    } else {
        falling_root(|d| z(d) - target, estimate, 1.0)
    }
}

/// Where a falling function crosses zero between `low` and `high`, by Chandrupatla's method (1997): inverse quadratic
/// interpolation where it is safe, else bisection. Infinite values are fine. Without a crossing it is the end that is nearer to one.
pub(crate) fn falling_root(value: impl Fn(f64) -> f64, low: f64, high: f64) -> f64 {
    let (mut b, mut at_b) = (low, value(low));
    let (mut a, mut at_a) = (high, value(high));
    if low >= high || at_b <= 0.0 {
        return low;
    }
    if at_a >= 0.0 {
        return high;
    }
    let mut share = 0.5;
    for _ in 0..120 {
        let x = a + share * (b - a);
        let at_x = value(x);
        let (c, at_c) = if (at_x > 0.0) == (at_a > 0.0) {
            (a, at_a)
        } else {
            let kept = (b, at_b);
            (b, at_b) = (a, at_a);
            kept
        };
        (a, at_a) = (x, at_x);
        let least = NEAR / (b - a).abs();
        if least > 0.5 || at_a == 0.0 {
            break;
        }
        let (place, height) = ((a - b) / (c - b), (at_a - at_b) / (at_c - at_b));
        share = if height * height < place && (1.0 - height) * (1.0 - height) < 1.0 - place {
            at_a / (at_b - at_a) * (at_c / (at_b - at_c)) + (c - a) / (b - a) * (at_a / (at_c - at_a)) * (at_b / (at_c - at_b))
        } else {
            0.5
        };
        share = if share.is_finite() { share.clamp(least, 1.0 - least) } else { 0.5 };
    }
    if at_a.abs() <= at_b.abs() { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_roots_of_all_kinds() {
        assert!((falling_root(|x| 2.0 - x * x, 0.0, 2.0) - 2.0_f64.sqrt()).abs() < 1e-14);
        assert!((falling_root(|x| 0.3 - x.powi(9), 0.0, 5.0) - 0.3_f64.powf(1.0 / 9.0)).abs() < 1e-14);
        assert!((falling_root(|x| if x < 0.25 { 1.0 } else { -1e9 }, -1.0, 1.0) - 0.25).abs() < 1e-14);
        // Poles at both ends.
        assert!((falling_root(|x| 1.0 / x - 3.0 / (1.0 - x), 0.0, 1.0) - 0.25).abs() < 1e-14);
    }

    #[test]
    fn without_a_crossing_it_is_an_end() {
        assert_eq!(falling_root(|_| -1.0, 0.0, 1.0), 0.0);
        assert_eq!(falling_root(|_| 1.0, 0.0, 1.0), 1.0);
        assert_eq!(falling_root(|x| -x, 0.5, 0.5), 0.5);
        assert!((0.0..=1.0).contains(&falling_root(|_| f64::NAN, 0.0, 1.0)));
    }
}
