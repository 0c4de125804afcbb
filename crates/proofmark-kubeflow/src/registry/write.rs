//! Writing custom properties.

use std::collections::BTreeMap;

use http::Method;
use proofmark_http::api::Call;
use serde_json::{Value, json};

use super::model::{Model, Version};
use super::property::{Changes, Properties, Property, changed, is_done};
use super::{Registry, refusal};
use crate::Error;

/// How often a write is made before somebody else is taken to be faster.
const TRIES: u32 = 3;

/// What has custom properties that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A registered model.
    Model,
    /// A version.
    Version,
}

/// What a write came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// Whether anything had to be written.
    pub is_new: bool,
    /// The custom properties afterwards.
    pub properties: Properties,
    /// Others that were there right before the write and are not what they were: somebody else wrote at the same time.
    pub touched: Vec<String>,
}

impl Kind {
    fn path(self) -> &'static str {
        match self {
            Self::Model => "registered_models",
            Self::Version => "model_versions",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Version => "version",
        }
    }
}

impl Registry {
    /// Sets custom properties of a version; all others stay.
    ///
    /// # Errors
    /// See [`Self::change_properties`].
    pub fn set_properties(&self, version: &str, properties: &BTreeMap<String, Property>) -> Result<Written, Error> {
        let changes = properties.iter().map(|(name, value)| (name.clone(), Some(value.clone()))).collect();
        self.change_properties(Kind::Version, version, &changes)
    }

    /// Sets custom properties, or takes them away; all others stay. Nothing is written where all is so already.
    ///
    /// # Errors
    /// [`Error::Input`] where there is no such thing, [`Error::Doubt`] where nobody can tell what is there now or somebody
    /// else always writes last; else see [`Error`].
    pub fn change_properties(&self, kind: Kind, id: &str, changes: &Changes) -> Result<Written, Error> {
        let mut before = self.properties_of(kind, id)?;
        let (mut is_new, mut touched) = (false, Vec::new());
        let mut broken = None;
        for _ in 0..TRIES {
            if is_done(&before, changes) {
                return Ok(Written { is_new, properties: before, touched });
            }
            is_new = true;
            let wanted = changed(&before, changes);
            match self.write(kind, id, &wanted) {
                Ok(()) => broken = None,
                Err(error) if error.is_doubtful() => broken = Some(Error::from(error)),
                Err(error) => return Err(refusal(error)),
            }
            // An answer that was lost says nothing, and one that came may be overwritten by now: what is there does.
            let after = self.properties_of(kind, id).map_err(|error| in_doubt(kind, id, &error))?;
            touched = others(&before, &after, changes);
            before = after;
        }
        if is_done(&before, changes) {
            return Ok(Written { is_new, properties: before, touched });
        }
        if let Some(error) = broken {
            return Err(in_doubt(kind, id, &error));
        }
        let stays: Vec<&str> =
            changes.iter().filter(|(name, value)| value.is_none() && before.contains_key(*name)).map(|(name, _)| name.as_str()).collect();
        let only_stays = stays.len() == changes.iter().filter(|(name, value)| before.get(*name) != value.as_ref()).count();
        if only_stays {
            let names = stays.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            return Err(Error::input(format!("the registry does not take {names} away from {} {id}", kind.name()))
                .with_hint("let the former holder get another value instead of none"));
        }
        Err(in_doubt(kind, id, &"somebody else keeps changing it"))
    }

    fn write(&self, kind: Kind, id: &str, properties: &Properties) -> Result<(), proofmark_http::api::ApiError> {
        let fields: serde_json::Map<String, Value> = properties.iter().map(|(name, value)| (name.clone(), value.to_json())).collect();
        // Twice is once: it carries all properties. It is not repeated by itself, since somebody may have written in between.
        let call = Call::change(Method::PATCH, kind.path(), format!("{}/{}", self.path, kind.path())).part(id);
        let answer: Value = self.api.json(&call.json(&json!({"customProperties": fields})))?;
        drop(answer);
        Ok(())
    }

    fn properties_of(&self, kind: Kind, id: &str) -> Result<Properties, Error> {
        let found = match kind {
            Kind::Model => self.by_id(kind.path(), id, Model::from_json)?.map(|model| model.properties),
            Kind::Version => self.by_id(kind.path(), id, Version::from_json)?.map(|version| version.properties),
        };
        found.ok_or_else(|| Error::input(format!("the registry has no {} of the id {id}", kind.name())))
    }
}

fn in_doubt(kind: Kind, id: &str, why: &dyn std::fmt::Display) -> Error {
    Error::Doubt { what: format!("the change of {} {id}", kind.name()), why: why.to_string() }
        .advised("run this again: what is there already is not written twice")
}

/// Properties that are not ours and are not what they were.
fn others(before: &Properties, after: &Properties, changes: &Changes) -> Vec<String> {
    let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
    names.filter(|name| !changes.contains_key(*name) && before.get(*name) != after.get(*name)).cloned().collect()
}
