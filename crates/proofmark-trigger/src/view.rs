//! An event as conditions, expressions and templates see it.

use std::cell::OnceCell;

use proofmark_core::event::Event;
use serde_json::{Value, json};

use crate::commands::{self, Line};
use crate::expression::Scope;
use crate::facts::{Fact, Facts};
use crate::files::Files;
use crate::template::Context;

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
    values: OnceCell<Context>,
    files: OnceCell<Files<'a>>,
}

impl<'a> View<'a> {
    pub(crate) fn new(event: &'a Event, facts: &'a Facts) -> Self {
        Self { event, facts, scope: OnceCell::new(), lines: OnceCell::new(), values: OnceCell::new(), files: OnceCell::new() }
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
    pub(crate) fn values(&self) -> &Context {
        self.values.get_or_init(|| {
            let mut values = Context::default();
            values.set("event", &json(self.event));
            // What nobody knows is no empty list.
            if matches!(self.facts.changed, Fact::Known(_) | Fact::Absent(_)) {
                values.set("changed", &self.paths());
            }
            values
        })
    }

    fn paths(&self) -> Value {
        // Sorted, since nobody promises that they come so: what templates make of them is a part of keys.
        self.files().all().map(|path| Value::String(path.to_owned())).collect()
    }

    /// The files that changed, to look for some of them; none where they are not known.
    pub(crate) fn files(&self) -> &Files<'a> {
        self.files.get_or_init(|| match &self.facts.changed {
            Fact::Known(changed) => Files::new(changed.iter().map(|change| change.path.as_str())),
            _ => Files::default(),
        })
    }
}

fn json<T: serde::Serialize>(value: &T) -> Value {
    // Texts as keys and no errors of our own: this cannot fail.
    serde_json::to_value(value).unwrap_or_default()
}
