//! Right or wrong on the same rows: is there any difference? Shown beside the test that decides, since it knows no margin.

use crate::distributions::{binomial_cdf, binomial_pmf, binomial_sf, chi2_sf};

/// The result of [`mcnemar`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct McNemar {
    /// Rows on which exactly one side is right.
    pub discordant: u64,
    /// Two-sided exact p, which is too timid.
    pub p_exact: f64,
    /// Two-sided mid-p: the one to show (Fagerland, Lydersen and Laake 2013).
    pub p_midp: f64,
    /// P(this many losses or more | no difference).
    pub p_exact_worse: f64,
    /// The same with half of the probability of what was seen.
    pub p_midp_worse: f64,
    /// Chi-square with continuity correction, one degree of freedom; undefined without discordant rows.
    pub chi2_cc: Option<f64>,
    /// Its p.
    pub p_chi2_cc: Option<f64>,
}

/// McNemar's test (1947) of `n01` gains (baseline wrong, candidate right) and `n10` losses, against Binomial(n01 + n10, 1/2).
pub fn mcnemar(n01: u64, n10: u64) -> McNemar {
    let n = n01.saturating_add(n10);
    if n == 0 {
        return McNemar { discordant: 0, p_exact: 1.0, p_midp: 1.0, p_exact_worse: 1.0, p_midp_worse: 1.0, chi2_cc: None, p_chi2_cc: None };
    }
    let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let fewer = n01.min(n10);
    let twice = 2.0 * binomial_cdf(signed(fewer), n, 0.5);
    let as_many = binomial_pmf(n10, n, 0.5);
    let distance = n01.abs_diff(n10) as f64 - 1.0;
    let chi2 = distance * distance / n as f64;
    McNemar {
        discordant: n,
        p_exact: twice.min(1.0),
        p_midp: (twice - binomial_pmf(fewer, n, 0.5)).min(1.0),
        p_exact_worse: binomial_sf(signed(n10) - 1, n, 0.5),
        p_midp_worse: binomial_sf(signed(n10), n, 0.5) + 0.5 * as_many,
        chi2_cc: Some(chi2),
        p_chi2_cc: Some(chi2_sf(chi2, 1.0)),
    }
}
