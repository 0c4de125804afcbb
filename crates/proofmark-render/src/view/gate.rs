//! A judgement as people read it: what blocks first.

use proofmark_core::compare::Status;
use proofmark_core::config::{Effect, Severity};
use proofmark_core::gate::{Finding, Judgement, Level, Verdict};
use proofmark_core::policy::{PolicyOrigin, PolicySide};
use proofmark_core::report::Report;
use serde::Serialize;

use super::finding::FindingView;
use super::slices::{self, Groups, Slices};
use super::waivers::Waivers;
use super::{ComparisonView, Room, name};
use crate::Options;
use crate::text::{clip, counted};

/// A report.
#[derive(Debug, Serialize)]
pub(crate) struct ReportView {
    /// What came out, in one line: `BLOCKED: 1 of 12 checks failed`.
    pub(crate) headline: String,
    /// `allow`, `notice` or `block`.
    pub(crate) effect: &'static str,
    /// The effect as a sign.
    pub(crate) symbol: &'static str,
    /// The worst verdict that counts.
    pub(crate) verdict: &'static str,
    /// Whether the merge is blocked.
    pub(crate) blocked: bool,
    /// The branch that the change goes into.
    pub(crate) branch: Option<String>,
    /// Where the policy is from, in words.
    pub(crate) policy: String,
    /// The policy in one sentence.
    pub(crate) policy_summary: String,
    /// Things about the policy that people should know.
    pub(crate) notes: Vec<String>,
    /// The metrics file, when all checks but those of prediction tables are about the same one.
    pub(crate) only_file: Option<String>,
    /// Checks that block.
    pub(crate) blocking: Vec<FindingView>,
    /// Checks that people should look at.
    pub(crate) notices: Vec<FindingView>,
    /// Checks that did not pass and that the policy allows.
    pub(crate) allowed: Vec<FindingView>,
    /// Checks that passed; listed with `--all` only.
    pub(crate) passed: Vec<FindingView>,
    /// How many passed.
    pub(crate) passed_count: usize,
    /// How many of those are about a metric that got better.
    pub(crate) passed_better: usize,
    /// How many findings were left out for want of room.
    pub(crate) left_out: usize,
    /// What the checks rest on.
    pub(crate) evidence: EvidenceRows,
    /// Metrics of which there are several slices.
    pub(crate) slices: Slices,
    /// Waivers: those that were used, those that do not count, and what to copy.
    pub(crate) waivers: Waivers,
    /// What the head's own policy would say; it never counts.
    pub(crate) head_policy: Option<HeadPolicyView>,
    /// What happened between the two revisions; templates have it beside the report.
    #[serde(skip)]
    pub(crate) comparison: ComparisonView,
}

/// What checks rest on: those that know about noise, or all.
#[derive(Debug, Default, Serialize)]
pub(crate) struct EvidenceRows {
    /// The checks, what blocks first.
    pub(crate) rows: Vec<FindingView>,
    /// How many were left out for want of room.
    pub(crate) left_out: usize,
}

/// What the head's own policy would say.
#[derive(Debug, Serialize)]
pub(crate) struct HeadPolicyView {
    /// What would come out.
    pub(crate) headline: String,
    /// `allow`, `notice` or `block`.
    pub(crate) effect: &'static str,
    /// The policy in one sentence.
    pub(crate) policy_summary: String,
}

impl ReportView {
    pub(crate) fn new(report: &Report, options: &Options) -> Self {
        Self::within(report, &Room::from(options))
    }

    pub(crate) fn within(report: &Report, room: &Room) -> Self {
        let judgement = &report.judgement;
        let mut findings: Vec<&Finding> = judgement.findings.iter().collect();
        if room.ranked {
            findings.sort_by_key(|finding| finding.verdict);
        }
        let mut rows = room.findings;
        let mut left_out = 0;
        let mut take = |wanted: &dyn Fn(&Finding) -> bool| {
            let mut views = Vec::new();
            for finding in findings.iter().filter(|finding| wanted(finding)) {
                if rows > 0 {
                    rows -= 1;
                    views.push(FindingView::new(finding));
                } else {
                    left_out += 1;
                }
            }
            views
        };
        let blocking = take(&|finding| finding.effect == Effect::Block);
        let notices = take(&|finding| finding.effect == Effect::Notice);
        let allowed = take(&|finding| finding.effect == Effect::Allow && finding.verdict != Verdict::Pass);
        let passed = if room.all { take(&has_passed) } else { Vec::new() };
        let all_passed = || judgement.findings.iter().filter(|finding| has_passed(finding));
        // A table has a name of its own, so its file need not be told.
        let of_files = judgement.findings.iter().filter(|finding| finding.table.is_none());
        let mut files: Vec<&str> = of_files.filter_map(|finding| Some(finding.file.as_ref()?.as_str())).collect();
        files.sort_unstable();
        files.dedup();
        let groups = slices::groups(report);
        Self {
            headline: headline(judgement),
            effect: judgement.effect.name(),
            symbol: effect_symbol(judgement.effect),
            verdict: judgement.verdict.name(),
            blocked: judgement.effect == Effect::Block,
            branch: report.branch.as_deref().map(name),
            policy: policy(&judgement.policy),
            policy_summary: clip(&judgement.policy_summary, 400),
            notes: report.notes.iter().map(|note| clip(note, 400)).collect(),
            only_file: if let [only] = files.as_slice() { Some(name(only)) } else { None },
            blocking,
            notices,
            allowed,
            passed,
            passed_count: all_passed().count(),
            passed_better: all_passed().filter(|finding| finding.improvement.is_some_and(|improvement| improvement > 0.0)).count(),
            left_out,
            evidence: EvidenceRows::new(judgement, &groups, room),
            slices: Slices::new(groups, room),
            waivers: Waivers::new(report, room),
            head_policy: report.head_policy_judgement.as_ref().map(|judgement| HeadPolicyView {
                headline: headline(judgement),
                effect: judgement.effect.name(),
                policy_summary: clip(&judgement.policy_summary, 400),
            }),
            comparison: ComparisonView::within(&report.comparison, room),
        }
    }

    /// The counts of all metrics, where they say more than the checks do.
    pub(crate) fn has_other_changes(report: &Report) -> bool {
        report.comparison.metrics.iter().any(|row| !row.status.is_unchanged() && row.status != Status::RenamedFile)
    }
}

impl EvidenceRows {
    /// Slices that nobody need look at are in tables of their own, where there are several.
    fn new(judgement: &Judgement, groups: &Groups<'_>, room: &Room) -> Self {
        let noise = |finding: &Finding| finding.evidence.as_ref().is_some_and(|evidence| evidence.level != Level::Point);
        let judged = |finding: &Finding| finding.evidence.as_ref().is_some_and(|evidence| evidence.procedure != "none");
        let elsewhere =
            |finding: &Finding| finding.effect == Effect::Allow && !finding.slice.is_all() && groups.contains_key(&slices::group(finding));
        let told = |finding: &&Finding| judged(finding) && !elsewhere(finding) && (room.all || noise(finding));
        let mut findings: Vec<&Finding> = judgement.findings.iter().filter(told).collect();
        findings.sort_by_key(|finding| (std::cmp::Reverse(finding.effect), finding.verdict));
        let rows: Vec<FindingView> = findings.iter().take(room.evidence).map(|finding| FindingView::new(finding)).collect();
        Self { left_out: findings.len() - rows.len(), rows }
    }
}

fn has_passed(finding: &Finding) -> bool {
    finding.effect == Effect::Allow && finding.verdict == Verdict::Pass
}

/// A sign for an effect that needs no colour.
pub(crate) fn effect_symbol(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "✓",
        Effect::Notice => "!",
        Effect::Block => "✗",
    }
}

/// What a judgement comes to, in one line that says why. It is made of our own words and of numbers.
pub(crate) fn headline(judgement: &Judgement) -> String {
    let counted_ones: Vec<&Finding> = judgement.findings.iter().filter(|finding| finding.severity != Severity::Info).collect();
    let checks = counted_ones.len();
    let with = |effect: Effect| counted_ones.iter().filter(move |finding| finding.effect == effect);
    let notices = with(Effect::Notice).count();
    let and_notices = if notices > 0 { format!(", with {}", counted(notices, "notice")) } else { String::new() };
    match judgement.effect {
        Effect::Block if judgement.reason.as_deref() == Some("nothing-checked") => {
            let unread = with(Effect::Block).count();
            let more = if unread > 0 { format!(", and {} in the way", situations(unread)) } else { String::new() };
            format!("BLOCKED: nothing was checked{more}{and_notices}")
        }
        Effect::Block => {
            format!("BLOCKED: {}{and_notices}", blocking(&with(Effect::Block).map(|one| one.verdict).collect::<Vec<_>>(), checks))
        }
        Effect::Notice => format!("allowed{and_notices}"),
        Effect::Allow => match counted_ones.iter().filter(|finding| finding.verdict == Verdict::Pass).count() {
            1 if checks == 1 => "allowed: the one check passed".to_owned(),
            passed if passed == checks => format!("allowed: all {checks} checks passed"),
            passed => format!("allowed: {passed} of {checks} checks passed"),
        },
    }
}

fn situations(count: usize) -> String {
    if count == 1 { "1 problem stands".to_owned() } else { format!("{count} problems stand") }
}

/// `2 of 12 checks failed, 1 could not be judged`.
fn blocking(verdicts: &[Verdict], checks: usize) -> String {
    let count = |wanted: Verdict| verdicts.iter().filter(|verdict| **verdict == wanted).count();
    let (failed, unsure, new) = (count(Verdict::Fail), count(Verdict::Inconclusive), count(Verdict::NoBaseline));
    let other = verdicts.len() - failed - unsure - new;
    let told = [
        (failed, "failed"),
        (unsure, "could not be judged"),
        (new, if new == 1 { "has no baseline" } else { "have no baseline" }),
        (other, if other == 1 { "is not allowed by the policy" } else { "are not allowed by the policy" }),
    ];
    let parts: Vec<String> = told
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .enumerate()
        .map(|(index, (count, what))| match (index, checks) {
            (0, 1) => format!("the one check {what}"),
            (0, _) => format!("{count} of {checks} checks {what}"),
            _ => format!("{count} {what}"),
        })
        .collect();
    parts.join(", ")
}

/// Where a policy is from, in words.
pub(crate) fn policy(origin: &PolicyOrigin) -> String {
    match origin {
        PolicyOrigin::BuiltIn => "built in, since there is no policy file".to_owned(),
        PolicyOrigin::File { file, side, revision } => {
            let (file, revision) = (name(file), name(revision));
            match side {
                PolicySide::Base => format!("{file} of the base ({revision})"),
                PolicySide::Head => format!("{file} of the head ({revision}), since the base has none"),
                PolicySide::Given => format!("{file}, named on the command line"),
            }
        }
    }
}
