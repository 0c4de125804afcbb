//! The journal: every decision in lines of JSON, each with the hash of the line before it, so that nothing can be taken out or
//! changed without being seen. What was started before is read from it; where it is kept is somebody else's business.

use proofmark_core::event::Mark;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::past::{Past, PastRun, RunState, Waiting};

/// The hash before the first line.
pub const BEGINNING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// Its place, from 1.
    pub number: u64,
    /// When it was written, in seconds since 1970.
    pub time: u64,
    /// What happened.
    pub what: What,
    /// The event, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub event: String,
    /// The delivery or run that brought the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<String>,
    /// The rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The step of an order with several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The key as it travels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Why, or what came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Where people look at the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Whether a run passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed: Option<bool>,
    /// When the event came, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// When it becomes due, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// What its events are gathered by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gather: Option<String>,
    /// The hash (SHA-256) of the line before it.
    pub previous: String,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// An event came.
    Accepted,
    /// No rule is for it.
    Ignored,
    /// A rule is for it.
    Matched,
    /// It was started before.
    Duplicate,
    /// A newer one stands for it.
    Superseded,
    /// It waits.
    Held,
    /// Whoever asked may not.
    Refused,
    /// It is not to be started.
    Rejected,
    /// It could not be decided.
    Undecided,
    /// Something was started.
    Started,
    /// It is not known whether something was started.
    Doubtful,
    /// What was started ended.
    Finished,
    /// It could not be started.
    Failed,
    /// What was started went on without anybody waiting for its end, and is under way no more.
    Interrupted,
    /// A run was stopped for a newer one.
    Stopped,
    /// The line before was cut short, by a crash.
    Recovered,
}

impl What {
    /// The word as it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Ignored => "ignored",
            Self::Matched => "matched",
            Self::Duplicate => "duplicate",
            Self::Superseded => "superseded",
            Self::Held => "held",
            Self::Refused => "refused",
            Self::Rejected => "rejected",
            Self::Undecided => "undecided",
            Self::Started => "started",
            Self::Doubtful => "doubtful",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Stopped => "stopped",
            Self::Recovered => "recovered",
        }
    }
}

impl Entry {
    /// Something that happened; number and hash are given when it is written.
    pub fn new(what: What, time: u64) -> Self {
        Self {
            number: 0,
            time,
            what,
            event: String::new(),
            delivery: None,
            rule: None,
            step: None,
            key: None,
            detail: None,
            place: None,
            passed: None,
            since: None,
            until: None,
            gather: None,
            previous: BEGINNING.to_owned(),
        }
    }

    fn mark(&self) -> Option<Mark> {
        self.key.as_deref().and_then(Mark::parse)
    }
}

/// A journal that was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Journal {
    /// Its entries, in their order.
    pub entries: Vec<Entry>,
    /// The hash of its last line.
    last: Option<String>,
    /// How many lines it has, also those that a crash cut short.
    lines: u64,
    /// Whether its last line has no end.
    pub is_torn: bool,
}

/// What is wrong with a journal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// A line that is none of ours.
    #[error("line {line} of the journal cannot be read")]
    Line {
        /// From 1.
        line: usize,
    },
    /// A line that does not follow from the one before: something was changed, put in or taken out.
    #[error("line {line} of the journal does not follow from the line before it: it was changed, or lines are missing")]
    Chain {
        /// From 1.
        line: usize,
    },
}

impl Journal {
    /// Reads a journal and checks that each line follows from the one before.
    ///
    /// # Errors
    /// [`JournalError`]. A last line that a crash cut short is none.
    pub fn read(text: &[u8]) -> Result<Self, JournalError> {
        let mut journal = Self { is_torn: !text.is_empty() && !text.ends_with(b"\n"), ..Self::default() };
        let mut before = BEGINNING.to_owned();
        let mut broken = None;
        for (at, line) in text.strip_suffix(b"\n").unwrap_or(text).split(|byte| *byte == b'\n').enumerate() {
            if text.is_empty() {
                break;
            }
            let number = at + 1;
            match serde_json::from_slice::<Entry>(line) {
                Ok(entry) => {
                    // Only what a crash left may be unreadable, and the next line says so.
                    if broken.is_some() && entry.what != What::Recovered {
                        return Err(JournalError::Line { line: number - 1 });
                    }
                    if entry.previous != before || entry.number != number as u64 {
                        return Err(JournalError::Chain { line: number });
                    }
                    broken = None;
                    journal.entries.push(entry);
                }
                Err(_) if broken.is_none() => broken = Some(number),
                Err(_) => return Err(JournalError::Line { line: number - 1 }),
            }
            journal.lines += 1;
            before = hash(line);
            journal.last = Some(before.clone());
        }
        match broken {
            Some(line) if !journal.is_torn => Err(JournalError::Line { line }),
            _ => Ok(journal),
        }
    }

    /// The lines that append these entries, numbered and chained. They are the journal's from now on.
    pub fn append(&mut self, entries: Vec<Entry>) -> Vec<u8> {
        let mut lines = Vec::new();
        if self.is_torn {
            lines.push(b'\n');
            self.is_torn = false;
            let time = entries.first().map_or(0, |entry| entry.time);
            // A torn line that is whole but for its end counts; otherwise it is told that it does not.
            self.push(Entry::new(What::Recovered, time), &mut lines);
        }
        for entry in entries {
            self.push(entry, &mut lines);
        }
        lines
    }

    fn push(&mut self, mut entry: Entry, lines: &mut Vec<u8>) {
        self.lines += 1;
        entry.number = self.lines;
        entry.previous = self.last.clone().unwrap_or_else(|| BEGINNING.to_owned());
        // Texts, numbers and flags alone: this cannot fail.
        let line = serde_json::to_vec(&entry).unwrap_or_default();
        self.last = Some(hash(&line));
        lines.extend_from_slice(&line);
        lines.push(b'\n');
        self.entries.push(entry);
    }

    /// What was started before, and what waits.
    pub fn past(&self) -> Past {
        let mut past = Past::default();
        for entry in &self.entries {
            let Some(mark) = entry.mark() else { continue };
            // Steps of a chain count as their order does; the order has the key that events lead to.
            match entry.what {
                What::Held => {
                    past.waiting.retain(|other| other.mark.key != mark.key);
                    let gather = entry.gather.clone().unwrap_or_default();
                    past.waiting.push(Waiting { mark, gather, since: entry.since.unwrap_or(entry.time), event: entry.event.clone() });
                }
                What::Started => {
                    past.waiting.retain(|other| other.mark.key != mark.key);
                    past.runs.retain(|run| run.mark.key != mark.key);
                    let place = entry.place.clone().or_else(|| entry.rule.clone()).unwrap_or_default();
                    past.runs.push(PastRun { mark, started: entry.time, state: RunState::UnderWay, place });
                }
                What::Finished | What::Stopped => {
                    let state = if entry.passed == Some(true) { RunState::Passed } else { RunState::Failed };
                    for run in past.runs.iter_mut().filter(|run| run.mark.key == mark.key) {
                        run.state = state;
                        if let Some(place) = &entry.place {
                            run.place.clone_from(place);
                        }
                    }
                }
                // It did not start, or nobody knows of it any more: the next try is a new one.
                What::Failed | What::Interrupted => past.runs.retain(|run| run.mark.key != mark.key),
                What::Superseded | What::Rejected => past.waiting.retain(|other| other.mark.key != mark.key),
                _ => {}
            }
        }
        past
    }
}

fn hash(line: &[u8]) -> String {
    Sha256::digest(line).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(key: &str, time: u64) -> Entry {
        Entry { key: Some(format!("pm1-1-00000001-00000002-{key:0>16}")), rule: Some("r".to_owned()), ..Entry::new(What::Started, time) }
    }

    fn written(entries: Vec<Entry>) -> Vec<u8> {
        Journal::default().append(entries)
    }

    #[test]
    fn what_was_written_is_read() {
        let text = written(vec![started("a", 5), started("b", 7)]);
        let mut journal = Journal::read(&text).expect("whole");
        assert_eq!(journal.entries.iter().map(|entry| (entry.number, entry.time)).collect::<Vec<_>>(), [(1, 5), (2, 7)]);
        let more = journal.append(vec![Entry { passed: Some(true), what: What::Finished, ..started("a", 9) }]);
        let whole = Journal::read(&[text, more].concat()).expect("whole");
        let past = whole.past();
        assert_eq!(past.runs.iter().map(|run| run.state).collect::<Vec<_>>(), [RunState::Passed, RunState::UnderWay]);
        assert_eq!(Journal::read(b""), Ok(Journal::default()));
    }

    #[test]
    fn whatever_is_changed_is_seen() {
        let text = written(vec![started("a", 5), started("b", 7), started("c", 8)]);
        let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        for without in 0..2 {
            let left: Vec<u8> = lines.iter().enumerate().filter(|(at, _)| *at != without).flat_map(|(_, line)| line.to_vec()).collect();
            assert!(matches!(Journal::read(&left), Err(JournalError::Chain { .. })), "{without}");
        }
        let swapped = [lines[0], lines[2], lines[1]].concat();
        assert!(Journal::read(&swapped).is_err());
        for at in 0..text.len() - lines[2].len() {
            let mut changed = text.clone();
            changed[at] ^= 1;
            assert!(Journal::read(&changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_line_that_a_crash_cut_is_told() {
        let text = written(vec![started("a", 5), started("b", 7)]);
        let first = text.iter().position(|byte| *byte == b'\n').expect("a line") + 1;
        for cut in first + 1..text.len() {
            let torn = &text[..cut];
            let mut journal = Journal::read(torn).expect("a torn line is no damage");
            assert!(journal.is_torn);
            let more = journal.append(vec![started("c", 9)]);
            let whole = [torn, &more].concat();
            let read = Journal::read(&whole).unwrap_or_else(|error| panic!("{cut}: {error}"));
            assert_eq!(read.entries.last().map(|entry| entry.time), Some(9), "{cut}");
        }
    }
}
