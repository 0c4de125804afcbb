//! Rows that do not fit together, and values that are none.

use super::*;

const LIMIT: &str = "max_regression_abs = 0.05";

/// What the rule finds after `edit` of the head's rows.
#[track_caller]
fn after(rule: &str, code: i32, edit: impl Fn(&mut Vec<String>)) -> (String, String) {
    let mut head = rows(200, |row| row < 20);
    edit(&mut head);
    let report = gate(&change_of(rule, &wrong_until(200, 20), &csv(&head)), code);
    (findings(&report)[0].clone(), explanation(&report["judgement"]["findings"][0]).to_owned())
}

#[test]
fn duplicate_ids() {
    let (found, told) = after(&policy(LIMIT), 2, |rows| rows.push(rows[7].clone()));
    assert_eq!(found, "accuracy inconclusive block unreadable-candidate");
    assert!(told.contains('7') && told.contains("head"), "{told}");
}

#[test]
fn ids_of_one_side_only() {
    let (found, told) = after(&policy(LIMIT), 0, |rows| rows.truncate(197));
    assert_eq!(found, "accuracy inconclusive notice unpaired-rows");
    assert!(told.contains('3'), "{told}");
    let (found, _) = after(&policy(LIMIT).replace("id = \"id\"", "id = \"id\"\nmax_unmatched = 3"), 0, |rows| rows.truncate(197));
    assert_eq!(found, "accuracy pass allow");
    let (found, _) = after(&policy("max_regression_abs = 0.05\nmin = 0.95"), 1, |rows| rows.truncate(197));
    assert_eq!(found, "accuracy fail block below-min", "bounds need no pairs");
}

#[test]
fn other_labels_are_another_test_set() {
    let (found, told) = after(&policy(LIMIT), 0, |rows| rows[10] = rows[10].replacen("10,0,", "10,1,", 1));
    assert_eq!(found, "accuracy inconclusive notice different-test-set");
    assert!(told.contains("label") && told.contains("10"), "{told}");
}

#[test]
fn rows_cannot_be_moved_out_of_a_slice() {
    let sliced = policy(&format!("{LIMIT}\nslice = {{ country = \"DE\" }}"));
    let (found, told) = after(&sliced, 0, |rows| rows[0] = rows[0].replace("DE", "FR"));
    assert_eq!(found, "accuracy inconclusive notice different-test-set");
    assert!(told.contains("country"), "{told}");
}

#[test]
fn scores_that_are_no_numbers() {
    let rule = policy(LIMIT).replace("accuracy", "roc_auc");
    for wrong in ["NaN", ""] {
        let (found, told) =
            after(&rule, 1, |rows| rows[3] = rows[3].rsplit_once(",0.").map(|(start, _)| format!("{start},{wrong},FR")).expect("a score"));
        assert_eq!(found, "roc_auc fail block non-finite-candidate");
        assert!(told.contains("score"), "{told}");
    }
    // Without the scores nothing is wrong.
    let (found, _) = after(&policy(LIMIT), 0, |rows| rows[3] = "3,1,0,NaN,FR".to_owned());
    assert_eq!(found, "accuracy pass allow");
}

#[test]
fn one_class_only() {
    let rule = policy(LIMIT).replace("accuracy", "roc_auc");
    let of_one_class = |text: String| {
        text.lines().filter(|line| !line.contains(",0,") || line.starts_with("id")).map(|line| format!("{line}\n")).collect::<String>()
    };
    let table = of_one_class(wrong_until(200, 0));
    let report = gate(&change_of(&rule, &table, &table), 0);
    assert_eq!(findings(&report), ["roc_auc inconclusive notice undefined-candidate"]);
    assert!(explanation(only(&report)).contains("one class"), "{}", only(&report));
}

#[test]
fn labels_as_text_are_the_same_labels() {
    let lines = |rows: &[String], quote: &str| -> String {
        let line = |row: &String| {
            let cells: Vec<&str> = row.split(',').collect();
            let [id, label, prediction, ..] = cells[..] else { panic!("five cells") };
            format!("{{\"id\":{id},\"label\":{quote}{label}{quote},\"prediction\":{prediction},\"score\":0.5}}\n")
        };
        rows.iter().map(line).collect()
    };
    let table = rows(200, |row| row < 20);
    let repo = TestRepo::new();
    repo.write("proofmark.toml", policy(LIMIT).replace(FILE, "p.jsonl")).write("p.jsonl", lines(&table, "")).commit("numbers");
    repo.switch("change").write("p.jsonl", lines(&table, "\"")).commit("texts");
    let report = gate(&repo, 0);
    assert_eq!(findings(&report), ["accuracy pass allow"]);
    assert_eq!(only(&report)["candidate"].as_f64(), Some(0.9));
}

#[test]
fn metrics_that_there_are_not() {
    let table = wrong_until(100, 10);
    let error = |rule: &str, table: &str| proofmark(&change_of(rule, table, table)).run(&["gate"]).expect_error(2);
    let told = error(&policy(LIMIT).replace("\"accuracy\"", "\"acuracy\""), &table);
    assert!(told.contains("acuracy") && told.contains("did you mean `accuracy`?"), "{told}");
    let three = format!("{HEADER}{}", (0..90).map(|row| format!("{row},{},{},0.5,DE\n", row % 3, row % 3)).collect::<String>());
    let told = error(&policy(LIMIT).replace("\"accuracy\"", "\"f1\""), &three);
    assert!(told.contains("f1_macro") && told.contains("two classes"), "{told}");
    let told = error(&policy(LIMIT).replace("table = \"test\"", "table = \"tests\""), &table);
    assert!(told.contains("did you mean `test`?"), "{told}");
    let told = error(&policy(LIMIT).replace("score = \"score\"\n", "").replace("\"accuracy\"", "\"roc_auc\""), &table);
    assert!(told.contains("score") && told.contains("roc_auc"), "{told}");
}
