//! Workflows that are started, and events that are sent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::{Answer, Outcome};
use super::call::{Call, Need, text};
use super::runs::{Run, workflow_file};
use super::site::{WEB, user_id};

/// The field that asks for the number of the run.
const DETAILS: &str = "return_run_details";
/// More inputs than this are refused.
const MOST_INPUTS: usize = 25;

/// An event that was asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dispatch {
    /// The workflow's file or number; empty for a `repository_dispatch`.
    pub workflow: String,
    /// The whole request.
    pub body: Value,
}

/// How a server answers a start, by its age.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Starts {
    /// With the run's number, to whom asks for it.
    #[default]
    Told,
    /// With nothing, whatever is asked for.
    Untold,
    /// With a refusal of the field that asks for it.
    Strict,
}

pub(crate) fn route(call: &mut Call<'_>, path: &[&str]) -> Option<Outcome> {
    let method = call.request.method.as_str();
    Some(match (method, path) {
        ("POST", ["actions", "workflows", workflow, "dispatches"]) => start(call, workflow),
        ("POST", ["dispatches"]) => dispatch(call),
        _ => return None,
    })
}

fn start(call: &mut Call<'_>, workflow: &str) -> Outcome {
    call.has(Need::write(&["actions"]))?;
    let file = workflow_file(call, workflow)?;
    let body = call.body()?;
    let starts = call.repo().starts;
    if starts == Starts::Strict && body.get(DETAILS).is_some() {
        return Err(Answer::error(422, &format!("Invalid request.\n\n\"{DETAILS}\" is not a permitted key.")));
    }
    let reference = text(&body, "ref").ok_or_else(|| Answer::not_supplied("ref"))?;
    let short = reference.trim_start_matches("refs/heads/").trim_start_matches("refs/tags/").to_owned();
    if call.repo().git.is_some() && call.commit(&short).is_none() {
        return Err(Answer::error(422, &format!("No ref found for: {reference}")));
    }
    let known = call.repo().workflows.get(&file).cloned().filter(|_| !call.repo().unstartable.contains(&file));
    let known = known.ok_or_else(|| Answer::error(422, "Workflow does not have 'workflow_dispatch' trigger"))?;
    let inputs: BTreeMap<String, Value> = body["inputs"].as_object().cloned().unwrap_or_default().into_iter().collect();
    if inputs.len() > MOST_INPUTS {
        return Err(Answer::error(422, &format!("Invalid request.\n\nNo more than {MOST_INPUTS} properties are allowed.")));
    }
    let unknown: Vec<&str> = inputs.keys().map(String::as_str).filter(|name| !known.iter().any(|input| input == name)).collect();
    if !unknown.is_empty() {
        return Err(Answer::error(422, &format!("Unexpected inputs provided: {unknown:?}")));
    }
    call.repo_mut().dispatches.push(Dispatch { workflow: workflow.to_owned(), body: body.clone() });
    let id = begin(call, &file, short, inputs);
    if body[DETAILS] != json!(true) || starts != Starts::Told {
        return Ok(Answer::empty(204));
    }
    let run = format!("{}/actions/runs/{id}", call.repository);
    Ok(Answer::ok(json!({
        "workflow_run_id": id,
        "run_url": call.site.api(&format!("/repos/{run}")),
        "html_url": format!("{WEB}/{run}"),
    })))
}

/// Makes the run, and gives its number.
fn begin(call: &mut Call<'_>, file: &str, branch: String, inputs: BTreeMap<String, Value>) -> u64 {
    let (id, now) = (call.world.next_id(), call.world.clock.tick());
    let name = file.rsplit_once('.').map_or(file, |(name, _)| name).to_owned();
    let title = call.repo().run_names.get(file).map_or_else(|| name.clone(), |template| rendered(template, &inputs));
    let head_sha = call.commit(&branch).unwrap_or_else(|| format!("{:040x}", user_id(&branch)));
    let mut run = Run {
        name,
        title,
        file: file.to_owned(),
        event: "workflow_dispatch".to_owned(),
        actor: call.login(),
        head_branch: branch,
        head_sha,
        status: "queued".to_owned(),
        plan: Some(call.repo().plan.clone()),
        inputs,
        ..Run::default()
    };
    run.settle(id, &now);
    call.repo_mut().runs.insert(id, run);
    id
}

/// A `run-name` with the inputs in it; any other expression is empty.
fn rendered(template: &str, inputs: &BTreeMap<String, Value>) -> String {
    let mut title = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${{") {
        title.push_str(before);
        let (expression, after) = after.split_once("}}").unwrap_or((after, ""));
        let expression = expression.trim();
        let name = expression.strip_prefix("github.event.").unwrap_or(expression).strip_prefix("inputs.");
        match name.and_then(|name| inputs.get(name)) {
            Some(Value::String(text)) => title.push_str(text),
            Some(other) => title.push_str(&other.to_string()),
            None => {}
        }
        rest = after;
    }
    title.push_str(rest);
    title
}

fn dispatch(call: &mut Call<'_>) -> Outcome {
    call.has(Need::write(&["contents"]))?;
    let body = call.body()?;
    let event = text(&body, "event_type").ok_or_else(|| Answer::not_supplied("event_type"))?;
    if event.is_empty() || event.chars().count() > 100 {
        return Err(Answer::error(422, "event_type must be between 1 and 100 characters"));
    }
    if body["client_payload"].as_object().is_some_and(|payload| payload.len() > 10) {
        return Err(Answer::error(422, "No more than 10 properties are allowed; client_payload has too many properties"));
    }
    if body["client_payload"].to_string().len() >= 64 << 10 {
        return Err(Answer::error(422, "client_payload is too large."));
    }
    call.repo_mut().dispatches.push(Dispatch { workflow: String::new(), body });
    Ok(Answer::empty(204))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_stand_in_titles() {
        let inputs = BTreeMap::from([("key".to_owned(), json!("pm1-4f")), ("fast".to_owned(), json!(true))]);
        for (template, title) in [
            ("Train ${{ inputs.key }}", "Train pm1-4f"),
            ("${{inputs.key}}/${{ github.event.inputs.fast }} x", "pm1-4f/true x"),
            ("Train ${{ inputs.other }}${{ github.actor }}", "Train "),
            ("Train", "Train"),
            ("Train ${{ inputs.key", "Train pm1-4f"),
        ] {
            assert_eq!(rendered(template, &inputs), title);
        }
    }
}
