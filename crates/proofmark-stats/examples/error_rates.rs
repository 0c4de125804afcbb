//! How often gates err, with the code that decides: `cargo run --release -p proofmark-stats --example error_rates [trials]`.
//!
//! Prints each rate with its bar and ends with exit code 1 if a bar is missed.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::process::ExitCode;

use proofmark_stats::Verdict;
use proofmark_stats::binomial_draw::multinomial;
use proofmark_stats::bootstrap::{Judging, Resampling, count_replicates, paired_bootstrap};
use proofmark_stats::counts::{Cells, CountMetric};
use proofmark_stats::multiple::holm;
use proofmark_stats::paired_proportion::{PairedCounts, paired_proportion};
use proofmark_stats::plan::{Trials, simulate_proportion};
use proofmark_stats::random::Stream;
use proofmark_stats::{Direction, NonInferiority};

fn main() -> ExitCode {
    let trials: u64 = std::env::args().nth(1).and_then(|trials| trials.parse().ok()).unwrap_or(100_000);
    let how = Trials { margin: 0.01, alpha: 0.05, trials, seed: 1 };
    let share = |rows, discordant, change, verdict| {
        simulate_proportion(rows, discordant, change, &how).map_or(f64::NAN, |outcomes| outcomes.share(verdict))
    };
    let family_trials = (trials / 200).max(1);
    let good = [
        at_least("10,000 rows, 6 % discordant, margin 1 point, no change: pass", share(10_000, 0.06, 0.0, Verdict::Pass), 0.99),
        at_most("10,000 rows, 6 % discordant, margin 1 point, no change: fail", share(10_000, 0.06, 0.0, Verdict::Fail), 0.001),
        at_most("500 rows, 6 % discordant, margin 1 point, true -3 points: pass", share(500, 0.06, -0.03, Verdict::Pass), 0.001),
        at_most("20 metrics x 10 slices, margin 0, no change: any fail (Tango, Holm)", family(family_trials, &accuracies), 0.05),
        at_most("20 metrics x 10 slices, margin 0, no change: any fail (F1 by bootstrap, Holm)", family(family_trials / 10, &f1s), 0.05),
    ];
    let noisy = share(500, 0.10, -0.03, Verdict::Pass);
    println!("500 rows, 10 % discordant, margin 1 point, true -3 points: pass: {noisy:.5}, no bar");
    if good.contains(&false) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn at_least(what: &str, share: f64, bar: f64) -> bool {
    println!("{what}: {share:.5}, bar at least {bar}");
    share >= bar
}

fn at_most(what: &str, share: f64, bar: f64) -> bool {
    println!("{what}: {share:.5}, bar at most {bar}");
    share <= bar
}

/// The share of trials in which one of 200 checks fails after Holm, all in truth without change and with margin 0, where most
/// checks err.
fn family(trials: u64, check: &dyn Fn(&mut Stream, u64) -> Option<NonInferiority>) -> f64 {
    let blocked = |trial: &u64| {
        let p: Vec<Option<f64>> =
            (0..200).map(|index| check(&mut Stream::new(7, trial * 200 + index), trial * 200 + index)?.p_inferior).collect();
        holm(&p).iter().flatten().any(|p| *p <= 0.05)
    };
    (0..trials).filter(blocked).count() as f64 / trials.max(1) as f64
}

fn accuracies(stream: &mut Stream, _: u64) -> Option<NonInferiority> {
    let [n01, n10, n11] = multinomial(stream, 1000, &[0.05, 0.05, 0.9]);
    Some(paired_proportion(&PairedCounts { n11, n10, n01, n00: 0 }, Direction::Higher, 0.0, 0.05).test)
}

fn f1s(stream: &mut Stream, seed: u64) -> Option<NonInferiority> {
    let cells = Cells(multinomial(stream, 1000, &[0.50, 0.03, 0.03, 0.06, 0.05, 0.03, 0.03, 0.27]));
    let judging = Judging { direction: Direction::Higher, margin: 0.0, alpha: 0.05 };
    paired_bootstrap(&judging, &Resampling::new(10_000, seed), |how| count_replicates(&cells, CountMetric::F1, how)).map(|test| test.result)
}
