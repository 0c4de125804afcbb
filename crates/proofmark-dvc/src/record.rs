//! One entry of a lock or `.dvc` file: a path and the hash of what was there.

use proofmark_core::discovery::DataVersion;
use proofmark_core::value::{Map, Value};

/// Files listed inline in one entry (cloud-versioned folders) that are kept.
const MAX_FILES: usize = 100_000;

/// A path, as it is written, and its content's version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) path: String,
    pub(crate) version: Option<DataVersion>,
    /// Hashed before DVC 3.0: an MD5 without a `hash` key.
    pub(crate) legacy: bool,
    /// The files of a cloud-versioned folder.
    pub(crate) files: Vec<(String, DataVersion)>,
}

impl Record {
    /// Reads an entry; `None` when it has no path.
    pub(crate) fn read(entry: &Value) -> Option<Self> {
        let entry = entry.as_map()?;
        let path = entry.get("path")?.as_text()?.to_owned();
        let listed = entry.get("files").and_then(Value::as_list).unwrap_or_default();
        let files = listed.iter().take(MAX_FILES).filter_map(|file| {
            let file = file.as_map()?;
            Some((file.get("relpath")?.as_text()?.to_owned(), version(file)?))
        });
        let legacy = entry.contains_key("md5") && !entry.contains_key("hash");
        Some(Self { path, version: version(entry), legacy, files: files.collect() })
    }
}

/// The hash of an entry under the first of DVC's names for it, its own or that of a cloud.
fn version(entry: &Map) -> Option<DataVersion> {
    let cloud = entry.get("cloud").and_then(Value::as_map).and_then(|clouds| clouds.values().next()).and_then(Value::as_map);
    let named = |map: &Map| {
        ["md5", "etag", "checksum", "version_id"].iter().find_map(|name| Some(((*name).to_owned(), hash_text(map.get(*name)?)?)))
    };
    let (algorithm, hash) = named(entry).or_else(|| named(cloud?))?;
    let count = |key| match entry.get(key) {
        Some(Value::Int(count)) => u64::try_from(*count).ok(),
        _ => None,
    };
    let hash = if algorithm == "md5" || algorithm == "checksum" { hash.to_lowercase() } else { hash };
    Some(DataVersion { algorithm, hash, size: count("size"), files: count("nfiles") })
}

/// A hash of digits alone reads as a number in YAML; DVC writes those in quotes.
fn hash_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) if !text.is_empty() => Some(text.clone()),
        Value::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Reads a list of entries; what is none is skipped and counted.
pub(crate) fn records(list: Option<&Value>, skipped: &mut usize) -> Vec<Record> {
    let entries = list.and_then(Value::as_list).unwrap_or_default();
    let records: Vec<_> = entries.iter().filter_map(Record::read).collect();
    *skipped += entries.len() - records.len();
    records
}

#[cfg(test)]
mod tests {
    use proofmark_core::document::{Format, parse};

    use super::*;

    fn record(text: &str) -> Option<Record> {
        Record::read(&parse(Format::Yaml, text.as_bytes()).expect("YAML"))
    }

    #[test]
    fn hashes_have_several_names() {
        let version =
            |text: &str| record(text)?.version.map(|version| format!("{} {} {:?}", version.algorithm, version.hash, version.size));
        assert_eq!(version("{path: a, hash: md5, md5: AB, size: 3}").as_deref(), Some("md5 ab Some(3)"));
        assert_eq!(version("{path: a, etag: 'X-1', size: -3}").as_deref(), Some("etag X-1 None"));
        assert_eq!(version("{path: a, cloud: {s3: {etag: e, version_id: v}}}").as_deref(), Some("etag e None"));
        assert_eq!(version("{path: a, md5: ''}"), None);
        assert_eq!(record("{md5: ab}"), None);
        assert_eq!(record("3"), None);
    }

    #[test]
    fn only_an_md5_without_hash_is_old() {
        let legacy = |text: &str| record(text).is_some_and(|record| record.legacy);
        assert!(legacy("{path: a, md5: ab}"));
        assert!(!legacy("{path: a, md5: ab, hash: md5}"));
        assert!(!legacy("{path: a, etag: ab}"));
    }

    #[test]
    fn cloud_versioned_folders_list_their_files() {
        let record = record("{path: d, files: [{relpath: x, md5: ab}, {relpath: y}, 3]}").expect("a record");
        assert_eq!(record.files.iter().map(|(path, version)| (path.as_str(), version.hash.as_str())).collect::<Vec<_>>(), [("x", "ab")]);
    }
}
