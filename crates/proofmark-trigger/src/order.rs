//! Orders: what is to be started, with every value filled in.

use std::collections::BTreeMap;

use proofmark_core::config::{After, Effect, Step};
use proofmark_core::event::Mark;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::RuleError;
use crate::rules::Rule;
use crate::starts;
use crate::template::Context;

/// Something to be started.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Order {
    /// The rule that it comes from.
    pub rule: String,
    /// The line of the rule, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Its key as it travels: `pm1-DEPTH-RULE-GROUP-KEY`.
    pub key: String,
    /// The parameters.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Value>,
    /// The group of which one runs at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// What it costs.
    pub cost: f64,
    /// The events that it stands for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// What is started, one after the other.
    pub steps: Vec<OrderStep>,
    /// What its templates see.
    #[serde(skip)]
    values: Context,
    #[serde(skip)]
    pub(crate) mark: Mark,
    #[serde(skip)]
    is_chain: bool,
}

/// One step of an order.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct OrderStep {
    /// What it is called.
    pub name: String,
    /// What the steps before must have come to.
    pub after: String,
    /// Its key as it travels.
    pub key: String,
    /// What is started. What other steps come to is not known yet: `<steps.train.url>` stands for it.
    pub call: Call,
    /// How long it may take, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u64>,
    /// The environment of the deployment whose status it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    #[serde(skip)]
    pub(crate) typed: Step,
}

/// What is started, with every value filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "target")]
#[non_exhaustive]
pub enum Call {
    /// A workflow of GitHub Actions.
    Workflow {
        /// The repository.
        repository: Option<String>,
        /// The workflow's file.
        file: String,
        /// The branch or tag; the default branch when absent.
        reference: Option<String>,
        /// Its inputs, without the key.
        inputs: BTreeMap<String, String>,
        /// The input that takes the key.
        key_input: String,
    },
    /// A `repository_dispatch`.
    Dispatch {
        /// The repository.
        repository: Option<String>,
        /// The event's name.
        event_type: String,
        /// What it carries, without the key.
        payload: BTreeMap<String, Value>,
    },
    /// A job of Jenkins.
    Jenkins {
        /// The address.
        server: Option<String>,
        /// The job.
        job: String,
        /// The branch of a multibranch project.
        branch: Option<String>,
        /// Its parameters, without the key.
        parameters: BTreeMap<String, String>,
        /// The parameter that takes the key.
        key_parameter: String,
        /// Whether a build that is unstable has passed.
        accept_unstable: bool,
    },
    /// A run of Kubeflow Pipelines.
    Kubeflow {
        /// The address.
        host: Option<String>,
        /// The namespace.
        namespace: Option<String>,
        /// The pipeline's name.
        pipeline: Option<String>,
        /// The name of its version.
        version: Option<String>,
        /// The compiled pipeline, from the repository's root.
        file: Option<String>,
        /// The experiment's name.
        experiment: Option<String>,
        /// The pipeline's parameters.
        parameters: BTreeMap<String, Value>,
        /// What the run is called, before its key.
        name: Option<String>,
        /// The service account of its pods.
        service_account: Option<String>,
        /// Whether earlier results may be taken.
        cache: Option<bool>,
    },
    /// A model that KServe serves.
    Kserve {
        /// The inference service.
        service: String,
        /// Its namespace.
        namespace: String,
        /// What is done.
        rollout: Rollout,
    },
    /// A program on this machine.
    Command {
        /// The program and its arguments.
        argv: Vec<String>,
        /// Variables of its environment.
        env: BTreeMap<String, String>,
        /// Its folder, from the repository's root.
        folder: String,
    },
    /// proofmark's own gate.
    Gate {
        /// The base.
        base: Option<String>,
        /// The head.
        head: Option<String>,
        /// From which effect on it has failed.
        fail_on: Effect,
    },
    /// `proofmark promote`.
    Promote {
        /// The registered model.
        model: String,
        /// What says that it is in use.
        #[serde(flatten)]
        becomes: Promotion,
        /// Whether it goes back.
        rollback: bool,
        /// The version that it goes back from.
        from: Option<String>,
    },
    /// A signed request.
    Webhook {
        /// Where it goes.
        url: String,
        /// What it carries beside what is always there.
        body: BTreeMap<String, Value>,
        /// The variable that holds the secret.
        secret_env: String,
    },
}

/// What is done with a model that is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rollout {
    /// Other files, for some or all requests.
    Deploy {
        /// Where the files are.
        storage_uri: String,
        /// The percentage of requests; all of them when absent.
        canary: Option<u8>,
    },
    /// What is tried out gets all requests.
    Promote,
    /// Back to what was there before.
    Rollback,
}

/// What says that a model is in use, which each registry has in its own way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Promotion {
    /// An alias of MLflow.
    Alias(String),
    /// A property in Kubeflow's Model Registry: `stage=production`.
    Property(String),
    /// A tag of ModelDB.
    Tag(String),
    /// An attribute of ModelDB: `stage=production`.
    Attribute(String),
}

impl Promotion {
    /// The option of `proofmark promote`, and its value.
    pub fn option(&self) -> (&'static str, &str) {
        match self {
            Self::Alias(value) => ("alias", value),
            Self::Property(value) => ("property", value),
            Self::Tag(value) => ("tag", value),
            Self::Attribute(value) => ("attribute", value),
        }
    }
}

/// What a step came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepResult {
    /// Whether it passed.
    pub passed: bool,
    /// How it ended, in its system's word: `success`, `FAILURE`, `exit 1`.
    pub conclusion: String,
    /// Its number in its system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where people look at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// What a step comes to before it has run, for a look at the order.
fn placeholder(name: &str) -> Value {
    let field = |field: &str| Value::String(format!("<steps.{name}.{field}>"));
    let fields = ["conclusion", "id", "url"].map(|name| (name.to_owned(), field(name)));
    let mut map: Map<String, Value> = fields.into_iter().collect();
    map.insert("passed".to_owned(), Value::Bool(true));
    Value::Object(map)
}

impl Order {
    /// The steps with all that is known beforehand. What is missing is found here, before anything is started.
    pub(crate) fn make(rule: &Rule, mark: Mark, values: Context, parameters: BTreeMap<String, Value>) -> Result<Self, RuleError> {
        let whole = if rule.is_chain { crate::key::chain_mark(&mark, &rule.name) } else { mark.clone() };
        let mut steps = Vec::with_capacity(rule.steps.len());
        let mut results = Map::new();
        for (at, step) in rule.steps.iter().enumerate() {
            let own = if rule.is_chain { crate::key::step_mark(&mark, &rule.name, &step.name, at) } else { mark.clone() };
            let field = if rule.is_chain { format!("step[{at}].start") } else { "start".to_owned() };
            let mut seen = values.clone();
            seen.set("key", &Value::String(own.to_string()));
            seen.set("steps", &Value::Object(results.clone()));
            let call = starts::call(&step.start, &field, &seen).map_err(|mistake| mistake.of(&rule.name, rule.line))?;
            results.insert(step.name.clone(), placeholder(&step.name));
            steps.push(OrderStep {
                name: step.name.clone(),
                after: match step.after {
                    After::Passed => "passed",
                    After::Failed => "failed",
                    After::Always => "always",
                }
                .to_owned(),
                key: own.to_string(),
                call,
                timeout: step.timeout.map(proofmark_core::config::Span::seconds),
                environment: step.environment.clone(),
                typed: step.clone(),
            });
        }
        Ok(Self {
            rule: rule.name.clone(),
            line: rule.line,
            key: whole.to_string(),
            parameters,
            group: None,
            cost: rule.pace.cost.unwrap_or_default(),
            events: Vec::new(),
            steps,
            values,
            mark: whole,
            is_chain: rule.is_chain,
        })
    }

    /// The key in its parts.
    pub fn mark(&self) -> &Mark {
        &self.mark
    }

    /// Whether it has steps of its own, each with its own key.
    pub fn is_chain(&self) -> bool {
        self.is_chain
    }

    /// A step once those before it have ended; `None` for one that is left out, since they did not come to what it is after.
    ///
    /// # Errors
    /// A value that is not there, or that cannot be used.
    pub fn step(&self, at: usize, results: &[(String, Option<StepResult>)]) -> Result<Option<Call>, RuleError> {
        let Some(step) = self.steps.get(at) else { return Ok(None) };
        let failed = results.iter().any(|(_, result)| result.as_ref().is_some_and(|result| !result.passed));
        let runs = match step.typed.after {
            After::Passed => !failed,
            After::Failed => failed,
            After::Always => true,
        };
        if !runs {
            return Ok(None);
        }
        let mut seen = self.values.clone();
        seen.set("key", &Value::String(step.key.clone()));
        let known = results.iter().filter_map(|(name, result)| Some((name.clone(), serde_json::to_value(result.as_ref()?).ok()?)));
        seen.set("steps", &Value::Object(known.collect()));
        let field = if self.is_chain { format!("step[{at}].start") } else { "start".to_owned() };
        starts::call(&step.typed.start, &field, &seen).map(Some).map_err(|mistake| mistake.of(&self.rule, self.line))
    }
}
