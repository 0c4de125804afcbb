//! The object database, shared by all trees and threads of one repository.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use gix::ObjectId;
use gix::objs::{Find as _, Kind};
use gix::prelude::HeaderExt as _;
use proofmark_core::ports::ContentId;

use crate::loose::LooseReader;
use crate::repository::Repository;
use crate::trees::Folder;

/// How many rows of decoded folders are kept; about 100 bytes each.
const CACHED_ROWS: usize = 1_000_000;

/// After so many reads that were not loose it pays to look which of the 256 folders of loose objects there are.
const LOOSE_MISSES: usize = 64;

/// Below this many files a second thread costs more than it brings: with warm caches a file takes about 10 µs, a thread
/// with a heap of its own several milliseconds (measured with `examples/read_cost.rs`).
const FEW: usize = 1000;

/// More threads than this wait for each other's disk and locks.
const MOST_THREADS: usize = 8;

/// Why an object cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ObjectError {
    #[error("the object is not in this clone")]
    Missing,
    #[error("the object is {0} bytes large, more than is read")]
    TooLarge(u64),
    #[error("{0}")]
    Refused(String),
}

/// Objects by id, and the folders that were decoded already.
pub(crate) struct Objects {
    git: gix::ThreadSafeRepository,
    folder: PathBuf,
    /// Replacement refs change what an id means; only the database knows them.
    replaced: bool,
    handles: Mutex<Vec<Handle>>,
    trees: RwLock<TreeCache>,
    misses: AtomicUsize,
    fan_out: OnceLock<[bool; 256]>,
}

#[derive(Default)]
struct TreeCache {
    by_id: HashMap<ObjectId, Arc<Folder>>,
    rows: usize,
}

/// What one thread needs to read objects.
pub(crate) struct Handle {
    pub(crate) repo: gix::Repository,
    loose: LooseReader,
    buffer: Vec<u8>,
}

impl Handle {
    fn new(repo: gix::Repository) -> Self {
        Self { repo, loose: LooseReader::new(), buffer: Vec::new() }
    }
}

impl Objects {
    pub(crate) fn new(repo: gix::Repository, git: gix::ThreadSafeRepository) -> Self {
        let folder = git.objects_dir().to_owned();
        let replaced = git.objects.replacements().next().is_some();
        let this = Self {
            git,
            folder,
            replaced,
            handles: Mutex::default(),
            trees: RwLock::default(),
            misses: AtomicUsize::new(0),
            fan_out: OnceLock::new(),
        };
        this.give_back(Handle::new(repo));
        this
    }

    /// Runs `act` with a handle that no other thread has.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Handle) -> T) -> T {
        let kept = self.handles.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut handle = kept.unwrap_or_else(|| Handle::new(self.git.to_thread_local()));
        let result = act(&mut handle);
        self.give_back(handle);
        result
    }

    fn give_back(&self, handle: Handle) {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner).push(handle);
    }

    /// The bytes of an object of this kind.
    pub(crate) fn find(&self, id: ObjectId, kind: Kind, limit: u64) -> Result<Vec<u8>, ObjectError> {
        self.with(|handle| {
            let mut bytes = Vec::new();
            self.read(handle, id, kind, limit, &mut bytes)?;
            Ok(bytes)
        })
    }

    /// Puts an object of any kind into `out`; `None` when it is not here. Commits and tags are far below any limit.
    pub(crate) fn find_any(&self, id: ObjectId, out: &mut Vec<u8>) -> Result<Option<Kind>, ObjectError> {
        self.with(|handle| match self.read_loose(handle, id, u64::MAX, out)? {
            Some(kind) => Ok(Some(kind)),
            None => match read_database(handle, id, u64::MAX, out) {
                Ok(kind) => Ok(Some(kind)),
                Err(ObjectError::Missing) => Ok(None),
                Err(error) => Err(error),
            },
        })
    }

    /// Whether there is an object with this id.
    pub(crate) fn contains(&self, id: ObjectId) -> bool {
        crate::loose::path(&self.folder, &id).is_file() || self.with(|handle| handle.repo.has_object(id))
    }

    /// Whether replacement refs give ids another meaning.
    pub(crate) fn replaced(&self) -> bool {
        self.replaced
    }

    /// The folder with this id, decoded.
    pub(crate) fn tree(&self, id: ObjectId, limit: u64) -> Result<Arc<Folder>, ObjectError> {
        if let Some(folder) = self.trees.read().unwrap_or_else(PoisonError::into_inner).by_id.get(&id) {
            return Ok(Arc::clone(folder));
        }
        let folder = if id.is_empty_tree() {
            Folder::default()
        } else {
            self.with(|handle| {
                let mut bytes = std::mem::take(&mut handle.buffer);
                let read = self.read(handle, id, Kind::Tree, limit, &mut bytes);
                let folder = read.and_then(|()| Folder::decode(&bytes, id.kind()).map_err(ObjectError::Refused));
                handle.buffer = bytes;
                folder
            })?
        };
        let folder = Arc::new(folder);
        let mut cache = self.trees.write().unwrap_or_else(PoisonError::into_inner);
        if cache.rows > CACHED_ROWS {
            *cache = TreeCache::default();
        }
        cache.rows += folder.len() + 1;
        cache.by_id.insert(id, Arc::clone(&folder));
        Ok(folder)
    }

    /// Puts an object of this kind into `out`.
    fn read(&self, handle: &mut Handle, id: ObjectId, kind: Kind, limit: u64, out: &mut Vec<u8>) -> Result<(), ObjectError> {
        let found = match self.read_loose(handle, id, limit, out)? {
            Some(found) => found,
            None => read_database(handle, id, limit, out)?,
        };
        if found == kind { Ok(()) } else { Err(ObjectError::Refused(format!("object {id} is a {found} where a {kind} is expected"))) }
    }

    fn read_loose(&self, handle: &mut Handle, id: ObjectId, limit: u64, out: &mut Vec<u8>) -> Result<Option<Kind>, ObjectError> {
        if self.replaced {
            return Ok(None);
        }
        if self.misses.load(Ordering::Relaxed) > LOOSE_MISSES {
            let fan_out = self.fan_out.get_or_init(|| self.look_at_fan_out());
            if !fan_out[usize::from(id.first_byte())] {
                return Ok(None);
            }
        }
        let kind = handle.loose.read(&self.folder, &id, limit, out)?;
        if kind.is_none() {
            self.misses.fetch_add(1, Ordering::Relaxed);
        }
        Ok(kind)
    }

    /// Which first bytes of an id have loose objects. What is written later is still found, by the database.
    fn look_at_fan_out(&self) -> [bool; 256] {
        let mut there = [false; 256];
        for entry in std::fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            if let Some(byte) = name.to_str().filter(|name| name.len() == 2).and_then(|name| u8::from_str_radix(name, 16).ok()) {
                there[usize::from(byte)] = true;
            }
        }
        there
    }

    /// Maps the numbers below `count` in order, by several threads when they are many.
    pub(crate) fn map_many<T: Send>(&self, count: usize, act: impl Fn(usize) -> T + Sync) -> Vec<T> {
        let cores = if count <= FEW { 1 } else { std::thread::available_parallelism().map_or(1, usize::from) };
        let threads = cores.min(MOST_THREADS).min(count / 8);
        if threads <= 1 {
            return (0..count).map(act).collect();
        }
        // Small enough that threads end together, large enough that neighbours in a pack are read by one thread.
        let block = (count / (threads * 4)).clamp(4, 256);
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            loop {
                let start = next.fetch_add(block, Ordering::Relaxed);
                if start >= count {
                    return done;
                }
                done.push((start, (start..count.min(start + block)).map(&act).collect::<Vec<T>>()));
            }
        };
        let mut blocks = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut blocks = work();
            for other in others {
                blocks.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            blocks
        });
        blocks.sort_unstable_by_key(|(start, _)| *start);
        blocks.into_iter().flat_map(|(_, results)| results).collect()
    }
}

fn read_database(handle: &Handle, id: ObjectId, limit: u64, out: &mut Vec<u8>) -> Result<Kind, ObjectError> {
    let found = handle.repo.objects.try_find(&id, out).map(|data| data.map(|data| data.kind));
    let kind = match found {
        Ok(found) => found.ok_or(ObjectError::Missing)?,
        Err(error) => {
            let size = handle.repo.objects.header(id).map_or(0, |header| header.size());
            return Err(if size > limit { ObjectError::TooLarge(size) } else { ObjectError::Refused(crate::error::words(&error)) });
        }
    };
    let size = out.len() as u64;
    if size > limit { Err(ObjectError::TooLarge(size)) } else { Ok(kind) }
}

impl Repository {
    /// Reads many files by their ids and maps each with `f`, by several threads when they are many. The results have
    /// the order of `ids`; `f` gets the place in `ids`, and the bytes or why there are none. Pointers of git-LFS
    /// come as they are.
    pub fn read_objects<T: Send>(&self, ids: &[ContentId], f: impl Fn(usize, Result<&[u8], String>) -> T + Sync) -> Vec<T> {
        let objects = &self.inner.objects;
        objects.map_many(ids.len(), |at| {
            let Ok(id) = ObjectId::try_from(ids[at].as_bytes()) else {
                return f(at, Err(format!("`{}` is not an object id", ids[at])));
            };
            objects.with(|handle| {
                let mut bytes = std::mem::take(&mut handle.buffer);
                let read = objects.read(handle, id, Kind::Blob, self.inner.limit, &mut bytes);
                let result = f(at, read.map(|()| bytes.as_slice()).map_err(|error| error.to_string()));
                handle.buffer = bytes;
                result
            })
        })
    }
}
