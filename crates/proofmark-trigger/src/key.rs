//! Keys: what makes one order the same as another, and how it travels with what it starts.

use proofmark_core::event::{Event, Mark};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// The group of orders without one.
pub const NO_GROUP: &str = "00000000";

/// A hash over parts, each with its length before it, so that no two lists look alike.
fn hash<'a>(parts: impl IntoIterator<Item = &'a str>, digits: usize) -> String {
    let mut state = Sha256::new();
    for part in parts {
        state.update((part.len() as u64).to_be_bytes());
        state.update(part.as_bytes());
    }
    let mut hex = String::with_capacity(digits);
    for byte in &state.finalize()[..digits / 2] {
        hex.extend([byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or_default()));
    }
    hex
}

/// The short name of a rule in keys.
pub fn rule_hash(rule: &str) -> String {
    hash(["rule", rule], 8)
}

/// The short name of a group in keys.
pub fn group_hash(group: Option<&str>) -> String {
    group.map_or_else(|| NO_GROUP.to_owned(), |group| hash(["group", group], 8))
}

/// The key of an order: rule, what the event means, parameters; and what somebody said who wants it once more.
pub(crate) fn mark(rule: &str, event: &Event, parameters: &BTreeMap<String, Value>, group: Option<&str>, again: Option<&str>) -> Mark {
    let subject = event.subject();
    // A map of JSON values has one text: its keys are sorted.
    let parameters = serde_json::to_string(parameters).unwrap_or_default();
    let mut parts = vec!["order", rule];
    parts.extend(subject.iter().map(String::as_str));
    parts.push(&parameters);
    parts.extend(again);
    Mark { depth: event.depth.saturating_add(1).min(99), rule: rule_hash(rule), group: group_hash(group), key: hash(parts, 16) }
}

/// The mark of an order with several steps: it is no start of its own, and must not be counted beside that of its first step.
pub(crate) fn chain_mark(order: &Mark, rule: &str) -> Mark {
    Mark { rule: hash(["chain", rule], 8), ..order.clone() }
}

/// The key of one of several steps of an order. The first stands for the order where starts of the rule are counted, all of
/// them for its group.
pub(crate) fn step_mark(order: &Mark, rule: &str, step: &str, at: usize) -> Mark {
    let of_rule = if at == 0 { order.rule.clone() } else { hash(["step", rule, step], 8) };
    Mark { rule: of_rule, key: hash(["step", &order.key, step], 16), ..order.clone() }
}
