//! Waits for an item to leave the queue.

use super::answers::Item;
use super::build::BuildPlace;
use super::error::Error;
use super::events::Event;
use super::finding::Among;
use super::job::Job;
use super::start::Started;
use super::wire::Request;
use super::{Client, Deadline};

/// Looks for the build of an item that Jenkins has forgotten.
const LOOKS: u32 = 4;

/// How an item left the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Queued {
    /// As a build.
    Began(BuildPlace),
    /// It was cancelled.
    Cancelled,
}

impl Client<'_> {
    /// Waits until the build begins.
    ///
    /// # Errors
    /// [`Error::LostSight`] for an item that is gone without a build, [`Error::TooLate`] after the deadline.
    pub fn wait_in_queue(&self, job: &Job, started: &Started, deadline: Deadline) -> Result<Queued, Error> {
        if let Some(place) = &started.build {
            self.wire.watch.tell(Event::Began(place));
            return Ok(Queued::Began(place.clone()));
        }
        let (mut pause, mut told) = (self.wire.pace.shortest, None);
        loop {
            let Some(item) = self.item(started.id)? else { return self.forgotten(job, started) };
            if item.cancelled == Some(true) {
                return Ok(Queued::Cancelled);
            }
            if let Some((number, url)) = item.executable.and_then(|build| Some((build.number?, build.url))) {
                let place = self.place(job, number, url);
                self.wire.watch.tell(Event::Began(&place));
                return Ok(Queued::Began(place));
            }
            let why = item.why.map(|why| (plain(&why).to_owned(), item.stuck == Some(true)));
            if let Some((text, stuck)) = why.as_ref().filter(|why| told.as_ref() != Some(*why)) {
                self.wire.watch.tell(Event::Waits { why: text, stuck: *stuck });
                told = why;
            }
            deadline.check("waiting in the queue")?;
            self.wire.pause(pause)?;
            pause = self.wire.pace.next(pause);
        }
    }

    /// An item by its number; Jenkins forgets those that left the queue after five minutes.
    pub(super) fn item(&self, id: u64) -> Result<Option<Item>, Error> {
        self.wire.found(&Request::get("look at the queue item", format!("/queue/item/{id}/api/json")))
    }

    /// The builds tell which of them an item became. Never the newest one: it may be anybody's.
    fn forgotten(&self, job: &Job, started: &Started) -> Result<Queued, Error> {
        for look in 0..LOOKS {
            let among = if look + 1 < LOOKS { Among::Newest } else { Among::Since(started.since) };
            if let Some(trace) = self.build_of_item(job, started.id, among)? {
                let place = self.place(job, trace.build.unwrap_or_default(), trace.told);
                self.wire.watch.tell(Event::Began(&place));
                return Ok(Queued::Began(place));
            }
            self.wire.pause(self.wire.pace.settling)?;
        }
        Err(Error::LostSight { job: job.path.to_string(), id: started.id })
    }

    pub(super) fn place(&self, job: &Job, number: u64, told: Option<String>) -> BuildPlace {
        let url = format!("{}{number}/", job.url);
        BuildPlace { number, told: told.filter(|told| *told != url), url }
    }
}

/// Without the seconds that run: `Expires in 4.9 sec` is no news after `Expires in 5 sec`.
fn plain(why: &str) -> &str {
    why.split(" Expires in ").next().unwrap_or(why)
}
