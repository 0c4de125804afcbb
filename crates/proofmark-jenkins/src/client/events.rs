//! What happens on the way, for whoever watches.

use super::build::BuildPlace;
use super::start::Origin;

/// Is told what happens. Texts of Jenkins' own are foreign: one line each, but not escaped for any place.
pub trait Watch {
    /// Something happened.
    fn tell(&self, event: Event<'_>);

    /// A line of the build's log, without the end of the line and without what would act on a terminal.
    fn log(&self, line: &str);
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'e> {
    /// Jenkins took the start, or had it already.
    Queued {
        /// The queue item.
        id: u64,
        /// Where it comes from.
        origin: Origin,
    },
    /// Why the item waits; told when it changes.
    Waits {
        /// In Jenkins' words.
        why: &'e str,
        /// Whether Jenkins sees no end of it.
        stuck: bool,
    },
    /// The build began.
    Began(&'e BuildPlace),
    /// The build waits for somebody to answer a question.
    Asks {
        /// Where to answer.
        url: &'e str,
    },
    /// Jenkins cannot be reached, or is starting; it is tried again.
    Away {
        /// What was seen.
        why: &'e str,
    },
    /// Jenkins answers again.
    Back,
    /// Jenkins was restarted.
    Restarted,
    /// The answer to the start was lost; what became of it is looked up.
    Doubtful {
        /// What happened.
        why: &'e str,
    },
    /// One start came out twice, and the younger one was taken back.
    Twin {
        /// The queue item that was cancelled.
        id: u64,
    },
    /// The rest of the log is too long to be shown, or it was cut at the server.
    LogLost,
    /// What was started is being stopped.
    Stopping {
        /// By which means: `stop`, `term`, `kill`, or `cancel` for an item of the queue.
        how: &'static str,
    },
}
