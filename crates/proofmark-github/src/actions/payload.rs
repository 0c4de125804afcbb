//! The event's payload: the few parts that tell what a run is about, each read with its name at hand for the message.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::host::{HostError, PAYLOAD_LIMIT};
use crate::RepoName;

/// The parts that are kept. The rest, such as the commits of a push, is never held in memory.
pub(crate) const KEPT: [&str; 18] = [
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

/// What becomes of a part.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Keep {
    /// It is held in memory.
    Whole,
    /// Only that it is there, and not `null`.
    Name,
    /// It is passed over.
    Nothing,
}

/// A payload, as far as it is used; empty when there is none.
#[derive(Debug, Default)]
pub(crate) struct Payload(Value);

impl Payload {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, HostError> {
        Self::keeping(bytes, &|name| if KEPT.contains(&name) { Keep::Whole } else { Keep::Nothing })
    }

    /// With other parts than those that tell what a run is about.
    pub(crate) fn keeping(bytes: &[u8], keep: &dyn Fn(&str) -> Keep) -> Result<Self, HostError> {
        let size = bytes.len() as u64;
        if size > PAYLOAD_LIMIT {
            return Err(HostError::TooLarge { size });
        }
        let mut source = serde_json::Deserializer::from_slice(bytes);
        let payload = KeptParts(keep).deserialize(&mut source).map_err(HostError::NotJson)?;
        source.end().map_err(HostError::NotJson)?;
        Ok(payload)
    }

    pub(super) fn root(&self) -> Part<'_> {
        Part { value: &self.0, name: String::new(), longest: usize::MAX }
    }

    /// The payload, of which a text that is longer than any name is an error.
    pub(crate) fn bounded_root(&self) -> Part<'_> {
        Part { longest: LONGEST_NAME, ..self.root() }
    }
}

struct KeptParts<'k>(&'k dyn Fn(&str) -> Keep);

impl<'de> DeserializeSeed<'de> for KeptParts<'_> {
    type Value = Payload;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Payload, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for KeptParts<'_> {
    type Value = Payload;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Payload, A::Error> {
        let mut parts = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            match (self.0)(&name) {
                Keep::Whole => {
                    parts.insert(name, map.next_value::<Value>()?);
                }
                Keep::Name => {
                    let is_there = map.next_value::<Option<IgnoredAny>>()?.is_some();
                    parts.insert(name, if is_there { Value::Bool(true) } else { Value::Null });
                }
                Keep::Nothing => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Payload(parts.into_iter().collect()))
    }
}

/// One part of a payload. What is `null` counts as missing, what is missing is `None`, what has a wrong type is an error.
#[derive(Debug, Clone)]
pub(crate) struct Part<'a> {
    value: &'a Value,
    name: String,
    longest: usize,
}

impl<'a> Part<'a> {
    /// A part of an object, by a path of names: `head.repo`.
    pub(crate) fn at(&self, path: &str) -> Result<Self, HostError> {
        let mut part = self.clone();
        for name in path.split('.') {
            let value = match part.value {
                Value::Object(object) => object.get(name).unwrap_or(&Value::Null),
                Value::Null => &Value::Null,
                _ => return Err(part.wrong("is not an object")),
            };
            let dot = if part.name.is_empty() { "" } else { "." };
            part = Self { value, name: format!("{}{dot}{name}", part.name), longest: part.longest };
        }
        Ok(part)
    }

    pub(crate) fn is_missing(&self) -> bool {
        self.value.is_null()
    }

    /// Whether an object has a field of this name, `null` or not.
    pub(crate) fn names(&self, field: &str) -> bool {
        self.value.get(field).is_some()
    }

    /// What stands at a path, whatever it is; nothing where the way there ends.
    pub(crate) fn value(&self, path: &str) -> &'a Value {
        self.at(path).map_or(&Value::Null, |part| part.value)
    }

    /// A text that is not empty, and not longer than a name is.
    pub(crate) fn text(&self, path: &str) -> Result<Option<&'a str>, HostError> {
        let part = self.at(path)?;
        let is_long = |text: &str| text.len() > part.longest && text.chars().count() > part.longest;
        match part.long_text()? {
            Some(text) if is_long(text) => Err(part.wrong(TOO_LONG)),
            text => Ok(text),
        }
    }

    /// The same of any length, of this very part.
    pub(crate) fn long_text(&self) -> Result<Option<&'a str>, HostError> {
        match self.value {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            _ => Err(self.wrong("is not a text")),
        }
    }

    /// What an object holds.
    pub(crate) fn object(&self, path: &str) -> Result<Option<&'a Map<String, Value>>, HostError> {
        let part = self.at(path)?;
        match part.value {
            Value::Null => Ok(None),
            Value::Object(object) => Ok(Some(object)),
            _ => Err(part.wrong("is not an object")),
        }
    }

    pub(crate) fn owned_text(&self, path: &str) -> Result<Option<String>, HostError> {
        Ok(self.text(path)?.map(str::to_owned))
    }

    /// A number from 1.
    pub(crate) fn number(&self, path: &str) -> Result<Option<u64>, HostError> {
        let part = self.at(path)?;
        match part.value {
            Value::Null => Ok(None),
            value => value.as_u64().filter(|&number| number > 0).map(Some).ok_or_else(|| part.wrong("is not a number from 1")),
        }
    }

    /// A yes or no; missing is no.
    pub(crate) fn flag(&self, path: &str) -> Result<bool, HostError> {
        let part = self.at(path)?;
        match part.value {
            Value::Null => Ok(false),
            Value::Bool(flag) => Ok(*flag),
            _ => Err(part.wrong("is neither true nor false")),
        }
    }

    /// A commit; the id of zeros, which stands for "none", is none.
    pub(crate) fn commit(&self, path: &str) -> Result<Option<String>, HostError> {
        match self.text(path)? {
            None => Ok(None),
            Some(text) if !is_commit(text) => Err(self.at(path)?.wrong(NOT_A_COMMIT)),
            Some(text) => Ok(some_commit(text)),
        }
    }

    /// A repository as `owner/name`.
    pub(crate) fn repository(&self, path: &str) -> Result<Option<String>, HostError> {
        match self.text(path)? {
            None => Ok(None),
            Some(text) if RepoName::parse(text).is_none() => Err(self.at(path)?.wrong(NOT_A_REPOSITORY)),
            Some(text) => Ok(Some(text.to_owned())),
        }
    }

    /// The rows of a list.
    pub(crate) fn rows(&self, path: &str) -> Result<Vec<Self>, HostError> {
        let part = self.at(path)?;
        match part.value {
            Value::Null => Ok(Vec::new()),
            Value::Array(rows) => {
                let row = |(at, value)| Self { value, name: format!("{}[{at}]", part.name), longest: part.longest };
                Ok(rows.iter().enumerate().map(row).collect())
            }
            _ => Err(part.wrong("is not a list")),
        }
    }

    pub(crate) fn wrong(&self, problem: &'static str) -> HostError {
        HostError::Field { name: self.name.clone(), problem }
    }
}

/// Characters of a name at most, where events are read.
pub(crate) const LONGEST_NAME: usize = 1000;

pub(crate) const TOO_LONG: &str = "is longer than 1000 characters";
pub(super) const NOT_A_COMMIT: &str = "is not a commit id of 40 or 64 hexadecimal digits";
pub(super) const NOT_A_REPOSITORY: &str = "is not a repository as `owner/name`";

/// Whether a text is a full commit id, and so can stand in an address.
pub(crate) fn is_commit(text: &str) -> bool {
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
    fn of_some_parts_only_the_name_is_kept() {
        let keep = |name: &str| if name == "review" || name == "thread" { Keep::Name } else { Keep::Nothing };
        let payload = Payload::keeping(br#"{"review": {"deep": [[1]]}, "thread": null, "other": 1}"#, &keep).unwrap();
        assert_eq!(payload.0.to_string(), r#"{"review":true,"thread":null}"#);
    }

    #[test]
    fn names_are_bounded_where_that_is_asked_for() {
        let payload = Payload::parse(format!(r#"{{"ref": "{}"}}"#, "é".repeat(LONGEST_NAME + 1)).as_bytes()).unwrap();
        assert!(payload.root().text("ref").is_ok());
        assert_eq!(field(payload.bounded_root().text("ref")), "ref");
        let payload = Payload::parse(format!(r#"{{"ref": "{}"}}"#, "é".repeat(LONGEST_NAME)).as_bytes()).unwrap();
        assert!(payload.bounded_root().text("ref").is_ok());
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
