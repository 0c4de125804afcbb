//! Starts: each answer, crumbs, and lost ones.

use super::support::http::Answer;
use super::*;

#[test]
fn a_start_is_taken_and_rewritten() {
    let jenkins = usual();
    let notes = Notes::default();
    let client = client(&jenkins, &notes);
    let started = start(&client, "train", vec![text("DATA", "a")], key("k1", false)).expect("a start");
    assert_eq!((started.id, started.origin), (1, Origin::New));
    let found = job(&client, "train").expect("a job");
    let Ok(Queued::Began(place)) = client.wait_in_queue(&found, &started, Deadline::after(Some(20))) else { panic!("a build") };
    assert_eq!((place.number, place.url.as_str()), (1, format!("{}/job/train/1/", jenkins.url).as_str()));
    assert_eq!(place.told.as_deref(), Some("http://inside.example:8080/jenkins/job/train/1/"));
    assert_eq!(jenkins.count("crumbIssuer"), 0, "a token needs no crumb");
    start(&client, "bare", vec![], key("k1", false)).expect("a job without parameters");
    assert_eq!(jenkins.count("POST /jenkins/job/bare/build"), 1);
}

#[test]
fn every_refusal_is_told() {
    let jenkins = usual();
    let notes = Notes::default();
    let client = client(&jenkins, &notes);
    let refused = |answer: Answer| {
        jenkins.world().instead.push(("POST", "job/train", answer));
        start(&client, "train", vec![], key("k", false)).expect_err("an error")
    };
    let permission = |name: &str| Answer::new(403, "<html>").with("X-You-Are-Authenticated-As", "joe").with("X-Required-Permission", name);
    assert!(refused(permission("hudson.model.Item.Build")).to_string().contains("lacks the permission hudson.model.Item.Build (403)"));
    assert!(matches!(refused(Answer::new(401, "")), Error::Unauthorized { .. }));
    assert!(matches!(refused(Answer::new(404, "")), Error::NoJob { .. }));
    assert!(matches!(refused(Answer::new(409, "x is not buildable")), Error::NotBuildable { .. }));
    assert!(refused(Answer::new(400, "Nothing is submitted")).to_string().ends_with("400: Nothing is submitted"));
    assert!(refused(Answer::new(405, "").with("Allow", "POST")).hint().is_some_and(|hint| hint.contains("proxy")));
    let illegal = "<p>java.lang.IllegalArgumentException: Illegal choice for parameter MODE: x</p>";
    assert!(refused(Answer::new(500, illegal)).to_string().contains("Illegal choice for parameter MODE"));
    assert!(matches!(refused(Answer::new(200, "<html><title>Login</title>")), Error::Strange { .. }));
    assert!(matches!(refused(Answer::new(200, "<html>").with("X-Not-Jenkins", "1")), Error::Strange { .. }));
    assert!(matches!(refused(Answer::new(302, "").with("Location", "https://sso/")), Error::Strange { .. }));
    // Something broke after who knows what: nothing is found, and nothing is sent again.
    assert!(matches!(refused(Answer::new(500, "<p>NullPointerException</p>")), Error::Refused { status: 500, .. }));
    assert_eq!((jenkins.count("POST"), jenkins.starts("train").len()), (11, 0));
}

#[test]
fn crumbs_come_with_their_session_and_again_after_a_restart() {
    let jenkins = usual();
    jenkins.world().crumbs = true;
    let notes = Notes::default();
    let client = client(&jenkins, &notes);
    start(&client, "train", vec![], key("k1", false)).expect("a start");
    assert_eq!((jenkins.count("crumbIssuer"), jenkins.count("POST")), (1, 2));
    start(&client, "train", vec![], key("k2", false)).expect("a start");
    assert_eq!((jenkins.count("crumbIssuer"), jenkins.count("POST")), (1, 3), "kept");
    let found = job(&client, "train").expect("a job");
    jenkins.world().restart(0);
    let submission = Submission::new(&found, vec![], key("k3", false)).expect("values");
    client.start(&found, &submission).expect("a start");
    assert_eq!((jenkins.count("crumbIssuer"), jenkins.count("POST")), (2, 5));
    assert_eq!((jenkins.starts("train").len(), notes.count("Restarted")), (3, 1));
}

#[test]
fn a_key_is_started_once_whatever_is_lost() {
    for (fate, doubts) in [(Fate::Before, 2..=2), (Fate::After, 1..=1), (Fate::Late, 1..=2), (Fate::Restart, 0..=0)] {
        let jenkins = usual();
        jenkins.world().fates = [fate, fate, Fate::Fine].into();
        let notes = Notes::default();
        let client = client(&jenkins, &notes);
        let started = start(&client, "train", vec![text("DATA", "a")], key("k1", false)).expect("a start");
        assert!(started.origin.is_ours(), "{fate:?}");
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(jenkins.starts("train").len(), 1, "{fate:?}");
        let found = job(&client, "train").expect("a job");
        let Ok(Queued::Began(place)) = client.wait_in_queue(&found, &started, Deadline::after(Some(20))) else { panic!("a build") };
        assert_eq!(client.wait_for(&found, &place, false, Deadline::after(Some(20))).expect("an end").ended, Ended::Success);
        assert!(doubts.contains(&notes.count("Doubtful")), "{fate:?}: {:?}", notes.events.borrow());
    }
}

#[test]
fn what_arrives_late_is_taken_back() {
    let jenkins = usual();
    jenkins.world().fates = [Fate::Before, Fate::Twin].into();
    let notes = Notes::default();
    let client = client(&jenkins, &notes);
    let started = start(&client, "train", vec![], key("k1", false)).expect("a start");
    assert_eq!((started.id, notes.count("Twin { id: 2 }"), jenkins.starts("train").len()), (1, 1, 1), "{:?}", notes.events.borrow());
}

#[test]
fn a_lasting_key_takes_what_is_there() {
    let jenkins = usual();
    let notes = Notes::default();
    let client = client(&jenkins, &notes);
    let first = start(&client, "train", vec![], key("nightly-7", true)).expect("a start");
    let second = start(&client, "train", vec![], key("nightly-7", true)).expect("a start");
    assert_eq!((first.origin, second.origin, second.id), (Origin::New, Origin::Earlier, first.id));
    let found = job(&client, "train").expect("a job");
    client.wait_in_queue(&found, &first, Deadline::after(None)).expect("a build");
    let third = start(&client, "train", vec![text("KEY", "nightly-7")], key("another", false)).expect("a start");
    assert_eq!((third.origin, third.build.map(|place| place.number)), (Origin::Earlier, Some(1)));
    assert!(!third.origin.is_ours());
    assert_eq!(jenkins.starts("train").len(), 1);
    let empty = start(&client, "train", vec![text("KEY", "")], key("x", false)).expect("a start");
    assert_eq!(empty.origin, Origin::New, "an empty key is none");
}

#[test]
fn without_a_key_nothing_is_sent_twice() {
    let jenkins = usual();
    let notes = Notes::default();
    let client = client(&jenkins, &notes);
    jenkins.world().fates = [Fate::After].into();
    let started = start(&client, "plain", vec![text("DATA", "a")], key("k", false)).expect("found again");
    assert_eq!((started.origin, jenkins.starts("plain").len()), (Origin::FoundAgain, 1));
    jenkins.world().fates = [Fate::Before].into();
    let error = start(&client, "plain", vec![text("DATA", "b")], key("k", false)).expect_err("an error");
    assert!(matches!(&error, Error::Unknown { .. }) && error.is_outside(), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("PROOFMARK_KEY")));
    assert_eq!((jenkins.starts("plain").len(), jenkins.count("POST")), (1, 1), "what was cut on its way was not sent again");
    // Something broke at the server: nobody knows what came of it, and Jenkins' own words are told.
    jenkins.world().instead.push(("POST", "job/plain", Answer::new(500, "<p>NullPointerException</p>")));
    let error = start(&client, "plain", vec![text("DATA", "d")], key("k", false)).expect_err("an error");
    assert!(matches!(error, Error::Unknown { .. }) && error.to_string().ends_with("answered 500: NullPointerException"), "{error}");
    // Somebody else's item does not pass for ours, and a Jenkins that is starting took nothing.
    jenkins.world().fates = [Fate::Restart].into();
    assert_eq!(start(&client, "plain", vec![text("DATA", "c")], key("k", false)).expect("a start").origin, Origin::New);
    assert_eq!(start(&client, "plain", vec![text("DATA", "c")], key("k", false)).expect("a start").origin, Origin::Joined);
}

#[test]
fn a_server_that_is_not_there_is_told_soon() {
    let notes = Notes::default();
    let base = Base::parse("http://127.0.0.1:9").expect("an address");
    let client = Client::new(base, access(), &notes).expect("a client");
    let error = job(&client, "train").expect_err("an error");
    assert!(matches!(error, Error::Http { .. }) && error.is_outside(), "{error}");
}
