//! The one comment on a pull request that several jobs keep up to date together.
//!
//! A hidden first line names it; below, each job has its own section with a hidden line that remembers the runs. GitHub has
//! no way to change a text only if it is still the same, so whoever writes holds a lock (`lock.rs`), reads afresh, changes
//! its own section and leaves the others. What goes wrong in between heals with the next run: duplicates are merged into
//! the oldest, locks of the dead go stale.

mod author;
mod lock;
mod marker;
mod now;
mod page;
mod plan;
mod session;
mod state;

use proofmark_core::config::CommentMode;
use proofmark_core::past::PastRun;

use crate::client::Client;
use crate::error::GitHubError;

pub use self::lock::Patience;
pub use self::now::CommentNow;

/// Renders Markdown within so many bytes, given the earlier runs, oldest first.
pub type RenderSection<'a> = dyn Fn(&[PastRun], usize) -> Result<String, String> + 'a;

/// A comment to be brought up to date.
pub struct CommentOrder<'a> {
    /// The number of the pull request.
    pub issue: u64,
    /// Which comment; jobs with one key share one comment.
    pub key: String,
    /// Which part of it; shown nowhere.
    pub section: String,
    /// How it is brought up to date.
    pub mode: CommentMode,
    /// This run.
    pub run: PastRun,
    /// Equal digests say the same thing.
    pub digest: String,
    /// Nothing changed and everything passed: some modes then need no comment.
    pub quiet: bool,
    /// Our own login, if the user told; else it is found out.
    pub author: Option<String>,
    /// The section's Markdown within so many bytes, given this section's earlier runs, oldest first.
    pub render: &'a RenderSection<'a>,
    /// Told once, in lower case and without a full stop, when waiting for other jobs takes longer than usual.
    pub waiting: Option<&'a dyn Fn(&str)>,
}

/// What came of it. Addresses are for people, and empty in a dry run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommentOutcome {
    /// There was none.
    Created {
        /// Where it is.
        url: String,
    },
    /// Its text was replaced.
    Updated {
        /// Where it is.
        url: String,
    },
    /// A new one took the place of an old one.
    Recreated {
        /// Where the new one is.
        url: String,
    },
    /// It said the same already.
    Unchanged {
        /// Where it is.
        url: String,
    },
    /// Our section went, and the comment with it when there was no other.
    Deleted,
    /// There is nothing to say.
    NotNeeded,
    /// A newer run was faster, and its section stays.
    Superseded {
        /// The newer run.
        newer_run: u64,
        /// Where the comment is.
        url: String,
    },
    /// One of the others, and what people should know about how it came to be.
    Noted {
        /// What came of it; never `Noted` itself.
        outcome: Box<Self>,
        /// Whole sentences; they may quote the server.
        notes: Vec<String>,
    },
}

impl CommentOutcome {
    /// What came of it without the notes.
    pub fn plain(&self) -> &Self {
        match self {
            Self::Noted { outcome, .. } => outcome.plain(),
            other => other,
        }
    }

    /// Where the comment is, if there is one.
    pub fn url(&self) -> Option<&str> {
        match self.plain() {
            Self::Created { url }
            | Self::Updated { url }
            | Self::Recreated { url }
            | Self::Unchanged { url }
            | Self::Superseded { url, .. } => Some(url),
            Self::Deleted | Self::NotNeeded | Self::Noted { .. } => None,
        }
    }

    /// What people should know about how it came to be.
    pub fn notes(&self) -> &[String] {
        match self {
            Self::Noted { notes, .. } => notes,
            _ => &[],
        }
    }
}

impl Client {
    /// Brings the comment up to date.
    ///
    /// # Errors
    /// See [`GitHubError`]; a failure of `render` is [`GitHubError::Input`].
    pub async fn comment(&self, order: &CommentOrder<'_>) -> Result<CommentOutcome, GitHubError> {
        self.comment_with(order, &Patience::default()).await
    }

    /// The same with other times to wait for other jobs.
    ///
    /// # Errors
    /// As [`Client::comment`].
    pub async fn comment_with(&self, order: &CommentOrder<'_>, patience: &Patience) -> Result<CommentOutcome, GitHubError> {
        if order.mode == CommentMode::Off {
            return Ok(CommentOutcome::NotNeeded);
        }
        session::Session::new(self, order, patience).run().await
    }
}
