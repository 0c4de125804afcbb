//! What once let a version pass, or stopped one, that should not.

use super::forged::{forged, respelled, row};
use super::promote::{lab, refuses};
use super::*;

/// Runs at one server, models at another: MLflow's own client allows it.
#[test]
fn a_registry_of_its_own() {
    let tracking = Lab::of(&policy(""));
    let registry = FakeMlflow::start();
    let experiment = registry.experiment("elsewhere");
    tracking.train(&tracking.base, 0.9);
    let run = tracking.train(&tracking.head, 0.95);
    registry.run(&experiment, RunSpec { id: &run, deleted: true, ..RunSpec::default() });
    registry.register(MODEL, &run);
    let place = tracking.file("report.json");
    let program = tracking.program().env("MLFLOW_REGISTRY_URI", registry.url());
    program.run(&["gate", "--output", &place]).expect(0);
    program.run(&["promote", MODEL, "--alias", "direct"]).expect(0);
    program.run(&["promote", MODEL, "--alias", "stored", "--report", &place]).expect(0);
    assert_eq!((registry.alias_of(MODEL, "direct"), registry.alias_of(MODEL, "stored")), (Some(1), Some(1)));
}

#[test]
fn a_run_of_another_commit_is_not_the_heads() {
    let lab = lab(&policy(""), 0.5);
    let own = lab.mlflow.world().run_named("run").expect("the head's");
    let other = lab.log(RunSpec { name: "theirs", commit: "", metrics: &[("auc", 0.95)], models: &["model"], ..RunSpec::default() });
    lab.mlflow.register(MODEL, &other);
    let place = forged(&lab, |report| {
        respelled(report, &own, &other);
        row(report)["head"] = 0.95.into();
    });
    refuses(&lab, &["--report", &place], 2, "");
}

#[test]
fn a_value_of_the_base_is_that_of_its_run() {
    let lab = lab(&policy(""), 0.5);
    let place = forged(&lab, |report| row(report)["base"] = 0.4.into());
    refuses(&lab, &["--report", &place], 2, "");
}

/// One bad run among the seeds cannot be left out of the report.
#[test]
fn runs_that_were_left_out() {
    let text = format!("{SOURCE}{}", RULE.replace("0.01", "0.02"));
    let lab = Lab::of(&text);
    let run = lab.train(&lab.base, 0.9);
    lab.mlflow.register(MODEL, &run);
    let good = lab.train(&lab.head, 0.95);
    lab.mlflow.register(MODEL, &good);
    let place = forged(&lab, |_| ());
    lab.train(&lab.head, 0.1);
    refuses(&lab, &["--report", &place], 2, "");
}

#[test]
fn the_base_is_the_one_that_counts() {
    let lab = lab(&policy(""), 0.5);
    lab.repo.write("README", "bad").commit("worse still");
    let worse = lab.train(&lab.repo.id("HEAD"), 0.5);
    lab.mlflow.register(MODEL, &worse);
    let place = lab.file("report.json");
    // Against its own commit before, nothing was lost.
    lab.program().run(&["gate", "HEAD~1", "HEAD", "--base-is", "tip", "--output", &place]).expect(0);
    refuses(&lab, &["--report", &place], 2, "");
}

#[test]
fn values_over_the_history_are_the_runs_too() {
    let rule = "[[rule]]\nmetric = \"auc.min\"\ndirection = \"higher\"\nmax_regression_abs = 0.01\n";
    let lab = lab(&format!("{SOURCE}history = {{ auc = [\"min\"] }}\n{rule}"), 0.5);
    let place = forged(&lab, |report| {
        let rows = report["comparison"]["metrics"].as_array_mut().expect("rows");
        let min = rows.iter_mut().find(|row| row["key"] == "auc.min").expect("the row");
        min["head"] = 0.95.into();
    });
    refuses(&lab, &["--report", &place], 2, "");
}

#[test]
fn rules_about_a_table_of_the_repository_promote_nothing() {
    let table = "[[table]]\nname = \"test\"\nfile = \"p.csv\"\nid = \"id\"\nlabel = \"label\"\nprediction = \"prediction\"\n\
                 [[rule]]\ntable = \"test\"\nmetric = \"accuracy\"\nmin = 0.1\n";
    let of_table = lab(&format!("{SOURCE}{table}"), 0.95);
    of_table.repo.write("p.csv", tables::csv(1000, 10)).commit("a table");
    let run = of_table.train(&of_table.repo.id("HEAD"), 0.95);
    of_table.mlflow.register(MODEL, &run);
    refuses(&of_table, &[], 2, "no rule judges what the run logged");
}

#[test]
fn a_second_try_where_production_is_the_baseline() {
    let text = format!("{SOURCE}[baselines]\nproduction = \"models:/churn-clf@champion\"\n{RULE}baseline = \"production\"\n");
    let lab = lab(&text, 0.95);
    lab.promote(&[], 0);
    assert_eq!(lab.champion(), Some(2));
    let writes = lab.writes().len();
    let (told, _) = lab.promote(&[], 0);
    assert!(told.contains("already"), "{told}");
    assert_eq!(lab.writes().len(), writes);
}

#[test]
fn a_forged_table() {
    let table = "[[table]]\nname = \"test\"\nmlflow = \"churn\"\nfile = \"p.csv\"\nid = \"id\"\nlabel = \"label\"\nprediction = \"prediction\"\n\
                 [[rule]]\ntable = \"test\"\nmetric = \"accuracy\"\nmin = 0.85\n";
    let lab = Lab::of(&format!("{SOURCE}{table}"));
    for (commit, wrong) in [(&lab.base, 100), (&lab.head, 500)] {
        let text = tables::csv(1000, wrong);
        let run = lab.log(RunSpec {
            commit,
            metrics: &[("auc", 0.9)],
            artifacts: &[("p.csv", text.as_bytes())],
            models: &["model"],
            ..RunSpec::default()
        });
        lab.mlflow.register(MODEL, &run);
    }
    refuses(&lab, &[], 1, "BLOCKED");
    let place = forged(&lab, |report| {
        let one = &mut report["comparison"]["measured"][0];
        let base = one["base"].clone();
        one["head"] = base;
    });
    refuses(&lab, &["--report", &place], 2, "");
}

#[test]
fn a_forged_baseline_of_production() {
    let text = format!("{SOURCE}[baselines]\nproduction = \"models:/churn-clf@champion\"\n{RULE}baseline = \"production\"\n");
    let lab = lab(&text, 0.5);
    refuses(&lab, &[], 1, "BLOCKED");
    let place = forged(&lab, |report| report["comparison"]["references"][0]["metrics"][0]["base"] = 0.4.into());
    refuses(&lab, &["--report", &place], 2, "");
}
