//! Runs of Kubeflow Pipelines.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use proofmark_core::config::{Config, Finding, Kubeflow};
use proofmark_core::glob::Glob;
use proofmark_core::key::Key;
use proofmark_core::tracked::pool::{Candidate, Found, Pool, Query, Skipped};
use proofmark_core::value::Value;
use proofmark_kubeflow::pipelines::{self, LocalRuns, Metrics, Pipelines, Run, State, text_of};
use proofmark_kubeflow::registry::Registry;
use proofmark_kubeflow::{Access, Credentials, Error};
use proofmark_mlflow::run::{PARENT_TAG, Run as MlflowRun, Status};
use proofmark_mlflow::store;

use super::choose::counts;
use super::opener::Opener;
use super::tracker::{Data, ELSEWHERE, Tracker, Trouble};
use super::values::key;

/// Nested runs of MLflow that are read at most: one for each task.
const MOST_TASKS: usize = 1000;
/// What to do where the metrics are in MLflow.
const NAME_MLFLOW: &str = "set MLFLOW_TRACKING_URI to the MLflow that the pipeline logs to";

/// One `[[kubeflow]]`.
pub(super) struct KubeflowRuns {
    metrics: Option<Vec<Glob>>,
    title: String,
    /// The parameters with the commit and the branch.
    commit: String,
    branch: String,
    server: Option<Server>,
    local: Option<LocalRuns>,
    /// What each run logged, by its id.
    read: RefCell<BTreeMap<String, Logged>>,
    /// The runs that were seen, by id.
    seen: RefCell<BTreeMap<String, Run>>,
    /// Where runs that log to MLflow are: nowhere, where the environment names none.
    mlflow: Option<Result<Rc<dyn proofmark_mlflow::Store>, Trouble>>,
}

/// A server, and the experiments that count.
struct Server {
    pipelines: Pipelines,
    experiments: Vec<String>,
    /// All runs of them: parameters are nothing that the server can search by.
    all: OnceCell<pipelines::Found>,
}

/// What a run logged.
#[derive(Clone)]
struct Logged {
    values: BTreeMap<String, f64>,
    way: String,
    cached: Vec<String>,
    notes: Vec<String>,
}

/// The Model Registry that the configuration or the environment names.
pub(crate) fn model_registry(opener: &Opener, config: Option<&Config>) -> Result<Registry, Trouble> {
    let typed = config.and_then(|config| config.kubeflow.iter().find_map(|runs| runs.registry.as_deref()));
    let place = opener.server(typed, "MODEL_REGISTRY_ENDPOINT", "[[kubeflow]]", "registry")?;
    let mut access = Access::of_registry(&place.address, &|name| opener.var(name), opener.terms())?;
    if !place.with_credentials {
        access.credentials = Credentials::Nobody;
    }
    Ok(Registry::open(&access)?)
}

impl KubeflowRuns {
    pub(super) fn open(config: &Kubeflow, metrics: Option<Vec<Glob>>, opener: &Opener) -> Result<Self, Trouble> {
        // Files in the checkout are the change's own: they are for people who look before they push.
        let folder = config.local.as_ref().filter(|_| !opener.is_ci()).map(|folder| opener.root.join(folder));
        let local = folder.filter(|folder| folder.is_dir()).map(|folder| LocalRuns::open(&folder)).transpose()?;
        let host = config.host.as_deref();
        let place = match opener.place(host, "KF_PIPELINES_ENDPOINT") {
            None if local.is_some() => None,
            _ => Some(opener.server(host, "KF_PIPELINES_ENDPOINT", "[[kubeflow]]", "host")?),
        };
        let server = match place {
            None => None,
            Some(place) => {
                let mut access = Access::from_environment(&place.address, &|name| opener.var(name), opener.terms())?;
                if !place.with_credentials {
                    access.credentials = Credentials::Nobody;
                }
                let namespace = config.namespace.clone().or_else(|| opener.var("KF_PIPELINES_NAMESPACE"));
                Some(Server::open(&access, namespace.as_deref(), &config.experiment.0)?)
            }
        };
        let title = server.as_ref().map_or("local runs", |server| server.pipelines.title()).to_owned();
        // Only where the environment names it: a run that a server tells of says where it was logged, not whom to trust.
        let mlflow = opener.var("MLFLOW_TRACKING_URI").map(|_| opener.open(None).map_err(Trouble::from));
        let Finding { commit, branch, .. } = config.finding();
        Ok(Self { metrics, title, commit, branch, server, local, read: RefCell::default(), seen: RefCell::default(), mlflow })
    }

    fn candidate(&self, run: &Run, server: &Server) -> Candidate {
        let aside = match run.state {
            _ if !server.experiments.contains(&run.experiment) => Some(ELSEWHERE),
            _ if run.archived => Some("archived"),
            State::Succeeded | State::Cached => None,
            State::Failed => Some("failed"),
            State::Canceled => Some("stopped"),
            State::Skipped => Some("skipped"),
            _ => Some("not finished"),
        };
        self.seen.borrow_mut().insert(run.id.clone(), run.clone());
        Candidate {
            id: run.id.clone(),
            name: run.name.clone(),
            aside,
            started: run.created,
            parent: None,
            tags: run.parameters.iter().map(|(name, value)| (name.clone(), text_of(value))).collect(),
            url: server.pipelines.run_url(&run.id),
            models: Vec::new(),
        }
    }

    /// What a run logged; read once.
    fn logged(&self, id: &str) -> Result<Logged, Trouble> {
        if let Some(logged) = self.read.borrow().get(id) {
            return Ok(logged.clone());
        }
        let run = self.seen.borrow().get(id).cloned();
        let (Some(server), Some(run)) = (&self.server, run) else {
            return Err(Trouble::new(format!("the run `{id}` is not known")));
        };
        // What the list leaves out; and it has to be the run that was chosen.
        let run = match server.pipelines.run(id)? {
            Some(now) if is_same(&now, &run) => now,
            Some(_) => return Err(Trouble::new(format!("the run `{id}` is not any more what the list of runs said of it"))),
            None => return Err(Trouble::new(format!("the run `{id}` is gone since it was listed"))),
        };
        let logged = match (server.pipelines.metrics(&run), &run.mlflow) {
            // Nothing here says that nothing was logged there.
            (Ok(metrics), Some(there)) if metrics.values.is_empty() => match self.of_mlflow(&there.run_id)? {
                Some(logged) => logged,
                None => return Err(Trouble::new(format!("the run `{id}` is logged to MLflow, and none is named")).hint(NAME_MLFLOW)),
            },
            (Err(error @ Error::NoMetrics { .. }), Some(there)) => match self.of_mlflow(&there.run_id)? {
                Some(logged) => logged,
                None => return Err(Trouble::from(error).hint(NAME_MLFLOW)),
            },
            (metrics, _) => metrics?.into(),
        };
        self.read.borrow_mut().insert(id.to_owned(), logged.clone());
        Ok(logged)
    }

    /// What the run logged to MLflow, whose nested runs are its tasks; `None` where no MLflow is named.
    fn of_mlflow(&self, id: &str) -> Result<Option<Logged>, Trouble> {
        let Some(store) = &self.mlflow else { return Ok(None) };
        let store = store.as_ref().map_err(Clone::clone)?;
        let Some(root) = store.run(id)? else { return Ok(None) };
        let unfit = |why: String| Err(Trouble::new(format!("the run `{id}` of MLflow, to which the pipeline logged, {why}")));
        if root.deleted || root.status != Status::Finished {
            return unfit(format!("is {}", if root.deleted { "deleted" } else { root.status.name() }));
        }
        let query = store::Query {
            experiments: vec![root.experiment.clone()],
            tags: vec![(PARENT_TAG.to_owned(), vec![root.id.clone()])],
            name: None,
            limit: MOST_TASKS,
        };
        let found = store.search(&query)?;
        if !found.skipped.is_empty() || found.incomplete.is_some() || found.runs.len() >= MOST_TASKS {
            return unfit("has nested runs that cannot all be read".to_owned());
        }
        let mut values: BTreeMap<String, f64> = root.metrics.iter().map(|(name, point)| (name.clone(), point.value)).collect();
        // Oldest first, so that of a task that was tried again the last try counts.
        let is_task = |run: &&MlflowRun| run.tag(PARENT_TAG) == Some(&root.id) && !run.deleted && run.status == Status::Finished;
        for task in found.runs.iter().rev().filter(is_task) {
            values.extend(task.metrics.iter().map(|(name, point)| (format!("{}.{name}", task.name), point.value)));
        }
        let way = format!("from the run `{}` of MLflow ({})", root.id, store.title());
        Ok(Some(Logged { values, way, cached: Vec::new(), notes: Vec::new() }))
    }
}

impl Server {
    fn open(access: &Access, namespace: Option<&str>, names: &[String]) -> Result<Self, Trouble> {
        let pipelines = Pipelines::open(access, namespace)?;
        let mut experiments = Vec::new();
        for name in names {
            let Some(found) = pipelines.experiment(name)? else {
                let of = pipelines.namespace().map(|namespace| format!(" in the namespace `{namespace}`")).unwrap_or_default();
                return Err(Trouble::new(format!("there is no experiment `{name}`{of} at {}", pipelines.title()))
                    .hint("names are case-sensitive; where there are users, each namespace has experiments of its own"));
            };
            experiments.push(found.id);
        }
        Ok(Self { pipelines, experiments, all: OnceCell::new() })
    }

    fn all(&self) -> Result<&pipelines::Found, Trouble> {
        if let Some(all) = self.all.get() {
            return Ok(all);
        }
        let query =
            pipelines::Query { experiments: self.experiments.clone(), archived: true, limit: usize::MAX, ..pipelines::Query::default() };
        let mut all = self.pipelines.search(&query)?;
        all.incomplete = all.incomplete.map(|why| format!("{why}; `find = [\"run-name\"]` asks the server for fewer"));
        Ok(self.all.get_or_init(|| all))
    }

    fn named(&self, name: &str, limit: usize) -> Result<pipelines::Found, Trouble> {
        let query = pipelines::Query {
            experiments: self.experiments.clone(),
            name: Some(name.to_owned()),
            archived: true,
            limit,
            ..pipelines::Query::default()
        };
        Ok(self.pipelines.search(&query)?)
    }
}

/// Whether a run still is what made it the one that is meant.
fn is_same(now: &Run, then: &Run) -> bool {
    let said = |run: &Run| (run.state, run.archived, run.experiment.clone(), run.parameters.clone());
    said(now) == said(then)
}

impl From<Metrics> for Logged {
    fn from(metrics: Metrics) -> Self {
        let values = metrics.keys().into_iter().map(|(key, (_, value))| (key, value)).collect();
        Self { values, way: metrics.way.words().to_owned(), cached: metrics.cached, notes: metrics.notes }
    }
}

impl Pool for KubeflowRuns {
    type Error = Trouble;

    fn search(&self, query: &Query) -> Result<Found, Trouble> {
        let Some(server) = &self.server else { return Ok(Found::default()) };
        let found = match &query.name {
            Some(name) => &server.named(name, query.limit)?,
            None => server.all()?,
        };
        // Most of a long list is of other commits, and need not be kept.
        let fits = |run: &&Run| query.tags.iter().all(|(name, values)| run.parameter(name).is_some_and(|value| values.contains(&value)));
        let runs = found.runs.iter().filter(fits).map(|run| self.candidate(run, server));
        let runs = runs.filter(|run| run.aside != Some(ELSEWHERE)).take(query.limit).collect();
        let skipped = found.skipped.iter().map(|skipped| Skipped { run: skipped.run.clone(), reason: skipped.reason.clone() }).collect();
        Ok(Found { runs, skipped, incomplete: found.incomplete.clone() })
    }

    fn run(&self, id: &str) -> Result<Option<Candidate>, Trouble> {
        let Some(server) = &self.server else { return Ok(None) };
        Ok(server.pipelines.run(id)?.map(|run| self.candidate(&run, server)))
    }

    fn metrics(&self, run: &Candidate) -> Result<Vec<String>, Trouble> {
        Ok(self.logged(&run.id)?.values.into_keys().collect())
    }
}

impl Tracker for KubeflowRuns {
    fn title(&self) -> &str {
        &self.title
    }

    fn values(&self, run: &Candidate) -> Result<BTreeMap<Key, Value>, Trouble> {
        let values = self.logged(&run.id)?.values.into_iter().filter(|(name, _)| counts(self.metrics.as_deref(), name));
        Ok(values.map(|(name, value)| (key(&name), Value::Float(value))).collect())
    }

    fn params(&self, run: &Candidate) -> BTreeMap<String, String> {
        // Which commit it is of is said elsewhere, and is another one on each side.
        let is_own = |name: &String| *name != self.commit && *name != self.branch;
        run.tags.iter().filter(|(name, _)| is_own(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    fn data(&self, _: &Candidate) -> Vec<Data> {
        Vec::new()
    }

    fn remarks(&self, run: &Candidate) -> Vec<String> {
        self.logged(&run.id).map(|logged| vec![format!("metrics {}", logged.way)]).unwrap_or_default()
    }

    fn notes(&self, run: &Candidate) -> Vec<String> {
        let Ok(logged) = self.logged(&run.id) else { return Vec::new() };
        let mut notes = logged.notes;
        if !logged.cached.is_empty() {
            let tasks = logged.cached.iter().map(|task| format!("`{task}`")).collect::<Vec<_>>().join(", ");
            notes.push(format!(
                "the run `{}` took the results of {tasks} from an earlier run (cache), so that what they logged is not new",
                run.name
            ));
        }
        notes
    }

    fn stand_in(&self) -> Result<Option<(Candidate, String)>, Trouble> {
        let Some(local) = &self.local else { return Ok(None) };
        let Some(run) = local.runs(None, 1)?.into_iter().next() else { return Ok(None) };
        let candidate = Candidate { id: run.id.clone(), name: run.id.clone(), started: run.created, ..Candidate::default() };
        self.read.borrow_mut().insert(run.id.clone(), local.metrics(&run)?.into());
        Ok(Some((candidate, "as the newest local run, which stands for work that no server has trained".to_owned())))
    }
}
