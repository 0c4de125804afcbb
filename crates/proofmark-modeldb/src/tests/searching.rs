//! Searching: pages, ties, limits, servers that misbehave.

use std::collections::BTreeSet;
use std::time::Instant;

use proofmark_testkit::modeldb::{Fault, RunSpec, What};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::Scene;
use crate::{Aside, Error, Query};

fn many(scene: &Scene, count: usize, created: impl Fn(usize) -> i64) {
    let mut world = scene.fake.world();
    for index in 0..count {
        let spec = RunSpec { name: &format!("run {index}"), metrics: &[("auc", 0.5)], created: created(index), ..RunSpec::default() };
        world.run(&scene.experiment, spec);
    }
}

fn names(found: &crate::Found) -> Vec<&str> {
    found.runs.iter().map(|run| run.name.as_str()).collect()
}

#[test]
fn ten_thousand_runs_are_read_in_pages() {
    let scene = Scene::new();
    many(&scene, 10_000, |index| 1_000_000 + i64::try_from(index).expect("small"));
    let client = scene.client();
    let started = Instant::now();
    let found = client.search(&Query::of_project(&scene.project)).expect("an answer");
    assert_eq!((found.runs.len(), found.incomplete.as_deref()), (10_000, None));
    assert_eq!((found.runs[0].name.as_str(), found.runs[9_999].name.as_str()), ("run 9999", "run 0"));
    assert!(client.requests() <= 52 && started.elapsed().as_secs() < 60, "{} {:?}", client.requests(), started.elapsed());
    // The list is read once for all searches.
    client.search(&Query { limit: 3, ..Query::of_project(&scene.project) }).expect("an answer");
    assert!(client.requests() <= 52);
    many(&scene, 1, |_| 5);
    client.renew();
    let found = client.search(&Query::of_project(&scene.project)).expect("an answer");
    assert_eq!(found.incomplete.as_deref(), Some("only 10000 of the runs were looked at"));
}

#[test]
fn runs_of_one_time_are_all_found_once() {
    let scene = Scene::new();
    many(&scene, 450, |_| 7);
    let found = scene.client().search(&Query::of_project(&scene.project)).expect("an answer");
    let ids: BTreeSet<&str> = found.runs.iter().map(|run| run.id.as_str()).collect();
    assert_eq!(ids.len(), found.runs.len());
    // What falls between two pages in one order is found in another.
    assert_eq!((ids.len(), found.incomplete), (450, None));
}

#[test]
fn the_newest_are_told_here_whatever_the_order_of_the_server() {
    let scene = Scene::new();
    many(&scene, 9, |index| 100 - i64::try_from(index).expect("small"));
    let client = scene.client();
    let found = client.search(&Query { limit: 2, ..Query::of_project(&scene.project) }).expect("an answer");
    assert_eq!(names(&found), ["run 0", "run 1"]);
    assert_eq!(found.incomplete.as_deref(), Some("only the newest 2 runs were looked at"));
}

#[test]
fn filters_of_the_server_are_checked_again() {
    let scene = Scene::new();
    let run = |name: &str, tags: &[&str], attributes: &[(&str, &str)]| {
        scene.fake.world().run(&scene.experiment, RunSpec { name, tags, attributes, metrics: &[("auc", 0.5)], ..RunSpec::default() })
    };
    run("a", &["main"], &[("branch", "main"), ("git.sha", "x"), ("seed", "1")]);
    run("b", &["Main"], &[("branch", "Main"), ("git.sha", "y"), ("seed", "2")]);
    run("A", &["main", "ci"], &[("branch", "dev")]);
    let client = scene.client();
    let of = |query: Query| {
        let found = client.search(&query).expect("an answer");
        let mut names: Vec<String> = names(&found).into_iter().map(str::to_owned).collect();
        names.sort();
        names.join("")
    };
    let all = || Query::of_project(&scene.project);
    let attribute = |key: &str, values: &[&str]| Query {
        attributes: vec![(key.to_owned(), values.iter().map(|value| (*value).to_owned()).collect())],
        ..all()
    };
    assert_eq!(of(Query { name: Some("a".into()), ..all() }), "a");
    assert_eq!(of(Query { tags: vec!["main".into()], ..all() }), "Aa");
    assert_eq!(of(Query { tags: vec!["main".into(), "ci".into()], ..all() }), "A");
    assert_eq!(of(attribute("branch", &["main"])), "a");
    assert_eq!(of(attribute("branch", &["main", "dev"])), "Aa");
    assert_eq!(of(attribute("branch", &[])), "");
    // The server cuts the key at the dot, and compares numbers as such.
    assert_eq!((of(attribute("git.sha", &["y"])), of(attribute("seed", &["1"]))), ("b".to_owned(), "a".to_owned()));
    assert_eq!(of(Query { experiments: vec!["none".into()], ..all() }), "");
    assert_eq!(of(Query { experiments: vec!["none".into(), scene.experiment.clone()], ..all() }), "Aab");
    assert_eq!(of(Query::of_project("none")), "");
}

#[test]
fn newer_servers_keep_text_of_digits_as_numbers() {
    let scene = Scene::new();
    scene.fake.world().plain_numbers = true;
    let spec = RunSpec { attributes: &[("build", "1234567")], values: &[("auc", &json!("0.25"))], ..RunSpec::default() };
    scene.fake.world().run(&scene.experiment, spec);
    let query = Query { attributes: vec![("build".into(), vec!["1234567".into()])], ..Query::of_project(&scene.project) };
    let found = scene.client().search(&query).expect("an answer");
    assert_eq!((found.runs.len(), found.runs[0].metrics["auc"].as_f64()), (1, Some(0.25)));
}

#[test]
fn runs_that_do_not_count_are_told() {
    let scene = Scene::new();
    let run = |spec: RunSpec<'_>| scene.fake.world().run(&scene.experiment, spec);
    run(RunSpec { name: "empty", ..RunSpec::default() });
    run(RunSpec { name: "open", started: 5, metrics: &[("auc", 0.5)], ..RunSpec::default() });
    run(RunSpec { name: "ended", started: 5, ended: 6, metrics: &[("auc", 0.5)], ..RunSpec::default() });
    run(RunSpec { name: "text", values: &[("auc", &json!("good"))], ..RunSpec::default() });
    run(RunSpec { name: "nan", values: &[("auc", &json!("NaN")), ("list", &json!([1]))], ..RunSpec::default() });
    run(RunSpec { name: "curve", points: &[("loss", 1.0, 0)], ..RunSpec::default() });
    let found = scene.client().search(&Query::of_project(&scene.project)).expect("an answer");
    // A metric that cannot be judged is not one that is missing.
    assert_eq!(names(&found), ["curve", "nan", "text", "ended"]);
    let aside: Vec<_> = found.aside.iter().map(|(run, why)| (run.name.as_str(), *why)).collect();
    assert_eq!(aside, [("open", Aside::Open), ("empty", Aside::NoMetrics)]);
    assert!(found.runs[1].metrics["auc"].is_non_finite());
    assert_eq!(found.runs[1].metrics["list"].as_text(), Some("[1]"));
}

#[test]
fn a_run_that_cannot_be_read_is_told_and_the_others_count() {
    let scene = Scene::new();
    let client = scene.client();
    let runs =
        json!([{"id": "good", "project_id": scene.project, "metrics": [{"key": "auc", "value": 1}]}, {"id": "bad", "start_time": "x"}, {}]);
    scene.fake.fail(Fault::new("POST", "*/findExperimentRuns", What::Body(200, json!({"experiment_runs": runs}).to_string())));
    let found = client.search(&Query::of_project(&scene.project)).expect("an answer");
    assert_eq!((found.runs.len(), found.unreadable.len()), (1, 2));
    assert!(found.unreadable.iter().any(|one| one.run == "bad" && one.reason.contains("no whole number")));
}

#[test]
fn a_list_without_an_end_ends() {
    let scene = Scene::new();
    let client = scene.client();
    let page = |count: usize, total: Json| {
        let runs: Vec<Json> = (0..count).map(|index| json!({"id": format!("r{index}"), "project_id": scene.project})).collect();
        What::Body(200, json!({"experiment_runs": runs, "total_records": total}).to_string())
    };
    // The same full page again and again; then more on a page than was asked for.
    for (what, why) in [
        (page(200, json!("1000000")), Some("gave 200 of them")),
        (page(200, Json::Null), Some("the same page again and again")),
        (page(999, json!(999)), None),
    ] {
        scene.fake.fail(Fault::new("POST", "*/findExperimentRuns", what));
        let before = client.requests();
        match (client.search(&Query::of_project(&scene.project)), why) {
            (Ok(found), None) => assert_eq!((found.aside.len(), found.incomplete), (999, None)),
            // What was left out may be what was meant.
            (Err(error), Some(why)) => assert!(error.to_string().contains(why), "{error}"),
            (other, _) => panic!("{other:?}"),
        }
        assert!(client.requests() - before <= 16);
        scene.fake.heal();
        client.forget();
    }
    // Runs that are deleted between two pages.
    many(&scene, 450, |index| 1000 + i64::try_from(index).expect("small"));
    scene.fake.before("POST", "*/findExperimentRuns", 2, |world| world.delete_runs(|name| name.len() > 6));
    let found = client.search(&Query::of_project(&scene.project)).expect("an answer");
    assert!(found.runs.len() >= 100, "{}", found.runs.len());
}

#[test]
fn pages_that_are_smaller_than_asked_for_or_forget_the_total_hide_nothing() {
    let scene = Scene::new();
    let client = scene.client();
    let run = |index: usize| json!({"id": format!("r{index}"), "project_id": scene.project, "metrics": [{"key": "auc", "value": 1}]});
    let page = |from: usize, to: usize, total: Json| {
        let runs: Vec<Json> = (from..to).map(run).collect();
        What::Body(200, json!({"experiment_runs": runs, "total_records": total}).to_string())
    };
    // At most fifty on a page, whatever is asked for.
    for (number, from, to) in [(1, 0, 50), (2, 50, 100), (3, 100, 120)] {
        scene.fake.fail(Fault::new("POST", "*/findExperimentRuns", page(from, to, json!("120"))).nth(number));
    }
    assert_eq!(client.search(&Query::of_project(&scene.project)).expect("an answer").runs.len(), 120);
    client.forget();
    scene.fake.heal();
    // The second page says nothing at all, in each pass.
    for pass in 0..4 {
        scene.fake.fail(Fault::new("POST", "*/findExperimentRuns", page(0, 200, json!("300"))).nth(2 * pass + 1));
        scene.fake.fail(Fault::new("POST", "*/findExperimentRuns", What::Body(200, "{}".to_owned())).nth(2 * pass + 2));
    }
    let error = client.search(&Query::of_project(&scene.project)).err().map(|error| error.to_string());
    assert!(error.as_ref().is_some_and(|error| error.contains("300 runs")), "{error:?}");
}

#[test]
fn what_cannot_be_read_is_told_where_it_may_be_meant() {
    let scene = Scene::new();
    let client = scene.client();
    let bad = json!({"id": "bad", "start_time": "x", "attributes": [{"key": "git_branch", "value": "main"}]});
    let answer = json!({"experiment_runs": [bad]}).to_string();
    scene.fake.fail(Fault::new("POST", "*/findExperimentRuns", What::Body(200, answer)));
    let query = |branch: &str| Query { attributes: vec![("git_branch".into(), vec![branch.into()])], ..Query::of_project(&scene.project) };
    assert_eq!(client.search(&query("main")).expect("an answer").unreadable.len(), 1);
    assert!(client.search(&query("other")).expect("an answer").unreadable.is_empty());
}

#[test]
fn a_page_that_is_too_large_is_asked_for_in_parts() {
    let scene = Scene::new();
    many(&scene, 120, |index| 1000 + i64::try_from(index).expect("small"));
    scene.fake.fail(Fault::new("POST", "*/findExperimentRuns", What::Endless).nth(1));
    let client = scene.client();
    let found = client.search(&Query::of_project(&scene.project)).expect("an answer");
    assert_eq!((found.runs.len(), found.incomplete, client.requests()), (120, None, 5));
}

#[test]
fn half_answers_and_pages_are_no_empty_lists() {
    let scene = Scene::new();
    many(&scene, 3, |_| 5);
    let client = scene.client();
    for what in
        [What::Html(200), What::Truncated, What::Empty, What::WrongShape, What::StatusBefore(403), What::Redirect(302, "/login".into())]
    {
        scene.fake.fail(Fault::new("POST", "*/findExperimentRuns", what.clone()));
        let error = client.search(&Query::of_project(&scene.project)).expect_err("no list");
        assert!(matches!(error, Error::Api(_) | Error::Refused { status: 403, .. }), "{what:?}: {error}");
        scene.fake.heal();
    }
    for what in [What::StatusBefore(500), What::CutInBody, What::CutAfter, What::Unavailable(0), What::Slow(200)] {
        scene.fake.fail(Fault::new("POST", "*/findExperimentRuns", what.clone()).first(1));
        client.forget();
        assert_eq!(client.search(&Query::of_project(&scene.project)).map(|found| found.runs.len()), Ok(3), "{what:?}");
        scene.fake.heal();
    }
}

#[test]
fn a_server_that_cannot_handle_a_filter_is_asked_for_all() {
    let scene = Scene::new();
    many(&scene, 3, |_| 5);
    scene.fake.fail(
        Fault::new("POST", "*/findExperimentRuns", What::Body(400, r#"{"message":"Predicate cannot be handled","code":3}"#.into())).nth(1),
    );
    let query = Query { name: Some("run 1".into()), ..Query::of_project(&scene.project) };
    assert_eq!(scene.client().search(&query).map(|found| found.runs.len()), Ok(1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_text_finds_the_run_that_has_it(value in "[a-zA-Z0-9 .\"'<>&=%_/+äü😀-]{1,20}", plain in any::<bool>()) {
        let scene = Scene::new();
        scene.fake.world().plain_numbers = plain;
        let (tags, attributes) = ([value.as_str()], [("key", value.as_str())]);
        let spec = RunSpec { name: &value, tags: &tags, attributes: &attributes, metrics: &[("auc", 0.5)], ..RunSpec::default() };
        scene.fake.world().run(&scene.experiment, spec);
        let all = || Query::of_project(&scene.project);
        let client = scene.client();
        for query in [
            Query { name: Some(value.clone()), ..all() },
            Query { tags: vec![value.clone()], ..all() },
            Query { attributes: vec![("key".into(), vec![value.clone()])], ..all() },
        ] {
            prop_assert_eq!(client.search(&query).map(|found| found.runs.len()), Ok(1), "{:?}", query);
        }
    }
}
