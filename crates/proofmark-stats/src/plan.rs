//! What a gate would do, before there is data: how often a harmless change is stopped, and how often a harmful one passes.
//!
//! By simulation with the code that judges real data.

use crate::binomial_draw::multinomial;
use crate::distributions::normal_ppf;
use crate::paired_proportion::{PairedCounts, paired_proportion};
use crate::paired_t::{MeanDifference, paired_t_from_moments};
use crate::random::Stream;
use crate::sample::Moments;
use crate::verdict::{Direction, Verdict};
use crate::welch::welch_from_moments;

mod design;

pub use self::design::{Design, Outlook, Scenario};

/// How a gate is tried out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trials {
    /// The loss that is accepted.
    pub margin: f64,
    /// One-sided error probability.
    pub alpha: f64,
    /// How many test sets are drawn.
    pub trials: u64,
    /// The same seed gives the same answer.
    pub seed: u64,
}

/// How often each verdict came out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Trials that passed.
    pub pass: u64,
    /// Trials that could not tell.
    pub inconclusive: u64,
    /// Trials that failed.
    pub fail: u64,
}

impl Outcomes {
    /// The share of trials with this verdict; 0 without trials.
    pub fn share(&self, verdict: Verdict) -> f64 {
        let count = match verdict {
            Verdict::Pass => self.pass,
            Verdict::Inconclusive => self.inconclusive,
            Verdict::Fail => self.fail,
        };
        count as f64 / self.trials().max(1) as f64
    }

    /// The standard error of [`Outcomes::share`] for the number of trials: `sqrt(p (1 - p) / n)` with `p = (x + 1) / (n + 2)` (Laplace),
    /// so that what never came out is not told as certain.
    pub fn error(&self, verdict: Verdict) -> f64 {
        let trials = self.trials() as f64;
        let share = (self.share(verdict) * trials + 1.0) / (trials + 2.0);
        (share * (1.0 - share) / trials.max(1.0)).sqrt()
    }

    fn trials(&self) -> u64 {
        self.pass + self.inconclusive + self.fail
    }

    fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Pass => self.pass += 1,
            Verdict::Inconclusive => self.inconclusive += 1,
            Verdict::Fail => self.fail += 1,
        }
    }
}

/// Tries a share of right answers on the same rows: `discordant` is the share of rows on which exactly one model is right,
/// `change` the true change of the share, positive is better.
///
/// `None` if there is no such truth: the change is larger than the discordant share, or a share is not within 0 to 1.
pub fn simulate_proportion(rows: u64, discordant: f64, change: f64, how: &Trials) -> Option<Outcomes> {
    let (gains, losses) = ((discordant + change) / 2.0, (discordant - change) / 2.0);
    // NaN is no truth either.
    if !(gains >= 0.0 && losses >= 0.0 && discordant <= 1.0) {
        return None;
    }
    let mut outcomes = Outcomes::default();
    for trial in 0..how.trials {
        let [n01, n10, n11] = multinomial(&mut Stream::new(how.seed, trial), rows, &[gains, losses, 1.0 - discordant]);
        let counts = PairedCounts { n11, n10, n01, n00: 0 };
        outcomes.add(paired_proportion(&counts, Direction::Higher, how.margin, how.alpha).test.verdict);
    }
    Some(outcomes)
}

/// Tries the mean of normal differences on the same rows, runs or folds: `sd` is the standard deviation of one difference,
/// `change` the true mean, positive is better. `None` under 2 rows, or if a number is not finite or `sd` is negative.
pub fn simulate_mean(rows: u64, sd: f64, change: f64, how: &Trials) -> Option<Outcomes> {
    if rows < 2 || !change.is_finite() || !(sd >= 0.0 && sd.is_finite()) {
        return None;
    }
    let freedom = (rows - 1) as f64;
    let mut outcomes = Outcomes::default();
    for trial in 0..how.trials {
        let mut stream = Stream::new(how.seed, trial);
        // Mean and variance of a normal sample are independent, so there is no need for the sample.
        let mean = change + sd / (rows as f64).sqrt() * normal(&mut stream);
        let se = sd * (chi_square(&mut stream, freedom) / freedom / rows as f64).sqrt();
        let figures = MeanDifference { n: rows, mean, se, all_equal: sd == 0.0 };
        outcomes.add(paired_t_from_moments(&figures, Direction::Higher, how.margin, how.alpha).verdict);
    }
    Some(outcomes)
}

/// Tries independent runs, as many on both sides, which vary normally with standard deviation `sd`; `change` is the true change of
/// the mean, positive is better. `None` under 2 runs, or if a number is not finite or `sd` is negative.
pub fn simulate_runs(runs: u64, sd: f64, change: f64, how: &Trials) -> Option<Outcomes> {
    if runs < 2 || !change.is_finite() || !(sd >= 0.0 && sd.is_finite()) {
        return None;
    }
    let freedom = (runs - 1) as f64;
    let mut outcomes = Outcomes::default();
    for trial in 0..how.trials {
        let mut stream = Stream::new(how.seed, trial);
        let mut side = |mean: f64| {
            let mean = mean + sd / (runs as f64).sqrt() * normal(&mut stream);
            Moments::new(runs, mean, sd * sd * (chi_square(&mut stream, freedom) / freedom))
        };
        let (base, head) = (side(0.0), side(change));
        outcomes.add(welch_from_moments(&base, &head, Direction::Higher, how.margin, how.alpha).verdict);
    }
    Some(outcomes)
}

fn normal(stream: &mut Stream) -> f64 {
    normal_ppf(stream.uniform())
}

/// Twice a gamma number of half the shape (Marsaglia, Tsang 2000); a shape under 1 by a power of a uniform number.
fn chi_square(stream: &mut Stream, freedom: f64) -> f64 {
    let shape = freedom / 2.0;
    let boost = if shape < 1.0 { libm::pow(stream.uniform(), 1.0 / shape) } else { 1.0 };
    let d = if shape < 1.0 { shape + 1.0 } else { shape } - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(stream);
        let root = 1.0 + c * x;
        let v = root * root * root;
        if v > 0.0 && libm::log(stream.uniform()) < 0.5 * x * x + d - d * v + d * libm::log(v) {
            return 2.0 * d * v * boost;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcomes, Trials, chi_square, simulate_mean, simulate_proportion, simulate_runs};
    use crate::random::Stream;
    use crate::verdict::Verdict;

    const HOW: Trials = Trials { margin: 0.01, alpha: 0.05, trials: 4000, seed: 1 };

    #[test]
    fn at_the_margin_alpha_of_the_trials_pass() {
        // The largest error of a valid test is at its margin; 4000 trials: 0.05 +- 0.0034.
        let of_rows = simulate_proportion(5000, 0.06, -0.01, &HOW).expect("there is such a truth");
        assert!((of_rows.share(Verdict::Pass) - 0.05).abs() < 0.012, "{of_rows:?}");
        let of_runs = simulate_mean(5, 0.02, -0.01, &HOW).expect("there is such a truth");
        assert!((of_runs.share(Verdict::Pass) - 0.05).abs() < 0.012, "{of_runs:?}");
        assert!((of_runs.share(Verdict::Fail) - 0.05).abs() < 0.012, "{of_runs:?}");
        let unpaired = simulate_runs(5, 0.02, -0.01, &HOW).expect("there is such a truth");
        // Welch's degrees of freedom are estimated, which makes it a little timid for so few runs.
        assert!((unpaired.share(Verdict::Pass) - 0.05).abs() < 0.015, "{unpaired:?}");
        assert!((unpaired.share(Verdict::Fail) - 0.05).abs() < 0.015, "{unpaired:?}");
    }

    #[test]
    fn the_error_of_a_share_is_never_nothing() {
        let outcomes = Outcomes { pass: 50, inconclusive: 50, fail: 0 };
        assert!((outcomes.error(Verdict::Pass) - 0.05).abs() < 1e-3);
        assert!(outcomes.error(Verdict::Fail) > 0.005 && outcomes.error(Verdict::Fail) < 0.02);
        assert!(Outcomes::default().error(Verdict::Pass).is_finite());
    }

    #[test]
    fn more_rows_tell_more() {
        let pass = |rows| simulate_proportion(rows, 0.06, 0.0, &HOW).expect("there is such a truth").share(Verdict::Pass);
        assert!(pass(300) < pass(1000) && pass(1000) < pass(5000));
        let none = simulate_mean(10, 0.0, 0.0, &HOW).expect("there is such a truth");
        assert_eq!(none, Outcomes { pass: 4000, ..Outcomes::default() });
    }

    #[test]
    fn impossible_truths_are_refused() {
        assert_eq!(simulate_proportion(100, 0.01, 0.02, &HOW), None);
        assert_eq!(simulate_proportion(100, 1.5, 0.0, &HOW), None);
        assert_eq!(simulate_proportion(100, f64::NAN, 0.0, &HOW), None);
        assert_eq!(simulate_mean(1, 1.0, 0.0, &HOW), None);
        assert_eq!(simulate_mean(9, f64::INFINITY, 0.0, &HOW), None);
        assert_eq!(simulate_runs(1, 1.0, 0.0, &HOW), None);
        assert_eq!(simulate_runs(9, -1.0, 0.0, &HOW), None);
        assert_eq!(Outcomes::default().share(Verdict::Pass), 0.0);
    }

    #[test]
    fn chi_square_has_its_moments() {
        for freedom in [1.0, 2.0, 7.0, 1000.0] {
            let draws: Vec<f64> = (0..20_000).map(|index| chi_square(&mut Stream::new(2, index), freedom)).collect();
            let mean = draws.iter().sum::<f64>() / 20_000.0;
            let variance = draws.iter().map(|draw| (draw - mean) * (draw - mean)).sum::<f64>() / 20_000.0;
            assert!((mean / freedom - 1.0).abs() < 4.0 * (2.0 / freedom / 20_000.0).sqrt(), "{freedom}: {mean}");
            assert!((variance / (2.0 * freedom) - 1.0).abs() < 0.15, "{freedom}: {variance}");
        }
    }
}
