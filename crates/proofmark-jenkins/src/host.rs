//! What a build of Jenkins is about, from its environment alone. A pure function.
//!
//! Two things that are easy to get wrong: `GIT_COMMIT` may be a merge that Jenkins made for the test, which no forge knows;
//! and `BRANCH_NAME` of a change request is `PR-12`, not its branch. Both need the clone or the forge to settle, so they are
//! told apart here and not guessed.

mod remote;

use proofmark_core::run::{Place, PullRequest, RunContext, System};

pub use remote::Remote;

/// The longest text that is taken from a variable, in bytes.
const LONGEST: usize = 1000;

/// A build, and what only Jenkins knows of it. Names are as they came: hostile until escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Host {
    /// What reports tell of it. The commit of the head is left out: see [`Host::commit`].
    pub run: RunContext,
    /// Where the repository is cloned from, as the build says.
    pub remote: Option<Remote>,
    /// `GIT_COMMIT`: what is checked out, which may be a merge that was made for the test.
    pub commit: Option<String>,
    /// The last commit of this branch whose build succeeded, else the last one that was built.
    pub previous: Option<String>,
    /// Whether Jenkins calls the branch the primary one; `None` when it does not say.
    pub primary: Option<bool>,
    /// The name below `refs/remotes/origin/` under which a multibranch project fetches the head of what it builds.
    pub fetched_as: Option<String>,
    /// The number of the build, which begins anew when the job is made anew.
    pub number: Option<u64>,
}

/// What a build is about; `None` outside of a build. `JENKINS_URL` alone is none: people set it for Jenkins' own client.
pub fn read(var: &dyn Fn(&str) -> Option<String>) -> Option<Host> {
    let text = |name: &str| var(name).filter(|text| !text.trim().is_empty() && text.len() <= LONGEST);
    let in_jenkins = text("JENKINS_URL").is_some() || text("JENKINS_HOME").is_some();
    let (job, number) = (text("JOB_NAME")?, text("BUILD_NUMBER")?);
    if !in_jenkins {
        return None;
    }
    let environment = Environment { var: &text };
    let mut host = match (text("CHANGE_ID"), text("ghprbPullId")) {
        (Some(change), _) => environment.change(&change),
        (None, Some(pull)) => environment.pull_request_builder(&pull),
        (None, None) => environment.branch(),
    };
    // All branches of a multibranch project are one job to those who name checks: their own name is the last part.
    let is_child = text("BRANCH_NAME").is_some();
    let project = job.rsplit_once('/').filter(|_| is_child).map_or(job.as_str(), |(project, _)| project);
    host.run.job = Some(project.to_owned());
    host.run.run_url = text("BUILD_URL").and_then(|url| address(&url));
    host.number = number.trim().parse().ok();
    host.remote = host.remote.or_else(|| environment.remote());
    if let Some(remote) = &host.remote {
        host.run.repository = Some(remote.repository.clone());
        host.run.server_url = Some(format!("https://{}", remote.server));
    }
    Some(host)
}

/// The variables, each checked for what it is used as.
struct Environment<'a> {
    var: &'a dyn Fn(&str) -> Option<String>,
}

impl Environment<'_> {
    fn text(&self, name: &str) -> Option<String> {
        (self.var)(name)
    }

    /// A change request of a multibranch project.
    fn change(&self, id: &str) -> Host {
        let mut host = self.host("pull_request");
        // Other forges call their changes by other names; those have nothing to comment.
        host.run.pull_request = number(id).map(|number| {
            let mut pull = PullRequest::new(number);
            pull.fork = self.text("CHANGE_FORK").is_some();
            pull.author = self.text("CHANGE_AUTHOR");
            pull
        });
        host.run.actor = self.text("CHANGE_AUTHOR");
        host.run.base = Place::new(self.text("CHANGE_TARGET"), None);
        host.run.head = Place::new(self.text("CHANGE_BRANCH"), None);
        host.fetched_as = self.text("BRANCH_NAME");
        host.remote = self.remote().or_else(|| Remote::of_pull_request(&self.text("CHANGE_URL")?, number(id)?));
        host
    }

    /// A build of the plugin "GitHub Pull Request Builder".
    fn pull_request_builder(&self, id: &str) -> Host {
        let mut host = self.host("pull_request");
        host.run.pull_request = number(id).map(|number| {
            let mut pull = PullRequest::new(number);
            pull.author = self.text("ghprbPullAuthorLogin");
            pull
        });
        host.run.actor = self.text("ghprbTriggerAuthorLogin");
        host.run.base = Place::new(self.text("ghprbTargetBranch"), None);
        host.run.head = Place::new(self.text("ghprbSourceBranch"), self.commit_in("ghprbActualCommit"));
        let named = self.text("ghprbGhRepository").zip(self.text("ghprbPullLink"));
        host.remote = self.remote().or_else(|| {
            let (name, link) = named?;
            Remote::of_pull_request(&link, number(id)?).filter(|remote| remote.repository == name)
        });
        host
    }

    /// A branch or a tag, of a multibranch project or of a plain one.
    fn branch(&self) -> Host {
        if let Some(tag) = self.text("TAG_NAME") {
            let mut host = self.host("tag");
            host.run.head.branch = Some(tag);
            return host;
        }
        let mut host = self.host("push");
        let child = self.text("BRANCH_NAME");
        host.primary = child.as_ref().map(|_| self.text("BRANCH_IS_PRIMARY").as_deref() == Some("true"));
        host.fetched_as.clone_from(&child);
        // `GIT_BRANCH` of a plain job is `origin/main`, or `detached`.
        let plain = || {
            let name = self.text("GIT_BRANCH").filter(|name| name != "detached")?;
            let name = name.strip_prefix("refs/heads/").or_else(|| name.strip_prefix("origin/")).unwrap_or(&name);
            Some(name.to_owned())
        };
        host.run.head.branch = child.or_else(|| self.text("GIT_LOCAL_BRANCH")).or_else(plain);
        host
    }

    fn host(&self, event: &str) -> Host {
        Host {
            run: RunContext::new(System::Jenkins, event),
            remote: None,
            commit: self.commit_in("GIT_COMMIT"),
            previous: self.commit_in("GIT_PREVIOUS_SUCCESSFUL_COMMIT").or_else(|| self.commit_in("GIT_PREVIOUS_COMMIT")),
            primary: None,
            fetched_as: None,
            number: None,
        }
    }

    fn remote(&self) -> Option<Remote> {
        // With several remotes the plugin counts them.
        ["GIT_URL", "GIT_URL_1"].iter().find_map(|name| Remote::parse(&self.text(name)?))
    }

    /// A full commit id; anything else is none.
    fn commit_in(&self, name: &str) -> Option<String> {
        let text = self.text(name)?.trim().to_ascii_lowercase();
        (matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(text)
    }
}

fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|&number| number > 0)
}

/// An http or https address without user, password, query and fragment, as renderers take it for a link.
fn address(text: &str) -> Option<String> {
    let is_web = ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme));
    let uri: http::Uri = text.parse().ok().filter(|_| is_web)?;
    // The parser drops a fragment without a word.
    let is_bare = uri.query().is_none() && !text.contains('#');
    let is_plain = is_bare && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    is_plain.then(|| text.trim_end_matches('/').to_owned() + "/")
}

#[cfg(test)]
mod tests;
