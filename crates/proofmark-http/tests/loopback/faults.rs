//! What goes wrong on the way, and what the retrier makes of it.

use std::time::{Duration, Instant};

use proofmark_http::{Answer, Budget, Failure, HttpError, Repeat, Retrier, Runtime, Settings, client, failure, read_body};

use crate::client::{plain, settings};
use crate::server::{Reply, Server, text, whole};

const LIMIT: usize = 1000;

async fn once(request: reqwest::RequestBuilder) -> Result<Answer, Failure> {
    match request.send().await {
        Ok(response) => read_body(response, LIMIT).await,
        Err(error) => Err(failure(&error)),
    }
}

fn ask(url: &str) -> Result<Answer, Failure> {
    let runtime = Runtime::start().expect("a runtime");
    runtime.block_on(once(plain().get(url)))
}

fn with_retries(repeat: Repeat, server: &Server) -> (Result<Answer, HttpError>, u32) {
    let runtime = Runtime::start().expect("a runtime");
    let retrier = Retrier::new(Budget { total: Duration::from_secs(20), attempts: 4 }, 3);
    let client = plain();
    let request = || match repeat {
        Repeat::Freely => client.get(server.url("/")),
        Repeat::IfRefused => client.post(server.url("/")).body("{}"),
    };
    let answer = runtime.block_on(retrier.send(repeat, |_| None, || once(request())));
    (answer, retrier.requests())
}

fn is_lost(failure: &Failure) -> bool {
    matches!(failure, Failure::Lost(_))
}

#[test]
fn a_whole_answer_is_read() {
    let server = Server::start([text(404, "x-a: b\r\n", "<html>not here</html>")]);
    let answer = ask(&server.url("/path?x=1")).expect("an answer");
    assert_eq!((answer.status, answer.header("x-a"), &answer.body[..]), (404, Some("b"), &b"<html>not here</html>"[..]));
    let request = &server.requests()[0];
    assert!(request.starts_with("get /path?x=1 http/1.1\r\n") && request.contains("\r\nuser-agent: proofmark-test\r\n"), "{request}");
}

#[test]
fn no_connection_means_not_sent() {
    let server = Server::start([]);
    while std::net::TcpStream::connect(server.address).is_ok() {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(ask(&server.url("/?token=secret")).expect_err("nobody listens"), Failure::NotSent("connection refused".into()));
    let unknown = ask("http://joe:secret@host.invalid/?token=secret").expect_err("no such host");
    assert!(matches!(&unknown, Failure::NotSent(detail) if !detail.contains("secret") && !detail.is_empty()), "{unknown:?}");
    let nonsense = ask("http://").expect_err("no address");
    assert!(matches!(nonsense, Failure::NotSent(_)), "{nonsense:?}");
}

#[test]
fn a_reset_means_lost() {
    let early = Server::start([Reply::Reset("")]);
    let failure = ask(&early.url("/")).expect_err("no answer");
    assert_eq!(failure, Failure::Lost("connection reset".into()));
    let late = Server::start([Reply::Reset("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")]);
    assert!(is_lost(&ask(&late.url("/")).expect_err("half an answer")));
}

#[test]
fn a_body_that_breaks_off_means_lost() {
    for part in [
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        "HTTP/1.1 200 OK\r\ncontent-le",
        "not even HTTP\r\n\r\n",
        "",
    ] {
        let server = Server::start([Reply::Text(part.into())]);
        let failure = ask(&server.url("/")).expect_err("no whole answer");
        assert!(is_lost(&failure), "{part}: {failure:?}");
    }
}

#[test]
fn a_long_body_is_refused_with_and_without_its_length() {
    let body = "x".repeat(LIMIT + 1);
    let chunked = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    // The announcement alone is enough.
    let announced = "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n".to_owned();
    for reply in [whole(200, "", &body), chunked, announced, format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}")] {
        let server = Server::start([Reply::Text(reply)]);
        assert_eq!(ask(&server.url("/")).expect_err("too long"), Failure::TooLarge { limit: LIMIT });
    }
    let server = Server::start([text(200, "", &body[1..])]);
    assert_eq!(ask(&server.url("/")).expect("just fits").body.len(), LIMIT);
}

#[test]
fn a_slow_answer_means_lost() {
    let server = Server::start([Reply::Slow(Duration::from_secs(3), String::new())]);
    let started = Instant::now();
    let runtime = Runtime::start().expect("a runtime");
    let hasty = client(&Settings { timeout: Duration::from_millis(100), ..settings() }).expect("a client");
    assert_eq!(runtime.block_on(once(hasty.get(server.url("/")))).expect_err("too slow"), Failure::Lost("operation timed out".into()));
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn reads_are_repeated_over_any_trouble() {
    let server = Server::start([
        text(502, "", "<html>bad gateway</html>"),
        Reply::Reset(""),
        text(429, "retry-after: 0\r\n", ""),
        text(200, "", "ok"),
    ]);
    let (answer, tries) = with_retries(Repeat::Freely, &server);
    assert_eq!((answer.expect("an answer").body, tries), (b"ok".to_vec(), 4));
    assert_eq!(server.requests().len(), 4);
}

#[test]
fn the_last_answer_is_given_back() {
    let server = Server::start((0..4).map(|_| text(503, "", "<html>busy</html>")));
    let (answer, tries) = with_retries(Repeat::Freely, &server);
    let answer = answer.expect("an answer");
    assert_eq!((answer.status, &answer.body[..], tries), (503, &b"<html>busy</html>"[..], 4));
}

#[test]
fn a_change_is_sent_once_unless_refused() {
    let broken = [text(500, "", ""), text(503, "retry-after: 0\r\n", "")];
    for reply in broken.into_iter().chain([Reply::Reset(""), Reply::Text("HTTP/1.1 201 Cr".into())]) {
        let server = Server::start([reply, text(201, "", "")]);
        let (answer, tries) = with_retries(Repeat::IfRefused, &server);
        assert!(matches!(&answer, Err(HttpError::Lost { .. })) || answer.as_ref().is_ok_and(Answer::is_broken), "{answer:?}");
        assert_eq!((tries, server.requests().len()), (1, 1));
    }
    let server = Server::start([text(403, "retry-after: 0\r\n", ""), text(201, "", "")]);
    let (answer, tries) = with_retries(Repeat::IfRefused, &server);
    assert_eq!((answer.expect("made").status, tries), (201, 2));
}

#[test]
fn a_long_wait_is_told_at_once() {
    let server = Server::start([text(429, "retry-after: 60\r\n", "")]);
    let started = Instant::now();
    let (answer, tries) = with_retries(Repeat::Freely, &server);
    assert_eq!((answer.expect_err("too long"), tries), (HttpError::Limited { wait: Duration::from_secs(60) }, 1));
    assert!(started.elapsed() < Duration::from_secs(5));
}
