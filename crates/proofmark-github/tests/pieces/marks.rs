//! Statuses, labels, reviews.

use proofmark_core::config::Effect;
use proofmark_github::Client;
use proofmark_github::{LabelOrder, ReviewOrder, ReviewOutcome};
use proofmark_github::{StatusOrder, StatusState};
use proofmark_testkit::github::{Fault, Issue, What, World};

use super::{REPO, Rig, sha};

fn world() -> World {
    let pull = Issue::pull(7, "ada", ("work", &sha('a')), ("main", &sha('b')));
    World::new().repository(REPO).issue(REPO, pull).repository_with(REPO, |repository| {
        repository.collaborator("ada", "write").collaborator("Bob", "write").collaborator("eve", "read")
    })
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_status_fits_its_line() {
    let rig = Rig::new(world());
    for (state, expected) in [
        (StatusState::Pending, "pending"),
        (StatusState::Judged(Effect::Notice), "success"),
        (StatusState::Judged(Effect::Block), "failure"),
        (StatusState::Broken, "error"),
    ] {
        let order = StatusOrder {
            sha: sha('a'),
            context: "proofmark".to_owned(),
            state,
            description: format!("fell\n{}", "ä".repeat(200)),
            target_url: Some("javascript:alert(1)".to_owned()),
        };
        rig.run(async |client: &Client| client.set_status(&order).await).expect("a status");
        let world = rig.github.state();
        let status = world.repo(REPO).statuses.values().next_back().expect("one");
        let description = status.description.clone().expect("a description");
        assert_eq!((status.state.as_str(), &status.target_url), (expected, &None));
        assert!(description.starts_with("fell\\u{a}ä") && description.chars().count() == 140, "{description}");
    }
}

#[test]
fn labels_are_brought_in_line_with_one_look() {
    let rig = Rig::new(world());
    let order = LabelOrder { issue: 7, add: owned(&["model/worse 🚀", "Keep"]), remove: owned(&["never there"]) };
    let change = rig.run(async |client: &Client| client.set_labels(&order).await).expect("labels");
    assert_eq!(change.added, owned(&["model/worse 🚀", "Keep"]));
    let order = LabelOrder { issue: 7, add: owned(&["keep"]), remove: owned(&["MODEL/worse 🚀"]) };
    let change = rig.run(async |client: &Client| client.set_labels(&order).await).expect("labels");
    assert_eq!((change.added, change.removed), (vec![], owned(&["model/worse 🚀"])));
    assert_eq!(rig.github.state().repo(REPO).issues[&7].labels, owned(&["Keep"]));
    let before = rig.asked().len();
    let change = rig.run(async |client: &Client| client.set_labels(&order).await).expect("labels");
    assert_eq!((change.added, change.removed, rig.asked().len() - before), (vec![], vec![], 1));
}

#[test]
fn a_label_that_somebody_else_took_off_is_no_error() {
    let rig = Rig::new(world());
    let add = LabelOrder { issue: 7, add: owned(&["a"]), remove: vec![] };
    rig.run(async |client: &Client| client.set_labels(&add).await).expect("labels");
    rig.github.fail(Fault::new("DELETE", "*/labels/*", What::StatusBefore(404)));
    let remove = LabelOrder { issue: 7, add: vec![], remove: owned(&["a"]) };
    rig.run(async |client: &Client| client.set_labels(&remove).await).expect("labels");
}

#[test]
fn nobody_is_asked_twice_and_never_the_author() {
    let rig = Rig::new(world());
    let order = ReviewOrder { pull: 7, users: owned(&["ADA", "Bob", "bob"]), teams: owned(&["core"]) };
    let outcome = rig.run(async |client: &Client| client.request_reviews(&order).await).expect("an outcome");
    assert_eq!(outcome, ReviewOutcome::Asked { users: owned(&["Bob"]), teams: owned(&["core"]) });
    let before = rig.asked().len();
    let outcome = rig.run(async |client: &Client| client.request_reviews(&order).await).expect("an outcome");
    assert_eq!((outcome, rig.asked().len() - before), (ReviewOutcome::NothingToDo, 1));
}

#[test]
fn who_has_reviewed_is_not_asked_again() {
    let order = ReviewOrder { pull: 7, users: owned(&["bob"]), teams: vec![] };
    let reviewed = || {
        let mut world = world();
        let pull = world.repo_mut(REPO).issues.remove(&7).expect("the pull request");
        Rig::new(world.issue(REPO, pull.reviewed("", "COMMENTED").reviewed("Bob", "APPROVED")))
    };
    let rig = reviewed();
    let outcome = rig.run(async |client: &Client| client.request_reviews(&order).await).expect("an outcome");
    assert_eq!((outcome, rig.asked().len()), (ReviewOutcome::NothingToDo, 2));
    // A token that cannot see the reviews asks all the same.
    let rig = reviewed();
    rig.github.fail(Fault::new("GET", "*/reviews", What::StatusBefore(403)));
    let order = ReviewOrder { users: owned(&["Bob"]), ..order };
    let outcome = rig.run(async |client: &Client| client.request_reviews(&order).await).expect("an outcome");
    assert_eq!(outcome, ReviewOutcome::Asked { users: owned(&["Bob"]), teams: vec![] });
}

#[test]
fn a_stranger_who_cannot_be_asked_is_told() {
    let rig = Rig::new(world());
    let order = ReviewOrder { pull: 7, users: owned(&["mallory"]), teams: vec![] };
    match rig.run(async |client: &Client| client.request_reviews(&order).await).expect("an outcome") {
        ReviewOutcome::Refused(words) => assert!(words.contains("collaborator"), "{words}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_dry_run_says_what_it_would_send() {
    let client = Client::dry(proofmark_github::RepoName::parse(REPO).expect("a name"));
    let rig = Rig::new(world());
    let order = LabelOrder { issue: 7, add: owned(&["a"]), remove: owned(&["b"]) };
    rig.link.block_on(client.set_labels(&order)).expect("labels");
    rig.link.block_on(client.request_reviews(&ReviewOrder { pull: 7, users: owned(&["bob"]), teams: vec![] })).expect("reviews");
    let shown: Vec<String> = client.recorded().iter().map(proofmark_github::Request::shown).collect();
    assert_eq!(shown, ["POST /repos/acme/widgets/issues/7/labels", "POST /repos/acme/widgets/pulls/7/requested_reviewers"]);
    assert!(rig.asked().is_empty());
}
