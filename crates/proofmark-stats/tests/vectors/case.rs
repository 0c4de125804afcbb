//! One case of the vectors: what goes in, what should come out.

use proofmark_stats::{Direction, NonInferiority};
use serde_json::{Value, json};

/// Names of figures with what was computed for them.
pub(crate) type Answer = Vec<(&'static str, Value)>;

/// One case.
pub(crate) struct Case<'file>(pub(crate) &'file Value);

impl Case<'_> {
    /// The procedure's name.
    pub(crate) fn procedure(&self) -> &str {
        self.0["procedure"].as_str().expect("a case names its procedure")
    }

    /// What goes in.
    pub(crate) fn input(&self, name: &str) -> &Value {
        &self.0["inputs"][name]
    }

    /// A number that goes in.
    pub(crate) fn number(&self, name: &str) -> f64 {
        number(self.input(name)).unwrap_or_else(|| panic!("{} has no number `{name}`", self.0["id"]))
    }

    /// A count that goes in.
    pub(crate) fn count(&self, name: &str) -> u64 {
        self.input(name).as_u64().unwrap_or_else(|| panic!("{} has no count `{name}`", self.0["id"]))
    }

    /// Numbers that go in.
    pub(crate) fn numbers(&self, name: &str) -> Vec<f64> {
        let list = self.input(name).as_array().unwrap_or_else(|| panic!("{} has no list `{name}`", self.0["id"]));
        list.iter().map(|item| number(item).expect("a list of numbers")).collect()
    }

    /// A parameter.
    pub(crate) fn parameter(&self, name: &str) -> &Value {
        &self.0["parameters"][name]
    }

    /// A parameter that is a number.
    pub(crate) fn setting(&self, name: &str) -> f64 {
        number(self.parameter(name)).unwrap_or_else(|| panic!("{} has no parameter `{name}`", self.0["id"]))
    }

    /// Which way is better; higher if the case does not say.
    pub(crate) fn direction(&self) -> Direction {
        if self.parameter("direction") == "lower" { Direction::Lower } else { Direction::Higher }
    }
}

/// A number as the file writes it.
pub(crate) fn number(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        _ => value.as_f64(),
    }
}

/// A number as the file would write it.
pub(crate) fn figure(number: impl Into<Option<f64>>) -> Value {
    match number.into() {
        None => Value::Null,
        Some(number) if number.is_nan() => json!("NaN"),
        Some(f64::INFINITY) => json!("Infinity"),
        Some(f64::NEG_INFINITY) => json!("-Infinity"),
        Some(number) => json!(number),
    }
}

/// The figures that every test against a margin has.
pub(crate) fn of_test(test: &NonInferiority) -> Answer {
    vec![
        ("improvement", figure(test.improvement)),
        ("se", figure(test.se)),
        ("df", figure(test.df)),
        ("lower", figure(test.lower)),
        ("upper", figure(test.upper)),
        ("p_noninferior", figure(test.p_noninferior)),
        ("p_inferior", figure(test.p_inferior)),
        ("p_two_sided", figure(test.p_two_sided)),
        ("verdict", json!(test.verdict.name())),
        ("reason", json!(test.reason.map(|reason| reason.name()))),
    ]
}
