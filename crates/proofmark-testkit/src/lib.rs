//! What the tests of proofmark share: repository builder, runner of the binary, output scrubber, a fake GitHub, a fake Jenkins, a fake MLflow.

pub mod base64;
pub mod github;
mod http;
pub mod jenkins;
pub mod kubeflow;
pub mod mlflow;
pub mod modeldb;
pub mod repo;
pub mod run;
mod serving;
