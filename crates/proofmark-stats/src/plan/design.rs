//! What is measured, and what a gate would make of the changes that matter: none, half the margin, the margin, a harmful one.

use super::{Outcomes, Trials, simulate_mean, simulate_proportion, simulate_runs};
use crate::power::{Power, paired_power, paired_proportion_power};

/// How many more than by the normal distribution t needs at most, for every alpha down to 1e-9.
const FEW: u64 = 100;

/// What is measured on both sides, and how it varies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Design {
    /// Right or wrong on the same rows.
    Rows {
        /// Rows of the test set.
        rows: u64,
        /// The share of rows on which exactly one side is right, if nothing has changed in truth.
        discordant: f64,
    },
    /// A mean of differences: scores on the same rows, or runs with the same seeds.
    Pairs {
        /// Rows or runs.
        pairs: u64,
        /// The standard deviation of one difference.
        sd: f64,
    },
    /// Independent runs on both sides.
    Runs {
        /// Runs on each side.
        runs: u64,
        /// The standard deviation of one run.
        sd: f64,
    },
}

/// A true change and what a gate says of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scenario {
    /// The true loss; 0 is no change.
    pub loss: f64,
    /// What came out.
    pub outcomes: Outcomes,
}

/// What a gate does on a design.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// No change, half the margin, the margin, and the harmful loss, in this order; without those that are the same.
    pub scenarios: Vec<Scenario>,
    /// The smallest change that is told from none with the wanted power, which is also the smallest margin that no change keeps
    /// with it.
    pub mde: Option<f64>,
    /// The smallest true loss that is failed with the wanted power: the margin and, beyond it, what can be told from it.
    pub fails_from: Option<f64>,
    /// Rows or runs with which no change passes with the wanted power; `None` for a margin of 0, where no number suffices.
    pub n_required: Option<u64>,
}

impl Design {
    /// The design of a test on the same rows that was made before: `gained` rows are right at the head only, `lost` at the base only.
    pub fn of_counts(rows: u64, gained: u64, lost: u64) -> Self {
        Self::Rows { rows, discordant: gained.saturating_add(lost) as f64 / rows.max(1) as f64 }
    }

    /// The design of a mean difference whose standard error over `pairs` is known.
    pub fn of_error(pairs: u64, se: f64) -> Self {
        Self::Pairs { pairs, sd: se * (pairs as f64).sqrt() }
    }

    /// The design of runs whose standard deviations on the two sides are known: their quadratic mean.
    pub fn of_spreads(runs: u64, base: f64, head: f64) -> Self {
        Self::Runs { runs, sd: (base * base / 2.0 + head * head / 2.0).sqrt() }
    }

    /// The same with another number of rows or runs.
    #[must_use]
    pub fn with_size(self, size: u64) -> Self {
        match self {
            Self::Rows { discordant, .. } => Self::Rows { rows: size, discordant },
            Self::Pairs { sd, .. } => Self::Pairs { pairs: size, sd },
            Self::Runs { sd, .. } => Self::Runs { runs: size, sd },
        }
    }

    /// Rows or runs.
    pub fn size(&self) -> u64 {
        match self {
            Self::Rows { rows: size, .. } | Self::Pairs { pairs: size, .. } | Self::Runs { runs: size, .. } => *size,
        }
    }

    /// How often a gate passes and fails what loses nothing, half the margin, the margin and `harmful`, which is twice the margin
    /// unless told. `None` where there is no such truth: a share beyond 0 to 1, too few rows or runs, or a number that is not finite.
    ///
    /// A loss of more than the discordant share makes that share larger: all of it is lost then.
    pub fn outlook(&self, harmful: Option<f64>, power: f64, how: &Trials) -> Option<Outlook> {
        let margin = how.margin;
        let mut losses = vec![0.0, margin / 2.0, margin, harmful.unwrap_or(2.0 * margin)];
        losses.dedup();
        let tried = losses.into_iter().map(|loss| Some(Scenario { loss, outcomes: self.outcomes(loss, how)? }));
        let scenarios = tried.collect::<Option<Vec<_>>>()?;
        let Power { mde, n_required } = self.power(margin, how.alpha, power);
        Some(Outlook { scenarios, mde, fails_from: mde.map(|mde| margin + mde), n_required })
    }

    fn outcomes(&self, loss: f64, how: &Trials) -> Option<Outcomes> {
        match *self {
            Self::Rows { rows, discordant } => simulate_proportion(rows, discordant.max(loss), -loss, how),
            Self::Pairs { pairs, sd } => simulate_mean(pairs, sd, -loss, how),
            Self::Runs { runs, sd } => simulate_runs(runs, sd, -loss, how),
        }
    }

    fn power(&self, margin: f64, alpha: f64, power: f64) -> Power {
        match *self {
            Self::Rows { rows, discordant } => paired_proportion_power(discordant / 2.0, discordant / 2.0, rows, margin, alpha, power),
            Self::Pairs { pairs, sd } => of_mean(sd, pairs, margin, alpha, power),
            Self::Runs { runs, sd } => of_mean(sd * 2.0_f64.sqrt(), runs, margin, alpha, power),
        }
    }
}

/// The required number by the normal distribution is too small where it is small, since t has heavier tails: so many more that the
/// margin can be told.
fn of_mean(sd: f64, n: u64, margin: f64, alpha: f64, power: f64) -> Power {
    let by_normal = paired_power(sd, n, margin, alpha, power);
    let enough = |n: &u64| paired_power(sd, *n, margin, alpha, power).mde.is_some_and(|mde| mde <= margin);
    let n_required = by_normal.n_required.map(|first| (first..first.saturating_add(FEW)).find(enough).unwrap_or(first));
    Power { n_required, ..by_normal }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    const HOW: Trials = Trials { margin: 0.01, alpha: 0.05, trials: 2000, seed: 7 };

    fn shares(outlook: &Outlook, verdict: Verdict) -> Vec<f64> {
        outlook.scenarios.iter().map(|scenario| scenario.outcomes.share(verdict)).collect()
    }

    #[test]
    fn ten_thousand_rows_carry_a_margin_of_a_point() {
        let outlook = Design::Rows { rows: 10_000, discordant: 0.06 }.outlook(None, 0.8, &HOW).expect("a truth");
        let (pass, fail) = (shares(&outlook, Verdict::Pass), shares(&outlook, Verdict::Fail));
        assert!(pass[0] > 0.98 && pass[2] < 0.08 && pass[3] < 0.005, "{pass:?}");
        assert!(fail[0] < 0.005 && fail[3] > 0.98, "{fail:?}");
        assert!(outlook.mde.is_some_and(|mde| (0.005..0.007).contains(&mde)), "{outlook:?}");
        assert!(outlook.n_required.is_some_and(|rows| rows < 10_000));
        let small = Design::Rows { rows: 500, discordant: 0.06 }.outlook(Some(0.03), 0.8, &HOW).expect("a truth");
        assert!(small.n_required == outlook.n_required && shares(&small, Verdict::Pass)[3] <= 0.005, "{small:?}");
    }

    #[test]
    fn the_required_number_passes_no_change_with_the_wanted_power() {
        for design in [
            Design::Rows { rows: 9, discordant: 0.06 },
            Design::Pairs { pairs: 9, sd: 0.04 },
            Design::Runs { runs: 9, sd: 0.03 },
            Design::Pairs { pairs: 9, sd: 0.008 },
        ] {
            let required = design.outlook(None, 0.8, &HOW).and_then(|outlook| outlook.n_required).expect("a number");
            let outlook = design.with_size(required).outlook(None, 0.8, &HOW).expect("a truth");
            let passed = shares(&outlook, Verdict::Pass)[0];
            // One of a few more or less makes a difference.
            let slack = if required < 30 { 0.08 } else { 0.04 };
            assert!(passed > 0.76 && passed < 0.8 + slack, "{design:?} with {required}: {passed}");
            // And what is said to be failed is.
            let fails_from = outlook.fails_from.expect("a loss");
            let harmful = design.with_size(required).outlook(Some(fails_from), 0.8, &HOW).expect("a truth");
            let failed = shares(&harmful, Verdict::Fail).pop().expect("scenarios");
            assert!((failed - 0.8).abs() < 0.06, "{design:?} losing {fails_from}: {failed}");
        }
    }

    #[test]
    fn stored_results_give_their_design_back() {
        assert_eq!(Design::of_counts(1000, 20, 40), Design::Rows { rows: 1000, discordant: 0.06 });
        assert_eq!(Design::of_error(100, 0.01), Design::Pairs { pairs: 100, sd: 0.1 });
        assert_eq!(Design::of_spreads(5, 0.02, 0.02).with_size(7), Design::Runs { runs: 7, sd: 0.02 });
        assert_eq!(Design::of_counts(0, 0, 0).size(), 0);
    }

    #[test]
    fn what_cannot_be_is_none_and_a_margin_of_nothing_has_no_number() {
        assert_eq!(Design::Rows { rows: 10, discordant: 0.1 }.outlook(Some(1.5), 0.8, &HOW), None);
        assert_eq!(Design::Pairs { pairs: 1, sd: 1.0 }.outlook(None, 0.8, &HOW), None);
        let exact = Design::Rows { rows: 100, discordant: 0.1 }.outlook(Some(0.02), 0.8, &Trials { margin: 0.0, ..HOW }).expect("a truth");
        assert_eq!((exact.n_required, exact.scenarios.len()), (None, 2));
    }
}
