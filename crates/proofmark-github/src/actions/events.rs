//! What each event says about base, head and pull request.

use proofmark_core::run::{Place, PullRequest};

use super::host::{Environment, Host, HostError, Push, SourceRun};
use super::payload::{Part, Payload, is_commit};

/// Fills in what the payload and the environment tell of this event. Events without a rule of their own look at `GITHUB_SHA`.
pub(super) fn describe(host: &mut Host, environment: &Environment<'_>, payload: &Payload) -> Result<(), HostError> {
    let root = payload.root();
    host.run.action = root.owned_text("action")?;
    let seen = Seen { environment, root };
    match host.run.event.as_str() {
        "pull_request" | "pull_request_review" | "pull_request_review_comment" => {
            pull_request(host, &seen)?;
            // What is checked out. The same commit is no merge.
            host.run.merged = seen.commit()?.filter(|merged| host.run.head.commit.as_ref() != Some(merged));
            Ok(())
        }
        // Runs on the base branch: `GITHUB_SHA` is its tip and no merge.
        "pull_request_target" => pull_request(host, &seen),
        "merge_group" => merge_group(host, &seen),
        "workflow_run" => workflow_run(host, &seen),
        "push" => push(host, &seen),
        "issue_comment" | "issues" if !seen.root.at("issue.pull_request")?.is_missing() => comment(host, &seen),
        "release" => release(host, &seen),
        // `GITHUB_SHA` is the default branch's tip here, and the event is about another commit.
        "check_run" => elsewhere(host, &seen, "check_run.head_sha", Some("check_run.check_suite.head_branch")),
        "check_suite" => elsewhere(host, &seen, "check_suite.head_sha", Some("check_suite.head_branch")),
        "deployment" | "deployment_status" => elsewhere(host, &seen, "deployment.sha", Some("deployment.ref")),
        "status" => elsewhere(host, &seen, "sha", None),
        _ => checked_out(host, &seen),
    }
}

/// Both sources of knowledge. Where both know, the payload counts: a runner agrees with it, act does not always.
struct Seen<'a> {
    environment: &'a Environment<'a>,
    root: Part<'a>,
}

impl Seen<'_> {
    fn commit(&self) -> Result<Option<String>, HostError> {
        self.environment.commit("GITHUB_SHA")
    }

    fn reference(&self) -> Result<Option<String>, HostError> {
        Ok(self.root.owned_text("ref")?.or_else(|| self.environment.text("GITHUB_REF")))
    }

    fn default_branch(&self) -> Result<Option<String>, HostError> {
        self.root.owned_text("repository.default_branch")
    }
}

fn pull_request(host: &mut Host, seen: &Seen<'_>) -> Result<(), HostError> {
    let pull = seen.root.at("pull_request")?;
    let (head, base) = (pull.at("head")?, pull.at("base")?);
    let variable = |name| seen.environment.text(name);
    host.run.head = Place::new(head.owned_text("ref")?.or_else(|| variable("GITHUB_HEAD_REF")), head.commit("sha")?);
    host.run.base = Place::new(base.owned_text("ref")?.or_else(|| variable("GITHUB_BASE_REF")), base.commit("sha")?);
    host.head_repository = head.repository("repo.full_name")?;
    let foreign = lies_elsewhere(&head, "repo", &base.at("repo")?, host.run.repository.as_deref())?;
    host.foreign_head = foreign.ok_or_else(|| incomplete(host, "pull_request.head.repo"))?;
    let number = match pull.number("number")? {
        None => seen.root.number("number")?,
        known => known,
    };
    if let Some(number) = number.or_else(|| variable("GITHUB_REF").and_then(|reference| number_of_pull(&reference))) {
        host.run.pull_request = Some(facts(&pull, number, host.foreign_head)?);
    }
    Ok(())
}

fn merge_group(host: &mut Host, seen: &Seen<'_>) -> Result<(), HostError> {
    let group = seen.root.at("merge_group")?;
    let reference = group.owned_text("head_ref")?.or_else(|| seen.environment.text("GITHUB_REF"));
    let branch = reference.as_deref().map(branch_name);
    let queued = branch.and_then(queued);
    let base = group.text("base_ref")?.map(branch_name).or(queued.map(|(base, _)| base)).map(str::to_owned);
    let base_commit = group.commit("base_sha")?.ok_or_else(|| incomplete(host, "merge_group.base_sha"))?;
    host.run.base = Place::new(base, Some(base_commit));
    host.run.head = Place::new(branch.map(str::to_owned), group.commit("head_sha")?.or(seen.commit()?));
    host.run.queued = queued.map(|(_, number)| number).into_iter().collect();
    host.head_repository = host.run.repository.clone();
    Ok(())
}

fn workflow_run(host: &mut Host, seen: &Seen<'_>) -> Result<(), HostError> {
    let source = seen.root.at("workflow_run")?;
    let head = source.commit("head_sha")?;
    host.source = Some(SourceRun {
        id: source.number("id")?,
        attempt: source.number("run_attempt")?,
        event: source.owned_text("event")?,
        workflow: source.owned_text("name")?,
        conclusion: source.owned_text("conclusion")?,
    });
    host.head_repository = source.repository("head_repository.full_name")?;
    let foreign = lies_elsewhere(&source, "head_repository", &source.at("repository")?, host.run.repository.as_deref())?;
    host.foreign_head = foreign.ok_or_else(|| incomplete(host, "workflow_run.head_repository"))?;
    let pulls = pulls_of(&source.rows("pull_requests")?, head.as_deref(), seen.root.number("repository.id")?)?;
    host.candidates = pulls.iter().map(|(_, number)| *number).collect();
    if let Some((base, pull)) = only_pull(&pulls, host.foreign_head)? {
        (host.run.base, host.run.pull_request) = (base, Some(pull));
    }
    host.run.head = Place::new(source.owned_text("head_branch")?, head);
    Ok(())
}

/// The pull requests whose head is this very commit. GitHub lists all of the branch, also those whose branch has moved on, and
/// those that go into another repository than `here`.
pub(crate) fn pulls_of<'a>(rows: &[Part<'a>], head: Option<&str>, here: Option<u64>) -> Result<Vec<(Part<'a>, u64)>, HostError> {
    let mut found: Vec<(Part<'a>, u64)> = Vec::new();
    for pull in rows {
        let there = pull.number("base.repo.id")?;
        let is_ours = here.is_none() || there.is_none() || here == there;
        let is_current = head.is_some() && pull.commit("head.sha")?.as_deref() == head;
        if let Some(number) =
            pull.number("number")?.filter(|number| is_ours && is_current && found.iter().all(|(_, known)| known != number))
        {
            found.push((pull.clone(), number));
        }
    }
    Ok(found)
}

/// The pull request where there is exactly one, and where it goes; between several nobody has chosen.
pub(crate) fn only_pull(pulls: &[(Part<'_>, u64)], foreign: bool) -> Result<Option<(Place, PullRequest)>, HostError> {
    let [(pull, number)] = pulls else { return Ok(None) };
    let base = Place::new(pull.owned_text("base.ref")?, pull.commit("base.sha")?);
    let foreign = foreign || is_foreign(&pull.at("head.repo")?, &pull.at("base.repo")?, None)? == Some(true);
    Ok(Some((base, facts(pull, *number, foreign)?)))
}

fn push(host: &mut Host, seen: &Seen<'_>) -> Result<(), HostError> {
    let root = &seen.root;
    let deleted = root.flag("deleted")?;
    let reference = seen.reference()?;
    let told = !root.at("after")?.is_missing();
    let after = if told { root.commit("after")? } else { seen.commit()? };
    let push = Push {
        before: root.commit("before")?,
        after: after.filter(|_| !deleted),
        created: root.flag("created")?,
        deleted,
        forced: root.flag("forced")?,
        tag: reference.as_deref().is_some_and(|reference| reference.starts_with("refs/tags/")),
    };
    let branch = reference.as_deref().and_then(short_name).map(str::to_owned);
    // The default branch goes on from where it was. Another one is work that will go into the default branch; were it judged by
    // its last push alone, a loss could grow in small steps.
    let default_branch = seen.default_branch()?;
    let goes_on = !push.tag && (default_branch.is_none() || branch == default_branch);
    host.run.base = match push.before.clone().filter(|_| goes_on) {
        Some(before) => Place::new(branch.clone(), Some(before)),
        None => Place::new(default_branch, None),
    };
    host.run.head = Place::new(branch, push.after.clone());
    host.push = Some(push);
    host.head_repository = host.run.repository.clone();
    Ok(())
}

/// On a pull request, by its number alone: the payload knows neither its commits nor where its head lies, so both must be asked
/// for before anything is judged or trusted.
fn comment(host: &mut Host, seen: &Seen<'_>) -> Result<(), HostError> {
    let issue = seen.root.at("issue")?;
    host.foreign_head = true;
    if let Some(number) = issue.number("number")? {
        host.run.pull_request = Some(facts(&issue, number, true)?);
    }
    Ok(())
}

fn release(host: &mut Host, seen: &Seen<'_>) -> Result<(), HostError> {
    checked_out(host, seen)?;
    if let Some(tag) = seen.root.owned_text("release.tag_name")? {
        host.run.head.branch = Some(tag);
    }
    // The place that the tag was made from: a branch, or a commit when somebody chose one.
    if let Some(from) = seen.root.text("release.target_commitish")?.filter(|from| !is_commit(from)) {
        host.run.base = Place::new(Some(branch_name(from).to_owned()), None);
    }
    Ok(())
}

fn elsewhere(host: &mut Host, seen: &Seen<'_>, commit: &str, branch: Option<&str>) -> Result<(), HostError> {
    checked_out(host, seen)?;
    if let Some(commit) = seen.root.commit(commit)? {
        let branch = branch.map(|path| seen.root.owned_text(path)).transpose()?.flatten();
        host.run.head = Place::new(branch, Some(commit));
    }
    Ok(())
}

fn checked_out(host: &mut Host, seen: &Seen<'_>) -> Result<(), HostError> {
    let default_branch = seen.default_branch()?;
    let reference = seen.reference()?;
    let branch = reference.as_deref().and_then(short_name).map(str::to_owned).or_else(|| default_branch.clone());
    host.run.head = Place::new(branch, seen.commit()?);
    host.run.base = Place::new(default_branch, None);
    host.head_repository = host.run.repository.clone();
    Ok(())
}

pub(crate) fn facts(pull: &Part<'_>, number: u64, fork: bool) -> Result<PullRequest, HostError> {
    let mut facts = PullRequest::new(number);
    facts.fork = fork;
    facts.draft = pull.flag("draft")?;
    facts.closed = pull.text("state")? == Some("closed");
    facts.author = pull.owned_text("user.login")?;
    for label in pull.rows("labels")? {
        facts.labels.extend(label.owned_text("name")?);
    }
    Ok(facts)
}

/// Whether the repository that is called `head` in `of` is another one than `base`; a fork that is gone is `null`. `None` when
/// nothing is told.
pub(crate) fn lies_elsewhere(of: &Part<'_>, head: &str, base: &Part<'_>, here: Option<&str>) -> Result<Option<bool>, HostError> {
    let repository = of.at(head)?;
    Ok(match is_foreign(&repository, base, here)? {
        None if of.names(head) && repository.is_missing() => Some(true),
        told => told,
    })
}

/// Whether two repositories are different ones: something can be compared, and something differs. `None` when nothing is told.
fn is_foreign(head: &Part<'_>, base: &Part<'_>, here: Option<&str>) -> Result<Option<bool>, HostError> {
    let ids = head.number("id")?.zip(base.number("id")?).map(|(head, base)| head != base);
    let base_name = base.text("full_name")?.or(here);
    let names = head.text("full_name")?.zip(base_name).map(|(head, base)| !head.eq_ignore_ascii_case(base));
    Ok(match (ids, names) {
        (None, None) => None,
        (ids, names) => Some(ids == Some(true) || names == Some(true)),
    })
}

/// Better no answer than one that takes a run for a stranger's, or a stranger's for one of ours.
fn incomplete(host: &Host, field: &'static str) -> HostError {
    HostError::Incomplete { event: host.run.event.clone(), field }
}

pub(crate) fn branch_name(reference: &str) -> &str {
    reference.strip_prefix("refs/heads/").unwrap_or(reference)
}

/// The branch or tag of a full reference; others, such as `refs/pull/1/merge`, have no name.
pub(crate) fn short_name(reference: &str) -> Option<&str> {
    let below = reference.strip_prefix("refs/heads/").or_else(|| reference.strip_prefix("refs/tags/"));
    below.or_else(|| (!reference.starts_with("refs/")).then_some(reference))
}

/// The number in `refs/pull/NUMBER/merge`.
fn number_of_pull(reference: &str) -> Option<u64> {
    let (number, kind) = reference.strip_prefix("refs/pull/")?.split_once('/')?;
    if matches!(kind, "merge" | "head") { whole(number) } else { None }
}

/// Base and number of `gh-readonly-queue/BASE/pr-NUMBER-COMMIT`. The base may hold slashes.
fn queued(branch: &str) -> Option<(&str, u64)> {
    let (base, last) = branch.strip_prefix("gh-readonly-queue/")?.rsplit_once('/')?;
    let (number, commit) = last.strip_prefix("pr-")?.split_once('-')?;
    if is_commit(commit) { Some((base, whole(number)?)) } else { None }
}

/// A number of digits alone, which `parse` does not insist on.
fn whole(digits: &str) -> Option<u64> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?.filter(|&number| number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_branches_are_taken_apart_from_the_end() {
        let commit = "929f8209d40f77f4abc622a499c93a83babdbe64";
        let read = |branch: &str| queued(&branch.replace("SHA", commit)).map(|(base, number)| (base.to_owned(), number));
        assert_eq!(read("gh-readonly-queue/main/pr-104-SHA"), Some(("main".to_owned(), 104)));
        assert_eq!(read("gh-readonly-queue/release/pr-7-SHA/2.0/pr-8-SHA"), Some((format!("release/pr-7-{commit}/2.0"), 8)));
        for bad in [
            "main",
            "gh-readonly-queue/pr-1-SHA",
            "gh-readonly-queue/main/pr-+1-SHA",
            "gh-readonly-queue/main/pr-0-SHA",
            "gh-readonly-queue/main/pr-1-abc",
            "x/gh-readonly-queue/main/pr-1-SHA",
            "gh-readonly-queue/main/pr-99999999999999999999-SHA",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn references_have_names() {
        assert_eq!(short_name("refs/heads/a/b"), Some("a/b"));
        assert_eq!(short_name("refs/tags/v1"), Some("v1"));
        assert_eq!(short_name("main"), Some("main"));
        assert_eq!(short_name("refs/pull/7/merge"), None);
        assert_eq!(number_of_pull("refs/pull/7/merge"), Some(7));
        for bad in ["refs/pull//merge", "refs/pull/7/other", "refs/pull/-7/merge", "refs/heads/7/merge"] {
            assert_eq!(number_of_pull(bad), None, "{bad}");
        }
    }
}
