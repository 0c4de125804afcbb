//! Which event starts what: rules, their conditions, and the orders that come of them.
//!
//! It must never know files, clock, environment, network or any system that carries an order out: an event, what is known
//! about it and what was started before come in as values, decisions go out. The same input gives the same output.

pub mod commands;
mod condition;
mod error;
mod expression;
pub mod facts;
mod files;
mod globs;
pub mod journal;
mod key;
mod order;
mod pace;
pub mod parameters;
mod past;
mod plan;
mod rules;
pub mod runner;
mod starts;
pub mod target;
mod template;
mod view;

pub use error::RuleError;
pub use key::{NO_GROUP, group_hash, rule_hash};
pub use order::{Call, Order, OrderStep, Promotion, Rollout, StepResult};
pub use past::{Past, PastRun, RunState, Waiting};
pub use plan::{Clause, Decision, Outcome, Plan, Request, SCHEMA, needs, plan};
pub use rules::{CommandHelp, OWN_VERBS, Rules};
