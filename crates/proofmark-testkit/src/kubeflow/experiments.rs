//! Experiments, and runs that recur.

use serde_json::{Value, json};

use super::call::{Call, done, internal, invalid, lean, missing, refuse};
use super::message::{self, object, text};
use super::page::Listing;
use super::rows::{Experiment, Recurring};
use super::world::World;
use super::{auth, params, runs, show};
use crate::github::answer::{Answer, Outcome};

/// `POST /experiments`.
pub(crate) fn create(world: &mut World, call: &Call<'_>) -> Outcome {
    let what = "Failed to create a experiment";
    let fields = call.body(message::EXPERIMENT, world.version)?;
    let (name, namespace) = (text(&fields, "display_name"), text(&fields, "namespace"));
    if name.is_empty() {
        return Err(internal(&format!("{what}: Experiment name is empty. Please specify a valid experiment name")));
    }
    if world.multi_user {
        if namespace.is_empty() {
            return Err(invalid(what, "Namespace is required in multi-user mode"));
        }
        auth::may_use(world, &call.user, &namespace, what)?;
    }
    let namespace = if world.multi_user { namespace } else { String::new() };
    if world.experiments.iter().any(|known| known.name == name && known.namespace == namespace) {
        let shown = format!("Failed to create a new experiment. The name {name} already exists. Please specify a new name");
        return Err(refuse(6, &format!("{what}: Already exist error: {shown}"), &shown));
    }
    let id = world.experiment_in(&name, &namespace);
    let version = world.version;
    let made = world.experiments.iter_mut().find(|known| known.id == id).ok_or_else(|| missing(what, "Experiment", &id))?;
    made.description = text(&fields, "description");
    Ok(Answer::ok(show::experiment(made, version)))
}

/// `GET /experiments`.
pub(crate) fn list(world: &World, call: &Call<'_>) -> Outcome {
    let what = "Failed to list experiments";
    let namespace = call.query("namespace");
    if world.multi_user {
        runs::required(&namespace, what)?;
        auth::may_use(world, &call.user, &namespace, what)?;
    }
    let listing = Listing::of::<Experiment>(call)?;
    let page = listing.cut(world.experiments.iter().filter(|known| !world.multi_user || known.namespace == namespace));
    let rows: Vec<Value> = page.rows.iter().map(|row| show::experiment(row, world.version)).collect();
    Ok(Answer::ok(lean(vec![("experiments", json!(rows)), ("total_size", json!(page.total)), ("next_page_token", json!(page.next))])))
}

/// One experiment: `GET`, `DELETE`, or `POST` with a verb.
pub(crate) fn one(world: &mut World, call: &Call<'_>, id: &str, verb: &str) -> Outcome {
    let what = "Failed to fetch experiment";
    let found = world.experiments.iter().position(|known| known.id == id);
    let index = found.ok_or_else(|| missing(what, "Experiment", id))?;
    let namespace = world.experiments.get(index).map(|known| known.namespace.clone()).unwrap_or_default();
    auth::may_use(world, &call.user, &namespace, what)?;
    match verb {
        "archive" | "unarchive" => {
            let away = verb == "archive";
            world.experiments.iter_mut().filter(|known| known.id == id).for_each(|known| known.archived = away);
            // Its runs go with it, but do not come back with it.
            world.runs.iter_mut().filter(|run| away && run.experiment == id).for_each(|run| run.archived = true);
            done()
        }
        "delete" => {
            world.experiments.remove(index);
            done()
        }
        _ => Ok(Answer::ok(world.experiments.get(index).map(|known| show::experiment(known, world.version)).unwrap_or_default())),
    }
}

/// `POST /recurringruns`.
pub(crate) fn create_recurring(world: &mut World, call: &Call<'_>) -> Outcome {
    let what = "Failed to create a recurring run";
    let fields = call.body(message::RECURRING, world.version)?;
    let experiment = text(&fields, "experiment_id");
    let namespace = match world.experiments.iter().find(|known| known.id == experiment) {
        Some(known) => known.namespace.clone(),
        None if experiment.is_empty() && !world.multi_user => String::new(),
        None => return Err(missing(what, "Experiment", &experiment)),
    };
    auth::may_use(world, &call.user, &namespace, what)?;
    let most = fields.get("max_concurrency").and_then(Value::as_i64).unwrap_or_default();
    if !(1..=10).contains(&most) {
        return Err(invalid(what, &format!("Max concurrency of a recurring run must be at leas 1 and at most 10. Received {most}")));
    }
    let trigger = object(&fields, "trigger");
    if let Some(cron) = trigger.get("cron_schedule").and_then(|schedule| schedule["cron"].as_str())
        && !matches!(cron.split_whitespace().count(), 5 | 6)
        && !cron.starts_with('@')
    {
        return Err(invalid(what, &format!("The cron expression \"{cron}\" is invalid: expected 5 to 6 fields")));
    }
    let reference = object(&fields, "pipeline_version_reference");
    let version = text(&reference, "pipeline_version_id");
    let inline = fields.get("pipeline_spec").cloned();
    let known = world.versions.iter().find(|known| known.id == version).map(|known| known.spec.clone());
    let spec = known.or(inline).ok_or_else(|| {
        internal(&format!("{what} due to error fetching manifest: ResourceNotFoundError: PipelineVersion {version} not found"))
    })?;
    params::check(&spec, &object(&object(&fields, "runtime_config"), "parameters"))?;
    let enabled = fields.get("mode").and_then(Value::as_str) == Some("ENABLE");
    let (id, now) = (world.id("recurring"), world.tick());
    let recurring = Recurring { id, namespace, created: now, updated: now, enabled, fields };
    let shown = show::recurring(&recurring);
    world.recurring.push(recurring);
    Ok(Answer::ok(shown))
}

/// `GET /recurringruns`.
pub(crate) fn list_recurring(world: &World, call: &Call<'_>) -> Outcome {
    let what = "Failed to list recurring runs";
    let (namespace, experiment) = (call.query("namespace"), call.query("experiment_id"));
    if world.multi_user && experiment.is_empty() {
        runs::required(&namespace, what)?;
        auth::may_use(world, &call.user, &namespace, what)?;
    }
    let listing = Listing::of::<Recurring>(call)?;
    let here = |known: &&Recurring| {
        (experiment.is_empty() || known.text("experiment_id") == experiment)
            && (!world.multi_user || namespace.is_empty() || known.namespace == namespace)
    };
    let page = listing.cut(world.recurring.iter().filter(here));
    let rows: Vec<Value> = page.rows.iter().map(|row| show::recurring(row)).collect();
    // The one list whose name is in camel case.
    Ok(Answer::ok(lean(vec![("recurringRuns", json!(rows)), ("total_size", json!(page.total)), ("next_page_token", json!(page.next))])))
}

/// One recurring run: `GET`, `DELETE`, or `POST` with a verb.
pub(crate) fn one_recurring(world: &mut World, call: &Call<'_>, id: &str, verb: &str) -> Outcome {
    let what = "Failed to fetch a recurring run";
    let now = world.tick();
    let index = world.recurring.iter().position(|known| known.id == id).ok_or_else(|| missing(what, "Job", id))?;
    let namespace = world.recurring.get(index).map(|known| known.namespace.clone()).unwrap_or_default();
    auth::may_use(world, &call.user, &namespace, what)?;
    match verb {
        "delete" => {
            world.recurring.remove(index);
            done()
        }
        "enable" | "disable" => {
            for known in world.recurring.iter_mut().filter(|known| known.id == id) {
                known.enabled = verb == "enable";
                known.updated = now;
            }
            done()
        }
        _ => Ok(Answer::ok(world.recurring.get(index).map(show::recurring).unwrap_or_default())),
    }
}
