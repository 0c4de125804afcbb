//! What a job is started with, checked against what it defines: Jenkins ignores names that it does not know, without a word.

use std::collections::BTreeSet;

use super::answers::Actions;
use super::error::ParameterError;
use super::form::{self, Body, Content};
use super::job::{Definition, Job, Kind};

/// A value for a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The parameter.
    pub name: String,
    /// What it is to be.
    pub content: Content,
}

/// What tells this start from all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The parameter of the job that keeps it.
    pub parameter: String,
    /// The key.
    pub value: String,
    /// Whether it names one start for ever, so that a build that has it already is taken, and not only for this call.
    pub lasting: bool,
}

/// All that is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    values: Vec<(Value, Kind)>,
    key: Option<Key>,
    /// What parameters that are not given will be, as far as it is known.
    defaults: Vec<(String, String)>,
}

impl Submission {
    /// Values that the job knows, and the key if the job has a parameter for it.
    ///
    /// # Errors
    /// What Jenkins would ignore, or refuse without naming the parameter.
    pub fn new(job: &Job, values: Vec<Value>, key: Key) -> Result<Self, ParameterError> {
        let mut given = BTreeSet::new();
        let mut checked = Vec::with_capacity(values.len() + 1);
        for value in values {
            let known = || job.definitions.iter().map(|definition| definition.name.clone()).collect();
            let definition = job.definitions.iter().find(|definition| definition.name == value.name);
            let definition =
                definition.ok_or_else(|| ParameterError::NoSuch { job: job.path.to_string(), name: value.name.clone(), known: known() })?;
            if !given.insert(value.name.clone()) {
                return Err(ParameterError::Twice { name: value.name });
            }
            checked.push((check(definition, value)?, definition.kind));
        }
        let key = with_key(job, key, &mut checked)?;
        let rest = job.definitions.iter().filter(|definition| !given.contains(&definition.name));
        let defaults = rest.filter_map(|definition| Some((definition.name.clone(), definition.default.clone()?))).collect();
        Ok(Self { values: checked, key, defaults })
    }

    /// The key, where the job has a parameter for it.
    pub fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// What is sent, by name; `None` for passwords and files.
    pub fn shown(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.values.iter().map(|(value, kind)| {
            let text = match &value.content {
                Content::Text(text) if *kind != Kind::Password => Some(text.as_str()),
                _ => None,
            };
            (value.name.as_str(), text)
        })
    }

    /// Passwords, which nothing may show.
    pub(super) fn passwords(&self) -> impl Iterator<Item = &str> {
        self.values.iter().filter_map(|(value, kind)| match &value.content {
            Content::Text(text) if *kind == Kind::Password => Some(text.as_str()),
            _ => None,
        })
    }

    pub(super) fn body(&self) -> Body {
        form::body(self.values.iter().map(|(value, _)| (value.name.as_str(), &value.content)))
    }

    /// Whether an item or a build is of a start with these values, as far as Jenkins tells them.
    pub(super) fn fits(&self, actions: &Actions) -> bool {
        let parameters = actions.parameters();
        if let Some(key) = &self.key {
            let there = parameters.get(key.parameter.as_str()).and_then(|parameter| parameter.text());
            return there.is_some_and(|there| plain(&there) == plain(&key.value));
        }
        let given = self.values.iter().filter_map(|(value, kind)| match (&value.content, kind) {
            (Content::Text(text), Kind::Text | Kind::Boolean | Kind::Choice) => Some((value.name.as_str(), text.as_str())),
            _ => None,
        });
        let defaults = self.defaults.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let same = |name: &str, value: &str| {
            let there = parameters.get(name).and_then(|parameter| parameter.text());
            there.is_none_or(|there| plain(&there) == plain(value))
        };
        given.chain(defaults).all(|(name, value)| same(name, value))
    }
}

/// Jenkins may trim, and browsers' ends of lines come back as they are stored.
fn plain(text: &str) -> String {
    text.replace('\r', "").trim().to_owned()
}

fn check(definition: &Definition, value: Value) -> Result<Value, ParameterError> {
    let name = || definition.name.clone();
    match (&value.content, definition.kind) {
        (Content::File(..), Kind::File | Kind::Other) => {}
        (Content::File(..), _) => return Err(ParameterError::File { name: name(), file: false }),
        (Content::Text(_), Kind::File) => return Err(ParameterError::File { name: name(), file: true }),
        (Content::Text(text), Kind::Boolean) if !matches!(text.as_str(), "true" | "false") => {
            return Err(ParameterError::NoBoolean { name: name() });
        }
        (Content::Text(text), Kind::Choice) if !definition.choices.contains(text) => {
            return Err(ParameterError::NoChoice { name: name(), value: text.clone(), choices: definition.choices.clone() });
        }
        (Content::Text(_), _) => {}
    }
    Ok(value)
}

fn with_key(job: &Job, key: Key, values: &mut Vec<(Value, Kind)>) -> Result<Option<Key>, ParameterError> {
    let Some(definition) = job.definitions.iter().find(|definition| definition.name == key.parameter) else {
        if key.lasting {
            let known = job.definitions.iter().map(|definition| definition.name.clone()).collect();
            return Err(ParameterError::NoSuch { job: job.path.to_string(), name: key.parameter, known });
        }
        return Ok(None);
    };
    if definition.kind != Kind::Text {
        return if key.lasting { Err(ParameterError::NoKey { name: key.parameter }) } else { Ok(None) };
    }
    // Given like any other parameter, it is a key all the same.
    if let Some((Value { content: Content::Text(text), .. }, _)) = values.iter().find(|(value, _)| value.name == key.parameter) {
        return match key.lasting {
            // It would be the key of every start without one.
            false if text.trim().is_empty() => Ok(None),
            true => Err(ParameterError::Twice { name: key.parameter }),
            false => Ok(Some(Key { value: text.clone(), lasting: true, ..key })),
        };
    }
    values.push((Value { name: key.parameter.clone(), content: Content::Text(key.value.clone()) }, Kind::Text));
    Ok(Some(key))
}
