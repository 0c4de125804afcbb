//! The metadata store, where servers up to 2.17 keep metrics. The UI passes it on.
//!
//! A run is a context there. Its tasks are executions, the events of an execution say which artifacts it gave and as which
//! output, and the metrics are properties of those artifacts. A task whose results were taken from an earlier run is an execution
//! of the state CACHED, with events to the artifacts of the earlier one.

mod messages;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proofmark_http::HttpError;
use proofmark_http::api::ApiError;

use crate::Error;

use super::client::Pipelines;
use super::collect::{Collector, Kind, Place, Step, place_of};
use super::grpc_web::{self, Failed};
use super::metrics::{Attempt, Metrics, Way};
use super::protobuf::{Broken, Writer};
use super::run::Run;

pub use self::messages::{Artifact, Event, Execution, Page, artifacts, context, events, executions, types};

const SERVICE: &str = "ml_metadata.MetadataStoreService";
/// The type of the contexts that are runs.
const RUN: &str = "system.PipelineRun";
/// Entries of a page.
const PAGE: i64 = 100;
/// Pages of a list at most.
const MOST_PAGES: usize = 200;
/// Ids in one question at most.
const AT_ONCE: usize = 100;
/// gRPC's words for: no such thing, no such method, not let in.
const NOT_FOUND: u32 = 5;
const NOT_IMPLEMENTED: u32 = 12;
/// gRPC's words for: try again, not now.
const BUSY: [u32; 2] = [10, 14];

/// How often a busy store is asked again, and after what time.
const TRIES: usize = 3;
const PAUSE: Duration = Duration::from_millis(500);

/// Why the store gave nothing.
enum Stop {
    /// It is not there, or not for us.
    Away(String),
    /// It does not answer now.
    Failing(String),
    /// Something went wrong.
    Error(Error),
}

impl Pipelines {
    /// The metrics of a run in the metadata store.
    pub(super) fn mlmd_of(&self, run: &Run) -> Result<Attempt, Error> {
        if let Some(why) = self.missing.mlmd.get() {
            return Ok(Attempt::Missing(why.clone()));
        }
        match self.read_store(run) {
            Ok(Some(metrics)) => Ok(Attempt::Found(metrics)),
            Ok(None) => Ok(Attempt::Unknown("the metadata store knows nothing of the run".to_owned())),
            Err(Stop::Away(why)) => Ok(Attempt::Missing(self.missing.mlmd.get_or_init(|| why).clone())),
            Err(Stop::Failing(why)) => Ok(Attempt::Failing(why)),
            Err(Stop::Error(error)) => Err(error),
        }
    }

    fn read_store(&self, run: &Run) -> Result<Option<Metrics>, Stop> {
        let question = Writer::default().bytes(1, RUN.as_bytes()).bytes(2, run.id.as_bytes()).done();
        let Some(bytes) = self.found_in_store("GetContextByTypeAndName", &question)? else { return Ok(None) };
        let Some(context) = read("GetContextByTypeAndName", context(&bytes))? else { return Ok(None) };
        let executions = self.pages(context, "GetExecutionsByContext", executions)?;
        let mut artifacts: BTreeMap<i64, Artifact> =
            self.pages(context, "GetArtifactsByContext", artifacts)?.into_iter().map(|artifact| (artifact.id, artifact)).collect();
        let executions: BTreeMap<i64, Execution> = executions.into_iter().map(|execution| (execution.id, execution)).collect();
        let mut found = Collector::default();
        let given = self.outputs(&executions, &mut found)?;
        let missing: Vec<i64> = given.iter().map(|(_, event)| event.artifact).filter(|id| !artifacts.contains_key(id)).collect();
        for ids in unique(missing).chunks(AT_ONCE) {
            let bytes = self.ask_store("GetArtifactsByID", &repeated(ids))?;
            artifacts.extend(read("GetArtifactsByID", artifacts_of(&bytes))?.into_iter().map(|artifact| (artifact.id, artifact)));
        }
        self.name_types(&mut artifacts)?;
        let steps: BTreeMap<String, Step> = executions.iter().map(|(id, execution)| (id.to_string(), execution.step())).collect();
        for execution in executions.values().filter(|execution| execution.is_cached()) {
            found.cached(&place_of(&execution.id.to_string(), &steps).0);
        }
        let mut used = BTreeSet::new();
        for (execution, event) in given {
            let Some(artifact) = artifacts.get(&event.artifact) else { continue };
            used.insert(artifact.id);
            let (task, turns) = place_of(&execution.to_string(), &steps);
            let place = Place { task, turns, output: event.output, serial: execution };
            found.artifact(&place, Kind::of(&artifact.kind), artifact.properties.clone());
        }
        let is_lost = |artifact: &&Artifact| matches!(Kind::of(&artifact.kind), Kind::Metrics | Kind::Classification);
        let lost = artifacts.values().filter(|artifact| !used.contains(&artifact.id)).filter(is_lost).count();
        if lost > 0 {
            found.note(format!("{lost} artifacts with metrics are no output of a task of this run"));
        }
        Ok(Some(found.done(Way::Mlmd)))
    }

    /// What each execution gave. One that was taken from the cache and has no events of its own gave what the earlier one did.
    fn outputs(&self, executions: &BTreeMap<i64, Execution>, found: &mut Collector) -> Result<Vec<(i64, Event)>, Stop> {
        let ids: Vec<i64> = executions.values().filter(|execution| !execution.is_group()).map(|execution| execution.id).collect();
        let mut given = Vec::new();
        for event in self.events_of(&ids)? {
            if executions.contains_key(&event.execution) {
                given.push((event.execution, event));
            }
        }
        let has_events: BTreeSet<i64> = given.iter().map(|(id, _)| *id).collect();
        let earlier: Vec<(i64, i64)> = executions
            .values()
            .filter(|execution| execution.is_cached() && !has_events.contains(&execution.id))
            .filter_map(|execution| Some((execution.cached_from?, execution.id)))
            .collect();
        for event in self.events_of(&unique(earlier.iter().map(|(earlier, _)| *earlier).collect()))? {
            let takers = earlier.iter().filter(|(earlier, _)| *earlier == event.execution);
            given.extend(takers.map(|(_, execution)| (*execution, event.clone())));
        }
        if given.iter().any(|(_, event)| event.output.is_empty()) {
            found.note("an output in the metadata store has no name".to_owned());
        }
        Ok(given)
    }

    fn events_of(&self, executions: &[i64]) -> Result<Vec<Event>, Stop> {
        let mut all = Vec::new();
        for ids in executions.chunks(AT_ONCE) {
            let bytes = self.ask_store("GetEventsByExecutionIDs", &repeated(ids))?;
            all.extend(read("GetEventsByExecutionIDs", events(&bytes))?.into_iter().filter(Event::is_output));
        }
        Ok(all)
    }

    /// Old stores only tell the number of a type.
    fn name_types(&self, artifacts: &mut BTreeMap<i64, Artifact>) -> Result<(), Stop> {
        let unnamed: Vec<i64> = artifacts
            .values()
            .filter(|artifact| artifact.kind.is_empty() && artifact.kind_id != 0)
            .map(|artifact| artifact.kind_id)
            .collect();
        let mut names = BTreeMap::new();
        for ids in unique(unnamed).chunks(AT_ONCE) {
            let bytes = self.ask_store("GetArtifactTypesByID", &repeated(ids))?;
            names.extend(read("GetArtifactTypesByID", types(&bytes))?);
        }
        for artifact in artifacts.values_mut().filter(|artifact| artifact.kind.is_empty()) {
            artifact.kind = names.get(&artifact.kind_id).cloned().unwrap_or_default();
        }
        Ok(())
    }

    /// Everything of a context, page by page.
    fn pages<T>(&self, context: i64, method: &str, parse: fn(&[u8]) -> Result<Page<T>, Broken>) -> Result<Vec<T>, Stop> {
        let (mut all, mut token, mut seen) = (Vec::new(), String::new(), BTreeSet::new());
        for _ in 0..MOST_PAGES {
            let mut options = Writer::default().number(1, PAGE);
            if !token.is_empty() {
                options = options.bytes(3, token.as_bytes());
            }
            let question = Writer::default().number(1, context).bytes(2, &options.done()).done();
            let page = read(method, parse(&self.ask_store(method, &question)?))?;
            let is_empty = page.items.is_empty();
            all.extend(page.items);
            if page.next.is_empty() {
                return Ok(all);
            }
            if is_empty || !seen.insert(page.next.clone()) {
                return Err(damaged(method, "its pages do not come to an end"));
            }
            token = page.next;
        }
        Err(damaged(method, "it has too many pages"))
    }

    fn ask_store(&self, method: &str, question: &[u8]) -> Result<Vec<u8>, Stop> {
        self.call_store(method, question).map_err(|failed| self.stop(method, failed))
    }

    fn found_in_store(&self, method: &str, question: &[u8]) -> Result<Option<Vec<u8>>, Stop> {
        match self.call_store(method, question) {
            Err(Failed::Status { code: NOT_FOUND, .. }) => Ok(None),
            answer => answer.map(Some).map_err(|failed| self.stop(method, failed)),
        }
    }

    /// The store answers with status 200 even where it is too busy to.
    fn call_store(&self, method: &str, question: &[u8]) -> Result<Vec<u8>, Failed> {
        for _ in 1..TRIES {
            match grpc_web::call(self.api(), SERVICE, method, question) {
                Err(Failed::Status { code, .. }) if BUSY.contains(&code) => self.api().pause(PAUSE).map_err(Failed::Api)?,
                answer => return answer,
            }
        }
        grpc_web::call(self.api(), SERVICE, method, question)
    }

    fn stop(&self, method: &str, failed: Failed) -> Stop {
        match failed {
            Failed::Status { code: NOT_IMPLEMENTED, .. } => Stop::Away(format!("the metadata store does not know {method}")),
            Failed::Status { code, message } => {
                let told = if message.is_empty() { String::new() } else { format!(": {message}") };
                Stop::Failing(self.api().clean(&format!("the metadata store answered {method} with gRPC status {code}{told}")))
            }
            Failed::Api(error @ ApiError::Strange { .. }) => Stop::Away(format!("no metadata store there: {error}")),
            Failed::Api(error) if Self::is_absent(&error) => Stop::Away(format!("no metadata store there: {error}")),
            // It is there, and may know the run.
            Failed::Api(error) if error.status() == Some(403) => Stop::Failing(format!("the metadata store may not be read: {error}")),
            Failed::Api(error) if is_busy(&error) => Stop::Failing(format!("the metadata store does not answer: {error}")),
            Failed::Api(error) => Stop::Error(error.into()),
        }
    }
}

/// Whether it may be the store alone that has trouble, behind a UI that has none.
fn is_busy(error: &ApiError) -> bool {
    error.status().is_some_and(|status| status >= 500) || matches!(error, ApiError::Http { source: HttpError::Limited { .. }, .. })
}

fn artifacts_of(bytes: &[u8]) -> Result<Vec<Artifact>, Broken> {
    Ok(artifacts(bytes)?.items)
}

fn read<T>(method: &str, parsed: Result<T, Broken>) -> Result<T, Stop> {
    parsed.map_err(|why| damaged(method, &why.to_string()))
}

fn damaged(method: &str, why: &str) -> Stop {
    Stop::Error(Error::Damaged { what: format!("the metadata store's answer to {method}"), why: why.to_owned() })
}

fn repeated(ids: &[i64]) -> Vec<u8> {
    ids.iter().fold(Writer::default(), |question, id| question.number(1, *id)).done()
}

fn unique(ids: Vec<i64>) -> Vec<i64> {
    ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
}
