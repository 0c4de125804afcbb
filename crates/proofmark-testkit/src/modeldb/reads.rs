//! One run and its parts.

use serde_json::{Value, json};

use super::call::{Call, invalid, message, missing, pairs};
use super::rows::{Artifact, RunRow, Snapshot};
use super::world::World;
use crate::github::answer::{Answer, Outcome};

/// The run that the request names.
pub(crate) fn named<'a>(world: &'a mut World, call: &Call) -> Result<&'a mut RunRow, Answer> {
    let id = call.text("id")?;
    if id.is_empty() {
        return Err(invalid("Experiment run IDs is missing"));
    }
    world.runs.iter_mut().find(|row| row.id == id).ok_or_else(|| missing("Project ids not found for given experiment runs"))
}

pub(crate) fn by_id(world: &mut World, call: &Call) -> Outcome {
    Ok(Answer::ok(json!({"experiment_run": named(world, call)?.message()})))
}

pub(crate) fn by_name(world: &mut World, call: &Call) -> Outcome {
    let (name, experiment) = (call.text("name")?, call.text("experiment_id")?);
    let found = world.runs.iter().find(|row| row.name == name && row.experiment == experiment);
    let found = found.ok_or_else(|| missing(&format!("ExperimentRun not found for the name: {name}")))?;
    Ok(Answer::ok(json!({"experiment_run": found.message()})))
}

pub(crate) fn metrics(world: &mut World, call: &Call) -> Outcome {
    Ok(part("metrics", pairs(&named(world, call)?.metrics)))
}

pub(crate) fn hyperparameters(world: &mut World, call: &Call) -> Outcome {
    Ok(part("hyperparameters", pairs(&named(world, call)?.hyperparameters)))
}

pub(crate) fn attributes(world: &mut World, call: &Call) -> Outcome {
    let (keys, all) = (call.texts("attribute_keys")?, call.flag("get_all")?);
    let row = named(world, call)?;
    let wanted: Vec<_> = row.attributes.iter().filter(|pair| all || keys.is_empty() || keys.contains(&pair.key)).cloned().collect();
    Ok(part("attributes", pairs(&wanted)))
}

pub(crate) fn tags(world: &mut World, call: &Call) -> Outcome {
    Ok(part("tags", json!(named(world, call)?.tags)))
}

pub(crate) fn observations(world: &mut World, call: &Call) -> Outcome {
    let key = call.text("observation_key")?;
    if key.is_empty() {
        return Err(invalid("Empty observation key"));
    }
    let row = named(world, call)?;
    Ok(part("observations", row.observations.iter().filter(|seen| seen.attribute.key == key).map(|seen| seen.message(false)).collect()))
}

pub(crate) fn artifacts(world: &mut World, call: &Call) -> Outcome {
    let key = call.text("key")?;
    let row = named(world, call)?;
    Ok(part("artifacts", row.artifacts.iter().filter(|one| key.is_empty() || one.key == key).map(Artifact::message).collect()))
}

pub(crate) fn datasets(world: &mut World, call: &Call) -> Outcome {
    Ok(part("datasets", named(world, call)?.datasets.iter().map(Artifact::message).collect()))
}

pub(crate) fn code_version(world: &mut World, call: &Call) -> Outcome {
    Ok(part("code_version", named(world, call)?.code.as_ref().map_or(Value::Null, Snapshot::message)))
}

fn part(name: &str, value: Value) -> Answer {
    Answer::ok(message(vec![(name, value)]))
}
