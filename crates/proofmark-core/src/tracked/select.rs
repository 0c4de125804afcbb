//! Finds the runs of a commit or a branch, which is the hard part: a tag, a parameter or an attribute is the only link to git,
//! and a store is full of runs that failed, were deleted, belong to a search, or are newer than the one that is meant.

use std::collections::{BTreeMap, BTreeSet};

use super::pool::{Candidate, Found, Pool, Query, Skipped};
use super::{Selection, SetAside};

/// Runs of one search at most.
const MOST_RUNS: usize = 1000;
/// Digits of a commit id that people are shown.
const SHORT: usize = 10;

/// What is looked for, for one side.
#[derive(Clone)]
pub struct Wanted<'a> {
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
    /// The newest that finished, and those of the same commit.
    Newest,
    /// This very run.
    Id {
        /// Its id.
        id: String,
        /// The commits of which it may say that it is; any where there are none.
        commits: Vec<String>,
    },
}

/// The runs of one side, and why.
#[derive(Debug, Clone, Default)]
pub struct Chosen {
    /// The runs that count, oldest first.
    pub runs: Vec<Candidate>,
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
/// Whatever the pool says.
pub fn select<P: Pool + ?Sized>(pool: &P, wanted: &Wanted<'_>) -> Result<Chosen, P::Error> {
    let mut search = Search { pool, wanted, aside: BTreeMap::new(), skipped: Vec::new(), incomplete: None };
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
            Self::Newest => "as the newest that finished".to_owned(),
            Self::Id { id, .. } => format!("by the id `{id}`"),
        }
    }
}

/// What a way found: runs, how, and what to know about it.
type Hit = Option<(Vec<Candidate>, String, Vec<String>)>;

struct Search<'a, P: ?Sized> {
    pool: &'a P,
    wanted: &'a Wanted<'a>,
    /// Why, and the ids and names of the runs.
    aside: BTreeMap<&'static str, BTreeMap<String, String>>,
    skipped: Vec<Skipped>,
    incomplete: Option<String>,
}

impl<P: Pool + ?Sized> Search<'_, P> {
    fn by(&mut self, way: &Way) -> Result<Hit, P::Error> {
        let tag = self.wanted.commit_tag;
        match way {
            Way::Commits(commits) => {
                for commit in commits {
                    let runs = self.of_tag(tag, vec![commit.clone()])?;
                    if !runs.is_empty() {
                        return Ok(Some((runs, format!("by the commit {}", short(commit)), Vec::new())));
                    }
                }
                Ok(None)
            }
            Way::Before(commits) => self.before(commits),
            Way::Branch { tag, branch } => {
                let runs = self.search(Some((tag, vec![branch.clone()])), None)?;
                self.of_newest(runs, way)
            }
            Way::Name(name) => {
                let runs = self.search(None, Some(name.clone()))?;
                self.of_newest(runs, way)
            }
            Way::Newest => {
                let runs = self.search(None, None)?;
                self.of_newest(runs, way)
            }
            Way::Id { id, commits } => {
                let mut run = self.pool.run(id)?;
                let says = run.as_ref().and_then(|run| run.tag(tag));
                if says.is_some_and(|says| !commits.is_empty() && commits.iter().all(|commit| commit != says)) {
                    self.put_aside("of another commit", run.take().as_slice());
                }
                let runs = self.counted(run.into_iter().collect())?;
                Ok((!runs.is_empty()).then(|| (runs, way.told(), Vec::new())))
            }
        }
    }

    /// The nearest ones first, as many at once as the store takes.
    fn before(&mut self, commits: &[String]) -> Result<Hit, P::Error> {
        let tag = self.wanted.commit_tag;
        let size = self.pool.values_at_once().clamp(1, commits.len().max(1));
        for (chunk, nearer) in commits.chunks(size).zip((0..).step_by(size)) {
            let runs = self.search(Some((tag, chunk.to_vec())), None)?;
            for (commit, steps) in chunk.iter().zip(nearer + 1..) {
                // What those further away logged is nobody's business once a nearer one has runs.
                let of = self.with_metrics(runs.iter().filter(|run| run.tag(tag) == Some(commit)).cloned().collect())?;
                if !of.is_empty() {
                    let steps = if steps == 1 { "1 commit".to_owned() } else { format!("{steps} commits") };
                    return Ok(Some((of, format!("by the commit {}, {steps} before", short(commit)), Vec::new())));
                }
            }
        }
        Ok(None)
    }

    /// The newest run that is judged, and those of its commit: without one it stands alone.
    fn of_newest(&mut self, runs: Vec<Candidate>, way: &Way) -> Result<Hit, P::Error> {
        let wanted = self.wanted;
        let foreign = |run: &Candidate| {
            wanted.taken.contains(&run.id)
                || run.tag(wanted.commit_tag).is_some_and(|commit| wanted.others.iter().any(|other| other == commit))
        };
        let (foreign, runs): (Vec<_>, Vec<_>) = runs.into_iter().partition(foreign);
        self.put_aside("of the other side", &foreign);
        let Some((newest, passed_over)) = self.newest(&runs)? else { return Ok(None) };
        self.put_aside("without a metric that is judged", &passed_over);
        let runs: Vec<_> = runs.into_iter().filter(|run| passed_over.iter().all(|passed| passed.id != run.id)).collect();
        let commit = newest.tag(wanted.commit_tag).map(str::to_owned);
        let together = |run: &Candidate| run.id == newest.id || (commit.is_some() && run.tag(wanted.commit_tag) == commit.as_deref());
        let (same, older): (Vec<_>, Vec<_>) = runs.into_iter().partition(together);
        self.put_aside("of other commits", &older);
        let same = self.with_metrics(same)?;
        let (same, others) = self.judged_first(same)?;
        self.put_aside("without a metric that is judged", &others);
        let note = match &commit {
            Some(commit) => format!("it is of the commit {}", short(commit)),
            None => "it does not say of which commit it is".to_owned(),
        };
        Ok(Some((same, way.told(), vec![note])))
    }

    /// The newest with a metric that is judged, else the newest with any that is asked for; and those that are newer. One is looked
    /// at after the other, since some systems tell of metrics only run by run.
    fn newest(&mut self, runs: &[Candidate]) -> Result<Option<(Candidate, Vec<Candidate>)>, P::Error> {
        let mut sorted: Vec<&Candidate> = runs.iter().collect();
        sorted.sort_by(|one, two| (two.started, &two.id).cmp(&(one.started, &one.id)));
        let mut fallback = None;
        for (index, run) in sorted.iter().enumerate() {
            let names = self.pool.metrics(run)?;
            let found = || Some(((*run).clone(), sorted[..index].iter().map(|run| (*run).clone()).collect()));
            if names.iter().any(|name| (self.wanted.judged)(name)) {
                return Ok(found());
            }
            if fallback.is_none() && names.iter().any(|name| (self.wanted.metric)(name)) {
                fallback = found();
            }
        }
        Ok(fallback)
    }

    /// Those with a metric that is judged, and the others; all of them where none has one.
    fn judged_first(&self, runs: Vec<Candidate>) -> Result<(Vec<Candidate>, Vec<Candidate>), P::Error> {
        let (mut judged, mut others) = (Vec::new(), Vec::new());
        for run in runs {
            let is_judged = self.pool.metrics(&run)?.iter().any(|name| (self.wanted.judged)(name));
            if is_judged { judged.push(run) } else { others.push(run) }
        }
        Ok(if judged.is_empty() { (others, judged) } else { (judged, others) })
    }

    /// The runs that count among those that fit, whatever they logged.
    fn search(&mut self, tag: Option<(&str, Vec<String>)>, name: Option<String>) -> Result<Vec<Candidate>, P::Error> {
        let wanted = self.wanted;
        let mut tags: Vec<(String, Vec<String>)> = tag.into_iter().map(|(tag, values)| (tag.to_owned(), values)).collect();
        tags.extend(wanted.tags.iter().map(|(tag, value)| (tag.clone(), vec![value.clone()])));
        let mut runs = self.ask(&Query { tags, name, parents: None, limit: MOST_RUNS })?;
        if wanted.children {
            runs = self.with_children(runs)?;
        }
        Ok(self.finished(runs))
    }

    /// The same, and only those with a metric that is asked for.
    fn of_tag(&mut self, tag: &str, values: Vec<String>) -> Result<Vec<Candidate>, P::Error> {
        let runs = self.search(Some((tag, values)), None)?;
        self.with_metrics(runs)
    }

    fn counted(&mut self, runs: Vec<Candidate>) -> Result<Vec<Candidate>, P::Error> {
        let runs = self.finished(runs);
        self.with_metrics(runs)
    }

    fn finished(&mut self, runs: Vec<Candidate>) -> Vec<Candidate> {
        let nested = |run: &Candidate| (!self.wanted.children && run.parent.is_some()).then_some("nested");
        let mut counted = Vec::new();
        for run in runs {
            match run.aside.or_else(|| nested(&run)) {
                Some(why) => self.put_aside(why, std::slice::from_ref(&run)),
                None => counted.push(run),
            }
        }
        counted
    }

    fn with_metrics(&mut self, runs: Vec<Candidate>) -> Result<Vec<Candidate>, P::Error> {
        let mut counted = Vec::new();
        for run in runs {
            if self.pool.metrics(&run)?.iter().any(|name| (self.wanted.metric)(name)) {
                counted.push(run);
            } else {
                self.put_aside("without such a metric", std::slice::from_ref(&run));
            }
        }
        Ok(counted)
    }

    fn ask(&mut self, query: &Query) -> Result<Vec<Candidate>, P::Error> {
        let Found { runs, skipped, incomplete } = self.pool.search(query)?;
        self.skipped.extend(skipped.into_iter().filter(|skipped| !self.skipped.contains(skipped)).collect::<Vec<_>>());
        let full = (runs.len() >= query.limit).then(|| format!("only the newest {} runs were looked at", query.limit));
        self.incomplete = self.incomplete.take().or(incomplete).or(full);
        // A server's filter is not taken on trust: what does not fit is no answer.
        let fits = |run: &Candidate| {
            query.name.as_ref().is_none_or(|name| *name == run.name)
                && query.parents.as_ref().is_none_or(|parents| run.parent.as_ref().is_some_and(|parent| parents.contains(parent)))
                && query.tags.iter().all(|(tag, values)| run.tags.get(tag).is_some_and(|value| values.contains(value)))
        };
        Ok(runs.into_iter().filter(fits).collect())
    }

    /// The nested runs of those that have any, in the place of their parents.
    fn with_children(&mut self, runs: Vec<Candidate>) -> Result<Vec<Candidate>, P::Error> {
        let parents: Vec<String> = runs.iter().filter(|run| run.parent.is_none()).map(|run| run.id.clone()).collect();
        if parents.is_empty() {
            return Ok(runs);
        }
        let children = self.ask(&Query { parents: Some(parents), limit: MOST_RUNS, ..Query::default() })?;
        let has_children: BTreeSet<&str> = children.iter().filter_map(|run| run.parent.as_deref()).collect();
        let (parents, mut runs): (Vec<_>, Vec<_>) = runs.into_iter().partition(|run| has_children.contains(run.id.as_str()));
        let parent_of = |run: &Candidate| parents.iter().find(|parent| run.parent.as_ref() == Some(&parent.id));
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

    fn put_aside(&mut self, why: &'static str, runs: &[Candidate]) {
        let named = |run: &Candidate| (run.id.clone(), if run.name.is_empty() { run.id.clone() } else { run.name.clone() });
        if !runs.is_empty() {
            self.aside.entry(why).or_default().extend(runs.iter().map(named));
        }
    }

    fn chosen(mut self, mut runs: Vec<Candidate>, how: String, mut notes: Vec<String>) -> Chosen {
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
        let told = runs.iter().map(|run| run.tracked(self.wanted.commit_tag)).collect();
        let mut selection = Selection { how, runs: told, notes, ..Selection::default() };
        let taken: BTreeSet<&str> = runs.iter().map(|run| run.id.as_str()).collect();
        for (why, names) in self.aside {
            let names: Vec<String> = names.into_iter().filter(|(id, _)| !taken.contains(id.as_str())).map(|(_, name)| name).collect();
            if !names.is_empty() {
                selection.set_aside.push(SetAside { why: why.to_owned(), runs: names });
            }
        }
        Chosen { runs, selection, skipped: self.skipped, incomplete: self.incomplete }
    }
}

fn short(commit: &str) -> &str {
    commit.get(..SHORT).unwrap_or(commit)
}

#[cfg(test)]
mod tests;
