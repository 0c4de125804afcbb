//! The one place that knows an async runtime.

use std::future::Future;
use std::mem;

use tokio::runtime::Builder;

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
        let runtime = Builder::new_current_thread().enable_io().enable_time().build();
        runtime.map(Self).map_err(|error| HttpError::Settings(format!("cannot start the network runtime: {error}")))
    }

    /// Runs a future to its end.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // Names are looked up on a thread of their own, which cannot be stopped: an exit does not wait for it.
        if let Ok(empty) = Builder::new_current_thread().build() {
            mem::replace(&mut self.0, empty).shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn it_brings_sockets_and_time() {
        let runtime = Runtime::start().expect("a runtime");
        let peer = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await?;
            let address = listener.local_addr()?;
            tokio::time::sleep(Duration::from_millis(1)).await;
            let stream = TcpStream::connect(address).await?;
            stream.peer_addr().map(|peer| peer == address)
        });
        assert!(peer.expect("a connection"));
    }

    #[test]
    fn its_end_does_not_wait_for_threads() {
        let runtime = Runtime::start().expect("a runtime");
        let started = Instant::now();
        runtime.block_on(async {
            tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_secs(5)));
        });
        drop(runtime);
        assert!(started.elapsed() < Duration::from_secs(3));
    }
}
