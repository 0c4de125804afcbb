use proofmark_github::ArtifactError;
use proofmark_github::Client;
use proofmark_testkit::github::{Artifact, Fault, Run, What, World};

use super::{REPO, Rig, sha};

const NAME: &str = "proofmark-report";

fn rig(artifacts: Vec<Artifact>) -> Rig {
    Rig::new(World::new().repository_with(REPO, |repository| {
        let repository = repository.private().run(Run::of_pull_request(5, "work", &sha('a')));
        artifacts.into_iter().fold(repository, |repository, artifact| repository.artifact(artifact))
    }))
}

fn fetch(rig: &Rig) -> Result<Vec<u8>, ArtifactError> {
    rig.run(async |client: &Client| client.fetch_report(5, NAME).await)
}

#[test]
fn the_report_of_the_newest_attempt_comes_from_the_store_without_the_token() {
    let old = Artifact { created_at: "2026-01-01T00:00:00Z".to_owned(), ..Artifact::of(1, 5, NAME, &[("report.json", b"old")]) };
    let new = Artifact { created_at: "2026-01-02T00:00:00Z".to_owned(), ..Artifact::of(2, 5, NAME, &[("report.json", b"{}")]) };
    let rig = rig(vec![new, old]);
    assert_eq!(fetch(&rig).expect("a report"), b"{}");
    let requests = rig.github.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.authorized != request.storage), "{requests:?}");
}

#[test]
fn what_is_not_there_is_told_apart() {
    assert!(matches!(fetch(&rig(vec![])), Err(ArtifactError::Missing { run: 5, .. })));
    let expired = Artifact { expired: true, ..Artifact::of(1, 5, NAME, &[("report.json", b"{}")]) };
    assert!(matches!(fetch(&rig(vec![expired])), Err(ArtifactError::Expired { run: 5, .. })));
    let odd = Artifact::of(1, 5, NAME, &[("../report.json", b"{}")]);
    assert!(matches!(fetch(&rig(vec![odd])), Err(ArtifactError::Refused { .. })));
    let good = rig(vec![Artifact::of(1, 5, NAME, &[("report.json", b"{}")])]);
    good.github.fail(Fault::new("GET", "*/zip", What::StatusBefore(410)));
    assert!(matches!(fetch(&good), Err(ArtifactError::Expired { .. })));
}

#[test]
fn bytes_that_were_changed_on_the_way_are_refused() {
    let good = Artifact::of(1, 5, NAME, &[("report.json", b"{}")]);
    assert!(good.digest.as_ref().is_some_and(|digest| digest.starts_with("sha256:")));
    assert_eq!(fetch(&rig(vec![good.clone()])).expect("a report"), b"{}");
    let other = Artifact { zip: Artifact::of(1, 5, NAME, &[("report.json", b"[]")]).zip, ..good.clone() };
    assert!(matches!(fetch(&rig(vec![other])), Err(ArtifactError::Damaged { .. })));
    for untold in [None, Some("sha512:00".to_owned())] {
        let artifact = Artifact { digest: untold, ..good.clone() };
        assert_eq!(fetch(&rig(vec![artifact])).expect("a report"), b"{}");
    }
}

#[test]
fn a_store_without_end_is_left() {
    let rig = rig(vec![Artifact::of(1, 5, NAME, &[("report.json", b"{}")])]);
    rig.github.fail(Fault::new("GET", "*/zip", What::Endless));
    let error = fetch(&rig).expect_err("too much");
    assert!(matches!(error, ArtifactError::GitHub(_)) && error.to_string().contains("longer than"), "{error}");
}
