//! Reports read back: a hostile document is refused or taken, never worse; what we print comes back and looks the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_core::compare::{BaseKind, Baseline, Sides, Status, compare};
use proofmark_core::config::Effect;
use proofmark_core::discovery::{Discovery, Keys};
use proofmark_core::gate::judge;
use proofmark_core::path::RepoPath;
use proofmark_core::policy::Policy;
use proofmark_core::ports::MemoryTree;
use proofmark_core::report::{Report, read};
use proofmark_core::snapshot::{Nowhere, Parsed, Snapshot, take};
use proofmark_core::value::Value;
use proofmark_core::waiver::Circumstances;
use proofmark_fuzz::files;
use proofmark_render::Options;

const TEMPLATE: &str = include_str!("../../../templates/report.md.jinja");

const NAMES: [&str; 4] = ["base/metrics.json", "base/params.yaml", "head/metrics.json", "head/params.yaml"];

fuzz_target!(|bytes: &[u8]| {
    match read(bytes) {
        Ok(report) => taken(&report),
        Err(error) => assert!(!error.to_string().is_empty(), "a refusal without words"),
    }
    let given = files(bytes, &NAMES);
    if !given.is_empty() {
        let report = ours(&given);
        taken(&report);
        let back = read(printed(&report).as_bytes()).expect("what we print is a report");
        if !has_null_beside_nan(&report) {
            assert_eq!(shown(&back), shown(&report), "a report looks otherwise when it was read back");
        }
    }
});

/// What was taken says what its findings say, has only paths inside the repository, and stays the same.
fn taken(report: &Report) {
    let judgement = &report.judgement;
    let blocks = judgement.findings.is_empty() || judgement.findings.iter().any(|finding| finding.effect == Effect::Block);
    assert!(!blocks || judgement.effect == Effect::Block, "a gate was opened");
    for file in
        report.comparison.metrics.iter().map(|row| &row.file).chain(judgement.findings.iter().filter_map(|finding| finding.file.as_ref()))
    {
        assert!(file.parts().all(|part| part != ".." && part != "."), "a path leads outside: {file}");
    }
    let once = printed(report);
    let again = read(once.as_bytes()).unwrap_or_else(|error| panic!("a second reading refuses: {error}\n{once}"));
    assert_eq!(printed(&again), once, "a second reading differs");
    shown(report);
}

/// The one thing that JSON cannot tell from a value that is not there.
fn has_null_beside_nan(report: &Report) -> bool {
    let is_null = |value: &Option<Value>| *value == Some(Value::Null);
    report
        .comparison
        .metrics
        .iter()
        .chain(&report.comparison.params)
        .any(|row| row.status == Status::NotANumber && (is_null(&row.base) || is_null(&row.head)))
}

fn printed(report: &Report) -> String {
    proofmark_render::json(report).expect("every report has a JSON form")
}

fn shown(report: &Report) -> (String, String) {
    let options = Options { width: Some(80), colour: false, all: true, max_rows: 50 };
    let table = proofmark_render::report_table(report, &options);
    (table, proofmark_render::report_markdown(report, &options, TEMPLATE).expect("our own template"))
}

fn ours(given: &[(&str, &[u8])]) -> Report {
    let [base, head] = ["base", "head"].map(|side| snapshot(side, given));
    let baseline = Baseline::new(BaseKind::MergeBase, "main");
    let policy = Policy::built_in();
    let comparison = compare(&Sides { base: &base, head: &head, tip: Some(&base), baseline }, &|file, key| policy.orient(file, key));
    let judgement = judge(&comparison, &policy, &Circumstances::default());
    Report::new("0", comparison, judgement)
}

fn snapshot(side: &str, given: &[(&str, &[u8])]) -> Snapshot {
    let path = |text: &str| RepoPath::parse(text).expect("a path of ours");
    let tree = MemoryTree::new(side, given.iter().filter_map(|(name, text)| Some((name.strip_prefix(side)?.strip_prefix('/')?, *text))));
    let mut wanted = Discovery::default();
    wanted.metrics.insert(path("metrics.json"));
    wanted.add_params(path("params.yaml"), &Keys::All);
    take(&tree, &wanted, &wanted, &Nowhere, &Parsed::default())
}
