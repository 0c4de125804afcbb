//! What a registry says is in production: the run that made it.

use proofmark_core::tracked::select::Candidate;
use proofmark_mlflow::Error;
use proofmark_mlflow::model::ModelUri;

use super::Tracking;
use super::mlflow::model_uri;
use super::tracker::{DELETED, ELSEWHERE, Trouble};
use crate::exit::CliError;

/// What a baseline of the registry stands for.
pub(crate) struct Production {
    /// `models:/churn@champion, version 2`.
    pub(crate) title: String,
    /// Its run and that run's source, or why there is nothing to compare with.
    pub(crate) run: Result<(usize, Candidate), String>,
}

/// A version of a model, as `[baselines]` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reference {
    /// Of MLflow's registry.
    Mlflow(ModelUri),
}

impl Reference {
    /// Whether a text is meant as one.
    pub(crate) fn is_meant(text: &str) -> bool {
        ModelUri::is_meant(text)
    }

    /// Reads one.
    pub(crate) fn parse(text: &str) -> Result<Self, CliError> {
        model_uri(text).map(Self::Mlflow)
    }
}

impl Tracking {
    /// What a registry's version stands for. An error says that it cannot be told: a champion that is not reached is none that is
    /// missing.
    pub(crate) fn production(&self, reference: &Reference) -> Result<Production, Trouble> {
        match reference {
            Reference::Mlflow(uri) => self.of_mlflow(uri),
        }
    }

    fn of_mlflow(&self, uri: &ModelUri) -> Result<Production, Trouble> {
        let opener = self
            .opener
            .as_ref()
            .ok_or_else(|| Trouble::new("[[mlflow]]: the policy names a version of MLflow's registry and no [[mlflow]]"))?;
        let title = uri.to_string();
        let no_version = |why: String| Ok(Production { title: title.clone(), run: Err(why) });
        let registry = opener.open_registry(self.typed.as_deref())?;
        let version = match registry.model_version(&uri.model, &uri.which) {
            Ok(Some(version)) => version,
            Ok(None) => return no_version(format!("`{title}` leads to no version")),
            Err(error @ Error::NoModel { .. }) => return no_version(error.to_string()),
            Err(error) => return Err(error.into()),
        };
        let title = format!("{title}, version {}", version.version);
        let run = match &version.run {
            None => Err(format!("version {} does not say which run made it", version.version)),
            Some(id) => self.run_of(id, &format!("version {}", version.version), "mlflow")?,
        };
        Ok(Production { title, run })
    }

    /// The run that made a version, among those of a system's sources.
    fn run_of(&self, id: &str, what: &str, system: &str) -> Result<Result<(usize, Candidate), String>, Trouble> {
        if self.head_runs().contains(id) {
            return Ok(Err(format!("{what} is of a run of this change")));
        }
        let prefix = format!("{system}:");
        let of_system = || self.sources.iter().enumerate().filter(|(_, source)| source.file.as_str().starts_with(&prefix));
        let is_only = of_system().count() == 1;
        for (index, source) in of_system() {
            let Some(run) = source.tracker.run(id)? else { continue };
            match run.aside {
                Some(DELETED) => return Ok(Err(format!("its run `{id}` was deleted"))),
                Some(ELSEWHERE) if !is_only => {}
                _ => return Ok(Ok((index, run))),
            }
        }
        Ok(Err(format!("its run `{id}` is in none of the experiments that [[{system}]] names")))
    }
}
