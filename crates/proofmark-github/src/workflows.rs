//! Workflows of a repository: starting one, and what has become of its runs.
//!
//! A start is known again by its key, a text that stands in one of the workflow's inputs and, by the workflow's `run-name`, in
//! the title of the run. `start.rs` has how a start happens once.

mod start;
mod title;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::client::Client;
use crate::error::GitHubError;
use crate::wire::triggers::{Job, Jobs, Run, Runs, seconds};
use crate::{routes, wire};

/// Inputs that GitHub takes at most, and their bytes.
const MOST_INPUTS: usize = 25;
const MOST_BYTES: usize = 65_535;
/// What a run's `event` is that was started from here.
const DISPATCH: &str = "workflow_dispatch";

/// What a workflow is started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowStart {
    /// Its file's name, or its number.
    pub workflow: String,
    /// The branch or tag.
    pub reference: String,
    /// Its inputs.
    pub inputs: BTreeMap<String, String>,
    /// What the run is found again by, of letters, digits, `-` and `_`: it stands in an input and, by the workflow's `run-name`, in
    /// the run's title. What comes before the first `-` is taken to be the same in all keys.
    pub key: String,
}

/// A run of a workflow. What people and workflows wrote is foreign text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkflowRun {
    /// Its number; later runs have greater ones.
    pub id: u64,
    /// Where people see it.
    pub url: String,
    /// Its title; a run made a moment ago may have none yet.
    pub title: String,
    /// What started it, such as `workflow_dispatch`.
    pub event: String,
    /// The branch or tag.
    pub branch: Option<String>,
    /// The commit.
    pub sha: Option<String>,
    /// `queued`, `in_progress`, `completed` and some more.
    pub status: String,
    /// `success`, `failure`, `cancelled` and some more, once it is completed.
    pub conclusion: Option<String>,
    /// From 1.
    pub attempt: u64,
    /// When it was made, in seconds since 1970; 0 where that is not told.
    pub created: u64,
    /// When it last changed.
    pub updated: u64,
    /// Whose doing it is.
    pub actor: Option<String>,
    /// The file of its workflow, from the repository's root.
    pub workflow: String,
}

impl WorkflowRun {
    /// Whether its title holds the key, as a word of its own.
    pub fn carries(&self, key: &str) -> bool {
        title::holds(&self.title, key)
    }

    /// Whether it has ended, however.
    pub fn is_completed(&self) -> bool {
        self.status == "completed"
    }
}

/// A job of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunJob {
    /// Its number.
    pub id: u64,
    /// Its name; foreign text.
    pub name: String,
    /// `queued`, `in_progress`, `completed` and some more.
    pub status: String,
    /// `success`, `failure`, `skipped` and some more, once it is completed.
    pub conclusion: Option<String>,
    /// Where people see it.
    pub url: Option<String>,
}

/// Where what was asked for comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// From this call.
    New,
    /// From this call, though an answer was lost.
    FoundAgain,
    /// Something with this key was there before, or came first.
    Earlier,
}

/// A workflow that runs, or has run, with the key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartedWorkflow {
    /// Where it comes from.
    pub begun: Begun,
    /// The run; `None` when an old server told no number and it did not turn up in time, and in a dry run.
    pub run: Option<WorkflowRun>,
    /// Further runs with this key that could not be cancelled. Two starts at one moment can make them.
    pub twins: Vec<u64>,
}

/// How long to wait for what, since lists show what was made only later.
#[derive(Debug, Clone, Copy)]
pub struct StartPatience {
    /// The first pause between two looks; each later one is half as long again.
    pub pause: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// What is not to be seen after this time was not made.
    pub settling: Duration,
    /// A start without a number is looked for so long.
    pub find: Duration,
    /// So often it is asked for at most, each time after the time to settle.
    pub tries: u32,
    /// So many runs are looked through for one with the key.
    pub depth: usize,
}

impl Default for StartPatience {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { pause: seconds(1), longest: seconds(5), settling: seconds(20), find: seconds(45), tries: 3, depth: 200 }
    }
}

impl StartPatience {
    /// The pause after one.
    pub(crate) fn next(&self, pause: Duration) -> Duration {
        (pause * 3 / 2).min(self.longest.max(self.pause))
    }
}

impl Client {
    /// Starts a workflow, once for each key, however many answers get lost.
    ///
    /// A run with this key that is there already is taken, whatever has become of it. GitHub cannot make two starts at one moment
    /// one: whoever finds an earlier run beside its own cancels its own.
    ///
    /// # Errors
    /// [`GitHubError::Unknown`] when nobody can tell whether it was started; [`GitHubError::Input`] for what GitHub would refuse;
    /// else see [`GitHubError`].
    pub async fn start_workflow(&self, start: &WorkflowStart, patience: &StartPatience) -> Result<StartedWorkflow, GitHubError> {
        check(start)?;
        start::Starter::new(self, start, patience).run().await
    }

    /// The newest runs of a workflow, of all events or of one. One request for a hundred.
    ///
    /// # Errors
    /// See [`GitHubError`].
    pub async fn workflow_runs(&self, workflow: &str, event: Option<&str>, most: usize) -> Result<Vec<WorkflowRun>, GitHubError> {
        let request = routes::workflows::runs(&self.repo, file_name(workflow), event, most);
        let runs = self.rows(&request, |page: Runs| page.workflow_runs, most).await?;
        Ok(runs.into_iter().map(read).collect())
    }

    /// A run. One request.
    ///
    /// # Errors
    /// See [`GitHubError`].
    pub async fn workflow_run(&self, id: u64) -> Result<WorkflowRun, GitHubError> {
        Ok(read(self.json(&routes::workflows::run(&self.repo, id)).await?))
    }

    /// The jobs of a run's latest attempt. One request for a hundred.
    ///
    /// # Errors
    /// See [`GitHubError`].
    pub async fn run_jobs(&self, id: u64) -> Result<Vec<RunJob>, GitHubError> {
        let jobs = self.rows(&routes::workflows::jobs(&self.repo, id), |page: Jobs| page.jobs, usize::MAX).await?;
        let read = |job: Job| RunJob {
            id: job.id,
            name: job.name,
            status: job.status,
            conclusion: job.conclusion,
            url: job.html_url.as_deref().and_then(wire::web_address).map(str::to_owned),
        };
        Ok(jobs.into_iter().map(read).collect())
    }

    /// Asks for a run to be cancelled; one that has ended is fine. It ends some time later.
    ///
    /// # Errors
    /// See [`GitHubError`].
    pub async fn cancel_run(&self, id: u64) -> Result<(), GitHubError> {
        match self.send(&routes::workflows::cancel(&self.repo, id)).await {
            // Also what a first request is answered with whose own answer was lost.
            Err(error) if error.status() == Some(409) => match self.workflow_run(id).await {
                Ok(run) if run.is_completed() => Ok(()),
                _ => Err(error),
            },
            sent => sent.map(drop),
        }
    }
}

/// What GitHub, or a later look, would stumble over.
fn check(start: &WorkflowStart) -> Result<(), GitHubError> {
    let wrong = |words: String| Err(GitHubError::Input(words));
    let (key, workflow) = (&start.key, file_name(&start.workflow));
    if !title::is_key(key) {
        return wrong(format!("`{}` is no key of letters, digits, `-` and `_`", key.escape_debug()));
    }
    if workflow.is_empty() || workflow.contains(['/', '\\']) || matches!(workflow, "." | "..") {
        return wrong(format!("`{}` is no file name of a workflow", start.workflow.escape_debug()));
    }
    if start.reference.trim().is_empty() {
        return wrong("a workflow is started on a branch or a tag, and none is given".to_owned());
    }
    if !start.inputs.values().any(|value| title::holds(value, key)) {
        return wrong(format!("no input of the workflow `{workflow}` is given the key `{key}`, so its run could not be found again"));
    }
    if start.inputs.len() > MOST_INPUTS {
        return wrong(format!("a workflow takes {MOST_INPUTS} inputs at most, and {} are given", start.inputs.len()));
    }
    let bytes = serde_json::to_string(&start.inputs).map_or(usize::MAX, |text| text.len());
    if bytes > MOST_BYTES {
        return wrong(format!("the inputs of a workflow may be {MOST_BYTES} bytes long together, and these are {bytes}"));
    }
    Ok(())
}

/// The name alone: GitHub takes no path here, which people write nevertheless.
fn file_name(workflow: &str) -> &str {
    workflow.strip_prefix("./").unwrap_or(workflow).strip_prefix(".github/workflows/").unwrap_or(workflow)
}

fn read(run: Run) -> WorkflowRun {
    WorkflowRun {
        id: run.id,
        url: wire::web_address(&run.html_url).unwrap_or_default().to_owned(),
        title: run.display_title.unwrap_or_default(),
        event: run.event,
        branch: run.head_branch.filter(|branch| !branch.is_empty()),
        sha: run.head_sha.filter(|sha| wire::is_object_id(sha)),
        status: run.status.unwrap_or_default(),
        conclusion: run.conclusion,
        attempt: run.run_attempt.unwrap_or(1),
        created: seconds(run.created_at.as_deref()),
        updated: seconds(run.updated_at.as_deref()),
        actor: run.actor.map(|user| user.login).filter(|login| !login.is_empty()),
        // GitHub adds `@main` where the workflow is another repository's.
        workflow: run.path.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> WorkflowStart {
        let inputs = BTreeMap::from([("key".to_owned(), "pm1-4f".to_owned())]);
        WorkflowStart { workflow: "train.yml".to_owned(), reference: "main".to_owned(), inputs, key: "pm1-4f".to_owned() }
    }

    #[test]
    fn what_github_would_refuse_is_refused_before() {
        assert!(check(&start()).is_ok());
        assert!(check(&WorkflowStart { workflow: ".github/workflows/train.yml".to_owned(), ..start() }).is_ok());
        let many = (0..26).map(|number| (format!("i{number}"), "pm1-4f".to_owned())).collect();
        let long = BTreeMap::from([("key".to_owned(), format!("pm1-4f {}", "x".repeat(65_535)))]);
        let other = BTreeMap::from([("key".to_owned(), "pm1-4f0".to_owned())]);
        for (wrong, words) in [
            (WorkflowStart { key: "a key".to_owned(), ..start() }, "no key"),
            (WorkflowStart { key: String::new(), ..start() }, "no key"),
            (WorkflowStart { workflow: "../train.yml".to_owned(), ..start() }, "no file name"),
            (WorkflowStart { workflow: "..".to_owned(), ..start() }, "no file name"),
            (WorkflowStart { reference: " ".to_owned(), ..start() }, "a branch or a tag"),
            (WorkflowStart { inputs: other, ..start() }, "no input"),
            (WorkflowStart { inputs: many, ..start() }, "26 are given"),
            (WorkflowStart { inputs: long, ..start() }, "bytes long"),
        ] {
            let told = check(&wrong).expect_err("refused").to_string();
            assert!(told.contains(words), "{told}");
        }
    }
}
