//! Comparisons with something else than the base: a named commit, the best value that passed, the recorded history.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use proofmark_stats::interval_verdict;
use proofmark_stats::prediction_limit::{NoLimit, PredictionLimit, prediction_limit_t};
use proofmark_stats::sample::mean;

use super::measured::{inconclusive, margin, violated};
use super::proof::{Evidence, Level};
use super::{Finding, Verdict, assess, check, effect_of, runs, words};
use crate::compare::{Comparison, Delta};
use crate::config::{Effect, Limits};
use crate::direction::Direction;
use crate::evidence::Measured;
use crate::policy::{CompiledRule, Policy};
use crate::reference::{Place, Reference};
use crate::value::Value;

/// The rule's own baseline where it is the recorded history.
pub const WINDOW: &str = "window";
/// The best value that passed, of the recorded history.
pub const BEST: &str = "best";

/// Which metrics rules want compared with what, by name: entries of `[baselines]`, `best` and `window`.
pub fn wanted(comparison: &Comparison, policy: &Policy) -> BTreeMap<String, BTreeSet<Place>> {
    let mut wanted: BTreeMap<String, BTreeSet<Place>> = BTreeMap::new();
    for rule in &policy.rules {
        for name in rule.baseline.iter().chain(rule.anchor.as_ref().map(|(name, _)| name)) {
            let places = wanted.entry(name.clone()).or_default();
            if rule.is_of_table() {
                let rows = comparison.measured.iter().filter(|measured| measured.against.is_none() && rule.covers_measured(measured));
                places.extend(rows.map(Place::of_measured));
            } else {
                let rows = comparison.metrics.iter().filter(|row| rule.covers_row(row));
                places.extend(rows.filter(|row| rule.covers_key(&row.key) || check::is_run_of(rule, policy, row)).map(Place::of_row));
                let groups = runs::groups(&comparison.metrics, &runs::repeated(comparison, None), policy, rule);
                places.extend(groups.iter().filter(|group| group.judged).map(|group| Place::of_measured(&group.measured)));
            }
        }
    }
    wanted
}

/// Puts the best recorded values beside the head's. `best` gives the best of a metric, by which way is better.
pub fn add_best(comparison: &mut Comparison, policy: &Policy, places: &BTreeSet<Place>, best: &dyn Fn(&Place, Direction) -> Option<f64>) {
    let mut reference = Reference::new(BEST, "");
    let mut measured = Vec::new();
    for place in places {
        let told = policy.orient(&place.file, &place.metric).map(|oriented| oriented.direction);
        if let Some(row) = comparison.metrics.iter().find(|row| Place::of_row(row) == *place) {
            let base = told.and_then(|direction| best(place, direction)).map(Value::Float);
            reference.metrics.push(Delta { base, base_problem: None, delta: None, relative: None, ..row.clone() });
        } else if let Some(now) = comparison.measured.iter().find(|now| now.against.is_none() && Place::of_measured(now) == *place) {
            let base = told.or(now.natural).and_then(|direction| best(place, direction));
            // A missing head is missing whatever it is compared with.
            let obstacle = now.obstacle.clone().filter(|_| now.head.is_none());
            let n_base = if base.is_some() { now.n_head } else { 0 };
            measured.push(Measured { base, against: Some(BEST.to_owned()), sample: None, obstacle, n_base, ..now.clone() });
        }
    }
    comparison.measured.extend(measured);
    comparison.references.push(reference);
}

/// Whether anybody looked for what a rule compares with.
pub(super) fn is_known(comparison: &Comparison, name: &str) -> bool {
    name == WINDOW || comparison.references.iter().any(|reference| reference.name == name)
}

/// What a rule with this baseline looks at: the rows since that commit, or rows without a base where there is none.
pub(super) fn rows<'a>(comparison: &'a Comparison, name: Option<&str>) -> Cow<'a, [Delta]> {
    let Some(name) = name.filter(|name| *name != WINDOW) else { return Cow::Borrowed(&comparison.metrics) };
    match comparison.references.iter().find(|reference| reference.name == name) {
        Some(reference) if reference.problem.is_none() => Cow::Borrowed(&reference.metrics),
        _ => {
            let alone = |row: &Delta| Delta { base: None, base_problem: None, delta: None, relative: None, ..row.clone() };
            Cow::Owned(comparison.metrics.iter().filter(|row| row.head.is_some()).map(alone).collect())
        }
    }
}

/// Says with what the head was compared.
pub(super) fn named(finding: Finding, comparison: &Comparison, policy: &Policy, name: &str) -> Finding {
    let reference = comparison.references.iter().find(|reference| reference.name == name);
    let title = reference.map_or_else(|| name.to_owned(), |reference| reference.title());
    let problem = match reference {
        None => Some("it was not looked up"),
        Some(reference) => reference.problem.as_deref(),
    };
    if finding.verdict == Verdict::NoBaseline && reference.is_some_and(|reference| reference.unreadable) {
        return unreadable(finding, policy, name, &title, problem.unwrap_or_default());
    }
    let explanation = match (finding.verdict, problem) {
        (Verdict::NoBaseline, Some(problem)) => format!("cannot be compared with {title}: {problem}"),
        (Verdict::NoBaseline, None) => format!("{title} has no value of this metric to compare with"),
        _ => format!("against {title}: {}", finding.explanation),
    };
    Finding { against: Some(name.to_owned()), explanation, ..finding }
}

/// What a rule compares with is there, or may be: that it cannot be had opens no gate.
fn unreadable(finding: Finding, policy: &Policy, name: &str, title: &str, problem: &str) -> Finding {
    let effect = policy.situations.unreadable_base;
    Finding {
        against: Some(name.to_owned()),
        verdict: Verdict::Inconclusive,
        effect: effect_of(Verdict::Inconclusive, finding.severity, effect, effect),
        reasons: vec!["unreadable-baseline".to_owned()],
        explanation: format!("cannot be compared with {title}: {problem}"),
        not_judged: true,
        ..finding
    }
}

/// The same rule with the anchor's budget as its only limit.
pub(super) fn anchor_rule(rule: &CompiledRule, name: &str, budget: f64) -> CompiledRule {
    let limits = Limits { max_regression_abs: Some(budget), ..Limits::default() };
    CompiledRule { limits, warn: None, baseline: Some(name.to_owned()), anchor: None, ..rule.clone() }
}

/// The same rule without limits on a change: bounds are judged whatever the head is compared with.
pub(super) fn bounds_of(rule: &CompiledRule) -> CompiledRule {
    let bounds = |limits: Limits| Limits { min: limits.min, max: limits.max, ..Limits::default() };
    CompiledRule { limits: bounds(rule.limits), warn: rule.warn.map(bounds), ..rule.clone() }
}

/// The head's value whatever the base has: the history is another comparison.
pub(super) fn alone(measured: &Measured) -> Measured {
    Measured { obstacle: measured.obstacle.clone().filter(|_| measured.head.is_none()), ..measured.clone() }
}

/// The new value beside what is usual for the branch. With a limit as well, failing needs both: unusual, and worse than
/// accepted. `bounds` is the finding of [`bounds_of`] the rule.
pub(super) fn history(comparison: &Comparison, policy: &Policy, rule: &CompiledRule, place: &Place, bounds: Finding) -> Finding {
    let head = bounds.candidate.as_ref().and_then(Value::as_f64);
    let severity = rule.judging.severity_at.get(&Level::History).copied().unwrap_or(rule.severity);
    let finding = Finding { against: Some(WINDOW.to_owned()), baseline: None, limits: Some(rule.limits), warn: rule.warn, ..bounds };
    let (Some(head), Verdict::Pass) = (head, finding.verdict) else { return finding };
    let finding = Finding { severity, ..finding };
    if finding.oriented.is_none() {
        return check::unknown_direction(finding, policy.is_neutral(&place.metric));
    }
    let Some(series) = comparison.history.iter().find(|series| series.place == *place) else {
        return check::not_measured(rule, WINDOW);
    };
    let values = series.values.as_slice();
    let mut evidence = Evidence::new(Level::History, "prediction_limit_t", values.len(), 1);
    evidence.why = Some("the rule compares with the recorded history".to_owned());
    evidence.alpha = Some(rule.judging.alpha);
    let finding = Finding { evidence: Some(evidence), ..finding };
    if values.is_empty() {
        let effect = effect_of(Verdict::NoBaseline, severity, policy.situations.no_baseline, Effect::Notice);
        let explanation = "no value of this metric is recorded for the branch".to_owned();
        let hint = Some("`proofmark record` after each merge records them; CI fetches them with `--fetch`".to_owned());
        return Finding { verdict: Verdict::NoBaseline, effect, reasons: vec!["no-baseline".to_owned()], explanation, hint, ..finding };
    }
    let unsure = |finding: Finding, reason: &str, explanation: String| {
        let effect = inconclusive(rule, &finding);
        Finding { verdict: Verdict::Inconclusive, effect, reasons: vec![reason.to_owned()], explanation, ..finding }
    };
    let least = policy.history.min.max(2);
    if values.len() < least {
        return unsure(
            finding,
            "too-few-values",
            format!("{} values are recorded, and {least} are needed to know what is usual", values.len()),
        );
    }
    let limit = prediction_limit_t(values, head, rule.judging.alpha, rule.judging.log);
    match (limit.no_limit, mean(values)) {
        (None, Some(mean)) => beside(rule, finding, head, mean, &limit),
        (Some(NoLimit::NonPositive), _) => {
            unsure(finding, "non-positive", "the rule asks for logarithms, and a value is not above zero".to_owned())
        }
        _ => unsure(finding, "no-limit", "the recorded values have no spread that could be told".to_owned()),
    }
}

fn beside(rule: &CompiledRule, finding: Finding, head: f64, mean: f64, limit: &PredictionLimit) -> Finding {
    let direction = finding.oriented.map_or(proofmark_stats::Direction::Higher, |oriented| assess::direction(oriented.direction));
    // Both limits are numbers here: the caller has asked.
    let unusual = limit.is_unusually_bad(head, direction).unwrap_or(true);
    let improvement = direction.improvement(head - mean);
    let accepted = margin(&rule.limits, Some(mean));
    let beyond = accepted.is_none_or(|margin| interval_verdict(improvement, improvement, margin) == proofmark_stats::Verdict::Fail);
    let (verdict, effect, reasons) = match (unusual, beyond) {
        (true, true) => {
            let (verdict, effect) = violated(&finding);
            (verdict, effect, vec!["regression", "unusual"])
        }
        (false, true) if accepted.is_some() => (Verdict::Inconclusive, inconclusive(rule, &finding), vec!["within-noise"]),
        _ => (Verdict::Pass, Effect::Allow, Vec::new()),
    };
    let evidence = finding.evidence.clone().map(|evidence| Evidence {
        improvement: Some(improvement),
        margin: accepted,
        se: limit.scale,
        df: Some(limit.n.saturating_sub(1) as f64),
        p_inferior: match direction {
            proofmark_stats::Direction::Higher => limit.p_lower_tail,
            proofmark_stats::Direction::Lower => limit.p_upper_tail,
        },
        ..evidence
    });
    let finding = Finding {
        verdict,
        effect,
        reasons: reasons.into_iter().map(str::to_owned).collect(),
        baseline: Some(Value::Float(mean)),
        improvement: Some(improvement),
        evidence,
        ..finding
    };
    words::history(finding, limit.lower.unwrap_or(mean), limit.upper.unwrap_or(mean), limit.n)
}
