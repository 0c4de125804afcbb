//! `proofmark log --recorded`.

use proofmark_testkit::repo::TestRepo;
use serde_json::Value;

use crate::{json, proofmark};

const POLICY: &str = r#"
[[table]]
name = "predictions"
file = "predictions.csv"
id = "id"
label = "label"
prediction = "prediction"
positive = "1"

[[rule]]
table = "predictions"
metric = "accuracy"
min = 0.7

[[rule]]
table = "predictions"
metric = "accuracy"
slice = { country = "*" }
min = 0.1

[[rule]]
metric = "auc"
min = 0.5
"#;

/// Four commits on main whose tables are wrong every so many rows; all but the last but one are recorded.
fn history() -> TestRepo {
    let repo = TestRepo::new();
    repo.write("proofmark.toml", POLICY);
    for (step, (every, more)) in
        [(10, &[][..]), (2, &[]), (8, &[]), (5, &["--accept-level", "predictions:accuracy"])].into_iter().enumerate()
    {
        let row = |row: usize| format!("{row},1,{},{}\n", u8::from(!row.is_multiple_of(every)), if row % 4 < 2 { "DE" } else { "FR" });
        let table: String = (0..80).map(row).collect();
        repo.write("predictions.csv", format!("id,label,prediction,country\n{table}"));
        repo.write("metrics.json", format!("{{\"auc\": 0.9{step}}}")).commit(&format!("step {step}"));
        let code = proofmark(&repo).run(&["gate", "HEAD", "HEAD", "--base-is", "tip", "--output", "../report.json"]).code;
        assert_eq!(code, Some(i32::from(every == 2)));
        if step != 2 {
            proofmark(&repo).run(&[&["record", "../report.json"], more].concat()).expect(0);
        }
    }
    repo
}

fn log(repo: &TestRepo, arguments: &[&str]) -> Value {
    json(&proofmark(repo).run(&[&["log", "--recorded", "--format", "json"], arguments].concat()).expect(0))["history"].take()
}

/// `subject value …` of each commit, the newest first.
fn rows(history: &Value) -> Vec<String> {
    let commits = history["commits"].as_array().expect("a list");
    let values =
        |commit: &Value| commit["points"].as_array().into_iter().flatten().map(|point| format!(" {}", point["value"])).collect::<String>();
    commits.iter().map(|commit| format!("{}{}", commit["subject"].as_str().unwrap_or_default(), values(commit))).collect()
}

#[test]
fn metrics_of_tables_with_blocked_runs_and_new_levels_marked() {
    let repo = history();
    let accuracy = log(&repo, &["predictions:accuracy"]);
    assert_eq!(rows(&accuracy), ["(new level) step 3 0.8", "(blocked) step 1 0.5", "step 0 0.9"]);
    assert_eq!(accuracy["metrics"][0]["key"], "predictions:accuracy");
    let files = log(&repo, &["metrics.json:auc"]);
    assert_eq!(rows(&files), ["step 3 0.93", "(blocked) step 1 0.91", "step 0 0.9"]);
    assert_eq!(files["metrics"][0]["key"], "auc");
}

#[test]
fn slices_are_named_in_brackets() {
    let repo = history();
    let of_country = log(&repo, &["predictions:accuracy [country=DE]"]);
    assert_eq!(of_country["metrics"].as_array().map(Vec::len), Some(1));
    assert_eq!(of_country["metrics"][0]["key"], "predictions:accuracy [country=DE]");
    assert_eq!(of_country["commits"].as_array().map(Vec::len), Some(3));
    let all = log(&repo, &["accuracy [country=*]"]);
    assert_eq!(all["metrics"].as_array().map(Vec::len), Some(2), "{all}");
    assert_eq!(log(&repo, &["*"])["metrics"].as_array().map(Vec::len), Some(2), "all rows only");
}

#[test]
fn table_and_csv_are_as_for_files() {
    let repo = history();
    let table = proofmark(&repo).run(&["log", "--recorded", "predictions:accuracy"]).expect(0);
    assert!(table.contains("(blocked) step 1") && table.contains("0.9 → 0.8"), "{table}");
    let text = proofmark(&repo).run(&["log", "--recorded", "predictions:accuracy", "--format", "csv"]).expect(0);
    assert!(text.contains(",predictions.csv,predictions:accuracy,0.5,\n"), "{text}");
}

#[test]
fn what_is_not_recorded_is_an_error_that_helps() {
    let repo = history();
    let error = |arguments: &[&str]| proofmark(&repo).run(&[&["log", "--recorded"], arguments].concat()).expect_error(2);
    assert!(error(&["predictions:acuracy"]).contains("did you mean `predictions:accuracy`?"));
    assert!(error(&["accuracy", "--class", "gpu"]).contains("class `gpu`"));
    repo.git(&["update-ref", "-d", "refs/proofmark/history"]);
    assert!(error(&["accuracy"]).contains("proofmark record"));
    assert!(proofmark(&repo).run(&["log", "accuracy", "--class", "gpu"]).expect_error(2).contains("--recorded"));
}
