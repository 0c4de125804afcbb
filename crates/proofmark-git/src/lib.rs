//! Files at a git revision for proofmark: object database, refs and work tree, read in process.
//!
//! This crate knows git and must never know metrics or forges. It prints nothing, and writes nothing but the small
//! repositories of [`scratch`], and [notes](Repository::write_note) on a ref of their own; only pushing and fetching those
//! starts a process, which is git. [`Repository`] finds and names revisions, [`GitTree`] and [`WorkTree`] give their files
//! through the core's [`Tree`](proofmark_core::ports::Tree) port.

mod branches;
mod commit;
mod error;
mod history;
mod ignores;
mod lfs;
mod loose;
mod merge_base;
mod notes;
mod object_tree;
mod objects;
mod repository;
mod resolve;
pub mod scratch;
mod tags;
mod trees;
mod work_tree;

pub use branches::{DefaultBranch, Head};
pub use commit::Commit;
pub use error::{GitError, SHALLOW_CURE};
pub use history::{History, HistoryEnd};
pub use notes::{Fetched, Note, NotesError, NotesRef, Pushed, Writer, Written};
pub use object_tree::GitTree;
pub use repository::Repository;
pub use work_tree::WorkTree;
