//! What is written: tags and attributes of a run.
//!
//! ModelDB has no conditional write, attributes are written once per key, and fields that it does not know vanish silently. So what is
//! there is read before each write and after it, a write whose answer was lost is looked up, and what somebody else wrote meanwhile
//! is reported and left. (Between the look and the write that follows it at once, somebody else can still come in; nothing that
//! ModelDB offers closes this gap.)

use std::collections::BTreeSet;

use http::Method;
use proofmark_http::api::{ApiError, Call, one_line};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::client::ModelDb;
use crate::wire::Pair;
use crate::{Error, value};

/// Characters of a tag at most.
pub const LONGEST_TAG: usize = 40;
/// What the attributes begin with that keep what a promotion rests on.
const EVIDENCE: &str = "proofmark_";

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It was made.
    Done,
    /// It was not needed: all is as it should be.
    AlreadyThere,
}

/// The key of an attribute that keeps a piece of evidence: `proofmark_verdict`.
///
/// ModelDB itself takes any key, but cuts it at dots where it searches, and its Python client takes only letters, digits and `_-/`.
pub fn evidence_key(name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '/') { letter } else { '_' };
    format!("{EVIDENCE}{}", name.chars().map(plain).collect::<String>())
}

impl ModelDb {
    /// The tags of a run.
    ///
    /// # Errors
    /// See [`Error`]; a run that is not there is a refusal.
    pub fn tags(&self, run: &str) -> Result<BTreeSet<String>, Error> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            tags: BTreeSet<String>,
        }
        Ok(self.api.json::<Answer>(&self.get("experiment-run/getExperimentRunTags").with("id", run))?.tags)
    }

    /// An attribute of a run.
    ///
    /// # Errors
    /// See [`Error`]; a run that is not there is a refusal, and so is a key that stands there with several values.
    pub fn attribute(&self, run: &str, key: &str) -> Result<Option<Json>, Error> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            attributes: Vec<Pair>,
        }
        // Not by the key: servers have compared keys without regard to letters' case.
        let call = self.get("experiment-run/getAttributes").with("id", run).with("get_all", "true");
        let mut found = self.api.json::<Answer>(&call)?.attributes.into_iter().filter(|pair| pair.key == key).map(|pair| pair.value);
        let first = found.next();
        match (&first, found.find(|other| first.as_ref().is_some_and(|first| !value::same(first, other)))) {
            (Some(one), Some(other)) => Err(Error::Changed {
                what: format!("{} was written twice, and it", named(run, key)),
                found: format!("both `{}` and `{}`", shown(one), shown(&other)),
            }),
            _ => Ok(first),
        }
    }

    /// Adds a tag to a run.
    ///
    /// # Errors
    /// [`Error::Input`] for a tag that ModelDB does not take, [`Error::Doubt`] where it is not there afterwards.
    pub fn add_tag(&self, run: &str, tag: &str) -> Result<Written, Error> {
        check_tag(tag)?;
        if self.tags(run)?.contains(tag) {
            return Ok(Written::AlreadyThere);
        }
        let body = json!({"id": run, "tags": [tag]});
        // A second time changes nothing.
        let problem = self.change(&self.send(Method::POST, "experiment-run/addExperimentRunTags", &body).freely())?;
        if self.tags(run)?.contains(tag) {
            Ok(Written::Done)
        } else {
            Err(doubt(format!("adding the tag `{tag}` to the run {run}"), problem))
        }
    }

    /// Takes a tag off a run; nothing happens where it is not on it.
    ///
    /// # Errors
    /// [`Error::Doubt`] where it is still there afterwards.
    pub fn remove_tag(&self, run: &str, tag: &str) -> Result<Written, Error> {
        if !self.tags(run)?.contains(tag) {
            return Ok(Written::AlreadyThere);
        }
        let body = json!({"id": run, "tags": [tag]});
        let problem = self.change(&self.send(Method::DELETE, "experiment-run/deleteExperimentRunTags", &body))?;
        if self.tags(run)?.contains(tag) {
            Err(doubt(format!("taking the tag `{tag}` off the run {run}"), problem))
        } else {
            Ok(Written::Done)
        }
    }

    /// Gives an attribute a value, where it has the value that was seen before, or none where none was seen. Since ModelDB writes a
    /// key once, the old value is deleted first.
    ///
    /// # Errors
    /// [`Error::Changed`] where it has another value, which is left; [`Error::Doubt`] where nobody can tell what was written.
    pub fn set_attribute(&self, run: &str, key: &str, value: &str, seen: Option<&str>) -> Result<Written, Error> {
        check_key(key)?;
        let new = json!(value);
        match self.attribute(run, key)? {
            Some(there) if value::same(&there, &new) => return Ok(Written::AlreadyThere),
            Some(there) if seen.is_some_and(|seen| value::same(&there, &json!(seen))) => self.delete_attribute(run, key, &there)?,
            Some(other) => return Err(changed(run, key, Some(&other))),
            None if seen.is_some() => return Err(changed(run, key, None)),
            None => {}
        }
        let body = json!({"id": run, "attributes": [{"key": key, "value": value, "value_type": "STRING"}]});
        // The second time is refused, and then it is looked at what is there.
        let problem = self.change(&self.send(Method::POST, "experiment-run/logAttributes", &body).freely())?;
        match self.attribute(run, key)? {
            Some(there) if value::same(&there, &new) => Ok(Written::Done),
            Some(other) => Err(changed(run, key, Some(&other))),
            None => Err(doubt(format!("writing {}", named(run, key)), problem)),
        }
    }

    /// Takes an attribute away that has this value; nothing happens where there is none.
    ///
    /// # Errors
    /// [`Error::Changed`] where it has another value, which is left.
    pub fn remove_attribute(&self, run: &str, key: &str, value: &str) -> Result<Written, Error> {
        check_key(key)?;
        match self.attribute(run, key)? {
            None => Ok(Written::AlreadyThere),
            Some(there) if value::same(&there, &json!(value)) => self.delete_attribute(run, key, &there).map(|()| Written::Done),
            Some(other) => Err(changed(run, key, Some(&other))),
        }
    }

    /// Writes what a promotion rests on: for each key of [`evidence_key`] its value, in the place of an older one of ours.
    ///
    /// # Errors
    /// See [`Self::set_attribute`].
    pub fn set_evidence(&self, run: &str, evidence: &[(String, String)]) -> Result<Written, Error> {
        let mut written = Written::AlreadyThere;
        for (key, value) in evidence {
            let seen = self.attribute(run, key)?.as_ref().and_then(value::text);
            if self.set_attribute(run, key, value, seen.as_deref())? == Written::Done {
                written = Written::Done;
            }
        }
        Ok(written)
    }

    fn delete_attribute(&self, run: &str, key: &str, old: &Json) -> Result<(), Error> {
        // A list without a key would delete all attributes; `check_key` was here.
        let body = json!({"id": run, "attribute_keys": [key]});
        let problem = self.change(&self.send(Method::DELETE, "experiment-run/deleteExperimentRunAttributes", &body))?;
        match self.attribute(run, key)? {
            None => Ok(()),
            Some(there) if value::same(&there, old) => Err(doubt(format!("deleting {}", named(run, key)), problem)),
            Some(other) => Err(changed(run, key, Some(&other))),
        }
    }

    /// Makes a change. What may have been made all the same, or was made by somebody else, is given back: it has to be looked up.
    fn change(&self, call: &Call) -> Result<Option<ApiError>, Error> {
        self.forget();
        match self.api.json::<Json>(call) {
            Ok(_) => Ok(None),
            Err(error) if error.is_doubtful() || error.status() == Some(409) => Ok(Some(error)),
            Err(error) => Err(error.into()),
        }
    }
}

fn check_tag(tag: &str) -> Result<(), Error> {
    match tag.encode_utf16().count() {
        0 => Err(Error::input("a tag of ModelDB cannot be empty")),
        count if count > LONGEST_TAG => {
            Err(Error::input(format!("`{tag}` is longer than the {LONGEST_TAG} characters of a tag")).with_hint("use an attribute instead"))
        }
        _ => Ok(()),
    }
}

fn check_key(key: &str) -> Result<(), Error> {
    if key.is_empty() { Err(Error::input("the key of an attribute of ModelDB cannot be empty")) } else { Ok(()) }
}

fn named(run: &str, key: &str) -> String {
    format!("the attribute `{key}` of the run {run}")
}

fn changed(run: &str, key: &str, there: Option<&Json>) -> Error {
    let found = there.map_or_else(|| "gone".to_owned(), |there| format!("`{}`", shown(there)));
    Error::Changed { what: named(run, key), found }
}

fn shown(value: &Json) -> String {
    one_line(&value::text(value).unwrap_or_else(|| value.to_string()), &[])
}

fn doubt(what: String, problem: Option<ApiError>) -> Error {
    match problem.map(Error::from) {
        Some(error @ Error::Refused { status: 409, .. }) => error,
        Some(error) => Error::Doubt { what, why: error.to_string() },
        None => Error::Doubt { what, why: "the server said yes, and it does not show".to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_evidence_are_what_everybody_takes() {
        assert_eq!(
            (evidence_key("verdict"), evidence_key("run.url ü")),
            ("proofmark_verdict".to_owned(), "proofmark_run_url__".to_owned())
        );
    }

    #[test]
    fn tags_have_forty_characters() {
        assert!(check_tag(&"é".repeat(40)).is_ok() && check_tag(&"😀".repeat(21)).is_err() && check_tag("").is_err());
    }
}
