//! The check run: in progress while somebody measures, then completed with the report and remarks at lines of files.
//!
//! Nothing is made twice: a lost creation is looked up by its external id, a lost change by the number of annotations, and
//! only then repeated. A run that is older than what is there gives way.

mod order;
mod origin;
mod there;

use std::time::Duration;

use proofmark_core::config::Effect;
use serde_json::{Value, json};

use crate::client::Client;
use crate::error::GitHubError;
use crate::{routes, wire};

pub use order::{CheckKey, CheckOrder};
pub use origin::Origin;
use there::There;

/// The conclusion that blocks.
const FAILURE: &str = "failure";

/// Pages of check runs that are looked at. More than a thousand of one name and commit come of a schedule, not of a report.
const MOST_PAGES: u32 = 10;

/// How often a request is made whose answers get lost, each time after a look at what is there.
const TRIES: u32 = 3;

/// A server that lost an answer may still be at work on the request.
const BEFORE_LOOKING: Duration = Duration::from_millis(200);

/// A check run that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckRun {
    /// Its number.
    pub id: u64,
    /// Where people see it; empty in a dry run.
    pub url: String,
    annotations: u64,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckOutcome {
    /// It is there.
    Posted(CheckRun),
    /// A newer run reports on the same commit under the same name, so this one did not.
    Superseded {
        /// The newer run's check.
        by: CheckRun,
    },
    /// Another report of the same name blocks this commit: of another pull request, base or workflow. The latest check of a name is
    /// the one that branch rules see, so this one, which does not block, would open the gate for the other:
    /// it was not posted, or was made to block as well.
    Overruled {
        /// The check that blocks.
        by: CheckRun,
    },
}

impl Client {
    /// Says that somebody is at work: a check run in progress, the one that this run has already or a new one.
    ///
    /// # Errors
    /// See [`GitHubError`], and [`crate::needs_app`] for tokens that can set a commit status instead.
    pub async fn start_check(&self, key: &CheckKey) -> Result<CheckOutcome, GitHubError> {
        let there = self.checks_there(key).await?;
        if let Some(newer) = there.newer {
            return Ok(CheckOutcome::Superseded { by: read(newer) });
        }
        let run = match there.open {
            Some(run) => run,
            None => self.create_check(key, key.in_progress(None), &there.ids).await?,
        };
        Ok(CheckOutcome::Posted(read(run)))
    }

    /// Completes a check run: the one that was started in this process, else the one that an earlier step of this run
    /// has left in progress, else a new one.
    ///
    /// # Errors
    /// See [`GitHubError`], and [`crate::needs_app`] for tokens that can set a commit status instead.
    pub async fn complete_check(&self, started: Option<&CheckRun>, order: &CheckOrder) -> Result<CheckOutcome, GitHubError> {
        let batches = order.batches();
        // There is always a last batch, if an empty one.
        let (last, first) = batches.split_last().map_or((&[][..], &[][..]), |(last, first)| (last.as_slice(), first));
        let (mut run, first) = match started {
            Some(run) => (run.clone(), first),
            None => {
                let there = self.checks_there(&order.key).await?;
                if let Some(newer) = there.newer {
                    self.close_check(&order.key, there.open).await?;
                    return Ok(CheckOutcome::Superseded { by: read(newer) });
                }
                if let Some(blocking) = there.blocking.filter(|_| order.effect != Effect::Block) {
                    self.close_check(&order.key, there.open).await?;
                    return Ok(CheckOutcome::Overruled { by: read(blocking) });
                }
                match (there.open, first.split_first()) {
                    (Some(run), _) => (read(run), first),
                    (None, None) => {
                        let run = self.create_check(&order.key, order.completed(last, true), &there.ids).await?;
                        // Whoever comes after a check that blocks from the start sees it.
                        return if order.effect == Effect::Block {
                            Ok(CheckOutcome::Posted(read(run)))
                        } else {
                            self.settle(order, read(run)).await
                        };
                    }
                    (None, Some((batch, rest))) => {
                        let begun = order.key.in_progress(Some(order.meanwhile(batch)));
                        let run = self.create_check(&order.key, begun, &there.ids).await?;
                        (CheckRun { annotations: batch.len() as u64, ..read(run) }, rest)
                    }
                }
            }
        };
        for batch in first {
            self.change_check(&mut run, &json!({"output": order.meanwhile(batch)}), batch.len()).await?;
        }
        self.change_check(&mut run, &order.completed(last, false), last.len()).await?;
        self.settle(order, run).await
    }

    /// Looks once more when a conclusion is there: another report may have been posted since the first look, and of two that look
    /// after they have posted, at least one sees the other.
    async fn settle(&self, order: &CheckOrder, mut run: CheckRun) -> Result<CheckOutcome, GitHubError> {
        let there = self.checks_there(&order.key).await?;
        if order.effect == Effect::Block {
            if there.latest.is_none_or(|latest| latest.id <= run.id || latest.conclusion.as_deref() == Some(FAILURE)) {
                return Ok(CheckOutcome::Posted(run));
            }
            // This check is older than another's, which does not block: the latest of the name has to.
            let run = self.create_check(&order.key, order.completed(&[], true), &there.ids).await?;
            return Ok(CheckOutcome::Posted(read(run)));
        }
        let Some(blocking) = there.blocking else { return Ok(CheckOutcome::Posted(run)) };
        self.change_check(&mut run, &order.overruled(), 0).await?;
        Ok(CheckOutcome::Overruled { by: read(blocking) })
    }

    /// What is there under this name at this commit: the newest thousand, a hundred with each request.
    async fn checks_there(&self, key: &CheckKey) -> Result<There, GitHubError> {
        let mut runs = Vec::new();
        for page in 1..=MOST_PAGES {
            let list: wire::CheckRuns = self.json(&routes::list_checks(&self.repo, &key.head_sha, &key.name(), page)).await?;
            let full = list.check_runs.len() >= routes::PER_PAGE as usize;
            runs.extend(list.check_runs);
            if !full {
                break;
            }
        }
        Ok(There::sort(key, runs))
    }

    async fn create_check(&self, key: &CheckKey, body: Value, before: &[u64]) -> Result<wire::CheckRun, GitHubError> {
        let request = routes::create_check(&self.repo, body);
        let mut tries = 0;
        loop {
            let lost = match self.json(&request).await {
                Err(error) if error.is_lost() => error,
                settled => return settled,
            };
            tries += 1;
            tokio::time::sleep(BEFORE_LOOKING).await;
            // Without a look nothing may be made again.
            let Ok(list) = self.json::<wire::CheckRuns>(&routes::list_checks(&self.repo, &key.head_sha, &key.name(), 1)).await else {
                return Err(lost);
            };
            let ours = |run: &wire::CheckRun| run.external_id.as_deref() == Some(&key.external_id) && !before.contains(&run.id);
            if let Some(run) = list.check_runs.into_iter().find(ours) {
                return Ok(run);
            }
            if tries == TRIES {
                return Err(lost);
            }
        }
    }

    /// Changes a check run, to which `added` annotations are added.
    async fn change_check(&self, run: &mut CheckRun, change: &Value, added: usize) -> Result<(), GitHubError> {
        let request = routes::update_check(&self.repo, run.id, change.clone());
        let mut tries = 0;
        loop {
            let lost = match self.json::<wire::CheckRun>(&request).await {
                Ok(_) => {
                    run.annotations += added as u64;
                    return Ok(());
                }
                Err(error) if error.is_lost() => error,
                Err(error) => return Err(error),
            };
            tries += 1;
            tokio::time::sleep(BEFORE_LOOKING).await;
            let Ok(there) = self.json::<wire::CheckRun>(&routes::check(&self.repo, run.id)).await else { return Err(lost) };
            if added > 0 && there.output.annotations_count > run.annotations {
                run.annotations = there.output.annotations_count;
                return Ok(());
            }
            if tries == TRIES {
                return Err(lost);
            }
        }
    }

    /// Ends what an earlier step of this run has left in progress, as of the moment when it began: by neither order is it
    /// newer than the newer run's.
    async fn close_check(&self, key: &CheckKey, open: Option<wire::CheckRun>) -> Result<(), GitHubError> {
        let Some(open) = open else { return Ok(()) };
        let change = key.given_up(open.started_at.as_deref());
        self.change_check(&mut read(open), &change, 0).await
    }
}

fn read(run: wire::CheckRun) -> CheckRun {
    CheckRun { id: run.id, url: run.html_url.unwrap_or_default(), annotations: run.output.annotations_count }
}
