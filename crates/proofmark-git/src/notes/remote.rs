//! Exchanging notes with a remote: the one place of this crate that starts `git`, since only `git` has the user's
//! credentials, proxies and certificates.

use std::process::{Command, Stdio};

use gix::ObjectId;

use super::error::NotesError;
use super::write::wait;
use super::{INCOMING, NotesRef, Writer};
use crate::repository::Repository;

/// How often a push is tried while others push.
const TRIES: u32 = 30;
/// What is kept of what git says, in characters.
const MOST_SAID: usize = 1_000;

/// Where git would be told to look instead of at this repository: set in hooks.
const ELSEWHERE: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
    "GIT_NAMESPACE",
];

/// What came of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// The remote has all notes of this clone now.
    Done,
    /// There are no notes here.
    Nothing,
}

/// What came of a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetched {
    /// The remote had notes that this clone had not.
    New,
    /// This clone had all of them.
    Known,
    /// The remote has no notes.
    Nothing,
}

impl Repository {
    /// Pushes the notes to a remote, never by force: when others were faster, their notes are fetched and merged first.
    ///
    /// # Errors
    /// When git cannot be started, or fails for another reason than that others pushed.
    pub fn push_notes(&self, at: &NotesRef, remote: &str, writer: &Writer<'_>) -> Result<Pushed, NotesError> {
        check_remote(remote)?;
        let mut said = String::new();
        for tries in 0..TRIES {
            let Some(ours) = self.ref_target(at.as_str())? else { return Ok(Pushed::Nothing) };
            let refspec = format!("{ours}:{}", at.as_str());
            // The user's hooks for pushing are about code.
            let options = ["push", "--quiet", "--no-verify", "--no-follow-tags", "--no-signed", "--no-recurse-submodules"];
            match self.git(&options, remote, &refspec)? {
                Ok(()) => return Ok(Pushed::Done),
                Err(words) => said = words,
            }
            match self.incoming(at, remote, writer)? {
                // Our answer was lost, or somebody pushed the same.
                Some(theirs) if theirs == ours => return Ok(Pushed::Done),
                Some(theirs) => self.join(at, theirs, writer).map(drop)?,
                None => {}
            }
            let has_moved = self.ref_target(at.as_str())? != Some(ours);
            if !has_moved && !is_race(&said) {
                break;
            }
            wait(writer, tries + 2);
        }
        Err(NotesError::Failed { command: format!("push {}", shown(remote)), said })
    }

    /// Fetches the notes of a remote and merges them with those that are here. Nothing that is here is lost.
    ///
    /// # Errors
    /// When git cannot be started or fails, or what it fetched are no notes.
    pub fn fetch_notes(&self, at: &NotesRef, remote: &str, writer: &Writer<'_>) -> Result<Fetched, NotesError> {
        check_remote(remote)?;
        let Some(theirs) = self.incoming(at, remote, writer)? else { return Ok(Fetched::Nothing) };
        let before = self.ref_target(at.as_str())?;
        self.join(at, theirs, writer)?;
        Ok(if self.ref_target(at.as_str())? == before { Fetched::Known } else { Fetched::New })
    }

    /// The remote's value of the ref, with all that it leads to; `None` when it has none.
    fn incoming(&self, at: &NotesRef, remote: &str, writer: &Writer<'_>) -> Result<Option<ObjectId>, NotesError> {
        let place = format!("{INCOMING}{:016x}", (writer.random)());
        let refspec = format!("+{}:{place}", at.as_str());
        // Only this ref, whole, and nothing else: no tags, no other configured refs, no note in FETCH_HEAD.
        let options = [
            "-c",
            "gc.auto=0",
            "-c",
            "maintenance.auto=false",
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-prune",
            "--no-filter",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            "--refmap=",
        ];
        match self.git(&options, remote, &refspec)? {
            Ok(()) => {}
            Err(said) if said.to_lowercase().contains("find remote ref") => return Ok(None),
            Err(said) => return Err(NotesError::Failed { command: format!("fetch {}", shown(remote)), said }),
        }
        let theirs = self.ref_target(&place)?;
        // One that stays behind holds objects and harms nothing.
        drop(self.delete_ref(&place));
        Ok(theirs)
    }

    /// Runs git on this repository with a remote and a refspec; what it said when it failed.
    fn git(&self, options: &[&str], remote: &str, refspec: &str) -> Result<Result<(), String>, NotesError> {
        let mut command = Command::new("git");
        for name in ELSEWHERE {
            command.env_remove(name);
        }
        // What git says is read below, so it must not be translated.
        command.env("LC_ALL", "C").env("LANGUAGE", "C").stdin(Stdio::null());
        // Not told which repository: git finds it by itself, and refuses one of another owner, whose configuration could name
        // programs to run.
        command.current_dir(self.root().filter(|root| root.join(".git").exists()).unwrap_or_else(|| self.git_dir()));
        command.args(options).args(["--", remote, refspec]);
        let output = command.output().map_err(|error| NotesError::NoGit(error.to_string()))?;
        if output.status.success() {
            return Ok(Ok(()));
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim();
        let start = said.char_indices().rev().nth(MOST_SAID).map_or(0, |(at, _)| at);
        Ok(Err(if said.is_empty() { output.status.to_string() } else { said[start..].to_owned() }))
    }
}

/// Whether a push failed since another one was under way, though the ref may not have moved yet.
fn is_race(said: &str) -> bool {
    ["fetch first", "non-fast-forward", "cannot lock ref", "failed to update ref", "reference already exists", "incorrect old value"]
        .iter()
        .any(|sign| said.contains(sign))
}

fn check_remote(remote: &str) -> Result<(), NotesError> {
    let is_remote = !remote.trim().is_empty() && !remote.starts_with('-') && !remote.chars().any(char::is_control);
    if is_remote { Ok(()) } else { Err(NotesError::BadRemote { name: shown(remote) }) }
}

/// An address without the secret that may stand in it.
fn shown(remote: &str) -> String {
    match remote.split_once("://") {
        Some((scheme, rest)) => {
            let host = rest.find('/').unwrap_or(rest.len());
            let at = rest[..host].rfind('@').map_or(0, |at| at + 1);
            format!("{scheme}://{}", &rest[at..])
        }
        None => remote.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_addresses_are_not_shown() {
        assert_eq!(shown("https://user:s@cret@host/a@b"), "https://host/a@b");
        assert_eq!(shown("git@github.com:a/b"), "git@github.com:a/b");
        assert_eq!(shown("origin"), "origin");
    }

    #[test]
    fn options_are_no_remotes() {
        for name in ["", " ", "-", "--upload-pack=touch /tmp/x", "a\nb", "a\0b"] {
            assert!(check_remote(name).is_err(), "{name:?}");
        }
        assert!(check_remote("origin").is_ok() && check_remote("file:///a/b").is_ok());
    }
}
