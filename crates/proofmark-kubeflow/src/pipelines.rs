//! Kubeflow Pipelines: experiments, runs, and where the metrics of a run are.

pub mod foreign;

mod answers;
mod artifacts;
mod catalog;
mod classification;
mod client;
mod collect;
mod experiments;
mod filter;
mod grpc_web;
mod info;
mod list;
mod local;
mod metrics;
mod mlmd;
mod protobuf;
mod reason;
mod recurring;
#[cfg(test)]
mod rig;
mod run;
mod start;
mod tree;
mod upload;
mod v1;
mod wait;

pub use self::catalog::{Pipeline, Version};
pub use self::classification::{Derived, derive};
pub use self::client::Pipelines;
pub use self::experiments::Experiment;
pub use self::info::Info;
pub use self::list::{Found, Query, Skipped};
pub use self::local::{LocalRun, LocalRuns};
pub use self::metrics::{MetricName, Metrics, Way};
pub use self::reason::{FailedStep, Reason};
pub use self::recurring::{Schedule, Trigger};
pub use self::run::{MlflowRun, Run, State, Task, text_of};
pub use self::start::{Origin, Source, Started, Submission, carries};
pub use self::tree::Tree;
pub use self::upload::{Upload, Uploaded};
pub use self::wait::{Ended, Outcome, Pace, Progress, cached_tasks, shown_tasks};

#[cfg(test)]
mod tests;
