//! What a registry says is in production: the run that made it.

use proofmark_core::tracked::pool::Candidate;
use proofmark_kubeflow::registry::{Former, RunNames, Slot};
use proofmark_mlflow::Error;
use proofmark_mlflow::model::ModelUri;
use proofmark_modeldb::Mark;

use super::kubeflow::model_registry;
use super::mlflow::model_uri;
use super::opener::Opener;
use super::tracker::{DELETED, ELSEWHERE, Trouble};
use super::{Tracking, modeldb};
use crate::exit::CliError;

/// How versions of Kubeflow's Model Registry are named.
const REGISTRY: &str = "model-registry:";
/// How runs of ModelDB are named.
const MODELDB: &str = "modeldb:";

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
    /// Of MLflow's registry: `models:/churn@champion`.
    Mlflow(ModelUri),
    /// Of Kubeflow's Model Registry: `model-registry:/churn@stage=production`.
    Kubeflow { text: String, model: String, property: String, value: String },
    /// A run of ModelDB: `modeldb:/churn@production`, `modeldb:/churn@stage=production`.
    ModelDb { text: String, project: String, mark: Mark },
}

impl Reference {
    /// Whether a text is meant as one.
    pub(crate) fn is_meant(text: &str) -> bool {
        ModelUri::is_meant(text) || text.starts_with(REGISTRY) || text.starts_with(MODELDB)
    }

    /// Reads one.
    pub(crate) fn parse(text: &str) -> Result<Self, CliError> {
        let wrong =
            |example: &str| CliError::input(format!("[baselines]: `{text}` is no version of a model")).hint(format!("write {example}"));
        if let Some(rest) = text.strip_prefix(REGISTRY) {
            let example = "model-registry:/NAME@PROPERTY=VALUE, such as model-registry:/churn@stage=production";
            let (model, place) = parts(rest).ok_or_else(|| wrong(example))?;
            let (property, value) =
                place.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty()).ok_or_else(|| wrong(example))?;
            let (model, property, value) = (model.to_owned(), property.to_owned(), value.to_owned());
            return Ok(Self::Kubeflow { text: text.to_owned(), model, property, value });
        }
        if let Some(rest) = text.strip_prefix(MODELDB) {
            let (project, place) = parts(rest).ok_or_else(|| wrong("modeldb:/PROJECT@TAG, or modeldb:/PROJECT@ATTRIBUTE=VALUE"))?;
            let mark = match place.split_once('=') {
                Some((key, value)) => Mark::Attribute { key: key.to_owned(), value: value.to_owned() },
                None => Mark::Tag(place.to_owned()),
            };
            return Ok(Self::ModelDb { text: text.to_owned(), project: project.to_owned(), mark });
        }
        model_uri(text).map(Self::Mlflow)
    }
}

/// The name, and what says which version of it.
fn parts(rest: &str) -> Option<(&str, &str)> {
    let (name, place) = rest.trim_start_matches('/').rsplit_once('@')?;
    (!name.is_empty() && !place.is_empty()).then_some((name, place))
}

impl Tracking {
    /// What a registry's version stands for. An error says that it cannot be told: a champion that is not reached is none that is
    /// missing.
    pub(crate) fn production(&self, reference: &Reference) -> Result<Production, Trouble> {
        match reference {
            Reference::Mlflow(uri) => self.of_mlflow(uri),
            Reference::Kubeflow { text, model, property, value } => self.of_kubeflow(text, model, property, value),
            Reference::ModelDb { text, project, mark } => self.of_modeldb(text, project, mark),
        }
    }

    fn opener(&self, table: &str) -> Result<&Opener, Trouble> {
        self.opener.as_ref().ok_or_else(|| Trouble::new(format!("{table}: the policy names a version of a model and no {table}")))
    }

    fn of_kubeflow(&self, text: &str, name: &str, property: &str, value: &str) -> Result<Production, Trouble> {
        let no_version = |why: String| Ok(Production { title: text.to_owned(), run: Err(why) });
        let registry = model_registry(self.opener("[[kubeflow]]")?, self.config.as_ref())?;
        let Some(model) = registry.model(name)? else { return no_version(format!("there is no registered model `{name}`")) };
        let slot = Slot { property: property.to_owned(), value: value.to_owned(), former: Former::Removed };
        let Some(version) = registry.holder(&model, &slot)? else { return no_version(format!("`{text}` leads to no version")) };
        let title = format!("{text}, version {}", version.name);
        let run = match registry.run_of_version(&version, &RunNames::default())? {
            None => Err(format!("version {} does not say which run made it", version.name)),
            Some(id) => self.run_of(&id, &format!("version {}", version.name), "kubeflow")?,
        };
        Ok(Production { title, run })
    }

    fn of_modeldb(&self, text: &str, name: &str, mark: &Mark) -> Result<Production, Trouble> {
        let project = modeldb::project(self.opener("[[modeldb]]")?, self.config.as_ref(), name)?;
        let (Some(run), _) = project.holders(mark)? else {
            return Ok(Production { title: text.to_owned(), run: Err(format!("no run of `{name}` has {mark}")) });
        };
        let run = self.run_of(&run.id, &format!("the run `{}`", run.id), "modeldb")?;
        let title = run.as_ref().map_or_else(|_| text.to_owned(), |(_, run)| format!("{text}, version {}", run.id));
        Ok(Production { title, run })
    }

    fn of_mlflow(&self, uri: &ModelUri) -> Result<Production, Trouble> {
        let opener = self.opener("[[mlflow]]")?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_as_baselines_name_them() {
        for good in
            ["models:/churn@champion", "model-registry:/churn@stage=production", "modeldb:/churn@production", "modeldb:/a@b@stage=x"]
        {
            assert!(Reference::is_meant(good) && Reference::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "model-registry:/churn",
            "model-registry:/churn@production",
            "model-registry:/@a=b",
            "modeldb:/churn",
            "modeldb:/@x",
            "models:/churn",
        ] {
            assert!(Reference::is_meant(bad) && Reference::parse(bad).is_err(), "{bad}");
        }
        assert!(!Reference::is_meant("v1.*"));
    }
}
