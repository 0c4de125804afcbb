//! The chi-square distribution: the incomplete gamma function.

use std::f64::consts::TAU;

use super::deviance::{deviance, stirling_error};

/// P(X > x) for a chi-square variable with `df` degrees of freedom, any positive number; NaN for other `df`.
///
/// Q(df/2, x/2): series below the mean, Lentz's continued fraction above it (Abramowitz and Stegun 6.5.29 and 6.5.31), times
/// Loader's form of the density.
pub fn chi2_sf(x: f64, df: f64) -> f64 {
    let (a, x) = (df / 2.0, x / 2.0);
    if !(a > 0.0 && a.is_finite()) || x.is_nan() {
        return f64::NAN;
    }
    if x <= 0.0 || x == f64::INFINITY {
        return if x <= 0.0 { 1.0 } else { 0.0 };
    }
    // x^a e^-x / Γ(a + 1).
    let front = libm::exp(-stirling_error(a) - deviance(a, x)) / (TAU * a).sqrt();
    if front == 0.0 {
        return if x < a { 1.0 } else { 0.0 };
    }
    if x < a + 1.0 { 1.0 - front * series(a, x) } else { front * a * continued_fraction(a, x) }
}

/// 1 + x/(a+1) + x^2/((a+1)(a+2)) + ...
fn series(a: f64, x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for step in 1..10_000_000_u32 {
        term *= x / (a + f64::from(step));
        sum += term;
        if term < 1e-17 * sum {
            break;
        }
    }
    sum
}

fn continued_fraction(a: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / away(b);
    let mut result = d;
    for step in 1..10_000_000_u32 {
        let m = f64::from(step);
        let part = -m * (m - a);
        b += 2.0;
        d = 1.0 / away(part * d + b);
        c = away(b + part / c);
        let factor = d * c;
        result *= factor;
        if (factor - 1.0).abs() < 4e-16 {
            break;
        }
    }
    result
}
