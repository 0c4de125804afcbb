//! What a tracking server knows, and how a test builds it and looks at it.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::rows::{Dataset, Experiment, LoggedModel, ModelVersion, Pairs, Point, Registered, Run, User, files, get, put, stored};
use super::spec::{ModelSpec, RunSpec};

/// When the first run of a world begins: 2023-11-14 22:13:20 UTC.
const EPOCH: i64 = 1_700_000_000_000;
const MINUTE: i64 = 60_000;

/// Which MLflow a fake behaves like, on an SQLite store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Version {
    /// 2.22.5.
    Old,
    /// 3.17.2.
    #[default]
    New,
}

impl Version {
    /// What `GET /version` answers.
    pub fn number(self) -> &'static str {
        match self {
            Self::Old => "2.22.5",
            Self::New => "3.17.2",
        }
    }
}

/// Everything that a fake MLflow holds. The methods that build it panic where what they build on is not there.
#[derive(Debug, Clone, Default)]
pub struct World {
    pub(crate) version: Version,
    pub(crate) experiments: Vec<Experiment>,
    pub(crate) runs: Vec<Run>,
    pub(crate) logged: Vec<LoggedModel>,
    pub(crate) models: BTreeMap<String, Registered>,
    pub(crate) users: Vec<User>,
    pub(crate) token: Option<String>,
    pub(crate) prefix: String,
    /// The host names, with port, that MLflow 3 answers under; empty for those of private networks.
    pub(crate) hosts: Vec<String>,
    serial: u64,
}

impl World {
    pub(crate) fn new(version: Version) -> Self {
        let default = Experiment { id: "0".into(), name: "Default".into(), deleted: false, tags: Vec::new(), created: EPOCH };
        Self { version, experiments: vec![default], ..Self::default() }
    }

    /// Makes an experiment; its id.
    pub fn experiment(&mut self, name: &str) -> String {
        let (id, created) = (self.experiments.len().to_string(), self.tick());
        self.experiments.push(Experiment { id: id.clone(), name: name.to_owned(), deleted: false, tags: Vec::new(), created });
        id
    }

    /// Sets a tag of an experiment.
    pub fn tag_experiment(&mut self, id: &str, key: &str, value: &str) {
        let experiment = self.experiments.iter_mut().find(|experiment| experiment.id == id);
        put(&mut experiment.unwrap_or_else(|| panic!("there is no experiment {id}")).tags, key, value);
    }

    /// Deletes an experiment; its runs stay.
    pub fn delete_experiment(&mut self, id: &str) {
        self.experiments.iter_mut().filter(|experiment| experiment.id == id).for_each(|experiment| experiment.deleted = true);
    }

    /// Makes a run; its id.
    pub fn run(&mut self, experiment: &str, spec: RunSpec<'_>) -> String {
        assert!(self.experiments.iter().any(|known| known.id == experiment), "there is no experiment {experiment}");
        let id = if spec.id.is_empty() { self.id("run") } else { spec.id.to_owned() };
        let newest = self.runs.iter().map(|run| run.started).max();
        let started = if spec.started == 0 { newest.map_or(EPOCH, |newest| newest + MINUTE) } else { spec.started };
        let ended = if spec.ended == 0 { started + 5 * MINUTE } else { spec.ended };
        let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect::<Pairs>();
        let git = [("mlflow.source.git.branch", spec.branch), ("mlflow.source.git.commit", spec.commit)];
        let mut tags = pairs(&git.into_iter().filter(|(_, value)| !value.is_empty()).collect::<Vec<_>>());
        spec.tags.iter().for_each(|(key, value)| put(&mut tags, key, value));
        if !spec.parent.is_empty() {
            put(&mut tags, "mlflow.parentRunId", spec.parent);
        }
        put(&mut tags, "mlflow.runName", spec.name);
        let user = get(&tags, "mlflow.user").unwrap_or("ci").to_owned();
        let mut run = Run {
            id: id.clone(),
            name: spec.name.to_owned(),
            experiment: experiment.to_owned(),
            status: spec.status.to_owned(),
            started,
            ended: (!matches!(spec.status, "RUNNING" | "SCHEDULED")).then_some(ended),
            user,
            deleted: spec.deleted,
            points: Vec::new(),
            params: pairs(spec.params),
            tags,
            datasets: spec.datasets.iter().map(|dataset| Dataset::new(*dataset)).collect(),
            artifacts: files(spec.artifacts),
        };
        spec.points.iter().for_each(|(key, value, step, after)| run.log(key, *value, *step, started + after));
        spec.metrics.iter().for_each(|(key, value)| run.log(key, *value, 0, started + 1000));
        let metrics: Vec<_> = run.latest().iter().map(|point| (point.key.clone(), point.value)).collect();
        self.runs.push(run);
        for name in spec.models {
            let metrics: Vec<_> = metrics.iter().map(|(key, value)| (key.as_str(), *value, "", "")).collect();
            self.log_model(&id, ModelSpec { name, metrics: &metrics, params: spec.params, ..ModelSpec::default() });
        }
        id
    }

    /// Logs a model with a run; the model's id with MLflow 3, its folder among the run's artifacts with MLflow 2.
    pub fn log_model(&mut self, run: &str, spec: ModelSpec<'_>) -> String {
        let (id, created) = (if spec.id.is_empty() { format!("m-{}", self.id("model")) } else { spec.id.to_owned() }, self.tick());
        let version = self.version;
        let run = self.run_mut(run);
        if version == Version::Old {
            run.artifacts.insert(format!("{}/MLmodel", spec.name), b"flavors: {}\n".to_vec());
            let history = format!(r#"[{{"run_id": "{}", "artifact_path": "{}"}}]"#, run.id, spec.name);
            put(&mut run.tags, "mlflow.log-model.history", &history);
            return spec.name.to_owned();
        }
        let point = |key: &str, value| Point { key: key.to_owned(), value: stored(value), step: 0, time: run.started + 1000 };
        let dataset = |name: &str, digest: &str| (!name.is_empty()).then(|| (name.to_owned(), digest.to_owned()));
        let metrics = spec.metrics.iter().map(|(key, value, name, digest)| (point(key, *value), dataset(name, digest))).collect();
        let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let (params, tags) = (pairs(spec.params), pairs(spec.tags));
        let (experiment, run) = (run.experiment.clone(), run.id.clone());
        let (name, artifacts) = (spec.name.to_owned(), files(spec.artifacts));
        self.logged.push(LoggedModel { id: id.clone(), name, experiment, run, created, metrics, params, tags, artifacts });
        id
    }

    /// Registers the model that a run logged, or the run's folder `model`; the new version. The registered model is made if
    /// need be. A run may be empty: such a version knows none.
    pub fn register(&mut self, model: &str, run: &str) -> u64 {
        let created = self.tick();
        let source = match self.logged.iter().rev().find(|logged| logged.run == run) {
            Some(logged) => format!("models:/{}", logged.id),
            None if run.is_empty() => format!("s3://models/{model}"),
            None => format!("{}/model", self.run_mut(run).artifact_uri()),
        };
        let registered = self.models.entry(model.to_owned()).or_insert_with(|| Registered { created, ..Registered::default() });
        let number = registered.versions.keys().last().map_or(1, |last| last + 1);
        let version = ModelVersion {
            run: run.to_owned(),
            source,
            stage: "None".to_owned(),
            description: String::new(),
            tags: Vec::new(),
            created,
            updated: created,
        };
        registered.versions.insert(number, version);
        number
    }

    /// Makes an alias, or moves it.
    pub fn alias(&mut self, model: &str, alias: &str, version: u64) {
        self.version_mut(model, version);
        self.registered_mut(model).aliases.insert(alias.to_owned(), version);
    }

    /// Takes an alias away.
    pub fn unalias(&mut self, model: &str, alias: &str) {
        self.registered_mut(model).aliases.remove(alias);
    }

    /// Puts a version into a stage: `Production`.
    pub fn stage(&mut self, model: &str, version: u64, stage: &str) {
        self.version_mut(model, version).stage = stage.to_owned();
    }

    /// Sets a tag of a version.
    pub fn tag_version(&mut self, model: &str, version: u64, key: &str, value: &str) {
        put(&mut self.version_mut(model, version).tags, key, value);
    }

    /// Sets a tag of a registered model.
    pub fn tag_model(&mut self, model: &str, key: &str, value: &str) {
        put(&mut self.registered_mut(model).tags, key, value);
    }

    /// Describes a registered model.
    pub fn describe(&mut self, model: &str, description: &str) {
        description.clone_into(&mut self.registered_mut(model).description);
    }

    /// Takes a version away, and the aliases that lead to it.
    pub fn delete_version(&mut self, model: &str, version: u64) {
        let registered = self.registered_mut(model);
        registered.versions.remove(&version);
        registered.aliases.retain(|_, target| *target != version);
    }

    /// Gives a run one more tag, or another value to one.
    pub fn tag_run(&mut self, run: &str, key: &str, value: &str) {
        put(&mut self.run_mut(run).tags, key, value);
    }

    /// Logs one more point of a metric.
    pub fn log_metric(&mut self, run: &str, key: &str, value: f64, step: i64, time: i64) {
        self.run_mut(run).log(key, value, step, time);
    }

    /// The version that an alias leads to.
    pub fn alias_of(&self, model: &str, alias: &str) -> Option<u64> {
        self.models.get(model)?.aliases.get(alias).copied()
    }

    /// All aliases of a registered model.
    pub fn aliases(&self, model: &str) -> BTreeMap<String, u64> {
        self.models.get(model).map(|registered| registered.aliases.clone()).unwrap_or_default()
    }

    /// The tags of a version.
    pub fn version_tags(&self, model: &str, version: u64) -> BTreeMap<String, String> {
        let version = self.models.get(model).and_then(|registered| registered.versions.get(&version));
        version.map(|version| version.tags.iter().cloned().collect()).unwrap_or_default()
    }

    /// The tags of a registered model.
    pub fn model_tags(&self, model: &str) -> BTreeMap<String, String> {
        self.models.get(model).map(|registered| registered.tags.iter().cloned().collect()).unwrap_or_default()
    }

    /// The stage of a version.
    pub fn stage_of(&self, model: &str, version: u64) -> Option<String> {
        Some(self.models.get(model)?.versions.get(&version)?.stage.clone())
    }

    /// The id of the newest run of this name.
    pub fn run_named(&self, name: &str) -> Option<String> {
        self.runs.iter().rev().find(|run| run.name == name).map(|run| run.id.clone())
    }

    /// The ids of the models that a run logged.
    pub fn models_of(&self, run: &str) -> Vec<String> {
        self.logged.iter().filter(|model| model.run == run).map(|model| model.id.clone()).collect()
    }

    /// A time that nobody had before, later than all runs of a small world.
    pub(crate) fn tick(&mut self) -> i64 {
        self.serial += 1;
        EPOCH + 10_000_000_000 + i64::try_from(self.serial).unwrap_or_default() * 1000
    }

    /// 32 hexadecimal digits, the same in every run of a test.
    pub(crate) fn id(&mut self, kind: &str) -> String {
        self.serial += 1;
        let hash = Sha256::digest(format!("{kind} {}", self.serial));
        hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    fn run_mut(&mut self, id: &str) -> &mut Run {
        self.runs.iter_mut().find(|run| run.id == id).unwrap_or_else(|| panic!("there is no run {id}"))
    }

    fn registered_mut(&mut self, model: &str) -> &mut Registered {
        self.models.get_mut(model).unwrap_or_else(|| panic!("there is no registered model {model}"))
    }

    fn version_mut(&mut self, model: &str, version: u64) -> &mut ModelVersion {
        let versions = &mut self.registered_mut(model).versions;
        versions.get_mut(&version).unwrap_or_else(|| panic!("{model} has no version {version}"))
    }
}
