//! Notes on a ref of their own: nothing else changes, several writers lose nothing, and clones agree.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use proofmark_git::{Commit, Fetched, Note, NotesError, NotesRef, Pushed, Repository, Writer, Written};
use proofmark_testkit::repo::TestRepo;

static CHANCE: AtomicU64 = AtomicU64::new(1);

/// The larger text takes the place of the smaller.
fn writer() -> Writer<'static> {
    let random = &|| CHANCE.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed).rotate_left(17);
    Writer { replaces: &|new, old| new > old, now: 1_704_110_400, random }
}

fn history() -> NotesRef {
    NotesRef::parse("refs/proofmark/history").expect("a name of ours")
}

fn open(path: &Path) -> Repository {
    Repository::discover(path).expect("a repository is there")
}

fn write(path: &Path, commit: &str, text: &str) -> Result<Written, NotesError> {
    open(path).write_note(&history(), &Note { commit, label: None, bytes: text.as_bytes() }, &writer())
}

fn branch(path: &Path) -> Vec<Commit> {
    let repository = open(path);
    let head = repository.resolve("HEAD").expect("a commit");
    repository.history(&head, true, 1000).expect("a history").commits
}

/// `first ten digits: text, or why not` of every note of the branch, newest first.
fn read(path: &Path) -> Vec<String> {
    let told = |commit: &Commit, bytes: Result<&[u8], String>| match bytes {
        Ok(bytes) => format!("{}: {}", commit.subject, String::from_utf8_lossy(bytes)),
        Err(reason) => format!("{}: not here, {reason}", commit.subject),
    };
    open(path).notes(&history(), &branch(path), told).expect("notes")
}

/// A repository with commits `0`, `1`, … and their ids.
fn commits(count: usize) -> (TestRepo, Vec<String>) {
    let repo = TestRepo::new();
    let ids = (0..count).map(|at| repo.write("x", at.to_string()).commit(&at.to_string())).collect();
    (repo, ids)
}

/// A bare copy that others push to.
fn server(repo: &TestRepo) -> (TestRepo, String) {
    let bare = repo.clone_with(&["--bare"]);
    let url = format!("file://{}", bare.path().display());
    (bare, url)
}

#[test]
fn a_note_changes_nothing_else() {
    let (repo, ids) = commits(2);
    repo.write("dirty", "1").write("staged", "1").git(&["add", "staged"]);
    let files = || {
        let status = repo.git(&["status", "--porcelain", "--untracked-files=all"]);
        let index = std::fs::read(repo.path().join(".git/index")).expect("an index");
        let logs = repo.git(&["reflog", "--all"]);
        (status, index, logs, repo.git(&["for-each-ref", "refs/heads", "refs/tags", "refs/notes"]))
    };
    let before = files();
    assert_eq!(write(repo.path(), &ids[0], "first"), Ok(Written::New));
    assert_eq!(write(repo.path(), &ids[1], "second"), Ok(Written::New));
    assert_eq!(read(repo.path()), ["1: second", "0: first"]);
    assert_eq!(files(), before);
    assert!(!repo.path().join(".git/logs/refs/proofmark").exists());
    assert_eq!(repo.git(&["rev-list", "--count", "refs/proofmark/history"]), "2");
    let file = format!("refs/proofmark/history:{}/{}.json", &ids[0][..2], &ids[0][2..]);
    assert_eq!(repo.git(&["show", &file]), "first");
    repo.git(&["fsck", "--strict", "--no-dangling"]);
}

#[test]
fn the_same_again_is_no_commit_and_a_lesser_one_gives_way() {
    let (repo, ids) = commits(1);
    let tip = || repo.id("refs/proofmark/history");
    write(repo.path(), &ids[0], "b").expect("written");
    let first = tip();
    assert_eq!(write(repo.path(), &ids[0], "b"), Ok(Written::Kept));
    assert_eq!(write(repo.path(), &ids[0], "a"), Ok(Written::Kept));
    assert_eq!(tip(), first);
    assert_eq!(write(repo.path(), &ids[0], "c"), Ok(Written::New));
    assert_eq!(read(repo.path()), ["0: c"]);
}

#[test]
fn labels_tell_notes_of_one_commit_apart() {
    let (repo, ids) = commits(2);
    let one = |label, bytes| {
        let note = Note { commit: &ids[1], label, bytes };
        open(repo.path()).write_note(&history(), &note, &writer())
    };
    for (label, text) in [(Some("gpu/A100"), "fast"), (None, "plain"), (Some("cpu"), "slow")] {
        assert_eq!(one(label, text.as_bytes()), Ok(Written::New));
    }
    let mut all = read(repo.path());
    all.sort();
    assert_eq!(all, ["1: fast", "1: plain", "1: slow"]);
    assert!(matches!(one(Some(""), b"x"), Err(NotesError::BadPlace { .. })));
    assert!(matches!(one(None, &vec![b'x'; 5 << 20]), Err(NotesError::TooLarge(_))));
    let note = Note { commit: "../../../../tmp/x", label: None, bytes: b"x" };
    assert!(matches!(open(repo.path()).write_note(&history(), &note, &writer()), Err(NotesError::BadPlace { .. })));
}

#[test]
fn the_author_is_the_user_else_the_program() {
    let (repo, ids) = commits(2);
    write(repo.path(), &ids[0], "x").expect("written");
    repo.git(&["config", "user.name", "Uma <User>\nparent 0"]);
    repo.git(&["config", "user.email", "uma@example.com"]);
    write(repo.path(), &ids[1], "y").expect("written");
    let who = repo.git(&["log", "--format=%an %ae %ct", "refs/proofmark/history"]);
    let (newest, oldest) = who.split_once('\n').expect("two commits");
    assert_eq!(newest, "Uma Userparent 0 uma@example.com 1704110400");
    // The machine's own configuration counts as well, so that the fallback shows only where there is none.
    assert!(oldest.ends_with(" 1704110400"), "{oldest}");
}

#[test]
fn writers_at_the_same_time_lose_nothing() {
    let (repo, ids) = commits(24);
    let path = repo.path();
    thread::scope(|scope| {
        for own in ids.chunks(3) {
            scope.spawn(|| own.iter().for_each(|id| assert_eq!(write(path, id, id), Ok(Written::New))));
        }
    });
    assert_eq!(read(repo.path()).len(), 24);
    assert_eq!(repo.git(&["rev-list", "--count", "refs/proofmark/history"]), "24");
    repo.git(&["fsck", "--strict", "--no-dangling"]);
}

#[test]
fn a_lock_that_was_left_over_is_told() {
    let (repo, ids) = commits(1);
    repo.write(".git/refs/proofmark/history.lock", "");
    let error = write(repo.path(), &ids[0], "x").expect_err("it is locked");
    assert!(matches!(&error, NotesError::Busy { tries, .. } if *tries < 20), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains(".lock")));
}

#[test]
fn clones_that_wrote_apart_agree_after_a_push_each() {
    let (repo, ids) = commits(4);
    let (_bare, url) = server(&repo);
    let clones = [repo.clone_with(&[]), repo.clone_with(&[])];
    let note = |at: usize, id: &str, text: &str| write(clones[at].path(), id, text).expect("written");
    let push = |at: usize| open(clones[at].path()).push_notes(&history(), &url, &writer());
    let fetch = |at: usize| open(clones[at].path()).fetch_notes(&history(), &url, &writer());
    assert_eq!(fetch(0), Ok(Fetched::Nothing));
    assert_eq!(push(0), Ok(Pushed::Nothing));
    note(0, &ids[0], "zero");
    note(0, &ids[1], "old");
    note(1, &ids[1], "young");
    note(1, &ids[2], "two");
    assert_eq!(push(0), Ok(Pushed::Done));
    assert_eq!(push(0), Ok(Pushed::Done));
    assert_eq!(push(1), Ok(Pushed::Done));
    assert_eq!(fetch(0), Ok(Fetched::New));
    assert_eq!(fetch(0), Ok(Fetched::Known));
    for clone in &clones {
        assert_eq!(read(clone.path()), ["2: two", "1: young", "0: zero"]);
        assert_eq!(clone.id("refs/proofmark/history"), clones[0].id("refs/proofmark/history"));
        assert_eq!(clone.git(&["for-each-ref", "--format=%(refname)", "refs/proofmark"]), "refs/proofmark/history");
        assert_eq!(clone.git(&["rev-list", "--count", "--merges", "refs/proofmark/history"]), "0");
        assert!(!clone.path().join(".git/FETCH_HEAD").exists());
        clone.git(&["fsck", "--strict", "--no-dangling"]);
    }
}

#[test]
fn racing_pushes_lose_nothing() {
    let (repo, ids) = commits(12);
    let (bare, url) = server(&repo);
    let clones: Vec<TestRepo> = (0..4).map(|_| repo.clone_with(&[])).collect();
    let paths: Vec<&Path> = clones.iter().map(TestRepo::path).collect();
    thread::scope(|scope| {
        for (path, own) in paths.iter().zip(ids.chunks(3)) {
            let url = &url;
            scope.spawn(move || {
                for id in own {
                    write(path, id, id).expect("written");
                    assert_eq!(open(path).push_notes(&history(), url, &writer()), Ok(Pushed::Done));
                }
            });
        }
    });
    let there = bare.git(&["ls-tree", "-r", "--name-only", "refs/proofmark/history"]);
    assert_eq!(there.lines().count(), 12, "{there}");
}

#[test]
fn a_shallow_clone_stays_as_shallow_as_it_was() {
    let (repo, ids) = commits(5);
    let (bare, url) = server(&repo);
    write(repo.path(), &ids[3], "three").expect("written");
    write(repo.path(), &ids[1], "one").expect("written");
    open(repo.path()).push_notes(&history(), &url, &writer()).expect("pushed");
    let clone = repo.clone_with(&["--no-single-branch", "--depth=2"]);
    let border = std::fs::read(clone.path().join(".git/shallow")).expect("shallow");
    assert_eq!(open(clone.path()).fetch_notes(&history(), &url, &writer()), Ok(Fetched::New));
    assert_eq!(std::fs::read(clone.path().join(".git/shallow")).expect("still shallow"), border);
    assert_eq!(read(clone.path()), ["3: three"]);
    write(clone.path(), &ids[4], "four").expect("written");
    assert_eq!(open(clone.path()).push_notes(&history(), &url, &writer()), Ok(Pushed::Done));
    assert_eq!(bare.git(&["rev-list", "--count", "refs/proofmark/history"]), "3");
}

#[test]
fn a_remote_that_refuses_is_told_at_once() {
    let (repo, ids) = commits(1);
    let (bare, url) = server(&repo);
    write(repo.path(), &ids[0], "x").expect("written");
    let here = open(repo.path());
    bare.git(&["config", "receive.denyCurrentBranch", "refuse"]);
    bare.write("hooks/pre-receive", "#!/bin/sh\necho no entry >&2\nexit 1\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let hook = bare.path().join("hooks/pre-receive");
        std::fs::set_permissions(hook, std::fs::Permissions::from_mode(0o755)).expect("ours");
        let error = here.push_notes(&history(), &url, &writer()).expect_err("the hook refuses");
        assert!(error.is_outside() && error.to_string().contains("no entry"), "{error}");
    }
    for name in ["nowhere", "file:///does/not/exist"] {
        assert!(here.push_notes(&history(), name, &writer()).is_err_and(|error| error.is_outside()));
        assert!(here.fetch_notes(&history(), name, &writer()).is_err_and(|error| error.is_outside()));
    }
    let trick = "--upload-pack=touch tricked";
    assert!(matches!(here.fetch_notes(&history(), trick, &writer()), Err(NotesError::BadRemote { .. })));
    assert!(matches!(here.push_notes(&history(), trick, &writer()), Err(NotesError::BadRemote { .. })));
}

#[test]
fn what_is_broken_is_told_and_the_rest_is_read() {
    let (repo, ids) = commits(3);
    for id in &ids {
        write(repo.path(), id, id).expect("written");
    }
    let file = |id: &str| format!("{}/{}.json", &id[..2], &id[2..]);
    let blob = repo.id(&format!("refs/proofmark/history:{}", file(&ids[1])));
    repo.remove(&format!(".git/objects/{}/{}", &blob[..2], &blob[2..]));
    let told = read(repo.path());
    assert_eq!(told.len(), 3);
    assert!(told[1].starts_with("1: not here, the object is not in this clone"), "{told:?}");
    // Writing it again heals it.
    assert_eq!(write(repo.path(), &ids[1], "again"), Ok(Written::New));
    assert_eq!(read(repo.path())[1], "1: again");
}

#[test]
fn a_ref_that_holds_something_else_is_an_error() {
    let (repo, ids) = commits(1);
    repo.git(&["update-ref", "refs/proofmark/history", "HEAD"]);
    // A branch's files are no notes, and a note among them is one.
    assert!(read(repo.path()).is_empty());
    assert_eq!(write(repo.path(), &ids[0], "x"), Ok(Written::New));
    assert_eq!(read(repo.path()), ["0: x"]);
    let blob = repo.id("HEAD:x");
    repo.write(".git/refs/proofmark/history", format!("{blob}\n"));
    assert!(open(repo.path()).notes(&history(), &branch(repo.path()), |_, _| ()).is_err());
    assert!(write(repo.path(), &ids[0], "y").is_err());
    repo.write(".git/refs/proofmark/history", "ref: refs/heads/main\n");
    let main = repo.id("main");
    assert!(write(repo.path(), &ids[0], "y").is_err(), "a branch would be moved");
    assert_eq!(repo.id("main"), main);
}
