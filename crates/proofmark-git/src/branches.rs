//! Where `HEAD` is, and which branch others merge into.

use gix::refs::TargetRef;

use crate::commit::Commit;
use crate::error::{GitError, words};
use crate::repository::Repository;

/// What `HEAD` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Head {
    /// A branch without commits.
    Unborn {
        /// The branch's short name.
        branch: String,
    },
    /// A branch.
    Branch {
        /// The branch's short name.
        name: String,
        /// Its newest commit.
        commit: Commit,
    },
    /// A commit without a branch, which is the usual state in CI.
    Detached {
        /// The commit.
        commit: Commit,
    },
}

/// The branch that work is merged into.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DefaultBranch {
    /// The ref as a user would type it: `origin/main`, or `main`.
    pub name: String,
    /// The branch's short name: `main`.
    pub branch: String,
    /// Its newest commit.
    pub commit: Commit,
}

impl Repository {
    /// Where `HEAD` is.
    ///
    /// # Errors
    /// When it, or the commit it names, cannot be read.
    pub fn head(&self) -> Result<Head, GitError> {
        let (name, id) = self.head_parts()?;
        Ok(match (name, id) {
            (Some(branch), None) => Head::Unborn { branch },
            (Some(name), Some(id)) => Head::Branch { name, commit: self.commit_of_object(id, "HEAD")? },
            (None, Some(id)) => Head::Detached { commit: self.commit_of_object(id, "HEAD")? },
            (None, None) => return Err(refused("`HEAD`", "it names nothing".to_owned())),
        })
    }

    /// The object that `HEAD` leads to; `None` when its branch has no commits.
    pub(crate) fn head_id(&self) -> Result<Option<gix::ObjectId>, GitError> {
        Ok(self.head_parts()?.1)
    }

    /// The branch and the object of `HEAD`.
    pub(crate) fn head_parts(&self) -> Result<(Option<String>, Option<gix::ObjectId>), GitError> {
        self.inner.objects.with(|handle| {
            let head = handle.repo.head().map_err(|error| refused("`HEAD`", words(&error)))?;
            let branch = head.referent_name().map(|name| name.shorten().to_string());
            Ok((branch, head.id().map(gix::Id::detach)))
        })
    }

    /// The branch that work is merged into: `configured` if given, else what the remote's `HEAD` names, else `main`,
    /// else `master`. The remote is `origin`, or the only one there is.
    ///
    /// The remote-tracking branch is preferred to the local one of the same name, even where the local one is ahead:
    /// a merge goes into what the remote has.
    ///
    /// # Errors
    /// When no such branch exists.
    pub fn default_branch(&self, configured: Option<&str>) -> Result<DefaultBranch, GitError> {
        let remote = self.main_remote();
        let mut tried = Vec::new();
        let mut candidates: Vec<(String, String)> = Vec::new();
        let mut both = |branch: &str| {
            candidates.push((format!("refs/remotes/{remote}/{branch}"), branch.to_owned()));
            candidates.push((format!("refs/heads/{branch}"), branch.to_owned()));
        };
        if let Some(configured) = configured {
            let plain = ["refs/heads/", "refs/remotes/"].iter().find_map(|prefix| configured.strip_prefix(prefix)).unwrap_or(configured);
            both(plain.strip_prefix(&format!("{remote}/")).unwrap_or(plain));
            // A branch whose own name begins with the remote's, or a branch of another remote.
            both(plain);
            let after_remote = plain.split_once('/').map_or(plain, |(_, branch)| branch);
            candidates.push((format!("refs/remotes/{plain}"), after_remote.to_owned()));
        } else {
            match self.remote_head(&remote)? {
                Some(branch) => both(&branch),
                None => tried.push(format!("{remote}/HEAD")),
            }
            both("main");
            both("master");
        }
        for (full, branch) in candidates {
            let name = full.strip_prefix("refs/heads/").or_else(|| full.strip_prefix("refs/remotes/")).unwrap_or(&full).to_owned();
            if let Some(id) = self.ref_target(&full)? {
                let commit = self.commit_of_object(id, &name)?;
                return Ok(DefaultBranch { name, branch, commit });
            }
            if !tried.contains(&name) {
                tried.push(name);
            }
        }
        if let (Some(branch), None) = self.head_parts()? {
            return Err(GitError::NoCommits { branch });
        }
        Err(GitError::NoDefaultBranch { tried, shallow: self.is_shallow() })
    }

    /// The address of the remote, as this clone's own configuration has it: `origin`, or the only one there is.
    pub fn remote_url(&self) -> Option<String> {
        let name = self.main_remote();
        self.inner
            .objects
            .with(|handle| handle.repo.config_snapshot().string(format!("remote.{name}.url").as_str()).map(|url| url.to_string()))
    }

    fn main_remote(&self) -> String {
        self.inner.objects.with(|handle| {
            let names = handle.repo.remote_names();
            match names.iter().next() {
                Some(only) if names.len() == 1 => only.to_string(),
                _ => "origin".to_owned(),
            }
        })
    }

    /// The branch that the remote's `HEAD` names, as far as this clone was told.
    fn remote_head(&self, remote: &str) -> Result<Option<String>, GitError> {
        let name = format!("refs/remotes/{remote}/HEAD");
        self.inner.objects.with(|handle| {
            let found = handle.repo.try_find_reference(name.as_str()).map_err(|error| refused(&name, words(&error)))?;
            let Some(found) = found else { return Ok(None) };
            let TargetRef::Symbolic(target) = found.target() else { return Ok(None) };
            Ok(target.as_bstr().to_string().strip_prefix(&format!("refs/remotes/{remote}/")).map(str::to_owned))
        })
    }

    /// The object that a full ref name leads to.
    pub(crate) fn ref_target(&self, full: &str) -> Result<Option<gix::ObjectId>, GitError> {
        self.inner.objects.with(|handle| {
            // What cannot be a ref's name does not exist.
            let Ok(name) = gix::refs::FullName::try_from(full) else { return Ok(None) };
            let found = handle.repo.try_find_reference(name.as_ref()).map_err(|error| refused(full, words(&error)))?;
            let Some(mut found) = found else { return Ok(None) };
            // A symbolic ref to a branch that was deleted leads nowhere.
            Ok(found.follow_to_object().ok().map(gix::Id::detach))
        })
    }
}

fn refused(what: &str, detail: String) -> GitError {
    GitError::Refused { what: what.to_owned(), detail }
}
