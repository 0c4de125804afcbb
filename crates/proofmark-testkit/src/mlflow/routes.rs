//! Which path is whose.

use serde_json::json;

use super::call::{Call, finished, page, plain};
use super::world::{Version, World};
use super::{artifacts, guard, metrics, models, registry, runs, writes};
use crate::github::answer::{Answer, Outcome};
use crate::http::Request;
use crate::serving::{self, Served};

type Handler = fn(&mut World, &Call<'_>) -> Outcome;

/// Below `/api/2.0/mlflow/` and its twin for browsers.
const ROUTES: [(&str, &str, Handler); 35] = [
    ("GET", "experiments/get-by-name", runs::experiment_by_name),
    ("GET", "experiments/get", runs::experiment),
    ("POST", "experiments/create", runs::create_experiment),
    ("GET", "experiments/search", runs::search_experiments),
    ("POST", "experiments/search", runs::search_experiments),
    ("GET", "runs/get", runs::run),
    ("POST", "runs/search", runs::search_runs),
    ("POST", "runs/create", writes::create_run),
    ("POST", "runs/update", writes::update_run),
    ("POST", "runs/delete", writes::delete_run),
    ("POST", "runs/log-metric", writes::log_metric),
    ("POST", "runs/log-parameter", writes::log_parameter),
    ("POST", "runs/log-batch", writes::log_batch),
    ("POST", "runs/set-tag", writes::set_tag),
    ("GET", "metrics/get-history", metrics::history),
    ("GET", "metrics/get-history-bulk-interval", metrics::sampled),
    ("GET", "artifacts/list", artifacts::list),
    ("POST", "logged-models/search", models::search),
    ("GET", "registered-models/get", registry::model),
    ("POST", "registered-models/create", registry::create_model),
    ("GET", "registered-models/search", registry::search_models),
    ("POST", "registered-models/set-tag", registry::tag_model),
    ("DELETE", "registered-models/delete-tag", registry::untag_model),
    ("GET", "registered-models/alias", registry::by_alias),
    ("POST", "registered-models/alias", registry::set_alias),
    ("DELETE", "registered-models/alias", registry::delete_alias),
    ("POST", "registered-models/get-latest-versions", registry::latest_versions),
    ("GET", "registered-models/get-latest-versions", registry::latest_versions),
    ("GET", "model-versions/get", registry::version),
    ("POST", "model-versions/create", registry::create_version),
    ("GET", "model-versions/search", registry::search_versions),
    ("POST", "model-versions/set-tag", registry::tag_version),
    ("DELETE", "model-versions/delete-tag", registry::untag_version),
    ("POST", "model-versions/transition-stage", registry::set_stage),
    ("GET", "model-versions/get-download-uri", registry::download_uri),
];

impl Served for World {
    fn handle(&mut self, request: &Request) -> Answer {
        let version = self.version;
        finished(answer(self, request).unwrap_or_else(|refusal| refusal), version)
    }

    /// JSON as MLflow sends it.
    fn sent(answer: Answer) -> Answer {
        serving::plain(answer)
    }
}

fn answer(world: &mut World, request: &Request) -> Outcome {
    let path = request.path.strip_prefix(world.prefix.as_str()).ok_or_else(|| page(404))?;
    let version = world.version;
    if path == "/health" {
        let kind = if version == Version::New { "text/plain; charset=utf-8" } else { "text/html; charset=utf-8" };
        return Ok(plain(200, kind, "OK"));
    }
    guard::check(world, request, path)?;
    let roots = ["/version", "/get-artifact", "/api/3.0/mlflow/server-info", "/ajax-api/2.0/mlflow/metrics/get-history-bulk"];
    if roots.contains(&path) && request.method != "GET" {
        return Err(page(405));
    }
    match path {
        "/version" => return Ok(plain(200, "text/html; charset=utf-8", version.number())),
        "/get-artifact" => return artifacts::bytes(world, &Call::new(request, version)?),
        "/api/3.0/mlflow/server-info" if version == Version::New => {
            return Ok(Answer::ok(json!({"store_type": "SqlStore", "workspaces_enabled": false})));
        }
        "/ajax-api/2.0/mlflow/metrics/get-history-bulk" => return metrics::bulk(world, &Call::new(request, version)?),
        _ => {}
    }
    let below = |root: &str| path.strip_prefix("/api").or_else(|| path.strip_prefix("/ajax-api"))?.strip_prefix(root);
    if let Some(rest) = below("/2.0/mlflow-artifacts/artifacts/").filter(|_| request.method == "GET") {
        return artifacts::proxied(world, &Call::new(request, version)?, rest);
    }
    let Some(name) = below("/2.0/mlflow/") else {
        return Err(page(404));
    };
    let known: Vec<_> = ROUTES.iter().filter(|(_, known, _)| *known == name).collect();
    if let Some((_, _, handler)) = known.iter().find(|(method, _, _)| *method == request.method) {
        return handler(world, &Call::new(request, version)?);
    }
    match name.strip_prefix("logged-models/") {
        Some(_) if known.is_empty() && version == Version::Old => Err(page(404)),
        Some(_) if known.is_empty() && request.method != "GET" => Err(page(405)),
        Some(rest) if known.is_empty() => models::one(world, &Call::new(request, version)?, rest),
        _ => Err(page(if known.is_empty() { 404 } else { 405 })),
    }
}
