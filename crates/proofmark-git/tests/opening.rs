//! Which repository is found from where, and which is refused.

use std::fs;
use std::path::Path;

use proofmark_core::path::RepoPath;
use proofmark_core::ports::Tree as _;
use proofmark_git::{GitError, Head, Repository};
use proofmark_testkit::repo::TestRepo;

fn open(path: &Path) -> Repository {
    Repository::discover(path).expect("a repository is there")
}

fn path(text: &str) -> RepoPath {
    RepoPath::parse(text).expect("a path inside")
}

fn text(repo: &Repository, revision: &str, file: &str) -> Option<String> {
    let commit = repo.resolve(revision).expect("the revision is there");
    let tree = repo.tree_at(&commit, revision).expect("the tree is there");
    let content = tree.read(&path(file)).expect("the file can be read")?;
    Some(String::from_utf8(content.bytes).expect("tests write UTF-8"))
}

#[test]
fn from_a_folder_below() {
    let repo = TestRepo::new();
    repo.write("a/b/m.json", "1").commit("first");
    let found = open(&repo.path().join("a/b"));
    assert_eq!(found.root(), Some(repo.path()));
    assert_eq!(found.git_dir(), repo.path().join(".git"));
    assert!(!found.is_bare() && !found.is_shallow());
    assert_eq!(text(&found, "HEAD", "a/b/m.json").as_deref(), Some("1"));
}

#[test]
fn no_repository_names_the_folder() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let error = Repository::discover(folder.path()).expect_err("there is none");
    assert_eq!(error, GitError::NotARepository { folder: folder.path().to_owned() });
    assert!(error.hint().is_some());
    assert!(Repository::discover(&folder.path().join("not/there")).is_err());
}

#[test]
fn a_bare_repository() {
    let repo = TestRepo::new();
    repo.write("m.json", "1").commit("first");
    let bare = repo.clone_with(&["--bare"]);
    let found = open(bare.path());
    assert!(found.is_bare());
    assert_eq!(text(&found, "main", "m.json").as_deref(), Some("1"));
    let error = found.work_tree().expect_err("there are no files");
    assert!(matches!(error, GitError::NoWorkTree { .. }));
    assert!(error.hint().is_some_and(|hint| hint.contains("HEAD revision")));
}

#[test]
fn a_linked_worktree() {
    let repo = TestRepo::new();
    repo.write("m.json", "1").commit("first");
    let linked = repo.outside().join("linked");
    repo.git(&["worktree", "add", "--quiet", "-b", "side", &linked.display().to_string()]);
    fs::write(linked.join("m.json"), "2").expect("writable");
    let found = open(&linked);
    assert_eq!(found.root(), Some(linked.as_path()));
    assert_eq!(found.common_dir().canonicalize().ok(), repo.path().join(".git").canonicalize().ok());
    assert!(matches!(found.head(), Ok(Head::Branch { name, .. }) if name == "side"));
    let tree = found.work_tree().expect("it has files");
    assert_eq!(tree.read(&path("m.json")).expect("readable").expect("there").bytes, b"2");
    // The `.git` file of a linked worktree makes the worktree inside another one a repository of its own.
    assert!(tree.list(&RepoPath::root()).expect("readable").expect("there").iter().all(|entry| entry.name != ".git"));
}

#[test]
fn a_submodule_is_its_own_repository() {
    let inner = TestRepo::new();
    inner.write("m.json", "inner").commit("inner");
    let repo = TestRepo::new();
    repo.git(&["submodule", "--quiet", "add", &format!("file://{}", inner.path().display()), "sub"]);
    repo.commit("outer");
    let found = open(&repo.path().join("sub"));
    assert_eq!(found.root().and_then(|root| root.canonicalize().ok()), repo.path().join("sub").canonicalize().ok());
    assert_eq!(text(&found, "HEAD", "m.json").as_deref(), Some("inner"));
}

#[test]
fn another_work_tree_by_configuration() {
    let repo = TestRepo::new();
    repo.write("m.json", "1").commit("first");
    let other = repo.outside().join("other");
    fs::create_dir(&other).expect("writable");
    repo.git(&["config", "core.worktree", &other.display().to_string()]);
    assert_eq!(open(repo.path()).root(), Some(other.as_path()));
}

#[test]
fn no_commits_yet() {
    let repo = TestRepo::new();
    let found = open(repo.path());
    assert_eq!(found.head(), Ok(Head::Unborn { branch: "main".into() }));
    for revision in ["HEAD", "main", "HEAD~1", "anything"] {
        assert_eq!(found.resolve(revision), Err(GitError::NoCommits { branch: "main".into() }), "{revision}");
    }
    assert_eq!(found.default_branch(None).expect_err("none"), GitError::NoCommits { branch: "main".into() });
    let tree = found.work_tree().expect("it has files");
    assert_eq!(tree.revision().commit, None);
}

#[test]
fn unknown_formats_are_named() {
    let repo = TestRepo::with_init(&["--object-format=sha256"]);
    let error = Repository::discover(repo.path()).expect_err("not read");
    assert!(matches!(&error, GitError::Unsupported { what, .. } if what.contains("object format")), "{error}");

    let repo = TestRepo::new();
    repo.commit("first");
    repo.git(&["config", "core.repositoryFormatVersion", "1"]);
    repo.git(&["config", "extensions.refStorage", "reftable"]);
    let error = Repository::discover(repo.path()).expect_err("not read");
    assert!(matches!(&error, GitError::Unsupported { what, .. } if what.contains("reftable")), "{error}");
}

#[test]
fn a_broken_configuration_is_an_error() {
    let repo = TestRepo::new();
    repo.commit("first");
    fs::write(repo.path().join(".git/config"), "[core\nbare = ").expect("writable");
    let error = Repository::discover(repo.path()).expect_err("not read");
    assert!(matches!(error, GitError::Open { .. }), "{error:?}");
}

#[test]
fn hooks_folder() {
    let repo = TestRepo::new();
    repo.commit("first");
    assert_eq!(open(repo.path()).hooks_dir(), Ok(repo.path().join(".git/hooks")));
    repo.git(&["config", "core.hooksPath", ".githooks"]);
    assert_eq!(open(repo.path()).hooks_dir(), Ok(repo.path().join(".githooks")));
}

#[test]
fn alternates_are_read() {
    let repo = TestRepo::new();
    repo.write("m.json", "1").commit("first");
    let clone = repo.clone_with(&["--shared"]);
    assert_eq!(text(&open(clone.path()), "HEAD", "m.json").as_deref(), Some("1"));
}

/// As in a container whose user is not the owner of the checkout. Only root can make that situation.
#[cfg(unix)]
#[test]
fn foreign_ownership_does_not_matter() {
    let repo = TestRepo::new();
    repo.write("m.json", "1").commit("first");
    for file in [repo.path().to_owned(), repo.path().join(".git"), repo.path().join(".git/config")] {
        if std::os::unix::fs::chown(file, Some(12_345), Some(12_345)).is_err() {
            return;
        }
    }
    repo.git(&["-c", "safe.directory=*", "config", "--file", ".git/config", "core.hooksPath", "elsewhere"]);
    let found = open(repo.path());
    assert_eq!(text(&found, "HEAD", "m.json").as_deref(), Some("1"));
    assert!(found.work_tree().is_ok());
    assert_eq!(found.hooks_dir(), Ok(repo.path().join("elsewhere")));
}
