use std::sync::atomic::{AtomicU64, Ordering};

use super::{Judging, Replicates, Resampling, count_replicates, paired_bootstrap, resample};
use crate::counts::{Cells, CountMetric};
use crate::random::Stream;
use crate::verdict::{Direction, Reason, Verdict};

const CELLS: Cells = Cells([400, 12, 9, 30, 25, 14, 10, 100]);

#[test]
fn threads_change_nothing() {
    let statistic = |weights: &[u8]| Some(weights.iter().enumerate().map(|(unit, weight)| unit as f64 * f64::from(*weight)).sum::<f64>());
    let on = |threads| resample(101, &Resampling { threads, ..Resampling::new(500, 42) }, 5050.0, statistic);
    assert_eq!(on(1), on(3));
    assert_eq!(on(0), on(1));
    let counts = |threads| count_replicates(&CELLS, CountMetric::Mcc, &Resampling { threads, ..Resampling::new(500, 42) });
    assert_eq!(counts(1), counts(4));
}

#[test]
fn resamples_of_a_mean_have_its_standard_error() {
    let n = 200;
    let values: Vec<f64> = (0..n).map(|unit| Stream::new(3, unit).uniform()).collect();
    let mean = values.iter().sum::<f64>() / n as f64;
    let statistic =
        |weights: &[u8]| Some(weights.iter().zip(&values).map(|(weight, value)| f64::from(*weight) * value).sum::<f64>() / n as f64);
    let replicates = resample(values.len(), &Resampling::new(4000, 1), mean, statistic);
    let se = (values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>()).sqrt() / n as f64;
    assert!((replicates.sd().expect("many") / se - 1.0).abs() < 0.04);
    let center = replicates.values().iter().sum::<f64>() / 4000.0;
    assert!((center - mean).abs() < 4.0 * se / 4000.0_f64.sqrt());
}

#[test]
fn counts_and_rows_are_resampled_alike() {
    let rows: Vec<usize> = CELLS.0.iter().enumerate().flat_map(|(cell, count)| (0..*count).map(move |_| cell)).collect();
    let by_row = resample(rows.len(), &Resampling::new(4000, 7), 0.0, |weights| {
        let mut cells = Cells::default();
        for (cell, weight) in rows.iter().zip(weights) {
            cells.0[*cell] += u64::from(*weight);
        }
        CountMetric::F1.difference(&cells)
    });
    let by_count = count_replicates(&CELLS, CountMetric::F1, &Resampling::new(4000, 7)).expect("is defined");
    let sd = by_count.sd().expect("many");
    for level in [0.025, 0.05, 0.5, 0.95, 0.975] {
        let [left, right] = [&by_row, &by_count].map(|replicates| replicates.quantile(level).expect("many"));
        assert!((left - right).abs() < 0.12 * sd, "{level}: {left} {right} {sd}");
    }
}

#[test]
fn a_close_call_is_drawn_again_with_ten_times_as_many() {
    let lower = count_replicates(&CELLS, CountMetric::F1, &Resampling::new(100_000, 5)).and_then(|replicates| replicates.quantile(0.05));
    let judging = |margin| Judging { direction: Direction::Higher, margin, alpha: 0.05 };
    let test = |margin, resamples| {
        paired_bootstrap(&judging(margin), &Resampling::new(resamples, 1), |how| count_replicates(&CELLS, CountMetric::F1, how))
            .expect("is defined")
    };
    let margin = -lower.expect("many");
    let close = test(margin, 1000);
    assert_eq!(close.replicates.drawn(), 10_000);
    assert_eq!((close.result.verdict, close.result.reason), (Verdict::Inconclusive, Some(Reason::MonteCarloError)));
    let clear = test(3.0 * margin, 1000);
    assert_eq!((clear.replicates.drawn(), clear.result.verdict), (1000, Verdict::Pass));
    let settled = test(1.12 * margin, 1000);
    assert_eq!((settled.replicates.drawn(), settled.result.verdict), (10_000, Verdict::Pass));
}

#[test]
fn undefined_draws_are_dropped_and_counted() {
    let cells = Cells([20, 0, 0, 0, 0, 0, 0, 1]);
    let replicates = count_replicates(&cells, CountMetric::Recall, &Resampling::new(2000, 1)).expect("is defined");
    // (20/21)^21 = 0.359.
    assert!((640..800).contains(&replicates.dropped()), "{}", replicates.dropped());
    assert_eq!(count_replicates(&Cells::default(), CountMetric::Accuracy, &Resampling::new(10, 0)), None);
    let nan = resample(3, &Resampling::new(10, 0), 0.0, |_| Some(f64::NAN));
    assert_eq!((nan.dropped(), nan.values()), (10, [].as_slice()));
    assert_eq!(resample(0, &Resampling::new(2, 0), 0.0, |weights| Some(weights.len() as f64)), Replicates::new(0.0, vec![0.0; 2], 2));
}

#[test]
fn progress_counts_every_resample() {
    let (calls, last) = (AtomicU64::new(0), AtomicU64::new(0));
    let progress = |done, all| {
        assert_eq!(all, 50);
        calls.fetch_add(1, Ordering::Relaxed);
        last.fetch_max(done, Ordering::Relaxed);
    };
    let how = Resampling { threads: 2, progress: Some(&progress), ..Resampling::new(50, 0) };
    resample(10, &how, 0.0, |_| None);
    assert_eq!((calls.into_inner(), last.into_inner()), (50, 50));
}

/// One-sided limits at 90 % hold in about 90 % of samples from a known truth (here a true difference of F1 of known counts).
#[test]
fn limits_cover_the_truth() {
    let truth = CountMetric::F1.difference(&CELLS).expect("is defined");
    let shares = CELLS.0.map(|count| count as f64);
    let (mut below, mut above) = (0, 0);
    let trials = 400;
    for trial in 0..trials {
        let sample = Cells(crate::binomial_draw::multinomial(&mut Stream::new(77, trial), 600, &shares));
        let replicates = count_replicates(&sample, CountMetric::F1, &Resampling::new(500, trial)).expect("is defined");
        below += u32::from(replicates.quantile(0.1).expect("many") > truth);
        above += u32::from(replicates.quantile(0.9).expect("many") < truth);
    }
    // Binomial(400, 0.1): 40 +- 6; the percentile interval is a little narrow.
    assert!((22..62).contains(&below) && (22..62).contains(&above), "{below} {above}");
}
