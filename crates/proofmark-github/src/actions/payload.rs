//! The event's payload: the few parts that tell what a run is about, each read with its name at hand for the message.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::host::{HostError, PAYLOAD_LIMIT};
use crate::RepoName;

/// The parts that are kept. The rest, such as the commits of a push, is never held in memory.
const KEPT: [&str; 18] = [
    "action",
    "after",
    "before",
    "check_run",
    "check_suite",
    "created",
    "deleted",
    "deployment",
    "forced",
    "issue",
    "merge_group",
    "number",
    "pull_request",
    "ref",
    "release",
    "repository",
    "sha",
    "workflow_run",
];

/// A payload, as far as it is used; empty when there is none.
#[derive(Debug, Default)]
pub(super) struct Payload(Value);

impl Payload {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, HostError> {
        let size = bytes.len() as u64;
        if size > PAYLOAD_LIMIT {
            return Err(HostError::TooLarge { size });
        }
        serde_json::from_slice(bytes).map_err(HostError::NotJson)
    }

    pub(super) fn root(&self) -> Part<'_> {
        Part { value: &self.0, name: String::new() }
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(KeptParts)
    }
}

struct KeptParts;

impl<'de> Visitor<'de> for KeptParts {
    type Value = Payload;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Payload, A::Error> {
        let mut parts = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if KEPT.contains(&name.as_str()) {
                parts.insert(name, map.next_value::<Value>()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Payload(parts.into_iter().collect()))
    }
}

/// One part of a payload. What is `null` counts as missing, what is missing is `None`, what has a wrong type is an error.
#[derive(Debug, Clone)]
pub(super) struct Part<'a> {
    value: &'a Value,
    name: String,
}

impl<'a> Part<'a> {
    /// A part of an object, by a path of names: `head.repo`.
    pub(super) fn at(&self, path: &str) -> Result<Self, HostError> {
        let mut part = self.clone();
        for name in path.split('.') {
            let value = match part.value {
                Value::Object(object) => object.get(name).unwrap_or(&Value::Null),
                Value::Null => &Value::Null,
                _ => return Err(part.wrong("is not an object")),
            };
            let dot = if part.name.is_empty() { "" } else { "." };
            part = Self { value, name: format!("{}{dot}{name}", part.name) };
        }
        Ok(part)
    }

    pub(super) fn is_missing(&self) -> bool {
        self.value.is_null()
    }

    /// Whether an object has a field of this name, `null` or not.
    pub(super) fn names(&self, field: &str) -> bool {
        self.value.get(field).is_some()
    }

    /// A text that is not empty.
    pub(super) fn text(&self, path: &str) -> Result<Option<&'a str>, HostError> {
        let part = self.at(path)?;
        match part.value {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            _ => Err(part.wrong("is not a text")),
        }
    }

    pub(super) fn owned_text(&self, path: &str) -> Result<Option<String>, HostError> {
        Ok(self.text(path)?.map(str::to_owned))
    }

    /// A number from 1.
    pub(super) fn number(&self, path: &str) -> Result<Option<u64>, HostError> {
        let part = self.at(path)?;
        match part.value {
            Value::Null => Ok(None),
            value => value.as_u64().filter(|&number| number > 0).map(Some).ok_or_else(|| part.wrong("is not a number from 1")),
        }
    }

    /// A yes or no; missing is no.
    pub(super) fn flag(&self, path: &str) -> Result<bool, HostError> {
        let part = self.at(path)?;
        match part.value {
            Value::Null => Ok(false),
            Value::Bool(flag) => Ok(*flag),
            _ => Err(part.wrong("is neither true nor false")),
        }
    }

    /// A commit; the id of zeros, which stands for "none", is none.
    pub(super) fn commit(&self, path: &str) -> Result<Option<String>, HostError> {
        match self.text(path)? {
            None => Ok(None),
            Some(text) if !is_commit(text) => Err(self.at(path)?.wrong(NOT_A_COMMIT)),
            Some(text) => Ok(some_commit(text)),
        }
    }

    /// A repository as `owner/name`.
    pub(super) fn repository(&self, path: &str) -> Result<Option<String>, HostError> {
        match self.text(path)? {
            None => Ok(None),
            Some(text) if RepoName::parse(text).is_none() => Err(self.at(path)?.wrong(NOT_A_REPOSITORY)),
            Some(text) => Ok(Some(text.to_owned())),
        }
    }

    /// The rows of a list.
    pub(super) fn rows(&self, path: &str) -> Result<Vec<Self>, HostError> {
        let part = self.at(path)?;
        match part.value {
            Value::Null => Ok(Vec::new()),
            Value::Array(rows) => {
                let row = |(at, value)| Self { value, name: format!("{}[{at}]", part.name) };
                Ok(rows.iter().enumerate().map(row).collect())
            }
            _ => Err(part.wrong("is not a list")),
        }
    }

    pub(super) fn wrong(&self, problem: &'static str) -> HostError {
        HostError::Field { name: self.name.clone(), problem }
    }
}

pub(super) const NOT_A_COMMIT: &str = "is not a commit id of 40 or 64 hexadecimal digits";
pub(super) const NOT_A_REPOSITORY: &str = "is not a repository as `owner/name`";

/// Whether a text is a full commit id, and so can stand in an address.
pub(super) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The id, in small letters; zeros stand for "none".
pub(super) fn some_commit(id: &str) -> Option<String> {
    id.bytes().any(|digit| digit != b'0').then(|| id.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(result: Result<impl fmt::Debug, HostError>) -> String {
        match result.unwrap_err() {
            HostError::Field { name, .. } => name,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_wrong_type_is_named_with_its_path() {
        let payload =
            Payload::parse(br#"{"pull_request": {"head": {"sha": 3}, "base": 4, "labels": [{"name": []}], "draft": 0}, "number": "7"}"#)
                .unwrap();
        let root = payload.root();
        assert_eq!(field(root.commit("pull_request.head.sha")), "pull_request.head.sha");
        assert_eq!(field(root.text("pull_request.base.ref")), "pull_request.base");
        assert_eq!(field(root.number("number")), "number");
        assert_eq!(field(root.flag("pull_request.draft")), "pull_request.draft");
        assert_eq!(field(root.rows("pull_request")), "pull_request");
        assert_eq!(field(root.rows("pull_request.labels").unwrap()[0].text("name")), "pull_request.labels[0].name");
        assert_eq!(root.text("pull_request.user.login").unwrap(), None);
    }

    #[test]
    fn ids_must_be_whole() {
        let payload = |sha: &str| Payload::parse(format!(r#"{{"after": "{sha}"}}"#).as_bytes()).unwrap().root().commit("after");
        assert_eq!(payload(&"A".repeat(40)).unwrap(), Some("a".repeat(40)));
        assert_eq!(payload(&"b".repeat(64)).unwrap(), Some("b".repeat(64)));
        assert_eq!(payload(&"0".repeat(40)).unwrap(), None);
        assert_eq!(payload("").unwrap(), None);
        let long = "a".repeat(41);
        for bad in [&*long, "abc", "g000000000000000000000000000000000000000", "../../../../../../../../../../../../../x"] {
            assert!(payload(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_what_is_used_is_kept() {
        let payload = Payload::parse(br#"{"commits": [1, 2], "before": "x", "client_payload": {"number": 3}}"#).unwrap();
        assert_eq!(payload.0.to_string(), r#"{"before":"x"}"#);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for bad in ["", "[]", "null", "{", "{} {}", "\u{feff}{}"] {
            assert!(matches!(Payload::parse(bad.as_bytes()), Err(HostError::NotJson(_))), "{bad:?}");
        }
        let deep = format!(r#"{{"issue": {}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert!(matches!(Payload::parse(deep.as_bytes()), Err(HostError::NotJson(_))));
        assert!(Payload::parse(deep.replace("issue", "commits").as_bytes()).is_ok(), "what is not used does not matter");
        let large = vec![b' '; PAYLOAD_LIMIT as usize + 1];
        assert!(matches!(Payload::parse(&large), Err(HostError::TooLarge { .. })));
    }
}
