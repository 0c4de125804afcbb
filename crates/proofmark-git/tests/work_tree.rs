//! The files on disk.

use std::process::Command;

use proofmark_core::path::RepoPath;
use proofmark_core::ports::{EntryKind, Tree as _, TreeError};
use proofmark_git::{Repository, WorkTree};
use proofmark_testkit::repo::TestRepo;

fn path(text: &str) -> RepoPath {
    RepoPath::parse(text).expect("a path inside")
}

fn open(repo: &TestRepo) -> WorkTree {
    Repository::discover(repo.path()).expect("a repository is there").work_tree().expect("it has files")
}

fn text(tree: &WorkTree, file: &str) -> Result<Option<String>, TreeError> {
    let content = tree.read(&path(file))?;
    Ok(content.map(|content| String::from_utf8(content.bytes).expect("tests write UTF-8")))
}

fn names(tree: &WorkTree, folder: &str) -> Vec<(String, EntryKind)> {
    let rows = tree.list(&path(folder)).expect("readable").expect("a folder");
    rows.into_iter().map(|entry| (entry.name, entry.kind)).collect()
}

#[test]
fn reads_what_is_on_disk() {
    let repo = TestRepo::new();
    repo.write("m.json", "old").commit("first");
    repo.write("m.json", "new").write("untracked/n.json", "n");
    let tree = open(&repo);
    assert!(tree.revision().work_tree);
    assert_eq!(tree.revision().commit.as_deref(), Some(repo.id("HEAD").as_str()));
    assert_eq!(text(&tree, "m.json"), Ok(Some("new".into())));
    assert_eq!(text(&tree, "untracked/n.json"), Ok(Some("n".into())));
    assert_eq!(names(&tree, ""), [("m.json".to_owned(), EntryKind::File), ("untracked".to_owned(), EntryKind::Folder)]);
    for nothing in ["untracked", "", "x", "m.json/x", ".git/HEAD", ".git", ".GIT/config", "untracked/.git/x"] {
        assert_eq!(text(&tree, nothing), Ok(None), "{nothing}");
    }
    assert_eq!(text(&tree, &"n".repeat(5000)), Ok(None));
    assert_eq!(tree.list(&path(".git")), Ok(None));
    assert_eq!(tree.entry(&path("untracked")).expect("readable").map(|entry| entry.kind), Some(EntryKind::Folder));
    let many: Vec<RepoPath> = (0..40).map(|number| path(if number % 2 == 0 { "m.json" } else { "x" })).collect();
    assert!(tree.read_many(&many).into_iter().enumerate().all(|(number, read)| read.is_ok_and(|read| read.is_some() == (number % 2 == 0))));
}

#[cfg(unix)]
#[test]
fn links_are_followed_inside_and_never_outside() {
    let repo = TestRepo::new();
    std::fs::write(repo.outside().join("secret"), "secret").expect("writable");
    repo.write("runs/7/m.json", "7").link("latest", "runs/7").link("m.json", "latest/m.json").link("up", "runs/../runs/7/m.json");
    repo.link("outside", "../secret").link("absolute", &repo.path().join("runs/7/m.json").display().to_string());
    repo.link("folder-outside", "..").link("git", ".git/config").link("a/b/shallow", "../..").link("a/b/tricky", "shallow/../secret");
    repo.link("loop", "pool").link("pool", "loop").link("dangling", "nowhere");
    let tree = open(&repo);
    for file in ["m.json", "latest/m.json", "up"] {
        assert_eq!(text(&tree, file), Ok(Some("7".into())), "{file}");
    }
    assert_eq!(names(&tree, "latest"), [("m.json".to_owned(), EntryKind::File)]);
    for file in ["outside", "absolute", "a/b/tricky", "folder-outside/secret"] {
        assert!(matches!(text(&tree, file), Err(TreeError::LinkLeaves { .. })), "{file}");
    }
    assert!(matches!(tree.list(&path("folder-outside")), Err(TreeError::LinkLeaves { .. })));
    assert_eq!(text(&tree, "git"), Ok(None));
    assert_eq!(text(&tree, "dangling"), Ok(None));
    assert_eq!(text(&tree, "loop"), Err(TreeError::LinkLoop { path: path("loop") }));
}

#[cfg(unix)]
#[test]
fn a_fifo_is_never_opened() {
    let repo = TestRepo::new();
    let made = Command::new("mkfifo").arg(repo.path().join("m.json")).status().expect("mkfifo is installed");
    assert!(made.success());
    let tree = open(&repo);
    assert_eq!(names(&tree, ""), [("m.json".to_owned(), EntryKind::Other)]);
    // Opening it for reading would wait for a writer for ever.
    assert_eq!(text(&tree, "m.json"), Ok(None));
    assert_eq!(tree.entry(&path("m.json")).expect("readable").map(|entry| entry.kind), Some(EntryKind::Other));
}

#[test]
fn nested_repositories_are_submodules() {
    let repo = TestRepo::new();
    repo.write("vendor/lib/m.json", "1");
    repo.git(&["init", "--quiet", "vendor/lib"]);
    let tree = open(&repo);
    assert_eq!(names(&tree, "vendor"), [("lib".to_owned(), EntryKind::Submodule)]);
    let error = TreeError::Submodule { path: path("vendor/lib/m.json"), submodule: path("vendor/lib") };
    assert_eq!(text(&tree, "vendor/lib/m.json"), Err(error));
    assert!(matches!(tree.list(&path("vendor/lib")), Err(TreeError::Submodule { .. })));
}

#[cfg(unix)]
#[test]
fn files_that_may_not_be_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let repo = TestRepo::new();
    repo.write("m.json", "1");
    let file = repo.path().join("m.json");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).expect("it is ours");
    if std::fs::read(&file).is_ok() {
        return; // Root reads everything.
    }
    assert!(matches!(text(&open(&repo), "m.json"), Err(TreeError::Refused { .. })));
}

/// `git check-ignore` is the oracle.
#[test]
fn ignored_is_what_git_ignores() {
    let repo = TestRepo::new();
    repo.write(".gitignore", "# comment\n.venv/\n/build\n*.log\n!keep.log\nout/**/tmp\nforced/\n\\#odd\ntrail  \nfoo/bar\n");
    repo.write("sub/.gitignore", "*.json\n!wanted.json\n/only-here\n");
    repo.write("sub/deep/.gitignore", "!again.json\n");
    repo.write("forced/m.json", "1").write("forced/other.json", "1").write("x.log", "tracked");
    repo.git(&["add", "--force", "forced/m.json", "x.log", ".gitignore", "sub"]);
    repo.commit_staged("first");
    std::fs::write(repo.path().join(".git/info/exclude"), "node_modules\n").expect("writable");
    let files = [
        "m.json",
        ".venv/lib/m.json",
        "a/.venv/m.json",
        "build/m.json",
        "a/build/m.json",
        "y.log",
        "a/keep.log",
        "out/tmp/m.json",
        "out/a/b/tmp/m.json",
        "out/a/b/tmpx",
        "sub/m.json",
        "sub/wanted.json",
        "sub/deep/m.json",
        "sub/deep/again.json",
        "sub/only-here",
        "sub/deep/only-here",
        "node_modules/x/m.json",
        "a/node_modules/m.json",
        "#odd",
        "trail",
        "foo/bar/m.json",
        "a/foo/bar/m.json",
        "forced/other.json",
        "new/forced/m.json",
        ".venv/.gitignore",
    ];
    for file in files {
        repo.write(file, if file == ".venv/.gitignore" { "!*\n" } else { "1" });
    }
    let tree = open(&repo);
    for file in files {
        let expected = repo.try_git(&["check-ignore", "--quiet", file]).status.success();
        assert_eq!(tree.is_ignored(&path(file), false), expected, "{file}");
    }
    for folder in ["", ".venv", "a", "a/.venv", "build", "a/build", "sub", "sub/deep", "node_modules", "out", "out/tmp", "foo/bar"] {
        let expected = !folder.is_empty() && repo.try_git(&["check-ignore", "--quiet", folder]).status.success();
        assert_eq!(tree.is_ignored(&path(folder), true), expected, "{folder}");
    }
    // Tracked by force: in every commit, and so also on disk.
    assert!(!tree.is_ignored(&path("forced"), true));
    assert!(!tree.is_ignored(&path("forced/m.json"), false));
    assert!(!tree.is_ignored(&path("x.log"), false));
}
