//! Runs that are started, deployments, roles.

use serde_json::{Value, json};

use super::*;

fn start_with(build: impl FnOnce(Repository) -> Repository) -> (FakeGitHub, Client) {
    let token = ["actions", "contents", "deployments"].into_iter().fold(Token::actions(), |token, name| token.with(name, Level::Write));
    let workflow = |repository: Repository| repository.workflow("train.yml", &["key"], Some("Train ${{ inputs.key }}"));
    let github = FakeGitHub::start(world().repository_with(REPO, |repository| build(workflow(repository))).token("starter", token));
    let client = Client::new(&github.url(), "starter");
    (github, client)
}

const RUNS: &str = "/repos/acme/widgets/actions/workflows/train.yml/runs";

fn begin(client: &Client, key: &str) -> u64 {
    let body = json!({"ref": "main", "inputs": {"key": key}, "return_run_details": true});
    let told = client.send_json("POST", "/repos/acme/widgets/actions/workflows/train.yml/dispatches", body).expect(200);
    told["workflow_run_id"].as_u64().expect("a number")
}

fn titles(client: &Client, query: &str) -> Vec<String> {
    let listed = client.get(&format!("{RUNS}{query}")).expect(200);
    let title = |run: &Value| run["display_title"].as_str().unwrap_or_default().to_owned();
    listed["workflow_runs"].as_array().into_iter().flatten().map(title).collect()
}

#[test]
fn a_run_is_listed_the_newest_first_and_filtered() {
    let (_github, client) =
        start_with(|repository| repository.run(Run { file: "train.yml".into(), ..Run::of_pull_request(42, "work", &sha('a')) }));
    let first = begin(&client, "k1");
    begin(&client, "k2");
    assert_eq!(titles(&client, ""), ["Train k2", "Train k1", "metrics"]);
    assert_eq!(titles(&client, "?event=workflow_dispatch"), ["Train k2", "Train k1"]);
    assert_eq!(titles(&client, "?branch=work&status=completed"), ["metrics"]);
    assert_eq!(titles(&client, "?status=success"), ["metrics"]);
    assert_eq!(titles(&client, "?actor=octocat"), ["metrics"]);
    // GitHub takes ranges here, which its own description does not tell.
    let within = |range: &str| client.send_wrong("GET", &format!("{RUNS}?created={range}"), json!(null)).expect(200)["total_count"].clone();
    assert_eq!((within("%3E%3D2026-01-01"), within("%3C2026-01-01")), (json!(3), json!(0)));
    let page = client.get(&format!("{RUNS}?per_page=1&page=2"));
    assert!(link(&page, "next").is_some_and(|next| next.contains("page=3")));
    let page = page.expect(200);
    assert_eq!((&page["total_count"], &page["workflow_runs"][0]["id"]), (&json!(3), &json!(first)));
    let by_number = page["workflow_runs"][0]["workflow_id"].as_u64().expect("a number");
    assert_eq!(client.get(&format!("/repos/acme/widgets/actions/workflows/{by_number}/runs")).expect(200)["total_count"], 3);
    assert_eq!(client.get("/repos/acme/widgets/actions/runs?exclude_pull_requests=true").expect(200)["total_count"], 3);
    client.get("/repos/acme/widgets/actions/workflows/none.yml/runs").expect(404);
}

#[test]
fn lists_lag_behind_but_the_run_itself_does_not() {
    let (_github, client) = start_with(|repository| Repository { plan: Plan::late(2), ..repository });
    let id = begin(&client, "k1");
    assert_eq!(client.get(&format!("/repos/acme/widgets/actions/runs/{id}")).expect(200)["status"], "queued");
    assert_eq!((titles(&client, "").len(), titles(&client, "").len(), titles(&client, "").len()), (0, 0, 1));
}

#[test]
fn a_run_goes_on_as_it_is_read_and_can_be_cancelled_until_it_ends() {
    let (_github, client) = start_with(|repository| repository);
    let id = begin(&client, "k1");
    let path = format!("/repos/acme/widgets/actions/runs/{id}");
    let read = || client.get(&path).expect(200)["status"].as_str().unwrap_or_default().to_owned();
    assert_eq!((read(), read(), read(), read()), ("queued".into(), "in_progress".into(), "completed".into(), "completed".into()));
    let jobs = client.get(&format!("{path}/jobs")).expect(200);
    assert_eq!((&jobs["total_count"], &jobs["jobs"][0]["conclusion"]), (&json!(1), &json!("success")));
    assert_eq!(client.send("POST", &format!("{path}/cancel"), &[], None).expect("an answer").status, 409);
    let other = begin(&client, "k2");
    let path = format!("/repos/acme/widgets/actions/runs/{other}");
    assert_eq!(client.send("POST", &format!("{path}/cancel"), &[], None).expect("an answer").status, 202);
    assert_eq!(client.get(&path).expect(200)["conclusion"], "cancelled");
}

#[test]
fn servers_are_of_different_ages_and_workflows_of_different_kinds() {
    let (github, client) = start_with(|mut repository| {
        repository.unstartable.insert("closed.yml".into());
        repository
    });
    let post = |file: &str, details: bool| {
        let mut body = json!({"ref": "main"});
        if details {
            body["return_run_details"] = json!(true);
        }
        client.send_json("POST", &format!("/repos/acme/widgets/actions/workflows/{file}/dispatches"), body)
    };
    for (starts, plain, detailed) in [(Starts::Told, 204, 200), (Starts::Untold, 204, 204), (Starts::Strict, 204, 422)] {
        github.state().repo_mut(REPO).starts = starts;
        assert_eq!((post("train.yml", false).status, post("train.yml", true).status), (plain, detailed), "{starts:?}");
    }
    assert_eq!(post("closed.yml", false).expect(422)["message"], "Workflow does not have 'workflow_dispatch' trigger");
    post("none.yml", false).expect(404);
    assert_eq!(github.state().repo(REPO).runs.len(), 5);
}

#[test]
fn deployments_have_statuses() {
    let (github, client) = start_with(|repository| repository);
    let path = "/repos/acme/widgets/deployments";
    let make = |environment: &str| client.send_json("POST", path, json!({"ref": "main", "environment": environment, "payload": {"a": 1}}));
    let made = make("staging").expect(201);
    make("production").expect(201);
    let id = made["id"].as_u64().expect("a number");
    let listed = client.get(&format!("{path}?environment=staging&ref=main")).expect(200);
    assert_eq!((listed.as_array().map(Vec::len), &listed[0]["payload"]), (Some(1), &json!({"a": 1})));
    assert_eq!(client.get(&format!("{path}/{id}")).expect(200)["environment"], "staging");
    let set = |state: &str| client.send_json("POST", &format!("{path}/{id}/statuses"), json!({"state": state, "log_url": "https://x"}));
    assert_eq!(set("in_progress").expect(201)["target_url"], "https://x");
    set("success").expect(201);
    let long = json!({"state": "success", "description": "x".repeat(141)});
    client.send_wrong("POST", &format!("{path}/{id}/statuses"), long).expect(422);
    client.send_wrong("POST", &format!("{path}/{id}/statuses"), json!({"state": "done"})).expect(422);
    assert_eq!(client.get(&format!("{path}/{id}/statuses?per_page=1")).expect(200)[0]["state"], "success");
    github.state().repo_mut(REPO).deploys = Deploys::Merged;
    assert_eq!(make("staging").expect(202)["message"], "Auto-merged main into main on deployment.");
    Client::new(&github.url(), "writer").send_json("POST", path, json!({"ref": "main"})).expect(403);
    client.get(&format!("{path}/1")).expect(404);
}

#[test]
fn roles_of_an_organisation_build_on_others() {
    let (_github, client) = start_with(|mut repository| {
        repository.custom_roles.insert("Data owners".into(), "maintain".into());
        repository.collaborator("olga", "Data owners")
    });
    let told = client.get("/repos/acme/widgets/collaborators/olga/permission").expect(200);
    assert_eq!((&told["permission"], &told["role_name"]), (&json!("write"), &json!("Data owners")));
    assert_eq!(told["user"]["permissions"]["push"], true);
}

#[test]
fn a_repository_tells_its_last_push() {
    let (_github, client) = start_with(|repository| Repository { pushed_at: "2026-01-01T00:00:00Z".into(), ..repository });
    assert_eq!(client.get("/repos/acme/widgets/pulls/7").expect(200)["head"]["repo"]["pushed_at"], "2026-01-01T00:00:00Z");
}
