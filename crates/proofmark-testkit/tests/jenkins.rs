//! The fake Jenkins: queue and executors, ends by hand, sessions, restarts and faults.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use proofmark_testkit::base64;
use proofmark_testkit::jenkins::{Definition, FakeJenkins, Fault, JobSpec, Options, Permission, User, What};
use serde_json::Value;

/// Status, head and body of an answer; `None` when the connection ended without one.
fn ask(jenkins: &FakeJenkins, method: &str, path: &str, who: &str) -> Option<(u16, String, String)> {
    let url = jenkins.url();
    let (address, context) = url.trim_start_matches("http://").split_once('/').unwrap_or((url.trim_start_matches("http://"), ""));
    let context = if context.is_empty() { String::new() } else { format!("/{context}") };
    let mut stream = TcpStream::connect(address).expect("the fake listens");
    let who = base64::encode(who.as_bytes());
    let text = format!(
        "{method} {context}{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Basic {who}\r\nContent-Length: 0\r\n\r\n"
    );
    stream.write_all(text.as_bytes()).expect("the fake reads");
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, head.to_owned(), body.to_owned()))
}

fn post(jenkins: &FakeJenkins, path: &str) -> u16 {
    ask(jenkins, "POST", path, "ada:11token").expect("an answer").0
}

fn get(jenkins: &FakeJenkins, path: &str) -> Value {
    serde_json::from_str(&ask(jenkins, "GET", path, "ada:11token").expect("an answer").2).expect("JSON")
}

fn why(jenkins: &FakeJenkins) -> Vec<String> {
    let queue = get(jenkins, "/queue/api/json");
    queue["items"].as_array().expect("items").iter().map(|item| item["why"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn items_wait_for_the_quiet_period_for_each_other_and_for_executors() {
    let jenkins = FakeJenkins::with(Options { quiet: 60_000, executors: 1, ..Options::default() });
    let slow = || JobSpec { duration: 1_000_000, concurrent: false, parameters: vec![Definition::text("N", "")], ..JobSpec::default() };
    jenkins.job("one", slow());
    jenkins.job("two", slow());
    assert_eq!(post(&jenkins, "/job/one/buildWithParameters?N=1"), 201);
    assert_eq!(post(&jenkins, "/job/one/buildWithParameters?N=1"), 303);
    assert!(why(&jenkins)[0].starts_with("In the quiet period. Expires in "), "{:?}", why(&jenkins));
    jenkins.advance(60_000);
    assert_eq!(jenkins.starts("one")[0].build, Some(1));
    assert_eq!((post(&jenkins, "/job/one/buildWithParameters?N=2"), post(&jenkins, "/job/two/buildWithParameters?N=2")), (201, 201));
    jenkins.advance(60_000);
    assert_eq!(why(&jenkins), ["Build #1 is already in progress (ETA: N/A)", "Waiting for next available executor"]);
    jenkins.advance(1_000_000);
    assert_eq!(jenkins.starts("one")[0].result, Some("SUCCESS"));
}

#[test]
fn some_builds_need_more_than_a_stop() {
    let jenkins = FakeJenkins::start();
    jenkins.job("x", JobSpec { duration: 1_000_000, stubborn: 2, ..JobSpec::default() });
    post(&jenkins, "/job/x/build");
    for (how, result) in [("stop", None), ("term", None), ("kill", Some("ABORTED"))] {
        assert_eq!(post(&jenkins, &format!("/job/x/1/{how}")), 302);
        assert_eq!(jenkins.starts("x")[0].result, result, "{how}");
    }
}

#[test]
fn cancelling_is_a_right() {
    let bob = User { name: "bob".to_owned(), token: "b".to_owned(), lacks: vec![Permission::JobCancel], ..User::default() };
    let jenkins = FakeJenkins::with(Options { quiet: 60_000, users: vec![User::default(), bob], ..Options::default() });
    jenkins.job("x", JobSpec::default());
    post(&jenkins, "/job/x/build");
    let path = format!("/queue/cancelItem?id={}", jenkins.starts("x")[0].queue_id);
    assert_eq!(ask(&jenkins, "POST", &path, "bob:b").expect("an answer").0, 422);
    assert_eq!((post(&jenkins, &path), post(&jenkins, &path)), (204, 404));
    assert!(jenkins.starts("x")[0].cancelled);
}

#[test]
fn a_crumb_is_asked_for_before_anything_else() {
    let jenkins = FakeJenkins::start();
    let answer = ask(&jenkins, "POST", "/job/none/build", "ada:lovelace").expect("an answer");
    assert!(answer.0 == 403 && answer.2.contains("No valid crumb"), "{answer:?}");
    assert_eq!(post(&jenkins, "/job/none/build"), 404);
}

#[test]
fn a_restart_keeps_the_queue_and_ends_sessions() {
    let jenkins = FakeJenkins::with(Options { quiet: 60_000, ..Options::default() });
    jenkins.job("x", JobSpec::default());
    post(&jenkins, "/job/x/build");
    let session = |head: &str| head.lines().find(|line| line.starts_with("X-Jenkins-Session")).map(str::to_owned);
    let before = session(&ask(&jenkins, "GET", "/api/json", "ada:11token").expect("an answer").1);
    jenkins.restart(2);
    for status in [503, 503, 200] {
        assert_eq!(ask(&jenkins, "GET", "/api/json", "ada:11token").expect("an answer").0, status);
    }
    let after = session(&ask(&jenkins, "GET", "/api/json", "ada:11token").expect("an answer").1);
    assert!(before.is_some() && after.is_some() && before != after);
    assert_eq!(why(&jenkins).len(), 1);
}

#[test]
fn faults_strike_before_and_after_the_work() {
    let jenkins = FakeJenkins::start();
    jenkins.job("x", JobSpec::default());
    jenkins.fail(Fault::new("POST", "*/build", What::CutBefore).nth(1));
    jenkins.fail(Fault::new("POST", "*/build", What::CutAfter).nth(1));
    let lost = || ask(&jenkins, "POST", "/job/x/build", "ada:11token").is_none();
    assert!(lost());
    assert_eq!(jenkins.starts("x").len(), 0);
    assert!(lost());
    assert_eq!(jenkins.starts("x").len(), 1);
}

#[test]
fn without_a_tree_other_objects_are_stubs() {
    let jenkins = FakeJenkins::start();
    jenkins.job("ml/x", JobSpec::default());
    post(&jenkins, "/job/ml/job/x/build");
    let job = get(&jenkins, "/job/ml/job/x/api/json");
    assert_eq!(job["builds"][0].as_object().expect("a stub").keys().map(String::as_str).collect::<Vec<_>>(), ["_class", "number", "url"]);
    assert_eq!(get(&jenkins, "/job/ml/api/json")["jobs"][0]["builds"], Value::Null);
    assert_eq!(get(&jenkins, "/job/ml/job/x/api/json?tree=builds[result]")["builds"][0]["result"], "SUCCESS");
}
