use proofmark_github::Client;
use proofmark_github::Found;
use proofmark_testkit::github::{Issue, World};

use super::{REPO, Rig, sha, status};

fn world() -> World {
    World::new()
        .repository(REPO)
        .issue(REPO, Issue::pull(7, "ada", ("work", &sha('a')), ("main", &sha('b'))))
        .issue(REPO, Issue::pull(8, "eve", ("patch", &sha('e')), ("main", &sha('b'))).of_fork("eve/widgets"))
        .issue(REPO, Issue::pull(9, "mallory", ("patch", &sha('e')), ("main", &sha('b'))).of_fork("mallory/widgets"))
}

fn find(rig: &Rig, head_sha: &str, head: Option<&str>, numbers: &[u64]) -> Found {
    rig.run(async |client: &Client| client.find_pull(head_sha, head, numbers).await).expect("an answer")
}

fn number(found: &Found) -> Option<u64> {
    match found {
        Found::One(pull) => Some(pull.number),
        Found::None | Found::Several(_) => None,
    }
}

#[test]
fn a_pull_request_is_read() {
    let rig = Rig::new(world());
    let pull = rig.run(async |client: &Client| client.pull_request(8).await).expect("a pull request");
    assert_eq!((pull.head_repo.as_deref(), pull.fork, pull.open), (Some("eve/widgets"), true, true));
    assert_eq!((pull.author.as_deref(), pull.base_ref.as_str(), &pull.base_sha), (Some("eve"), "main", &sha('b')));
    assert!(!rig.run(async |client: &Client| client.pull_request(7).await).expect("a pull request").fork);
    let error = rig.run(async |client: &Client| client.pull_request(99).await).expect_err("none");
    assert_eq!(status(&error), 404);
}

#[test]
fn a_claim_counts_only_with_the_same_commit() {
    let rig = Rig::new(world());
    assert_eq!(number(&find(&rig, &sha('a'), None, &[7])), Some(7));
    assert_eq!(rig.asked(), ["GET /pulls/7"]);
    // The claim is another's; the right one is found.
    assert_eq!(number(&find(&rig, &sha('e'), Some("eve:patch"), &[7, 99])), Some(8));
    assert_eq!(find(&rig, &sha('c'), Some("eve:patch"), &[8]), Found::None);
}

#[test]
fn forks_are_found_by_their_branch() {
    let rig = Rig::new(world());
    assert_eq!(number(&find(&rig, &sha('e'), Some("eve:patch"), &[])), Some(8));
    assert_eq!(rig.asked(), ["GET /pulls"]);
    // A stranger with the same commit is not taken for it, whatever the report claims.
    assert_eq!(number(&find(&rig, &sha('e'), Some("eve:patch"), &[9])), Some(8));
    assert_eq!(find(&rig, &sha('e'), None, &[8, 9]), Found::Several(vec![8, 9]));
}

#[test]
fn branches_of_the_repository_are_found_by_their_commit() {
    let rig = Rig::new(world());
    assert_eq!(number(&find(&rig, &sha('a'), None, &[])), Some(7));
    assert_eq!(find(&rig, &sha('c'), None, &[]), Found::None);
}
