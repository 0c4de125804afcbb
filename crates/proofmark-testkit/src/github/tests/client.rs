//! The smallest client that can see everything the fake does: it keeps its connection and hides nothing.

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// A client with one connection.
pub(super) struct Client {
    host: String,
    token: String,
    /// What it calls itself.
    name: &'static str,
    connection: RefCell<Option<BufReader<TcpStream>>>,
}

/// One answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) bytes: Vec<u8>,
}

impl Client {
    /// An empty token is none.
    pub(super) fn new(url: &str, token: &str) -> Self {
        Self {
            host: url.trim_start_matches("http://").to_owned(),
            token: token.to_owned(),
            name: "testkit",
            connection: RefCell::new(None),
        }
    }

    pub(super) fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    pub(super) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], None).expect("the fake answers")
    }

    pub(super) fn send_json(&self, method: &str, path: &str, body: Value) -> Reply {
        self.send(method, path, &[], Some(&body.to_string())).expect("the fake answers")
    }

    /// A request that is wrong on purpose.
    pub(super) fn send_wrong(&self, method: &str, path: &str, body: Value) -> Reply {
        self.send(method, path, &[("X-Testkit", "wrong")], Some(&body.to_string())).expect("the fake answers")
    }

    pub(super) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> io::Result<Reply> {
        let mut slot = self.connection.borrow_mut();
        let mut connection = match slot.take() {
            Some(connection) => connection,
            None => {
                let stream = TcpStream::connect(&self.host)?;
                stream.set_read_timeout(Some(Duration::from_secs(10)))?;
                BufReader::new(stream)
            }
        };
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\n", self.host, self.name);
        if !self.token.is_empty() {
            text.push_str(&format!("Authorization: Bearer {}\r\n", self.token));
        }
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        let body = body.unwrap_or_default();
        text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        connection.get_mut().write_all(text.as_bytes())?;
        let reply = Reply::read(&mut connection)?;
        *slot = Some(connection);
        Ok(reply)
    }
}

impl Reply {
    fn read(stream: &mut impl BufRead) -> io::Result<Self> {
        let first = line(stream)?;
        let status = first.split(' ').nth(1).and_then(|text| text.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        let mut headers = Vec::new();
        loop {
            let line = line(stream)?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(": ").ok_or(io::ErrorKind::InvalidData)?;
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let mut reply = Self { status, headers, bytes: Vec::new() };
        let length = reply.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        reply.bytes = vec![0; length];
        stream.read_exact(&mut reply.bytes)?;
        Ok(reply)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    /// The body of an answer that must have this status.
    #[track_caller]
    pub(super) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        self.json()
    }
}

fn line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut text = String::new();
    if stream.read_line(&mut text)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(text.trim_end().to_owned())
}
