//! Promotion. The open-source server has no registry and no stages, so that a tag or an attribute of a run says what is in production.

use std::fmt;

use crate::Error;
use crate::client::ModelDb;
use crate::run::Run;
use crate::search::{Query, Unreadable};
use crate::write::Written;

/// What a run carries that is in production.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// A tag: `production`.
    Tag(String),
    /// An attribute with a value: `stage` with `production`.
    Attribute {
        /// The key.
        key: String,
        /// The value.
        value: String,
    },
}

impl fmt::Display for Mark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => write!(out, "the tag `{tag}`"),
            Self::Attribute { key, value } => write!(out, "the attribute `{key}` = `{value}`"),
        }
    }
}

impl Mark {
    /// Whether a run carries it.
    pub fn is_on(&self, run: &Run) -> bool {
        match self {
            Self::Tag(tag) => run.tags.contains(tag),
            Self::Attribute { key, value } => run.attribute(key).as_ref() == Some(value),
        }
    }
}

/// The runs that carry a mark.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Current {
    /// All of them, newest first: nothing keeps two runs from carrying the same mark. Runs without metrics are among them.
    pub runs: Vec<Run>,
    /// Those that may carry it and cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// Why there may be more of them than these, where that is so: a sentence fragment.
    pub incomplete: Option<String>,
}

impl ModelDb {
    /// The runs of a project (of some experiments, where any are named) that carry a mark now.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn current(&self, project: &str, experiments: &[String], mark: &Mark) -> Result<Current, Error> {
        let mut query = Query { experiments: experiments.to_vec(), ..Query::of_project(project) };
        match mark {
            Mark::Tag(tag) => query.tags.push(tag.clone()),
            Mark::Attribute { key, value } => query.attributes.push((key.clone(), vec![value.clone()])),
        }
        // What was read for a comparison may be old.
        self.forget();
        let found = self.search(&query)?;
        let mut runs: Vec<Run> = found.runs.into_iter().chain(found.aside.into_iter().map(|(run, _)| run)).collect();
        crate::listing::newest_first(&mut runs);
        Ok(Current { runs, unreadable: found.unreadable, incomplete: found.incomplete })
    }

    /// Puts a mark on a run, which is as it was read before.
    ///
    /// # Errors
    /// See [`Self::add_tag`] and [`Self::set_attribute`].
    pub fn set_mark(&self, run: &Run, mark: &Mark) -> Result<Written, Error> {
        match mark {
            Mark::Tag(tag) => self.add_tag(&run.id, tag),
            Mark::Attribute { key, value } => self.set_attribute(&run.id, key, value, run.attribute(key).as_deref()),
        }
    }

    /// Takes a mark off a run; nothing happens where it is not on it.
    ///
    /// # Errors
    /// See [`Self::remove_tag`] and [`Self::remove_attribute`].
    pub fn clear_mark(&self, run: &str, mark: &Mark) -> Result<Written, Error> {
        match mark {
            Mark::Tag(tag) => self.remove_tag(run, tag),
            Mark::Attribute { key, value } => self.remove_attribute(run, key, value),
        }
    }
}
