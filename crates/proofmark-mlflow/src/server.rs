//! Speaks to a tracking server. Nothing that it says is believed before it is known to answer what was asked: MLflow answers
//! many wrong questions with status 200 and an empty object, and what stands in front of it may be a login page.

mod answers;
mod artifact;
mod filter;
mod number;
mod registry;
mod search;
mod wire;

use std::collections::BTreeMap;

use crate::model::{LoggedModel, ModelVersion, Which};
use crate::run::{Experiment, Point, Run};
use crate::settings::Access;
use crate::store::{Artifact, Found, Query, Store};
use crate::{Error, Registry};

use self::answers::{ExperimentAnswer, HistoryAnswer, LoggedModelAnswer, RunAnswer};
use self::wire::{Request, Wire};

/// Points of a metric that are asked for at once; older servers give all of them anyway.
const POINTS: usize = 25_000;
/// Pages of any list at most: an end that never comes is none.
const MOST_PAGES: usize = 200;

/// A tracking server.
#[derive(Debug)]
pub(crate) struct Server {
    wire: Wire,
}

impl Server {
    pub(crate) fn new(address: &str, access: &Access) -> Result<Self, Error> {
        Ok(Self { wire: Wire::new(address, access)? })
    }

    /// How many requests were sent so far, repeated ones included.
    #[cfg(test)]
    pub(crate) fn requests(&self) -> u32 {
        self.wire.requests()
    }

    /// Whether the server is of the time before MLflow 3, when there were no logged models.
    fn is_old(&self) -> Result<bool, Error> {
        let request = Request::get("version").at("/version");
        let text = self.wire.text(&request)?;
        let major = text.trim().split('.').next().and_then(|major| major.parse::<u32>().ok());
        major.map(|major| major < 3).ok_or_else(|| self.wire.strange(&request, "it is no version"))
    }
}

impl Store for Server {
    fn title(&self) -> &str {
        self.wire.address()
    }

    fn experiment(&self, name: &str) -> Result<Option<Experiment>, Error> {
        let request = Request::get("experiments/get-by-name").with("experiment_name", name);
        let Some(ExperimentAnswer { experiment }) = self.wire.found(&request)? else { return Ok(None) };
        if experiment.name != name {
            return Err(self.wire.strange(&request, "it is another experiment"));
        }
        Ok((experiment.lifecycle_stage != answers::DELETED).then_some(Experiment { id: experiment.experiment_id, name: experiment.name }))
    }

    fn search(&self, query: &Query) -> Result<Found, Error> {
        search::search(&self.wire, query)
    }

    fn values_at_once(&self) -> usize {
        search::MOST_FILTERS
    }

    fn run(&self, id: &str) -> Result<Option<Run>, Error> {
        let request = Request::get("runs/get").with("run_id", id);
        let Some(RunAnswer { run }) = self.wire.found(&request)? else { return Ok(None) };
        let run = run.into_run().map_err(|skipped| Error::Damaged { what: format!("run {}", skipped.run), why: skipped.reason })?;
        if run.id == id { Ok(Some(run)) } else { Err(self.wire.strange(&request, "it is another run")) }
    }

    fn history(&self, run: &Run, metric: &str) -> Result<Vec<Point>, Error> {
        let first = Request::get("metrics/get-history").with("run_id", &run.id).with("metric_key", metric);
        let first = first.with("max_results", &POINTS.to_string());
        let (mut points, mut request) = (Vec::new(), first.clone());
        for _ in 0..MOST_PAGES {
            let page: HistoryAnswer = self.wire.list(&request)?;
            if page.metrics.iter().any(|point| point.key != metric) {
                return Err(self.wire.strange(&request, "it tells of another metric"));
            }
            points.extend(page.metrics.iter().map(answers::Metric::point));
            match page.next_page_token.filter(|token| !token.is_empty()) {
                Some(token) if !page.metrics.is_empty() => request = first.clone().with("page_token", &token),
                _ => return Ok(points),
            }
        }
        Err(Error::TooLarge { what: format!("the history of `{}`", self.wire.clean(metric)), limit: (MOST_PAGES * POINTS) as u64 })
    }

    fn logged_model(&self, id: &str) -> Result<Option<LoggedModel>, Error> {
        // A part of a path: these would lead elsewhere.
        if matches!(id, "" | "." | "..") {
            return Ok(None);
        }
        let request = Request::get("logged-models").part(id);
        match self.wire.found::<LoggedModelAnswer>(&request) {
            Ok(Some(answer)) if answer.model.info.model_id == id => Ok(Some(answer.model.into_model())),
            Ok(Some(_)) => Err(self.wire.strange(&request, "it is another model")),
            Ok(None) => Ok(None),
            // An old server does not know the address.
            Err(error @ Error::Strange { .. }) => {
                if self.is_old()? {
                    Ok(None)
                } else {
                    Err(error)
                }
            }
            Err(error) => Err(error),
        }
    }

    fn artifact(&self, run: &Run, path: &str, limit: u64) -> Result<Option<Artifact>, Error> {
        artifact::read(&self.wire, run, path, limit)
    }

    fn model_version(&self, model: &str, which: &Which) -> Result<Option<ModelVersion>, Error> {
        registry::version(&self.wire, model, which)
    }

    fn versions_of_run(&self, model: &str, run: &str) -> Result<Vec<ModelVersion>, Error> {
        registry::versions_of_run(&self.wire, model, run)
    }

    fn run_url(&self, run: &Run) -> Option<String> {
        let part = proofmark_http::api::escaped;
        Some(format!("{}/#/experiments/{}/runs/{}", self.wire.address(), part(&run.experiment), part(&run.id)))
    }
}

impl Registry for Server {
    fn model_tags(&self, model: &str) -> Result<BTreeMap<String, String>, Error> {
        registry::model(&self.wire, model).map(|model| answers::texts(model.tags))
    }

    fn set_alias(&self, model: &str, alias: &str, version: u64) -> Result<(), Error> {
        let body = serde_json::json!({"name": model, "alias": alias, "version": version.to_string()});
        registry::write(&self.wire, model, &Request::post("registered-models/alias", body))
    }

    fn delete_alias(&self, model: &str, alias: &str) -> Result<(), Error> {
        let body = serde_json::json!({"name": model, "alias": alias});
        registry::write(&self.wire, model, &Request::delete("registered-models/alias", body))
    }

    fn set_version_tag(&self, model: &str, version: u64, key: &str, value: &str) -> Result<(), Error> {
        let body = serde_json::json!({"name": model, "version": version.to_string(), "key": key, "value": value});
        registry::write(&self.wire, model, &Request::post("model-versions/set-tag", body))
    }

    fn set_model_tag(&self, model: &str, key: &str, value: &str) -> Result<(), Error> {
        let body = serde_json::json!({"name": model, "key": key, "value": value});
        registry::write(&self.wire, model, &Request::post("registered-models/set-tag", body))
    }

    fn set_stage(&self, model: &str, version: u64, stage: &str, archive: bool) -> Result<(), Error> {
        registry::set_stage(&self.wire, model, version, stage, archive)
    }
}

#[cfg(test)]
mod tests;
