//! Comments, reactions, paging, permissions.

use serde_json::json;

use super::*;

const COMMENTS: &str = "/repos/acme/widgets/issues/7/comments";

#[test]
fn a_comment_lives_from_post_to_delete() {
    let (github, client) = start();
    let made = client.send_json("POST", COMMENTS, json!({"body": "first"}));
    let location = made.header("location").map(str::to_owned);
    let made = made.expect(201);
    assert_eq!((made["user"]["login"].as_str(), made["user"]["type"].as_str()), (Some("github-actions[bot]"), Some("Bot")));
    assert_eq!(location.as_deref(), made["url"].as_str());
    let path = format!("/repos/acme/widgets/issues/comments/{}", made["id"]);
    github.state().clock = Clock::ahead(60);
    let edited = client.send_json("PATCH", &path, json!({"body": "second"})).expect(200);
    assert_eq!(edited["body"], "second");
    assert!(edited["updated_at"].as_str() > made["updated_at"].as_str() && edited["created_at"] == made["created_at"]);
    assert_eq!(client.get(&path).expect(200), edited);
    assert_eq!(github.state().comments(REPO, 7).len(), 1);
    assert_eq!(client.send("DELETE", &path, &[], None).expect("it answers").status, 204);
    client.get(&path).expect(404);
    assert!(github.state().comments(REPO, 7).is_empty());
}

#[test]
fn pages_link_by_the_number_of_the_repository() {
    let (github, client) = start();
    for number in 0..7_u32 {
        github.state().clock = Clock::ahead(i64::from(number) * 60);
        github.state().comment(REPO, 7, "ada", &format!("comment {number}"));
    }
    let mut path = format!("{COMMENTS}?per_page=3&since=2020-01-01T00:00:00Z");
    let mut sizes = Vec::new();
    loop {
        let page = client.get(&path);
        sizes.push(page.json().as_array().map_or(0, Vec::len));
        let Some(next) = link(&page, "next") else {
            assert!(link(&page, "prev").is_some() && link(&page, "first").is_some() && link(&page, "last").is_none());
            break;
        };
        assert!(next.starts_with("/repositories/186853002/issues/7/comments?per_page=3&since="), "{next}");
        path = next;
    }
    assert_eq!(sizes, [3, 3, 1]);
    let wrong_page = client.send("GET", &format!("{COMMENTS}?per_page=1000&page=2"), &[("X-Testkit", "wrong")], None).expect("it answers");
    assert_eq!(wrong_page.expect(200), json!([]));
    let third = github.state().comments(REPO, 7)[2].updated_at.clone();
    assert_eq!(client.get(&format!("{COMMENTS}?since={third}")).json().as_array().map(Vec::len), Some(5));
}

#[test]
fn bodies_are_held_to_the_limits() {
    let (github, client) = start();
    let post = |body: &str| client.send_json("POST", COMMENTS, json!({"body": body}));
    post(&"ü".repeat(65_536)).expect(201);
    let refused = post(&"u".repeat(65_537)).expect(422);
    assert_eq!(refused["errors"][0]["message"], "Body is too long (maximum is 65536 characters)");
    assert_eq!(refused["errors"][0]["resource"], "IssueComment");
    post(" \n").expect(422);
    client.send_wrong("POST", COMMENTS, json!({})).expect(422);
    let broken = client.send("POST", COMMENTS, &[("X-Testkit", "wrong")], Some("{")).expect("it answers");
    assert_eq!(broken.expect(400)["message"], "Problems parsing JSON");
    client.send_json("POST", "/repos/acme/widgets/issues/70/comments", json!({"body": "x"})).expect(404);
    github.state().repo_mut(REPO).issues.get_mut(&9).expect("it is in the world").locked = true;
    client.send_json("POST", "/repos/acme/widgets/issues/9/comments", json!({"body": "x"})).expect(403);
    assert_eq!(github.state().repo(REPO).comments.len(), 1);
}

#[test]
fn who_may_not_write_is_told_which_permission_is_missing() {
    let (github, _) = start();
    let post = |token: &str| Client::new(&github.url(), token).send_json("POST", COMMENTS, json!({"body": "x"}));
    let refused = post("fork");
    assert_eq!(refused.header("x-accepted-github-permissions"), Some("issues=write; pull_requests=write"));
    assert_eq!(refused.expect(403)["message"], "Resource not accessible by integration");
    assert_eq!(post("unknown").expect(401)["message"], "Bad credentials");
    post("").expect(401);
    post("personal").expect(201);
    assert_eq!(Client::new(&github.url(), "").get(COMMENTS).json().as_array().map(Vec::len), Some(1));
}

#[test]
fn private_repositories_are_not_there_for_strangers() {
    let world = world()
        .repository_with(REPO, Repository::private)
        .token("elsewhere", Token::actions_writing().of("acme/other"))
        .token("blind", Token::actions_writing().with("metadata", Level::None));
    let github = FakeGitHub::start(world);
    for token in ["", "elsewhere", "blind"] {
        assert_eq!(Client::new(&github.url(), token).get("/repos/acme/widgets").expect(404)["message"], "Not Found", "{token}");
    }
    Client::new(&github.url(), "writer").get(COMMENTS).expect(200);
    let refused = Client::new(&github.url(), "nothing").get(COMMENTS);
    assert_eq!(refused.header("x-accepted-github-permissions"), Some("issues=read; pull_requests=read"));
    refused.expect(403);
}

#[test]
fn one_user_reacts_once() {
    let (github, client) = start();
    let id = github.state().comment(REPO, 7, "ada", "/proofmark accept");
    let path = format!("/repos/acme/widgets/issues/comments/{id}/reactions");
    let react = |client: &Client, content: &str| client.send_json("POST", &path, json!({"content": content}));
    let first = react(&client, "eyes").expect(201);
    assert_eq!(react(&client, "eyes").expect(200), first);
    react(&Client::new(&github.url(), "personal"), "eyes").expect(201);
    client.send_wrong("POST", &path, json!({"content": "shrug"})).expect(422);
    assert_eq!(client.get(&format!("{path}?content=eyes")).json().as_array().map(Vec::len), Some(2));
    let shown = client.get(&format!("/repos/acme/widgets/issues/comments/{id}")).expect(200);
    assert_eq!((shown["reactions"]["eyes"].as_u64(), shown["reactions"]["+1"].as_u64()), (Some(2), Some(0)));
    let one = format!("{path}/{}", first["id"]);
    assert_eq!(client.send("DELETE", &one, &[], None).expect("it answers").status, 204);
    assert_eq!(client.send("DELETE", &one, &[], None).expect("it answers").status, 404);
}

#[test]
fn ages_are_those_of_one_clock_unless_a_test_says_otherwise() {
    let (github, client) = start();
    let id = github.state().comment(REPO, 7, "ada", "x");
    let path = format!("/repos/acme/widgets/issues/comments/{id}/reactions");
    for (content, ahead) in [("eyes", 0), ("heart", -30), ("rocket", 8_000_000)] {
        github.state().clock = Clock::ahead(ahead);
        let before = clock::real_seconds();
        let reply = client.send_json("POST", &path, json!({"content": content}));
        let during = || before..=clock::real_seconds();
        assert!(during().any(|second| reply.header("date") == Some(clock::http_date(second).as_str())));
        let made = reply.expect(201)["created_at"].clone();
        assert!(during().any(|second| made == clock::rfc3339(second.saturating_add_signed(ahead))), "{content}: {made}");
    }
}

#[test]
fn a_list_that_is_late_shows_new_comments_later_and_each_at_once() {
    let world = World::new().issue(REPO, Issue::pull(7, "ada", ("work", &sha('a')), ("main", &sha('b'))).comments_late(200));
    let github = FakeGitHub::start(world.token("writer", Token::actions_writing().of(REPO)));
    let client = Client::new(&github.url(), "writer");
    let started = std::time::Instant::now();
    let made = client.send_json("POST", COMMENTS, json!({"body": "x"})).expect(201);
    assert_eq!(client.get(&format!("/repos/acme/widgets/issues/comments/{}", made["id"])).expect(200), made);
    while client.get(COMMENTS).expect(200) == json!([]) {
        thread::sleep(Duration::from_millis(10));
    }
    assert!(started.elapsed() >= Duration::from_millis(200));
}

#[test]
fn twenty_writers_at_once_make_twenty_comments() {
    let (github, _) = start();
    thread::scope(|scope| {
        for number in 0..20 {
            let url = github.url();
            scope.spawn(move || Client::new(&url, "writer").send_json("POST", COMMENTS, json!({"body": number.to_string()})).expect(201));
        }
    });
    let state = github.state();
    let comments = state.comments(REPO, 7);
    let ids: std::collections::BTreeSet<u64> = comments.iter().map(|comment| comment.id).collect();
    assert_eq!((comments.len(), ids.len()), (20, 20));
}
