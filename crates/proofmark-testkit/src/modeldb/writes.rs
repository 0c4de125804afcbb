//! What changes runs. Keys are written once, names are unique, and what is not known is ignored.

use serde_json::{Value, json};

use super::call::{self, Call, clash, done, invalid, member, missing, refuse};
use super::entities::attributes;
use super::reads::named;
use super::rows::{ARTIFACT_TYPES, Artifact, Observation, RunRow, Snapshot, TERNARY};
use super::stored::{Pair, check};
use super::world::World;
use crate::github::answer::{Answer, Outcome};

/// Characters of a tag at most, as Java counts them.
const TAG_LENGTH: usize = 40;

type Part = fn(&mut RunRow) -> &mut Vec<Pair>;

const METRICS: Part = |run| &mut run.metrics;
const HYPERPARAMETERS: Part = |run| &mut run.hyperparameters;
const ATTRIBUTES: Part = |run| &mut run.attributes;

pub(crate) fn create_run(world: &mut World, call: &Call) -> Outcome {
    let (project, experiment) = (call.text("project_id")?, call.text("experiment_id")?);
    if project.is_empty() {
        return Err(invalid("Project ID not present"));
    }
    if experiment.is_empty() {
        return Err(invalid("Experiment ID not present"));
    }
    if !world.experiments.iter().any(|row| row.id == experiment) {
        return Err(missing(&format!("Experiment not found for given ID: {experiment}")));
    }
    let mut name = call.text("name")?;
    if world.runs.iter().any(|row| row.name == name && row.experiment == experiment && row.project == project) {
        return Err(clash(&format!("ExperimentRun '{name}' already exists in database")));
    }
    let plain = world.plain_numbers;
    let tags = call.texts("tags")?;
    tags.iter().try_for_each(|tag| check_tag(tag))?;
    let (metrics, hyperparameters) = (several(call, "metrics", plain)?, several(call, "hyperparameters", plain)?);
    let (attributes, now, id) = (attributes(world, call)?, world.now(), world.id());
    let mut observations = Vec::new();
    for json in call.list("observations")? {
        observe(&mut observations, &json, plain, now)?;
    }
    if name.is_empty() {
        name = format!("run {id:.8}");
    }
    let created = Some(call.number("date_created")?).filter(|time| *time > 0).unwrap_or(now);
    let row = RunRow {
        id,
        project,
        experiment,
        name,
        description: call.text("description")?,
        created,
        // As the server's own code: not the one that was sent.
        updated: if call.number("date_updated")? > 0 { call.number("date_created")? } else { now },
        started: call.number("start_time")?,
        ended: call.number("end_time")?,
        tags: tags.into_iter().collect(),
        attributes,
        hyperparameters,
        metrics,
        observations,
        artifacts: call.list("artifacts")?.iter().map(artifact).collect::<Result<_, _>>()?,
        datasets: call.list("datasets")?.iter().map(artifact).collect::<Result<_, _>>()?,
        code: call.object("code_version_snapshot").map(|json| snapshot(json, now)).transpose()?.flatten(),
        version: 1,
    };
    world.runs.push(row.clone());
    Ok(Answer::ok(json!({"experiment_run": row.message()})))
}

fn several(call: &Call, name: &str, plain: bool) -> Result<Vec<Pair>, Answer> {
    let pairs = call.list(name)?.iter().map(|json| Pair::parse(json, plain)).collect::<Result<Vec<_>, _>>()?;
    check(&pairs)?;
    Ok(pairs)
}

fn one(call: &Call, name: &str, plain: bool) -> Result<Vec<Pair>, Answer> {
    let json = call.object(name).ok_or_else(|| invalid("Empty key"))?;
    let pairs = vec![Pair::parse(json, plain)?];
    check(&pairs)?;
    Ok(pairs)
}

/// All of them, or none where one is there already.
fn log(world: &mut World, call: &Call, part: Part, pairs: Vec<Pair>) -> Outcome {
    let now = world.now();
    let run = named(world, call)?;
    let there = part(run);
    if let Some(twice) = pairs.iter().find(|pair| there.iter().any(|other| other.key == pair.key)) {
        return Err(clash(&format!("Key {} already exists", twice.key)));
    }
    there.extend(pairs);
    touch(run, now);
    Ok(done())
}

fn touch(run: &mut RunRow, now: i64) {
    run.updated = run.updated.max(now);
    run.version += 1;
}

/// The whole run is the answer.
fn told(run: &RunRow) -> Answer {
    Answer::ok(json!({"experiment_run": run.message()}))
}

pub(crate) fn log_metric(world: &mut World, call: &Call) -> Outcome {
    let pairs = one(call, "metric", world.plain_numbers)?;
    log(world, call, METRICS, pairs)
}

pub(crate) fn log_metrics(world: &mut World, call: &Call) -> Outcome {
    let pairs = several(call, "metrics", world.plain_numbers)?;
    log(world, call, METRICS, pairs)
}

pub(crate) fn log_hyperparameter(world: &mut World, call: &Call) -> Outcome {
    let pairs = one(call, "hyperparameter", world.plain_numbers)?;
    log(world, call, HYPERPARAMETERS, pairs)
}

pub(crate) fn log_hyperparameters(world: &mut World, call: &Call) -> Outcome {
    let pairs = several(call, "hyperparameters", world.plain_numbers)?;
    log(world, call, HYPERPARAMETERS, pairs)
}

pub(crate) fn log_attribute(world: &mut World, call: &Call) -> Outcome {
    let pairs = one(call, "attribute", world.plain_numbers)?;
    log(world, call, ATTRIBUTES, pairs)
}

pub(crate) fn log_attributes(world: &mut World, call: &Call) -> Outcome {
    let pairs = several(call, "attributes", world.plain_numbers)?;
    log(world, call, ATTRIBUTES, pairs)
}

pub(crate) fn log_observation(world: &mut World, call: &Call) -> Outcome {
    let json = call.object("observation").cloned().ok_or_else(|| invalid("Empty observation key"))?;
    observed(world, call, &[json])
}

pub(crate) fn log_observations(world: &mut World, call: &Call) -> Outcome {
    observed(world, call, &call.list("observations")?)
}

fn observed(world: &mut World, call: &Call, list: &[Value]) -> Outcome {
    let (plain, now) = (world.plain_numbers, world.now());
    let run = named(world, call)?;
    let mut all = run.observations.clone();
    for json in list {
        observe(&mut all, json, plain, now)?;
    }
    run.observations = all;
    touch(run, now);
    Ok(done())
}

/// Observations are added, never refused for their key. An epoch is made a whole number, and one that is not there goes on.
fn observe(all: &mut Vec<Observation>, json: &Value, plain: bool, now: i64) -> Result<(), Answer> {
    let attribute = Pair::parse(json.get("attribute").unwrap_or(&Value::Null), plain)?;
    if attribute.key.is_empty() {
        return Err(invalid("Empty observation key"));
    }
    let epoch = match json.get("epoch_number") {
        None => all.iter().filter(|seen| seen.attribute.key == attribute.key).map(|seen| seen.epoch + 1).max().unwrap_or_default(),
        Some(Value::Number(number)) => number.as_i64().unwrap_or_else(|| number.as_f64().unwrap_or_default() as i64),
        Some(_) => return Err(invalid("Observations can only have numeric epoch_number")),
    };
    let time = Some(call::number(json, "timestamp")?).filter(|time| *time != 0).unwrap_or(now);
    all.push(Observation { attribute, time, epoch });
    Ok(())
}

fn artifact(json: &Value) -> Result<Artifact, Answer> {
    let text = |name: &str| call::text(json, name);
    let kind = member(json.get("artifact_type"), &ARTIFACT_TYPES)?;
    Ok(Artifact { key: text("key")?, path: text("path")?, linked: text("linked_artifact_id")?, kind })
}

fn log_files(world: &mut World, call: &Call, list: &[Value], part: fn(&mut RunRow) -> &mut Vec<Artifact>) -> Outcome {
    let new = list.iter().map(artifact).collect::<Result<Vec<_>, _>>()?;
    let (now, overwrite) = (world.now(), call.flag("overwrite")?);
    let run = named(world, call)?;
    let there = part(run);
    let twice = |other: &Artifact| new.iter().any(|one| one.key == other.key);
    if overwrite {
        there.retain(|other| !twice(other));
    } else if there.iter().any(twice) {
        return Err(clash("Artifact with the same key already exists"));
    }
    there.extend(new);
    touch(run, now);
    Ok(done())
}

pub(crate) fn log_artifact(world: &mut World, call: &Call) -> Outcome {
    let one: Vec<Value> = call.object("artifact").cloned().into_iter().collect();
    log_files(world, call, &one, |run| &mut run.artifacts)
}

pub(crate) fn log_artifacts(world: &mut World, call: &Call) -> Outcome {
    log_files(world, call, &call.list("artifacts")?, |run| &mut run.artifacts)
}

pub(crate) fn log_dataset(world: &mut World, call: &Call) -> Outcome {
    let one: Vec<Value> = call.object("dataset").cloned().into_iter().collect();
    log_files(world, call, &one, |run| &mut run.datasets)
}

pub(crate) fn log_datasets(world: &mut World, call: &Call) -> Outcome {
    log_files(world, call, &call.list("datasets")?, |run| &mut run.datasets)
}

fn check_tag(tag: &str) -> Result<(), Answer> {
    match tag.encode_utf16().count() {
        0 => Err(invalid("Invalid tag found, Tag shouldn't be empty")),
        count if count > TAG_LENGTH => {
            Err(invalid(&format!("Tag name can not be more than {TAG_LENGTH} characters. Limit exceeded tag is: {tag}")))
        }
        _ => Ok(()),
    }
}

pub(crate) fn add_tag(world: &mut World, call: &Call) -> Outcome {
    tag_all(world, call, vec![call.text("tag")?])
}

pub(crate) fn add_tags(world: &mut World, call: &Call) -> Outcome {
    tag_all(world, call, call.texts("tags")?)
}

fn tag_all(world: &mut World, call: &Call, tags: Vec<String>) -> Outcome {
    tags.iter().try_for_each(|tag| check_tag(tag))?;
    if tags.is_empty() {
        return Err(invalid("Tags not found"));
    }
    let now = world.now();
    let run = named(world, call)?;
    run.tags.extend(tags);
    touch(run, now);
    Ok(told(run))
}

pub(crate) fn log_code_version(world: &mut World, call: &Call) -> Outcome {
    let now = world.now();
    let overwrite = call.flag("overwrite")?;
    let code = call.object("code_version").map(|json| snapshot(json, now)).transpose()?.flatten();
    let run = named(world, call)?;
    if run.code.is_some() && !overwrite {
        return Err(clash("Code version already logged"));
    }
    run.code = code;
    touch(run, now);
    Ok(done())
}

fn snapshot(json: &Value, now: i64) -> Result<Option<Snapshot>, Answer> {
    let Some(git) = json.get("git_snapshot") else { return Ok(None) };
    let dirty = member(git.get("is_dirty"), &TERNARY)?;
    let paths = call::list(git, "filepaths")?.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(Some(Snapshot { repo: call::text(git, "repo")?, hash: call::text(git, "hash")?, paths, dirty, logged: now }))
}

pub(crate) fn describe(world: &mut World, call: &Call) -> Outcome {
    let now = world.now();
    let run = named(world, call)?;
    run.description = call.text("description")?;
    touch(run, now);
    Ok(told(run))
}

pub(crate) fn delete_tag(world: &mut World, call: &Call) -> Outcome {
    untag(world, call, &[call.text("tag")?])
}

pub(crate) fn delete_tags(world: &mut World, call: &Call) -> Outcome {
    let (tags, all) = (call.texts("tags")?, call.flag("delete_all")?);
    if tags.is_empty() && !all {
        // An empty list is no SQL.
        return Err(refuse(13, "Cannot bind an empty list"));
    }
    untag(world, call, &tags)
}

/// These tags, or all where none is named.
fn untag(world: &mut World, call: &Call, tags: &[String]) -> Outcome {
    let now = world.now();
    let run = named(world, call)?;
    run.tags.retain(|tag| !tags.is_empty() && !tags.contains(tag));
    touch(run, now);
    Ok(told(run))
}

pub(crate) fn delete_metrics(world: &mut World, call: &Call) -> Outcome {
    delete(world, call, METRICS, "metric_keys")
}

pub(crate) fn delete_hyperparameters(world: &mut World, call: &Call) -> Outcome {
    delete(world, call, HYPERPARAMETERS, "hyperparameter_keys")
}

pub(crate) fn delete_attributes(world: &mut World, call: &Call) -> Outcome {
    delete(world, call, ATTRIBUTES, "attribute_keys")
}

/// These keys. Without any key everything is deleted, whatever `delete_all` says.
fn delete(world: &mut World, call: &Call, part: Part, name: &str) -> Outcome {
    let now = world.now();
    let (keys, all) = (call.texts(name)?, call.flag("delete_all")?);
    let run = named(world, call)?;
    part(run).retain(|pair| !all && !keys.is_empty() && !keys.contains(&pair.key));
    touch(run, now);
    Ok(done())
}

pub(crate) fn delete_observations(world: &mut World, call: &Call) -> Outcome {
    let now = world.now();
    let keys = call.texts("observation_keys")?;
    let run = named(world, call)?;
    run.observations.retain(|seen| !keys.is_empty() && !keys.contains(&seen.attribute.key));
    touch(run, now);
    Ok(done())
}

pub(crate) fn delete_run(world: &mut World, call: &Call) -> Outcome {
    let id = named(world, call)?.id.clone();
    world.runs.retain(|row| row.id != id);
    Ok(Answer::ok(json!({"status": true})))
}

pub(crate) fn delete_runs(world: &mut World, call: &Call) -> Outcome {
    let ids = call.texts("ids")?;
    if ids.is_empty() {
        return Err(invalid("ExperimentRun IDs not found in request"));
    }
    world.runs.retain(|row| !ids.contains(&row.id));
    Ok(Answer::ok(json!({"status": true})))
}
