//! What the tests of runs share.

use std::time::Duration;

use proofmark_http::Budget;
use proofmark_http::api::Terms;
use proofmark_testkit::kubeflow::FakeKubeflow;
use serde_json::json;

use super::{Pace, Pipelines, Source, Submission};
use crate::spec::Spec;
use crate::{Access, Credentials};

/// A compiled pipeline in the form of kfp 2.17.
pub(super) const CHURN: &str = "\
components:
  comp-train:
    executorLabel: exec-train
deploymentSpec:
  executors:
    exec-train:
      container:
        image: python:3.11
pipelineInfo:
  name: churn-training
root:
  dag:
    tasks:
      prepare:
        cachingOptions:
          enableCache: true
        componentRef:
          name: comp-train
      train:
        cachingOptions:
          enableCache: true
        componentRef:
          name: comp-train
        dependentTasks:
        - prepare
  inputDefinitions:
    parameters:
      rows:
        defaultValue: 100.0
        isOptional: true
        parameterType: NUMBER_INTEGER
schemaVersion: 2.1.0
sdkVersion: kfp-2.17.0
";
pub(super) const KEY: &str = "pm1-0-0a1b2c3d-4e5f6071-8293a4b5c6d7e8f9";

pub(super) fn terms() -> Terms {
    let budget = Budget { total: Duration::from_secs(10), attempts: 2 };
    Terms { budget, ..Terms::from_environment(&|_| None, "proofmark-tests", 1) }
}

pub(super) fn pipelines(kubeflow: &FakeKubeflow) -> Pipelines {
    as_user(kubeflow, Credentials::Nobody)
}

pub(super) fn as_user(kubeflow: &FakeKubeflow, credentials: Credentials) -> Pipelines {
    let access = Access { address: kubeflow.url(), credentials, terms: terms() };
    Pipelines::open(&access, None).expect("a way to the server")
}

pub(super) fn pace() -> Pace {
    let short = Duration::from_millis(2);
    Pace { shortest: short, longest: short, settling: short, patience: Duration::from_secs(5), stopping: Duration::from_secs(5) }
}

pub(super) fn spec() -> Spec {
    Spec::parse(CHURN.as_bytes()).expect("a pipeline")
}

/// A run of the pipeline itself in the experiment `ci`.
pub(super) fn submission() -> Submission {
    let mut submission = Submission::new(Source::Spec(Box::new(spec())), "churn main abc1234", KEY);
    submission.experiment = Some("ci".to_owned());
    submission.parameters.insert("rows".to_owned(), json!(500));
    submission
}
