//! Compiled pipelines: their parameters, checked before anything is sent, their tasks, and whether these are cached.
//!
//! Nothing here asks a server; what a server has is read by [`crate::pipelines`] and handed over as JSON.

mod caching;
mod check;
mod parameter;
mod read;
mod same;
mod text;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

use crate::Error;

pub use self::check::Mistake;
pub use self::parameter::{Kind, Parameter};
pub use self::text::parse_text;

/// Bytes of a compiled pipeline at most. A server takes 32 MiB, and Kubernetes some 1.5 MiB of what is made from it.
pub const LARGEST: usize = 16 << 20;

/// A compiled pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// What the pipeline calls itself.
    pub name: String,
    /// What it says of itself.
    pub description: Option<String>,
    /// The version of the form that it is written in: `2.1.0`.
    pub schema_version: Option<String>,
    /// What compiled it: `kfp-2.17.0`.
    pub sdk: Option<String>,
    /// What it is started with, by name.
    pub parameters: Vec<Parameter>,
    /// Its tasks, those of nested pipelines included.
    pub tasks: Vec<Task>,
    pipeline: Map<String, Value>,
    platform: Option<Value>,
    /// The file, where a server takes it as it is.
    file: Option<Vec<u8>>,
}

/// One task of a compiled pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its name, behind those of the tasks that it is nested in: `for-loop-1/train`.
    pub path: String,
    /// The component that it runs.
    pub component: String,
    /// Whether a result of an earlier run may stand in for its own.
    pub is_cached: bool,
}

impl Spec {
    /// Reads a compiled pipeline: YAML or JSON, with a second YAML document where it has a part for its platform; also the form
    /// of older compilers with `pipelineSpec` around it.
    ///
    /// # Errors
    /// [`Error::Input`] for what is none, or too large.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let documents = read::documents(bytes)?;
        let (pipeline, platform, is_wrapped) = read::parts(documents)?;
        let mut spec = Self::of(pipeline, platform)?;
        spec.file = (!is_wrapped).then(|| bytes.to_vec());
        Ok(spec)
    }

    /// A pipeline as a server gives it: bare, or in `pipeline_spec` beside a `platform_spec`.
    ///
    /// # Errors
    /// [`Error::Input`] for what is none.
    pub fn from_json(json: Value) -> Result<Self, Error> {
        let (pipeline, platform, _) = read::parts(vec![json])?;
        Self::of(pipeline, platform)
    }

    fn of(pipeline: Map<String, Value>, platform: Option<Value>) -> Result<Self, Error> {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        let info = pipeline.get("pipelineInfo");
        let name = text(info.and_then(|info| info.get("name")));
        let name = name.ok_or_else(|| read::unreadable("`pipelineInfo` holds no name", None))?;
        Ok(Self {
            name,
            description: text(info.and_then(|info| info.get("description"))),
            schema_version: text(pipeline.get("schemaVersion")),
            sdk: text(pipeline.get("sdkVersion")),
            parameters: parameter::all(&pipeline)?,
            tasks: caching::tasks(&pipeline),
            pipeline,
            platform,
            file: None,
        })
    }

    /// Whether a server takes the form that the pipeline is written in: it says 500 to others.
    ///
    /// # Errors
    /// [`Error::Input`] where it does not.
    pub fn check_form(&self) -> Result<(), Error> {
        let hint = "compile the pipeline with version 2 of the kfp package";
        if self.pipeline.get("root").is_none_or(|root| !root.is_object()) {
            return Err(Error::input("the compiled pipeline has no `root`").with_hint(hint));
        }
        // What is newer than this program is the server's to judge.
        match self.schema_version.as_deref() {
            None | Some("2.0.0") => {
                let message = "the compiled pipeline is written in a form of before 2.1.0, which Kubeflow Pipelines does not take";
                Err(Error::input(message).with_hint(hint))
            }
            Some(_) => Ok(()),
        }
    }

    /// The parameter of a name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// As a request for a run or a version carries it.
    pub fn to_json(&self) -> Value {
        match &self.platform {
            None => Value::Object(self.pipeline.clone()),
            Some(platform) => json!({"pipeline_spec": self.pipeline, "platform_spec": platform}),
        }
    }

    /// As a file for an upload: the one that was read, where a server takes its form; the server reads JSON as YAML.
    pub fn to_file(&self) -> Vec<u8> {
        if let Some(file) = &self.file {
            return file.clone();
        }
        let mut text = Value::Object(self.pipeline.clone()).to_string();
        if let Some(platform) = &self.platform {
            text.push_str("\n---\n");
            text.push_str(&platform.to_string());
        }
        text.push('\n');
        text.into_bytes()
    }
}
