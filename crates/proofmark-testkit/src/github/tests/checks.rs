//! Check runs and commit statuses.

use serde_json::{Value, json};

use super::*;

const RUNS: &str = "/repos/acme/widgets/check-runs";

fn annotations(count: usize) -> Vec<Value> {
    let one = |line| json!({"path": "m.json", "start_line": line, "end_line": line, "annotation_level": "failure", "message": "worse"});
    (1..=count).map(one).collect()
}

#[test]
fn a_run_goes_from_in_progress_to_completed_and_gathers_annotations() {
    let (github, client) = start();
    let made = client.send_json("POST", RUNS, json!({"name": "gate", "head_sha": sha('a'), "status": "in_progress", "external_id": "x"}));
    let made = made.expect(201);
    assert_eq!((&made["status"], &made["conclusion"]), (&json!("in_progress"), &Value::Null));
    assert_eq!((&made["app"]["slug"], &made["pull_requests"][0]["number"]), (&json!("github-actions"), &json!(7)));
    let path = format!("{RUNS}/{}", made["id"]);
    let output = |count| json!({"title": "t", "summary": "s", "annotations": annotations(count)});
    client.send_json("PATCH", &path, json!({"output": output(50)})).expect(200);
    let done = client.send_json("PATCH", &path, json!({"conclusion": "failure", "output": output(3)})).expect(200);
    assert_eq!((&done["status"], &done["output"]["annotations_count"]), (&json!("completed"), &json!(53)));
    let listed = client.get(&format!("{path}/annotations?per_page=100")).expect(200);
    assert_eq!((listed.as_array().map(Vec::len), &listed[52]["start_line"]), (Some(53), &json!(3)));
    assert_eq!(github.state().check_runs(REPO, &sha('a'))[0].conclusion.as_deref(), Some("failure"));
}

#[test]
fn only_apps_make_runs_and_only_their_own_app_changes_them() {
    let (github, client) = start();
    let made = client.send_json("POST", RUNS, json!({"name": "gate", "head_sha": sha('a')})).expect(201);
    let path = format!("{RUNS}/{}", made["id"]);
    let send = |token: &str, method: &str, path: &str| {
        let body = if method == "POST" { json!({"name": "gate", "head_sha": sha('a')}) } else { json!({"name": "gate"}) };
        Client::new(&github.url(), token).send_json(method, path, body)
    };
    assert_eq!(send("personal", "POST", RUNS).expect(403)["message"], "You must authenticate via a GitHub App.");
    assert_eq!(send("fork", "POST", RUNS).header("x-accepted-github-permissions"), Some("checks=write"));
    let refused = send("app", "PATCH", &path).expect(403);
    assert!(refused["message"].as_str().is_some_and(|message| message.starts_with("Invalid app_id")), "{refused}");
    send("app", "POST", RUNS).expect(201);
}

#[test]
fn output_is_held_to_the_limits() {
    let (_github, client) = start();
    let post = |output: Value| client.send_wrong("POST", RUNS, json!({"name": "gate", "head_sha": sha('a'), "output": output})).status;
    let with = |field: &str, value: Value| {
        let mut output = json!({"title": "t", "summary": "s"});
        output[field] = value;
        post(output)
    };
    assert_eq!(with("summary", json!("ü".repeat(32_767))), 201);
    assert_eq!(with("summary", json!("ü".repeat(32_768))), 422, "bytes count, not characters");
    assert_eq!(with("text", json!("x".repeat(65_536))), 422);
    assert_eq!(with("annotations", json!(annotations(50))), 201);
    assert_eq!(with("annotations", json!(annotations(51))), 422);
    let columns = |end: u64| {
        let mut one = annotations(1);
        one[0]["end_line"] = json!(end);
        one[0]["start_column"] = json!(1);
        with("annotations", json!(one))
    };
    assert_eq!((columns(1), columns(2)), (201, 422));
    let mut level = annotations(1);
    level[0]["annotation_level"] = json!("error");
    assert_eq!(with("annotations", json!(level)), 422);
    assert_eq!(post(json!({"title": "no summary"})), 422);
    let unfinished = client.send_json("POST", RUNS, json!({"name": "gate", "head_sha": sha('a'), "status": "completed"}));
    assert_eq!(unfinished.status, 422);
}

#[test]
fn runs_of_a_commit_are_found_by_name() {
    let (_github, client) = start();
    let post = |name: &str, conclusion: &str| {
        client.send_json("POST", RUNS, json!({"name": name, "head_sha": sha('a'), "conclusion": conclusion})).expect(201)
    };
    post("gate", "failure");
    post("other", "success");
    let newest = post("gate", "success");
    let list = |query: &str| client.get(&format!("/repos/acme/widgets/commits/{}/check-runs{query}", sha('a'))).expect(200);
    assert_eq!(list("?check_name=gate&filter=latest")["check_runs"], json!([newest]));
    assert_eq!((&list("?check_name=gate&filter=all")["total_count"], &list("")["total_count"]), (&json!(2), &json!(2)));
    assert_eq!(list("?status=queued")["total_count"], 0);
}

#[test]
fn the_latest_status_of_a_context_holds() {
    let (_github, client) = start();
    let post = |body: Value| client.send_wrong("POST", &format!("/repos/acme/widgets/statuses/{}", sha('a')), body);
    let commit = format!("/repos/acme/widgets/commits/{}", sha('a'));
    assert_eq!(client.get(&format!("{commit}/status")).expect(200)["state"], "pending");
    post(json!({"state": "failure", "context": "Proofmark", "description": "ü".repeat(140)})).expect(201);
    post(json!({"state": "success", "context": "proofmark", "target_url": "https://example.com/run"})).expect(201);
    let combined = client.get(&format!("{commit}/status")).expect(200);
    assert_eq!((&combined["state"], &combined["total_count"]), (&json!("success"), &json!(1)));
    assert_eq!(client.get(&format!("{commit}/statuses")).expect(200)[0]["creator"]["login"], "github-actions[bot]");
    post(json!({"state": "success", "description": "x".repeat(141)})).expect(422);
    post(json!({"state": "great"})).expect(422);
    post(json!({"state": "success", "target_url": "javascript:alert(1)"})).expect(422);
}
