//! Searches runs: by the server's filter as far as its language goes, by our own eyes beyond.

use std::collections::BTreeSet;

use serde_json::json;

use crate::Error;
use crate::run::Run;
use crate::store::{Found, Query, Skipped};

use super::answers::RunsAnswer;
use super::filter;
use super::wire::{Request, Wire};

/// Runs of one page.
const PAGE: usize = 1000;
/// Filters of one search at most: the language has no `or`, and `in` not for tags.
pub(super) const MOST_FILTERS: usize = 4;
/// Pages that are looked through at most for what the language cannot say.
const MOST_PAGES: usize = 5;

/// Runs that are not deleted, newest start first.
pub(super) fn search(wire: &Wire, query: &Query) -> Result<Found, Error> {
    if query.experiments.is_empty() || query.limit == 0 || query.tags.iter().any(|(_, values)| values.is_empty()) {
        return Ok(Found::default());
    }
    let plan = Plan::of(query);
    let mut search = Search { wire, query, exact: plan.exact, found: Found::default(), seen: BTreeSet::new() };
    for filter in &plan.filters {
        search.through(filter)?;
    }
    let mut found = search.found;
    found.runs.sort_by(|one, two| two.started.cmp(&one.started).then_with(|| one.id.cmp(&two.id)));
    if found.runs.len() > query.limit {
        found.runs.truncate(query.limit);
        found.incomplete.get_or_insert_with(|| only(query.limit));
    }
    Ok(found)
}

/// Which filters together find the runs.
#[derive(Debug, PartialEq)]
struct Plan {
    filters: Vec<String>,
    /// Whether they say all that is asked for.
    exact: bool,
}

impl Plan {
    fn of(query: &Query) -> Self {
        let mut plan = Self { filters: vec![String::new()], exact: true };
        let name = query.name.as_deref().map(|name| vec![filter::equals("attributes.run_name", name)]);
        let tags = query.tags.iter().map(|(name, values)| values.iter().map(|value| filter::tag_equals(name, value)).collect());
        for conditions in name.into_iter().chain(tags) {
            plan.add(conditions);
        }
        plan
    }

    /// Adds that one of these conditions is met, of which some cannot be said.
    fn add(&mut self, conditions: Vec<Option<String>>) {
        let count = conditions.len();
        let Some(conditions) =
            conditions.into_iter().collect::<Option<Vec<String>>>().filter(|_| self.filters.len() * count <= MOST_FILTERS)
        else {
            self.exact = false;
            return;
        };
        let joined = |filter: &String, condition: &String| {
            if filter.is_empty() { condition.clone() } else { format!("{filter} and {condition}") }
        };
        self.filters = self.filters.iter().flat_map(|filter| conditions.iter().map(move |condition| joined(filter, condition))).collect();
    }
}

struct Search<'a> {
    wire: &'a Wire,
    query: &'a Query,
    exact: bool,
    found: Found,
    seen: BTreeSet<String>,
}

impl Search<'_> {
    /// The pages of one filter. Runs that begin meanwhile shift them, so a run may come twice.
    fn through(&mut self, filter: &str) -> Result<(), Error> {
        let size = if self.exact { self.query.limit.min(PAGE) } else { PAGE };
        let most = if self.exact { self.query.limit.div_ceil(PAGE) } else { MOST_PAGES };
        let (mut token, mut rows): (Option<String>, usize) = (None, 0);
        for _ in 0..most {
            let mut body = json!({
                "experiment_ids": self.query.experiments,
                "filter": filter,
                "run_view_type": "ACTIVE_ONLY",
                "order_by": ["attributes.start_time DESC"],
                "max_results": size,
            });
            if let (Some(token), Some(body)) = (token, body.as_object_mut()) {
                body.insert("page_token".to_owned(), token.into());
            }
            let request = Request::post("runs/search", body);
            let page: RunsAnswer = self.wire.list(&request)?;
            let count = page.runs.len();
            rows += count;
            for run in page.runs {
                match run.into_run() {
                    Ok(run) => self.take(&request, run)?,
                    Err(skipped) => self.skip(skipped),
                }
            }
            token = page.next_page_token.filter(|token| !token.is_empty() && count > 0);
            if token.is_none() {
                return Ok(());
            }
        }
        self.found.incomplete = Some(only(rows));
        Ok(())
    }

    /// Takes a run that was asked for. One that was not shows that the server did not understand the filter, unless the filter
    /// says less than what is asked for.
    fn take(&mut self, request: &Request, run: Run) -> Result<(), Error> {
        if run.id.is_empty() || !self.query.experiments.contains(&run.experiment) {
            return Err(self.wire.strange(request, "it holds a run of an experiment that was not asked for"));
        }
        let named = self.query.name.as_ref().is_none_or(|name| *name == run.name);
        let tagged = self.query.tags.iter().all(|(name, values)| run.tags.get(name).is_some_and(|value| values.contains(value)));
        match named && tagged {
            false if self.exact => Err(self.wire.strange(request, "it holds a run without the tag or name that was asked for")),
            true if !run.deleted && self.seen.insert(run.id.clone()) => {
                self.found.runs.push(run);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn skip(&mut self, skipped: Skipped) {
        let skipped = Skipped { run: self.wire.clean(&skipped.run), ..skipped };
        if self.seen.insert(skipped.run.clone()) {
            self.found.skipped.push(skipped);
        }
    }
}

fn only(count: usize) -> String {
    format!("only the newest {count} runs were looked at")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(tags: &[(&str, &[&str])]) -> Query {
        let tags = tags.iter().map(|(name, values)| ((*name).to_owned(), values.iter().map(|value| (*value).to_owned()).collect()));
        Query { tags: tags.collect(), ..Query::default() }
    }

    fn plan(query: &Query) -> (Vec<String>, bool) {
        let plan = Plan::of(query);
        (plan.filters, plan.exact)
    }

    #[test]
    fn one_filter_for_each_combination() {
        assert_eq!(plan(&tags(&[])), (vec![String::new()], true));
        let named = Query { name: Some("it's".to_owned()), ..tags(&[("a", &["1"])]) };
        assert_eq!(plan(&named), (vec!["attributes.run_name = \"it's\" and tags.`a` = '1'".to_owned()], true));
        let (filters, exact) = plan(&tags(&[("a", &["1", "2"]), ("b", &["3", "4"])]));
        assert_eq!((filters.len(), exact, &*filters[1]), (4, true, "tags.`a` = '1' and tags.`b` = '4'"));
    }

    #[test]
    fn what_cannot_be_said_is_left_out() {
        let five: &[&str] = &["1", "2", "3", "4", "5"];
        assert_eq!(plan(&tags(&[("a", five)])), (vec![String::new()], false));
        assert_eq!(plan(&tags(&[("a", five), ("b", &["x"])])), (vec!["tags.`b` = 'x'".to_owned()], false));
        assert_eq!(plan(&tags(&[("a", &["'\""]), ("b", &["x"])])), (vec!["tags.`b` = 'x'".to_owned()], false));
        assert_eq!(plan(&tags(&[("a", &["1", "\\"])])), (vec![String::new()], false));
    }
}
