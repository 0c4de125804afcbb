//! Real git repositories for tests, made by the real `git` in a temporary folder.
//!
//! Nothing of the machine leaks in: the environment is empty but for `PATH`, `HOME` lies in the temporary folder, and
//! names and dates are fixed, so that the same calls give the same commit ids everywhere.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// The date of the first commit: 2024-01-01 12:00:00 UTC. Each further one is a minute later.
const FIRST_DATE: u64 = 1_704_110_400;

/// A repository with a work tree, deleted when dropped. Every method panics when git fails: a test cannot go on.
#[derive(Debug)]
pub struct TestRepo {
    /// Holds the home folder, the repository and its clones.
    outside: TempDir,
    root: PathBuf,
    commits: Cell<u64>,
}

impl Default for TestRepo {
    fn default() -> Self {
        Self::new()
    }
}

impl TestRepo {
    /// An empty repository whose first branch is `main`.
    pub fn new() -> Self {
        Self::with_init(&[])
    }

    /// The same, with more arguments for `git init`.
    pub fn with_init(arguments: &[&str]) -> Self {
        let repo = Self::place("repo");
        repo.git(&[&["init", "--quiet"], arguments].concat());
        repo
    }

    fn place(name: &str) -> Self {
        let outside = tempfile::tempdir().expect("a temporary folder can be made");
        // Without links in its path (macOS has one in its temporary folder), so that tests can compare paths.
        let base = outside.path().canonicalize().expect("the temporary folder was just made");
        let root = base.join(name);
        for folder in [&root, &base.join("home")] {
            fs::create_dir(folder).expect("the temporary folder is empty and writable");
        }
        Self { outside, root, commits: Cell::new(0) }
    }

    /// The root of the work tree.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The temporary folder around it, for whatever must lie outside of the repository.
    pub fn outside(&self) -> PathBuf {
        self.root.parent().map(Path::to_owned).unwrap_or_else(|| self.outside.path().to_owned())
    }

    /// Writes a file, and the folders above it.
    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let file = self.root.join(path);
        let folder = file.parent().expect("a file has a folder");
        fs::create_dir_all(folder).unwrap_or_else(|error| panic!("cannot make {}: {error}", folder.display()));
        fs::write(&file, bytes).unwrap_or_else(|error| panic!("cannot write {}: {error}", file.display()));
        self
    }

    /// Deletes a file or a folder.
    pub fn remove(&self, path: &str) -> &Self {
        let file = self.root.join(path);
        let result = if file.is_dir() && !file.is_symlink() { fs::remove_dir_all(&file) } else { fs::remove_file(&file) };
        result.unwrap_or_else(|error| panic!("cannot remove {}: {error}", file.display()));
        self
    }

    /// Makes a symbolic link at `path` that holds `target` as it stands.
    #[cfg(unix)]
    pub fn link(&self, path: &str, target: &str) -> &Self {
        let link = self.root.join(path);
        if let Some(folder) = link.parent() {
            fs::create_dir_all(folder).unwrap_or_else(|error| panic!("cannot make {}: {error}", folder.display()));
        }
        std::os::unix::fs::symlink(target, &link).unwrap_or_else(|error| panic!("cannot link {}: {error}", link.display()));
        self
    }

    /// Adds everything that is not ignored, commits it even when nothing changed, and gives the full id.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.commit_staged(message)
    }

    /// Commits what was added by hand.
    pub fn commit_staged(&self, message: &str) -> String {
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.id("HEAD")
    }

    /// The full id of a revision.
    pub fn id(&self, revision: &str) -> String {
        self.git(&["rev-parse", "--verify", revision])
    }

    /// Makes a branch here, without switching to it.
    pub fn branch(&self, name: &str) -> &Self {
        self.git(&["branch", "--quiet", name]);
        self
    }

    /// Switches to a branch, and makes it here if there is none.
    pub fn switch(&self, name: &str) -> &Self {
        let known = self.try_git(&["rev-parse", "--verify", "--quiet", &format!("refs/heads/{name}")]).status.success();
        if known {
            self.git(&["switch", "--quiet", name])
        } else {
            self.git(&["switch", "--quiet", "--create", name])
        };
        self
    }

    /// Merges a branch with a merge commit, and gives its id.
    pub fn merge(&self, name: &str) -> String {
        self.git(&["merge", "--quiet", "--no-ff", "--no-edit", name]);
        self.id("HEAD")
    }

    /// Makes an annotated tag here.
    pub fn tag(&self, name: &str) -> &Self {
        self.git(&["tag", "--annotate", "--message", name, name]);
        self
    }

    /// Runs git in the work tree and gives its output without the last line end.
    pub fn git(&self, arguments: &[&str]) -> String {
        let output = self.try_git(arguments);
        let text = String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned();
        assert!(output.status.success(), "git {arguments:?}: {}\n{text}", String::from_utf8_lossy(&output.stderr));
        text
    }

    /// Runs git in the work tree, whatever comes of it.
    pub fn try_git(&self, arguments: &[&str]) -> Output {
        let made = self.commits.get();
        if matches!(arguments.first(), Some(&"commit" | &"merge" | &"tag" | &"commit-tree" | &"rebase" | &"cherry-pick" | &"revert")) {
            self.commits.set(made + 1);
        }
        self.command(made).args(arguments).output().expect("git is installed")
    }

    fn command(&self, minute: u64) -> Command {
        let date = format!("{} +0000", FIRST_DATE + 60 * minute);
        let mut command = Command::new("git");
        command.current_dir(&self.root).env_clear();
        // Without a path there is no git, and on Windows no process without the system's folder.
        for name in ["PATH", "SystemRoot"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("HOME", self.outside().join("home"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_AUTHOR_NAME", "Ada Author")
            .env("GIT_AUTHOR_EMAIL", "ada@example.com")
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_NAME", "Carl Committer")
            .env("GIT_COMMITTER_EMAIL", "carl@example.com")
            .env("GIT_COMMITTER_DATE", &date)
            .env("LC_ALL", "C")
            .args(["-c", "init.defaultBranch=main", "-c", "core.autocrlf=false", "-c", "protocol.file.allow=always"])
            .args(["-c", "gc.auto=0", "-c", "gc.reflogExpire=never", "-c", "advice.detachedHead=false"]);
        command
    }

    /// A clone of this repository with `depth` commits of each branch.
    pub fn clone_shallow(&self, depth: usize) -> Self {
        self.clone_with(&["--no-single-branch", &format!("--depth={depth}")])
    }

    /// A clone of this repository, with more arguments for `git clone`.
    pub fn clone_with(&self, arguments: &[&str]) -> Self {
        let clone = Self::place("clone");
        clone.commits.set(self.commits.get());
        // A path would be copied whole; only a URL is fetched and can be shallow.
        let url = format!("file://{}", self.root.display());
        clone.git(&[&["clone", "--quiet"], arguments, &[url.as_str(), "."]].concat());
        clone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_calls_give_equal_ids() {
        let make = || {
            let repo = TestRepo::new();
            repo.write("a/m.json", "{}").commit("first");
            repo.switch("work").write("a/m.json", "{\"x\": 1}").commit("second")
        };
        assert_eq!(make(), make());
    }
}
