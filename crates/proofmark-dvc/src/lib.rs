//! Reads DVC projects at any revision, without DVC, without Python and without a checkout.
//!
//! It must never know the git library, the network or policy: files come through a
//! [`Tree`](proofmark_core::ports::Tree), cached content through [`Objects`]. Only `store.rs` touches the disk.
//!
//! ```
//! use proofmark_core::ports::MemoryTree;
//! use proofmark_dvc::{Dvc, Memo};
//!
//! let tree = MemoryTree::new("main", [(".dvc/config", ""), ("dvc.yaml", "metrics: [metrics.json]")]);
//! let dvc = Dvc::read(&tree, &Memo::default());
//! assert_eq!(dvc.discovery().metrics.len(), 1);
//! ```

mod config;
mod context;
mod dvcfile;
mod files;
mod folder;
mod generate;
mod lock;
mod memo;
mod params;
mod paths;
mod problems;
mod project;
mod record;
mod spread;
mod stages;
mod store;
mod template;
mod tracked;
mod walk;

pub use memo::Memo;
pub use project::{Dvc, Project};
pub use stages::{Out, OutKind, Stage};
pub use store::{Fetched, Home, Located, Objects, Origin, Store, StoreError, Stores};
pub use tracked::{Object, Tracked};
