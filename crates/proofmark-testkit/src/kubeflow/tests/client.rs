//! One request, one answer, over a connection of its own.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use crate::kubeflow::FakeKubeflow;

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| Value::String(self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

pub(crate) fn get(fake: &FakeKubeflow, target: &str) -> Reply {
    send(fake, "GET", target, &[], b"").expect("an answer")
}

pub(crate) fn post(fake: &FakeKubeflow, target: &str, body: &Value) -> Reply {
    send(fake, "POST", target, &[("Content-Type", "application/json")], body.to_string().as_bytes()).expect("an answer")
}

/// `None` when the connection ended before there was a whole head.
pub(crate) fn send(fake: &FakeKubeflow, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<Reply> {
    let url = fake.url();
    let address = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("the fake listens");
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    headers.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
    stream.write_all(&[head.as_bytes(), b"\r\n", body].concat()).expect("the fake reads");
    let mut reply = Vec::new();
    // A connection that is reset has said what it had to say.
    let _ = stream.read_to_end(&mut reply);
    let end = reply.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&reply[..end]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Reply { status, head, body: reply[end + 4..].to_vec() })
}

/// Percent-encodes a value of a query.
pub(crate) fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
