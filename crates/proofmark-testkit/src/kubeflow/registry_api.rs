//! The requests that the model registry takes.

use serde_json::{Map, Value, json};

use super::call::plain;
use super::query::Query;
use super::registry::{Base, Entity, Registry};
use super::world::World;
use crate::base64;
use crate::github::answer::{Answer, Outcome};
use crate::http::{Request, decode};

const PAGE: usize = 100;

/// A kind of entity: its names in paths, the field that names its parent, and what a request must and may hold.
#[derive(Debug)]
struct Kind {
    many: &'static str,
    one: &'static str,
    parent: (&'static str, &'static str),
    required: &'static [&'static str],
    fields: &'static [&'static str],
}

const SHARED: [&str; 4] = ["customProperties", "description", "externalId", "name"];
/// What the server sets; taken in silence.
const SET: [&str; 3] = ["id", "createTimeSinceEpoch", "lastUpdateTimeSinceEpoch"];

const KINDS: [Kind; 7] = [
    Kind {
        many: "registered_models",
        one: "registered_model",
        parent: ("", ""),
        required: &["name"],
        fields: &["owner", "state", "readme", "maturity", "language", "tasks", "provider", "logo", "license", "licenseLink", "libraryName"],
    },
    Kind {
        many: "model_versions",
        one: "model_version",
        parent: ("registeredModelId", "registered_models"),
        required: &["name", "registeredModelId"],
        fields: &["author", "state", "registeredModelId"],
    },
    Kind {
        many: "artifacts",
        one: "artifact",
        parent: ("", ""),
        required: &[],
        fields: &[
            "artifactType",
            "uri",
            "state",
            "modelFormatName",
            "modelFormatVersion",
            "storageKey",
            "storagePath",
            "serviceAccountName",
            "modelSourceKind",
            "modelSourceClass",
            "modelSourceGroup",
            "modelSourceId",
            "modelSourceName",
            "value",
            "timestamp",
            "step",
            "parameterType",
            "digest",
            "sourceType",
            "source",
            "schema",
            "profile",
            "experimentId",
            "experimentRunId",
        ],
    },
    Kind { many: "experiments", one: "experiment", parent: ("", ""), required: &["name"], fields: &["owner", "state"] },
    Kind {
        many: "experiment_runs",
        one: "experiment_run",
        parent: ("experimentId", "experiments"),
        required: &["experimentId"],
        fields: &["owner", "state", "status", "experimentId", "startTimeSinceEpoch", "endTimeSinceEpoch"],
    },
    Kind { many: "serving_environments", one: "serving_environment", parent: ("", ""), required: &["name"], fields: &[] },
    Kind {
        many: "inference_services",
        one: "inference_service",
        parent: ("servingEnvironmentId", "serving_environments"),
        required: &["registeredModelId", "servingEnvironmentId"],
        fields: &["runtime", "desiredState", "registeredModelId", "modelVersionId", "servingEnvironmentId"],
    },
];

/// The entities that lie below others in paths: parent, name, kind, and the field that holds the parent's number.
const BELOW: [(&str, &str, &str, &str); 5] = [
    ("registered_models", "versions", "model_versions", "registeredModelId"),
    ("model_versions", "artifacts", "artifacts", ""),
    ("experiments", "experiment_runs", "experiment_runs", "experimentId"),
    ("experiment_runs", "artifacts", "artifacts", "experimentRunId"),
    ("serving_environments", "inference_services", "inference_services", "servingEnvironmentId"),
];

fn error(status: u16, message: &str) -> Answer {
    let code = match status {
        404 => "Not Found",
        409 => "Conflict",
        500 => "Internal Server Error",
        // What lacks a field is 422, but says otherwise.
        _ => "Bad Request",
    };
    Answer::json(status, json!({"code": code, "message": message}))
}

/// Below `/api/model_registry/`.
pub(crate) fn handle(world: &mut World, request: &Request, path: &str) -> Outcome {
    let registry = &mut world.registry;
    let nowhere = || plain(404, "text/plain; charset=utf-8", "404 page not found\n");
    let (base, rest) = path.split_once('/').ok_or_else(nowhere)?;
    let known = match base {
        "v1alpha3" => registry.base != Base::V1,
        "v1" => registry.base != Base::V1Alpha3,
        _ => false,
    };
    if !known {
        return Err(nowhere());
    }
    if registry.down {
        return Err(plain(503, "text/plain; charset=utf-8", "database connection is not available\n"));
    }
    let decoded: Vec<String> = rest.split('/').map(|part| decode(part, false)).collect();
    let parts: Vec<&str> = decoded.iter().map(String::as_str).collect();
    let method = request.method.as_str();
    match (method, parts.as_slice()) {
        ("GET", ["experiment_runs", "metric_history"]) => history(registry, request, None),
        ("GET", ["experiment_runs", id, "metric_history"]) => {
            let id = number(registry, id, "experiment_runs")?;
            history(registry, request, Some(id))
        }
        (_, [name]) => {
            if let Some(kind) = KINDS.iter().find(|kind| kind.one == *name || *name == "model_artifact" && kind.one == "artifact") {
                return if method == "GET" { find(registry, request, kind) } else { Err(plain(405, "text/plain", "")) };
            }
            let (kind, models) = kind_of(name).ok_or_else(nowhere)?;
            match method {
                "GET" => list(registry, request, kind.many, |entity| !models || is_model(entity)),
                "POST" => create(registry, request, kind, None),
                _ => Err(plain(405, "text/plain", "")),
            }
        }
        (_, [name, id]) => {
            let (kind, _) = kind_of(name).ok_or_else(nowhere)?;
            let id = number(registry, id, kind.many)?;
            match method {
                "GET" => Ok(shown(registry, id, 200)),
                "PATCH" => patch(registry, request, kind, id),
                _ => Err(plain(405, "text/plain", "")),
            }
        }
        (_, [above, id, name]) => {
            let place = BELOW.iter().find(|(known, below, _, _)| known == above && below == name).ok_or_else(nowhere)?;
            let (kind, _) = kind_of(place.2).ok_or_else(nowhere)?;
            let parent = number(registry, id, place.0)?;
            match method {
                "GET" => list(registry, request, kind.many, |entity| entity.parent == parent),
                "POST" => create(registry, request, kind, Some((parent, place.3))),
                _ => Err(plain(405, "text/plain", "")),
            }
        }
        _ => Err(nowhere()),
    }
}

/// The kind of this name in paths, and whether only model artifacts are meant.
fn kind_of(name: &str) -> Option<(&'static Kind, bool)> {
    let models = name == "model_artifacts";
    let name = if models { "artifacts" } else { name };
    KINDS.iter().find(|kind| kind.many == name).map(|kind| (kind, models))
}

fn is_model(entity: &Entity) -> bool {
    entity.fields.get("artifactType") == Some(&json!("model-artifact"))
}

fn number(registry: &Registry, text: &str, kind: &str) -> Result<u64, Answer> {
    let id = text.parse::<u64>().map_err(|_| error(400, &format!("invalid ID {text}: must be a digit string")))?;
    let known = registry.entities.get(&id).is_some_and(|entity| entity.kind == kind);
    if known {
        Ok(id)
    } else {
        Err(error(404, &format!("no {} found for id {id}: not found", kind.trim_end_matches('s').replace('_', " "))))
    }
}

fn shown(registry: &Registry, id: u64, status: u16) -> Answer {
    let fields = registry.entities.get(&id).map(|entity| entity.fields.clone()).unwrap_or_default();
    Answer::json(status, Value::Object(fields))
}

/// A body with known fields only, and custom properties that say what they are.
fn body(request: &Request, kind: &Kind) -> Result<Map<String, Value>, Answer> {
    let wrong = |message: String| error(400, &message);
    let fields: Map<String, Value> = serde_json::from_slice(&request.body).map_err(|failure| wrong(failure.to_string()))?;
    let known = |name: &&String| SHARED.iter().chain(&SET).chain(kind.fields).any(|known| known == name);
    if let Some(name) = fields.keys().find(|name| !known(name)) {
        return Err(wrong(format!("json: unknown field \"{name}\"")));
    }
    for (name, value) in fields.get("customProperties").and_then(Value::as_object).into_iter().flatten() {
        let key = match value["metadataType"].as_str().unwrap_or_default() {
            "MetadataIntValue" => "int_value",
            "MetadataDoubleValue" => "double_value",
            "MetadataStringValue" => "string_value",
            "MetadataBoolValue" => "bool_value",
            "MetadataStructValue" => "struct_value",
            "MetadataProtoValue" => "proto_value",
            _ => return Err(wrong(format!("data failed to match schemas in oneOf(MetadataValue): {name}"))),
        };
        if value.get(key).is_none() {
            return Err(error(422, &format!("required field '{key}' is zero value.")));
        }
    }
    Ok(fields)
}

fn create(registry: &mut Registry, request: &Request, kind: &'static Kind, above: Option<(u64, &str)>) -> Outcome {
    let mut fields = body(request, kind)?;
    if let Some((parent, field)) = above.filter(|(_, field)| !field.is_empty()) {
        fields.insert(field.to_owned(), json!(parent.to_string()));
    }
    for name in kind.required {
        if fields.get(*name).is_none_or(|value| value == "") {
            return Err(error(422, &format!("required field '{name}' is zero value.")));
        }
    }
    let parent = match above {
        Some((parent, _)) => parent,
        None if kind.parent.0.is_empty() => 0,
        None => number(registry, fields.get(kind.parent.0).and_then(Value::as_str).unwrap_or_default(), kind.parent.1)?,
    };
    let given = fields.get("id").and_then(Value::as_str).map(str::to_owned);
    if let Some(id) = given.filter(|_| kind.many == "artifacts" && above.is_some()) {
        // With a number it is a change.
        let id = number(registry, &id, kind.many)?;
        return change(registry, id, fields);
    }
    let name = fields.get("name").cloned().unwrap_or_default();
    let twin = registry.entities.iter().find(|(_, entity)| {
        entity.kind == kind.many && entity.parent == parent && !name.is_null() && entity.fields.get("name") == Some(&name)
    });
    if let Some((id, twin)) = twin {
        if matches!(twin.fields.get("artifactType").and_then(Value::as_str), Some("metric" | "parameter")) {
            let id = *id;
            return change(registry, id, fields);
        }
        return Err(error(409, &format!("{} with name {name} already exists", kind.one.replace('_', " "))));
    }
    if kind.many == "artifacts" && !fields.contains_key("artifactType") {
        return Err(error(422, "required field 'artifactType' is zero value."));
    }
    let id = registry.insert(kind.many, parent, fields);
    registry.remember(id);
    Ok(shown(registry, id, 201))
}

fn patch(registry: &mut Registry, request: &Request, kind: &Kind, id: u64) -> Outcome {
    let mut fields = body(request, kind)?;
    // Names and parents stay.
    fields.retain(|name, _| name != "name" && name != kind.parent.0);
    change(registry, id, fields)
}

/// Each field that is given replaces the one that is there, custom properties as a whole.
fn change(registry: &mut Registry, id: u64, fields: Map<String, Value>) -> Outcome {
    let now = registry.tick();
    if let Some(entity) = registry.entities.get_mut(&id) {
        entity.fields.extend(fields.into_iter().filter(|(name, value)| !SET.contains(&name.as_str()) && !value.is_null()));
        entity.fields.insert("lastUpdateTimeSinceEpoch".to_owned(), json!(now.to_string()));
    }
    registry.remember(id);
    Ok(shown(registry, id, 200))
}

fn find(registry: &Registry, request: &Request, kind: &Kind) -> Outcome {
    let parameter = |name: &str| request.parameter(name).filter(|text| !text.is_empty());
    let (name, external, parent) = (parameter("name"), parameter("externalId"), parameter("parentResourceId"));
    if external.is_none() && (name.is_none() || !kind.parent.0.is_empty() && parent.is_none()) {
        return Err(error(400, "invalid parameters call, supply either (name and parentResourceId), or externalId: bad request"));
    }
    let parent = parent.map(|text| text.parse::<u64>().map_err(|_| error(400, &format!("invalid parentResourceId {text}")))).transpose()?;
    let fits = |entity: &&Entity| {
        let is = |field: &str, text: &Option<String>| text.as_ref().is_none_or(|text| entity.fields.get(field) == Some(&json!(text)));
        entity.kind == kind.many
            && is("externalId", &external)
            && (external.is_some() || is("name", &name))
            && parent.is_none_or(|id| entity.parent == id)
    };
    match registry.entities.values().find(fits) {
        Some(entity) => Ok(Answer::ok(Value::Object(entity.fields.clone()))),
        None => Err(error(404, &format!("no {} found", kind.one))),
    }
}

fn list(registry: &Registry, request: &Request, kind: &str, belongs: impl Fn(&Entity) -> bool) -> Outcome {
    let parameter = |name: &str| request.parameter(name).filter(|text| !text.is_empty());
    let wanted = ["name", "externalId", "artifactType"].map(|field| (field, parameter(field)));
    let fits = |entity: &Entity| {
        wanted.iter().all(|(field, wanted)| wanted.as_ref().is_none_or(|text| entity.fields.get(*field) == Some(&json!(text))))
    };
    let here = registry.entities.values().filter(|entity| entity.kind == kind && belongs(entity) && fits(entity));
    cut(here.map(|entity| Value::Object(entity.fields.clone())).collect(), request)
}

fn history(registry: &Registry, request: &Request, run: Option<u64>) -> Outcome {
    let name = request.parameter("name").filter(|text| !text.is_empty());
    let steps = request.parameter("stepIds").filter(|text| !text.is_empty());
    let fits = |value: &Value| {
        let step = value["step"].as_i64().unwrap_or_default().to_string();
        name.as_ref().is_none_or(|name| value["name"] == *name)
            && steps.as_ref().is_none_or(|steps| steps.split(',').any(|known| known.trim() == step))
    };
    let rows = registry.history.iter().filter(|(parent, value)| run.is_none_or(|run| run == *parent) && fits(value));
    cut(rows.map(|(_, value)| value.clone()).collect(), request)
}

/// One page of rows in the order that is asked for.
fn cut(mut rows: Vec<Value>, request: &Request) -> Outcome {
    let parameter = |name: &str| request.parameter(name).filter(|text| !text.is_empty());
    if let Some(text) = parameter("filterQuery") {
        let query = Query::read(&text).map_err(|message| error(400, &message))?;
        rows.retain(|row| query.admits(row));
    }
    let field = match parameter("orderBy").as_deref() {
        None | Some("ID") => "id",
        Some("CREATE_TIME") => "createTimeSinceEpoch",
        Some("LAST_UPDATE_TIME") => "lastUpdateTimeSinceEpoch",
        Some(other) => return Err(error(400, &format!("invalid orderBy value: {other}"))),
    };
    let descending = match parameter("sortOrder").as_deref() {
        None | Some("ASC") => false,
        Some("DESC") => true,
        Some(other) => return Err(error(400, &format!("invalid sortOrder value: {other}"))),
    };
    rows.sort_by_key(|row| row[field].as_str().and_then(|digits| digits.parse::<i64>().ok()).unwrap_or_default());
    if descending {
        rows.reverse();
    }
    let size = parameter("pageSize").map(|text| text.parse::<usize>()).transpose();
    let size = size.map_err(|_| error(400, "invalid pageSize"))?.filter(|size| *size > 0).unwrap_or(PAGE);
    let start = match parameter("nextPageToken") {
        None => 0,
        Some(token) => {
            let read =
                base64::decode(&token).and_then(|bytes| String::from_utf8(bytes).ok()?.strip_prefix("after ")?.parse::<usize>().ok());
            read.ok_or_else(|| error(400, "invalid nextPageToken"))?
        }
    };
    let next = if rows.len() > start + size { base64::encode(format!("after {}", start + size).as_bytes()) } else { String::new() };
    let items: Vec<Value> = rows.into_iter().skip(start).take(size).collect();
    Ok(Answer::ok(json!({"size": items.len(), "items": items, "pageSize": size, "nextPageToken": next})))
}
