//! Which path is whose, and who is let in.

use super::call::{Call, other, refuse};
use super::world::{Form, Guard, World};
use super::{entities, find, reads, writes};
use crate::github::answer::{Answer, Outcome};
use crate::github::traffic::Recorded;
use crate::http::Request;
use crate::serving::{self, Served};

type Handler = fn(&mut World, &Call) -> Outcome;

/// What the web front end answers to every path that it does not know.
const PAGE: &str = "<!doctype html><html lang=\"en\"><head><title>ModelDB</title></head><body><div id=\"root\"></div></body></html>";

/// Below `/v1/`.
const ROUTES: [(&str, &str, Handler); 54] = [
    ("GET", "project/verifyConnection", entities::verify),
    ("GET", "project/getProjectByName", entities::project_by_name),
    ("GET", "project/getProjectById", entities::project),
    ("GET", "project/getProjects", entities::projects),
    ("POST", "project/createProject", entities::create_project),
    ("GET", "experiment/getExperimentByName", entities::experiment_by_name),
    ("GET", "experiment/getExperimentById", entities::experiment),
    ("GET", "experiment/getExperimentsInProject", entities::experiments),
    ("POST", "experiment/createExperiment", entities::create_experiment),
    ("POST", "dataset/createDataset", entities::create_dataset),
    ("GET", "dataset/getDatasetByName", entities::dataset_by_name),
    ("GET", "dataset/getDatasetById", entities::dataset),
    ("POST", "dataset-version/createDatasetVersion", entities::create_version),
    ("GET", "dataset-version/getDatasetVersionById", entities::version),
    ("GET", "dataset-version/getLatestDatasetVersionByDatasetId", entities::latest_version),
    ("POST", "experiment-run/findExperimentRuns", find::find),
    ("GET", "experiment-run/getExperimentRunsInProject", find::in_project),
    ("GET", "experiment-run/getExperimentRunsInExperiment", find::in_experiment),
    ("GET", "experiment-run/getExperimentRunById", reads::by_id),
    ("GET", "experiment-run/getExperimentRunByName", reads::by_name),
    ("GET", "experiment-run/getMetrics", reads::metrics),
    ("GET", "experiment-run/getHyperparameters", reads::hyperparameters),
    ("GET", "experiment-run/getAttributes", reads::attributes),
    ("GET", "experiment-run/getExperimentRunTags", reads::tags),
    ("GET", "experiment-run/getObservations", reads::observations),
    ("GET", "experiment-run/getArtifacts", reads::artifacts),
    ("GET", "experiment-run/getDatasets", reads::datasets),
    ("GET", "experiment-run/getExperimentRunCodeVersion", reads::code_version),
    ("POST", "experiment-run/createExperimentRun", writes::create_run),
    ("POST", "experiment-run/logMetric", writes::log_metric),
    ("POST", "experiment-run/logMetrics", writes::log_metrics),
    ("POST", "experiment-run/logHyperparameter", writes::log_hyperparameter),
    ("POST", "experiment-run/logHyperparameters", writes::log_hyperparameters),
    ("POST", "experiment-run/logAttribute", writes::log_attribute),
    ("POST", "experiment-run/logAttributes", writes::log_attributes),
    ("POST", "experiment-run/addExperimentRunAttributes", writes::log_attributes),
    ("POST", "experiment-run/logObservation", writes::log_observation),
    ("POST", "experiment-run/logObservations", writes::log_observations),
    ("POST", "experiment-run/logArtifact", writes::log_artifact),
    ("POST", "experiment-run/logArtifacts", writes::log_artifacts),
    ("POST", "experiment-run/logDataset", writes::log_dataset),
    ("POST", "experiment-run/logDatasets", writes::log_datasets),
    ("POST", "experiment-run/addExperimentRunTag", writes::add_tag),
    ("POST", "experiment-run/addExperimentRunTags", writes::add_tags),
    ("POST", "experiment-run/logExperimentRunCodeVersion", writes::log_code_version),
    ("POST", "experiment-run/updateExperimentRunDescription", writes::describe),
    ("DELETE", "experiment-run/deleteExperimentRunTag", writes::delete_tag),
    ("DELETE", "experiment-run/deleteExperimentRunTags", writes::delete_tags),
    ("DELETE", "experiment-run/deleteMetrics", writes::delete_metrics),
    ("DELETE", "experiment-run/deleteHyperparameters", writes::delete_hyperparameters),
    ("DELETE", "experiment-run/deleteExperimentRunAttributes", writes::delete_attributes),
    ("DELETE", "experiment-run/deleteObservations", writes::delete_observations),
    ("DELETE", "experiment-run/deleteExperimentRun", writes::delete_run),
    ("DELETE", "experiment-run/deleteExperimentRuns", writes::delete_runs),
];

impl Served for World {
    fn handle(&mut self, request: &Request) -> Answer {
        let prefix = match self.form {
            Form::FrontEnd => "/api/v1/modeldb/",
            Form::Proxy => "/v1/",
        };
        let Some(name) = request.path.strip_prefix(prefix) else {
            return match self.form {
                Form::FrontEnd => other(200, "text/html; charset=UTF-8", PAGE),
                Form::Proxy => not_found(),
            };
        };
        answer(self, request, name).unwrap_or_else(|refusal| refusal)
    }

    /// JSON as the gateway sends it.
    fn sent(answer: Answer) -> Answer {
        serving::plain(answer)
    }

    fn hide(recorded: &mut Recorded) {
        for (name, value) in recorded.headers.iter_mut().filter(|(name, _)| is_secret(name)) {
            recorded.authorized |= !name.is_empty();
            "***".clone_into(value);
        }
    }
}

fn answer(world: &mut World, request: &Request, name: &str) -> Outcome {
    let mut known = ROUTES.iter().filter(|(_, known, _)| *known == name).peekable();
    if known.peek().is_none() {
        return Err(not_found());
    }
    let Some((_, _, handler)) = known.find(|(method, _, _)| *method == request.method) else {
        return Err(other(405, "text/plain; charset=utf-8", "Method Not Allowed\n"));
    };
    check(world, request)?;
    handler(world, &Call::new(request)?)
}

/// As the gateway's own code answers, in plain text.
fn not_found() -> Answer {
    other(404, "text/plain; charset=utf-8", "Not Found\n")
}

fn check(world: &World, request: &Request) -> Result<(), Answer> {
    if world.guards.is_empty() {
        return Ok(());
    }
    let header = |name: &str| {
        let plain = if world.drops_underscores { None } else { request.header(&format!("grpc-metadata-{}", name.replace('-', "_"))) };
        plain.or_else(|| request.header(&format!("grpc-metadata-{name}")))
    };
    let lets_in = |guard: &Guard| match guard {
        Guard::Key { email, key } => header("email") == Some(email) && header("developer-key") == Some(key) && header("source").is_some(),
        Guard::Token { token, signature } => {
            header("bearer-access-token") == Some(token)
                && header("bearer-access-token-sig").unwrap_or_default() == signature
                && header("source") == Some("JWT")
        }
    };
    if world.guards.iter().any(lets_in) { Ok(()) } else { Err(refuse(16, "Unauthenticated: the credentials are missing or wrong")) }
}

fn is_secret(header: &str) -> bool {
    let name = header.replace('_', "-");
    name.starts_with("grpc-metadata-developer") || name.starts_with("grpc-metadata-bearer")
}
