//! Other commits than the base: production, and what small losses add up to.

use super::*;

const PRODUCTION: &str =
    "[baselines]\nproduction = \"v*\"\n[[rule]]\nmetric = \"accuracy\"\nbaseline = \"production\"\nmax_regression_abs = 0.01\n";

fn set(repo: &TestRepo, value: &str) -> String {
    repo.write("metrics.json", format!("{{\"accuracy\": {value}}}")).commit(value)
}

#[test]
fn a_glob_over_tags_is_the_tag_of_the_newest_commit() {
    let repo = TestRepo::new();
    repo.write("proofmark.toml", PRODUCTION);
    set(&repo, "0.80");
    set(&repo, "0.95");
    repo.tag("v9");
    set(&repo, "0.90");
    repo.tag("v10").tag("other");
    // Made later, about an older commit.
    repo.git(&["tag", "--annotate", "--message", "late", "v11", "HEAD~2"]);
    set(&repo, "0.70");
    repo.switch("change");
    set(&repo, "0.85");
    // A change is not compared with itself.
    repo.tag("v99");
    let report = gate(&repo, 1);
    assert_eq!(findings(&report), ["accuracy fail block regression-abs"]);
    let finding = only(&report);
    assert_eq!((&finding["against"], finding["baseline"].as_f64()), (&"production".into(), Some(0.9)));
    assert!(explanation(finding).contains("production (v10)"), "{finding}");
    set(&repo, "0.89");
    gate(&repo, 0);
}

#[test]
fn small_losses_add_up() {
    let rule = "[baselines]\nproduction = \"v1\"\n[[rule]]\nmetric = \"accuracy\"\nmax_regression_abs = 0.01\nanchor = \"production\"\nbudget = 0.015\n";
    let repo = TestRepo::new();
    repo.write("proofmark.toml", rule);
    set(&repo, "0.900");
    repo.tag("v1");
    for (value, expected, code) in [
        ("0.893", ["accuracy pass allow", "accuracy pass allow"], 0),
        ("0.885", ["accuracy pass allow", "accuracy pass allow"], 0),
        ("0.878", ["accuracy pass allow", "accuracy fail block regression-abs"], 1),
    ] {
        set(&repo, value);
        let report = json(&proofmark(&repo).run(&["gate", "HEAD~1", "HEAD", "--format", "json"]).expect(code));
        assert_eq!(findings(&report), expected, "{value}");
        assert_eq!(report["judgement"]["findings"][1]["against"], "production");
    }
}

#[test]
fn tables_are_compared_with_production_too() {
    let rule = format!("[baselines]\nproduction = \"v1\"\n{}", policy("max_regression_abs = 0.02\nanchor = \"production\"\nbudget = 0.03"));
    let repo = TestRepo::new();
    repo.write("proofmark.toml", rule).write(FILE, wrong_until(2000, 100)).commit("released");
    repo.tag("v1").write(FILE, wrong_until(2000, 200)).commit("base");
    repo.switch("change").write(FILE, wrong_until(2000, 210)).commit("head");
    let report = gate(&repo, 1);
    assert_eq!(findings(&report), ["accuracy pass allow", "accuracy fail block regression"]);
    let anchored = &report["judgement"]["findings"][1];
    assert_eq!((anchored["baseline"].as_f64(), &anchored["evidence"]["level"]), (Some(0.95), &"rows".into()));
    near(&anchored["evidence"]["margin"], 0.03, 1e-15);
}

#[test]
fn a_revision_that_is_not_there_is_no_baseline_and_says_so() {
    for (stands_for, word) in [("nope", "nope"), ("release-*", "fetch the tags")] {
        let repo = TestRepo::new();
        repo.write("proofmark.toml", PRODUCTION.replace("v*", stands_for));
        set(&repo, "0.9");
        repo.switch("change");
        set(&repo, "0.1");
        let report = gate(&repo, 0);
        assert_eq!(findings(&report), ["accuracy no-baseline notice no-baseline"]);
        assert!(explanation(only(&report)).contains(word), "{}", only(&report));
    }
}

#[test]
fn a_shallow_clone_says_that_it_is_one() {
    let repo = TestRepo::new();
    repo.write("other", "x");
    let released = repo.commit("long ago");
    repo.write("proofmark.toml", PRODUCTION.replace("v*", &released));
    set(&repo, "0.9");
    set(&repo, "0.8");
    let clone = repo.clone_shallow(2);
    let report = json(&proofmark(&clone).run(&["gate", "HEAD~1", "HEAD", "--base-is", "tip", "--format", "json"]).expect(0));
    assert_eq!(findings(&report), ["accuracy no-baseline notice no-baseline"]);
    let told = only(&report).to_string();
    assert!(told.contains("shallow") || told.contains("fetch"), "{told}");
}

#[test]
fn names_that_are_not_declared_are_a_mistake_of_the_policy() {
    let rule = PRODUCTION.replace("baseline = \"production\"", "baseline = \"prodution\"");
    let repo = change(&[("proofmark.toml", &rule), ("metrics.json", r#"{"accuracy": 0.9}"#)], &[]);
    let error = proofmark(&repo).run(&["gate"]).expect_error(2);
    assert!(error.contains("`prodution`") && error.contains("did you mean `production`?"), "{error}");
}
