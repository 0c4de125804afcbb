//! Waits for a run or a rollout, and says why it failed.

use std::time::Duration;

use proofmark_kubeflow::Error;
use proofmark_kubeflow::pipelines::{Pace, Pipelines, State};
use proofmark_kubeflow::serving::{Cluster, Patience, Rolled, Waited};

/// How a run ended.
pub(crate) struct Followed {
    pub(crate) passed: bool,
    /// In the server's words: `succeeded`, `failed: train: no memory`.
    pub(crate) conclusion: String,
    pub(crate) state: State,
    /// Tasks whose results were taken from earlier runs.
    pub(crate) cached: Vec<String>,
}

/// Waits until a run has ended, at most so many seconds; then it is stopped. What happens is said line by line.
pub(crate) fn follow(pipelines: &Pipelines, run: &str, seconds: Option<u64>, pace: &Pace, say: &dyn Fn(&str)) -> Result<Followed, Error> {
    let limit = seconds.map(Duration::from_secs);
    let ended = pipelines.wait(run, limit, pace, &mut |progress| say(&format!("  {progress}")))?;
    if !ended.cached.is_empty() {
        say(&format!("results of earlier runs were taken for: {}", ended.cached.join(", ")));
    }
    let passed = ended.outcome.passed();
    let mut conclusion = ended.outcome.to_string();
    if !passed {
        let reason = pipelines.reason(&ended.run);
        for step in &reason.steps {
            say(&format!("{} failed: {}", step.task, step.message.as_deref().unwrap_or("no reason is told")));
            step.log.iter().for_each(|line| say(&format!("    {line}")));
        }
        reason.notes.iter().for_each(|note| say(note));
        if let Some(line) = reason.line() {
            conclusion = format!("{conclusion}: {line}");
        }
    }
    Ok(Followed { passed, conclusion, state: ended.run.state, cached: ended.cached })
}

/// Waits until a rollout answers, at most so many seconds; why it does not, where that is known.
pub(crate) fn follow_rollout(cluster: &Cluster, rolled: &Rolled, patience: &Patience, say: &dyn Fn(&str)) -> Result<Option<String>, Error> {
    match cluster.wait(rolled, patience, &mut |line| say(&format!("  {line}"))) {
        Ok(Waited::Ready(_)) => Ok(None),
        Ok(Waited::Failed(failure)) => Ok(Some(failure.message)),
        Err(error @ Error::TooLate { .. }) => Ok(Some(error.to_string())),
        Err(error) => Err(error),
    }
}
