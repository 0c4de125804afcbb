//! The limit distribution of the Kolmogorov-Smirnov statistic.

use std::f64::consts::{PI, TAU};

/// P(K > x), Kolmogorov's limit: `2 sum (-1)^(k-1) exp(-2 k^2 x^2)`, and its theta transform for small x; NaN for NaN.
pub fn kolmogorov_sf(x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return if x.is_nan() { x } else { 1.0 };
    }
    if x < 0.82 {
        let sum: f64 = [1.0, 9.0, 25.0, 49.0].iter().map(|odd_square| libm::exp(-odd_square * PI * PI / (8.0 * x * x))).sum();
        return 1.0 - TAU.sqrt() / x * sum;
    }
    let term = |k: f64| libm::exp(-2.0 * k * k * x * x);
    2.0 * (term(1.0) - term(2.0) + term(3.0) - term(4.0) + term(5.0))
}
