//! From sufficient statistics to a verdict: picks the procedure for the evidence that is there and says why.

use proofmark_stats::bootstrap::{self, Resampling, Sketch, count_replicates, paired_bootstrap};
use proofmark_stats::counts::{Cells, CountMetric};
use proofmark_stats::mcnemar::mcnemar;
use proofmark_stats::paired_proportion::{PairedCounts, paired_proportion};
use proofmark_stats::paired_t::{MeanDifference, paired_t, paired_t_from_moments};
use proofmark_stats::power::{Power, no_discordant_power, paired_power, paired_proportion_power};
use proofmark_stats::random::Stream;
use proofmark_stats::roc::PairedAuc;
use proofmark_stats::sample::Moments;
use proofmark_stats::sign_flip::sign_flip_noninferiority;
use proofmark_stats::two_proportions::{TwoProportions, two_proportions};
use proofmark_stats::welch::{one_beside_several, welch_from_moments};
use proofmark_stats::{Direction, NonInferiority, Reason, Verdict};

use super::proof::{Evidence, Level, Shown};
use crate::config::Procedure;
use crate::direction;
use crate::evidence::{Sample, levels};
use crate::policy::Judging;

/// Sign patterns that are drawn where there are too many to count.
const PATTERNS: u64 = 10_000;
/// Resamples of a metric of counts; each costs less than a microsecond.
const RESAMPLES: u64 = 10_000;
/// With fewer rows or clusters a resample is hardly ever unlike the rows themselves, so its spread says nothing.
const FEWEST_UNITS: u64 = 10;
/// Equal runs are remarkable with fewer than this on a side, unless the training is deterministic.
const FEW_EQUAL_RUNS: usize = 5;

/// What a procedure says of one sample.
#[derive(Debug)]
pub(super) struct Assessed {
    pub(super) verdict: Verdict,
    pub(super) reasons: Vec<&'static str>,
    pub(super) evidence: Evidence,
    /// It passes, and people should look at why.
    pub(super) notable: bool,
}

/// Judges whether `sample` is at worst `margin` worse. `metric` names the metric of counts, where it is one.
pub(super) fn assess(metric: &str, sample: &Sample, direction: direction::Direction, margin: f64, judging: &Judging) -> Assessed {
    let asked = Asked { direction: self::direction(direction), margin, judging };
    let Found { procedure, why, test, power, shown, level, n, reasons, notable, resampling } = asked.test(metric, sample);
    let mut evidence = Evidence::new(level, procedure, n.0, n.1);
    evidence.why = Some(why);
    evidence.margin = Some(margin);
    evidence.alpha = Some(judging.alpha);
    evidence.improvement = finite(test.improvement);
    evidence.lower = test.lower;
    evidence.upper = test.upper;
    evidence.se = test.se;
    evidence.df = test.df;
    evidence.p_noninferior = test.p_noninferior;
    evidence.p_inferior = test.p_inferior;
    evidence.p_two_sided = test.p_two_sided;
    (evidence.seed, evidence.resamples) = resampling.unzip();
    evidence.shown = shown.into_iter().filter_map(|(name, value)| Some(Shown { name: name.to_owned(), value: finite(value)? })).collect();
    if test.verdict == Verdict::Inconclusive {
        evidence.mde = power.mde;
        evidence.n_required = power.n_required;
    }
    let reasons = test.reason.map(Reason::name).into_iter().chain(reasons).collect();
    Assessed { verdict: test.verdict, reasons, evidence, notable }
}

/// Our direction as the statistics have it.
pub(super) fn direction(direction: direction::Direction) -> Direction {
    match direction {
        direction::Direction::Higher => Direction::Higher,
        direction::Direction::Lower => Direction::Lower,
    }
}

struct Asked<'a> {
    direction: Direction,
    margin: f64,
    judging: &'a Judging,
}

/// One procedure's result.
struct Found {
    procedure: &'static str,
    why: String,
    test: NonInferiority,
    power: Power,
    shown: Vec<(&'static str, f64)>,
    level: Level,
    n: (usize, usize),
    reasons: Vec<&'static str>,
    notable: bool,
    /// Seed and number of resamples.
    resampling: Option<(u64, u64)>,
}

impl Found {
    fn new(procedure: &'static str, why: impl Into<String>, test: NonInferiority, power: Power, n: (u64, u64)) -> Self {
        let n = (usize::try_from(n.0).unwrap_or(usize::MAX), usize::try_from(n.1).unwrap_or(usize::MAX));
        let (shown, reasons) = (Vec::new(), Vec::new());
        Self { procedure, why: why.into(), test, power, shown, level: Level::Rows, n, reasons, notable: false, resampling: None }
    }
}

impl Asked<'_> {
    fn test(&self, metric: &str, sample: &Sample) -> Found {
        let wanted = self.judging.procedure;
        let found = match sample {
            Sample::Runs { base, head, paired, n_nan } => self.runs(base, head, *paired, *n_nan),
            // Right or wrong is accuracy of a class that every row has.
            Sample::PairedProportion { n11, n10, n01, n00 } if wanted == Procedure::Bootstrap => {
                self.cells("accuracy", [0, 0, 0, 0, *n00, *n01, *n10, *n11], 0)
            }
            Sample::PairedProportion { n11, n10, n01, n00 } => self.proportion(PairedCounts { n11: *n11, n10: *n10, n01: *n01, n00: *n00 }),
            Sample::Proportions { base, n_base, head, n_head } => {
                self.two_proportions(TwoProportions { baseline: *base, n_baseline: *n_base, candidate: *head, n_candidate: *n_head })
            }
            Sample::PairedMeans { n, difference, se, equal, few, clusters } => {
                self.means(&MeanDifference { n: *n, mean: *difference, se: *se, all_equal: *equal }, few, *clusters)
            }
            Sample::Means { base, var_base, n_base, head, var_head, n_head } => {
                self.two_means(&Moments::new(*n_base, *base, *var_base), &Moments::new(*n_head, *head, *var_head))
            }
            Sample::PairedAuc { positives, negatives, base, head, var_base, var_head, covariance, identical } => self.auc(&PairedAuc {
                positives: *positives,
                negatives: *negatives,
                base: *base,
                head: *head,
                var_base: *var_base,
                var_head: *var_head,
                covariance: *covariance,
                identical: *identical,
            }),
            Sample::PairedCells { cells, seed } => self.cells(metric, *cells, *seed),
            Sample::Replicates { n, difference, resamples, dropped, seed, sd, quantiles } => {
                let levels = levels();
                let sketch =
                    Sketch { levels: &levels, quantiles, estimate: *difference, resamples: *resamples, dropped: *dropped, sd: *sd };
                let found = self.resampled("bootstrap", sketch.judge(&self.bootstrap()), *n, *sd);
                Found { resampling: Some((*seed, *resamples)), ..found }
            }
        };
        if fits(wanted, found.procedure) {
            return found;
        }
        // What was asked for cannot be done with this evidence, and nothing else is put in its place.
        let test = NonInferiority { verdict: Verdict::Inconclusive, p_inferior: None, p_noninferior: None, ..found.test };
        let why = format!("the rule asks for `{}`, and the evidence is for `{}`", wanted.name(), found.procedure);
        Found { test, why, reasons: vec!["procedure-unavailable"], notable: false, ..found }
    }

    fn runs(&self, base: &[f64], head: &[f64], paired: bool, n_nan: u64) -> Found {
        let judging = self.judging;
        let welch = judging.procedure == Procedure::Welch;
        let fewest = base.len().min(head.len());
        let n = (base.len() as u64, head.len() as u64);
        let (old, new) = (Moments::of(base), Moments::of(head));
        let mut found = if paired && !welch {
            let result = paired_t(base, head, self.direction, self.margin, judging.alpha);
            let power = paired_power(result.sd.unwrap_or(f64::NAN), result.n, self.margin, judging.alpha, judging.power);
            Found::new("paired_t_noninferiority", "the same seeds or folds ran on both sides", result.test, power, n)
        } else {
            let test = welch_from_moments(&old, &new, self.direction, self.margin, judging.alpha);
            // Both sides are taken to vary as they did; as many runs a side.
            let spread = (old.variance.unwrap_or(f64::NAN) + new.variance.unwrap_or(f64::NAN)).sqrt();
            let power = paired_power(spread, fewest as u64, self.margin, judging.alpha, judging.power);
            match one_beside_several(&old, &new, self.direction, self.margin, judging.alpha) {
                // One run can show a loss beyond the spread of the others; that there is none it cannot show.
                Some(test) if test.verdict == Verdict::Fail && !welch => {
                    Found::new("single_run_t", "one run beside several, taken to vary as they do", test, power, n)
                }
                _ => Found::new("welch_noninferiority", "each side has independent runs", test, power, n),
            }
        };
        found.level = Level::Runs;
        found.shown = [("sd_base", old.variance), ("sd_head", new.variance)]
            .into_iter()
            .filter_map(|(name, variance)| Some((name, variance?.sqrt())))
            .chain((n_nan > 0).then_some(("n_nan", n_nan as f64)))
            .collect();
        if judging.min_runs.is_some_and(|least| fewest < least) {
            found.test.verdict = Verdict::Inconclusive;
            found.reasons.push("too-few-runs");
        } else if fewest < judging.thin_runs && found.test.reason.is_none() {
            found.reasons.push("thin-evidence");
        }
        // Equal scores on a coarse scale are no certainty.
        let equal = found.test.reason == Some(Reason::ZeroVariance);
        found.notable = equal && !judging.deterministic && fewest < FEW_EQUAL_RUNS;
        found
    }

    fn proportion(&self, counts: PairedCounts) -> Found {
        let judging = self.judging;
        let result = paired_proportion(&counts, self.direction, self.margin, judging.alpha);
        let rows = counts.rows();
        let share = |count: u64| count as f64 / rows as f64;
        let power = match counts.n10.saturating_add(counts.n01) {
            0 => no_discordant_power(rows, self.margin, judging.alpha),
            _ => paired_proportion_power(share(counts.n10), share(counts.n01), rows, self.margin, judging.alpha, judging.power),
        };
        let exact = mcnemar(counts.n01, counts.n10);
        let why = "both sides say right or wrong on the same rows";
        let mut found = Found::new("paired_proportion_noninferiority", why, result.test, power, (rows, rows));
        found.shown = vec![("n01", counts.n01 as f64), ("n10", counts.n10 as f64), ("mcnemar_p_midp", exact.p_midp)];
        found
    }

    fn two_proportions(&self, counts: TwoProportions) -> Found {
        let judging = self.judging;
        let test = two_proportions(&counts, self.direction, self.margin, judging.alpha);
        let rows = counts.n_baseline.min(counts.n_candidate);
        let variance = |hits: u64, rows: u64| {
            let share = hits as f64 / rows as f64;
            share * (1.0 - share)
        };
        let spread = (variance(counts.baseline, counts.n_baseline) + variance(counts.candidate, counts.n_candidate)).sqrt();
        let power = paired_power(spread, rows, self.margin, judging.alpha, judging.power);
        Found::new("two_proportions", "the two sides have different rows", test, power, (counts.n_baseline, counts.n_candidate))
    }

    fn means(&self, figures: &MeanDifference, few: &[f64], clusters: bool) -> Found {
        let judging = self.judging;
        let power = paired_power(figures.se * (figures.n as f64).sqrt(), figures.n, self.margin, judging.alpha, judging.power);
        let n = (figures.n, figures.n);
        let t = || paired_t_from_moments(figures, self.direction, self.margin, judging.alpha);
        let forced = judging.procedure == Procedure::SignFlip;
        if !few.is_empty() && (forced || judging.procedure == Procedure::Auto) {
            let mut stream = Stream::new(0, 0);
            let flipped = sign_flip_noninferiority(few, self.direction, self.margin, judging.alpha, PATTERNS, &mut || stream.bits());
            if let Some(flipped) = flipped {
                let why = "the same rows have a score on both sides, and there are fewer than thirty";
                return Found::new("sign_flip_test", why, flipped.test, power, n);
            }
        }
        let why = if clusters { "the same groups of rows have scores on both sides" } else { "the same rows have a score on both sides" };
        Found::new("paired_t_noninferiority", why, t(), power, n)
    }

    fn two_means(&self, base: &Moments, head: &Moments) -> Found {
        let judging = self.judging;
        let test = welch_from_moments(base, head, self.direction, self.margin, judging.alpha);
        let spread = (base.variance.unwrap_or(f64::NAN) + head.variance.unwrap_or(f64::NAN)).sqrt();
        let power = paired_power(spread, base.n.min(head.n), self.margin, judging.alpha, judging.power);
        Found::new("welch_noninferiority", "the two sides have different rows", test, power, (base.n, head.n))
    }

    fn auc(&self, auc: &PairedAuc) -> Found {
        let judging = self.judging;
        let rows = auc.positives.saturating_add(auc.negatives);
        let mut test = auc.judge(self.direction, self.margin, judging.alpha);
        let identical = test.reason == Some(Reason::IdenticalRanking);
        if auc.positives.min(auc.negatives) < judging.min_of_class && !identical {
            test = NonInferiority { verdict: Verdict::Inconclusive, reason: Some(Reason::TooFewOfAClass), ..test };
        }
        let sd = test.se.unwrap_or(f64::NAN) * (rows as f64).sqrt();
        let power = paired_power(sd, rows, self.margin, judging.alpha, judging.power);
        let mut found = Found::new("delong_paired", "both sides score the same rows", test, power, (rows, rows));
        found.shown = vec![("positives", auc.positives as f64), ("negatives", auc.negatives as f64)];
        found
    }

    fn cells(&self, metric: &str, cells: [u64; 8], seed: u64) -> Found {
        let cells = Cells(cells);
        let rows = cells.rows();
        let how = Resampling::new(RESAMPLES, seed);
        let drawn =
            count_metric(metric).and_then(|metric| paired_bootstrap(&self.bootstrap(), &how, |how| count_replicates(&cells, metric, how)));
        let Some(drawn) = drawn else {
            let test = NonInferiority::undecided(f64::NAN, Reason::NoExamples);
            return self.resampled("paired_bootstrap", test, rows, f64::NAN);
        };
        let sd = drawn.replicates.sd().unwrap_or(f64::NAN);
        let resamples = drawn.replicates.drawn();
        Found { resampling: Some((seed, resamples)), ..self.resampled("paired_bootstrap", drawn.result, rows, sd) }
    }

    fn resampled(&self, procedure: &'static str, test: NonInferiority, n: u64, sd: f64) -> Found {
        let judging = self.judging;
        if n < FEWEST_UNITS {
            let test = NonInferiority::undecided(test.improvement, Reason::TooFewPairs);
            let power = Power { mde: None, n_required: None };
            return Found::new(procedure, "the metric has no formula for its noise", test, power, (n, n));
        }
        let power = paired_power(sd * (n as f64).sqrt(), n, self.margin, judging.alpha, judging.power);
        Found::new(procedure, "the metric has no formula for its noise, so the rows are resampled", test, power, (n, n))
    }

    fn bootstrap(&self) -> bootstrap::Judging {
        bootstrap::Judging { direction: self.direction, margin: self.margin, alpha: self.judging.alpha }
    }
}

/// Whether a procedure is one that the policy's word means.
fn fits(wanted: Procedure, procedure: &str) -> bool {
    match wanted {
        Procedure::Auto => true,
        // Asked for elsewhere: without noise at all, or with the history.
        Procedure::Scalar | Procedure::PredictionLimit => false,
        Procedure::Welch => procedure == "welch_noninferiority",
        Procedure::PairedT => procedure == "paired_t_noninferiority",
        Procedure::SignFlip => procedure == "sign_flip_test",
        Procedure::Tango => procedure == "paired_proportion_noninferiority",
        Procedure::Delong => procedure == "delong_paired",
        Procedure::Bootstrap => matches!(procedure, "paired_bootstrap" | "bootstrap"),
    }
}

/// The metric of counts that a name stands for.
fn count_metric(name: &str) -> Option<CountMetric> {
    // `f1[cat]` is F1 of one class against the rest, which the cells are of.
    let of_class = name.split_once('[').map_or(name, |(metric, _)| metric);
    Some(match of_class {
        "accuracy" => CountMetric::Accuracy,
        "balanced_accuracy" => CountMetric::BalancedAccuracy,
        "precision" => CountMetric::Precision,
        "recall" => CountMetric::Recall,
        "specificity" => CountMetric::Specificity,
        "f1" => CountMetric::F1,
        "mcc" => CountMetric::Mcc,
        other => CountMetric::FBeta(other.strip_prefix("fbeta(")?.strip_suffix(')')?.trim().parse().ok()?),
    })
}

fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}
