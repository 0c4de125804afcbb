//! `proofmark plan`: what a gate would make of changes, before there is data.

use serde_json::Value;

use crate::replay::judged;
use crate::{change, json, proofmark};

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
max_regression_abs = 0.05
alpha = 0.1
"#;

fn plan(arguments: &[&str]) -> Value {
    let repo = change(&[], &[]);
    json(&proofmark(&repo).run(&[&["plan", "--format", "json"], arguments].concat()).expect(0))
}

fn shares(document: &Value, verdict: &str) -> Vec<f64> {
    document["scenarios"].as_array().expect("a list").iter().filter_map(|scenario| scenario[verdict].as_f64()).collect()
}

#[test]
fn ten_thousand_rows_tell_a_point() {
    let document = plan(&["--rows", "10000", "--margin", "0.01"]);
    let (pass, fail) = (shares(&document, "pass"), shares(&document, "fail"));
    assert_eq!(pass.len(), 4);
    assert!(pass[0] >= 0.98 && pass[3] <= 0.005 && fail[0] <= 0.005 && fail[3] >= 0.98, "{pass:?} {fail:?}");
    assert!((pass[2] - 0.05).abs() < 0.02, "at the margin, alpha of the changes pass: {pass:?}");
    for (at, scenario) in document["scenarios"].as_array().expect("a list").iter().enumerate() {
        let sum: f64 = ["pass", "inconclusive", "fail"].iter().filter_map(|verdict| scenario[verdict].as_f64()).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{at}: {scenario}");
    }
    // (1.644854 + 0.841621)^2 x 0.06 / 0.01^2 = 3709.5...
    assert_eq!(document["n_required"], 3710);
    assert_eq!((&document["kind"], &document["seed"], &document["trials"]), (&"plan".into(), &0.into(), &2000.into()));
}

#[test]
fn five_hundred_rows_do_not_and_the_advice_says_how_many_would() {
    let repo = change(&[], &[]);
    let told = proofmark(&repo).run(&["plan", "--rows", "500", "--margin", "0.01", "--loss", "0.03"]).expect(0);
    assert!(told.contains("500 rows, 6 % of them answered differently; margin 0.01, alpha 0.05"), "{told}");
    assert!(told.contains("loses 0.03 (harmful)") && told.contains("loses 0.01 (the margin)"), "{told}");
    let advice = told.lines().last().expect("advice");
    assert!(advice.starts_with("These 500 rows are too few for a margin of 0.01") && advice.contains("Take 3710 rows"), "{advice}");
    assert_eq!(told, proofmark(&repo).run(&["plan", "--rows", "500", "--margin", "0.01", "--loss", "0.03"]).expect(0));
}

#[test]
fn runs_and_scores_have_plans_of_their_own() {
    let independent = plan(&["--runs", "5", "--sd", "0.01", "--margin", "0.01"]);
    let paired = plan(&["--runs", "5", "--paired", "--sd", "0.01", "--margin", "0.01"]);
    let scores = plan(&["--rows", "5", "--sd", "0.01", "--margin", "0.01"]);
    let procedure = |document: &Value| document["design"]["procedure"].as_str().unwrap_or_default().to_owned();
    assert_eq!(procedure(&independent), "welch_noninferiority");
    assert_eq!(procedure(&paired), "paired_t_noninferiority");
    assert_eq!((procedure(&scores), &scores["design"]["unit"]), (procedure(&paired), &"rows".into()));
    // The difference of two independent runs varies more than one of them.
    assert!(shares(&independent, "pass")[0] < shares(&paired, "pass")[0]);
    assert!(independent["n_required"].as_u64() > paired["n_required"].as_u64());
    let nothing = plan(&["--rows", "1000", "--margin", "0", "--loss", "0.01"]);
    assert!(nothing["n_required"].is_null() && nothing["advice"].as_str().is_some_and(|advice| advice.contains("State a loss")));
}

#[test]
fn a_stored_report_tells_size_noise_margin_and_alpha() {
    let repo = judged(POLICY, 20, 0);
    let run = |more: &[&str]| {
        let arguments = [&["plan", "--format", "json", "--from", "../report.json"], more].concat();
        json(&proofmark(&repo).run(&arguments).expect(0))
    };
    let document = run(&["predictions:accuracy"]);
    let design = &document["design"];
    assert_eq!((&design["n"], &design["procedure"]), (&400.into(), &"paired_proportion_noninferiority".into()));
    assert_eq!((&document["margin"], &document["alpha"]), (&0.05.into(), &0.1.into()));
    // 16 rows were wrong before and 20 are now, none of them the same.
    assert_eq!(design["discordant"], 0.09);
    let larger = run(&["predictions:accuracy", "--rows", "4000", "--margin", "0.01"]);
    assert_eq!((&larger["design"]["n"], &larger["margin"], &larger["design"]["discordant"]), (&4000.into(), &0.01.into(), &0.09.into()));
    let error = |metric: &str| proofmark(&repo).run(&["plan", "--from", "../report.json", metric]).expect_error(2);
    assert!(error("predictions:acuracy").contains("did you mean `predictions:accuracy`?"));
}

#[test]
fn single_numbers_have_no_noise_to_go_by() {
    let repo = judged("[[rule]]\nmetric = \"latency_ms\"\nmax_regression_rel = 0.1\n", 20, 0);
    let told = proofmark(&repo).run(&["plan", "--from", "../report.json", "latency_ms"]).expect_error(2);
    assert!(told.contains("how much `latency_ms` varies") && told.contains("--runs"), "{told}");
}

#[test]
fn bad_numbers_are_refused_with_a_hint() {
    let repo = change(&[], &[]);
    for (arguments, told) in [
        (&["--margin", "0.01"][..], "--rows N"),
        (&["--rows", "100"], "--margin"),
        (&["--rows", "1", "--margin", "0.01"], "2.."),
        (&["--rows", "100", "--margin=-0.01"], "from 0"),
        (&["--rows", "100", "--margin", "NaN"], "from 0"),
        (&["--rows", "100", "--margin", "1", "--loss", "1.5"], "fractions"),
        (&["--rows", "100", "--margin", "0.01", "--discordant", "6"], "0.06"),
        (&["--rows", "100", "--margin", "0.01", "--alpha", "0"], "probability"),
        (&["--rows", "100", "--margin", "0.01", "--power", "1"], "0.9999"),
        (&["--rows", "100", "--margin", "0.01", "--trials", "5000000"], "1000000"),
        (&["--runs", "5", "--margin", "0.01"], "--sd"),
        (&["--runs", "5", "--rows", "5", "--margin", "0.01"], "cannot be used with"),
        (&["--from", "nowhere.json", "accuracy"], "nowhere.json"),
    ] {
        let error = proofmark(&repo).run(&[&["plan"], arguments].concat()).expect_error(2);
        assert!(error.contains(told), "{arguments:?}: {error}");
    }
}
