//! Whether values fit a pipeline's parameters: all mistakes at once, before anything is sent.

use std::collections::BTreeMap;
use std::fmt;

use proofmark_core::config::nearest;
use proofmark_http::api::one_line;
use serde_json::{Number, Value};

use super::same::same_value;
use super::text::parse_text;
use super::{Kind, Parameter, Spec};
use crate::Error;

/// The largest whole number that a double tells from its neighbours. A server keeps all numbers as doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// Letters of a value that a message shows.
const SHOWN: usize = 40;
/// Names that a message lists.
const LISTED: usize = 12;

/// What is wrong with the values for a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mistake {
    /// There is no such parameter.
    Unknown {
        /// The name that was given.
        name: String,
        /// The name that was meant, perhaps.
        nearest: Option<String>,
        /// All that there are.
        known: Vec<String>,
    },
    /// A parameter that has to be given.
    Missing {
        /// Its name.
        name: String,
        /// What it takes.
        kind: Kind,
    },
    /// A value that the parameter does not take.
    Unfit {
        /// The parameter.
        name: String,
        /// What it takes.
        expected: Kind,
        /// What was given, short.
        given: String,
        /// What to do about it.
        advice: Option<&'static str>,
    },
    /// A whole number that the server would change, since it keeps it as a double.
    Inexact {
        /// The parameter.
        name: String,
        /// The number.
        given: String,
    },
    /// A value that is not among those that the parameter takes.
    NoChoice {
        /// The parameter.
        name: String,
        /// What was given, short.
        given: String,
        /// What it takes, each short.
        choices: Vec<String>,
    },
    /// A parameter that only the server fills in.
    FilledIn {
        /// The parameter.
        name: String,
    },
}

impl Mistake {
    /// The parameter's name.
    pub fn name(&self) -> &str {
        match self {
            Self::Unknown { name, .. }
            | Self::Missing { name, .. }
            | Self::Unfit { name, .. }
            | Self::Inexact { name, .. }
            | Self::NoChoice { name, .. }
            | Self::FilledIn { name } => name,
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = one_line(self.name(), &[]);
        match self {
            Self::Unknown { nearest: Some(nearest), .. } => {
                write!(out, "the pipeline has no parameter `{name}`; did you mean `{}`?", one_line(nearest, &[]))
            }
            Self::Unknown { known, .. } if known.is_empty() => write!(out, "the pipeline has no parameter `{name}`: it has none at all"),
            Self::Unknown { known, .. } => write!(out, "the pipeline has no parameter `{name}`: it has {}", listed(known)),
            Self::Missing { kind, .. } => write!(out, "the parameter `{name}` is missing: it takes {kind}"),
            Self::Unfit { expected, given, advice, .. } => {
                write!(out, "the parameter `{name}` takes {expected} and not {given}")?;
                advice.map_or(Ok(()), |advice| write!(out, ": {advice}"))
            }
            Self::Inexact { given, .. } => {
                write!(out, "the parameter `{name}` would not be {given}: the server keeps whole numbers exact only up to 2^53")
            }
            Self::NoChoice { given, choices, .. } => {
                write!(out, "the parameter `{name}` takes one of {} and not {given}", listed(choices))
            }
            Self::FilledIn { .. } => write!(out, "the parameter `{name}` is filled in by the server: leave it out"),
        }
    }
}

impl From<Vec<Mistake>> for Error {
    /// All of them in one sentence after the other.
    fn from(mistakes: Vec<Mistake>) -> Self {
        let told: Vec<String> = mistakes.iter().map(Mistake::to_string).collect();
        Self::input(told.join("; "))
    }
}

fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{}`", one_line(name, &[]))).collect();
    let more = names.len().saturating_sub(LISTED);
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

impl Spec {
    /// Whether values fit the parameters, with all that is wrong at once. What comes back is what to send: `5.0` for a whole
    /// number is `5`.
    ///
    /// This is stricter than Kubeflow itself, which takes `1.5` for a whole number; the component then fails minutes later, or
    /// rounds without a word.
    ///
    /// # Errors
    /// All mistakes, by parameter.
    pub fn check(&self, given: &BTreeMap<String, Value>) -> Result<BTreeMap<String, Value>, Vec<Mistake>> {
        self.all(given, Vec::new(), Parameter::fit)
    }

    /// The same for values that come as texts, from a command line or an event: `500` for a whole number, `true`, JSON for
    /// lists and mappings.
    ///
    /// # Errors
    /// All mistakes, by parameter.
    pub fn check_texts(&self, given: &BTreeMap<String, String>) -> Result<BTreeMap<String, Value>, Vec<Mistake>> {
        self.all(given, Vec::new(), |parameter, text| {
            if parameter.kind.is_filled_in() {
                return Err(Mistake::FilledIn { name: parameter.name.clone() });
            }
            let unfit = |advice| parameter.unfit(format!("`{}`", short(text)), Some(advice));
            parameter.fit(&parse_text(&parameter.kind, text).map_err(unfit)?)
        })
    }

    fn all<T>(
        &self,
        given: &BTreeMap<String, T>,
        mut mistakes: Vec<Mistake>,
        fit: impl Fn(&Parameter, &T) -> Result<Value, Mistake>,
    ) -> Result<BTreeMap<String, Value>, Vec<Mistake>> {
        let mut fitting = BTreeMap::new();
        for (name, value) in given {
            match self.parameter(name).map(|parameter| fit(parameter, value)) {
                Some(Ok(value)) => drop(fitting.insert(name.clone(), value)),
                Some(Err(mistake)) => mistakes.push(mistake),
                None => mistakes.push(self.unknown(name, given)),
            }
        }
        let is_missing =
            |parameter: &&Parameter| !parameter.optional && !parameter.kind.is_filled_in() && !given.contains_key(&parameter.name);
        let missing = self.parameters.iter().filter(is_missing);
        mistakes.extend(missing.map(|parameter| Mistake::Missing { name: parameter.name.clone(), kind: parameter.kind.clone() }));
        if mistakes.is_empty() { Ok(fitting) } else { Err(mistakes) }
    }

    /// What was given already is not what was meant.
    fn unknown<T>(&self, name: &str, given: &BTreeMap<String, T>) -> Mistake {
        let known: Vec<String> = self.parameters.iter().map(|parameter| parameter.name.clone()).collect();
        let free = known.iter().map(String::as_str).filter(|known| !given.contains_key(*known));
        Mistake::Unknown { name: name.to_owned(), nearest: nearest(name, free).map(str::to_owned), known }
    }
}

impl Parameter {
    fn fit(&self, value: &Value) -> Result<Value, Mistake> {
        let fitting = match (&self.kind, value) {
            (Kind::TaskFinalStatus | Kind::TaskConfig, _) => return Err(Mistake::FilledIn { name: self.name.clone() }),
            (_, Value::Null) => return Err(self.unfit("null".to_owned(), Some("leave it out for its default"))),
            (Kind::Integer, Value::Number(number)) => self.whole(number)?,
            (Kind::Double, Value::Number(_))
            | (Kind::String, Value::String(_))
            | (Kind::Boolean, Value::Bool(_))
            | (Kind::List, Value::Array(_))
            | (Kind::Struct, Value::Object(_))
            | (Kind::Other(_), _) => value.clone(),
            (Kind::Integer | Kind::Double, Value::String(text)) if text.trim().parse::<f64>().is_ok() => {
                return Err(self.unfit(described(value), Some("write it without quotes")));
            }
            (Kind::Boolean, Value::String(text)) if matches!(text.as_str(), "true" | "false") => {
                return Err(self.unfit(described(value), Some("write it without quotes")));
            }
            (Kind::String, Value::Number(_) | Value::Bool(_)) => {
                return Err(self.unfit(described(value), Some("write it in quotes")));
            }
            _ => return Err(self.unfit(described(value), None)),
        };
        if self.kind != Kind::Double
            && let Some(number) = inexact(&fitting)
        {
            return Err(Mistake::Inexact { name: self.name.clone(), given: short(&number.to_string()) });
        }
        if !self.choices.is_empty() && !self.choices.iter().any(|choice| same_value(choice, &fitting)) {
            let choices = self.choices.iter().map(plain).collect();
            return Err(Mistake::NoChoice { name: self.name.clone(), given: format!("`{}`", plain(&fitting)), choices });
        }
        Ok(fitting)
    }

    fn whole(&self, number: &Number) -> Result<Value, Mistake> {
        if number.is_i64() || number.is_u64() {
            return Ok(Value::Number(number.clone()));
        }
        let double = number.as_f64().unwrap_or(f64::NAN);
        if double.fract() != 0.0 || !double.is_finite() {
            return Err(self.unfit(format!("`{}`", short(&number.to_string())), None));
        }
        if double.abs() > EXACT {
            return Err(Mistake::Inexact { name: self.name.clone(), given: short(&number.to_string()) });
        }
        Ok(Value::from(double as i64))
    }

    fn unfit(&self, given: String, advice: Option<&'static str>) -> Mistake {
        Mistake::Unfit { name: self.name.clone(), expected: self.kind.clone(), given, advice }
    }
}

/// A whole number anywhere in a value that a double cannot hold.
fn inexact(value: &Value) -> Option<&Number> {
    match value {
        Value::Number(number) => {
            let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))?;
            (whole.unsigned_abs() > EXACT as u128 && (whole as f64) as i128 != whole).then_some(number)
        }
        Value::Array(items) => items.iter().find_map(inexact),
        Value::Object(fields) => fields.values().find_map(inexact),
        Value::Null | Value::Bool(_) | Value::String(_) => None,
    }
}

fn described(value: &Value) -> String {
    let kind = match value {
        Value::Null => return "null".to_owned(),
        Value::Bool(_) => "",
        Value::Number(_) => "the number ",
        Value::String(_) => "the text ",
        Value::Array(_) => "the list ",
        Value::Object(_) => "the mapping ",
    };
    format!("{kind}`{}`", plain(value))
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => short(text),
        other => short(&other.to_string()),
    }
}

fn short(text: &str) -> String {
    let line = one_line(text, &[]);
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
