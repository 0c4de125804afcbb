//! Recorded stores, unpacked.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proofmark_http::Budget;
use proofmark_mlflow::{Access, Location, Store, open};
use serde_json::Value;

/// Opens a store; settings are for servers alone.
pub(crate) fn opened(location: &Location) -> Box<dyn Store> {
    try_open(location).expect("a store")
}

/// The same, where it may fail.
pub(crate) fn try_open(location: &Location) -> Result<Box<dyn Store>, proofmark_mlflow::Error> {
    let access = Access {
        credentials: None,
        insecure: false,
        authorities: None,
        identity: None,
        workspace: None,
        timeout: Duration::from_secs(1),
        budget: Budget::default(),
        proxies: Vec::new(),
        user_agent: "test".to_owned(),
        seed: 0,
    };
    open(location, &access)
}

/// Unpacks a database into a folder.
pub(crate) fn database(version: &str, folder: &Path) -> PathBuf {
    let path = folder.join("mlflow.db");
    fs::write(&path, unpacked(&format!("mlflow-{version}.db.gz"))).expect("written");
    path
}

/// Unpacks the file store into a folder.
pub(crate) fn folders(folder: &Path) -> PathBuf {
    let bytes = unpacked("mlruns-3.17.2.tar.gz");
    let (mut rest, mut long_name) = (bytes.as_slice(), None);
    while let Some((header, after)) = rest.split_at_checked(512).filter(|(header, _)| header[0] != 0) {
        let text = |range: std::ops::Range<usize>| String::from_utf8_lossy(&header[range]).trim_matches(['\0', ' ']).to_owned();
        let size = usize::from_str_radix(&text(124..136), 8).expect("a size");
        let content = &after[..size];
        rest = &after[size.div_ceil(512) * 512..];
        // `L` is a name that is too long for the header of the next file.
        if header[156] == b'L' {
            long_name = Some(String::from_utf8_lossy(content).trim_end_matches('\0').to_owned());
            continue;
        }
        let path = folder.join(long_name.take().unwrap_or_else(|| text(0..100)));
        match header[156] {
            b'5' => fs::create_dir_all(&path).expect("a folder"),
            b'0' => fs::write(&path, content).expect("a file"),
            kind => panic!("unexpected entry {kind} {}", path.display()),
        }
    }
    folder.join("mlruns")
}

/// What a server answered.
pub(crate) struct Recording(Vec<Value>);

impl Recording {
    pub(crate) fn read(name: &str) -> Self {
        Self(serde_json::from_slice(&unpacked(&format!("rest-{name}.json.gz"))).expect("JSON"))
    }

    /// The answered calls whose name begins so, as request and body.
    pub(crate) fn calls<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a Value, &'a Value)> {
        let meant = self.0.iter().filter(move |call| call["name"].as_str().is_some_and(|found| found.starts_with(name)));
        meant.map(|call| (&call["request"], &call["response"]["body"]))
    }

    pub(crate) fn call<'a>(&'a self, name: &'a str) -> (&'a Value, &'a Value) {
        self.calls(name).next().expect("a recorded call")
    }
}

fn unpacked(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stores-data").join(name);
    let mut bytes = Vec::new();
    let file = fs::File::open(path).expect("recorded data");
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).expect("gzip");
    bytes
}
