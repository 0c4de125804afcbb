//! Experiments and runs, as every store has them.

use std::collections::BTreeMap;

/// The tag by which MLflow's client names the commit that a run was started from.
pub const COMMIT_TAG: &str = "mlflow.source.git.commit";
/// The tag by which it names the branch; absent on a detached head, which is what CI checks out.
pub const BRANCH_TAG: &str = "mlflow.source.git.branch";
/// The tag of a nested run that names its parent.
pub const PARENT_TAG: &str = "mlflow.parentRunId";
/// From this size on a number of an SQL store was an infinity, which it cannot hold.
const INFINITE: f64 = f64::MAX;

/// A group of runs with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Experiment {
    /// Its id: a number as text.
    pub id: String,
    /// Its name; any text.
    pub name: String,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It goes on, or was killed with its job and nobody told the store.
    Running,
    /// It waits.
    Scheduled,
    /// It came to its end.
    Finished,
    /// It ended with an error.
    Failed,
    /// Somebody ended it.
    Killed,
}

impl Status {
    /// MLflow's word: `FINISHED`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Scheduled => "SCHEDULED",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::Killed => "KILLED",
        }
    }

    /// From MLflow's word.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Running, Self::Scheduled, Self::Finished, Self::Failed, Self::Killed].into_iter().find(|status| status.name() == name)
    }

    /// From the number that folders keep: 1 is running, 5 is killed.
    pub fn from_number(number: i64) -> Option<Self> {
        match number {
            1 => Some(Self::Running),
            2 => Some(Self::Scheduled),
            3 => Some(Self::Finished),
            4 => Some(Self::Failed),
            5 => Some(Self::Killed),
            _ => None,
        }
    }
}

/// One run with the latest value of each metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Its id: 32 hexadecimal digits.
    pub id: String,
    /// Its name; not unique.
    pub name: String,
    /// The id of its experiment.
    pub experiment: String,
    /// How far it is.
    pub status: Status,
    /// When it began, in milliseconds since 1970.
    pub started: Option<i64>,
    /// When it ended, in milliseconds since 1970.
    pub ended: Option<i64>,
    /// Where its artifacts are.
    pub artifacts: String,
    /// Whether it was deleted (it is then kept for a while).
    pub deleted: bool,
    /// The latest value of each metric.
    pub metrics: BTreeMap<String, Point>,
    /// Its parameters.
    pub params: BTreeMap<String, String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// The data that it read.
    pub datasets: Vec<Dataset>,
    /// The ids of the models that it logged (MLflow 3).
    pub models: Vec<String>,
}

impl Run {
    /// A run of which only the ids are known.
    pub fn new(id: impl Into<String>, experiment: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: String::new(),
            experiment: experiment.into(),
            status: Status::Running,
            started: None,
            ended: None,
            artifacts: String::new(),
            deleted: false,
            metrics: BTreeMap::new(),
            params: BTreeMap::new(),
            tags: BTreeMap::new(),
            datasets: Vec::new(),
            models: Vec::new(),
        }
    }

    /// A tag that is set and not empty.
    pub fn tag(&self, name: &str) -> Option<&str> {
        self.tags.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// One logged value of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The value; infinities and NaN are themselves, however the store writes them.
    pub value: f64,
    /// The training step.
    pub step: i64,
    /// When, in milliseconds since 1970.
    pub time: i64,
}

impl Point {
    /// With a value of an SQL store, which writes infinities as the largest numbers.
    pub fn new(value: f64, step: i64, time: i64) -> Self {
        let value = if value.abs() >= INFINITE { f64::INFINITY.copysign(value) } else { value };
        Self { value, step, time }
    }

    /// Whether this one counts as the metric's value and not `other`: MLflow takes the greatest step, then the greatest time,
    /// then the greatest value. NaN is less than every number.
    pub fn is_later_than(&self, other: &Self) -> bool {
        (self.step, self.time).cmp(&(other.step, other.time)).then_with(|| by_size(self.value, other.value)).is_gt()
    }
}

fn by_size(one: f64, two: f64) -> std::cmp::Ordering {
    one.partial_cmp(&two).unwrap_or_else(|| two.is_nan().cmp(&one.is_nan()))
}

/// Data that a run read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// A hash of its content, as whoever logged it computed it.
    pub digest: String,
    /// What it was read for, where that was said: `training`, `eval`.
    pub context: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_step_then_time_then_value_counts() {
        let point = Point::new;
        let order = [point(9.0, -6, 2), point(1.0, -5, 1), point(f64::NAN, 0, 5), point(0.5, 0, 5), point(0.1, 0, 6), point(0.0, 1, 0)];
        for (index, earlier) in order.iter().enumerate() {
            assert!(!earlier.is_later_than(earlier));
            for later in &order[index + 1..] {
                assert!(later.is_later_than(earlier) && !earlier.is_later_than(later), "{later:?} {earlier:?}");
            }
        }
    }

    #[test]
    fn the_largest_numbers_are_infinities() {
        assert_eq!(Point::new(-f64::MAX, 0, 0).value, f64::NEG_INFINITY);
        assert_eq!(Point::new(f64::MAX, 0, 0).value, f64::INFINITY);
        assert!(Point::new(f64::NAN, 0, 0).value.is_nan());
        assert_eq!(Point::new(1.7e308, 0, 0).value, 1.7e308);
    }

    #[test]
    fn words_and_numbers_of_a_status() {
        for number in 1..=5 {
            let status = Status::from_number(number).expect("a status");
            assert_eq!(Status::from_name(status.name()), Some(status));
        }
        assert_eq!((Status::from_number(0), Status::from_name("finished")), (None, None));
    }
}
