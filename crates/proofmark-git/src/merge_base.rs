//! Where two branches parted.

use std::collections::{HashMap, HashSet};

use gix::ObjectId;
use gix::hash::oid;
use gix::objs::{Data, Find};

use crate::commit::Commit;
use crate::error::{GitError, words};
use crate::objects::Objects;
use crate::repository::Repository;

impl Repository {
    /// The best common ancestor of two commits; `None` when their histories have nothing in common. Where there are
    /// several best ones (criss-cross merges), the one that git would name first.
    ///
    /// # Errors
    /// In a shallow clone, when the base was not fetched or a better one may lie beyond the border; when a commit
    /// cannot be read.
    pub fn merge_base(&self, a: &Commit, b: &Commit) -> Result<Option<Commit>, GitError> {
        if a.id == b.id {
            return Ok(Some(a.clone()));
        }
        let what = || format!("the merge base of `{}` and `{}`", a.short, b.short);
        let refused = |error: &gix::Error| GitError::Refused { what: what(), detail: words(error) };
        let shallow = || GitError::ShallowHistory { what: what() };
        let (one, two) = (parse(&a.id)?, parse(&b.id)?);
        let objects = &self.inner.objects;
        let base = objects.with(|handle| {
            let cache = handle.repo.commit_graph_if_enabled().ok().flatten();
            let cache = cache.as_ref().filter(|_| !objects.replaced());
            let mut graph = gix::revwalk::Graph::new(Commits(objects), cache);
            gix::revision::plumbing::merge_base(one, &[two], &mut graph).map_err(|error| refused(&error))
        })?;
        let Some(bases) = base else {
            return if self.is_shallow() { Err(shallow()) } else { Ok(None) };
        };
        let base = self.inner.commit(*bases.first())?;
        if self.is_shallow() && self.may_be_wrong(a, b, &base)? {
            return Err(shallow());
        }
        Ok(Some(base))
    }

    /// Whether a better base than `base` may lie beyond the border of the shallow clone.
    ///
    /// A better base is an ancestor of both sides and not of `base`. One that is not here needs a cut on both sides
    /// above `base`. One that is here stands on one side and is reached from the other through a cut, whose commit
    /// is its descendant and so not older. Side branches that were merged long ago and run into the border are
    /// neither, so that the usual CI clone of some tens of commits is served.
    fn may_be_wrong(&self, a: &Commit, b: &Commit, base: &Commit) -> Result<bool, GitError> {
        let border = self.shallow_border();
        let below: HashSet<String> = self.reachable(base, &HashSet::new(), &border)?.into_keys().collect();
        let sides = [self.reachable(a, &below, &border)?, self.reachable(b, &below, &border)?];
        let oldest = |side: &HashMap<String, i64>| side.values().copied().min();
        let newest_cut = |side: &HashMap<String, i64>| side.iter().filter(|(id, _)| border.contains(*id)).map(|(_, time)| *time).max();
        let cuts = [newest_cut(&sides[0]), newest_cut(&sides[1])];
        let reaches = |cut: Option<i64>, other: Option<i64>| matches!((cut, other), (Some(cut), Some(oldest)) if cut >= oldest);
        Ok((cuts[0].is_some() && cuts[1].is_some()) || reaches(cuts[0], oldest(&sides[1])) || reaches(cuts[1], oldest(&sides[0])))
    }

    /// The commits from `from` down, with their times, without passing through `except` or beyond the border.
    fn reachable(&self, from: &Commit, except: &HashSet<String>, border: &HashSet<String>) -> Result<HashMap<String, i64>, GitError> {
        let mut found = HashMap::new();
        let mut waiting = vec![from.clone()];
        while let Some(commit) = waiting.pop() {
            if except.contains(&commit.id) || found.insert(commit.id.clone(), commit.time).is_some() || border.contains(&commit.id) {
                continue;
            }
            for parent in commit.parents.iter().filter(|parent| !found.contains_key(*parent)) {
                waiting.push(self.commit_by_hex(parent)?);
            }
        }
        Ok(found)
    }
}

fn parse(id: &str) -> Result<ObjectId, GitError> {
    ObjectId::from_hex(id.as_bytes()).map_err(|error| GitError::Refused { what: format!("the commit `{id}`"), detail: words(&error) })
}

/// The commits for the walk, through the short way for loose objects.
struct Commits<'a>(&'a Objects);

impl Find for Commits<'_> {
    fn try_find<'a>(&self, id: &oid, buffer: &'a mut Vec<u8>) -> Result<Option<Data<'a>>, gix::Error> {
        let found = self.0.find_any(id.to_owned(), buffer).map_err(gix::Error::from_error)?;
        Ok(found.map(|kind| Data { kind, object_hash: id.kind(), data: buffer }))
    }
}
