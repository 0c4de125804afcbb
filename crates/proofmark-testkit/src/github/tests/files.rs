//! Commits and files out of a real repository.

use serde_json::{Value, json};

use super::super::base64;
use super::*;
use crate::repo::TestRepo;

/// `main` with two commits, `work` with two more beside the second.
fn repository() -> (TestRepo, [String; 3]) {
    let repo = TestRepo::new();
    let first = repo.write("metrics.json", "{\"acc\": 0.9}\n").write("a/ü b.txt", "one").commit("first");
    repo.switch("work").write("metrics.json", "{\"acc\": 0.8}\n").commit("worse");
    let head = repo.write("a/new.bin", vec![0_u8; 1_200_000]).commit("big");
    let main = repo.switch("main").write("other", "x").commit("second");
    (repo, [first, main, head])
}

fn start_with(repo: &TestRepo) -> (FakeGitHub, Client) {
    let github = FakeGitHub::start(world().git(REPO, repo.path()));
    let client = Client::new(&github.url(), "writer");
    (github, client)
}

#[test]
fn comparing_gives_the_merge_base_and_both_distances() {
    let (repo, [first, main, head]) = repository();
    let (_github, client) = start_with(&repo);
    let compared = client.get(&format!("/repos/acme/widgets/compare/{main}...{head}")).expect(200);
    assert_eq!(compared["merge_base_commit"]["sha"], json!(first));
    assert_eq!((&compared["ahead_by"], &compared["behind_by"], &compared["status"]), (&json!(2), &json!(1), &json!("diverged")));
    assert_eq!(compared["commits"][1]["sha"], json!(head));
    let names =
        |value: &Value| value["files"].as_array().into_iter().flatten().map(|file| file["filename"].to_string()).collect::<Vec<_>>();
    assert_eq!(names(&compared), ["\"a/new.bin\"", "\"metrics.json\""]);
    assert_eq!(client.get("/repos/acme/widgets/compare/main...work").expect(200)["merge_base_commit"]["sha"], json!(first));
    client.get("/repos/acme/widgets/compare/main...nowhere").expect(404);
    let commit = client.get("/repos/acme/widgets/commits/work").expect(200);
    assert_eq!(
        (&commit["sha"], &commit["commit"]["message"], &commit["commit"]["author"]["name"]),
        (&json!(head), &json!("big"), &json!("Ada Author"))
    );
    client.get("/repos/acme/widgets/commits/nowhere").expect(422);
    let data = client.get(&format!("/repos/acme/widgets/git/commits/{first}")).expect(200);
    assert_eq!(data["parents"], json!([]));
}

#[test]
fn files_come_as_base64_as_raw_bytes_or_not_at_all() {
    let (repo, [first, _, head]) = repository();
    let (_github, client) = start_with(&repo);
    let get = |path: &str| client.get(&format!("/repos/acme/widgets/contents/{path}"));
    let file = get(&format!("metrics.json?ref={first}")).expect(200);
    let text = file["content"].as_str().and_then(base64::decode);
    assert_eq!((text.as_deref(), &file["encoding"]), (Some(b"{\"acc\": 0.9}\n".as_slice()), &json!("base64")));
    assert_eq!(get("a/%C3%BC%20b.txt").expect(200)["path"], "a/ü b.txt");
    let raw = [("Accept", "application/vnd.github.raw+json")];
    let raw = client.send("GET", "/repos/acme/widgets/contents/metrics.json?ref=work", &raw, None).expect("it answers");
    assert_eq!(raw.bytes, b"{\"acc\": 0.8}\n");
    let big = get(&format!("a/new.bin?ref={head}")).expect(200);
    assert_eq!((&big["content"], &big["encoding"], &big["size"]), (&json!(""), &json!("none"), &json!(1_200_000)));
    let listed = get("a?ref=work").expect(200);
    assert_eq!((listed[0]["path"].as_str(), listed[1]["path"].as_str()), (Some("a/new.bin"), Some("a/ü b.txt")));
    assert_eq!(get("").expect(200).as_array().map(Vec::len), Some(3));
    get("nothing").expect(404);
    get("metrics.json?ref=nowhere").expect(404);
    let blob = client.get(&format!("/repos/acme/widgets/git/blobs/{}", file["sha"].as_str().expect("it has one"))).expect(200);
    assert_eq!(blob["content"], file["content"]);
}

#[test]
fn a_tree_is_cut_at_the_limit_and_says_so() {
    let (repo, [first, _, _]) = repository();
    let (github, client) = start_with(&repo);
    let get = |query: &str| client.get(&format!("/repos/acme/widgets/git/trees/{first}{query}")).expect(200);
    assert_eq!(get("")["tree"].as_array().map(Vec::len), Some(2));
    let whole = get("?recursive=1");
    assert_eq!((whole["tree"].as_array().map(Vec::len), &whole["truncated"]), (Some(3), &json!(false)));
    github.state().repo_mut(REPO).tree_limit = 1;
    assert_eq!(get("?recursive=1")["truncated"], true);
    client.get(&format!("/repos/acme/widgets/git/trees/{}", sha('0'))).expect(404);
}

#[test]
fn a_pull_request_shows_its_files() {
    let (repo, [first, _, head]) = repository();
    let github = FakeGitHub::start(world().issue(REPO, Issue::pull(10, "ada", ("work", &head), ("main", &first))).git(REPO, repo.path()));
    let client = Client::new(&github.url(), "writer");
    let files = client.get("/repos/acme/widgets/pulls/10/files?per_page=1");
    assert!(link(&files, "next").is_some());
    assert_eq!(files.expect(200)[0]["status"], "added");
    assert_eq!(client.get("/repos/acme/widgets/pulls/10").expect(200)["changed_files"], 2);
}
