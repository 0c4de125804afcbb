//! Experiments, by their names.

use std::ops::ControlFlow;

use proofmark_http::api::Call;
use serde::Deserialize;

use crate::Error;

use super::client::{Page, Pipelines, V2};
use super::filter::Filter;

/// Pages that are read at most: names are unique, so that more than a few experiments means that the filter was ignored.
const MOST_PAGES: usize = 50;

/// A group of runs with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Experiment {
    /// Its id.
    pub id: String,
    /// Its name; unique in its namespace.
    pub name: String,
    /// Its namespace, where the server has users.
    pub namespace: Option<String>,
    /// Whether it was put away.
    pub archived: bool,
}

#[derive(Debug, Deserialize)]
struct ExperimentAnswer {
    #[serde(default)]
    experiment_id: String,
    #[serde(default)]
    display_name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    storage_state: String,
}

#[derive(Debug, Deserialize)]
struct ExperimentsPage {
    #[serde(default)]
    experiments: Vec<ExperimentAnswer>,
    next_page_token: Option<String>,
}

impl Page for ExperimentsPage {
    type Item = ExperimentAnswer;

    fn into_parts(self) -> (Vec<ExperimentAnswer>, Option<String>) {
        (self.experiments, self.next_page_token)
    }
}

impl Pipelines {
    /// The experiment of exactly this name, put away or not.
    ///
    /// # Errors
    /// [`Error::Input`] where a namespace is needed and not set, [`Error::Refused`] where the user may not see it; else see
    /// [`Error`].
    pub fn experiment(&self, name: &str) -> Result<Option<Experiment>, Error> {
        let scope = self.scope()?;
        let filter = Filter::default().equals("display_name", name).text();
        let call = Call::get("experiments", format!("{V2}/experiments")).with_some("namespace", scope).with("filter", &filter);
        let mut found = None;
        let incomplete = self.each::<ExperimentsPage>(&call, MOST_PAGES, |answer| {
            let is_here = scope.is_none_or(|scope| answer.namespace.is_empty() || answer.namespace == scope);
            if answer.display_name != name || answer.experiment_id.is_empty() || !is_here {
                return ControlFlow::Continue(());
            }
            found = Some(Experiment {
                archived: answer.storage_state == "ARCHIVED",
                id: answer.experiment_id,
                name: answer.display_name,
                namespace: Some(answer.namespace).filter(|namespace| !namespace.is_empty()),
            });
            ControlFlow::Break(())
        })?;
        match (found, incomplete) {
            (None, Some(why)) => Err(self.api().strange(&call, &why).into()),
            (found, _) => Ok(found),
        }
    }
}
