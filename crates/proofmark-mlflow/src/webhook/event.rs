//! What the body of a delivery tells.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Something that happened in the registry. Its texts are whoever's wrote them: escape them where they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// An alias leads to this version; perhaps it did before.
    AliasSet {
        /// The registered model.
        model: String,
        /// The alias.
        alias: String,
        /// The version.
        version: u64,
    },
    /// An alias is no more; perhaps it never was. The version is not told.
    AliasDeleted {
        /// The registered model.
        model: String,
        /// The alias.
        alias: String,
    },
    /// There is a new version.
    VersionCreated {
        /// The registered model.
        model: String,
        /// The version.
        version: u64,
        /// The run that made it, where one is named.
        run: Option<String>,
        /// Where its files are.
        source: String,
        /// Its tags.
        tags: BTreeMap<String, String>,
    },
    /// A version has this tag.
    TagSet {
        /// The registered model.
        model: String,
        /// The version.
        version: u64,
        /// The tag.
        key: String,
        /// Its value.
        value: String,
    },
    /// A version has this tag no more.
    TagDeleted {
        /// The registered model.
        model: String,
        /// The version.
        version: u64,
        /// The tag.
        key: String,
    },
    /// There is a new registered model.
    ModelCreated {
        /// The registered model.
        model: String,
        /// Its tags.
        tags: BTreeMap<String, String>,
    },
    /// Something else, in MLflow's words in lower case: `prompt`, `created`.
    Other {
        /// What it happened to.
        entity: String,
        /// What happened.
        action: String,
    },
}

impl Event {
    /// Reads a body. MLflow writes entity and action in lower case here, and in upper case where webhooks are made; both do.
    pub(super) fn parse(body: &[u8]) -> Result<Self, String> {
        let value: Value = serde_json::from_slice(body).map_err(|_| "it is no JSON".to_owned())?;
        let body = Fields::of(&value, "the body")?;
        let (entity, action) = (body.text("entity")?.to_ascii_lowercase(), body.text("action")?.to_ascii_lowercase());
        let data = || Fields::of(value.get("data").unwrap_or(&Value::Null), "`data`");
        match (entity.as_str(), action.as_str()) {
            ("model_version_alias", "created") => {
                let data = data()?;
                Ok(Self::AliasSet { model: data.name("name")?, alias: data.name("alias")?, version: data.version()? })
            }
            ("model_version_alias", "deleted") => {
                let data = data()?;
                Ok(Self::AliasDeleted { model: data.name("name")?, alias: data.name("alias")? })
            }
            ("model_version", "created") => {
                let data = data()?;
                let (model, version) = (data.name("name")?, data.version()?);
                Ok(Self::VersionCreated { model, version, run: data.run()?, source: data.text("source")?.to_owned(), tags: data.tags()? })
            }
            ("model_version_tag", "set") => {
                let data = data()?;
                let (model, version, key) = (data.name("name")?, data.version()?, data.name("key")?);
                Ok(Self::TagSet { model, version, key, value: data.text("value")?.to_owned() })
            }
            ("model_version_tag", "deleted") => {
                let data = data()?;
                Ok(Self::TagDeleted { model: data.name("name")?, version: data.version()?, key: data.name("key")? })
            }
            ("registered_model", "created") => {
                let data = data()?;
                Ok(Self::ModelCreated { model: data.name("name")?, tags: data.tags()? })
            }
            _ => Ok(Self::Other { entity, action }),
        }
    }
}

/// The fields of an object.
struct Fields<'v>(&'v Map<String, Value>);

impl<'v> Fields<'v> {
    fn of(value: &'v Value, what: &str) -> Result<Self, String> {
        value.as_object().map(Self).ok_or_else(|| format!("{what} is no object"))
    }

    fn text(&self, field: &str) -> Result<&'v str, String> {
        self.0.get(field).and_then(Value::as_str).ok_or_else(|| format!("`{field}` is missing or no text"))
    }

    fn name(&self, field: &str) -> Result<String, String> {
        let text = self.text(field)?;
        if text.is_empty() { Err(format!("`{field}` is empty")) } else { Ok(text.to_owned()) }
    }

    fn version(&self) -> Result<u64, String> {
        let text = self.text("version")?;
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|version| is_number && *version > 0).ok_or_else(|| "`version` is no number from 1".to_owned())
    }

    fn run(&self) -> Result<Option<String>, String> {
        match self.0.get("run_id") {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.text("run_id").map(|run| Some(run.to_owned()).filter(|run| !run.is_empty())),
        }
    }

    fn tags(&self) -> Result<BTreeMap<String, String>, String> {
        let tags = match self.0.get("tags") {
            None | Some(Value::Null) => return Ok(BTreeMap::new()),
            Some(tags) => Fields::of(tags, "`tags`")?,
        };
        let tag = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
        tags.0.iter().map(tag).collect::<Option<_>>().ok_or_else(|| "a value of `tags` is no text".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_in_any_case_and_new_ones_are_kept() {
        let body = br#"{"entity":"MODEL_VERSION_ALIAS","action":"Created","data":{"name":"m","alias":"champion","version":"12"}}"#;
        let expected = Event::AliasSet { model: "m".to_owned(), alias: "champion".to_owned(), version: 12 };
        assert_eq!(Event::parse(body), Ok(expected));
        let other = Event::Other { entity: "prompt".to_owned(), action: "created".to_owned() };
        assert_eq!(Event::parse(br#"{"entity":"PROMPT","action":"CREATED"}"#), Ok(other));
    }

    #[test]
    fn what_is_missing_is_named() {
        let alias = |data: &str| Event::parse(format!(r#"{{"entity":"model_version_alias","action":"created","data":{data}}}"#).as_bytes());
        let told = |data: &str| alias(data).expect_err("no event");
        assert_eq!(told("null"), "`data` is no object");
        assert_eq!(told(r#"{"name":"m","version":"1"}"#), "`alias` is missing or no text");
        assert_eq!(told(r#"{"name":"","alias":"a","version":"1"}"#), "`name` is empty");
        for version in ["", "0", "-1", "+1", "1.0", "99999999999999999999"] {
            assert_eq!(told(&format!(r#"{{"name":"m","alias":"a","version":"{version}"}}"#)), "`version` is no number from 1");
        }
        assert_eq!(Event::parse(b"[]"), Err("the body is no object".to_owned()));
        assert_eq!(Event::parse(b"{"), Err("it is no JSON".to_owned()));
        assert_eq!(Event::parse(&b"[".repeat(100_000)), Err("it is no JSON".to_owned()));
        let tags = br#"{"entity":"registered_model","action":"created","data":{"name":"m","tags":{"a":1}}}"#;
        assert_eq!(Event::parse(tags), Err("a value of `tags` is no text".to_owned()));
    }
}
