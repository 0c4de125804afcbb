//! Which path is whose.

use super::call::{Call, bare, finished, plain};
use super::world::{Version, World};
use super::{artifacts, auth, control, experiments, kserve, mlmd, pipelines, registry_api, runs, v1};
use crate::github::answer::{Answer, Body, Outcome};
use crate::github::traffic::Recorded;
use crate::http::{Request, decode};
use crate::serving::{Served, Shared};

const REGISTRY: &str = "/api/model_registry/";
const KSERVE: &str = "/apis/serving.kserve.io/";
const METADATA: &str = "/ml_metadata.MetadataStoreService/";

impl Served for World {
    fn handle(&mut self, request: &Request) -> Answer {
        let path = request.path.strip_prefix(self.prefix.as_str()).filter(|rest| rest.starts_with('/')).unwrap_or(&request.path).to_owned();
        let (version, own_details) = (self.version, self.own_details);
        if path.starts_with(KSERVE) {
            kserve::handle(self, request, &path).unwrap_or_else(|refusal| refusal)
        } else if let Some(rest) = path.strip_prefix(REGISTRY) {
            let user = auth::check(self, request, &path);
            match user {
                Ok(_) => registry_api::handle(self, request, rest).unwrap_or_else(|refusal| refusal),
                Err(refusal) => auth::registry_refusal(refusal),
            }
        } else {
            finished(pipelines_answer(self, request, &path).unwrap_or_else(|refusal| refusal), version, own_details)
        }
    }

    /// JSON without a character set in its media type.
    fn sent(mut answer: Answer) -> Answer {
        if let Body::Json(value) = &answer.body {
            answer.body = Body::Other("application/json", value.to_string().into_bytes());
        }
        answer
    }

    fn hide(recorded: &mut Recorded) {
        if let Some(cookie) = recorded.headers.get_mut("cookie") {
            "***".clone_into(cookie);
        }
    }

    fn control(shared: &Shared<Self>, request: &Request) -> Option<Answer> {
        control::answer(shared, request)
    }
}

/// The pipelines' server, its metadata store, and the gateway before them.
fn pipelines_answer(world: &mut World, request: &Request, path: &str) -> Outcome {
    if path.starts_with("/dex/") {
        return Ok(auth::page());
    }
    let user = auth::check(world, request, path)?;
    if let Some(method) = path.strip_prefix(METADATA) {
        return Ok(mlmd::handle(world, request, method));
    }
    let call = Call { request, user };
    let decoded: Vec<String> = path.split('/').skip(1).map(|part| decode(part, false)).collect();
    let parts: Vec<&str> = decoded.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["apis", "v2beta1", rest @ ..] => v2(world, &call, rest),
        ["apis", "v1beta1" | "v1alpha1", rest @ ..] => v1::handle(world, &call, rest),
        // The UI answers whatever it does not know with its own page.
        _ if request.method == "GET" => Ok(plain(200, "text/html; charset=utf-8", "<!doctype html><html><div id=\"root\"></div></html>")),
        _ => Err(plain(404, "text/html; charset=utf-8", &format!("<pre>Cannot {} {path}</pre>\n", request.method))),
    }
}

fn v2(world: &mut World, call: &Call<'_>, parts: &[&str]) -> Outcome {
    let method = call.request.method.as_str();
    let old = world.version == Version::V1;
    let nowhere = || if old { plain(404, "text/plain; charset=utf-8", "Not Found\n") } else { bare(5, "Not Found") };
    match (method, parts) {
        ("GET", ["healthz"]) => Ok(Answer::ok(pipelines::health(world))),
        ("GET", ["experiments"]) => experiments::list(world, call),
        ("POST", ["experiments"]) => experiments::create(world, call),
        ("GET", ["experiments", id]) => experiments::one(world, call, id, ""),
        ("DELETE", ["experiments", id]) => experiments::one(world, call, id, "delete"),
        ("POST", ["experiments", id]) => match id.rsplit_once(':') {
            Some((id, verb @ ("archive" | "unarchive"))) => experiments::one(world, call, id, verb),
            _ => Err(nowhere()),
        },
        ("GET", ["pipelines"]) => pipelines::list(world, call),
        ("POST", ["pipelines"]) => pipelines::create(world, call, false),
        ("POST", ["pipelines", "create"]) => pipelines::create(world, call, true),
        ("POST", ["pipelines", "upload"]) => pipelines::upload_pipeline(world, call),
        ("POST", ["pipelines", "upload_version"]) => pipelines::upload_version(world, call),
        ("GET", ["pipelines", "names", name]) => pipelines::by_name(world, call, name),
        ("GET" | "POST", ["pipelines", id, "versions"]) => pipelines::versions(world, call, id),
        ("GET" | "DELETE", ["pipelines", id, "versions", version]) => pipelines::version(world, call, id, version),
        ("GET" | "DELETE", ["pipelines", id]) => pipelines::one(world, call, id),
        ("GET", ["recurringruns"]) => experiments::list_recurring(world, call),
        ("POST", ["recurringruns"]) => experiments::create_recurring(world, call),
        ("GET", ["recurringruns", id]) => experiments::one_recurring(world, call, id, ""),
        ("DELETE", ["recurringruns", id]) => experiments::one_recurring(world, call, id, "delete"),
        ("POST", ["recurringruns", id]) => match id.rsplit_once(':') {
            Some((id, verb @ ("enable" | "disable"))) => experiments::one_recurring(world, call, id, verb),
            _ => Err(nowhere()),
        },
        ("GET", ["runs"]) => runs::list(world, call),
        ("POST", ["runs"]) => runs::create(world, call),
        ("GET", ["runs", id]) => runs::get(world, call, id),
        ("DELETE", ["runs", id]) => runs::delete(world, call, id),
        ("POST", ["runs", id]) => match id.rsplit_once(':') {
            Some((id, verb @ ("terminate" | "retry" | "archive" | "unarchive"))) => runs::act(world, call, id, verb),
            _ => Err(nowhere()),
        },
        ("GET", ["runs", id, "tasks"]) if world.version == Version::Artifacts => artifacts::tasks(world, call, id, None),
        ("GET", ["runs", id, "tasks", task]) if world.version == Version::Artifacts => artifacts::tasks(world, call, id, Some(task)),
        (_, ["artifact_tasks" | "artifacts", ..]) if world.version == Version::Artifacts => artifacts::handle(world, call, parts),
        (_, [name, ..]) if ["experiments", "pipelines", "runs", "recurringruns", "healthz"].contains(name) && parts.len() <= 2 => {
            let words = "Method Not Allowed";
            Err(if old { plain(405, "text/plain; charset=utf-8", &format!("{words}\n")) } else { bare(12, words) })
        }
        _ => Err(nowhere()),
    }
}
