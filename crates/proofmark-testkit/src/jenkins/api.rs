//! Documents of the remote API. Addresses in them are of what Jenkins takes itself for.

use serde_json::{Value, json};

use super::builds::Build;
use super::jobs::{Item, Job};
use super::spec::Definition;
use super::world::{Cause, QueueItem, World};
use crate::http::encode;

/// Builds of a job that its document shows, the newest ones.
const SHOWN: usize = 100;

/// `/api/json`.
pub(crate) fn root(world: &World) -> Value {
    json!({
        "_class": "hudson.model.Hudson", "mode": "NORMAL", "nodeDescription": "the controller", "numExecutors": world.options.executors,
        "useCrumbs": world.options.crumbs, "useSecurity": true, "quietingDown": false, "url": world.public_url(),
        "jobs": children(world, ""), "views": [{"_class": "hudson.model.AllView", "name": "all", "url": world.public_url()}],
    })
}

/// What lies below a path, with what lies below that.
fn children(world: &World, path: &str) -> Vec<Value> {
    let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
    let direct = world.items.keys().filter(|name| name.strip_prefix(&prefix).is_some_and(|rest| !rest.is_empty() && !rest.contains('/')));
    direct.filter_map(|name| item(world, name)).collect()
}

/// `/job/…/api/json`.
pub(crate) fn item(world: &World, path: &str) -> Option<Value> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let shared = json!({
        "name": name, "fullName": path, "displayName": crate::http::decode(name, false), "fullDisplayName": path.replace('/', " » "),
        "url": job_url(world, path), "description": null,
    });
    let more = match world.items.get(path)? {
        Item::Folder => json!({"_class": "com.cloudbees.hudson.plugins.folder.Folder", "jobs": children(world, path)}),
        Item::Multibranch => {
            json!({"_class": "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject", "jobs": children(world, path)})
        }
        Item::Job(job) => of_job(world, path, job),
    };
    let mut document = shared;
    if let (Some(fields), Value::Object(more)) = (document.as_object_mut(), more) {
        fields.extend(more);
    }
    Some(document)
}

fn of_job(world: &World, path: &str, job: &Job) -> Value {
    let builds: Vec<Value> = job.builds.iter().rev().take(SHOWN).map(|one| build(world, path, job, one)).collect();
    let waiting = world.queue.iter().find(|item| item.job == path && item.left.is_none());
    let property = if job.spec.parameters.is_empty() {
        json!([])
    } else {
        let definitions: Vec<Value> = job.spec.parameters.iter().map(definition).collect();
        json!([{}, {"_class": "hudson.model.ParametersDefinitionProperty", "parameterDefinitions": definitions}])
    };
    let class = if job.spec.pipeline { "org.jenkinsci.plugins.workflow.job.WorkflowJob" } else { "hudson.model.FreeStyleProject" };
    json!({
        "_class": class, "buildable": job.spec.buildable, "color": color(world, job), "concurrentBuild": job.spec.concurrent,
        "firstBuild": job.builds.first().map(|one| build(world, path, job, one)), "lastBuild": builds.first(), "builds": builds,
        "nextBuildNumber": job.next_number(), "inQueue": waiting.is_some(), "queueItem": waiting.map(|item| queue_item(world, item)),
        "property": property, "actions": [{}],
    })
}

fn color(world: &World, job: &Job) -> &'static str {
    use super::spec::Outcome;
    let now = world.now();
    match job.builds.last() {
        _ if !job.spec.buildable => "disabled",
        None => "notbuilt",
        Some(build) => match build.result(&job.spec, now) {
            None => "blue_anime",
            Some(Outcome::Success) => "blue",
            Some(Outcome::Unstable) => "yellow",
            Some(Outcome::Failure) => "red",
            Some(Outcome::NotBuilt) => "notbuilt",
            Some(Outcome::Aborted) => "aborted",
        },
    }
}

fn definition(one: &Definition) -> Value {
    let mut document = json!({"_class": format!("hudson.model.{}", one.kind), "name": one.name, "type": one.kind, "description": ""});
    let value_kind = one.kind.trim_end_matches("Definition").to_owned() + "Value";
    document["defaultParameterValue"] = match (one.kind.as_str(), &one.default) {
        ("FileParameterDefinition", _) => Value::Null,
        // A password never comes back.
        ("PasswordParameterDefinition", _) => json!({"_class": "hudson.model.PasswordParameterValue", "name": one.name}),
        ("BooleanParameterDefinition", default) => {
            json!({"_class": format!("hudson.model.{value_kind}"), "name": one.name, "value": default.as_deref() == Some("true")})
        }
        (_, default) => json!({"_class": format!("hudson.model.{value_kind}"), "name": one.name, "value": default}),
    };
    if !one.choices.is_empty() {
        document["choices"] = json!(one.choices);
    }
    document
}

/// `/job/…/N/api/json`.
pub(crate) fn build(world: &World, path: &str, job: &Job, one: &Build) -> Value {
    let now = world.now();
    let running = one.is_running(&job.spec, now);
    let result = one.result(&job.spec, now).map(super::spec::Outcome::name);
    let ended = !running;
    let artifacts: Vec<Value> = job
        .spec
        .artifacts
        .keys()
        .filter(|_| ended)
        .map(|file| {
            let name = file.rsplit('/').next().unwrap_or_default();
            json!({"displayPath": file, "fileName": name, "relativePath": file})
        })
        .collect();
    let mut document = json!({
        "_class": if job.spec.pipeline { "org.jenkinsci.plugins.workflow.job.WorkflowRun" } else { "hudson.model.FreeStyleBuild" },
        "actions": actions(world, path, &one.parameters, &one.cause), "artifacts": artifacts, "building": running, "inProgress": running,
        "description": null, "displayName": format!("#{}", one.number), "duration": one.duration(&job.spec, now),
        "estimatedDuration": job.spec.duration, "executor": null, "fullDisplayName": format!("{} #{}", path.replace('/', " » "), one.number),
        "id": one.number.to_string(), "keepLog": false, "number": one.number, "queueId": one.queue_id, "result": result,
        "timestamp": one.began, "url": format!("{}{}/", job_url(world, path), one.number), "builtOn": "",
    });
    let changes = if job.spec.pipeline { ("changeSets", json!([])) } else { ("changeSet", json!({"items": [], "kind": null})) };
    document[changes.0] = changes.1;
    document
}

fn actions(world: &World, path: &str, parameters: &[(String, String)], cause: &Cause) -> Value {
    let cause = match cause {
        Cause::User(name) => json!({
            "_class": "hudson.model.Cause$UserIdCause", "shortDescription": format!("Started by user {name}"), "userId": name, "userName": name,
        }),
        Cause::Remote { host, note } => json!({
            "_class": "hudson.model.Cause$RemoteCause", "shortDescription": format!("Started by remote host {host} with note: {note}"), "addr": host, "note": note,
        }),
    };
    let mut actions = vec![json!({"_class": "hudson.model.CauseAction", "causes": [cause]}), json!({})];
    if !parameters.is_empty() {
        let definitions = world.job(path).map(|job| job.spec.parameters.clone()).unwrap_or_default();
        let values = parameters.iter().map(|(name, value)| {
            let kind = definitions.iter().find(|one| one.name == *name).map_or("StringParameterDefinition", |one| one.kind.as_str());
            let class = format!("hudson.model.{}Value", kind.trim_end_matches("Definition"));
            match kind {
                "PasswordParameterDefinition" | "FileParameterDefinition" => json!({"_class": class, "name": name}),
                "BooleanParameterDefinition" => json!({"_class": class, "name": name, "value": value == "true"}),
                _ => json!({"_class": class, "name": name, "value": value}),
            }
        });
        actions.insert(0, json!({"_class": "hudson.model.ParametersAction", "parameters": values.collect::<Vec<_>>()}));
    }
    json!(actions)
}

/// `/queue/api/json`: what has not left.
pub(crate) fn queue(world: &World) -> Value {
    let items: Vec<Value> = world.queue.iter().filter(|item| item.left.is_none()).map(|item| queue_item(world, item)).collect();
    json!({"_class": "hudson.model.Queue", "discoverableItems": [], "items": items})
}

/// `/queue/item/N/api/json`.
pub(crate) fn queue_item(world: &World, item: &QueueItem) -> Value {
    let now = world.now();
    let at = world.queue.iter().position(|other| other.id == item.id).unwrap_or_default();
    let (class, why) = match item.left {
        Some(_) => ("LeftItem", None),
        None if now < item.ready => {
            ("WaitingItem", Some(format!("In the quiet period. Expires in {} sec", (item.ready - now).div_ceil(1000))))
        }
        None if world.is_blocked(at) => {
            let number = world.job(&item.job).and_then(|job| job.builds.last()).map_or(0, |build| build.number);
            ("BlockedItem", Some(format!("Build #{number} is already in progress (ETA: N/A)")))
        }
        None => ("BuildableItem", Some("Waiting for next available executor".to_owned())),
    };
    let parameters: String = item
        .parameters
        .iter()
        .map(|(name, value)| {
            let secret = world
                .job(&item.job)
                .is_some_and(|job| job.spec.parameters.iter().any(|one| one.name == *name && one.kind.starts_with("Password")));
            format!("\n{name}={}", if secret { "******" } else { value })
        })
        .collect();
    let name = item.job.rsplit('/').next().unwrap_or_default();
    let mut document = json!({
        "_class": format!("hudson.model.Queue${class}"), "actions": actions(world, &item.job, &item.parameters, &item.cause),
        "blocked": class == "BlockedItem", "buildable": class == "BuildableItem", "id": item.id, "inQueueSince": item.since,
        "params": parameters, "stuck": false, "why": why, "url": format!("queue/item/{}/", item.id),
        "task": {"_class": "org.jenkinsci.plugins.workflow.job.WorkflowJob", "name": name, "url": job_url(world, &item.job), "color": "blue"},
    });
    match class {
        "LeftItem" => {
            document["cancelled"] = json!(item.cancelled);
            let told = world.told_build(item);
            document["executable"] = told.map_or(Value::Null, |number| {
                json!({"_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun", "number": number, "url": format!("{}{number}/", job_url(world, &item.job))})
            });
        }
        "WaitingItem" => document["timestamp"] = json!(item.ready),
        "BuildableItem" => {
            document["pending"] = json!(false);
            document["buildableStartMilliseconds"] = json!(item.ready);
        }
        _ => {}
    }
    document
}

/// The address of a job, as Jenkins gives it.
pub(crate) fn job_url(world: &World, path: &str) -> String {
    let segments: String = path.split('/').map(|name| format!("job/{}/", encode(name))).collect();
    world.public_url() + &segments
}

/// `/wfapi/describe`.
pub(crate) fn stages(world: &World, job: &Job, one: &Build) -> Value {
    use super::spec::Outcome;
    let now = world.now();
    let status = match one.result(&job.spec, now) {
        _ if one.is_paused(&job.spec, now) => "PAUSED_PENDING_INPUT",
        None => "IN_PROGRESS",
        Some(Outcome::Success) => "SUCCESS",
        Some(Outcome::Unstable) => "UNSTABLE",
        Some(Outcome::Failure) => "FAILED",
        Some(Outcome::NotBuilt) => "NOT_EXECUTED",
        Some(Outcome::Aborted) => "ABORTED",
    };
    json!({
        "id": one.number.to_string(), "name": format!("#{}", one.number), "status": status, "startTimeMillis": one.began,
        "durationMillis": now.saturating_sub(one.began),
        "stages": [{"id": "6", "name": "Train", "status": status, "startTimeMillis": one.began, "durationMillis": 1}],
    })
}
