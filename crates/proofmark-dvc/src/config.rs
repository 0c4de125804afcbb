//! DVC's configuration: where the cache and the remotes are.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use crate::paths::is_url;

/// Remotes that refer to other remotes, one after another.
const MAX_HOPS: usize = 8;

/// What matters of DVC's configuration; later files win key by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Config {
    /// `core.remote`: the remote to look in first.
    pub(crate) default_remote: Option<String>,
    /// `cache.dir`.
    pub(crate) cache: Option<PathBuf>,
    /// The address of each remote: a URL, or a folder on this machine.
    remotes: BTreeMap<String, Address>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Address {
    Url(String),
    Folder(PathBuf),
}

impl Config {
    /// Takes in a file's text. Relative folders start at the file's own, `~` at `home`.
    pub(crate) fn merge(&mut self, text: &str, folder: &Path, home: Option<&Path>) {
        for (section, key, value) in entries(text) {
            let remote = section.trim().strip_prefix("remote").map(str::trim).and_then(|name| name.strip_prefix('"')?.strip_suffix('"'));
            match (section.as_str(), key.as_str(), remote) {
                ("core", "remote", _) => self.default_remote = Some(value),
                ("cache", "dir", _) => self.cache = local(&value, folder, home),
                (_, "url", Some(name)) => {
                    let address = local(&value, folder, home).map_or(Address::Url(value), Address::Folder);
                    self.remotes.insert(name.to_owned(), address);
                }
                _ => {}
            }
        }
    }

    /// The remotes that are folders, the default one first.
    pub(crate) fn local_remotes(&self) -> Vec<(String, PathBuf)> {
        let mut found: Vec<_> = self.remotes.keys().filter_map(|name| Some((name.clone(), self.folder_of(name)?))).collect();
        // DVC lowers the names of sections, not the value of `core.remote`.
        let default = self.default_remote.as_ref().map(|name| name.to_lowercase());
        found.sort_by_key(|(name, _)| Some(name) != default.as_ref());
        found
    }

    /// The names of the remotes that are somewhere else.
    pub(crate) fn far_remotes(&self) -> Vec<String> {
        self.remotes.keys().filter(|name| self.folder_of(name).is_none()).cloned().collect()
    }

    /// Follows `remote://other/path`.
    fn folder_of(&self, name: &str) -> Option<PathBuf> {
        let mut below = Vec::new();
        let mut name = name.to_lowercase();
        for _ in 0..MAX_HOPS {
            match self.remotes.get(&name)? {
                Address::Folder(folder) => return Some(below.iter().rev().fold(folder.clone(), |folder, part: &String| folder.join(part))),
                Address::Url(url) => {
                    let (other, path) = url.strip_prefix("remote://")?.split_once('/').unwrap_or((url.strip_prefix("remote://")?, ""));
                    below.push(path.trim_start_matches('/').to_owned());
                    name = other.to_lowercase();
                }
            }
        }
        None
    }
}

/// A folder on this machine, or `None` for a URL.
fn local(text: &str, folder: &Path, home: Option<&Path>) -> Option<PathBuf> {
    if let Some(path) = text.strip_prefix("file://") {
        return Some(PathBuf::from(path));
    }
    if is_url(text) || text.is_empty() {
        return None;
    }
    let in_home = text.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let path = match (in_home, home) {
        (Some(rest), Some(home)) => home.join(rest.trim_start_matches('/')),
        _ => folder.join(text),
    };
    Some(normal(&path))
}

/// Takes out `.` and `..` without asking the disk, as DVC does.
fn normal(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(parts.components().next_back(), Some(Component::Normal(_))) => {
                parts.pop();
            }
            Component::ParentDir if parts.has_root() => {}
            other => parts.push(other),
        }
    }
    parts
}

/// The entries of an INI file as ConfigObj reads it: section and key in lower case, value without quotes.
fn entries(text: &str) -> Vec<(String, String, String)> {
    let mut section = String::new();
    let mut found = Vec::new();
    for line in text.trim_start_matches('\u{feff}').lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(inside) = line.strip_prefix('[') {
            // The name may be quoted and then hold brackets; whatever follows is a comment.
            let name = inside.rsplit_once(']').map_or(inside, |(name, _)| name);
            section = unquote(name.trim()).to_lowercase();
        } else if let Some((key, value)) = line.split_once('=') {
            found.push((section.clone(), unquote(key.trim()).to_lowercase(), unquote(value.trim()).to_owned()));
        }
    }
    found
}

/// The text between quotes, or up to a comment.
fn unquote(text: &str) -> &str {
    for quote in ["'''", "\"\"\"", "'", "\""] {
        if let Some((inside, _)) = text.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            return inside;
        }
    }
    text.split_once('#').map_or(text, |(value, _)| value).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(texts: &[(&str, &str)]) -> Config {
        let mut config = Config::default();
        for (folder, text) in texts {
            config.merge(text, Path::new(folder), Some(Path::new("/home/me")));
        }
        config
    }

    #[test]
    fn reads_quoted_sections_and_relative_folders() {
        let config = config(&[(
            "/repo/.dvc",
            "[core]\n    remote = ST # the usual\n['remote \"St\"']\n    url = ../../store\n[cache]\n    dir = /shared/cache\n",
        )]);
        assert_eq!(config.cache, Some(PathBuf::from("/shared/cache")));
        assert_eq!(config.local_remotes(), [("st".to_owned(), PathBuf::from("/store"))]);
        assert!(config.far_remotes().is_empty());
    }

    #[test]
    fn later_files_win_and_the_default_comes_first() {
        let config = config(&[
            ("/repo/.dvc", "['remote \"a\"']\nurl = s3://bucket/x\n['remote \"b\"']\nurl = \"../b\"\n[core]\nremote = z\n"),
            ("/repo/.dvc", "['remote \"z\"']\nurl = ~/z\n['remote \"a\"']\nurl = /a\n"),
        ]);
        let names: Vec<_> = config.local_remotes().into_iter().map(|(name, folder)| format!("{name}={}", folder.display())).collect();
        assert_eq!(names, ["z=/home/me/z", "a=/a", "b=/repo/b"]);
    }

    #[test]
    fn remotes_may_refer_to_others_and_even_to_themselves() {
        let text = "['remote \"base\"']\nurl = /data\n['remote \"sub\"']\nurl = remote://base/x/y\n['remote \"loop\"']\nurl = remote://loop/a\n['remote \"far\"']\nurl = ssh://host/x\n";
        let config = config(&[("/r/.dvc", text)]);
        assert_eq!(config.local_remotes().last(), Some(&("sub".to_owned(), PathBuf::from("/data/x/y"))));
        assert_eq!(config.far_remotes(), ["far", "loop"]);
    }
}
