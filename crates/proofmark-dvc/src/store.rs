//! DVC's content-addressed folders on disk: the cache and local remotes. The only file that touches the disk.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use md5::{Digest as _, Md5};
use proofmark_core::path::RepoPath;
use proofmark_core::ports::{Blob, Tree};

use crate::config::Config;
use crate::project::Dvc;
use crate::tracked::{Object, Tracked};

/// Bytes of one object that are read.
const MAX_OBJECT: u64 = 64 << 20;
/// Bytes that DVC before 3.0 hashed at a time.
const PIECE: usize = 1 << 20;
/// Bytes of one configuration file that are read.
const MAX_CONFIG: u64 = 1 << 20;

/// Where the bytes came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The project's cache.
    Cache,
    /// The remote of this name.
    Remote(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cache => out.write_str("the DVC cache"),
            Self::Remote(name) => write!(out, "the DVC remote `{name}`"),
        }
    }
}

/// Bytes that were checked against their hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// All of them.
    pub bytes: Vec<u8>,
    /// Where they were.
    pub from: Origin,
    /// Their hash as DVC writes it.
    pub hash: String,
}

/// A place whose content was checked against its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The content.
    pub blob: Blob,
    /// Where it is.
    pub from: Origin,
    /// Its hash as DVC writes it.
    pub hash: String,
}

/// Why cached content cannot be had. `Display` says what, [`StoreError::hint`] what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No such object here.
    #[error("its content ({hash}) is neither in the DVC cache nor in a remote on this machine")]
    Missing {
        /// The hash.
        hash: String,
        /// Remotes that are elsewhere and may have it.
        elsewhere: Vec<String>,
    },
    /// Something else is in the object's place.
    #[error("its content in {from} does not match its hash {hash}")]
    Damaged {
        /// The hash.
        hash: String,
        /// The place.
        from: Origin,
    },
    /// More bytes than are read for a file of its kind.
    #[error("its content ({hash}) is {size} bytes large, more than is read")]
    TooLarge {
        /// The hash.
        hash: String,
        /// The size in bytes.
        size: u64,
    },
    /// The operating system refused.
    #[error("its content in {from} cannot be read: {detail}")]
    Refused {
        /// The place.
        from: Origin,
        /// In the words of the system.
        detail: String,
    },
    /// A folder has no bytes.
    #[error("it is a folder")]
    Folder,
    /// The tracked folder around it has no such file.
    #[error("`{folder}` has no `{inside}` at this revision")]
    NotInFolder {
        /// The folder.
        folder: RepoPath,
        /// The path in it.
        inside: String,
    },
    /// A hash that names nothing in a cache: DVC tracks it in place, or the entry is damaged.
    #[error("its {algorithm} hash `{hash}` does not name anything in a DVC cache")]
    NoObject {
        /// The algorithm as DVC writes it.
        algorithm: String,
        /// The hash.
        hash: String,
    },
}

impl StoreError {
    /// What to do about it.
    pub fn hint(&self, tracked: &Tracked) -> Option<String> {
        let output = &tracked.output;
        match self {
            Self::Missing { .. } if !tracked.cached => Some(format!("`{output}` has `cache: false`, so only git keeps it; commit it")),
            Self::Missing { elsewhere, .. } => {
                let from = if elsewhere.is_empty() { String::new() } else { format!(" (remote {})", elsewhere.join(", ")) };
                Some(format!("run `dvc pull {output}`{from}; for a revision that is not checked out, `dvc fetch --all-commits {output}`"))
            }
            Self::Damaged { .. } => Some(format!("remove it there, and run `dvc pull {output}`")),
            Self::TooLarge { .. } => Some("a metrics file holds results, not data; write the summary to a file of its own".to_owned()),
            Self::Refused { .. } | Self::Folder | Self::NotInFolder { .. } | Self::NoObject { .. } => None,
        }
    }
}

/// Gives objects by their hash. Implemented by [`Stores`] for the disk; tests have their own.
pub trait Objects: Sync {
    /// The bytes of one object of a project, checked against the hash.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn object(&self, project: &RepoPath, object: &Object) -> Result<Fetched, StoreError>;

    /// The place of one object of a project that may be large, checked against the hash; its bytes where there is no place.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn locate(&self, project: &RepoPath, object: &Object, limit: u64) -> Result<Located, StoreError> {
        let _ = limit;
        self.object(project, object).map(|fetched| Located { blob: Blob::InMemory(fetched.bytes), from: fetched.from, hash: fetched.hash })
    }
}

/// The user's side of DVC's configuration: what comes before a project's own files.
#[derive(Debug, Clone, Default)]
pub struct Home {
    /// The system's and the user's `config` files, in this order.
    pub configs: Vec<PathBuf>,
    /// What `~` stands for.
    pub folder: Option<PathBuf>,
}

/// The stores of all projects of a repository.
#[derive(Debug, Clone, Default)]
pub struct Stores {
    by_project: BTreeMap<RepoPath, Store>,
}

impl Stores {
    /// Opens the store of every project that has none yet. The configuration in the work tree, at `repository`,
    /// serves all revisions; where it has none, the first revision's own does.
    pub fn open(&mut self, repository: &Path, dvc: &Dvc, tree: &dyn Tree, home: &Home) {
        for project in dvc.projects.iter().filter(|project| project.configured) {
            self.by_project.entry(project.root.clone()).or_insert_with(|| {
                let config = tree.read(&project.root.child(".dvc").child("config")).ok().flatten();
                let fallback = config.map(|content| String::from_utf8_lossy(&content.bytes).into_owned());
                Store::open(&repository.join(project.root.as_str()), fallback.as_deref(), home)
            });
        }
    }

    /// Puts in a store.
    pub fn insert(&mut self, project: RepoPath, store: Store) {
        self.by_project.insert(project, store);
    }

    /// Looks also in the same projects of another checkout: the main one of a linked work tree.
    pub fn also_in(&mut self, repository: &Path) {
        for (project, store) in &mut self.by_project {
            let place = (Origin::Cache, repository.join(project.as_str()).join(".dvc").join("cache"));
            // Asked once for each revision; one place is looked into once.
            if !store.places.contains(&place) {
                store.places.push(place);
            }
        }
    }
}

impl Objects for Stores {
    fn object(&self, project: &RepoPath, object: &Object) -> Result<Fetched, StoreError> {
        match self.by_project.get(project) {
            Some(store) => store.object(object),
            None => Err(StoreError::Missing { hash: object.hash().to_owned(), elsewhere: Vec::new() }),
        }
    }

    fn locate(&self, project: &RepoPath, object: &Object, limit: u64) -> Result<Located, StoreError> {
        match self.by_project.get(project) {
            Some(store) => store.locate(object, limit),
            None => Err(StoreError::Missing { hash: object.hash().to_owned(), elsewhere: Vec::new() }),
        }
    }
}

/// The cache and the local remotes of one project.
#[derive(Debug, Clone, Default)]
pub struct Store {
    places: Vec<(Origin, PathBuf)>,
    elsewhere: Vec<String>,
}

impl Store {
    /// The store of the project in `folder` on disk; `fallback` is a revision's own `.dvc/config`, for when the folder
    /// has none.
    pub fn open(folder: &Path, fallback: Option<&str>, home: &Home) -> Self {
        let mut config = Config::default();
        let user = home.folder.as_deref();
        for path in &home.configs {
            if let (Some(text), Some(folder)) = (read_config(path), path.parent()) {
                config.merge(&text, folder, user);
            }
        }
        let own = folder.join(".dvc");
        let shared = read_config(&own.join("config"));
        if let Some(text) = shared.as_deref().or(fallback) {
            config.merge(text, &own, user);
        }
        if let Some(text) = read_config(&own.join("config.local")) {
            config.merge(&text, &own, user);
        }
        let cache = config.cache.clone().unwrap_or_else(|| own.join("cache"));
        let remotes = config.local_remotes().into_iter().map(|(name, folder)| (Origin::Remote(name), folder));
        Self { places: std::iter::once((Origin::Cache, cache)).chain(remotes).collect(), elsewhere: config.far_remotes() }
    }

    /// The bytes of one object, checked against the hash.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn object(&self, object: &Object) -> Result<Fetched, StoreError> {
        self.first_sound(object, |path, is_old, from| {
            let Some(bytes) = read(path, object, from)? else { return Ok(None) };
            let fetched = |bytes| Fetched { bytes, from: from.clone(), hash: object.hash().to_owned() };
            Ok(Some(matches_hash(&bytes, object, is_old).then(|| fetched(bytes))))
        })
    }

    /// The place of one object that may be large, checked against the hash.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn locate(&self, object: &Object, limit: u64) -> Result<Located, StoreError> {
        self.first_sound(object, |path, is_old, from| {
            let Some(matches) = matches_on_disk(path, object, is_old, from, limit)? else { return Ok(None) };
            let located = || Located { blob: Blob::OnDisk(path.to_owned()), from: from.clone(), hash: object.hash().to_owned() };
            Ok(Some(matches.then(located)))
        })
    }

    /// What `look` finds in the first place where an object is and its content is as its hash says. `look` gets the place and
    /// whether it is one of DVC before 3.0; it gives nothing where nothing is, and `Some(None)` where something else is.
    fn first_sound<T>(
        &self,
        object: &Object,
        look: impl Fn(&Path, bool, &Origin) -> Result<Option<Option<T>>, StoreError>,
    ) -> Result<T, StoreError> {
        let (first, rest) = object.hash().split_at(2);
        let mut failure = None;
        for (from, folder) in &self.places {
            let new = folder.join("files").join("md5").join(first).join(rest);
            let old = folder.join(first).join(rest);
            let places = if object.is_legacy() { [(old, true), (new, false)] } else { [(new, false), (old, true)] };
            for (path, is_old) in places {
                match look(&path, is_old, from) {
                    Ok(None) => {}
                    Ok(Some(Some(found))) => return Ok(found),
                    Ok(Some(None)) => failure = Some(StoreError::Damaged { hash: object.hash().to_owned(), from: from.clone() }),
                    Err(error) => failure = Some(error),
                }
            }
        }
        Err(failure.unwrap_or_else(|| StoreError::Missing { hash: object.hash().to_owned(), elsewhere: self.elsewhere.clone() }))
    }
}

fn read_config(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    regular(path).ok()??.0.take(MAX_CONFIG).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The bytes at a place, unchecked.
fn read(path: &Path, object: &Object, from: &Origin) -> Result<Option<Vec<u8>>, StoreError> {
    let refused = |error: std::io::Error| StoreError::Refused { from: from.clone(), detail: error.to_string() };
    let Some((file, size)) = regular(path).map_err(refused)? else { return Ok(None) };
    let mut bytes = Vec::new();
    file.take(MAX_OBJECT + 1).read_to_end(&mut bytes).map_err(refused)?;
    if bytes.len() as u64 > MAX_OBJECT {
        return Err(StoreError::TooLarge { hash: object.hash().to_owned(), size });
    }
    Ok(Some(bytes))
}

/// Whether the file at a place is an object, without holding it; `None` when there is no file.
fn matches_on_disk(path: &Path, object: &Object, old: bool, from: &Origin, limit: u64) -> Result<Option<bool>, StoreError> {
    let refused = |error: std::io::Error| StoreError::Refused { from: from.clone(), detail: error.to_string() };
    let Some((mut file, size)) = regular(path).map_err(refused)? else { return Ok(None) };
    if size > limit {
        return Err(StoreError::TooLarge { hash: object.hash().to_owned(), size });
    }
    let mut hashes = (Md5::new(), Md5::new());
    let mut piece = Vec::with_capacity(PIECE);
    loop {
        piece.clear();
        file.by_ref().take(PIECE as u64).read_to_end(&mut piece).map_err(refused)?;
        if piece.is_empty() {
            break;
        }
        hashes.0.update(&piece);
        if old {
            update_dos2unix(&mut hashes.1, &piece);
        }
    }
    let digits = object.hash();
    Ok(Some(hex(&hashes.0.finalize()) == digits || (old && hex(&hashes.1.finalize()) == digits)))
}

/// Opens a regular file and nothing else: a pipe would never end.
fn regular(path: &Path) -> std::io::Result<Option<(File, u64)>> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(Some((File::open(path)?, metadata.len()))),
        Ok(_) => Ok(None),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether bytes have an object's MD5. Before 3.0 the line ends of texts counted as LF.
pub(crate) fn matches_hash(bytes: &[u8], object: &Object, old: bool) -> bool {
    let digits = object.hash().strip_suffix(".dir").unwrap_or(object.hash());
    hex(&Md5::digest(bytes)) == digits || (old && hex(&dos2unix_md5(bytes)) == digits)
}

/// The MD5 of DVC 1 and 2: taken in pieces of a megabyte, in each of which that looks like text CRLF counts as LF.
fn dos2unix_md5(bytes: &[u8]) -> Vec<u8> {
    let mut hash = Md5::new();
    bytes.chunks(PIECE).for_each(|chunk| update_dos2unix(&mut hash, chunk));
    hash.finalize().to_vec()
}

fn update_dos2unix(hash: &mut Md5, chunk: &[u8]) {
    if !looks_like_text(&chunk[..chunk.len().min(512)]) {
        hash.update(chunk);
        return;
    }
    let mut rest = chunk;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"\r\n") {
        hash.update(&rest[..at]);
        rest = &rest[at + 1..];
    }
    hash.update(rest);
}

/// DVC's guess: no NUL, and at most three bytes in ten that are no plain text.
fn looks_like_text(block: &[u8]) -> bool {
    let plain = |byte: &u8| matches!(byte, 32..=126 | b'\n' | b'\r' | b'\t' | 8 | 12);
    let other = block.iter().filter(|byte| !plain(byte)).count();
    !block.contains(&0) && other * 10 <= block.len() * 3
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn put(root: &Path, place: &str, bytes: &[u8]) {
        let path = root.join(place);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, bytes).expect("a file");
    }

    fn place(hash: &str) -> String {
        format!("{}/{}", &hash[..2], &hash[2..])
    }

    #[test]
    fn finds_objects_in_the_cache_then_in_remotes_and_checks_them() {
        let root = tempfile::tempdir().expect("a folder");
        let root = root.path();
        put(root, "p/.dvc/config", b"['remote \"st\"']\n url = ../../store\n['remote \"far\"']\n url = s3://x\n");
        let (one, two, bad) = (hex(&Md5::digest(b"one")), hex(&Md5::digest(b"two")), hex(&Md5::digest(b"bad")));
        put(root, &format!("p/.dvc/cache/files/md5/{}", place(&one)), b"one");
        put(root, &format!("store/files/md5/{}", place(&two)), b"two");
        put(root, &format!("p/.dvc/cache/files/md5/{}", place(&bad)), b"other");
        let store = Store::open(&root.join("p"), None, &Home::default());
        let get = |hash: &str| store.object(&Object::new(hash, false).expect("a hash"));
        assert_eq!(get(&one).map(|fetched| (fetched.bytes, fetched.from)), Ok((b"one".to_vec(), Origin::Cache)));
        assert_eq!(get(&two).map(|fetched| fetched.from), Ok(Origin::Remote("st".to_owned())));
        assert_eq!(get(&bad), Err(StoreError::Damaged { hash: bad.clone(), from: Origin::Cache }));
        put(root, &format!("store/files/md5/{}", place(&bad)), b"bad");
        assert_eq!(get(&bad).map(|fetched| fetched.bytes), Ok(b"bad".to_vec()), "a good copy elsewhere will do");
        let nowhere = "0".repeat(32);
        assert_eq!(get(&nowhere), Err(StoreError::Missing { hash: nowhere.clone(), elsewhere: vec!["far".to_owned()] }));
    }

    #[test]
    fn old_objects_ignore_line_ends_in_text_alone() {
        let root = tempfile::tempdir().expect("a folder");
        let text = hex(&Md5::digest(b"{\n}\n"));
        let binary = hex(&Md5::digest(b"\0\n"));
        put(root.path(), &format!(".dvc/cache/{}", place(&text)), b"{\r\n}\r\n");
        put(root.path(), &format!(".dvc/cache/{}", place(&binary)), b"\0\r\n");
        let store = Store::open(root.path(), None, &Home::default());
        for legacy in [true, false] {
            assert!(store.object(&Object::new(&text, legacy).expect("a hash")).is_ok());
            assert!(store.object(&Object::new(&binary, legacy).expect("a hash")).is_err());
        }
    }

    #[test]
    fn the_work_trees_configuration_wins_and_the_revisions_own_is_the_fallback() {
        let root = tempfile::tempdir().expect("a folder");
        let fallback = "[cache]\ndir = ../theirs\n";
        assert_eq!(Store::open(root.path(), Some(fallback), &Home::default()).places[0].1, root.path().join("theirs"));
        put(root.path(), ".dvc/config.local", b"[cache]\ndir = /local\n");
        assert_eq!(Store::open(root.path(), Some(fallback), &Home::default()).places[0].1, Path::new("/local"));
        put(root.path(), "home/config", b"['remote \"mine\"']\nurl = ~/r\n");
        let home = Home { configs: vec![root.path().join("home/config")], folder: Some(PathBuf::from("/me")) };
        assert_eq!(Store::open(root.path(), None, &home).places[1], (Origin::Remote("mine".to_owned()), PathBuf::from("/me/r")));
    }

    #[test]
    fn hashes_that_are_paths_are_none() {
        for hash in ["../../../../../../etc/passwd00000", "", "..", "0123456789ABCDEF0123456789abcdef", "é123456789abcdef0123456789abcdef"]
        {
            assert_eq!(Object::new(hash, false), None);
        }
    }
}
