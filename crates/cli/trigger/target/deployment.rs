//! Deployments at GitHub, whose statuses are those of steps.

use proofmark_github::{DeploymentOrder, DeploymentState, DeploymentStatusOrder};
use proofmark_trigger::target::{Deployments, TargetError};

use super::link_to;
use super::workflow::{patience, told};
use crate::exit::CliError;
use crate::trigger::Now;

pub(crate) struct Deployer<'a> {
    now: &'a Now<'a>,
}

impl<'a> Deployer<'a> {
    pub(crate) fn new(now: &'a Now<'a>) -> Self {
        Self { now }
    }
}

impl Deployments for Deployer<'_> {
    fn begin(&self, environment: &str, key: &str) -> Result<u64, TargetError> {
        let event = &self.now.source.event;
        let reference = event.head.commit.as_ref().or(event.tag.as_ref()).or(event.branch.as_ref()).or(event.default_branch.as_ref());
        let reference = reference.ok_or_else(|| TargetError::input("the event has no commit that could be deployed"))?.clone();
        let order = DeploymentOrder {
            reference,
            environment: environment.to_owned(),
            key: key.to_owned(),
            description: "started by proofmark".to_owned(),
        };
        let link = link_to(None, self.now)?;
        let started = link.block_on(link.client().create_deployment(&order, &patience(self.now))).map_err(told)?;
        Ok(started.deployment.id)
    }

    fn status(&self, deployment: u64, state: &str, url: Option<&str>, about: &str) -> Result<(), TargetError> {
        let state = match state {
            "success" => DeploymentState::Success,
            "failure" => DeploymentState::Failure,
            "error" => DeploymentState::Error,
            _ => DeploymentState::InProgress,
        };
        let order = DeploymentStatusOrder {
            deployment,
            state,
            description: about.to_owned(),
            log_url: url.map(str::to_owned),
            environment_url: None,
        };
        let link = link_to(None, self.now)?;
        link.block_on(link.client().set_deployment_status(&order)).map_err(CliError::from)?;
        Ok(())
    }
}
