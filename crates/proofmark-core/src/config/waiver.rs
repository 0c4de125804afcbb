//! `[[waiver]]` and `[waivers]`: losses that somebody accepts, and who may.
//!
//! What is typed is kept as it is, mistakes included: a waiver that cannot be meant is listed with its mistake and accepts
//! nothing, and the other rules still judge. What it means is in [`crate::waiver`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::RuleLine;

/// Who may accept losses, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Waivers {
    /// The logins of those who may approve; nobody may when empty.
    pub approvers: Vec<String>,
    /// The most days for which a loss is accepted.
    pub max_days: u32,
}

impl Default for Waivers {
    fn default() -> Self {
        Self { approvers: Vec::new(), max_days: 90 }
    }
}

/// One known loss that is accepted. Names are exact: there are no patterns.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Waiver {
    /// The metric's name.
    pub metric: String,
    /// The rows, as column and value; all rows when absent.
    pub slice: BTreeMap<String, String>,
    /// The prediction table; needed where several have the metric.
    pub table: Option<String>,
    /// The metrics file; needed where several have the metric.
    pub file: Option<String>,
    /// The name of the reference, for a loss against another commit than the base.
    pub against: Option<String>,
    /// The rule, as findings print it; every rule on the metric when absent.
    pub rule: Option<String>,
    /// The worst value that is accepted.
    pub accept_down_to: Option<f64>,
    /// The greatest loss that is accepted, in the metric's unit; instead of `accept_down_to`.
    pub accept_loss: Option<f64>,
    /// The day on which it was granted; the allowed days count from it, else from today.
    pub granted: Option<Day>,
    /// The last day on which it counts.
    pub expires: Option<Day>,
    /// Why the loss is accepted.
    pub reason: String,
    /// Where it is discussed.
    pub issue: String,
    /// The login of who accepts it: one of the approvers, and not the author of the change.
    pub approved_by: String,
    /// The pull request that it is for.
    pub pull_request: Option<u64>,
    /// The head or merge commit that it is for: the whole id, or its first digits, ten or more.
    pub commit: Option<String>,
    /// Where it stands.
    #[serde(skip)]
    pub line: RuleLine,
}

/// A day as it is typed, as a date or as text; whether the calendar has it is seen later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day(pub String);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(DayVisitor)
    }
}

struct DayVisitor;

impl<'de> Visitor<'de> for DayVisitor {
    type Value = Day;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a date such as 2026-12-31")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Day, E> {
        Ok(Day(text.to_owned()))
    }

    /// The form in which the TOML reader hands a date over.
    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Day, A::Error> {
        toml::value::Datetime::deserialize(MapAccessDeserializer::new(entries)).map(|date| Day(date.to_string()))
    }
}

impl JsonSchema for Day {
    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date", "description": "A day, as a date or as text: 2026-12-31" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_a_date_or_text() {
        let read = |text: &str| toml::from_str::<Waiver>(text);
        for text in ["expires = 2026-12-31", "expires = \"2026-12-31\""] {
            assert_eq!(read(text).map(|waiver| waiver.expires), Ok(Some(Day("2026-12-31".to_owned()))), "{text}");
        }
        assert_eq!(read("expires = 2026-12-31T10:00:00Z").map(|waiver| waiver.expires), Ok(Some(Day("2026-12-31T10:00:00Z".to_owned()))));
        for text in ["expires = 20261231", "expires = {}", "expires = {day = 1}", "expire = 2026-12-31", "slice = {country = 1}"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nobody_may_approve_until_somebody_is_named() {
        assert_eq!(toml::from_str::<Waivers>(""), Ok(Waivers { approvers: Vec::new(), max_days: 90 }));
        assert!(toml::from_str::<Waivers>("max_days = -1").is_err());
    }
}
