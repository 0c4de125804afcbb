//! One proportion with its uncertainty.

use crate::distributions::{beta_isf, beta_ppf, normal_ppf};

/// Two-sided intervals of a proportion; all undefined without rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProportionInterval {
    /// Wilson's score interval (1927), for display.
    pub wilson: Option<(f64, f64)>,
    /// Clopper and Pearson's interval (1934), which never covers too rarely.
    pub clopper_pearson: Option<(f64, f64)>,
}

/// The intervals at confidence `1 - alpha` for `successes` of `n`; nothing for more successes than rows, or if alpha is no probability.
pub fn proportion_interval(successes: u64, n: u64, alpha: f64) -> ProportionInterval {
    if n == 0 || successes > n || !(alpha > 0.0 && alpha < 1.0) {
        return ProportionInterval { wilson: None, clopper_pearson: None };
    }
    let (hits, misses, rows) = (successes as f64, (n - successes) as f64, n as f64);
    ProportionInterval {
        wilson: Some(wilson(hits, misses, rows, -normal_ppf(alpha / 2.0))),
        clopper_pearson: Some((
            if successes == 0 { 0.0 } else { beta_ppf(alpha / 2.0, hits, misses + 1.0) },
            if successes == n { 1.0 } else { beta_isf(alpha / 2.0, hits + 1.0, misses) },
        )),
    }
}

/// `[p + z^2/2n -/+ z sqrt(p (1 - p)/n + z^2/4n^2)] / (1 + z^2/n)`, exact at both ends.
fn wilson(hits: f64, misses: f64, rows: f64, z: f64) -> (f64, f64) {
    let square = z * z;
    let reach = z * (hits * misses / rows + square / 4.0).sqrt();
    let limit = |sign: f64| (hits + square / 2.0 + sign * reach) / (rows + square);
    (if hits == 0.0 { 0.0 } else { limit(-1.0) }, if misses == 0.0 { 1.0 } else { limit(1.0) })
}
