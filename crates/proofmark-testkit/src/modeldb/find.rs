//! Finding runs, with what the server's SQL makes of predicates, orders and pages.

use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value;

use super::call::{self, Call, invalid, member, missing, refuse};
use super::entities::{list, page};
use super::rows::{Artifact, RunRow};
use super::stored::{Pair, decimal};
use super::world::World;
use crate::github::answer::{Answer, Outcome};

const OPERATORS: [&str; 10] = ["EQ", "NE", "GT", "GTE", "LT", "LTE", "CONTAIN", "NOT_CONTAIN", "IN", "NOT_IN"];

/// A predicate that was understood.
struct Predicate {
    key: String,
    value: Value,
    operator: &'static str,
}

pub(crate) fn find(world: &mut World, call: &Call) -> Outcome {
    let (project, experiment, ids) = (call.text("project_id")?, call.text("experiment_id")?, call.texts("experiment_run_ids")?);
    let predicates = call.list("predicates")?.iter().map(Predicate::parse).collect::<Result<Vec<_>, _>>()?;
    answer(
        world,
        call,
        &|_, run| {
            let mut fits = (project.is_empty() || run.project == project) && (experiment.is_empty() || run.experiment == experiment);
            fits &= ids.is_empty() || ids.contains(&run.id);
            Ok(fits)
        },
        &predicates,
    )
}

pub(crate) fn in_project(world: &mut World, call: &Call) -> Outcome {
    let project = call.text("project_id")?;
    if project.is_empty() {
        return Err(invalid("Project ID not present"));
    }
    answer(world, call, &|_, run| Ok(run.project == project), &[])
}

pub(crate) fn in_experiment(world: &mut World, call: &Call) -> Outcome {
    let experiment = call.text("experiment_id")?;
    if experiment.is_empty() {
        return Err(invalid("Experiment ID not present"));
    }
    if !world.experiments.iter().any(|row| row.id == experiment) {
        return Err(missing("Experiment not found"));
    }
    answer(world, call, &|_, run| Ok(run.experiment == experiment), &[])
}

type Fits<'a> = &'a dyn Fn(&World, &RunRow) -> Result<bool, Answer>;

fn answer(world: &mut World, call: &Call, fits: Fits<'_>, predicates: &[Predicate]) -> Outcome {
    world.lists += 1;
    let world = &*world;
    let mut rows = Vec::new();
    for run in &world.runs {
        let mut fits = fits(world, run)?;
        for predicate in predicates {
            fits = fits && predicate.fits(world, run)?;
        }
        if fits {
            rows.push(run);
        }
    }
    let (total, lists) = (rows.len(), world.lists);
    let (key, ascending) = (sort_key(&call.text("sort_key")?)?, call.flag("ascending")?);
    let mut sorted: Vec<_> = rows.into_iter().map(|run| (key(run), shuffled(&run.id, lists), run)).collect();
    sorted.sort_by(|one, two| {
        // Runs that have no such value stay, behind the others.
        let by_value = match (&one.0, &two.0) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(one), Some(two)) if ascending => one.cmp(two),
            (Some(one), Some(two)) => two.cmp(one),
        };
        by_value.then(one.1.cmp(&two.1))
    });
    let runs: Vec<&RunRow> = page(sorted.into_iter().map(|(_, _, run)| run).collect(), call)?;
    let ids_only = call.flag("ids_only")?;
    let told = runs.into_iter().map(|run| if ids_only { serde_json::json!({"id": run.id}) } else { run.message() }).collect();
    Ok(Answer::ok(list("experiment_runs", told, total)))
}

/// Nothing breaks a tie, so that the order of runs that tie is another one each time.
fn shuffled(id: &str, lists: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    (id, lists).hash(&mut hasher);
    hasher.finish()
}

/// What is compared: times as numbers, everything else as the text that the database has.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sorted {
    Time(i64),
    Text(String),
}

fn sort_key(name: &str) -> Result<impl Fn(&RunRow) -> Option<Sorted> + use<>, Answer> {
    let name = if name.is_empty() { "date_updated" } else { name }.to_owned();
    let parts: Vec<String> = name.split('.').map(str::to_owned).collect();
    let known = matches!(name.as_str(), "date_updated" | "date_created" | "name");
    if !known {
        second(&parts, &["metrics", "attributes", "hyperparameters"], "Sort key cannot be handled")?;
    }
    Ok(move |run: &RunRow| {
        let of = |pairs: &[Pair]| pairs.iter().find(|pair| Some(&pair.key) == parts.get(1)).map(|pair| Sorted::Text(pair.stored.clone()));
        match parts.first().map(String::as_str) {
            Some("date_updated") => Some(Sorted::Time(run.updated)),
            Some("date_created") => Some(Sorted::Time(run.created)),
            Some("name") => Some(Sorted::Text(run.name.clone())),
            Some("metrics") => of(&run.metrics),
            Some("attributes") => of(&run.attributes),
            _ => of(&run.hyperparameters),
        }
    })
}

/// The part behind the first dot, up to the second one.
fn second<'a>(parts: &'a [String], known: &[&str], otherwise: &str) -> Result<&'a str, Answer> {
    match parts {
        [first, second, ..] if known.contains(&first.as_str()) => Ok(second),
        // Java looks behind the end of an array.
        [first] if known.contains(&first.as_str()) => Err(refuse(13, "Index 1 out of bounds for length 1")),
        _ => Err(invalid(otherwise)),
    }
}

impl Predicate {
    fn parse(json: &Value) -> Result<Self, Answer> {
        let operator = OPERATORS.get(member(json.get("operator"), &OPERATORS)?).ok_or_else(|| invalid("not an enum value"))?;
        let key = call::text(json, "key")?;
        if key.is_empty() {
            return Err(invalid("Key is empty"));
        }
        if *operator == "IN" && !key.contains("linked_artifact_id") {
            return Err(invalid("Operator `IN` supported only with the linked_artifact_id as a key"));
        }
        Ok(Self { key, value: json.get("value").cloned().unwrap_or(Value::Null), operator })
    }

    fn fits(&self, world: &World, run: &RunRow) -> Result<bool, Answer> {
        let word = self.value.as_str().unwrap_or_default();
        let time = |time: i64| {
            let wanted = self.value.as_f64().or_else(|| word.parse().ok()).unwrap_or_default();
            self.compared(time as f64, wanted)
        };
        match self.key.as_str() {
            "id" => return Ok(self.text(&run.id, word)),
            "name" => return Ok(self.text(&run.name, word)),
            "owner" => return Ok(false),
            "date_created" => return Ok(time(run.created)),
            "date_updated" => return Ok(time(run.updated)),
            "end_time" => return Ok(run.ended.to_string() == word),
            "project_id" => return Ok(run.project == word),
            "experiment_id" => return Ok((run.experiment == word) != (self.operator == "NE")),
            "experiment.name" => {
                let name = world.experiments.iter().find(|row| row.id == run.experiment).map(|row| row.name.as_str());
                return Ok(name.is_some_and(|name| self.text(name, word)));
            }
            "tags" => return self.tags(run),
            _ => {}
        }
        let parts: Vec<String> = self.key.split('.').map(str::to_owned).collect();
        if parts.first().is_some_and(|first| first == "observations") {
            let [_, kind, key] = parts.as_slice() else { return Err(invalid("Invalid predicate for observations")) };
            if kind != "attribute" {
                return Err(invalid("Invalid predicate for observations"));
            }
            let pairs: Vec<Pair> = run.observations.iter().map(|seen| seen.attribute.clone()).collect();
            return self.pairs(&pairs, key, false);
        }
        let groups = ["metrics", "hyperparameters", "attributes", "artifacts", "datasets", "tags"];
        let key = second(&parts, &groups, "Predicate cannot be handled")?;
        match parts.first().map(String::as_str) {
            Some("metrics") => self.pairs(&run.metrics, key, false),
            Some("hyperparameters") => self.pairs(&run.hyperparameters, key, false),
            Some("attributes") => self.pairs(&run.attributes, key, true),
            Some("artifacts") => Ok(self.artifacts(&run.artifacts, key)),
            Some("datasets") => Ok(self.artifacts(&run.datasets, key)),
            _ => self.tags(run),
        }
    }

    fn tags(&self, run: &RunRow) -> Result<bool, Answer> {
        match self.value.as_str() {
            None => Err(refuse(12, "Unknown 'Value' type")),
            Some("") => Err(invalid("Predicate does not contain string value in request")),
            // Of the negated ones there must be none.
            Some(word) if self.is_negated() => Ok(run.tags.iter().all(|tag| self.text(tag, word))),
            Some(word) => Ok(run.tags.iter().any(|tag| self.text(tag, word))),
        }
    }

    /// Text of attributes is compared with its quotes, that of metrics without them (and so never found).
    fn pairs(&self, pairs: &[Pair], key: &str, quoted: bool) -> Result<bool, Answer> {
        let mut known = pairs.iter().filter(|pair| pair.key.eq_ignore_ascii_case(key));
        let fits: Box<dyn Fn(&Pair) -> bool> = match &self.value {
            Value::Number(number) => {
                let wanted = number.as_f64().unwrap_or_default() * 1e8;
                Box::new(move |pair| self.compared(decimal(&pair.stored), wanted))
            }
            Value::String(word) if word.is_empty() && quoted => {
                return Err(invalid("Predicate does not contain string value in request"));
            }
            Value::String(word) => {
                let exact = quoted && !self.operator.ends_with("CONTAIN");
                let wanted = if exact { self.value.to_string() } else { word.clone() };
                Box::new(move |pair| self.text(&pair.stored, &wanted))
            }
            _ => return Err(refuse(12, "Unknown 'Value' type recognized")),
        };
        Ok(if self.is_negated() { known.all(&fits) } else { known.any(&fits) })
    }

    fn artifacts(&self, artifacts: &[Artifact], key: &str) -> bool {
        let words: Vec<&str> = match &self.value {
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
            other => other.as_str().into_iter().collect(),
        };
        let fits = |artifact: &Artifact| match key {
            "linked_artifact_id" => words.contains(&artifact.linked.as_str()),
            key => artifact.key == key && words.iter().any(|word| self.text(&artifact.path, word)),
        };
        artifacts.iter().any(fits)
    }

    fn is_negated(&self) -> bool {
        matches!(self.operator, "NE" | "NOT_CONTAIN")
    }

    fn compared(&self, found: f64, wanted: f64) -> bool {
        match self.operator {
            "NE" => found != wanted,
            "GT" => found > wanted,
            "GTE" => found >= wanted,
            "LT" => found < wanted,
            "LTE" => found <= wanted,
            _ => found == wanted,
        }
    }

    /// Without regard to letters' case, as the database's usual collation has it.
    fn text(&self, found: &str, wanted: &str) -> bool {
        let (found, wanted) = (found.to_lowercase(), wanted.to_lowercase());
        match self.operator {
            "NE" => found != wanted,
            "CONTAIN" => found.contains(&wanted),
            "NOT_CONTAIN" => !found.contains(&wanted),
            "GT" => found > wanted,
            "GTE" => found >= wanted,
            "LT" => found < wanted,
            "LTE" => found <= wanted,
            _ => found == wanted,
        }
    }
}
