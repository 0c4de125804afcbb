//! The native JSON of the Jenkins plugin `warnings-ng` (the tool `issues()` of `recordIssues`).
//!
//! The fields are those that the library `analysis-model` reads (`JsonParser`), from a file whose name ends in `.json`. Both texts
//! of an issue are taken for HTML there, and for plain text nowhere, so they are escaped for it.

use proofmark_core::config::{Effect, Severity};
use proofmark_core::gate::{Finding, Verdict};
use proofmark_core::problem::ProblemKind;
use proofmark_core::report::Report;
use serde::Serialize;

use super::html::escaped;
use super::place::Places;
use super::reasons::{NOTHING_CHECKED, NOTHING_JUDGED, Reason, UNREADABLE_FILE, main_reason};
use super::{Failure, Told, fingerprint, plain, plain_name};
use crate::names::check_name;
use crate::{Page, RenderError};

const CLASS: &str = "io.jenkins.plugins.analysis.core.restapi.ReportApi";
/// More would make the plugin's tables slow, and nobody reads them.
const MOST: usize = 5000;

/// The native JSON of the Jenkins plugin `warnings-ng`.
///
/// What blocks is an `ERROR`, a notice `NORMAL`, and what did not pass and is allowed `LOW`; checks that passed, or that never count, are no
/// issues.
/// Fingerprints are of subject, file, check and rule, so that the plugin tells new findings from known ones while numbers move.
///
/// # Errors
/// When the document cannot be written, which is a bug.
pub fn issues(told: &Told<'_>, page: &Page<'_>) -> Result<String, RenderError> {
    let mut issues = match told {
        Told::Judged(report) => judged(report, page),
        Told::Broken(failure) => vec![broken(failure, page)],
    };
    issues.truncate(MOST);
    crate::json(&List { class: CLASS, size: issues.len(), issues })
}

#[derive(Serialize)]
struct List {
    #[serde(rename = "_class")]
    class: &'static str,
    issues: Vec<Issue>,
    size: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Issue {
    #[serde(skip_serializing_if = "Option::is_none")]
    file_name: Option<String>,
    line_start: u32,
    line_end: u32,
    severity: &'static str,
    category: String,
    #[serde(rename = "type")]
    kind: &'static str,
    message: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    module_name: Option<String>,
    fingerprint: String,
}

fn judged(report: &Report, page: &Page<'_>) -> Vec<Issue> {
    let judgement = &report.judgement;
    // What never counts must not count in the plugin's quality gates.
    let counts = |finding: &&Finding| finding.verdict != Verdict::Pass && finding.severity != Severity::Info;
    let mut findings: Vec<&Finding> = judgement.findings.iter().filter(counts).collect();
    findings.sort_by_key(|finding| (std::cmp::Reverse(finding.effect), finding.verdict));
    let places = Places::new(report);
    let nothing = judgement.reason.as_deref() == Some(NOTHING_CHECKED.id);
    let nothing = nothing.then(|| Issue::of_all(&NOTHING_CHECKED, NOTHING_CHECKED.short, &[NOTHING_CHECKED.help.to_owned()], page));
    let of_findings = findings.into_iter().map(|finding| Issue::of(finding, &places, page));
    // What is unreadable and makes a check fail is told there.
    let told: Vec<_> = judgement.findings.iter().filter(|finding| finding.not_judged).filter_map(|finding| finding.file.clone()).collect();
    let problems = report.comparison.head.problems.iter();
    let unread = problems.filter(|problem| problem.kind != ProblemKind::Warning && !told.contains(&problem.file)).map(|problem| Issue {
        file_name: Some(problem.file.to_string()),
        line_start: problem.position.map_or(1, |position| position.line),
        line_end: problem.position.map_or(1, |position| position.line),
        severity: "NORMAL",
        ..Issue::of_all(&UNREADABLE_FILE, &problem.message, problem.hint.as_slice(), page)
    });
    nothing.into_iter().chain(of_findings).chain(unread).collect()
}

fn broken(failure: &Failure<'_>, page: &Page<'_>) -> Issue {
    let lines = failure.lines();
    Issue::of_all(&NOTHING_JUDGED, &failure.headline(), lines.get(1..).unwrap_or_default(), page)
}

impl Issue {
    fn of(finding: &Finding, places: &Places<'_>, page: &Page<'_>) -> Self {
        let name = check_name(finding);
        let reason = main_reason(finding);
        let (file, line) = places.of(finding).map_or((None, 0), |(file, line)| (Some(file.to_string()), line));
        let own_file = finding.file.as_ref().map_or("", |file| file.as_str());
        let rule = finding.rule.as_deref().unwrap_or_default();
        Self {
            file_name: file,
            line_start: line,
            line_end: line,
            severity: match finding.effect {
                Effect::Block => "ERROR",
                Effect::Notice => "NORMAL",
                Effect::Allow => "LOW",
            },
            category: finding.verdict.name().to_owned(),
            message: escaped(&plain(&format!("{}: {}", plain_name(&name), finding.explanation))),
            description: paragraphs(finding.hint.as_slice()),
            fingerprint: fingerprint(&[page.title.unwrap_or_default(), own_file, &name, rule]),
            ..Self::of_all(&reason, "", &[], page)
        }
    }

    /// One that is about no check.
    fn of_all(reason: &Reason, message: &str, more: &[String], page: &Page<'_>) -> Self {
        Self {
            file_name: None,
            line_start: 0,
            line_end: 0,
            severity: "ERROR",
            category: "proofmark".to_owned(),
            kind: reason.id,
            message: escaped(&plain(message)),
            description: paragraphs(more),
            module_name: page.title.map(plain_name),
            fingerprint: fingerprint(&[page.title.unwrap_or_default(), reason.id, message]),
        }
    }
}

fn paragraphs(lines: &[String]) -> String {
    lines.iter().map(|line| format!("<p>{}</p>", escaped(&plain(line)))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{HOSTILE, POLICY, between, everyday, hostile_report, hostile_rows, report};

    fn of(told: &Told<'_>, title: Option<&str>) -> Vec<Value> {
        let text = issues(told, &Page { title, ..Page::default() }).expect("JSON");
        let list: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(list["_class"], CLASS);
        let all = list["issues"].as_array().expect("issues").clone();
        assert_eq!(list["size"], all.len());
        all
    }

    #[test]
    fn findings_are_issues_and_what_passed_is_none() {
        let all = of(&Told::Judged(&report(everyday(), POLICY)), Some("churn"));
        let mut first = all[0].clone();
        assert!(first["fingerprint"].take().as_str().is_some_and(|print| print.len() == 16));
        let expected = json!({
            "fileName": "eval/metrics.json", "lineStart": 1, "lineEnd": 1, "severity": "ERROR", "category": "fail",
            "type": "regression-abs", "message": "accuracy: 0.9134 → 0.8934 (-2.19 %): worse by 0.02, more than 0.01",
            "description": "", "moduleName": "churn", "fingerprint": null,
        });
        assert_eq!(first, expected);
        let severities: Vec<&str> = all.iter().filter_map(|issue| issue["severity"].as_str()).collect();
        assert_eq!(severities, ["ERROR", "NORMAL", "NORMAL", "NORMAL"]);
        let mut info = report(everyday(), POLICY);
        info.judgement.findings.iter_mut().for_each(|finding| finding.severity = Severity::Info);
        assert!(of(&Told::Judged(&info), None).is_empty(), "what never counts is no issue");
    }

    #[test]
    fn what_is_not_judged_is_an_issue_too() {
        let failure = Failure { message: "no <base>", causes: &[], hints: &["fetch & go".into()] };
        let all = of(&Told::Broken(failure), None);
        assert_eq!((all.len(), &all[0]["severity"], &all[0]["type"]), (1, &json!("ERROR"), &json!("nothing-judged")));
        assert_eq!(all[0]["message"], "nothing was judged: no &lt;base&gt;");
        assert_eq!(all[0]["description"], "<p>Hint: fetch &amp; go</p>");
        let all = of(&Told::Judged(&report(between(&[], &[]), "[policy]\n")), None);
        assert_eq!((all.len(), &all[0]["type"]), (1, &json!("nothing-checked")));
        let unread = between(&[("m.json", r#"{"a": 1}"#), ("n.json", "{}")], &[("m.json", r#"{"a": 1}"#), ("n.json", "{\n!")]);
        let mut report = report(unread, "[[rule]]\nmetric = \"a\"\nmin = 0\n");
        report.judgement.findings.retain(|finding| finding.file.as_ref().is_some_and(|file| file.as_str() == "m.json"));
        let all = of(&Told::Judged(&report), None);
        assert_eq!(all.len(), 1, "{all:?}");
        assert_eq!((&all[0]["fileName"], &all[0]["lineStart"], &all[0]["severity"]), (&json!("n.json"), &json!(2), &json!("NORMAL")));
    }

    #[test]
    fn hostile_texts_are_text() {
        for report in [hostile_report(), hostile_rows(3)] {
            for title in HOSTILE {
                sound(&of(&Told::Judged(&report), Some(title)));
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn any_text_is_text(text in ".*") {
            let mut report = report(everyday(), POLICY);
            for finding in &mut report.judgement.findings {
                (finding.explanation, finding.hint) = (text.clone(), Some(text.clone()));
                finding.reasons = vec![text.clone()];
            }
            sound(&of(&Told::Judged(&report), Some(&text)));
            let lines = std::slice::from_ref(&text);
            sound(&of(&Told::Broken(Failure { message: &text, causes: lines, hints: lines }), Some(&text)));
        }
    }

    fn sound(all: &[Value]) {
        assert!(!all.is_empty());
        for issue in all {
            let message = issue["message"].as_str().expect("a message");
            assert!(!message.contains(['<', '>', '"']) && !message.contains(crate::escape::acts), "{message}");
            let description = issue["description"].as_str().expect("a description").replace("<p>", "").replace("</p>", "");
            assert!(!description.contains(['<', '>', '"']) && description.len() < 50_000, "{description}");
            assert!(issue["type"].as_str().is_some_and(|kind| kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')));
        }
    }
}
