//! The binomial distribution.

use super::beta::{Fraction, incomplete_beta};
use super::deviance::binomial_density;

/// P(X = k) for X successes in n trials of probability p (Loader 2000); NaN unless p is in [0, 1].
pub fn binomial_pmf(k: u64, n: u64, p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if k > n {
        return 0.0;
    }
    if p == 0.0 || p == 1.0 {
        return if k == if p == 0.0 { 0 } else { n } { 1.0 } else { 0.0 };
    }
    binomial_density(k as f64, (n - k) as f64, p, 1.0 - p)
}

/// P(X <= k) = I_{1-p}(n - k, k + 1); a negative k gives 0. NaN unless p is in [0, 1].
pub fn binomial_cdf(k: i64, n: u64, p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    match u64::try_from(k) {
        Err(_) => 0.0,
        Ok(k) if k >= n => 1.0,
        Ok(k) => incomplete_beta(Fraction { x: 1.0 - p, y: p }, (n - k) as f64, k as f64 + 1.0),
    }
}

/// P(X > k) = I_p(k + 1, n - k), computed as such; a negative k gives 1. NaN unless p is in [0, 1].
pub fn binomial_sf(k: i64, n: u64, p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    match u64::try_from(k) {
        Err(_) => 1.0,
        Ok(k) if k >= n => 0.0,
        Ok(k) => incomplete_beta(Fraction { x: p, y: 1.0 - p }, k as f64 + 1.0, (n - k) as f64),
    }
}
