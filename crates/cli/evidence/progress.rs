//! A progress bar for what takes longer than a second, on a terminal only.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::world::World;

/// Nothing is shown before.
const PATIENCE: Duration = Duration::from_secs(1);

/// How far one piece of work is.
pub(crate) struct Progress {
    bar: Option<Mutex<State>>,
    last: AtomicU64,
}

struct State {
    bar: ProgressBar,
    started: Instant,
    shown: bool,
}

impl Progress {
    /// Work that `what` names. Silent unless standard error is a terminal.
    pub(crate) fn new(what: &str, world: &World) -> Self {
        let bar = world.stderr_is_terminal.then(|| {
            let bar = ProgressBar::hidden();
            bar.set_message(what.to_owned());
            Mutex::new(State { bar, started: Instant::now(), shown: false })
        });
        Self { bar, last: AtomicU64::new(0) }
    }

    /// `done` of `all` is done. May be called from any thread, often.
    pub(crate) fn tell(&self, done: u64, all: u64) {
        let Some(bar) = &self.bar else { return };
        let thousandth = done.saturating_mul(1000).checked_div(all).unwrap_or(0);
        // Most calls change nothing that could be seen.
        if self.last.swap(thousandth, Ordering::Relaxed) == thousandth {
            return;
        }
        let mut state = bar.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.shown && state.started.elapsed() > PATIENCE {
            state.shown = true;
            state.bar.set_draw_target(ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:30}] {percent} %") {
                state.bar.set_style(style);
            }
        }
        state.bar.set_length(all.max(1));
        state.bar.set_position(done.min(all));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.lock().unwrap_or_else(PoisonError::into_inner).bar.finish_and_clear();
        }
    }
}
