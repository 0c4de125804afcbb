//! Inference services as the Kubernetes API gives them.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::world::World;
use super::{auth, rollout, yaml};
use crate::github::answer::{Answer, Outcome};
use crate::http::Request;

pub use super::rollout::{Mode, Plan, Rollout, Service};

const GROUP: &str = "inferenceservices.serving.kserve.io";
/// Where models may lie.
const SCHEMES: [&str; 11] =
    ["gs://", "s3://", "pvc://", "file://", "https://", "http://", "hdfs://", "webhdfs://", "oci://", "hf://", "model-registry://"];

/// A service that a test puts in, as JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Placed {
    namespace: String,
    object: Value,
    #[serde(default)]
    mode: Mode,
    #[serde(default)]
    plans: Vec<Plan>,
}

/// `POST /_test/services`.
pub(crate) fn put(world: &mut World, placed: Placed) -> Result<Value, String> {
    let name = placed.object["metadata"]["name"].as_str().ok_or("the object has no name")?.to_owned();
    world.service(&placed.namespace, &name, placed.object["spec"].clone(), placed.mode);
    if let Some(service) = world.services.get_mut(&(placed.namespace, name)) {
        service.plans.extend(placed.plans);
    }
    Ok(json!({}))
}

impl World {
    /// Puts in an inference service that is ready, with its first revision.
    pub fn service(&mut self, namespace: &str, name: &str, spec: Value, mode: Mode) {
        let mut service = self.fresh(namespace, name, &json!({"spec": spec}));
        service.mode = mode;
        service.settle();
        self.services.insert((namespace.to_owned(), name.to_owned()), service);
    }

    /// What the controller does with the next change of a service. More of them wait in a line.
    pub fn rollout(&mut self, namespace: &str, name: &str, plan: Plan) {
        let service = self.services.get_mut(&(namespace.to_owned(), name.to_owned()));
        service.unwrap_or_else(|| panic!("there is no service {name}")).plans.push_back(plan);
    }

    /// Somebody else gives a service other files.
    pub fn redirect(&mut self, namespace: &str, name: &str, storage_uri: &str) {
        if let Some(service) = self.services.get_mut(&(namespace.to_owned(), name.to_owned())) {
            service.redirect(storage_uri);
        }
    }

    /// The object of a service, without a poll.
    pub fn service_of(&self, namespace: &str, name: &str) -> Option<Value> {
        self.services.get(&(namespace.to_owned(), name.to_owned())).map(Service::object)
    }

    fn fresh(&mut self, namespace: &str, name: &str, body: &Value) -> Service {
        let (uid, at) = (self.id("service"), self.tick());
        let mut object = json!({
            "apiVersion": "serving.kserve.io/v1beta1",
            "kind": "InferenceService",
            "metadata": body["metadata"].as_object().cloned().unwrap_or_default(),
            "spec": body["spec"],
        });
        let metadata = &mut object["metadata"];
        metadata["name"] = json!(name);
        metadata["namespace"] = json!(namespace);
        metadata["uid"] = json!(uid);
        metadata["generation"] = json!(1);
        metadata["resourceVersion"] = json!(self.revision());
        metadata["creationTimestamp"] = json!(super::time::text(at));
        Service::new(object, at)
    }

    /// The next version of anything in the cluster.
    fn revision(&mut self) -> String {
        self.revisions += 1;
        self.revisions.to_string()
    }
}

/// A `Status` of Kubernetes.
fn status(code: u16, reason: &str, message: &str, name: &str) -> Answer {
    Answer::json(
        code,
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason,
            "details": {"name": name, "group": "serving.kserve.io", "kind": "inferenceservices"}, "code": code,
        }),
    )
}

/// Below `/apis/serving.kserve.io/`.
pub(crate) fn handle(world: &mut World, request: &Request, path: &str) -> Outcome {
    auth::check_kubernetes(world, request)?;
    let parts: Vec<&str> = path.split('/').skip(3).collect();
    let (namespace, name) = match parts.as_slice() {
        ["v1beta1", "namespaces", namespace, "inferenceservices"] => (*namespace, ""),
        ["v1beta1", "namespaces", namespace, "inferenceservices", name] => (*namespace, *name),
        _ => return Err(super::call::plain(404, "text/plain; charset=utf-8", "404 page not found\n")),
    };
    let verb = match (request.method.as_str(), name.is_empty()) {
        ("GET", true) => "list",
        ("GET", false) => "get",
        ("POST", true) => "create",
        ("PUT", false) => "update",
        ("PATCH", false) => "patch",
        ("DELETE", false) => "delete",
        _ => return Err(status(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", name)),
    };
    if world.auth.forbids(verb, namespace) {
        let user = "system:serviceaccount:ci:proofmark";
        let words = format!(
            "{GROUP} \"{name}\" is forbidden: User \"{user}\" cannot {verb} resource \"inferenceservices\" in API group \
             \"serving.kserve.io\" in the namespace \"{namespace}\""
        );
        return Err(status(403, "Forbidden", &words, name));
    }
    match verb {
        "list" => {
            let items: Vec<Value> =
                world.services.iter().filter(|((place, _), _)| place == namespace).map(|(_, service)| service.object()).collect();
            Ok(Answer::ok(json!({
                "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceServiceList",
                "metadata": {"resourceVersion": world.revisions.to_string()}, "items": items,
            })))
        }
        "create" => create(world, request, namespace),
        _ => one(world, request, verb, namespace, name),
    }
}

/// Whether the request only asks what would happen.
fn is_dry(request: &Request) -> Result<bool, Answer> {
    match request.parameter("dryRun").as_deref() {
        None | Some("") => Ok(false),
        Some("All") => Ok(true),
        Some(other) => Err(status(422, "Invalid", &format!("dryRun: Unsupported value: \"{other}\": supported values: \"All\""), "")),
    }
}

fn parsed(request: &Request) -> Result<Value, Answer> {
    let wrong = |error: String| status(400, "BadRequest", &format!("error decoding request body: {error}"), "");
    let kind = request.header("content-type").unwrap_or_default();
    if kind.contains("yaml") {
        return yaml::read_pipeline(&String::from_utf8_lossy(&request.body)).map_err(wrong);
    }
    serde_json::from_slice(&request.body).map_err(|error| wrong(error.to_string()))
}

fn create(world: &mut World, request: &Request, namespace: &str) -> Outcome {
    let body = parsed(request)?;
    let dry = is_dry(request)?;
    let name = body["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    if name.is_empty() {
        return Err(status(422, "Invalid", "name or generateName is required", ""));
    }
    if world.services.contains_key(&(namespace.to_owned(), name.clone())) {
        return Err(status(409, "AlreadyExists", &format!("{GROUP} \"{name}\" already exists"), &name));
    }
    validate(&body, &name)?;
    let service = world.fresh(namespace, &name, &body);
    let shown = service.object();
    if !dry {
        world.services.insert((namespace.to_owned(), name), service);
    }
    Ok(Answer::json(201, shown))
}

fn one(world: &mut World, request: &Request, verb: &str, namespace: &str, name: &str) -> Outcome {
    let key = (namespace.to_owned(), name.to_owned());
    let missing = || status(404, "NotFound", &format!("{GROUP} \"{name}\" not found"), name);
    if !world.services.contains_key(&key) {
        return Err(missing());
    }
    let now = world.tick();
    let next = (world.revisions + 1).to_string();
    let service = world.services.get_mut(&key).ok_or_else(missing)?;
    let changed = match verb {
        "get" => {
            service.poll(now);
            return Ok(Answer::ok(service.object()));
        }
        "delete" => {
            if !is_dry(request)? {
                world.services.remove(&key);
            }
            return Ok(Answer::ok(json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"})));
        }
        "update" => parsed(request)?,
        _ => patched(service, request, name)?,
    };
    let dry = is_dry(request)?;
    let stale = |sent: &Value, known: &Value| {
        sent["metadata"].get("resourceVersion").is_some_and(|sent| sent != &known["metadata"]["resourceVersion"])
    };
    let sent = if verb == "update" { changed.clone() } else { parsed(request)? };
    if stale(&sent, &service.object()) {
        let words = format!(
            "Operation cannot be fulfilled on {GROUP} \"{name}\": the object has been modified; please apply your changes to the latest \
             version and try again"
        );
        return Err(status(409, "Conflict", &words, name));
    }
    validate(&changed, name)?;
    let mut after = service.clone();
    let touched = after.accept(&changed, &next, now);
    let shown = after.object();
    if !dry && touched {
        *service = after;
        world.revisions += 1;
    }
    Ok(Answer::ok(shown))
}

/// The object with a patch in it.
fn patched(service: &Service, request: &Request, name: &str) -> Result<Value, Answer> {
    let kind = request.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let applies = kind == "application/apply-patch+yaml";
    if kind != "application/merge-patch+json" && !applies {
        let words = "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, \
                     application/merge-patch+json, application/apply-patch+yaml";
        return Err(status(415, "UnsupportedMediaType", words, name));
    }
    if applies && request.parameter("fieldManager").is_none_or(|manager| manager.is_empty()) {
        return Err(status(
            400,
            "BadRequest",
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
            name,
        ));
    }
    let mut object = service.object();
    let patch = parsed(request)?;
    if !patch.is_object() {
        return Err(status(400, "BadRequest", "json: cannot unmarshal the patch into Go value of type map[string]interface {}", name));
    }
    merge(&mut object, &patch);
    Ok(object)
}

/// A merge patch: objects key by key, `null` takes away, everything else replaces.
fn merge(into: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *into = patch.clone();
        return;
    };
    if !into.is_object() {
        *into = Value::Object(Map::new());
    }
    for (name, value) in fields {
        if value.is_null() {
            if let Some(object) = into.as_object_mut() {
                object.remove(name);
            }
        } else {
            merge(&mut into[name], value);
        }
    }
}

/// What the schema (422) and the webhook (403) look at.
fn validate(object: &Value, name: &str) -> Result<(), Answer> {
    let invalid = |field: &str, words: &str| {
        Err(status(422, "Invalid", &format!("InferenceService.serving.kserve.io \"{name}\" is invalid: {field}: {words}"), name))
    };
    let denied = |words: String| {
        let hook = "inferenceservice.kserve-webhook-server.validator";
        Err(status(403, "Forbidden", &format!("admission webhook \"{hook}\" denied the request: {words}"), name))
    };
    let predictor = &object["spec"]["predictor"];
    if !predictor.is_object() {
        return invalid("spec.predictor", "Required value");
    }
    if let Some(percent) = predictor.get("canaryTrafficPercent") {
        let Some(percent) = percent.as_i64() else {
            return invalid("spec.predictor.canaryTrafficPercent", &format!("Invalid value: {percent}: must be of type integer"));
        };
        if !(0..=100).contains(&percent) {
            return denied(format!("canaryTrafficPercent must be between 0 and 100, got {percent}"));
        }
    }
    let canaries = object["spec"]["canary"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut names = Vec::new();
    let mut sum = 0;
    for canary in canaries {
        let Some(name) = canary["predictor"]["name"].as_str().filter(|name| !name.is_empty()) else {
            return denied("each canary must have a predictor name".to_owned());
        };
        if names.contains(&name) {
            return denied(format!("the canary predictor name {name} is not unique"));
        }
        names.push(name);
        let Some(percent) = canary["trafficPercent"].as_i64().filter(|percent| (0..=100).contains(percent)) else {
            return invalid("spec.canary.trafficPercent", "Invalid value: must be an integer from 0 to 100");
        };
        sum += percent;
    }
    if sum > 100 {
        return denied(format!("the sum of the canaries' trafficPercent must not exceed 100, got {sum}"));
    }
    let all = std::iter::once(predictor).chain(canaries.iter().map(|canary| &canary["predictor"]));
    for model in all.flat_map(rollout::models) {
        if model.get("storageUri").is_some() && model.get("storage").is_some() {
            return denied("storageUri and storage must not both be set".to_owned());
        }
        let uri = model.get("storageUri").and_then(Value::as_str);
        if let Some(uri) = uri.filter(|uri| uri.contains("://") && !SCHEMES.iter().any(|scheme| uri.starts_with(scheme))) {
            return denied(format!("storageUri, must be one of: [{}] or start with \"/\" [{uri}] is not supported", SCHEMES.join(", ")));
        }
    }
    Ok(())
}
