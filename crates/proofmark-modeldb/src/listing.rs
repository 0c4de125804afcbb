//! Lists of runs, page by page. Pages overlap where values tie, since the server's order is not fixed then, and runs come and go
//! between two pages.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use proofmark_http::api::{ApiError, one_line};
use serde::Deserialize as _;
use serde_json::{Value as Json, json};

use crate::Error;
use crate::client::ModelDb;
use crate::run::Run;
use crate::search::Unreadable;
use crate::wire::{RunList, WireRun};

const FIND: &str = "experiment-run/findExperimentRuns";
/// Runs that are looked at in one search at most.
pub(crate) const MOST_RUNS: usize = 10_000;
/// Runs on one page; fewer where a page is too large. Each size divides the one before, so that pages go on where they were.
const PAGES: [usize; 5] = [200, 50, 10, 5, 1];
/// The orders, ascending or not, in which a list is gone through to find the runs that fell between two pages: names are unique
/// within an experiment, so that nothing ties there.
const PASSES: [(&str, bool); 4] = [("date_created", false), ("date_created", true), ("name", true), ("name", false)];
/// So many pages in a row without a new run end a list that does not end.
const IDLE_PAGES: usize = 2;

/// What a search of the server gave.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listing {
    /// Newest first.
    pub(crate) runs: Vec<Run>,
    pub(crate) unreadable: Vec<Unreadable>,
    /// Why there may be more, as a sentence fragment.
    pub(crate) incomplete: Option<String>,
}

#[derive(Default)]
struct Reading {
    runs: BTreeMap<String, Run>,
    unreadable: BTreeMap<String, Unreadable>,
}

impl Reading {
    fn len(&self) -> usize {
        self.runs.len() + self.unreadable.len()
    }

    fn add(&mut self, json: Json) {
        let id = json.get("id").and_then(Json::as_str).unwrap_or_default().to_owned();
        let reason = match WireRun::deserialize(&json).map(WireRun::read) {
            Ok(Some(run)) => return drop(self.runs.insert(id, run)),
            Ok(None) => "it has no id".to_owned(),
            Err(error) => one_line(&error.to_string(), &[]),
        };
        let text = json.to_string().to_lowercase();
        // Those without an id are told apart by what they say.
        let key = if id.is_empty() { text.clone() } else { id.clone() };
        self.unreadable.insert(key, Unreadable { run: id, reason, text });
    }
}

impl ModelDb {
    /// All runs that the server finds for these predicates, each once.
    pub(crate) fn list(&self, project: &str, experiment: &str, predicates: &[Json]) -> Result<Listing, Error> {
        let mut reading = Reading::default();
        let (mut incomplete, mut broken, mut said) = (None, None, None);
        for (order, is_ascending) in PASSES {
            let body = |page: usize, size: usize| {
                json!({"project_id": project, "experiment_id": experiment, "predicates": predicates, "sort_key": order,
                    "ascending": is_ascending, "page_number": page, "page_limit": size})
            };
            let (total, has_end) = self.pass(&body, &mut reading)?;
            said = total.or(said);
            let total = said;
            if reading.len() >= MOST_RUNS {
                broken = None;
                incomplete = (reading.len() > MOST_RUNS || total.is_none_or(|total| total > reading.len()))
                    .then(|| format!("only {MOST_RUNS} of the runs were looked at"));
                break;
            }
            broken = total
                .filter(|total| *total > reading.len())
                .map(|total| format!("the server says that there are {total} runs, and gave {} of them", reading.len()))
                .or_else(|| (total.is_none() && !has_end).then(|| "the server gave the same page again and again".to_owned()));
            if broken.is_none() {
                break;
            }
        }
        // Whatever was left out may be what was meant.
        if let Some(why) = broken {
            return Err(self.api.strange(&self.send(Method::POST, FIND, &Json::Null), &why).into());
        }
        let mut runs: Vec<Run> = reading.runs.into_values().collect();
        newest_first(&mut runs);
        runs.truncate(MOST_RUNS);
        Ok(Listing { runs, unreadable: reading.unreadable.into_values().collect(), incomplete })
    }

    /// From the first page to the last; how many there are, as the server says, and whether the last page was reached.
    fn pass(&self, body: &dyn Fn(usize, usize) -> Json, reading: &mut Reading) -> Result<(Option<usize>, bool), Error> {
        let (mut size, mut position, mut idle, mut seen) = (0, 0, 0, BTreeSet::new());
        let mut most = None;
        loop {
            let limit = PAGES[size];
            let call = self.send(Method::POST, FIND, &body(position / limit + 1, limit)).freely();
            let answer: RunList = match self.api.json(&call) {
                Err(ApiError::TooLarge { .. }) if size + 1 < PAGES.len() => {
                    size += 1;
                    continue;
                }
                answer => answer?,
            };
            // A page that does not say it does not take back what an earlier one said.
            most = most.max(usize::try_from(answer.total_records).ok().filter(|total| *total > 0));
            let total = most;
            let (count, before) = (answer.experiment_runs.len(), seen.len());
            for run in answer.experiment_runs {
                seen.insert(run.get("id").and_then(Json::as_str).unwrap_or_default().to_owned());
                reading.add(run);
            }
            // Some servers make pages smaller than what is asked for.
            let smaller = PAGES.iter().position(|size| *size <= count).filter(|smaller| *smaller > size);
            if let (Some(smaller), Some(total)) = (smaller, total)
                && position + count < total
            {
                size = smaller;
                position += PAGES[smaller];
                continue;
            }
            position += limit;
            idle = if seen.len() > before { 0 } else { idle + 1 };
            // More than was asked for is everything.
            let is_last = count != limit || total.is_some_and(|total| position >= total);
            if is_last || idle >= IDLE_PAGES || reading.len() >= MOST_RUNS {
                return Ok((total, is_last));
            }
        }
    }
}

/// By when they were made. The server's order is by text for metrics, and not fixed for runs of the same time.
pub(crate) fn newest_first(runs: &mut [Run]) {
    runs.sort_by(|one, two| (two.time(), &two.id).cmp(&(one.time(), &one.id)));
}
