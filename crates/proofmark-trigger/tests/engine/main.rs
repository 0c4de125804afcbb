//! What rules make of events: policies as people write them, events as senders tell them, and the decisions that come of both.

mod commands;
mod conditions;
mod guards;
mod journal;
mod keys;
mod load;
mod mistakes;
mod pace;
mod properties;
mod runner;
mod speed;
mod support;
mod templates;
