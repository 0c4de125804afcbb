//! Which commit the head is compared with: the merge base or the tip of the branch that the change goes into.
//!
//! The commit may lie in this clone, or, in a shallow one, at the server of the run.

use std::sync::Arc;

use proofmark_core::compare::BaseKind;
use proofmark_core::policy::PolicySide;
use proofmark_core::ports::{Revision, Tree};
use proofmark_core::run::RunContext;
use proofmark_git::{Commit, DefaultBranch, GitError, Head, Repository, SHALLOW_CURE};
use proofmark_github::{Link, RemoteTree};

use crate::args::Between;
use crate::configuration::{ConfigFile, read_config};
use crate::exit::CliError;
use crate::host::Host;

/// What a comparison is for, where that makes a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be looked at.
    Look,
    /// To be looked at by those who know `dvc metrics diff A B`: A itself is the base, and nothing stands in for it.
    AsDvc,
    /// To be judged: the head is not trusted.
    Judge,
}

/// The commit to compare with, and how it was found.
pub(crate) struct Base {
    /// Its files.
    pub(crate) tree: Box<dyn Tree>,
    /// The newest commit of its branch, where that is another one.
    pub(crate) tip: Option<Box<dyn Tree>>,
    /// The commit, where this clone has it: its ancestors may stand in for it.
    pub(crate) commit: Option<Commit>,
    pub(crate) kind: BaseKind,
    pub(crate) name: String,
}

/// What the change goes into.
pub(crate) struct Target {
    place: Place,
    name: String,
    /// The branch's name, if it is one.
    pub(crate) branch: Option<String>,
    /// What the head must be compared with, where it is known without looking for it.
    exact: Option<(BaseKind, String)>,
    /// What people should know about how it was found.
    pub(crate) note: Option<String>,
}

/// What is known of a branch's newest commit.
#[derive(Default)]
struct Newest {
    found: Option<(Place, String)>,
    note: Option<String>,
}

/// A commit and its files, in this clone or at the server of the run.
struct Place {
    id: String,
    tree: Box<dyn Tree>,
    /// The commit, where this clone has it.
    commit: Option<Commit>,
}

impl Place {
    fn here(repository: &Repository, commit: Commit, name: &str) -> Result<Self, CliError> {
        let tree = Box::new(repository.tree_at(&commit, name)?);
        Ok(Self { id: commit.id.clone(), tree, commit: Some(commit) })
    }

    /// Wherever it is.
    fn of(repository: &Repository, id: String, name: &str, host: &Host) -> Result<Self, CliError> {
        match repository.resolve(&id) {
            Ok(commit) => Self::here(repository, commit, name),
            Err(missing) => {
                let opened = RemoteTree::open(reach(host, &missing)?, Revision::commit(name, &id, ""));
                let tree = opened.map_err(|error| match error.status() {
                    Some(404) if host.run.event == "push" => CliError::outside(format!("the commit before this push ({id}) is gone"))
                        .because(&error)
                        .hint("after a forced push there is nothing to compare with: name the base (`base: HEAD~1`, or another branch)"),
                    _ => error.into(),
                })?;
                Ok(Self { id, tree: Box::new(tree), commit: None })
            }
        }
    }
}

impl Target {
    /// What BASE names, else what the run says, else the default branch.
    pub(crate) fn find(
        repository: &Repository,
        between: &Between,
        given: Option<&ConfigFile>,
        purpose: Purpose,
        head: &Commit,
        host: Option<&Host>,
    ) -> Result<Self, CliError> {
        if let Some(typed) = &between.base {
            let commit = repository.resolve(typed)?;
            let is_its_tip = |branch: &DefaultBranch| branch.commit.id == commit.id;
            let branch = repository.default_branch(Some(typed)).ok().filter(is_its_tip).map(|branch| branch.branch);
            return Ok(Self { place: Place::here(repository, commit, typed)?, name: typed.clone(), branch, exact: None, note: None });
        }
        let told = between.default_branch.as_deref();
        if told.is_none()
            && let Some(host) = host
            && let Some(target) = Self::of_run(repository, host, head, purpose)?
        {
            return Ok(target);
        }
        let told = told.or_else(|| given.and_then(|file| file.config.compare.default_branch.as_deref()));
        Self::of_branch(repository, default_branch(repository, told, purpose != Purpose::Judge)?)
    }

    fn of_branch(repository: &Repository, found: DefaultBranch) -> Result<Self, CliError> {
        let place = Place::here(repository, found.commit, &found.name)?;
        Ok(Self { place, name: found.name, branch: Some(found.branch), exact: None, note: None })
    }

    /// What the run of a CI system says that the change goes into.
    fn of_run(repository: &Repository, host: &Host, head: &Commit, purpose: Purpose) -> Result<Option<Self>, CliError> {
        let run = &host.run;
        let branch = run.base.branch.clone().or_else(|| host.default_branch());
        let named = |id: &str| branch.clone().unwrap_or_else(|| id.get(..10).unwrap_or(id).to_owned());
        // A queue tries its commits on this very base, and a push brought its commits onto this very one.
        if let (Some(base), "merge_group" | "push") = (&run.base.commit, run.event.as_str()) {
            let place = Place::of(repository, base.clone(), &named(base), host)?;
            let exact = Some((BaseKind::Tip, base.clone()));
            return Ok(Some(Self { place, name: named(base), branch, exact, note: None }));
        }
        // A merge made for the test says best what the head goes into: the payload's base may be older than the merge.
        let merged_onto = merged_onto(head, run);
        let Newest { found: newest, note } = match &branch {
            // To look takes no newest policy, and no request.
            Some(_) if purpose == Purpose::Look && run.base.commit.is_some() => Newest::default(),
            Some(branch) => Self::newest(repository, host, branch)?,
            None => Newest::default(),
        };
        let (place, name) = match (newest, merged_onto.as_ref().or(run.base.commit.as_ref())) {
            (Some(newest), _) => newest,
            (None, Some(base)) => (Place::of(repository, base.clone(), &named(base), host)?, named(base)),
            (None, None) => return Ok(None),
        };
        Ok(Some(Self { place, name, branch, exact: merged_onto.map(|parent| (BaseKind::MergeBase, parent)), note }))
    }

    /// The newest commit of a branch, whose policy counts, and what it is called.
    ///
    /// The server is asked: what this clone calls `origin/main` may be old, and where somebody's fork was checked out it is
    /// theirs. Where nobody answers, the event's own commit is the next best, and the report says so.
    fn newest(repository: &Repository, host: &Host, branch: &str) -> Result<Newest, CliError> {
        let mut note = None;
        if host.has_token() {
            let link = host.link()?;
            match link.block_on(link.client().branch_tip(branch)) {
                Ok(tip) => return Ok(Newest { found: Some((Place::of(repository, tip, branch, host)?, branch.to_owned())), note }),
                Err(error) => {
                    note = Some(format!(
                        "The newest commit of {branch} could not be asked for ({error}), so its policy may be newer than the one used."
                    ));
                }
            }
        }
        if host.run.base.commit.is_some() {
            return Ok(Newest { found: None, note });
        }
        let found = match repository.default_branch(Some(branch)) {
            Ok(found) => Some((Place::here(repository, found.commit, &found.name)?, found.name)),
            Err(_) => None,
        };
        Ok(Newest { found, note })
    }

    /// The files of the target's newest commit.
    pub(crate) fn tree(&self) -> &dyn Tree {
        self.place.tree.as_ref()
    }

    /// The commit that the head is compared with.
    pub(crate) fn base(
        self,
        repository: &Repository,
        head: &Commit,
        kind: Option<BaseKind>,
        between: &Between,
        purpose: Purpose,
        host: Option<&Host>,
    ) -> Result<Base, CliError> {
        let known = if kind == Some(BaseKind::Tip) { Some((BaseKind::Tip, self.place.id.clone())) } else { self.exact.clone() };
        let (parted, kind) = match known {
            Some((kind, id)) => (Some(id).filter(|id| *id != self.place.id), kind),
            None => match self.merge_base(repository, head, host)? {
                // `compare HEAD HEAD~1` asks for the way back; its merge base would be the head itself.
                found if found == head.id && kind.is_none() && is_way_back(between, purpose) => (None, BaseKind::Tip),
                found => (Some(found).filter(|found| *found != self.place.id), BaseKind::MergeBase),
            },
        };
        let Self { place, name, .. } = self;
        let Some(id) = parted else {
            return Ok(Base { tree: place.tree, tip: None, commit: place.commit, kind, name });
        };
        let base = match host {
            Some(host) => Place::of(repository, id, &name, host)?,
            None => Place::here(repository, repository.resolve(&id)?, &name)?,
        };
        Ok(Base { tree: base.tree, tip: Some(place.tree), commit: base.commit, kind, name })
    }

    /// The id of the commit where the head's branch left the target.
    fn merge_base(&self, repository: &Repository, head: &Commit, host: Option<&Host>) -> Result<String, CliError> {
        let unknown = match &self.place.commit {
            Some(tip) => match repository.merge_base(tip, head) {
                Ok(Some(commit)) => return Ok(commit.id),
                Ok(None) => {
                    let told = CliError::input(format!("`{}` and the head have no common ancestor", self.name));
                    return Err(told.hint("compare with the branch itself: --base-is tip"));
                }
                Err(error) if error.is_shallow() => error,
                Err(error) => return Err(error.into()),
            },
            None => GitError::ShallowHistory { what: format!("the merge base of `{}` and the head", self.name) },
        };
        let Some(host) = host else { return Err(unknown.into()) };
        let link = reach(host, &unknown)?;
        // The server knows the head of the pull request; a merge that was made for the test lies behind it.
        let head = host.run.head.commit.as_deref().unwrap_or(&head.id);
        link.block_on(link.client().merge_base(&self.place.id, head)).map_err(|error| CliError::from(unknown).because(&error))
    }
}

/// The other parent of the merge that the run was given to test. Any other merge is somebody's commit like any other.
fn merged_onto(head: &Commit, run: &RunContext) -> Option<String> {
    match head.parents.as_slice() {
        [base, change] if Some(change) == run.head.commit.as_ref() && run.merged.as_ref() == Some(&head.id) => Some(base.clone()),
        _ => None,
    }
}

fn is_way_back(between: &Between, purpose: Purpose) -> bool {
    purpose == Purpose::Look && between.base.is_some() && between.head.is_some()
}

/// The server of the run, for what this clone lacks.
fn reach(host: &Host, missing: &GitError) -> Result<Arc<Link>, CliError> {
    if host.has_token() {
        return host.link();
    }
    Err(CliError::from(missing.clone())
        .hint(format!("{SHALLOW_CURE}; or give the run's token (`GITHUB_TOKEN`), and the base is read from the server")))
}

/// The branch that changes are merged into: as told, else as the usual branch's own configuration says, else the usual one.
///
/// Where no branch has a usual name, the head's configuration may tell, if it is trusted: a gate must not let a change
/// choose what it is compared with.
pub(crate) fn default_branch(repository: &Repository, told: Option<&str>, trust_head: bool) -> Result<DefaultBranch, CliError> {
    let usual = repository.default_branch(told);
    if told.is_some() {
        return Ok(usual?);
    }
    let named = match &usual {
        Ok(usual) => read_config(&repository.tree_at(&usual.commit, &usual.name)?, PolicySide::Base).ok().flatten(),
        Err(_) if !trust_head => None,
        Err(_) => match repository.head()? {
            Head::Branch { commit, .. } | Head::Detached { commit } => {
                read_config(&repository.tree_at(&commit, "HEAD")?, PolicySide::Head)?
            }
            Head::Unborn { .. } => None,
        },
    };
    match named.and_then(|file| file.config.compare.default_branch) {
        Some(name) => Ok(repository.default_branch(Some(&name))?),
        None => Ok(usual?),
    }
}
