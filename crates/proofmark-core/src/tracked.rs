//! Where values come from that no file of the repository holds: runs of a tracking server, and why these runs and no others.

pub mod pool;
pub mod select;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::path::RepoPath;

/// The runs behind one file of metrics that is none: `mlflow:churn`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Tracked {
    /// What rules and reports call it.
    pub file: RepoPath,
    /// The store, without credentials.
    pub store: String,
    /// The names of the experiments that were searched.
    pub experiments: Vec<String>,
    /// What was found for the base.
    #[serde(default)]
    pub base: Selection,
    /// What was found for the head.
    #[serde(default)]
    pub head: Selection,
}

/// The runs of one side.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct Selection {
    /// By what they were found, as a sentence fragment: `by the commit 2222222222`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub how: String,
    /// The runs, oldest first. Several are repeated runs of one training.
    #[serde(default)]
    pub runs: Vec<TrackedRun>,
    /// Runs that also fit and do not count, by why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_aside: Vec<SetAside>,
    /// What people should know about the choice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct TrackedRun {
    /// Its id at the store.
    pub id: String,
    /// Its name; not unique.
    pub name: String,
    /// The commit that it says it was started from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// When it began, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<i64>,
    /// Where people look at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The ids of the models that it made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
}

/// Runs that do not count, for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SetAside {
    /// Why: `nested`, `failed`.
    pub why: String,
    /// Their names or ids.
    pub runs: Vec<String>,
}

/// Names of runs that are set aside and told in words; the others are counted.
const MOST_NAMES: usize = 3;

impl Tracked {
    /// Nothing found yet.
    pub fn new(file: RepoPath, store: impl Into<String>, experiments: Vec<String>) -> Self {
        Self { file, store: store.into(), experiments, base: Selection::default(), head: Selection::default() }
    }

    /// Both choices as sentences.
    pub fn told(&self) -> Vec<String> {
        [("base", &self.base), ("head", &self.head)]
            .into_iter()
            .filter(|(_, side)| **side != Selection::default())
            .map(|(name, side)| format!("{}: the {name} is {side}.", self.file))
            .collect()
    }
}

impl TrackedRun {
    /// A run of which only id and name are known.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), commit: None, started: None, url: None, models: Vec::new() }
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.runs.as_slice() {
            [] => write!(out, "no run")?,
            [run] => write!(out, "the run {run}")?,
            runs => {
                write!(out, "the {} runs ", runs.len())?;
                list(out, runs.iter().map(ToString::to_string), runs.len())?;
            }
        }
        if !self.how.is_empty() {
            write!(out, ", {}", self.how)?;
        }
        for (index, aside) in self.set_aside.iter().enumerate() {
            out.write_str(if index == 0 { "; set aside: " } else { ", " })?;
            write!(out, "{} {} (", aside.runs.len(), aside.why)?;
            list(out, aside.runs.iter().map(|name| format!("`{name}`")), aside.runs.len())?;
            out.write_str(")")?;
        }
        self.notes.iter().try_for_each(|note| write!(out, "; {note}"))
    }
}

impl fmt::Display for TrackedRun {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id.get(..8).unwrap_or(&self.id);
        match self.name.as_str() {
            "" => write!(out, "`{id}`"),
            name if name == self.id => write!(out, "`{name}`"),
            name => write!(out, "`{name}` ({id})"),
        }
    }
}

fn list(out: &mut fmt::Formatter<'_>, names: impl Iterator<Item = String>, count: usize) -> fmt::Result {
    let shown: Vec<String> = names.take(MOST_NAMES).collect();
    out.write_str(&shown.join(", "))?;
    if count > MOST_NAMES { write!(out, " and {} more", count - MOST_NAMES) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_in_words() {
        let mut tracked = Tracked::new(RepoPath::parse("mlflow:churn").expect("a path"), "http://here", vec!["churn".into()]);
        assert!(tracked.told().is_empty());
        tracked.head.how = "by the commit 2222222222".into();
        tracked.head.set_aside = vec![
            SetAside { why: "nested".into(), runs: (0..5).map(|index| format!("n/{index}")).collect() },
            SetAside { why: "failed".into(), runs: vec!["crashed".into()] },
        ];
        let aside = "set aside: 5 nested (`n/0`, `n/1`, `n/2` and 2 more), 1 failed (`crashed`)";
        assert_eq!(tracked.told(), [format!("mlflow:churn: the head is no run, by the commit 2222222222; {aside}.")]);
        tracked.head.set_aside.clear();
        tracked.head.runs = vec![TrackedRun::new("0123456789", "wide"), TrackedRun::new("ab", "")];
        assert_eq!(tracked.told(), ["mlflow:churn: the head is the 2 runs `wide` (01234567), `ab`, by the commit 2222222222."]);
    }
}
