//! Moving a value such as `stage` = `production` to another version, and back.
//!
//! The new version gets the value first, and the old one loses it afterwards, since the registry has no write that does both.
//! So whoever looks in between sees two versions in production and not none: what deploys from here would else take production
//! down. Which of two is meant is known: before anything moves, a property of the model says what is about to be done, and the
//! newer one names the one that it replaced. A promotion that broke off half-way is finished by the next try.

use std::collections::BTreeMap;

use super::property::{Changes, Property};
use super::write::Kind;
use super::{Model, Registry, State, Version};
use crate::Error;

/// What the properties begin with that are ours.
const PREFIX: &str = "proofmark.";
/// A version that replaced none.
const NOTHING: &str = "none";

/// What moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The custom property: `stage`.
    pub property: String,
    /// The value that one version has: `production`.
    pub value: String,
    /// What becomes of the version that had it.
    pub former: Former,
}

/// What a version gets that is replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Former {
    /// The property goes.
    Removed,
    /// Another value: `previous`.
    Value(String),
}

/// What is to be written, in this order.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The registered model.
    pub model: Model,
    /// What moves.
    pub slot: Slot,
    /// The version that has it now.
    pub from: Option<Version>,
    /// The version that gets it.
    pub to: Version,
    /// Nothing where all is as it should be.
    pub steps: Vec<Step>,
}

/// One write.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What is written to.
    pub kind: Kind,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What changes.
    pub changes: Changes,
}

impl Slot {
    /// `stage` = `production`; the version that had it is without a stage afterwards.
    pub fn production() -> Self {
        Self { property: "stage".to_owned(), value: "production".to_owned(), former: Former::Removed }
    }

    /// The property of a version that says which one it replaced here, by its id.
    pub fn replaced(&self) -> String {
        format!("{PREFIX}replaced.{}", self.property)
    }

    /// The property of a version that says to which one it gave way again.
    pub fn rolled_back(&self) -> String {
        format!("{PREFIX}rolled-back.{}", self.property)
    }

    /// The property of the model that says what was begun here last.
    pub fn last(&self) -> String {
        format!("{PREFIX}last.{}", self.property)
    }

    fn is_at(&self, version: &Version) -> bool {
        version.properties.get(&self.property).is_some_and(|value| value.is(&self.value))
    }

    /// What a version goes through that is replaced.
    fn leave(&self) -> Changes {
        let former = match &self.former {
            Former::Removed => None,
            Former::Value(value) => Some(Property::text(value.as_str())),
        };
        Changes::from([(self.property.clone(), former)])
    }

    fn told(&self) -> String {
        format!("`{}` = `{}`", self.property, self.value)
    }
}

impl Registry {
    /// The versions that have this value, in the order in which they were made. One is expected.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn current(&self, model: &Model, property: &str, value: &str) -> Result<Vec<Version>, Error> {
        let has = |version: &Version| version.properties.get(property).is_some_and(|own| own.is(value));
        Ok(self.versions(model)?.into_iter().filter(has).collect())
    }

    /// The one version that is meant, also while a move is half done.
    ///
    /// # Errors
    /// [`Error::Input`] where several have the value and nothing says which one is meant; else see [`Error`].
    pub fn holder(&self, model: &Model, slot: &Slot) -> Result<Option<Version>, Error> {
        let model = self.again(model)?;
        holder(&model, slot, self.current(&model, &slot.property, &slot.value)?)
    }

    /// What moves the value to this version, with what it rests on: names and texts, which get the prefix `proofmark.`.
    ///
    /// # Errors
    /// [`Error::Input`] for a version that is put away; else see [`Error`].
    pub fn plan_promotion(&self, model: &Model, to: &Version, slot: &Slot, evidence: &BTreeMap<String, String>) -> Result<Plan, Error> {
        let (model, to) = (self.again(model)?, self.version_again(&model.id, &to.id)?);
        if to.state != State::Live {
            return Err(Error::input(format!("version `{}` of `{}` is archived", to.name, model.name)));
        }
        let holders = self.current(&model, &slot.property, &slot.value)?;
        let from = holder(&model, slot, holders.clone())?;
        Ok(promotion(model, slot, from, to, &holders, evidence))
    }

    /// What gives the value back to the version that the present one replaced; nothing where that was done before. With `from`
    /// only that version gives way.
    ///
    /// # Errors
    /// [`Error::Input`] where there is nothing to go back to, [`Error::Moved`] where another version has the value; else see
    /// [`Error`].
    pub fn plan_rollback(&self, model: &Model, slot: &Slot, from: Option<&Version>) -> Result<Option<Plan>, Error> {
        let model = self.again(model)?;
        let holders = self.current(&model, &slot.property, &slot.value)?;
        let Some(now) = holder(&model, slot, holders.clone())? else {
            return Err(Error::input(format!("no version of `{}` has {}, so there is nothing to go back from", model.name, slot.told())));
        };
        let last = model.properties.get(&slot.last()).and_then(Property::as_id).map(|text| Last::parse(&text));
        if let (Some(Last::RolledBack { from: undone, to }), [only]) = (last, holders.as_slice())
            && to == only.id
            && from.is_none_or(|from| from.id == undone)
        {
            return Ok(None);
        }
        if let Some(from) = from.filter(|from| from.id != now.id) {
            return Err(moved(slot, Some(&from.name), Some(&now.name)));
        }
        let previous = match now.properties.get(&slot.replaced()).and_then(Property::as_id) {
            Some(id) if id == NOTHING => Err(format!("version `{}` of `{}` was the first with {}", now.name, model.name, slot.told())),
            Some(id) => Ok(id.into_owned()),
            None => Err(format!("version `{}` of `{}` does not say which one it replaced", now.name, model.name)),
        };
        let previous = previous
            .map_err(|told| Error::input(told).with_hint("proofmark records it when it promotes; promote the version that you want"))?;
        let back = self.version_again(&model.id, &previous)?;
        if back.state != State::Live {
            return Err(Error::input(format!("version `{}` of `{}`, which came before, is archived", back.name, model.name)));
        }
        Ok(Some(rollback(model, slot, now, back, &holders)))
    }

    /// Makes the writes in their order, while the version that has the value is still the planned one.
    ///
    /// # Errors
    /// [`Error::Moved`] where somebody else moved it meanwhile; else see [`Error`] and [`Self::change_properties`].
    pub fn carry_out(&self, plan: &Plan) -> Result<(), Error> {
        let Plan { model, slot, from, to, steps } = plan;
        if steps.is_empty() {
            return Ok(());
        }
        let now = self.holder(model, slot)?;
        let name = |version: &Option<Version>| version.as_ref().map(|version| version.name.clone());
        if now.as_ref().map(|version| &version.id) != from.as_ref().map(|version| &version.id) {
            return Err(moved(slot, name(from).as_deref(), name(&now).as_deref()));
        }
        for step in steps {
            self.change_properties(step.kind, &step.id, &step.changes)?;
        }
        // Others may promote at the same time, and know nothing of us.
        let there = self.current(model, &slot.property, &slot.value)?;
        match there.as_slice() {
            [only] if only.id == to.id => Ok(()),
            _ => {
                let names = there.iter().map(|version| version.name.clone()).collect::<Vec<_>>().join("`, `");
                Err(moved(slot, Some(&to.name), Some(names.as_str()).filter(|names| !names.is_empty())))
            }
        }
    }

    fn again(&self, model: &Model) -> Result<Model, Error> {
        self.model_by_id(&model.id)?.ok_or_else(|| Error::input(format!("the registry has no model `{}` any more", model.name)))
    }

    fn version_again(&self, model: &str, id: &str) -> Result<Version, Error> {
        let found = self.version_by_id(id)?.filter(|version| version.model_id.is_empty() || version.model_id == model);
        found.ok_or_else(|| Error::input(format!("the registered model has no version of the id {id}")))
    }
}

fn promotion(
    model: Model,
    slot: &Slot,
    from: Option<Version>,
    to: Version,
    holders: &[Version],
    evidence: &BTreeMap<String, String>,
) -> Plan {
    let mut steps = strays(slot, holders, from.as_ref(), &to);
    let is_there = from.as_ref().is_some_and(|from| from.id == to.id) && slot.is_at(&to);
    if !is_there {
        let replaced = from.as_ref().map_or_else(|| NOTHING.to_owned(), |from| from.id.clone());
        let last = Last::Promoted { to: to.id.clone(), from: replaced.clone() };
        steps.push(model_step(&model, slot, &last));
        let mut changes: Changes =
            evidence.iter().map(|(name, text)| (format!("{PREFIX}{name}"), Some(Property::text(text.as_str())))).collect();
        changes.insert(slot.replaced(), Some(Property::text(replaced)));
        changes.insert(slot.rolled_back(), None);
        changes.insert(slot.property.clone(), Some(Property::text(slot.value.as_str())));
        steps.push(step(&to, changes));
        if let Some(from) = &from {
            steps.push(step(from, slot.leave()));
        }
    }
    Plan { model, slot: slot.clone(), from, to, steps }
}

fn rollback(model: Model, slot: &Slot, now: Version, back: Version, holders: &[Version]) -> Plan {
    let mut steps = strays(slot, holders, Some(&now), &back);
    steps.push(model_step(&model, slot, &Last::RolledBack { from: now.id.clone(), to: back.id.clone() }));
    if !slot.is_at(&back) {
        steps.push(step(&back, Changes::from([(slot.property.clone(), Some(Property::text(slot.value.as_str())))])));
    }
    let mut changes = slot.leave();
    changes.insert(slot.rolled_back(), Some(Property::text(back.id.as_str())));
    steps.push(step(&now, changes));
    Plan { model, slot: slot.clone(), from: Some(now), to: back, steps }
}

/// What an earlier move that broke off left behind goes first: of three nobody could tell which one is meant.
fn strays(slot: &Slot, holders: &[Version], from: Option<&Version>, to: &Version) -> Vec<Step> {
    let is_stray = |version: &&Version| version.id != to.id && from.is_none_or(|from| from.id != version.id);
    holders.iter().filter(is_stray).map(|version| step(version, slot.leave())).collect()
}

fn step(version: &Version, changes: Changes) -> Step {
    Step { kind: Kind::Version, id: version.id.clone(), name: version.name.clone(), changes }
}

fn model_step(model: &Model, slot: &Slot, last: &Last) -> Step {
    let changes = Changes::from([(slot.last(), Some(Property::text(last.to_string())))]);
    Step { kind: Kind::Model, id: model.id.clone(), name: model.name.clone(), changes }
}

/// What was begun last, in the words of a property of the model; versions by their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Last {
    Promoted { to: String, from: String },
    RolledBack { from: String, to: String },
    Other,
}

impl Last {
    fn parse(text: &str) -> Self {
        let pair = |text: &str, between: &str| text.split_once(between).map(|(one, two)| (one.to_owned(), two.to_owned()));
        if let Some((to, from)) = text.strip_prefix("promoted ").and_then(|rest| pair(rest, " in the place of ")) {
            return Self::Promoted { to, from };
        }
        match text.strip_prefix("rolled back ").and_then(|rest| pair(rest, " to ")) {
            Some((from, to)) => Self::RolledBack { from, to },
            None => Self::Other,
        }
    }
}

impl std::fmt::Display for Last {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Promoted { to, from } => write!(out, "promoted {to} in the place of {from}"),
            Self::RolledBack { from, to } => write!(out, "rolled back {from} to {to}"),
            Self::Other => Ok(()),
        }
    }
}

/// Which one of several is meant. A move that is half done has its new one and its old one, and counts only when it is whole.
fn holder(model: &Model, slot: &Slot, mut holders: Vec<Version>) -> Result<Option<Version>, Error> {
    if holders.len() < 2 {
        return Ok(holders.pop());
    }
    let last = model.properties.get(&slot.last()).and_then(Property::as_id).map(|text| Last::parse(&text));
    let meant = match last {
        // The new one has it, and those that others meanwhile put there are not the old one.
        Some(Last::Promoted { to, from }) => {
            let is_half_done = holders.iter().all(|version| version.id == to || version.id == from);
            Some(to).filter(|_| is_half_done)
        }
        Some(Last::RolledBack { from, to }) => {
            let is_half_done = holders.iter().all(|version| version.id == to || version.id == from);
            Some(from).filter(|_| is_half_done)
        }
        Some(Last::Other) | None => None,
    };
    if let Some(found) = meant.and_then(|id| holders.iter().position(|version| version.id == id)) {
        return Ok(Some(holders.swap_remove(found)));
    }
    let names = holders.iter().map(|version| format!("`{}`", version.name)).collect::<Vec<_>>().join(", ");
    Err(Error::input(format!("several versions of `{}` have {}: {names}", model.name, slot.told()))
        .with_hint(format!("take `{}` away from all but the one that is in production", slot.property)))
}

fn moved(slot: &Slot, expected: Option<&str>, now: Option<&str>) -> Error {
    let at = |name: Option<&str>| name.map_or_else(|| "no version".to_owned(), |name| format!("`{name}`"));
    Error::Moved {
        message: format!("{} moved meanwhile: it was to be at {}, and is at {} now", slot.told(), at(expected), at(now)),
        hint: "run the gate again: what it compared with is no longer what is in production".to_owned(),
    }
}

#[cfg(test)]
mod tests;
