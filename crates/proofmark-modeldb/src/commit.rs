//! Runs of a commit: by an attribute, by a tag, or by the snapshot of the code, in this order.

use std::rc::Rc;

use serde_json::{Value as Json, json};

use crate::client::ModelDb;
use crate::listing::Listing;
use crate::run::{Aside, Run};
use crate::search::{Query, Unreadable, is_plain_key};
use crate::{Error, value};

/// The attribute with the commit, where nothing else is said.
pub const DEFAULT_ATTRIBUTE: &str = "git_sha";
/// What may stand before a commit in a tag.
const TAG_PREFIXES: [&str; 3] = ["commit:", "git_sha:", "sha:"];
/// Digits of a commit id that stand for it, as git and most people write them.
const SHORT: usize = 7;
/// So many commits are asked for one by one; for more, all runs are looked at.
const FEW_COMMITS: usize = 4;

/// How a run says of which commit it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// By an attribute, whose value is the commit or at least its first seven digits.
    Attribute,
    /// By a tag: the whole commit, or at least seven digits after `commit:`, `git_sha:` or `sha:`. (A tag has 40 characters at
    /// most, so that no whole commit fits behind a word.)
    Tag,
    /// By the snapshot of the code, which has the whole commit.
    Snapshot,
}

/// A run of a commit.
#[derive(Debug, Clone, PartialEq)]
pub struct CommitRun {
    /// The run.
    pub run: Run,
    /// The commit, as it was asked for.
    pub commit: String,
    /// How it says so.
    pub way: Way,
}

/// The runs of some commits.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ByCommit {
    /// The runs that count, newest first. Those of one commit all say it in the same way.
    pub runs: Vec<CommitRun>,
    /// Those that fit and do not count, newest first, and why.
    pub aside: Vec<(Run, Aside)>,
    /// Those that may have been meant and cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// Why there may be more of them than these, where that is so: a sentence fragment.
    pub incomplete: Option<String>,
}

impl Way {
    const ALL: [Self; 3] = [Self::Attribute, Self::Tag, Self::Snapshot];

    /// As a sentence fragment: `by the attribute `git_sha``.
    pub fn told(self, attribute: &str) -> String {
        match self {
            Self::Attribute => format!("by the attribute `{attribute}`"),
            Self::Tag => "by a tag".to_owned(),
            Self::Snapshot => "by the snapshot of the code".to_owned(),
        }
    }
}

impl Run {
    /// The way in which it says that it is of this commit; the first of them.
    pub fn says_commit(&self, commit: &str, attribute: &str) -> Option<Way> {
        Way::ALL.into_iter().find(|way| self.says(*way, commit, attribute))
    }

    fn says(&self, way: Way, commit: &str, attribute: &str) -> bool {
        match way {
            Way::Attribute => self.attributes.get(attribute).and_then(value::text).is_some_and(|text| stands_for(text.trim(), commit)),
            Way::Tag => self.tags.iter().any(|tag| is_tag_of(tag, commit)),
            Way::Snapshot => self.code.as_ref().is_some_and(|code| !commit.is_empty() && code.hash.eq_ignore_ascii_case(commit)),
        }
    }
}

/// Whether a text is the commit, or its first digits.
fn stands_for(text: &str, commit: &str) -> bool {
    let start = commit.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text));
    start && (text.len() == commit.len() || (text.len() >= SHORT && text.bytes().all(|byte| byte.is_ascii_hexdigit()))) && !text.is_empty()
}

fn is_tag_of(tag: &str, commit: &str) -> bool {
    tag.eq_ignore_ascii_case(commit) && !commit.is_empty()
        || TAG_PREFIXES.iter().filter_map(|prefix| tag.strip_prefix(prefix)).any(|rest| stands_for(rest.trim(), commit))
}

impl ModelDb {
    /// The runs of some commits, besides what the query asks for. For each commit the first way that leads to a run that counts is
    /// the one; runs of files that were not committed are set aside.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn of_commits(&self, query: &Query, commits: &[String], attribute: &str) -> Result<ByCommit, Error> {
        let mut found = ByCommit::default();
        for commit in commits.iter().filter(|commit| !commit.is_empty()) {
            for asked in Way::ALL {
                let listing = self.candidates(query, commit, attribute, asked, commits.len())?;
                found.note(&listing, commit);
                // The last list is of all runs: what the server did not find by itself is in it as well.
                let ways = if asked == Way::Snapshot { &Way::ALL[..] } else { &[asked] };
                if ways.iter().any(|way| found.take(&listing, query, *way, commit, attribute)) {
                    break;
                }
            }
        }
        found.runs.sort_by(|one, two| (two.run.time(), &two.run.id).cmp(&(one.run.time(), &one.run.id)));
        if found.runs.len() > query.limit {
            found.runs.truncate(query.limit);
            found.incomplete.get_or_insert_with(|| format!("only the newest {} runs were looked at", query.limit));
        }
        Ok(found)
    }

    /// Runs among which are all that say it in this way.
    fn candidates(&self, query: &Query, commit: &str, attribute: &str, way: Way, count: usize) -> Result<Rc<Listing>, Error> {
        let short = commit.get(..SHORT).filter(|short| count <= FEW_COMMITS && short.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let predicate = |key: &str| Some(contains(key, &short?.to_ascii_lowercase()));
        let predicate = match way {
            Way::Attribute if is_plain_key(attribute) => predicate(&format!("attributes.{attribute}")),
            Way::Tag => predicate("tags"),
            // The server cannot be asked for it.
            Way::Attribute | Way::Snapshot => None,
        };
        match predicate {
            Some(predicate) => Ok(Rc::new(self.narrowed(query, &[predicate])?)),
            None => self.all(query),
        }
    }
}

/// Letters' case makes no difference to the server here.
fn contains(key: &str, part: &str) -> Json {
    json!({"key": key, "value": part, "operator": "CONTAIN"})
}

impl ByCommit {
    /// Takes the runs that say it in this way; whether one of them counts.
    fn take(&mut self, listing: &Listing, query: &Query, way: Way, commit: &str, attribute: &str) -> bool {
        let before = self.runs.len();
        for run in listing.runs.iter().filter(|run| query.fits(run) && run.says(way, commit, attribute)) {
            let dirty = run.is_dirty().then_some(Aside::Dirty);
            match run.aside().or(dirty) {
                Some(why) if self.aside.iter().all(|(known, _)| known.id != run.id) => self.aside.push((run.clone(), why)),
                Some(_) => {}
                None => self.runs.push(CommitRun { run: run.clone(), commit: commit.to_owned(), way }),
            }
        }
        self.runs.len() > before
    }

    fn note(&mut self, listing: &Listing, commit: &str) {
        let short = commit.get(..SHORT).unwrap_or(commit).to_owned();
        for unreadable in listing.unreadable.iter().filter(|one| one.may_say(std::slice::from_ref(&short))) {
            if !self.unreadable.contains(unreadable) {
                self.unreadable.push(unreadable.clone());
            }
        }
        self.incomplete = self.incomplete.take().or_else(|| listing.incomplete.clone());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::run::Code;

    const COMMIT: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f9001122334";

    #[test]
    fn tags_that_stand_for_a_commit() {
        for tag in [COMMIT, &COMMIT.to_uppercase(), "commit:a1b2c3d", "git_sha:a1b2c3d4e5f6", "sha:A1B2C3D4"] {
            assert!(is_tag_of(tag, COMMIT), "{tag}");
        }
        for tag in ["", "a1b2c3d", "commit:", "commit:a1b2c3", "commit:a1b2c3e", "main", "commit: ", &format!("{COMMIT}0")] {
            assert!(!is_tag_of(tag, COMMIT), "{tag}");
        }
        assert!(!is_tag_of("", "") && !is_tag_of("commit:", ""));
    }

    #[test]
    fn the_first_way_is_told() {
        let mut run = Run { code: Some(Code { hash: COMMIT.into(), ..Code::default() }), ..Run::default() };
        assert_eq!(run.says_commit(COMMIT, "git_sha"), Some(Way::Snapshot));
        run.tags.insert(COMMIT.into());
        assert_eq!(run.says_commit(COMMIT, "git_sha"), Some(Way::Tag));
        run.attributes.insert("git_sha".into(), json!(COMMIT));
        assert_eq!(run.says_commit(COMMIT, "git_sha"), Some(Way::Attribute));
        assert_eq!(run.says_commit("ffff", "git_sha"), None);
        // A newer server keeps a text of digits as a number.
        run.attributes.insert("git_sha".into(), json!(1_234_567.0));
        assert_eq!(run.says_commit("1234567aaaa", "git_sha"), Some(Way::Attribute));
    }

    proptest! {
        #[test]
        fn short_ids_stand_for_their_commit_alone(commit in "[0-9a-f]{40}", other in "[0-9a-f]{40}", length in 7_usize..40) {
            prop_assert!(stands_for(&commit[..length], &commit));
            prop_assert_eq!(stands_for(&commit[..length], &other), commit[..length] == other[..length]);
        }
    }
}
