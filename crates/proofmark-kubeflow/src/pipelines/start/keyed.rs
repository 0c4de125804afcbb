//! Runs that carry keys.

use std::ops::ControlFlow;

use proofmark_http::api::Call;
use serde_json::json;

use crate::Error;
use crate::pipelines::answers::{ListedRun, RunsPage};
use crate::pipelines::client::{Pipelines, V2};
use crate::pipelines::run::Run;

use super::submission::{carries, check_key};

/// Pages that are read at most: a key is on one run, or on as many as were started at the same time.
const MOST_PAGES: usize = 5;

impl Pipelines {
    /// The runs that carry a key, archived ones as well, in the order in which they were created.
    ///
    /// # Errors
    /// [`Error::Input`] for what is no key, or where a namespace is needed and not set; else see [`Error`].
    pub fn with_key(&self, key: &str) -> Result<Vec<Run>, Error> {
        let (mut runs, incomplete) = self.listed_like(key)?;
        if let Some(why) = incomplete {
            // What is beyond may carry the key.
            let what = format!("the runs that were started with the key {key}");
            return Err(Error::Damaged { what, why });
        }
        runs.retain(|run| carries(&run.name, key));
        runs.reverse();
        Ok(runs)
    }

    /// The run that a start with this key would take.
    ///
    /// # Errors
    /// See [`Self::with_key`].
    pub fn first_with_key(&self, key: &str) -> Result<Option<Run>, Error> {
        Ok(self.with_key(key)?.into_iter().next())
    }

    /// The runs in whose name a text stands, newest first: a thousand at most. By the beginning that
    /// all keys have, everything is found that was ever started with one.
    ///
    /// # Errors
    /// [`Error::Input`] for a text that no key can hold, or where a namespace is needed and not set; else see [`Error`].
    pub fn runs_like(&self, text: &str) -> Result<Vec<Run>, Error> {
        self.listed_like(text).map(|(runs, _)| runs)
    }

    /// With the reason why there may be more.
    fn listed_like(&self, text: &str) -> Result<(Vec<Run>, Option<String>), Error> {
        check_key(text)?;
        // Nothing in a key means anything in JSON or in percent-encoding. The whole namespace is searched and not the
        // experiment: a key is known everywhere.
        let filter = json!({"predicates": [
            {"operation": "IS_SUBSTRING", "key": "display_name", "string_value": text},
        ]});
        let call = Call::get("runs", format!("{V2}/runs"))
            .with_some("namespace", self.scope()?)
            .with("sort_by", "created_at desc")
            .with("filter", &filter.to_string());
        let mut runs = Vec::new();
        let incomplete = self.each::<RunsPage>(&call, MOST_PAGES, |answer: ListedRun| {
            let run = answer.into_run();
            if !run.archived && !run.id.is_empty() && run.name.contains(text) {
                runs.push(run);
            }
            ControlFlow::Continue(())
        })?;
        runs.sort_by(|one, two| (two.created, &two.id).cmp(&(one.created, &one.id)));
        runs.dedup_by(|one, two| one.id == two.id);
        Ok((runs, incomplete))
    }
}
