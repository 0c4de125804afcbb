//! A client of Jenkins' remote API that starts jobs, follows the queue and waits for builds.
//!
//! A job is started once: where an answer was lost, the queue and the builds are searched for what the lost request may have
//! made before anything is asked for again. What is printed, asked for how long, and stopped when, its callers decide.

mod address;
mod answers;
mod build;
mod error;
mod events;
mod finding;
mod form;
mod interrupt;
mod job;
mod keyed;
mod log;
mod parameters;
mod queue;
mod settings;
mod start;
mod stop;
mod wire;

pub use address::{Base, JobPath};
pub use build::{Build, BuildPlace, Ended};
pub use error::{Error, ParameterError};
pub use events::{Event, Watch};
pub use form::Content;
pub use job::{Definition, Job, Kind};
pub use keyed::Keyed;
pub use parameters::{Key, Submission, Value};
pub use queue::Queued;
pub use settings::{Access, Pace};
pub use start::{Origin, Started};

use std::time::{Duration, Instant};

use proofmark_http::Secret;

use self::wire::Wire;

/// A Jenkins, and everything that is done with it. One call at a time.
pub struct Client<'w> {
    wire: Wire<'w>,
}

impl<'w> Client<'w> {
    /// Speaks to nobody yet.
    ///
    /// # Errors
    /// [`Error::Setting`] for certificates, proxies or credentials that cannot be used.
    pub fn new(base: Base, access: Access, watch: &'w dyn Watch) -> Result<Self, Error> {
        Wire::new(base, access, watch).map(|wire| Self { wire })
    }

    /// From now on a signal to end (an interrupt from the keyboard or `SIGTERM`) ends a call with [`Error::Interrupted`] and not
    /// the process, so that what was started can be stopped.
    ///
    /// # Errors
    /// [`Error::Setting`] when the operating system refuses.
    pub fn catch_interrupts(&self) -> Result<(), Error> {
        self.wire.catch_interrupts()
    }

    /// From now on a Jenkins that is away is waited for until this moment at most; calls that wait have a limit of their own.
    pub fn limit(&self, deadline: Deadline) {
        self.wire.deadline.set(deadline);
    }

    /// The address that everything is asked at.
    pub fn base(&self) -> &Base {
        self.wire.base()
    }

    /// A foreign text in one line, without secrets.
    pub fn clean(&self, text: &str) -> String {
        self.wire.clean(text)
    }

    /// No message shows this text from now on.
    pub fn hide(&self, secret: Secret) {
        self.wire.hide(secret);
    }
}

/// A moment after which waiting ends.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    end: Option<Instant>,
    seconds: u64,
}

impl Deadline {
    /// So many seconds from now; never without a number.
    pub fn after(seconds: Option<u64>) -> Self {
        let end = seconds.and_then(|seconds| Instant::now().checked_add(Duration::from_secs(seconds)));
        Self { end, seconds: seconds.unwrap_or_default() }
    }

    /// The one that comes first.
    pub fn earlier(self, other: Self) -> Self {
        match (self.end, other.end) {
            (Some(ours), Some(theirs)) if theirs < ours => other,
            (None, Some(_)) => other,
            _ => self,
        }
    }

    fn check(&self, what: &str) -> Result<(), Error> {
        match self.end {
            Some(end) if Instant::now() >= end => Err(Error::TooLate { what: what.to_owned(), seconds: self.seconds }),
            _ => Ok(()),
        }
    }
}
