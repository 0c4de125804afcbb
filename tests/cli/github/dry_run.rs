//! What would be posted, without a token and without a network.

use super::*;

#[test]
fn a_dry_run_prints_every_request_and_sends_none() {
    let mut stage = Stage::new("0.8");
    stage.set("GITHUB_TOKEN", "");
    let text = stage.on_pull_request(&["gate", "--post", "--dry-run"]).expect(1);
    assert!(stage.github.requests().is_empty());
    let rows: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    let urls: Vec<String> = rows.iter().filter_map(|row| row["url"].as_str()).map(|url| url.replace(&stage.github.url(), "")).collect();
    assert_eq!(urls, ["/repos/acme/widgets/issues/7/comments", "/repos/acme/widgets/check-runs"]);
    assert!(rows[0]["body"]["body"].as_str().is_some_and(|body| body.contains("BLOCKED")));
    assert_eq!(rows[1]["body"]["conclusion"], "failure");
    assert!(rows.iter().any(|row| row["file"] == "GITHUB_STEP_SUMMARY"));
    assert_eq!((stage.read("summary.md"), stage.read("output")), (String::new(), String::new()));
}

#[test]
fn it_says_what_a_real_run_sends() {
    let stage = Stage::new("0.8");
    let dry: Vec<Value> = serde_json::from_str(&stage.on_pull_request(&["gate", "--post", "--dry-run"]).expect(1)).expect("JSON");
    stage.on_pull_request(&["gate", "--post"]).expect(1);
    let sent = stage.github.requests();
    let real: Vec<&Value> = sent.iter().filter(|request| request.method == "POST").map(|request| &request.body).collect();
    let told: Vec<&Value> = dry.iter().filter(|row| row["method"] == "POST").map(|row| &row["body"]).collect();
    assert_eq!(told.len(), real.len());
    assert!(told.iter().all(|body| real.contains(body)), "{told:?}\n{real:?}");
}

#[test]
fn by_hand_the_place_is_given() {
    let stage = Stage::new("0.95");
    let place = ["--repository", "acme/widgets", "--pull-request", "7"];
    let text = proofmark(&stage.repo).run(&[&["gate", "main", "change", "--post", "--dry-run"], &place[..]].concat()).expect(0);
    assert!(text.contains("https://api.github.com/repos/acme/widgets/issues/7/comments"), "{text}");
    assert!(text.contains(&stage.head));
    let error = proofmark(&stage.repo).run(&["gate", "main", "change", "--post"]).expect_error(2);
    assert!(error.contains("--dry-run --repository"), "{error}");
}
