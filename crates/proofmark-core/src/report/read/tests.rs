use serde_json::{Value as Json, json};

use super::*;
use crate::compare::{BaseKind, Baseline, Sides, compare};
use crate::config;
use crate::discovery::{DataVersion, Discovery, Keys};
use crate::gate::{judge, locate};
use crate::path::RepoPath;
use crate::policy::{Policy, PolicyOrigin, PolicySide};
use crate::ports::MemoryTree;
use crate::run::{RunContext, System};
use crate::snapshot::{Nowhere, Parsed, take};
use crate::waiver::Circumstances;

const POLICY: &str = "[[rule]]\nmetric = \"*\"\nmin = 0\nmax_regression_abs = 0.1\nwarn = {max_regression_rel = 0.01}\n";

fn path(text: &str) -> RepoPath {
    RepoPath::parse(text).expect("a path")
}

fn report(base: &str, head: &str, policy: Option<&str>) -> Report {
    let mut wanted = Discovery::default();
    wanted.metrics.insert(path("m.json"));
    wanted.add_params(path("params.yaml"), &Keys::All);
    let [base, mut head] = [("main", base), ("change", head)].map(|(name, text)| {
        let tree = MemoryTree::new(name, [("m.json", text), ("params.yaml", &format!("of: {name}\nwhen: 2026-01-02\nlist: [1, [2]]\n"))]);
        take(&tree, &wanted, &wanted, &Nowhere, &Parsed::default())
    });
    head.data.insert(path("data"), DataVersion { algorithm: "md5".into(), hash: "aa.dir".into(), size: Some(u64::MAX), files: None });
    let policy = policy.map_or_else(Policy::built_in, |text| {
        let config = config::parse(&path("proofmark.toml"), text.as_bytes()).expect("valid").expect("there");
        let origin = PolicyOrigin::File { file: "proofmark.toml".into(), side: PolicySide::Base, revision: "main".into() };
        Policy::compile(&config, origin, None).expect("valid globs")
    });
    let sides = Sides { base: &base, head: &head, tip: Some(&base), baseline: Baseline::new(BaseKind::MergeBase, "main").back(2) };
    let comparison = compare(&sides, &|file, key| policy.orient(file, key));
    let mut judgement = judge(&comparison, &policy, &Circumstances::default());
    let text = serde_json::to_vec(&head.revision.name).expect("JSON");
    locate(&mut judgement, &|_| Some(text.clone()));
    Report::new("0.1.0", comparison, judgement)
}

fn everyday() -> Report {
    let base = r#"{"acc": 0.9, "loss": 0.1, "n": 170141183460469231731687303715884105727, "gone": null, "nan": 1, "null": null, "b": [], "t": "x"}"#;
    let head =
        r#"{"acc": 0.7, "loss": 0.30000000000000004, "n": -9007199254740993, "new": null, "nan": NaN, "null": null, "b": [], "t": 1}"#;
    let mut report = report(base, head, Some(POLICY));
    report.run = Some(RunContext::new(System::GithubActions, "pull_request"));
    report.branch = Some("main".to_owned());
    report.head_policy_judgement = Some(report.judgement.clone());
    report.notes.push("a note\u{202e}".to_owned());
    report
}

fn printed(report: &Report) -> Vec<u8> {
    serde_json::to_vec_pretty(report).expect("JSON")
}

fn changed(change: impl FnOnce(&mut Json)) -> Result<Report, ReportError> {
    let plain = report(r#"{"acc": 0.9, "loss": 0.1}"#, r#"{"acc": 0.7, "loss": 0.1}"#, Some(POLICY));
    let mut document = serde_json::to_value(&plain).expect("JSON");
    change(&mut document);
    read(document.to_string().as_bytes())
}

/// NaN is not equal to itself, and printed it is. Dates are read back as text.
fn same(one: &Report, two: &Report) {
    let (one, two) = (format!("{one:#?}"), format!("{two:#?}").replace(" Date(", " Text("));
    if let Some((one, two)) = one.lines().zip(two.lines()).find(|(one, two)| one != two) {
        panic!("{one}\n{two}");
    }
    assert_eq!(one.len(), two.len());
}

#[test]
fn what_was_printed_is_read_back() {
    let report = everyday();
    same(&read(&printed(&report)).expect("our own"), &report);
    let windows = [b"\xef\xbb\xbf".as_slice(), &printed(&report)].concat();
    same(&read(&windows).expect("redirected by a shell of Windows"), &report);
    let broken = self::report(r#"{"acc": null}"#, "{\"acc\": 0.9,\n", None);
    assert!(broken.comparison.head.problems[0].position.is_some());
    assert_eq!(read(&printed(&broken)).expect("our own").judgement.findings.len(), broken.judgement.findings.len());
}

#[test]
fn fields_of_newer_versions_are_passed_over() {
    let read = changed(|document| {
        document["new"] = json!({"a": [1, {"b": null}]});
        document["judgement"]["findings"][0]["new"] = json!(1.5);
        document["judgement"]["policy"]["new"] = json!("x");
        document["comparison"]["metrics"][0]["new"] = json!([[]]);
    });
    assert!(read.is_ok(), "{read:?}");
}

#[test]
fn what_is_no_report_is_named() {
    for (bytes, expected) in [
        (&b""[..], "is empty"),
        (b" \n", "is empty"),
        (b"\n<!DOCTYPE html><html>", "is HTML"),
        (b"PK\x03\x04rest", "ZIP archive"),
        (b"metric,value\n", "(line 1, column 1): expected a value"),
        (b"{\"schema\": 1,\n", "(line 2, column 1): the file ends"),
        (b"\xff\xfe{\0", "is UTF-16"),
        (b"[]", "cannot be read"),
        (b"{}", "does not say"),
        (b"{\"kind\": 1, \"schema\": 1}", "does not say"),
        (b"{\"kind\": \"report\"}", "does not say"),
        (b"{\"kind\": \"comparison\", \"schema\": 1}", "is a comparison, not a report"),
        (b"{\"kind\": \"x\\u001b[31m\", \"schema\": 1}", "is a x\\u{1b}[31m, not"),
        (b"{\"kind\": \"report\", \"schema\": 2}", "has schema 2, and this proofmark reads schema 1"),
        (b"{\"kind\": \"report\", \"schema\": 1}", "missing field `proofmark`"),
    ] {
        let error = read(bytes).expect_err(expected);
        assert!(error.to_string().contains(expected), "{error}");
    }
    assert_eq!(read(&vec![b' '; LIMIT + 1]), Err(ReportError::TooLarge(LIMIT + 1)));
    let cut = printed(&everyday());
    let error = read(&cut[..cut.len() / 2]).expect_err("cut short");
    assert!(error.hint().is_some_and(|hint| hint.contains("cut short")), "{error:?}");
}

#[test]
fn a_report_that_lies_is_refused() {
    let lies: [fn(&mut Json); 7] = [
        |document| document["judgement"]["effect"] = json!("allow"),
        |document| document["judgement"]["verdict"] = json!("pass"),
        |document| document["judgement"]["reason"] = json!("nothing-checked"),
        |document| document["judgement"]["findings"] = json!([]),
        |document| document["judgement"]["findings"][0]["effect"] = json!("allow"),
        |document| document["judgement"]["findings"][0]["severity"] = json!("info"),
        |document| document["judgement"]["findings"][1]["effect"] = json!("notice"),
    ];
    for (number, lie) in lies.into_iter().enumerate() {
        let error = changed(lie).expect_err("a lie");
        assert!(matches!(error, ReportError::Contradiction { part: "judgement", .. }), "{number}: {error}");
    }
    let error = changed(|document| {
        document["head_policy_judgement"] = document["judgement"].clone();
        document["head_policy_judgement"]["effect"] = json!("allow");
    });
    assert_eq!(
        error.expect_err("a lie").to_string(),
        "the head_policy_judgement contradicts itself: the effect does not follow from its findings"
    );
    let empty = changed(|document| {
        document["judgement"]["findings"] = json!([]);
        document["judgement"]["verdict"] = json!("inconclusive");
        document["judgement"]["reason"] = json!("nothing-checked");
    });
    assert_eq!(empty.expect("nothing checked blocks").judgement.effect, Effect::Block);
}

#[test]
fn hostile_forms_are_refused() {
    let forms: [fn(&mut Json); 7] = [
        |document| document["comparison"]["metrics"][0]["file"] = json!("../../etc/passwd"),
        |document| document["judgement"]["findings"][0]["file"] = json!("/etc/passwd"),
        |document| document["comparison"]["metrics"][0]["status"] = json!("fine"),
        |document| document["comparison"]["metrics"] = json!({}),
        |document| document["comparison"]["metrics"][0]["relative"] = json!("NaN"),
        |document| document["judgement"]["findings"][0]["line"] = json!(-1),
        |document| document["judgement"]["policy"]["kind"] = json!("trust-me"),
    ];
    for (number, form) in forms.into_iter().enumerate() {
        let error = changed(form).expect_err("a form that no report has");
        assert!(matches!(error, ReportError::Form(ParseError { position: Some(_), .. })), "{number}: {error:?}");
    }
}
