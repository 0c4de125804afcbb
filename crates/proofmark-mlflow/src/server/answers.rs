//! The parts of MLflow's answers that are used. Unset fields and empty lists are left out of them.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::{LoggedModel, ModelMetric, ModelVersion};
use crate::run::{Dataset, Point, Run, Status};
use crate::store::Skipped;

use super::number::{Real, Whole};
use super::wire::Listed;

/// The stage in the life of an experiment or run that is there no more.
pub(super) const DELETED: &str = "deleted";
/// The tag of a dataset that says what it was read for.
const CONTEXT: &str = "mlflow.data.context";

#[derive(Deserialize)]
pub(super) struct ExperimentAnswer {
    pub(super) experiment: ExperimentJson,
}

#[derive(Deserialize)]
pub(super) struct ExperimentJson {
    pub(super) experiment_id: String,
    pub(super) name: String,
    #[serde(default)]
    pub(super) lifecycle_stage: String,
}

#[derive(Deserialize)]
pub(super) struct RunAnswer {
    pub(super) run: RunJson,
}

#[derive(Deserialize)]
pub(super) struct RunsAnswer {
    #[serde(default)]
    pub(super) runs: Vec<RunJson>,
    pub(super) next_page_token: Option<String>,
}

impl Listed for RunsAnswer {
    fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.next_page_token.is_none()
    }
}

#[derive(Deserialize)]
pub(super) struct HistoryAnswer {
    #[serde(default)]
    pub(super) metrics: Vec<Metric>,
    pub(super) next_page_token: Option<String>,
}

impl Listed for HistoryAnswer {
    fn is_empty(&self) -> bool {
        self.metrics.is_empty() && self.next_page_token.is_none()
    }
}

#[derive(Deserialize)]
pub(super) struct RunJson {
    info: Info,
    #[serde(default)]
    data: Data,
    #[serde(default)]
    inputs: Inputs,
    #[serde(default)]
    outputs: Outputs,
}

#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    run_id: String,
    #[serde(default)]
    run_uuid: String,
    #[serde(default)]
    run_name: String,
    experiment_id: String,
    status: String,
    start_time: Option<Whole>,
    end_time: Option<Whole>,
    #[serde(default)]
    artifact_uri: String,
    #[serde(default)]
    lifecycle_stage: String,
}

#[derive(Deserialize, Default)]
struct Data {
    #[serde(default)]
    metrics: Vec<Metric>,
    #[serde(default)]
    params: Vec<Text>,
    #[serde(default)]
    tags: Vec<Text>,
}

/// A key and its text.
#[derive(Deserialize)]
pub(super) struct Text {
    key: String,
    #[serde(default)]
    value: String,
}

/// A logged value. Protocol buffers leave out what is nothing, so an absent step is step 0; a value is always there.
#[derive(Deserialize)]
pub(super) struct Metric {
    pub(super) key: String,
    value: Real,
    #[serde(default)]
    timestamp: Whole,
    #[serde(default)]
    step: Whole,
    #[serde(default)]
    dataset_name: String,
    #[serde(default)]
    dataset_digest: String,
}

impl Metric {
    pub(super) fn point(&self) -> Point {
        Point::new(self.value.0, self.step.0, self.timestamp.0)
    }
}

#[derive(Deserialize, Default)]
struct Inputs {
    #[serde(default)]
    dataset_inputs: Vec<DatasetInput>,
}

#[derive(Deserialize)]
struct DatasetInput {
    #[serde(default)]
    tags: Vec<Text>,
    dataset: DatasetJson,
}

#[derive(Deserialize)]
struct DatasetJson {
    #[serde(default)]
    name: String,
    #[serde(default)]
    digest: String,
}

#[derive(Deserialize, Default)]
struct Outputs {
    #[serde(default)]
    model_outputs: Vec<ModelOutput>,
}

#[derive(Deserialize)]
struct ModelOutput {
    #[serde(default)]
    model_id: String,
}

impl RunJson {
    pub(super) fn into_run(self) -> Result<Run, Skipped> {
        let info = self.info;
        let id = if info.run_id.is_empty() { info.run_uuid } else { info.run_id };
        let Some(status) = Status::from_name(&info.status) else {
            return Err(Skipped { run: id, reason: format!("its status `{}` is not known", crate::error::clean(&info.status, &[])) });
        };
        let mut run = Run::new(id, info.experiment_id);
        run.name = info.run_name;
        run.status = status;
        run.started = info.start_time.map(|time| time.0);
        // A run that goes on has an end of 0 in some answers.
        run.ended = info.end_time.map(|time| time.0).filter(|time| *time != 0);
        run.artifacts = info.artifact_uri;
        run.deleted = info.lifecycle_stage == DELETED;
        for metric in self.data.metrics {
            let point = metric.point();
            let known = run.metrics.entry(metric.key).or_insert(point);
            if point.is_later_than(known) {
                *known = point;
            }
        }
        run.params = texts(self.data.params);
        run.tags = texts(self.data.tags);
        run.datasets = self.inputs.dataset_inputs.into_iter().map(DatasetInput::into_dataset).collect();
        run.datasets.sort();
        run.models = self.outputs.model_outputs.into_iter().map(|output| output.model_id).filter(|id| !id.is_empty()).collect();
        Ok(run)
    }
}

impl DatasetInput {
    fn into_dataset(self) -> Dataset {
        let context = self.tags.into_iter().find(|tag| tag.key == CONTEXT).map(|tag| tag.value);
        Dataset { name: self.dataset.name, digest: self.dataset.digest, context }
    }
}

#[derive(Deserialize)]
pub(super) struct LoggedModelAnswer {
    pub(super) model: LoggedModelJson,
}

#[derive(Deserialize)]
pub(super) struct LoggedModelJson {
    pub(super) info: LoggedModelInfo,
    #[serde(default)]
    data: Data,
}

#[derive(Deserialize)]
pub(super) struct LoggedModelInfo {
    pub(super) model_id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    source_run_id: String,
    #[serde(default)]
    tags: Vec<Text>,
}

impl LoggedModelJson {
    pub(super) fn into_model(self) -> LoggedModel {
        let mut latest: BTreeMap<(String, Option<(String, String)>), Point> = BTreeMap::new();
        for metric in self.data.metrics {
            let point = metric.point();
            let dataset = (!metric.dataset_name.is_empty()).then_some((metric.dataset_name, metric.dataset_digest));
            let known = latest.entry((metric.key, dataset)).or_insert(point);
            if point.is_later_than(known) {
                *known = point;
            }
        }
        let metrics = latest.into_iter().map(|((name, dataset), point)| ModelMetric { name, value: point.value, dataset });
        LoggedModel {
            id: self.info.model_id,
            name: self.info.name,
            run: Some(self.info.source_run_id).filter(|run| !run.is_empty()),
            metrics: metrics.collect(),
            params: texts(self.data.params),
            tags: texts(self.info.tags),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct ModelAnswer {
    pub(super) registered_model: ModelJson,
}

#[derive(Deserialize)]
pub(super) struct ModelJson {
    pub(super) name: String,
    #[serde(default)]
    pub(super) latest_versions: Vec<VersionJson>,
    #[serde(default)]
    pub(super) aliases: Vec<Alias>,
    #[serde(default)]
    pub(super) tags: Vec<Text>,
}

#[derive(Deserialize)]
pub(super) struct Alias {
    pub(super) alias: String,
    pub(super) version: Whole,
}

#[derive(Deserialize)]
pub(super) struct VersionAnswer {
    pub(super) model_version: VersionJson,
}

#[derive(Deserialize)]
pub(super) struct VersionsAnswer {
    #[serde(default)]
    pub(super) model_versions: Vec<VersionJson>,
    pub(super) next_page_token: Option<String>,
}

impl Listed for VersionsAnswer {
    fn is_empty(&self) -> bool {
        self.model_versions.is_empty() && self.next_page_token.is_none()
    }
}

#[derive(Deserialize)]
pub(super) struct VersionJson {
    name: String,
    version: Whole,
    #[serde(default)]
    run_id: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    current_stage: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    tags: Vec<Text>,
}

impl VersionJson {
    /// `None` for a number that no version has.
    pub(super) fn into_version(self) -> Option<ModelVersion> {
        let logged_model = self.source.strip_prefix("models:/").filter(|id| id.starts_with("m-") && !id.contains(['/', '@']));
        Some(ModelVersion {
            version: u64::try_from(self.version.0).ok().filter(|version| *version > 0)?,
            model: self.name,
            run: Some(self.run_id).filter(|run| !run.is_empty()),
            logged_model: logged_model.map(str::to_owned),
            source: self.source,
            status: self.status,
            stage: Some(self.current_stage).filter(|stage| !stage.is_empty()),
            aliases: self.aliases,
            tags: texts(self.tags),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct FilesAnswer {
    #[serde(default)]
    pub(super) files: Vec<FileJson>,
    pub(super) next_page_token: Option<String>,
    pub(super) root_uri: Option<String>,
}

impl Listed for FilesAnswer {
    fn is_empty(&self) -> bool {
        self.files.is_empty() && self.root_uri.is_none()
    }
}

#[derive(Deserialize)]
pub(super) struct FileJson {
    pub(super) path: String,
    #[serde(default)]
    pub(super) is_dir: bool,
    pub(super) file_size: Option<Whole>,
}

pub(super) fn texts(texts: Vec<Text>) -> BTreeMap<String, String> {
    texts.into_iter().map(|text| (text.key, text.value)).collect()
}
