use std::sync::Arc;

use proofmark_core::path::RepoPath;
use proofmark_core::ports::{Content, EntryKind, Revision, Tree, TreeError};
use proofmark_github::RemoteTree;
use proofmark_github::{Client, GitHubError};
use proofmark_testkit::github::{Fault, Repository, What, World};
use proofmark_testkit::repo::TestRepo;

use super::{REPO, Rig, sha, status};

fn path(text: &str) -> RepoPath {
    RepoPath::parse(text).expect("a path")
}

/// Files, links and a submodule, and the commit.
fn repository() -> (TestRepo, String) {
    let repo = TestRepo::new();
    repo.write("metrics.json", "{\"a\": 1}").write("models/a/m.json", "{}").write("models/b/ü x.json", "[]");
    repo.write("big.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n");
    repo.link("models/latest", "b").link("out", "../outside").link("loop", "loop").link("models/up.json", "../metrics.json");
    repo.commit("first\n\nmore");
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{},sub", sha('1'))]);
    let head = repo.commit_staged("second");
    (repo, head)
}

fn rig(repo: &TestRepo, tree_limit: usize) -> Rig {
    Rig::new(World::new().repository_with(REPO, |repository| Repository { tree_limit, ..repository.private() }).git(REPO, repo.path()))
}

fn open(rig: &Rig, commit: &str) -> Result<RemoteTree, GitHubError> {
    RemoteTree::open(Arc::clone(&rig.link), Revision::commit("base", commit, ""))
}

fn names(tree: &dyn Tree, folder: &str) -> Option<Vec<(String, EntryKind)>> {
    let rows = tree.list(&path(folder)).expect("a listing")?;
    Some(rows.into_iter().map(|row| (row.name, row.kind)).collect())
}

/// What every way of listing must give.
fn check(tree: &dyn Tree) {
    use EntryKind::{File, Folder, Link, Submodule};
    let expected = [("big.bin", File), ("loop", Link), ("metrics.json", File), ("models", Folder), ("out", Link), ("sub", Submodule)];
    assert_eq!(names(tree, ""), Some(expected.map(|(name, kind)| (name.to_owned(), kind)).into()));
    assert_eq!(names(tree, "models/latest"), Some(vec![("ü x.json".to_owned(), File)]));
    assert_eq!((names(tree, "nowhere"), names(tree, "metrics.json")), (None, None));
    let read = |text: &str| tree.read(&path(text)).map(|content| content.map(|content| content.bytes));
    assert_eq!(read("metrics.json"), Ok(Some(b"{\"a\": 1}".to_vec())));
    assert_eq!(read("models/up.json"), Ok(Some(b"{\"a\": 1}".to_vec())));
    assert_eq!(read("models/latest/ü x.json"), Ok(Some(b"[]".to_vec())));
    assert_eq!((read("models"), read("models/c.json"), read("metrics.json/x")), (Ok(None), Ok(None), Ok(None)));
    assert!(matches!(read("out/x"), Err(TreeError::LinkLeaves { .. })));
    assert!(matches!(read("loop"), Err(TreeError::LinkLoop { .. })));
    assert!(matches!(read("sub/x"), Err(TreeError::Submodule { .. })));
    assert_eq!(read("big.bin"), Err(TreeError::LfsPointer { path: path("big.bin") }));
    let entry = tree.entry(&path("models/up.json")).expect("an entry").expect("something");
    assert_eq!((entry.name.as_str(), entry.kind), ("up.json", File));
    assert_eq!(entry.id, tree.read(&path("metrics.json")).expect("a file").expect("a file").id);
}

#[test]
fn one_request_lists_everything_and_each_file_is_read_once() {
    let (repo, head) = repository();
    let rig = rig(&repo, 1000);
    let tree = open(&rig, &head).expect("a tree");
    check(&tree);
    check(&tree);
    let asked = rig.asked();
    // Three links, three files: `metrics.json`, the one with a space, and the pointer.
    assert_eq!(asked.len(), 1 + 4 + 3, "{asked:?}");
    assert_eq!(asked[0], format!("GET /git/trees/{head}"));
}

#[test]
fn a_huge_repository_is_listed_folder_by_folder() {
    let (repo, head) = repository();
    let rig = rig(&repo, 8);
    let tree = open(&rig, &head).expect("a tree");
    check(&tree);
    assert_eq!(rig.asked().iter().filter(|asked| asked.contains("/git/trees/")).count(), 2 + 2);
}

#[test]
fn without_trees_the_contents_are_listed() {
    let (repo, head) = repository();
    let rig = rig(&repo, 1000);
    rig.github.fail(Fault::new("GET", "*/git/trees/*", What::StatusBefore(404)));
    check(&open(&rig, &head).expect("a tree"));
}

#[test]
fn many_files_are_read_side_by_side() {
    let repo = TestRepo::new();
    let paths: Vec<RepoPath> = (0..40).map(|at| path(&format!("d/{at:02}.json"))).collect();
    for (at, path) in paths.iter().enumerate() {
        repo.write(path.as_str(), format!("{}", at % 30));
    }
    let head = repo.commit("many");
    let rig = rig(&repo, 1000);
    let tree = open(&rig, &head).expect("a tree");
    rig.github.fail(Fault::new("GET", "*/git/blobs/*", What::StatusBefore(403)).nth(3));
    let read = tree.read_many(&[&paths[..], &[path("d"), path("no"), path("d/00.json")]].concat());
    let bytes = |at: usize| read[at].as_ref().map(|content| content.as_ref().map(|content| content.bytes.clone()));
    assert_eq!((bytes(40), bytes(41)), (Ok(None), Ok(None)));
    let refused: Vec<_> = read.iter().filter(|read| read.is_err()).collect();
    assert!(matches!(refused[0], Err(TreeError::Refused { detail, .. }) if detail.contains("403")), "{refused:?}");
    for (at, read) in read[..40].iter().enumerate().filter(|(_, read)| read.is_ok()) {
        assert_eq!(
            read.as_ref().ok().and_then(|content| content.as_ref()).map(|content| content.bytes.clone()),
            Some(format!("{}", at % 30).into_bytes())
        );
    }
    // One request for each content, whatever names it has.
    assert_eq!(rig.asked().len(), 1 + 30);
}

#[test]
fn an_unknown_commit_is_told() {
    let (repo, head) = repository();
    let rig = rig(&repo, 1000);
    assert_eq!(status(&open(&rig, &sha('9')).expect_err("unknown")), 404);
    assert!(matches!(open(&rig, "main"), Err(GitHubError::Input(_))));
    rig.github.fail(Fault::new("GET", "*/git/blobs/*", What::StatusBefore(404)));
    let tree = open(&rig, &head).expect("a tree");
    assert!(matches!(tree.read(&path("metrics.json")), Err(TreeError::Refused { .. })), "it is listed, so it is there");
}

#[test]
fn what_is_not_the_content_that_its_id_names_is_refused() {
    let (repo, _) = repository();
    let head = repo.write("empty", "").commit("third");
    let answers = [What::Empty, What::Body(204, String::new()), What::Body(200, String::new()), What::Body(200, "{\"a\": 9}".to_owned())];
    for answer in &answers {
        for trees in [true, false] {
            let rig = rig(&repo, 1000);
            if !trees {
                rig.github.fail(Fault::new("GET", "*/git/trees/*", What::StatusBefore(404)));
            }
            let tree = open(&rig, &head).expect("a tree");
            rig.github.fail(Fault::new("GET", "*/git/blobs/*", answer.clone()));
            let refused = |text: &str, read: Result<Option<Content>, TreeError>| match read {
                Err(TreeError::Refused { path, detail }) => assert!(path.as_str() == text && detail.contains("git/blobs/"), "{detail}"),
                other => panic!("{answer:?}: {other:?}"),
            };
            refused("metrics.json", tree.read(&path("metrics.json")));
            refused("models/latest/m.json", tree.read(&path("models/latest/m.json")));
            tree.read_many(&[path("metrics.json")]).into_iter().for_each(|read| refused("metrics.json", read));
            // An empty file is one, but not by an answer without content.
            match answer {
                What::Body(204, _) => refused("empty", tree.read(&path("empty"))),
                What::Body(200, body) if !body.is_empty() => refused("empty", tree.read(&path("empty"))),
                _ => assert_eq!(tree.read(&path("empty")).expect("a file").expect("a file").bytes, b""),
            }
            // Nothing wrong is kept.
            rig.github.heal();
            assert_eq!(tree.read(&path("metrics.json")).expect("a file").expect("a file").bytes, b"{\"a\": 1}");
        }
    }
}

#[test]
fn an_empty_listing_of_what_is_not_empty_is_refused() {
    let (repo, head) = repository();
    let nothing = || What::Body(200, format!("{{\"sha\": \"{head}\", \"tree\": [], \"truncated\": false}}"));
    let rig = rig(&repo, 1000);
    rig.github.fail(Fault::new("GET", "*/git/trees/*", nothing()));
    assert!(matches!(open(&rig, &head), Err(GitHubError::Shape { detail, .. }) if detail.contains("not empty")));
    rig.github.heal();
    rig.github.fail(Fault::new("GET", "*/git/trees/*", What::StatusBefore(404)));
    rig.github.fail(Fault::new("GET", "*/contents/*", What::Body(200, "[]".to_owned())));
    assert!(open(&rig, &head).is_err());
    // A folder whose rows are left out is asked for, and its listing is not empty either.
    rig.github.heal();
    let row = format!("{{\"path\": \"models\", \"mode\": \"040000\", \"sha\": \"{}\"}}", repo.id(&format!("{head}:models")));
    rig.github.fail(Fault::new("GET", "*/git/trees/*", What::Body(200, format!("{{\"tree\": [{row}]}}"))).nth(1));
    let tree = open(&rig, &head).expect("a tree");
    rig.github.fail(Fault::new("GET", "*/git/trees/*", nothing()).nth(1));
    assert!(matches!(tree.list(&path("models")), Err(TreeError::Refused { .. })));
    assert_eq!(names(&tree, "models/a"), Some(vec![("m.json".to_owned(), EntryKind::File)]));
}

#[test]
fn a_commit_without_files_is_one() {
    let repo = TestRepo::new();
    let head = repo.commit("nothing yet");
    for trees in [true, false] {
        let rig = rig(&repo, 1000);
        if !trees {
            rig.github.fail(Fault::new("GET", "*/git/trees/*", What::StatusBefore(404)));
        }
        let tree = open(&rig, &head).expect("a tree");
        assert_eq!((names(&tree, ""), tree.read(&path("metrics.json"))), (Some(Vec::new()), Ok(None)));
    }
}

#[test]
fn merge_bases_and_commits_are_found() {
    let (repo, base) = repository();
    repo.branch("topic");
    let main = repo.write("x", "1").commit("on main");
    repo.switch("topic");
    let topic = repo.write("y", "1").commit("on topic\n\nbody");
    let rig = rig(&repo, 1000);
    assert_eq!(rig.run(async |client: &Client| client.merge_base(&main, &topic).await).expect("a base"), base);
    let commit = rig.run(async |client: &Client| client.commit(&topic).await).expect("a commit");
    assert_eq!((commit.sha, commit.subject.as_str(), commit.parents), (topic, "on topic", vec![base]));
    assert_eq!(rig.asked().len(), 2);
}

#[test]
fn large_files_are_not_asked_for() {
    let (repo, head) = repository();
    let rig = rig(&repo, 1000);
    let tree = open(&rig, &head).expect("a tree").with_limit(7);
    let too_large = TreeError::TooLarge { path: path("metrics.json"), size: 8, limit: 7 };
    assert_eq!(tree.read(&path("metrics.json")), Err(too_large.clone()));
    assert_eq!(tree.read_many(&[path("metrics.json")]), [Err(too_large)]);
    assert_eq!(rig.asked().len(), 1);
    assert!(tree.read(&path("models/a/m.json")).is_ok());
    // A listing may tell no size, or a wrong one.
    rig.github.fail(Fault::new("GET", "*/git/blobs/*", What::Endless));
    assert!(matches!(tree.read(&path("models/b/ü x.json")), Err(TreeError::TooLarge { limit: 7, .. })));
}

#[test]
fn two_revisions_share_what_they_have_in_common() {
    let (repo, base) = repository();
    repo.write("metrics.json", "{\"a\": 2}");
    let tip = repo.commit("third");
    let rig = rig(&repo, 1000);
    let read = |tree: &RemoteTree, text: &str| tree.read(&path(text)).expect("a file").expect("a file").bytes;
    for _ in 0..2 {
        for commit in [&base, &tip] {
            let tree = open(&rig, commit).expect("a tree");
            assert_eq!(read(&tree, "models/a/m.json"), b"{}");
            assert_eq!(tree.read_many(&[path("models/b/ü x.json"), path("metrics.json")]).len(), 2);
        }
    }
    assert_eq!((read(&open(&rig, &base).expect("a tree"), "metrics.json"), rig.asked().len()), (b"{\"a\": 1}".to_vec(), 2 + 4));
    let small = open(&rig, &base).expect("a tree").with_limit(7);
    assert!(matches!(small.read(&path("metrics.json")), Err(TreeError::TooLarge { size: 8, .. })));
}

#[test]
fn the_tip_of_a_branch_is_no_tag_and_no_other_branch() {
    let (repo, main) = repository();
    repo.git(&["tag", "x/y", &format!("{main}~1")]);
    repo.git(&["branch", "x/y", &main]);
    repo.git(&["tag", "only-tag", &main]);
    repo.git(&["branch", "a%2F#b", &main]);
    let rig = rig(&repo, 1000);
    let tip = |branch: &str| rig.run(async |client: &Client| client.branch_tip(branch).await);
    assert_eq!((tip("x/y").expect("a tip"), tip("a%2F#b").expect("a tip")), (main.clone(), main.clone()));
    assert_eq!(rig.asked(), ["GET /git/ref/heads/x/y", "GET /git/ref/heads/a%252F%23b"]);
    for missing in ["only-tag", "x", "x/y/z", "main/..", &main] {
        assert!(tip(missing).expect_err(missing).is_missing(), "{missing}");
    }
    rig.github.fail(Fault::new("GET", "*/git/ref/*", What::WrongShape));
    assert!(matches!(tip("x/y"), Err(GitHubError::Shape { .. })));
    rig.github.heal();
    let other = What::Body(200, format!("{{\"ref\": \"refs/heads/x\", \"object\": {{\"sha\": \"{main}\"}}}}"));
    rig.github.fail(Fault::new("GET", "*/git/ref/*", other).nth(1));
    assert!(matches!(tip("x/y"), Err(GitHubError::Shape { detail, .. }) if detail.contains("another branch")));
    rig.github.fail(
        Fault::new("GET", "*/git/ref/*", What::Body(200, "{\"ref\": \"refs/heads/x/y\", \"object\": {\"sha\": \"..\"}}".to_owned())).nth(1),
    );
    assert!(matches!(tip("x/y"), Err(GitHubError::Shape { detail, .. }) if detail.contains("no object id")));
}
