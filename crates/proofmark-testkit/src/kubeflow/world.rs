//! What the services of a Kubeflow know, and how a test builds it and looks at it.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::auth::Auth;
use super::kserve::Service;
use super::registry::Registry;
use super::rows::{Experiment, Pipeline, PipelineVersion, Recurring, Run};
use super::spec::{RunSpec, Script, State};
use super::yaml;

/// When a world begins: 2026-01-01 00:00:00 UTC.
const EPOCH: i64 = 1_767_225_600;
const MINUTE: i64 = 60;

/// Where a server of Kubeflow Pipelines keeps the metrics of runs, and how it says errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Version {
    /// 2.0.5, where metrics are only in the API of version 1, errors are of the old form, and unknown fields are taken.
    V1,
    /// 2.17.0, where metrics are only in the metadata store.
    #[default]
    Mlmd,
    /// What comes after the removal of the metadata store: artifacts and tasks in the API itself.
    Artifacts,
}

impl Version {
    /// What `healthz` tells.
    pub fn tag(self) -> &'static str {
        match self {
            Self::V1 => "2.0.5",
            Self::Mlmd => "2.17.0",
            Self::Artifacts => "2.18.0",
        }
    }

    pub(crate) fn old_errors(self) -> bool {
        self == Self::V1
    }
}

/// Everything that a fake Kubeflow holds. The methods that build it panic where what they build on is not there.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// What the pipelines' server is like.
    pub version: Version,
    /// The details of errors are of the kind that the oldest servers of version 2 gave, where errors are of the old form.
    pub own_details: bool,
    /// Namespaces matter, and each caller has to be somebody.
    pub multi_user: bool,
    /// Who may use which namespaces, in multi-user mode.
    pub members: BTreeMap<String, Vec<String>>,
    /// Who is let in.
    pub auth: Auth,
    /// What runs do that are created from now on, where `scripts` has nothing.
    pub script: Script,
    /// What the next runs do, one after the other.
    pub scripts: VecDeque<Script>,
    /// Everything but the Kubernetes API lies below this path as well, such as `/pipeline`.
    pub prefix: String,
    /// The models and their versions.
    pub registry: Registry,
    /// The inference services, by namespace and name.
    pub services: BTreeMap<(String, String), Service>,
    /// The clock of the real world instead of one that goes on by a second with each change.
    pub real_time: bool,
    pub(crate) experiments: Vec<Experiment>,
    pub(crate) pipelines: Vec<Pipeline>,
    pub(crate) versions: Vec<PipelineVersion>,
    pub(crate) runs: Vec<Run>,
    pub(crate) recurring: Vec<Recurring>,
    by_id: HashMap<String, usize>,
    serial: u64,
    elapsed: i64,
    executions: i64,
    artifacts: i64,
    /// Counts the changes of the cluster.
    pub(crate) revisions: u64,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { prefix: "/pipeline".to_owned(), ..Self::default() }
    }

    /// Makes an experiment; its id.
    pub fn experiment(&mut self, name: &str) -> String {
        self.experiment_in(name, "")
    }

    /// The same in a namespace.
    pub fn experiment_in(&mut self, name: &str, namespace: &str) -> String {
        let (id, created) = (self.id("experiment"), self.tick());
        let (name, namespace) = (name.to_owned(), namespace.to_owned());
        let experiment = Experiment { id: id.clone(), name, description: String::new(), namespace, created, archived: false, last_run: 0 };
        self.experiments.push(experiment);
        id
    }

    /// Uploads a compiled pipeline; the ids of the pipeline and of its first version, which has the same name.
    pub fn pipeline(&mut self, name: &str, compiled: &str) -> (String, String) {
        let spec = yaml::read_pipeline(compiled).unwrap_or_else(|error| panic!("the pipeline cannot be read: {error}"));
        self.add_pipeline(name, "", spec)
    }

    /// Adds a version to a pipeline; its id.
    pub fn pipeline_version(&mut self, pipeline: &str, name: &str, compiled: &str) -> String {
        let spec = yaml::read_pipeline(compiled).unwrap_or_else(|error| panic!("the pipeline cannot be read: {error}"));
        self.add_version(pipeline, name, spec)
    }

    pub(crate) fn add_pipeline(&mut self, name: &str, namespace: &str, spec: Value) -> (String, String) {
        let (id, created) = (self.id("pipeline"), self.tick());
        let pipeline = Pipeline {
            id: id.clone(),
            name: name.to_owned(),
            display_name: name.to_owned(),
            description: String::new(),
            namespace: namespace.to_owned(),
            created,
            tags: Map::new(),
        };
        self.pipelines.push(pipeline);
        let version = self.add_version(&id, name, spec);
        (id, version)
    }

    pub(crate) fn add_version(&mut self, pipeline: &str, name: &str, spec: Value) -> String {
        let (id, created) = (self.id("version"), self.tick());
        self.versions.push(PipelineVersion {
            id: id.clone(),
            pipeline: pipeline.to_owned(),
            name: name.to_owned(),
            display_name: name.to_owned(),
            description: String::new(),
            created,
            source: String::new(),
            spec,
            tags: Map::new(),
        });
        id
    }

    /// Makes a run; its id. It is over, unless the spec says that it is live.
    pub fn run(&mut self, experiment: &str, spec: RunSpec) -> String {
        let known = self.experiments.iter().find(|known| known.id == experiment);
        let known = known.unwrap_or_else(|| panic!("there is no experiment {experiment}"));
        let namespace = known.namespace.clone();
        let newest = self.runs.last().map(|run| run.created);
        let created = if spec.created == 0 { newest.map_or(EPOCH + MINUTE, |newest| newest + MINUTE) } else { spec.created };
        let pipeline = self.versions.iter().find(|version| version.id == spec.version).map(|version| version.pipeline.clone());
        let mut run = self.blank(created);
        run.id = if spec.id.is_empty() { run.id } else { spec.id };
        run.name = spec.name;
        run.description = spec.description;
        experiment.clone_into(&mut run.experiment);
        run.namespace = namespace;
        run.pipeline = pipeline.unwrap_or_default();
        run.version = spec.version;
        let parameters = spec.parameters;
        run.runtime = (!parameters.is_empty()).then(|| Map::from_iter([("parameters".to_owned(), Value::Object(parameters))]));
        run.archived = spec.archived;
        run.recurring = spec.recurring;
        run.took = if spec.took == 0 { 5 * MINUTE } else { spec.took };
        run.script = spec.script;
        let live = spec.live;
        let id = self.add_run(run);
        if !live && let Some(run) = self.run_mut(&id) {
            run.play();
        }
        id
    }

    /// A run with nothing in it, waiting.
    pub(crate) fn blank(&mut self, created: i64) -> Run {
        Run {
            id: self.id("run"),
            serial: i64::try_from(self.runs.len()).unwrap_or(i64::MAX) + 1,
            name: String::new(),
            description: String::new(),
            experiment: String::new(),
            namespace: String::new(),
            pipeline: String::new(),
            version: String::new(),
            spec: Value::Null,
            runtime: None,
            service_account: "pipeline-runner".to_owned(),
            recurring: String::new(),
            plugins_input: None,
            created,
            finished: 0,
            state: State::Pending,
            history: vec![(created, State::Pending)],
            archived: false,
            script: Script::default(),
            end: Script::default().end,
            polls: 0,
            took: 0,
            first_execution: 0,
            first_artifact: 0,
        }
    }

    /// Puts a run in, with numbers for everything that its script names.
    pub(crate) fn add_run(&mut self, mut run: Run) -> String {
        run.end = run.script.end.clone();
        run.first_execution = self.executions + 1;
        run.first_artifact = self.artifacts + 1;
        self.executions += i64::try_from(run.script.tasks.len()).unwrap_or_default() + 1;
        let outputs: usize = run.script.tasks.iter().map(|task| task.outputs.len()).sum();
        self.artifacts += i64::try_from(outputs).unwrap_or_default();
        if let Some(experiment) = self.experiments.iter_mut().find(|experiment| experiment.id == run.experiment) {
            experiment.last_run = experiment.last_run.max(run.created);
        }
        let id = run.id.clone();
        self.by_id.insert(id.clone(), self.runs.len());
        self.runs.push(run);
        id
    }

    /// The state of a run, without a poll.
    pub fn state_of(&self, run: &str) -> Option<State> {
        self.run_of(run).map(|run| run.state)
    }

    /// The ids of the runs of this name, oldest first.
    pub fn runs_named(&self, name: &str) -> Vec<String> {
        self.runs.iter().filter(|run| run.name == name).map(|run| run.id.clone()).collect()
    }

    /// The parameters that a run was created with.
    pub fn parameters_of(&self, run: &str) -> Map<String, Value> {
        let runtime = self.run_of(run).and_then(|run| run.runtime.as_ref());
        runtime.and_then(|runtime| runtime.get("parameters")?.as_object()).cloned().unwrap_or_default()
    }

    /// The names of a pipeline's versions, oldest first.
    pub fn versions_of(&self, pipeline: &str) -> Vec<String> {
        self.versions.iter().filter(|version| version.pipeline == pipeline).map(|version| version.name.clone()).collect()
    }

    /// Ends a run at once.
    pub fn finish(&mut self, run: &str) {
        self.run_mut(run).unwrap_or_else(|| panic!("there is no run {run}")).play();
    }

    pub(crate) fn run_of(&self, id: &str) -> Option<&Run> {
        self.by_id.get(id).and_then(|index| self.runs.get(*index))
    }

    pub(crate) fn run_mut(&mut self, id: &str) -> Option<&mut Run> {
        self.by_id.get(id).and_then(|index| self.runs.get_mut(*index))
    }

    /// Takes a run out.
    pub(crate) fn remove_run(&mut self, id: &str) -> bool {
        let Some(index) = self.by_id.remove(id) else {
            return false;
        };
        self.runs.remove(index);
        self.by_id = self.runs.iter().enumerate().map(|(index, run)| (run.id.clone(), index)).collect();
        true
    }

    /// A second later than the last change, or the present.
    pub(crate) fn tick(&mut self) -> i64 {
        self.elapsed += 1;
        if self.real_time {
            let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
            return i64::try_from(now.as_secs()).unwrap_or_default();
        }
        // Runs that a test put in lie in the past of what comes after them.
        let newest = self.runs.last().map_or(EPOCH, |run| run.created.max(run.finished));
        self.elapsed = self.elapsed.max(newest - EPOCH + 1);
        EPOCH + self.elapsed
    }

    /// An id in the form that the servers use, the same in each world.
    pub(crate) fn id(&mut self, kind: &str) -> String {
        self.serial += 1;
        uuid(&format!("{kind} {}", self.serial))
    }
}

/// An id that goes by a text. A page of runs has a thousand of them, so they are not made by a real hash.
pub(crate) fn uuid(seed: &str) -> String {
    let mix = |start: u64| {
        let sum = seed.bytes().fold(start, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let folded = (sum ^ (sum >> 31)).wrapping_mul(0x7fb5_d329_728e_a185);
        (folded ^ (folded >> 27)).wrapping_mul(0x81da_def4_bc2d_d44d) ^ (folded >> 33)
    };
    let (high, low) = (mix(0xcbf2_9ce4_8422_2325), mix(0x9ae1_6a3b_2f90_404f));
    let (first, second, third) = (high >> 32, high >> 16 & 0xffff, high & 0xfff);
    format!("{first:08x}-{second:04x}-4{third:03x}-8{:03x}-{:012x}", low >> 52, low & 0xffff_ffff_ffff)
}
