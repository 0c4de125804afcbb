//! Rules over several metrics: gathers what is known of each, and makes findings of what the rules say.

use std::collections::BTreeSet;

use super::proof::Level;
use super::{Finding, Verdict, assess, check, effect_of, measured};
use crate::compare::{Comparison, Delta};
use crate::composite::{CompositeRule, Estimate, Wanted};
use crate::config::{Effect, Severity};
use crate::direction::{Direction, DirectionSource, Oriented};
use crate::evidence::{Measured, Obstacle, Slice, Why};
use crate::key::Key;
use crate::policy::{Judging, Policy};
use crate::value::Value;

use super::scalar::change;

/// Judges every composite rule. `findings` are those of the other rules, whose evidence is used where it is there.
pub(super) fn judge(comparison: &Comparison, policy: &Policy, findings: &[Finding]) -> Vec<Finding> {
    policy.composites.iter().map(|rule| finding(comparison, policy, rule, findings)).collect()
}

fn finding(comparison: &Comparison, policy: &Policy, rule: &CompositeRule, findings: &[Finding]) -> Finding {
    let base = Finding {
        rule: Some(rule.name.clone()),
        rule_line: rule.line,
        severity: rule.severity,
        ..check::empty(None, Key::from_canonical(rule.name.clone()))
    };
    let estimates = estimates(comparison, policy, rule, findings);
    let unjudged = |reason: &str, explanation: String, hint: String| Finding {
        verdict: Verdict::Inconclusive,
        effect: effect_of(Verdict::Inconclusive, rule.severity, Effect::Block, Effect::Block),
        reasons: vec![reason.to_owned()],
        explanation,
        hint: Some(hint),
        not_judged: true,
        ..base.clone()
    };
    if let Some(estimate) = undirected(rule, &estimates) {
        let (metric, hint) =
            (&estimate.metric, format!("add to the policy: [directions] \"{}\" = \"higher\" (or \"lower\")", estimate.metric));
        return unjudged(
            "direction-unknown",
            format!("the rule is about changes of `{metric}`, and nobody said which way is better"),
            hint,
        );
    }
    // A table that cannot be read, or lacks a column.
    let is_unread = |why| matches!(why, Why::UnreadableCandidate | Why::UnreadableBaseline | Why::MissingCandidate);
    if let Some(found) = obstacle(comparison, rule, is_unread) {
        return unjudged(found.reason.name(), found.told.clone(), "see what the table's own checks say, or its declaration".to_owned());
    }
    let outcome = match rule.evaluate(&estimates, policy.situations.alpha) {
        Ok(outcome) => outcome,
        Err(error) => return unjudged("unknown-name", error.to_string(), error.hint()),
    };
    let lost = lost(rule, &estimates);
    if let Some(told) = lost.filter(|_| outcome.verdict != Verdict::Fail) {
        let severity = rule.severity;
        let verdict = if severity == Severity::Warn { Verdict::Warn } else { Verdict::Fail };
        let effect = effect_of(verdict, severity, Effect::Notice, Effect::Notice);
        return Finding { verdict, effect, reasons: vec!["missing-candidate".to_owned()], explanation: told, ..base };
    }
    let other_rows = obstacle(comparison, rule, |why| matches!(why, Why::DifferentTestSet | Why::UnpairedRows));
    if let (Some(found), Verdict::Pass | Verdict::NoBaseline) = (other_rows, outcome.verdict) {
        let when = policy.situations.other_rows.unwrap_or(policy.situations.inconclusive);
        let effect = effect_of(Verdict::Inconclusive, rule.severity, Effect::Notice, when.effect());
        let explanation = format!("{}, on other rows than at the base: {}", outcome.explanation, found.told);
        return Finding { verdict: Verdict::Inconclusive, effect, reasons: vec![found.reason.name().to_owned()], explanation, ..base };
    }
    let when = policy.situations.inconclusive.effect();
    let effect = effect_of(outcome.verdict, rule.severity, policy.situations.no_baseline, when);
    let slice = outcome.worst.as_ref().map_or_else(Slice::all, |(_, slice)| slice.clone());
    let explanation = match outcome.worst {
        Some((metric, _)) if !slice.is_all() => format!("`{metric}` of {slice}: {}", outcome.explanation),
        _ => outcome.explanation,
    };
    let measure = outcome.measure;
    let moved = measure.map(|measure| change(measure.baseline, measure.candidate, measure.direction)).unwrap_or_default();
    Finding {
        verdict: outcome.verdict,
        effect,
        reasons: outcome.reasons,
        explanation,
        baseline: measure.and_then(|measure| measure.baseline).map(Value::Float),
        candidate: measure.and_then(|measure| measure.candidate).map(Value::Float),
        oriented: measure.map(|measure| Oriented { direction: measure.direction, source: DirectionSource::Policy }),
        improvement: moved.improvement.filter(|number| number.is_finite()),
        relative: moved.relative.filter(|number| number.is_finite()),
        evidence: measure.map(|measure| super::Evidence::point(measure.baseline.is_some(), measure.candidate.is_some())),
        ..base
    }
}

/// A metric that the rule is about and that the head has lost must not make the rule undecided, which may be allowed.
fn lost(rule: &CompositeRule, estimates: &[Estimate]) -> Option<String> {
    let wanted = rule.names();
    let finite = |value: Option<f64>| value.is_some_and(f64::is_finite);
    let gone = |estimate: &&Estimate| {
        !finite(estimate.candidate)
            && (estimate.candidate.is_some() || estimate.baseline.is_some())
            && wanted.iter().any(|wanted| is_wanted(wanted, estimate))
    };
    let lost = estimates.iter().find(gone)?;
    let of = if lost.slice.is_all() { String::new() } else { format!(" of {}", lost.slice) };
    Some(match lost.candidate {
        Some(value) => format!("`{}`{of} is {} at the head", lost.metric, Value::Float(value)),
        None => format!("`{}`{of} has a value at the base and none at the head", lost.metric),
    })
}

/// What is in the way of a metric that the rule is about, if it is of this kind.
fn obstacle<'a>(comparison: &'a Comparison, rule: &CompositeRule, is_meant: impl Fn(Why) -> bool) -> Option<&'a Obstacle> {
    let wanted = rule.names();
    let is_about = |measured: &&Measured| {
        let estimate = Estimate { table: measured.table.clone(), ..Estimate::new(measured.metric.clone()) };
        let of_table = |wanted: &Wanted| wanted.table.is_none() || wanted.table == measured.table;
        measured.against.is_none() && wanted.iter().any(|wanted| of_table(wanted) && has_name(wanted, &estimate))
    };
    let found = comparison.measured.iter().filter(is_about).filter_map(|measured| measured.obstacle.as_ref());
    found.into_iter().find(|obstacle| is_meant(obstacle.reason))
}

/// A metric of which the rule must know which way is better, and nobody said.
fn undirected<'a>(rule: &CompositeRule, estimates: &'a [Estimate]) -> Option<&'a Estimate> {
    let wanted = rule.names();
    let asks = |estimate: &Estimate| wanted.iter().any(|wanted| wanted.needs_direction && is_wanted(wanted, estimate));
    estimates.iter().find(|estimate| estimate.oriented.is_none() && estimate.candidate.or(estimate.baseline).is_some() && asks(estimate))
}

/// Whether an estimate is one that the rule asks for, with its table or file before the name or without.
fn is_wanted(wanted: &Wanted, estimate: &Estimate) -> bool {
    let rows = match &wanted.rows {
        crate::composite::Rows::Of(slice) => *slice == estimate.slice,
        crate::composite::Rows::By(ways) => {
            let columns: BTreeSet<&str> = estimate.slice.parts().map(|(column, _)| column).collect();
            ways.iter().any(|way| way.iter().map(String::as_str).collect::<BTreeSet<_>>() == columns)
        }
    };
    let of_table = wanted.table.is_none() || wanted.table == estimate.table;
    rows && of_table && has_name(wanted, estimate)
}

fn has_name(wanted: &Wanted, estimate: &Estimate) -> bool {
    let name = estimate.metric.as_str();
    let place = estimate.table.as_deref().or(estimate.file.as_ref().map(crate::path::RepoPath::as_str)).unwrap_or_default();
    let qualified = || wanted.metric.strip_suffix(name).and_then(|before| before.strip_suffix(':'));
    wanted.metric == name || qualified() == Some(place)
}

/// What is known of every metric, with limits for those that the rule is about.
fn estimates(comparison: &Comparison, policy: &Policy, rule: &CompositeRule, findings: &[Finding]) -> Vec<Estimate> {
    let wanted = rule.names();
    let runs = findings
        .iter()
        .filter(|finding| finding.against.is_none() && finding.table.is_none())
        .filter(|finding| finding.evidence.as_ref().is_some_and(|evidence| evidence.level == Level::Runs));
    let of_runs: Vec<Estimate> = runs.map(of_finding).collect();
    let is_known = |row: &Delta| of_runs.iter().any(|known| known.metric == row.key && known.file.as_ref() == Some(&row.file));
    // `test:f1` is the table's, whatever key a metrics file of the head may have.
    let of_table = |row: &Delta| {
        policy.tables.iter().any(|table| row.key.as_str().strip_prefix(&table.name).is_some_and(|rest| rest.starts_with(':')))
    };
    let rows = comparison.metrics.iter().filter(|row| !row.whole_file && !is_known(row) && !of_table(row));
    let rows = rows.filter_map(|row| of_row(policy, row));
    let tables = comparison.measured.iter().filter(|measured| measured.against.is_none());
    let of_tables = tables.map(|measured| of_measured(policy, measured, &wanted, findings));
    let mut all: Vec<Estimate> = rows.chain(of_tables).chain(of_runs.iter().cloned()).collect();
    // A metric that a rule declares and that is nowhere has no values; its name is no mistake.
    for declared in policy.rules.iter().filter(|declared| declared.metric.is_literal()) {
        let metric = Key::from_canonical(declared.metric.as_str());
        let is_there = |estimate: &Estimate| estimate.metric == metric && (declared.table.is_none() || estimate.table == declared.table);
        if !all.iter().any(is_there) {
            all.push(Estimate { table: declared.table.clone(), ..Estimate::new(metric) });
        }
    }
    all
}

fn of_row(policy: &Policy, row: &Delta) -> Option<Estimate> {
    let number = |value: &Option<Value>| value.as_ref().and_then(Value::as_f64);
    let (baseline, candidate) = (number(&row.base), number(&row.head));
    if baseline.is_none() && candidate.is_none() {
        return None;
    }
    let oriented = policy.orient(&row.file, &row.key).map(|oriented| oriented.direction);
    let estimate = Estimate { file: Some(row.file.clone()), n: 1, ..Estimate::new(row.key.clone()) };
    Some(with_values(estimate, oriented, baseline, candidate))
}

fn with_values(estimate: Estimate, oriented: Option<Direction>, baseline: Option<f64>, candidate: Option<f64>) -> Estimate {
    let moved = oriented.map(|direction| change(baseline, candidate, direction)).unwrap_or_default();
    Estimate { oriented, baseline, candidate, improvement: moved.improvement, relative: moved.relative, ..estimate }
}

fn of_measured(policy: &Policy, measured: &Measured, wanted: &[Wanted], findings: &[Finding]) -> Estimate {
    let judged = findings.iter().find(|finding| {
        finding.against.is_none() && finding.table == measured.table && finding.metric == measured.metric && finding.slice == measured.slice
    });
    let oriented = judged.and_then(|finding| finding.oriented).or_else(|| measured::orient_shown(policy, measured));
    let direction = oriented.map(|oriented| oriented.direction);
    let estimate = Estimate {
        file: Some(measured.file.clone()),
        table: measured.table.clone(),
        slice: measured.slice.clone(),
        // What the base has decides, else a change could drop rows until nobody judges them.
        n: if measured.n_base > 0 { measured.n_base } else { measured.n_head },
        ..Estimate::new(measured.metric.clone())
    };
    // Values of other rows say nothing about a change.
    let base = measured.base.filter(|_| measured.obstacle.is_none() || measured.head.is_none());
    let estimate = with_values(estimate, direction, base, measured.head);
    let asked = wanted.iter().find(|wanted| is_wanted(wanted, &estimate));
    let (Some(asked), Some(direction), Some(sample)) = (asked, direction, &measured.sample) else { return estimate };
    let evidence = judged.and_then(|finding| finding.evidence.as_ref());
    let margin = asked.margin.or(evidence.and_then(|evidence| evidence.margin)).unwrap_or(0.0);
    let judging = Judging::shown(&policy.situations);
    let assessed = assess::assess(measured.metric.as_str(), sample, direction, margin, &judging).evidence;
    Estimate {
        improvement: assessed.improvement.or(estimate.improvement),
        lower: assessed.lower,
        upper: assessed.upper,
        p_inferior: assessed.p_inferior,
        margin: Some(margin),
        ..estimate
    }
}

fn of_finding(finding: &Finding) -> Estimate {
    let number = |value: &Option<Value>| value.as_ref().and_then(Value::as_f64);
    let evidence = finding.evidence.as_ref();
    let estimate = Estimate {
        file: finding.file.clone(),
        n: evidence.map_or(0, |evidence| evidence.n_base.min(evidence.n_head) as u64),
        lower: evidence.and_then(|evidence| evidence.lower),
        upper: evidence.and_then(|evidence| evidence.upper),
        margin: evidence.and_then(|evidence| evidence.margin),
        p_inferior: evidence.and_then(|evidence| evidence.p_inferior),
        ..Estimate::new(finding.metric.clone())
    };
    with_values(estimate, finding.oriented.map(|oriented| oriented.direction), number(&finding.baseline), number(&finding.candidate))
}
