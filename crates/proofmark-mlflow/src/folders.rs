//! Reads the folders of a file store, `mlruns`, as MLflow's own file store writes them.
//!
//! One corrupt file costs the run that it belongs to, and no other: MLflow's client refuses the whole experiment. A run is found by
//! its tag's file first, so that a search opens few files of the runs that are not meant. Symbolic links below the root are not
//! followed: a store may come with a checkout.

mod artifacts;
mod files;
mod meta;
mod points;
mod registry;
mod run;

use std::path::{Path, PathBuf};

pub(crate) use self::artifacts::Shelves;
use self::files::{Allowance, MOST_ENTRIES, folders_in, is_folder, is_id, why};
#[cfg(feature = "sqlite")]
pub(crate) use self::files::{shown, why as io_reason};
#[cfg(feature = "sqlite")]
pub(crate) use self::registry::logged_model_of;
use crate::Error;
use crate::model::{LoggedModel, ModelVersion, Which};
use crate::run::{Experiment, Point, Run};
use crate::store::{Artifact, Found, Query, Skipped, Store};

/// Deleted experiments.
const TRASH: &str = ".trash";
/// The model registry, beside the experiments; logged models, inside of one.
const MODELS: &str = "models";
/// Folders of an experiment that are no runs.
const NO_RUNS: [&str; 4] = ["datasets", MODELS, "tags", "traces"];
/// Runs that one thread looks at; another thread costs about as much.
const RUNS_A_THREAD: usize = 200;

/// An open store.
#[derive(Debug)]
pub(crate) struct Folders {
    root: PathBuf,
    title: String,
}

impl Folders {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let title = path.to_string_lossy().into_owned();
        let no_store = |why: String| Error::NoStore { store: title.clone(), why };
        let root = path.canonicalize().map_err(|error| no_store(format!("it {}", why(&error))))?;
        if !root.is_dir() {
            return Err(no_store("it is no folder".to_owned()));
        }
        Ok(Self { root, title })
    }

    /// The folders in which experiments are: the ids of those that are not deleted, then of those that are.
    fn experiments(&self, folder: &Path) -> Result<Vec<String>, Error> {
        let (mut names, _) = folders_in(folder).map_err(|why| Error::Damaged { what: self.title.clone(), why })?;
        names.retain(|name| is_id(name) && name != MODELS);
        Ok(names)
    }

    /// Folders of this name, which is an id, one level below the experiments.
    fn below_experiments(&self, id: &str, between: Option<&str>) -> Result<Vec<(String, PathBuf)>, Error> {
        let mut found = Vec::new();
        if !is_id(id) || (between.is_none() && NO_RUNS.contains(&id)) {
            return Ok(found);
        }
        let trash = self.root.join(TRASH);
        let places = if is_folder(&trash) == Ok(true) { vec![self.root.clone(), trash] } else { vec![self.root.clone()] };
        for place in places {
            for experiment in self.experiments(&place)? {
                let mut folder = place.join(&experiment);
                if let Some(between) = between {
                    folder.push(between);
                }
                if is_folder(&folder) == Ok(true) && is_folder(&folder.join(id)) == Ok(true) {
                    found.push((experiment, folder.join(id)));
                }
            }
        }
        Ok(found)
    }

    /// The runs of an experiment that are meant, as far as tags and `meta.yaml` tell.
    fn headers(&self, experiment: &str, query: &Query, found: &mut Found) -> Result<Vec<Run>, Error> {
        let folder = self.root.join(experiment);
        let damaged = |why: String| Error::Damaged { what: experiment.to_owned(), why };
        if !is_id(experiment) || experiment == MODELS || !is_folder(&folder).map_err(damaged)? {
            return Ok(Vec::new());
        }
        let (mut names, cut) = folders_in(&folder).map_err(damaged)?;
        names.retain(|name| is_id(name) && !NO_RUNS.contains(&name.as_str()));
        if cut {
            found.incomplete = Some(format!("only {MOST_ENTRIES} folders of an experiment are looked into"));
        }
        let header = |id: &String| {
            let path = folder.join(id);
            match run::has_tags(&path, &query.tags) {
                Ok(false) => Ok(None),
                Ok(true) => run::header(&path, experiment, id),
                Err(reason) => Err(reason),
            }
            .map(|run| run.filter(|run| !run.deleted && query.name.as_ref().is_none_or(|name| *name == run.name)))
            .or_else(|reason| {
                let is_meant = run::may_be_named(&path, query.name.as_deref());
                if is_meant { Err(Skipped { run: id.clone(), reason }) } else { Ok(None) }
            })
        };
        let all = std::thread::scope(|scope| {
            let threads: Vec<_> = names
                .chunks(names.len().div_ceil(threads_for(names.len())).max(1))
                .map(|ids| scope.spawn(move || ids.iter().map(header).collect::<Vec<_>>()))
                .collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect::<Vec<_>>()
        });
        let mut runs = Vec::new();
        for one in all {
            match one {
                Ok(run) => runs.extend(run),
                Err(skipped) => found.skipped.push(skipped),
            }
        }
        Ok(runs)
    }

    fn damaged_run(id: &str, why: String) -> Error {
        Error::Damaged { what: format!("run {id}"), why }
    }
}

fn threads_for(runs: usize) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    runs.div_ceil(RUNS_A_THREAD).clamp(1, cores.min(4))
}

impl Store for Folders {
    fn title(&self) -> &str {
        &self.title
    }

    fn experiment(&self, name: &str) -> Result<Option<Experiment>, Error> {
        let mut broken = None;
        for id in self.experiments(&self.root)? {
            let meta = match run::meta(&mut Allowance::of_a_run(), &self.root.join(&id)) {
                Ok(Some(meta)) => meta,
                // A folder that is not named like an experiment and has no file of one is none.
                Ok(None) if !id.bytes().all(|byte| byte.is_ascii_digit()) => continue,
                Ok(None) => {
                    broken = broken.or(Some((id, "`meta.yaml` is missing".to_owned())));
                    continue;
                }
                Err(why) => {
                    broken = broken.or(Some((id, why)));
                    continue;
                }
            };
            let is_active = meta.text("lifecycle_stage").is_none_or(|stage| stage == "active");
            if is_active && meta.text("name").as_deref() == Some(name) {
                return Ok(Some(Experiment { id, name: name.to_owned() }));
            }
        }
        // It may be the one that cannot be read.
        broken.map_or(Ok(None), |(id, why)| Err(Error::Damaged { what: format!("experiment {id}"), why }))
    }

    fn search(&self, query: &Query) -> Result<Found, Error> {
        let mut found = Found::default();
        let mut headers = Vec::new();
        for (index, experiment) in query.experiments.iter().enumerate() {
            if !query.experiments.iter().take(index).any(|earlier| earlier == experiment) {
                headers.extend(self.headers(experiment, query, &mut found)?);
            }
        }
        headers.sort_by(|one, two| two.started.cmp(&one.started).then_with(|| one.id.cmp(&two.id)));
        for mut run in headers {
            if found.runs.len() == query.limit {
                found.incomplete = Some(format!("only the newest {} are read", query.limit));
                break;
            }
            let experiment = self.root.join(&run.experiment);
            let folder = experiment.join(&run.id);
            match run::fill(&mut run, &folder, &experiment) {
                Ok(()) => found.runs.push(run),
                Err(reason) => found.skipped.push(Skipped { run: run.id, reason }),
            }
        }
        found.skipped.sort_by(|one, two| one.run.cmp(&two.run));
        Ok(found)
    }

    fn run(&self, id: &str) -> Result<Option<Run>, Error> {
        for (experiment, folder) in self.below_experiments(id, None)? {
            if let Some(mut run) = run::header(&folder, &experiment, id).map_err(|why| Self::damaged_run(id, why))? {
                let experiment = folder.parent().unwrap_or(&self.root);
                run::fill(&mut run, &folder, experiment).map_err(|why| Self::damaged_run(id, why))?;
                return Ok(Some(run));
            }
        }
        Ok(None)
    }

    fn history(&self, run: &Run, metric: &str) -> Result<Vec<Point>, Error> {
        let places = self.below_experiments(&run.id, None)?;
        match places.into_iter().find(|(experiment, _)| *experiment == run.experiment) {
            Some((_, folder)) => run::history(&folder, metric).map_err(|why| Self::damaged_run(&run.id, why)),
            None => Ok(Vec::new()),
        }
    }

    fn logged_model(&self, id: &str) -> Result<Option<LoggedModel>, Error> {
        match self.below_experiments(id, Some(MODELS))?.first() {
            Some((_, folder)) => {
                registry::logged_model(folder, id).map_err(|why| Error::Damaged { what: format!("logged model {id}"), why })
            }
            None => Ok(None),
        }
    }

    fn artifact(&self, run: &Run, path: &str, limit: u64) -> Result<Option<Artifact>, Error> {
        Shelves::of_folder(&self.root).find(run, path, limit)
    }

    fn model_version(&self, model: &str, which: &Which) -> Result<Option<ModelVersion>, Error> {
        registry::Registered::find(&self.root, model)?.version(which)
    }

    fn versions_of_run(&self, model: &str, run: &str) -> Result<Vec<ModelVersion>, Error> {
        registry::Registered::find(&self.root, model)?.versions_of_run(run)
    }

    fn run_url(&self, _: &Run) -> Option<String> {
        None
    }
}
