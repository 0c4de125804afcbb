//! `[[trigger]]`: which event starts what. What the texts in it mean is in `proofmark-trigger`.

mod parameter;
mod start;
mod time;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub use self::parameter::{ParameterKind, ParameterRule};
pub use self::start::{
    CommandStart, DispatchStart, GateStart, JenkinsStart, KserveStart, KubeflowStart, PromoteStart, ReproStart, Start, Values,
    WebhookStart, WorkflowStart,
};
pub use self::time::Span;

use super::{Effect, Names, RuleLine};

/// One trigger: the events that it is for, what else must hold, and what is started then.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Trigger {
    /// What it is called, in messages, in the history of its runs and in their keys.
    pub name: String,
    /// Kinds of events, or kinds with an action: `push`, `pull_request.labeled`, `gate.blocked`, `other:discussion`.
    pub on: Names,
    /// Globs over the branch that was pushed, or that a change goes into; `!` before one leaves it out.
    pub branches: Vec<String>,
    /// Globs over the branch that a pull request or run comes from.
    pub head_branches: Vec<String>,
    /// Globs over tags. With `tags` and without `branches`, branches do not count, and the other way round.
    pub tags: Vec<String>,
    /// Globs over the files that really changed; `!` before one leaves files out. Not looked at for tags.
    pub paths: Vec<String>,
    /// Labels of the pull request, of which it must have one; `!` before one: of which it must have none.
    pub labels: Vec<String>,
    /// Globs over who caused the event.
    pub actors: Vec<String>,
    /// Globs over the names of workflows, jobs, checks or environments that a run is of.
    pub runs: Vec<String>,
    /// How the run must have ended: `success`, `failure`.
    pub conclusions: Vec<String>,
    /// Globs over registered models.
    pub models: Vec<String>,
    /// Globs over aliases of registered models.
    pub aliases: Vec<String>,
    /// Lines of the time table: `"17 3 * * *"`.
    pub schedules: Vec<String>,
    /// What a gate's result must do to the merge.
    pub effects: Vec<Effect>,
    /// What a gate must have said: `pass`, `fail`, `inconclusive`.
    pub verdicts: Vec<String>,
    /// Globs over metrics that failed, or columns that drifted.
    pub metrics: Vec<String>,
    /// What DVC must see changed; any one of it is enough.
    pub dvc: Option<DvcCondition>,
    /// A command in a comment.
    pub command: Option<CommandRule>,
    /// An expression (CEL) that must be true: `event.head.branch.startsWith("model/") && size(changed) < 100`.
    pub when: Option<String>,
    /// What must not hold: none of these.
    pub not: Vec<Except>,
    /// Whether pull requests from forks count.
    pub forks: Forks,
    /// Whether events count that proofmark or its own account caused.
    pub own: bool,
    /// Values with names and types, for `{{ parameters.NAME }}`.
    pub parameters: BTreeMap<String, ParameterRule>,
    /// What is started.
    pub start: Option<Start>,
    /// Several things, each after the one before.
    pub step: Vec<Step>,
    /// How often, and what beside what.
    pub pace: Pace,
    /// Where it stands in the file.
    #[serde(skip)]
    pub line: RuleLine,
}

/// Conditions of which none may hold.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Except {
    /// Kinds of events, or kinds with an action.
    pub on: Names,
    /// Globs over the branch that was pushed, or that a change goes into.
    pub branches: Vec<String>,
    /// Globs over the branch that a pull request or run comes from.
    pub head_branches: Vec<String>,
    /// Globs over tags.
    pub tags: Vec<String>,
    /// Globs over the files that changed.
    pub paths: Vec<String>,
    /// Labels of the pull request.
    pub labels: Vec<String>,
    /// Globs over who caused the event.
    pub actors: Vec<String>,
    /// Globs over what a run is of.
    pub runs: Vec<String>,
    /// How a run ended.
    pub conclusions: Vec<String>,
    /// An expression (CEL).
    pub when: Option<String>,
}

/// What DVC must see changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DvcCondition {
    /// Globs over stages: one of what such a stage reads (files, data, params), or its own declaration.
    pub stages: Vec<String>,
    /// Globs over tracked data and models, whose recorded hash changed.
    pub data: Vec<String>,
    /// Globs over params, as `KEY` or `FILE:KEY`.
    pub params: Vec<String>,
}

/// A command in a comment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CommandRule {
    /// The word after the slash.
    pub verb: String,
    /// The least role at GitHub that may give it; as the verb has it when absent, else `write`.
    pub role: Option<RoleName>,
    /// Who may give it whatever their role.
    pub users: Vec<String>,
    /// Whether whoever opened the pull request may not give it.
    pub second_person: bool,
    /// Parameters in the order in which values without a name fill them.
    pub positional: Vec<String>,
    /// Whether it also counts on issues.
    pub issues: bool,
    /// Whether it also counts in comments that were edited.
    pub edited: bool,
}

/// A role at GitHub, from the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RoleName {
    /// Whoever can comment.
    Anyone,
    /// May read.
    Read,
    /// May sort issues.
    Triage,
    /// May push.
    Write,
    /// May manage.
    Maintain,
    /// May do everything.
    Admin,
}

impl RoleName {
    /// The word as it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::Read => "read",
            Self::Triage => "triage",
            Self::Write => "write",
            Self::Maintain => "maintain",
            Self::Admin => "admin",
        }
    }
}

/// Whether pull requests from forks count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Forks {
    /// Only by the command of somebody who may give it.
    #[default]
    Command,
    /// Never.
    Never,
    /// Always: what is started must not run their code with secrets.
    Always,
}

/// One of several things that are started one after the other.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What it is called: `train`, for `{{ steps.train.url }}` in later ones.
    pub name: String,
    /// What the steps before it must have come to.
    #[serde(default)]
    pub after: After,
    /// What is started.
    pub start: Start,
    /// How long it may take; then it has failed.
    #[serde(default)]
    pub timeout: Option<Span>,
    /// The deployment at GitHub whose status this step is: the environment's name.
    #[serde(default)]
    pub environment: Option<String>,
}

/// What the steps before must have come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum After {
    /// All of them passed.
    #[default]
    Passed,
    /// One of them failed: to roll back.
    Failed,
    /// Whatever.
    Always,
}

/// How often, and what beside what.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Pace {
    /// Runs of one group do not run side by side; a template. Without one, nothing waits.
    pub group: Option<String>,
    /// What happens while a run of the group is under way.
    pub busy: Busy,
    /// The time that must lie between two starts.
    pub cooldown: Option<Span>,
    /// Starts within 24 hours at most.
    pub per_day: Option<u32>,
    /// What a run costs, in whatever unit `cost_per_day` has.
    pub cost: Option<f64>,
    /// The cost within 24 hours at most.
    pub cost_per_day: Option<f64>,
    /// Events are gathered until it has been quiet for so long; the newest then stands for all.
    pub quiet: Option<Span>,
    /// How long they are gathered at most, counted from the first.
    pub longest_wait: Option<Span>,
    /// Events that are gathered together have the same text here; a template. The branch when absent.
    pub gather: Option<String>,
}

/// What happens while a run of the group is under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Busy {
    /// It waits; a newer one takes the place of one that waits.
    #[default]
    Queue,
    /// The run under way is stopped.
    Replace,
    /// Nothing is started.
    Reject,
}

/// `[triggers]`: what holds for all of them.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Triggers {
    /// Orders that may lead to each other, one after the other.
    pub max_depth: u32,
    /// Accounts that are ours, whose events count only where a trigger says `own = true`.
    pub own_accounts: Vec<String>,
    /// The cost of all triggers together within 24 hours at most.
    pub cost_per_day: Option<f64>,
}

impl Default for Triggers {
    fn default() -> Self {
        Self { max_depth: 3, own_accounts: Vec::new(), cost_per_day: None }
    }
}
