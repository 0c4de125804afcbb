//! Where a check is, for systems that show findings beside the files of a repository.

use std::collections::BTreeSet;

use proofmark_core::config;
use proofmark_core::gate::Finding;
use proofmark_core::path::RepoPath;
use proofmark_core::policy::PolicyOrigin;
use proofmark_core::report::Report;

/// The files that there are at the head.
pub(super) struct Places<'a> {
    files: BTreeSet<&'a RepoPath>,
    policy: Option<RepoPath>,
}

impl<'a> Places<'a> {
    pub(super) fn new(report: &'a Report) -> Self {
        let comparison = &report.comparison;
        let rows = comparison.metrics.iter().filter(|row| row.head.is_some() || row.head_problem.is_some());
        let unread = comparison.head.problems.iter().map(|problem| &problem.file);
        // Runs of a tracking server read like files, and nobody can open them.
        let tracked: BTreeSet<&RepoPath> = comparison.tracked.iter().map(|tracked| &tracked.file).collect();
        let files = rows.map(|row| &row.file).chain(unread).filter(|file| !tracked.contains(file)).collect();
        let policy = match &report.judgement.policy {
            PolicyOrigin::File { file, .. } => RepoPath::parse(file).ok().filter(|file| !file.is_root()),
            PolicyOrigin::BuiltIn => None,
        };
        Self { files, policy }
    }

    /// Where the policy is, or would be.
    pub(super) fn policy(&self) -> (RepoPath, u32) {
        let usual = || RepoPath::root().child(config::FILES[0]);
        (self.policy.clone().unwrap_or_else(usual), 1)
    }

    /// The metric's own line; of a metric that is in no file, the line of the rule that wants it.
    pub(super) fn of(&self, finding: &Finding) -> Option<(RepoPath, u32)> {
        let there = finding.candidate.is_some() || finding.line.is_some();
        let own = finding.file.as_ref().filter(|file| self.files.contains(file)).map(|file| (file.clone(), finding.line.unwrap_or(1)));
        let rule = self.policy.clone().zip(finding.rule_line);
        if there { own.or(rule) } else { rule.or(own) }.or_else(|| Some((self.policy.clone()?, 1))).map(|(file, line)| (file, line.max(1)))
    }
}

/// A path as a reference that is relative to the root of the repository (RFC 3986): every other character is percent-encoded, a
/// colon too, since what stands before one would be read as a scheme.
pub(super) fn uri(path: &RepoPath) -> String {
    encoded(path.as_str(), |byte| byte == b'/')
}

/// Text of which only letters, digits, `-`, `.`, `_`, `~` and what `also` takes stand for themselves.
pub(super) fn encoded(text: &str, also: impl Fn(u8) -> bool) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') || also(byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{between, path, report};

    #[test]
    fn paths_cannot_leave_their_place() {
        assert_eq!(uri(&path("eval/metrics.json")), "eval/metrics.json");
        assert_eq!(uri(&path("a b/ü#1?.json")), "a%20b/%C3%BC%231%3F.json");
        assert_eq!(uri(&path("javascript:alert(1)")), "javascript%3Aalert%281%29");
    }

    #[test]
    fn checks_stand_at_the_metric_else_at_the_rule() {
        let policy = "[[rule]]\nmetric = \"a\"\nmin = 1\n[[rule]]\nmetric = \"gone\"\nmin = 0\n";
        let mut report = report(between(&[("m.json", r#"{"a": 1, "gone": 2}"#)], &[("m.json", r#"{"a": 0}"#)]), policy);
        report.judgement.findings[0].line = Some(7);
        report.judgement.findings[1].rule_line = Some(4);
        let told = |report: &Report| -> Vec<_> {
            let places = Places::new(report);
            report.judgement.findings.iter().map(|finding| places.of(finding).map(|(file, line)| format!("{file}:{line}"))).collect()
        };
        assert_eq!(told(&report), [Some("m.json:7".to_owned()), Some("proofmark.toml:4".to_owned())]);
        report.comparison.tracked = vec![proofmark_core::tracked::Tracked::new(path("m.json"), "store", Vec::new())];
        assert_eq!(told(&report)[0].as_deref(), Some("proofmark.toml:1"), "a run is no file");
        report.judgement.policy = PolicyOrigin::BuiltIn;
        assert_eq!(told(&report), [None, None]);
    }
}
