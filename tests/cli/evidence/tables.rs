//! Prediction tables: where they are read from, and what becomes of ones that are not there.

use super::*;

const LIMIT: &str = "max_regression_abs = 0.02";

#[test]
fn passes_within_the_margin_and_says_how() {
    let repo = change_of(&policy(LIMIT), &wrong_until(1000, 100), &wrong_until(1000, 105));
    let report = gate(&repo, 0);
    assert_eq!(findings(&report), ["accuracy pass allow"]);
    let finding = only(&report);
    assert_eq!((finding["baseline"].as_f64(), finding["candidate"].as_f64()), (Some(0.9), Some(0.895)));
    let evidence = &finding["evidence"];
    assert_eq!((&evidence["level"], &evidence["procedure"]), (&"rows".into(), &"paired_proportion_noninferiority".into()));
    assert_eq!((&evidence["n_base"], &evidence["n_head"], &evidence["margin"]), (&1000.into(), &1000.into(), &0.02.into()));
    assert!(evidence["why"].as_str().is_some_and(|why| why.contains("same rows")), "{evidence}");
    near(&evidence["improvement"], -0.005, 1e-12);
    // Tango (1998), formula of the limits, solved apart from this program.
    near(&evidence["lower"], -0.0102353315, 1e-9);
    let table = proofmark(&repo).run(&["gate"]).expect(0);
    assert!(table.contains("passed") && table.contains("accuracy"), "{table}");
}

#[test]
fn fails_beyond_the_margin() {
    let repo = change_of(&policy(LIMIT), &wrong_until(1000, 100), &wrong_until(1000, 200));
    let report = gate(&repo, 1);
    assert_eq!(findings(&report), ["accuracy fail block regression"]);
    near(&only(&report)["evidence"]["improvement"], -0.1, 1e-12);
    let table = proofmark(&repo).run(&["gate"]).expect(1);
    assert!(table.contains("BLOCKED") && table.contains("Tango") && table.contains("at least") && table.contains("0.9 → 0.8"), "{table}");
    let exact = change_of(&policy("max_regression_rel = 0.5"), &wrong_until(1000, 100), &wrong_until(1000, 200));
    near(&only(&gate(&exact, 0))["evidence"]["margin"], 0.45, 1e-12);
}

#[test]
fn says_that_it_cannot_tell_and_what_would_settle_it() {
    let (base, head) = (csv(&rows(100, |row| row < 10)), csv(&rows(100, |row| (5..15).contains(&row))));
    let repo = change_of(&policy("max_regression_abs = 0.01"), &base, &head);
    let report = gate(&repo, 0);
    assert_eq!(findings(&report), ["accuracy inconclusive notice too-little-evidence"]);
    let evidence = &only(&report)["evidence"];
    // v = 0.1; (z(0.95) + z(0.8)) sqrt(v / 100), and v ((z + z) / 0.01)².
    near(&evidence["mde"], 0.078_629_2, 1e-6);
    assert_eq!(evidence["n_required"], 6183);
    let table = proofmark(&repo).run(&["gate"]).expect(0);
    assert!(table.contains("0.0786") && table.contains("6183 rows would be enough"), "{table}");
    for (word, code) in [("allow", 0), ("notice", 0), ("block", 1), ("rerun", 1)] {
        let rule = policy(&format!("max_regression_abs = 0.01\ninconclusive = \"{word}\""));
        let report = gate(&change_of(&rule, &base, &head), code);
        let reasons = if word == "rerun" { "too-little-evidence,rerun" } else { "too-little-evidence" };
        let effect = if word == "rerun" { "block" } else { word };
        assert_eq!(findings(&report), [format!("accuracy inconclusive {effect} {reasons}")]);
        // Two looks at the same data share what may go wrong.
        near(&only(&report)["evidence"]["alpha"], if word == "rerun" { 0.025 } else { 0.05 }, 1e-15);
    }
}

#[test]
fn equal_answers_on_few_rows_prove_little() {
    let repo = change_of(&policy("max_regression_abs = 0.01"), &wrong_until(100, 10), &wrong_until(100, 10));
    let report = gate(&repo, 0);
    assert_eq!(findings(&report), ["accuracy inconclusive notice too-little-evidence"]);
    near(&only(&report)["evidence"]["lower"], -0.026_3, 1e-4);
    let told = explanation(only(&report));
    assert!(!told.contains("below 0 is") && !told.contains("something may have"), "{told}");
}

#[test]
fn a_work_tree_that_is_not_committed_is_judged_as_well() {
    let repo = change_of(&policy(LIMIT), &wrong_until(1000, 100), &wrong_until(1000, 100));
    gate(&repo, 0);
    repo.write(FILE, wrong_until(1000, 200));
    assert_eq!(findings(&gate(&repo, 1)), ["accuracy fail block regression"]);
    repo.remove(FILE);
    assert_eq!(findings(&gate(&repo, 1)), ["accuracy fail block missing-candidate"]);
}

#[test]
fn tables_of_the_dvc_cache() {
    let repo = TestRepo::new();
    repo.write(".dvc/config", "").write(".gitignore", format!("/{FILE}\n/.dvc/cache\n")).write("proofmark.toml", policy(LIMIT));
    let store = |text: &str| {
        repo.write(FILE, text);
        let digest = "import hashlib,sys; print(hashlib.md5(open(sys.argv[1],'rb').read()).hexdigest(), end='')";
        let place = repo.path().join(FILE).display().to_string();
        let hash = String::from_utf8(python(digest, &[&place])).expect("hexadecimal digits");
        repo.write(&format!(".dvc/cache/files/md5/{}/{}", &hash[..2], &hash[2..]), text);
        let pointer = format!("outs:\n- md5: {hash}\n  size: {}\n  hash: md5\n  path: {FILE}\n", text.len());
        repo.write(&format!("{FILE}.dvc"), pointer).commit(&hash);
        hash
    };
    store(&wrong_until(1000, 100));
    repo.switch("change");
    let hash = store(&wrong_until(1000, 200));
    repo.remove(FILE);
    let run = |code| json(&proofmark(&repo).run(&["gate", "main", "change", "--format", "json"]).expect(code));
    assert_eq!(findings(&run(1)), ["accuracy fail block regression"]);
    repo.remove(&format!(".dvc/cache/files/md5/{}", &hash[..2]));
    let report = run(2);
    assert_eq!(findings(&report), ["accuracy inconclusive block unreadable-candidate"]);
    assert!(explanation(only(&report)).contains(&hash) && explanation(only(&report)).contains("DVC cache"), "{}", only(&report));
}

#[test]
fn a_table_that_is_not_pulled_says_what_to_do() {
    let repo = TestRepo::new();
    let pointer = format!("outs:\n- md5: {}\n  size: 5\n  hash: md5\n  path: {FILE}\n", "a".repeat(32));
    repo.write(".dvc/config", "").write(".gitignore", format!("/{FILE}\n")).write("proofmark.toml", policy(LIMIT));
    repo.write(&format!("{FILE}.dvc"), pointer).commit("base");
    repo.switch("change").write("other", "x").commit("head");
    let report = gate(&repo, 2);
    assert!(only(&report).to_string().contains("dvc pull"), "{}", only(&report));
}

#[test]
fn every_format_gives_the_same_figures() {
    let (base, head) = (rows(200, |row| row < 20), rows(200, |row| row < 60));
    let figures = |file: &str, base: Vec<u8>, head: Vec<u8>| {
        let repo = TestRepo::new();
        repo.write("proofmark.toml", policy("max_regression_abs = 0.05").replace(FILE, file)).write(file, base).commit("base");
        repo.switch("change").write(file, head).commit("head");
        let report = gate(&repo, 1);
        let finding = only(&report);
        assert_eq!(finding["file"], file);
        (finding["baseline"].clone(), finding["candidate"].clone(), finding["evidence"].clone())
    };
    let plain = figures(FILE, csv(&base).into(), csv(&head).into());
    assert_eq!((plain.0.as_f64(), plain.1.as_f64()), (Some(0.9), Some(0.7)));
    let tabs = |rows: &[String]| csv(rows).replace(',', "\t").into_bytes();
    assert_eq!(figures("p.tsv", tabs(&base), tabs(&head)), plain);
    let json_lines = |rows: &[String]| -> Vec<u8> {
        let line = |row: &String| {
            let cells: Vec<&str> = row.split(',').collect();
            let [id, label, prediction, score, country] = cells[..] else { panic!("five cells") };
            format!("{{\"id\":{id},\"label\":{label},\"prediction\":{prediction},\"score\":{score},\"country\":\"{country}\"}}\n")
        };
        rows.iter().map(line).collect::<String>().into_bytes()
    };
    assert_eq!(figures("p.jsonl", json_lines(&base), json_lines(&head)), plain);
    let squeeze =
        |rows: &[String]| python("import gzip,sys; sys.stdout.buffer.write(gzip.compress(sys.argv[1].encode(), mtime=0))", &[&csv(rows)]);
    assert_eq!(figures("p.csv.gz", squeeze(&base), squeeze(&head)), plain);
}

#[test]
fn parquet() {
    let file = include_bytes!("../../../crates/proofmark-tables/tests/fixtures/types.parquet");
    let rule = "[[table]]\nname = \"test\"\nfile = \"p.parquet\"\nid = \"id\"\nlabel = \"category\"\nprediction = \"category\"\nmin_rows = 1\n\
                [[rule]]\ntable = \"test\"\nmetric = \"accuracy\"\nmax_regression_abs = 1\nmin = 1\n";
    let repo = TestRepo::new();
    repo.write("proofmark.toml", rule).write("p.parquet", file).commit("base");
    repo.switch("change").write("other", "x").commit("head");
    let report = gate(&repo, 0);
    assert_eq!(findings(&report), ["accuracy pass allow"]);
    let finding = only(&report);
    assert_eq!((finding["candidate"].as_f64(), &finding["evidence"]["n_head"]), (Some(1.0), &3.into()));
    repo.write("p.parquet", &file[..file.len() - 20]).commit("cut short");
    let report = gate(&repo, 2);
    assert_eq!(findings(&report), ["accuracy inconclusive block unreadable-candidate"]);
    assert!(explanation(only(&report)).contains("Parquet"), "{}", only(&report));
}

#[test]
fn a_table_of_an_ancestor_of_the_base_is_used_and_named() {
    let repo = TestRepo::new();
    repo.write("proofmark.toml", policy(LIMIT)).write(FILE, wrong_until(1000, 100));
    let measured = repo.commit("measured");
    repo.remove(FILE).commit("not measured");
    repo.write("other", "x").commit("neither");
    repo.switch("change").write(FILE, wrong_until(1000, 200)).commit("head");
    let report = gate(&repo, 1);
    assert_eq!(findings(&report), ["accuracy fail block regression"]);
    let notes = report["notes"].to_string();
    assert!(notes.contains(&measured[..10]) && notes.contains("2 commits before"), "{notes}");
}

#[test]
fn a_table_that_the_head_lost_fails() {
    let repo = change_of(&policy(LIMIT), &wrong_until(100, 10), "");
    repo.remove(FILE).commit("lost");
    assert_eq!(findings(&gate(&repo, 1)), ["accuracy fail block missing-candidate"]);
}

#[test]
fn a_table_that_the_base_never_had_has_its_bounds_judged() {
    for (least, code, expected) in [("0.8", 0, "accuracy no-baseline notice no-baseline"), ("0.95", 1, "accuracy fail block below-min")] {
        let rule = policy(&format!("{LIMIT}\nmin = {least}"));
        let repo = change(&[("proofmark.toml", &rule)], &[(FILE, &wrong_until(100, 10))]);
        assert_eq!(findings(&gate(&repo, code)), [expected]);
    }
}

#[test]
fn a_broken_table_is_no_regression() {
    let good = wrong_until(100, 10);
    for broken in ["id,label\n1,1\n".to_owned(), format!("{good}1,2\n"), String::new(), good.replace("prediction", "predicted")] {
        let report = gate(&change_of(&policy(LIMIT), &good, &broken), 2);
        assert_eq!(findings(&report), ["accuracy inconclusive block unreadable-candidate"], "{broken:.60}");
        assert!(explanation(only(&report)).contains(FILE), "{}", only(&report));
    }
    let missing = gate(&change_of(&policy(LIMIT), &good, &good.replace("prediction", "predictions")), 2);
    let told = explanation(only(&missing));
    assert!(told.contains("no column `prediction`; there is `predictions`"), "{told}");
    let base = gate(&change_of(&policy(LIMIT), "id,label\n1,1\n", &good), 2);
    assert_eq!(findings(&base), ["accuracy inconclusive block unreadable-baseline"]);
}

#[test]
fn a_table_without_rows_says_so() {
    let report = gate(&change_of(&policy(LIMIT), &wrong_until(100, 10), HEADER), 1);
    assert_eq!(findings(&report), ["accuracy fail block undefined-candidate"]);
    let report = gate(&change_of(&policy(LIMIT), HEADER, &wrong_until(100, 10)), 0);
    assert_ne!(only(&report)["verdict"], "pass", "{}", only(&report));
}

#[test]
fn procedures_that_a_rule_asks_for() {
    let (base, head) = (wrong_until(1000, 100), csv(&rows(1000, |row| (5..110).contains(&row))));
    let with = |procedure: &str, code: i32| {
        let report = gate(&change_of(&policy(&format!("max_regression_abs = 0.002\nprocedure = \"{procedure}\"")), &base, &head), code);
        (findings(&report)[0].clone(), only(&report)["evidence"]["procedure"].clone(), only(&report)["evidence"]["level"].clone())
    };
    assert_eq!(with("scalar", 1), ("accuracy fail block regression-abs".to_owned(), "scalar_gate".into(), "point".into()));
    let tango = with("tango", 0);
    assert_eq!(
        (tango.0.as_str(), &tango.1),
        ("accuracy inconclusive notice too-little-evidence", &"paired_proportion_noninferiority".into())
    );
    // A mistake of the policy is not judged, and never a notice.
    let unfit = with("delong", 2);
    assert_eq!(unfit.0, "accuracy inconclusive block procedure-unavailable");
    assert_eq!(with("bootstrap", 0).1, "paired_bootstrap");
    let typo = change_of(&policy("min = 0.1\nprocedure = \"tengo\""), &base, &head);
    assert!(proofmark(&typo).run(&["gate"]).expect_error(2).contains("tango"));
}

#[test]
fn one_metric_in_plain_words() {
    let (base, head) = (csv(&rows(100, |row| row < 10)), csv(&rows(100, |row| (5..15).contains(&row))));
    let repo = change_of(&policy("max_regression_abs = 0.01"), &base, &head);
    let told = proofmark(&repo).run(&["gate", "--explain", "test:accuracy"]).expect(0);
    for words in ["accuracy", "100", "0.01", "6183", "Tango", "predictions.csv"] {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn the_judged_report_can_be_judged_again() {
    let repo = change_of(&policy("max_regression_abs = 0.2"), &wrong_until(1000, 100), &wrong_until(1000, 200));
    repo.write("../strict.toml", policy(LIMIT));
    proofmark(&repo).run(&["gate", "-o", "../report.json"]).expect(0);
    let again = json(&proofmark(&repo).run(&["replay", "../report.json", "--policy", "../strict.toml", "--format", "json"]).expect(1));
    let strict = json(&proofmark(&repo).run(&["gate", "--config", "../strict.toml", "--format", "json"]).expect(1));
    assert_eq!(only(&again)["evidence"], only(&strict)["evidence"]);
    assert_eq!(findings(&again), ["accuracy fail block regression"]);
}

#[test]
fn severity_may_depend_on_the_evidence() {
    let metrics = "[[rule]]\nmetric = \"auc\"\nmax_regression_abs = 0.01\nseverity_at = { point = \"warn\" }\n";
    let rule = format!("{}{metrics}", policy("max_regression_abs = 0.02\nseverity_at = { point = \"warn\" }"));
    let files = |accurate: usize, auc: &str| [(FILE.to_owned(), wrong_until(1000, accurate)), ("metrics.json".to_owned(), auc.to_owned())];
    let repo = TestRepo::new();
    let write = |files: [(String, String); 2]| files.iter().for_each(|(file, text)| _ = repo.write(file, text));
    write(files(100, r#"{"auc": 0.9}"#));
    repo.write("proofmark.toml", rule).commit("base");
    repo.switch("change");
    write(files(100, r#"{"auc": 0.5}"#));
    repo.commit("one number a side");
    assert_eq!(findings(&gate(&repo, 0)), ["accuracy pass allow", "auc warn notice regression-abs"]);
    write(files(200, r#"{"auc": 0.9}"#));
    repo.commit("rows");
    assert_eq!(findings(&gate(&repo, 1)), ["accuracy fail block regression", "auc pass allow"]);
}

#[test]
fn the_same_bytes_twice_and_the_same_figures_in_any_order() {
    let rule = format!(
        "{}[[rule]]\ntable = \"test\"\nmetric = \"f1\"\nmax_regression_abs = 0.1\n[[rule]]\ntable = \"test\"\nmetric = \"roc_auc\"\nmax_regression_abs = 0.1\n",
        policy(LIMIT)
    );
    let mut shuffled = rows(500, |row| row % 9 == 0);
    let repo = change_of(&rule, &wrong_until(500, 50), &csv(&shuffled));
    let run = || proofmark(&repo).env("PROOFMARK_NOW", "1704110400").run(&["gate", "--format", "json"]);
    let first = run();
    assert_eq!(run(), first);
    // Rows in another order are other bytes, so resamples are drawn anew; nothing else may differ.
    shuffled.reverse();
    shuffled.rotate_left(123);
    repo.write(FILE, csv(&shuffled)).commit("shuffled");
    let (one, two) = (json(&first.stdout), json(&run().stdout));
    assert_eq!(findings(&one), findings(&two));
    for (one, two) in
        one["judgement"]["findings"].as_array().into_iter().flatten().zip(two["judgement"]["findings"].as_array().into_iter().flatten())
    {
        assert_eq!((&one["baseline"], &one["candidate"]), (&two["baseline"], &two["candidate"]));
        let tolerance = if one["evidence"]["seed"].is_null() { 0.0 } else { 0.01 };
        for field in ["improvement", "lower", "upper"] {
            near(&one["evidence"][field], two["evidence"][field].as_f64().unwrap_or(f64::NAN), tolerance);
        }
    }
}
