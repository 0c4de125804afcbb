//! Walking back through the commits.

use std::collections::{BinaryHeap, HashSet};

use gix::ObjectId;

use crate::commit::Commit;
use crate::error::GitError;
use crate::repository::Repository;

/// Why a walk ended where it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryEnd {
    /// At the first commits: this is everything.
    Root,
    /// At the limit that was asked for.
    Limit,
    /// There is more, and this shallow clone does not have it.
    ShallowBorder,
}

/// Commits, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct History {
    /// The commits, beginning with the one that was asked for.
    pub commits: Vec<Commit>,
    /// Why there are not more.
    pub end: HistoryEnd,
}

impl Repository {
    /// The commit `from` and at most `limit - 1` of its ancestors, newest first: along the first parents only (what
    /// was merged into a branch, in order), or all of them by their time, no parent before its child.
    ///
    /// # Errors
    /// When a commit cannot be read; one that is beyond the border of a shallow clone is no error.
    pub fn history(&self, from: &Commit, first_parent: bool, limit: usize) -> Result<History, GitError> {
        let border = self.shallow_border();
        let mut commits: Vec<Commit> = Vec::new();
        let mut end = HistoryEnd::Root;
        let mut seen = HashSet::from([from.id.clone()]);
        let mut waiting = BinaryHeap::from([Waiting { time: from.time, order: 0, commit: from.clone() }]);
        let mut order = 0_usize;
        while let Some(Waiting { commit, .. }) = waiting.pop() {
            if commits.len() >= limit {
                return Ok(History { commits, end: HistoryEnd::Limit });
            }
            let parents = commit.parents.iter().take(if first_parent { 1 } else { usize::MAX });
            if border.contains(&commit.id) {
                if !commit.parents.is_empty() {
                    end = HistoryEnd::ShallowBorder;
                }
            } else {
                for parent in parents {
                    if seen.insert(parent.clone()) {
                        // A clock that ran backwards must not put a parent before its child.
                        let commit_of = self.commit_by_hex(parent)?;
                        order += 1;
                        waiting.push(Waiting { time: commit_of.time.min(commit.time), order, commit: commit_of });
                    }
                }
            }
            commits.push(commit);
        }
        Ok(History { commits, end })
    }

    /// The commit with this full id.
    pub(crate) fn commit_by_hex(&self, id: &str) -> Result<Commit, GitError> {
        let parsed = ObjectId::from_hex(id.as_bytes())
            .map_err(|_| GitError::Refused { what: format!("the commit `{id}`"), detail: "not an object id".to_owned() })?;
        self.inner.commit(parsed)
    }

    /// The commits whose parents were not fetched; none in a whole clone.
    pub(crate) fn shallow_border(&self) -> HashSet<String> {
        if !self.is_shallow() {
            return HashSet::new();
        }
        let text = std::fs::read_to_string(self.common_dir().join("shallow")).unwrap_or_default();
        text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
    }
}

/// Ordered by time, the newest on top; what was found first wins among equals.
struct Waiting {
    time: i64,
    order: usize,
    commit: Commit,
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.time.cmp(&other.time).then_with(|| other.order.cmp(&self.order))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Waiting {}
