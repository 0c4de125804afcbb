//! Which commit the head is compared with: the merge base or the tip of the branch that the change goes into.

use proofmark_core::compare::BaseKind;
use proofmark_core::policy::PolicySide;
use proofmark_git::{Commit, DefaultBranch, Head, Repository};

use crate::args::Between;
use crate::configuration::{ConfigFile, read_config};
use crate::exit::CliError;

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
    pub(crate) commit: Commit,
    pub(crate) tip: Commit,
    pub(crate) kind: BaseKind,
    pub(crate) name: String,
}

/// The commit that BASE or the default branch names, its name, and the branch's name if it is one.
pub(crate) fn base_target(
    repository: &Repository,
    between: &Between,
    given: Option<&ConfigFile>,
    purpose: Purpose,
) -> Result<(Commit, String, Option<String>), CliError> {
    if let Some(typed) = &between.base {
        let commit = repository.resolve(typed)?;
        let branch = repository.default_branch(Some(typed)).ok().filter(|branch| branch.commit.id == commit.id).map(|branch| branch.branch);
        return Ok((commit, typed.clone(), branch));
    }
    let configured = between.default_branch.clone().or_else(|| given.and_then(|file| file.config.compare.default_branch.clone()));
    let branch = default_branch(repository, configured.as_deref(), purpose != Purpose::Judge)?;
    Ok((branch.commit, branch.name, Some(branch.branch)))
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

pub(crate) fn find_base(
    repository: &Repository,
    tip: Commit,
    name: String,
    head: &Commit,
    kind: Option<BaseKind>,
    between: &Between,
    purpose: Purpose,
) -> Result<Base, CliError> {
    if kind == Some(BaseKind::Tip) {
        return Ok(Base { commit: tip.clone(), tip, kind: BaseKind::Tip, name });
    }
    let Some(commit) = repository.merge_base(&tip, head)? else {
        return Err(
            CliError::input(format!("`{name}` and the head have no common ancestor")).hint("compare with the branch itself: --base-is tip")
        );
    };
    // `compare HEAD HEAD~1` asks for the way back; its merge base would be the head itself.
    let backwards = purpose == Purpose::Look
        && kind.is_none()
        && between.base.is_some()
        && between.head.is_some()
        && commit.id == head.id
        && tip.id != head.id;
    if backwards {
        return Ok(Base { commit: tip.clone(), tip, kind: BaseKind::Tip, name });
    }
    Ok(Base { commit, tip, kind: BaseKind::MergeBase, name })
}
