//! Who carries calls out: one file for each system.

mod command;
mod deployment;
mod dispatch;
mod jenkins;
mod kserve;
mod kubeflow;
mod own;
mod webhook;
mod workflow;

use std::sync::Arc;

use proofmark_core::event::Mark;
use proofmark_github::Link;
use proofmark_trigger::target::{Fault, Origin, Receipt, Target, TargetError};
use proofmark_trigger::{Call, StepResult};

pub(super) use self::deployment::Deployer;
use super::Now;
use crate::exit::CliError;
use crate::host::Host;

/// The targets of one event.
pub(super) struct Targets<'a> {
    now: &'a Now<'a>,
}

impl<'a> Targets<'a> {
    pub(super) fn new(now: &'a Now<'a>) -> Self {
        Self { now }
    }

    /// Whoever carries a call out.
    pub(super) fn of(&self, call: &Call) -> Result<Box<dyn Target + 'a>, TargetError> {
        let now = self.now;
        Ok(match call {
            Call::Workflow { .. } => Box::new(workflow::Workflow::new(now)),
            Call::Dispatch { .. } => Box::new(dispatch::Dispatch::new(now)),
            Call::Jenkins { .. } => Box::new(jenkins::Jenkins::new(now)),
            Call::Kserve { .. } => Box::new(kserve::Kserve::new(now)),
            Call::Kubeflow { .. } => Box::new(kubeflow::Kubeflow::new(now)),
            Call::Command { .. } => Box::new(command::Command::new(now)),
            Call::Gate { .. } | Call::Promote { .. } => Box::new(own::Own::new(now)),
            Call::Webhook { .. } => Box::new(webhook::Webhook::new(now)),
            _ => return Err(TargetError::input("this version of proofmark knows no such target")),
        })
    }
}

/// A way to a repository at GitHub: the one that a call names, else the event's.
pub(super) fn link_to(repository: Option<&str>, now: &Now<'_>) -> Result<Arc<Link>, CliError> {
    let host = host_of(repository, now)?;
    host.link()
}

/// The same, before anybody is spoken to.
pub(super) fn host_of(repository: Option<&str>, now: &Now<'_>) -> Result<Host, CliError> {
    let name = repository.or(now.source.event.repository.as_deref());
    let host = Host::described(name, None, now.world)?
        .ok_or_else(|| CliError::input("the repository at GitHub is not known").hint("give `--repository OWNER/NAME`"))?;
    if !host.has_token() {
        let told = CliError::input("there is no token for GitHub");
        let told = host.token_problem.iter().cloned().fold(told, CliError::hint);
        return Err(told.hint("set GITHUB_TOKEN: in a workflow `GITHUB_TOKEN: ${{ github.token }}`"));
    }
    host.repository()?;
    Ok(host)
}

/// Whether the journal says that something was sent which nobody can be asked about.
pub(super) fn was_sent(key: &str, now: &Now<'_>) -> Result<bool, TargetError> {
    let Some(mark) = Mark::parse(key) else { return Ok(false) };
    Ok(now.journal.read()?.past().with_key(&mark.key).is_some())
}

/// The receipt for what another system has taken and never tells the end of: as far as anybody here can tell, it is done.
fn handed_over(origin: Origin) -> Receipt {
    let result = StepResult { passed: true, conclusion: "handed over".to_owned(), id: None, url: None };
    Receipt { can_wait: false, result: Some(result), ..Receipt::new(origin) }
}

/// What Kubeflow said; where nobody can tell whether something was done, that is told so.
fn of_kubeflow(error: proofmark_kubeflow::Error) -> TargetError {
    let is_doubtful = matches!(error, proofmark_kubeflow::Error::Doubt { .. });
    let told = TargetError::from(CliError::from(error));
    if is_doubtful { TargetError { fault: Fault::Doubt, ..told } } else { told }
}
