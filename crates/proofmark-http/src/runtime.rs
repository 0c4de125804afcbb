//! The one place that knows an async runtime.

use std::future::Future;

use crate::HttpError;

/// A current-thread runtime, made when the first request is due.
#[derive(Debug)]
pub struct Runtime(tokio::runtime::Runtime);

impl Runtime {
    /// Starts it.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn start() -> Result<Self, HttpError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
        runtime.map(Self).map_err(|error| HttpError::Settings(format!("cannot start the network runtime: {error}")))
    }

    /// Runs a future to its end.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }
}
