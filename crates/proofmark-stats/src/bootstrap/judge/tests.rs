use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::{Judging, Sketch};
use crate::bootstrap::Replicates;
use crate::verdict::{Direction, NonInferiority, Reason, Verdict};

const HIGHER: Judging = Judging { direction: Direction::Higher, margin: 0.01, alpha: 0.05 };
/// Levels as reports keep them.
const LEVELS: [f64; 19] =
    [0.0, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.1, 0.5, 0.9, 0.95, 0.96, 0.97, 0.98, 0.99, 0.999, 1.0];

/// `(i - 5000) / 5000 * width + middle`.
fn even(middle: f64, width: f64) -> Replicates {
    Replicates::new(middle, (0..=10_000).map(|place| (f64::from(place) - 5000.0) / 5000.0 * width + middle).collect(), 10_001)
}

fn from_sketch(replicates: &Replicates, judging: &Judging) -> NonInferiority {
    let quantiles = replicates.sketch(&LEVELS);
    Sketch {
        levels: &LEVELS,
        quantiles: &quantiles,
        estimate: replicates.estimate,
        resamples: replicates.drawn(),
        dropped: replicates.dropped(),
        sd: replicates.sd().unwrap_or_default(),
    }
    .judge(judging)
}

#[test]
fn verdicts_follow_from_the_limits() {
    for (middle, width, verdict, reason) in [
        (0.0, 0.009, Verdict::Pass, None),
        (-0.03, 0.01, Verdict::Fail, None),
        (-0.01, 0.01, Verdict::Inconclusive, None),
        (0.0, 0.010_0 / 0.9, Verdict::Inconclusive, Some(Reason::MonteCarloError)),
        (-0.02, 0.01 / 0.9, Verdict::Inconclusive, Some(Reason::MonteCarloError)),
        (-0.01, 0.0, Verdict::Pass, Some(Reason::ZeroVariance)),
        (-0.010_001, 0.0, Verdict::Fail, Some(Reason::ZeroVariance)),
    ] {
        let replicates = even(middle, width);
        for result in [replicates.judge(&HIGHER), from_sketch(&replicates, &HIGHER)] {
            assert_eq!((result.verdict, result.reason), (verdict, reason), "{middle} {width} {result:?}");
        }
        let lower = Judging { direction: Direction::Lower, ..HIGHER };
        for result in [replicates.negated().judge(&lower), from_sketch(&replicates.negated(), &lower)] {
            assert_eq!((result.verdict, result.reason), (verdict, reason), "{middle} {width} {result:?}");
        }
    }
}

#[test]
fn p_counts_resamples_beyond_the_margin_and_is_never_zero() {
    let result = even(0.0, 0.02).judge(&HIGHER);
    let close = |value: Option<f64>, expected: f64| assert!((value.expect("is defined") - expected).abs() < 2e-4, "{value:?}");
    close(result.p_noninferior, 0.25);
    close(result.p_inferior, 0.75);
    close(result.p_two_sided, 1.0);
    close(result.lower, -0.018);
    close(result.upper, 0.018);
    close(result.se, 0.02 / 3.0_f64.sqrt());
    assert_eq!(even(1.0, 0.02).judge(&HIGHER).p_noninferior, Some(1.0 / 10_002.0));
    close(from_sketch(&even(0.0, 0.02), &HIGHER).p_noninferior, 0.25);
}

#[test]
fn undefined_resamples_beyond_one_percent_are_no_evidence() {
    let values: Vec<f64> = vec![0.0; 990];
    assert_eq!(Replicates::new(0.0, values.clone(), 1000).judge(&HIGHER).verdict, Verdict::Pass);
    let result = Replicates::new(0.0, values, 1001).judge(&HIGHER);
    assert_eq!((result.verdict, result.reason, result.lower), (Verdict::Inconclusive, Some(Reason::UndefinedResamples), None));
    assert_eq!(Replicates::new(0.0, vec![], 0).judge(&HIGHER).reason, Some(Reason::UndefinedResamples));
}

#[test]
fn what_is_no_sketch_is_inconclusive() {
    let judge = |levels: &[f64], quantiles: &[f64]| {
        Sketch { levels, quantiles, estimate: 0.5, resamples: 10_000, dropped: 0, sd: 0.1 }.judge(&HIGHER)
    };
    assert_eq!(judge(&[0.0, 0.5, 1.0], &[0.4, 0.5, 0.6]).verdict, Verdict::Pass);
    for (levels, quantiles) in [
        (&[0.0, 0.5, 1.0][..], &[0.4, 0.5][..]),
        (&[], &[]),
        (&[0.0, 0.5, 1.0], &[0.6, 0.5, 0.4]),
        (&[0.0, 0.5, 1.0], &[0.4, f64::NAN, 0.6]),
        (&[0.1, 0.5, 1.0], &[0.4, 0.5, 0.6]),
        (&[0.0, 0.5, 0.2, 1.0], &[0.4, 0.5, 0.6, 0.7]),
    ] {
        let result = judge(levels, quantiles);
        assert_eq!((result.verdict, result.reason), (Verdict::Inconclusive, Some(Reason::UndefinedResamples)));
    }
}

proptest! {
    #[test]
    fn limits_and_p_agree(values in proptest::collection::vec(-20_i8..20, 30..400), margin in 0_u8..20, percent in 1_u8..50, lower in any::<bool>()) {
        let replicates = Replicates::new(0.0, values.iter().map(|value| f64::from(*value)).collect(), values.len() as u64);
        let direction = if lower { Direction::Lower } else { Direction::Higher };
        let judging = Judging { direction, margin: f64::from(margin), alpha: f64::from(percent) / 100.0 + 0.003 };
        for result in [replicates.judge(&judging), from_sketch(&replicates, &judging)] {
            let (p_noninferior, p_inferior) = (result.p_noninferior.expect("is defined"), result.p_inferior.expect("is defined"));
            let unclear = result.reason == Some(Reason::MonteCarloError);
            prop_assert!(unclear || (result.verdict == Verdict::Pass) == (p_noninferior <= judging.alpha), "{:?}", result);
            prop_assert!(unclear || (result.verdict == Verdict::Fail) == (p_inferior <= judging.alpha), "{:?}", result);
            // A pass stays a pass at a larger margin.
            if result.verdict == Verdict::Pass {
                prop_assert_eq!(replicates.judge(&Judging { margin: judging.margin + 1.0, ..judging }).verdict, Verdict::Pass);
            }
        }
        // The sketch is never bolder than the replicates.
        let (full, sketch) = (replicates.judge(&judging), from_sketch(&replicates, &judging));
        prop_assert!(sketch.lower <= full.lower && sketch.upper >= full.upper);
    }

    #[test]
    fn nothing_panics(values: Vec<f64>, estimate: f64, margin: f64, alpha: f64, drawn: u64, levels: Vec<f64>) {
        let replicates = Replicates::new(estimate, values.clone(), drawn);
        let judging = Judging { direction: Direction::Lower, margin, alpha };
        let _ = replicates.judge(&judging);
        let _ = Sketch { levels: &levels, quantiles: &values, estimate, resamples: drawn, dropped: 3, sd: margin }.judge(&judging);
        let _ = from_sketch(&replicates, &judging);
    }
}
