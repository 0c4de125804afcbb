//! What a trigger starts: one table per system. Texts are templates; other values are as they stand.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::super::Effect;

/// Values by name.
pub type Values = BTreeMap<String, Value>;

/// What is started.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// A workflow of GitHub Actions.
    Workflow(WorkflowStart),
    /// An event of one's own at GitHub (`repository_dispatch`).
    Dispatch(DispatchStart),
    /// A job of Jenkins.
    Jenkins(JenkinsStart),
    /// A run of Kubeflow Pipelines.
    Kubeflow(KubeflowStart),
    /// A model that KServe serves: a rollout, or the way back.
    Kserve(KserveStart),
    /// A program on this machine, without a shell.
    Command(CommandStart),
    /// `dvc repro`.
    Repro(ReproStart),
    /// proofmark's own gate.
    Gate(GateStart),
    /// `proofmark promote`.
    Promote(PromoteStart),
    /// A signed request.
    Webhook(WebhookStart),
}

/// A workflow of GitHub Actions with the event `workflow_dispatch`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WorkflowStart {
    /// Its file's name below `.github/workflows`, or its number.
    pub file: String,
    /// The branch or tag that it runs on; the default branch when absent.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// Its inputs.
    pub inputs: Values,
    /// The input that takes the key, which the workflow's `run-name` has to show; `proofmark` when absent.
    pub key_input: Option<String>,
    /// The repository, as `owner/name`; the event's own when absent.
    pub repository: Option<String>,
}

/// An event of one's own at GitHub.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DispatchStart {
    /// Its name.
    pub event_type: String,
    /// What it carries, beside the key.
    pub payload: Values,
    /// The repository, as `owner/name`; the event's own when absent.
    pub repository: Option<String>,
}

/// A job of Jenkins.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JenkinsStart {
    /// The job with its folders: `ml/train`.
    pub job: String,
    /// The branch of a multibranch project.
    pub branch: Option<String>,
    /// Its parameters.
    pub parameters: Values,
    /// The string parameter that takes the key; `PROOFMARK_KEY` when absent.
    pub key_parameter: Option<String>,
    /// The address of Jenkins; `JENKINS_URL` when absent.
    pub server: Option<String>,
    /// The worst result that counts as passed: `SUCCESS`, or `UNSTABLE`.
    pub accept: Option<String>,
}

/// A run of Kubeflow Pipelines.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KubeflowStart {
    /// The pipeline's name at the server.
    pub pipeline: Option<String>,
    /// The name of its version; the newest one when absent. With `file`, the version that the file is uploaded as, unless it is
    /// there already: `{{ event.commit }}`.
    pub version: Option<String>,
    /// The compiled pipeline, from the repository's root. Without `version` it is sent with the run.
    pub file: Option<String>,
    /// The experiment's name, which is made where there is none; the server's usual one when absent.
    pub experiment: Option<String>,
    /// The pipeline's parameters, checked against their types before anything is sent.
    pub parameters: Values,
    /// What a run is called, before its key; the pipeline's name when absent.
    pub name: Option<String>,
    /// The service account that the run's pods have.
    pub service_account: Option<String>,
    /// Whether results of earlier runs may be taken for tasks that have not changed; as the pipeline says when absent.
    pub cache: Option<bool>,
    /// The address of Pipelines; `KF_PIPELINES_ENDPOINT` when absent.
    pub host: Option<String>,
    /// The namespace, for installations with several users; `KF_PIPELINES_NAMESPACE` when absent.
    pub namespace: Option<String>,
}

/// A model that KServe serves. The cluster is that of the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct KserveStart {
    /// The inference service.
    pub service: String,
    /// Its namespace.
    pub namespace: String,
    /// Where the model's files are: `s3://models/churn/42`, `model-registry://churn/42`.
    pub storage_uri: Option<String>,
    /// The percentage of requests that the new model gets; all of them when absent.
    pub canary: Option<u8>,
    /// Give all requests to the model that is tried out now.
    pub promote: bool,
    /// Go back to what was there before the last rollout.
    pub rollback: bool,
}

/// A program on this machine.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CommandStart {
    /// The program and its arguments, each a template of its own.
    pub argv: Vec<String>,
    /// Variables of its environment, beside those that are there.
    pub env: BTreeMap<String, String>,
    /// The folder that it runs in, from the repository's root.
    pub folder: Option<String>,
}

/// `dvc repro`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReproStart {
    /// Stages; all when empty.
    pub stages: Vec<String>,
    /// The DVC project's folder, from the repository's root.
    pub folder: Option<String>,
    /// Whether to run stages that have not changed.
    pub force: bool,
    /// Whether to fetch what is missing from the remote.
    pub pull: bool,
}

/// proofmark's own gate: it passes when nothing is blocked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GateStart {
    /// The base; as `proofmark gate` has it when absent.
    pub base: Option<String>,
    /// The head; as `proofmark gate` has it when absent.
    pub head: Option<String>,
    /// From which effect on it has failed; `block` when absent.
    pub fail_on: Option<Effect>,
}

/// `proofmark promote`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PromoteStart {
    /// The registered model; for ModelDB the project.
    pub model: String,
    /// The alias of MLflow that moves.
    pub alias: String,
    /// The property that says so in Kubeflow's Model Registry: `stage=production`.
    pub property: Option<String>,
    /// The tag that says so in ModelDB.
    pub tag: Option<String>,
    /// The attribute that says so in ModelDB: `stage=production`.
    pub attribute: Option<String>,
    /// Go back to the version that the present one replaced.
    pub rollback: bool,
    /// The version that a rollback starts from; whatever is there when absent.
    pub from: Option<String>,
}

/// A signed request.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookStart {
    /// Where it goes: plain text, never a template.
    pub url: String,
    /// What it carries, as JSON, beside what is always there.
    pub body: Values,
    /// The variable of the environment that holds the secret it is signed with.
    pub secret_env: String,
}
