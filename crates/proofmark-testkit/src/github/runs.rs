//! Workflow runs: how they come about, go on, are listed and cancelled.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::{Answer, Outcome};
use super::call::{Call, Need};
use super::checks::pulls;
use super::comments::number;
use super::site::{WEB, user_id};
use super::{paging, world};

const READ: Need = Need::read(&["actions"]);
const WRITE: Need = Need::write(&["actions"]);
/// The workflow of runs that name none.
const USUAL_FILE: &str = "metrics.yml";

/// One run of a workflow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Run {
    /// Its number.
    pub id: u64,
    /// The workflow's name.
    pub name: String,
    /// What people see it by; empty for the workflow's name.
    pub title: String,
    /// The workflow's file, without a folder.
    pub file: String,
    /// Such as `pull_request`.
    pub event: String,
    /// Who started it; empty for `octocat`.
    pub actor: String,
    /// The branch that it ran for.
    pub head_branch: String,
    /// The commit that it ran for.
    pub head_sha: String,
    /// `owner/name` that the commit came from; empty for this repository.
    pub head_repository: String,
    /// `completed`, as a rule.
    pub status: String,
    /// `success` and so on.
    pub conclusion: Option<String>,
    /// From 1.
    pub run_attempt: u64,
    /// When it began.
    pub created_at: String,
    /// When it last changed; empty for when it began.
    pub updated_at: String,
    /// How it goes on; nothing for a run that stays as it is.
    pub plan: Option<Plan>,
    /// What it was started with.
    pub inputs: BTreeMap<String, Value>,
}

/// How a run that was started goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// It is read so often while it waits.
    pub queued: u64,
    /// It is read so often while it runs.
    pub running: u64,
    /// What it ends with.
    pub conclusion: String,
    /// So many reads of a list do not show it yet.
    pub late: u64,
}

impl Default for Plan {
    fn default() -> Self {
        Self { queued: 1, running: 1, conclusion: "success".to_owned(), late: 0 }
    }
}

impl Plan {
    /// Runs that lists show only after so many reads.
    pub fn late(reads: u64) -> Self {
        Self { late: reads, ..Self::default() }
    }
}

impl Run {
    /// A completed run for a pull request.
    pub fn of_pull_request(id: u64, head_branch: &str, head_sha: &str) -> Self {
        Self { id, event: "pull_request".to_owned(), head_branch: head_branch.to_owned(), head_sha: head_sha.to_owned(), ..Self::default() }
    }

    /// A completed run that somebody started, with this title.
    pub fn started(id: u64, file: &str, title: &str) -> Self {
        let (file, title, event) = (file.to_owned(), title.to_owned(), "workflow_dispatch".to_owned());
        Self { id, file, title, event, head_branch: "main".to_owned(), head_sha: "c".repeat(40), ..Self::default() }
    }

    pub(crate) fn settle(&mut self, id: u64, now: &str) {
        self.id = id;
        let fields = [
            (&mut self.name, "metrics"),
            (&mut self.file, USUAL_FILE),
            (&mut self.event, "push"),
            (&mut self.actor, "octocat"),
            (&mut self.status, "completed"),
            (&mut self.created_at, now),
        ];
        for (field, value) in fields {
            if field.is_empty() {
                value.clone_into(field);
            }
        }
        if self.title.is_empty() {
            self.title.clone_from(&self.name);
        }
        if self.updated_at.is_empty() {
            self.updated_at.clone_from(&self.created_at);
        }
        if self.status == "completed" && self.conclusion.is_none() {
            self.conclusion = Some("success".to_owned());
        }
        self.run_attempt = self.run_attempt.max(1);
    }

    fn is_listed(&self) -> bool {
        self.plan.as_ref().is_none_or(|plan| plan.late == 0)
    }

    /// What a read sees, one read later than the last.
    fn go_on(&mut self, now: &str) {
        let Some(plan) = &mut self.plan else { return };
        let before = self.status.clone();
        if self.status == "queued" && plan.queued == 0 {
            "in_progress".clone_into(&mut self.status);
        }
        if self.status == "in_progress" && plan.running == 0 {
            "completed".clone_into(&mut self.status);
            self.conclusion = Some(plan.conclusion.clone());
        }
        match self.status.as_str() {
            "queued" => plan.queued -= 1,
            "in_progress" => plan.running -= 1,
            _ => {}
        }
        if self.status != before {
            now.clone_into(&mut self.updated_at);
        }
    }
}

pub(crate) fn route(call: &mut Call<'_>, path: &[&str]) -> Option<Outcome> {
    let method = call.request.method.as_str();
    Some(match (method, path) {
        ("GET", ["actions", "runs"]) => list(call, None),
        ("GET", ["actions", "workflows", workflow, "runs"]) => list(call, Some(workflow)),
        ("GET", ["actions", "runs", run]) => get(call, number(run)?),
        ("GET", ["actions", "runs", run, "jobs"]) => jobs(call, number(run)?),
        ("POST", ["actions", "runs", run, "cancel"]) => cancel(call, number(run)?),
        _ => return None,
    })
}

pub(crate) fn find<'a>(call: &'a Call<'_>, id: u64) -> Result<&'a Run, Answer> {
    call.repo().runs.get(&id).ok_or_else(Answer::not_found)
}

/// The file that is meant by its name or its number.
pub(crate) fn workflow_file(call: &Call<'_>, workflow: &str) -> Result<String, Answer> {
    let repository = call.repo();
    let mut files = repository.workflows.keys().chain(repository.unstartable.iter()).chain(repository.runs.values().map(|run| &run.file));
    let found = files.find(|file| *file == workflow || workflow_id(file).to_string() == workflow);
    found.cloned().ok_or_else(Answer::not_found)
}

fn workflow_id(file: &str) -> u64 {
    5_000_000_000 + user_id(file)
}

fn get(call: &mut Call<'_>, id: u64) -> Outcome {
    call.needs(READ)?;
    find(call, id)?;
    let now = call.world.clock.now();
    if let Some(run) = call.repo_mut().runs.get_mut(&id) {
        run.go_on(&now);
    }
    Ok(Answer::ok(shape(call, find(call, id)?)))
}

fn list(call: &mut Call<'_>, workflow: Option<&str>) -> Outcome {
    call.needs(READ)?;
    let file = workflow.map(|workflow| workflow_file(call, workflow)).transpose()?;
    let parameter = |name: &str| call.request.parameter(name).filter(|text| !text.is_empty());
    let (event, branch, status) = (parameter("event"), parameter("branch"), parameter("status"));
    let (actor, sha, created) = (parameter("actor"), parameter("head_sha"), parameter("created"));
    let is = |wanted: &Option<String>, there: &str| wanted.as_ref().is_none_or(|wanted| wanted == there);
    let wanted = |run: &Run| {
        is(&file, &run.file)
            && is(&event, &run.event)
            && is(&branch, &run.head_branch)
            && is(&actor, &run.actor)
            && is(&sha, &run.head_sha)
            && (is(&status, &run.status) || run.conclusion.as_ref().is_some_and(|conclusion| is(&status, conclusion)))
            && created.as_ref().is_none_or(|range| is_within(&run.created_at, range))
    };
    let found: Vec<&Run> = call.repo().runs.values().rev().filter(|run| wanted(run) && run.is_listed()).collect();
    let bare = parameter("exclude_pull_requests").as_deref() == Some("true");
    let shape = |run| {
        let mut shown = shape(call, run);
        if bare {
            shown["pull_requests"] = json!([]);
        }
        shown
    };
    let answer = paging::shaped(call, "workflow_runs", found, shape);
    for run in call.repo_mut().runs.values_mut().filter(|run| is(&file, &run.file)) {
        if let Some(plan) = &mut run.plan {
            plan.late = plan.late.saturating_sub(1);
        }
    }
    Ok(answer)
}

/// Whether a moment lies in a range as GitHub's search writes it: `>=2026-01-01`, `2026-01-01..2026-02-01`, `2026-01-01`.
fn is_within(moment: &str, range: &str) -> bool {
    // Days and moments are compared as far as they go.
    let cut = |bound: &str| moment.get(..bound.len().min(moment.len())).unwrap_or_default().to_owned();
    if let Some((from, to)) = range.split_once("..") {
        return (from == "*" || cut(from).as_str() >= from) && (to == "*" || cut(to).as_str() <= to);
    }
    for (mark, holds) in
        [(">=", [false, true, true]), ("<=", [true, true, false]), (">", [false, false, true]), ("<", [true, false, false])]
    {
        if let Some(bound) = range.strip_prefix(mark) {
            return holds[(cut(bound).as_str().cmp(bound) as i8 + 1) as usize];
        }
    }
    cut(range) == range
}

fn jobs(call: &mut Call<'_>, id: u64) -> Outcome {
    call.needs(READ)?;
    let run = find(call, id)?;
    let url = call.site.api(&format!("/repos/{}/actions", call.repository));
    let (job, runs) = (id + 20_000_000_000, run.status != "queued");
    let shown = json!({
        "id": job,
        "run_id": id,
        "run_url": format!("{url}/runs/{id}"),
        "run_attempt": run.run_attempt,
        "node_id": format!("CR_kwDO{job}"),
        "head_sha": run.head_sha,
        "head_branch": run.head_branch,
        "url": format!("{url}/jobs/{job}"),
        "html_url": format!("{WEB}/{}/actions/runs/{id}/job/{job}", call.repository),
        "check_run_url": call.site.api(&format!("/repos/{}/check-runs/{job}", call.repository)),
        "status": run.status,
        "conclusion": run.conclusion,
        "created_at": run.created_at,
        "started_at": run.created_at,
        "completed_at": (run.status == "completed").then_some(&run.updated_at),
        "name": "train",
        "workflow_name": run.name,
        "steps": [],
        "labels": ["ubuntu-latest"],
        "runner_id": runs.then_some(1),
        "runner_name": runs.then_some("GitHub Actions 1"),
        "runner_group_id": runs.then_some(1),
        "runner_group_name": runs.then_some("GitHub Actions"),
    });
    Ok(paging::counted(call, "jobs", vec![shown]))
}

fn cancel(call: &mut Call<'_>, id: u64) -> Outcome {
    call.has(WRITE)?;
    if find(call, id)?.status == "completed" {
        return Err(Answer::error(409, "Cannot cancel a workflow run that is completed."));
    }
    let now = call.world.clock.tick();
    if let Some(run) = call.repo_mut().runs.get_mut(&id) {
        "completed".clone_into(&mut run.status);
        (run.conclusion, run.updated_at) = (Some("cancelled".to_owned()), now);
    }
    Ok(Answer::json(202, json!({})))
}

fn shape(call: &Call<'_>, run: &Run) -> Value {
    let base = call.site.api(&format!("/repos/{}", call.repository));
    let url = format!("{base}/actions/runs/{}", run.id);
    let own = call.site.minimal_repository(&call.repository, call.repo());
    let head = if run.head_repository.is_empty() || run.head_repository == call.repository {
        own.clone()
    } else {
        let fork = world::Repository { id: user_id(&run.head_repository), fork: true, ..Default::default() };
        call.site.minimal_repository(&run.head_repository, &fork)
    };
    let workflow = workflow_id(&run.file);
    let suite = 4_000_000_000_u64 + run.id;
    let earlier = call.repo().runs.range(..=run.id).filter(|(_, other)| other.file == run.file).count();
    json!({
        "id": run.id,
        "name": run.name,
        "node_id": format!("WFR_kwDO{}", run.id),
        "head_branch": run.head_branch,
        "head_sha": run.head_sha,
        "path": format!(".github/workflows/{}", run.file),
        "display_title": run.title,
        "run_number": earlier,
        "run_attempt": run.run_attempt,
        "event": run.event,
        "status": run.status,
        "conclusion": run.conclusion,
        "workflow_id": workflow,
        "check_suite_id": suite,
        "check_suite_node_id": format!("CS_kwDO{}", run.id),
        "url": url,
        "html_url": format!("{WEB}/{}/actions/runs/{}", call.repository, run.id),
        "pull_requests": pulls(call, &run.head_sha),
        "created_at": run.created_at,
        "updated_at": run.updated_at,
        "run_started_at": run.created_at,
        "actor": call.site.user(&run.actor),
        "triggering_actor": call.site.user(&run.actor),
        "jobs_url": format!("{url}/jobs"),
        "logs_url": format!("{url}/logs"),
        "check_suite_url": format!("{base}/check-suites/{suite}"),
        "artifacts_url": format!("{url}/artifacts"),
        "cancel_url": format!("{url}/cancel"),
        "rerun_url": format!("{url}/rerun"),
        "previous_attempt_url": null,
        "workflow_url": format!("{base}/actions/workflows/{workflow}"),
        "head_commit": null,
        "repository": own,
        "head_repository": head,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_of_days_or_moments() {
        let moment = "2026-03-05T12:00:00Z";
        for range in [">=2026-03-05", "<=2026-03-05", "2026-03-05", ">2026-03-04", "<2026-03-06", "2026-03-01..2026-03-05", "*..2026-03-05"]
        {
            assert!(is_within(moment, range), "{range}");
        }
        for range in [">2026-03-05", "<2026-03-05", ">=2026-03-06", "2026-03-06..*", "2026-03-04", ">=2026-03-05T12:00:01Z"] {
            assert!(!is_within(moment, range), "{range}");
        }
    }

    #[test]
    fn a_run_waits_runs_and_ends() {
        let plan = Plan { queued: 2, running: 1, conclusion: "failure".to_owned(), late: 0 };
        let mut run = Run { status: "queued".to_owned(), plan: Some(plan), ..Run::default() };
        let seen: Vec<String> = (0..5)
            .map(|_| {
                run.go_on("now");
                run.status.clone()
            })
            .collect();
        assert_eq!(seen, ["queued", "queued", "in_progress", "completed", "completed"]);
        assert_eq!(run.conclusion.as_deref(), Some("failure"));
    }
}
