//! What goes wrong goes wrong as asked, and leaves the state that it should.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::*;

const COMMENTS: &str = "/repos/acme/widgets/issues/7/comments";

/// The status of one posted comment (`None` without an answer), and how many there are afterwards.
fn post_with(what: What) -> (Option<u16>, usize, Vec<u8>) {
    let (github, client) = start();
    github.fail(Fault::new("POST", "/repos/*/comments", what).nth(1));
    let reply = client.send("POST", COMMENTS, &[], Some("{\"body\": \"x\"}"));
    let made = github.state().comments(REPO, 7).len();
    let recorded = github.requests().pop().expect("the request was recorded");
    assert!(recorded.fault.is_some(), "{recorded:?}");
    reply.map_or((None, made, Vec::new()), |reply| (Some(reply.status), made, reply.bytes))
}

#[test]
fn before_and_after_the_change_differ_only_in_the_state() {
    assert_eq!(post_with(What::StatusBefore(502)).1, 0);
    assert_eq!(post_with(What::StatusAfter(502)).1, 1);
    assert_eq!((post_with(What::StatusBefore(500)).0, post_with(What::StatusAfter(503)).0), (Some(500), Some(503)));
    assert_eq!(post_with(What::CutBefore), (None, 0, Vec::new()));
    assert_eq!(post_with(What::CutAfter), (None, 1, Vec::new()));
    assert_eq!(post_with(What::CutInBody), (None, 1, Vec::new()));
}

#[test]
fn bodies_are_spoiled() {
    let (status, made, bytes) = post_with(What::Html(502));
    assert_eq!((status, made, bytes.starts_with(b"<!DOCTYPE html>")), (Some(502), 0, true));
    assert_eq!(post_with(What::Empty), (Some(201), 1, Vec::new()));
    let (status, made, bytes) = post_with(What::Truncated);
    assert_eq!((status, made, serde_json::from_slice::<Value>(&bytes).is_err()), (Some(201), 1, true));
    let (_, _, bytes) = post_with(What::WrongShape);
    assert!(serde_json::from_slice::<Value>(&bytes).is_ok_and(|value| value.is_array()));
}

#[test]
fn limits_say_when_to_come_back() {
    let (github, client) = start();
    github.fail(Fault::new("GET", "*/issues/7", What::SecondaryLimit(None)).nth(1));
    github.fail(Fault::new("GET", "*/issues/7", What::SecondaryLimit(Some(3))).nth(1));
    github.fail(Fault::new("GET", "*/issues/7", What::TooManyRequests(Some(1))).nth(1));
    github.fail(Fault::new("GET", "*/issues/7", What::PrimaryLimit(5)).nth(1));
    let get = || client.get("/repos/acme/widgets/issues/7");
    let secondary = get();
    assert_eq!((secondary.status, secondary.header("retry-after")), (403, None));
    assert!(secondary.json()["message"].as_str().is_some_and(|text| text.starts_with("You have exceeded a secondary rate limit")));
    assert_eq!(get().header("retry-after"), Some("3"));
    let many = get();
    assert_eq!((many.status, many.header("retry-after")), (429, Some("1")));
    let primary = get();
    assert_eq!((primary.status, primary.header("x-ratelimit-remaining")), (403, Some("0")));
    assert_eq!(get().status, 200);
}

#[test]
fn an_endless_body_goes_on_until_the_client_leaves() {
    let (github, client) = start();
    github.fail(Fault::new("GET", "*", What::Endless));
    // This client wants a length, and so leaves at once with an empty body.
    assert_eq!(client.get("/repos/acme/widgets/issues/7").bytes, b"");
    let mut stream = TcpStream::connect(github.url().trim_start_matches("http://")).expect("the fake listens");
    std::io::Write::write_all(&mut stream, b"GET /rate_limit HTTP/1.1\r\nUser-Agent: x\r\n\r\n").expect("it is read");
    let mut much = vec![0; 4 * 1024 * 1024];
    std::io::Read::read_exact(&mut stream, &mut much).expect("it goes on");
}

#[test]
fn delays_hold_requests_up() {
    let (github, client) = start();
    github.delay_each(Duration::from_millis(20));
    github.random_delay(Duration::from_millis(5), 1);
    github.fail(Fault::new("GET", "/rate_limit", What::Slow(30)));
    let begin = Instant::now();
    client.get("/rate_limit").expect(200);
    assert!(begin.elapsed() >= Duration::from_millis(50));
    assert_eq!(github.requests()[0].fault, None, "a late answer is still GitHub's");
}

#[test]
fn every_token_has_a_limit_of_its_own() {
    let github = FakeGitHub::start(world().token("few", Token::actions().limited_to(2)));
    let client = Client::new(&github.url(), "few");
    let first = client.get("/repos/acme/widgets");
    assert_eq!((first.status, first.header("x-ratelimit-remaining")), (200, Some("1")));
    let tag = first.header("etag").expect("reads have a tag").to_owned();
    let same = client.send("GET", "/repos/acme/widgets", &[("If-None-Match", &tag)], None).expect("it answers");
    assert_eq!((same.status, same.bytes.len()), (304, 0));
    assert_eq!(client.get("/rate_limit").expect(200)["resources"]["core"]["remaining"], 1, "what has not changed is free");
    client.get("/repos/acme/widgets").expect(200);
    let over = client.get("/repos/acme/widgets");
    assert_eq!((over.status, over.header("x-ratelimit-remaining")), (403, Some("0")));
    Client::new(&github.url(), "writer").get("/repos/acme/widgets").expect(200);
}

#[test]
fn tokens_are_not_recorded() {
    let (github, client) = start();
    client.send_json("POST", COMMENTS, json!({"body": "x"})).expect(201);
    let recorded = github.requests();
    assert_eq!(recorded[0].headers.get("authorization").map(String::as_str), Some("***"));
    assert!(!format!("{recorded:?}").contains("writer"));
    assert!(recorded[0].authorized && recorded[0].body == json!({"body": "x"}) && recorded[0].status == Some(201));
}
