//! The records of a branch, and what later judgements ask of them.

use super::{Entry, Record, read};
use crate::direction::Direction;
use crate::gate::Verdict;
use crate::reference::Place;

/// The records of a branch, the newest commit first.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Past {
    /// Those that can be read.
    pub records: Vec<Record>,
    /// Those that cannot: to be told, since a window without them is another one.
    pub left_out: Vec<LeftOut>,
}

/// A record that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// The commit that it stands for.
    pub commit: String,
    /// Why, as a sentence fragment. It may quote the record, and must be escaped where it is shown.
    pub reason: String,
}

impl Past {
    /// Takes what is kept for the next older commit: the bytes of one record, or why they cannot be had.
    pub fn add(&mut self, commit: &str, bytes: Result<&[u8], String>) {
        let record = bytes.and_then(|bytes| read(bytes).map_err(|error| error.to_string())).and_then(|record| {
            let other = || format!("it is about another commit, {:.10}", record.commit);
            if record.commit == commit { Ok(()) } else { Err(other()) }.map(|()| record)
        });
        match record {
            Ok(record) => self.records.push(record),
            Err(reason) => self.left_out.push(LeftOut { commit: commit.to_owned(), reason }),
        }
    }
}

/// What values must have in common to be compared with each other and with a new one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Alike<'a> {
    /// The machine class; `None` are the records that name none.
    pub class: Option<&'a str>,
    /// The digest of the test set; `None` are the records that do not know it, as for plain metrics files.
    pub test_set: Option<&'a str>,
}

/// The newest `size` values of a metric, the oldest first: those of runs that were not blocked, from the newest accepted
/// level change on (its own value is the first of the new level, even where the run was blocked and merged all the same).
///
/// `records` are in the order of the branch, the newest first.
pub fn window(records: &[Record], place: &Place, size: usize, alike: &Alike<'_>) -> Vec<f64> {
    let mut values: Vec<f64> = of_level(records, place, alike).take(size).map(|(_, entry)| entry.value).collect();
    values.reverse();
    values
}

/// The best passing value of a metric since its level was last accepted to change, and its commit; the newest among
/// equals.
///
/// Passing are values of runs that were not blocked, on which no rule's verdict was worse than `pass`; the first value of
/// a metric (`no-baseline`) and an accepted level count as well, since there would be none to begin with.
pub fn best<'a>(records: &'a [Record], place: &Place, alike: &Alike<'_>, direction: Direction) -> Option<(&'a str, f64)> {
    let passing = of_level(records, place, alike).filter(|(_, entry)| entry.new_level || is_passing(entry.verdict));
    passing
        .map(|(record, entry)| (record.commit.as_str(), entry.value))
        .reduce(|best, other| if direction.improvement(other.1 - best.1) > 0.0 { other } else { best })
}

fn is_passing(verdict: Option<Verdict>) -> bool {
    match verdict {
        None | Some(Verdict::Pass | Verdict::NoBaseline) => true,
        Some(Verdict::Fail | Verdict::Inconclusive | Verdict::Warn | Verdict::Waived) => false,
    }
}

/// The values of a metric on its present level, the newest first.
fn of_level<'a>(records: &'a [Record], place: &Place, alike: &Alike<'_>) -> impl Iterator<Item = (&'a Record, &'a Entry)> {
    let fits = |record: &&Record| record.class.as_deref() == alike.class && record.test_set(place) == alike.test_set;
    let mut ended = false;
    records
        .iter()
        .filter(fits)
        .filter_map(|record| Some((record, record.entry(place)?)))
        .take_while(move |(_, entry)| {
            let is_of_level = !ended;
            ended |= entry.new_level;
            is_of_level
        })
        .filter(|(record, entry)| record.enters_windows || entry.new_level)
}
