//! Runs of a commit, in the three ways.

use proofmark_testkit::modeldb::{Fault, RunSpec, What};

use super::{COMMIT, OTHER, Scene};
use crate::{Aside, DEFAULT_ATTRIBUTE, Query, Way};

const METRICS: &[(&str, f64)] = &[("auc", 0.9)];

/// Names of runs, each with something.
type Named<T> = Vec<(String, T)>;

fn found(scene: &Scene, commits: &[&str], attribute: &str) -> (Named<Way>, Named<Aside>) {
    let commits: Vec<String> = commits.iter().map(|commit| (*commit).to_owned()).collect();
    let found = scene.client().of_commits(&Query::of_project(&scene.project), &commits, attribute).expect("an answer");
    let runs = found.runs.iter().map(|one| (one.run.name.clone(), one.way)).collect();
    (runs, found.aside.iter().map(|(run, why)| (run.name.clone(), *why)).collect())
}

#[test]
fn the_attribute_comes_before_the_tag_and_the_tag_before_the_snapshot() {
    let scene = Scene::new();
    let run = |spec: RunSpec<'_>| scene.fake.world().run(&scene.experiment, spec);
    let named = |names: &[(&str, Way)]| names.iter().map(|(name, way)| ((*name).to_owned(), *way)).collect::<Vec<_>>();
    run(RunSpec { name: "noise", commit: OTHER, tags: &[OTHER], snapshot: OTHER, metrics: METRICS, ..RunSpec::default() });
    assert!(found(&scene, &[COMMIT], DEFAULT_ATTRIBUTE).0.is_empty());
    run(RunSpec { name: "snapshot", snapshot: COMMIT, metrics: METRICS, ..RunSpec::default() });
    assert_eq!(found(&scene, &[COMMIT], DEFAULT_ATTRIBUTE).0, named(&[("snapshot", Way::Snapshot)]));
    run(RunSpec { name: "tag", tags: &[COMMIT], metrics: METRICS, ..RunSpec::default() });
    run(RunSpec { name: "word", tags: &["commit:a1b2c3d4"], metrics: METRICS, ..RunSpec::default() });
    run(RunSpec { name: "short", tags: &["a1b2c3d4"], metrics: METRICS, ..RunSpec::default() });
    assert_eq!(found(&scene, &[COMMIT], DEFAULT_ATTRIBUTE).0, named(&[("word", Way::Tag), ("tag", Way::Tag)]));
    run(RunSpec { name: "attribute", commit: COMMIT, metrics: METRICS, ..RunSpec::default() });
    run(RunSpec { name: "seven", commit: "A1B2C3D", metrics: METRICS, ..RunSpec::default() });
    let both = named(&[("seven", Way::Attribute), ("attribute", Way::Attribute)]);
    assert_eq!(found(&scene, &[COMMIT], DEFAULT_ATTRIBUTE).0, both);
    // Another attribute, whose key the server would cut.
    run(RunSpec { name: "dotted", attributes: &[("git.commit", COMMIT)], metrics: METRICS, ..RunSpec::default() });
    assert_eq!(found(&scene, &[COMMIT], "git.commit").0, named(&[("dotted", Way::Attribute)]));
}

#[test]
fn a_server_that_cannot_search_hides_no_run() {
    let scene = Scene::new();
    let run = |spec: RunSpec<'_>| scene.fake.world().run(&scene.experiment, spec);
    run(RunSpec { name: "attribute", commit: COMMIT, metrics: METRICS, ..RunSpec::default() });
    run(RunSpec { name: "tag", tags: &[COMMIT], metrics: METRICS, ..RunSpec::default() });
    // Nothing is found by attributes, nor by tags.
    scene.fake.fail(Fault::new("POST", "*/findExperimentRuns", What::Body(200, "{}".to_owned())).first(2));
    assert_eq!(found(&scene, &[COMMIT], DEFAULT_ATTRIBUTE).0, [("attribute".to_owned(), Way::Attribute)]);
}

#[test]
fn runs_of_other_files_are_set_aside_and_the_search_goes_on() {
    let scene = Scene::new();
    let run = |spec: RunSpec<'_>| scene.fake.world().run(&scene.experiment, spec);
    run(RunSpec { name: "clean", snapshot: COMMIT, metrics: METRICS, ..RunSpec::default() });
    run(RunSpec { name: "dirty", commit: COMMIT, snapshot: COMMIT, dirty: true, metrics: METRICS, ..RunSpec::default() });
    run(RunSpec { name: "empty", tags: &[COMMIT], ..RunSpec::default() });
    run(RunSpec { name: "open", tags: &[COMMIT], started: 5, metrics: METRICS, ..RunSpec::default() });
    let (runs, aside) = found(&scene, &[COMMIT], DEFAULT_ATTRIBUTE);
    assert_eq!(runs, [("clean".to_owned(), Way::Snapshot)]);
    let expected = [("dirty", Aside::Dirty), ("open", Aside::Open), ("empty", Aside::NoMetrics)];
    assert_eq!(aside, expected.map(|(name, why)| (name.to_owned(), why)));
}

#[test]
fn many_commits_are_looked_for_in_one_list() {
    let scene = Scene::new();
    let commits: Vec<String> = (0..300).map(|index| format!("{index:040x}")).collect();
    for index in [7, 250] {
        let spec = RunSpec { name: &format!("run {index}"), commit: &commits[index], metrics: METRICS, ..RunSpec::default() };
        scene.fake.world().run(&scene.experiment, spec);
    }
    let client = scene.client();
    let before = client.requests();
    let found = client.of_commits(&Query::of_project(&scene.project), &commits, DEFAULT_ATTRIBUTE).expect("an answer");
    let of: Vec<_> = found.runs.iter().map(|one| (one.run.name.as_str(), one.commit.as_str())).collect();
    assert_eq!(of, [("run 250", commits[250].as_str()), ("run 7", commits[7].as_str())]);
    assert_eq!(client.requests() - before, 1);
}

#[test]
fn a_commit_of_digits_alone_is_found_on_newer_servers() {
    let scene = Scene::new();
    scene.fake.world().plain_numbers = true;
    scene.fake.world().run(&scene.experiment, RunSpec { name: "digits", commit: "1234567", metrics: METRICS, ..RunSpec::default() });
    let commit = format!("1234567{}", "a".repeat(33));
    assert_eq!(found(&scene, &[&commit], DEFAULT_ATTRIBUTE).0, [("digits".to_owned(), Way::Attribute)]);
    assert!(found(&scene, &[""], DEFAULT_ATTRIBUTE).0.is_empty());
}
