//! What is known beyond the event: looked up once, and only what a rule asks for.

use proofmark_core::changes::{FileChange, changed_files};
use proofmark_core::config::RoleName;
use proofmark_core::event::{Event, Kind};
use proofmark_core::ports::Tree;
use proofmark_core::run::{Place, PullRequest};
use proofmark_github::Role as GithubRole;
use proofmark_trigger::facts::{DvcChanges, Fact, Facts, Needs, PullNow, Role};
use proofmark_trigger::{Request, Rules, needs};

use super::dvc;
use super::event::Source;
use super::rules::{Found, tree_at};
use crate::exit::CliError;
use crate::host::Host;
use crate::world::World;

/// Rounds of asking at most: what a command needs, then what changed, then the newest commit.
const ROUNDS: usize = 4;

/// Finds things out.
pub(crate) struct Finder<'a> {
    found: &'a Found,
    world: &'a World,
}

/// Two revisions.
struct Sides {
    base: Box<dyn Tree>,
    head: Box<dyn Tree>,
}

impl<'a> Finder<'a> {
    pub(crate) fn new(found: &'a Found, world: &'a World) -> Self {
        Self { found, world }
    }

    /// Whom our token speaks for, where events of our own can be expected.
    pub(crate) fn own_account(&self, source: &Source) -> Option<String> {
        // A workflow's own token starts nothing by its events, but for those that are asked for by name.
        let event = &source.event;
        event.comment.as_ref()?;
        let host = source.server()?;
        let link = host.link().ok()?;
        link.block_on(link.client().viewer_login()).ok()
    }

    /// Asks until nothing more is needed.
    pub(crate) fn find_all(&self, rules: &Rules, source: &mut Source, facts: &mut Facts, request: &Request) {
        for _ in 0..ROUNDS {
            let wanted = needs(rules, &source.event, facts, request);
            if wanted.is_empty() {
                return;
            }
            self.find(wanted, source, facts);
        }
    }

    /// The newest commit of the branch again.
    pub(crate) fn find_tip(&self, rules: &Rules, source: &Source, facts: &mut Facts, request: &Request) {
        if !needs(rules, &source.event, facts, request).tip {
            return;
        }
        // A way to the server is good for some minutes, and waiting took its time.
        let fresh = Host::described(source.event.repository.as_deref(), None, self.world).ok().flatten();
        facts.tip = self.tip(source, fresh.as_ref());
    }

    fn find(&self, wanted: Needs, source: &mut Source, facts: &mut Facts) {
        if wanted.pull {
            facts.pull = self.pull(source);
        }
        if wanted.role {
            facts.role = self.role(source);
        }
        if wanted.tip {
            facts.tip = self.tip(source, source.host.as_ref());
        }
        if !wanted.changed && !wanted.dvc {
            return;
        }
        match self.sides(source) {
            Ok(Ok(sides)) => {
                let changed = changed_files(sides.base.as_ref(), sides.head.as_ref());
                if wanted.dvc {
                    facts.dvc = self.dvc(source, &sides, changed.as_deref().unwrap_or_default());
                }
                facts.changed = match changed {
                    Ok(changed) => Fact::Known(changed),
                    Err(error) => Fact::Unknown(format!("what changed cannot be read: {error}")),
                };
            }
            Ok(Err(absent)) => {
                facts.changed = Fact::Absent(absent.clone());
                facts.dvc = Fact::Absent(absent);
            }
            Err(error) => {
                let why = format!("what changed cannot be told: {}", in_words(&error));
                facts.changed = Fact::Unknown(why.clone());
                facts.dvc = Fact::Unknown(why);
            }
        }
    }

    /// The revisions that an event is about; in words why it is about none.
    fn sides(&self, source: &Source) -> Result<Result<Sides, String>, CliError> {
        let event = &source.event;
        if event.tag.is_some() {
            return Ok(Err("a tag has no files that changed with it".to_owned()));
        }
        let is_about_commits = matches!(event.kind, Kind::Push | Kind::PullRequest | Kind::MergeGroup | Kind::Gate)
            || (event.kind == Kind::Comment && event.pull_request.is_some());
        if !is_about_commits {
            return Ok(Err(format!("an event `{}` has no files that changed with it", event.kind)));
        }
        let Some(head) = &event.head.commit else {
            return Ok(Err(if event.kind == Kind::Push { "the branch is gone" } else { "the event names no commit" }.to_owned()));
        };
        let base = self.base_of(source, head)?;
        let tree = |commit: &str, name: &str| tree_at(source.repository.as_ref(), source.host.as_ref(), commit, name);
        Ok(Ok(Sides { base: tree(&base, "before")?, head: tree(head, "after")? }))
    }

    /// What the head is compared with: for a change, where it left the branch that it goes into.
    fn base_of(&self, source: &Source, head: &str) -> Result<String, CliError> {
        let event = &source.event;
        let before = event.base.commit.as_deref();
        match (&event.kind, before) {
            (Kind::MergeGroup | Kind::Gate, Some(before)) => Ok(before.to_owned()),
            (Kind::Push, Some(before)) => {
                let is_forced = event.push.as_ref().is_some_and(|push| push.forced);
                // After a forced push the old commit may be found nowhere any more; then what the branch brings counts.
                match tree_at(source.repository.as_ref(), source.host.as_ref(), before, "before") {
                    Err(_) if is_forced => self.fork_point(source, None, head),
                    _ => Ok(before.to_owned()),
                }
            }
            (_, before) => self.fork_point(source, before, head),
        }
    }

    fn fork_point(&self, source: &Source, base: Option<&str>, head: &str) -> Result<String, CliError> {
        let branch =
            source.event.base.branch.clone().filter(|_| source.event.kind != Kind::Push).or_else(|| source.event.default_branch.clone());
        let mut problem = None;
        if let Some(repository) = &source.repository {
            let base = match base {
                Some(base) => repository.resolve(base),
                None => repository.default_branch(branch.as_deref()).map(|branch| branch.commit),
            };
            match base.and_then(|base| Ok((repository.merge_base(&base, &repository.resolve(head)?)?, base))) {
                Ok((Some(found), _)) => return Ok(found.id),
                Ok((None, base)) => return Err(CliError::input(format!("{} and {head} have no common ancestor", base.id))),
                Err(error) => problem = Some(CliError::from(error)),
            }
        }
        match (source.server(), base.map(str::to_owned).or(branch)) {
            (Some(host), Some(base)) => {
                let link = host.link()?;
                Ok(link.block_on(link.client().merge_base(&base, head))?)
            }
            _ => Err(problem.unwrap_or_else(|| CliError::input("nothing is known that the commits can be compared with"))),
        }
    }

    fn dvc(&self, source: &Source, sides: &Sides, changed: &[FileChange]) -> Fact<DvcChanges> {
        let Some(repository) = &source.repository else {
            return Fact::Unknown("what DVC tracks is read in a clone, and there is none".to_owned());
        };
        match dvc::changes(repository, &self.found.compare, sides.base.as_ref(), sides.head.as_ref(), changed, self.world) {
            Ok(changes) => Fact::Known(changes),
            Err(error) => Fact::Unknown(format!("what DVC tracks cannot be read: {}", in_words(&error))),
        }
    }

    /// The pull request of a comment, which the event tells nothing of; the event is completed with it.
    fn pull(&self, source: &mut Source) -> Fact<PullNow> {
        let Some(comment) = source.event.comment.clone() else { return Fact::Absent("there is no comment".to_owned()) };
        let Some(host) = source.server() else {
            return Fact::Unknown("the pull request is asked for at GitHub, and there is no token (`GITHUB_TOKEN`)".to_owned());
        };
        let asked = host.link().and_then(|link| Ok(link.block_on(link.client().pull_request(comment.on))?));
        let pull = match asked {
            Ok(pull) => pull,
            Err(error) => return Fact::Unknown(format!("the pull request cannot be asked for: {}", in_words(&error))),
        };
        let moved = match (pull.head_pushed_at, comment.created) {
            (Some(pushed), Some(created)) => pushed >= created,
            _ => true,
        };
        let now = PullNow { open: pull.open, fork: pull.fork, moved };
        complete(&mut source.event, pull);
        Fact::Known(now)
    }

    fn role(&self, source: &Source) -> Fact<Role> {
        let author = source.event.comment.as_ref().and_then(|comment| comment.author.as_ref());
        let Some(author) = author else { return Fact::Absent("the comment has no author".to_owned()) };
        let Some(host) = source.server() else {
            return Fact::Unknown(format!("the role of {} is asked for at GitHub, and there is no token (`GITHUB_TOKEN`)", author.login));
        };
        match host.link().and_then(|link| Ok(link.block_on(link.client().access_of(&author.login))?)) {
            Ok(access) => Fact::Known(Role { role: role_name(access.role), told: access.custom }),
            Err(error) => Fact::Unknown(format!("the role of {} cannot be asked for: {}", author.login, in_words(&error))),
        }
    }

    fn tip(&self, source: &Source, host: Option<&Host>) -> Fact<String> {
        let event = &source.event;
        let Some(host) = host.filter(|host| host.can_ask()) else {
            return Fact::Absent("nobody to ask".to_owned());
        };
        let asked = match (&event.kind, &event.pull_request, &event.branch) {
            (Kind::PullRequest, Some(pull), _) => {
                host.link().and_then(|link| Ok(link.block_on(link.client().pull_request(pull.number))?.head_sha))
            }
            (Kind::Push, _, Some(branch)) => host.link().and_then(|link| Ok(link.block_on(link.client().branch_tip(branch))?)),
            _ => return Fact::Absent("it has no branch".to_owned()),
        };
        match asked {
            Ok(tip) => Fact::Known(tip),
            Err(error) => Fact::Unknown(in_words(&error)),
        }
    }
}

/// What GitHub knows of the pull request of a comment.
fn complete(event: &mut Event, pull: proofmark_github::Pull) {
    let mut known = PullRequest::new(pull.number);
    (known.fork, known.draft, known.closed) = (pull.fork, pull.draft, !pull.open);
    (known.author, known.labels) = (pull.author, pull.labels);
    event.pull_request = Some(known);
    event.branch = Some(pull.base_ref.clone());
    event.base = Place::new(Some(pull.base_ref), Some(pull.base_sha));
    event.head = Place::new(Some(pull.head_branch), Some(pull.head_sha));
}

fn role_name(role: GithubRole) -> RoleName {
    match role {
        GithubRole::None => RoleName::Anyone,
        GithubRole::Read => RoleName::Read,
        GithubRole::Triage => RoleName::Triage,
        GithubRole::Write => RoleName::Write,
        GithubRole::Maintain => RoleName::Maintain,
        GithubRole::Admin => RoleName::Admin,
    }
}

/// An error in one line.
pub(crate) fn in_words(error: &CliError) -> String {
    let causes = error.causes.iter().filter(|cause| **cause != error.message);
    std::iter::once(&error.message).chain(causes).cloned().collect::<Vec<_>>().join(": ")
}
