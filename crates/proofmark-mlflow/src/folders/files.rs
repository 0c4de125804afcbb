//! Files and folders that a stranger may have written: read within bounds, and never through a symbolic link.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

/// The largest file that is read: a metric with about two million points.
const LARGEST: u64 = 64 << 20;
/// For all files of a run together.
const LARGEST_RUN: u64 = 256 << 20;
/// Files in one run, runs in one experiment, experiments in one store.
pub(super) const MOST_ENTRIES: usize = 200_000;
/// Slashes in a metric's name.
const DEEPEST: usize = 64;
/// Letters of foreign text in a message.
const SHOWN: usize = 40;

/// How many bytes may still be read.
#[derive(Debug)]
pub(super) struct Allowance(u64);

impl Allowance {
    pub(super) fn of_a_run() -> Self {
        Self(LARGEST_RUN)
    }

    /// The bytes of a file; `None` where there is none. What is wrong is said as a fragment that follows the file's name.
    pub(super) fn read(&mut self, path: &Path) -> Result<Option<Vec<u8>>, String> {
        let found = match path.symlink_metadata() {
            Err(error) if is_absence(&error) => return Ok(None),
            Err(error) => return Err(why(&error)),
            Ok(found) => found,
        };
        // A pipe would be waited for, so that this comes before opening.
        if !found.is_file() {
            return Err(if found.is_symlink() { "is a symbolic link" } else { "is no file" }.to_owned());
        }
        let limit = self.0.min(LARGEST);
        let mut bytes = Vec::with_capacity(usize::try_from(found.len().min(limit)).unwrap_or(0) + 1);
        let size = match File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes)) {
            Err(error) => return Err(why(&error)),
            Ok(size) => size as u64,
        };
        if size > limit {
            return Err(format!("is larger than the {limit} bytes that are read"));
        }
        self.0 -= size;
        Ok(Some(bytes))
    }

    /// The same, as text.
    pub(super) fn text(&mut self, path: &Path) -> Result<Option<String>, String> {
        self.read(path)?.map(|bytes| String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())).transpose()
    }
}

/// Whether a folder is there; whatever else is in its place is a mistake.
pub(super) fn is_folder(path: &Path) -> Result<bool, String> {
    match path.symlink_metadata() {
        Err(error) if is_absence(&error) => Ok(false),
        Err(error) => Err(why(&error)),
        Ok(found) if found.is_dir() => Ok(true),
        Ok(found) => Err(if found.is_symlink() { "is a symbolic link" } else { "is no folder" }.to_owned()),
    }
}

/// The names of the folders in a folder, sorted; links and files are left out, and whether there are more than are read.
pub(super) fn folders_in(path: &Path) -> Result<(Vec<String>, bool), String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path).map_err(|error| why(&error))? {
        let entry = entry.map_err(|error| why(&error))?;
        if names.len() == MOST_ENTRIES {
            return Ok((names, true));
        }
        // MLflow's own names are plain; another one is none of its folders.
        if let (Ok(name), true) = (entry.file_name().into_string(), entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok((names, false))
}

/// Every file below a folder, by its path with slashes, sorted. Nothing where the folder is missing.
pub(super) fn files_below(folder: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let mut files = Vec::new();
    if is_folder(folder)? {
        collect(folder, "", DEEPEST, &mut files)?;
    }
    files.sort_unstable();
    Ok(files)
}

fn collect(folder: &Path, before: &str, depth: usize, files: &mut Vec<(String, PathBuf)>) -> Result<(), String> {
    for entry in fs::read_dir(folder).map_err(|error| why(&error))? {
        let entry = entry.map_err(|error| why(&error))?;
        let name = entry.file_name().into_string().map_err(|_| "holds a name that is not UTF-8".to_owned())?;
        let name = format!("{before}{name}");
        let is_folder = entry.file_type().map_err(|error| why(&error))?.is_dir();
        if files.len() == MOST_ENTRIES || (is_folder && depth == 0) {
            return Err("holds too many files or folders".to_owned());
        }
        if is_folder {
            collect(&entry.path(), &format!("{name}/"), depth - 1, files)?;
        } else {
            // Links are listed as well: whoever reads one is told what it is.
            files.push((name, entry.path()));
        }
    }
    Ok(())
}

/// A file by a name with slashes, if no link lies on the way and the name leads nowhere else.
pub(super) fn file_below(folder: &Path, name: &str) -> Result<Option<PathBuf>, String> {
    if !is_plain(name) {
        return Ok(None);
    }
    let mut path = folder.to_owned();
    for part in name.split('/') {
        if !is_folder(&path).or_else(|why| if path == folder { Err(why) } else { Ok(false) })? {
            return Ok(None);
        }
        path.push(part);
    }
    Ok(Some(path))
}

/// Whether a name is a path that stays below where it starts.
pub(crate) fn is_plain(name: &str) -> bool {
    !name.contains(['\\', '\0'])
        && name.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
        && Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

/// Whether an id can be one of MLflow's: letters, digits, `-` and `_`.
pub(super) fn is_id(id: &str) -> bool {
    (1..=256).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Foreign text in a message: short, on one line, and without what turns the text around it.
pub(crate) fn shown(text: &str) -> String {
    let is_odd = |letter: char| {
        letter.is_control()
            || matches!(letter, '`' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let mut short: String = text.chars().take(SHOWN).map(|letter| if is_odd(letter) { '\u{fffd}' } else { letter }).collect();
    if text.chars().nth(SHOWN).is_some() {
        short.push('…');
    }
    short
}

/// What the system said, without the path, which whoever asked knows.
pub(crate) fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "is missing".to_owned(),
        io::ErrorKind::PermissionDenied => "may not be read".to_owned(),
        kind => kind.to_string(),
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below() {
        for name in ["loss", "val/loss", "a b", "é/中", "a:b", ".hidden", "..."] {
            assert!(is_plain(name) || cfg!(windows), "{name}");
        }
        for name in ["", "/", "/etc", "..", "a/../b", "a//b", "a/", "./a", "a\\b", "a\0"] {
            assert!(!is_plain(name), "{name}");
        }
        assert!(is_id("606690f122a74b0caee4bca699197c40") && is_id("m-1") && !is_id("..") && !is_id("") && !is_id("a/b"));
    }

    #[test]
    fn foreign_text_is_short_and_plain() {
        assert_eq!(shown("a\nb\u{202e}`"), "a\u{fffd}b\u{fffd}\u{fffd}");
        assert_eq!(shown(&"é".repeat(41)), format!("{}…", "é".repeat(40)));
        assert_eq!(shown(&"é".repeat(40)), "é".repeat(40));
    }

    #[test]
    fn what_is_in_the_place_of_a_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let mut allowance = Allowance::of_a_run();
        assert_eq!(allowance.read(&path), Ok(None));
        assert_eq!(allowance.read(folder.path()), Err("is no file".to_owned()));
        fs::write(&path, b"\xff").expect("written");
        assert_eq!(allowance.read(&path), Ok(Some(vec![0xff])));
        assert_eq!(allowance.text(&path), Err("is not UTF-8".to_owned()));
        assert_eq!(allowance.read(&path.join("below")), Ok(None));
        File::create(&path).and_then(|file| file.set_len(LARGEST + 1)).expect("grown");
        assert_eq!(allowance.read(&path), Err("is larger than the 67108864 bytes that are read".to_owned()));
        assert_eq!(Allowance(3).read(&path), Err("is larger than the 3 bytes that are read".to_owned()));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().expect("a folder");
        let base = folder.path();
        fs::create_dir(base.join("real")).expect("made");
        fs::write(base.join("real/file"), "1").expect("written");
        symlink(base.join("real"), base.join("linked")).expect("linked");
        symlink(base.join("real/file"), base.join("file")).expect("linked");
        assert_eq!(Allowance::of_a_run().read(&base.join("file")), Err("is a symbolic link".to_owned()));
        assert_eq!(is_folder(&base.join("linked")), Err("is a symbolic link".to_owned()));
        assert_eq!(file_below(base, "linked/file"), Ok(None));
        assert_eq!(file_below(base, "real/file"), Ok(Some(base.join("real/file"))));
        assert_eq!(folders_in(base), Ok((vec!["real".to_owned()], false)));
    }
}
