//! What goes wrong between here and a server's answer.

use std::time::Duration;

/// One try that brought no whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The request never left: no address, no connection, no TLS. It can be repeated whatever it asks for.
    NotSent(String),
    /// The request may have been carried out: a reset, a time-out, half an answer.
    Lost(String),
    /// The answer is longer than allowed; asking again would not help.
    TooLarge {
        /// The bytes that are read at most.
        limit: usize,
    },
}

/// A request that failed for good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The server was never reached.
    #[error("cannot reach the server: {detail}")]
    NotReached {
        /// In the words of the operating system or the TLS library.
        detail: String,
    },
    /// Nobody knows whether the request was carried out; it asks for a change, so it was not repeated.
    #[error("the answer was lost, and the change may have been made: {detail}")]
    Lost {
        /// What happened.
        detail: String,
    },
    /// A request that may be repeated was, and each time no whole answer came.
    #[error("no whole answer came: {detail}")]
    NoAnswer {
        /// What happened last.
        detail: String,
    },
    /// The server asks to wait longer, or more often, than the budget allows. It did nothing else.
    #[error("the server asks to wait {} s, more than the budget of this run allows", wait.as_secs())]
    Limited {
        /// How long.
        wait: Duration,
    },
    /// The time is used up.
    #[error("the time budget of {} s is used up: {detail}", total.as_secs())]
    OutOfTime {
        /// The budget.
        total: Duration,
        /// What the last try said.
        detail: String,
    },
    /// A longer body than allowed.
    #[error("the answer is longer than {limit} bytes")]
    TooLarge {
        /// The bytes that are read at most.
        limit: usize,
    },
    /// Settings that cannot work: a certificate file, a proxy address.
    #[error("{0}")]
    Settings(String),
}
