//! `proofmark init`.

use crate::{change, proofmark};

#[test]
fn writes_a_policy_that_works_and_never_overwrites_it() {
    let metrics = r#"{"accuracy": 0.9, "score": 3, "epoch": 4, "folds": [0.1, 0.2], "we\"ird\n]": 1, "a.loss": 2}"#;
    let repo = change(&[("metrics.json", metrics)], &[]);
    proofmark(&repo).run(&["init"]).expect(0);
    let text = std::fs::read_to_string(repo.path().join("proofmark.toml")).expect("written");
    assert!(text.contains("\"accuracy\" = \"higher\"") && text.contains("# \"score\" = \"higher\"  # unsure"), "{text}");
    assert!(text.contains("\"epoch\" = \"none\""), "{text}");
    repo.commit("policy");
    proofmark(&repo).run(&["gate"]).expect(0);
    repo.write("metrics.json", metrics.replace("0.9", "0.8").replace("\"a.loss\": 2", "\"a.loss\": 3"));
    let output = proofmark(&repo).run(&["gate"]).expect(1);
    assert!(output.contains("2 of 2 checks"), "{output}");
    let error = proofmark(&repo).run(&["init"]).expect_error(2);
    assert!(error.contains("--force"), "{error}");
    proofmark(&repo).run(&["init", "--force"]).expect(0);
}

#[test]
fn a_repository_without_metrics_gets_an_example() {
    let repo = change(&[("notes.txt", "x")], &[]);
    let text = proofmark(&repo).run(&["init", "--dry-run"]).expect(0);
    assert!(text.contains("# metric = \"accuracy\""), "{text}");
    assert!(!repo.path().join("proofmark.toml").exists());
}

#[test]
fn what_is_not_finite_gets_no_rule() {
    let head = r#"{"loss": NaN, "accuracy": Infinity, "auc": 0.9, "f1": [0.5, -Infinity], "score": NaN, "epoch": NaN}"#;
    let repo = change(&[("metrics.json", head)], &[]);
    let text = proofmark(&repo).run(&["init", "--dry-run"]).expect(0);
    for line in [
        "\"auc\" = \"higher\"  # 0.9 in metrics.json",
        "# \"loss\" = \"lower\"  # not finite: NaN in metrics.json",
        "# \"f1\\\\[*\\\\]\" = \"higher\"  # not finite: -Infinity in metrics.json",
        "# \"epoch\" = \"none\"  # not finite: NaN in metrics.json",
        "metric = \"auc\"",
        "# metric = \"loss\"",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    assert_eq!(text.lines().filter(|line| line.starts_with("[[rule]]")).count(), 1, "{text}");
    let many: String = (0..50).map(|number| format!("\"loss{number}_loss\": 1, ")).collect();
    for (last, rules) in [("NaN", 50), ("1", 1)] {
        let repo = change(&[("metrics.json", &format!("{{{many}\"accuracy\": {last}}}"))], &[]);
        let output = proofmark(&repo).run(&["init"]);
        assert!(output.stderr.contains("(1 metrics file found"), "{}", output.stderr);
        let text = std::fs::read_to_string(repo.path().join("proofmark.toml")).expect("written");
        assert_eq!(text.lines().filter(|line| line.starts_with("[[rule]]")).count(), rules, "{text}");
        repo.commit("policy");
        proofmark(&repo).run(&["gate"]).expect(0);
    }
}

#[test]
fn counts_files_as_people_do() {
    let repo = change(&[("metrics.json", "{\"auc\": 1}"), ("metrics/a.json", "{\"auc\": 1}")], &[]);
    let output = proofmark(&repo).run(&["init"]);
    assert!(output.stderr.contains("(2 metrics files found"), "{}", output.stderr);
}

#[test]
fn names_that_hide_are_shown_and_still_mean_themselves() {
    let name = "loss\u{202e}\u{200b}";
    let repo = change(&[(&format!("metrics/{name}.json"), &format!("{{\"{name}\": 1, \"score\u{2066}\": 2}}"))], &[]);
    proofmark(&repo).run(&["init"]).expect(0);
    let text = std::fs::read_to_string(repo.path().join("proofmark.toml")).expect("written");
    assert!(!text.contains(['\u{202e}', '\u{200b}', '\u{2066}']), "{text}");
    assert!(text.contains(r"metrics/loss\u{202e}\u{200b}.json"), "{text}");
    repo.commit("policy");
    repo.write(&format!("metrics/{name}.json"), format!("{{\"{name}\": 3, \"score\u{2066}\": 2}}"));
    let output = proofmark(&repo).run(&["gate"]).expect(1);
    assert!(output.contains("the one check failed"), "{output}");
}

#[test]
fn a_list_of_mappings() {
    let rows = |loss: &str| format!(r#"[{{"name": "a", "value": 1, "loss": {loss}}}, {{"name": "b", "value": 2, "loss": 0.5}}]"#);
    let repo = change(&[("metrics.json", &rows("0.5"))], &[]);
    proofmark(&repo).run(&["init"]).expect(0);
    let path = repo.path().join("proofmark.toml");
    let text = std::fs::read_to_string(&path).expect("written");
    assert!(text.contains("\"\\\\[*\\\\].loss\" = \"lower\"") && text.contains("# \"\\\\[*\\\\].value\" = \"none\"  # unknown"), "{text}");
    repo.commit("policy");
    repo.write("metrics.json", rows("0.9"));
    assert!(proofmark(&repo).run(&["gate"]).expect(1).contains("1 of 2 checks"));
}

#[test]
fn a_name_too_long_for_a_glob_stays_a_comment() {
    let repo = change(&[("metrics.json", &format!("{{\"{}loss*\": 1, \"auc\": 1}}", "x".repeat(1_000)))], &[]);
    assert!(proofmark(&repo).run(&["init", "--dry-run"]).expect(0).contains("too long for a glob"));
    proofmark(&repo).run(&["init"]).expect(0);
    repo.commit("policy");
    proofmark(&repo).run(&["gate"]).expect(0);
}

#[cfg(unix)]
#[test]
fn a_link_is_never_written_through() {
    let repo = change(&[("metrics.json", "{\"auc\": 1}")], &[]);
    std::fs::write(repo.outside().join("mine"), "mine").expect("writable");
    repo.link("proofmark.toml", "../mine");
    assert!(proofmark(&repo).run(&["init", "--force"]).expect_error(2).contains("symbolic link"));
    assert_eq!(std::fs::read_to_string(repo.outside().join("mine")).expect("there"), "mine");
}
