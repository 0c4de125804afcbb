//! Starting a job, with all that Jenkins does without a word.

use super::auth::{Caller, page};
use super::spec::{Definition, Permission};
use super::world::{Cause, World};
use crate::github::answer::{Answer, Outcome};
use crate::http::{Request, decode};

/// `POST build` and `POST buildWithParameters`.
pub(crate) fn start(world: &mut World, request: &Request, caller: &Caller, path: &str, with_parameters: bool) -> Outcome {
    let Some(job) = world.job(path) else { return Err(page(404, "Not Found")) };
    let spec = job.spec.clone();
    let given = fields(request);
    let one = |name: &str| given.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let remote = one("token").filter(|token| spec.remote_token.as_ref() == Some(token));
    if remote.is_none() {
        if request.method != "POST" {
            return Err(page(405, "Method Not Allowed").header("Allow", "POST"));
        }
        caller.needs(Permission::JobBuild, world)?;
    }
    if !spec.buildable {
        return Err(page(409, &format!("{path} is not buildable")));
    }
    if with_parameters && spec.parameters.is_empty() {
        return Err(page(400, &format!("{path} is not parameterized")));
    }
    if !with_parameters && !spec.parameters.is_empty() && remote.is_none() {
        return Err(page(400, "Nothing is submitted"));
    }
    let mut parameters = Vec::new();
    for definition in &spec.parameters {
        let values: Vec<&String> = given.iter().filter(|(name, _)| *name == definition.name).map(|(_, value)| value).collect();
        match value(definition, &values) {
            Ok(Some(value)) => parameters.push((definition.name.clone(), value)),
            Ok(None) => {}
            Err(message) => return Err(page(500, &format!("java.lang.IllegalArgumentException: {message}"))),
        }
    }
    let delay = one("delay").and_then(|text| text.trim_end_matches("sec").parse::<u64>().ok()).map(|seconds| seconds * 1000);
    let cause = match (remote, &caller.user) {
        (Some(_), _) => Cause::Remote { host: "127.0.0.1".to_owned(), note: one("cause").unwrap_or_default() },
        (None, Some(user)) => Cause::User(user.name.clone()),
        (None, None) => Cause::User("anonymous".to_owned()),
    };
    let waiting =
        world.queue.iter().find(|item| item.left.is_none() && item.job == path && item.parameters == parameters).map(|item| item.id);
    let (status, id) = match waiting {
        Some(id) => (if world.options.old { 201 } else { 303 }, id),
        None => (201, world.enqueue(path, parameters, cause, delay)),
    };
    Ok(Answer::empty(status).header("Location", format!("{}queue/item/{id}/", world.public_url())))
}

/// What a parameter becomes.
fn value(definition: &Definition, given: &[&String]) -> Result<Option<String>, String> {
    let name = &definition.name;
    if given.len() > 1 {
        return Err(format!("Illegal number of parameter values for {name}: {}", given.len()));
    }
    let Some(given) = given.first() else {
        return Ok(match definition.kind.as_str() {
            "FileParameterDefinition" => None,
            "PasswordParameterDefinition" => Some(String::new()),
            _ => definition.default.clone(),
        });
    };
    match definition.kind.as_str() {
        "BooleanParameterDefinition" => Ok(Some((given.as_str() == "true").to_string())),
        "ChoiceParameterDefinition" if !definition.choices.contains(given) => Err(format!("Illegal choice for parameter {name}: {given}")),
        _ => Ok(Some((*given).clone())),
    }
}

/// Fields of the query and of a form; anything else in the body is passed over.
fn fields(request: &Request) -> Vec<(String, String)> {
    let pairs = |text: &str| -> Vec<(String, String)> {
        text.split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (decode(name, true), decode(value, true))
            })
            .collect()
    };
    let mut all = pairs(&request.query);
    let kind = request.header("content-type").unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") {
        all.extend(pairs(&String::from_utf8_lossy(&request.body)));
    } else if let Some(boundary) = kind.strip_prefix("multipart/form-data").and_then(|rest| rest.split("boundary=").nth(1)) {
        all.extend(parts(&request.body, boundary.trim_matches('"')));
    }
    all
}

/// The parts of a multipart body, a file's bytes as text.
fn parts(body: &[u8], boundary: &str) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(body);
    let mut found = Vec::new();
    for part in text.split(&format!("--{boundary}")) {
        let Some((head, value)) = part.split_once("\r\n\r\n") else { continue };
        let name = head.split("name=\"").nth(1).and_then(|rest| rest.split('"').next());
        if let Some(name) = name {
            found.push((name.to_owned(), value.strip_suffix("\r\n").unwrap_or(value).to_owned()));
        }
    }
    found
}
