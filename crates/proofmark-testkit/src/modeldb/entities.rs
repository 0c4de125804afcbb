//! Projects, experiments, datasets.

use serde_json::{Value, json};

use super::call::{Call, clash, invalid, message, missing};
use super::rows::{DatasetRow, DatasetVersionRow, ExperimentRow, ProjectRow, long};
use super::stored::{Pair, check};
use super::world::World;
use crate::github::answer::{Answer, Outcome};

/// The workspace of the open-source server.
const PERSONAL: &str = "personal";

pub(crate) fn verify(_: &mut World, _: &Call) -> Outcome {
    Ok(Answer::ok(json!({"status": true})))
}

fn workspace(call: &Call) -> Result<String, Answer> {
    Ok(Some(call.text("workspace_name")?).filter(|name| !name.is_empty()).unwrap_or_else(|| PERSONAL.to_owned()))
}

pub(crate) fn attributes(world: &World, call: &Call) -> Result<Vec<Pair>, Answer> {
    let list = call.list("attributes")?;
    let pairs = list.iter().map(|json| Pair::parse(json, world.plain_numbers)).collect::<Result<Vec<_>, _>>()?;
    check(&pairs)?;
    Ok(pairs)
}

pub(crate) fn project_by_name(world: &mut World, call: &Call) -> Outcome {
    let (name, workspace) = (call.text("name")?, workspace(call)?);
    if name.is_empty() {
        return Err(invalid("Project name is not found in GetProjectByName request"));
    }
    let found = world.projects.iter().find(|row| row.name == name && row.workspace == workspace);
    let found = found.ok_or_else(|| missing("Project not found"))?;
    Ok(Answer::ok(json!({"project_by_user": found.message()})))
}

pub(crate) fn project(world: &mut World, call: &Call) -> Outcome {
    let id = call.text("id")?;
    let found = world.projects.iter().find(|row| row.id == id).ok_or_else(|| missing("Project not found"))?;
    Ok(Answer::ok(json!({"project": found.message()})))
}

pub(crate) fn projects(world: &mut World, call: &Call) -> Outcome {
    let workspace = workspace(call)?;
    let mut rows: Vec<_> = world.projects.iter().filter(|row| row.workspace == workspace).cloned().collect();
    sort(&mut rows, call, |row| (row.name.clone(), row.created))?;
    let total = rows.len();
    let page = page(rows, call)?.iter().map(ProjectRow::message).collect();
    Ok(Answer::ok(list("projects", page, total)))
}

pub(crate) fn create_project(world: &mut World, call: &Call) -> Outcome {
    let (name, workspace) = (call.text("name")?, workspace(call)?);
    if world.projects.iter().any(|row| row.name == name && row.workspace == workspace) {
        return Err(clash("Project name already exists in database"));
    }
    let (attributes, tags, description) = (attributes(world, call)?, call.texts("tags")?, call.text("description")?);
    let (id, created) = (world.id(), world.now());
    let row = ProjectRow { id, name, workspace, description, tags, attributes, created };
    world.projects.push(row.clone());
    Ok(Answer::ok(json!({"project": row.message()})))
}

pub(crate) fn experiment_by_name(world: &mut World, call: &Call) -> Outcome {
    let (name, project) = (call.text("name")?, call.text("project_id")?);
    let found = world.experiments.iter().find(|row| row.name == name && row.project == project);
    let found = found.ok_or_else(|| missing("Experiment not found in database"))?;
    Ok(Answer::ok(json!({"experiment": found.message()})))
}

pub(crate) fn experiment(world: &mut World, call: &Call) -> Outcome {
    let id = call.text("id")?;
    let found = world.experiments.iter().find(|row| row.id == id).ok_or_else(|| missing("Experiment not found in database"))?;
    Ok(Answer::ok(json!({"experiment": found.message()})))
}

pub(crate) fn experiments(world: &mut World, call: &Call) -> Outcome {
    let project = call.text("project_id")?;
    if project.is_empty() {
        return Err(invalid("Project ID not found in GetExperimentsInProject request"));
    }
    let mut rows: Vec<_> = world.experiments.iter().filter(|row| row.project == project).cloned().collect();
    sort(&mut rows, call, |row| (row.name.clone(), row.created))?;
    let total = rows.len();
    let page = page(rows, call)?.iter().map(ExperimentRow::message).collect();
    Ok(Answer::ok(list("experiments", page, total)))
}

pub(crate) fn create_experiment(world: &mut World, call: &Call) -> Outcome {
    let (name, project) = (call.text("name")?, call.text("project_id")?);
    if !world.projects.iter().any(|row| row.id == project) {
        return Err(missing("Project not found"));
    }
    if world.experiments.iter().any(|row| row.name == name && row.project == project) {
        return Err(clash("Experiment already exists in database"));
    }
    let (attributes, tags, description) = (attributes(world, call)?, call.texts("tags")?, call.text("description")?);
    let (id, created) = (world.id(), world.now());
    let row = ExperimentRow { id, project, name, description, tags, attributes, created };
    world.experiments.push(row.clone());
    Ok(Answer::ok(json!({"experiment": row.message()})))
}

pub(crate) fn create_dataset(world: &mut World, call: &Call) -> Outcome {
    let (name, workspace) = (call.text("name")?, workspace(call)?);
    if world.datasets.iter().any(|row| row.name == name && row.workspace == workspace) {
        return Err(clash("Dataset already exists"));
    }
    let row = DatasetRow { id: world.id(), name, workspace, created: world.now() };
    world.datasets.push(row.clone());
    Ok(Answer::ok(json!({"dataset": row.message()})))
}

pub(crate) fn dataset_by_name(world: &mut World, call: &Call) -> Outcome {
    let (name, workspace) = (call.text("name")?, workspace(call)?);
    let found = world.datasets.iter().find(|row| row.name == name && row.workspace == workspace);
    Ok(Answer::ok(json!({"dataset_by_user": found.ok_or_else(|| missing("Dataset not found"))?.message()})))
}

pub(crate) fn dataset(world: &mut World, call: &Call) -> Outcome {
    let id = call.text("id")?;
    let found = world.datasets.iter().find(|row| row.id == id);
    Ok(Answer::ok(json!({"dataset": found.ok_or_else(|| missing("Dataset not found"))?.message()})))
}

pub(crate) fn create_version(world: &mut World, call: &Call) -> Outcome {
    let dataset = call.text("dataset_id")?;
    if !world.datasets.iter().any(|row| row.id == dataset) {
        return Err(missing("Dataset not found"));
    }
    let number = 1 + world.versions.iter().filter(|row| row.dataset == dataset).map(|row| row.number).max().unwrap_or_default();
    let row = DatasetVersionRow { id: world.id(), dataset, number, logged: world.now() };
    world.versions.push(row.clone());
    Ok(Answer::ok(json!({"dataset_version": row.message()})))
}

pub(crate) fn version(world: &mut World, call: &Call) -> Outcome {
    let id = call.text("id")?;
    let found = world.versions.iter().find(|row| row.id == id);
    Ok(Answer::ok(json!({"dataset_version": found.ok_or_else(|| missing("DatasetVersion not found"))?.message()})))
}

pub(crate) fn latest_version(world: &mut World, call: &Call) -> Outcome {
    let dataset = call.text("dataset_id")?;
    let found = world.versions.iter().filter(|row| row.dataset == dataset).max_by_key(|row| row.number);
    Ok(Answer::ok(json!({"dataset_version": found.ok_or_else(|| missing("DatasetVersion not found"))?.message()})))
}

fn sort<T>(rows: &mut [T], call: &Call, key: impl Fn(&T) -> (String, i64)) -> Result<(), Answer> {
    let ascending = call.flag("ascending")?;
    match call.text("sort_key")?.as_str() {
        "name" => rows.sort_by_key(|row| key(row).0),
        "" | "date_created" | "date_updated" => rows.sort_by_key(|row| key(row).1),
        _ => return Err(invalid("Sort key cannot be handled")),
    }
    if !ascending {
        rows.reverse();
    }
    Ok(())
}

/// A limit applies only if both the number and the limit are there.
pub(crate) fn page<T>(rows: Vec<T>, call: &Call) -> Result<Vec<T>, Answer> {
    let (number, limit) = (call.number("page_number")?, call.number("page_limit")?);
    if number == 0 || limit == 0 {
        return Ok(rows);
    }
    let (number, limit) = (usize::try_from(number), usize::try_from(limit));
    let (Ok(number), Ok(limit)) = (number, limit) else { return Err(invalid("Page number and limit cannot be negative")) };
    Ok(rows.into_iter().skip((number - 1).saturating_mul(limit)).take(limit).collect())
}

/// `{"experiments": [..], "total_records": "2"}`, with whatever is empty left out.
pub(crate) fn list(name: &str, items: Vec<Value>, total: usize) -> Value {
    message(vec![(name, Value::Array(items)), ("total_records", long(i64::try_from(total).unwrap_or_default()))])
}
