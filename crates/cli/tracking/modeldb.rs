//! Runs of ModelDB.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proofmark_core::config::{Config as Whole, Finding, ModelDb as Config};
use proofmark_core::glob::Glob;
use proofmark_core::key::Key;
use proofmark_core::tracked::pool::{Candidate, Found, Pool, Query};
use proofmark_core::value::Value;
use proofmark_modeldb::{Access, Aside, Credentials, Mark, ModelDb, Run, Unreadable, evidence_key};

use crate::digest::sha256;

use super::choose::counts;
use super::opener::Opener;
use super::tracker::{Data, ELSEWHERE, Tracker, Trouble};
use super::values::{key, summaries_of};

/// What the environment calls the address.
const VARIABLE: &str = "VERTA_HOST";

/// One `[[modeldb]]`.
pub(super) struct ModelDbRuns {
    config: Config,
    metrics: Option<Vec<Glob>>,
    server: ModelDb,
    project: String,
    /// The ids of the experiments that count; all of the project where there are none.
    experiments: Vec<String>,
    /// The commits of both sides: a run may say its own in part, in a tag, or by its code.
    commits: RefCell<Vec<String>>,
    /// The runs that were seen, by id.
    seen: RefCell<BTreeMap<String, Run>>,
}

impl ModelDbRuns {
    pub(super) fn open(config: &Config, metrics: Option<Vec<Glob>>, opener: &Opener) -> Result<Self, Trouble> {
        let server = server(config, opener)?;
        let project = server.project(&config.project)?.ok_or_else(|| {
            Trouble::new(format!("there is no project `{}` at {}", config.project, server.address()))
                .hint("names are case-sensitive, and each workspace has projects of its own")
        })?;
        let mut experiments = Vec::new();
        for name in &config.experiment.0 {
            let found = server.experiment(&project.id, name)?;
            let missing = || Trouble::new(format!("the project `{}` has no experiment `{name}`", config.project));
            experiments.push(found.ok_or_else(missing)?.id);
        }
        Ok(Self {
            config: config.clone(),
            metrics,
            server,
            project: project.id,
            experiments,
            commits: RefCell::default(),
            seen: RefCell::default(),
        })
    }

    /// Keeps a run, and says what has to be known to choose it.
    fn candidate(&self, run: Run, aside: Option<Aside>) -> Candidate {
        let attribute = self.config.finding().commit;
        let mut tags: BTreeMap<String, String> =
            run.attributes.keys().filter_map(|name| Some((name.clone(), run.attribute(name)?))).collect();
        let commits = self.commits.borrow();
        let said = commits.iter().find(|commit| run.says_commit(commit, &attribute).is_some()).cloned();
        let of_code = run.code.as_ref().map(|code| code.hash.clone()).filter(|hash| !hash.is_empty());
        match (said, of_code) {
            (Some(commit), _) => drop(tags.insert(attribute, commit)),
            (None, Some(commit)) => drop(tags.entry(attribute).or_insert(commit)),
            (None, None) => {}
        }
        let is_elsewhere = run.project != self.project || !(self.experiments.is_empty() || self.experiments.contains(&run.experiment));
        // Whatever it is found by: of files that nobody can look up again no commit can be judged.
        let dirty = run.is_dirty().then_some(Aside::Dirty);
        let aside = if is_elsewhere { Some(ELSEWHERE) } else { aside.or_else(|| run.aside()).or(dirty).map(Aside::name) };
        let candidate = Candidate {
            id: run.id.clone(),
            name: run.name.clone(),
            aside,
            started: Some(run.time()),
            parent: None,
            tags,
            url: self.server.run_url(&run),
            models: Vec::new(),
        };
        self.seen.borrow_mut().insert(run.id.clone(), run);
        candidate
    }

    fn seen(&self, run: &Candidate) -> Option<Run> {
        self.seen.borrow().get(&run.id).cloned()
    }

    /// Runs of these commits, by the attribute, a tag, or the version of the code.
    fn of_commits(&self, query: &proofmark_modeldb::Query, commits: &[String], attribute: &str) -> Result<Found, Trouble> {
        let found = self.server.of_commits(query, commits, attribute)?;
        all_read(&found.unreadable)?;
        let counted = found.runs.into_iter().map(|by| (by.run, None));
        let aside = found.aside.into_iter().map(|(run, aside)| (run, Some(aside)));
        let runs = counted.chain(aside).map(|(run, aside)| self.candidate(run, aside)).collect();
        Ok(Found { runs, skipped: Vec::new(), incomplete: found.incomplete })
    }
}

/// The server that a table names.
fn server(config: &Config, opener: &Opener) -> Result<ModelDb, Trouble> {
    let place = opener.server(config.host.as_deref(), VARIABLE, "[[modeldb]]", "host")?;
    let mut access = Access::from_environment(Some(&place.address), &|name| opener.var(name), opener.terms())?;
    if !place.with_credentials {
        (access.credentials, access.organization) = (Credentials::Nobody, None);
    }
    if let Some(workspace) = &config.workspace {
        access.workspace = Some(workspace.clone());
    }
    Ok(ModelDb::open(&access)?)
}

/// A project of ModelDB. Marks are of the whole project, whatever experiments are judged.
pub(crate) struct Project {
    pub(crate) server: ModelDb,
    pub(crate) id: String,
}

/// A project by its name, as the configuration has it, else as the environment does.
pub(crate) fn project(opener: &Opener, config: Option<&Whole>, name: &str) -> Result<Project, Trouble> {
    let known = config.and_then(|config| config.modeldb.iter().find(|runs| runs.project == name)).cloned();
    let runs = ModelDbRuns::open(&known.unwrap_or_else(|| Config { project: name.to_owned(), ..Config::default() }), None, opener)?;
    Ok(Project { server: runs.server, id: runs.project })
}

impl Project {
    /// All runs with a mark, and the one of them that is meant: where a move was cut off, that is the one that says it replaced
    /// another, or came back for it.
    pub(crate) fn holders(&self, mark: &Mark) -> Result<(Option<Run>, Vec<Run>), Trouble> {
        let current = self.server.current(&self.id, &[], mark)?;
        if let Some(why) = current.incomplete.or_else(|| current.unreadable.first().map(|one| format!("`{}` cannot be read", one.run))) {
            return Err(Trouble { outside: true, ..Trouble::new(format!("which run has {mark} cannot be told: {why}")) });
        }
        let runs = current.runs;
        if runs.len() < 2 {
            return Ok((runs.first().cloned(), runs));
        }
        let is_other = |run: &Run, key: &str| run.attribute(key).is_some_and(|id| runs.iter().any(|other| other.id == id));
        let is_meant = |run: &&Run| is_other(run, &replaced_key(mark)) || is_other(run, &came_back_key(mark));
        match runs.iter().filter(is_meant).collect::<Vec<_>>().as_slice() {
            [one] => Ok((Some((*one).clone()), runs.clone())),
            _ => {
                let names = runs.iter().map(|run| format!("`{}`", run.id)).collect::<Vec<_>>().join(", ");
                Err(Trouble::new(format!("several runs have {mark}: {names}")).hint("take it from all but one of them"))
            }
        }
    }
}

/// The attribute of a run that says which one it replaced as the one with the mark.
pub(crate) fn replaced_key(mark: &Mark) -> String {
    evidence_key(&format!("replaced_{}", slug(mark)))
}

/// The attribute of a run that says in whose place it came back.
pub(crate) fn came_back_key(mark: &Mark) -> String {
    evidence_key(&format!("back_{}", slug(mark)))
}

/// Keys of ModelDB hold few letters, so that two marks may look alike there: what is no plain tag has a part of its hash.
fn slug(mark: &Mark) -> String {
    let is_plain = |tag: &String| tag.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let (shown, whole) = match mark {
        Mark::Tag(tag) if is_plain(tag) => return tag.clone(),
        Mark::Tag(tag) => (tag.clone(), format!("tag {tag}")),
        Mark::Attribute { key, value } => (format!("{key}-{value}"), format!("attribute {key}={value}")),
    };
    format!("{shown}_{}", &sha256(whole.as_bytes())[..8])
}

/// A run that may be meant and cannot be read is not left out: another one would be judged in its place.
fn all_read(unreadable: &[Unreadable]) -> Result<(), Trouble> {
    let Some(one) = unreadable.first() else { return Ok(()) };
    let name = if one.run.is_empty() { "a run".to_owned() } else { format!("the run `{}`", one.run) };
    let told = format!("{name} may be one of those that are meant, and cannot be read: {}", one.reason);
    Err(Trouble {
        outside: true,
        ..Trouble::new(told).hint("mend or delete it, or narrow what counts: `experiment`, `tags`, `attributes`")
    })
}

impl Pool for ModelDbRuns {
    type Error = Trouble;

    fn search(&self, query: &Query) -> Result<Found, Trouble> {
        let Finding { commit: attribute, .. } = self.config.finding();
        let (of_commit, attributes): (Vec<_>, Vec<_>) = query.tags.iter().cloned().partition(|(name, _)| *name == attribute);
        let asked = proofmark_modeldb::Query {
            experiments: self.experiments.clone(),
            name: query.name.clone(),
            tags: self.config.tags.clone(),
            attributes,
            limit: query.limit,
            ..proofmark_modeldb::Query::of_project(&self.project)
        };
        let mut found = match of_commit.first() {
            Some((_, commits)) => self.of_commits(&asked, commits, &attribute)?,
            None => {
                let found = self.server.search(&asked)?;
                all_read(&found.unreadable)?;
                let counted = found.runs.into_iter().map(|run| self.candidate(run, None)).collect::<Vec<_>>();
                let aside = found.aside.into_iter().map(|(run, aside)| self.candidate(run, Some(aside))).collect::<Vec<_>>();
                let runs = counted.into_iter().chain(aside).collect();
                Found { runs, skipped: Vec::new(), incomplete: found.incomplete }
            }
        };
        found.runs.retain(|run| run.aside != Some(ELSEWHERE));
        Ok(found)
    }

    fn run(&self, id: &str) -> Result<Option<Candidate>, Trouble> {
        Ok(self.server.run(id)?.map(|run| self.candidate(run, None)))
    }

    fn metrics(&self, run: &Candidate) -> Result<Vec<String>, Trouble> {
        let Some(run) = self.seen(run) else { return Ok(Vec::new()) };
        let asked = self.config.history.iter().filter(|(name, _)| run.observed.contains(*name));
        let summaries = asked.flat_map(|(name, all)| all.iter().map(move |summary| format!("{name}.{}", summary.name())));
        Ok(summaries.collect::<Vec<_>>().into_iter().chain(run.metrics.into_keys()).collect())
    }
}

impl Tracker for ModelDbRuns {
    fn title(&self) -> &str {
        self.server.address()
    }

    fn expect(&self, commits: &[String]) {
        self.commits.replace(commits.to_vec());
    }

    fn values(&self, run: &Candidate) -> Result<BTreeMap<Key, Value>, Trouble> {
        let Some(run) = self.seen(run) else { return Ok(BTreeMap::new()) };
        let mut values = BTreeMap::new();
        for (name, summaries) in self.config.history.iter().filter(|(name, _)| run.observed.contains(*name)) {
            let history = self.server.history(&run.id, name)?;
            if history.others > 0 || history.points.is_empty() {
                return Err(Trouble::new(format!("the observations of `{name}` of the run `{}` are not all numbers, or gone", run.id)));
            }
            let points: Vec<f64> = history.points.iter().map(|point| point.value).collect();
            values.extend(summaries_of(name, &points, summaries));
        }
        let logged = run.metrics.into_iter().filter(|(name, _)| counts(self.metrics.as_deref(), name));
        values.extend(logged.map(|(name, value)| (key(&name), value)));
        Ok(values)
    }

    fn params(&self, run: &Candidate) -> BTreeMap<String, String> {
        let Some(run) = self.seen(run) else { return BTreeMap::new() };
        run.hyperparameters.keys().filter_map(|name| Some((name.clone(), run.hyperparameter(name)?))).collect()
    }

    fn data(&self, run: &Candidate) -> Vec<Data> {
        let datasets = self.seen(run).map(|run| run.datasets).unwrap_or_default();
        // A version is a version whatever it is called: there is no hash of the content to be had.
        let told = datasets.into_iter().filter(|data| !data.version.is_empty());
        told.map(|data| Data { name: data.name, digest: data.version, context: None }).collect()
    }

    fn notes(&self, run: &Candidate) -> Vec<String> {
        self.seen(run).map(|run| run.notes).unwrap_or_default()
    }
}
