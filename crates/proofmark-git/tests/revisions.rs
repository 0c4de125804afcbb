//! From names to commits, and from commits to their ancestors.

use proofmark_git::{GitError, Head, HistoryEnd, Repository};
use proofmark_testkit::repo::TestRepo;

fn open(repo: &TestRepo) -> Repository {
    Repository::discover(repo.path()).expect("a repository is there")
}

fn line() -> TestRepo {
    let repo = TestRepo::new();
    for number in 1..=4 {
        repo.write("m.json", number.to_string()).commit(&format!("Commit {number}\n\nBody text {number}"));
    }
    repo
}

/// What git itself says is the oracle.
#[test]
fn names_mean_what_git_means() {
    let repo = line();
    repo.tag("v1").git(&["tag", "light", "HEAD~1"]);
    repo.git(&["tag", "--annotate", "--message", "nested", "nested", "v1"]);
    repo.switch("feature/x").write("n.json", "1").commit("on feature");
    repo.switch("main").write("k.json", "1").commit("on main");
    repo.merge("feature/x");
    repo.git(&["branch", "--quiet", "beef", "HEAD~2"]);
    repo.git(&["branch", "--quiet", "--set-upstream-to=main", "feature/x"]);
    let short = repo.id("HEAD~1")[..8].to_owned();
    let full = repo.id("HEAD~3");
    for gc in [false, true] {
        if gc {
            repo.git(&["gc", "--quiet"]);
        }
        let found = open(&repo);
        for name in [
            "HEAD",
            "@",
            "HEAD~1",
            "HEAD^",
            "HEAD^2",
            "HEAD^^",
            "HEAD~2^1~1",
            "HEAD^0",
            "main",
            "heads/main",
            "refs/heads/main",
            "feature/x",
            "v1",
            "v1^{commit}",
            "v1^{}",
            "v1~2",
            "nested",
            "light",
            "beef",
            "main@{1}",
            "HEAD@{2}",
            "@{-1}",
            "feature/x@{upstream}",
            ":/on feature",
            "HEAD^{/Commit 2}",
            &short,
            &full,
        ] {
            let commit = found.resolve(name).unwrap_or_else(|error| panic!("{name}: {error}"));
            let peel = if name.starts_with(":/") { "" } else { "^{commit}" };
            assert_eq!(commit.id, repo.id(&format!("{name}{peel}")), "{name}");
        }
    }
}

#[test]
fn a_commit_is_described() {
    let repo = line();
    let id = repo.id("HEAD~1");
    let commit = open(&repo).resolve("HEAD~1").expect("there");
    assert_eq!(commit.id, id);
    assert_eq!(commit.short, id[..10]);
    assert_eq!(commit.subject, "Commit 3");
    assert_eq!(commit.time, 1_704_110_400 + 120);
    assert_eq!(commit.offset, 0);
    assert_eq!(commit.author, "Ada Author");
    assert_eq!(commit.parents, [repo.id("HEAD~2")]);
    assert_eq!(commit.tree, repo.id("HEAD~1^{tree}"));
}

#[test]
fn wrong_names_are_told_apart() {
    let repo = line();
    repo.tag("v1.0.0").branch("develop");
    let found = open(&repo);
    let error = |name: &str| found.resolve(name).expect_err(name);
    assert_eq!(error("mian"), GitError::UnknownRevision { spec: "mian".into(), nearest: vec!["main".into()] });
    assert_eq!(error("mian").hint().as_deref(), Some("did you mean `main`?"));
    assert_eq!(error("v1.0.1~2"), GitError::UnknownRevision { spec: "v1.0.1~2".into(), nearest: vec!["v1.0.0".into()] });
    assert!(matches!(error("1234567890123456789012345678901234567890"), GitError::UnknownRevision { .. }));
    assert!(matches!(error("main..develop"), GitError::RevisionIsRange { .. }));
    assert!(matches!(error("main...develop"), GitError::RevisionIsRange { .. }));
    assert!(matches!(error("^main"), GitError::RevisionIsRange { .. }));
    assert!(matches!(error("main^!"), GitError::RevisionIsRange { .. }));
    assert!(matches!(error("--all"), GitError::RevisionIsOption { .. }));
    assert!(matches!(error("HEAD:m.json"), GitError::NotACommit { kind, .. } if kind == "blob"));
    assert!(matches!(error("HEAD^{tree}"), GitError::NotACommit { kind, .. } if kind == "tree"));
    assert!(matches!(error(""), GitError::InvalidRevision { .. }));
    assert!(matches!(error("main@{upstream}"), GitError::InvalidRevision { .. }));
    assert!(matches!(error("HEAD~4"), GitError::InvalidRevision { detail, .. } if detail.contains("first one")));
    assert!(matches!(error("HEAD^2"), GitError::InvalidRevision { detail, .. } if detail.contains("1 parents")));
    assert!(matches!(error(":/no such text"), GitError::InvalidRevision { .. } | GitError::UnknownRevision { .. }));
    assert!(matches!(error("a b\0c"), GitError::UnknownRevision { .. } | GitError::InvalidRevision { .. }));
}

#[test]
fn ambiguous_digits() {
    let repo = TestRepo::new();
    // Enough objects that two of them share their first four digits.
    for number in 0..1000 {
        repo.write(&format!("f{number}"), number.to_string());
    }
    repo.commit("many");
    let all = repo.git(&["cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)"]);
    let mut ids: Vec<&str> = all.lines().collect();
    ids.sort_unstable();
    let alike = |pair: &&[&str]| pair[0][..4] == pair[1][..4] && pair.iter().all(|id| id.ends_with("blob"));
    let pair = ids.windows(2).find(alike).expect("the content is fixed, and so are the ids");
    let error = open(&repo).resolve(&pair[0][..4]).expect_err("ambiguous");
    assert!(matches!(&error, GitError::AmbiguousRevision { candidates, .. } if candidates.len() >= 2), "{error:?}");
}

#[test]
fn a_tag_named_like_a_branch_never_wins_silently() {
    let repo = line();
    repo.branch("same").git(&["tag", "--annotate", "--message", "same", "same"]);
    repo.branch("blob").git(&["tag", "blob", "HEAD:m.json"]);
    repo.git(&["update-ref", "refs/tags/HEAD", "HEAD~1"]);
    repo.git(&["branch", "--quiet", "with@sign", "HEAD~1"]);
    repo.git(&["tag", "with@sign", "HEAD~2"]);
    repo.git(&["tag", "main", "HEAD~2"]);
    for packed in [false, true] {
        if packed {
            repo.git(&["pack-refs", "--all"]);
        }
        let found = open(&repo);
        for spec in ["main", "main~1", "main^0", "main^{commit}", "main^{}~1", "main^{/Commit}", "main@{0}", "main:m.json"] {
            let error = found.resolve(spec).expect_err(spec);
            let refs = vec!["refs/tags/main".to_owned(), "refs/heads/main".to_owned()];
            assert_eq!(error, GitError::AmbiguousName { spec: spec.into(), refs }, "{spec}");
            assert_eq!(error.hint().as_deref(), Some("write the full name: `refs/tags/main` or `refs/heads/main`"));
        }
        assert!(matches!(found.resolve("blob"), Err(GitError::AmbiguousName { .. })));
        assert!(matches!(found.resolve("with@sign~1"), Err(GitError::AmbiguousName { .. })));
        for spec in
            ["refs/heads/main", "refs/heads/main~1", "heads/main", "refs/tags/main", "tags/main", "same", "same~1", "HEAD", "@", "HEAD~1"]
        {
            let id = found.resolve(spec).unwrap_or_else(|error| panic!("{spec}: {error}")).id;
            assert_eq!(id, repo.id(&format!("{spec}^{{commit}}")), "{spec}");
        }
        // What belongs to the branch is found without its short name.
        assert_eq!(found.default_branch(Some("main")).map(|branch| branch.commit.id), Ok(repo.id("refs/heads/main")));
    }
}

#[test]
fn a_tag_named_like_a_remote_branch_never_wins_silently() {
    let clone = line().clone_with(&[]);
    clone.git(&["tag", "origin/main", "HEAD~1"]);
    let found = open(&clone);
    for spec in ["origin/main", "origin/main~1"] {
        let error = found.resolve(spec).expect_err(spec);
        let refs = vec!["refs/tags/origin/main".to_owned(), "refs/remotes/origin/main".to_owned()];
        assert_eq!(error, GitError::AmbiguousName { spec: spec.into(), refs });
    }
    assert_eq!(found.resolve("refs/remotes/origin/main").map(|commit| commit.id), Ok(clone.id("HEAD")));
    assert_eq!(found.resolve("main@{upstream}").map(|commit| commit.id), Ok(clone.id("HEAD")));
    assert_eq!(found.resolve("main").map(|commit| commit.id), Ok(clone.id("HEAD")));
}

#[test]
fn a_missing_local_branch_points_to_the_remote_one() {
    let repo = line();
    let clone = repo.clone_with(&[]);
    clone.switch("work").git(&["branch", "--quiet", "-D", "main"]);
    let error = open(&clone).resolve("main").expect_err("not there");
    assert_eq!(error.hint().as_deref(), Some("did you mean `origin/main`?"));
}

#[test]
fn head_states() {
    let repo = line();
    assert!(matches!(open(&repo).head(), Ok(Head::Branch { name, commit }) if name == "main" && commit.id == repo.id("HEAD")));
    repo.git(&["switch", "--quiet", "--detach", "HEAD~1"]);
    assert!(matches!(open(&repo).head(), Ok(Head::Detached { commit }) if commit.id == repo.id("main~1")));
}

#[test]
fn default_branch_prefers_the_remote() {
    let repo = line();
    let plain = open(&repo).default_branch(None).expect("main is there");
    assert_eq!((plain.name.as_str(), plain.branch.as_str()), ("main", "main"));
    let clone = repo.clone_with(&[]);
    clone.write("ahead", "1").commit("not pushed");
    let found = open(&clone);
    let default = found.default_branch(None).expect("there");
    assert_eq!((default.name.as_str(), default.branch.as_str()), ("origin/main", "main"));
    assert_eq!(default.commit.id, repo.id("main"));
    for configured in ["main", "origin/main", "refs/heads/main", "refs/remotes/origin/main"] {
        assert_eq!(found.default_branch(Some(configured)).as_ref(), Ok(&default), "{configured}");
    }
    clone.switch("release/1.0");
    let local = found.default_branch(Some("release/1.0")).expect("there");
    assert_eq!((local.name.as_str(), local.branch.as_str()), ("release/1.0", "release/1.0"));
    let error = found.default_branch(Some("trunk")).expect_err("not there");
    assert!(matches!(&error, GitError::NoDefaultBranch { tried, .. } if tried.contains(&"origin/trunk".to_owned())), "{error:?}");
}

#[test]
fn default_branch_follows_the_remotes_head() {
    let repo = line();
    repo.switch("trunk").commit("on trunk");
    let clone = repo.clone_with(&["--origin", "upstream"]);
    let default = open(&clone).default_branch(None).expect("there");
    assert_eq!((default.name.as_str(), default.branch.as_str()), ("upstream/trunk", "trunk"));
    let repo = TestRepo::with_init(&["--initial-branch=odd"]);
    repo.commit("first");
    let error = open(&repo).default_branch(None).expect_err("neither main nor master");
    assert!(matches!(&error, GitError::NoDefaultBranch { tried, shallow: false }
        if *tried == ["origin/HEAD", "origin/main", "main", "origin/master", "master"]));
}

#[test]
fn merge_bases() {
    let repo = line();
    repo.switch("work").write("n", "1").commit("work 1");
    repo.switch("main").write("k", "1").commit("main 5");
    repo.git(&["checkout", "--quiet", "--orphan", "other"]);
    repo.commit("unrelated");
    for gc in [false, true] {
        if gc {
            repo.git(&["gc", "--quiet"]);
            repo.git(&["commit-graph", "write", "--reachable"]);
        }
        let found = open(&repo);
        let at = |name: &str| found.resolve(name).expect(name);
        let base = found.merge_base(&at("work"), &at("main")).expect("whole history").expect("related");
        assert_eq!(base.id, repo.git(&["merge-base", "work", "main"]));
        assert_eq!(found.merge_base(&at("main~2"), &at("main")).expect("whole").map(|base| base.id), Some(repo.id("main~2")));
        assert_eq!(found.merge_base(&at("main"), &at("main")).expect("whole").map(|base| base.id), Some(repo.id("main")));
        assert_eq!(found.merge_base(&at("other"), &at("main")), Ok(None));
    }
}

#[test]
fn history_newest_first() {
    let repo = line();
    repo.switch("work").write("n", "1").commit("work");
    repo.switch("main").write("k", "1").commit("main");
    repo.merge("work");
    let found = open(&repo);
    let head = found.resolve("HEAD").expect("there");
    let ids = |first_parent, limit| {
        let history = found.history(&head, first_parent, limit).expect("readable");
        (history.commits.into_iter().map(|commit| commit.id).collect::<Vec<_>>(), history.end)
    };
    let git = |arguments: &[&str]| repo.git(arguments).lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(ids(true, 100), (git(&["rev-list", "--first-parent", "HEAD"]), HistoryEnd::Root));
    assert_eq!(ids(false, 100), (git(&["rev-list", "HEAD"]), HistoryEnd::Root));
    assert_eq!(ids(true, 2), (git(&["rev-list", "--first-parent", "-2", "HEAD"]), HistoryEnd::Limit));
}

#[test]
fn a_replaced_commit_is_read_as_git_reads_it() {
    let repo = line();
    let instead = repo.git(&["commit-tree", "-m", "instead", "HEAD^{tree}"]);
    repo.git(&["replace", &repo.id("HEAD~2"), &instead]);
    assert_eq!(open(&repo).resolve("HEAD~2").expect("there").subject, "instead");
}
