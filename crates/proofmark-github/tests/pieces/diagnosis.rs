use proofmark_github::{Finding, Health, Questions};
use proofmark_testkit::github::{Fault, Issue, Level, Token, What, World};
use proofmark_testkit::repo::TestRepo;
use serde_json::json;

use super::{REPO, Rig, sha};

fn world(repo: &TestRepo) -> World {
    repo.write("a", "1").commit("first");
    let rule = json!({"type": "required_status_checks", "parameters": {
        "strict_required_status_checks_policy": false, "required_status_checks": [{"context": "proofmark"}],
    }});
    let pull = Issue::pull(7, "ada", ("work", &sha('a')), ("main", &sha('b')));
    World::new().repository(REPO).git(REPO, repo.path()).issue(REPO, pull).repository_with(REPO, |mut repository| {
        repository.rules.insert("main".to_owned(), vec![rule]);
        repository.private()
    })
}

fn diagnose(rig: &Rig, probe_writes: bool) -> Vec<Finding> {
    let questions = Questions { connection: &rig.connection, now: 0, pull: Some(7), base: None, check: Some("proofmark"), probe_writes };
    rig.link.block_on(rig.link.client().diagnose(&questions))
}

fn states(findings: &[Finding]) -> Vec<(&str, Health)> {
    findings.iter().map(|finding| (finding.name, finding.health)).collect()
}

fn find<'a>(findings: &'a [Finding], name: &str) -> &'a Finding {
    findings.iter().find(|finding| finding.name == name).unwrap_or_else(|| panic!("no `{name}` in {findings:?}"))
}

#[test]
fn a_good_token_is_found_good_and_nothing_is_posted() {
    let repo = TestRepo::new();
    let rig = Rig::new(world(&repo));
    let before = rig.github.state().to_json();
    let findings = diagnose(&rig, true);
    let names = ["token", "network", "API", "limit", "GraphQL", "repository", "files", "comments", "checks", "statuses", "required check"];
    assert_eq!(states(&findings), names.map(|name| (name, Health::Good)), "{findings:#?}");
    assert_eq!(rig.github.state().to_json(), before);
    assert!(!format!("{findings:?}").contains(super::TOKEN));
    assert_eq!(rig.asked().len(), 8);
}

#[test]
fn what_is_missing_is_told_with_what_to_paste() {
    let repo = TestRepo::new();
    let token = Token::fork().with("checks", Level::Write);
    let findings = diagnose(&Rig::with(world(&repo), token), true);
    assert_eq!(find(&findings, "checks").health, Health::Good);
    for (name, line) in [("comments", "  pull-requests: write\n"), ("statuses", "  statuses: write\n")] {
        let finding = find(&findings, name);
        assert_eq!(finding.health, Health::Bad);
        assert!(finding.advice.as_ref().is_some_and(|advice| advice.contains(line)), "{finding:?}");
    }
}

#[test]
fn who_does_not_want_to_be_asked_is_not() {
    let repo = TestRepo::new();
    let rig = Rig::new(world(&repo));
    diagnose(&rig, false);
    let posted: Vec<String> = rig.asked().into_iter().filter(|asked| !asked.starts_with("GET")).collect();
    assert_eq!(posted, ["POST /graphql"]);
}

#[test]
fn people_cannot_write_checks() {
    let repo = TestRepo::new();
    let token = Token::personal("ada").with("contents", Level::Read).with("pull_requests", Level::Write).with("statuses", Level::Write);
    let findings = diagnose(&Rig::with(world(&repo), token), true);
    let checks = find(&findings, "checks");
    assert_eq!((checks.health, find(&findings, "statuses").health), (Health::Warning, Health::Good));
    assert!(checks.advice.as_ref().is_some_and(|advice| advice.contains("commit status")), "{checks:?}");
}

#[test]
fn without_an_answer_or_a_known_token_the_rest_is_left_out() {
    let repo = TestRepo::new();
    let rig = Rig::new(world(&repo));
    rig.github.state().tokens.clear();
    let findings = diagnose(&rig, true);
    assert_eq!(states(&findings), [("token", Health::Good), ("network", Health::Good), ("API", Health::Bad)]);
    assert!(find(&findings, "API").advice.as_ref().is_some_and(|advice| advice.contains("expired")), "{findings:?}");
}

#[test]
fn a_server_without_limits_is_no_trouble() {
    let repo = TestRepo::new();
    let rig = Rig::new(world(&repo));
    rig.github.fail(Fault::new("GET", "/rate_limit", What::StatusBefore(404)));
    let findings = diagnose(&rig, true);
    assert_eq!(find(&findings, "API").health, Health::Good);
    assert!(findings.iter().all(|finding| finding.name != "limit"));
    assert_eq!(findings.len(), 10);
}
