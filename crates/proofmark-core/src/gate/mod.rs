//! Judges a comparison by a policy: every check gets a verdict (what was learned) and an effect (what happens).
//!
//! Fails closed: what cannot be read, cannot be oriented or was never there is said by name, and nothing checked at all
//! blocks.

mod against;
mod assess;
mod check;
mod composites;
mod explain;
mod family;
mod lines;
mod measured;
mod proof;
mod runs;
pub mod scalar;
mod shown;
mod words;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compare::{Comparison, Delta, Status};
use crate::config::{Effect, Limits, Severity};
use crate::direction::Oriented;
use crate::evidence::Slice;
use crate::key::Key;
use crate::path::RepoPath;
use crate::policy::{Policy, PolicyOrigin};
use crate::value::Value;
use crate::waiver::{self, Circumstances, WaiverNote, WaiverUse};

pub use self::against::{BEST, WINDOW, add_best, wanted};
pub use self::lines::locate;
pub use self::proof::{Evidence, Level, Shown};

/// What was learned, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// A rule is violated.
    Fail,
    /// It cannot be told.
    Inconclusive,
    /// There is nothing to compare with.
    NoBaseline,
    /// A rule of severity `warn`, or a warn limit, is violated.
    Warn,
    /// A known loss that was accepted.
    Waived,
    /// All limits are kept.
    Pass,
}

impl Verdict {
    /// The word that documents use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::NoBaseline => "no-baseline",
            Self::Warn => "warn",
            Self::Waived => "waived",
            Self::Pass => "pass",
        }
    }
}

/// The result of one check: one rule on one metric, or one situation that no rule covers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Finding {
    /// The rule, as its glob; absent for a situation that no rule covers.
    pub rule: Option<String>,
    /// The metrics file; absent when a rule found no file at all.
    pub file: Option<RepoPath>,
    /// The prediction table that the metric is computed from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The metric.
    pub metric: Key,
    /// Which rows of the table; all when absent.
    #[serde(default, skip_serializing_if = "Slice::is_all")]
    pub slice: Slice,
    /// What the head is compared with, where that is not the base: the name of a reference (`production`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// What was learned.
    pub verdict: Verdict,
    /// What happens.
    pub effect: Effect,
    /// Why, as stable words: `regression-abs`, `missing-candidate`.
    pub reasons: Vec<String>,
    /// The same as a sentence.
    pub explanation: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// How much a violation weighs.
    pub severity: Severity,
    /// Which way is better, and how that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oriented: Option<Oriented>,
    /// The value at the base.
    #[schemars(with = "Option<serde_json::Value>")]
    pub baseline: Option<Value>,
    /// The value at the head.
    #[schemars(with = "Option<serde_json::Value>")]
    pub candidate: Option<Value>,
    /// The change turned so that positive is better, in the metric's unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub improvement: Option<f64>,
    /// The improvement as a fraction of the baseline's size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relative: Option<f64>,
    /// The limits that were judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// The limits whose violation is a notice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warn: Option<Limits>,
    /// What the check rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// The waiver that accepts the loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<WaiverUse>,
    /// What would accept the loss, ready to be copied into the policy of the base; only where somebody may approve it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver_text: Option<String>,
    /// The check could not be judged for want of readable input or a complete policy, which is not the same as worse.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_judged: bool,
    /// The line, from 1, of the metric in the head's file, or of what makes that file unreadable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The line, from 1, of the rule in the policy's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_line: Option<u32>,
}

/// What all checks of a judgement come to.
pub type Overall = (Verdict, Effect, Option<&'static str>);

/// All checks and what they come to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Judgement {
    /// Where the policy is from.
    pub policy: PolicyOrigin,
    /// The policy in one sentence.
    pub policy_summary: String,
    /// The worst verdict that counts.
    pub verdict: Verdict,
    /// The strongest effect.
    pub effect: Effect,
    /// Why the verdict is what it is, where no finding says so: `nothing-checked`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Every check.
    pub findings: Vec<Finding>,
    /// Metrics of prediction tables that no rule judges, shown for readers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<Finding>,
    /// What is to be known about waivers that no finding says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<WaiverNote>,
}

impl Judgement {
    /// Whether the merge is blocked, and only because something could not be read or oriented: nothing was found worse.
    pub fn is_blocked_unjudged(&self) -> bool {
        let blocking: Vec<&Finding> = self.findings.iter().filter(|finding| finding.effect == Effect::Block).collect();
        self.effect == Effect::Block && !blocking.is_empty() && blocking.iter().all(|finding| finding.not_judged)
    }
}

/// Judges a comparison; `at` is what waivers are held against.
pub fn judge(comparison: &Comparison, policy: &Policy, at: &Circumstances) -> Judgement {
    let mut findings = Vec::new();
    let mut covered = vec![false; comparison.metrics.len()];
    for rule in &policy.rules {
        check::rule(comparison, policy, rule, &mut covered, &mut findings);
    }
    findings.extend(composites::judge(comparison, policy, &findings));
    uncovered(comparison, policy, &covered, &mut findings);
    family::correct(&mut findings, &|finding| policy.when_inconclusive(finding.rule.as_deref()));
    let waivers = waiver::apply(&mut findings, &policy.waivers, &policy.waiver_settings, at);
    if !policy.waiver_settings.approvers.is_empty() {
        for finding in findings.iter_mut().filter(|finding| finding.effect == Effect::Block) {
            finding.waiver_text = waiver::suggestion(finding, at.pull_request, at.today);
        }
    }
    let shown = shown::findings(comparison, policy, &findings);
    let (verdict, effect, reason) = overall_of(&findings);
    Judgement {
        policy: policy.origin.clone(),
        policy_summary: policy.summary(),
        verdict,
        effect,
        reason: reason.map(str::to_owned),
        findings,
        shown,
        waivers,
    }
}

/// As [`overall`], of findings: those of rules are checks.
pub(crate) fn overall_of(findings: &[Finding]) -> Overall {
    let checks = findings.iter().filter(|finding| finding.rule.is_some() && finding.severity != Severity::Info).count();
    overall(findings.iter().map(|finding| (finding.verdict, finding.effect, finding.severity)), checks)
}

/// What all checks come to: the worst verdict, the strongest effect; no check at all blocks.
pub fn overall(results: impl Iterator<Item = (Verdict, Effect, Severity)>, checks: usize) -> Overall {
    let counted: Vec<(Verdict, Effect)> =
        results.filter(|(_, _, severity)| *severity != Severity::Info).map(|(verdict, effect, _)| (verdict, effect)).collect();
    let verdict = counted.iter().map(|(verdict, _)| *verdict).min().unwrap_or(Verdict::Inconclusive);
    let effect = counted.iter().map(|(_, effect)| *effect).max().unwrap_or(Effect::Block);
    if checks == 0 {
        return (verdict.min(Verdict::Inconclusive), Effect::Block, Some("nothing-checked"));
    }
    (verdict, effect, None)
}

/// The effect of a verdict under the situations of a policy; severity `warn` caps it at a notice.
pub fn effect_of(verdict: Verdict, severity: Severity, no_baseline: Effect, inconclusive: Effect) -> Effect {
    let effect = match verdict {
        Verdict::Pass => Effect::Allow,
        Verdict::Warn | Verdict::Waived => Effect::Notice,
        Verdict::NoBaseline => no_baseline,
        Verdict::Inconclusive => inconclusive,
        Verdict::Fail => Effect::Block,
    };
    match severity {
        Severity::Fail => effect,
        Severity::Warn => effect.min(Effect::Notice),
        Severity::Info => Effect::Allow,
    }
}

/// Situations that no rule covers: unreadable files, and metrics that went away.
fn uncovered(comparison: &Comparison, policy: &Policy, covered: &[bool], findings: &mut Vec<Finding>) {
    let mut unread_files = std::collections::BTreeSet::new();
    let mut moved_files = std::collections::BTreeSet::new();
    for (row, covered) in comparison.metrics.iter().zip(covered) {
        match row.status {
            Status::Unparsable | Status::Unavailable if !covered && unread_files.insert(&row.file) => {
                findings.push(check::unreadable(row, &Key::root(), None, Severity::Fail, policy));
            }
            Status::Removed if !covered => findings.push(removed(row, policy)),
            _ => {}
        }
        if row.renamed_from.is_some() && moved_files.insert(&row.file) {
            findings.push(moved(row));
        }
    }
    let sides =
        [(&comparison.head, policy.situations.unreadable_head, "head"), (&comparison.base, policy.situations.unreadable_base, "base")];
    for (side, effect, name) in sides {
        findings.extend(side.incomplete.iter().map(|problem| check::undiscovered(problem, effect, name)));
    }
}

/// A file that moved is compared with what it was, and people should know that it was taken for the same.
fn moved(row: &Delta) -> Finding {
    let old = row.renamed_from.as_ref().map_or("", RepoPath::as_str);
    Finding {
        verdict: Verdict::Warn,
        effect: Effect::Notice,
        reasons: vec!["renamed-file".to_owned()],
        explanation: format!("`{}` has the metrics of `{old}`, which is gone, and is compared with it", row.file),
        ..check::blank(row, &Key::root())
    }
}

fn removed(row: &Delta, policy: &Policy) -> Finding {
    let effect = policy.situations.removed;
    let verdict = if effect == Effect::Allow { Verdict::Pass } else { Verdict::Warn };
    Finding {
        verdict,
        effect,
        reasons: vec!["metric-removed".to_owned()],
        explanation: format!(
            "was {} at the base and is gone; no rule covers it",
            row.base.as_ref().map_or_else(String::new, crate::number::shown)
        ),
        baseline: row.base.clone(),
        ..check::blank(row, &row.key)
    }
}

#[cfg(test)]
mod tests;
