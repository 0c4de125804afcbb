//! Orders for GitHub from the plan and the texts, and what came of them in words.

use proofmark_core::past::PastRun;
use proofmark_core::run::RunContext;
use proofmark_github::{
    CheckKey, CheckOrder, CheckOutcome, CommentOrder, CommentOutcome, GitHubError, LabelOrder, Link, Origin, Post, Posted, ReviewOrder,
    ReviewOutcome, StatusOrder, StatusState,
};
use proofmark_render::escape::terminal;

use super::Arrived;
use super::compose::{Content, Look, fnv};
use super::plan::Plan;
use crate::exit::CliError;

/// Where the report belongs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    /// The pull request.
    pub(crate) pull: Option<u64>,
    /// The commit that people see.
    pub(crate) sha: Option<String>,
    /// The branch that the change goes into.
    pub(crate) base: Option<String>,
    /// The run that made the report: a later one wins.
    pub(crate) run_id: u64,
    pub(crate) attempt: u32,
}

impl Place {
    /// As the run says.
    pub(crate) fn of(run: &RunContext) -> Self {
        let pull = run.pull_request.as_ref().map(|pull| pull.number);
        Self { pull, sha: run.head.commit.clone(), base: run.base.branch.clone(), run_id: run.run_id, attempt: run.attempt }
    }
}

/// Addresses of what was posted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Links {
    pub(crate) comment: Option<String>,
    pub(crate) check: Option<String>,
}

/// What came of it all.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Whether a run like this one could send at all.
    pub(crate) arrived: Arrived,
    pub(crate) links: Links,
    /// The check run shows the annotations.
    pub(crate) annotated: bool,
    /// What was done, a line each.
    pub(crate) done: Vec<String>,
    /// What the token may not do, with advice.
    pub(crate) denied: Vec<CliError>,
    /// What failed for another reason.
    pub(crate) failed: Vec<CliError>,
}

impl Default for Sent {
    fn default() -> Self {
        let (links, done, denied, failed) = Default::default();
        Self { arrived: Arrived::Yes, links, annotated: false, done, denied, failed }
    }
}

/// The key of a check run: the same for every run of this part.
pub(crate) fn check_key(name: &str, plan: &Plan, place: &Place, sha: &str, run_url: Option<&str>) -> CheckKey {
    // Another pull request of the same commit, or another base, is another question: a newer answer to it replaces none.
    let question = format!("{}\n{}\n{}", plan.section, place.pull.unwrap_or_default(), place.base.as_deref().unwrap_or_default());
    let key = format!("{:016x}", fnv(question.as_bytes()));
    let origin = Origin { run_id: place.run_id, attempt: place.attempt, key };
    CheckKey { name: name.to_owned(), head_sha: sha.to_owned(), external_id: origin.to_string(), details_url: run_url.map(str::to_owned) }
}

/// One report, ready to go.
pub(crate) struct Letter<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) place: &'a Place,
    pub(crate) content: Content<'a>,
    pub(crate) look: &'a Look<'a>,
    /// The login that comments are written by, if the user told.
    pub(crate) author: Option<&'a str>,
    /// Seconds since 1970.
    pub(crate) now: u64,
    /// Told when it takes longer than usual.
    pub(crate) waiting: &'a dyn Fn(&str),
}

/// Posts what the plan wants at its place.
pub(crate) fn send(link: &Link, letter: &Letter<'_>) -> Result<Sent, CliError> {
    let Letter { plan, place, content, look, author, now, waiting } = *letter;
    let sha = place.sha.as_deref();
    let mut run = PastRun::new(place.run_id, place.attempt, sha.unwrap_or_default(), now, content.effect(), content.headline());
    run.values = content.values();
    let render = |past: &[PastRun], limit: usize| content.markdown(look, past, limit).map_err(|error| error.to_string());
    let run_url = look.page.run.and_then(|run| run.run_url.as_deref());
    let status = |context: &String| {
        Some(StatusOrder {
            sha: sha?.to_owned(),
            context: context.clone(),
            state: StatusState::Judged(content.effect()),
            description: content.status_line(),
            target_url: run_url.map(str::to_owned),
        })
    };
    let check = match (&plan.check, sha) {
        (Some(name), Some(sha)) => {
            let text = content.check(look)?;
            Some(CheckOrder {
                key: check_key(name, plan, place, sha, run_url),
                effect: content.effect(),
                title: text.title,
                summary: text.summary,
                text: text.text,
                annotations: content.annotations(),
            })
        }
        _ => None,
    };
    let annotated = check.is_some();
    let post = Post {
        comment: place.pull.map(|issue| CommentOrder {
            issue,
            key: plan.key.clone(),
            section: plan.section.clone(),
            mode: plan.comment,
            run,
            digest: content.digest(),
            quiet: content.is_quiet(),
            author: author.map(str::to_owned),
            render: &render,
            waiting: Some(waiting),
        }),
        check,
        status: plan.status.as_ref().and_then(status),
        instead_of_check: plan.instead_of_check.as_ref().and_then(status),
        labels: place.pull.map(|issue| LabelOrder { issue, add: plan.labels.add.clone(), remove: plan.labels.remove.clone() }),
        reviews: place.pull.map(|pull| reviews(pull, &plan.reviewers)),
    };
    Ok(told(link.block_on(link.client().post(&post)), annotated))
}

/// `user`, or `organisation/team`.
fn reviews(pull: u64, names: &[String]) -> ReviewOrder {
    let (teams, users): (Vec<&String>, Vec<&String>) = names.iter().partition(|name| name.contains('/'));
    let team = |name: &String| name.rsplit('/').next().unwrap_or(name).to_owned();
    ReviewOrder { pull, users: users.into_iter().cloned().collect(), teams: teams.into_iter().map(team).collect() }
}

/// What came of each part, in words.
fn told(posted: Posted, annotated: bool) -> Sent {
    let mut sent = Sent::default();
    // A status stands in for a check that the token cannot write; only when that failed too is there something to tell.
    let stood_in = matches!(posted.status, Some(Ok(()))) && matches!(&posted.check, Some(Err(error)) if proofmark_github::needs_app(error));
    if let Some(outcome) = sent.settle(posted.comment, "the comment") {
        sent.comment(outcome);
    }
    let status = if posted.status_left { "a newer or a blocking report stands, so no commit status was set" } else { "commit status set" };
    if stood_in {
        sent.done.push(format!("the token cannot write checks; {status}"));
    } else if let Some(outcome) = sent.settle(posted.check, "the check") {
        sent.annotated = annotated;
        sent.check(outcome);
    }
    if sent.settle(posted.status, "the commit status").is_some() && !stood_in {
        sent.done.push(status.to_owned());
    }
    if let Some(change) = sent.settle(posted.labels, "the labels") {
        let listed = |names: &[String]| names.iter().map(|name| terminal(name)).collect::<Vec<_>>().join(", ");
        if !change.added.is_empty() {
            sent.done.push(format!("labels added: {}", listed(&change.added)));
        }
        if !change.removed.is_empty() {
            sent.done.push(format!("labels removed: {}", listed(&change.removed)));
        }
    }
    match sent.settle(posted.reviews, "the request for a review") {
        Some(ReviewOutcome::Asked { users, teams }) => {
            sent.done.push(format!("review requested from {}", terminal(&[users, teams].concat().join(", "))));
        }
        Some(ReviewOutcome::Refused(words)) => {
            sent.done.push(format!("no review was requested, GitHub says: {}", terminal(&words)));
        }
        Some(ReviewOutcome::NothingToDo) | None => {}
    }
    sent
}

impl Sent {
    /// Takes the result of one part: its outcome, or an error into its list.
    fn settle<T>(&mut self, result: Option<Result<T, GitHubError>>, what: &str) -> Option<T> {
        match result? {
            Ok(outcome) => Some(outcome),
            Err(error) => {
                let denied = matches!(error.status(), Some(401 | 403 | 404));
                let mut told = CliError::from(error);
                told.message = format!("{what} could not be posted: {}", told.message);
                let list = if denied { &mut self.denied } else { &mut self.failed };
                list.push(told);
                None
            }
        }
    }

    fn comment(&mut self, outcome: CommentOutcome) {
        let what = match outcome.plain() {
            CommentOutcome::Created { .. } => "comment created",
            CommentOutcome::Updated { .. } => "comment updated",
            CommentOutcome::Recreated { .. } => "comment written anew",
            CommentOutcome::Unchanged { .. } => "the comment says the same already",
            CommentOutcome::Superseded { .. } => "a newer run has commented already",
            CommentOutcome::Deleted => "comment deleted, since nothing is left to look at",
            CommentOutcome::NotNeeded | CommentOutcome::Noted { .. } => "no comment is needed",
        };
        self.said(what, outcome.url());
        self.done.extend(outcome.notes().iter().map(|note| terminal(note)));
        self.links.comment = outcome.url().filter(|url| !url.is_empty()).map(str::to_owned);
    }

    fn check(&mut self, outcome: CheckOutcome) {
        let (what, run) = match outcome {
            CheckOutcome::Posted(run) => ("check completed", run),
            CheckOutcome::Superseded { by } => ("a newer run has a check already", by),
            CheckOutcome::Overruled { by } => {
                ("another report of this name blocks the commit, and its check stands until a new commit", by)
            }
        };
        self.said(what, Some(&run.url));
        self.links.check = Some(run.url);
    }

    fn said(&mut self, what: &str, url: Option<&str>) {
        let url = url.filter(|url| !url.is_empty());
        self.done.push(url.map_or_else(|| what.to_owned(), |url| format!("{what}: {}", terminal(url))));
    }
}
