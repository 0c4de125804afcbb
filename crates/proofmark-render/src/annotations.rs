//! A report as remarks at lines of files: at the metric, at the mistake, or at the rule that found nothing.

use std::collections::BTreeSet;

use proofmark_core::annotation::Annotation;
use proofmark_core::config::Effect;
use proofmark_core::gate::Finding;
use proofmark_core::path::RepoPath;
use proofmark_core::policy::PolicyOrigin;
use proofmark_core::problem::{Problem, ProblemKind};
use proofmark_core::report::Report;

use crate::escape::terminal;
use crate::names::check_name;
use crate::text::cut;

/// In units of UTF-16, after escaping.
const LONGEST_TITLE: usize = 255;
const LONGEST_MESSAGE: usize = 2000;

/// One remark for each check that blocks or that people should look at, and for each file of the head that cannot be read;
/// the most important ones first, nothing twice.
///
/// Texts are plain: not escaped for any system, though without characters that act or hide.
pub fn annotations(report: &Report) -> Vec<Annotation> {
    let places = Places::new(report);
    let mut findings: Vec<&Finding> = report.judgement.findings.iter().filter(|finding| finding.effect != Effect::Allow).collect();
    findings.sort_by_key(|finding| (std::cmp::Reverse(finding.effect), finding.verdict));
    let of_findings = findings.into_iter().filter_map(|finding| places.finding(finding));
    // Those that a check tells of already fall out below.
    let of_problems = places.unreadable.iter().map(|problem| unreadable(problem, Effect::Notice));
    let mut taken = BTreeSet::new();
    of_findings.chain(of_problems).filter(|one| taken.insert((one.file.clone(), one.line, one.title.clone()))).collect()
}

/// Where things are at the head.
struct Places<'a> {
    files: BTreeSet<&'a RepoPath>,
    unreadable: Vec<&'a Problem>,
    policy: Option<RepoPath>,
}

impl<'a> Places<'a> {
    fn new(report: &'a Report) -> Self {
        let rows = report.comparison.metrics.iter().filter(|row| row.head.is_some() || row.head_problem.is_some());
        let unreadable: Vec<&Problem> =
            report.comparison.head.problems.iter().filter(|problem| problem.kind != ProblemKind::Warning).collect();
        let policy = match &report.judgement.policy {
            PolicyOrigin::File { file, .. } => RepoPath::parse(file).ok().filter(|file| !file.is_root()),
            PolicyOrigin::BuiltIn => None,
        };
        Self { files: rows.map(|row| &row.file).chain(unreadable.iter().map(|problem| &problem.file)).collect(), unreadable, policy }
    }

    fn finding(&self, finding: &Finding) -> Option<Annotation> {
        let unread = finding.reasons.iter().any(|reason| matches!(reason.as_str(), "unparsable-candidate" | "unavailable-candidate"));
        let problem = self.unreadable.iter().find(|problem| Some(&problem.file) == finding.file.as_ref());
        if let (true, Some(problem)) = (unread, problem) {
            return Some(unreadable(problem, finding.effect));
        }
        let (file, line) = self.of(finding)?;
        let name = check_name(finding);
        let about = if finding.metric.is_root() { "metrics" } else { &name };
        Some(remark(
            file,
            line,
            finding.effect,
            &format!("{}: {about}", finding.verdict.name()),
            &finding.explanation,
            finding.hint.as_deref(),
        ))
    }

    /// The metric's own line; of a metric that is not there, the line of the rule that wants it.
    fn of(&self, finding: &Finding) -> Option<(RepoPath, u32)> {
        let file = finding.file.as_ref().filter(|file| self.files.contains(file));
        let metric_is_there = finding.candidate.is_some() || finding.line.is_some();
        let rule = self.policy.clone().zip(finding.rule_line);
        match (file, rule, &self.policy) {
            (Some(file), _, _) if metric_is_there => Some((file.clone(), finding.line.unwrap_or(1))),
            (_, Some(rule), _) => Some(rule),
            (Some(file), None, _) => Some((file.clone(), 1)),
            (None, None, Some(policy)) => Some((policy.clone(), 1)),
            (None, None, None) => finding.file.clone().map(|file| (file, 1)),
        }
    }
}

fn unreadable(problem: &Problem, effect: Effect) -> Annotation {
    let line = problem.position.map_or(1, |position| position.line);
    let title = format!("cannot be read: {}", problem.file);
    remark(problem.file.clone(), line, effect, &title, &problem.message, problem.hint.as_deref())
}

fn remark(file: RepoPath, line: u32, effect: Effect, title: &str, message: &str, hint: Option<&str>) -> Annotation {
    let message = hint.map_or_else(|| message.to_owned(), |hint| format!("{message}. Hint: {hint}"));
    Annotation::new(file, line, effect, cut(&terminal(title), LONGEST_TITLE), cut(&terminal(&message), LONGEST_MESSAGE))
}

#[cfg(test)]
mod tests;
