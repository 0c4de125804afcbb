//! Starts a job once, whatever happens to the answers.
//!
//! A job that takes a key gets one; before anything is sent again, the queue and the builds are searched for it. A job without
//! is sent again only when the first time surely did nothing; otherwise what it made is looked for by its parameters and its
//! user, and when that is not exactly one thing, nobody knows, and it is said.

use std::collections::BTreeSet;
use std::time::Instant;

use proofmark_http::{Answer, Secret};

use super::Client;
use super::address::Base;
use super::build::BuildPlace;
use super::error::Error;
use super::events::Event;
use super::finding::{Among, Trace};
use super::job::Job;
use super::parameters::Submission;
use super::wire::{self, Request, Tried};

/// Looks for what a lost request may have made, before it counts as lost on the way.
const LOOKS: u32 = 3;

/// A start that Jenkins took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// The queue item.
    pub id: u64,
    /// Where it comes from.
    pub origin: Origin,
    /// The build, where it is known already.
    pub build: Option<BuildPlace>,
    /// Builds from this number on began after the start.
    pub(super) since: u64,
}

/// Where what is waited for comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// From this call.
    New,
    /// From this call, though its answer was lost.
    FoundAgain,
    /// An earlier start with the same key.
    Earlier,
    /// Somebody else's item with the same parameters, with which Jenkins joined this start.
    Joined,
}

impl Origin {
    /// Whether this call made it, and so may stop it.
    pub fn is_ours(self) -> bool {
        matches!(self, Self::New | Self::FoundAgain)
    }
}

/// What one request to start came to.
enum Sent {
    Taken {
        id: u64,
        joined: bool,
    },
    NotDone(String),
    Doubtful(String),
    /// It is not worth sending again; what became of it is in doubt all the same.
    Broken(Error),
}

impl Client<'_> {
    /// Starts the job, once.
    ///
    /// # Errors
    /// [`Error::Unknown`] when nobody can tell whether it was started; the refusals of Jenkins, each with its reason.
    pub fn start(&self, job: &Job, submission: &Submission) -> Result<Started, Error> {
        submission.passwords().filter_map(Secret::password).for_each(|secret| self.wire.hide(secret));
        let start = Start { client: self, job, submission, before: self.before(job, submission)? };
        if submission.key().is_some_and(|key| key.lasting)
            && let Some(trace) = start.traces(Among::Newest)?.first()
        {
            return Ok(start.taken(trace, Origin::Earlier));
        }
        start.carry_out()
    }

    /// What is in the queue already, for a job that takes no key.
    fn before(&self, job: &Job, submission: &Submission) -> Result<BTreeSet<u64>, Error> {
        if submission.key().is_some() {
            return Ok(BTreeSet::new());
        }
        Ok(self.items(&job.path)?.iter().map(|item| item.id).collect())
    }
}

/// A start on its way.
struct Start<'s, 'w> {
    client: &'s Client<'w>,
    job: &'s Job,
    submission: &'s Submission,
    /// Items that were there before, and so are not ours.
    before: BTreeSet<u64>,
}

impl Start<'_, '_> {
    fn carry_out(&self) -> Result<Started, Error> {
        let (begin, wire) = (Instant::now(), &self.client.wire);
        let (mut doubt, mut repeated, mut pause) = (false, false, wire.pace.shortest);
        let mut away = false;
        loop {
            let (why, broken) = match self.send()? {
                Sent::Taken { id, joined } => {
                    let id = if repeated { self.without_twins(id)? } else { id };
                    if away {
                        wire.watch.tell(Event::Back);
                    }
                    let own = self.submission.key().is_some_and(|key| !key.lasting);
                    // With a key that nobody else has, what it was joined with can only be ours.
                    let origin = match (joined, own || doubt) {
                        (false, _) => Origin::New,
                        (true, true) => Origin::FoundAgain,
                        (true, false) => Origin::Joined,
                    };
                    return Ok(self.taken(&Trace { id, build: None, told: None }, origin));
                }
                Sent::NotDone(why) => {
                    if !std::mem::replace(&mut away, true) {
                        wire.watch.tell(Event::Away { why: &why });
                    }
                    (why, None)
                }
                Sent::Doubtful(why) => {
                    doubt = true;
                    wire.watch.tell(Event::Doubtful { why: &why });
                    (why, None)
                }
                Sent::Broken(error) => {
                    doubt = true;
                    (error.to_string(), Some(error))
                }
            };
            if doubt {
                let found = match self.look(&why) {
                    Err(Error::Interrupted) => return Err(self.take_back()),
                    found => found?,
                };
                if let Some(trace) = found {
                    return Ok(self.taken(&trace, Origin::FoundAgain));
                }
            }
            if let Some(error) = broken {
                return Err(error);
            }
            if begin.elapsed() >= wire.pace.patience {
                return Err(match doubt {
                    true => self.unknown(why),
                    false => {
                        Error::Http { what: "start the job".to_owned(), source: proofmark_http::HttpError::NotReached { detail: why } }
                    }
                });
            }
            match wire.deadline.get().check("starting the job") {
                Err(_) if doubt => return Err(self.unknown(why)),
                checked => checked?,
            }
            wire.pause(pause)?;
            pause = wire.pace.next(pause);
            repeated = true;
        }
    }

    /// One request, sent once.
    fn send(&self) -> Result<Sent, Error> {
        let path = self.job.path.path();
        let request = if self.job.definitions.is_empty() {
            Request::post("start the job", format!("{path}/build"))
        } else {
            let body = Some(self.submission.body());
            Request { body, ..Request::post("start the job", format!("{path}/buildWithParameters")) }
        };
        match self.client.wire.try_once(&request)? {
            Tried::NotDone(why) => Ok(Sent::NotDone(why)),
            Tried::Lost(why) => Ok(Sent::Doubtful(why)),
            Tried::Answered(answer) => self.read(&request, &answer),
        }
    }

    fn read(&self, request: &Request, answer: &Answer) -> Result<Sent, Error> {
        let wire = &self.client.wire;
        let refused = || wire::refusal(wire, request, answer);
        let item = answer.header("location").and_then(Base::queue_item);
        match (answer.status, item) {
            (201 | 302, Some(id)) => Ok(Sent::Taken { id, joined: false }),
            (303, Some(id)) => Ok(Sent::Taken { id, joined: true }),
            // A proxy took the address away.
            (201, None) => Ok(Sent::Doubtful("the answer does not tell the queue item".to_owned())),
            (200..400, _) => match wire::checked(wire, request, answer.clone()) {
                Ok(_) => Err(wire::strange(wire, request, "it does not tell the queue item")),
                Err(error) => Err(error),
            },
            (404, _) if answer.header("x-jenkins").is_some() => Err(Error::NoJob { job: self.job.path.to_string(), others: Vec::new() }),
            (409, _) => Err(Error::NotBuildable { job: self.job.path.to_string() }),
            (429, _) => Ok(Sent::NotDone("the server limits requests".to_owned())),
            (503, _) if is_starting(answer) => Ok(Sent::NotDone("Jenkins is starting".to_owned())),
            (500, _) if wire::words(answer).contains("IllegalArgument") || body(answer).contains("IllegalArgument") => Err(refused()),
            (500 | 501, _) => Ok(Sent::Broken(refused())),
            (408 | 500.., _) => Ok(Sent::Doubtful(format!("the answer was {}", answer.status))),
            _ => Err(refused()),
        }
    }

    /// Looks for what a request made whose answer was lost. `None` says that it may be sent again.
    fn look(&self, why: &str) -> Result<Option<Trace>, Error> {
        for look in 0..LOOKS {
            let mut traces = self.traces(Among::Since(self.job.next_build))?;
            let has_key = self.submission.key().is_some();
            match traces.len() {
                0 => {}
                1 => return Ok(traces.pop()),
                // All of them are ours.
                _ if has_key => return self.oldest(traces).map(Some),
                count => return Err(self.unknown(format!("{why}, and {count} starts with the same parameters are new"))),
            }
            // What left the queue may not be a build yet, and the request itself may still be on its way.
            if look + 1 < LOOKS {
                self.client.wire.pause(self.client.wire.pace.settling)?;
            }
        }
        if self.submission.key().is_some() { Ok(None) } else { Err(self.unknown(why.to_owned())) }
    }

    /// Somebody wants us to end while it is in doubt whether there is something to be stopped: one more look.
    fn take_back(&self) -> Error {
        for trace in self.traces(Among::Since(self.job.next_build)).unwrap_or_default() {
            let place = trace.build.map(|number| self.client.place(self.job, number, trace.told));
            if let Err(error) = self.client.stop(self.job, trace.id, place.as_ref()) {
                return error;
            }
        }
        Error::Interrupted
    }

    fn traces(&self, among: Among) -> Result<Vec<Trace>, Error> {
        let keyed = self.submission.key().is_some();
        let user = self.client.wire.user();
        let same_user = |name: Option<&str>| match (name, user) {
            (Some(name), Some(user)) => name.eq_ignore_ascii_case(user),
            (name, user) => name.is_none() && user.is_none(),
        };
        let mut traces =
            self.client.traces(self.job, among, &|actions| self.submission.fits(actions) && (keyed || actions.users().any(same_user)))?;
        traces.retain(|trace| !self.before.contains(&trace.id));
        Ok(traces)
    }

    /// A request that was believed lost may have arrived late: what it made is taken back.
    fn without_twins(&self, id: u64) -> Result<u64, Error> {
        if self.submission.key().is_none() {
            return Ok(id);
        }
        match self.traces(Among::Since(self.job.next_build)) {
            Ok(traces) if traces.len() > 1 => self.oldest(traces).map(|oldest| oldest.id),
            Err(Error::Interrupted) => Err(self.take_back()),
            other => other.map(|_| id),
        }
    }

    /// The first of several, after the others were taken back.
    fn oldest(&self, traces: Vec<Trace>) -> Result<Trace, Error> {
        // One that runs already goes before one that waits.
        let (running, waiting): (Vec<Trace>, Vec<Trace>) = traces.into_iter().partition(|trace| trace.build.is_some());
        let mut all = running.into_iter().chain(waiting);
        let first = all.next().ok_or_else(|| self.unknown(String::new()))?;
        for twin in all {
            self.client.wire.watch.tell(Event::Twin { id: twin.id });
            let place = twin.build.map(|number| self.client.place(self.job, number, twin.told));
            self.client.stop(self.job, twin.id, place.as_ref())?;
        }
        Ok(first)
    }

    fn taken(&self, trace: &Trace, origin: Origin) -> Started {
        self.client.wire.watch.tell(Event::Queued { id: trace.id, origin });
        let build = trace.build.map(|number| self.client.place(self.job, number, trace.told.clone()));
        Started { id: trace.id, origin, build, since: self.job.next_build }
    }

    fn unknown(&self, why: String) -> Error {
        Error::Unknown { job: self.job.path.to_string(), why }
    }
}

fn body(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).into_owned()
}

/// The page of a Jenkins that loads its jobs: it takes nothing yet.
fn is_starting(answer: &Answer) -> bool {
    let page = body(answer);
    ["getting ready to work", "is restarting"].iter().any(|words| page.contains(words))
}
