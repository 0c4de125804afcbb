//! How a run goes on: by being asked after.

use super::rows::Run;
use super::spec::{End, State};

impl Run {
    /// One more poll has come at this time.
    pub(crate) fn poll(&mut self, now: i64) {
        if self.state.is_final() {
            return;
        }
        self.polls += 1;
        if self.state == State::Canceling {
            if self.polls > self.script.canceling {
                self.finish(now, State::Failed);
            }
            return;
        }
        if self.polls > self.script.pending {
            self.enter(now, State::Running);
        }
        if self.polls > self.script.pending.saturating_add(self.script.running) {
            match self.end {
                End::Succeeded => self.finish(now, State::Succeeded),
                End::Failed(..) => self.finish(now, State::Failed),
                End::Skipped => self.finish(now, State::Skipped),
                End::Canceled => self.finish(now, State::Canceled),
                End::Never => {}
            }
        }
    }

    /// It runs to its end at once, as if it had taken its time.
    pub(crate) fn play(&mut self) {
        let (begin, took) = (self.created, self.took);
        self.enter(begin + 1, State::Running);
        match self.end {
            End::Succeeded => self.finish(begin + took, State::Succeeded),
            End::Failed(..) => self.finish(begin + took, State::Failed),
            End::Skipped => self.finish(begin + took, State::Skipped),
            End::Canceled => self.finish(begin + took, State::Canceled),
            End::Never => {}
        }
    }

    /// Somebody asks for the end; the history does not tell.
    pub(crate) fn cancel(&mut self) {
        self.state = State::Canceling;
        self.polls = 0;
    }

    /// It begins again.
    pub(crate) fn retry(&mut self, now: i64) {
        self.end = self.script.retried.clone();
        self.finished = 0;
        self.polls = 0;
        self.enter(now, State::Pending);
    }

    /// Whether the task of this number is over, and how.
    pub(crate) fn task_state(&self, index: usize) -> Option<State> {
        let task = self.script.tasks.get(index)?;
        if self.state == State::Succeeded {
            return Some(if task.cached_from.is_empty() { State::Succeeded } else { State::Skipped });
        }
        let failing = match &self.end {
            End::Failed(name, _) => self.script.tasks.iter().position(|task| task.name == *name),
            _ => None,
        };
        match self.state {
            // What runs is the first task that is not cached; what came before the failing task is done.
            State::Failed if failing == Some(index) => Some(State::Failed),
            State::Failed if failing.is_some_and(|failing| index < failing) => Some(State::Succeeded),
            State::Running if index == 0 => Some(State::Running),
            _ => None,
        }
    }

    /// Whether the outputs of the task of this number are there.
    pub(crate) fn has_outputs(&self, index: usize) -> bool {
        matches!(self.task_state(index), Some(State::Succeeded | State::Skipped))
    }

    /// Why it failed: the task, and what it said.
    pub(crate) fn failure(&self) -> Option<(&str, &str)> {
        match &self.end {
            End::Failed(task, message) if self.state == State::Failed => Some((task, message)),
            _ => None,
        }
    }

    fn enter(&mut self, now: i64, state: State) {
        if self.state != state || self.history.is_empty() {
            self.state = state;
            self.history.push((now, state));
        }
    }

    fn finish(&mut self, now: i64, state: State) {
        self.enter(now, state);
        self.finished = now;
    }
}
