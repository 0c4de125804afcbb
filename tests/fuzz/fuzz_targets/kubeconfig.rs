//! kubeconfig files: an address that can be asked comes out, or an error; a token is never shown.

#![no_main]

use std::fs;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use proofmark_core::document::{self, Format};
use proofmark_core::value::Value;
use proofmark_fuzz::files;
use proofmark_http::api::Terms;
use proofmark_kubeflow::serving::{Cluster, ClusterAccess};

const NAMES: [&str; 2] = ["one", "two"];
const TOKEN: &str = "t0ken-of-ada";

static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

fuzz_target!(|bytes: &[u8]| {
    let parts = files(bytes, &NAMES);
    let paths = NAMES.map(|name| FOLDER.path().join(name));
    for (name, path) in NAMES.iter().zip(&paths) {
        let _ = fs::remove_file(path);
        if let Some((_, text)) = parts.iter().find(|(known, _)| known == name) {
            fs::write(path, text).expect("written");
        }
    }
    let terms = Terms::from_environment(&|_| None, "fuzz", 0);
    let is_secret = !parts.iter().any(|(_, text)| document::parse(Format::Yaml, text).is_ok_and(|root| is_open(&root)));
    match ClusterAccess::from_files(&paths, terms) {
        Ok(access) => {
            let address = access.address();
            assert!(address.starts_with("https://") || address.starts_with("http://"), "{address}");
            assert!(!address.contains(['@', '#', '?', ' ', '\\']) && !address.contains(char::is_control), "{address:?}");
            let shown = format!("{access:?} {:?}", Cluster::open(&access));
            assert!(!is_secret || !shown.contains(TOKEN), "{shown}");
        }
        Err(error) => {
            let told = format!("{error} {error:?}");
            assert!(!error.to_string().is_empty() && (!is_secret || !told.contains(TOKEN)), "{told}");
        }
    }
});

/// Whether the token stands where anything else than a token does, be it by an alias: a host or a name that is spelt like
/// it is shown like every other.
fn is_open(value: &Value) -> bool {
    match value {
        Value::Text(text) | Value::Date(text) => text.contains(TOKEN),
        Value::List(entries) => entries.iter().any(is_open),
        Value::Map(map) => map.iter().any(|(key, value)| key.contains(TOKEN) || (key != "token" && is_open(value))),
        _ => false,
    }
}
