//! Starts a workflow once.
//!
//! Before anything is sent, the runs are looked through for the key. A start whose answer was lost is looked for as long as
//! lists may lag behind, and only then asked for again; should it turn up after all, or somebody else's with the same key, the
//! run with the smallest number stays and the others are cancelled. A workflow whose titles do not show the key cannot be
//! looked up: it is told by a run that began meanwhile without any key, and then nothing is sent again.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{Begun, DISPATCH, StartPatience, StartedWorkflow, WorkflowRun, WorkflowStart, file_name, title};
use crate::client::Client;
use crate::error::GitHubError;
use crate::routes;
use crate::wire::triggers;

/// The field that old servers do not know.
const DETAILS: &str = "return_run_details";

/// Runs of a look after the start, which is about the newest ones: a page of a hundred is a megabyte.
const FEW: usize = 10;

/// A start on its way.
pub(super) struct Starter<'a> {
    client: &'a Client,
    start: &'a WorkflowStart,
    patience: &'a StartPatience,
    /// The newest run that was there before.
    newest: u64,
    /// How often the workflow was asked for.
    sent: u32,
}

/// The runs as one look sees them.
struct Seen {
    /// With the key, by number.
    keyed: Vec<WorkflowRun>,
    /// Numbers of all of them.
    ids: Vec<u64>,
    /// Something began since without any key.
    unmarked: bool,
}

impl<'a> Starter<'a> {
    pub(super) fn new(client: &'a Client, start: &'a WorkflowStart, patience: &'a StartPatience) -> Self {
        Self { client, start, patience, newest: 0, sent: 0 }
    }

    pub(super) async fn run(mut self) -> Result<StartedWorkflow, GitHubError> {
        let before = self.seen(self.runs(self.patience.depth).await?);
        if let Some(run) = before.keyed.into_iter().next() {
            return Ok(started(Begun::Earlier, Some(run)));
        }
        self.newest = before.ids.into_iter().max().unwrap_or_default();
        let mut details = true;
        let mut why = "it was never asked for".to_owned();
        while self.sent < self.patience.tries.max(1) {
            match self.ask(details).await {
                Ok(_) if self.client.is_dry() => return Ok(started(Begun::New, None)),
                Ok(Some(run)) => {
                    self.sent += 1;
                    return Ok(self.known(run).await);
                }
                Ok(None) => {
                    self.sent += 1;
                    return self.unnumbered().await;
                }
                Err(error) if details && is_too_new(&error) => details = false,
                Err(error) if error.is_lost() => {
                    self.sent += 1;
                    why = error.to_string();
                    if let Some(run) = self.search(self.patience.settling, &why).await? {
                        return Ok(self.alone(run, Begun::FoundAgain).await);
                    }
                }
                // What came before was looked for and is not there.
                Err(error) => return Err(error),
            }
        }
        Err(self.unknown(why))
    }

    /// One request. The run, where the server tells it.
    async fn ask(&self, details: bool) -> Result<Option<WorkflowRun>, GitHubError> {
        let WorkflowStart { workflow, reference, inputs, .. } = self.start;
        let mut body = json!({ "ref": reference, "inputs": inputs });
        if details {
            body[DETAILS] = json!(true);
        }
        let request = routes::workflows::start(&self.client.repo, file_name(workflow), body);
        let answer = self.client.send(&request).await?;
        if answer.status == 204 || self.client.is_dry() {
            return Ok(None);
        }
        // Anything else that is no such object may be the page of something in between, or half of what GitHub said.
        let begun: triggers::Begun = serde_json::from_slice(&answer.body).map_err(|error| self.client.shape(&request, &answer, &error))?;
        Ok(Some(self.young(begun)))
    }

    /// A run of which only the number is known.
    fn young(&self, begun: triggers::Begun) -> WorkflowRun {
        WorkflowRun {
            id: begun.workflow_run_id,
            url: crate::wire::web_address(&begun.html_url).unwrap_or_default().to_owned(),
            title: String::new(),
            event: DISPATCH.to_owned(),
            branch: None,
            sha: None,
            status: "queued".to_owned(),
            conclusion: None,
            attempt: 1,
            created: 0,
            updated: 0,
            actor: None,
            workflow: String::new(),
        }
    }

    /// A start whose number is known: others with the same key are looked for once lists show it, and so what came before it.
    async fn known(&self, own: WorkflowRun) -> StartedWorkflow {
        let (since, mut pause) = (Instant::now(), self.patience.pause);
        let keyed = loop {
            // From here on nothing that fails may hide that it was started.
            let Ok(seen) = self.look().await else { break Vec::new() };
            if seen.ids.contains(&own.id) || since.elapsed() >= self.patience.settling {
                break seen.keyed;
            }
            sleep(pause).await;
            pause = self.patience.next(pause);
        };
        let first = keyed.first().filter(|first| first.id < own.id).cloned();
        if let Some(first) = first {
            let twins = self.cancel(&[own.id]).await;
            let begun = if self.sent > 1 { Begun::FoundAgain } else { Begun::Earlier };
            return StartedWorkflow { begun, run: Some(first), twins };
        }
        // A request that was believed lost has arrived late. Somebody else's twin is theirs to cancel.
        let late: Vec<u64> = keyed.iter().map(|run| run.id).filter(|id| *id != own.id && self.sent > 1).collect();
        let twins = self.cancel(&late).await;
        let run = match keyed.into_iter().find(|run| run.id == own.id) {
            Some(run) => run,
            None => self.client.workflow_run(own.id).await.unwrap_or(own),
        };
        StartedWorkflow { begun: Begun::New, run: Some(run), twins }
    }

    /// A start that the server took without telling its number.
    async fn unnumbered(&self) -> Result<StartedWorkflow, GitHubError> {
        let (since, mut pause) = (Instant::now(), self.patience.pause);
        loop {
            // It was started: where it is, is a lesser question.
            let Ok(seen) = self.look().await else { return Ok(started(Begun::New, None)) };
            if let Some(run) = seen.keyed.into_iter().next() {
                return Ok(self.alone(run, Begun::New).await);
            }
            if since.elapsed() >= self.patience.find {
                return Ok(started(Begun::New, None));
            }
            sleep(pause).await;
            pause = self.patience.next(pause);
        }
    }

    /// Looks for what a request made whose answer was lost. `None` says that it may be sent again.
    async fn search(&self, time: Duration, why: &str) -> Result<Option<WorkflowRun>, GitHubError> {
        let (since, mut pause) = (Instant::now(), self.patience.pause);
        loop {
            let last = since.elapsed() >= time;
            let seen = self.look().await.map_err(|error| self.unknown(format!("{why}; and then {error}")))?;
            if let Some(run) = seen.keyed.into_iter().next() {
                return Ok(Some(run));
            }
            if last && seen.unmarked {
                return Err(self.unknown(format!("{why}; a run without a key in its title began since (its `run-name` has to show it)")));
            }
            if last {
                return Ok(None);
            }
            sleep(pause).await;
            pause = self.patience.next(pause);
        }
    }

    /// Looks once more after a run was found by its key, and cancels all but the first: among them is one that was asked for here.
    async fn alone(&self, found: WorkflowRun, begun: Begun) -> StartedWorkflow {
        sleep(self.patience.pause).await;
        let keyed = self.look().await.map(|seen| seen.keyed).unwrap_or_default();
        let first = keyed.first().filter(|first| first.id < found.id).unwrap_or(&found).clone();
        let others: Vec<u64> = keyed.iter().map(|run| run.id).chain([found.id]).filter(|id| *id != first.id).collect();
        let twins = self.cancel(&others).await;
        StartedWorkflow { begun, run: Some(first), twins }
    }

    /// Cancels runs, and gives those that could not be.
    async fn cancel(&self, ids: &[u64]) -> Vec<u64> {
        let mut left = Vec::new();
        for id in ids {
            let mut tries = self.patience.tries.max(1);
            // A run that is only just being made refuses to be cancelled.
            while let Err(error) = self.client.cancel_run(*id).await {
                tries -= 1;
                if tries == 0 || error.status() != Some(409) {
                    left.push(*id);
                    break;
                }
                sleep(self.patience.pause).await;
            }
        }
        left
    }

    /// What is there since the start.
    async fn look(&self) -> Result<Seen, GitHubError> {
        let mut runs = self.runs(FEW).await?;
        if runs.len() >= FEW && runs.iter().all(|run| run.id > self.newest) {
            runs = self.runs(self.patience.depth.max(FEW)).await?;
        }
        Ok(self.seen(runs))
    }

    async fn runs(&self, most: usize) -> Result<Vec<WorkflowRun>, GitHubError> {
        self.client.workflow_runs(&self.start.workflow, Some(DISPATCH), most).await
    }

    fn seen(&self, mut runs: Vec<WorkflowRun>) -> Seen {
        let key = &self.start.key;
        // Titles of other events are anybody's words.
        runs.retain(|run| run.event == DISPATCH);
        runs.sort_unstable_by_key(|run| run.id);
        runs.dedup_by_key(|run| run.id);
        let unmarked = runs.iter().any(|run| run.id > self.newest && !title::holds_some(&run.title, key));
        let ids = runs.iter().map(|run| run.id).collect();
        Seen { keyed: runs.into_iter().filter(|run| run.carries(key)).collect(), ids, unmarked }
    }

    fn unknown(&self, why: String) -> GitHubError {
        let WorkflowStart { workflow, key, .. } = self.start;
        GitHubError::Unknown {
            what: format!("the workflow `{workflow}` was started with the key `{key}`"),
            why,
            look: format!("look for `{key}` in the titles of its runs before it is started again"),
        }
    }
}

fn started(begun: Begun, run: Option<WorkflowRun>) -> StartedWorkflow {
    StartedWorkflow { begun, run, twins: Vec::new() }
}

/// A server from before the field refuses it by its name.
fn is_too_new(error: &GitHubError) -> bool {
    matches!(error, GitHubError::Refused { status: 400 | 422, message, .. } if message.contains(DETAILS))
}
