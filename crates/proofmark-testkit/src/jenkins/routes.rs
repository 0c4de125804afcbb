//! Which request is which.

use serde_json::{Value, json};

use super::auth::{CRUMB, Caller, page};
use super::spec::Permission;
use super::world::World;
use super::{api, tree, trigger};
use crate::github::answer::{Answer, Body, Outcome};
use crate::http::{Request, decode};
use crate::serving::Served;

/// The version that it takes itself for.
const VERSION: &str = "2.516.3";

impl Served for World {
    fn handle(&mut self, request: &Request) -> Answer {
        let answer = handle(self, request);
        if request.method == "HEAD" { Answer { body: Body::Empty, ..answer } } else { answer }
    }
}

/// What the server answers, with a body also to `HEAD`.
fn handle(world: &mut World, request: &Request) -> Answer {
    world.tick();
    if world.down > 0 {
        world.down -= 1;
        return page(503, "Please wait while Jenkins is getting ready to work");
    }
    let Some(path) = request.path.strip_prefix(&world.options.context).filter(|path| path.starts_with('/') || path.is_empty()) else {
        // Not Jenkins: what lies in front of it.
        return page(404, "Not Found");
    };
    let segments: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(|part| decode(part, false)).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let session = format!("{:08x}", world.incarnation * 0x1234_5678);
    let answer = match Caller::of(world, request) {
        Err(refused) => refused,
        Ok(caller) => caller.remember(answered(world, request, &caller, &segments).unwrap_or_else(|error| error)),
    };
    answer.header("X-Jenkins", VERSION).header("X-Jenkins-Session", session).header("X-Content-Type-Options", "nosniff")
}

fn answered(world: &mut World, request: &Request, caller: &Caller, segments: &[&str]) -> Outcome {
    if let ["login"] = segments {
        return Ok(page(200, "Sign in to Jenkins"));
    }
    // A filter before everything else, also before what is not there.
    if request.method == "POST" {
        caller.needs_crumb(request, world)?;
    }
    // Whoever has a remote token may start with it, but has to be let in first.
    caller.needs(Permission::OverallRead, world)?;
    match (request.method.as_str(), segments) {
        ("GET" | "HEAD", []) => Ok(page(200, "Dashboard")),
        ("GET", ["api", "json"]) => document(request, api::root(world)),
        ("GET", ["crumbIssuer", "api", "json"]) if world.options.crumbs => Ok(Answer::ok(json!({
            "_class": "hudson.security.csrf.DefaultCrumbIssuer", "crumb": caller.crumb(), "crumbRequestField": CRUMB,
        }))),
        ("GET", ["me", "api", "json"] | ["user", _, "api", "json"]) => document(
            request,
            json!({
                "_class": "hudson.model.User", "absoluteUrl": format!("{}user/{}", world.public_url(), caller.name()), "fullName": caller.name(), "id": caller.name(),
            }),
        ),
        ("GET", ["whoAmI", "api", "json"]) => document(
            request,
            json!({
                "_class": "hudson.security.WhoAmI", "anonymous": caller.user.is_none(), "authenticated": caller.user.is_some(), "name": caller.name(),
            }),
        ),
        ("GET", ["queue", "api", "json"]) => document(request, api::queue(world)),
        ("GET", ["queue", "item", id, "api", "json"]) => {
            let item = id.parse().ok().and_then(|id: u64| world.queue.iter().find(|item| item.id == id));
            document(request, item.map(|item| api::queue_item(world, item)).ok_or_else(missing)?)
        }
        // An item has no page of its own.
        (_, ["queue", "item", ..]) => Err(missing()),
        ("POST", ["queue", "cancelItem"]) => cancel(world, request, caller),
        (_, ["job", ..]) => below_job(world, request, caller, segments),
        _ => Err(missing()),
    }
}

fn below_job(world: &mut World, request: &Request, caller: &Caller, segments: &[&str]) -> Outcome {
    let mut names = Vec::new();
    let mut rest = segments;
    while let ["job", name, more @ ..] = rest {
        names.push(*name);
        rest = more;
    }
    let path = names.join("/");
    // Those who may not see it learn nothing of it.
    if !caller.may(Permission::JobRead, world) || !world.items.contains_key(&path) || names.iter().any(|name| name.contains('/')) {
        return Err(missing());
    }
    match (request.method.as_str(), rest) {
        ("GET", []) => Ok(page(200, "Job")),
        ("GET", ["api", "json"]) => document(request, api::item(world, &path).ok_or_else(missing)?),
        (_, ["build"]) => trigger::start(world, request, caller, &path, false),
        (_, ["buildWithParameters"]) => trigger::start(world, request, caller, &path, true),
        (_, [number, more @ ..]) => of_build(world, request, caller, &path, number, more),
        _ => Err(missing()),
    }
}

fn of_build(world: &mut World, request: &Request, caller: &Caller, path: &str, number: &str, rest: &[&str]) -> Outcome {
    let job = world.job(path).ok_or_else(missing)?;
    let build = job.build(number).ok_or_else(missing)?;
    let now = world.now();
    match (request.method.as_str(), rest) {
        ("GET", ["api", "json"]) => document(request, api::build(world, path, job, build)),
        ("GET", ["logText", "progressiveText"]) => {
            let (text, more) = build.log(&job.spec, now);
            let start = request.parameter("start").and_then(|text| text.parse().ok()).unwrap_or(0_usize);
            let start = if start > text.len() { 0 } else { start };
            let answer =
                Answer::bytes("text/plain;charset=utf-8", text.as_bytes()[start..].to_vec()).header("X-Text-Size", text.len().to_string());
            Ok(if more { answer.header("X-More-Data", "true") } else { answer })
        }
        ("GET", []) => Ok(page(200, "Build")),
        ("GET", ["consoleText"]) => Ok(Answer::bytes("text/plain;charset=utf-8", build.log(&job.spec, now).0.into_bytes())),
        ("GET", ["artifact", file @ ..]) => {
            let content = job.spec.artifacts.get(&file.join("/")).filter(|_| !build.is_running(&job.spec, now)).ok_or_else(missing)?;
            Ok(Answer::bytes("application/octet-stream", content.clone().into_bytes()))
        }
        ("GET", ["wfapi" | "wfapi/", "describe"]) if job.spec.pipeline => Ok(Answer::ok(api::stages(world, job, build))),
        ("GET", ["wfapi", "pendingInputActions"]) if job.spec.pipeline => {
            let waits = build.is_paused(&job.spec, now);
            Ok(Answer::ok(if waits { json!([{"id": "Go", "message": "Go on?", "proceedText": "Proceed"}]) } else { json!([]) }))
        }
        ("POST", [how @ ("stop" | "term" | "kill")]) => {
            let force = match *how {
                "stop" => 1,
                "term" => 2,
                _ => 3,
            };
            let (number, address) = (build.number, format!("{}{}/", api::job_url(world, path), build.number));
            caller.needs(Permission::JobCancel, world)?;
            if let Some(job) = world.job_mut(path) {
                let spec = job.spec.clone();
                job.builds.iter_mut().filter(|build| build.number == number).for_each(|build| build.stop(&spec, force, now));
            }
            Ok(Answer::empty(302).header("Location", address))
        }
        (_, ["stop" | "term" | "kill"]) => Err(page(405, "Method Not Allowed").header("Allow", "POST")),
        _ => Err(missing()),
    }
}

fn cancel(world: &mut World, request: &Request, caller: &Caller) -> Outcome {
    let id: u64 = request.parameter("id").and_then(|text| text.parse().ok()).ok_or_else(|| page(400, "id is missing"))?;
    let now = world.now();
    let allowed = caller.may(Permission::JobCancel, world);
    let old = world.options.old;
    let Some(item) = world.queue.iter_mut().find(|item| item.id == id && item.left.is_none()) else { return Err(missing()) };
    if !allowed {
        return Err(page(422, "not allowed"));
    }
    (item.cancelled, item.left) = (true, Some(now));
    Ok(if old { Answer::empty(302).header("Location", world.public_url() + "queue/") } else { Answer::empty(204) })
}

/// A document, or the parts of it that were asked for. Jenkins takes a tree that it cannot read for a mistake of the client.
fn document(request: &Request, document: Value) -> Outcome {
    match request.parameter("tree") {
        None => Ok(Answer::ok(tree::stubs(document))),
        Some(tree) => tree::filtered(&document, &tree).map(Answer::ok).ok_or_else(|| page(400, "tree cannot be read")),
    }
}

fn missing() -> Answer {
    page(404, "Not Found")
}
