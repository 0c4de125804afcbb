//! Where a store is, from a tracking URI.

use std::fs;
use std::path::{Path, PathBuf};

use proofmark_http::Secret;

use crate::error::{self, Error};
use crate::settings::Credentials;

/// What MLflow's client asks for its tracking URI.
const VARIABLE: &str = "MLFLOW_TRACKING_URI";
/// The database that MLflow 3 makes where nobody names a place.
const DATABASE: &str = "mlflow.db";
/// The folder that older ones make.
const FOLDER: &str = "mlruns";
/// Databases that only a server of their own opens.
const REMOTE: [&str; 3] = ["postgresql", "mysql", "mssql"];

/// A store's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A server; the address without a slash at its end, and without credentials.
    Server(String),
    /// A SQLite database file.
    Database(PathBuf),
    /// The folder of a file store, `mlruns`.
    Folder(PathBuf),
}

impl Location {
    /// Reads a tracking URI. Relative paths start at `folder`.
    ///
    /// # Errors
    /// [`Error::Setting`] and [`Error::Unsupported`].
    pub fn parse(uri: &str, folder: &Path) -> Result<Self, Error> {
        let uri = uri.trim();
        if uri.is_empty() {
            return Err(wrong("it is empty"));
        }
        if uri.chars().any(char::is_control) {
            return Err(wrong("it holds a control character"));
        }
        let Some((scheme, rest)) = scheme(uri) else {
            let databricks = ["databricks", "databricks-uc", "uc"].contains(&uri);
            return if databricks { Err(unsupported(uri)) } else { Ok(Self::Folder(folder.join(unescaped(uri)?))) };
        };
        match scheme.split('+').next().unwrap_or_default() {
            "http" | "https" if !scheme.contains('+') => server(&scheme, rest),
            "sqlite" => Ok(Self::Database(folder.join(database(rest)?))),
            "file" => Ok(Self::Folder(folder.join(file(rest)?))),
            known if REMOTE.iter().any(|name| known.starts_with(name)) || known.starts_with("databricks") || known == "uc" => {
                Err(unsupported(known))
            }
            _ => Err(wrong(&format!("`{}:` is no place that is known", error::clean(&scheme, &[])))),
        }
    }
}

/// The place that MLflow 3 takes where none is named: the file store in `mlruns` if it holds experiments, else `mlflow.db`.
///
/// # Errors
/// [`Error::Setting`] where neither is in the folder: MLflow would make an empty store there, in which every question finds nothing.
pub fn default(folder: &Path) -> Result<Location, Error> {
    let (runs, database) = (folder.join(FOLDER), folder.join(DATABASE));
    if holds_experiments(&runs) {
        return Ok(Location::Folder(runs));
    }
    if database.is_file() {
        return Ok(Location::Database(database));
    }
    Err(wrong(&format!("it is not set, and there is neither `{DATABASE}` nor `{FOLDER}` with experiments to read instead")))
}

/// The credentials in the address of a server. MLflow's client prefers them to those of the environment.
pub fn user_info(uri: &str) -> Option<Credentials> {
    let (scheme, rest) = scheme(uri.trim())?;
    let (user, _) = matches!(&*scheme, "http" | "https").then(|| authority(rest)).flatten()?;
    let user = user?;
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    let (name, password) = (unescaped(name).ok()?, unescaped(password).ok()?);
    Some(Credentials::Basic(name, Secret::password(&password)?))
}

/// The scheme in lower case, and what follows its colon. A single letter is a drive of Windows.
fn scheme(uri: &str) -> Option<(String, &str)> {
    let (scheme, rest) = uri.split_once(':')?;
    let first = scheme.starts_with(|letter: char| letter.is_ascii_alphabetic());
    let plain = scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    (first && plain && scheme.len() > 1).then(|| (scheme.to_ascii_lowercase(), rest))
}

/// The user information of `//user@host/path`, and the rest.
fn authority(rest: &str) -> Option<(Option<&str>, &str)> {
    let rest = rest.strip_prefix("//")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest.get(..end)?.rfind('@') {
        Some(at) => Some((rest.get(..at), rest.get(at + 1..)?)),
        None => Some((None, rest)),
    }
}

fn server(scheme: &str, rest: &str) -> Result<Location, Error> {
    let (_, rest) = authority(rest).ok_or_else(|| wrong("two slashes and a host have to follow the scheme"))?;
    if rest.contains(['?', '#']) {
        return Err(wrong("an address with a query or fragment is a page's and not the server's"));
    }
    let address = format!("{scheme}://{}", rest.trim_end_matches('/'));
    let uri = address.parse::<http::Uri>().ok();
    // A port that is no number of a port is left out by the parser.
    let whole = |authority: &http::uri::Authority| {
        !authority.host().is_empty() && (authority.port_u16().is_some() || authority.as_str().ends_with(authority.host()))
    };
    if !uri.as_ref().and_then(http::Uri::authority).is_some_and(whole) {
        return Err(wrong("it is no address of a server"));
    }
    Ok(Location::Server(address))
}

/// The path in SQLAlchemy's address of a SQLite database: three slashes and a path, relative or not.
fn database(rest: &str) -> Result<PathBuf, Error> {
    let path = rest.strip_prefix("///").ok_or_else(|| wrong("write sqlite:///relative.db or sqlite:////absolute/path.db"))?;
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    // SQLite's own kind of address, inside of SQLAlchemy's.
    let path = if query.split('&').any(|part| part == "uri=true") { path.strip_prefix("file:").unwrap_or(path) } else { path };
    match path {
        "" | ":memory:" => Err(wrong("a database in memory holds nothing that can be read")),
        path => Ok(PathBuf::from(path)),
    }
}

/// The path of `file:///path`, `file:path`, and of `file://path`, whose first part would be a host.
fn file(rest: &str) -> Result<PathBuf, Error> {
    let path = match rest.strip_prefix("//") {
        None => rest,
        Some(rest) if rest.starts_with('/') => rest,
        Some(rest) => rest.strip_prefix("localhost").filter(|rest| rest.starts_with('/')).ok_or_else(|| wrong("it names another host"))?,
    };
    // `file:///C:/runs`
    let drive = path.as_bytes();
    let drive = drive.first() == Some(&b'/') && drive.get(1).is_some_and(u8::is_ascii_alphabetic) && drive.get(2) == Some(&b':');
    let path = unescaped(if drive { path.trim_start_matches('/') } else { path })?;
    if path.is_empty() { Err(wrong("it names no folder")) } else { Ok(PathBuf::from(path)) }
}

/// With `%41` as the letter that it stands for.
fn unescaped(text: &str) -> Result<String, Error> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let escape = || Some(digit(ahead.next()?)? << 4 | digit(ahead.next()?)?);
        match (byte == b'%').then(escape).flatten() {
            Some(meant) => {
                out.push(meant);
                bytes.nth(1);
            }
            None => out.push(byte),
        }
    }
    String::from_utf8(out).ok().filter(|text| !text.contains('\0')).ok_or_else(|| wrong("its percent-encoding is no text"))
}

fn holds_experiments(folder: &Path) -> bool {
    let is_one = |entry: &fs::DirEntry| {
        let digits = entry.file_name().to_str().is_some_and(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()));
        digits && entry.path().join("meta.yaml").is_file()
    };
    fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| is_one(&entry)))
}

fn wrong(why: &str) -> Error {
    Error::Setting { what: VARIABLE.to_owned(), why: why.to_owned() }
}

fn unsupported(kind: &str) -> Error {
    let (what, hint) = if REMOTE.iter().any(|name| kind.starts_with(name)) {
        (format!("a store in {kind} without its server"), "name the address of the tracking server that uses this database")
    } else {
        ("a store at Databricks".to_owned(), "name the address of an MLflow tracking server, a SQLite database or a folder")
    };
    Error::Unsupported { what, hint: hint.to_owned() }
}

#[cfg(test)]
mod tests;
