//! Files of a run that lie on this machine.
//!
//! A run says where its artifacts are, and that may be anything: a store that came with a checkout could name the user's private
//! keys. So only two folders are ever looked into, the store's own and `mlartifacts` beside it, which is what a server writes to.

use std::path::{Path, PathBuf};

use super::files::{is_plain, shown, why};
use crate::Error;
use crate::run::Run;
use crate::store::Artifact;

/// The folders in which artifacts may be, and where relative places start.
#[derive(Debug)]
pub(crate) struct Shelves {
    start: PathBuf,
    allowed: Vec<PathBuf>,
}

impl Shelves {
    /// Of a file store.
    pub(crate) fn of_folder(root: &Path) -> Self {
        let start = root.parent().unwrap_or(root).to_owned();
        Self { allowed: vec![root.to_owned(), start.join("mlartifacts")], start }
    }

    /// Of a database file, beside which MLflow makes `mlruns`.
    #[cfg(feature = "sqlite")]
    pub(crate) fn of_database(file: &Path) -> Self {
        let start = file.parent().unwrap_or(file).to_owned();
        Self { allowed: vec![start.join("mlruns"), start.join("mlartifacts")], start }
    }

    /// A file among a run's artifacts.
    pub(crate) fn find(&self, run: &Run, path: &str, limit: u64) -> Result<Option<Artifact>, Error> {
        if !is_plain(path) {
            return Ok(None);
        }
        let place = Place::parse(&run.artifacts)?;
        let mut is_elsewhere = false;
        for folder in self.candidates(&place, run) {
            let Ok(file) = folder.join(path).canonicalize() else {
                is_elsewhere |= folder.exists() && !self.is_inside(&folder);
                continue;
            };
            if !self.is_inside(&file) {
                is_elsewhere = true;
                continue;
            }
            let what = || format!("artifact {}", shown(path));
            let found = file.metadata().map_err(|error| Error::Damaged { what: what(), why: why(&error) })?;
            if !found.is_file() {
                return Ok(None);
            }
            return if found.len() > limit { Err(Error::TooLarge { what: what(), limit }) } else { Ok(Some(Artifact::File(file))) };
        }
        if is_elsewhere {
            let why = "it is outside of the store's folder and of `mlartifacts` beside it, and so is not followed".to_owned();
            return Err(Error::Damaged { what: shown(&run.artifacts), why });
        }
        Ok(None)
    }

    /// Where a run's artifacts may be. A store that was moved still names its old place, so the run's own folder is tried too.
    fn candidates(&self, place: &Place, run: &Run) -> Vec<PathBuf> {
        let usual = format!("{}/{}/artifacts", run.experiment, run.id);
        let mut folders = Vec::new();
        match place {
            Place::Served(rest) => folders.extend(self.allowed.iter().rev().filter(|_| is_plain(rest)).map(|base| base.join(rest))),
            Place::Local(path) => {
                folders.push(self.start.join(path));
                if is_plain(&usual) && path.replace('\\', "/").ends_with(&format!("/{usual}")) {
                    folders.extend(self.allowed.iter().map(|base| base.join(&usual)));
                }
            }
        }
        folders
    }

    /// Whether a path is inside of one of the folders after all links are followed.
    fn is_inside(&self, path: &Path) -> bool {
        let real = path.canonicalize();
        let bases = self.allowed.iter().filter_map(|base| base.canonicalize().ok());
        real.is_ok_and(|real| bases.into_iter().any(|base| real.starts_with(base)))
    }
}

/// Where a run says that its artifacts are.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// `mlflow-artifacts:/REST`: wherever the server keeps them.
    Served(String),
    /// A folder.
    Local(String),
}

impl Place {
    fn parse(uri: &str) -> Result<Self, Error> {
        let (scheme, rest) = match uri.split_once(':') {
            // One letter is a drive.
            Some((scheme, rest))
                if scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) =>
            {
                (scheme, rest)
            }
            _ => return Ok(Self::Local(uri.to_owned())),
        };
        let path = match rest.strip_prefix("//") {
            Some(rest) => rest.split_once('/').map_or("", |(_, path)| path),
            None => rest.trim_start_matches('/'),
        };
        match scheme {
            "file" => Ok(Self::Local(format!("/{}", decoded(path)))),
            "mlflow-artifacts" => Ok(Self::Served(path.trim_end_matches('/').to_owned())),
            _ => Err(Error::Unsupported {
                what: format!("reading artifacts from `{}:` without a server", shown(scheme)),
                hint: "name the tracking server's address, which hands them out".to_owned(),
            }),
        }
    }
}

/// Percent signs in an address undone; a broken one stays.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = |byte: &u8| char::from(*byte).to_digit(16);
        rest = match (first, after) {
            (b'%', [high, low, tail @ ..]) if hex(high).is_some() && hex(low).is_some() => {
                bytes.extend(hex(high).zip(hex(low)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok()));
                tail
            }
            _ => {
                bytes.push(*first);
                after
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn forms_of_a_place() {
        let local = |path: &str| Ok(Place::Local(path.to_owned()));
        let served = |path: &str| Ok(Place::Served(path.to_owned()));
        for (uri, expected) in [
            ("mlruns/0/r/artifacts", local("mlruns/0/r/artifacts")),
            ("/a/b", local("/a/b")),
            ("C:\\a", local("C:\\a")),
            ("file:///a%20b/%C3%BC", local("/a b/ü")),
            ("file:/a%2", local("/a%2")),
            ("file://localhost/a", local("/a")),
            ("mlflow-artifacts:/1/r/artifacts", served("1/r/artifacts")),
            ("mlflow-artifacts://host:5000/1/r", served("1/r")),
        ] {
            assert_eq!(Place::parse(uri), expected, "{uri}");
        }
        assert!(matches!(Place::parse("s3://bucket/a"), Err(Error::Unsupported { what, .. }) if what.contains("`s3:`")));
    }

    #[test]
    fn only_the_store_is_looked_into() {
        let base = tempfile::tempdir().expect("a folder");
        let base = base.path().canonicalize().expect("its real path");
        let root = base.join("mlruns");
        for folder in ["mlruns/1/r/artifacts/sub", "mlartifacts/1/s/artifacts", "secret"] {
            fs::create_dir_all(base.join(folder)).expect("made");
        }
        for file in ["mlruns/1/r/artifacts/sub/t.csv", "mlartifacts/1/s/artifacts/t.csv", "secret/key"] {
            fs::write(base.join(file), "12345").expect("written");
        }
        let shelves = Shelves::of_folder(&root);
        let find = |id: &str, uri: &str, path: &str, limit| {
            let mut run = Run::new(id, "1");
            run.artifacts = uri.replace("BASE", &base.to_string_lossy());
            shelves.find(&run, path, limit)
        };
        let file = |path: &str| Ok(Some(Artifact::File(base.join(path))));
        let ours = "mlruns/1/r/artifacts/sub/t.csv";
        for uri in [
            "BASE/mlruns/1/r/artifacts",
            "file://BASE/mlruns/1/r/artifacts",
            "mlruns/1/r/artifacts",
            "./mlruns/1/r/artifacts",
            "mlflow-artifacts:/1/r/artifacts",
            "/gone/ci/mlruns/1/r/artifacts",
        ] {
            assert_eq!(find("r", uri, "sub/t.csv", 5), file(ours), "{uri}");
        }
        assert_eq!(find("s", "mlflow-artifacts:/1/s/artifacts", "t.csv", 5), file("mlartifacts/1/s/artifacts/t.csv"));
        assert!(matches!(find("r", "mlruns/1/r/artifacts", "sub/t.csv", 4), Err(Error::TooLarge { limit: 4, .. })));
        for (uri, path) in [
            ("mlruns/1/r/artifacts", "sub"),
            ("mlruns/1/r/artifacts", "none"),
            ("mlruns/1/r/artifacts", "../../1/r/artifacts/sub/t.csv"),
            ("mlruns/1/r/artifacts", "/etc/passwd"),
            ("mlflow-artifacts:/../secret", "key"),
            ("", "mlruns"),
        ] {
            assert_eq!(find("r", uri, path, 5), Ok(None), "{uri} {path}");
        }
        for (uri, path) in
            [("BASE/secret", "key"), ("secret", "key"), ("file://BASE/secret", "none"), ("mlruns/../secret", "key"), ("/", "etc/passwd")]
        {
            assert!(matches!(find("r", uri, path, 5), Err(Error::Damaged { why, .. }) if why.contains("outside")), "{uri} {path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_store_is_not_followed() {
        let base = tempfile::tempdir().expect("a folder");
        let artifacts = base.path().join("mlruns/1/r/artifacts");
        fs::create_dir_all(&artifacts).expect("made");
        fs::write(base.path().join("key"), "x").expect("written");
        std::os::unix::fs::symlink(base.path().join("key"), artifacts.join("t.csv")).expect("linked");
        let mut run = Run::new("r", "1");
        run.artifacts = "mlruns/1/r/artifacts".to_owned();
        assert!(matches!(Shelves::of_folder(&base.path().join("mlruns")).find(&run, "t.csv", 9), Err(Error::Damaged { .. })));
    }
}
