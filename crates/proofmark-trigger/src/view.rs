//! An event as conditions, expressions and templates see it.

use std::cell::OnceCell;

use proofmark_core::changes::FileChange;
use proofmark_core::event::Event;
use serde_json::{Map, Value, json};

use crate::commands::{self, Line};
use crate::expression::Scope;
use crate::facts::{Fact, Facts};

/// Fields of an event that expressions see as null where they are absent, so that they can be asked for.
const FIELDS: [&str; 20] = [
    "action",
    "id",
    "time",
    "repository",
    "default_branch",
    "actor",
    "branch",
    "tag",
    "base",
    "head",
    "push",
    "pull_request",
    "label",
    "comment",
    "run",
    "model",
    "verdict",
    "schedule",
    "inputs",
    "depth",
];

/// One event with what is known about it.
pub(crate) struct View<'a> {
    pub(crate) event: &'a Event,
    pub(crate) facts: &'a Facts,
    scope: OnceCell<Scope>,
    lines: OnceCell<Vec<Line>>,
    order: OnceCell<Vec<usize>>,
}

impl<'a> View<'a> {
    pub(crate) fn new(event: &'a Event, facts: &'a Facts) -> Self {
        Self { event, facts, scope: OnceCell::new(), lines: OnceCell::new(), order: OnceCell::new() }
    }

    /// The commands in the comment.
    pub(crate) fn lines(&self) -> &[Line] {
        self.lines.get_or_init(|| self.event.comment.as_ref().map(|comment| commands::commands(&comment.body)).unwrap_or_default())
    }

    /// What expressions see.
    pub(crate) fn scope(&self) -> &Scope {
        self.scope.get_or_init(|| {
            let mut event = json(self.event);
            if let Value::Object(fields) = &mut event {
                for name in FIELDS {
                    fields.entry(name).or_insert(Value::Null);
                }
                for place in ["base", "head"] {
                    if let Some(Value::Object(place)) = fields.get_mut(place) {
                        place.entry("branch").or_insert(Value::Null);
                        place.entry("commit").or_insert(Value::Null);
                    }
                }
                fields.insert("inputs".to_owned(), json(&self.event.inputs));
            }
            let dvc = if let Fact::Known(dvc) = &self.facts.dvc { json(dvc) } else { Value::Null };
            Scope::new(&json!({"event": event, "changed": self.paths(), "dvc": dvc}))
        })
    }

    /// What templates see of all rules alike.
    pub(crate) fn values(&self) -> Map<String, Value> {
        let mut values = Map::new();
        values.insert("event".to_owned(), json(self.event));
        values.insert("changed".to_owned(), self.paths());
        values
    }

    fn paths(&self) -> Value {
        match &self.facts.changed {
            Fact::Known(changed) => changed.iter().map(|change| Value::String(change.path.as_str().to_owned())).collect(),
            _ => Value::Array(Vec::new()),
        }
    }

    /// The files that changed and begin with a text; of many files only these need to be tried.
    pub(crate) fn below<'f>(&'f self, changed: &'f [FileChange], prefix: &'f str) -> impl Iterator<Item = &'f str> {
        // Sorted once, since nobody promises that they come so.
        let order = self.order.get_or_init(|| {
            let mut order: Vec<usize> = (0..changed.len()).collect();
            order.sort_unstable_by_key(|at| changed[*at].path.as_str());
            order
        });
        let start = order.partition_point(|at| changed[*at].path.as_str() < prefix);
        order[start..].iter().map(|at| changed[*at].path.as_str()).take_while(move |path| path.starts_with(prefix))
    }
}

fn json<T: serde::Serialize>(value: &T) -> Value {
    // Texts as keys and no errors of our own: this cannot fail.
    serde_json::to_value(value).unwrap_or_default()
}
