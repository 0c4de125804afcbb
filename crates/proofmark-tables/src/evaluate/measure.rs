//! One metric on one slice of both sides: values, sample, or why not.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use proofmark_core::config::Procedure;
use proofmark_core::evidence::{Measured, Obstacle, Sample};
use proofmark_core::key::Key;
use proofmark_stats::counts::{Cells, Confusion, CountMetric};
use proofmark_stats::roc::{PairedAuc, roc_auc};

use super::plan::{Plan, Unit};
use super::{Request, Settings, resampled, sample};
use crate::metric::statistic::{Statistic, TallyMetric, binary_truth, flags};
use crate::metric::{ClassScore, Metric};
use crate::rows::{Fault, Flaw, Infinite, Role, Side, View};

/// Steps of progress that a resampled metric counts, where any other slice counts one.
const STEPS: u64 = 100;

/// What measuring needs beside the rows.
pub(super) struct Context<'a> {
    pub(super) plan: &'a Plan<'a>,
    pub(super) requests: &'a [Request],
    pub(super) settings: &'a Settings,
    pub(super) digests: [Option<&'a [u8; 32]>; 2],
    pub(super) progress: &'a (dyn Fn(u64, u64) + Sync),
}

/// Slices one beside the other, or one after the other where resampling keeps all threads busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    Quick,
    Resampled,
}

/// How a metric is computed, and what is kept of the difference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Way {
    /// Right and wrong rows.
    Proportion,
    /// Counts of a class against the rest.
    Cells(CountMetric, u32),
    /// Area under the ROC curve with its variance.
    Auc,
    /// Mean over rows or clusters.
    Means,
    /// Anything else.
    Resampled,
}

/// One side of a slice, ready.
pub(super) enum Half<'v> {
    Flags { truth: Vec<bool>, predicted: Vec<bool> },
    Scores { truth: Vec<bool>, scores: &'v [f64] },
    Statistic { statistic: Statistic<'v>, weights: Option<&'v [f64]> },
}

impl Context<'_> {
    /// The results of one pass, with their places.
    pub(super) fn run(&self, pass: Pass) -> Vec<(usize, Measured)> {
        let chosen: Vec<(&Unit, Vec<(usize, usize)>)> = (self.plan.units.iter())
            .map(|unit| (unit, unit.requests.iter().copied().filter(|(request, _)| self.pass(*request) == pass).collect()))
            .filter(|(_, requests): &(_, Vec<_>)| !requests.is_empty())
            .collect();
        let (next, done) = (AtomicUsize::new(0), AtomicU64::new(0));
        let found = Mutex::new(Vec::new());
        let steps = match pass {
            Pass::Quick => chosen.len() as u64,
            Pass::Resampled => chosen.iter().map(|(_, requests)| requests.len() as u64).sum::<u64>() * STEPS,
        };
        let work = || {
            while let Some((unit, requests)) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                let step = |done_of_one: u64, all_of_one: u64| {
                    let part = done_of_one.saturating_mul(STEPS).checked_div(all_of_one).unwrap_or_default();
                    (self.progress)(done.load(Ordering::Relaxed) + part, steps);
                };
                let results = self.unit(unit, requests, pass, &step, &done);
                if pass == Pass::Quick {
                    (self.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, steps);
                }
                found.lock().unwrap_or_else(PoisonError::into_inner).extend(results);
            }
        };
        std::thread::scope(|scope| {
            let others = if pass == Pass::Quick { self.settings.threads.saturating_sub(1).min(chosen.len()) } else { 0 };
            for _ in 0..others {
                // Where no thread can be had, this one does all the work.
                if std::thread::Builder::new().spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            work();
        });
        found.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass(&self, request: usize) -> Pass {
        match self.requests.get(request).map(|request| self.way(request)) {
            Some(Way::Resampled) if self.plan.paired => Pass::Resampled,
            _ => Pass::Quick,
        }
    }

    fn way(&self, request: &Request) -> Way {
        let (weighted, clustered) = (self.plan.spec.weight.is_some(), self.plan.spec.cluster.is_some());
        let bootstrap = request.procedure == Some(Procedure::Bootstrap);
        let plain = !weighted && !clustered;
        match (&request.metric, self.count_metric(&request.metric)) {
            (Metric::Accuracy, _) if plain => Way::Proportion,
            (_, Some((metric, class))) if plain => Way::Cells(metric, class),
            (Metric::RocAuc, _) if plain && !bootstrap => Way::Auc,
            (metric, _) if is_mean(metric) && (clustered || !weighted) && !bootstrap => Way::Means,
            _ => Way::Resampled,
        }
    }

    /// The metric as one of the counts of a class against the rest.
    fn count_metric(&self, metric: &Metric) -> Option<(CountMetric, u32)> {
        let classes = &self.plan.classes;
        match metric {
            Metric::BalancedAccuracy if classes.two() => Some((CountMetric::BalancedAccuracy, classes.either()?)),
            Metric::Mcc if classes.two() => Some((CountMetric::Mcc, classes.either()?)),
            Metric::OfClass { score, class } => {
                let score = match score {
                    ClassScore::Precision => CountMetric::Precision,
                    ClassScore::Recall => CountMetric::Recall,
                    ClassScore::Specificity => CountMetric::Specificity,
                    ClassScore::FBeta(beta) => CountMetric::FBeta(*beta),
                };
                let code = match class {
                    Some(class) => classes.code(class).unwrap_or(classes.other()),
                    None => classes.either()?,
                };
                Some((score, code))
            }
            _ => None,
        }
    }

    fn unit(
        &self,
        unit: &Unit,
        requests: &[(usize, usize)],
        pass: Pass,
        step: &(dyn Fn(u64, u64) + Sync),
        done: &AtomicU64,
    ) -> Vec<(usize, Measured)> {
        let views = [Side::Base, Side::Head].map(|side| self.plan.view(unit, side));
        let measured = requests.iter().filter_map(|(request, slot)| {
            let result = self.measure(unit, &views, self.requests.get(*request)?, step);
            if pass == Pass::Resampled {
                done.fetch_add(STEPS, Ordering::Relaxed);
            }
            Some((*slot, result))
        });
        measured.collect()
    }

    fn measure(&self, unit: &Unit, views: &[Result<View<'_>, Flaw>; 2], request: &Request, step: &(dyn Fn(u64, u64) + Sync)) -> Measured {
        let (plan, metric) = (self.plan, &request.metric);
        let way = self.way(request);
        let [base, head] = views;
        let [base_half, head_half] = [(base, Side::Base), (head, Side::Head)]
            .map(|(view, side)| view.as_ref().map_err(Clone::clone).and_then(|view| Half::new(way, metric, view, plan, side)));

        let mut measured = Measured::new(plan.file.clone(), Key::from_canonical(metric.to_string()));
        measured.table = Some(plan.spec.name.clone());
        measured.slice = unit.slice.clone();
        measured.against = request.against.clone();
        measured.natural = metric.natural();
        let rows = |view: &Result<View<'_>, Flaw>| view.as_ref().map_or(0, |view| view.rows as u64);
        (measured.n_base, measured.n_head) = (rows(base), rows(head));

        let mut sampled = Ok(None);
        let auc = match (&base_half, &head_half) {
            (Ok(Half::Scores { truth, scores: base }), Ok(Half::Scores { scores: head, .. })) if plan.paired => {
                PairedAuc::new(truth, base, head)
            }
            _ => None,
        };
        let value = |half: &Result<Half<'_>, Flaw>, of_auc: Option<f64>| match half {
            Ok(half) => of_auc.or_else(|| half.value(way)).ok_or_else(|| Flaw::new(Fault::Undefined, undefined(metric))),
            Err(flaw) => Err(flaw.clone()),
        };
        let base_value = value(&base_half, auc.map(|auc| auc.base));
        let head_value = value(&head_half, auc.map(|auc| auc.head));
        (measured.base, measured.head) = (base_value.as_ref().ok().copied(), head_value.as_ref().ok().copied());

        if let (Ok(base_half), Ok(head_half), Ok(view), Ok(head_view), Ok(of_base), Ok(_)) =
            (&base_half, &head_half, base, head, &base_value, &head_value)
        {
            sampled = match (plan.paired, way) {
                (true, Way::Auc) => Ok(auc.map(sample::of_auc)),
                (true, Way::Resampled) => resampled::sample(self, unit, request, [view, head_view], [base_half, head_half], *of_base, step),
                (true, _) => sample::paired(way, view, base_half, head_half, || resampled::seed(metric, unit, self.digests)),
                (false, _) if plan.spec.unpaired => Ok(sample::unpaired(way, base_half, head_half, plan.spec.cluster.is_some())),
                (false, _) => Ok(None),
            };
        }
        let of_head = head_value.err().map(|flaw| flaw.obstacle(Side::Head));
        let of_base = base_value.err().map(|flaw| flaw.obstacle(Side::Base));
        let of_sample = sampled.as_ref().err().map(|flaw| flaw.obstacle(Side::Head));
        // What the change itself lacks comes first.
        let obstacle: Option<Obstacle> = of_head.or_else(|| plan.unpaired.clone()).or(of_base).or(of_sample);
        measured.obstacle = obstacle;
        let sample: Option<Sample> = sampled.unwrap_or_default();
        measured.sample = sample;
        measured
    }
}

impl<'v> Half<'v> {
    fn new(way: Way, metric: &Metric, view: &'v View<'_>, plan: &Plan<'_>, side: Side) -> Result<Self, Flaw> {
        let classes = &plan.classes;
        match way {
            Way::Proportion => {
                let (truth, predicted) = (view.codes(Role::Class)?, view.codes(Role::Predicted)?);
                let right = truth.iter().zip(predicted).map(|(truth, predicted)| truth == predicted).collect();
                Ok(Self::Flags { truth: Vec::new(), predicted: right })
            }
            Way::Cells(_, class) => {
                // Refuses classes that a metric of two does not take.
                TallyMetric::new(metric, classes, side)?;
                Ok(Self::Flags { truth: flags(view.codes(Role::Class)?, class), predicted: flags(view.codes(Role::Predicted)?, class) })
            }
            Way::Auc => {
                let truth = binary_truth(view, classes, side)?;
                Ok(Self::Scores { truth, scores: view.numbers(Role::Score, Infinite::Allowed)? })
            }
            Way::Means | Way::Resampled => {
                Ok(Self::Statistic { weights: view.weights()?, statistic: Statistic::new(metric, view, classes, side)? })
            }
        }
    }

    fn value(&self, way: Way) -> Option<f64> {
        match self {
            Self::Flags { predicted: right, .. } if way == Way::Proportion => {
                (!right.is_empty()).then(|| count(right) as f64 / right.len() as f64)
            }
            Self::Flags { truth, predicted } => match way {
                Way::Cells(metric, _) => metric.of(&Confusion::count(truth, predicted)),
                _ => None,
            },
            Self::Scores { truth, scores } => roc_auc(truth, scores, None),
            Self::Statistic { statistic, weights } => statistic.point(*weights),
        }
    }
}

/// Rows that are so.
pub(super) fn count(flags: &[bool]) -> u64 {
    flags.iter().filter(|flag| **flag).count() as u64
}

/// Counts of label and both predictions.
pub(super) fn cells(truth: &[bool], base: &[bool], head: &[bool]) -> [u64; 8] {
    Cells::count(truth, base, head).0
}

fn is_mean(metric: &Metric) -> bool {
    match metric {
        Metric::Accuracy | Metric::LogLoss | Metric::Brier | Metric::Mae | Metric::Mape | Metric::Pinball { .. } | Metric::Mean { .. } => {
            true
        }
        Metric::BalancedAccuracy | Metric::Mcc | Metric::OfClass { .. } | Metric::Averaged { .. } => false,
        Metric::RocAuc | Metric::RocAucOvr | Metric::PrAuc | Metric::Ece { .. } => false,
        Metric::Rmse | Metric::R2 | Metric::Quantile { .. } => false,
    }
}

/// Why a metric of sound rows has no value.
fn undefined(metric: &Metric) -> String {
    let why = match metric {
        Metric::OfClass { score: ClassScore::Precision, .. } => "no row is predicted to be of the class",
        Metric::OfClass { score: ClassScore::Recall, .. } | Metric::PrAuc => "no row is of the class",
        Metric::OfClass { score: ClassScore::Specificity, .. } => "every row is of the class",
        Metric::OfClass { score: ClassScore::FBeta(_), .. } => "no row is of the class, nor predicted to be",
        Metric::RocAuc => "all rows are of one class",
        Metric::RocAucOvr => "a class has no row, or every row",
        Metric::R2 => "all labels are equal",
        _ => "there is no row with weight, or the numbers are too large",
    };
    format!("`{metric}` is undefined: {why}")
}
