use proptest::prelude::*;

use super::*;

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";
const OLD: &str = "fedcba9876543210fedcba9876543210fedcba98";

fn of(more: &[(&str, &str)]) -> Option<Host> {
    let mut all = vec![
        ("JENKINS_URL", "https://ci.example.org/"),
        ("JOB_NAME", "ml/churn/PR-12"),
        ("BUILD_NUMBER", "7"),
        ("BUILD_URL", "https://ci.example.org/job/ml/job/churn/job/PR-12/7/"),
        ("GIT_COMMIT", SHA),
        ("GIT_URL", "https://github.com/octo/churn.git"),
    ];
    all.extend(more);
    let last = move |name: &str| all.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    read(&last)
}

fn some(more: &[(&str, &str)]) -> Host {
    of(more).expect("a build")
}

#[test]
fn an_address_of_jenkins_alone_is_no_build() {
    let only = |name: &str| (name == "JENKINS_URL").then(|| "https://ci.example.org".to_owned());
    assert_eq!(read(&only), None);
    assert_eq!(of(&[("BUILD_NUMBER", "")]), None);
    assert_eq!(of(&[("JENKINS_URL", "")]), None);
    assert!(of(&[("JENKINS_URL", ""), ("JENKINS_HOME", "/var/lib/jenkins")]).is_some());
}

#[test]
fn a_change_request_of_a_multibranch_project() {
    let host = some(&[
        ("BRANCH_NAME", "PR-12"),
        ("CHANGE_ID", "12"),
        ("CHANGE_TARGET", "main"),
        ("CHANGE_BRANCH", "feature/x"),
        ("CHANGE_FORK", "stranger"),
        ("CHANGE_AUTHOR", "alice"),
    ]);
    let run = &host.run;
    assert_eq!((run.system, run.event.as_str()), (System::Jenkins, "pull_request"));
    let pull = run.pull_request.as_ref().expect("a pull request");
    assert_eq!((pull.number, pull.fork, pull.author.as_deref()), (12, true, Some("alice")));
    assert_eq!(run.base, Place::new(Some("main".to_owned()), None));
    assert_eq!(run.head, Place::new(Some("feature/x".to_owned()), None), "GIT_COMMIT may be a merge that nobody knows");
    assert_eq!(host.commit.as_deref(), Some(SHA));
    assert_eq!(host.fetched_as.as_deref(), Some("PR-12"));
    assert_eq!(run.job.as_deref(), Some("ml/churn"), "the same for all its branches");
    assert_eq!(run.repository.as_deref(), Some("octo/churn"));
    assert_eq!(run.run_url.as_deref(), Some("https://ci.example.org/job/ml/job/churn/job/PR-12/7/"));
    assert_eq!(run.read_only, None, "a fork says nothing about the credentials of Jenkins");
}

#[test]
fn a_change_of_another_forge_has_nothing_to_comment() {
    let host = some(&[("BRANCH_NAME", "42/1142/3"), ("CHANGE_ID", "I8473b95934b5732ac55d26311a706c9c2bde9940"), ("CHANGE_TARGET", "main")]);
    assert_eq!((host.run.event.as_str(), host.run.pull_request), ("pull_request", None));
    assert_eq!(host.run.base.branch.as_deref(), Some("main"));
}

#[test]
fn the_repository_of_a_change_without_a_remote_is_in_its_address() {
    let of = |url: &str| some(&[("GIT_URL", ""), ("CHANGE_ID", "12"), ("CHANGE_URL", url)]).run.repository;
    assert_eq!(of("https://github.com/octo/churn/pull/12").as_deref(), Some("octo/churn"));
    assert_eq!(of("https://github.com/octo/churn/pull/13"), None);
    assert_eq!(of("http://github.com/octo/churn/pull/12"), None);
    assert_eq!(of("https://github.com/octo/a/churn/pull/12"), None);
}

#[test]
fn branches_and_tags() {
    let host = some(&[("BRANCH_NAME", "main"), ("BRANCH_IS_PRIMARY", "true"), ("GIT_PREVIOUS_COMMIT", OLD)]);
    assert_eq!((host.run.event.as_str(), host.primary, host.run.head.branch.as_deref()), ("push", Some(true), Some("main")));
    assert_eq!(host.previous.as_deref(), Some(OLD));
    assert_eq!(host.run.base, Place::default());
    assert_eq!(some(&[("BRANCH_NAME", "x")]).primary, Some(false));
    let tag = some(&[("BRANCH_NAME", "v1"), ("TAG_NAME", "v1")]);
    assert_eq!((tag.run.event.as_str(), tag.run.head.branch.as_deref()), ("tag", Some("v1")));
    // CHANGE_TARGET means nothing without a change.
    assert_eq!(some(&[("CHANGE_TARGET", "main")]).run.base, Place::default());
}

#[test]
fn plain_jobs() {
    let host = some(&[("JOB_NAME", "ml/nightly"), ("GIT_BRANCH", "origin/release/1"), ("GIT_PREVIOUS_SUCCESSFUL_COMMIT", OLD)]);
    assert_eq!((host.run.job.as_deref(), host.run.head.branch.as_deref()), (Some("ml/nightly"), Some("release/1")));
    assert_eq!((host.primary, host.fetched_as), (None, None));
    assert_eq!(some(&[("GIT_BRANCH", "detached")]).run.head.branch, None);
}

#[test]
fn the_pull_request_builder() {
    let host = some(&[
        ("JOB_NAME", "pr"),
        ("ghprbPullId", "9"),
        ("ghprbTargetBranch", "main"),
        ("ghprbSourceBranch", "x"),
        ("ghprbActualCommit", OLD),
        ("ghprbGhRepository", "octo/churn"),
        ("ghprbPullLink", "https://git.example.org/octo/churn/pull/9"),
        ("GIT_URL", ""),
    ]);
    assert_eq!(host.run.pull_request.map(|pull| pull.number), Some(9));
    assert_eq!(host.run.head.commit.as_deref(), Some(OLD), "the one commit that is told: not the merge");
    assert_eq!(host.run.server_url.as_deref(), Some("https://git.example.org"));
}

#[test]
fn remotes_in_all_forms() {
    let is = |text: &str, server: &str| {
        let remote = Remote::parse(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!((remote.server.as_str(), remote.repository.as_str()), (server, "octo/churn"), "{text}");
    };
    for text in [
        "https://github.com/octo/churn",
        "https://github.com/octo/churn.git",
        "https://github.com/octo/churn/",
        "https://user:secret@github.com/octo/churn.git",
        "https://github.com:443/octo/churn.git",
        "HTTPS://GitHub.com/octo/churn.git",
        "ssh://git@github.com/octo/churn.git",
        "ssh://git@ssh.github.com:443/octo/churn.git",
        "git://github.com/octo/churn.git",
        "git@github.com:octo/churn.git",
        "git@github.com:/octo/churn.git",
        "github.com:octo/churn",
    ] {
        is(text, "github.com");
    }
    is("https://git.example.org:8443/octo/churn.git", "git.example.org:8443");
    is("ssh://git@git.example.org:2222/octo/churn.git", "git.example.org");
    is("http://git.example.org:8080/octo/churn.git", "git.example.org");
    assert_eq!(Remote::parse("git@github.com:octo/churn").expect("one").api_url(), "https://api.github.com");
    assert_eq!(Remote::parse("git@git.example.org:octo/churn").expect("one").api_url(), "https://git.example.org/api/v3");
    for text in [
        "",
        "/srv/git/churn.git",
        "C:\\git\\octo\\churn",
        "C:/octo/churn",
        "../octo/churn",
        "file:///srv/octo/churn.git",
        "https://github.com/churn",
        "https://gitlab.com/group/sub/churn.git",
        "https://github.com/octo/../churn",
        "https://evil.example/octo/churn?x=github.com",
        "https://evil.example#@github.com/octo/churn",
        "https://github.com@/octo/churn",
        "git@github.com:octo/churn;rm",
    ] {
        assert_eq!(Remote::parse(text), None, "{text}");
    }
}

#[test]
fn what_is_no_id_and_no_address_is_dropped() {
    assert_eq!(some(&[("GIT_COMMIT", "main; rm -rf /")]).commit, None);
    assert_eq!(some(&[("BUILD_URL", "javascript:alert(1)")]).run.run_url, None);
    assert_eq!(some(&[("BUILD_URL", "hTtps://ci.example.org/")]).run.run_url, None);
    assert_eq!(some(&[("BUILD_URL", "https://user:secret@ci.example.org/")]).run.run_url, None);
}

proptest! {
    #[test]
    fn nothing_in_the_environment_panics(values in proptest::collection::vec(".{0,60}", 14)) {
        let names = ["JOB_NAME", "BUILD_NUMBER", "BUILD_URL", "BRANCH_NAME", "CHANGE_ID", "CHANGE_TARGET", "CHANGE_URL", "GIT_URL",
            "GIT_COMMIT", "GIT_BRANCH", "ghprbPullId", "ghprbPullLink", "ghprbGhRepository", "TAG_NAME"];
        let var = |name: &str| {
            if name == "JENKINS_HOME" { return Some("/".to_owned()) }
            names.iter().position(|known| *known == name).map(|at| values[at].clone())
        };
        if let Some(remote) = read(&var).and_then(|host| host.remote) {
            prop_assert!(remote.repository.matches('/').count() == 1);
            prop_assert!(!remote.api_url().contains(['@', ' ', '#', '?']));
        }
    }
}
