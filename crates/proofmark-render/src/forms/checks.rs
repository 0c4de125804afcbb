//! The arguments of `publishChecks`, the step of the Jenkins plugin `checks-api`, as JSON.
//!
//! The same texts, annotations and conclusions that the binary sets by itself where it can reach GitHub.

use proofmark_core::annotation::Annotation;
use proofmark_core::config::Effect;
use serde::Serialize;

use super::{Failure, Told, plain_name};
use crate::{CheckText, Options, Page, RenderError, annotations, check_text, escape};

/// The step hands all annotations to GitHub in one request, which takes so many.
const MOST_ANNOTATIONS: usize = 50;
/// GitHub refuses a summary of more bytes.
const MOST_BYTES: usize = 65_535;

/// The arguments of `publishChecks`, the step of the Jenkins plugin `checks-api`, as JSON.
///
/// `name` is what the check is called; `template` makes its text, as [`check_text`] does. No text has more than 65,535
/// bytes, and there are 50 annotations at most, the most important ones: more than that GitHub refuses.
///
/// # Errors
/// When the template is wrong, asks for something that there is not, or does not end.
pub fn checks(told: &Told<'_>, page: &Page<'_>, name: &str, options: &Options, template: &str) -> Result<String, RenderError> {
    let (text, effect, annotations, run) = match told {
        Told::Judged(report) => {
            let text = check_text(report, page, options, template)?;
            (text, report.judgement.effect, annotations(report), page.run_of(report))
        }
        Told::Broken(failure) => (broken(failure, page), Effect::Block, Vec::new(), page.run),
    };
    crate::json(&Arguments {
        name: plain_name(name),
        title: text.title,
        summary: text.summary,
        text: text.text,
        details_url: run.and_then(|run| escape::url(run.run_url.as_deref()?)),
        status: "COMPLETED",
        conclusion: match effect {
            Effect::Allow => "SUCCESS",
            Effect::Notice => "NEUTRAL",
            Effect::Block => "FAILURE",
        },
        annotations: annotations.iter().take(MOST_ANNOTATIONS).map(Row::new).collect(),
    })
}

#[derive(Serialize)]
struct Arguments<'a> {
    name: String,
    title: String,
    summary: String,
    text: String,
    #[serde(rename = "detailsURL", skip_serializing_if = "Option::is_none")]
    details_url: Option<String>,
    status: &'a str,
    conclusion: &'a str,
    annotations: Vec<Row<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    path: &'a str,
    start_line: u32,
    end_line: u32,
    annotation_level: &'a str,
    title: &'a str,
    message: &'a str,
}

impl<'a> Row<'a> {
    fn new(annotation: &'a Annotation) -> Self {
        Self {
            path: annotation.file.as_str(),
            start_line: annotation.line,
            end_line: annotation.line,
            annotation_level: match annotation.effect {
                Effect::Allow => "NOTICE",
                Effect::Notice => "WARNING",
                Effect::Block => "FAILURE",
            },
            title: &annotation.title,
            message: &annotation.message,
        }
    }
}

fn broken(failure: &Failure<'_>, page: &Page<'_>) -> CheckText {
    let title = page.title.map(|title| format!("{}: ", plain_name(title))).unwrap_or_default();
    let mut summary = format!("### ✗ {}", escape::markdown(&title));
    for (at, line) in failure.lines().iter().enumerate() {
        let line = format!("{}{}", if at > 0 { "\n\n" } else { "" }, escape::markdown(line));
        if summary.len() + line.len() < MOST_BYTES {
            summary.push_str(&line);
        }
    }
    summary.push('\n');
    CheckText::new(&format!("{title}nothing was judged"), summary, String::new())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{
        HOSTILE, POLICY, REPORT, between, everyday, hostile_report, hostile_rows, hostile_runs, large_report, report, run,
    };

    fn of(told: &Told<'_>, page: &Page<'_>) -> Value {
        let options = Options { all: true, max_rows: 5000, ..Options::default() };
        serde_json::from_str(&checks(told, page, "proofmark: churn", &options, REPORT).expect("our own template")).expect("JSON")
    }

    #[test]
    fn the_arguments_are_those_of_the_step() {
        let run = run();
        let page = Page { title: Some("churn"), run: Some(&run), ..Page::default() };
        let told = of(&Told::Judged(&report(everyday(), POLICY)), &page);
        let names: Vec<&str> = told.as_object().expect("arguments").keys().map(String::as_str).collect();
        let mut known = ["name", "title", "summary", "text", "detailsURL", "status", "conclusion", "annotations"];
        known.sort_unstable();
        assert_eq!(names, known);
        assert_eq!([&told["name"], &told["status"], &told["conclusion"]], ["proofmark: churn", "COMPLETED", "FAILURE"]);
        assert_eq!(told["title"], "churn: BLOCKED: 1 of 8 checks failed, with 3 notices");
        assert_eq!(told["detailsURL"], json!(run.run_url));
        let first = json!({
            "path": "eval/metrics.json", "startLine": 1, "endLine": 1, "annotationLevel": "FAILURE", "title": "fail: accuracy",
            "message": "0.9134 → 0.8934 (-2.19 %): worse by 0.02, more than 0.01",
        });
        assert_eq!(told["annotations"][0], first);
        assert_eq!(told["annotations"][1]["annotationLevel"], "WARNING");
    }

    #[test]
    fn conclusions_follow_the_effect() {
        let conclusion = |policy: &str, head: &str| {
            of(&Told::Judged(&report(between(&[("m.json", r#"{"a": 5}"#)], &[("m.json", head)]), policy)), &Page::default())["conclusion"]
                .clone()
        };
        let rule = "[[rule]]\nmetric = \"a\"\nmin = 3\n";
        assert_eq!(conclusion(rule, r#"{"a": 4}"#), "SUCCESS");
        assert_eq!(conclusion(rule, r#"{"a": 2}"#), "FAILURE");
        assert_eq!(conclusion(&format!("{rule}severity = \"warn\"\n"), r#"{"a": 2}"#), "NEUTRAL");
        let failure = Failure { message: "no @team", causes: &["why".into()], hints: &["do".into()] };
        let told = of(&Told::Broken(failure), &Page { title: Some("churn"), ..Page::default() });
        assert_eq!([&told["conclusion"], &told["title"]], ["FAILURE", "churn: nothing was judged"]);
        assert_eq!(told["summary"], "### ✗ churn: nothing was judged: no `@team`\n\ncaused by: why\n\nHint: do\n");
        assert_eq!((&told["annotations"], told.get("detailsURL")), (&json!([]), None));
    }

    #[test]
    fn everything_keeps_to_its_limit() {
        let (run, past) = hostile_runs();
        let title = HOSTILE.concat().repeat(9);
        let page = Page { title: Some(&title), past: &past, run: Some(&run), ..Page::default() };
        let text = HOSTILE.concat().repeat(400);
        let lines = vec![text.clone(); 50];
        let failure = Failure { message: &text, causes: &lines, hints: &lines };
        let (one, two, three) = (hostile_report(), large_report(600), hostile_rows(20));
        for told in [Told::Judged(&one), Told::Judged(&two), Told::Judged(&three), Told::Broken(failure)] {
            let told = of(&told, &page);
            for name in ["summary", "text"] {
                assert!(told[name].as_str().is_some_and(|text| text.len() <= 65_535), "{name} {}", told[name].as_str().unwrap_or("").len());
            }
            assert!(told["annotations"].as_array().is_some_and(|rows| rows.len() <= MOST_ANNOTATIONS));
            assert!(told["title"].as_str().is_some_and(|title| title.encode_utf16().count() <= 120));
        }
    }
}
