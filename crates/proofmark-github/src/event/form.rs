//! Which event a payload belongs to: by its name, and by its form.

use proofmark_core::event::Kind;

use super::EventError;
use crate::actions::payload::Part;

/// Parts that only tell events apart.
pub(super) const NAMED: [&str; 12] = [
    "deployment_callback_url",
    "discussion",
    "forkee",
    "hook_id",
    "master_branch",
    "ref_type",
    "review",
    "thread",
    "workflow_job",
    "workflow_job_run",
    "workflow_job_runs",
    "zen",
];

/// Parts that may be `null` in the events that have them.
const NULLABLE: [&str; 2] = ["client_payload", "inputs"];

/// An event that has a type.
struct Form {
    name: &'static str,
    kind: Kind,
    /// What its payload has.
    needs: &'static [&'static str],
    /// What the payloads of others have, that else look like it.
    never: &'static [&'static str],
}

const fn form(name: &'static str, kind: Kind, needs: &'static [&'static str]) -> Form {
    Form { name, kind, needs, never: &[] }
}

/// What tells a review from its pull request.
const OF_REVIEWS: &[&str] = &["review", "comment", "thread"];

static FORMS: [Form; 17] = [
    form("push", Kind::Push, &["ref", "after"]),
    Form { name: "pull_request", kind: Kind::PullRequest, needs: &["pull_request"], never: OF_REVIEWS },
    // Rules treat both alike; which of them a workflow chose says nothing about the pull request.
    Form { name: "pull_request_target", kind: Kind::PullRequest, needs: &["pull_request"], never: OF_REVIEWS },
    form("merge_group", Kind::MergeGroup, &["merge_group"]),
    form("issue_comment", Kind::Comment, &["issue", "comment"]),
    form("workflow_run", Kind::WorkflowRun, &["workflow_run"]),
    form("workflow_dispatch", Kind::WorkflowDispatch, &["inputs"]),
    form("repository_dispatch", Kind::RepositoryDispatch, &["action", "client_payload"]),
    form("schedule", Kind::Schedule, &["schedule"]),
    form("release", Kind::Release, &["release"]),
    Form { name: "deployment", kind: Kind::Deployment, needs: &["deployment"], never: &["deployment_status"] },
    form("deployment_status", Kind::DeploymentStatus, &["deployment", "deployment_status"]),
    form("check_run", Kind::CheckRun, &["check_run"]),
    form("check_suite", Kind::CheckSuite, &["check_suite"]),
    form("status", Kind::Status, &["sha", "state", "context"]),
    form("registry_package", Kind::Package, &["registry_package"]),
    form("package", Kind::Package, &["package"]),
];

/// Events by parts that their payloads have, the more telling before those that others have as well.
const MARKS: [(&str, &[&str]); 30] = [
    ("ping", &["zen", "hook_id"]),
    ("pull_request_review_thread", &["pull_request", "thread"]),
    ("pull_request_review", &["pull_request", "review"]),
    ("pull_request_review_comment", &["pull_request", "comment"]),
    ("pull_request", &["pull_request"]),
    ("issue_comment", &["issue", "comment"]),
    ("issues", &["issue"]),
    ("discussion_comment", &["discussion", "comment"]),
    ("discussion", &["discussion"]),
    ("merge_group", &["merge_group"]),
    ("deployment_protection_rule", &["deployment_callback_url"]),
    ("deployment_review", &["workflow_run", "workflow_job_run"]),
    ("deployment_review", &["workflow_run", "workflow_job_runs"]),
    ("workflow_job", &["workflow_job"]),
    ("deployment_status", &["deployment", "deployment_status"]),
    ("deployment", &["deployment"]),
    ("workflow_run", &["workflow_run"]),
    ("check_run", &["check_run"]),
    ("check_suite", &["check_suite"]),
    ("registry_package", &["registry_package"]),
    ("package", &["package"]),
    ("release", &["release"]),
    ("commit_comment", &["comment"]),
    ("fork", &["forkee"]),
    ("status", &["context", "state", "sha"]),
    ("create", &["ref", "ref_type", "master_branch"]),
    ("delete", &["ref", "ref_type"]),
    ("push", &["ref", "after"]),
    ("repository_dispatch", &["action", "client_payload"]),
    ("schedule", &["schedule"]),
];

/// Events of webhooks and of Actions that have no type, for the names of files.
const OTHERS: [&str; 46] = [
    "branch_protection_configuration",
    "branch_protection_rule",
    "code_scanning_alert",
    "commit_comment",
    "create",
    "custom_property_values",
    "delete",
    "dependabot_alert",
    "deploy_key",
    "deployment_protection_rule",
    "deployment_review",
    "discussion",
    "discussion_comment",
    "fork",
    "github_app_authorization",
    "gollum",
    "installation",
    "installation_repositories",
    "installation_target",
    "issues",
    "label",
    "member",
    "membership",
    "meta",
    "milestone",
    "org_block",
    "organization",
    "page_build",
    "ping",
    "project",
    "projects_v2",
    "projects_v2_item",
    "public",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_review_thread",
    "repository",
    "repository_advisory",
    "repository_ruleset",
    "repository_vulnerability_alert",
    "secret_scanning_alert",
    "security_advisory",
    "sub_issues",
    "team",
    "watch",
    "workflow_job",
];

/// The kind of an event's name. A name of GitHub's that is a kind of another sender's (`build`) is not that kind.
pub(super) fn kind(name: &str) -> Kind {
    let known = FORMS.iter().find(|form| form.name == name);
    known.map_or_else(|| Kind::Other(name.to_owned()), |form| form.kind.clone())
}

/// The event that a payload is one of, by its form alone; `None` when it is not JSON, or could be one of several.
pub fn guess(payload: &[u8]) -> Option<&'static str> {
    like(&super::parse(payload).ok()?.bounded_root())
}

/// The event that the name of a payload's file tells, without its ending: `pull_request.closed.merged`, `push`.
pub fn name_of_file(stem: &str) -> Option<&'static str> {
    let end = stem.find(|letter: char| !letter.is_ascii_lowercase() && letter != '_').unwrap_or(stem.len());
    FORMS.iter().map(|form| form.name).chain(OTHERS).find(|name| *name == &stem[..end])
}

pub(super) fn like(root: &Part<'_>) -> Option<&'static str> {
    let by_marks = MARKS.iter().find(|(_, marks)| marks.iter().all(|mark| has(root, mark)));
    // Last: the one part that it has could be one of any event of tomorrow.
    by_marks.map(|(name, _)| *name).or_else(|| has(root, "inputs").then_some("workflow_dispatch"))
}

/// A payload has what those of the event have, and nothing that tells it from them.
pub(super) fn check(name: &str, root: &Part<'_>) -> Result<(), EventError> {
    let Some(form) = FORMS.iter().find(|form| form.name == name) else { return Ok(()) };
    let foreign = |field, missing| Err(EventError::Foreign { event: form.name, field, missing, like: like(root) });
    if let Some(field) = form.needs.iter().find(|part| !has(root, part)) {
        return foreign(field, true);
    }
    match form.never.iter().find(|part| has(root, part)) {
        Some(field) => foreign(field, false),
        None => Ok(()),
    }
}

/// In a run that is started by hand payloads may be thin: only one that is another event's is refused.
pub(super) fn check_thin(name: &str, root: &Part<'_>) -> Result<(), EventError> {
    match check(name, root) {
        Err(EventError::Foreign { missing: true, like, .. }) if like.is_none_or(|like| kind(like) == kind(name)) => Ok(()),
        checked => checked,
    }
}

fn has(root: &Part<'_>, part: &str) -> bool {
    root.names(part) && (NULLABLE.contains(&part) || !root.value(part).is_null())
}
