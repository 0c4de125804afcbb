//! Several reports under one check name at one commit: the latest check is what branch rules see, and none may open for another.

use proofmark_core::config::Effect;
use proofmark_github::{CheckKey, CheckOrder, CheckOutcome, Client, Post, Posted, StatusOrder, StatusState};
use proofmark_testkit::github::{CheckRun, Fault, Level, Token, What, World};

use super::{REPO, Rig, sha};

const NOTHING: &str = "{\"total_count\": 0, \"check_runs\": []}";
const OVERRULED: &str = "Another report of this name blocks this commit";

fn key(origin: &str) -> CheckKey {
    CheckKey { name: "proofmark".to_owned(), head_sha: sha('a'), external_id: origin.to_owned(), details_url: None }
}

fn order(origin: &str, effect: Effect) -> CheckOrder {
    let (title, summary, text) = (format!("of {origin}"), "as measured".to_owned(), "| a |".to_owned());
    CheckOrder { key: key(origin), effect, title, summary, text, annotations: Vec::new() }
}

fn complete(rig: &Rig, origin: &str, effect: Effect) -> CheckOutcome {
    rig.run(async |client: &Client| client.complete_check(None, &order(origin, effect)).await).expect("an outcome")
}

fn posted(outcome: CheckOutcome) -> u64 {
    match outcome {
        CheckOutcome::Posted(run) => run.id,
        other => panic!("{other:?}"),
    }
}

fn overruled(outcome: CheckOutcome) -> u64 {
    match outcome {
        CheckOutcome::Overruled { by } => by.id,
        other => panic!("{other:?}"),
    }
}

/// Conclusions, oldest check first.
fn conclusions(rig: &Rig) -> Vec<String> {
    let state = rig.github.state();
    state.check_runs(REPO, &sha('a')).iter().map(|run| run.conclusion.clone().unwrap_or_else(|| run.status.clone())).collect()
}

/// The next look shows what was there before anybody had posted.
fn look_too_early(rig: &Rig) {
    rig.github.fail(Fault::new("GET", "*/check-runs", What::Body(200, NOTHING.to_owned())).nth(1));
}

#[test]
fn one_that_does_not_block_gives_way_to_one_that_was_posted_meanwhile() {
    for effect in [Effect::Allow, Effect::Notice] {
        let rig = Rig::new(World::new().repository(REPO));
        let blocking = posted(complete(&rig, "5/1/a", Effect::Block));
        assert_eq!(rig.asked().len(), 2, "a check that blocks from the start needs no second look");
        look_too_early(&rig);
        assert_eq!(overruled(complete(&rig, "6/1/b", effect)), blocking);
        assert_eq!(rig.asked().len(), 2 + 4);
        assert_eq!(conclusions(&rig), ["failure", "failure"], "{effect:?}");
        let state = rig.github.state();
        let last = *state.check_runs(REPO, &sha('a')).last().expect("a check");
        let said = [&last.title, &last.summary, &last.text].map(Option::as_deref);
        assert_eq!(said, [Some(OVERRULED), Some("as measured"), Some("| a |")]);
    }
}

#[test]
fn so_does_one_that_was_started_before() {
    let rig = Rig::new(World::new().repository(REPO));
    let started = rig.run(async |client: &Client| client.start_check(&key("6/1/b")).await).expect("a check");
    let CheckOutcome::Posted(started) = started else { panic!("{started:?}") };
    let blocking = posted(complete(&rig, "5/1/a", Effect::Block));
    let order = order("6/1/b", Effect::Allow);
    let outcome = rig.run(async |client: &Client| client.complete_check(Some(&started), &order).await).expect("an outcome");
    assert_eq!((overruled(outcome), conclusions(&rig)), (blocking, vec!["failure".to_owned(), "failure".to_owned()]));
}

#[test]
fn two_reports_do_not_block_each_other_for_ever() {
    let rig = Rig::new(World::new().repository(REPO));
    posted(complete(&rig, "5/1/a", Effect::Block));
    look_too_early(&rig);
    overruled(complete(&rig, "6/1/b", Effect::Allow));
    posted(complete(&rig, "5/2/a", Effect::Allow));
    posted(complete(&rig, "6/2/b", Effect::Allow));
    assert_eq!(conclusions(&rig), ["failure", "failure", "success", "success"]);
    // Its own no still is one, whatever an earlier try of it was.
    posted(complete(&rig, "6/3/b", Effect::Block));
    overruled(complete(&rig, "5/3/a", Effect::Allow));
}

#[test]
fn one_that_blocks_is_the_latest_of_its_name() {
    let rig = Rig::new(World::new().repository(REPO));
    rig.run(async |client: &Client| client.start_check(&key("5/1/a")).await).expect("a check");
    posted(complete(&rig, "6/1/b", Effect::Allow));
    let last = posted(complete(&rig, "5/1/a", Effect::Block));
    assert_eq!(conclusions(&rig), ["failure", "success", "failure"]);
    let state = rig.github.state();
    let latest = *state.check_runs(REPO, &sha('a')).last().expect("a check");
    assert_eq!((latest.id, latest.external_id.as_deref(), latest.title.as_deref()), (last, Some("5/1/a"), Some("of 5/1/a")));
}

#[test]
fn no_more_checks_are_made_than_needed() {
    for (later, effect) in [("6/1/b", Effect::Block), ("6/1/b", Effect::Allow), ("4/1/a", Effect::Block)] {
        let rig = Rig::new(World::new().repository(REPO));
        rig.run(async |client: &Client| client.start_check(&key("5/1/a")).await).expect("a check");
        // The latest blocks already, or this one does not block, or the other is an older run of the same report.
        look_too_early(&rig);
        posted(complete(&rig, later, effect));
        rig.github.heal();
        let own = if effect == Effect::Block { Effect::Block } else { Effect::Notice };
        posted(complete(&rig, "5/1/a", own));
        assert_eq!(conclusions(&rig).len(), 2, "{later} {effect:?}");
    }
}

#[test]
fn a_hundred_newer_checks_hide_nothing() {
    let old = |id: u64, origin: &str, conclusion: &str| CheckRun {
        id,
        name: "proofmark".to_owned(),
        head_sha: sha('a'),
        app: "github-actions".to_owned(),
        status: "completed".to_owned(),
        conclusion: Some(conclusion.to_owned()),
        external_id: Some(origin.to_owned()),
        started_at: "2026-01-01T00:00:00Z".to_owned(),
        completed_at: Some("2026-01-01T00:00:01Z".to_owned()),
        ..CheckRun::default()
    };
    let mut runs = vec![old(1, "5/1/a", "failure")];
    runs.extend((2..250).map(|id| old(id, "2/1/b", "success")));
    let rig = Rig::new(World::new().repository_with(REPO, |mut repository| {
        repository.check_runs.extend(runs.into_iter().map(|run| (run.id, run)));
        repository
    }));
    assert_eq!(overruled(complete(&rig, "6/1/b", Effect::Allow)), 1);
    assert_eq!(rig.asked().len(), 3);
}

#[test]
fn a_list_without_end_is_left() {
    let rig = Rig::new(World::new().repository(REPO));
    let rows = vec!["{\"id\": 1}"; 100].join(",");
    rig.github.fail(Fault::new("GET", "*/check-runs", What::Body(200, format!("{{\"check_runs\": [{rows}]}}"))));
    posted(complete(&rig, "5/1/a", Effect::Allow));
    assert_eq!(rig.asked().len(), 10 + 1 + 10);
}

fn status(run: &str, effect: Effect) -> StatusOrder {
    StatusOrder {
        sha: sha('a'),
        context: "proofmark".to_owned(),
        state: StatusState::Judged(effect),
        description: "as measured".to_owned(),
        target_url: Some(format!("https://github.com/acme/widgets/actions/runs/{run}")),
    }
}

fn states(rig: &Rig) -> Vec<String> {
    rig.github.state().repo(REPO).statuses.values().map(|status| status.state.clone()).collect()
}

fn post(rig: &Rig, post: &Post<'_>) -> Posted {
    rig.link.block_on(rig.link.client().post(post))
}

#[test]
fn beside_a_check_that_gives_way_no_status_says_yes() {
    let rig = Rig::new(World::new().repository(REPO));
    let both = |origin: &str, effect| {
        let run = format!("{}/attempts/1", &origin[..1]);
        post(&rig, &Post { check: Some(order(origin, effect)), status: Some(status(&run, effect)), ..Post::default() })
    };
    let set = both("6/1/a", Effect::Allow);
    assert!(matches!(set.status, Some(Ok(()))) && !set.status_left);
    for effect in [Effect::Allow, Effect::Notice] {
        let left = both("5/1/a", effect);
        assert!(matches!(left.check, Some(Ok(CheckOutcome::Superseded { .. }))) && left.status_left);
    }
    assert_eq!(states(&rig), ["success"]);
    assert!(!both("5/1/a", Effect::Block).status_left);
    assert!(!both("7/1/b", Effect::Block).status_left);
    let left = both("8/1/a", Effect::Allow);
    assert!(matches!(left.check, Some(Ok(CheckOutcome::Overruled { .. }))) && left.status_left);
    assert_eq!(states(&rig), ["success", "failure", "failure"]);
}

#[test]
fn a_status_alone_does_not_open_what_a_newer_run_has_set() {
    let rig = Rig::with(World::new().repository(REPO), Token::personal("ada").with("statuses", Level::Write));
    let instead = |order: StatusOrder| {
        let check = Some(self::order("1/1/a", Effect::Allow));
        let done = post(&rig, &Post { check, instead_of_check: Some(order), ..Post::default() });
        assert!(matches!(done.status, Some(Ok(()))), "{:?}", done.status);
        done.status_left
    };
    let other = |order: StatusOrder| StatusOrder { context: "other".to_owned(), ..order };
    assert!(!instead(status("12/attempts/2", Effect::Block)));
    assert!(!instead(other(status("99", Effect::Allow))));
    assert!(instead(status("11/attempts/9", Effect::Allow)) && instead(status("12/attempts/1", Effect::Notice)));
    assert!(instead(StatusOrder { context: "ProofMark".to_owned(), ..status("12", Effect::Allow) }));
    assert!(!instead(status("12/attempts/2", Effect::Allow)) && !instead(status("13", Effect::Allow)));
    // A no is always said, and so is what names no run.
    assert!(!instead(status("11", Effect::Block)));
    assert!(!instead(StatusOrder { target_url: None, ..status("", Effect::Allow) }));
    assert_eq!(states(&rig), ["failure", "success", "success", "success", "failure", "success"]);
    let only = post(&rig, &Post { status: Some(status("14", Effect::Allow)), ..Post::default() });
    assert!(!only.status_left);
    assert!(post(&rig, &Post { status: Some(status("13", Effect::Allow)), ..Post::default() }).status_left);
}
