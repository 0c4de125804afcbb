//! Signals to end, turned into an error of the call at work.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll};

use super::error::Error;

/// Catches signals from now on. A second one ends the clean-up that the first one led to.
pub(super) struct Interrupt(Mutex<Signals>);

#[cfg(unix)]
struct Signals([tokio::signal::unix::Signal; 2]);

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC, tokio::signal::windows::CtrlBreak);

#[cfg(not(any(unix, windows)))]
struct Signals;

impl Interrupt {
    /// Inside of a runtime.
    pub(super) fn catch() -> io::Result<Self> {
        Signals::catch().map(|signals| Self(Mutex::new(signals)))
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        self.0.lock().map_or(Poll::Pending, |mut signals| signals.poll(context))
    }
}

impl Signals {
    #[cfg(unix)]
    fn catch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self([signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?]))
    }

    #[cfg(windows)]
    fn catch() -> io::Result<Self> {
        Ok(Self(tokio::signal::windows::ctrl_c()?, tokio::signal::windows::ctrl_break()?))
    }

    #[cfg(not(any(unix, windows)))]
    fn catch() -> io::Result<Self> {
        Ok(Self)
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        #[cfg(unix)]
        let came = self.0.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
        #[cfg(windows)]
        let came = self.0.poll_recv(context).is_ready() || self.1.poll_recv(context).is_ready();
        #[cfg(not(any(unix, windows)))]
        let came = {
            let _ = context;
            false
        };
        if came { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// The outcome of the work, unless a signal comes first.
pub(super) async fn or_interrupted<T>(interrupt: Option<&Interrupt>, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let mut work = pin!(work);
    poll_fn(|context| {
        if interrupt.is_some_and(|interrupt| interrupt.poll(context).is_ready()) {
            return Poll::Ready(Err(Error::Interrupted));
        }
        work.as_mut().poll(context)
    })
    .await
}
