//! `paths`: globs over the files that really changed.

use proofmark_core::changes::FileChange;

use super::Holds;
use crate::facts::{Fact, Needs};
use crate::globs::Globs;
use crate::view::View;

/// Files that an explanation names.
const SHOWN: usize = 3;

/// Whether one file that changed is in.
pub(super) fn holds(globs: &Globs, view: &View<'_>) -> Holds {
    // As in GitHub's own filters: a tag has no files that changed with it.
    if view.event.tag.is_some() {
        return Holds::Yes;
    }
    match &view.facts.changed {
        Fact::Unasked => Holds::Needs(Needs { changed: true, ..Needs::default() }),
        Fact::Absent(_) => Holds::No,
        Fact::Unknown(why) => Holds::Unknown(why.clone()),
        Fact::Known(changed) => matching(globs, view, changed).next().is_some().into(),
    }
}

/// What there is, in words.
pub(super) fn found(globs: &Globs, view: &View<'_>) -> String {
    if view.event.tag.is_some() {
        return "not looked at for tags".to_owned();
    }
    match &view.facts.changed {
        Fact::Unasked => "not looked at".to_owned(),
        Fact::Absent(why) | Fact::Unknown(why) => why.clone(),
        Fact::Known(changed) => {
            let found: Vec<&str> = matching(globs, view, changed).collect();
            let mut named = found.clone();
            named.sort_unstable();
            named.dedup();
            let more = named.len().saturating_sub(SHOWN);
            let names = named.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
            match (named.len(), more) {
                (0, _) => format!("none of {} changed files", changed.len()),
                (_, 0) => names,
                _ => format!("{names} and {more} more"),
            }
        }
    }
}

fn matching<'f>(globs: &'f Globs, view: &'f View<'_>, changed: &'f [FileChange]) -> impl Iterator<Item = &'f str> {
    let all = globs.include.is_empty().then(|| view.below(changed, ""));
    let some = globs.include.iter().flat_map(|glob| view.below(changed, glob.prefix()).filter(|path| glob.matches(path)));
    all.into_iter().flatten().chain(some).filter(|path| !globs.leaves_out(path))
}
