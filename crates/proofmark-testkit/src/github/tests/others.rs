//! Pull requests, labels, reviewers, artifacts, rules, identities.

use serde_json::json;

use super::*;

#[test]
fn pull_requests_are_found_by_branch_and_by_commit() {
    let (_github, client) = start();
    let pull = client.get("/repos/acme/widgets/pulls/8").expect(200);
    assert_eq!((&pull["head"]["repo"]["full_name"], &pull["head"]["label"]), (&json!("outsider/widgets"), &json!("outsider:patch")));
    let numbers = |path: &str| {
        let pulls = client.get(&format!("/repos/acme/widgets/{path}")).expect(200);
        pulls.as_array().into_iter().flatten().filter_map(|pull| pull["number"].as_u64()).collect::<Vec<_>>()
    };
    assert_eq!(numbers("pulls"), [8, 7]);
    assert_eq!(numbers("pulls?head=acme:work&state=open"), [7]);
    assert_eq!(numbers("pulls?state=closed"), [0; 0]);
    assert_eq!(numbers(&format!("commits/{}/pulls", sha('a'))), [7]);
    assert_eq!(numbers(&format!("commits/{}/pulls", sha('f'))), [0; 0], "commits of forks name no pull request");
    client.get("/repos/acme/widgets/pulls/9").expect(404);
    assert!(client.get("/repos/acme/widgets/issues/9").expect(200)["pull_request"].is_null());
    assert!(client.get("/repos/acme/widgets/issues/7").expect(200)["pull_request"].is_object());
}

#[test]
fn labels_are_added_replaced_and_removed() {
    let (github, client) = start();
    let path = "/repos/acme/widgets/issues/7/labels";
    client.send_json("POST", path, json!({"labels": ["model: worse", "Kept"]})).expect(200);
    assert_eq!(client.send_wrong("POST", path, json!(["kept"])).expect(200).as_array().map(Vec::len), Some(2), "case does not count");
    client.send_json("POST", path, json!({"labels": ["x".repeat(51)]})).expect(422);
    let remove = |name: &str| client.send("DELETE", &format!("{path}/{name}"), &[], None).expect("it answers");
    assert_eq!(remove("model:%20worse").expect(200).as_array().map(Vec::len), Some(1));
    assert_eq!(remove("model:%20worse").expect(404)["message"], "Label does not exist");
    client.send_json("PUT", path, json!({"labels": ["only"]})).expect(200);
    assert_eq!(github.state().repo(REPO).issues[&7].labels, ["only"]);
    assert_eq!(client.get(path).expect(200)[0]["name"], "only");
}

#[test]
fn reviews_are_asked_of_collaborators_but_never_of_the_author() {
    let (github, client) = start();
    let path = "/repos/acme/widgets/pulls/7/requested_reviewers";
    let ask = |login: &str| client.send_json("POST", path, json!({"reviewers": [login]}));
    assert_eq!(ask("rita").expect(201)["requested_reviewers"][0]["login"], "rita");
    let refused = ask("stranger").expect(422);
    assert!(refused["message"].as_str().is_some_and(|text| text.starts_with("Reviews may only be requested from collaborators.")));
    assert_eq!(ask("ada").expect(422)["message"], "Review cannot be requested from pull request author.");
    assert_eq!(client.get(path).expect(200)["users"][0]["login"], "rita");
    client.send_json("DELETE", path, json!({"reviewers": ["rita"]})).expect(200);
    assert!(github.state().repo(REPO).issues[&7].pull.as_ref().is_some_and(|pull| pull.reviewers.is_empty()));
}

#[test]
fn reviews_are_listed_with_those_of_accounts_that_are_gone() {
    let pull = Issue::pull(6, "ada", ("work", &sha('a')), ("main", &sha('b')));
    let world = world().issue(REPO, pull.reviewed("rita", "APPROVED").reviewed("", "COMMENTED"));
    let github = FakeGitHub::start(world);
    let client = Client::new(&github.url(), "nothing");
    let reviews = client.get("/repos/acme/widgets/pulls/6/reviews?per_page=100").expect(200);
    let of = |review: &serde_json::Value| (review["user"]["login"].clone(), review["state"].clone());
    let listed: Vec<_> = reviews.as_array().into_iter().flatten().map(of).collect();
    assert_eq!(listed, [(json!("rita"), json!("APPROVED")), (json!(null), json!("COMMENTED"))]);
    assert_eq!(client.get("/repos/acme/widgets/pulls/7/reviews").expect(200), json!([]));
    client.get("/repos/acme/widgets/pulls/9/reviews").expect(404);
    github.state().repo_mut(REPO).private = true;
    client.get("/repos/acme/widgets/pulls/6/reviews").expect(403);
}

#[test]
fn what_is_put_in_later_is_complete_as_well() {
    let (github, client) = start();
    github.state().repo_mut(REPO).runs.insert(42, Run::of_pull_request(42, "work", &sha('a')));
    github.state().repo_mut(REPO).artifacts.insert(43, Artifact::of(0, 42, "report", &[]));
    let artifact = &client.get("/repos/acme/widgets/actions/runs/42/artifacts").expect(200)["artifacts"][0];
    assert_eq!(artifact["id"], json!(43));
    assert!(artifact["created_at"].as_str().is_some_and(|date| date.len() == 20 && date.ends_with('Z')));
}

#[test]
fn an_artifact_is_downloaded_from_another_host_without_the_token() {
    let (run, bytes) = (Run { head_repository: "outsider/widgets".into(), ..Run::of_pull_request(42, "patch", &sha('f')) }, b"{}");
    let github = FakeGitHub::start(world().repository_with(REPO, |repository| {
        let old = Artifact { expired: true, ..Artifact::of(44, 42, "old", &[]) };
        repository.run(run).artifact(Artifact::of(43, 42, "report", &[("report.json", bytes)])).artifact(old)
    }));
    let client = Client::new(&github.url(), "writer");
    assert_eq!(client.get("/repos/acme/widgets/actions/runs/42").expect(200)["head_repository"]["full_name"], "outsider/widgets");
    let listed = client.get("/repos/acme/widgets/actions/runs/42/artifacts?name=report").expect(200);
    assert_eq!((&listed["total_count"], &listed["artifacts"][0]["id"]), (&json!(1), &json!(43)));
    let redirect = client.get("/repos/acme/widgets/actions/artifacts/43/zip");
    let location = redirect.header("location").expect("a redirect has one").to_owned();
    assert_eq!((redirect.status, location.starts_with(&github.storage_url())), (302, true));
    let path = location.trim_start_matches(&github.storage_url());
    let bare = Client::new(&github.storage_url(), "").get(path);
    assert_eq!((bare.status, bare.bytes), (200, github.state().repo(REPO).artifacts[&43].bytes()));
    assert_eq!(Client::new(&github.storage_url(), "writer").get(path).status, 403, "a token must not arrive here");
    assert_eq!(Client::new(&github.storage_url(), "").get(&path.replace("se=", "se=0&was=")).status, 403, "addresses expire");
    let arrived: Vec<bool> = github.requests().iter().filter(|request| request.storage).map(|request| request.authorized).collect();
    assert_eq!(arrived, [false, true, false]);
    client.get("/repos/acme/widgets/actions/artifacts/44/zip").expect(410);
    Client::new(&github.url(), "").get("/repos/acme/widgets/actions/artifacts/43/zip").expect(401);
    Client::new(&github.url(), "nothing").get("/repos/acme/widgets/actions/artifacts/43/zip").expect(403);
}

#[test]
fn events_are_asked_for() {
    let world = world().repository_with(REPO, |mut repository| {
        repository.workflows.insert("metrics.yml".into(), vec!["full".into()]);
        repository
    });
    let github = FakeGitHub::start(world.token("starter", Token::actions().with("actions", Level::Write).with("contents", Level::Write)));
    let client = Client::new(&github.url(), "starter");
    let start = |body| client.send_json("POST", "/repos/acme/widgets/actions/workflows/metrics.yml/dispatches", body).status;
    assert_eq!(start(json!({"ref": "main", "inputs": {"full": "yes"}})), 204);
    assert_eq!(start(json!({"ref": "main", "inputs": {"unknown": "yes"}})), 422);
    assert_eq!(start(json!({"ref": "main", "return_run_details": true})), 200);
    assert_eq!(client.send_json("POST", "/repos/acme/widgets/dispatches", json!({"event_type": "metrics"})).status, 204);
    assert_eq!(
        Client::new(&github.url(), "writer").send_json("POST", "/repos/acme/widgets/dispatches", json!({"event_type": "x"})).status,
        403
    );
    assert_eq!(github.state().repo(REPO).dispatches.len(), 3);
}

#[test]
fn rules_are_for_everybody_and_protection_is_not() {
    let rule = json!({"type": "required_status_checks", "parameters": {
        "required_status_checks": [{"context": "proofmark"}], "strict_required_status_checks_policy": false,
    }});
    let world = world().repository_with(REPO, |mut repository| {
        repository.rules.insert("release/1".into(), vec![rule]);
        repository
    });
    let github = FakeGitHub::start(world.token("owner", Token::personal("ada").with("administration", Level::Read)));
    let client = Client::new(&github.url(), "nothing");
    let rules = client.get("/repos/acme/widgets/rules/branches/release%2F1").expect(200);
    assert_eq!(rules[0]["parameters"]["required_status_checks"][0]["context"], "proofmark");
    client.get("/repos/acme/widgets/branches/main/protection").expect(403);
    assert_eq!(
        Client::new(&github.url(), "owner").get("/repos/acme/widgets/branches/main/protection").expect(404)["message"],
        "Branch not protected"
    );
    let role = client.get("/repos/acme/widgets/collaborators/rita/permission").expect(200);
    assert_eq!((&role["permission"], &role["user"]["permissions"]["admin"]), (&json!("write"), &json!(false)));
    assert_eq!(client.get("/repos/acme/widgets").expect(200)["permissions"]["push"], false);
}

#[test]
fn only_users_are_somebody() {
    let (github, client) = start();
    assert_eq!(client.get("/user").expect(403)["message"], "Resource not accessible by integration");
    assert_eq!(Client::new(&github.url(), "personal").get("/user").expect(200)["login"], "ada");
    Client::new(&github.url(), "").get("/user").expect(401);
    let missing = client.send_wrong("GET", "/no/such/address", json!(null));
    assert!(missing.header("x-github-request-id").is_some() && missing.header("date").is_some());
    assert_eq!(missing.expect(404)["message"], "Not Found");
}

#[test]
fn clients_name_themselves_and_a_version_that_there_is() {
    let (github, client) = start();
    let send = |name, value| client.send("GET", "/rate_limit", &[(name, value)], None).expect("it answers").status;
    assert_eq!((send("X-GitHub-Api-Version", "2022-11-28"), send("X-GitHub-Api-Version", "2001-01-01")), (200, 400));
    let nameless = Client::new(&github.url(), "").named("").get("/rate_limit").expect(403);
    assert!(nameless["message"].as_str().is_some_and(|text| text.contains("User-Agent")));
}

#[test]
fn enterprise_server_has_longer_paths() {
    let (github, client) = start();
    let issue = client.get("/api/v3/repos/acme/widgets/issues/7").expect(200);
    assert_eq!(issue["url"], json!(format!("{}/api/v3/repos/acme/widgets/issues/7", github.url())));
    client.send_json("POST", "/api/graphql", json!({"query": "{ viewer { login } }"})).expect(200);
}

#[test]
fn the_documented_world_is_one() {
    let program = include_str!("../../bin/fake_github.rs");
    let example: String = program.lines().skip_while(|line| *line != "//! ```json").skip(1).take_while(|line| *line != "//! ```").collect();
    let world = serde_json::from_str(&example.replace("//!", "")).map_err(|error| error.to_string()).and_then(World::from_json);
    let world = world.expect("the example in the documentation is right");
    assert_eq!(world.repo(REPO).artifacts[&43].run, 42);
    assert_eq!(world.tokens["ghs_text"].level("checks"), Level::None);
}

#[test]
fn another_process_sees_and_changes_the_world() {
    let github = FakeGitHub::start_with_control(World::from_json(json!({"repositories": {"acme/widgets": {}}})).expect("it is a world"));
    let client = Client::new(&github.url(), "");
    let more = json!({
        "repositories": {"acme/widgets": {"issues": {"3": {"author": "ada"}}}},
        "tokens": {"t": {"permissions": {"metadata": "read", "issues": "write"}}},
    });
    client.send_json("POST", "/__world", more).expect(200);
    client.send_json("POST", "/__fault", json!({"method": "POST", "hits": {"nth": 1}, "what": {"status_after": 502}})).expect(200);
    let writer = Client::new(&github.url(), "t");
    writer.send_json("POST", "/repos/acme/widgets/issues/3/comments", json!({"body": "x"})).expect(502);
    let state = client.get("/__state").expect(200);
    assert_eq!(state["repositories"]["acme/widgets"]["comments"]["1001"]["body"], "x");
    assert!(state["tokens"].is_null());
    assert_eq!(client.get("/__requests").expect(200)[0]["fault"], "StatusAfter(502)");
    client.send_json("POST", "/__world", json!({"repositories": {"acme/widgets": {"isues": {}}}})).expect(400);
    let (plain, client) = start();
    client.get("/__state").expect(404);
    drop(plain);
}
