//! Expressions, and the prepared forms over several metrics: no loss without a gain, a loss for a gain, and budgets.

use proofmark_stats::Verdict as Interval;

use super::estimate::{Estimate, Field, Name, NameError, bounded, finite, resolve};
use super::expression::{Expression, Operand, Step, all};
use super::{CompositeOutcome, Measure};
use crate::config::{Budget, Combine, Limits};
use crate::direction::Direction;
use crate::gate::Verdict;
use crate::gate::scalar::{ScalarVerdict, scalar_gate};
use crate::number::{shown_pair, significant};
use crate::value::Value;

/// The most comparisons that a sentence repeats.
const MAX_STEPS: usize = 6;

type Judged = Result<CompositeOutcome, NameError>;

/// True passes, false fails, and what is not known is inconclusive.
pub(super) fn expression(expression: &Expression, estimates: &[Estimate]) -> Judged {
    let mut known = Vec::new();
    for operand in expression.operands() {
        known.push((operand, resolve(estimates, &operand.name)?));
    }
    let lookup = |wanted: &Operand| {
        let (operand, estimate) = known.iter().find(|(operand, _)| *operand == wanted)?;
        estimate.quantity(operand.field)
    };
    let steps = expression.steps(&lookup);
    let told = |lead: &str| {
        let mut told: Vec<String> = steps.iter().take(MAX_STEPS).map(step).collect();
        if steps.len() > MAX_STEPS {
            told.push(format!("and {} more", steps.len() - MAX_STEPS));
        }
        if told.is_empty() { lead.to_owned() } else { format!("{lead}: {}", told.join("; ")) }
    };
    Ok(match expression.evaluate(&lookup) {
        Some(true) => CompositeOutcome::new(Verdict::Pass, &[], told("holds")),
        Some(false) => CompositeOutcome::new(Verdict::Fail, &["expression-false"], told("does not hold")),
        None => {
            let estimates: Vec<&Estimate> = known.iter().map(|(_, estimate)| *estimate).collect();
            let reasons: Vec<&str> = ["operand-unknown"].into_iter().chain(absences(&estimates)).collect();
            CompositeOutcome::new(Verdict::Inconclusive, &reasons, told("cannot be told"))
        }
    })
}

fn step(step: &Step) -> String {
    let text = bounded(&step.text);
    match (step.sides, step.holds) {
        (Some((left, right)), Some(holds)) => {
            let (left, right) = shown_pair(&Value::Float(left), &Value::Float(right));
            format!("`{text}` is {holds} ({left}, {right})")
        }
        _ => format!("`{text}` is not known"),
    }
}

/// Why something may be unknown: values that one side does not have.
fn absences(estimates: &[&Estimate]) -> impl Iterator<Item = &'static str> + use<> {
    let gone = estimates.iter().any(|estimate| finite(estimate.candidate).is_none());
    let new = estimates.iter().any(|estimate| finite(estimate.candidate).is_some() && finite(estimate.baseline).is_none());
    [gone.then_some("missing-candidate"), new.then_some("no-baseline")].into_iter().flatten()
}

/// Fails when a metric is shown to be worse beyond its margin and none is shown to be better; passes when one is shown to be
/// better, or none to be worse beyond its margin.
pub(super) fn pareto(metrics: &[String], estimates: &[Estimate]) -> Judged {
    let mut found = Vec::new();
    for metric in metrics {
        found.push(resolve(estimates, &Name::all_rows(metric.as_str()))?);
    }
    if let Some(gone) = found.iter().find(|estimate| finite(estimate.candidate).is_none()) {
        return Ok(missing(gone));
    }
    let margin = |estimate: &Estimate| finite(estimate.margin).unwrap_or(0.0);
    let better = found.iter().find(|estimate| estimate.is_better() == Some(true));
    let worse = found.iter().find(|estimate| estimate.within(margin(estimate)) == Some(Interval::Fail));
    let none_better = all(found.iter().map(|estimate| estimate.is_better().map(|better| !better)));
    let none_worse = all(found.iter().map(|estimate| estimate.within(margin(estimate)).and_then(is_pass)));
    Ok(match (better, worse) {
        (Some(better), Some(worse)) => {
            CompositeOutcome::new(Verdict::Pass, &[], format!("{} is worse, and {}", loss(worse, margin(worse)), gain(better)))
        }
        (Some(better), None) => CompositeOutcome::new(Verdict::Pass, &[], gain(better)),
        (None, Some(worse)) if none_better == Some(true) => {
            let told = format!("{} is worse, and no other is shown to be better", loss(worse, margin(worse)));
            CompositeOutcome::new(Verdict::Fail, &["pareto-worse"], told)
        }
        (None, None) if none_worse == Some(true) => CompositeOutcome::new(Verdict::Pass, &[], "no metric is worse beyond its margin"),
        (None, _) => undecided("it cannot be told whether a metric is worse beyond its margin and none is better", &found),
    })
}

/// No loss passes; a loss passes when it is no more than `up_to` and the gain is at least `at_least`.
pub(super) fn trade((loss_in, up_to): (&str, f64), (gain_in, at_least): (&str, f64), estimates: &[Estimate]) -> Judged {
    let (loser, winner) = (resolve(estimates, &Name::all_rows(loss_in))?, resolve(estimates, &Name::all_rows(gain_in))?);
    if let Some(gone) = [loser, winner].into_iter().find(|estimate| finite(estimate.candidate).is_none()) {
        return Ok(missing(gone));
    }
    // Another rule may accept more than what is allowed here for nothing.
    let margin = finite(loser.margin).unwrap_or(0.0).min(up_to);
    let (kept, allowed, paid) = (loser.within(margin), loser.within(up_to), winner.gains(at_least));
    let (worst, least) = pair(winner.at_worst(), at_least);
    let price = format!("the improvement of {} is at worst {worst}, and must be at least {least}", winner.told());
    Ok(match (kept, allowed, paid) {
        (Some(Interval::Pass), _, _) => {
            CompositeOutcome::new(Verdict::Pass, &[], format!("{} has no loss that would have to be paid for", loser.told()))
        }
        (_, Some(Interval::Fail), _) => {
            CompositeOutcome::new(Verdict::Fail, &["trade-loss"], format!("{} is worse, whatever is gained", loss(loser, up_to)))
        }
        (_, Some(Interval::Pass), Some(true)) => {
            CompositeOutcome::new(Verdict::Pass, &[], format!("the loss of {} is no more than {}, and {price}", loser.told(), shown(up_to)))
        }
        (Some(Interval::Fail), _, Some(false)) => {
            let told = format!("{} is worse, and nothing pays for it: {price}", loss(loser, margin));
            CompositeOutcome::new(Verdict::Fail, &["trade-unpaid"], told)
        }
        _ => undecided(&format!("it cannot be told whether the loss of {} is paid for; {price}", loser.told()), &[loser, winner]),
    })
}

/// Lower is better, whatever the metric's own direction: a maximum, and an increase that must not exceed all limits given.
pub(super) fn budget(budget: &Budget, estimates: &[Estimate]) -> Judged {
    let found = resolve(estimates, &Name::all_rows(budget.metric.as_str()))?;
    let limits = Limits {
        max: budget.max,
        max_regression_abs: budget.max_increase_abs,
        max_regression_rel: budget.max_increase_rel,
        combine: Some(Combine::All),
        ..Limits::default()
    };
    let (verdict, reasons) = scalar_gate(found.baseline, found.candidate, Direction::Lower, &limits);
    let verdict = match verdict {
        ScalarVerdict::Pass => Verdict::Pass,
        ScalarVerdict::Fail => Verdict::Fail,
        ScalarVerdict::Inconclusive => Verdict::Inconclusive,
        ScalarVerdict::NoBaseline => Verdict::NoBaseline,
    };
    let Some(candidate) = finite(found.candidate) else {
        return Ok(CompositeOutcome { reasons: reasons.into_iter().map(str::to_owned).collect(), ..missing(found) });
    };
    let mut told = vec![match finite(found.baseline) {
        Some(baseline) => {
            let (old, new) = pair(Some(baseline), candidate);
            format!("{} went from {old} to {new}", found.told())
        }
        None => format!("{} is {}, and the base has no value to compare with", found.told(), shown(candidate)),
    }];
    if let Some(max) = budget.max {
        told.push(format!("at most {} is allowed", pair(Some(candidate), max).1));
    }
    let absolute = budget.max_increase_abs.map(shown);
    let relative = budget.max_increase_rel.map(|share| format!("{} %", shown(share * 100.0)));
    let increase: Vec<String> = absolute.into_iter().chain(relative).collect();
    if !increase.is_empty() {
        told.push(format!("an increase of {} is allowed", increase.join(" or ")));
    }
    if reasons.contains(&"relative-undefined") {
        told.push("a fraction of zero says nothing; add max_increase_abs".to_owned());
    }
    let measure = Measure { baseline: finite(found.baseline), candidate: Some(candidate), direction: Direction::Lower };
    Ok(CompositeOutcome { measure: Some(measure), ..CompositeOutcome::new(verdict, &reasons, told.join("; ")) })
}

/// A metric of a prepared form that the head does not have: the rule is the list of what must be there.
pub(super) fn missing(estimate: &Estimate) -> CompositeOutcome {
    let (reason, what) = match estimate.candidate {
        Some(_) => ("non-finite-candidate", "is not a finite number"),
        None => ("missing-candidate", "is missing"),
    };
    CompositeOutcome::new(Verdict::Fail, &[reason], format!("{} {what} at the head", estimate.told()))
}

fn undecided(told: &str, estimates: &[&Estimate]) -> CompositeOutcome {
    let unknown: Vec<String> =
        estimates.iter().filter(|estimate| estimate.quantity(Field::Improvement).is_none()).map(|estimate| estimate.told()).collect();
    let because = if unknown.is_empty() { String::new() } else { format!("; no change is known of {}", unknown.join(", ")) };
    let reasons: Vec<&str> = ["not-shown"].into_iter().chain(absences(estimates)).collect();
    CompositeOutcome::new(Verdict::Inconclusive, &reasons, format!("{told}{because}"))
}

pub(super) fn is_pass(verdict: Interval) -> Option<bool> {
    match verdict {
        Interval::Pass => Some(true),
        Interval::Fail => Some(false),
        Interval::Inconclusive => None,
    }
}

/// ``the loss of `f1` by 0.02 (at least 0.015), more than 0.01``, before `is worse`.
fn loss(estimate: &Estimate, margin: f64) -> String {
    let best = if estimate.is_noisy() { finite(estimate.upper) } else { finite(estimate.improvement) };
    let (loss, margin) = pair(best.map(|best| 0.0 - best), margin);
    let least = if estimate.is_noisy() { "at least " } else { "" };
    format!("{} with a loss of {least}{loss} (accepted: {margin})", estimate.told())
}

fn gain(estimate: &Estimate) -> String {
    let least = if estimate.is_noisy() { "at least " } else { "" };
    format!("{} is better by {least}{}", estimate.told(), estimate.at_worst().map_or_else(|| "nothing".to_owned(), shown))
}

fn shown(number: f64) -> String {
    significant(number, 5)
}

/// Two numbers with as many digits as it takes to see that they differ.
pub(super) fn pair(one: Option<f64>, two: f64) -> (String, String) {
    match one {
        Some(one) => shown_pair(&Value::Float(one), &Value::Float(two)),
        None => ("not known".to_owned(), shown(two)),
    }
}
