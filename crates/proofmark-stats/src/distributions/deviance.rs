//! Loader's pieces of binomial, beta and Poisson densities: exact to the last few bits where `ln Γ` cancels.
//!
//! Source: C. Loader (2000), "Fast and accurate computation of binomial probabilities". A density is a product of huge and tiny
//! factors; the sum of their logarithms loses as many digits as the logarithms have before the point (seven for ten million
//! rows). Loader writes it as Stirling's formula times the exponential of two small numbers that are computed without cancellation.

use std::f64::consts::TAU;

/// `ln Γ(z + 1) - [(z + 1/2) ln z - z + ln sqrt(2 pi)]`, the error of Stirling's formula; z > 0.
pub(super) fn stirling_error(z: f64) -> f64 {
    if z < 16.0 {
        return libm::lgamma(z + 1.0) - ((z + 0.5) * libm::log(z) - z) - 0.5 * libm::log(TAU);
    }
    // The asymptotic series; at 16 its first term left out is below 1e-17.
    const TERMS: [f64; 7] = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0, 1.0 / 156.0];
    let square = z * z;
    TERMS.iter().rev().fold(0.0, |sum, term| sum / square + term) / z
}

/// The deviance `x ln(x / mean) + mean - x`, at least 0; x >= 0, mean > 0.
pub(super) fn deviance(x: f64, mean: f64) -> f64 {
    if x == 0.0 {
        return mean;
    }
    if (x - mean).abs() >= 0.1 * (x + mean) {
        return x * libm::log(x / mean) + mean - x;
    }
    // With v = (x - mean) / (x + mean): ln(x / mean) = 2 (v + v^3/3 + v^5/5 + ...), and the leading terms cancel by hand.
    let ratio = (x - mean) / (x + mean);
    let square = ratio * ratio;
    let mut sum = (x - mean) * ratio;
    let mut power = 2.0 * x * ratio;
    for term in 1..1000 {
        power *= square;
        let next = sum + power / f64::from(2 * term + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// `Γ(n+1) / (Γ(a+1) Γ(b+1)) x^a y^b` with `n = a + b` and `y = 1 - x`: the binomial density, also between the integers.
pub(super) fn binomial_density(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let n = a + b;
    if a == 0.0 {
        return power(y, x, n);
    }
    if b == 0.0 {
        return power(x, y, n);
    }
    let exponent = stirling_error(n) - stirling_error(a) - stirling_error(b) - deviance(a, n * x) - deviance(b, n * y);
    libm::exp(exponent) * (n / (TAU * a * b)).sqrt()
}

/// `base^exponent`, where `other = 1 - base` is known better than `base` near one.
fn power(base: f64, other: f64, exponent: f64) -> f64 {
    let log = if other < 0.5 { libm::log1p(-other) } else { libm::log(base) };
    libm::exp(exponent * log)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stirling_error_meets_at_the_switch() {
        let (below, above) = (stirling_error(16.0 - 1e-9), stirling_error(16.0));
        assert!((below - above).abs() < 1e-12, "{below} {above}");
        // ln 1! is 0, so the error at 1 is 1 - ln sqrt(2 pi).
        assert!((stirling_error(1.0) - (1.0 - 0.5 * TAU.ln())).abs() < 1e-15);
    }

    #[test]
    fn deviance_agrees_with_its_definition_on_both_sides_of_the_switch() {
        for (x, mean) in [(10.0_f64, 8.2_f64), (10.0, 8.1), (10.0, 12.3), (3.0, 3.0), (0.0, 2.0)] {
            let direct = if x == 0.0 { mean } else { x * (x / mean).ln() + mean - x };
            assert!((deviance(x, mean) - direct).abs() < 1e-14, "{x} {mean}");
        }
    }

    #[test]
    fn densities_of_ten_throws() {
        let total: f64 = (0..=10).map(|k| binomial_density(f64::from(k), f64::from(10 - k), 0.3, 0.7)).sum();
        assert!((total - 1.0).abs() < 1e-14);
        assert!((binomial_density(3.0, 7.0, 0.5, 0.5) - 120.0 / 1024.0).abs() < 1e-15);
    }
}
