//! Check runs with their annotations.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::{Answer, Outcome};
use super::call::{Call, Need, text};
use super::comments::number;
use super::output::{Annotation, Output};
use super::paging;
use super::site::{WEB, app_id};

const READ: Need = Need::read(&["checks"]);
const WRITE: Need = Need::write(&["checks"]);
const STATUSES: [&str; 6] = ["queued", "in_progress", "completed", "waiting", "requested", "pending"];
const CONCLUSIONS: [&str; 7] = ["action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"];

/// One check run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CheckRun {
    /// Its number.
    pub id: u64,
    /// What is shown, and what a ruleset requires.
    pub name: String,
    /// The commit.
    pub head_sha: String,
    /// The app that made it, and alone may change it.
    pub app: String,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// Only of completed ones.
    pub conclusion: Option<String>,
    /// The maker's own name for it.
    pub external_id: Option<String>,
    /// Where the details are.
    pub details_url: Option<String>,
    /// When it began.
    pub started_at: String,
    /// When it ended.
    pub completed_at: Option<String>,
    /// The head line of the report.
    pub title: Option<String>,
    /// Markdown.
    pub summary: Option<String>,
    /// More Markdown.
    pub text: Option<String>,
    /// All that were sent, in order.
    pub annotations: Vec<Annotation>,
}

pub(crate) fn route(call: &mut Call<'_>, path: &[&str]) -> Option<Outcome> {
    let method = call.request.method.as_str();
    Some(match (method, path) {
        ("POST", ["check-runs"]) => create(call),
        ("GET", ["check-runs", id]) => get(call, number(id)?),
        ("PATCH", ["check-runs", id]) => change(call, number(id)?),
        ("GET", ["check-runs", id, "annotations"]) => annotations(call, number(id)?),
        ("GET", ["commits", reference @ .., "check-runs"]) => list(call, &reference.join("/")),
        _ => return None,
    })
}

fn create(call: &mut Call<'_>) -> Outcome {
    let app = writer(call)?;
    let body = call.body()?;
    let name = text(&body, "name").filter(|name| !name.is_empty()).ok_or_else(|| Answer::not_supplied("name"))?;
    let sha = text(&body, "head_sha").ok_or_else(|| Answer::not_supplied("head_sha"))?;
    let head_sha = call.commit(&sha).ok_or_else(|| Answer::error(422, &format!("No commit found for SHA: {sha}")))?;
    let (id, now) = (call.world.next_id(), call.world.clock.tick());
    let mut run = CheckRun { id, name, head_sha, app, status: "queued".to_owned(), started_at: now.clone(), ..CheckRun::default() };
    apply(&mut run, &body, &now)?;
    let shown = shape(call, &run);
    call.repo_mut().check_runs.insert(id, run);
    Ok(Answer::json(201, shown))
}

fn change(call: &mut Call<'_>, id: u64) -> Outcome {
    let app = writer(call)?;
    let mut run = find(call, id)?.clone();
    if run.app != app {
        let message = format!("Invalid app_id `{}` - check run can only be modified by the GitHub App that created it.", app_id(&app));
        return Err(Answer::error(403, &message));
    }
    let body = call.body()?;
    let now = call.world.clock.tick();
    if let Some(name) = text(&body, "name") {
        run.name = name;
    }
    apply(&mut run, &body, &now)?;
    let shown = shape(call, &run);
    call.repo_mut().check_runs.insert(id, run);
    Ok(Answer::ok(shown))
}

/// The app that asks: check runs are for apps alone.
fn writer(call: &Call<'_>) -> Result<String, Answer> {
    match call.token.as_ref().map(|token| token.app_slug().map(str::to_owned)) {
        Some(None) => Err(Answer::error(403, "You must authenticate via a GitHub App.")),
        app => call.has(WRITE).map(|()| app.flatten().unwrap_or_default()),
    }
}

/// What a creation and a change have in common.
fn apply(run: &mut CheckRun, body: &Value, now: &str) -> Result<(), Answer> {
    let conclusion = text(body, "conclusion");
    let status = text(body, "status");
    if let Some(status) = &status {
        if !STATUSES.contains(&status.as_str()) {
            return Err(Answer::invalid("CheckRun", "status", "invalid", ""));
        }
        run.status.clone_from(status);
        if status != "completed" {
            (run.conclusion, run.completed_at) = (None, None);
        }
    }
    if let Some(conclusion) = conclusion {
        if !CONCLUSIONS.contains(&conclusion.as_str()) {
            return Err(Answer::invalid("CheckRun", "conclusion", "invalid", ""));
        }
        (run.status, run.conclusion) = ("completed".to_owned(), Some(conclusion));
        run.completed_at = Some(text(body, "completed_at").unwrap_or_else(|| now.to_owned()));
    } else if run.status == "completed" && run.conclusion.is_none() {
        return Err(Answer::invalid("CheckRun", "conclusion", "missing_field", "conclusion is required when status is completed"));
    }
    if let Some(url) = text(body, "details_url") {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(Answer::invalid("CheckRun", "details_url", "custom", "details_url must use http or https scheme"));
        }
        run.details_url = Some(url);
    }
    if let Some(started_at) = text(body, "started_at") {
        run.started_at = started_at;
    }
    run.external_id = text(body, "external_id").or(run.external_id.take());
    if body["actions"].as_array().is_some_and(|actions| actions.len() > 3) {
        return Err(Answer::invalid("CheckRun", "actions", "custom", "actions is too long (maximum is 3)"));
    }
    if let Some(output) = body.get("output").filter(|output| !output.is_null()) {
        let output = Output::checked(output)?;
        run.title = output.title.or(run.title.take());
        run.summary = Some(output.summary);
        run.text = output.text.or(run.text.take());
        run.annotations.extend(output.annotations);
    }
    Ok(())
}

fn get(call: &mut Call<'_>, id: u64) -> Outcome {
    call.needs(READ)?;
    Ok(Answer::ok(shape(call, find(call, id)?)))
}

fn list(call: &mut Call<'_>, reference: &str) -> Outcome {
    call.needs(READ)?;
    let sha = call.commit(reference).ok_or_else(Answer::not_found)?;
    let (name, status) = (call.request.parameter("check_name"), call.request.parameter("status"));
    let app = call.request.parameter("app_id");
    let all = call.request.parameter("filter").as_deref() == Some("all");
    let mut found: Vec<&CheckRun> = Vec::new();
    for run in call.repo().check_runs.values().rev().filter(|run| run.head_sha == sha) {
        let wanted = name.as_ref().is_none_or(|name| *name == run.name)
            && status.as_ref().is_none_or(|status| *status == run.status)
            && app.as_ref().is_none_or(|app| *app == app_id(&run.app).to_string());
        let newest = !found.iter().any(|later| later.name == run.name && later.app == run.app);
        if wanted && (all || newest) {
            found.push(run);
        }
    }
    let shown = found.into_iter().map(|run| shape(call, run)).collect();
    Ok(paging::counted(call, "check_runs", shown))
}

fn annotations(call: &mut Call<'_>, id: u64) -> Outcome {
    call.needs(READ)?;
    let run = find(call, id)?;
    let page = format!("{WEB}/{}/blob/{}", call.repository, run.head_sha);
    let shown = run.annotations.iter().map(|annotation| annotation.shape(&page)).collect();
    Ok(paging::list(call, shown))
}

fn find<'a>(call: &'a Call<'_>, id: u64) -> Result<&'a CheckRun, Answer> {
    call.repo().check_runs.get(&id).ok_or_else(Answer::not_found)
}

fn shape(call: &Call<'_>, run: &CheckRun) -> Value {
    let url = call.site.api(&format!("/repos/{}/check-runs/{}", call.repository, run.id));
    // The first suite of an app and commit takes all of its runs.
    let same = |other: &&CheckRun| other.app == run.app && other.head_sha == run.head_sha;
    let suite = call.repo().check_runs.values().find(same).map_or(run.id, |first| first.id);
    json!({
        "id": run.id,
        "head_sha": run.head_sha,
        "node_id": format!("CR_kwDO{}", run.id),
        "external_id": run.external_id.clone().unwrap_or_default(),
        "url": url,
        "html_url": format!("{WEB}/{}/runs/{}", call.repository, run.id),
        "details_url": run.details_url.clone().unwrap_or_else(|| format!("{WEB}/{}/runs/{}", call.repository, run.id)),
        "status": run.status,
        "conclusion": run.conclusion,
        "started_at": run.started_at,
        "completed_at": run.completed_at,
        "output": {
            "title": run.title,
            "summary": run.summary,
            "text": run.text,
            "annotations_count": run.annotations.len(),
            "annotations_url": format!("{url}/annotations"),
        },
        "name": run.name,
        "check_suite": {"id": 4_000_000_000_u64 + suite},
        "app": call.site.app(&run.app),
        "pull_requests": pulls(call, &run.head_sha),
    })
}

/// The pull requests from branches of this repository whose head the commit is.
pub(crate) fn pulls(call: &Call<'_>, sha: &str) -> Vec<Value> {
    let side = |branch: &str, sha: &str| {
        let name = call.repository.split('/').next_back().unwrap_or_default();
        let url = call.site.api(&format!("/repos/{}", call.repository));
        json!({"ref": branch, "sha": sha, "repo": {"id": call.repo().id, "url": url, "name": name}})
    };
    let issues = call.repo().issues.values().filter(|issue| issue.state == "open");
    let pulls = issues.filter_map(|issue| issue.pull.as_ref().map(|pull| (issue.number, pull)));
    let here = pulls.filter(|(_, pull)| pull.head.sha == sha && (pull.head.repo.is_empty() || pull.head.repo == call.repository));
    here.map(|(number, pull)| {
        json!({
            "id": 3_000_000_000_u64 + number,
            "number": number,
            "url": call.site.api(&format!("/repos/{}/pulls/{number}", call.repository)),
            "head": side(&pull.head.branch, &pull.head.sha),
            "base": side(&pull.base.branch, &pull.base.sha),
        })
    })
    .collect()
}
