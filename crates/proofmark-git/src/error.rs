//! What can go wrong with a repository, and what to do about it.

use std::path::PathBuf;

/// The cure for every kind of shallow history, on a laptop and in GitHub Actions.
pub const SHALLOW_CURE: &str =
    "fetch the whole history: `git fetch --unshallow`, or `fetch-depth: 0` on `actions/checkout` (in Jenkins: no shallow clone)";

/// Why the repository, a revision or its history cannot be had. `Display` says what, [`GitError::hint`] what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// No repository in the folder and none above it.
    #[error("`{folder}` is not in a git repository")]
    NotARepository {
        /// Where the search began.
        folder: PathBuf,
    },
    /// A repository of a format that is not read.
    #[error("the git repository `{git_dir}` uses {what}, which is not supported")]
    Unsupported {
        /// Its git folder.
        git_dir: PathBuf,
        /// The format, in words.
        what: String,
    },
    /// There is a repository and it cannot be opened.
    #[error("the git repository `{git_dir}` cannot be opened: {detail}")]
    Open {
        /// Its git folder.
        git_dir: PathBuf,
        /// In the words of the system.
        detail: String,
    },
    /// A bare repository was asked for its files on disk.
    #[error("`{git_dir}` is a bare repository: it has no files on disk")]
    NoWorkTree {
        /// Its git folder.
        git_dir: PathBuf,
    },
    /// There is no commit yet.
    #[error("the branch `{branch}` has no commits yet")]
    NoCommits {
        /// The branch that `HEAD` names.
        branch: String,
    },
    /// Nothing has this name.
    #[error("there is no revision `{spec}`")]
    UnknownRevision {
        /// As typed.
        spec: String,
        /// Names that exist and look alike, the best first.
        nearest: Vec<String>,
    },
    /// In a shallow clone: nothing has this name, or it lies beyond the history that was fetched.
    #[error("there is no revision `{spec}` in this shallow clone, which has only the newest part of the history")]
    ShallowRevision {
        /// As typed.
        spec: String,
        /// Names that exist and look alike, the best first.
        nearest: Vec<String>,
    },
    /// More than one object begins with these digits.
    #[error("`{spec}` is ambiguous: it fits {}", candidates.join(", "))]
    AmbiguousRevision {
        /// As typed.
        spec: String,
        /// The objects, as `id kind or subject`.
        candidates: Vec<String>,
    },
    /// A tag and a branch have this name, and they lead to different commits.
    #[error("`{spec}` is ambiguous: {} lead to different commits", refs.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and "))]
    AmbiguousName {
        /// As typed.
        spec: String,
        /// The full names of the refs, the one that git would take first.
        refs: Vec<String>,
    },
    /// The name is understood and leads nowhere: no such parent, no upstream, a wrong syntax.
    #[error("the revision `{spec}` cannot be resolved: {detail}")]
    InvalidRevision {
        /// As typed.
        spec: String,
        /// Why.
        detail: String,
    },
    /// `a..b`, `a...b` or `^a`, where one revision is needed.
    #[error("`{spec}` is a range of revisions where one revision is needed")]
    RevisionIsRange {
        /// As typed.
        spec: String,
    },
    /// A leading dash.
    #[error("`{spec}` looks like an option, not like a revision")]
    RevisionIsOption {
        /// As typed.
        spec: String,
    },
    /// The name leads to a file, a folder or a tag of one.
    #[error("`{spec}` names a {kind}, not a commit")]
    NotACommit {
        /// As typed.
        spec: String,
        /// What it is: `blob` or `tree`.
        kind: String,
    },
    /// A merge base, or history, that lies beyond the border of a shallow clone.
    #[error("{what} is not known for sure in this shallow clone, which has only the newest part of the history")]
    ShallowHistory {
        /// What was looked for, readable at the start of a sentence.
        what: String,
    },
    /// No branch to compare with.
    #[error("the default branch is not known: none of {} exists", tried.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))]
    NoDefaultBranch {
        /// The refs that were looked for, in order.
        tried: Vec<String>,
        /// Whether the clone is shallow, where other branches are usually not fetched.
        shallow: bool,
    },
    /// A commit or tree that the history names is not in the object database.
    #[error("{what} (object {id}) is not in this clone")]
    MissingObject {
        /// What it would be.
        what: String,
        /// The object.
        id: String,
    },
    /// The object database or the operating system refused.
    #[error("{what} cannot be read: {detail}")]
    Refused {
        /// What was to be read.
        what: String,
        /// In the words of the system.
        detail: String,
    },
}

impl GitError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NotARepository { .. } => "run it in a git repository, or name one with `-C FOLDER`",
            Self::Unsupported { .. } => "use a clone with SHA-1 object ids and the `files` ref storage",
            Self::NoWorkTree { .. } => "name a HEAD revision, for example `main`",
            Self::NoCommits { .. } => "commit something first",
            Self::UnknownRevision { nearest, .. } => return did_you_mean(nearest),
            Self::ShallowRevision { nearest, .. } => {
                return Some(match did_you_mean(nearest) {
                    Some(names) => format!("{SHALLOW_CURE}; or {names}"),
                    None => SHALLOW_CURE.to_owned(),
                });
            }
            Self::AmbiguousRevision { .. } => "give more digits of the id",
            Self::AmbiguousName { refs, .. } => {
                let names: Vec<String> = refs.iter().map(|name| format!("`{name}`")).collect();
                return Some(format!("write the full name: {}", names.join(" or ")));
            }
            Self::RevisionIsRange { .. } => "give the two revisions as two arguments",
            Self::RevisionIsOption { .. } => "no branch or tag can begin with `-`; check the order of the arguments",
            Self::ShallowHistory { .. } => SHALLOW_CURE,
            Self::NoDefaultBranch { shallow, .. } => {
                let set = "name the base revision, give `--default-branch BRANCH`, or run `git remote set-head origin --auto`";
                return Some(if *shallow { format!("{SHALLOW_CURE}; or {set}") } else { set.to_owned() });
            }
            Self::MissingObject { .. } => "the clone is partial or damaged: `git fetch --refetch`, then `git fsck`",
            Self::Open { .. } | Self::InvalidRevision { .. } | Self::NotACommit { .. } | Self::Refused { .. } => return None,
        };
        Some(text.to_owned())
    }

    /// Whether a deeper fetch would cure it.
    pub fn is_shallow(&self) -> bool {
        matches!(self, Self::ShallowRevision { .. } | Self::ShallowHistory { .. } | Self::NoDefaultBranch { shallow: true, .. })
    }
}

fn did_you_mean(nearest: &[String]) -> Option<String> {
    let names: Vec<String> = nearest.iter().map(|name| format!("`{name}`")).collect();
    (!names.is_empty()).then(|| format!("did you mean {}?", names.join(" or ")))
}

/// The innermost cause of a gix error, as a lower-case fragment.
pub(crate) fn words(error: &gix::Error) -> String {
    let text = error.probable_cause().to_string();
    let text = text.trim_end_matches('.');
    let mut letters = text.chars();
    match letters.next() {
        // Only a plain word: `HEAD` and ids keep their case.
        Some(first) if letters.clone().next().is_some_and(|second| second.is_lowercase() || second == ' ') => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}
