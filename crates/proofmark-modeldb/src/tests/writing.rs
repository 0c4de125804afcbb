//! Promotion: tags and attributes, lost answers, and somebody else at the same time.

use proofmark_testkit::modeldb::{Fault, RunSpec, What};
use serde_json::json;

use super::Scene;
use crate::{Error, Mark, ModelDb, Run, Written, evidence_key};

fn scene() -> (Scene, String, ModelDb) {
    let scene = Scene::new();
    let spec = RunSpec { name: "one", metrics: &[("auc", 0.9)], attributes: &[("kept", "yes")], ..RunSpec::default() };
    let run = scene.fake.world().run(&scene.experiment, spec);
    let client = scene.client();
    (scene, run, client)
}

fn tag() -> Mark {
    Mark::Tag("production".into())
}

fn stage() -> Mark {
    Mark::Attribute { key: "stage".into(), value: "production".into() }
}

fn read(client: &ModelDb, id: &str) -> Run {
    client.run(id).expect("an answer").expect("a run")
}

#[test]
fn marks_are_set_found_and_cleared() {
    for mark in [tag(), stage()] {
        let (scene, run, client) = scene();
        assert!(client.current(&scene.project, &[], &mark).expect("an answer").runs.is_empty());
        assert_eq!(client.set_mark(&read(&client, &run), &mark), Ok(Written::Done));
        assert!(mark.is_on(&read(&client, &run)));
        let writes = scene.fake.writes().len();
        assert_eq!(client.set_mark(&read(&client, &run), &mark), Ok(Written::AlreadyThere));
        assert_eq!(scene.fake.writes().len(), writes);
        let current = client.current(&scene.project, std::slice::from_ref(&scene.experiment), &mark).expect("an answer");
        assert_eq!(current.runs.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(), [run.as_str()]);
        assert!(client.current(&scene.project, &["none".into()], &mark).expect("an answer").runs.is_empty());
        assert_eq!(client.clear_mark(&run, &mark), Ok(Written::Done));
        assert_eq!(client.clear_mark(&run, &mark), Ok(Written::AlreadyThere));
        assert!(!mark.is_on(&read(&client, &run)));
        assert_eq!(scene.fake.world().attribute(&run, "kept"), Some(json!("yes")));
    }
}

#[test]
fn two_runs_in_production_are_both_told() {
    let (scene, run, client) = scene();
    let other = scene.fake.world().run(&scene.experiment, RunSpec { name: "two", tags: &["production"], started: 5, ..RunSpec::default() });
    scene.fake.world().tag(&run, "production");
    let current = client.current(&scene.project, &[], &tag()).expect("an answer");
    assert_eq!(current.runs.iter().map(|run| run.id.clone()).collect::<Vec<_>>(), [other, run]);
}

#[test]
fn an_attribute_that_is_there_is_replaced_only_where_it_was_seen() {
    let (scene, run, client) = scene();
    scene.fake.world().write(&run, "stage", &json!("staging"));
    let before = read(&client, &run);
    let blind = client.set_attribute(&run, "stage", "production", None).expect_err("it is there");
    assert!(matches!(&blind, Error::Changed { found, .. } if found == "`staging`"), "{blind}");
    assert_eq!(client.set_mark(&before, &stage()), Ok(Written::Done));
    assert_eq!(scene.fake.world().attribute(&run, "stage"), Some(json!("production")));
    // The one that was read is gone.
    assert!(matches!(client.set_attribute(&run, "stage", "archived", Some("staging")), Err(Error::Changed { .. })));
    assert!(matches!(client.set_attribute(&run, "new", "x", Some("y")), Err(Error::Changed { .. })));
    assert!(matches!(client.remove_attribute(&run, "stage", "staging"), Err(Error::Changed { .. })));
    assert_eq!(scene.fake.world().attribute(&run, "stage"), Some(json!("production")));
}

#[test]
fn what_somebody_else_wrote_meanwhile_is_left() {
    let log = "*/logAttributes";
    // Another value, between the look and the write.
    let (scene, run, client) = scene();
    let id = run.clone();
    scene.fake.before("POST", log, 1, move |world| world.write(&id, "stage", &json!("archived")));
    let error = client.set_attribute(&run, "stage", "production", None).expect_err("a race");
    assert!(matches!(&error, Error::Changed { found, .. } if found == "`archived`"), "{error}");
    assert!(!error.is_outside() && error.hint().is_some());
    assert_eq!(scene.fake.world().attribute(&run, "stage"), Some(json!("archived")));
    // The same value.
    let (scene, run, client) = self::scene();
    let id = run.clone();
    scene.fake.before("POST", log, 1, move |world| world.write(&id, "stage", &json!("production")));
    assert_eq!(client.set_attribute(&run, "stage", "production", None), Ok(Written::Done));
    // Another one, between deleting the old value and writing the new one.
    let (scene, run, client) = self::scene();
    scene.fake.world().write(&run, "stage", &json!("staging"));
    let id = run.clone();
    scene.fake.before("GET", "*/getAttributes", 2, move |world| world.write(&id, "stage", &json!("archived")));
    assert!(matches!(client.set_attribute(&run, "stage", "production", Some("staging")), Err(Error::Changed { .. })));
    assert_eq!(scene.fake.world().attribute(&run, "stage"), Some(json!("archived")));
    // Both at the same moment.
    let (scene, run, client) = self::scene();
    scene.fake.world().write(&run, "stage", &json!("a"));
    scene.fake.world().write_twice(&run, "stage", &json!("b"));
    let error = client.set_attribute(&run, "stage", "production", None).expect_err("two values");
    assert!(error.to_string().contains("twice") && read(&client, &run).notes.len() == 1, "{error}");
}

#[test]
fn lost_answers_are_looked_up() {
    let faults = [What::CutAfter, What::StatusAfter(502), What::Empty, What::Truncated, What::CutInBody, What::Html(200), What::CutBefore];
    for what in faults {
        let was_made = !matches!(what, What::Html(_) | What::CutBefore);
        let (scene, run, client) = scene();
        scene.fake.fail(Fault::new("POST", "*", what.clone()));
        let tagged = client.add_tag(&run, "production");
        let written = client.set_attribute(&run, "stage", "production", None);
        for outcome in [tagged, written] {
            assert_eq!(outcome.clone().ok(), was_made.then_some(Written::Done), "{what:?}: {outcome:?}");
            assert!(was_made || matches!(outcome, Err(Error::Doubt { .. })), "{what:?}: {outcome:?}");
        }
        scene.fake.heal();
        scene.fake.world().tag(&run, "old");
        scene.fake.fail(Fault::new("DELETE", "*", what.clone()));
        let cleared = [client.remove_tag(&run, "old"), client.remove_attribute(&run, "kept", "yes")];
        for outcome in cleared {
            assert_eq!(outcome.clone().ok(), was_made.then_some(Written::Done), "{what:?}: {outcome:?}");
        }
    }
}

#[test]
fn deleting_is_never_repeated_blindly() {
    let (scene, run, client) = scene();
    scene.fake.fail(Fault::new("DELETE", "*", What::CutAfter));
    client.remove_attribute(&run, "kept", "yes").expect("it is gone");
    assert_eq!(scene.fake.writes().len(), 1);
}

#[test]
fn a_server_that_says_yes_and_does_nothing_is_found_out() {
    let (scene, run, client) = scene();
    scene.fake.fail(Fault::new("POST", "*", What::Body(200, "{}".into())));
    for error in [client.add_tag(&run, "production"), client.set_attribute(&run, "stage", "x", None)] {
        assert!(matches!(error, Err(Error::Doubt { .. })), "{error:?}");
    }
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_sent() {
    let (scene, run, client) = scene();
    let before = scene.fake.requests().len();
    assert!(matches!(client.add_tag(&run, &"x".repeat(41)), Err(Error::Input { .. })));
    assert!(matches!(client.set_attribute(&run, "", "x", None), Err(Error::Input { .. })));
    assert!(matches!(client.remove_attribute(&run, "", "x"), Err(Error::Input { .. })));
    assert_eq!(scene.fake.requests().len(), before);
    assert!(matches!(client.add_tag("none", "x"), Err(Error::Refused { status: 404, .. })));
}

#[test]
fn what_a_server_says_is_shown_in_one_line() {
    let (scene, run, client) = scene();
    scene.fake.world().write(&run, "stage", &json!("a\u{1b}[2J\nb"));
    let told = client.set_attribute(&run, "stage", "x", None).expect_err("it is there").to_string();
    assert!(told.ends_with("it is `a [2J b` now"), "{told:?}");
}

#[test]
fn evidence_is_written_once_and_renewed() {
    for plain in [false, true] {
        let (scene, run, client) = scene();
        scene.fake.world().plain_numbers = plain;
        let evidence = |verdict: &str| {
            let pairs = [("verdict", verdict), ("report", "sha256:ab"), ("count", "12"), ("run_url", "https://x/?a=b&c=<d>")];
            pairs.map(|(name, value)| (evidence_key(name), value.to_owned()))
        };
        assert_eq!(client.set_evidence(&run, &evidence("pass")), Ok(Written::Done));
        assert_eq!(client.set_evidence(&run, &evidence("pass")), Ok(Written::AlreadyThere));
        assert_eq!(client.set_evidence(&run, &evidence("fail")), Ok(Written::Done));
        assert_eq!(read(&client, &run).attribute("proofmark_verdict").as_deref(), Some("fail"));
        assert_eq!(read(&client, &run).attribute("proofmark_run_url").as_deref(), Some("https://x/?a=b&c=<d>"));
    }
}
