//! Builds, whose state follows from when they began.

use super::spec::{JobSpec, Outcome};
use super::world::{Cause, QueueItem};

/// A build.
#[derive(Debug, Clone)]
pub(crate) struct Build {
    pub(crate) number: u64,
    pub(crate) queue_id: u64,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) cause: Cause,
    pub(crate) began: u64,
    /// When it was ended by hand.
    pub(crate) stopped: Option<u64>,
    /// How often somebody tried.
    pub(crate) tries: u8,
}

impl Build {
    pub(crate) fn new(item: &QueueItem, now: u64) -> Self {
        let (queue_id, parameters, cause) = (item.id, item.parameters.clone(), item.cause.clone());
        Self { number: 0, queue_id, parameters, cause, began: now, stopped: None, tries: 0 }
    }

    /// When it ends by itself; never while it waits for somebody.
    fn end(&self, spec: &JobSpec) -> Option<u64> {
        match (self.stopped, spec.input_at) {
            (Some(stopped), _) => Some(stopped),
            (None, Some(_)) => None,
            (None, None) => Some(self.began + spec.duration),
        }
    }

    pub(crate) fn is_running(&self, spec: &JobSpec, now: u64) -> bool {
        self.end(spec).is_none_or(|end| now < end)
    }

    pub(crate) fn is_paused(&self, spec: &JobSpec, now: u64) -> bool {
        self.stopped.is_none() && spec.input_at.is_some_and(|at| now >= self.began + at)
    }

    pub(crate) fn result(&self, spec: &JobSpec, now: u64) -> Option<Outcome> {
        let ended = !self.is_running(spec, now);
        ended.then_some(if self.stopped.is_some() { Outcome::Aborted } else { spec.result })
    }

    pub(crate) fn duration(&self, spec: &JobSpec, now: u64) -> u64 {
        self.end(spec).filter(|end| now >= *end).map_or(0, |end| end - self.began)
    }

    /// One of `stop`, `term`, `kill`: 1, 2, 3.
    pub(crate) fn stop(&mut self, spec: &JobSpec, force: u8, now: u64) {
        self.tries = self.tries.max(force);
        if self.stopped.is_none() && self.is_running(spec, now) && force > spec.stubborn {
            self.stopped = Some(now);
        }
    }

    /// The log as far as it is written, and whether more may come.
    pub(crate) fn log(&self, spec: &JobSpec, now: u64) -> (String, bool) {
        let running = self.is_running(spec, now);
        let lines = spec.log.len() as u64;
        let passed = now.saturating_sub(self.began);
        let shown = if running { passed * lines / spec.duration.max(1) } else { lines };
        let shown = usize::try_from(shown.min(lines)).unwrap_or_default();
        let mut text: String = spec.log.iter().take(shown).map(|line| format!("{line}\n")).collect();
        if let Some(result) = self.result(spec, now) {
            text.push_str(&format!("Finished: {}\n", result.name()));
        }
        (text, running)
    }
}
