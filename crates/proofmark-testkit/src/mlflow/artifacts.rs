//! Files of runs and logged models.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::call::{Call, invalid, lean, missing, page};
use super::rows::LoggedModel;
use super::runs::{find, run_id};
use super::world::{Version, World};
use crate::github::answer::{Answer, Outcome};
use crate::http::decode;

type Files = BTreeMap<String, Vec<u8>>;

/// One level of a run's files.
pub(crate) fn list(world: &mut World, call: &Call<'_>) -> Outcome {
    let run = find(world, &run_id(call)?)?;
    level(&run.artifacts, &run.artifact_uri(), &checked(call.text("path").unwrap_or_default())?)
}

/// One level of a logged model's files.
pub(crate) fn of_model(model: &LoggedModel, call: &Call<'_>) -> Outcome {
    let root = model.artifact_uri();
    level(&model.artifacts, &root, &checked(call.text("artifact_directory_path").unwrap_or_default())?)
}

/// `GET /get-artifact`: a file by its run.
pub(crate) fn bytes(world: &World, call: &Call<'_>) -> Outcome {
    let path = checked(call.text("path").ok_or_else(|| page(400))?)?;
    let run = find(world, &run_id(call)?)?;
    let whole = format!("{}/{path}", run.artifact_uri().trim_start_matches("mlflow-artifacts:/"));
    file(&run.artifacts, &path, &whole, call.version)
}

/// The server as a store of files: `EXPERIMENT/RUN/artifacts/PATH` and `EXPERIMENT/models/MODEL/artifacts/PATH`.
pub(crate) fn proxied(world: &World, call: &Call<'_>, path: &str) -> Outcome {
    let path = checked(decode(path, false))?;
    let none = Files::new();
    let run = world.runs.iter().map(|run| (run.artifact_uri(), &run.artifacts));
    let model = world.logged.iter().map(|model| (model.artifact_uri(), &model.artifacts));
    let below = |uri: &str| {
        let root = uri.strip_prefix("mlflow-artifacts:/")?;
        path.strip_prefix(root)?.strip_prefix('/').map(str::to_owned)
    };
    let found = run.chain(model).find_map(|(uri, files)| Some((below(&uri)?, files)));
    let (inner, files) = found.unwrap_or_else(|| (path.clone(), &none));
    file(files, &inner, &path, call.version)
}

fn file(files: &Files, path: &str, shown: &str, version: Version) -> Outcome {
    match files.get(path) {
        Some(bytes) => Ok(Answer::bytes(kind(path), bytes.clone())
            .header("Content-Disposition", format!("attachment; filename=\"{}\"", path.rsplit('/').next().unwrap_or_default()))
            .header("X-Content-Type-Options", "nosniff")),
        None if version == Version::Old => Err(page(500)),
        None => Err(missing(&format!("No such artifact: '{shown}'"))),
    }
}

fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, kind)| kind) {
        Some("txt" | "log" | "json" | "csv" | "md" | "yaml" | "yml" | "py" | "html" | "xml" | "tsv") | None => "text/plain",
        _ => "application/octet-stream",
    }
}

fn level(files: &Files, root: &str, path: &str) -> Outcome {
    let prefix = if path.is_empty() { String::new() } else { format!("{}/", path.trim_end_matches('/')) };
    let mut rows: BTreeMap<String, Value> = BTreeMap::new();
    for (name, bytes) in files {
        match name.strip_prefix(&prefix).map(|rest| rest.split_once('/')) {
            Some(Some((folder, _))) => {
                let path = format!("{prefix}{folder}");
                rows.insert(path.clone(), json!({"path": path, "is_dir": true}));
            }
            Some(None) => {
                rows.insert(name.clone(), json!({"path": name, "is_dir": false, "file_size": bytes.len()}));
            }
            None => {}
        }
    }
    Ok(Answer::ok(lean(vec![("root_uri", json!(root)), ("files", rows.into_values().collect())])))
}

fn checked(path: String) -> Result<String, Answer> {
    let odd = path.split('/').any(|part| part == "..") || path.starts_with('/') || path.contains('\\');
    if odd { Err(invalid("Invalid path")) } else { Ok(path) }
}
