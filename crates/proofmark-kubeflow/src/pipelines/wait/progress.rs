//! What is told while a run is waited for: changes, and only those of tasks that people wrote.

use std::collections::BTreeMap;
use std::fmt;

use crate::pipelines::run::{Run, State, Task};

/// Something that happened while a run was waited for. Its text is a line for people; names in it are as the server gave them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// The run changed.
    Run {
        /// How far it is.
        state: State,
    },
    /// A task changed.
    Task {
        /// Its name.
        name: String,
        /// How far it is.
        state: State,
        /// How long it took, once it has ended.
        seconds: Option<u64>,
        /// Whether its result was taken from an earlier run.
        cached: bool,
    },
    /// The server does not answer; it is asked again.
    Away {
        /// Why.
        why: String,
    },
    /// The server answers again.
    Back,
    /// It took too long, and is told to stop.
    Stopping {
        /// How long it was waited for.
        seconds: u64,
    },
}

impl fmt::Display for Progress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run { state } => write!(out, "run {}", state.name()),
            Self::Task { name, cached: true, .. } => write!(out, "{name} taken from the cache"),
            Self::Task { name, state, seconds: Some(seconds), .. } => write!(out, "{name} {} after {seconds} s", state.name()),
            Self::Task { name, state, .. } => write!(out, "{name} {}", state.name()),
            Self::Away { why } => write!(out, "the server does not answer and is asked again: {why}"),
            Self::Back => out.write_str("the server answers again"),
            Self::Stopping { seconds } => write!(out, "not done after {seconds} s: the run is told to stop"),
        }
    }
}

/// The tasks that people wrote, without what the server adds for itself: roots, drivers, the pods of tasks, the workflow.
pub fn shown_tasks(run: &Run) -> impl Iterator<Item = &Task> {
    run.tasks.iter().filter(|task| {
        let name = task.name.as_str();
        let is_inner = matches!(name, "" | "root" | "executor" | "driver") || name.ends_with("-driver") || name == task.id;
        !is_inner && !run.tasks.iter().flat_map(|task| &task.pods).any(|pod| is_pod_of(pod, name))
    })
}

/// Whether a pod is one of a workflow: `churn-x7k2p-1234567` or `churn-x7k2p-system-container-impl-1234567`.
fn is_pod_of(pod: &str, workflow: &str) -> bool {
    let rest = pod.strip_prefix(workflow).and_then(|rest| rest.strip_prefix('-'));
    rest.is_some_and(|rest| rest.starts_with("system-") || (!rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit())))
}

/// The tasks whose results were taken from earlier runs, by name.
pub fn cached_tasks(run: &Run) -> Vec<String> {
    let mut names: Vec<String> = shown_tasks(run).filter(|task| is_cached(task, run)).map(|task| task.name.clone()).collect();
    names.sort();
    names.dedup();
    names
}

/// Newer servers say it; before, a task is done while the pod for it was left out.
fn is_cached(task: &Task, run: &Run) -> bool {
    let is_its_pod = |other: &Task| other.name == "executor" && other.parent.as_ref() == Some(&task.id);
    task.state == State::Cached
        || (task.state == State::Succeeded && run.tasks.iter().any(|other| is_its_pod(other) && other.state == State::Skipped))
}

/// What was told already.
pub(super) struct Told<'w> {
    tell: &'w mut dyn FnMut(&Progress),
    run: Option<State>,
    tasks: BTreeMap<String, State>,
}

impl<'w> Told<'w> {
    pub(super) fn new(tell: &'w mut dyn FnMut(&Progress)) -> Self {
        Self { tell, run: None, tasks: BTreeMap::new() }
    }

    pub(super) fn tell(&mut self, progress: &Progress) {
        (self.tell)(progress);
    }

    /// Tells what changed; whether anything did.
    pub(super) fn look(&mut self, run: &Run) -> bool {
        let mut has_changed = false;
        if run.state != State::Unknown && self.run.replace(run.state) != Some(run.state) {
            has_changed = true;
            // Its end is the caller's to tell.
            if !run.state.is_final() {
                self.tell(&Progress::Run { state: run.state });
            }
        }
        for task in shown_tasks(run) {
            let key = if task.id.is_empty() { &task.name } else { &task.id };
            if matches!(task.state, State::Pending | State::Unknown) || self.tasks.get(key) == Some(&task.state) {
                continue;
            }
            has_changed = true;
            self.tasks.insert(key.clone(), task.state);
            let span = task.started.zip(task.ended).and_then(|(started, ended)| u64::try_from(ended - started).ok());
            let seconds = span.map(|span| span / 1000).filter(|_| task.state.is_final());
            let turn = task.iteration.map(|turn| format!(" ({turn})")).unwrap_or_default();
            let name = format!("{}{turn}", proofmark_http::api::one_line(&task.name, &[]));
            self.tell(&Progress::Task { name, state: task.state, seconds, cached: is_cached(task, run) });
        }
        has_changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(name: &str, state: State) -> Task {
        let id = format!("id-{name}");
        Task { id, name: name.into(), state, started: None, ended: None, parent: None, pods: Vec::new(), iteration: None, error: None }
    }

    fn run(state: State, tasks: Vec<Task>) -> Run {
        Run {
            id: "r".into(),
            name: "n".into(),
            experiment: "e".into(),
            state,
            created: None,
            finished: None,
            parameters: BTreeMap::new(),
            description: String::new(),
            archived: false,
            pipeline: None,
            pipeline_version: None,
            recurring: None,
            mlflow: None,
            tasks,
            error: None,
        }
    }

    #[test]
    fn changes_alone_are_told() {
        let mut lines = Vec::new();
        let mut push = |progress: &Progress| lines.push(progress.to_string());
        let mut told = Told::new(&mut push);
        assert!(told.look(&run(State::Pending, vec![])));
        assert!(!told.look(&run(State::Pending, vec![task("train", State::Pending)])));
        let workflow = Task { pods: vec!["churn-x7k2p-1234567".into()], ..task("churn-x7k2p", State::Running) };
        assert!(!told.look(&run(State::Pending, vec![workflow])));
        told.look(&run(
            State::Running,
            vec![task("root", State::Running), task("root-driver", State::Succeeded), task("train", State::Running)],
        ));
        let done = Task { started: Some(1_000), ended: Some(13_900), ..task("train", State::Succeeded) };
        let pod = Task { parent: Some("id-prepare".into()), ..task("executor", State::Skipped) };
        let last = run(State::Succeeded, vec![done, task("prepare", State::Succeeded), pod, task("evaluate", State::Cached)]);
        told.look(&last);
        assert_eq!(cached_tasks(&last), ["evaluate", "prepare"]);
        assert_eq!(
            lines,
            [
                "run PENDING",
                "run RUNNING",
                "train RUNNING",
                "train SUCCEEDED after 12 s",
                "prepare taken from the cache",
                "evaluate taken from the cache",
            ]
        );
    }
}
