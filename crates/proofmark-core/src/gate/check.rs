//! One rule on every metric that it covers.

use std::collections::BTreeSet;

use super::against::{self, WINDOW};
use super::scalar::{ScalarVerdict, change, scalar_gate};
use super::{Evidence, Finding, Level, Verdict, effect_of, explain, measured, runs};
use crate::compare::{Comparison, Delta, Status};
use crate::config::{Effect, Limits, Severity, nearest};
use crate::direction::{Direction, Oriented};
use crate::evidence::{Measured, Slice};
use crate::key::Key;
use crate::path::RepoPath;
use crate::policy::{CompiledRule, Policy, is_sure};
use crate::problem::{Problem, ProblemKind};
use crate::reference::Place;
use crate::value::Value;

/// Judges everything that `rule` covers and marks it in `covered`, which runs beside the comparison's metrics.
pub(super) fn rule(comparison: &Comparison, policy: &Policy, rule: &CompiledRule, covered: &mut [bool], findings: &mut Vec<Finding>) {
    let before = findings.len();
    if rule.is_of_table() {
        of_table(comparison, policy, rule, findings);
    } else {
        let skipped = of_files(comparison, policy, rule, covered, findings);
        let demands_a_match = !rule.built_in && (rule.metric.is_literal() || skipped == 0);
        if findings.len() == before && demands_a_match {
            findings.push(Finding { rule_line: rule.line, ..unmatched(comparison, policy, rule) });
        }
    }
    if let Some((name, budget)) = &rule.anchor {
        let anchored = against::anchor_rule(rule, name, *budget);
        let mut unseen = vec![false; comparison.metrics.len()];
        self::rule(comparison, policy, &anchored, &mut unseen, findings);
    }
}

/// Judges single values and repeated runs of metrics files. Says how many values the rule is not about after all.
fn of_files(comparison: &Comparison, policy: &Policy, rule: &CompiledRule, covered: &mut [bool], findings: &mut Vec<Finding>) -> usize {
    let name = rule.baseline.as_deref();
    if let Some(name) = name.filter(|name| !against::is_known(comparison, name)) {
        findings.push(Finding { rule_line: rule.line, ..not_measured(rule, name) });
        return 0;
    }
    let rows = against::rows(comparison, name);
    let own = rows.len() == covered.len() && name.is_none_or(|name| name == WINDOW);
    let groups = runs::groups(&rows, &runs::repeated(comparison, name.filter(|name| *name != WINDOW)), policy, rule);
    let of_group: BTreeSet<usize> = groups.iter().flat_map(|group| group.rows.iter().copied()).collect();
    let named = |finding: Finding| match name.filter(|name| *name != WINDOW) {
        Some(name) => against::named(finding, comparison, policy, name),
        None => finding,
    };
    for group in groups.iter().filter(|group| group.judged) {
        let finding = match name {
            Some(WINDOW) => {
                let bounds = measured::judge(policy, &against::bounds_of(rule), &group.measured);
                against::history(comparison, policy, rule, &Place::of_measured(&group.measured), bounds)
            }
            _ => measured::judge(policy, rule, &group.measured),
        };
        findings.push(Finding { rule_line: rule.line, ..named(finding) });
        if own {
            group.rows.iter().for_each(|index| covered[*index] = true);
        }
    }
    let mut skipped = 0;
    for (index, row) in rows.iter().enumerate() {
        let is_covered = rule.covers_row(row) && (row.whole_file || rule.covers_key(&row.key));
        if !is_covered || of_group.contains(&index) {
            continue;
        }
        let judged = match name {
            Some(WINDOW) => on_row(policy, &against::bounds_of(rule), row)
                .map(|bounds| against::history(comparison, policy, rule, &Place::of_row(row), bounds)),
            _ => on_row(policy, rule, row),
        };
        match judged {
            Some(mut finding) => {
                if own {
                    covered[index] = true;
                }
                if row.status == Status::Removed {
                    finding.hint = finding.hint.or_else(|| new_name(comparison, row));
                }
                findings.push(Finding { rule_line: rule.line, ..named(finding) });
            }
            None => skipped += 1,
        }
    }
    skipped
}

/// Judges metrics that are computed from a prediction table.
fn of_table(comparison: &Comparison, policy: &Policy, rule: &CompiledRule, findings: &mut Vec<Finding>) {
    let before = findings.len();
    let name = rule.baseline.as_deref();
    let source = name.filter(|name| *name != WINDOW);
    let wanted = |measured: &&Measured| rule.covers_measured(measured) && measured.against.as_deref() == source;
    for measured in comparison.measured.iter().filter(wanted) {
        let finding = match name {
            Some(WINDOW) => {
                let bounds = measured::judge(policy, &against::bounds_of(rule), &against::alone(measured));
                against::history(comparison, policy, rule, &Place::of_measured(measured), bounds)
            }
            Some(name) => against::named(measured::judge(policy, rule, measured), comparison, policy, name),
            None => measured::judge(policy, rule, measured),
        };
        findings.push(Finding { rule_line: rule.line, ..finding });
    }
    if findings.len() == before {
        let reason = if rule.selector.is_empty() { "missing-candidate" } else { "missing-slice" };
        let metric = Key::from_canonical(rule.metric.as_str());
        let finding = Finding {
            rule: Some(rule.name()),
            rule_line: rule.line,
            table: rule.table.clone(),
            severity: rule.severity,
            limits: Some(rule.limits),
            warn: rule.warn,
            ..empty(None, metric)
        };
        let told = situation(finding, reason, policy.situations.missing);
        let explanation = "nothing of the table is covered by the rule".to_owned();
        findings.push(Finding { explanation, ..told });
    }
}

/// Stored results lack what the rule compares with: that is no pass, and nothing that got worse.
pub(super) fn not_measured(rule: &CompiledRule, name: &str) -> Finding {
    Finding {
        rule: Some(rule.name()),
        severity: rule.severity,
        against: Some(name.to_owned()),
        verdict: Verdict::Inconclusive,
        effect: effect_of(Verdict::Inconclusive, rule.severity, Effect::Block, Effect::Block),
        reasons: vec!["not-measured".to_owned()],
        explanation: format!("was not compared with `{name}` in this run"),
        hint: Some("run `proofmark gate` under this policy".to_owned()),
        limits: Some(rule.limits),
        warn: rule.warn,
        not_judged: true,
        ..empty(None, Key::from_canonical(rule.metric.as_str()))
    }
}

/// Whether a row is one of several runs that the rule judges together.
pub(super) fn is_run_of(rule: &CompiledRule, policy: &Policy, row: &Delta) -> bool {
    runs::groups(std::slice::from_ref(row), &[], policy, rule).iter().any(|group| group.judged)
}

/// The likeliest new name of a metric that went away.
fn new_name(comparison: &Comparison, gone: &Delta) -> Option<String> {
    let added = comparison.metrics.iter().filter(|row| row.status == Status::Added && row.file == gone.file);
    let name = nearest(gone.key.as_str(), added.map(|row| row.key.as_str()))?;
    Some(format!("`{name}` is new at the head; if that is its new name, keep the old one until the base has the new one as well"))
}

fn on_row(policy: &Policy, rule: &CompiledRule, row: &Delta) -> Option<Finding> {
    if rule.names_file() && !rule.covers_file(&row.file) {
        return Some(gone_file(policy, rule, row));
    }
    if row.whole_file {
        return whole_file(policy, rule, row);
    }
    let numeric = |value: &Option<Value>| value.as_ref().is_some_and(|value| value.as_f64().is_some());
    let oriented = policy.orient_for(rule, &row.key);
    if rule.built_in && (policy.is_neutral(&row.key) || !oriented.is_some_and(is_sure)) {
        return None;
    }
    if !rule.metric.is_literal() {
        let changes_only = rule.limits.min.is_none() && rule.limits.max.is_none();
        if !numeric(&row.base) && !numeric(&row.head) || (changes_only && rule.direction.is_none() && policy.is_neutral(&row.key)) {
            return None;
        }
    }
    if matches!(row.status, Status::Unparsable | Status::Unavailable) {
        return Some(unreadable(row, &row.key, Some(rule.name()), rule.severity, policy));
    }
    Some(judge_row(policy, rule, row, oriented))
}

/// The very file that a rule names is gone; what took its metrics over is another file.
fn gone_file(policy: &Policy, rule: &CompiledRule, row: &Delta) -> Finding {
    let finding = Finding {
        rule: Some(rule.name()),
        severity: rule.severity,
        baseline: row.base.clone(),
        limits: Some(rule.limits),
        ..blank(row, &row.key)
    };
    let hint = format!("`{}` looks like its new name; change the policy first if that is meant", row.file);
    Finding { file: row.renamed_from.clone(), hint: Some(hint), ..situation(finding, "missing-candidate", policy.situations.missing) }
}

fn judge_row(policy: &Policy, rule: &CompiledRule, row: &Delta, oriented: Option<Oriented>) -> Finding {
    let base = Finding {
        rule: Some(rule.name()),
        severity: rule.judging.severity_at.get(&Level::Point).copied().unwrap_or(rule.severity),
        oriented,
        baseline: row.base.clone(),
        candidate: row.head.clone(),
        limits: Some(rule.limits),
        warn: rule.warn,
        evidence: Some(Evidence::point(row.base.is_some(), row.head.is_some())),
        ..blank(row, &row.key)
    };
    match &row.head {
        None => return situation(base, "missing-candidate", policy.situations.missing),
        Some(Value::Null) => return situation(base, "null-candidate", policy.situations.non_finite),
        Some(value) if value.as_f64().is_none() => return situation(base, "non-numeric-candidate", policy.situations.non_finite),
        Some(value) if value.is_non_finite() => return situation(base, "non-finite-candidate", policy.situations.non_finite),
        Some(_) => {}
    }
    let limits_change = rule.limits.limit_change() || rule.warn.is_some_and(|warn| warn.limit_change());
    let differs = !matches!((&row.base, &row.head), (Some(old), Some(new)) if old.same(new));
    if limits_change && oriented.is_none() && differs && row.base.as_ref().is_some_and(|old| old.as_f64().is_some_and(f64::is_finite)) {
        return unknown_direction(base, policy.is_neutral(&row.key));
    }
    judge_numbers(policy, rule, base)
}

fn judge_numbers(policy: &Policy, rule: &CompiledRule, finding: Finding) -> Finding {
    let number = |value: &Option<Value>| value.as_ref().and_then(Value::as_f64);
    let (baseline, candidate) = (number(&finding.baseline), number(&finding.candidate));
    // Without a direction nothing that needs one is left to judge (no change, or bounds only).
    let direction = finding.oriented.map_or(Direction::Higher, |oriented| oriented.direction);
    let moved = change(baseline, candidate, direction);
    let against = |limits: &Limits| {
        let (verdict, mut reasons) = scalar_gate(baseline, candidate, direction, limits);
        if verdict == ScalarVerdict::NoBaseline && finding.baseline.is_some() && baseline.is_none() {
            reasons = vec!["non-numeric-baseline"];
        }
        (verdict, reasons)
    };
    let (hard, mut reasons) = against(&rule.limits);
    let mut decided = &rule.limits;
    let mut verdict = match hard {
        ScalarVerdict::Fail => Verdict::Fail,
        ScalarVerdict::Inconclusive => Verdict::Inconclusive,
        ScalarVerdict::NoBaseline => Verdict::NoBaseline,
        ScalarVerdict::Pass => Verdict::Pass,
    };
    if let (Verdict::Pass, Some(warn)) = (verdict, &rule.warn) {
        let (soft, why) = against(warn);
        if soft != ScalarVerdict::Pass {
            verdict = match soft {
                ScalarVerdict::NoBaseline => Verdict::NoBaseline,
                ScalarVerdict::Inconclusive => Verdict::Inconclusive,
                ScalarVerdict::Fail | ScalarVerdict::Pass => Verdict::Warn,
            };
            (reasons, decided) = (why, warn);
        }
    }
    if verdict == Verdict::Fail && finding.severity == Severity::Warn {
        verdict = Verdict::Warn;
    }
    let effect = effect_of(verdict, finding.severity, policy.situations.no_baseline, rule.judging.inconclusive.effect());
    let oriented = finding.oriented.is_some();
    let finding = Finding {
        verdict,
        effect,
        reasons: reasons.into_iter().map(str::to_owned).collect(),
        improvement: moved.improvement.filter(|_| oriented),
        relative: moved.relative.filter(|_| oriented),
        ..finding
    };
    let told = explain::sentence(finding, Some(decided));
    // Beyond doubles there is no number to show, and JSON has none.
    let finite = |number: Option<f64>| number.filter(|number| number.is_finite());
    Finding { improvement: finite(told.improvement), relative: finite(told.relative), ..told }
}

/// A candidate that cannot be compared at all.
pub(super) fn situation(finding: Finding, reason: &str, weight: Severity) -> Finding {
    let severity = weaker(finding.severity, weight);
    let verdict = if severity == Severity::Fail { Verdict::Fail } else { Verdict::Warn };
    let effect = effect_of(verdict, severity, Effect::Notice, Effect::Notice);
    explain::sentence(Finding { verdict, effect, severity, reasons: vec![reason.to_owned()], ..finding }, None)
}

fn weaker(one: Severity, two: Severity) -> Severity {
    match (one, two) {
        (Severity::Info, _) | (_, Severity::Info) => Severity::Info,
        (Severity::Warn, _) | (_, Severity::Warn) => Severity::Warn,
        (Severity::Fail, Severity::Fail) => Severity::Fail,
    }
}

/// Never guessed: a rule that limits a change needs to know which way is better.
pub(super) fn unknown_direction(finding: Finding, neutral: bool) -> Finding {
    let name = finding.metric.as_str().replace('\\', "\\\\").replace('"', "\\\"");
    let (explanation, hint) = if neutral {
        (
            "the rule limits a change of a metric that is no quality: a counter, or `none` in [directions]",
            format!("give the rule a `direction`, or bounds only, or take the rule for `{name}` away"),
        )
    } else {
        (
            "the rule limits a change, and nobody said which way is better",
            format!("add to the policy: [directions] \"{name}\" = \"higher\" (or \"lower\", or \"none\")"),
        )
    };
    Finding {
        verdict: Verdict::Inconclusive,
        effect: effect_of(Verdict::Inconclusive, finding.severity, Effect::Block, Effect::Block),
        reasons: vec!["direction-unknown".to_owned()],
        explanation: explanation.to_owned(),
        hint: Some(hint),
        not_judged: true,
        ..finding
    }
}

/// A file that the rule covers and whose metrics are not known on either side.
fn whole_file(policy: &Policy, rule: &CompiledRule, row: &Delta) -> Option<Finding> {
    if row.status != Status::UnchangedByHash {
        return (!rule.built_in)
            .then(|| unreadable(row, &Key::from_canonical(rule.metric.as_str()), Some(rule.name()), rule.severity, policy));
    }
    let same = "the hash proves that the file did not change";
    if rule.built_in {
        return Some(Finding {
            rule: Some(rule.name()),
            reasons: vec!["unchanged-by-hash".to_owned()],
            explanation: same.to_owned(),
            ..blank(row, &Key::root())
        });
    }
    let bounds = rule.limits.min.or(rule.limits.max).is_some();
    let (effect, reason, explanation) = if bounds {
        (
            policy.situations.unreadable_head,
            "unavailable-candidate",
            format!("{same}, but its content is not here, so the bounds cannot be judged"),
        )
    } else {
        (
            policy.situations.inconclusive.effect(),
            "unchanged-by-hash",
            format!("{same}, but its content is not here, so it cannot be seen whether it has this metric"),
        )
    };
    Some(Finding {
        rule: Some(rule.name()),
        severity: rule.severity,
        limits: Some(rule.limits),
        verdict: Verdict::Inconclusive,
        effect: effect_of(Verdict::Inconclusive, rule.severity, Effect::Notice, effect),
        reasons: vec![reason.to_owned()],
        explanation,
        hint: Some(format!("run `dvc pull {}` first", row.file)),
        not_judged: true,
        ..blank(row, &Key::from_canonical(rule.metric.as_str()))
    })
}

/// A metric, or a whole file, that one side or both cannot give.
pub(super) fn unreadable(row: &Delta, key: &Key, rule: Option<String>, severity: Severity, policy: &Policy) -> Finding {
    let reason = |problem: &Problem, side: &str| match problem.kind {
        ProblemKind::Unparsable => format!("unparsable-{side}"),
        ProblemKind::Unavailable | ProblemKind::Warning => format!("unavailable-{side}"),
    };
    let head = row.head_problem.as_ref().map(|problem| (problem, reason(problem, "candidate"), policy.situations.unreadable_head));
    let base = row.base_problem.as_ref().map(|problem| (problem, reason(problem, "baseline"), policy.situations.unreadable_base));
    let problems: Vec<_> = head.into_iter().chain(base).collect();
    let effect = problems.iter().map(|(_, _, effect)| *effect).max().unwrap_or(Effect::Block);
    let mut reasons: Vec<String> = problems.iter().map(|(_, reason, _)| reason.clone()).collect();
    reasons.sort_unstable();
    let told: Vec<String> = problems
        .iter()
        .map(|(problem, reason, _)| format!("{}: {problem}", if reason.ends_with("candidate") { "head" } else { "base" }))
        .collect();
    Finding {
        rule,
        severity,
        verdict: Verdict::Inconclusive,
        effect: effect_of(Verdict::Inconclusive, severity, Effect::Notice, effect),
        reasons,
        explanation: format!("cannot be read ({})", told.join("; ")),
        hint: problems.iter().find_map(|(problem, _, _)| problem.hint.clone()),
        baseline: row.base.clone(),
        candidate: row.head.clone(),
        not_judged: true,
        ..blank(row, key)
    }
}

/// A file that says which metrics there are could not be understood, so some may be missing unseen.
pub(super) fn undiscovered(problem: &Problem, effect: Effect, side: &str) -> Finding {
    let word = if problem.kind == ProblemKind::Unparsable { "unparsable" } else { "unavailable" };
    Finding {
        verdict: Verdict::Inconclusive,
        effect,
        reasons: vec![format!("{word}-{}", if side == "head" { "candidate" } else { "baseline" })],
        explanation: format!("metrics may be missing, since a file of the {side} cannot be understood ({problem})"),
        hint: problem.hint.clone(),
        not_judged: true,
        ..empty(Some(problem.file.clone()), Key::root())
    }
}

/// A rule that found nothing to judge: the rules, not the files found, are the list of what must be there.
fn unmatched(comparison: &Comparison, policy: &Policy, rule: &CompiledRule) -> Finding {
    let present = || comparison.metrics.iter().filter(|row| row.head.is_some() && rule.covers_row(row));
    let names: Vec<&str> = present().map(|row| row.key.as_str()).collect();
    let hint = match nearest(rule.metric.as_str(), names.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if names.is_empty() => "no metrics file that the rule covers has any metric at the head".to_owned(),
        None => "`proofmark compare --all` lists the metrics that there are".to_owned(),
    };
    let reason = if rule.metric.is_literal() { "missing-candidate" } else { "nothing-matched" };
    let finding = Finding {
        rule: Some(rule.name()),
        hint: Some(hint),
        severity: rule.severity,
        limits: Some(rule.limits),
        warn: rule.warn,
        ..empty(None, Key::from_canonical(rule.metric.as_str()))
    };
    situation(finding, reason, policy.situations.missing)
}

/// A passing finding about `row`, to be filled in.
pub(super) fn blank(row: &Delta, key: &Key) -> Finding {
    Finding { oriented: row.oriented, ..empty(Some(row.file.clone()), key.clone()) }
}

pub(super) fn empty(file: Option<RepoPath>, metric: Key) -> Finding {
    Finding {
        rule: None,
        file,
        table: None,
        metric,
        slice: Slice::all(),
        against: None,
        verdict: Verdict::Pass,
        effect: Effect::Allow,
        reasons: Vec::new(),
        explanation: String::new(),
        hint: None,
        severity: Severity::Fail,
        oriented: None,
        baseline: None,
        candidate: None,
        improvement: None,
        relative: None,
        limits: None,
        warn: None,
        evidence: None,
        waiver: None,
        waiver_text: None,
        not_judged: false,
        line: None,
        rule_line: None,
    }
}
