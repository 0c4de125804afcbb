//! `[[composite]]`: rules over several metrics or slices, as they are typed. What they mean is in [`crate::composite`].

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{RuleLine, Severity};

/// A rule over several metrics or slices: a name, and exactly one of the forms. Metrics are named as `f1`, or as `test:f1` with
/// the table or file where several have one of that name.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Composite {
    /// What reports call it.
    pub name: String,
    /// What a violation does.
    pub severity: Severity,
    /// Must be true: `improvement("f1") >= -0.01 and candidate("size_mb") < 100`.
    pub expression: Option<String>,
    /// No metric of these may be worse beyond its margin while none is better.
    pub pareto: Option<Vec<String>>,
    /// A loss of one metric that a gain of another pays for.
    pub trade: Option<Trade>,
    /// How far apart the slices of a metric may be.
    pub gap: Option<Gap>,
    /// No slice of a metric may be worse beyond a margin.
    pub worst_slice: Option<WorstSlice>,
    /// What a quantity may cost, such as latency, size or money: lower is better.
    pub budget: Option<Budget>,
    /// Where it stands.
    #[serde(skip)]
    pub line: RuleLine,
}

/// A loss of one metric that a gain of another pays for.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Trade {
    /// The metric that may lose.
    pub loss_in: String,
    /// The greatest loss, in that metric's unit.
    pub up_to: Option<f64>,
    /// The metric that must gain.
    pub gain_in: String,
    /// What the lower limit of the gain must be at least, in that metric's unit.
    pub at_least: Option<f64>,
}

/// How far apart the slices of a metric may be: the largest value less the smallest.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Gap {
    /// The metric.
    pub metric: String,
    /// The prediction table; needed where several have the metric.
    pub table: Option<String>,
    /// The columns that make the slices.
    pub by: By,
    /// The widest gap at the head, in the metric's unit.
    pub max: Option<f64>,
    /// How much wider than at the base the gap may be, in the metric's unit.
    pub max_change: Option<f64>,
    /// Slices with fewer rows on either side are left out; 30 when absent.
    pub min_rows: Option<u64>,
}

/// No slice of a metric may be worse beyond a margin.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WorstSlice {
    /// The metric.
    pub metric: String,
    /// The prediction table; needed where several have the metric.
    pub table: Option<String>,
    /// The columns that make the slices.
    pub by: By,
    /// The loss that is accepted in each slice, in the metric's unit.
    pub margin: Option<f64>,
    /// Slices with fewer rows on either side are left out; 30 when absent.
    pub min_rows: Option<u64>,
}

/// What a quantity may cost. The limits on the increase join: only exceeding all that are given is a violation.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// The metric.
    pub metric: String,
    /// The value must not be higher.
    pub max: Option<f64>,
    /// The greatest increase against the base, in the metric's unit.
    pub max_increase_abs: Option<f64>,
    /// The greatest increase against the base, as a fraction of the baseline (0.1 is 10 %).
    pub max_increase_rel: Option<f64>,
}

/// The columns that make slices: `"country"`, several together as `"country*device"`, or a list of such texts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct By(pub Vec<String>);

impl<'de> Deserialize<'de> for By {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ByVisitor)
    }
}

struct ByVisitor;

impl<'de> Visitor<'de> for ByVisitor {
    type Value = By;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a column such as \"country\", or a list of columns")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<By, E> {
        Ok(By(vec![text.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<By, A::Error> {
        let mut columns = Vec::new();
        while let Some(column) = items.next_element()? {
            columns.push(column);
        }
        Ok(By(columns))
    }
}

impl JsonSchema for By {
    fn schema_name() -> Cow<'static, str> {
        "By".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A column, several joined by `*`, or a list of such texts",
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_by_one_column_or_several() {
        let read = |text: &str| toml::from_str::<Composite>(text).map(|composite| composite.gap.unwrap_or_default().by);
        assert_eq!(read("gap = {by = \"country\"}"), Ok(By(vec!["country".to_owned()])));
        assert_eq!(read("[gap]\nby = [\"country\", \"country*device\"]"), Ok(By(vec!["country".to_owned(), "country*device".to_owned()])));
        for text in ["gap = {by = 1}", "gap = {by = [1]}", "gap = {bye = \"a\"}", "worst-slice = {}", "severity = \"block\""] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
