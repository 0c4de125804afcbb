//! Logged models of MLflow 3, and the versions of the model registry.

use std::collections::BTreeMap;

/// A model that a run logged (MLflow 3): no artifact of the run, but a thing of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedModel {
    /// Its id: `m-` and 32 hexadecimal digits.
    pub id: String,
    /// Its name; not unique.
    pub name: String,
    /// The run that made it.
    pub run: Option<String>,
    /// Its metrics, each with the data it was measured on.
    pub metrics: Vec<ModelMetric>,
    /// Its parameters.
    pub params: BTreeMap<String, String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// One metric of a logged model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelMetric {
    /// The metric's name.
    pub name: String,
    /// Its latest value.
    pub value: f64,
    /// The dataset's name and digest, where they were said.
    pub dataset: Option<(String, String)>,
}

/// A version of a registered model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelVersion {
    /// The registered model's name.
    pub model: String,
    /// The version: a number from 1.
    pub version: u64,
    /// The run that made it; a version may have none.
    pub run: Option<String>,
    /// The logged model that it is (MLflow 3), where its source says so.
    pub logged_model: Option<String>,
    /// Where its files are.
    pub source: String,
    /// `READY`, `PENDING_REGISTRATION`, `FAILED_REGISTRATION`.
    pub status: String,
    /// The stage, for servers and teams that use them: `Production`, `None`.
    pub stage: Option<String>,
    /// The aliases that lead to it, where the store tells them with a version.
    pub aliases: Vec<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// Which version of a registered model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The one that an alias leads to: `champion`.
    Alias(String),
    /// The one of this number.
    Number(u64),
    /// The newest one of a stage, in any letter case: `Production`.
    Stage(String),
}

/// A registered model's version in MLflow's own words: `models:/churn@champion`, `models:/churn/3`, `models:/churn/Production`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelUri {
    /// The registered model's name.
    pub model: String,
    /// Which version.
    pub which: Which,
}

impl ModelUri {
    /// Whether a text is meant as one.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with("models:")
    }

    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence fragment.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let rest = text.strip_prefix("models:/").ok_or("it does not begin with models:/")?.trim_start_matches('/');
        let named = |model: &str, which| {
            if model.is_empty() { Err("the model's name is missing") } else { Ok(Self { model: model.to_owned(), which }) }
        };
        if let Some((model, version)) = rest.rsplit_once('/') {
            return match version.parse() {
                _ if version.is_empty() => Err("the version is missing"),
                Ok(number) => named(model, Which::Number(number)),
                Err(_) if version == "latest" => Err("`latest` changes with every registration; name an alias, a stage or a version"),
                Err(_) => named(model, Which::Stage(version.to_owned())),
            };
        }
        match rest.rsplit_once('@') {
            Some((_, "")) => Err("the alias is missing"),
            Some((model, alias)) => named(model, Which::Alias(alias.to_owned())),
            None => Err("neither an alias, a version nor a stage is named"),
        }
    }
}

impl std::fmt::Display for ModelUri {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.which {
            Which::Alias(alias) => write!(out, "models:/{}@{alias}", self.model),
            Which::Number(number) => write!(out, "models:/{}/{number}", self.model),
            Which::Stage(stage) => write!(out, "models:/{}/{stage}", self.model),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms() {
        for text in ["models:/churn@champion", "models:/churn/3", "models:/churn/Production", "models:/a@b@c", "models:/a/b/2"] {
            assert_eq!(ModelUri::parse(text).map(|uri| uri.to_string()), Ok(text.to_owned()));
        }
        for text in
            ["models:/", "models:/churn", "models:/churn@", "models:/@champion", "models:/churn/", "models:/churn/latest", "runs:/x"]
        {
            assert!(ModelUri::parse(text).is_err(), "{text}");
        }
    }
}
