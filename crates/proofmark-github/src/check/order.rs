//! What a check run shall say, within GitHub's limits.

use std::borrow::Cow;
use std::cmp::Reverse;

use proofmark_core::annotation::Annotation;
use proofmark_core::config::Effect;
use serde_json::{Value, json};

use super::FAILURE;
use crate::{fit, wire};

/// Bytes of the summary and of the text, each; GitHub counts bytes.
const MOST_BYTES: usize = 65_535;
/// Characters of the title of a check or an annotation.
const MOST_TITLE: usize = 255;
/// Bytes of an annotation's message. GitHub takes 64 KB.
const MOST_MESSAGE: usize = 64_000;
/// Annotations of one request.
const BATCH: usize = 50;
/// Annotations of one check run. Nobody reads more, and each batch costs a request.
const MOST_ANNOTATIONS: usize = 200;

/// The title of a check that another one overrules, by which it is known again.
pub(super) const OVERRULED: &str = "Another report of this name blocks this commit";

const CUT: &str = "\n\n… (cut here: GitHub shows no more)";

/// Which check run: name and commit for people and branch rules, the external id for finding it again.
#[derive(Debug, Clone)]
pub struct CheckKey {
    /// What is shown, and what a branch rule requires.
    pub name: String,
    /// The commit.
    pub head_sha: String,
    /// An [`Origin`](super::Origin) as text.
    pub external_id: String,
    /// Where the details are; left out when it is no web address.
    pub details_url: Option<String>,
}

/// A check run to be completed.
#[derive(Debug, Clone)]
pub struct CheckOrder {
    /// Which.
    pub key: CheckKey,
    /// What it does to the merge: `allow` is a success, `notice` neutral, `block` a failure.
    pub effect: Effect,
    /// One line.
    pub title: String,
    /// Markdown.
    pub summary: String,
    /// More Markdown; may be empty.
    pub text: String,
    /// Remarks at lines, in any order.
    pub annotations: Vec<Annotation>,
}

impl CheckKey {
    pub(super) fn name(&self) -> Cow<'_, str> {
        fit::line(&self.name)
    }

    /// The body that makes a check run in progress.
    pub(super) fn in_progress(&self, output: Option<Value>) -> Value {
        let mut body = self.made("in_progress");
        if let Some(output) = output {
            body["output"] = output;
        }
        body
    }

    /// The body that ends a check run without a result.
    pub(super) fn given_up(&self, at: Option<&str>) -> Value {
        let output = json!({"title": "Superseded", "summary": "A newer run reports on this commit."});
        let mut body = json!({"status": "completed", "conclusion": "cancelled", "output": output});
        if let Some(at) = at {
            body["completed_at"] = json!(at);
        }
        body
    }

    fn made(&self, status: &str) -> Value {
        let mut body = json!({
            "name": self.name(),
            "head_sha": self.head_sha,
            "external_id": self.external_id,
            "status": status,
        });
        self.link(&mut body);
        body
    }

    fn link(&self, body: &mut Value) {
        if let Some(url) = self.details_url.as_deref().and_then(wire::web_address) {
            body["details_url"] = json!(url);
        }
    }
}

impl CheckOrder {
    /// The annotations in JSON, the most important first, in requests; none where there are none.
    pub(super) fn batches(&self) -> Vec<Vec<Value>> {
        let mut sorted: Vec<&Annotation> = self.placed().collect();
        sorted.sort_by_key(|annotation| Reverse(annotation.effect));
        let rows: Vec<Value> = sorted.into_iter().take(MOST_ANNOTATIONS).map(row).collect();
        rows.chunks(BATCH).map(<[Value]>::to_vec).collect()
    }

    /// The body that completes a check run, a new one or one that is there.
    pub(super) fn completed(&self, annotations: &[Value], new: bool) -> Value {
        let mut body = if new { self.key.made("completed") } else { json!({"status": "completed"}) };
        self.key.link(&mut body);
        body["conclusion"] = json!(match self.effect {
            Effect::Allow => "success",
            Effect::Notice => "neutral",
            Effect::Block => FAILURE,
        });
        body["output"] = self.output(annotations);
        body
    }

    /// The body that turns a check, which does not block, into one that does since another one blocks. The report stays in it.
    pub(super) fn overruled(&self) -> Value {
        let mut body = Self { effect: Effect::Block, ..self.clone() }.completed(&[], false);
        body["output"]["title"] = json!(OVERRULED);
        body
    }

    /// The output while more annotations are to come.
    pub(super) fn meanwhile(&self, annotations: &[Value]) -> Value {
        json!({"title": self.title(), "summary": "The report follows.", "annotations": annotations})
    }

    fn output(&self, annotations: &[Value]) -> Value {
        let title = self.title();
        let left_out = match self.placed().count().saturating_sub(MOST_ANNOTATIONS) {
            0 => String::new(),
            1 => "\n\nOne more remark is not shown at its line.".to_owned(),
            more => format!("\n\n{more} more remarks are not shown at their lines."),
        };
        // GitHub wants a summary.
        let summary = if self.summary.trim().is_empty() { &title } else { self.summary.as_str() };
        let summary = format!("{}{left_out}", fit::bytes(summary, MOST_BYTES - left_out.len(), CUT));
        let mut output = json!({"title": title, "summary": summary});
        if !self.text.trim().is_empty() {
            output["text"] = json!(fit::bytes(&self.text, MOST_BYTES, CUT));
        }
        if !annotations.is_empty() {
            output["annotations"] = json!(annotations);
        }
        output
    }

    fn title(&self) -> String {
        let title = fit::line(&self.title);
        // A report cannot pass itself off as one that was overruled, whose no does not count.
        let title = if title.is_empty() || title == OVERRULED { self.key.name() } else { title };
        fit::characters(&title, MOST_TITLE).into_owned()
    }

    /// The root of the repository has no lines.
    fn placed(&self) -> impl Iterator<Item = &Annotation> {
        self.annotations.iter().filter(|annotation| !annotation.file.is_root())
    }
}

/// Never columns: GitHub refuses them where a remark spans lines.
fn row(annotation: &Annotation) -> Value {
    let line = annotation.line.clamp(1, i32::MAX.unsigned_abs());
    let title = fit::line(&annotation.title);
    let message = fit::lines(annotation.message.trim());
    let message = if message.is_empty() { title.clone() } else { message };
    let message = if message.is_empty() { Cow::Borrowed("(no message)") } else { message };
    let mut row = json!({
        "path": annotation.file.as_str(),
        "start_line": line,
        "end_line": line,
        "annotation_level": match annotation.effect {
            Effect::Allow => "notice",
            Effect::Notice => "warning",
            Effect::Block => "failure",
        },
        "message": fit::bytes(&message, MOST_MESSAGE, "…"),
    });
    if !title.is_empty() {
        row["title"] = json!(fit::characters(&title, MOST_TITLE));
    }
    row
}

#[cfg(test)]
mod tests {
    use proofmark_core::path::RepoPath;
    use proptest::prelude::*;

    use super::*;

    fn order(annotations: Vec<Annotation>) -> CheckOrder {
        let key = CheckKey {
            name: "proofmark".to_owned(),
            head_sha: "0".repeat(40),
            external_id: "1/1/k".to_owned(),
            details_url: Some("javascript:alert(1)".to_owned()),
        };
        let (title, summary) = (String::new(), String::new());
        CheckOrder { key, effect: Effect::Block, title, summary, text: String::new(), annotations }
    }

    fn annotation(file: &str, effect: Effect, message: &str) -> Annotation {
        Annotation::new(RepoPath::parse(file).expect("a path"), 3, effect, "accuracy", message)
    }

    #[test]
    fn the_least_important_annotations_are_left_out_and_counted() {
        let mut all: Vec<Annotation> = (0..MOST_ANNOTATIONS).map(|_| annotation("a", Effect::Allow, "fine")).collect();
        all.push(annotation("", Effect::Block, "of no file"));
        all.extend([annotation("b", Effect::Block, "bad"), annotation("c", Effect::Notice, "so so")]);
        let order = order(all);
        let batches = order.batches();
        assert_eq!(batches.iter().map(Vec::len).sum::<usize>(), MOST_ANNOTATIONS);
        assert!(batches.iter().all(|batch| batch.len() == BATCH));
        assert_eq!((&batches[0][0]["path"], &batches[0][1]["path"]), (&json!("b"), &json!("c")));
        let body = order.completed(&[], true);
        assert_eq!(body["output"]["summary"], "proofmark\n\n2 more remarks are not shown at their lines.");
        assert_eq!((&body["conclusion"], body.get("details_url")), (&json!("failure"), None));
    }

    #[test]
    fn only_an_overruled_check_is_titled_so() {
        let mut order = order(Vec::new());
        OVERRULED.clone_into(&mut order.title);
        assert_eq!(order.completed(&[], true)["output"]["title"], "proofmark");
        let body = order.overruled();
        assert_eq!((&body["output"]["title"], &body["conclusion"]), (&json!(OVERRULED), &json!("failure")));
    }

    #[test]
    fn rows_have_what_github_wants_and_no_columns() {
        let shown = row(&annotation("a/m.json", Effect::Notice, "fell\u{1b}[31m\nto 0.8"));
        let expected = json!({
            "path": "a/m.json", "start_line": 3, "end_line": 3, "annotation_level": "warning",
            "message": "fell\\u{1b}[31m\nto 0.8", "title": "accuracy",
        });
        assert_eq!(shown, expected);
        assert_eq!(row(&annotation("a", Effect::Allow, " \n"))["message"], "accuracy");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn everything_keeps_the_limits(letter in any::<char>(), count in 0_usize..70_000, extra in 0_usize..3) {
            let long: String = std::iter::repeat_n(letter, count).collect();
            let mut rows = vec![annotation("a", Effect::Allow, &long)];
            rows.resize_with(MOST_ANNOTATIONS + extra, || annotation("a", Effect::Allow, "x"));
            rows[0].title.clone_from(&long);
            let order = CheckOrder { title: long.clone(), summary: long.clone(), text: long, ..order(rows) };
            let output = order.output(&[]);
            for field in ["summary", "text"] {
                let text = output[field].as_str().unwrap_or("absent");
                prop_assert!(!text.is_empty() && text.len() <= MOST_BYTES, "{field}");
            }
            let shown = row(&order.annotations[0]);
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            prop_assert!(!text(&output["title"]).is_empty() && text(&output["title"]).chars().count() <= MOST_TITLE);
            prop_assert!(text(&shown["title"]).chars().count() <= MOST_TITLE);
            prop_assert!(!text(&shown["message"]).is_empty() && text(&shown["message"]).len() <= MOST_MESSAGE);
        }
    }
}
