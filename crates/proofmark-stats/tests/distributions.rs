//! Distributions against values of scipy and mpmath on random arguments, far tails included.

use proofmark_stats::distributions::{
    beta_ppf, binomial_cdf, binomial_sf, chi2_sf, kolmogorov_sf, normal_ppf, normal_sf, t_cdf, t_ppf, t_sf,
};

#[test]
fn values_agree_to_a_billionth() {
    let mut wrong = Vec::new();
    let mut lines = 0;
    for line in include_str!("distributions.tsv").lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let number = |index: usize| -> f64 { fields[index].parse().expect("a number") };
        let (x, a, b, expected) = (number(1), number(2), number(3), number(4));
        let got = match fields[0] {
            "t_sf" => t_sf(x, a),
            "t_cdf" => t_cdf(x, a),
            "t_ppf" => t_ppf(x, a),
            "normal_sf" => normal_sf(x),
            "normal_ppf" => normal_ppf(x),
            "binomial_cdf" => binomial_cdf(x as i64, a as u64, b),
            "chi2_sf" => chi2_sf(x, a),
            "beta_ppf" => beta_ppf(x, a, b),
            "kolmogorov_sf" => kolmogorov_sf(x),
            other => panic!("no function `{other}`"),
        };
        lines += 1;
        if got.is_nan() || (got - expected).abs() > 1e-9 * expected.abs() {
            wrong.push(format!("{line}: {got:e}"));
        }
    }
    assert!(lines > 400, "only {lines} values");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn ends_and_nonsense() {
    assert_eq!((t_sf(f64::INFINITY, 3.0), t_sf(f64::NEG_INFINITY, 3.0), t_sf(0.0, 3.0)), (0.0, 1.0, 0.5));
    assert_eq!((t_ppf(0.0, 3.0), t_ppf(1.0, 3.0), t_ppf(0.5, 3.0)), (f64::NEG_INFINITY, f64::INFINITY, 0.0));
    assert_eq!(t_ppf(0.95, f64::INFINITY), normal_ppf(0.95));
    assert_eq!((binomial_cdf(-1, 5, 0.3), binomial_cdf(5, 5, 0.3), binomial_cdf(0, 0, 0.3)), (0.0, 1.0, 1.0));
    assert_eq!((binomial_cdf(2, 5, 0.0), binomial_cdf(2, 5, 1.0), binomial_sf(-1, 5, 0.3)), (1.0, 0.0, 1.0));
    assert_eq!((chi2_sf(0.0, 1.0), chi2_sf(f64::INFINITY, 1.0), kolmogorov_sf(0.0)), (1.0, 0.0, 1.0));
    assert_eq!((beta_ppf(0.0, 1.0, 2.0), beta_ppf(1.0, 1.0, 2.0)), (0.0, 1.0));
    let nonsense = [
        t_sf(f64::NAN, 3.0),
        t_sf(1.0, 0.0),
        t_ppf(1.5, 3.0),
        t_ppf(0.1, f64::NAN),
        normal_ppf(-0.1),
        binomial_cdf(1, 3, 1.1),
        chi2_sf(1.0, -1.0),
        chi2_sf(f64::NAN, 1.0),
        beta_ppf(0.5, 0.0, 1.0),
        beta_ppf(f64::NAN, 1.0, 1.0),
        kolmogorov_sf(f64::NAN),
    ];
    assert!(nonsense.iter().all(|value| value.is_nan()), "{nonsense:?}");
}

#[test]
fn quantiles_invert() {
    for df in [0.5, 1.0, 2.7, 30.0, 1e5, 2e6, 1e12] {
        for p in [1e-200, 1e-12, 0.01, 0.2499, 0.25, 0.4, 0.5 - 1e-9] {
            let t = t_ppf(p, df);
            let back = t_cdf(t, df);
            // With few degrees of freedom the smallest probabilities lie beyond all doubles.
            assert!((back - p).abs() <= 1e-11 * p || t == f64::NEG_INFINITY && df < 1.0 && p < 1e-100, "{p} {df}: {t} {back}");
            assert!(t_ppf(1.0 - p, df) >= 0.0);
        }
    }
}

#[test]
fn degrees_of_freedom_join_at_the_switch() {
    for t in [1e-6, 0.7, 3.0, 12.0, 37.0] {
        // The tail falls with df by about t^4/(4 df^2) per unit, relatively: nothing at this distance.
        let (below, above) = (t_sf(t, 1e6 - 1e-6), t_sf(t, 1e6));
        assert!((below - above).abs() <= 1e-12 * above, "{t}: {below:e} {above:e}");
    }
}
