//! What a world is made of, as an SQL store keeps it.

use std::collections::BTreeMap;

/// Keys and values in the order of their first writing.
pub(crate) type Pairs = Vec<(String, String)>;

#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) writes: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Experiment {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) deleted: bool,
    pub(crate) tags: Pairs,
    pub(crate) created: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) experiment: String,
    pub(crate) status: String,
    pub(crate) started: i64,
    pub(crate) ended: Option<i64>,
    pub(crate) user: String,
    pub(crate) deleted: bool,
    /// As logged, and as an SQL store keeps them.
    pub(crate) points: Vec<Point>,
    pub(crate) params: Pairs,
    pub(crate) tags: Pairs,
    pub(crate) datasets: Vec<Dataset>,
    pub(crate) artifacts: BTreeMap<String, Vec<u8>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    pub(crate) key: String,
    pub(crate) value: f64,
    pub(crate) step: i64,
    pub(crate) time: i64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dataset {
    pub(crate) name: String,
    pub(crate) digest: String,
    pub(crate) context: String,
}

#[derive(Debug, Clone)]
pub(crate) struct LoggedModel {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) experiment: String,
    pub(crate) run: String,
    pub(crate) created: i64,
    pub(crate) metrics: Vec<(Point, Option<(String, String)>)>,
    pub(crate) params: Pairs,
    pub(crate) tags: Pairs,
    pub(crate) artifacts: BTreeMap<String, Vec<u8>>,
}

/// A registered model.
#[derive(Debug, Clone, Default)]
pub(crate) struct Registered {
    pub(crate) description: String,
    pub(crate) tags: Pairs,
    pub(crate) aliases: BTreeMap<String, u64>,
    pub(crate) versions: BTreeMap<u64, ModelVersion>,
    pub(crate) created: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct ModelVersion {
    pub(crate) run: String,
    pub(crate) source: String,
    pub(crate) stage: String,
    pub(crate) description: String,
    pub(crate) tags: Pairs,
    pub(crate) created: i64,
    pub(crate) updated: i64,
}

impl Dataset {
    pub(crate) fn new((name, digest, context): (&str, &str, &str)) -> Self {
        Self { name: name.to_owned(), digest: digest.to_owned(), context: context.to_owned() }
    }
}

impl Run {
    /// As an SQL store does it: exact repeats are dropped.
    pub(crate) fn log(&mut self, key: &str, value: f64, step: i64, time: i64) {
        let point = Point { key: key.to_owned(), value: stored(value), step, time };
        let same = |known: &Point| known.key == point.key && known.order() == point.order();
        if !self.points.iter().any(same) {
            self.points.push(point);
        }
    }

    /// The latest point of each metric, in the order of their first points.
    pub(crate) fn latest(&self) -> Vec<&Point> {
        let mut latest: Vec<&Point> = Vec::new();
        for point in &self.points {
            match latest.iter_mut().find(|known| known.key == point.key) {
                Some(known) if point.order() > known.order() => *known = point,
                Some(_) => {}
                None => latest.push(point),
            }
        }
        latest
    }

    pub(crate) fn artifact_uri(&self) -> String {
        format!("mlflow-artifacts:/{}/{}/artifacts", self.experiment, self.id)
    }
}

impl Point {
    /// An SQL store writes NaN as 0 with a mark beside it, and compares the 0.
    fn order(&self) -> (i64, i64, Ordered) {
        (self.step, self.time, Ordered(if self.value.is_nan() { 0.0 } else { self.value }, self.value.is_nan()))
    }
}

/// A number and whether it stands for NaN, which counts only where two are told apart.
#[derive(Debug, PartialEq)]
struct Ordered(f64, bool);

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.0.partial_cmp(&other.0)
    }
}

/// A number as an SQL store has it: infinities become the largest numbers, and zero has no sign.
pub(crate) fn stored(value: f64) -> f64 {
    if value.is_nan() { value } else { value.clamp(-f64::MAX, f64::MAX) + 0.0 }
}

pub(crate) fn files(files: &[(&str, &[u8])]) -> BTreeMap<String, Vec<u8>> {
    files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect()
}

pub(crate) fn get<'a>(pairs: &'a Pairs, key: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
}

/// Sets a value in its old place, or at the end.
pub(crate) fn put(pairs: &mut Pairs, key: &str, value: &str) {
    match pairs.iter_mut().find(|(known, _)| known == key) {
        Some((_, old)) => value.clone_into(old),
        None => pairs.push((key.to_owned(), value.to_owned())),
    }
}
