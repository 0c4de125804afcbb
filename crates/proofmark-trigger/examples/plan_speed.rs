//! How long 1,000 rules take against a push of 3,000 files: `cargo run --release -p proofmark-trigger --example plan_speed`.
//!
//! Prints the median of 20 for each set of rules, and ends with exit code 1 if a plan misses its bar.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::disallowed_methods, reason = "a benchmark has a clock")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use proofmark_trigger::{Outcome, Past, Request, Rules, needs, plan};

#[path = "../tests/engine/load.rs"]
mod load;

const TIMES: usize = 20;
const BAR: Duration = Duration::from_millis(20);

fn main() -> ExitCode {
    let (event, facts) = (load::push(), load::facts());
    let (past, request) = (Past::default(), Request { now: 1_800_000_000, ..Request::default() });
    println!("{} rules, a push of {} files", load::RULES, load::FILES);
    let explained = Request { explain: true, ..request.clone() };
    // One that orders of ours led to: each rule is asked whether it would have been for it.
    let mut circle = load::push();
    circle.depth = 3;
    println!("{:45} {:>11} {:>11} {:>11} {:>7} {:>11} {:>11}", "", "compile", "needs", "plan", "fire", "explain", "circle");
    let mut is_good = true;
    for (name, config) in load::sets() {
        let compile = median(|| drop(Rules::compile(&config)));
        let rules = match Rules::compile(&config) {
            Ok(rules) => rules,
            Err(error) => panic!("{name}: {error}"),
        };
        let asked = median(|| {
            needs(&rules, &event, &facts, &request);
        });
        let planned = median(|| drop(plan(&rules, &event, &facts, &past, &request)));
        let fire = plan(&rules, &event, &facts, &past, &request).of(Outcome::Fires).count();
        let told = median(|| drop(plan(&rules, &event, &facts, &past, &explained)));
        let cut = median(|| drop(plan(&rules, &circle, &facts, &past, &request)));
        println!("{name:45} {compile:>11.2?} {asked:>11.2?} {planned:>11.2?} {fire:>7} {told:>11.2?} {cut:>11.2?}");
        is_good &= planned <= BAR;
    }
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn median(mut of: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..TIMES)
        .map(|_| {
            let begin = Instant::now();
            of();
            begin.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[TIMES / 2]
}
