//! Repeated runs: lists, seeds as keys, and one file a run.

use super::*;

const RULE: &str = "[[rule]]\nmetric = \"accuracy\"\nmax_regression_abs = 0.02\n";
const GOOD: [f64; 5] = [0.90, 0.91, 0.89, 0.905, 0.895];

/// Each value less `loss`, and no two losses the same.
fn worse(loss: f64) -> Vec<f64> {
    GOOD.iter().zip([0.001, -0.001, 0.0, 0.002, -0.002]).map(|(value, noise)| value - loss + noise).collect()
}

fn list(values: &[f64]) -> String {
    format!("{{\"accuracy\": {values:?}}}")
}

fn of_files(base: &str, head: &str, policy: &str) -> TestRepo {
    change(&[("proofmark.toml", policy), ("metrics.json", base)], &[("metrics.json", head)])
}

#[test]
fn a_list_in_a_metrics_file_is_runs() {
    let with = |loss: f64, code: i32| gate(&of_files(&list(&GOOD), &list(&worse(loss)), RULE), code);
    let passes = with(0.0, 0);
    assert_eq!(findings(&passes), ["accuracy pass allow"]);
    let evidence = &only(&passes)["evidence"];
    assert_eq!((&evidence["level"], &evidence["procedure"]), (&"runs".into(), &"welch_noninferiority".into()));
    assert_eq!((&evidence["n_base"], &evidence["n_head"]), (&5.into(), &5.into()));
    near(&evidence["improvement"], 0.0, 1e-12);
    assert_eq!(findings(&with(0.1, 1)), ["accuracy fail block regression"]);
    let unsure = with(0.02, 0);
    assert_eq!(findings(&unsure), ["accuracy inconclusive notice too-little-evidence"]);
    assert!(only(&unsure)["evidence"]["mde"].as_f64().is_some_and(|mde| mde > 0.005), "{unsure}");
    let paired = of_files(&list(&GOOD), &list(&worse(0.01)), &format!("{RULE}paired = true\n"));
    assert_eq!(only(&gate(&paired, 0))["evidence"]["procedure"], "paired_t_noninferiority");
}

#[test]
fn one_run_a_side_is_no_evidence_of_noise() {
    let repo = of_files(&list(&GOOD[..1]), &list(&GOOD[1..2]), RULE);
    assert_eq!(findings(&gate(&repo, 0)), ["accuracy inconclusive notice too-few-runs"]);
}

#[test]
fn equal_runs_are_remarkable_unless_they_must_be_equal() {
    let equal = list(&[0.9, 0.9, 0.9]);
    assert_eq!(findings(&gate(&of_files(&equal, &equal, RULE), 0)), ["accuracy warn notice zero-variance"]);
    let told = format!("{RULE}[policy]\ndeterministic = true\n");
    assert_eq!(findings(&gate(&of_files(&equal, &equal, &told), 0)), ["accuracy pass allow zero-variance"]);
}

fn seeds(values: &[(u32, String)]) -> String {
    let seeds: Vec<String> = values.iter().map(|(seed, value)| format!("\"seed_{seed}\": {value}")).collect();
    format!("{{\"accuracy\": {{{}}}}}", seeds.join(", "))
}

fn numbered(values: &[f64], first: u32) -> Vec<(u32, String)> {
    (first..).zip(values.iter().map(f64::to_string)).collect()
}

#[test]
fn seeds_as_keys_are_paired_where_they_are_the_same() {
    let policy = format!("[[runs]]\nmetric = \"accuracy.seed_*\"\n{RULE}");
    let with = |loss: f64, first: u32, code: i32| {
        gate(&of_files(&seeds(&numbered(&GOOD, 1)), &seeds(&numbered(&worse(loss), first)), &policy), code)
    };
    let paired = with(0.01, 1, 0);
    assert_eq!(findings(&paired), ["accuracy pass allow"]);
    let evidence = &only(&paired)["evidence"];
    assert_eq!(evidence["procedure"], "paired_t_noninferiority");
    near(&evidence["improvement"], -0.01, 1e-12);
    // sd of the noise is sqrt(1e-5 / 4); t(0.95, 4) = 2.1318.
    near(&evidence["lower"], -0.01 - 2.131_846_786 * (1e-5_f64 / 4.0 / 5.0).sqrt(), 1e-9);
    assert_eq!(findings(&with(0.1, 1, 1)), ["accuracy fail block regression"]);
    assert_eq!(only(&with(0.01, 2, 0))["evidence"]["procedure"], "welch_noninferiority");
}

#[test]
fn one_file_a_run() {
    let policy = format!("[compare]\nmetrics = [\"runs/*/metrics.json\"]\n[[runs]]\nfiles = \"runs/*/metrics.json\"\n{RULE}");
    let repo = TestRepo::new();
    let write = |values: &[f64]| {
        for (run, value) in values.iter().enumerate() {
            repo.write(&format!("runs/{run}/metrics.json"), format!("{{\"accuracy\": {value}}}"));
        }
    };
    write(&GOOD);
    repo.write("proofmark.toml", policy).commit("base");
    repo.switch("change");
    write(&worse(0.1));
    repo.commit("head");
    let report = gate(&repo, 1);
    assert_eq!(findings(&report), ["accuracy fail block regression"]);
    assert_eq!((&only(&report)["evidence"]["n_head"], &only(&report)["file"]), (&5.into(), &"runs/*/metrics.json".into()));
    repo.write("runs/3/metrics.json", r#"{"accuracy": NaN}"#).commit("diverged");
    let report = gate(&repo, 1);
    assert_eq!(findings(&report), ["accuracy fail block non-finite-candidate"]);
    assert!(explanation(only(&report)).contains("`3`"), "{}", only(&report));
}

#[test]
fn a_run_that_diverged_fails_the_head_and_is_left_out_of_the_base() {
    let policy = format!("[[runs]]\nmetric = \"accuracy.seed_*\"\n{RULE}");
    let good = seeds(&numbered(&GOOD, 1));
    let mut values = numbered(&GOOD, 1);
    "NaN".clone_into(&mut values[2].1);
    let diverged = seeds(&values);
    assert_eq!(findings(&gate(&of_files(&good, &diverged, &policy), 1)), ["accuracy fail block non-finite-candidate"]);
    let of_base = gate(&of_files(&diverged, &good, &policy), 0);
    let finding = only(&of_base);
    assert_eq!(finding["evidence"]["n_base"], 4);
    let left_out = finding["evidence"]["shown"].as_array().into_iter().flatten().find(|shown| shown["name"] == "n_nan");
    assert_eq!(left_out.map(|shown| shown["value"].as_f64()), Some(Some(1.0)));
}
