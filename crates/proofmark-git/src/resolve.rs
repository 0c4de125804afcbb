//! From what was typed to a commit.

use gix::ObjectId;
use gix::objs::{Kind, TagRefIter};
use gix::revision::Spec;
use gix::revision::plumbing::Spec as PlainSpec;
use gix::revision::spec::parse::{Error as SpecError, ObjectKindHint, Options};

use crate::commit::Commit;
use crate::error::{GitError, words};
use crate::repository::Repository;

/// A tag may stand for a tag; more than this is a trick.
const MOST_TAGS: usize = 16;

/// How many names a message suggests.
const SUGGESTIONS: usize = 3;

/// Repositories with more refs get suggestions from the first ones only.
const MOST_REFS: usize = 20_000;

impl Repository {
    /// The commit that a revision names, in git's own syntax: a branch, a tag (also an annotated one), an id or its
    /// first digits, `HEAD~2`, `main@{1}`, `@{upstream}`, `:/text`, `v1^{commit}`. The text after `:/` and `^{/` is
    /// searched for as it stands, not as a regular expression.
    ///
    /// # Errors
    /// When it names nothing, more than one thing, a range, or something else than a commit. In a shallow clone the
    /// error says so.
    pub fn resolve(&self, spec: &str) -> Result<Commit, GitError> {
        let spec = spec.trim();
        if spec.is_empty() {
            return Err(GitError::InvalidRevision { spec: spec.to_owned(), detail: "it is empty".to_owned() });
        }
        if spec.starts_with('-') {
            return Err(GitError::RevisionIsOption { spec: spec.to_owned() });
        }
        // A search text may hold dots; no ref name may hold two in a row.
        if spec.contains("..") && !spec.contains(":/") && !spec.contains("^{/") {
            return Err(GitError::RevisionIsRange { spec: spec.to_owned() });
        }
        let (base, steps) = split_steps(spec);
        self.refuse_ambiguous(base, spec)?;
        let mut commit = self.commit_of_object(self.object_named(base, spec)?, spec)?;
        for step in steps {
            commit = self.step(&commit, step, spec)?;
        }
        Ok(commit)
    }

    /// One `~n` or `^n`.
    fn step(&self, from: &Commit, step: Step, spec: &str) -> Result<Commit, GitError> {
        let parent_of = |commit: &Commit, number: usize| match commit.parents.get(number - 1) {
            Some(_) if self.is_shallow() && self.shallow_border().contains(&commit.id) => Err(self.beyond(spec)),
            Some(id) => self.commit_by_hex(id),
            None if commit.parents.is_empty() => {
                Err(invalid(spec, format!("the commit {} is the first one and has no parent", commit.short)))
            }
            None => Err(invalid(spec, format!("the commit {} has {} parents", commit.short, commit.parents.len()))),
        };
        match step {
            Step::Parent(0) => Ok(from.clone()),
            Step::Parent(number) => parent_of(from, number),
            Step::Ancestor(count) => {
                let mut commit = from.clone();
                for _ in 0..count {
                    commit = parent_of(&commit, 1)?;
                }
                Ok(commit)
            }
        }
    }

    fn beyond(&self, spec: &str) -> GitError {
        GitError::ShallowRevision { spec: spec.to_owned(), nearest: Vec::new() }
    }

    /// Git takes a tag before a branch of the same name and only warns. Whoever can push a tag could so put another commit
    /// in the place of the base, so here it is an error unless all lead to the same commit.
    fn refuse_ambiguous(&self, base: &str, spec: &str) -> Result<(), GitError> {
        // The upstream is asked of a branch: no tag can take its place.
        if upstream_of(base).is_some() {
            return Ok(());
        }
        let name = base.find("@{").map_or(base, |at| &base[..at]);
        let name = name.split(['^', '~', ':']).next().unwrap_or_default();
        if self.inner.objects.with(|handle| !is_short_name(&handle.repo, name)) {
            return Ok(());
        }
        let mut refs = Vec::new();
        let mut commits = Vec::new();
        for prefix in ["refs/tags/", "refs/heads/", "refs/remotes/"] {
            let full = format!("{prefix}{name}");
            if let Some(id) = self.ref_target(&full)? {
                commits.push(self.commit_of_object(id, &full).ok().map(|commit| commit.id));
                refs.push(full);
            }
        }
        if commits.iter().any(|commit| *commit != commits[0]) {
            return Err(GitError::AmbiguousName { spec: spec.to_owned(), refs });
        }
        Ok(())
    }

    /// The object that a revision names; `spec` is the whole of what was typed.
    fn object_named(&self, base: &str, spec: &str) -> Result<ObjectId, GitError> {
        if let Ok(id) = ObjectId::from_hex(base.as_bytes())
            && self.inner.objects.contains(id)
        {
            return Ok(id);
        }
        // Most names are plain, and need no parser, which would also look for objects that begin with these digits.
        if let Some(id) = self.ref_named(if base == "@" { "HEAD" } else { base }) {
            return Ok(id);
        }
        let options = Options { object_kind_hint: Some(ObjectKindHint::Committish), ..Options::default() };
        let found = self.inner.objects.with(|handle| match Spec::from_bstr(base, &handle.repo, options).map(Spec::detach) {
            Ok(PlainSpec::Include(id)) => Ok(Ok(id)),
            Ok(_) => Err(GitError::RevisionIsRange { spec: spec.to_owned() }),
            Err(error) => Ok(local_upstream(&handle.repo, base).ok_or_else(|| Failure::of(&error))),
        })?;
        found.map_err(|failure| self.explain(failure, base, spec))
    }

    /// What a ref leads to, by git's rules for short names; `None` where that needs a closer look.
    fn ref_named(&self, name: &str) -> Option<ObjectId> {
        if name.contains(['@', '{', ':', '^', '~']) {
            return None;
        }
        self.inner.objects.with(|handle| {
            let mut found = handle.repo.try_find_reference(name).ok()??;
            found.follow_to_object().ok().map(gix::Id::detach)
        })
    }

    fn explain(&self, failure: Failure, base: &str, spec: &str) -> GitError {
        if let Failure::Ambiguous(candidates) = failure {
            return GitError::AmbiguousRevision { spec: spec.to_owned(), candidates };
        }
        let names = self.ref_names();
        if let Ok((Some(branch), None)) = self.head_parts()
            && (names.is_empty() || base == "HEAD" || base == "@" || base == branch)
        {
            return GitError::NoCommits { branch };
        }
        let nearest = nearest(base, &names);
        if self.is_shallow() {
            return GitError::ShallowRevision { spec: spec.to_owned(), nearest };
        }
        // `@{…}`, `^{…}` and `:` ask something of a name that may well exist: then say what is wrong with the question.
        match failure {
            Failure::Other(_) if upstream_of(base).is_some() => {
                invalid(spec, "the branch has no upstream branch that was fetched".to_owned())
            }
            Failure::Other(detail) if base.contains(['{', ':', '^']) => invalid(spec, detail),
            Failure::Other(_) | Failure::Ambiguous(_) => GitError::UnknownRevision { spec: spec.to_owned(), nearest },
        }
    }

    /// The commit that an object is, or that its tags lead to.
    pub(crate) fn commit_of_object(&self, id: ObjectId, spec: &str) -> Result<Commit, GitError> {
        let mut id = id;
        let mut data = Vec::new();
        for _ in 0..MOST_TAGS {
            let refused = |detail| GitError::Refused { what: format!("`{spec}` (object {id})"), detail };
            let missing = || GitError::MissingObject { what: format!("`{spec}`"), id: id.to_string() };
            match self.inner.objects.find_any(id, &mut data).map_err(|error| refused(error.to_string()))?.ok_or_else(missing)? {
                Kind::Commit => return Commit::decode(id, &data).map_err(refused),
                Kind::Tag => id = TagRefIter::from_bytes(&data, id.kind()).target_id().map_err(|error| refused(words(&error)))?,
                kind @ (Kind::Blob | Kind::Tree) => return Err(GitError::NotACommit { spec: spec.to_owned(), kind: kind.to_string() }),
            }
        }
        Err(invalid(spec, "it is a tag of a tag of a tag, and so on".to_owned()))
    }

    /// The short names of all branches, remote branches and tags.
    fn ref_names(&self) -> Vec<String> {
        self.inner.objects.with(|handle| {
            let Ok(platform) = handle.repo.references() else { return Vec::new() };
            let Ok(all) = platform.all() else { return Vec::new() };
            let names = all.filter_map(Result::ok).take(MOST_REFS).map(|found| found.name().shorten().to_string());
            names.filter(|name| !name.ends_with("/HEAD") && name != "stash").collect()
        })
    }
}

/// Whether git finds this name below `refs/tags`, `refs/heads` or `refs/remotes`, and not as a ref by itself.
fn is_short_name(repo: &gix::Repository, name: &str) -> bool {
    if name.is_empty() || name == "@" {
        return false;
    }
    let found = repo.try_find_reference(name).ok().flatten();
    found.is_some_and(|found| {
        let full = found.name().as_bstr().to_string();
        ["refs/tags/", "refs/heads/", "refs/remotes/"].iter().any(|prefix| full.strip_prefix(prefix) == Some(name))
    })
}

/// The branch in `branch@{upstream}`; empty for the current one.
fn upstream_of(spec: &str) -> Option<&str> {
    let (branch, asked) = spec.strip_suffix('}')?.split_once("@{")?;
    ["u", "upstream"].iter().any(|name| asked.eq_ignore_ascii_case(name)).then_some(branch)
}

/// The upstream of a branch that follows another local branch, which gix does not resolve.
fn local_upstream(repo: &gix::Repository, spec: &str) -> Option<ObjectId> {
    let branch = match upstream_of(spec)? {
        "" => repo.head_name().ok()??.shorten().to_string(),
        branch => branch.to_owned(),
    };
    let config = repo.config_snapshot();
    let merge = config.string(format!("branch.{branch}.merge").as_str())?.to_string();
    let local = config.string(format!("branch.{branch}.remote").as_str()).is_some_and(|remote| remote.as_slice() == b".");
    let mut upstream = repo.try_find_reference(merge.as_str()).ok()?.filter(|_| local)?;
    upstream.follow_to_object().ok().map(gix::Id::detach)
}

fn invalid(spec: &str, detail: String) -> GitError {
    GitError::InvalidRevision { spec: spec.to_owned(), detail }
}

/// What the parser of revisions said, kept free of borrowed parts.
enum Failure {
    Ambiguous(Vec<String>),
    Other(String),
}

impl Failure {
    fn of(error: &gix::Error) -> Self {
        match error.downcast_any_ref::<SpecError>() {
            Some(SpecError::AmbiguousPrefix { candidates, .. } | SpecError::AmbiguousRefAndObject { candidates, .. }) => {
                Self::Ambiguous(candidates.iter().map(|(id, info)| format!("{id} ({info})")).collect())
            }
            _ => Self::Other(words(error)),
        }
    }
}

/// A step from a commit to an ancestor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// `^n`
    Parent(usize),
    /// `~n`
    Ancestor(usize),
}

/// Takes the plain steps off the end: walked here, they read commits the short way and can name the commit where the
/// history ends.
fn split_steps(spec: &str) -> (&str, Vec<Step>) {
    let mut base = spec;
    let mut steps = Vec::new();
    // A search text may end like steps.
    if spec.contains(":/") || spec.contains("^{/") {
        return (base, steps);
    }
    while let Some(at) = base.rfind(['~', '^']).filter(|at| *at > 0) {
        let digits = &base[at + 1..];
        let Some(number) =
            (if digits.is_empty() { Some(1) } else { digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit())) })
        else {
            break;
        };
        steps.push(if base.as_bytes()[at] == b'~' { Step::Ancestor(number) } else { Step::Parent(number) });
        base = &base[..at];
    }
    steps.reverse();
    (base, steps)
}

/// The names that look most like `typed`; the same branch of a remote comes first.
fn nearest(typed: &str, names: &[String]) -> Vec<String> {
    let wanted = typed.split(['~', '^', '@', ':']).next().unwrap_or(typed);
    if wanted.is_empty() {
        return Vec::new();
    }
    let allowed = (wanted.chars().count() / 3).max(1);
    let distance = |name: &String| {
        let last = name.split_once('/').map_or(name.as_str(), |(_, last)| last);
        if last == wanted || name.rsplit('/').next() == Some(wanted) || wanted.rsplit('/').next() == Some(name) {
            return Some(0);
        }
        let whole = strsim::osa_distance(wanted, name);
        Some(whole.min(strsim::osa_distance(wanted, last))).filter(|distance| *distance <= allowed)
    };
    let mut found: Vec<(usize, &String)> = names.iter().filter_map(|name| Some((distance(name)?, name))).collect();
    found.sort();
    found.dedup();
    found.into_iter().take(SUGGESTIONS).map(|(_, name)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_come_off_the_end() {
        assert_eq!(split_steps("HEAD"), ("HEAD", vec![]));
        assert_eq!(split_steps("HEAD~2^2~"), ("HEAD", vec![Step::Ancestor(2), Step::Parent(2), Step::Ancestor(1)]));
        assert_eq!(split_steps("v1^{commit}~3"), ("v1^{commit}", vec![Step::Ancestor(3)]));
        assert_eq!(split_steps("main@{1}^"), ("main@{1}", vec![Step::Parent(1)]));
        assert_eq!(split_steps(":/fix~2"), (":/fix~2", vec![]));
        assert_eq!(split_steps("HEAD^!"), ("HEAD^!", vec![]));
        assert_eq!(split_steps("^main"), ("^main", vec![]));
        assert_eq!(split_steps("HEAD~99999999999999999999999"), ("HEAD~99999999999999999999999", vec![]));
    }

    #[test]
    fn suggests_names_that_look_alike() {
        let names = ["main", "origin/main", "release/1.0", "v1.0.0"].map(str::to_owned);
        assert_eq!(nearest("mian", &names), ["main", "origin/main"]);
        assert_eq!(nearest("main", &names[1..]), ["origin/main"]);
        assert_eq!(nearest("origin/mian~3", &names), ["origin/main"]);
        assert_eq!(nearest("v1.0.1", &names), ["v1.0.0"]);
        assert!(nearest("experiment", &names).is_empty());
        assert!(nearest("@{upstream}", &names).is_empty());
    }
}
