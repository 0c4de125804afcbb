//! Runs, one by its id or many by what they have in common.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use proofmark_http::api::{Call, escaped, is_part};

use crate::Error;

use super::answers::{ListedRun, RunsPage, WholeRun};
use super::client::{Pipelines, V2};
use super::filter::Filter;
use super::run::{Run, State};

/// Pages of a search at most: 10,000 runs.
const MOST_PAGES: usize = 50;

/// Which runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// The ids of the experiments to look in; all of the namespace where there is none.
    pub experiments: Vec<String>,
    /// The name that a run must have, exactly.
    pub name: Option<String>,
    /// Parameters that a run must have: the name, and the texts of which its value must be one (see [`super::text_of`]).
    pub parameters: Vec<(String, Vec<String>)>,
    /// Only runs that succeeded.
    pub passed: bool,
    /// Also runs that were put away.
    pub archived: bool,
    /// How many runs at most; the newest ones.
    pub limit: usize,
}

/// Runs that were found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// The runs, newest first, without their tasks.
    pub runs: Vec<Run>,
    /// Runs that may have been meant and of which the server tells nothing but an error.
    pub skipped: Vec<Skipped>,
    /// How many runs were looked at.
    pub looked_at: usize,
    /// Why there may be more of them than these, where that is so: a sentence fragment. That there are `limit` of them is none.
    pub incomplete: Option<String>,
}

/// A run of which nothing is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its id.
    pub run: String,
    /// Why: a sentence fragment.
    pub reason: String,
}

impl Pipelines {
    /// One run with its tasks, put away or not.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn run(&self, id: &str) -> Result<Option<Run>, Error> {
        if !is_part(id) {
            return Ok(None);
        }
        // Servers of before the removal of the metadata store do not know views and take no notice.
        let call = Call::get("run", format!("{V2}/runs")).part(id).with("view", "FULL");
        let Some(answer) = self.found::<WholeRun>(&call)? else { return Ok(None) };
        if answer.id() != id {
            return Err(self.api().strange(&call, "it is another run").into());
        }
        Ok(Some(self.cleaned(answer.into_run())))
    }

    /// Runs, newest first, whatever their state; those that were put away only where they are asked for. Whatever the server's filter lets through is checked again.
    ///
    /// # Errors
    /// [`Error::Input`] where a namespace is needed and not set, [`Error::Refused`] where the user may not see it; else see
    /// [`Error`].
    pub fn search(&self, query: &Query) -> Result<Found, Error> {
        let scope = self.scope()?;
        let mut filter = Filter::default();
        if !query.archived {
            filter = filter.differs("storage_state", "ARCHIVED");
        }
        if let Some(name) = &query.name {
            filter = filter.equals("display_name", name);
        }
        if query.passed {
            filter = filter.equals("state", State::Succeeded.name());
        }
        let call = Call::get("runs", format!("{V2}/runs")).with_some("namespace", scope).with("sort_by", "created_at desc");
        let text = filter.text();
        let call = call.with_some("filter", Some(text.as_str()).filter(|_| query.name.is_some() || query.passed || !query.archived));
        let mut found = Found::default();
        let experiments: BTreeSet<&String> = query.experiments.iter().collect();
        if experiments.is_empty() {
            self.search_one(&call, query, &mut found)?;
        }
        for experiment in experiments {
            self.search_one(&call.clone().with("experiment_id", experiment), query, &mut found)?;
        }
        found.runs.sort_by(|one, two| (two.created, &two.id).cmp(&(one.created, &one.id)));
        found.runs.dedup_by(|one, two| one.id == two.id);
        found.runs.truncate(query.limit);
        Ok(found)
    }

    fn search_one(&self, call: &Call, query: &Query, found: &mut Found) -> Result<(), Error> {
        let (mut seen, mut last, mut is_ordered) = (BTreeSet::new(), None, true);
        let mut taken = 0;
        if query.limit == 0 {
            return Ok(());
        }
        let incomplete = self.each::<RunsPage>(call, MOST_PAGES, |answer: ListedRun| {
            let run = self.cleaned(answer.into_run());
            found.looked_at += 1;
            if let (State::Unknown, Some(error)) = (run.state, &run.error) {
                found.skipped.push(Skipped { run: run.id, reason: error.clone() });
                return ControlFlow::Continue(());
            }
            is_ordered &= last.is_none_or(|last| run.created <= last);
            last = Some(run.created);
            if is_ordered && fits(&run, query) && seen.insert(run.id.clone()) {
                found.runs.push(run);
                taken += 1;
            }
            if taken < query.limit && is_ordered { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        if !is_ordered {
            return Err(self.api().strange(call, "its runs are not in the order that was asked for").into());
        }
        found.incomplete = found.incomplete.take().or(incomplete);
        Ok(())
    }

    fn cleaned(&self, mut run: Run) -> Run {
        run.error = run.error.map(|error| self.api().clean(&error));
        for task in &mut run.tasks {
            task.error = task.error.as_deref().map(|error| self.api().clean(error));
        }
        run
    }

    /// Where people look at a run: below the address itself, or on Kubeflow's dashboard where the address is its `/pipeline`.
    /// The cluster's own names lead nowhere from outside; there is no link then.
    pub fn run_url(&self, run: &str) -> Option<String> {
        let (address, run) = (self.title(), escaped(run));
        let (_, rest) = address.split_once("://")?;
        let (authority, path) = rest.split_once('/').map_or((rest, ""), |(authority, path)| (authority, path));
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        // Names of services, the API server's own port, and the proxy of the Kubernetes API have no pages.
        let is_inside = host.ends_with(".svc") || host.contains(".svc.") || host.starts_with("ml-pipeline") || path.contains("/proxy");
        if is_inside || (self.info.get().is_some_and(|info| !info.through_ui) && path.is_empty()) {
            return None;
        }
        match address.strip_suffix("/pipeline") {
            Some(dashboard) => {
                let namespace = self.namespace().map(|name| format!("?ns={}", escaped(name))).unwrap_or_default();
                Some(format!("{dashboard}/_/pipeline/{namespace}#/runs/details/{run}"))
            }
            None => Some(format!("{address}/#/runs/details/{run}")),
        }
    }
}

fn fits(run: &Run, query: &Query) -> bool {
    let has = |(name, values): &(String, Vec<String>)| run.parameter(name).is_some_and(|text| values.contains(&text));
    (query.archived || !run.archived)
        && !run.id.is_empty()
        && (query.experiments.is_empty() || query.experiments.contains(&run.experiment))
        && query.name.as_ref().is_none_or(|name| *name == run.name)
        && (!query.passed || run.state.passed())
        && query.parameters.iter().all(has)
}
