//! A property of a version in Kubeflow's Model Registry.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_kubeflow::registry::{Former, Kind, Model, Plan, Property, Registry, RunNames, Slot, State, Step, Version as Found};

use super::shelf::{PREFIX, Planned, Shelf, Version};
use crate::exit::CliError;

/// What one version of a model has: `stage=production`.
pub(super) struct KubeflowShelf {
    registry: Registry,
    model: Model,
    slot: Slot,
}

impl KubeflowShelf {
    /// `place` is `NAME=VALUE`.
    pub(super) fn open(registry: Registry, model: &str, place: &str) -> Result<Self, CliError> {
        let (property, value) = place.split_once('=').unwrap_or(("stage", place));
        if property.trim().starts_with(PREFIX) || RunNames::default().properties.iter().any(|name| name == property.trim()) {
            return Err(CliError::input(format!(
                "the property `{}` says where a version comes from, and cannot say what it is",
                property.trim()
            ))
            .hint("name another one, such as `stage=production`"));
        }
        let found = registry.model(model)?.ok_or_else(|| {
            CliError::input(format!("there is no registered model `{model}` at {}", registry.address())).hint("names are case-sensitive")
        })?;
        let slot = Slot { property: property.trim().to_owned(), value: value.trim().to_owned(), former: Former::Removed };
        Ok(Self { registry, model: found, slot })
    }

    fn of_runs(&self, runs: &BTreeSet<&str>) -> Result<Vec<Found>, CliError> {
        let mut all = Vec::new();
        for run in runs {
            all.extend(self.registry.versions_of_run(&self.model, run, &RunNames::default())?.into_iter().map(|(version, _)| version));
        }
        Ok(all)
    }

    fn told(&self, plan: &Plan, evidence: &[(String, String)]) -> Planned {
        let name = |version: &Found| version.name.clone();
        Planned {
            from: plan.from.as_ref().map(name),
            to: Some(name(&plan.to)),
            writes: plan.steps.iter().flat_map(in_words).collect(),
            evidence: evidence.to_vec(),
        }
    }
}

impl Shelf for KubeflowShelf {
    fn title(&self) -> String {
        format!("the property `{}={}`", self.slot.property, self.slot.value)
    }

    fn system(&self) -> &'static str {
        "kubeflow"
    }

    fn reference(&self) -> String {
        format!("model-registry:/{}@{}={}", self.model.name, self.slot.property, self.slot.value)
    }

    fn current(&self) -> Result<Option<Version>, CliError> {
        Ok(self.registry.holder(&self.model, &self.slot)?.map(version))
    }

    fn version(&self, named: Option<&str>, runs: &BTreeSet<&str>) -> Result<Version, CliError> {
        let model = &self.model.name;
        let shown = runs.iter().map(|run| format!("`{run}`")).collect::<Vec<_>>().join(", ");
        let of_runs = self.of_runs(runs)?;
        let found = match named {
            Some(name) => {
                let found = self.registry.version(&self.model, name)?;
                let found = found.ok_or_else(|| CliError::input(format!("`{model}` has no version {name}")))?;
                if of_runs.iter().all(|version| version.id != found.id) {
                    let told = format!("version {name} of `{model}` is of none of the runs that were judged ({shown})");
                    return Err(CliError::input(told).hint("a version is promoted by the judgement of its own run"));
                }
                found
            }
            None => {
                let (live, archived): (Vec<_>, Vec<_>) = of_runs.into_iter().partition(|version| version.state == State::Live);
                let newest = live.into_iter().max_by_key(|version| (version.created, version.id.parse::<u64>().ok()));
                newest.ok_or_else(|| match archived.first() {
                    Some(version) => CliError::input(format!("version {} of `{model}` is archived", version.name)),
                    None => CliError::input(format!("no version of `{model}` is of a run that was judged ({shown})"))
                        .hint("register it with the run's id in the property `kfp_run_id` or `run_id`, or as its artifact's modelSourceId"),
                })?
            }
        };
        Ok(version(found))
    }

    fn promote(&self, before: Option<&Version>, to: &Version, evidence: &[(String, String)], write: bool) -> Result<Planned, CliError> {
        let found = self.registry.version(&self.model, &to.name)?;
        let found = found.ok_or_else(|| CliError::input(format!("`{}` has no version {} any more", self.model.name, to.name)))?;
        let kept: BTreeMap<String, String> =
            evidence.iter().map(|(name, value)| (name.strip_prefix(PREFIX).unwrap_or(name).to_owned(), value.clone())).collect();
        let plan = self.registry.plan_promotion(&self.model, &found, &self.slot, &kept)?;
        let (now, then) = (plan.from.as_ref().map(|version| version.name.as_str()), before.map(|version| version.name.as_str()));
        if now != then {
            return Err(self.moved(then, now));
        }
        if write {
            self.registry.carry_out(&plan)?;
        }
        Ok(self.told(&plan, evidence))
    }

    fn roll_back(&self, from: Option<&str>, write: bool) -> Result<Option<Planned>, CliError> {
        let from = match from {
            Some(name) => {
                let none = || CliError::input(format!("`{}` has no version {name}", self.model.name));
                Some(self.registry.version(&self.model, name)?.ok_or_else(none)?)
            }
            None => None,
        };
        let Some(plan) = self.registry.plan_rollback(&self.model, &self.slot, from.as_ref())? else { return Ok(None) };
        if write {
            self.registry.carry_out(&plan)?;
        }
        Ok(Some(self.told(&plan, &[])))
    }
}

fn version(found: Found) -> Version {
    let texts = found.properties.iter().filter_map(|(name, value)| Some((name.clone(), value.as_id()?.into_owned())));
    Version { tags: texts.collect(), name: found.name }
}

fn in_words(step: &Step) -> Vec<String> {
    let what = match step.kind {
        Kind::Model => "the model".to_owned(),
        _ => format!("version {}", step.name),
    };
    let value = |value: &Property| value.as_id().map_or_else(|| "another value".to_owned(), std::borrow::Cow::into_owned);
    let change = |(name, new): (&String, &Option<Property>)| match new {
        Some(new) => format!("property of {what}: {name} = {}", value(new)),
        None => format!("property of {what}: {name} taken away"),
    };
    step.changes.iter().map(change).collect()
}
