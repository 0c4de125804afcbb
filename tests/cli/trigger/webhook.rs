//! Signed requests to any server, here one on loopback that keeps what it gets.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use sha2::{Digest as _, Sha256};

use super::*;

const SECRET: &str = "a-secret-of-many-letters";

/// Headers, and the body.
type Received = (Vec<(String, String)>, String);

/// Answers each request with the next of these statuses, and the last one from then on.
struct Receiver {
    url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Receiver {
    fn start(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let received = Arc::new(Mutex::new(Vec::new()));
        let (kept, mut left) = (Arc::clone(&received), statuses.to_vec());
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let status = if left.len() > 1 { left.remove(0) } else { left[0] };
                let Some(request) = read(&stream) else { continue };
                kept.lock().expect("a lock").push(request);
                let _ = (&stream).write_all(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").as_bytes());
            }
        });
        Self { url, received }
    }

    fn received(&self) -> Vec<Received> {
        self.received.lock().expect("a lock").clone()
    }
}

fn read(stream: &TcpStream) -> Option<Received> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|_| line.starts_with("POST /hook "))?;
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = header(&headers, "content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((headers, String::from_utf8(body).ok()?))
}

fn header<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// RFC 2104, written down once more.
fn hmac(secret: &[u8], text: &[u8]) -> String {
    let mut key = [0_u8; 64];
    key[..secret.len()].copy_from_slice(secret);
    let pad = |with: u8| key.map(|byte| byte ^ with);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text).finalize();
    let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn clone_with(url: &str) -> Clone {
    let clone = Clone::new(&format!(
        "[[trigger]]\nname = \"tell\"\non = \"push\"\n[trigger.start.webhook]\nurl = \"{url}\"\nsecret_env = \"HOOK_SECRET\"\nbody = {{ data = \"{{{{ event.branch }}}}\", list = [1, \"{{{{ event.kind }}}}\"] }}\n"
    ));
    clone.commit("data/a.csv", "2");
    clone
}

fn push(clone: &Clone, arguments: &[&str]) -> Ran {
    clone.program().env("HOOK_SECRET", SECRET).run(&[&["trigger", "--event", "push", "--from", "HEAD~1"], arguments].concat())
}

#[test]
fn a_request_is_signed_and_carries_the_key() {
    let receiver = Receiver::start(&[200]);
    let clone = clone_with(&receiver.url);
    let ran = push(&clone, &[]);
    assert!(!ran.stdout.contains(SECRET) && !ran.stderr.contains(SECRET), "{ran:?}");
    let told = ran.expect(0);
    let received = receiver.received();
    let [(headers, body)] = received.as_slice() else { panic!("{received:#?}") };
    let of = |name: &str| header(headers, name).unwrap_or_else(|| panic!("no {name}: {headers:?}"));
    let time = of("x-proofmark-timestamp");
    let signature = hmac(SECRET.as_bytes(), format!("{time}.{body}").as_bytes());
    assert_eq!(of("x-proofmark-signature-256"), format!("sha256={signature}"));
    let body = json(body);
    let key = body["proofmark"]["key"].as_str().expect("a key");
    assert_eq!((of("idempotency-key"), of("x-proofmark-delivery")), (key, key));
    assert!(told.contains(key), "{told}");
    assert_eq!((&body["data"], &body["list"]), (&json!("main"), &json!([1, "push"])));
    assert_eq!(body["proofmark"]["commit"], clone.repo.id("HEAD"));
    // Once is enough, also for who waits.
    push(&clone, &[]).expect(0);
    push(&clone, &["--wait"]).expect(0);
    assert_eq!(receiver.received().len(), 1);
}

#[test]
fn a_repetition_has_the_same_key() {
    let receiver = Receiver::start(&[503, 503, 200]);
    push(&clone_with(&receiver.url), &[]).expect(0);
    let received = receiver.received();
    let keys: Vec<&str> = received.iter().filter_map(|(headers, _)| header(headers, "idempotency-key")).collect();
    assert!(keys.len() == 3 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    assert!(received.iter().all(|(_, body)| *body == received[0].1));
}

#[test]
fn without_a_secret_nothing_is_sent() {
    let receiver = Receiver::start(&[200]);
    let clone = clone_with(&receiver.url);
    let told = clone.push(&[]).expect_error(2);
    assert!(told.contains("trigger `tell`") && told.contains("`HOOK_SECRET`") && told.contains("never sent without a signature"), "{told}");
    assert!(receiver.received().is_empty());
    push(&clone, &[]).expect(0);
    assert_eq!(receiver.received().len(), 1, "what was not sent is sent once it can be");
}

#[test]
fn a_server_that_refuses_is_an_error() {
    let receiver = Receiver::start(&[403]);
    let clone = clone_with(&receiver.url);
    let told = push(&clone, &[]).expect_error(3);
    assert!(told.contains("trigger `tell`") && told.contains("403"), "{told}");
    assert_eq!(receiver.received().len(), 1, "a refusal is not repeated");
}

#[test]
fn only_this_machine_may_be_told_in_clear() {
    for url in ["http://example.org/hook", "http://127.0.0.1.example.org/", "ftp://127.0.0.1/", "{{ event.branch }}"] {
        let told = push(&clone_with(url), &[]).expect_error(2);
        assert!(told.contains("`start.webhook.url`") && told.contains("trigger `tell`"), "{told}");
    }
}
