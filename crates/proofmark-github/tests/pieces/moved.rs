//! Repositories with a new name, servers with another one, answers that are not GitHub's, tokens that are quoted.

use proofmark_core::config::Effect;
use proofmark_github::{Client, GitHubError, LabelOrder, ReviewOrder, StatusOrder, StatusState};
use proofmark_testkit::github::{Fault, Issue, Token, What, World};

use super::{REPO, Rig, TOKEN, sha, status};

fn world() -> World {
    let side = |branch: &'static str, digit| (branch, sha(digit));
    let (head, base) = (side("work", 'a'), side("main", 'b'));
    World::new()
        .repository_with(REPO, |repository| repository.collaborator("rita", "write"))
        .issue(REPO, Issue::pull(7, "ada", (head.0, &head.1), (base.0, &base.1)))
}

fn order() -> StatusOrder {
    let (sha, context) = (sha('a'), "proofmark".to_owned());
    StatusOrder { sha, context, state: StatusState::Judged(Effect::Allow), description: "fine".to_owned(), target_url: None }
}

async fn everything(client: &Client) -> Result<(), GitHubError> {
    client.set_status(&order()).await?;
    let labels = |add: &[&str], remove: &[&str]| LabelOrder {
        issue: 7,
        add: add.iter().map(|name| (*name).to_owned()).collect(),
        remove: remove.iter().map(|name| (*name).to_owned()).collect(),
    };
    client.set_labels(&labels(&["model"], &[])).await?;
    client.set_labels(&labels(&[], &["model"])).await?;
    client.request_reviews(&ReviewOrder { pull: 7, users: vec!["rita".to_owned()], teams: Vec::new() }).await.map(drop)
}

fn rename(rig: &Rig, code: u16) {
    let id = rig.github.state().repo(REPO).id;
    rig.github.fail(Fault::new("*", "/repos/*", What::Redirect(code, format!("{}/repositories/{id}*", rig.github.url()))));
}

#[test]
fn a_renamed_repository_is_found_by_every_method() {
    for code in [301, 302, 307, 308] {
        let rig = Rig::new(world());
        rename(&rig, code);
        rig.run(everything).expect("everything is done");
        let state = rig.github.state();
        assert_eq!(state.repo(REPO).statuses.len(), 1, "{code}");
        let asked: Vec<_> =
            rig.github.requests().iter().filter(|request| request.fault.is_none()).map(|request| request.method.clone()).collect();
        assert_eq!(asked, ["POST", "GET", "POST", "GET", "DELETE", "GET", "GET", "POST"], "{code}");
    }
}

#[test]
fn the_new_place_is_named_when_it_refuses() {
    let rig = Rig::with(world(), Token::fork());
    rename(&rig, 307);
    let error = rig.run(async |client: &Client| client.set_status(&order()).await).expect_err("no permission");
    let told = error.to_string();
    assert!(told.contains(&format!("POST /repos/{REPO}/statuses/")) && told.contains("(now /repositories/"), "{told}");
    assert!(proofmark_github::advice(&error).is_some_and(|advice| advice.contains("statuses: write")));
}

#[test]
fn no_redirect_leads_to_another_server_or_in_circles() {
    let other = Rig::new(world());
    let rig = Rig::new(world());
    for (to, asked) in [(format!("{}/repos/acme/widgets*?sig=1", other.github.url()), 1), ("/repos/acme/widgets*".to_owned(), 6)] {
        for code in [301, 307] {
            rig.github.heal();
            rig.github.fail(Fault::new("*", "*", What::Redirect(code, to.clone())));
            let before = rig.asked().len();
            let error = rig.run(async |client: &Client| client.set_status(&order()).await).expect_err("not followed");
            assert!(matches!(&error, GitHubError::Moved { status, to, .. } if *status == code && !to.contains("sig")), "{error}");
            assert!(!error.is_lost() && proofmark_github::advice(&error).is_some());
            assert_eq!(rig.asked().len() - before, asked);
        }
    }
    assert!(other.asked().is_empty());
}

#[test]
fn pages_of_a_server_with_another_name_are_read_here() {
    let labels = |rig: &Rig| {
        let add: Vec<String> = (0..120).map(|number| format!("label-{number}")).collect();
        let order = LabelOrder { issue: 7, add, remove: Vec::new() };
        rig.run(async |client: &Client| client.set_labels(&order).await)
    };
    for server in ["https://inner.invalid:8443", "http://inner.invalid/api/v3"] {
        let rig = Rig::new(world());
        labels(&rig).expect("labels");
        rig.github.fail(Fault::new("GET", "*", What::ForeignPages(server.to_owned())));
        assert_eq!(labels(&rig).expect("labels").added, Vec::<String>::new(), "all of both pages are seen");
    }
    let rig = Rig::new(world());
    labels(&rig).expect("labels");
    rig.github.fail(Fault::new("GET", "*", What::ForeignPages("https://inner.invalid/elsewhere".to_owned())));
    let error = labels(&rig).expect_err("half a list is no list");
    assert!(matches!(&error, GitHubError::Shape { detail, .. } if detail.contains("inner.invalid")), "{error}");
}

#[test]
fn what_is_no_answer_of_githubs_is_no_success() {
    let cases = [What::Html(200), What::Html(201), What::Empty, What::Truncated, What::WrongShape, What::Body(200, "7".to_owned())];
    for (path, method) in [("*/statuses/*", "POST"), ("*/labels", "POST"), ("*/requested_reviewers", "POST")] {
        for what in &cases {
            let rig = Rig::new(world());
            rig.github.fail(Fault::new(method, path, what.clone()));
            let error = rig.run(everything).expect_err("no success");
            assert!(matches!(error, GitHubError::Shape { .. }) && error.is_lost(), "{path} {what:?}: {error}");
        }
    }
    // What is taken away is gone, whatever is said about it.
    let rig = Rig::new(world());
    rig.github.fail(Fault::new("DELETE", "*", What::Empty));
    rig.run(everything).expect("everything is done");
}

#[test]
fn a_token_that_the_server_quotes_is_never_told() {
    let body = |text: &str| format!("{{\"message\": \"{text} {TOKEN} of 'Bearer {TOKEN}'\", \"errors\": [\"{TOKEN}\"]}}");
    let rig = Rig::new(world());
    let quoting = [
        What::Body(422, body(&"x".repeat(280))),
        What::Body(403, format!("<p>{TOKEN}</p>")),
        What::Body(201, format!("{{\"id\": \"{TOKEN}\"}}")),
        What::Redirect(301, format!("https://evil.invalid/{TOKEN}?token={TOKEN}")),
        What::Redirect(307, format!("/repos/{REPO}/statuses/{TOKEN}")),
    ];
    for what in quoting {
        rig.github.heal();
        rig.github.fail(Fault::new("*", "*", what.clone()));
        let error = rig.run(async |client: &Client| client.set_status(&order()).await).expect_err("no success");
        assert!(!error.to_string().contains("secret") && !format!("{error:?}").contains("secret"), "{what:?}: {error:?}");
    }
    rig.github.heal();
    let commit = format!("{{\"sha\": \"{TOKEN}\", \"tree\": {{\"sha\": \"\"}}}}");
    rig.github.fail(Fault::new("*", "*", What::Body(200, commit)));
    let error = rig.run(async |client: &Client| client.commit(&sha('a')).await).expect_err("no commit");
    assert!(!error.to_string().contains("secret") && error.status().is_none(), "{error}");
    rig.github.heal();
    assert_eq!(rig.run(async |client: &Client| client.pull_request(9).await).map_err(|error| status(&error)).unwrap_err(), 404);
}
