//! The world outside, taken once in `main` and handed down: nothing else reads the environment or the terminal.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::args::When;

/// The process's surroundings.
#[derive(Debug, Clone)]
pub(crate) struct World {
    env: BTreeMap<String, String>,
    /// The folder that relative paths of the command line start from.
    pub(crate) folder: PathBuf,
    /// This program's own path, for hooks.
    pub(crate) program: Option<PathBuf>,
    /// Columns of the terminal; `None` when standard output is none.
    pub(crate) width: Option<usize>,
    stdout_is_terminal: bool,
    /// Whether somebody may watch standard error.
    pub(crate) stderr_is_terminal: bool,
}

impl World {
    /// Looks around.
    pub(crate) fn look() -> Self {
        let env: BTreeMap<String, String> =
            // A value that is no text must not look like none at all.
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))).collect();
        let stdout_is_terminal = std::io::stdout().is_terminal();
        let columns = env.get("COLUMNS").and_then(|text| text.parse().ok());
        let width =
            columns.or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))).filter(|_| stdout_is_terminal);
        Self {
            env,
            folder: std::env::current_dir().unwrap_or_default(),
            program: std::env::current_exe().ok(),
            width,
            stdout_is_terminal,
            stderr_is_terminal: std::io::stderr().is_terminal(),
        }
    }

    /// The same surroundings as seen from another folder.
    pub(crate) fn inside(&self, folder: &std::path::Path) -> Self {
        Self { folder: self.folder.join(folder), ..self.clone() }
    }

    /// The same surroundings with one variable set.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A variable that is set and not empty.
    pub(crate) fn var(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A number that nobody can foresee: the standard library draws the keys of its hash maps from the system.
    pub(crate) fn random(&self) -> u64 {
        std::collections::hash_map::RandomState::new().build_hasher().finish()
    }

    /// Seconds since 1970; `PROOFMARK_NOW` or `SOURCE_DATE_EPOCH` set another time.
    pub(crate) fn now(&self) -> u64 {
        let told = ["PROOFMARK_NOW", "SOURCE_DATE_EPOCH"].iter().find_map(|name| self.var(name)?.parse().ok());
        told.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }

    /// Whether to write colours: as told, else by the usual variables, else for terminals.
    pub(crate) fn colour(&self, when: When) -> bool {
        match when {
            When::Always => true,
            When::Never => false,
            When::Auto if self.var("NO_COLOR").is_some() => false,
            When::Auto if self.var("FORCE_COLOR").is_some_and(|value| value != "0") => true,
            When::Auto => self.stdout_is_terminal && self.var("TERM") != Some("dumb"),
        }
    }
}
