//! Who may do what, and what they have said meanwhile.

use proofmark_github::{Access, Client, GitHubError, Link, RepoName, Role, is_same_login};
use proofmark_testkit::github::{FakeGitHub, Fault, Repository, Token, What};

use crate::setup::{REPO, connection, start, start_with, with};

fn access(github: &FakeGitHub, login: &str) -> Result<Access, GitHubError> {
    with(github, async |client| client.access_of(login).await)
}

#[test]
fn everybody_has_a_role() {
    let names = ["admin", "maintain", "write", "triage", "read"];
    let github = start_with(|mut repository| {
        repository.custom_roles.extend([("Data owners", "maintain"), ("Labellers", "triage")].map(|(a, b)| (a.into(), b.into())));
        let people = names.map(|name| (name, name)).into_iter().chain([("olga", "Data owners"), ("lars", "Labellers")]);
        people.fold(repository, |repository, (login, role)| repository.collaborator(login, role))
    });
    for name in names {
        let access = access(&github, name).expect("a role");
        assert_eq!((access.role.as_str(), access.custom), (name, None));
    }
    // Of a role that an organisation has made, only the older field tells what it builds on.
    let told = |login: &str| access(&github, login).map(|access| (access.role, access.custom)).expect("a role");
    assert_eq!(told("olga"), (Role::Write, Some("Data owners".to_owned())));
    assert_eq!(told("lars"), (Role::Read, Some("Labellers".to_owned())));
    assert_eq!(told("stranger"), (Role::Read, None));
    github.state().repo_mut(REPO).private = true;
    assert_eq!(told("stranger"), (Role::None, None));
    assert_eq!(with(&github, async |client| client.role("dependabot[bot]").await).expect("a role"), Role::None);
}

#[test]
fn nobody_may_do_nothing_and_no_login_is_not_asked_about() {
    let github = start();
    github.fail(Fault::new("GET", "/repos/*/permission", What::Body(404, "{\"message\": \"ghost is not a user\"}".into())));
    assert_eq!(access(&github, "ghost").expect("a role").role, Role::None);
    github.heal();
    github.fail(Fault::new("GET", "/repos/*/permission", What::Body(403, "{\"message\": \"no\"}".into())));
    assert_eq!(access(&github, "ada").expect_err("refused").status(), Some(403));
    let before = github.requests().len();
    for login in ["", "../../x", "a b", "a?b=c"] {
        assert!(matches!(access(&github, login), Err(GitHubError::Input(_))), "{login}");
    }
    assert_eq!(github.requests().len(), before);
}

#[test]
fn a_comment_is_read_again_and_reacted_to_once() {
    let github = start();
    let id = github.state().comment(REPO, 7, "ada", "/proofmark train");
    let comment = with(&github, async |client| client.comment_now(id).await).expect("a comment");
    assert_eq!((comment.id, comment.issue, comment.body.as_str()), (id, Some(7), "/proofmark train"));
    assert_eq!((comment.author.as_deref(), comment.author_type.as_str()), (Some("ada"), "User"));
    assert!(comment.created > 1_700_000_000 && comment.updated >= comment.created && comment.url.starts_with("https://"));
    for what in [What::CutAfter, What::StatusAfter(502), What::StatusBefore(503)] {
        github.heal();
        github.fail(Fault::new("POST", "/repos/*/reactions", what).nth(1));
        with(&github, async |client| client.react_to_comment(id, "eyes").await).expect("reacted");
    }
    assert_eq!(github.state().repo(REPO).comments[&id].reactions.len(), 1);
    let wrong = with(&github, async |client| client.react_to_comment(id, "thumbs").await).expect_err("no reaction");
    assert!(matches!(wrong, GitHubError::Input(_)));
    let missing = with(&github, async |client| client.comment_now(1).await).expect_err("none");
    assert!(missing.is_missing());
}

#[test]
fn a_pull_request_tells_when_its_branch_was_pushed() {
    let github = start_with(|repository| Repository { pushed_at: "2026-01-01T00:00:00Z".into(), ..repository });
    let read = || with(&github, async |client| client.pull_request(7).await).expect("a pull request");
    let pull = read();
    assert_eq!((pull.merged, pull.labels.len(), pull.head_pushed_at), (false, 0, Some(1_767_225_600)));
    let mut state = github.state();
    let issue = state.repo_mut(REPO).issues.get_mut(&7).expect("the pull request");
    issue.labels = vec!["model".into()];
    issue.state = "closed".into();
    let pull = issue.pull.as_mut().expect("a pull request");
    pull.merged = true;
    drop(state);
    let pull = read();
    assert_eq!((pull.merged, pull.labels.as_slice(), pull.head_pushed_at), (true, &["model".to_owned()][..], Some(1_767_225_600)));
}

#[test]
fn the_token_tells_who_we_are() {
    let github = start();
    let tokens = [("ghs_app", Token::app("acme-bot")), ("ghp_person", Token::personal("ada")), ("ghs_own", Token::actions().of(REPO))];
    for (text, token) in tokens {
        let login = token.login.clone();
        github.state().tokens.insert(text.into(), token);
        let link = Link::connect(&connection(&github, text, 1)).expect("a link");
        let told = link.block_on(link.client().viewer_login()).expect("a login");
        assert!(is_same_login(&login, &told), "{login} {told}");
        assert!(!is_same_login("eve", &told));
    }
    let runtime = proofmark_http::Runtime::start().expect("a runtime");
    let dry = Client::dry(RepoName::parse(REPO).expect("a name"));
    assert_eq!(runtime.block_on(dry.viewer_login()).expect("a login"), "github-actions[bot]");
    assert_eq!(runtime.block_on(dry.role("ada")).expect("a role"), Role::None);
    assert_eq!(runtime.block_on(dry.comment_now(7)).expect("a comment").id, 7);
    runtime.block_on(dry.react_to_comment(7, "eyes")).expect("kept");
    assert_eq!(dry.recorded().len(), 1);
}
