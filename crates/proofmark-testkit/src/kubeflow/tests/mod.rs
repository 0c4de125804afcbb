//! The fake against recorded exchanges, and its own promises.

mod client;
mod kserve;
mod life;
mod metadata;
mod recorded;
mod registry;
mod trouble;

pub(crate) const CHURN: &str = include_str!("data/churn-training.pipeline.yaml");
