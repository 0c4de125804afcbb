//! The beta distribution: the incomplete beta function and its inverse.

use super::deviance::binomial_density;

/// A number between 0 and 1 with its complement, so that neither end loses digits.
#[derive(Clone, Copy)]
pub(super) struct Fraction {
    /// The number.
    pub(super) x: f64,
    /// One less the number.
    pub(super) y: f64,
}

impl Fraction {
    /// The fraction whose log odds are `v`.
    fn from_logit(v: f64) -> Self {
        Self { x: 1.0 / (1.0 + libm::exp(-v)), y: 1.0 / (1.0 + libm::exp(v)) }
    }
}

/// P(X <= x) for X from a beta distribution; NaN unless a > 0, b > 0.
pub fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    if x.is_nan() {
        return f64::NAN;
    }
    let x = x.clamp(0.0, 1.0);
    incomplete_beta(Fraction { x, y: 1.0 - x }, a, b)
}

/// The regularized incomplete beta function I_x(a, b); NaN unless a > 0, b > 0 and both are finite.
pub(super) fn incomplete_beta(at: Fraction, a: f64, b: f64) -> f64 {
    if !(a > 0.0 && b > 0.0 && a.is_finite() && b.is_finite()) || at.x.is_nan() || at.y.is_nan() {
        return f64::NAN;
    }
    if at.x <= 0.0 || at.y <= 0.0 {
        return if at.x <= 0.0 { 0.0 } else { 1.0 };
    }
    if at.x < (a + 1.0) / (a + b + 2.0) { lower_part(at, a, b) } else { 1.0 - lower_part(Fraction { x: at.y, y: at.x }, b, a) }
}

/// I_x(a, b) below the mean: x^a y^b / B(a, b) times the continued fraction of DiDonato and Morris (1992, equation 9).
fn lower_part(at: Fraction, a: f64, b: f64) -> f64 {
    let front = binomial_density(a, b, at.x, at.y) * (a * b / (a + b));
    if front == 0.0 { 0.0 } else { front / continued_fraction(at, a, b) }
}

/// By Lentz's method as Thompson and Barnett (1986) mend it. The terms fade after about the square root of the larger parameter;
/// the bound only ends a loop that cannot be useful any more.
fn continued_fraction(at: Fraction, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    // `a - (a + b) x` in the form that cancels less.
    let distance = if a > b { (a + b) * at.y - b } else { a - (a + b) * at.x };
    let mut result = away(a / (a + 1.0) * (distance + 1.0));
    let (mut c, mut d) = (result, 0.0);
    for step in 1..3_000_000_u32 {
        let n = f64::from(step);
        let (odd, weight) = (a + 2.0 * n - 1.0, n * (b - n) * at.x);
        let above = (a + n - 1.0) / odd * ((a + b + n - 1.0) / odd) * weight * at.x;
        let below = n + weight / odd + (a + n) / (odd + 2.0) * (distance + 1.0 + n * (1.0 + at.y));
        d = 1.0 / away(below + above * d);
        c = away(below + above / c);
        let factor = c * d;
        result *= factor;
        if (factor - 1.0).abs() < 4e-16 {
            break;
        }
    }
    result
}

/// The x with P(X <= x) = p; NaN outside [0, 1] and unless a > 0, b > 0.
pub fn beta_ppf(p: f64, a: f64, b: f64) -> f64 {
    quantile(p, 1.0 - p, a, b)
}

/// The x with P(X > x) = p: what `beta_ppf(1 - p)` is, without losing digits of a small p.
pub fn beta_isf(p: f64, a: f64, b: f64) -> f64 {
    quantile(1.0 - p, p, a, b)
}

/// Newton's method for ln P in the log odds of x: both tails are concave there, so the steps cannot overshoot twice.
fn quantile(below: f64, above: f64, a: f64, b: f64) -> f64 {
    let are_probabilities = (0.0..=1.0).contains(&below) && (0.0..=1.0).contains(&above);
    if !(a > 0.0 && b > 0.0 && a.is_finite() && b.is_finite() && are_probabilities) {
        return f64::NAN;
    }
    if below == 0.0 || above == 0.0 {
        return if below == 0.0 { 0.0 } else { 1.0 };
    }
    if below <= above { solve(below, a, b).x } else { solve(above, b, a).y }
}

fn solve(p: f64, a: f64, b: f64) -> Fraction {
    let target = libm::log(p);
    let mut v = libm::log(a) - libm::log(b);
    for _ in 0..100 {
        let at = Fraction::from_logit(v);
        let reached = incomplete_beta(at, a, b);
        if reached <= 0.0 {
            // Too far out for a double: half way back to the middle of the distribution.
            v = 0.5 * (v + libm::log(a) - libm::log(b));
            continue;
        }
        // dI/dv = x y times the beta density.
        let slope = binomial_density(a, b, at.x, at.y) * a * b / (a + b) / reached;
        let step = (libm::log(reached) - target) / slope;
        if !step.is_finite() {
            break;
        }
        v -= step.clamp(-700.0, 700.0);
        if step.abs() <= 1e-15 * v.abs().max(1.0) {
            break;
        }
    }
    Fraction::from_logit(v)
}
