//! `paths`: globs over the files that really changed.

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
        Fact::Known(_) => view.files().any_in(globs).into(),
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
        Fact::Known(_) => {
            let named: Vec<&str> = view.files().matching(globs).collect();
            let more = named.len().saturating_sub(SHOWN);
            let names = named.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
            match (named.len(), more) {
                (0, _) => format!("none of {} changed files", view.files().len()),
                (_, 0) => names,
                _ => format!("{names} and {more} more"),
            }
        }
    }
}
