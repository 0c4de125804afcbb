//! Addresses through which a test in another process sees and changes the fake. They are no part of Kubeflow.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::spec::{RunSpec, Script};
use super::world::{Version, World};
use crate::github::answer::Answer;
use crate::github::fault::Fault;
use crate::github::server::lock;
use crate::http::Request;
use crate::serving::Shared;

/// What a test says of the whole world; what is left out stays as it is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    version: Option<Version>,
    multi_user: Option<bool>,
    members: Option<std::collections::BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    tokens: Vec<String>,
    #[serde(default)]
    cookies: Vec<String>,
    login_page: Option<bool>,
    guards_health: Option<bool>,
    real_time: Option<bool>,
    script: Option<Script>,
    #[serde(default)]
    scripts: Vec<Script>,
}

/// An experiment to make.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    #[serde(default)]
    namespace: String,
}

/// Runs to make, `copies` of them with a number behind the name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Runs {
    experiment: String,
    run: RunSpec,
    #[serde(default)]
    copies: usize,
}

/// A compiled pipeline to upload.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Compiled {
    name: String,
    spec: Value,
}

/// The answer to a request of a test; nothing for everything else.
pub(crate) fn answer(shared: &Shared<World>, request: &Request) -> Option<Answer> {
    let name = request.path.strip_prefix("/_test/")?;
    let result = match (request.method.as_str(), name) {
        ("GET", "requests") => Ok(json!(*lock(&shared.recorded))),
        ("GET", "runs") => Ok(states(&lock(&shared.world))),
        ("POST", "fault") => read::<Fault>(request).map(|fault| {
            lock(&shared.faults).push(fault);
            json!({})
        }),
        ("DELETE", "fault") => {
            lock(&shared.faults).clear();
            Ok(json!({}))
        }
        ("POST", _) => change(&mut lock(&shared.world), request, name),
        _ => Err(format!("no such address: {} {}", request.method, request.path)),
    };
    Some(match result {
        Ok(value) => Answer::ok(value),
        Err(message) => Answer::json(400, json!({"error": message})),
    })
}

fn change(world: &mut World, request: &Request, name: &str) -> Result<Value, String> {
    match name {
        "settings" => read::<Settings>(request).map(|settings| apply(world, settings)),
        "experiments" => {
            let named = read::<Named>(request)?;
            Ok(json!({"experiment_id": world.experiment_in(&named.name, &named.namespace)}))
        }
        "pipelines" => {
            let Compiled { name, spec } = read(request)?;
            let text = spec.as_str().map_or_else(|| spec.to_string(), str::to_owned);
            let spec = super::yaml::read_pipeline(&text)?;
            let (pipeline, version) = world.add_pipeline(&name, "", spec);
            Ok(json!({"pipeline_id": pipeline, "pipeline_version_id": version}))
        }
        "runs" => {
            let Runs { experiment, run, copies } = read(request)?;
            if !world.experiments.iter().any(|known| known.id == experiment) {
                return Err(format!("there is no experiment {experiment}"));
            }
            let numbered = |number: usize| RunSpec { name: format!("{}-{number}", run.name), ..run.clone() };
            let specs: Vec<_> = if copies == 0 { vec![run.clone()] } else { (0..copies).map(numbered).collect() };
            let ids: Vec<String> = specs.into_iter().map(|spec| world.run(&experiment, spec)).collect();
            Ok(json!({"run_ids": ids}))
        }
        "services" => super::kserve::put(world, read(request)?),
        _ => Err(format!("no such address: {}", request.path)),
    }
}

fn apply(world: &mut World, settings: Settings) -> Value {
    world.version = settings.version.unwrap_or(world.version);
    world.multi_user = settings.multi_user.unwrap_or(world.multi_user);
    world.real_time = settings.real_time.unwrap_or(world.real_time);
    world.members = settings.members.unwrap_or_else(|| world.members.clone());
    settings.tokens.iter().for_each(|token| world.auth.token(token));
    settings.cookies.iter().for_each(|cookie| world.auth.cookie(cookie));
    world.auth.login_page = settings.login_page.unwrap_or(world.auth.login_page);
    world.auth.guards_health = settings.guards_health.unwrap_or(world.auth.guards_health);
    world.script = settings.script.unwrap_or_else(|| world.script.clone());
    world.scripts.extend(settings.scripts);
    json!({})
}

/// The runs, without a poll.
fn states(world: &World) -> Value {
    let one = |run: &super::rows::Run| json!({"run_id": run.id, "display_name": run.name, "state": run.state.name()});
    world.runs.iter().map(one).collect()
}

fn read<T: DeserializeOwned>(request: &Request) -> Result<T, String> {
    serde_json::from_slice(&request.body).map_err(|error| error.to_string())
}
