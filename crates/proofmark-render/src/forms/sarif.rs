//! SARIF 2.1.0: a result for each check that people should look at.
//!
//! The format: "Static Analysis Results Interchange Format (SARIF) Version 2.1.0" (OASIS 2020, errata 01 of 2023).

use std::collections::BTreeMap;

use proofmark_core::config::Effect;
use proofmark_core::gate::{Finding, Verdict};
use proofmark_core::path::RepoPath;
use proofmark_core::problem::{Problem, ProblemKind};
use proofmark_core::report::Report;
use serde::Serialize;
use serde_json::{Value, json};

use super::facts::{Fact, facts};
use super::place::{Places, encoded, uri};
use super::reasons::{NOTHING_CHECKED, NOTHING_JUDGED, Reason, UNREADABLE_FILE, main_reason};
use super::{Failure, Told, fingerprint, plain, plain_name};
use crate::names::check_name;
use crate::{Page, RenderError, escape};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// GitHub shows no more results of one run, nor refuses the file for so many.
const MOST_RESULTS: usize = 5000;
/// Notifications about files.
const MOST_PROBLEMS: usize = 100;

/// SARIF 2.1.0: a result for each check that people should look at.
///
/// What blocks is an error, a notice a warning, and what did not pass and is allowed a note; checks that passed are no results. A
/// loss that a waiver accepts is suppressed. Every result has a place, which GitHub insists on: what is in no file is told at the
/// policy. Rules are the reasons of checks. Fingerprints are of subject, file, check and
/// rule, so that a finding stays the same one while its numbers move. The run's identity ends with a slash, as a category does:
/// uploads for several subjects stand side by side.
///
/// # Errors
/// When the document cannot be written, which is a bug.
pub fn sarif(told: &Told<'_>, page: &Page<'_>) -> Result<String, RenderError> {
    let run = match told {
        Told::Judged(report) => judged(report, page),
        Told::Broken(failure) => broken(failure),
    };
    let subject = page.title.map(|title| format!("{}/", encoded(title, |byte| byte == b' '))).unwrap_or_default();
    crate::json(&Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run { automation_details: json!({"id": format!("proofmark/{subject}")}), ..run }],
    })
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'a str,
    version: &'a str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Value,
    automation_details: Value,
    invocations: [Value; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    version_control_provenance: Vec<Value>,
    results: Vec<Outcome<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Value,
    locations: [Value; 1],
    partial_fingerprints: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    properties: BTreeMap<&'static str, Fact<'a>>,
}

fn judged<'a>(report: &'a Report, page: &Page<'a>) -> Run<'a> {
    let judgement = &report.judgement;
    let mut findings: Vec<&Finding> = judgement.findings.iter().filter(|finding| finding.verdict != Verdict::Pass).collect();
    findings.sort_by_key(|finding| (std::cmp::Reverse(finding.effect), finding.verdict));
    let left_out = findings.len().saturating_sub(MOST_RESULTS);
    findings.truncate(MOST_RESULTS);
    let nothing = judgement.reason.as_deref() == Some(NOTHING_CHECKED.id);
    let mut rules: Vec<Reason> = findings.iter().map(|finding| main_reason(finding)).chain(nothing.then_some(NOTHING_CHECKED)).collect();
    rules.sort_by_key(|rule| rule.id);
    rules.dedup();
    let index = |reason: &Reason| rules.iter().position(|rule| rule.id == reason.id).unwrap_or_default();
    let places = Places::new(report);
    let mut results: Vec<Outcome<'_>> = findings.iter().map(|finding| result(finding, &places, page, &index)).collect();
    if nothing {
        results.insert(0, nothing_checked(&places, page, index(&NOTHING_CHECKED)));
    }
    let problems = report.comparison.head.problems.iter().chain(&report.comparison.base.problems).take(MOST_PROBLEMS);
    let mut notes: Vec<Value> = problems.map(unread).collect();
    if left_out > 0 {
        notes.push(notification("warning", &format!("{left_out} more results were left out"), Vec::new()));
    }
    Run {
        tool: tool(Some(&report.proofmark), &rules),
        automation_details: Value::Null,
        invocations: [invocation(!judgement.is_blocked_unjudged(), notes)],
        version_control_provenance: provenance(report, page).into_iter().collect(),
        results,
    }
}

fn broken<'a>(failure: &Failure<'_>) -> Run<'a> {
    let mut notes: Vec<Value> = failure.lines().iter().map(|line| notification("error", line, Vec::new())).collect();
    if let Some(first) = notes.first_mut() {
        first["descriptor"] = json!({"id": NOTHING_JUDGED.id});
    }
    Run {
        tool: tool(None, &[]),
        automation_details: Value::Null,
        invocations: [invocation(false, notes)],
        version_control_provenance: Vec::new(),
        results: Vec::new(),
    }
}

fn tool(version: Option<&str>, rules: &[Reason]) -> Value {
    let rules: Vec<Value> = rules
        .iter()
        .map(|rule| {
            json!({
                "id": rule.id,
                "shortDescription": {"text": rule.short},
                "help": {"text": rule.help},
            })
        })
        .collect();
    let mut driver = json!({"name": "proofmark", "rules": rules});
    if let Some(version) = version {
        driver["version"] = json!(plain_name(version));
    }
    json!({"driver": driver})
}

fn invocation(successful: bool, notifications: Vec<Value>) -> Value {
    json!({"executionSuccessful": successful, "toolExecutionNotifications": notifications})
}

fn notification(level: &str, text: &str, locations: Vec<Value>) -> Value {
    let mut notification = json!({"level": level, "message": message(text)});
    if !locations.is_empty() {
        notification["locations"] = json!(locations);
    }
    notification
}

fn unread(problem: &Problem) -> Value {
    let level = if problem.kind == ProblemKind::Warning { "warning" } else { "error" };
    let line = problem.position.map_or(1, |position| position.line);
    let mut told = notification(level, &plain(&problem.to_string()), vec![location((problem.file.clone(), line))]);
    told["descriptor"] = json!({"id": UNREADABLE_FILE.id});
    told
}

fn result<'a>(finding: &'a Finding, places: &Places<'_>, page: &Page<'_>, index: &dyn Fn(&Reason) -> usize) -> Outcome<'a> {
    let name = check_name(finding);
    let hint = finding.hint.as_ref().map(|hint| format!(". Hint: {hint}")).unwrap_or_default();
    let reason = main_reason(finding);
    let file = finding.file.as_ref().map_or("", |file| file.as_str());
    Outcome {
        rule_id: reason.id,
        rule_index: index(&reason),
        level: match finding.effect {
            Effect::Block => "error",
            Effect::Notice => "warning",
            Effect::Allow => "note",
        },
        message: message(&plain(&format!("{}: {}: {}{hint}", plain_name(&name), finding.verdict.name(), finding.explanation))),
        locations: [location(places.of(finding).unwrap_or_else(|| places.policy()))],
        partial_fingerprints: fingerprints(&[page.title.unwrap_or_default(), file, &name, finding.rule.as_deref().unwrap_or_default()]),
        suppressions: finding.waiver.iter().map(|waiver| suppression(&format!("{}: {}", waiver.approved_by, waiver.reason))).collect(),
        properties: facts(finding).into_iter().collect(),
    }
}

fn nothing_checked<'a>(places: &Places<'_>, page: &Page<'_>, rule_index: usize) -> Outcome<'a> {
    Outcome {
        rule_id: NOTHING_CHECKED.id,
        rule_index,
        level: "error",
        message: message(NOTHING_CHECKED.short),
        locations: [location(places.policy())],
        partial_fingerprints: fingerprints(&[page.title.unwrap_or_default(), NOTHING_CHECKED.id]),
        suppressions: Vec::new(),
        properties: BTreeMap::new(),
    }
}

/// Plain text, in which a bracket behind another one would make a link (section 3.11.6).
fn message(text: &str) -> Value {
    json!({"text": text.replace("](", "] (")})
}

fn location((file, line): (RepoPath, u32)) -> Value {
    json!({"physicalLocation": {"artifactLocation": {"uri": uri(&file)}, "region": {"startLine": line.max(1)}}})
}

fn fingerprints(parts: &[&str]) -> Value {
    json!({"proofmarkCheck/v1": fingerprint(parts)})
}

fn suppression(why: &str) -> Value {
    json!({"kind": "external", "status": "accepted", "justification": plain(why)})
}

/// Where the commit is kept, if that is known.
fn provenance(report: &Report, page: &Page<'_>) -> Option<Value> {
    let run = page.run_of(report)?;
    let address = format!("{}/{}", run.server_url.as_deref()?, run.repository.as_deref()?);
    let mut details = json!({"repositoryUri": escape::url(&address)?});
    if let Some(commit) = run.head.commit.as_deref().or(report.comparison.head.revision.commit.as_deref()) {
        details["revisionId"] = json!(plain_name(commit));
    }
    if let Some(branch) = &run.head.branch {
        details["branch"] = json!(plain_name(branch));
    }
    Some(details)
}

#[cfg(test)]
mod tests;
