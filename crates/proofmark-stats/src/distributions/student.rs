//! Student's t distribution, for any positive degrees of freedom.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_PI_2, PI, TAU};

use super::beta::{Fraction, incomplete_beta};
use super::deviance::stirling_error;
use super::normal::{normal_ppf, normal_sf};

/// From here on the expansion about the normal distribution is exact to the last bits, and the continued fraction is slow.
const MANY: f64 = 1e6;

/// Beyond this multiple of sqrt(df) the tail is a power of t, and squares may overflow.
const FAR: f64 = 1e100;

/// P(T <= t); NaN unless df > 0. Infinite df is the normal distribution.
pub fn t_cdf(t: f64, df: f64) -> f64 {
    t_sf(-t, df)
}

/// P(T > t), computed as such: exact in the far tail. NaN unless df > 0.
pub fn t_sf(t: f64, df: f64) -> f64 {
    if t.is_nan() || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    let tail = tail(t.abs(), df);
    if t > 0.0 { tail } else { 1.0 - tail }
}

/// P(T > t) for t >= 0.
fn tail(t: f64, df: f64) -> f64 {
    if t == f64::INFINITY {
        return 0.0;
    }
    if df == f64::INFINITY {
        return normal_sf(t);
    }
    if df >= MANY {
        let w = normal_scale(t, df);
        let (zero, edge) = (TAU.sqrt() * normal_sf(w), libm::exp(-0.5 * w * w));
        let two = w * edge + zero;
        let four = w * w * w * edge + 3.0 * two;
        return near_normal([zero, two, four, libm::pow(w, 5.0) * edge + 5.0 * four], df);
    }
    let ratio = t / df.sqrt();
    if ratio > FAR {
        // x = 1 / (1 + ratio^2) may not be a number any more; its power is.
        return libm::exp(log_scale(df) + 0.5 * libm::log(df) - df * libm::log(ratio)) / df;
    }
    0.5 * incomplete_beta(squared(ratio), 0.5 * df, 0.5)
}

/// P(0 < T <= t) for t >= 0: exact for small t, where the tail is one half less nothing.
fn centre(t: f64, df: f64) -> f64 {
    if df >= MANY {
        let w = if df == f64::INFINITY { t } else { normal_scale(t, df) };
        let (zero, edge) = (FRAC_PI_2.sqrt() * libm::erf(w * FRAC_1_SQRT_2), libm::exp(-0.5 * w * w));
        if df == f64::INFINITY {
            return zero / TAU.sqrt();
        }
        let two = zero - w * edge;
        let four = 3.0 * two - w * w * w * edge;
        return near_normal([zero, two, four, 5.0 * four - libm::pow(w, 5.0) * edge], df);
    }
    let Fraction { x, y } = squared(t / df.sqrt());
    0.5 * incomplete_beta(Fraction { x: y, y: x }, 0.5, 0.5 * df)
}

/// `1 / (1 + r^2)` and `r^2 / (1 + r^2)`.
fn squared(ratio: f64) -> Fraction {
    let square = ratio * ratio;
    Fraction { x: 1.0 / (1.0 + square), y: square / (1.0 + square) }
}

/// With `w^2 = df ln(1 + t^2/df)` the density of T becomes `C exp(-w^2/2) sqrt(s / (1 - e^-s))`, `s = w^2/df`, of which
/// the root is `1 + s/4 + s^2/96 - s^3/384 + ...`: a few moments of the normal distribution give the probability.
fn near_normal(moments: [f64; 4], df: f64) -> f64 {
    let [zero, two, four, six] = moments;
    let sum = zero + (two / 4.0 + (four / 96.0 - six / (384.0 * df)) / df) / df;
    sum * libm::exp(log_scale(df))
}

fn normal_scale(t: f64, df: f64) -> f64 {
    let square = (t / df.sqrt()) * (t / df.sqrt());
    if square == f64::INFINITY { (2.0 * df * libm::log(t / df.sqrt())).sqrt() } else { (df * libm::log1p(square)).sqrt() }
}

/// `ln [ Γ((df+1)/2) / (sqrt(df pi) Γ(df/2)) ]`, the density at zero.
fn log_scale(df: f64) -> f64 {
    if df < 32.0 {
        return libm::lgamma(0.5 * df + 0.5) - libm::lgamma(0.5 * df) - 0.5 * libm::log(df * PI);
    }
    // By Stirling, for Γ(z + 1) with z = (df - 1)/2 and z = df/2 - 1, without the logarithms that cancel.
    let (above, below) = (0.5 * df - 0.5, 0.5 * df - 1.0);
    stirling_error(above) - stirling_error(below) + 0.5 * df * libm::log1p(0.5 / below) + 0.5 * (libm::log(below / df) - 1.0)
        - 0.5 * libm::log(PI)
}

fn density(t: f64, df: f64) -> f64 {
    if df == f64::INFINITY {
        return libm::exp(-0.5 * t * t) / TAU.sqrt();
    }
    let ratio = t / df.sqrt();
    let log = if ratio > FAR { 2.0 * libm::log(ratio) } else { libm::log1p(ratio * ratio) };
    libm::exp(log_scale(df) - 0.5 * (df + 1.0) * log)
}

/// The t with P(T <= t) = p; infinite at 0 and 1, NaN outside and unless df > 0.
///
/// Newton's method, in `t` near the centre and in the logarithms of both in the tails: the functions are concave, so that the
/// steps go one way from the second on.
pub fn t_ppf(p: f64, df: f64) -> f64 {
    if df.is_nan() || df <= 0.0 || !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if df == f64::INFINITY || p == 0.0 || p == 1.0 {
        return normal_ppf(p);
    }
    let (small, sign) = if p < 0.5 { (p, -1.0) } else { (1.0 - p, 1.0) };
    // `p - 0.5` is exact, `1 - p` is so down to the last bit of p.
    let t = if small >= 0.25 { from_centre((p - 0.5).abs(), df) } else { from_tail(small, df) };
    sign * t
}

fn from_centre(part: f64, df: f64) -> f64 {
    let mut t = part / density(0.0, df);
    for _ in 0..100 {
        let step = (part - centre(t, df)) / density(t, df);
        t += step;
        if step.is_nan() || step.abs() <= 4e-16 * t {
            break;
        }
    }
    t
}

fn from_tail(p: f64, df: f64) -> f64 {
    let target = libm::log(p);
    let mut t = -normal_ppf(p);
    for _ in 0..200 {
        let reached = tail(t, df);
        // How fast ln P falls with ln t: where the tail is a pure power, by df.
        let slope = if t / df.sqrt() > FAR { df } else { t * density(t, df) / reached };
        let step = (libm::log(reached) - target) / slope;
        if !step.is_finite() {
            break;
        }
        // In logarithms; the bound keeps a first step from leaving the numbers.
        t *= libm::exp(step.clamp(-300.0, 300.0));
        if !t.is_finite() || step.abs() <= 4e-16 {
            break;
        }
    }
    t
}
