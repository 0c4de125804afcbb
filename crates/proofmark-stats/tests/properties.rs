//! What every test against a margin must keep, whatever the data.

use proofmark_stats::ks::ks_two_sample;
use proofmark_stats::mann_whitney::{Method, mann_whitney};
use proofmark_stats::mcnemar::mcnemar;
use proofmark_stats::multiple::{benjamini_hochberg, holm};
use proofmark_stats::paired_proportion::{PairedCounts, paired_proportion};
use proofmark_stats::paired_t::{paired_t, paired_t_from_differences};
use proofmark_stats::power::{paired_power, paired_proportion_power};
use proofmark_stats::prediction_limit::prediction_limit_t;
use proofmark_stats::proportion::proportion_interval;
use proofmark_stats::random::Stream;
use proofmark_stats::robust_z::robust_z;
use proofmark_stats::sample::{quantiles_type7, summary};
use proofmark_stats::sign_flip::{sign_flip, sign_flip_noninferiority};
use proofmark_stats::tost::{tost_paired, tost_welch};
use proofmark_stats::tukey::tukey_fence;
use proofmark_stats::two_proportions::{TwoProportions, two_proportions};
use proofmark_stats::welch::welch;
use proofmark_stats::wilcoxon::wilcoxon_signed_rank;
use proofmark_stats::{Direction, NonInferiority, Verdict};
use proptest::collection::vec;
use proptest::prelude::*;

const DIRECTIONS: [Direction; 2] = [Direction::Higher, Direction::Lower];

/// The same data for every test: two samples of equal length, and counts of rows.
#[derive(Debug, Clone)]
struct Data {
    baseline: Vec<f64>,
    candidate: Vec<f64>,
    counts: [u64; 4],
}

/// Every test against a margin, on the same data.
fn all_tests(data: &Data, direction: Direction, margin: f64, alpha: f64) -> Vec<(&'static str, NonInferiority)> {
    let (baseline, candidate) = (&data.baseline, &data.candidate);
    let [n11, n10, n01, n00] = data.counts;
    let differences: Vec<f64> = baseline.iter().zip(candidate).map(|(base, head)| head - base).collect();
    let independent = TwoProportions { baseline: n11, n_baseline: n11 + n10, candidate: n01, n_candidate: n01 + n00 };
    let flip = |count: usize| {
        let mut stream = Stream::new(5, 0);
        let some = differences.get(..count).unwrap_or(&differences);
        sign_flip_noninferiority(some, direction, margin, alpha, 500, &mut || stream.bits())
    };
    let mut tests = vec![
        ("welch", welch(baseline, candidate, direction, margin, alpha).test),
        ("paired t", paired_t(baseline, candidate, direction, margin, alpha).test),
        ("paired t of differences", paired_t_from_differences(&differences, direction, margin, alpha).test),
        ("paired proportion", paired_proportion(&PairedCounts { n11, n10, n01, n00 }, direction, margin, alpha).test),
        ("two proportions", two_proportions(&independent, direction, margin, alpha)),
    ];
    tests.extend(flip(8).map(|flip| ("exact sign flip", flip.test)));
    tests.extend(flip(20).map(|flip| ("random sign flip", flip.test)));
    tests
}

fn data() -> impl Strategy<Value = Data> {
    let value = || prop_oneof![-1.0_f64..1.0, (-3_i8..3).prop_map(f64::from)];
    (1_usize..24).prop_flat_map(move |n| {
        (vec(value(), n), vec(value(), n), prop_oneof![[0_u64..20, 0..20, 0..20, 0..20], [0_u64..5000, 0..50, 0..50, 0..900]])
            .prop_map(|(baseline, candidate, counts)| Data { baseline, candidate, counts })
    })
}

fn near(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => (one - other).abs() <= 1e-9 * one.abs().max(other.abs()).max(1.0),
        (None, None) => true,
        _ => false,
    }
}

fn negative(number: Option<f64>) -> Option<f64> {
    number.map(|number| -number)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// The other direction is the mirror: limits exchange with their signs.
    #[test]
    fn directions_mirror(data in data(), margin in 0.0_f64..0.5) {
        for (higher, lower) in all_tests(&data, Direction::Higher, margin, 0.05).iter().zip(all_tests(&data, Direction::Lower, margin, 0.05)) {
            prop_assert!(near(higher.1.lower, negative(lower.1.upper)), "{}: {:?} {:?}", higher.0, higher.1, lower.1);
            prop_assert!(near(higher.1.upper, negative(lower.1.lower)), "{}: {:?} {:?}", higher.0, higher.1, lower.1);
            prop_assert!(near(higher.1.p_two_sided, lower.1.p_two_sided), "{}: {:?} {:?}", higher.0, higher.1, lower.1);
        }
    }

    /// Exchanging the sides is the same as turning the direction.
    #[test]
    fn sides_exchange(data in data(), margin in 0.0_f64..0.5) {
        let [n11, n10, n01, n00] = data.counts;
        let exchanged = Data { baseline: data.candidate.clone(), candidate: data.baseline.clone(), counts: [n11, n01, n10, n00] };
        let pairs = all_tests(&data, Direction::Lower, margin, 0.05).into_iter().zip(all_tests(&exchanged, Direction::Higher, margin, 0.05));
        for (turned, exchanged) in pairs.filter(|(turned, _)| turned.0 != "two proportions") {
            prop_assert!(near(turned.1.lower, exchanged.1.lower) && near(turned.1.p_noninferior, exchanged.1.p_noninferior),
                "{}: {:?} {:?}", turned.0, turned.1, exchanged.1);
        }
    }

    /// A larger margin never loses a pass, and never finds a failure.
    #[test]
    fn verdicts_are_monotone_in_the_margin(data in data(), margin in 0.0_f64..0.5, more in 0.0_f64..0.5) {
        for direction in DIRECTIONS {
            for (small, large) in all_tests(&data, direction, margin, 0.05).iter().zip(all_tests(&data, direction, margin + more, 0.05)) {
                prop_assert!(small.1.verdict != Verdict::Pass || large.1.verdict == Verdict::Pass, "{}", small.0);
                prop_assert!(large.1.verdict != Verdict::Fail || small.1.verdict == Verdict::Fail, "{}", small.0);
                prop_assert!(large.1.p_noninferior <= small.1.p_noninferior.map(|p| p + 1e-12), "{}", small.0);
            }
        }
    }

    /// Limits and p values say the same, unless the limit is the margin itself.
    #[test]
    fn limits_and_p_agree(data in data(), margin in 0.0_f64..0.5) {
        for (name, test) in all_tests(&data, Direction::Higher, margin, 0.05) {
            let (Some(lower), Some(upper), Some(good), Some(bad)) = (test.lower, test.upper, test.p_noninferior, test.p_inferior) else {
                continue;
            };
            prop_assert!(lower <= upper, "{name}: {test:?}");
            if (lower + margin).abs() > 1e-9 && (upper + margin).abs() > 1e-9 {
                prop_assert_eq!(good <= 0.05 + 1e-9, test.verdict == Verdict::Pass, "{}: {:?}", name, test);
                prop_assert_eq!(bad <= 0.05 + 1e-9, test.verdict == Verdict::Fail, "{}: {:?}", name, test);
            }
        }
    }

    /// The order of the rows does not matter.
    #[test]
    fn rows_permute(data in data(), turn in 0_usize..24) {
        let mut turned = data.clone();
        let n = data.baseline.len();
        turned.baseline.rotate_left(turn % n);
        turned.candidate.rotate_left(turn % n);
        // The random patterns and the first rows of the sign flip are others then.
        for (one, other) in all_tests(&data, Direction::Higher, 0.1, 0.05).iter().zip(all_tests(&turned, Direction::Higher, 0.1, 0.05)).take(5) {
            prop_assert!(near(one.1.lower, other.1.lower) && one.1.verdict == other.1.verdict, "{}", one.0);
        }
        prop_assert_eq!(mann_whitney(&data.baseline, &data.candidate, Method::Auto), mann_whitney(&turned.baseline, &turned.candidate, Method::Auto));
        prop_assert_eq!(ks_two_sample(&data.baseline, &data.candidate), ks_two_sample(&turned.baseline, &turned.candidate));
    }

    /// A loss of exactly the margin passes where there is no noise.
    #[test]
    fn exact_limit_passes(base in 0.0_f64..1.0, loss in 0.0_f64..0.5, n in 2_usize..9) {
        let (baseline, candidate) = (vec![base; n], vec![base - loss; n]);
        let margin = base - (base - loss);
        for test in [welch(&baseline, &candidate, Direction::Higher, margin, 0.05).test, paired_t(&baseline, &candidate, Direction::Higher, margin, 0.05).test] {
            prop_assert_eq!(test.verdict, Verdict::Pass);
        }
        let beyond = welch(&baseline, &candidate, Direction::Higher, margin * 0.999, 0.05).test;
        prop_assert!(margin < 1e-9 || beyond.verdict == Verdict::Fail);
    }

    /// The limits of the sign flip are where its p crosses alpha, and that p is the plain test of `difference + margin`.
    #[test]
    fn sign_flip_tests_the_shifted_differences(differences in vec(-1.0_f64..1.0, 5..11), margin in 0.0_f64..0.5) {
        let test = sign_flip_noninferiority(&differences, Direction::Higher, margin, 0.05, 0, &mut || 0).expect("few").test;
        let shifted: Vec<f64> = differences.iter().map(|difference| difference + margin).collect();
        let opposite: Vec<f64> = shifted.iter().map(|difference| -difference).collect();
        let plain = |values: &[f64]| sign_flip(values, 0, &mut || 0).map(|flip| flip.p_less);
        prop_assert!(near(test.p_inferior, plain(&shifted)), "{:?} {:?}", test, plain(&shifted));
        prop_assert!(near(test.p_noninferior, plain(&opposite)));
    }

    /// Adjusted p are never smaller, keep the order, and ignore what was not computed.
    #[test]
    fn adjusted_p(p in vec(proptest::option::of(0.0_f64..=1.0), 0..20)) {
        for adjust in [holm, benjamini_hochberg] {
            let adjusted = adjust(&p);
            prop_assert_eq!(p.len(), adjusted.len());
            for (index, (one, adjusted_one)) in p.iter().zip(&adjusted).enumerate() {
                prop_assert_eq!(one.is_some(), adjusted_one.is_some());
                prop_assert!(adjusted_one >= one && *adjusted_one <= Some(1.0));
                for (other, adjusted_other) in p.iter().zip(&adjusted).skip(index) {
                    prop_assert!(one.is_none() || other.is_none() || one > other || adjusted_one <= adjusted_other);
                }
            }
        }
    }
}

#[test]
fn nothing_panics_on_degenerate_input() {
    let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1.0, f64::MAX, f64::MIN_POSITIVE, -1e-320];
    let mut samples: Vec<Vec<f64>> = vec![Vec::new(), values.to_vec()];
    for one in values {
        samples.extend(values.iter().map(|other| vec![one, *other, one]));
        samples.push(vec![one]);
    }
    let huge = u64::MAX / 4;
    let counts = [[0; 4], [0, 1, 0, 0], [0, 0, 1, 0], [huge, huge, huge, huge], [5, 0, 0, 0]];
    for (index, baseline) in samples.iter().enumerate() {
        let candidate = &samples[(index * 7 + 3) % samples.len()];
        let data = Data { baseline: baseline.clone(), candidate: candidate.clone(), counts: counts[index % counts.len()] };
        for number in [0.0, -1.0, 0.05, 2.0, f64::NAN, f64::INFINITY] {
            for direction in DIRECTIONS {
                for test in all_tests(&data, direction, number, 0.05).into_iter().chain(all_tests(&data, direction, 0.1, number)) {
                    let numbers = [test.1.lower, test.1.upper, test.1.p_noninferior, test.1.p_inferior, test.1.p_two_sided];
                    assert!(numbers.iter().flatten().all(|number| number.is_finite()), "{test:?} of {data:?}");
                }
            }
            let _ = (tost_paired(baseline, candidate, -number, number), tost_welch(baseline, candidate, -number, number));
            let _ = (prediction_limit_t(baseline, number, number, true), prediction_limit_t(baseline, number, 0.01, false));
            let _ = (robust_z(baseline, number), tukey_fence(baseline, number), quantiles_type7(baseline, &[number]));
            let _ = (paired_power(number, 0, number, 0.05, 0.8), paired_power(1.0, huge, 0.01, number, number));
            let _ = (paired_proportion_power(number, number, 0, number, number, 0.8), proportion_interval(3, 2, number));
        }
        let _ = (summary(baseline), wilcoxon_signed_rank(baseline, Method::Auto), ks_two_sample(baseline, candidate));
        let _ = (mann_whitney(baseline, candidate, Method::Auto), mann_whitney(baseline, candidate, Method::Asymptotic));
    }
    let _ = (mcnemar(huge, 3), mcnemar(u64::MAX, u64::MAX), proportion_interval(huge, u64::MAX, 0.05));
    assert_eq!(sign_flip(&[1.0; 65], 10, &mut || 0), None);
}
