//! Finds the runs of a commit or a branch, which is the hard part: tags are the only link to git, and a store is full of runs
//! that failed, were deleted, belong to a search, or are newer than the one that is meant.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_core::tracked::{Selection, SetAside, TrackedRun};

use crate::Error;
use crate::run::{PARENT_TAG, Run, Status};
use crate::store::{Found, Query, Skipped, Store};

/// Runs of one search at most.
const MOST_RUNS: usize = 1000;
/// Digits of a commit id that people are shown.
const SHORT: usize = 10;

/// What is looked for, for one side.
#[derive(Clone)]
pub struct Wanted<'a> {
    /// The ids of the experiments.
    pub experiments: &'a [String],
    /// How to find runs: one way after the other until one finds any.
    pub ways: Vec<Way>,
    /// Tags that a run must have as well.
    pub tags: &'a BTreeMap<String, String>,
    /// The tag with the commit.
    pub commit_tag: &'a str,
    /// Whether nested runs are the repeated runs of their parent.
    pub children: bool,
    /// Whether only the newest run counts.
    pub newest: bool,
    /// Commits of the other side. A branch or a name can lead to their runs, which would be compared with themselves.
    pub others: &'a [String],
    /// The ids of runs that the other side has.
    pub taken: &'a BTreeSet<String>,
    /// Whether a metric is one that is judged. Of a branch's runs the newest one that has any of them is meant: others (an
    /// export, a long history) only happen to be newer.
    pub judged: &'a dyn Fn(&str) -> bool,
    /// Whether a metric is one that is asked for. Runs without any do not count.
    pub metric: &'a dyn Fn(&str) -> bool,
}

/// One way to find runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// By these commits: the first that has a run counts.
    Commits(Vec<String>),
    /// By the nearest of these commits, nearest first, which come before the one that is compared.
    Before(Vec<String>),
    /// By a tag with the branch: its newest run, and those of the same commit.
    Branch {
        /// The tag's name.
        tag: String,
        /// The branch.
        branch: String,
    },
    /// By the run's name: the newest, and those of the same commit.
    Name(String),
}

/// The runs of one side, and why.
#[derive(Debug, Clone, Default)]
pub struct Chosen {
    /// The runs that count, oldest first.
    pub runs: Vec<Run>,
    /// The same choice for people.
    pub selection: Selection,
    /// Runs that may have been meant and cannot be read.
    pub skipped: Vec<Skipped>,
    /// Why there may be more runs than were looked at.
    pub incomplete: Option<String>,
}

/// Finds the runs of one side. That there are none is no error: `runs` is empty then, and `selection` says what was tried.
///
/// # Errors
/// See [`Error`].
pub fn select(store: &dyn Store, wanted: &Wanted<'_>) -> Result<Chosen, Error> {
    let mut search = Search { store, wanted, aside: BTreeMap::new(), skipped: Vec::new(), incomplete: None };
    let mut tried = Vec::new();
    for way in &wanted.ways {
        if let Some((runs, how, notes)) = search.by(way)? {
            return Ok(search.chosen(runs, how, notes));
        }
        tried.push(way.told());
    }
    let how = if tried.is_empty() { "with nothing to look for".to_owned() } else { format!("neither {}", tried.join(" nor ")) };
    Ok(search.chosen(Vec::new(), how.replacen("neither ", if tried.len() == 1 { "" } else { "neither " }, 1), Vec::new()))
}

impl Way {
    fn told(&self) -> String {
        match self {
            Self::Commits(commits) => {
                let shown: Vec<&str> = commits.iter().map(|commit| short(commit)).collect();
                format!("by the commit {}", shown.join(" or "))
            }
            Self::Before(commits) => format!("by any of the {} commits before", commits.len()),
            Self::Branch { branch, .. } => format!("by the branch `{branch}`"),
            Self::Name(name) => format!("by the name `{name}`"),
        }
    }
}

/// What a way found: runs, how, and what to know about it.
type Hit = Option<(Vec<Run>, String, Vec<String>)>;

struct Search<'a> {
    store: &'a dyn Store,
    wanted: &'a Wanted<'a>,
    /// Why, and the ids and names of the runs.
    aside: BTreeMap<&'static str, BTreeMap<String, String>>,
    skipped: Vec<Skipped>,
    incomplete: Option<String>,
}

impl Search<'_> {
    fn by(&mut self, way: &Way) -> Result<Hit, Error> {
        let tag = self.wanted.commit_tag;
        match way {
            Way::Commits(commits) => {
                for commit in commits {
                    let runs = self.search(Some((tag, vec![commit.clone()])), None)?;
                    if !runs.is_empty() {
                        return Ok(Some((runs, format!("by the commit {}", short(commit)), Vec::new())));
                    }
                }
                Ok(None)
            }
            Way::Before(commits) => self.before(commits),
            Way::Branch { tag, branch } => {
                let runs = self.search(Some((tag, vec![branch.clone()])), None)?;
                Ok(self.of_newest(runs, way))
            }
            Way::Name(name) => {
                let runs = self.search(None, Some(name.clone()))?;
                Ok(self.of_newest(runs, way))
            }
        }
    }

    /// The nearest ones first, as many at once as the store takes.
    fn before(&mut self, commits: &[String]) -> Result<Hit, Error> {
        let tag = self.wanted.commit_tag;
        let size = self.store.values_at_once().clamp(1, commits.len().max(1));
        for (chunk, nearer) in commits.chunks(size).zip((0..).step_by(size)) {
            let runs = self.search(Some((tag, chunk.to_vec())), None)?;
            for (commit, steps) in chunk.iter().zip(nearer + 1..) {
                let of: Vec<Run> = runs.iter().filter(|run| run.tag(tag) == Some(commit)).cloned().collect();
                if !of.is_empty() {
                    let steps = if steps == 1 { "1 commit".to_owned() } else { format!("{steps} commits") };
                    return Ok(Some((of, format!("by the commit {}, {steps} before", short(commit)), Vec::new())));
                }
            }
        }
        Ok(None)
    }

    /// The newest run, and those of its commit: without one it stands alone.
    fn of_newest(&mut self, runs: Vec<Run>, way: &Way) -> Hit {
        let foreign = |run: &Run| {
            self.wanted.taken.contains(&run.id)
                || run.tag(self.wanted.commit_tag).is_some_and(|commit| self.wanted.others.iter().any(|other| other == commit))
        };
        let (foreign, runs): (Vec<Run>, Vec<Run>) = runs.into_iter().partition(foreign);
        self.put_aside("of the other side", &foreign);
        let is_judged = |run: &Run| run.metrics.keys().any(|metric| (self.wanted.judged)(metric));
        let (judged, others): (Vec<Run>, Vec<Run>) = runs.into_iter().partition(is_judged);
        let runs = if judged.is_empty() {
            others
        } else {
            self.put_aside("without a metric that is judged", &others);
            judged
        };
        let newest = runs.iter().max_by_key(|run| (run.started, run.id.clone()))?.clone();
        let commit = newest.tag(self.wanted.commit_tag).map(str::to_owned);
        let together = |run: &Run| run.id == newest.id || (commit.is_some() && run.tag(self.wanted.commit_tag) == commit.as_deref());
        let (same, older): (Vec<Run>, Vec<Run>) = runs.into_iter().partition(together);
        self.put_aside("of other commits", &older);
        let note = match &commit {
            Some(commit) => format!("it is of the commit {}", short(commit)),
            None => "it does not say of which commit it is".to_owned(),
        };
        Some((same, way.told(), vec![note]))
    }

    /// The runs that count among those that fit.
    fn search(&mut self, tag: Option<(&str, Vec<String>)>, name: Option<String>) -> Result<Vec<Run>, Error> {
        let wanted = self.wanted;
        let mut tags: Vec<(String, Vec<String>)> = tag.into_iter().map(|(tag, values)| (tag.to_owned(), values)).collect();
        tags.extend(wanted.tags.iter().map(|(tag, value)| (tag.clone(), vec![value.clone()])));
        let query = Query { experiments: wanted.experiments.to_vec(), tags, name, limit: MOST_RUNS };
        let mut runs = self.ask(&query)?;
        if wanted.children {
            runs = self.with_children(runs)?;
        }
        let mut counted = Vec::new();
        for run in runs {
            match self.why_not(&run) {
                Some(why) => self.put_aside(why, std::slice::from_ref(&run)),
                None => counted.push(run),
            }
        }
        Ok(counted)
    }

    fn ask(&mut self, query: &Query) -> Result<Vec<Run>, Error> {
        let Found { runs, skipped, incomplete } = self.store.search(query)?;
        self.skipped.extend(skipped.into_iter().filter(|skipped| !self.skipped.contains(skipped)).collect::<Vec<_>>());
        let full = (runs.len() >= query.limit).then(|| format!("only the newest {} runs were looked at", query.limit));
        self.incomplete = self.incomplete.take().or(incomplete).or(full);
        // A server's filter is not taken on trust: what does not fit is no answer.
        let fits = |run: &Run| {
            !run.deleted
                && query.experiments.contains(&run.experiment)
                && query.name.as_ref().is_none_or(|name| *name == run.name)
                && query.tags.iter().all(|(tag, values)| run.tags.get(tag).is_some_and(|value| values.contains(value)))
        };
        Ok(runs.into_iter().filter(fits).collect())
    }

    /// The nested runs of those that have any, in the place of their parents.
    fn with_children(&mut self, runs: Vec<Run>) -> Result<Vec<Run>, Error> {
        let parents: Vec<String> = runs.iter().filter(|run| run.tag(PARENT_TAG).is_none()).map(|run| run.id.clone()).collect();
        if parents.is_empty() {
            return Ok(runs);
        }
        let query = Query {
            experiments: self.wanted.experiments.to_vec(),
            tags: vec![(PARENT_TAG.to_owned(), parents)],
            name: None,
            limit: MOST_RUNS,
        };
        let children = self.ask(&query)?;
        let has_children: BTreeSet<&str> = children.iter().filter_map(|run| run.tag(PARENT_TAG)).collect();
        let (parents, mut runs): (Vec<Run>, Vec<Run>) = runs.into_iter().partition(|run| has_children.contains(run.id.as_str()));
        let parent_of = |run: &Run| parents.iter().find(|parent| run.tag(PARENT_TAG) == Some(&parent.id));
        let commit_tag = self.wanted.commit_tag;
        let mut nested = Vec::new();
        for mut child in children.iter().filter(|child| runs.iter().all(|run| run.id != child.id)).cloned() {
            // A child that does not say its commit has that of its parent.
            if let (None, Some(commit)) = (child.tag(commit_tag), parent_of(&child).and_then(|parent| parent.tag(commit_tag))) {
                child.tags.insert(commit_tag.to_owned(), commit.to_owned());
            }
            nested.push(child);
        }
        runs.extend(nested);
        self.put_aside("with nested runs in their place", &parents);
        Ok(runs)
    }

    fn why_not(&self, run: &Run) -> Option<&'static str> {
        match run.status {
            Status::Finished => {}
            Status::Failed => return Some("failed"),
            Status::Killed => return Some("killed"),
            Status::Running => return Some("not finished"),
            Status::Scheduled => return Some("not started"),
        }
        if !self.wanted.children && run.tag(PARENT_TAG).is_some() {
            return Some("nested");
        }
        (!run.metrics.keys().any(|metric| (self.wanted.metric)(metric))).then_some("without such a metric")
    }

    fn put_aside(&mut self, why: &'static str, runs: &[Run]) {
        let named = |run: &Run| (run.id.clone(), if run.name.is_empty() { run.id.clone() } else { run.name.clone() });
        if !runs.is_empty() {
            self.aside.entry(why).or_default().extend(runs.iter().map(named));
        }
    }

    fn chosen(mut self, mut runs: Vec<Run>, how: String, mut notes: Vec<String>) -> Chosen {
        runs.sort_by(|one, two| (one.started, &one.id).cmp(&(two.started, &two.id)));
        if self.wanted.newest && runs.len() > 1 {
            let newest = runs.split_off(runs.len() - 1);
            self.put_aside("older", &runs);
            runs = newest;
        }
        for Skipped { run, reason } in &self.skipped {
            notes.push(format!("`{run}` cannot be read: {reason}"));
        }
        notes.extend(self.incomplete.clone());
        let mut selection = Selection::default();
        selection.how = how;
        selection.runs = runs.iter().map(|run| tracked(self.store, run, self.wanted.commit_tag)).collect();
        let taken: BTreeSet<&str> = runs.iter().map(|run| run.id.as_str()).collect();
        for (why, names) in self.aside {
            let names: Vec<String> = names.into_iter().filter(|(id, _)| !taken.contains(id.as_str())).map(|(_, name)| name).collect();
            if !names.is_empty() {
                selection.set_aside.push(SetAside { why: why.to_owned(), runs: names });
            }
        }
        selection.notes = notes;
        Chosen { runs, selection, skipped: self.skipped, incomplete: self.incomplete }
    }
}

/// A run as reports name it.
pub fn tracked(store: &dyn Store, run: &Run, commit_tag: &str) -> TrackedRun {
    let mut told = TrackedRun::new(&run.id, &run.name);
    told.commit = run.tag(commit_tag).map(str::to_owned);
    told.started = run.started;
    told.url = store.run_url(run);
    told.models.clone_from(&run.models);
    told
}

fn short(commit: &str) -> &str {
    commit.get(..SHORT).unwrap_or(commit)
}

#[cfg(test)]
mod tests;
