//! A server that gives the same answer to each question about a place.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use crate::pipelines::rig::terms;
use crate::pipelines::{Pipelines, Run, State};
use crate::{Access, Credentials};

pub(super) const JSON: &str = "application/json";
pub(super) const GRPC: &str = "application/grpc-web+proto";

/// Answers by the part of the path that comes before the query.
#[derive(Debug, Clone, Default)]
pub(super) struct Canned(BTreeMap<String, (u16, &'static str, Vec<u8>)>);

impl Canned {
    pub(super) fn with(mut self, path: &str, kind: &'static str, body: impl Into<Vec<u8>>) -> Self {
        self.0.insert(path.to_owned(), (200, kind, body.into()));
        self
    }

    /// A method of the metadata store, with its message.
    pub(super) fn store(self, method: &str, message: &[u8]) -> Self {
        let frame = |flags: u8, bytes: &[u8]| {
            let length = u32::try_from(bytes.len()).expect("a length").to_be_bytes();
            [&[flags], length.as_slice(), bytes].concat()
        };
        let body = [frame(0, message), frame(0x80, b"grpc-status:0\r\n")].concat();
        self.with(&format!("/ml_metadata.MetadataStoreService/{method}"), GRPC, body)
    }

    /// Serves until the test is over.
    pub(super) fn serve(self) -> Pipelines {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answers = self.clone();
                std::thread::spawn(move || answers.speak(&stream));
            }
        });
        let access = Access { address, credentials: Credentials::Nobody, terms: terms() };
        Pipelines::open(&access, None).expect("a way to the server")
    }

    fn speak(&self, mut stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|length| length > 0) {
            let path = line.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
            let mut length = 0;
            loop {
                line.clear();
                if reader.read_line(&mut line).is_err() || line.trim().is_empty() {
                    break;
                }
                if let Some(("content-length", value)) = line.to_ascii_lowercase().split_once(':').map(|(name, value)| (name, value.trim()))
                {
                    length = value.parse().expect("a length");
                }
            }
            reader.by_ref().take(length).read_to_end(&mut Vec::new()).expect("a body");
            let missing = (404, JSON, br#"{"code": 5, "message": "Not Found", "details": []}"#.to_vec());
            let (status, kind, body) = self.0.get(&path).unwrap_or(&missing);
            let head = format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len());
            if stream.write_all(&[head.as_bytes(), body].concat()).is_err() {
                return;
            }
            line.clear();
        }
    }
}

/// A run that is over.
pub(super) fn over(id: &str) -> Run {
    let answer = format!(r#"{{"run_id": "{id}", "state": "SUCCEEDED"}}"#);
    let run = serde_json::from_str::<crate::pipelines::answers::ListedRun>(&answer).expect("a run").into_run();
    assert_eq!(run.state, State::Succeeded);
    run
}
