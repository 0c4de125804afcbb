//! The artifacts of the API itself, which servers have since they have no metadata store: each metric is an artifact with a name and
//! a number, and links say which task gave it as which output.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use proofmark_http::api::{Call, is_part};
use serde::Deserialize;
use serde_json::Value;

use crate::Error;

use super::client::{Page, Pipelines, V2};
use super::collect::{Collector, Kind, Place, Step, place_of};
use super::metrics::{Attempt, Way};
use super::run::Run;
use super::tree::Tree;

/// Pages of links at most.
const MOST_PAGES: usize = 100;
/// Artifacts that are asked for one by one, at most.
const MOST_ASKED: usize = 2_000;
/// The kinds of links that say what a task gave.
const OUTPUTS: [&str; 2] = ["OUTPUT", "ITERATOR_OUTPUT"];
/// The kinds of tasks that hold other tasks: what they give was given by one of those.
const GROUPS: [&str; 6] = ["ROOT", "CONDITION_BRANCH", "CONDITION", "LOOP", "EXIT_HANDLER", "DAG"];
/// Among them the ones that are pipelines of their own.
const PIPELINE: &str = "DAG";

#[derive(Debug, Deserialize)]
struct Links {
    #[serde(default)]
    artifact_tasks: Vec<Link>,
    next_page_token: Option<String>,
}

impl Page for Links {
    type Item = Link;

    fn into_parts(self) -> (Vec<Link>, Option<String>) {
        (self.artifact_tasks, self.next_page_token)
    }
}

/// That a task gave an artifact.
#[derive(Debug, Deserialize)]
struct Link {
    #[serde(default)]
    artifact_id: String,
    #[serde(default)]
    run_id: String,
    #[serde(default)]
    task_id: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    key: String,
    producer: Option<Producer>,
}

#[derive(Debug, Deserialize)]
struct Producer {
    #[serde(default)]
    task_name: String,
    /// A number as text.
    iteration: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct RunAnswer {
    #[serde(default)]
    tasks: Vec<Task>,
}

#[derive(Debug, Deserialize)]
struct Task {
    #[serde(default)]
    task_id: String,
    #[serde(default)]
    name: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    state: String,
    parent_task_id: Option<String>,
    type_attributes: Option<Attributes>,
    outputs: Option<Outputs>,
}

#[derive(Debug, Deserialize)]
struct Attributes {
    /// A number as text.
    iteration_index: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
struct Outputs {
    #[serde(default)]
    artifacts: Vec<Output>,
}

#[derive(Debug, Deserialize)]
struct Output {
    #[serde(default)]
    artifacts: Vec<Artifact>,
}

#[derive(Debug, Clone, Deserialize)]
struct Artifact {
    #[serde(default)]
    artifact_id: String,
    #[serde(default)]
    name: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    metadata: BTreeMap<String, Value>,
    /// A number; or a text, where JSON has none for it.
    number_value: Option<Value>,
}

impl Pipelines {
    /// The metrics among the artifacts of a run.
    pub(super) fn artifacts_of(&self, run: &Run) -> Result<Attempt, Error> {
        if let Some(why) = self.missing.artifacts.get() {
            return Ok(Attempt::Missing(why.clone()));
        }
        if !is_part(&run.id) {
            return Err(Error::input(format!("`{}` is no id of a run", run.id)));
        }
        let call = Call::get("artifact_tasks", format!("{V2}/artifact_tasks")).with("run_ids", &run.id);
        let mut links = Vec::new();
        let read = self.each::<Links>(&call, MOST_PAGES, |link| {
            if link.run_id.is_empty() || link.run_id == run.id {
                links.push(link);
            }
            ControlFlow::Continue(())
        });
        let incomplete = match read {
            Err(Error::Refused { status: status @ (404 | 405 | 501), .. }) => {
                let why = format!("the server has no artifacts in its API (status {status})");
                return Ok(Attempt::Missing(self.missing.artifacts.get_or_init(|| why).clone()));
            }
            other => other?,
        };
        if links.is_empty() {
            return Ok(Attempt::Unknown("the server keeps artifacts in its API and has none of this run".to_owned()));
        }
        self.gather(run, links, incomplete).map(Attempt::Found)
    }

    fn gather(&self, run: &Run, links: Vec<Link>, incomplete: Option<String>) -> Result<super::Metrics, Error> {
        let call = Call::get("run", format!("{V2}/runs")).part(&run.id).with("view", "FULL");
        let tasks = self.get::<RunAnswer>(&call)?.tasks;
        let (mut known, mut steps, mut kinds) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut found = Collector::default();
        let mut cached = Vec::new();
        for task in tasks {
            let kept = task.outputs.unwrap_or_default().artifacts.into_iter().flat_map(|output| output.artifacts);
            known.extend(kept.map(|artifact| (artifact.artifact_id.clone(), artifact)));
            // Loops and conditions are not told in names, whatever they are called.
            let is_plain = GROUPS.contains(&task.kind.as_str()) && task.kind != PIPELINE;
            let turn = task.type_attributes.and_then(|attributes| whole(attributes.iteration_index.as_ref()?));
            let parent = task.parent_task_id.filter(|parent| !parent.is_empty());
            steps.insert(task.task_id.clone(), Step { name: if is_plain { String::new() } else { task.name }, turn, parent });
            if task.state == "CACHED" {
                cached.push(task.task_id.clone());
            }
            kinds.insert(task.task_id, task.kind);
        }
        for task in cached.iter().filter(|task| kinds.get(*task).is_none_or(|kind| !GROUPS.contains(&kind.as_str()))) {
            found.cached(&place_of(task, &steps).0);
        }
        incomplete.into_iter().for_each(|why| found.note(why));
        let mut asked = 0;
        for (serial, link) in (0..).zip(links) {
            let is_group = kinds.get(&link.task_id).is_some_and(|kind| GROUPS.contains(&kind.as_str()));
            if is_group || !OUTPUTS.contains(&link.kind.as_str()) {
                continue;
            }
            let artifact = match known.get(&link.artifact_id) {
                Some(artifact) => artifact.clone(),
                None if asked < MOST_ASKED => {
                    asked += 1;
                    self.artifact(&link.artifact_id)?
                }
                None => {
                    found.note(format!("more than {MOST_ASKED} artifacts would have to be asked for one by one"));
                    break;
                }
            };
            put(&mut found, &link.place(&steps, serial), artifact);
        }
        Ok(found.done(Way::Artifacts))
    }

    fn artifact(&self, id: &str) -> Result<Artifact, Error> {
        let call = Call::get("artifact", format!("{V2}/artifacts")).part(id);
        if !is_part(id) {
            return Err(self.api().strange(&call, "a link has no artifact").into());
        }
        self.get(&call)
    }
}

/// A metric is an artifact of its own; what was moved here from a metadata store has all metrics of an output in one.
fn put(found: &mut Collector, place: &Place, artifact: Artifact) {
    let kind = Kind::of(&artifact.kind);
    let number = artifact.number_value.map(Tree::from).as_ref().and_then(Tree::number);
    match number.filter(|_| kind == Kind::Metrics) {
        Some(number) => found.metric(place, &artifact.name, number),
        None => {
            let metadata = artifact.metadata.into_iter().map(|(name, value)| (name, Tree::from(value).unwrapped()));
            found.artifact(place, kind, metadata.collect());
        }
    }
}

impl Link {
    fn place(self, steps: &BTreeMap<String, Step>, serial: i64) -> Place {
        let (mut task, mut turns) = place_of(&self.task_id, steps);
        if let (true, Some(producer)) = (task.is_empty(), self.producer) {
            turns = producer.iteration.as_ref().and_then(whole).into_iter().collect();
            task = producer.task_name;
        }
        Place { task, turns, output: self.key, serial }
    }
}

/// A whole number, which is written as text.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
