//! JUnit XML: a suite for each metrics file, a case for each check.
//!
//! Written for the Jenkins plugins `junit` and `xunit`; the second one refuses what its schema (junit-10.xsd) does not allow. That
//! schema has no `<properties>` in a case, and the first one shows them only where `keepProperties` is set. So the numbers
//! stand twice: as the suite's properties, for programs, and in the case's `<system-out>`, which Jenkins always shows.
//!
//! Jenkins takes what is before the last dot of a class name for the package, keeps the history of a case under class and name,
//! and merges suites of one name that have no timestamp, as parallel branches need it. So there is no time in here, and names
//! hold no value.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_core::config::{Effect, Severity};
use proofmark_core::gate::{Finding, Verdict};
use proofmark_core::report::Report;

use super::facts::facts;
use super::reasons::{NOTHING_CHECKED, NOTHING_JUDGED, main_reason};
use super::{Failure, Told, plain, plain_name};
use crate::names::check_name;
use crate::{Page, RenderError};

/// What the package of every class begins with, so that checks stand apart from the tests of the same build.
const PACKAGE: &str = "proofmark";
/// Where checks belong that are about no file and no table: composite rules, and rules that found nothing.
const RULES: &str = "rules";
/// The cases that are about no check.
const CHECKED: &str = "something is checked";
const JUDGED: &str = "something is judged";

/// JUnit XML: a suite for each metrics file, a case for each check.
///
/// A check that blocks is a failure, one that could not be judged and blocks an error. A notice that was judged (`warn`) is a case
/// that passed and says so: nothing that the policy lets through may count as a failed test. What was neither passed nor failed
/// (`inconclusive`, `no-baseline`, `waived`, and not blocked) is skipped, which Jenkins shows beside the failures, with the
/// reason. Checks of severity `info` are no cases, since they never count.
///
/// # Errors
/// None today; the result is that of the other forms.
pub fn junit(told: &Told<'_>, page: &Page<'_>) -> Result<String, RenderError> {
    let suites = match told {
        Told::Judged(report) => suites(report, page),
        Told::Broken(failure) => vec![broken(failure, page)],
    };
    Ok(document(&suites))
}

/// What came out of a case.
enum Outcome {
    Passed,
    Skipped(String),
    Failed { kind: &'static str, message: String, text: String },
    Error { kind: &'static str, message: String, text: String },
}

struct Case {
    class: String,
    name: String,
    outcome: Outcome,
    /// Lines for the reader of the case.
    told: Vec<String>,
    /// The numbers, by name.
    numbers: Vec<(&'static str, String)>,
}

struct Suite {
    name: String,
    properties: Vec<(String, String)>,
    cases: Vec<Case>,
}

fn suites(report: &Report, page: &Page<'_>) -> Vec<Suite> {
    let mut by_name: BTreeMap<String, Suite> = BTreeMap::new();
    let mut taken = BTreeSet::from([(class(RULES, page), CHECKED.to_owned())]);
    for finding in report.judgement.findings.iter().filter(|finding| finding.severity != Severity::Info) {
        let name = suite_name(finding);
        let class = class_name(finding, page);
        let suite = by_name.entry(name).or_insert_with_key(|name| empty_suite(name, page, of_report(report)));
        let case = case_name(finding, &class, &mut taken);
        suite.cases.push(Case::new(finding, class, case));
    }
    if report.judgement.reason.as_deref() == Some(NOTHING_CHECKED.id) {
        let suite = by_name.entry(RULES.to_owned()).or_insert_with_key(|name| empty_suite(name, page, of_report(report)));
        let (message, hint) = (NOTHING_CHECKED.short.to_owned(), NOTHING_CHECKED.help);
        let outcome = Outcome::Failed { kind: NOTHING_CHECKED.id, text: format!("{message}\nHint: {hint}"), message };
        suite.cases.push(Case::of_all(CHECKED, outcome, page));
    }
    by_name.into_values().collect()
}

fn broken(failure: &Failure<'_>, page: &Page<'_>) -> Suite {
    let mut suite = empty_suite(RULES, page, Vec::new());
    let outcome = Outcome::Error { kind: NOTHING_JUDGED.id, message: failure.headline(), text: failure.lines().join("\n") };
    suite.cases.push(Case::of_all(JUDGED, outcome, page));
    suite
}

fn empty_suite(name: &str, page: &Page<'_>, properties: Vec<(String, String)>) -> Suite {
    let name = page.title.map_or_else(|| name.to_owned(), |title| format!("{}: {name}", plain_name(title)));
    Suite { name, properties, cases: Vec::new() }
}

/// What is known of the whole judgement.
fn of_report(report: &Report) -> Vec<(String, String)> {
    let side = |side: &proofmark_core::compare::Side| side.revision.commit.clone().unwrap_or_else(|| side.revision.name.clone());
    [
        ("proofmark", report.proofmark.clone()),
        ("base", side(&report.comparison.base)),
        ("head", side(&report.comparison.head)),
        ("verdict", report.judgement.verdict.name().to_owned()),
        ("effect", report.judgement.effect.name().to_owned()),
        ("policy", report.judgement.policy_summary.clone()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), plain(&value)))
    .collect()
}

/// A metrics file has its name, and a table its own.
fn suite_name(finding: &Finding) -> String {
    match (&finding.table, &finding.file) {
        (Some(table), _) => plain_name(&format!("table {table}")),
        (None, Some(file)) => plain_name(file.as_str()),
        (None, None) => RULES.to_owned(),
    }
}

/// `proofmark.eval.metrics_json`: folders are packages, and a dot within a name would make two of it.
fn class_name(finding: &Finding, page: &Page<'_>) -> String {
    let parts = match (&finding.table, &finding.file) {
        (Some(table), _) => format!("table {}", undotted(table)),
        (None, Some(file)) => file.parts().map(undotted).collect::<Vec<_>>().join("."),
        (None, None) => RULES.to_owned(),
    };
    class(&parts, page)
}

fn class(parts: &str, page: &Page<'_>) -> String {
    let subject = page.title.map(|title| format!("{}.", undotted(title))).unwrap_or_default();
    plain_name(&format!("{PACKAGE}.{subject}{parts}"))
}

fn undotted(name: &str) -> String {
    name.replace('.', "_")
}

/// The check's name, made unique: Jenkins takes cases of one class and name for one.
fn case_name(finding: &Finding, class: &str, taken: &mut BTreeSet<(String, String)>) -> String {
    let name = check_name(finding);
    let with_rule = finding.rule.as_ref().map(|rule| format!("{name} (rule {rule})"));
    let numbered = (2_u32..).map(|number| format!("{} ({number})", plain_name(&name)));
    let mut names = [Some(name.clone()), with_rule].into_iter().flatten().map(|name| plain_name(&name)).chain(numbered);
    // The last of them never end.
    names.find(|name| taken.insert((class.to_owned(), name.clone()))).unwrap_or_default()
}

impl Case {
    /// One that is about no check.
    fn of_all(name: &str, outcome: Outcome, page: &Page<'_>) -> Self {
        Self { class: class(RULES, page), name: name.to_owned(), outcome, told: Vec::new(), numbers: Vec::new() }
    }

    fn new(finding: &Finding, class: String, name: String) -> Self {
        let message = plain(&format!("{}: {}", finding.verdict.name(), finding.explanation));
        let hint = finding.hint.as_ref().map(|hint| plain(&format!("Hint: {hint}")));
        let text = || [Some(message.clone()), hint.clone()].into_iter().flatten().collect::<Vec<_>>().join("\n");
        let kind = main_reason(finding).id;
        let outcome = match (finding.effect, finding.verdict) {
            (Effect::Block, _) if finding.not_judged => Outcome::Error { kind, text: text(), message: message.clone() },
            (Effect::Block, _) => Outcome::Failed { kind, text: text(), message: message.clone() },
            (_, Verdict::Inconclusive | Verdict::NoBaseline | Verdict::Waived) => Outcome::Skipped(message.clone()),
            _ => Outcome::Passed,
        };
        let numbers: Vec<_> = facts(finding).into_iter().map(|(name, fact)| (name, plain(&fact.shown()))).collect();
        let lines = numbers.iter().map(|(name, value)| format!("{name} = {value}"));
        let told = std::iter::once(message).chain(hint).chain(lines).collect();
        Self { class, name, outcome, told, numbers }
    }
}

fn document(suites: &[Suite]) -> String {
    let mut xml = Xml(String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"));
    let all = || suites.iter().flat_map(|suite| &suite.cases);
    let [tests, failures, errors, _] = counts(all());
    let counted = [("name", PACKAGE), ("tests", &tests), ("failures", &failures), ("errors", &errors), ("time", "0")];
    xml.line(0, "testsuites", &counted, ">");
    suites.iter().for_each(|suite| xml.suite(suite));
    xml.0.push_str("</testsuites>\n");
    xml.0
}

fn counts<'a>(cases: impl Iterator<Item = &'a Case>) -> [String; 4] {
    let mut counts = [0_usize; 4];
    for case in cases {
        counts[0] += 1;
        match case.outcome {
            Outcome::Passed => {}
            Outcome::Failed { .. } => counts[1] += 1,
            Outcome::Error { .. } => counts[2] += 1,
            Outcome::Skipped(_) => counts[3] += 1,
        }
    }
    counts.map(|count| count.to_string())
}

/// The document as it grows.
struct Xml(String);

impl Xml {
    fn suite(&mut self, suite: &Suite) {
        let [tests, failures, errors, skipped] = counts(suite.cases.iter());
        let about = [
            ("name", suite.name.as_str()),
            ("tests", &tests),
            ("failures", &failures),
            ("errors", &errors),
            ("skipped", &skipped),
            ("time", "0"),
        ];
        self.line(1, "testsuite", &about, ">");
        let of_cases =
            suite.cases.iter().flat_map(|case| case.numbers.iter().map(|(name, value)| (format!("{}: {name}", case.name), value.clone())));
        let properties: Vec<(String, String)> = suite.properties.iter().cloned().chain(of_cases).collect();
        if !properties.is_empty() {
            self.line(2, "properties", &[], ">");
            properties.iter().for_each(|(name, value)| self.line(3, "property", &[("name", name), ("value", value)], "/>"));
            self.0.push_str("    </properties>\n");
        }
        suite.cases.iter().for_each(|case| self.case(case));
        self.0.push_str("  </testsuite>\n");
    }

    fn case(&mut self, case: &Case) {
        self.line(2, "testcase", &[("name", &case.name), ("classname", &case.class), ("time", "0")], ">");
        match &case.outcome {
            Outcome::Passed => {}
            // As text and not as an attribute, which older schemas do not have.
            Outcome::Skipped(message) => self.text("skipped", &[], message),
            Outcome::Failed { kind, message, text } => self.text("failure", &[("message", message), ("type", kind)], text),
            Outcome::Error { kind, message, text } => self.text("error", &[("message", message), ("type", kind)], text),
        }
        if !case.told.is_empty() {
            self.text("system-out", &[], &case.told.join("\n"));
        }
        self.0.push_str("    </testcase>\n");
    }

    fn text(&mut self, element: &str, attributes: &[(&str, &str)], text: &str) {
        self.line(3, element, attributes, ">");
        // What stands between the tags is told as it is: no space of ours may get into it.
        self.0.truncate(self.0.trim_end().len());
        self.0.push_str(&escaped(text));
        self.0.push_str(&format!("</{element}>\n"));
    }

    fn line(&mut self, depth: usize, element: &str, attributes: &[(&str, &str)], end: &str) {
        self.0.push_str(&"  ".repeat(depth));
        self.0.push_str(&format!("<{element}"));
        attributes.iter().for_each(|(name, value)| self.0.push_str(&format!(" {name}=\"{}\"", escaped(value))));
        self.0.push_str(end);
        self.0.push('\n');
    }
}

/// Text that may stand anywhere in XML 1.0. What it has no way to write, not even as a reference, becomes `U+FFFD`; that are control
/// characters, which are escapes by now, and two that are none (XML 1.0, fifth edition, production 2).
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' => safe.push('\n'),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            other if other.is_control() => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests;
