//! Many starts at once while answers are lost and Jenkins restarts: none is started twice, none is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use proofmark_testkit::jenkins::{Definition, FakeJenkins, Fault, JobSpec, Options, What};

use super::support::Chances;
use super::*;

const STARTS: usize = 500;
const CLIENTS: usize = 16;

#[test]
fn five_hundred_starts_in_a_storm() {
    let begin = Instant::now();
    let jenkins = Arc::new(usual());
    jenkins.world().chances = Chances { before: 120, after: 120, late: 40, restart: 20, reading: 10 };
    jenkins.world().crumbs = true;
    let next = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (jenkins, next) = (Arc::clone(&jenkins), Arc::clone(&next));
            thread::spawn(move || {
                let notes = Notes::default();
                let client = client(&jenkins, &notes);
                let found = job(&client, "train").expect("a job");
                let mut builds = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= STARTS {
                        return builds;
                    }
                    let name = format!("storm-{number}");
                    let submission = Submission::new(&found, vec![text("DATA", &name)], key(&name, false)).expect("values");
                    let started = client.start(&found, &submission).unwrap_or_else(|error| panic!("{name}: {error}"));
                    assert!(started.origin.is_ours(), "{name}");
                    match client.wait_in_queue(&found, &started, Deadline::after(Some(50))) {
                        Ok(Queued::Began(place)) => builds.push((name, place.number)),
                        other => panic!("{name}: {other:?}"),
                    }
                }
            })
        })
        .collect();
    let told: BTreeMap<String, u64> = clients.into_iter().flat_map(|client| client.join().expect("no panic")).collect();
    assert_eq!(told.len(), STARTS, "none is lost");
    // What arrives late.
    thread::sleep(Duration::from_millis(200));
    let starts = jenkins.starts("train");
    let names: BTreeSet<&str> = starts.iter().map(|parameters| parameters[0].1.as_str()).collect();
    assert_eq!((starts.len(), names.len()), (STARTS, STARTS), "none is started twice");
    let world = jenkins.world();
    for build in world.jobs["train"].builds.iter().filter(|build| !build.aborted) {
        assert_eq!(told.get(&build.parameters[0].1), Some(&build.number), "each was told of its own build");
    }
    let cut = world.seen.iter().filter(|seen| seen.contains("buildWithParameters")).count();
    assert!(world.session > 3 && cut > STARTS, "there was a storm: {} restarts, {cut} requests", world.session);
    assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", begin.elapsed());
}

/// The same against a Jenkins whose builds go by the clock, with the password of a user, and so with crumbs.
#[test]
fn a_storm_over_sessions_and_restarts() {
    let options = Options { context: "/jenkins".to_owned(), quiet: 40, executors: 16, speed: 20, ..Options::default() };
    let jenkins = Arc::new(FakeJenkins::with(options));
    let parameters = vec![Definition::text("DATA", ""), Definition::text("KEY", "")];
    jenkins.job("ml/nlp team/train", JobSpec { parameters, duration: 100, ..JobSpec::default() });
    for (seed, what) in [(1, What::CutBefore), (2, What::CutAfter), (3, What::StatusAfter(502)), (4, What::StatusBefore(504))] {
        jenkins.fail(Fault::new("POST", "*/buildWithParameters", what).chance(0.08, seed));
    }
    jenkins.fail(Fault::new("GET", "*", What::CutInBody).chance(0.02, 5));
    let threads: Vec<_> = (0..10)
        .map(|thread| {
            let jenkins = Arc::clone(&jenkins);
            thread::spawn(move || {
                let notes = Notes::default();
                let credentials = Some(("ada".to_owned(), Secret::password("lovelace").expect("a password")));
                let base = Base::parse(&jenkins.url()).expect("an address");
                let client = Client::new(base, Access { credentials, ..access() }, &notes).expect("a client");
                let found = job(&client, "ml/nlp team/train").expect("a job");
                for number in 0..50 {
                    let name = format!("{thread}-{number}");
                    if number % 10 == thread {
                        jenkins.restart(3);
                    }
                    let submission = Submission::new(&found, vec![text("DATA", &name)], key(&name, false)).expect("values");
                    let started = client.start(&found, &submission).unwrap_or_else(|error| panic!("{name}: {error}"));
                    let Ok(Queued::Began(place)) = client.wait_in_queue(&found, &started, Deadline::after(Some(40))) else {
                        panic!("{name}: no build")
                    };
                    let build = client.wait_for(&found, &place, false, Deadline::after(Some(40))).expect("an end");
                    assert_eq!(build.ended, Ended::Success);
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
    let starts = jenkins.starts("ml/nlp team/train");
    let names: BTreeSet<&str> = starts.iter().filter(|start| !start.cancelled).map(|start| start.parameters["DATA"].as_str()).collect();
    assert_eq!((starts.len(), names.len()), (STARTS, STARTS), "none twice, none lost");
}
