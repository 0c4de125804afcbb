//! The journal's file: appended under a lock and synced, so that processes that run at one time keep one chain.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use proofmark_core::event::Mark;
use proofmark_git::Repository;
use proofmark_trigger::journal::{Entry, Journal, What};
use proofmark_trigger::target::{Ledger, TargetError};
use proofmark_trigger::{Past, RunState};

use crate::exit::CliError;
use crate::printer::Printer;
use crate::world::World;

/// Below the git folder, where it is neither committed nor cloned.
const USUAL: &str = "proofmark/triggers.jsonl";

/// The journal, wherever it is.
pub(crate) struct JournalFile {
    path: PathBuf,
}

impl JournalFile {
    /// The file that was named, or the usual one of this clone.
    pub(crate) fn open(named: Option<&Path>, repository: Option<&Repository>, world: &World) -> Result<Self, CliError> {
        let path = match (named, repository) {
            (Some(named), _) => world.folder.join(named),
            (None, Some(repository)) => repository.common_dir().join(USUAL),
            (None, None) => {
                return Err(
                    CliError::input("there is no clone to keep the journal in").hint("name a file for it: `--journal triggers.jsonl`")
                );
            }
        };
        Ok(Self { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// All of it.
    pub(crate) fn read(&self) -> Result<Journal, CliError> {
        match std::fs::read(&self.path) {
            Ok(bytes) => self.parsed(&bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Journal::default()),
            Err(error) => Err(CliError::input(format!("cannot read the journal `{}`", self.path.display())).because(&error)),
        }
    }

    fn parsed(&self, bytes: &[u8]) -> Result<Journal, CliError> {
        Journal::read(bytes).map_err(|error| {
            CliError::input(format!("the journal `{}` is not as it was written", self.path.display()))
                .because(&error)
                .hint("what was started before cannot be told from it: look into it, move it away, and run this again")
        })
    }

    /// What was started before. Runs of this machine that nobody runs any more were interrupted, and are told so.
    pub(crate) fn past(&self, world: &World, printer: &Printer) -> Result<Past, CliError> {
        let mut past = self.read()?.past();
        let under_way: Vec<Mark> = past.runs.iter().filter(|run| run.state == RunState::UnderWay).map(|run| run.mark.clone()).collect();
        for mark in under_way {
            if self.is_abandoned(&mark.key) {
                printer.say(&format!("the run with the key {mark} was interrupted; it counts as not started"));
                let entry = Entry { key: Some(mark.to_string()), ..Entry::new(What::Interrupted, world.now()) };
                self.record(vec![entry]).map_err(CliError::from)?;
                past.runs.retain(|run| run.mark.key != mark.key);
            }
        }
        Ok(past)
    }

    /// Whether a run of this machine has nobody that runs it.
    fn is_abandoned(&self, key: &str) -> bool {
        let path = self.lease_path(key);
        // A run elsewhere has no lease.
        let Ok(file) = File::open(&path) else { return false };
        let is_free = file.try_lock().is_ok() && is_at(&file, &path);
        if is_free {
            // Its name is of no use any more; who opened it meanwhile holds another one.
            let _ = std::fs::remove_file(&path);
        }
        is_free
    }

    /// The right to run what has this key on this machine; `None` while another process has it.
    pub(crate) fn lease(&self, key: &str) -> Result<Option<Lease>, TargetError> {
        let path = self.lease_path(key);
        let refused = |error: &std::io::Error| TargetError::input(format!("cannot lock `{}`: {error}", path.display()));
        std::fs::create_dir_all(path.parent().unwrap_or(&path)).map_err(|error| refused(&error))?;
        loop {
            let file =
                OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path).map_err(|error| refused(&error))?;
            match file.try_lock() {
                Ok(()) if is_at(&file, &path) => return Ok(Some(Lease { path, file })),
                // Whoever had it took it away meanwhile: this lock keeps nobody out.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(refused(&error)),
            }
        }
    }

    /// Waits until nobody runs it.
    pub(crate) fn wait_for(&self, key: &str) {
        if let Ok(file) = File::open(self.lease_path(key)) {
            // Whoever has it ends some time, and the lock with it.
            let _ = file.lock_shared();
        }
    }

    fn lease_path(&self, key: &str) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(".running");
        self.path.with_file_name(name).join(key)
    }
}

/// Whether a file is still the one of this name.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let (opened, named) = (file.metadata(), std::fs::metadata(path));
    matches!((opened, named), (Ok(opened), Ok(named)) if (opened.dev(), opened.ino()) == (named.dev(), named.ino()))
}

/// The same, where a name is not free before its last file is closed.
#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

/// The right to run something on this machine, as long as it lives: the operating system takes it back when the process ends.
pub(crate) struct Lease {
    path: PathBuf,
    file: File,
}

impl Lease {
    /// The lease for a program that is started, which holds it as well as long as it runs: should this process be killed, nobody
    /// takes the program for interrupted while it goes on. To read it is to read an empty file.
    pub(crate) fn shared(&self) -> std::io::Result<std::process::Stdio> {
        self.file.try_clone().map(std::process::Stdio::from)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Ledger for JournalFile {
    fn record(&self, entries: Vec<Entry>) -> Result<(), TargetError> {
        let refused = |error: &std::io::Error| TargetError::input(format!("cannot write the journal `{}`: {error}", self.path.display()));
        let folder = self.path.parent().unwrap_or(&self.path);
        std::fs::create_dir_all(folder).map_err(|error| refused(&error))?;
        let opened = OpenOptions::new().create(true).read(true).append(true).open(&self.path);
        let mut file = opened.map_err(|error| refused(&error))?;
        file.lock().map_err(|error| refused(&error))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| refused(&error))?;
        let mut journal = self.parsed(&bytes).map_err(TargetError::from)?;
        let lines = journal.append(entries);
        // In one write and down to the disk: what was decided is known after a crash.
        file.write_all(&lines).and_then(|()| file.sync_data()).map_err(|error| refused(&error))
    }
}

impl From<CliError> for TargetError {
    fn from(error: CliError) -> Self {
        let told = if error.code == crate::exit::OUTSIDE { Self::outside(error.message) } else { Self::input(error.message) };
        Self { causes: error.causes, hints: error.hints, ..told }
    }
}

impl From<TargetError> for CliError {
    fn from(error: TargetError) -> Self {
        use proofmark_trigger::target::Fault;
        let told = match error.fault {
            Fault::Input => Self::input(error.message),
            Fault::Outside | Fault::Doubt => Self::outside(error.message),
        };
        Self { causes: error.causes, hints: error.hints, ..told }
    }
}
