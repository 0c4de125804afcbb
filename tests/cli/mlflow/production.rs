//! The version behind an alias or a stage as what rules compare with.

use proofmark_testkit::mlflow::{Fault, What};

use super::*;

const BASELINE: &str = "baseline = \"production\"\n";

fn against(uri: &str, more: &str) -> String {
    format!("{SOURCE}[baselines]\nproduction = \"{uri}\"\n{RULE}{more}")
}

/// In production 0.9, on main 0.8, and the head.
fn lab(uri: &str, more: &str, head: f64) -> Lab {
    let lab = Lab::of(&against(uri, more));
    let run = lab.log(RunSpec { name: "champion", metrics: &[("auc", 0.9)], models: &["model"], ..RunSpec::default() });
    lab.mlflow.register(MODEL, &run);
    lab.mlflow.alias(MODEL, "champion", 1);
    lab.mlflow.stage(MODEL, 1, "Production");
    lab.train(&lab.base, 0.8);
    lab.train(&lab.head, head);
    lab
}

const URI: &str = "models:/churn-clf@champion";

#[test]
fn by_alias_version_and_stage() {
    for uri in [URI, "models:/churn-clf/1", "models:/churn-clf/Production", "models:/churn-clf/production"] {
        let lab = lab(uri, BASELINE, 0.85);
        let report = lab.gate(1);
        assert_eq!(findings(&report), ["auc fail block regression-abs"], "{uri}");
        let found = finding(&report, "auc");
        assert_eq!((&found["against"], found["baseline"].as_f64()), (&"production".into(), Some(0.9)));
        assert!(found["explanation"].as_str().is_some_and(|text| text.contains("version 1")), "{found}");
        lab.train(&lab.repo.write("README", "z").commit("better").clone(), 0.895);
        assert_eq!(findings(&lab.gate(0)), ["auc pass allow"]);
    }
}

#[test]
fn what_is_missing_is_no_baseline_and_says_why() {
    for (uri, word) in [
        ("models:/churn-clf@challenger", "leads to no version"),
        ("models:/churn-clf/7", "leads to no version"),
        ("models:/churn-clf/Staging", "leads to no version"),
        ("models:/nope@champion", "no registered model `nope`"),
    ] {
        for version in [Version::New, Version::Old] {
            let lab = Lab::on(&against(uri, BASELINE), version);
            let run = lab.train(&lab.base, 0.9);
            lab.train(&lab.head, 0.1);
            lab.mlflow.register(MODEL, &run);
            let report = lab.gate(0);
            assert_eq!(findings(&report), ["auc no-baseline notice no-baseline"], "{uri} {version:?}");
            let told = finding(&report, "auc")["explanation"].as_str().unwrap_or_default().to_owned();
            // MLflow 2 does not tell a missing model from a missing alias.
            assert!(told.contains(word) || version == Version::Old && told.contains("no version"), "{told}");
        }
    }
    let strict = lab("models:/churn-clf@nope", &format!("{BASELINE}[policy]\nno_baseline = \"block\"\n"), 0.9);
    strict.gate(1);
}

#[test]
fn a_registry_that_is_down_is_not_one_without_a_champion() {
    let lab = lab(URI, BASELINE, 0.95);
    for what in [
        What::StatusBefore(500),
        What::Html(200),
        What::CutBefore,
        What::StatusBefore(403),
        What::StatusBefore(401),
        What::Body(200, "{}".into()),
    ] {
        for path in ["*registered-models/*", "*/runs/get"] {
            lab.mlflow.heal();
            lab.mlflow.fail(Fault::new("*", path, what.clone()));
            let ran = lab.program().run(&["gate"]);
            assert!(matches!(ran.code, Some(2 | 3)), "{what:?} {path} {:?} {}{}", ran.code, ran.stdout, ran.stderr);
        }
    }
}

#[test]
fn a_version_whose_run_is_gone_or_unknown() {
    let lab = lab(URI, BASELINE, 0.95);
    let gone = lab.log(RunSpec { deleted: true, metrics: &[("auc", 0.9)], ..RunSpec::default() });
    let two = lab.mlflow.register(MODEL, &gone);
    lab.mlflow.alias(MODEL, "champion", two);
    let report = lab.gate(0);
    assert_eq!(findings(&report), ["auc no-baseline notice no-baseline"]);
    assert!(finding(&report, "auc")["explanation"].to_string().contains("deleted"), "{report}");
    let three = lab.mlflow.register(MODEL, "");
    lab.mlflow.alias(MODEL, "champion", three);
    assert!(finding(&lab.gate(0), "auc")["explanation"].to_string().contains("which run"), "{report}");
}

#[test]
fn a_change_is_not_compared_with_itself() {
    let lab = lab(URI, BASELINE, 0.5);
    let own = lab.mlflow.world().run_named("run").expect("the head's");
    let two = lab.mlflow.register(MODEL, &own);
    lab.mlflow.alias(MODEL, "champion", two);
    let report = lab.gate(0);
    assert_eq!(findings(&report), ["auc no-baseline notice no-baseline"]);
    assert!(finding(&report, "auc")["explanation"].to_string().contains("of this change"), "{report}");
}

#[test]
fn what_is_no_version_is_a_mistake_of_the_policy() {
    for uri in ["models:/churn-clf", "models:/churn-clf/latest", "models:/@champion", "models:/churn-clf@", "models:churn@champion"] {
        let lab = lab(uri, BASELINE, 0.9);
        let error = lab.program().run(&["gate"]).expect_error(2);
        assert!(error.contains("models:/NAME@ALIAS"), "{uri}: {error}");
    }
}

#[test]
fn small_losses_add_up_against_production() {
    let more = "anchor = \"production\"\nbudget = 0.05\n";
    // Within the step of 0.01 from main's 0.8, and 0.105 below production.
    let report = lab(URI, more, 0.795).gate(1);
    assert_eq!(findings(&report), ["auc pass allow", "auc fail block regression-abs"]);
}

#[test]
fn tables_against_production() {
    let table = "[[table]]\nname = \"test\"\nmlflow = \"churn\"\nfile = \"p.csv\"\nid = \"id\"\nlabel = \"label\"\nprediction = \"prediction\"\n\
                 [[rule]]\ntable = \"test\"\nmetric = \"accuracy\"\nmax_regression_abs = 0.02\nbaseline = \"production\"\n";
    let lab = Lab::of(&format!("{SOURCE}[baselines]\nproduction = \"{URI}\"\n{table}"));
    let log = |commit: &str, wrong: usize| {
        let text = tables::csv(1000, wrong);
        lab.log(RunSpec { commit, metrics: &[("auc", 0.9)], artifacts: &[("p.csv", text.as_bytes())], ..RunSpec::default() })
    };
    let run = log("", 50);
    lab.mlflow.register(MODEL, &run);
    lab.mlflow.alias(MODEL, "champion", 1);
    log(&lab.base, 200);
    log(&lab.head, 150);
    let report = lab.gate(1);
    assert_eq!(findings(&report), ["accuracy fail block regression"]);
    let found = finding(&report, "accuracy");
    assert_eq!((found["baseline"].as_f64(), found["candidate"].as_f64()), (Some(0.95), Some(0.85)));
}
