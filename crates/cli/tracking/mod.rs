//! Runs of tracking systems beside the metrics files: found for both sides, and read as if they were files of the name
//! `mlflow:NAME`, `kubeflow:NAME`, `modeldb:NAME`. One file for each system.

mod choose;
mod kubeflow;
mod mlflow;
mod modeldb;
mod opener;
mod production;
mod tracker;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use proofmark_core::config::{Config, Finding, Table};
use proofmark_core::glob::Glob;
use proofmark_core::path::RepoPath;
use proofmark_core::ports::Blob;
use proofmark_core::problem::{Problem, ProblemKind};
use proofmark_core::snapshot::{Reading, Snapshot};
use proofmark_core::tracked::Tracked;
use proofmark_core::tracked::pool::{Candidate, Query};

pub(crate) use self::choose::Side;
pub(crate) use self::kubeflow::model_registry;
pub(crate) use self::mlflow::registry;
pub(crate) use self::modeldb::{Project as ModelDbProject, came_back_key, project as modeldb_project, replaced_key};
pub(crate) use self::opener::Opener;
pub(crate) use self::production::Reference;
use self::tracker::{Tracker, Trouble};

/// Runs of one search for a log at most.
const MOST_LOGGED: usize = 10_000;

/// All runs that a configuration names, of both sides.
#[derive(Default)]
pub(crate) struct Tracking {
    opener: Option<Opener>,
    /// The store of MLflow that the configuration names first, which has the registry where nothing else is said.
    typed: Option<String>,
    config: Option<Config>,
    sources: Vec<Source>,
}

/// One table of the configuration: `[[mlflow]]`, `[[kubeflow]]`, `[[modeldb]]`.
struct Source {
    finding: Finding,
    file: RepoPath,
    metrics: Option<Vec<Glob>>,
    /// The metrics that rules are about.
    judged: Rc<[Glob]>,
    tracker: Box<dyn Tracker>,
    base: Vec<Candidate>,
    head: Vec<Candidate>,
    tracked: Tracked,
}

/// Both sides, and what is read of them.
pub(crate) struct Sides<'a> {
    pub(crate) base: (&'a Side, &'a mut Snapshot),
    pub(crate) head: (&'a Side, &'a mut Snapshot),
}

/// What is typed of one source, and how it is opened.
struct Declared<'c> {
    file: RepoPath,
    experiments: Vec<String>,
    finding: Finding,
    open: Box<Open<'c>>,
}

/// Opens a source, of which metrics of these names are asked for.
type Open<'c> = dyn Fn(Option<Vec<Glob>>, &Opener) -> Result<Box<dyn Tracker>, Trouble> + 'c;

/// Everything that the configuration names, in its order.
fn declared(config: &Config) -> Vec<Declared<'_>> {
    let of_mlflow = config.mlflow.iter().map(|runs| Declared {
        file: runs.file(),
        experiments: runs.experiment.0.clone(),
        finding: runs.finding(),
        open: Box::new(|metrics, opener| Ok(Box::new(mlflow::MlflowRuns::open(runs, metrics, opener)?))),
    });
    let of_kubeflow = config.kubeflow.iter().map(|runs| Declared {
        file: runs.file(),
        experiments: runs.experiment.0.clone(),
        finding: runs.finding(),
        open: Box::new(|metrics, opener| Ok(Box::new(kubeflow::KubeflowRuns::open(runs, metrics, opener)?))),
    });
    let of_modeldb = config.modeldb.iter().map(|runs| Declared {
        file: runs.file(),
        experiments: runs.experiment.0.clone(),
        finding: runs.finding(),
        open: Box::new(|metrics, opener| Ok(Box::new(modeldb::ModelDbRuns::open(runs, metrics, opener)?))),
    });
    of_mlflow.chain(of_kubeflow).chain(of_modeldb).collect()
}

/// The files that hold the metrics of runs.
pub(crate) fn files(config: &Config) -> Vec<RepoPath> {
    declared(config).into_iter().map(|declared| declared.file).collect()
}

/// What was logged, by commit.
#[derive(Default)]
pub(crate) struct ByCommit {
    pub(crate) readings: BTreeMap<String, Reading>,
    /// What may be missing, and why: sentence fragments.
    pub(crate) notes: Vec<String>,
}

/// What runs of each system logged, by commit, for those of these commits that have any.
pub(crate) fn of_commits(config: &Config, opener: &Opener, commits: &[String]) -> Vec<(RepoPath, Result<ByCommit, Trouble>)> {
    let judged: Rc<[Glob]> = Rc::new([]);
    let of = |declared: Declared<'_>| {
        let found = Source::open(&declared, opener, &judged).and_then(|source| source.of_commits(commits));
        (declared.file, found)
    };
    declared(config).into_iter().map(of).collect()
}

impl Tracking {
    /// Finds the runs of both sides and adds what they logged. What cannot be had is a problem of its side, by name.
    pub(crate) fn read(config: &Config, opener: Opener, sides: &mut Sides<'_>) -> Self {
        let of_files = config.rule.iter().filter(|rule| rule.table.is_none());
        let judged: Rc<[Glob]> = of_files.filter_map(|rule| Glob::name(&rule.metric).ok()).collect();
        let typed = config.mlflow.first().and_then(|runs| runs.tracking_uri.clone());
        let mut sources = Vec::new();
        for declared in declared(config) {
            let file = &declared.file;
            if sides.base.1.metrics.contains_key(file) || sides.head.1.metrics.contains_key(file) {
                let told = "is a file of the repository as well as runs of a tracking system, and one of them would hide the other";
                fail(sides, file, &Problem::new(ProblemKind::Unparsable, file.clone(), told).hint("give the runs another `name`"));
                continue;
            }
            match Source::open(&declared, &opener, &judged) {
                Ok(mut source) => {
                    source.add(sides);
                    sources.push(source);
                }
                Err(trouble) => fail(sides, file, &trouble.problem(file)),
            }
        }
        Self { opener: Some(opener), typed, config: Some(config.clone()), sources }
    }

    /// Which runs were chosen, and why.
    pub(crate) fn tracked(&self) -> Vec<Tracked> {
        self.sources.iter().map(|source| source.tracked.clone()).collect()
    }

    /// The ids of the head's runs.
    pub(crate) fn head_runs(&self) -> BTreeSet<&str> {
        self.sources.iter().flat_map(|source| &source.head).map(|run| run.id.as_str()).collect()
    }

    /// The values of one run as a revision of their own.
    pub(crate) fn snapshot(&self, index: usize, run: &Candidate, title: &str) -> Result<Snapshot, Trouble> {
        let source = &self.sources[index];
        let mut snapshot = values::empty(title, run, &source.finding);
        snapshot.metrics.insert(source.file.clone(), source.reading(std::slice::from_ref(run))?);
        Ok(snapshot)
    }

    /// A table that a run of the head, or of the base, has among its artifacts.
    pub(crate) fn table(&self, declared: &Table, of_head: bool, limit: u64, notes: &mut Vec<String>) -> Result<Option<Blob>, Problem> {
        let Some(source) = self.sources.iter().find(|source| source.has(declared)) else {
            return Err(unavailable(&declared.file, "is an artifact of runs that cannot be read"));
        };
        let runs = if of_head { &source.head } else { &source.base };
        let Some(run) = runs.last() else { return Ok(None) };
        if runs.len() > 1 {
            let side = if of_head { "head" } else { "base" };
            notes.push(format!("The table `{}` of the {side} is that of its newest run, `{}`.", declared.name, run.name));
        }
        source.artifact(run, declared, limit)
    }

    /// The same of any run.
    pub(crate) fn table_of(&self, index: usize, run: &Candidate, declared: &Table, limit: u64) -> Result<Option<Blob>, Problem> {
        let source = &self.sources[index];
        if source.has(declared) { source.artifact(run, declared, limit) } else { Ok(None) }
    }
}

impl Source {
    fn open(declared: &Declared<'_>, opener: &Opener, judged: &Rc<[Glob]>) -> Result<Self, Trouble> {
        let globs = |globs: &Vec<String>| globs.iter().filter_map(|glob| Glob::name(glob).ok()).collect::<Vec<_>>();
        let metrics = declared.finding.metrics.as_ref().map(globs);
        let tracker = (declared.open)(metrics.clone(), opener)?;
        let tracked = Tracked::new(declared.file.clone(), tracker.title(), declared.experiments.clone());
        let (file, finding) = (declared.file.clone(), declared.finding.clone());
        Ok(Self { finding, file, metrics, judged: Rc::clone(judged), tracker, base: Vec::new(), head: Vec::new(), tracked })
    }

    /// What the runs of each commit logged: as a comparison would read them.
    fn of_commits(&self, commits: &[String]) -> Result<ByCommit, Trouble> {
        let finding = &self.finding;
        self.tracker.expect(commits);
        let mut runs: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
        let mut found_all = ByCommit::default();
        for chunk in commits.chunks(self.tracker.values_at_once().max(1)) {
            let mut tags = vec![(finding.commit.clone(), chunk.to_vec())];
            tags.extend(finding.tags.iter().map(|(name, value)| (name.clone(), vec![value.clone()])));
            let found = self.tracker.search(&Query { tags, limit: MOST_LOGGED, ..Query::default() })?;
            found_all.notes.extend(found.incomplete);
            found_all.notes.extend(found.skipped.iter().map(|one| format!("the run `{}` cannot be read: {}", one.run, one.reason)));
            let parents: BTreeSet<String> = found.runs.iter().filter_map(|run| run.parent.clone()).collect();
            let counts = |run: &Candidate| {
                let is_part = if finding.children { !parents.contains(&run.id) } else { run.parent.is_none() };
                run.aside.is_none() && is_part
            };
            for run in found.runs.into_iter().filter(counts) {
                let commit = run.tag(&finding.commit).filter(|commit| chunk.iter().any(|one| one == commit)).map(str::to_owned);
                runs.entry(commit.unwrap_or_default()).or_default().push(run);
            }
        }
        runs.remove("");
        for (commit, mut runs) in runs {
            runs.sort_by(|one, two| (one.started, &one.id).cmp(&(two.started, &two.id)));
            let from = if finding.newest { runs.len() - 1 } else { 0 };
            match self.reading(&runs[from..]) {
                Ok(reading) => drop(found_all.readings.insert(commit, reading)),
                Err(trouble) => found_all.notes.push(format!("{commit:.10}: {trouble}")),
            }
        }
        Ok(found_all)
    }

    fn add(&mut self, sides: &mut Sides<'_>) {
        let (base_side, head_side) = (sides.base.0, sides.head.0);
        let commits = |side: &Side| side.commits.iter().chain(&side.before).cloned().collect::<Vec<_>>();
        self.tracker.expect(&[commits(head_side), commits(base_side)].concat());
        let head = self.side(head_side, base_side, &[], sides.head.1, true);
        let base = self.side(base_side, head_side, &head, sides.base.1, false);
        // Compared with itself everything is as it was.
        let is_one = |run: &&Candidate| base.iter().any(|other| other.id == run.id);
        let is_same_code = head_side.commits.iter().any(|commit| base_side.commits.contains(commit));
        if let Some(run) = head.iter().find(is_one).filter(|_| !is_same_code) {
            let told = format!("has the run `{}` for both sides, which would be compared with itself", run.id);
            let hint = "train this commit, or let runs say their commit";
            let problem = Problem::new(ProblemKind::Unavailable, self.file.clone(), told).hint(hint);
            sides.head.1.metrics.insert(self.file.clone(), Reading::unavailable(problem));
        }
        (self.base, self.head) = (base, head);
        let (of_base, of_head) = (self.data(&self.base), self.data(&self.head));
        values::warn_of_data(&self.file, &of_base, &of_head, !self.head.is_empty(), sides.head.1);
    }

    /// The runs of one side.
    fn side(&mut self, side: &Side, other: &Side, taken: &[Candidate], snapshot: &mut Snapshot, is_head: bool) -> Vec<Candidate> {
        let mut chosen = match choose::choose(self, side, other, taken) {
            Ok(chosen) => chosen,
            Err(trouble) => {
                snapshot.metrics.insert(self.file.clone(), Reading::unavailable(trouble.problem(&self.file)));
                return Vec::new();
            }
        };
        // A run that was there and could not be read may have been the one.
        let unsure = !chosen.skipped.is_empty() || chosen.incomplete.is_some();
        if is_head && chosen.runs.is_empty() && !unsure && snapshot.revision.work_tree {
            match self.tracker.stand_in() {
                Ok(None) => {}
                Ok(Some((run, how))) => {
                    chosen.selection.how = how;
                    chosen.selection.runs = vec![run.tracked(&self.finding.commit)];
                    chosen.runs = vec![run];
                }
                Err(trouble) => {
                    snapshot.metrics.insert(self.file.clone(), Reading::unavailable(trouble.problem(&self.file)));
                    return Vec::new();
                }
            }
        }
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
                let (system, key) = (self.system(), self.finding.commit_key);
                let hint = format!("train this commit and log it, or say in [[{system}]] how its runs are found (`find`, `{key}`)");
                let problem = Problem::new(ProblemKind::Unavailable, self.file.clone(), format!("has {told}")).hint(hint);
                snapshot.metrics.insert(self.file.clone(), Reading::unavailable(problem));
            }
            return Vec::new();
        }
        match self.reading(&chosen.runs) {
            Ok(reading) => {
                let remarks: BTreeSet<String> = chosen.runs.iter().flat_map(|run| self.tracker.remarks(run)).collect();
                let tracked = if is_head { &mut self.tracked.head } else { &mut self.tracked.base };
                tracked.notes.extend(remarks);
                snapshot.metrics.insert(self.file.clone(), reading);
                snapshot.params.insert(self.file.clone(), values::params(self.tracker.as_ref(), &chosen.runs));
                snapshot.data.extend(values::data(&self.file, &self.data(&chosen.runs)));
                let notes = chosen.runs.iter().flat_map(|run| self.tracker.notes(run)).collect::<BTreeSet<_>>();
                snapshot.problems.extend(notes.into_iter().map(|note| Problem::warning(self.file.clone(), note)));
            }
            Err(trouble) => {
                snapshot.metrics.insert(self.file.clone(), Reading::unavailable(trouble.problem(&self.file)));
            }
        }
        chosen.runs
    }

    /// `mlflow`, `kubeflow`, `modeldb`.
    fn system(&self) -> &str {
        self.file.as_str().split(':').next().unwrap_or_default()
    }

    fn data(&self, runs: &[Candidate]) -> Vec<tracker::Data> {
        runs.iter().flat_map(|run| self.tracker.data(run)).collect()
    }

    fn reading(&self, runs: &[Candidate]) -> Result<Reading, Trouble> {
        let of = |(index, run): (usize, &Candidate)| {
            let label = values::label(self.tracker.as_ref(), run, &runs[..index], &self.finding);
            Ok((label, self.tracker.values(run)?.into_iter().collect()))
        };
        Ok(Reading::of_runs(runs.iter().enumerate().map(of).collect::<Result<_, Trouble>>()?))
    }

    /// Whether a table is an artifact of these runs.
    fn has(&self, declared: &Table) -> bool {
        declared.mlflow.as_deref().is_some_and(|name| self.file.as_str() == format!("mlflow:{name}"))
    }

    fn artifact(&self, run: &Candidate, declared: &Table, limit: u64) -> Result<Option<Blob>, Problem> {
        self.tracker
            .artifact(run, &declared.file, limit)
            .map_err(|trouble| trouble.problem(&RepoPath::parse(&declared.file).unwrap_or_default()))
    }
}

/// Neither side can be had.
fn fail(sides: &mut Sides<'_>, file: &RepoPath, problem: &Problem) {
    for snapshot in [&mut *sides.base.1, &mut *sides.head.1] {
        snapshot.metrics.insert(file.clone(), Reading::unavailable(problem.clone()));
    }
}

fn unavailable(file: &str, told: &str) -> Problem {
    Problem::new(ProblemKind::Unavailable, RepoPath::parse(file).unwrap_or_default(), told)
}
