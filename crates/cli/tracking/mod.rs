//! Runs of MLflow beside the metrics files: found for both sides, and read as if they were files of the name `mlflow:NAME`.

mod choose;
mod open;
mod values;

use std::collections::BTreeSet;
use std::rc::Rc;

use proofmark_core::config::{Mlflow, Rule, Table};
use proofmark_core::glob::Glob;
use proofmark_core::path::RepoPath;
use proofmark_core::ports::Blob;
use proofmark_core::problem::{Problem, ProblemKind};
use proofmark_core::snapshot::{Reading, Snapshot};
use proofmark_core::tracked::Tracked;
use proofmark_mlflow::model::ModelUri;
use proofmark_mlflow::run::{Experiment, Run};
use proofmark_mlflow::store::Artifact;
use proofmark_mlflow::{Error, Store};

pub(crate) use self::choose::Side;
pub(crate) use self::open::{Opener, model_uri, registry};
use crate::exit::CliError;

/// All `[[mlflow]]` of a configuration, with the runs of both sides.
#[derive(Default)]
pub(crate) struct Tracking {
    opener: Option<Opener>,
    /// The store that the configuration names first, which has the registry where nothing else is said.
    typed: Option<String>,
    sources: Vec<Source>,
}

/// One `[[mlflow]]`.
struct Source {
    config: Mlflow,
    file: RepoPath,
    metrics: Option<Vec<Glob>>,
    /// The metrics that rules are about.
    judged: Rc<[Glob]>,
    store: Rc<dyn Store>,
    experiments: Vec<Experiment>,
    base: Vec<Run>,
    head: Vec<Run>,
    tracked: Tracked,
}

/// Both sides, and what is read of them.
pub(crate) struct Sides<'a> {
    pub(crate) base: (&'a Side, &'a mut Snapshot),
    pub(crate) head: (&'a Side, &'a mut Snapshot),
}

/// What a baseline of the registry stands for.
pub(crate) struct Production {
    /// `models:/churn@champion (version 2)`.
    pub(crate) title: String,
    /// Its run and that run's `[[mlflow]]`, or why there is nothing to compare with.
    pub(crate) run: Result<(usize, Run), String>,
}

impl Tracking {
    /// Finds the runs of both sides and adds what they logged. What cannot be had is a problem of its side, by name.
    pub(crate) fn read(configs: &[Mlflow], rules: &[Rule], opener: Opener, sides: &mut Sides<'_>) -> Self {
        let of_files = rules.iter().filter(|rule| rule.table.is_none());
        let judged: Rc<[Glob]> = of_files.filter_map(|rule| Glob::name(&rule.metric).ok()).collect();
        let typed = configs.first().and_then(|config| config.tracking_uri.clone());
        let mut tracking = Self { opener: Some(opener), typed, sources: Vec::new() };
        for config in configs {
            let file = config.file();
            if sides.base.1.metrics.contains_key(&file) || sides.head.1.metrics.contains_key(&file) {
                let told = "is a file of the repository as well as runs of MLflow, and one of them would hide the other";
                fail(sides, &file, &Problem::new(ProblemKind::Unparsable, file.clone(), told).hint("give the [[mlflow]] another `name`"));
                continue;
            }
            match tracking.source(config, &file, &judged) {
                Ok(mut source) => {
                    source.add(sides);
                    tracking.sources.push(source);
                }
                Err(error) => fail(sides, &file, &problem(&file, &error)),
            }
        }
        tracking
    }

    fn source(&self, config: &Mlflow, file: &RepoPath, judged: &Rc<[Glob]>) -> Result<Source, Error> {
        let Some(opener) = &self.opener else { return Err(not_opened()) };
        let store = opener.open(config.tracking_uri.as_deref())?;
        let mut experiments = Vec::new();
        for name in &config.experiment.0 {
            let found = store.experiment(name)?;
            experiments.push(found.ok_or_else(|| Error::NoStore {
                store: store.title().to_owned(),
                why: format!("there is no experiment `{name}`; names are case-sensitive"),
            })?);
        }
        let globs = |globs: &Vec<String>| globs.iter().filter_map(|glob| Glob::name(glob).ok()).collect();
        let tracked = Tracked::new(file.clone(), store.title(), config.experiment.0.clone());
        let metrics = config.metrics.as_ref().map(globs);
        let judged = Rc::clone(judged);
        Ok(Source {
            config: config.clone(),
            file: file.clone(),
            metrics,
            judged,
            store,
            experiments,
            base: Vec::new(),
            head: Vec::new(),
            tracked,
        })
    }

    /// Which runs were chosen, and why.
    pub(crate) fn tracked(&self) -> Vec<Tracked> {
        self.sources.iter().map(|source| source.tracked.clone()).collect()
    }

    /// The ids of the head's runs.
    pub(crate) fn head_runs(&self) -> BTreeSet<&str> {
        self.sources.iter().flat_map(|source| &source.head).map(|run| run.id.as_str()).collect()
    }

    /// What a registry's version stands for. An error says that it cannot be told: a champion that is not reached is none that is
    /// missing.
    pub(crate) fn production(&self, uri: &ModelUri) -> Result<Production, Error> {
        let opener = self.opener.as_ref().ok_or_else(not_opened)?;
        let title = uri.to_string();
        let no_version = |why: String| Ok(Production { title: title.clone(), run: Err(why) });
        let registry = opener.open_registry(self.typed.as_deref())?;
        let version = match registry.model_version(&uri.model, &uri.which) {
            Ok(Some(version)) => version,
            Ok(None) => return no_version(format!("`{title}` leads to no version")),
            Err(error @ Error::NoModel { .. }) => return no_version(error.to_string()),
            Err(error) => return Err(error),
        };
        let title = format!("{title}, version {}", version.version);
        let run = match &version.run {
            None => Err(format!("version {} does not say which run made it", version.version)),
            Some(id) if self.head_runs().contains(id.as_str()) => Err(format!("version {} is of a run of this change", version.version)),
            Some(id) => self.run_of(id)?,
        };
        Ok(Production { title, run })
    }

    fn run_of(&self, id: &str) -> Result<Result<(usize, Run), String>, Error> {
        for (index, source) in self.sources.iter().enumerate() {
            if let Some(run) = source.store.run(id)? {
                let known = source.experiments.iter().any(|experiment| experiment.id == run.experiment);
                if run.deleted {
                    return Ok(Err(format!("its run `{id}` was deleted")));
                }
                if known || self.sources.len() == 1 {
                    return Ok(Ok((index, run)));
                }
            }
        }
        Ok(Err(format!("its run `{id}` is in none of the experiments that [[mlflow]] names")))
    }

    /// The values of one run as a revision of their own.
    pub(crate) fn snapshot(&self, index: usize, run: &Run, title: &str) -> Result<Snapshot, Error> {
        let mut snapshot = values::empty(title, run, &self.sources[index].config);
        let source = &self.sources[index];
        snapshot.metrics.insert(source.file.clone(), source.reading(std::slice::from_ref(run))?);
        Ok(snapshot)
    }

    /// A table that a run of the head, or of the base, has among its artifacts.
    pub(crate) fn table(&self, declared: &Table, of_head: bool, limit: u64, notes: &mut Vec<String>) -> Result<Option<Blob>, Problem> {
        let Some(source) = self.sources.iter().find(|source| Some(source.config.title()) == declared.mlflow.as_deref()) else {
            return Err(unavailable(&declared.file, "is an artifact of runs that cannot be read"));
        };
        let runs = if of_head { &source.head } else { &source.base };
        let Some(run) = runs.last() else { return Ok(None) };
        if runs.len() > 1 {
            let side = if of_head { "head" } else { "base" };
            notes.push(format!("The table `{}` of the {side} is that of its newest run, `{}`.", declared.name, run.name));
        }
        artifact(source, run, declared, limit)
    }

    /// The same of any run.
    pub(crate) fn table_of(&self, index: usize, run: &Run, declared: &Table, limit: u64) -> Result<Option<Blob>, Problem> {
        let source = &self.sources[index];
        if Some(source.config.title()) == declared.mlflow.as_deref() { artifact(source, run, declared, limit) } else { Ok(None) }
    }
}

impl Source {
    fn add(&mut self, sides: &mut Sides<'_>) {
        let (base_side, head_side) = (sides.base.0, sides.head.0);
        let head = self.side(head_side, base_side, &[], sides.head.1, true);
        let base = self.side(base_side, head_side, &head, sides.base.1, false);
        (self.base, self.head) = (base, head);
        values::warn_of_data(&self.file, &self.base, &self.head, sides.head.1);
    }

    /// The runs of one side.
    fn side(&mut self, side: &Side, other: &Side, taken: &[Run], snapshot: &mut Snapshot, is_head: bool) -> Vec<Run> {
        let chosen = match choose::choose(self, side, other, taken) {
            Ok(chosen) => chosen,
            Err(error) => {
                snapshot.metrics.insert(self.file.clone(), Reading::unavailable(problem(&self.file, &error)));
                return Vec::new();
            }
        };
        // A run that was there and could not be read may have been the one.
        let unsure = !chosen.skipped.is_empty() || chosen.incomplete.is_some();
        let told = chosen.selection.to_string();
        for skipped in &chosen.skipped {
            let told = format!("the run `{}` cannot be read: {}", skipped.run, skipped.reason);
            snapshot.problems.push(Problem::warning(self.file.clone(), told));
        }
        if is_head {
            self.tracked.head = chosen.selection;
        } else {
            self.tracked.base = chosen.selection;
        }
        if chosen.runs.is_empty() {
            if is_head || unsure {
                let hint = "train this commit and log it, or say in [[mlflow]] how its runs are found (`find`, `commit_tag`)";
                let problem = Problem::new(ProblemKind::Unavailable, self.file.clone(), format!("has {told}")).hint(hint);
                snapshot.metrics.insert(self.file.clone(), Reading::unavailable(problem));
            }
            return Vec::new();
        }
        match self.reading(&chosen.runs) {
            Ok(reading) => {
                snapshot.metrics.insert(self.file.clone(), reading);
                snapshot.params.insert(self.file.clone(), values::params(&chosen.runs));
                snapshot.data.extend(values::data(&self.file, &chosen.runs));
            }
            Err(error) => {
                snapshot.metrics.insert(self.file.clone(), Reading::unavailable(problem(&self.file, &error)));
            }
        }
        chosen.runs
    }

    fn reading(&self, runs: &[Run]) -> Result<Reading, Error> {
        let all =
            runs.iter().enumerate().map(|(index, run)| Ok((values::label(run, index, runs, &self.config), values::leaves(self, run)?)));
        Ok(Reading::of_runs(all.collect::<Result<_, Error>>()?))
    }
}

fn artifact(source: &Source, run: &Run, declared: &Table, limit: u64) -> Result<Option<Blob>, Problem> {
    match source.store.artifact(run, &declared.file, limit) {
        Ok(None) => Ok(None),
        Ok(Some(Artifact::Bytes(bytes))) => Ok(Some(Blob::InMemory(bytes))),
        Ok(Some(Artifact::File(path))) => Ok(Some(Blob::OnDisk(path))),
        Err(error) => Err(problem(&RepoPath::parse(&declared.file).unwrap_or_default(), &error)),
    }
}

/// Neither side can be had.
fn fail(sides: &mut Sides<'_>, file: &RepoPath, problem: &Problem) {
    for snapshot in [&mut *sides.base.1, &mut *sides.head.1] {
        snapshot.metrics.insert(file.clone(), Reading::unavailable(problem.clone()));
    }
}

fn problem(file: &RepoPath, error: &Error) -> Problem {
    let problem = Problem::new(ProblemKind::Unavailable, file.clone(), error.to_string());
    error.hint().into_iter().fold(problem, Problem::hint)
}

fn unavailable(file: &str, told: &str) -> Problem {
    Problem::new(ProblemKind::Unavailable, RepoPath::parse(file).unwrap_or_default(), told)
}

fn not_opened() -> Error {
    Error::Setting { what: "[[mlflow]]".to_owned(), why: "the policy names a version of MLflow's registry and no [[mlflow]]".to_owned() }
}

impl From<Error> for CliError {
    fn from(error: Error) -> Self {
        let told = if error.is_outside() { Self::outside(error.to_string()) } else { Self::input(error.to_string()) };
        error.hint().into_iter().fold(told, Self::hint)
    }
}
