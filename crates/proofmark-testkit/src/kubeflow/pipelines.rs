//! Pipelines and their versions: uploads, creation, lists.

use serde_json::{Map, Value, json};

use super::call::{Call, done, internal, invalid, lean, missing, plain, refuse};
use super::message::{self, object, text};
use super::multipart::{Upload, upload_of};
use super::page::Listing;
use super::rows::{Pipeline, PipelineVersion};
use super::world::{Version, World};
use super::{auth, params, show, yaml};
use crate::github::answer::{Answer, Outcome};

const MOST: usize = 127;
const BOTH: &str = "Failed to create a pipeline and a pipeline version";
const VERSION: &str = "Failed to create a pipeline version";

/// Errors of uploads have a form of their own, and a media type that says nothing of JSON.
fn upload_error(status: u16, message: &str) -> Answer {
    plain(status, "text/plain; charset=utf-8", &json!({"error_message": message, "error_details": message}).to_string())
}

/// The same from where the media type has been set already.
fn late_upload_error(status: u16, message: &str) -> Answer {
    Answer::json(status, json!({"error_message": message, "error_details": message}))
}

/// Reads the file and the names that an upload has.
fn upload(call: &Call<'_>) -> Result<(Upload, Value), Answer> {
    let upload = upload_of(call.request).ok_or_else(|| upload_error(400, "Failed to read pipeline from file"))?;
    let ends = |end: &str| upload.file.to_ascii_lowercase().ends_with(end);
    if ends(".zip") || ends(".tar.gz") {
        return Err(upload_error(400, "Failed to read a pipeline spec file: archives are not what this fake reads"));
    }
    if ![".yaml", ".yml", ".json"].into_iter().any(ends) {
        let message = "Failed to read a pipeline spec file: unexpected pipeline file format. Support .zip, .tar.gz, .json or YAML";
        return Err(upload_error(400, message));
    }
    let text = String::from_utf8_lossy(&upload.bytes).into_owned();
    let spec = yaml::read_pipeline(&text).map_err(|error| late_upload_error(400, &format!("Invalid pipeline spec: {error}")))?;
    if params::root(&spec).is_null() && spec.get("apiVersion").is_none() {
        return Err(late_upload_error(400, "Invalid pipeline spec: unknown template format"));
    }
    Ok((upload, spec))
}

/// The name and the shown name of an upload.
fn names(call: &Call<'_>, upload: &Upload, version: Version) -> Result<(String, String), Answer> {
    let (name, shown) = (call.query("name"), call.query("display_name"));
    let first = [&name, &shown, &upload.file].into_iter().find(|text| !text.is_empty()).cloned().unwrap_or_default();
    if first.len() > MOST && version != Version::V1 {
        let message = format!("the field Name of Pipeline is {} characters long; the limit is {MOST}\n", first.len());
        return Err(plain(400, "text/plain; charset=utf-8", &message));
    }
    Ok((first.clone(), if shown.is_empty() { first } else { shown }))
}

fn tags(call: &Call<'_>) -> Result<Map<String, Value>, Answer> {
    let text = call.query("tags");
    if text.is_empty() {
        return Ok(Map::new());
    }
    let read = serde_json::from_str::<Map<String, Value>>(&text).ok().filter(|tags| tags.values().all(Value::is_string));
    read.ok_or_else(|| upload_error(400, "Failed to parse tags query parameter. Expected JSON object with string keys and values"))
}

/// `POST /pipelines/upload`.
pub(crate) fn upload_pipeline(world: &mut World, call: &Call<'_>) -> Outcome {
    let (file, spec) = upload(call)?;
    let namespace = if world.multi_user { call.query("namespace") } else { String::new() };
    auth::may_use(world, &call.user, &namespace, "")
        .map_err(|_| upload_error(400, &format!("pipeline upload denied: permission in namespace \"{namespace}\" is required")))?;
    let (name, shown) = names(call, &file, world.version)?;
    let tags = tags(call)?;
    if is_taken(world, &name, &namespace) {
        return Err(taken(world, &name, BOTH));
    }
    let (id, version) = world.add_pipeline(&name, &namespace, spec);
    let (description, source) = (call.query("description"), call.query("code_source_url"));
    for made in world.versions.iter_mut().filter(|made| made.id == version) {
        (made.display_name, made.description, made.source) = (shown.clone(), description.clone(), source.clone());
    }
    let old = world.version == Version::V1;
    let made = world.pipelines.iter_mut().find(|made| made.id == id).ok_or_else(|| late_upload_error(500, BOTH))?;
    (made.display_name, made.description, made.tags) = (shown, description, tags);
    Ok(Answer::ok(show::pipeline(made, old)))
}

/// `POST /pipelines/upload_version`.
pub(crate) fn upload_version(world: &mut World, call: &Call<'_>) -> Outcome {
    let (file, spec) = upload(call)?;
    let pipeline = call.query("pipelineid");
    let known = world.pipelines.iter().find(|known| known.id == pipeline).ok_or_else(|| upload_error(400, VERSION))?;
    auth::may_use(world, &call.user, &known.namespace, "").map_err(|_| upload_error(400, VERSION))?;
    let (name, shown) = names(call, &file, world.version)?;
    let tags = tags(call)?;
    if world.versions.iter().any(|known| known.pipeline == pipeline && known.name == name) {
        return Err(taken(world, &name, VERSION));
    }
    let id = world.add_version(&pipeline, &name, spec);
    let old = world.version == Version::V1;
    let made = world.versions.iter_mut().find(|made| made.id == id).ok_or_else(|| late_upload_error(500, VERSION))?;
    (made.display_name, made.description, made.tags) = (shown, call.query("description"), tags);
    made.source = call.query("code_source_url");
    Ok(Answer::ok(show::version(made, old)))
}

/// A name that is there already; old servers take that for a mistake of theirs.
fn taken(world: &World, name: &str, what: &str) -> Answer {
    if world.version == Version::V1 {
        return upload_error(500, &format!("{what}: Already exist error: The name {name} already exists. Please specify a new name"));
    }
    late_upload_error(409, what)
}

fn is_taken(world: &World, name: &str, namespace: &str) -> bool {
    world.pipelines.iter().any(|known| known.name == name && known.namespace == namespace)
}

/// `POST /pipelines` and `POST /pipelines/create`.
pub(crate) fn create(world: &mut World, call: &Call<'_>, both: bool) -> Outcome {
    let (pipeline, version) = if both {
        let fields = call.body(message::BOTH, world.version)?;
        (object(&fields, "pipeline"), object(&fields, "pipeline_version"))
    } else {
        (call.body(message::PIPELINE, world.version)?, Map::new())
    };
    let (mut name, shown) = (text(&pipeline, "name"), text(&pipeline, "display_name"));
    if name.is_empty() {
        name.clone_from(&shown);
    }
    if name.is_empty() {
        return Err(invalid(BOTH, "pipeline's name cannot be empty"));
    }
    let namespace = if world.multi_user { text(&pipeline, "namespace") } else { String::new() };
    auth::may_use(world, &call.user, &namespace, BOTH)?;
    let spec = version.get("pipeline_spec").cloned().unwrap_or_default();
    if both && params::root(&spec).is_null() {
        return Err(invalid(BOTH, "Invalid pipeline spec: unknown template format"));
    }
    if is_taken(world, &name, &namespace) {
        let words = format!("Failed to create a new pipeline. The name {name} already exists. Please specify a new name");
        return Err(refuse(6, &format!("{BOTH}: Already exist error: {words}"), &words));
    }
    let (id, first) = world.add_pipeline(&name, &namespace, spec);
    if !both {
        world.versions.retain(|version| version.id != first);
    }
    let old = world.version == Version::V1;
    let made = world.pipelines.iter_mut().find(|made| made.id == id).ok_or_else(|| internal(BOTH))?;
    (made.description, made.tags) = (text(&pipeline, "description"), object(&pipeline, "tags"));
    made.display_name = if shown.is_empty() { name } else { shown };
    Ok(Answer::ok(show::pipeline(made, old)))
}

/// `GET /pipelines`.
pub(crate) fn list(world: &World, call: &Call<'_>) -> Outcome {
    let what = "Failed to list pipelines";
    let namespace = call.query("namespace");
    if world.multi_user && !namespace.is_empty() {
        auth::may_use(world, &call.user, &namespace, what)?;
    }
    let listing = Listing::of::<Pipeline>(call)?;
    let page = listing.cut(world.pipelines.iter().filter(|known| !world.multi_user || known.namespace == namespace));
    let rows: Vec<Value> = page.rows.iter().map(|row| show::pipeline(row, world.version == Version::V1)).collect();
    Ok(Answer::ok(lean(vec![("pipelines", json!(rows)), ("total_size", json!(page.total)), ("next_page_token", json!(page.next))])))
}

/// `GET /pipelines/names/{name}`.
pub(crate) fn by_name(world: &World, call: &Call<'_>, name: &str) -> Outcome {
    let what = "Failed to get a pipeline by name and namespace";
    if world.version == Version::V1 {
        return Err(internal(&format!("{what}. API request version v2beta1: Invalid input error: Invalid api version detected")));
    }
    let namespace = if world.multi_user { call.query("namespace") } else { String::new() };
    let found = world.pipelines.iter().find(|known| known.name == name && known.namespace == namespace);
    let found = found.ok_or_else(|| missing(what, "Pipeline", name))?;
    auth::may_use(world, &call.user, &namespace, what)?;
    Ok(Answer::ok(show::pipeline(found, world.version == Version::V1)))
}

/// One pipeline: `GET` or `DELETE`.
pub(crate) fn one(world: &mut World, call: &Call<'_>, id: &str) -> Outcome {
    let what = "Failed to get a pipeline";
    let found = allowed(world, call, id, what)?;
    if call.request.method == "GET" {
        return Ok(Answer::ok(show::pipeline(found, world.version == Version::V1)));
    }
    if world.versions.iter().any(|version| version.pipeline == id) && call.query("cascade") != "true" {
        let shown = format!("Failed to delete pipeline {id} as it has existing pipeline versions");
        return Err(refuse(3, &format!("{what}: Invalid input error: {shown}"), &shown));
    }
    world.pipelines.retain(|known| known.id != id);
    world.versions.retain(|version| version.pipeline != id);
    done()
}

fn allowed<'a>(world: &'a World, call: &Call<'_>, id: &str, what: &str) -> Result<&'a Pipeline, Answer> {
    let found = world.pipelines.iter().find(|known| known.id == id).ok_or_else(|| missing(what, "Pipeline", id))?;
    if !found.namespace.is_empty() {
        auth::may_use(world, &call.user, &found.namespace, what)?;
    }
    Ok(found)
}

/// `GET` and `POST /pipelines/{id}/versions`.
pub(crate) fn versions(world: &mut World, call: &Call<'_>, id: &str) -> Outcome {
    if call.request.method == "POST" {
        return create_version(world, call, id);
    }
    let what = "Failed to list pipeline versions";
    allowed(world, call, id, what)?;
    let listing = Listing::of::<PipelineVersion>(call)?;
    let page = listing.cut(world.versions.iter().filter(|version| version.pipeline == id));
    let rows: Vec<Value> = page.rows.iter().map(|row| show::version(row, world.version == Version::V1)).collect();
    Ok(Answer::ok(lean(vec![("pipeline_versions", json!(rows)), ("total_size", json!(page.total)), ("next_page_token", json!(page.next))])))
}

fn create_version(world: &mut World, call: &Call<'_>, id: &str) -> Outcome {
    allowed(world, call, id, VERSION)?;
    let fields = call.body(message::PIPELINE_VERSION, world.version)?;
    let (mut name, shown) = (text(&fields, "name"), text(&fields, "display_name"));
    if name.is_empty() {
        name.clone_from(&shown);
    }
    let spec = fields.get("pipeline_spec").cloned().unwrap_or_default();
    if params::root(&spec).is_null() {
        return Err(invalid(VERSION, "Invalid pipeline spec: unknown template format"));
    }
    if name.is_empty() || name.len() > MOST {
        return Err(invalid(VERSION, &format!("the field Name of PipelineVersion is {} characters long; the limit is {MOST}", name.len())));
    }
    if world.versions.iter().any(|known| known.pipeline == id && known.name == name) {
        let words = format!("Failed to create a new pipeline version. The name {name} already exists. Specify a new name");
        return Err(refuse(6, &format!("{VERSION}: Already exist error: {words}"), &words));
    }
    let id = world.add_version(id, &name, spec);
    let old = world.version == Version::V1;
    let made = world.versions.iter_mut().find(|made| made.id == id).ok_or_else(|| internal(VERSION))?;
    (made.description, made.source) = (text(&fields, "description"), text(&fields, "code_source_url"));
    made.display_name = if shown.is_empty() { name } else { shown };
    Ok(Answer::ok(show::version(made, old)))
}

/// One version: `GET` or `DELETE`.
pub(crate) fn version(world: &mut World, call: &Call<'_>, pipeline: &str, id: &str) -> Outcome {
    let what = "Failed to get a pipeline version";
    allowed(world, call, pipeline, what)?;
    let found = world.versions.iter().find(|known| known.id == id && known.pipeline == pipeline);
    let found = found.ok_or_else(|| missing(what, "PipelineVersion", id))?;
    if call.request.method == "GET" {
        return Ok(Answer::ok(show::version(found, world.version == Version::V1)));
    }
    world.versions.retain(|known| known.id != id);
    done()
}

/// `GET /healthz`.
pub(crate) fn health(world: &World) -> Value {
    // Not made by the gateway, so that `false` is told as well.
    json!({
        "commit_sha": "7b70c7b95f6832772efd6fd0029a4024491a0f44",
        "tag_name": world.version.tag(),
        "multi_user": world.multi_user,
        "pipeline_store": "database",
    })
}
