//! Follows a run to its end, through restarts of the server and tokens that run out.

mod progress;

use std::time::{Duration, Instant};

use http::Method;
use proofmark_http::api::{ApiError, Call, is_part};

use crate::Error;

use super::client::{Pipelines, V2};
use super::run::{Run, State};

use self::progress::Told;
pub use self::progress::{Progress, cached_tasks, shown_tasks};

/// Looks in a row that may bring something that is not the API's: an expired session does so for ever, a gateway that is
/// restarted once or twice.
const STRANGE_LOOKS: u32 = 3;

/// How often a server is asked, and how long it may be away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The first pause between two looks; each further one is half as long again.
    pub shortest: Duration,
    /// The longest.
    pub longest: Duration,
    /// How long a run may take to appear in lists after its start was asked for. Each new start waits as long.
    pub settling: Duration,
    /// For how long a server that does not answer is asked again.
    pub patience: Duration,
    /// How long a run may take to end that was told to stop.
    pub stopping: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            shortest: Duration::from_secs(1),
            longest: Duration::from_secs(15),
            settling: Duration::from_secs(3),
            patience: Duration::from_secs(600),
            stopping: Duration::from_secs(180),
        }
    }
}

impl Pace {
    fn next(self, pause: Duration) -> Duration {
        (pause + pause / 2).min(self.longest)
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// The run.
    pub run: Run,
    /// How.
    pub outcome: Outcome,
    /// Tasks whose results were taken from earlier runs.
    pub cached: Vec<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Passed,
    /// With an error, or somebody stopped it: the server tells these two apart only while it is being stopped.
    Failed,
    /// It was not needed, and has no results.
    Skipped,
    /// Somebody stopped it.
    Canceled,
    /// It took longer than it may and was stopped.
    Stopped {
        /// How long it was waited for.
        seconds: u64,
    },
}

impl Outcome {
    /// Whether there are results that count.
    pub fn passed(self) -> bool {
        self == Self::Passed
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Passed => out.write_str("succeeded"),
            Self::Failed => out.write_str("failed"),
            Self::Skipped => out.write_str("skipped"),
            Self::Canceled => out.write_str("canceled"),
            Self::Stopped { seconds } => write!(out, "was not done after {seconds} s and was stopped"),
        }
    }
}

impl Pipelines {
    /// Waits until a run has ended, for at most `limit`; then it is told to stop, and its end is waited for.
    ///
    /// # Errors
    /// [`Error::Input`] where there is no such run, [`Error::TooLate`] where it cannot be stopped; else see [`Error`].
    pub fn wait(&self, run: &str, limit: Option<Duration>, pace: &Pace, told: &mut dyn FnMut(&Progress)) -> Result<Ended, Error> {
        Wait { pipelines: self, id: run, pace: *pace, begin: Instant::now(), watch: Told::new(told), was_canceling: false }.carry_out(limit)
    }

    /// Tells a run to stop. Nothing happens to one that has ended.
    ///
    /// # Errors
    /// [`Error::Input`] where there is no such run; else see [`Error`].
    pub fn terminate(&self, run: &str) -> Result<(), Error> {
        if !is_part(run) {
            return Err(no_run(run));
        }
        let call = Call::change(Method::POST, "run", format!("{V2}/runs")).part(run).then(":terminate");
        // It is the same however often it is said.
        match self.get::<serde::de::IgnoredAny>(&call.freely()) {
            Err(Error::Refused { status: 404, .. }) => Err(no_run(run)),
            // Whoever stops what has ended or is being stopped is refused, also when it was his own first try that did it.
            Err(error @ Error::Refused { status: 400.., .. }) => match self.run(run) {
                Ok(Some(found)) if found.state.is_final() || found.state == State::Canceling => Ok(()),
                _ => Err(error),
            },
            other => other.map(drop),
        }
    }
}

/// Nothing else is to be done meanwhile.
pub(super) fn rest(time: Duration) {
    std::thread::sleep(time);
}

fn no_run(run: &str) -> Error {
    Error::input(format!("the server has no run `{}`", proofmark_http::api::one_line(run, &[])))
}

/// One wait.
struct Wait<'w> {
    pipelines: &'w Pipelines,
    id: &'w str,
    pace: Pace,
    begin: Instant,
    watch: Told<'w>,
    /// Whether somebody was seen to stop it: its end says only that it failed.
    was_canceling: bool,
}

/// Since when the server has not answered, and how.
#[derive(Default)]
struct Away {
    since: Option<Instant>,
    strange: u32,
}

impl Wait<'_> {
    fn carry_out(mut self, limit: Option<Duration>) -> Result<Ended, Error> {
        let until = limit.and_then(|limit| self.begin.checked_add(limit));
        if let Some(run) = self.follow(until)? {
            let outcome = match run.state {
                State::Failed if self.was_canceling => Outcome::Canceled,
                state => outcome(state),
            };
            return Ok(ended(run, outcome));
        }
        let seconds = self.begin.elapsed().as_secs();
        self.watch.tell(&Progress::Stopping { seconds });
        self.pipelines.renew_budget();
        if let Err(error) = self.pipelines.terminate(self.id) {
            return Err(self.too_late(seconds, format!("and it cannot be stopped: {error}")));
        }
        let stopping = Instant::now() + self.pace.stopping;
        match self.follow(Some(stopping)) {
            // It came to its end at the last moment.
            Ok(Some(run)) if run.state.passed() => Ok(ended(run, Outcome::Passed)),
            Ok(Some(run)) => Ok(ended(run, Outcome::Stopped { seconds })),
            Ok(None) => Err(self.too_late(seconds, "and it was told to stop, which it did not".to_owned())),
            Err(error) => Err(self.too_late(seconds, format!("and it was told to stop; what came of it cannot be seen: {error}"))),
        }
    }

    fn too_late(&self, seconds: u64, last: String) -> Error {
        Error::TooLate { what: format!("the run {}", self.id), seconds, last }
    }

    /// Until the run has ended, or a moment has come.
    fn follow(&mut self, until: Option<Instant>) -> Result<Option<Run>, Error> {
        let mut pause = self.pace.shortest;
        let mut away = Away::default();
        loop {
            self.pipelines.renew_budget();
            let looked = self.pipelines.run(self.id);
            match looked {
                Ok(Some(run)) => {
                    if away.since.take().is_some() {
                        self.watch.tell(&Progress::Back);
                    }
                    away = Away::default();
                    self.was_canceling |= matches!(run.state, State::Canceling);
                    if self.watch.look(&run) {
                        pause = self.pace.shortest;
                    }
                    if run.state.is_final() {
                        return Ok(Some(run));
                    }
                }
                Ok(None) => return Err(no_run(self.id)),
                Err(error) => self.lost(error, &mut away)?,
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Ok(None);
            }
            rest(left.map_or(pause, |left| pause.min(left)));
            pause = self.pace.next(pause);
        }
    }

    /// An answer that did not come. The run goes on without us: whoever gives up early knows less than whoever asks again.
    fn lost(&mut self, error: Error, away: &mut Away) -> Result<(), Error> {
        away.strange = if matches!(error, Error::Api(ApiError::Strange { .. })) { away.strange + 1 } else { 0 };
        let may_pass = match &error {
            Error::Api(ApiError::Http { .. }) => true,
            Error::Api(ApiError::Strange { .. }) => away.strange < STRANGE_LOOKS,
            Error::Refused { status, .. } => *status >= 500 || matches!(status, 408 | 429),
            _ => false,
        };
        if !may_pass {
            return Err(error);
        }
        match away.since {
            Some(since) if since.elapsed() >= self.pace.patience => Err(error),
            Some(_) => Ok(()),
            None => {
                away.since = Some(Instant::now());
                self.watch.tell(&Progress::Away { why: error.to_string() });
                Ok(())
            }
        }
    }
}

fn outcome(state: State) -> Outcome {
    match state {
        State::Succeeded | State::Cached => Outcome::Passed,
        State::Skipped => Outcome::Skipped,
        State::Canceled => Outcome::Canceled,
        State::Failed | State::Pending | State::Running | State::Canceling | State::Paused | State::Unknown => Outcome::Failed,
    }
}

fn ended(run: Run, outcome: Outcome) -> Ended {
    let cached = cached_tasks(&run);
    Ended { run, outcome, cached }
}

#[cfg(test)]
mod tests;
