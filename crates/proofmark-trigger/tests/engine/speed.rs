//! A thousand rules against a push of three thousand files. `examples/plan_speed.rs` measures it well; this sees that nothing
//! takes times as long, where that can be told: with optimisation.

use std::time::{Duration, Instant};

use proofmark_trigger::{Outcome, Past, Rules, plan};

use crate::load;
use crate::support::request;

/// The bar is 20 ms; a machine that does other things beside is given some room.
const BAR: Duration = Duration::from_millis(100);

#[test]
#[expect(clippy::disallowed_methods, reason = "speed is measured with a clock")]
#[expect(clippy::print_stdout, reason = "the figure is for whoever looks")]
fn a_thousand_rules_are_planned_at_once() {
    let (event, facts) = (load::push(), load::facts());
    for (name, config) in load::sets() {
        let begin = Instant::now();
        let rules = Rules::compile(&config).expect(name);
        let compiled = begin.elapsed();
        let request = proofmark_trigger::Request { explain: false, ..request() };
        let times: Vec<Duration> = (0..5)
            .map(|_| {
                let begin = Instant::now();
                let plan = plan(&rules, &event, &facts, &Past::default(), &request);
                assert_eq!((plan.rules, plan.of(Outcome::Undecided).count()), (load::RULES, 0), "{name}");
                begin.elapsed()
            })
            .collect();
        let best = times.iter().min().copied().unwrap_or_default();
        println!("{name}: {} rules compiled in {compiled:?}, {} files planned in {best:?}", load::RULES, load::FILES);
        if cfg!(not(debug_assertions)) {
            assert!(best < BAR, "{name}: {times:?}");
        }
    }
}
