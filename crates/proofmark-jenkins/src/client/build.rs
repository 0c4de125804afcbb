//! Waits for a build to end, and follows its log.

use std::time::{Duration, Instant};

use serde::Deserialize;

use super::answers::BuildAnswer;
use super::error::Error;
use super::events::Event;
use super::job::Job;
use super::log::Lines;
use super::wire::{self, Request};
use super::{Client, Deadline};

/// Bytes of a piece of a log at most.
const LONGEST_PIECE: usize = 64 << 20;
/// How often a pipeline is asked whether it waits for somebody.
const BETWEEN_QUESTIONS: Duration = Duration::from_secs(5);

/// A build, where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildPlace {
    /// Its number.
    pub number: u64,
    /// Its page below the configured address.
    pub url: String,
    /// The address that Jenkins says it has, where that is another one.
    pub told: Option<String>,
}

/// A build that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// Where it is.
    pub place: BuildPlace,
    /// How it ended.
    pub ended: Ended,
    /// How long it took.
    pub duration: Duration,
}

/// How a build ended, from good to bad as Jenkins orders them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    /// Well.
    Success,
    /// With something that people should look at.
    Unstable,
    /// Badly.
    Failure,
    /// Without having done anything.
    NotBuilt,
    /// Before its end.
    Aborted,
    /// In a way that only this Jenkins knows.
    Other(String),
}

impl Ended {
    /// The word of Jenkins.
    pub fn name(&self) -> &str {
        match self {
            Self::Success => "SUCCESS",
            Self::Unstable => "UNSTABLE",
            Self::Failure => "FAILURE",
            Self::NotBuilt => "NOT_BUILT",
            Self::Aborted => "ABORTED",
            Self::Other(name) => name,
        }
    }

    pub(super) fn of(name: String) -> Self {
        let known = [Self::Success, Self::Unstable, Self::Failure, Self::NotBuilt, Self::Aborted];
        known.into_iter().find(|known| known.name() == name).unwrap_or(Self::Other(name))
    }
}

impl Client<'_> {
    /// Waits until the build ends; with `follow` its log is told line by line.
    ///
    /// # Errors
    /// [`Error::TooLate`] after the deadline; what asking for it brings.
    pub fn wait_for(&self, job: &Job, place: &BuildPlace, follow: bool, deadline: Deadline) -> Result<Build, Error> {
        let mut log = follow.then(Log::default);
        let mut asked = Pending { due: Some(Instant::now() + self.wire.pace.longest.min(BETWEEN_QUESTIONS)), told: false };
        let mut pause = self.wire.pace.shortest;
        loop {
            let answer = self.ask_build(job, place.number)?;
            // Once more after its end, for the last lines.
            let more = log.as_mut().map(|log| self.read_log(job, place, log)).transpose()?.unwrap_or(false);
            let ended = answer.result.filter(|_| answer.building != Some(true));
            match ended {
                Some(_) if more => {}
                Some(result) => {
                    if let Some(log) = &mut log {
                        log.lines.end(&mut |line| self.wire.watch.log(&self.without_secrets(line)));
                    }
                    let duration = Duration::from_millis(answer.duration.unwrap_or_default());
                    return Ok(Build { place: place.clone(), ended: Ended::of(result), duration });
                }
                None => self.ask_whether_it_waits(job, place, &mut asked)?,
            }
            deadline.check(&format!("build {} of `{}`", place.number, job.path))?;
            // A log that grows is read at a steady pace.
            let longest = if follow { self.wire.pace.shortest * 2 } else { self.wire.pace.longest };
            self.wire.pause(pause.min(longest))?;
            pause = self.wire.pace.next(pause);
        }
    }

    pub(super) fn ask_build(&self, job: &Job, number: u64) -> Result<BuildAnswer, Error> {
        let path = format!("{}/{number}/api/json?tree=number,url,queueId,building,result,duration", job.path.path());
        let request = Request::get("look at the build", path);
        let gone = || Error::Strange { what: "look at the build".to_owned(), why: format!("build {number} is gone; was it deleted?") };
        self.wire.found(&request)?.ok_or_else(gone)
    }

    /// Whether there may be more at once.
    fn read_log(&self, job: &Job, place: &BuildPlace, log: &mut Log) -> Result<bool, Error> {
        if log.over {
            return Ok(false);
        }
        let path = format!("{}/{}/logText/progressiveText?start={}", job.path.path(), place.number, log.offset);
        let request = Request::get("read the log", path);
        let answer = match self.wire.answer(&request, LONGEST_PIECE) {
            Err(Error::TooLarge { .. }) => {
                log.over = true;
                self.wire.watch.tell(Event::LogLost);
                return Ok(false);
            }
            answer => wire::checked(&self.wire, &request, answer?)?,
        };
        let size = answer.header("x-text-size").and_then(|size| size.trim().parse::<u64>().ok());
        let more = answer.header("x-more-data").is_some_and(|more| more.eq_ignore_ascii_case("true"));
        let Some(size) = size else { return Err(wire::strange(&self.wire, &request, "it does not tell the size of the log")) };
        if size < log.offset {
            // Jenkins begins anew for a start past the end: the log was cut, and what it has now was shown already or never will be.
            self.wire.watch.tell(Event::LogLost);
        } else {
            log.lines.push(&answer.body, &mut |line| self.wire.watch.log(&self.without_secrets(line)));
        }
        let grew = size > log.offset;
        log.offset = size;
        Ok(more && grew)
    }

    fn without_secrets(&self, line: &str) -> String {
        self.wire.redacted(line)
    }

    /// Only the plugin for stages tells; where it is not, nobody does.
    fn ask_whether_it_waits(&self, job: &Job, place: &BuildPlace, asked: &mut Pending) -> Result<(), Error> {
        #[derive(Deserialize)]
        struct Stages {
            status: Option<String>,
        }
        if asked.due.is_none_or(|due| Instant::now() < due) {
            return Ok(());
        }
        let path = format!("{}/{}/wfapi/describe", job.path.path(), place.number);
        let request = Request::get("look at the stages", path);
        let answer = self.wire.answer(&request, wire::LONGEST)?;
        let stages = (answer.status == 200).then(|| serde_json::from_slice::<Stages>(&answer.body).ok()).flatten();
        let Some(stages) = stages else {
            asked.due = None;
            return Ok(());
        };
        let waits = stages.status.as_deref() == Some("PAUSED_PENDING_INPUT");
        if waits && !asked.told {
            self.wire.watch.tell(Event::Asks { url: &format!("{}input/", place.url) });
        }
        asked.told = waits;
        asked.due = Some(Instant::now() + self.wire.pace.longest.min(BETWEEN_QUESTIONS));
        Ok(())
    }
}

/// How far a log was read.
#[derive(Default)]
struct Log {
    lines: Lines,
    /// In bytes of the file at the server, which may hold more than it shows.
    offset: u64,
    over: bool,
}

/// When it is asked next whether somebody is waited for, and whether that was told.
struct Pending {
    due: Option<Instant>,
    told: bool,
}
