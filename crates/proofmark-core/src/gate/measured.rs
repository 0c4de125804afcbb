//! One rule on one metric with evidence: of a prediction table, or of repeated runs.

use super::assess::{self, Assessed};
use super::check::{empty, situation, unknown_direction};
use super::scalar::{ScalarVerdict, change, scalar_gate};
use super::{Evidence, Finding, Level, Verdict, effect_of, words};
use crate::config::{Combine, Effect, Limits, Procedure, Severity};
use crate::direction::{Direction, DirectionSource, Oriented};
use crate::evidence::{Measured, Sample, Why};
use crate::policy::{CompiledRule, Policy};
use crate::value::Value;

/// Judges `measured` by `rule`.
pub(super) fn judge(policy: &Policy, rule: &CompiledRule, measured: &Measured) -> Finding {
    let finding = start(policy, rule, measured);
    if let Some(finding) = without_value(policy, rule, measured, &finding) {
        return Finding { rule_line: rule.line, ..finding };
    }
    let finding = if is_small_slice(rule, measured) {
        small(rule, measured, Severity::Info, finding)
    } else {
        let bounds = Limits { min: rule.limits.min, max: rule.limits.max, ..Limits::default() };
        let (_, broken) = scalar_gate(None, measured.head, Direction::Higher, &bounds);
        let judged = with_value(policy, rule, measured, finding, &broken);
        if judged.verdict == Verdict::Pass { warned(rule, measured, judged) } else { judged }
    };
    Finding { rule_line: rule.line, ..finding }
}

/// What every finding about `measured` has.
fn start(policy: &Policy, rule: &CompiledRule, measured: &Measured) -> Finding {
    let level = if measured.table.is_some() { Level::Rows } else { Level::Runs };
    let evidence = Evidence::new(level, "none", measured.n_base as usize, measured.n_head as usize);
    Finding {
        rule: Some(rule.name()),
        table: measured.table.clone(),
        slice: measured.slice.clone(),
        against: measured.against.clone(),
        severity: rule.judging.severity_at.get(&level).copied().unwrap_or(rule.severity),
        oriented: orient(policy, rule, measured),
        baseline: measured.base.map(Value::Float),
        candidate: measured.head.map(Value::Float),
        limits: Some(rule.limits),
        warn: rule.warn,
        evidence: Some(evidence),
        ..empty(Some(measured.file.clone()), measured.metric.clone())
    }
}

/// The policy's word, then the metric's own definition, then its name.
fn orient(policy: &Policy, rule: &CompiledRule, measured: &Measured) -> Option<Oriented> {
    by_definition(policy.orient_for(rule, &measured.metric), measured)
}

/// The same where no rule is about the metric.
pub(super) fn orient_shown(policy: &Policy, measured: &Measured) -> Option<Oriented> {
    by_definition(policy.orient_alone(&measured.metric), measured)
}

fn by_definition(told: Option<Oriented>, measured: &Measured) -> Option<Oriented> {
    match measured.natural {
        Some(direction) if !told.is_some_and(|told| told.source == DirectionSource::Policy) => {
            Some(Oriented { direction, source: DirectionSource::Name })
        }
        _ => told,
    }
}

/// Too few rows in a part of the table: shown and not counted. What the base has decides, else a change could drop rows until
/// nobody judges them.
fn is_small_slice(rule: &CompiledRule, measured: &Measured) -> bool {
    let rows = if measured.n_base > 0 { measured.n_base } else { measured.n_head };
    !measured.slice.is_all() && is_under(rule, measured, rows)
}

fn is_under(rule: &CompiledRule, measured: &Measured, rows: u64) -> bool {
    measured.table.is_some() && rule.judging.min_rows.is_some_and(|least| rows < least)
}

fn small(rule: &CompiledRule, measured: &Measured, severity: Severity, finding: Finding) -> Finding {
    let least = rule.judging.min_rows.unwrap_or_default();
    let effect = effect_of(Verdict::Inconclusive, severity, Effect::Notice, rule.judging.inconclusive.effect());
    Finding {
        verdict: Verdict::Inconclusive,
        effect,
        severity,
        reasons: vec!["too-few-rows".to_owned()],
        explanation: format!("has {} rows, and the rule asks for at least {least}", measured.n_head),
        ..finding
    }
}

/// The head has no value that could be judged.
fn without_value(policy: &Policy, rule: &CompiledRule, measured: &Measured, finding: &Finding) -> Option<Finding> {
    let situations = &policy.situations;
    let finding = finding.clone();
    let told = |finding: Finding| match &measured.obstacle {
        Some(obstacle) if !obstacle.told.is_empty() => Finding { explanation: obstacle.told.clone(), ..finding },
        _ => finding,
    };
    let reason = measured.obstacle.as_ref().map(|obstacle| obstacle.reason);
    Some(match reason {
        Some(why @ (Why::MissingCandidate | Why::MissingSlice)) => told(situation(finding, why.name(), situations.missing)),
        Some(why @ Why::NonFiniteCandidate) => told(situation(finding, why.name(), situations.non_finite)),
        Some(why @ Why::UndefinedCandidate) if measured.base.is_some() => told(situation(finding, why.name(), situations.non_finite)),
        Some(why @ Why::UnreadableCandidate) => told(unjudged(finding, why, situations.unreadable_head)),
        Some(why @ Why::UnreadableBaseline) if measured.head.is_none() => told(unjudged(finding, why, situations.unreadable_base)),
        _ if measured.head.is_none() => {
            let why = reason.unwrap_or(Why::UndefinedCandidate);
            let effect = effect_of(Verdict::Inconclusive, finding.severity, Effect::Notice, rule.judging.inconclusive.effect());
            told(Finding { verdict: Verdict::Inconclusive, effect, reasons: vec![why.name().to_owned()], ..finding })
        }
        _ => return None,
    })
}

fn unjudged(finding: Finding, why: Why, effect: Effect) -> Finding {
    Finding {
        verdict: Verdict::Inconclusive,
        effect: effect_of(Verdict::Inconclusive, finding.severity, Effect::Notice, effect),
        reasons: vec![why.name().to_owned()],
        not_judged: true,
        ..finding
    }
}

/// The head has a value: bounds are judged in any case, the change where there is something to compare with.
fn with_value(policy: &Policy, rule: &CompiledRule, measured: &Measured, finding: Finding, broken: &[&'static str]) -> Finding {
    let limits_change = rule.limits.limit_change() || rule.warn.is_some_and(|warn| warn.limit_change());
    let moved = finding.oriented.map(|oriented| change(measured.base, measured.head, oriented.direction)).unwrap_or_default();
    let finding = Finding { improvement: finite(moved.improvement), relative: finite(moved.relative), ..finding };
    if !broken.is_empty() {
        let (verdict, effect) = violated(&finding);
        let reasons = broken.iter().map(|reason| (*reason).to_owned()).collect();
        return words::bounds(Finding { verdict, effect, reasons, ..finding }, &rule.limits);
    }
    if let (false, Some(obstacle)) = (limits_change, other_rows(measured)) {
        let (verdict, effect) = (Verdict::Inconclusive, policy.situations.other_rows.unwrap_or(rule.judging.inconclusive).effect());
        let effect = effect_of(verdict, finding.severity, Effect::Notice, effect);
        let explanation = format!("is within the bounds, and on other rows than at the base: {}", obstacle.told);
        return Finding { verdict, effect, reasons: vec![obstacle.reason.name().to_owned()], explanation, ..finding };
    }
    if !limits_change {
        let severity = finding.severity;
        let few = is_under(rule, measured, measured.n_head);
        return if few { small(rule, measured, severity, finding) } else { words::bounds(finding, &rule.limits) };
    }
    if let Some(obstacle) = measured.obstacle.as_ref() {
        let (verdict, effect) = match obstacle.reason {
            Why::NoBaseline | Why::NonFiniteBaseline | Why::UndefinedBaseline => {
                (Verdict::NoBaseline, effect_of(Verdict::NoBaseline, finding.severity, policy.situations.no_baseline, Effect::Notice))
            }
            Why::UnreadableBaseline => {
                return Finding {
                    explanation: obstacle.told.clone(),
                    ..unjudged(finding, obstacle.reason, policy.situations.unreadable_base)
                };
            }
            Why::DifferentTestSet | Why::UnpairedRows => {
                let when = policy.situations.other_rows.unwrap_or(rule.judging.inconclusive);
                (Verdict::Inconclusive, effect_of(Verdict::Inconclusive, finding.severity, Effect::Notice, when.effect()))
            }
            _ => (Verdict::Inconclusive, inconclusive(rule, &finding)),
        };
        let reasons = vec![obstacle.reason.name().to_owned()];
        return Finding { verdict, effect, reasons, explanation: obstacle.told.clone(), ..finding };
    }
    if is_under(rule, measured, measured.n_head.min(measured.n_base)) {
        let severity = finding.severity;
        return small(rule, measured, severity, finding);
    }
    let Some(oriented) = finding.oriented else {
        return unknown_direction(finding, policy.is_neutral(&measured.metric));
    };
    let sample = measured.sample.as_ref().filter(|_| rule.judging.procedure != Procedure::Scalar);
    let Some(sample) = sample else { return by_numbers(policy, rule, measured, finding, oriented.direction) };
    by_sample(rule, measured, finding, oriented.direction, sample)
}

/// The two sides have other rows, which only the change can have brought about.
fn other_rows(measured: &Measured) -> Option<&crate::evidence::Obstacle> {
    measured.obstacle.as_ref().filter(|obstacle| matches!(obstacle.reason, Why::DifferentTestSet | Why::UnpairedRows))
}

/// Two values and nothing about their noise.
fn by_numbers(policy: &Policy, rule: &CompiledRule, measured: &Measured, finding: Finding, direction: Direction) -> Finding {
    let (verdict, reasons) = scalar_gate(measured.base, measured.head, direction, &rule.limits);
    let (verdict, effect) = match verdict {
        ScalarVerdict::Fail => violated(&finding),
        ScalarVerdict::Pass => (Verdict::Pass, Effect::Allow),
        ScalarVerdict::Inconclusive => (Verdict::Inconclusive, inconclusive(rule, &finding)),
        ScalarVerdict::NoBaseline => {
            (Verdict::NoBaseline, effect_of(Verdict::NoBaseline, finding.severity, policy.situations.no_baseline, Effect::Notice))
        }
    };
    let mut evidence = Evidence::point(measured.base.is_some(), measured.head.is_some());
    let told = if rule.judging.procedure == Procedure::Scalar { "the rule asks for it" } else { "there is nothing about noise" };
    evidence.why = Some(told.to_owned());
    let reasons = reasons.into_iter().map(str::to_owned).collect();
    words::scalar(Finding { verdict, effect, reasons, evidence: Some(evidence), ..finding }, &rule.limits)
}

fn by_sample(rule: &CompiledRule, measured: &Measured, finding: Finding, direction: Direction, sample: &Sample) -> Finding {
    let base = measured.base;
    let hard = margin(&rule.limits, base);
    let asked = match (hard, rule.limits.limit_change()) {
        (Some(margin), _) => Some(margin),
        (None, false) => rule.warn.as_ref().and_then(|warn| margin(warn, base)),
        (None, true) => None,
    };
    let name = measured.metric.as_str();
    let Some(asked) = asked else {
        // A relative limit on a baseline of zero: no loss never violates, anything else cannot be told.
        let assessed = assess::assess(name, sample, direction, 0.0, &rule.judging);
        let no_loss = finding.improvement.is_some_and(|improvement| improvement >= 0.0);
        let (verdict, effect) =
            if no_loss { (Verdict::Pass, Effect::Allow) } else { (Verdict::Inconclusive, inconclusive(rule, &finding)) };
        let finding = Finding { verdict, effect, evidence: Some(assessed.evidence), ..finding };
        if no_loss {
            return words::noise(finding, &rule.judging);
        }
        return words::bounds(Finding { reasons: vec!["relative-undefined".to_owned()], ..finding }, &rule.limits);
    };
    let assessed = assess::assess(name, sample, direction, asked, &rule.judging);
    let mut finding = conclude(rule, finding, assessed, rule.limits.limit_change(), measured.unmatched);
    if finding.verdict == Verdict::Pass
        && let Some(soft) = rule.warn.as_ref().and_then(|warn| margin(warn, base))
    {
        let stricter = assess::assess(name, sample, direction, soft, &rule.judging);
        // A tighter margin is seldom ruled out, so only what is surely beyond it is worth a notice.
        if stricter.verdict == proofmark_stats::Verdict::Fail {
            finding = Finding { verdict: Verdict::Warn, effect: notice(&finding), reasons: vec!["regression".to_owned()], ..finding };
            finding.evidence = Some(stricter.evidence);
        }
    }
    if finding.not_judged { finding } else { words::noise(finding, &rule.judging) }
}

/// The verdict of a procedure, with the effect that the policy gives it.
fn conclude(rule: &CompiledRule, finding: Finding, assessed: Assessed, hard: bool, unmatched: u64) -> Finding {
    let Assessed { verdict, mut reasons, mut evidence, notable } = assessed;
    if unmatched > 0 {
        evidence.shown.push(super::Shown { name: "unmatched".to_owned(), value: unmatched as f64 });
    }
    if reasons.contains(&"procedure-unavailable") {
        return unavailable(finding, evidence);
    }
    // The runs that are gone may be those that went badly.
    let notable = notable || (unmatched > 0 && evidence.level == Level::Runs);
    if unmatched > 0 && evidence.level == Level::Runs {
        reasons.push("missing-runs");
    }
    let (verdict, effect) = match verdict {
        proofmark_stats::Verdict::Pass if notable => (Verdict::Warn, notice(&finding)),
        proofmark_stats::Verdict::Pass => (Verdict::Pass, Effect::Allow),
        proofmark_stats::Verdict::Fail if hard => {
            reasons.insert(0, "regression");
            violated(&finding)
        }
        proofmark_stats::Verdict::Fail => {
            reasons.insert(0, "regression");
            (Verdict::Warn, notice(&finding))
        }
        // Without a hard limit there is nothing that could not be told.
        proofmark_stats::Verdict::Inconclusive if !hard => (Verdict::Pass, Effect::Allow),
        proofmark_stats::Verdict::Inconclusive => {
            if reasons.is_empty() {
                reasons.push("too-little-evidence");
            }
            (Verdict::Inconclusive, inconclusive(rule, &finding))
        }
    };
    let mut reasons: Vec<String> = reasons.into_iter().map(str::to_owned).collect();
    add_rerun(rule, verdict, &mut reasons);
    let improvement = evidence.improvement.or(finding.improvement);
    Finding { verdict, effect, reasons, improvement, evidence: Some(evidence), ..finding }
}

/// What the rule insists on cannot be done with what is there: a mistake of the policy.
fn unavailable(finding: Finding, evidence: Evidence) -> Finding {
    Finding {
        verdict: Verdict::Inconclusive,
        effect: effect_of(Verdict::Inconclusive, finding.severity, Effect::Block, Effect::Block),
        reasons: vec!["procedure-unavailable".to_owned()],
        explanation: evidence.why.clone().unwrap_or_default(),
        hint: Some("take `procedure` away, or give the evidence that it needs".to_owned()),
        not_judged: true,
        evidence: Some(evidence),
        ..finding
    }
}

/// Whoever runs the pipeline reads from this word that more data is wanted.
fn add_rerun(rule: &CompiledRule, verdict: Verdict, reasons: &mut Vec<String>) {
    if verdict == Verdict::Inconclusive && rule.judging.inconclusive == crate::config::WhenInconclusive::Rerun {
        reasons.push("rerun".to_owned());
    }
}

/// Warn limits that are bounds.
fn warned(rule: &CompiledRule, measured: &Measured, finding: Finding) -> Finding {
    let Some(warn) = &rule.warn else { return finding };
    let bounds = Limits { min: warn.min, max: warn.max, ..Limits::default() };
    let (_, reasons) = scalar_gate(None, measured.head, Direction::Higher, &bounds);
    if reasons.is_empty() {
        return finding;
    }
    let reasons = reasons.into_iter().map(str::to_owned).collect();
    words::bounds(Finding { verdict: Verdict::Warn, effect: notice(&finding), reasons, ..finding }, warn)
}

/// A violated rule, by its severity.
pub(super) fn violated(finding: &Finding) -> (Verdict, Effect) {
    let verdict = if finding.severity == Severity::Warn { Verdict::Warn } else { Verdict::Fail };
    (verdict, effect_of(verdict, finding.severity, Effect::Notice, Effect::Notice))
}

pub(super) fn inconclusive(rule: &CompiledRule, finding: &Finding) -> Effect {
    effect_of(Verdict::Inconclusive, finding.severity, Effect::Notice, rule.judging.inconclusive.effect())
}

fn notice(finding: &Finding) -> Effect {
    effect_of(Verdict::Warn, finding.severity, Effect::Notice, Effect::Notice)
}

/// The accepted loss in the metric's unit: of two limits the smaller one, or the larger one where only exceeding both counts.
/// A relative limit on a baseline of zero is none.
pub(super) fn margin(limits: &Limits, base: Option<f64>) -> Option<f64> {
    let relative = limits.max_regression_rel.zip(base.filter(|base| *base != 0.0)).map(|(share, base)| share * base.abs());
    let both = [limits.max_regression_abs, relative];
    let evaluable = both.into_iter().flatten().filter(|margin| margin.is_finite());
    match limits.combine.unwrap_or_default() {
        Combine::Any => evaluable.reduce(f64::min),
        Combine::All => evaluable.reduce(f64::max),
    }
}

/// Beyond doubles there is no number to show, and JSON has none.
pub(super) fn finite(number: Option<f64>) -> Option<f64> {
    number.filter(|number| number.is_finite())
}
