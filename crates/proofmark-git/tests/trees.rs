//! The files of a commit.

use std::fs;

use proofmark_core::path::RepoPath;
use proofmark_core::ports::{ContentId, EntryKind, Tree as _, TreeError};
use proofmark_git::{GitError, GitTree, Repository};
use proofmark_testkit::repo::TestRepo;

fn path(text: &str) -> RepoPath {
    RepoPath::parse(text).expect("a path inside")
}

fn open(repo: &TestRepo) -> Repository {
    Repository::discover(repo.path()).expect("a repository is there")
}

fn head(repo: &Repository) -> GitTree {
    repo.tree_at(&repo.resolve("HEAD").expect("there"), "HEAD").expect("readable")
}

fn text(tree: &GitTree, file: &str) -> Result<Option<String>, TreeError> {
    let content = tree.read(&path(file))?;
    Ok(content.map(|content| String::from_utf8(content.bytes).expect("tests write UTF-8")))
}

fn names(tree: &GitTree, folder: &str) -> Vec<(String, EntryKind)> {
    let rows = tree.list(&path(folder)).expect("readable").expect("a folder");
    rows.into_iter().map(|entry| (entry.name, entry.kind)).collect()
}

#[test]
fn files_and_folders_loose_and_packed() {
    let repo = TestRepo::new();
    // In git's own order `a-b` stands before the folder `a`, which counts as `a/`.
    repo.write("a/m.json", "1").write("a-b", "2").write("a0", "3").write("empty", "").write("deep/er/still/n", "4");
    repo.write("large.json", vec![b'x'; 3 * 1024 * 1024]);
    repo.commit("first");
    for gc in [false, true] {
        if gc {
            repo.git(&["gc", "--quiet"]);
        }
        let found = open(&repo);
        let tree = head(&found);
        assert_eq!(tree.revision().name, "HEAD");
        assert_eq!(tree.revision().commit.as_deref(), Some(repo.id("HEAD").as_str()));
        assert_eq!(tree.revision().subject.as_deref(), Some("first"));
        let (file, folder) = (EntryKind::File, EntryKind::Folder);
        let expected = [("a", folder), ("a-b", file), ("a0", file), ("deep", folder), ("empty", file), ("large.json", file)];
        assert_eq!(names(&tree, ""), expected.map(|(name, kind)| (name.to_owned(), kind)));
        assert_eq!(text(&tree, "a/m.json"), Ok(Some("1".into())));
        assert_eq!(text(&tree, "empty"), Ok(Some(String::new())));
        assert_eq!(text(&tree, "deep/er/still/n"), Ok(Some("4".into())));
        assert_eq!(tree.read(&path("large.json")).expect("readable").expect("there").bytes.len(), 3 * 1024 * 1024);
        for nothing in ["b", "a/x", "a", "", "a-b/c", "deep/er/still/n/o"] {
            assert_eq!(text(&tree, nothing), Ok(None), "{nothing}");
        }
        assert_eq!(tree.list(&path("nowhere")), Ok(None));
        assert_eq!(tree.list(&path("a-b")), Ok(None));
        assert_eq!(tree.entry(&path("deep/er")).expect("readable").map(|entry| (entry.name, entry.kind)), Some(("er".into(), folder)));
        assert_eq!(tree.entry(&path("deep/x")), Ok(None));
        let id = tree.read(&path("a-b")).expect("readable").expect("there").id.expect("known");
        assert_eq!(id.to_string(), repo.id("HEAD:a-b"));
        assert_eq!(tree.entry(&path("a-b")).expect("readable").and_then(|entry| entry.id), Some(id));
    }
}

#[test]
fn an_empty_commit_has_an_empty_folder() {
    let repo = TestRepo::new();
    repo.commit("nothing");
    assert!(names(&head(&open(&repo)), "").is_empty());
}

#[cfg(unix)]
#[test]
fn links_are_followed_inside_and_never_outside() {
    let repo = TestRepo::new();
    repo.write("runs/7/m.json", "7").write("top.json", "top");
    repo.link("latest", "runs/7").link("m.json", "latest/m.json").link("runs/top", "../top.json").link("runs/self", ".");
    repo.link("slash", "runs/7/").link("dangling", "not/there").link("file-slash", "top.json/");
    repo.link("outside", "../secret").link("deep/er/out", "../../../secret").link("absolute", "/etc/passwd");
    // `shallow/..` is the root, though by its text it is a folder deeper.
    repo.link("a/b/shallow", "../..").link("a/b/tricky", "shallow/../secret");
    repo.link("loop", "pool").link("pool", "loop").link("me", "me");
    repo.commit("links");
    let tree = head(&open(&repo));
    for (file, content) in
        [("m.json", "7"), ("latest/m.json", "7"), ("runs/top", "top"), ("runs/self/self/7/m.json", "7"), ("slash/m.json", "7")]
    {
        assert_eq!(text(&tree, file), Ok(Some(content.into())), "{file}");
    }
    assert_eq!(names(&tree, "latest"), [("m.json".to_owned(), EntryKind::File)]);
    assert!(names(&tree, "").contains(&("latest".to_owned(), EntryKind::Link)));
    assert_eq!(tree.entry(&path("latest")).expect("readable").map(|entry| entry.kind), Some(EntryKind::Folder));
    for nothing in ["dangling", "file-slash"] {
        assert_eq!(text(&tree, nothing), Ok(None), "{nothing}");
    }
    for (file, link, target) in [
        ("outside", "outside", "../secret"),
        ("deep/er/out", "deep/er/out", "../../../secret"),
        ("absolute", "absolute", "/etc/passwd"),
        ("a/b/tricky", "a/b/tricky", "shallow/../secret"),
    ] {
        assert_eq!(text(&tree, file), Err(TreeError::LinkLeaves { path: path(link), target: target.into() }), "{file}");
    }
    for file in ["loop", "pool/x", "me"] {
        assert_eq!(text(&tree, file), Err(TreeError::LinkLoop { path: path(file) }), "{file}");
    }
}

#[test]
fn submodules_are_named() {
    let inner = TestRepo::new();
    inner.write("m.json", "inner").commit("inner");
    let repo = TestRepo::new();
    repo.git(&["submodule", "--quiet", "add", &format!("file://{}", inner.path().display()), "libs/sub"]);
    repo.commit("outer");
    let tree = head(&open(&repo));
    assert_eq!(names(&tree, "libs"), [("sub".to_owned(), EntryKind::Submodule)]);
    assert_eq!(text(&tree, "libs/sub"), Ok(None));
    let error = |file: &str| TreeError::Submodule { path: path(file), submodule: path("libs/sub") };
    assert_eq!(text(&tree, "libs/sub/m.json"), Err(error("libs/sub/m.json")));
    assert_eq!(tree.list(&path("libs/sub")), Err(error("libs/sub")));
}

#[test]
fn lfs_pointers() {
    let repo = TestRepo::new();
    let hex = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    repo.write("m.json", format!("version https://git-lfs.github.com/spec/v1\noid sha256:{hex}\nsize 5\n"));
    repo.write("huge.json", format!("version https://git-lfs.github.com/spec/v1\noid sha256:{hex}\nsize 5000000000\n"));
    repo.commit("pointer");
    let found = open(&repo);
    let tree = head(&found);
    assert_eq!(text(&tree, "m.json"), Err(TreeError::LfsPointer { path: path("m.json") }));
    assert!(matches!(text(&tree, "huge.json"), Err(TreeError::TooLarge { size: 5_000_000_000, .. })));
    let folder = repo.path().join(".git/lfs/objects/2c/f2");
    fs::create_dir_all(&folder).expect("writable");
    fs::write(folder.join(hex), "hell").expect("writable");
    assert_eq!(text(&tree, "m.json"), Err(TreeError::LfsPointer { path: path("m.json") }));
    fs::write(folder.join(hex), "hello").expect("writable");
    assert_eq!(text(&tree, "m.json"), Ok(Some("hello".into())));
    let work = found.work_tree().expect("it has files");
    assert_eq!(work.read(&path("m.json")).expect("readable").expect("there").bytes, b"hello");
}

fn object_file(repo: &TestRepo, id: &str) -> std::path::PathBuf {
    repo.path().join(".git/objects").join(&id[..2]).join(&id[2..])
}

#[test]
fn missing_objects_are_named() {
    let repo = TestRepo::new();
    repo.write("m.json", "1").write("a/n.json", "2").commit("first");
    let (blob, folder, root) = (repo.id("HEAD:m.json"), repo.id("HEAD:a"), repo.id("HEAD^{tree}"));
    for id in [&blob, &folder] {
        fs::remove_file(object_file(&repo, id)).expect("it is loose");
    }
    let found = open(&repo);
    let tree = head(&found);
    let missing = |file: &str, id: &str| TreeError::Missing { path: path(file), id: id.to_owned() };
    assert_eq!(text(&tree, "m.json"), Err(missing("m.json", &blob)));
    assert_eq!(text(&tree, "a/n.json"), Err(missing("a/n.json", &folder)));
    assert_eq!(tree.list(&path("a")), Err(missing("a", &folder)));
    // A name needs no content.
    assert!(tree.entry(&path("m.json")).is_ok_and(|entry| entry.is_some()));
    fs::remove_file(object_file(&repo, &root)).expect("it is loose");
    let found = open(&repo);
    let error = found.tree_at(&found.resolve("HEAD").expect("there"), "HEAD").expect_err("no root");
    assert!(matches!(&error, GitError::MissingObject { id, .. } if *id == root), "{error:?}");
}

#[test]
fn a_partial_clone_names_what_is_missing() {
    let repo = TestRepo::new();
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    repo.write("m.json", "old").commit("first");
    repo.write("m.json", "new").commit("second");
    let clone = repo.clone_with(&["--filter=blob:none"]);
    let found = open(&clone);
    assert_eq!(text(&head(&found), "m.json"), Ok(Some("new".into())));
    let tree = found.tree_at(&found.resolve("HEAD~1").expect("there"), "HEAD~1").expect("trees are there");
    assert!(matches!(text(&tree, "m.json"), Err(TreeError::Missing { .. })));
}

#[cfg(unix)]
#[test]
fn damaged_objects_are_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let repo = TestRepo::new();
    repo.write("m.json", vec![b'm'; 5000]).commit("first");
    let file = object_file(&repo, &repo.id("HEAD:m.json"));
    let whole = fs::read(&file).expect("it is loose");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("it is ours");
    let tree = head(&open(&repo));
    for cut in [0, 1, 10, whole.len() - 4, whole.len() - 1] {
        fs::write(&file, &whole[..cut]).expect("writable");
        assert!(matches!(text(&tree, "m.json"), Err(TreeError::Refused { .. })), "{cut}");
    }
    let mut flipped = whole;
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    fs::write(&file, &flipped).expect("writable");
    assert!(matches!(text(&tree, "m.json"), Err(TreeError::Refused { .. })));
}

#[test]
fn large_files_are_refused_before_they_are_read() {
    let repo = TestRepo::new();
    repo.write("small", "12345").write("large", "123456").write("long", vec![b'x'; 2_000_000]).commit("first");
    for gc in [false, true] {
        if gc {
            repo.git(&["gc", "--quiet"]);
        }
        let found = open(&repo).with_limit(200);
        let tree = head(&found);
        assert_eq!(text(&tree, "small"), Ok(Some("12345".into())));
        assert_eq!(text(&tree, "long"), Err(TreeError::TooLarge { path: path("long"), size: 2_000_000, limit: 200 }));
        let work = found.work_tree().expect("it has files");
        assert_eq!(work.read(&path("long")), Err(TreeError::TooLarge { path: path("long"), size: 2_000_000, limit: 200 }));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_utf8() {
    use std::os::unix::ffi::OsStrExt as _;
    let repo = TestRepo::new();
    repo.write("m.json", "1");
    fs::write(repo.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.json")), "latin").expect("writable");
    repo.commit("latin");
    let found = open(&repo);
    let expected = [("caf\u{fffd}.json".to_owned(), EntryKind::Other), ("m.json".to_owned(), EntryKind::File)];
    let tree = head(&found);
    assert_eq!(names(&tree, ""), expected);
    assert_eq!(text(&tree, "caf\u{fffd}.json"), Ok(None));
    let work = found.work_tree().expect("it has files");
    let rows = work.list(&RepoPath::root()).expect("readable").expect("there");
    assert_eq!(rows.into_iter().map(|entry| (entry.name, entry.kind)).collect::<Vec<_>>(), expected);
}

#[test]
fn many_files_come_in_order() {
    let repo = TestRepo::new();
    let files: Vec<String> = (0..300).map(|number| format!("runs/{}/{number}.json", number % 7)).collect();
    for (number, file) in files.iter().enumerate() {
        repo.write(file, number.to_string());
    }
    repo.commit("many");
    let paths: Vec<RepoPath> = files.iter().map(|file| path(file)).chain([path("nothing")]).collect();
    for gc in [false, true] {
        if gc {
            repo.git(&["gc", "--quiet"]);
        }
        let found = open(&repo);
        let tree = head(&found);
        let read = tree.read_many(&paths);
        assert_eq!(read.len(), 301);
        assert_eq!(read[300], Ok(None));
        let mut ids = Vec::new();
        for (number, content) in read.into_iter().take(300).enumerate() {
            let content = content.expect("readable").expect("there");
            assert_eq!(content.bytes, number.to_string().as_bytes());
            ids.push(content.id.expect("known"));
        }
        ids.push(ContentId::new(&[7; 20]));
        let mapped = found.read_objects(&ids, |at, bytes| (at, bytes.map(<[u8]>::to_vec)));
        assert!(
            mapped[..300]
                .iter()
                .enumerate()
                .all(|(number, (at, bytes))| *at == number && bytes.as_deref() == Ok(number.to_string().as_bytes()))
        );
        assert!(mapped[300].1.is_err());
    }
}

/// Metrics are committed while an earlier call has the repository open: what was not there must be found.
#[test]
fn new_commits_are_seen() {
    let repo = TestRepo::new();
    repo.write("m.json", "1").commit("first");
    let found = open(&repo);
    assert_eq!(text(&head(&found), "m.json"), Ok(Some("1".into())));
    repo.write("m.json", "2").commit("second");
    assert_eq!(text(&head(&found), "m.json"), Ok(Some("2".into())));
    repo.git(&["gc", "--quiet"]);
    repo.write("m.json", "3").commit("third");
    assert_eq!(text(&head(&found), "m.json"), Ok(Some("3".into())));
}
