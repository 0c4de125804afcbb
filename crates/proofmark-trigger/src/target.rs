//! What carries orders out, and what keeps them: the ports. Each system that can start something is one implementation.

use std::fmt;

use crate::journal::Entry;
use crate::order::{Call, StepResult};
use crate::past::PastRun;

/// A system that starts things.
///
/// Starting is idempotent by key: where a run with this key is there already, it is taken; where an answer was lost, it is
/// looked up before anything is started again.
pub trait Target {
    /// Whether all that is needed is there (an address, a token, a program), without asking anybody.
    ///
    /// # Errors
    /// [`TargetError`] with what is missing.
    fn check(&self, call: &Call) -> Result<(), TargetError>;

    /// Starts it, once.
    ///
    /// # Errors
    /// [`TargetError`].
    fn start(&self, call: &Call, key: &str) -> Result<Receipt, TargetError>;

    /// Waits until it has ended, at most so many seconds; then it is stopped, where it can be.
    ///
    /// # Errors
    /// [`TargetError`].
    fn wait(&self, call: &Call, receipt: &Receipt, seconds: Option<u64>) -> Result<StepResult, TargetError>;

    /// What was started before with keys of ours; nothing where the system cannot tell.
    ///
    /// # Errors
    /// [`TargetError`].
    fn past(&self, call: &Call) -> Result<Vec<PastRun>, TargetError>;

    /// Stops the run with this key.
    ///
    /// # Errors
    /// [`TargetError`].
    fn stop(&self, call: &Call, key: &str) -> Result<(), TargetError>;
}

/// What a start came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Where it comes from.
    pub origin: Origin,
    /// Its number in its system.
    pub id: Option<String>,
    /// Where people look at it.
    pub url: Option<String>,
    /// Whether it ends with this process, and so has to be waited for.
    pub is_ours_to_end: bool,
    /// Whether its end can be waited for at all.
    pub can_wait: bool,
    /// What it came to, where it has ended already.
    pub result: Option<StepResult>,
}

/// Where a run comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// From this start.
    New,
    /// From this start, though its answer was lost.
    FoundAgain,
    /// An earlier start with the same key.
    Earlier,
}

impl Receipt {
    /// A run that is under way.
    pub fn new(origin: Origin) -> Self {
        Self { origin, id: None, url: None, is_ours_to_end: false, can_wait: true, result: None }
    }
}

/// Why something could not be started, or its end not be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetError {
    /// Whose fault it is.
    pub fault: Fault,
    /// What happened.
    pub message: String,
    /// What lies beneath.
    pub causes: Vec<String>,
    /// What to do about it.
    pub hints: Vec<String>,
}

/// Whose fault it is that something could not be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// What was asked for.
    Input,
    /// Another system's.
    Outside,
    /// Nobody can tell whether it was started.
    Doubt,
}

impl TargetError {
    /// What was asked for cannot be.
    pub fn input(message: impl Into<String>) -> Self {
        Self { fault: Fault::Input, message: message.into(), causes: Vec::new(), hints: Vec::new() }
    }

    /// Another system failed.
    pub fn outside(message: impl Into<String>) -> Self {
        Self { fault: Fault::Outside, ..Self::input(message) }
    }

    /// With advice.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for TargetError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

impl std::error::Error for TargetError {}

/// Where entries of the journal go.
pub trait Ledger {
    /// Keeps entries, for good, before it returns.
    ///
    /// # Errors
    /// [`TargetError`] when they cannot be kept.
    fn record(&self, entries: Vec<Entry>) -> Result<(), TargetError>;
}

/// Where deployments and their statuses are shown.
pub trait Deployments {
    /// A deployment to an environment, known by a key; its number.
    ///
    /// # Errors
    /// [`TargetError`].
    fn begin(&self, environment: &str, key: &str) -> Result<u64, TargetError>;

    /// How it stands: `in_progress`, `success`, `failure`, `error`.
    ///
    /// # Errors
    /// [`TargetError`].
    fn status(&self, deployment: u64, state: &str, url: Option<&str>, told: &str) -> Result<(), TargetError>;
}
