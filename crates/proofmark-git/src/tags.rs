//! Tags and the commits that they stand for.

use gix::ObjectId;

use crate::commit::Commit;
use crate::error::{GitError, words};
use crate::repository::Repository;

impl Repository {
    /// The tags whose name `wanted` takes, with the commits that they lead to. A tag of something else than a commit is passed
    /// over.
    ///
    /// # Errors
    /// When the refs cannot be listed.
    pub fn tags(&self, wanted: &dyn Fn(&str) -> bool) -> Result<Vec<(String, Commit)>, GitError> {
        let refused = |detail: String| GitError::Refused { what: "the tags".to_owned(), detail };
        let named: Vec<(String, ObjectId)> = self.inner.objects.with(|handle| {
            let platform = handle.repo.references().map_err(|error| refused(words(&error)))?;
            let tags = platform.tags().map_err(|error| refused(words(&error)))?;
            let found = tags.filter_map(Result::ok).filter_map(|mut tag| {
                let name = tag.name().shorten().to_string();
                if !wanted(&name) {
                    return None;
                }
                Some((name, tag.follow_to_object().ok()?.detach()))
            });
            Ok(found.collect())
        })?;
        Ok(named.into_iter().filter_map(|(name, id)| Some((name.clone(), self.commit_of_object(id, &name).ok()?))).collect())
    }
}
