//! One request, one answer, over a connection of its own.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use proofmark_testkit::mlflow::FakeMlflow;
use serde_json::Value;

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| Value::String(self.body.clone()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

pub(crate) fn get(mlflow: &FakeMlflow, target: &str) -> Reply {
    send(mlflow, "GET", target, &[], None).expect("an answer")
}

pub(crate) fn post(mlflow: &FakeMlflow, target: &str, body: &Value) -> Reply {
    send(mlflow, "POST", target, &[], Some(body)).expect("an answer")
}

/// `None` when the connection ended before there was a whole head.
pub(crate) fn send(mlflow: &FakeMlflow, method: &str, target: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Option<Reply> {
    let url = mlflow.url();
    let address = url.trim_start_matches("http://").split('/').next().expect("an address");
    let mut stream = TcpStream::connect(address).expect("the fake listens");
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut text = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    if !headers.iter().any(|(name, _)| *name == "Host") {
        text += &format!("Host: {address}\r\n");
    }
    if !body.is_empty() {
        text += "Content-Type: application/json\r\n";
    }
    headers.iter().for_each(|(name, value)| text += &format!("{name}: {value}\r\n"));
    stream.write_all(format!("{text}\r\n{body}").as_bytes()).expect("the fake reads");
    let mut reply = Vec::new();
    // A connection that is reset has said what it had to say.
    let _ = stream.read_to_end(&mut reply);
    let reply = String::from_utf8(reply).expect("text");
    let (head, body) = reply.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Reply { status, head: head.to_owned(), body: body.to_owned() })
}

pub(crate) fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
