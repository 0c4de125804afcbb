//! Two sides, compared, judged and printed in every form: nothing of a repository acts on who reads the output.

#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_core::compare::{BaseKind, Baseline, Sides, by_name, compare};
use proofmark_core::config::Effect;
use proofmark_core::discovery::{Discovery, Keys};
use proofmark_core::gate::judge;
use proofmark_core::past::PastRun;
use proofmark_core::path::RepoPath;
use proofmark_core::policy::Policy;
use proofmark_core::ports::{MemoryTree, Revision};
use proofmark_core::report::{ComparisonDocument, Report};
use proofmark_core::snapshot::{Nowhere, Parsed, Snapshot, take};
use proofmark_core::waiver::Circumstances;
use proofmark_fuzz::files;
use proofmark_render::{DvcPart, Options, Page};

const COMPARISON: &str = include_str!("../../../templates/comparison.md.jinja");
const REPORT: &str = include_str!("../../../templates/report.md.jinja");

/// `note` is what a subject, a branch or a message may be; it becomes a file's name as well.
const NAMES: [&str; 5] = ["base/metrics.json", "base/params.yaml", "head/metrics.json", "head/params.yaml", "note"];

fuzz_target!(|bytes: &[u8]| {
    let given = files(bytes, &NAMES);
    let of = |name: &str| given.iter().rev().find(|(known, _)| *known == name).map(|(_, text)| *text);
    let note = String::from_utf8_lossy(of("note").unwrap_or_default()).into_owned();
    let [base, head] =
        ["base", "head"].map(|side| snapshot(&note, of(&format!("{side}/metrics.json")), of(&format!("{side}/params.yaml"))));
    let baseline = Baseline::new(BaseKind::MergeBase, note.as_str());
    let comparison = compare(&Sides { base: &base, head: &head, tip: Some(&base), baseline }, &by_name);
    let judgement = judge(&comparison, &Policy::built_in(), &Circumstances::default());
    let document = ComparisonDocument::new("0", comparison.clone());
    let mut report = Report::new("0", comparison, judgement);
    report.notes.push(note.clone());
    // Templates are compiled for each text, which is slow here: one form of each, by the input's length.
    let (width, all, max_rows) = [(None, true, 200), (Some(40), false, 200), (Some(100), true, 3)][bytes.len() % 3];
    let options = Options { width, colour: false, all, max_rows };
    terminal(&proofmark_render::comparison_table(&document, &options));
    terminal(&proofmark_render::report_table(&report, &options));
    markdown(&proofmark_render::comparison_markdown(&document, &options, COMPARISON).expect("our own template"));
    markdown(&proofmark_render::report_markdown(&report, &options, REPORT).expect("our own template"));
    posted(&report, &options, &note, bytes.len());
    strict_json(&proofmark_render::json(&document).expect("every comparison has a JSON form"));
    strict_json(&proofmark_render::json(&report).expect("every report has a JSON form"));
    for part in [DvcPart::Metrics, DvcPart::Params] {
        strict_json(&proofmark_render::dvc_json(&document.comparison, part, true));
    }
});

/// The same with a run before it, on a page that is too small for some.
fn posted(report: &Report, options: &Options, note: &str, seed: usize) {
    let mut before = PastRun::new(1, 1, note, 0, Effect::Notice, note);
    before.values = proofmark_render::key_values(report);
    before.values.push((note.to_owned(), 1.0));
    let past = [before];
    // An address would be a link, which is meant there.
    let whole_report = Some(note).filter(|note| proofmark_render::escape::url(note).is_none());
    let page = Page { title: Some(note), past: &past, run: None, whole_report };
    let limit = 300 + seed * 7919 % 9000;
    let fitted = proofmark_render::report_within(report, options, REPORT, &page, limit).expect("our own template");
    assert!(fitted.text.len() <= limit, "{} of {limit}", fitted.text.len());
    markdown(&fitted.text);
    terminal(&proofmark_render::status_line(report));
    for one in proofmark_render::annotations(report) {
        terminal(&one.title);
        terminal(&one.message);
    }
}

fn snapshot(note: &str, metrics: Option<&[u8]>, params: Option<&[u8]>) -> Snapshot {
    let named = format!("{}.json", note.replace(['/', '\0'], "_"));
    let mut given = vec![("metrics.json", metrics), ("params.yaml", params)];
    if !note.is_empty() {
        given.push((&named, metrics));
    }
    let tree = MemoryTree::new(note, given.iter().filter_map(|(path, text)| Some((*path, (*text)?))));
    let mut wanted = Discovery::default();
    let path = |text: &str| RepoPath::parse(text).expect("without slashes every name is a path");
    wanted.metrics.extend([path("metrics.json"), path(&named)]);
    wanted.add_params(path("params.yaml"), &Keys::All);
    let mut snapshot = take(&tree, &wanted, &wanted, &Nowhere, &Parsed::default());
    snapshot.revision = Revision::commit(note, "3f2a9c1d04b7e6f5a8c9d0e1f2a3b4c5d6e7f809", note);
    snapshot
}

/// What no reader sees, or what changes the order of what is seen.
fn acts(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn terminal(text: &str) {
    assert!(!text.chars().any(|letter| letter != '\n' && acts(letter)), "something acts: {text:?}");
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::") && !line.contains("##"), "a command for the log: {line:?}\n{text}");
    }
}

/// All that acts in Markdown stands in code, apart from what the template says itself.
fn markdown(text: &str) {
    assert!(!text.chars().any(|letter| letter != '\n' && acts(letter)), "something acts: {text:?}");
    let mut columns = None;
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "a command for the log: {line:?}");
        // Titles and labels of charts are letters and digits; the fence itself is ours.
        if line == "```mermaid" || line == "```" {
            continue;
        }
        let bars = line.starts_with('|').then(|| line.matches('|').count());
        assert!(columns.is_none() || bars.is_none() || bars == columns, "a cell ends where it should not: {line:?}\n{text}");
        columns = bars;
        let outside: String = line.split('`').step_by(2).collect();
        let html = ["<details><summary>", "</summary>", "</details>", "<br>"].iter().fold(outside, |rest, tag| rest.replace(tag, ""));
        assert!(!html.contains(['<', '@', '\\']) && !html.contains("]("), "a tag, a mention or a link: {line:?}\n{text}");
    }
}

fn strict_json(text: &str) {
    assert!(!text.chars().any(|letter| letter != '\n' && acts(letter)), "something acts: {text:?}");
    if let Err(error) = serde_json::from_str::<serde_json::Value>(text) {
        let excused = error.to_string();
        assert!(excused.starts_with("recursion limit") || excused.starts_with("number out of range"), "not strict JSON: {error}\n{text}");
    }
}
