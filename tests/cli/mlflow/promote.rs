//! `proofmark promote`: what it moves, what it writes down, and what it refuses.

use std::collections::BTreeSet;

use super::*;

/// In production version 1; version 2 is of the head's run, with this `auc` against 0.9.
pub(super) fn lab(policy: &str, head: f64) -> Lab {
    let lab = Lab::of(policy);
    let run = lab.train(&lab.base, 0.9);
    lab.mlflow.register(MODEL, &run);
    lab.mlflow.alias(MODEL, "champion", 1);
    let run = lab.train(&lab.head, head);
    lab.mlflow.register(MODEL, &run);
    lab
}

/// Refused with this word, and nothing was written.
#[track_caller]
pub(super) fn refuses(lab: &Lab, more: &[&str], code: i32, word: &str) {
    let before = lab.champion();
    let (stdout, stderr) = lab.promote(more, code);
    assert!(format!("{stdout}{stderr}").contains(word), "{word}: {stdout}{stderr}");
    assert_eq!((lab.writes(), lab.champion()), (Vec::new(), before));
}

#[test]
fn what_passed_is_promoted_with_its_evidence() {
    let lab = lab(&policy(""), 0.95);
    let (told, _) = lab.promote(&[], 0);
    assert!(told.contains("`champion` moved from version 1 to version 2"), "{told}");
    assert_eq!(lab.champion(), Some(2));
    let tags = lab.mlflow.version_tags(MODEL, 2);
    let tag = |name: &str| tags.get(&format!("proofmark.{name}")).map(String::as_str);
    assert_eq!((tag("verdict"), tag("effect"), tag("commit")), (Some("pass"), Some("allow"), Some(lab.head.as_str())));
    assert!(tag("report").is_some_and(|hash| hash.strip_prefix("sha256:").is_some_and(|hash| hash.len() == 64)), "{tags:?}");
    assert_eq!(tag("replaced.champion"), Some("1"));
    assert!(lab.mlflow.version_tags(MODEL, 1).is_empty());
    let alias = lab.writes().iter().filter(|write| write.contains("alias")).count();
    assert_eq!(alias, 1, "{:?}", lab.writes());
}

#[test]
fn a_second_try_writes_nothing() {
    let lab = lab(&policy(""), 0.95);
    lab.promote(&[], 0);
    let writes = lab.writes().len();
    let (told, _) = lab.promote(&[], 0);
    assert!(told.contains("already"), "{told}");
    assert_eq!(lab.writes().len(), writes);
}

#[test]
fn a_dry_run_writes_nothing_and_says_what_it_would() {
    let lab = lab(&policy(""), 0.95);
    let (dry, _) = lab.promote(&["--dry-run"], 0);
    assert!(dry.contains("would move from version 1 to version 2") && dry.contains("proofmark.verdict = pass"), "{dry}");
    assert_eq!((lab.writes(), lab.champion()), (Vec::new(), Some(1)));
    let plan = json(&lab.promote(&["--dry-run", "--format", "json"], 0).0);
    let count = plan["writes"].as_array().map_or(0, Vec::len);
    lab.promote(&[], 0);
    assert_eq!(lab.writes().len(), count, "{plan}");
}

#[test]
fn a_first_version_and_a_new_alias() {
    let lab = lab(&policy(""), 0.95);
    lab.mlflow.world().unalias(MODEL, "champion");
    lab.promote(&[], 0);
    assert_eq!(lab.champion(), Some(2));
    let ran = lab.program().run(&["promote", MODEL, "--alias", "challenger", "--version", "2"]);
    ran.expect(0);
    assert_eq!(lab.mlflow.alias_of(MODEL, "challenger"), Some(2));
}

#[test]
fn what_blocks_is_not_promoted() {
    refuses(&lab(&policy(""), 0.5), &[], 1, "BLOCKED");
    refuses(&lab(&policy(""), 0.5), &["--fail-on", "block"], 1, "nothing is promoted");
    refuses(&lab(&policy(""), f64::NAN), &[], 1, "nothing is promoted");
}

#[test]
fn a_notice_holds_back_unless_told() {
    let lab = Lab::of(&policy(""));
    let run = lab.train(&lab.head, 0.9);
    lab.mlflow.register(MODEL, &run);
    refuses(&lab, &[], 1, "--fail-on block");
    lab.promote(&["--fail-on", "block"], 0);
    assert_eq!(lab.champion(), Some(1));
}

#[test]
fn a_waiver_lets_it_pass() {
    let waiver = "[waivers]\napprovers = [\"bob\"]\n[[waiver]]\nmetric = \"auc\"\naccept_down_to = 0.8\nexpires = 2024-02-01\n\
                  reason = \"relabelled\"\nissue = \"#41\"\napproved_by = \"bob\"\n";
    let lab = lab(&policy(""), 0.85);
    refuses(&lab, &[], 1, "BLOCKED");
    let told = format!("{}{waiver}commit = \"{}\"\n", policy(""), lab.head);
    lab.repo.switch("main").write("proofmark.toml", told).commit("accepted");
    lab.repo.switch("change");
    lab.promote(&[], 0);
    assert_eq!(lab.champion(), Some(2));
    assert_eq!(lab.mlflow.version_tags(MODEL, 2).get("proofmark.verdict").map(String::as_str), Some("waived"));
    let late = lab.program().env("PROOFMARK_NOW", "1800000000").run(&["promote", MODEL, "--alias", "other"]);
    late.expect(1);
    assert_eq!(lab.mlflow.alias_of(MODEL, "other"), None);
}

#[test]
fn nothing_judged_is_nothing_promoted() {
    refuses(&lab(&format!("{SOURCE}[[rule]]\nmetric = \"nope\"\nmin = 0.5\n"), 0.95), &[], 1, "");
    refuses(&lab(&format!("{}severity = \"info\"\n", policy("")), 0.95), &[], 1, "nothing was checked");
    let none = Lab::of("[[rule]]\nmetric = \"auc\"\nmin = 0.1\n");
    none.repo.write("metrics.json", r#"{"auc": 0.9}"#).commit("a file");
    let run = none.train(&none.repo.id("HEAD"), 0.9);
    none.mlflow.register(MODEL, &run);
    refuses(&none, &[], 2, "[[mlflow]]");
}

/// A rule about a file of the repository says nothing about the version.
#[test]
fn rules_about_something_else_promote_nothing() {
    let rule = "[[rule]]\nfile = \"metrics.json\"\nmetric = \"f1\"\nmin = 0.1\n";
    let of_file = lab(&format!("{SOURCE}{rule}"), 0.95);
    of_file.repo.write("metrics.json", r#"{"f1": 0.9}"#).commit("a file");
    let run = of_file.train(&of_file.repo.id("HEAD"), 0.95);
    of_file.mlflow.register(MODEL, &run);
    refuses(&of_file, &[], 2, "no rule judges what the run logged");
}

#[test]
fn a_version_of_another_run_is_refused() {
    let other = lab(&policy(""), 0.95);
    let run = other.log(RunSpec { name: "other", metrics: &[("auc", 0.99)], models: &["model"], ..RunSpec::default() });
    let three = other.mlflow.register(MODEL, &run);
    assert_eq!(three, 3);
    refuses(&other, &["--version", "3"], 2, "is of the run");
    refuses(&other, &["--version", "9"], 2, "no version 9");
    let four = other.mlflow.register(MODEL, "");
    refuses(&other, &["--version", &four.to_string()], 2, "of no run");
    other.promote(&[], 0);
    assert_eq!(other.champion(), Some(2), "the newest of the judged run, not the newest of all");
    let none = Lab::trained(&policy(""), 0.9, 0.95);
    none.mlflow.register(MODEL, "");
    refuses(&none, &[], 2, "register the model");
    let ran = none.program().run(&["promote", "nope", "--alias", "champion"]);
    ran.expect(2);
}

#[test]
fn names_that_mlflow_does_not_take() {
    let lab = lab(&policy(""), 0.95);
    for alias in ["latest", "v3", "a b", "ä", "a/b", "", "x\n"] {
        lab.program().run(&["promote", MODEL, "--alias", alias]).expect(2);
    }
    lab.program().run(&["promote", MODEL]).expect(2);
    lab.program().run(&["promote", MODEL, "--alias", "a", "--stage", "Production"]).expect(2);
    lab.program().run(&["promote", MODEL, "--stage", "Prod"]).expect(2);
    assert!(lab.writes().is_empty());
}

#[test]
fn the_document_is_as_its_schema_says() {
    let lab = lab(&policy(""), 0.95);
    let schema = json(&lab.program().run(&["schema", "promotion"]).expect(0));
    let keys = |value: &Value| value.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect::<BTreeSet<_>>();
    let known = keys(&schema["properties"]);
    let required: BTreeSet<String> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    for (more, outcome) in
        [(&["--dry-run"][..], "dry-run"), (&[], "done"), (&[], "already"), (&["--rollback"], "done"), (&["--rollback"], "already")]
    {
        let document = json(&lab.promote(&[more, &["--format", "json"]].concat(), 0).0);
        assert!(keys(&document).is_subset(&known) && required.is_subset(&keys(&document)), "{document}");
        assert_eq!((&document["outcome"], &document["kind"], &document["model"]), (&outcome.into(), &"promotion".into(), &MODEL.into()));
        assert_eq!(document["alias"], "champion");
    }
}

#[test]
fn seeds_of_one_commit_are_judged_together_and_their_newest_version_moves() {
    let text = format!("{SOURCE}{}", RULE.replace("0.01", "0.02"));
    let lab = Lab::of(&text);
    let mut last = String::new();
    for value in [0.90, 0.91, 0.89, 0.905, 0.895] {
        lab.train(&lab.base, value);
        last = lab.train(&lab.head, value + 0.0011);
        lab.mlflow.register(MODEL, &last);
    }
    assert_eq!(lab.mlflow.world().run_named("run"), Some(last));
    let report = json(&lab.program().run(&["gate", "--format", "json"]).stdout);
    let passed = finding(&report, "auc")["verdict"] == "pass";
    let ran = lab.program().run(&["promote", MODEL, "--alias", "champion"]);
    assert_eq!((ran.code == Some(0), lab.champion() == Some(5)), (passed, passed), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn a_user_who_may_only_read_moves_nothing() {
    let lab = lab(&policy(""), 0.95);
    lab.mlflow.require_reader("ada", "pass word");
    let ran = lab
        .program()
        .env("MLFLOW_TRACKING_USERNAME", "ada")
        .env("MLFLOW_TRACKING_PASSWORD", "pass word")
        .run(&["promote", MODEL, "--alias", "champion"]);
    let told = format!("{}{}", ran.stdout, ran.stderr);
    assert!(told.contains("403") && !told.contains("pass word"), "{told}");
    ran.expect(3);
    assert_eq!(lab.champion(), Some(1));
}
