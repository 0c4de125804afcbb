//! Runs of the API of version 2.

use serde_json::{Map, Value, json};

use super::call::{Call, done, internal, invalid, lean, missing, refuse};
use super::message::{self, object, text};
use super::page::Listing;
use super::rows::Run;
use super::spec::{State, Task};
use super::world::World;
use super::{auth, params, show};
use crate::github::answer::{Answer, Outcome};

/// `POST /runs`.
pub(crate) fn create(world: &mut World, call: &Call<'_>) -> Outcome {
    let what = "Failed to create a new run";
    let fields = call.body(message::RUN, world.version)?;
    if fields.contains_key("plugins_output") {
        return Err(refuse(
            10,
            &format!("{what}: BadRequestError: plugins_output is set by the server"),
            "plugins_output is set by the server",
        ));
    }
    if text(&fields, "display_name").is_empty() {
        return Err(internal(&format!("{what}: the run's display name is empty")));
    }
    let experiment = experiment_for(world, call, &fields, what)?;
    let (pipeline, version, spec, own) = pipeline_for(world, &fields, what)?;
    let runtime = fields.get("runtime_config").map(|_| object(&fields, "runtime_config"));
    let given = runtime.as_ref().map(|runtime| object(runtime, "parameters")).unwrap_or_default();
    params::check(&spec, &given)?;
    let created = world.tick();
    let mut run = world.blank(created);
    run.name = text(&fields, "display_name");
    run.description = text(&fields, "description");
    (run.experiment, run.namespace) = experiment;
    (run.pipeline, run.version) = (pipeline, version);
    run.spec = if own { spec.clone() } else { Value::Null };
    run.runtime = runtime;
    run.plugins_input = fields.get("plugins_input").cloned();
    if fields.contains_key("service_account") {
        run.service_account = text(&fields, "service_account");
    }
    run.script = world.scripts.pop_front().unwrap_or_else(|| world.script.clone());
    if run.script.tasks.is_empty() {
        run.script.tasks = params::tasks(&spec).iter().map(|name| Task::new(name)).collect();
    }
    let id = world.add_run(run);
    one(world, &id, what, false)
}

/// The experiment of a new run and its namespace; the one named Default when none is said.
fn experiment_for(world: &mut World, call: &Call<'_>, fields: &Map<String, Value>, what: &str) -> Result<(String, String), Answer> {
    let mut id = text(fields, "experiment_id");
    if id.is_empty() {
        id = call.query("experiment_id");
    }
    if id.is_empty() && world.multi_user {
        return Err(invalid(what, "Experiment id can not be empty in the multi-user mode"));
    }
    if id.is_empty() {
        let known = world.experiments.iter().find(|experiment| experiment.name == "Default").map(|experiment| experiment.id.clone());
        id = known.unwrap_or_else(|| world.experiment("Default"));
    }
    let known = world.experiments.iter().find(|experiment| experiment.id == id).ok_or_else(|| missing(what, "Experiment", &id))?;
    auth::may_use(world, &call.user, &known.namespace, what)?;
    if known.archived {
        return Err(refuse(9, &format!("{what}: the experiment {id} is archived"), "A run cannot be created in an archived experiment"));
    }
    Ok((id, known.namespace.clone()))
}

/// The pipeline, its version, the spec, and whether the request brought it.
fn pipeline_for(world: &World, fields: &Map<String, Value>, what: &str) -> Result<(String, String, Value, bool), Answer> {
    let reference = object(fields, "pipeline_version_reference");
    let mut id = text(&reference, "pipeline_version_id");
    if id.is_empty() {
        id = text(fields, "pipeline_version_id");
    }
    let pipeline = text(&reference, "pipeline_id");
    if id.is_empty() && pipeline.is_empty() {
        let spec = fields.get("pipeline_spec").cloned().unwrap_or_default();
        if spec.as_object().is_none_or(Map::is_empty) {
            return Err(internal(&format!(
                "{what} due to error fetching manifest: Failed to fetch a template with an empty pipeline spec"
            )));
        }
        if params::root(&spec).is_null() {
            return Err(invalid(what, "Invalid pipeline spec: unknown template format"));
        }
        return Ok((String::new(), String::new(), spec, true));
    }
    let newest = |pipeline: &str| world.versions.iter().rev().find(|version| version.pipeline == pipeline);
    let found = if id.is_empty() { newest(&pipeline) } else { world.versions.iter().find(|version| version.id == id) };
    let found = found.ok_or_else(|| {
        let (kind, id) = if id.is_empty() { ("Pipeline", &pipeline) } else { ("PipelineVersion", &id) };
        internal(&format!("{what} due to error fetching manifest: ResourceNotFoundError: {kind} {id} not found"))
    })?;
    Ok((found.pipeline.clone(), found.id.clone(), found.spec.clone(), false))
}

/// `GET /runs/{id}`, which is a poll.
pub(crate) fn get(world: &mut World, call: &Call<'_>, id: &str) -> Outcome {
    let what = "Failed to get a run";
    allowed(world, call, id, what)?;
    poll(world, id);
    one(world, id, what, call.query("view") == "FULL")
}

/// Lets a run go on.
pub(crate) fn poll(world: &mut World, id: &str) {
    if world.run_of(id).is_some_and(|run| !run.state.is_final()) {
        let now = world.tick();
        if let Some(run) = world.run_mut(id) {
            run.poll(now);
        }
    }
}

/// `GET /runs`.
pub(crate) fn list(world: &World, call: &Call<'_>) -> Outcome {
    let what = "Failed to list runs";
    let (namespace, experiment) = (call.query("namespace"), call.query("experiment_id"));
    if !experiment.is_empty() {
        let known = world.experiments.iter().find(|known| known.id == experiment);
        let known = known.ok_or_else(|| missing(what, "Experiment", &experiment))?;
        auth::may_use(world, &call.user, &known.namespace, what)?;
    } else if world.multi_user {
        required(&namespace, what)?;
        auth::may_use(world, &call.user, &namespace, what)?;
    }
    let listing = Listing::of::<Run>(call)?;
    let here = |run: &&Run| {
        (experiment.is_empty() || run.experiment == experiment) && (!world.multi_user || namespace.is_empty() || run.namespace == namespace)
    };
    let page = listing.cut(world.runs.iter().filter(here));
    let full = call.query("view") == "FULL";
    let runs: Vec<Value> = page.rows.iter().map(|run| show::run(run, world.version, full)).collect();
    Ok(Answer::ok(lean(vec![("runs", json!(runs)), ("total_size", json!(page.total)), ("next_page_token", json!(page.next))])))
}

/// The words for a list that needs to know where.
pub(crate) fn required(namespace: &str, what: &str) -> Result<(), Answer> {
    if namespace.is_empty() {
        return Err(invalid(what, "A valid namespace or experiment must be provided in multi-user mode: the namespace is empty"));
    }
    Ok(())
}

/// `POST /runs/{id}:{verb}`.
pub(crate) fn act(world: &mut World, call: &Call<'_>, id: &str, verb: &str) -> Outcome {
    let what = format!("Failed to {verb} a run");
    let state = allowed(world, call, id, &what)?;
    let now = world.tick();
    let run = world.run_mut(id).ok_or_else(|| missing(&what, "Run", id))?;
    match verb {
        "terminate" if matches!(state, State::Pending | State::Running | State::Paused) => run.cancel(),
        "terminate" => return Err(invalid(&what, &format!("Failed to terminate a run {id}. Row not found"))),
        "retry" if matches!(state, State::Failed | State::Canceled) => run.retry(now),
        "retry" => {
            let shown = "Workflow must be Failed/Error to retry";
            return Err(refuse(10, &format!("{what} {id}: BadRequestError: {shown}: workflow cannot be retried"), shown));
        }
        "archive" => run.archived = true,
        _ => run.archived = false,
    }
    done()
}

/// `DELETE /runs/{id}`.
pub(crate) fn delete(world: &mut World, call: &Call<'_>, id: &str) -> Outcome {
    allowed(world, call, id, "Failed to delete a run")?;
    world.remove_run(id);
    done()
}

fn one(world: &World, id: &str, what: &str, full: bool) -> Outcome {
    let run = world.run_of(id).ok_or_else(|| missing(what, "Run", id))?;
    Ok(Answer::ok(show::run(run, world.version, full)))
}

/// The state of a run that the caller may see.
pub(crate) fn allowed(world: &World, call: &Call<'_>, id: &str, what: &str) -> Result<State, Answer> {
    let run = world.run_of(id).ok_or_else(|| missing(what, "Run", id))?;
    auth::may_use(world, &call.user, &run.namespace, what)?;
    Ok(run.state)
}
