//! Opens a database that a stranger may have written, to read and nothing else, and says in words what SQLite says in codes.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::ffi;
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::Error;
use crate::folders::{io_reason, shown};

/// How long a lock of another program is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long one question may take.
const LONGEST: Duration = Duration::from_secs(5);
/// Steps of SQLite's machine between two looks at the clock.
const STEPS: i32 = 100_000;
/// The largest value, in bytes: a thousand times what MLflow lets a tag hold.
const LARGEST_VALUE: i32 = 8 << 20;

/// A database and the time that its questions may take.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) sqlite: Connection,
    clock: Clock,
    file: PathBuf,
}

#[derive(Debug, Clone)]
struct Clock {
    start: Instant,
    /// In milliseconds from the start.
    deadline: Arc<AtomicU64>,
}

impl Clock {
    fn millis(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn restart(&self) {
        self.deadline.store(self.millis() + u64::try_from(LONGEST.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        self.millis() > self.deadline.load(Ordering::Relaxed)
    }
}

impl Reader {
    pub(super) fn open(path: &Path, title: &str) -> Result<Self, Error> {
        let no_store = |why: String| Error::NoStore { store: title.to_owned(), why };
        let file = path.canonicalize().map_err(|error| no_store(format!("it {}", io_reason(&error))))?;
        if !file.is_file() {
            return Err(no_store("it is no file".to_owned()));
        }
        let failed = |error: rusqlite::Error| no_store(reason(&error));
        let mut sqlite = connect(&file).map_err(failed)?;
        sqlite.busy_timeout(PATIENCE).map_err(failed)?;
        let clock = Clock { start: Instant::now(), deadline: Arc::default() };
        clock.restart();
        let handler = clock.clone();
        sqlite.progress_handler(STEPS, Some(move || handler.is_over())).map_err(failed)?;
        confine(&sqlite).map_err(failed)?;
        Ok(Self { sqlite, clock, file })
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Asks something within the time for one question.
    pub(super) fn ask<T>(&self, question: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Error> {
        self.clock.restart();
        question(&self.sqlite).map_err(|error| Error::Damaged { what: "MLflow's database".to_owned(), why: reason(&error) })
    }
}

/// No file is ever made, not even beside the database.
fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if !has_write_ahead_log(file) {
        return Connection::open_with_flags(file, flags);
    }
    // To read such a database SQLite makes an index of the log beside it. Where there is no log, nobody has it open and all is in
    // the file itself, so that it can be read as one that does not change; else the index is read if it is there, and not made.
    let beside = |ending: &str| PathBuf::from(format!("{}{ending}", file.display())).symlink_metadata().map_or(0, |found| found.len());
    let is_alone = beside("-wal") == 0;
    if !is_alone && beside("-shm") == 0 {
        return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_READONLY_RECOVERY), None));
    }
    let how = if is_alone { "immutable=1" } else { "readonly_shm=1" };
    Connection::open_with_flags(format!("file:{}?mode=ro&{how}", encoded(file)), flags | OpenFlags::SQLITE_OPEN_URI)
}

/// Bytes 18 and 19 of the header: the versions of the format to write and to read; 2 is write-ahead logging.
fn has_write_ahead_log(file: &Path) -> bool {
    let mut header = [0; 20];
    fs::File::open(file).and_then(|mut file| file.read_exact(&mut header)).is_ok() && header.ends_with(&[2, 2])
}

fn encoded(file: &Path) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte);
    let text = file.to_string_lossy().replace('\\', if cfg!(windows) { "/" } else { "\\" });
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn confine(sqlite: &Connection) -> rusqlite::Result<()> {
    for (setting, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
    ] {
        sqlite.set_db_config(setting, on)?;
    }
    for (limit, most) in [
        (Limit::SQLITE_LIMIT_LENGTH, LARGEST_VALUE),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 1 << 20),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 200),
        (Limit::SQLITE_LIMIT_COLUMN, 500),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 10),
        (Limit::SQLITE_LIMIT_FUNCTION_ARG, 20),
    ] {
        sqlite.set_limit(limit, most)?;
    }
    // The tags of ten thousand runs fit into 64 MiB of pages. Broken pages are noticed, and the file is not mapped, since a
    // mapped file that shrinks ends the program.
    sqlite.execute_batch("pragma query_only = on; pragma cell_size_check = on; pragma mmap_size = 0; pragma cache_size = -65536;")
}

/// What SQLite says, for people.
fn reason(error: &rusqlite::Error) -> String {
    let Some(failure) = error.sqlite_error() else { return shown(&error.to_string()) };
    let told = match (failure.code, failure.extended_code) {
        (_, ffi::SQLITE_READONLY_ROLLBACK | ffi::SQLITE_READONLY_RECOVERY | ffi::SQLITE_READONLY_CANTINIT) => {
            "a writer was cut off and left its journal; let MLflow open the database once"
        }
        (ErrorCode::NotADatabase, _) => "it is no SQLite database",
        (ErrorCode::DatabaseCorrupt, _) => "the file is damaged",
        (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => "another program holds it and did not let go",
        (ErrorCode::OperationInterrupted, _) => "the answer takes too long",
        (ErrorCode::TooBig, _) => "a value is larger than 8 MiB",
        (ErrorCode::CannotOpen, _) => "it cannot be opened",
        _ => return shown(&error.to_string()),
    };
    told.to_owned()
}
