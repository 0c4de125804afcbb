//! Recorded answers of real servers, and servers that misbehave.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::settings::Credentials;

const RECORDINGS: [&str; 3] = [
    include_str!("../../tests/data/rest-3.17.2-sqlite.json"),
    include_str!("../../tests/data/rest-3.17.2-file.json"),
    include_str!("../../tests/data/rest-2.22.5-sqlite.json"),
];

/// What comes back for a request: `METHOD path?query`, head and body.
type Answering = Box<dyn FnMut(&str, &str, &str) -> Vec<u8> + Send>;

/// A server on loopback that keeps connections open.
struct Fake {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    fn start(answering: Answering) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let heads = Arc::new(Mutex::new(Vec::new()));
        let (log, answering) = (Arc::clone(&heads), Arc::new(Mutex::new(answering)));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answering) = (Arc::clone(&log), Arc::clone(&answering));
                thread::spawn(move || talk(stream, &log, &answering));
            }
        });
        Self { address, heads }
    }

    /// Answers in this order; the last one again and again.
    fn answering(answers: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut answers: VecDeque<Vec<u8>> = answers.into_iter().collect();
        Self::start(Box::new(move |_, _, _| {
            let next = answers.pop_front().unwrap_or_default();
            if answers.is_empty() {
                answers.push_back(next.clone());
            }
            next
        }))
    }

    /// Plays a recording: the answer to the same path, with the same question where several were recorded.
    fn playing(recording: &'static str) -> Self {
        let pairs: Vec<Value> = serde_json::from_str(recording).expect("a recording");
        Self::start(Box::new(move |line, _, body| {
            let fits = |pair: &&Value| {
                let request = &pair["request"];
                let asked = format!("{} {}", request["method"].as_str().unwrap_or_default(), request["path"].as_str().unwrap_or_default());
                let values = request["query"].as_object().into_iter().chain(request["json"].as_object()).flatten();
                let said = |key: &str, value: &Value| match (key, value.as_str()) {
                    ("max_results" | "order_by", _) => true,
                    (_, Some(text)) => {
                        line.contains(&proofmark_http::api::escaped(text))
                            || serde_json::from_str::<Value>(body).is_ok_and(|body| body[key] == *text)
                    }
                    _ => true,
                };
                line.split('?').next() == Some(&*asked) && values.into_iter().all(|(key, value)| said(key, value))
            };
            match pairs.iter().find(fits).map(|pair| &pair["response"]) {
                Some(answer) => {
                    let text = answer["body"].as_str().map_or_else(|| answer["body"].to_string(), str::to_owned);
                    let kind = answer["content_type"].as_str().unwrap_or_default();
                    whole(u16::try_from(answer["status"].as_u64().unwrap_or_default()).expect("a status"), kind, &text)
                }
                None => whole(404, "text/html", "<title>404 Not Found</title>"),
            }
        }))
    }

    fn server(&self) -> Server {
        self.server_as(None)
    }

    fn server_as(&self, credentials: Option<Credentials>) -> Server {
        let mut access = Access::from_environment(&|_| None, None, "test", 1).expect("settings");
        (access.credentials, access.workspace) = (credentials, Some("team".to_owned()));
        (access.timeout, access.budget.attempts) = (Duration::from_millis(400), 2);
        Server::new(&format!("http://{}/prefix", self.address), &access).expect("a server")
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().expect("no panic while it is held").clone()
    }
}

fn talk(stream: TcpStream, log: &Mutex<Vec<String>>, answering: &Mutex<Answering>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut stream = stream;
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            (reader.read_line(&mut head).ok()? > 0).then_some(())?;
        }
        let lower = head.to_ascii_lowercase();
        let length =
            lower.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()).and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        log.lock().ok()?.push(head.clone());
        let line = head.lines().next()?.replacen(" /prefix", " ", 1);
        let line = line.strip_suffix(" HTTP/1.1")?;
        let answer = answering.lock().ok()?(line, &head, &String::from_utf8_lossy(&body));
        stream.write_all(&answer).ok()?;
    }
}

fn whole(status: u16, kind: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Words\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn json(status: u16, body: &str) -> Vec<u8> {
    whole(status, "application/json", body)
}

fn first<'a>(recording: &'a [Value], name: &str) -> &'a Value {
    &recording.iter().find(|pair| pair["name"] == name).expect(name)["response"]["body"]
}

#[test]
fn recorded_runs_and_models() {
    for recording in RECORDINGS {
        let pairs: Vec<Value> = serde_json::from_str(recording).expect("a recording");
        let fake = Fake::playing(recording);
        let server = fake.server();
        let experiment = server.experiment("churn").expect("an answer").expect("it is there");
        assert_eq!(server.experiment("nope"), Ok(None));

        let info = &first(&pairs, "run get, candidate")["run"]["info"];
        let run = server.run(info["run_id"].as_str().expect("an id")).expect("an answer").expect("it is there");
        assert_eq!((run.name.as_str(), run.started, run.experiment == experiment.id), ("wider-2", Some(1_700_007_200_000), true));
        assert!(run.metrics["val/loss"].value.is_nan() && run.metrics["auc"].value == 0.92 && run.datasets[0].digest == "d2d2d2d2");
        assert_eq!(run.datasets[0].context.as_deref(), Some("training"));
        assert_eq!(server.history(&run, "val/loss").expect("an answer").iter().filter(|point| point.value == 0.45).count(), 1);
        assert_eq!(server.run("00000000000000000000000000000000"), Ok(None));

        let odd = first(&pairs, "run get, odd numbers and names (one long param cut)")["run"]["info"]["run_id"].as_str().expect("an id");
        let odd = server.run(odd).expect("an answer").expect("it is there");
        assert_eq!((odd.metrics["inf"].value, odd.metrics["neg_inf"].value), (f64::INFINITY, f64::NEG_INFINITY));
        assert_eq!((odd.metrics["dup"].value, odd.metrics["tiny"].value), (0.1, 5e-324));

        let main = first(&pairs, "run get")["run"]["info"]["run_id"].as_str().expect("an id");
        let main = server.run(main).expect("an answer").expect("it is there");
        let file = server.artifact(&main, "reports/plots/nope.csv", 1000);
        assert_eq!(file, Ok(None));

        let version = server.model_version("churn-clf", &Which::Alias("champion".to_owned())).expect("an answer").expect("it is there");
        assert_eq!(
            (version.version, version.run.as_deref(), version.logged_model.is_some()),
            (2, Some(&*main.id), !main.models.is_empty())
        );
        assert_eq!(server.model_version("churn-clf", &Which::Alias("none".to_owned())), Ok(None));
        assert_eq!(server.model_version("churn-clf", &Which::Number(3)).expect("an answer").expect("it is there").version, 3);
        assert_eq!(server.model_tags("churn-clf"), Ok(BTreeMap::from([("owner".to_owned(), "growth".to_owned())])));
        if let Some(model) = &version.logged_model {
            let model = server.logged_model(model).expect("an answer").expect("it is there");
            assert!(
                model.run.as_deref() == Some(&*main.id) && model.metrics.iter().any(|metric| metric.name == "auc" && metric.value == 0.94)
            );
        }
        assert!(fake.heads().iter().all(|head| head.contains(" /prefix/api/2.0/mlflow/") && head.contains("x-mlflow-workspace: team")));
    }
}

#[test]
fn an_old_server_has_no_logged_models_and_a_wrong_address_is_told() {
    let missing = || whole(404, "text/html", "<title>404 Not Found</title>");
    let fake = |version: &'static str| {
        let answer = whole(200, "text/html", version);
        Fake::start(Box::new(move |line, _, _| if line.ends_with("/version") { answer.clone() } else { missing() }))
    };
    assert_eq!(fake("2.22.5").server().logged_model("m-1"), Ok(None));
    assert!(matches!(fake("3.17.2").server().logged_model("m-1"), Err(Error::Strange { .. })));
    assert!(matches!(fake("<html>").server().logged_model("m-1"), Err(Error::Strange { .. })));
    assert!(fake("2.22.5").server().experiment("x").is_err_and(|error| error.to_string().contains("nothing is at this address")));
}

#[test]
fn what_is_no_answer_of_mlflow() {
    let redirect = b"HTTP/1.1 302 Found\r\nlocation: https://login.corp/sso?token=abc\r\ncontent-length: 0\r\n\r\n".to_vec();
    for (answer, words) in [
        (whole(200, "text/html", "<!doctype html><title>Sign in</title>"), "a page of HTML (Sign in)"),
        (json(200, "{\"experiment\": {\"exp"), "EOF"),
        (json(200, "[]"), "no JSON object"),
        (json(200, "{\"message\": \"hi\"}"), "missing field"),
        (json(200, "{}"), "missing field"),
        (json(200, ""), "empty"),
        (json(200, "{\"experiment\": {\"experiment_id\": \"1\", \"name\": \"other\"}}"), "another experiment"),
        (redirect, "https://login.corp, with status 302"),
        (json(204, ""), "status 204"),
    ] {
        let error = Fake::answering([answer]).server().experiment("churn").expect_err(words);
        assert!(matches!(error, Error::Strange { .. }) && error.to_string().contains(words), "{error}");
        assert!(!error.to_string().contains("abc"));
    }
}

#[test]
fn a_search_is_believed_only_where_it_answers_the_question() {
    let query = Query { experiments: vec!["1".to_owned()], tags: vec![("b".to_owned(), vec!["main".to_owned()])], name: None, limit: 10 };
    let run = |experiment: &str, tag: &str, status: &str| {
        format!(
            r#"{{"info": {{"run_id": "r{tag}", "experiment_id": "{experiment}", "status": "{status}", "start_time": "5"}}, "data": {{"tags": [{{"key": "b", "value": "{tag}"}}]}}}}"#
        )
    };
    let search = |body: String| Fake::answering([json(200, &body)]).server().search(&query);
    assert_eq!(search("{}".to_owned()), Ok(Found::default()));
    let twice = search(format!(r#"{{"runs": [{0}, {0}]}}"#, run("1", "main", "FINISHED"))).expect("an answer");
    assert_eq!((twice.runs.len(), twice.runs[0].started, twice.incomplete), (1, Some(5), None));
    let odd = search(format!(r#"{{"runs": [{}]}}"#, run("1", "main", "PAUSED"))).expect("an answer");
    assert!(odd.runs.is_empty() && odd.skipped[0].run == "rmain" && odd.skipped[0].reason.contains("PAUSED"));
    for body in [run("2", "main", "FINISHED"), run("1", "other", "FINISHED")] {
        assert!(matches!(search(format!(r#"{{"runs": [{body}]}}"#)), Err(Error::Strange { .. })), "{body}");
    }
    assert!(matches!(search(r#"{"message": "hi"}"#.to_owned()), Err(Error::Strange { .. })));
    // Pages without an end.
    let endless = search(format!(r#"{{"runs": [{}], "next_page_token": "x"}}"#, run("1", "main", "FINISHED"))).expect("an answer");
    assert!(endless.incomplete.is_some());
}

#[test]
fn refusals_are_told_without_secrets() {
    let secret = proofmark_http::Secret::password("hunter 22").expect("a secret");
    let host = whole(403, "text/plain", "Invalid Host header - possible DNS rebinding attack detected");
    let error = Fake::answering([host]).server().experiment("x").expect_err("a refusal");
    assert!(error.hint().is_some_and(|hint| hint.contains("--allowed-hosts")), "{error}");
    let denied = Fake::answering([whole(401, "text/html", "You are joe:hunter 22, am9lOmh1bnRlciAyMg==")]);
    let error = denied.server_as(Some(Credentials::Basic("joe".to_owned(), secret))).experiment("x").expect_err("a refusal");
    assert!(matches!(error, Error::Refused { status: 401, code: None, .. }) && error.hint().is_some());
    assert!(!error.to_string().contains("hunter") && !error.to_string().contains("am9l"), "{error}");
    assert!(denied.heads()[0].contains("authorization: Basic am9lOmh1bnRlciAyMg=="), "{:?}", denied.heads());
}

#[test]
fn reads_are_repeated_and_changes_are_not() {
    let experiment = || json(200, "{\"experiment\": {\"experiment_id\": 1, \"name\": \"x\"}}".replace(": 1,", ": \"1\",").as_str());
    let fake = Fake::answering([json(503, "<html>"), experiment()]);
    let server = fake.server();
    assert!(server.experiment("x").is_ok_and(|found| found.is_some()));
    assert_eq!(server.requests(), 2);
    let fake = Fake::answering([json(500, "{}"), json(200, "{}")]);
    assert!(matches!(fake.server().set_alias("m", "a", 1), Err(Error::Refused { status: 500, .. })));
    assert_eq!(fake.heads().len(), 1);
    let slow = Fake::start(Box::new(|_, _, _| {
        thread::sleep(Duration::from_secs(1));
        Vec::new()
    }));
    assert!(matches!(slow.server().experiment("x"), Err(Error::Http { .. })));
}

#[test]
fn an_artifact_is_bounded_and_whole() {
    let list = |size: u64| json(200, &format!(r#"{{"root_uri": "x", "files": [{{"path": "a b.csv", "file_size": "{size}"}}]}}"#));
    let read =
        |size, answer: Vec<u8>, limit| Fake::answering([list(size), answer]).server().artifact(&Run::new("r", "1"), "a b.csv", limit);
    assert_eq!(read(3, whole(200, "text/csv", "1,2"), 3), Ok(Some(Artifact::Bytes(b"1,2".to_vec()))));
    assert!(matches!(read(4, whole(200, "text/csv", "1,2,"), 3), Err(Error::TooLarge { limit: 3, .. })));
    assert!(matches!(read(3, whole(200, "text/csv", "1,2,3"), 4), Err(Error::TooLarge { limit: 4, .. })));
    assert!(matches!(read(4, whole(200, "text/csv", "1,2"), 9), Err(Error::Strange { .. })));
    assert!(matches!(read(3, whole(200, "text/html", "<a>"), 9), Err(Error::Strange { .. })));
    // A body that never ends.
    let mut endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    endless.resize(100_000, b'x');
    assert!(matches!(read(3, endless, 50), Err(Error::TooLarge { limit: 50, .. })));
    let fake = Fake::answering([json(200, "{}")]);
    for path in ["", "..", "a/../b", "/a", "a//b", "a\\..\\b", "."] {
        assert!(matches!(fake.server().artifact(&Run::new("r", "1"), path, 9), Err(Error::Setting { .. })), "{path}");
    }
    assert!(fake.heads().is_empty());
}
