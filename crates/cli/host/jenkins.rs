//! A build of Jenkins: what its environment leaves open, as the clone and then GitHub tell it.

use proofmark_core::run::{Place, PullRequest, RunContext};
use proofmark_git::{Commit, Head, Repository};
use proofmark_github::{Client, GitHubError, Pull};
use proofmark_jenkins::host::{self, Remote};

use crate::session::open_repository;
use crate::world::World;

/// A server whose name may be taken from the clone, whose configuration the change's own code may have written.
const KNOWN_SERVER: &str = "github.com";

/// What only a build of Jenkins knows.
pub(crate) struct Build {
    /// Where the repository lies, and so where tokens may go.
    pub(super) remote: Option<Remote>,
    /// What is checked out.
    checked_out: Option<Commit>,
    /// The project itself fetched the head that the run names, so that a commit on top of it is Jenkins' own merge.
    head_was_fetched: bool,
    /// The head of the pull request, where it is no longer what was checked out.
    pub(crate) moved_on: Option<String>,
}

/// The build around us, if there is one.
pub(super) fn detect(world: &World) -> Option<(RunContext, Build)> {
    let found = host::read(&|name| world.var(name).map(str::to_owned))?;
    let repository = open_repository(world).ok();
    let mut run = found.run.clone();
    // The number of a build begins anew with its job; reports go by which of them is newer.
    run.run_id = world.now();
    let remote = found.remote.clone().or_else(|| remote_of(repository.as_ref()?));
    if let (None, Some(remote)) = (&run.repository, &remote) {
        run.repository = Some(remote.repository.clone());
        run.server_url = Some(format!("https://{}", remote.server));
    }
    let checked_out = repository.as_ref().and_then(head_of);
    let mut build = Build { remote, checked_out, head_was_fetched: false, moved_on: None };
    if run.event == "pull_request" {
        build.settle_change(&mut run, &found, repository.as_ref());
    } else {
        build.settle_branch(&mut run, &found, repository.as_ref());
    }
    Some((run, build))
}

impl Build {
    /// Which commit is the head, and whether it was merged for the test.
    fn settle_change(&mut self, run: &mut RunContext, found: &host::Host, repository: Option<&Repository>) {
        let fetched = || fetched(repository?, found.fetched_as.as_deref()?);
        let told = run.head.commit.clone().or_else(fetched);
        self.head_was_fetched = told.is_some();
        match (&self.checked_out, &told) {
            (Some(here), Some(told)) => {
                run.head.commit = Some(told.clone());
                self.merged_from(run, &here.clone(), told);
            }
            // A merge may be Jenkins' or the author's: GitHub tells.
            (Some(here), None) => run.head.commit = Some(here.id.clone()).filter(|_| here.parents.len() < 2),
            (None, _) => run.head.commit = told.or_else(|| found.commit.clone()),
        }
    }

    /// Notes that what is checked out was made by merging the head with the base.
    fn merged_from(&self, run: &mut RunContext, here: &Commit, head: &str) {
        let [one, two] = here.parents.as_slice() else { return };
        let base = if one == head { two } else { one };
        if here.id != head && here.parents.iter().any(|parent| parent == head) {
            run.merged = Some(here.id.clone());
            run.base.commit = run.base.commit.take().or_else(|| Some(base.clone()));
        }
    }

    /// What a branch is compared with: the branch that all goes into, or, for that branch itself, what it was before.
    fn settle_branch(&self, run: &mut RunContext, found: &host::Host, repository: Option<&Repository>) {
        run.head.commit = self.checked_out.as_ref().map(|here| here.id.clone()).or_else(|| found.commit.clone());
        if run.event != "push" {
            return;
        }
        let default = || Some(repository?.default_branch(None).ok()?.branch);
        let is_primary = found.primary.unwrap_or_else(|| run.head.branch.is_some() && run.head.branch == default());
        if is_primary {
            // A build of the same commit again is about what that commit brought.
            let before = found.previous.clone().filter(|previous| Some(previous) != run.head.commit.as_ref());
            let parent = || self.checked_out.as_ref()?.parents.first().cloned();
            run.base = Place::new(run.head.branch.clone(), before.or_else(parent));
        }
    }

    /// What GitHub says of the pull request.
    pub(super) async fn ask(&mut self, run: &mut RunContext, number: u64, client: &Client) -> Result<(), GitHubError> {
        let pull = client.pull_request(number).await?;
        let Some(here) = self.checked_out.clone() else {
            run.head.commit = Some(pull.head_sha.clone());
            told_by(run, pull);
            return Ok(());
        };
        if here.id == pull.head_sha {
            (run.head.commit, run.merged) = (Some(pull.head_sha.clone()), None);
        } else if run.merged.is_some() && run.head.commit.as_ref() == Some(&pull.head_sha) {
            // As the clone says.
        } else if !self.head_was_fetched && here.parents.contains(&pull.head_sha) && is_unknown(client, &here.id).await? {
            run.head.commit = Some(pull.head_sha.clone());
            self.merged_from(run, &here, &pull.head_sha);
        } else {
            self.moved_on = Some(pull.head_sha.clone());
        }
        told_by(run, pull);
        Ok(())
    }

    /// The server of the repository, where nobody says that it is a GitHub.
    pub(super) fn foreign_server(&self, world: &World) -> Option<&str> {
        let server = self.remote.as_ref().map(|remote| remote.server.as_str())?;
        let vouched = world.var("GITHUB_SERVER_URL").and_then(|url| url.trim_end_matches('/').strip_prefix("https://"));
        let is_known = server == KNOWN_SERVER
            || world.var("GITHUB_API_URL").is_some()
            || vouched.is_some_and(|known| known.eq_ignore_ascii_case(server));
        (!is_known).then_some(server)
    }

    /// Whether the branch that changes go into has to be asked for.
    pub(super) fn lacks_base(&self, run: &RunContext, world: &World) -> bool {
        run.base == Place::default() && open_repository(world).is_ok_and(|repository| repository.default_branch(None).is_err())
    }
}

/// Takes what GitHub knows better than the environment.
fn told_by(run: &mut RunContext, pull: Pull) {
    let mut known = run.pull_request.take().unwrap_or_else(|| PullRequest::new(pull.number));
    (known.fork, known.draft, known.author) = (pull.fork, pull.draft, pull.author);
    run.pull_request = Some(known);
    run.base = Place::new(Some(pull.base_ref), Some(pull.base_sha));
    run.head.branch = Some(pull.head_branch);
}

/// Whether GitHub has no such commit: then it was made here. Somebody's own merge, which the pull request had a moment ago, is
/// there.
async fn is_unknown(client: &Client, sha: &str) -> Result<bool, GitHubError> {
    match client.commit(sha).await {
        Ok(_) => Ok(false),
        Err(error) if matches!(error.status(), Some(404 | 422)) => Ok(true),
        Err(error) => Err(error),
    }
}

fn head_of(repository: &Repository) -> Option<Commit> {
    match repository.head().ok()? {
        Head::Branch { commit, .. } | Head::Detached { commit } => Some(commit),
        Head::Unborn { .. } => None,
    }
}

/// What a multibranch project fetched under this name.
fn fetched(repository: &Repository, name: &str) -> Option<String> {
    // Nothing that git would read as steps from a revision.
    let is_plain = !name.contains("..") && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    is_plain.then(|| repository.resolve(&format!("refs/remotes/origin/{name}")).ok()).flatten().map(|commit| commit.id)
}

/// The repository that the clone is of. The code that is tested can write there, so that no other server than GitHub's own is
/// believed: a token would go there.
fn remote_of(repository: &Repository) -> Option<Remote> {
    Remote::parse(&repository.remote_url()?).filter(|remote| remote.server == KNOWN_SERVER)
}
