//! Stops what was started.

use std::time::Instant;

use proofmark_http::Answer;

use super::Client;
use super::build::BuildPlace;
use super::error::Error;
use super::events::Event;
use super::job::Job;
use super::wire::{self, Request};

/// Bytes of an answer that nobody reads.
const LONGEST: usize = 4 << 20;
/// How often an item is cancelled that will not go.
const TRIES: u32 = 3;

impl Client<'_> {
    /// Stops a build, or takes an item out of the queue.
    ///
    /// # Errors
    /// [`Error::NotStopped`] for a build that goes on, [`Error::Forbidden`] where the user lacks Job/Cancel.
    pub fn stop(&self, job: &Job, id: u64, build: Option<&BuildPlace>) -> Result<(), Error> {
        if let Some(place) = build {
            return self.stop_build(job, place.number);
        }
        for _ in 0..TRIES {
            self.wire.watch.tell(Event::Stopping { how: "cancel" });
            let request = Request::post("cancel the queue item", format!("/queue/cancelItem?id={id}"));
            self.change(&request, &[404, 422])?;
            // Whatever was answered: it may have left the queue just before.
            let item = self.item(id)?;
            let became = item.as_ref().and_then(|item| item.executable.as_ref()?.number);
            if let Some(number) = became {
                return self.stop_build(job, number);
            }
            match item {
                Some(item) if item.cancelled == Some(true) => return Ok(()),
                Some(_) => self.wire.pause(self.wire.pace.shortest)?,
                None => {
                    let found = self.build_of_item(job, id, super::finding::Among::Newest)?.and_then(|trace| trace.build);
                    return found.map_or(Ok(()), |number| self.stop_build(job, number));
                }
            }
        }
        Err(Error::NotStopped { what: format!("queue item {id}") })
    }

    /// The gentle way first; only pipelines know the other ones.
    fn stop_build(&self, job: &Job, number: u64) -> Result<(), Error> {
        for how in ["stop", "term", "kill"] {
            self.wire.watch.tell(Event::Stopping { how });
            let request = Request::post("stop the build", format!("{}/{number}/{how}", job.path.path()));
            let known = self.change(&request, if how == "stop" { &[] } else { &[404, 405] })?;
            if known && self.ends_soon(job, number)? {
                return Ok(());
            }
        }
        Err(Error::NotStopped { what: format!("build {number} of `{}`", job.path) })
    }

    fn ends_soon(&self, job: &Job, number: u64) -> Result<bool, Error> {
        let begin = Instant::now();
        while begin.elapsed() < self.wire.pace.stopping {
            if self.ask_build(job, number)?.building != Some(true) {
                return Ok(true);
            }
            self.wire.pause(self.wire.pace.shortest)?;
        }
        Ok(false)
    }

    /// Whether Jenkins did it; `tolerated` are statuses that say that there is nothing to do.
    fn change(&self, request: &Request, tolerated: &[u16]) -> Result<bool, Error> {
        let answer: Answer = self.wire.answer(request, LONGEST)?;
        match answer.status {
            // To the page that a browser goes on to.
            302 | 303 => Ok(true),
            status if tolerated.contains(&status) => Ok(false),
            _ => wire::checked(&self.wire, request, answer).map(|_| true),
        }
    }
}
