//! What can go wrong with notes.

use crate::error::GitError;

/// Why notes cannot be written, pushed or fetched. `Display` says what, [`NotesError::hint`] what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotesError {
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// Not a ref for notes.
    #[error("`{name}` cannot be a ref of notes")]
    BadRef {
        /// As typed.
        name: String,
    },
    /// Not a remote.
    #[error("`{name}` cannot be a remote")]
    BadRemote {
        /// As typed.
        name: String,
    },
    /// The commit's id is none, or the label cannot be one.
    #[error("there can be no note about `{commit}`")]
    BadPlace {
        /// As given.
        commit: String,
    },
    /// The note is larger than what is read back.
    #[error("the note is {0} bytes large, more than is read back")]
    TooLarge(usize),
    /// The object database or the ref cannot be written.
    #[error("{what} cannot be written: {detail}")]
    Unwritable {
        /// What was to be written.
        what: String,
        /// In the words of the system.
        detail: String,
    },
    /// Others were always faster.
    #[error("`{name}` could not be moved in {tries} tries: others write to it all the time, or its lock is left over ({detail})")]
    Busy {
        /// The ref.
        name: String,
        /// How often it was tried.
        tries: u32,
        /// What stood in the way the last time.
        detail: String,
    },
    /// There is no `git` to start.
    #[error("`git` cannot be started: {0}")]
    NoGit(String),
    /// `git` failed.
    #[error("`git {command}` failed: {said}")]
    Failed {
        /// The subcommand and the remote.
        command: String,
        /// What it printed.
        said: String,
    },
}

impl NotesError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Git(error) => return error.hint(),
            Self::BadRef { .. } => "name one under `refs/proofmark/`, such as `refs/proofmark/history`",
            Self::BadRemote { .. } => "name a remote of this repository (`git remote`), or an address",
            Self::Busy { .. } => "if no other process writes, delete the ref's `.lock` file in the git folder",
            Self::NoGit(_) => "pushing and fetching need git on the PATH",
            Self::Failed { .. } => "the token needs the right to write contents for a push; try the same with `git push` or `git fetch`",
            Self::BadPlace { .. } | Self::TooLarge(_) | Self::Unwritable { .. } => return None,
        };
        Some(text.to_owned())
    }

    /// Whether a system outside of this machine's files failed.
    pub fn is_outside(&self) -> bool {
        matches!(self, Self::Failed { .. } | Self::NoGit(_))
    }
}
