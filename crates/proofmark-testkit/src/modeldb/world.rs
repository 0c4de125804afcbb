//! The state, and what tests do with it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::rows::{Artifact, DatasetRow, DatasetVersionRow, ExperimentRow, Observation, ProjectRow, RunRow, Snapshot};
use super::spec::RunSpec;
use super::stored::Pair;
use crate::github::fault::Dice;

/// The first of January 2026, in milliseconds since 1970.
const BEGIN: i64 = 1_767_225_600_000;

/// Which part of ModelDB is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The web front end, usually at port 3000: `/api/v1/modeldb/...`, and its page for every other path.
    FrontEnd,
    /// The REST proxy, usually at port 8080: `/v1/...`, and 404 for every other path.
    Proxy,
}

/// Everything that a server knows.
#[derive(Debug)]
pub struct World {
    pub(crate) form: Form,
    /// Whether numbers are stored as newer servers do: never with an exponent, and text that is a number as a number.
    pub plain_numbers: bool,
    /// Whether a proxy in front drops headers whose names have `_` in them.
    pub drops_underscores: bool,
    pub(crate) guards: Vec<Guard>,
    pub(crate) projects: Vec<ProjectRow>,
    pub(crate) experiments: Vec<ExperimentRow>,
    pub(crate) runs: Vec<RunRow>,
    pub(crate) datasets: Vec<DatasetRow>,
    pub(crate) versions: Vec<DatasetVersionRow>,
    made: u64,
    clock: i64,
    /// How many lists were asked for: runs that tie come in another order in each.
    pub(crate) lists: u64,
}

/// Who is let in.
#[derive(Debug, Clone)]
pub(crate) enum Guard {
    Key { email: String, key: String },
    Token { token: String, signature: String },
}

impl World {
    pub(crate) fn new(form: Form) -> Self {
        Self {
            form,
            plain_numbers: false,
            drops_underscores: false,
            guards: Vec::new(),
            projects: Vec::new(),
            experiments: Vec::new(),
            runs: Vec::new(),
            datasets: Vec::new(),
            versions: Vec::new(),
            made: 0,
            clock: BEGIN,
            lists: 0,
        }
    }

    /// A new id, which does not tell when it was made.
    pub(crate) fn id(&mut self) -> String {
        self.made += 1;
        let (one, two) = (Dice::new(7).nth(self.made), Dice::new(11).nth(self.made));
        format!("{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}", one >> 32, one & 0xffff, two >> 52, (one >> 16) & 0xfff, two & 0xffff_ffff_ffff)
    }

    /// A second later.
    pub(crate) fn now(&mut self) -> i64 {
        self.clock += 1000;
        self.clock
    }

    /// A project in the workspace `personal`; its id.
    pub fn project(&mut self, name: &str) -> String {
        self.project_in("personal", name)
    }

    /// A project in another workspace; its id.
    pub fn project_in(&mut self, workspace: &str, name: &str) -> String {
        let (id, created) = (self.id(), self.now());
        let (name, workspace) = (name.to_owned(), workspace.to_owned());
        let (description, tags, attributes) = (String::new(), Vec::new(), Vec::new());
        self.projects.push(ProjectRow { id: id.clone(), name, workspace, description, tags, attributes, created });
        id
    }

    /// An experiment; its id.
    pub fn experiment(&mut self, project: &str, name: &str) -> String {
        let (id, created) = (self.id(), self.now());
        let (name, project) = (name.to_owned(), project.to_owned());
        let (description, tags, attributes) = (String::new(), Vec::new(), Vec::new());
        self.experiments.push(ExperimentRow { id: id.clone(), project, name, description, tags, attributes, created });
        id
    }

    /// A dataset with one version; the version's id.
    pub fn dataset(&mut self, name: &str) -> String {
        let (dataset, id, now) = (self.id(), self.id(), self.now());
        self.datasets.push(DatasetRow { id: dataset.clone(), name: name.to_owned(), workspace: "personal".to_owned(), created: now });
        self.versions.push(DatasetVersionRow { id: id.clone(), dataset, number: 1, logged: now });
        id
    }

    /// A run of an experiment; its id.
    ///
    /// # Panics
    /// When there is no such experiment.
    pub fn run(&mut self, experiment: &str, spec: RunSpec<'_>) -> String {
        let project = self.experiments.iter().find(|row| row.id == experiment).map(|row| row.project.clone());
        let project = project.unwrap_or_else(|| panic!("there is no experiment {experiment}"));
        let id = self.id();
        let created = if spec.created > 0 { spec.created } else { self.now() };
        let plain = self.plain_numbers;
        let texts = |list: &[(&str, &str)]| list.iter().map(|(key, value)| Pair::new(key, &json!(value), plain)).collect::<Vec<_>>();
        let mut attributes = texts(&[("git_sha", spec.commit)]);
        attributes.retain(|_| !spec.commit.is_empty());
        attributes.extend(texts(spec.attributes));
        let numbers = spec.metrics.iter().map(|(key, value)| Pair::new(key, &json!(value), plain));
        let metrics = numbers.chain(spec.values.iter().map(|(key, value)| Pair::new(key, value, plain))).collect();
        let point = |(index, (key, value, epoch)): (usize, &(&str, f64, i64))| {
            let time = created + i64::try_from(index).unwrap_or_default();
            Observation { attribute: Pair::new(key, &json!(value), plain), time, epoch: *epoch }
        };
        let data = |(key, linked): &(&str, &str)| {
            let (key, linked) = ((*key).to_owned(), (*linked).to_owned());
            Artifact { path: format!("/data/{key}"), key, linked, kind: 3 }
        };
        let snapshot =
            Snapshot { hash: spec.snapshot.to_owned(), dirty: if spec.dirty { 1 } else { 2 }, logged: created, ..Snapshot::default() };
        self.runs.push(RunRow {
            name: if spec.name.is_empty() { format!("run {}", self.made) } else { spec.name.to_owned() },
            project,
            experiment: experiment.to_owned(),
            created,
            updated: created,
            started: spec.started,
            ended: spec.ended,
            tags: spec.tags.iter().map(|tag| (*tag).to_owned()).collect(),
            attributes,
            hyperparameters: texts(spec.hyperparameters),
            metrics,
            observations: spec.points.iter().enumerate().map(point).collect(),
            datasets: spec.datasets.iter().map(data).collect(),
            code: (!spec.snapshot.is_empty()).then_some(snapshot),
            version: 1,
            id: id.clone(),
            ..RunRow::default()
        });
        id
    }

    /// The tags of a run.
    pub fn tags(&self, run: &str) -> BTreeSet<String> {
        self.runs.iter().find(|row| row.id == run).map(|row| row.tags.clone()).unwrap_or_default()
    }

    /// An attribute of a run.
    pub fn attribute(&self, run: &str, key: &str) -> Option<Value> {
        let row = self.runs.iter().find(|row| row.id == run)?;
        row.attributes.iter().find(|pair| pair.key == key).map(Pair::value)
    }

    /// Adds a tag, whatever the server would say.
    pub fn tag(&mut self, run: &str, tag: &str) {
        if let Some(row) = self.runs.iter_mut().find(|row| row.id == run) {
            row.tags.insert(tag.to_owned());
        }
    }

    /// Gives an attribute a value, in the place of the one that it has.
    pub fn write(&mut self, run: &str, key: &str, value: &Value) {
        let plain = self.plain_numbers;
        if let Some(row) = self.runs.iter_mut().find(|row| row.id == run) {
            row.attributes.retain(|pair| pair.key != key);
            row.attributes.push(Pair::new(key, value, plain));
        }
    }

    /// Adds an attribute even if its key is there, as two writers at once can.
    pub fn write_twice(&mut self, run: &str, key: &str, value: &Value) {
        let plain = self.plain_numbers;
        if let Some(row) = self.runs.iter_mut().find(|row| row.id == run) {
            row.attributes.push(Pair::new(key, value, plain));
        }
    }

    /// Deletes runs.
    pub fn delete_runs(&mut self, doomed: impl Fn(&str) -> bool) {
        self.runs.retain(|row| !doomed(&row.name));
    }
}
