//! The queue, the build, its log, and ways to end.

use super::*;

fn began(client: &Client<'_>, name: &str) -> (Job, Started, proofmark_jenkins::client::BuildPlace) {
    let started = start(client, name, vec![], key("k", false)).expect("a start");
    let job = job(client, name).expect("a job");
    let Ok(Queued::Began(place)) = client.wait_in_queue(&job, &started, Deadline::after(Some(20))) else { panic!("a build") };
    (job, started, place)
}

#[test]
fn why_it_waits_is_told_once() {
    let jenkins = usual();
    let notes = Notes::default();
    let client = client(&jenkins, &notes);
    began(&client, "train");
    assert_eq!((notes.count("Waits"), notes.count("Began")), (1, 1), "{:?}", notes.events.borrow());
}

#[test]
fn a_forgotten_item_is_found_by_its_number() {
    let jenkins = usual();
    let notes = Notes::default();
    let client = client(&jenkins, &notes);
    let first = start(&client, "train", vec![], key("a", false)).expect("a start");
    let second = start(&client, "train", vec![], key("b", false)).expect("a start");
    jenkins.world().forgetful = true;
    let found = job(&client, "train").expect("a job");
    for (started, number) in [(&second, 2), (&first, 1)] {
        let Ok(Queued::Began(place)) = client.wait_in_queue(&found, started, Deadline::after(Some(20))) else { panic!("a build") };
        assert_eq!(place.number, number, "not the last one, but its own");
    }
    jenkins.change("train", |job| job.builds.clear());
    let error = client.wait_in_queue(&found, &first, Deadline::after(Some(20))).expect_err("an error");
    assert!(matches!(error, Error::LostSight { .. }), "{error}");
}

#[test]
fn a_cancelled_item_is_told() {
    let jenkins = usual();
    let notes = Notes::default();
    let client = client(&jenkins, &notes);
    let started = start(&client, "train", vec![], key("a", false)).expect("a start");
    let found = job(&client, "train").expect("a job");
    client.stop(&found, started.id, None).expect("it is cancelled");
    assert_eq!(client.wait_in_queue(&found, &started, Deadline::after(Some(20))), Ok(Queued::Cancelled));
    assert!(jenkins.starts("train").is_empty());
}

#[test]
fn results_are_mapped() {
    let jenkins = usual();
    let notes = Notes::default();
    let client = client(&jenkins, &notes);
    for (number, (name, ended)) in
        [("UNSTABLE", Ended::Unstable), ("NOT_BUILT", Ended::NotBuilt), ("ODD", Ended::Other("ODD".to_owned()))].into_iter().enumerate()
    {
        jenkins.change("train", |job| job.result = Some(name.to_owned()));
        let started = start(&client, "train", vec![], key(&number.to_string(), false)).expect("a start");
        let found = job(&client, "train").expect("a job");
        let Ok(Queued::Began(place)) = client.wait_in_queue(&found, &started, Deadline::after(Some(20))) else { panic!("a build") };
        let build = client.wait_for(&found, &place, false, Deadline::after(Some(20))).expect("an end");
        assert_eq!((build.ended.name(), &build.ended, build.duration), (name, &ended, Duration::from_millis(1500)));
    }
}

#[test]
fn the_log_is_followed_whole() {
    let jenkins = usual();
    let log = "\u{1b}[8mha:AAAA\u{1b}[0mStarted\nüber 日本語\n\u{1b}[31mred\u{1b}[0m\n".repeat(7) + "no end of line";
    jenkins.change("train", |job| job.log.clone_from(&log));
    jenkins.world().chances.reading = 150;
    let notes = Notes::default();
    let client = client(&jenkins, &notes);
    let (found, _, place) = began(&client, "train");
    client.wait_for(&found, &place, true, Deadline::after(Some(20))).expect("an end");
    let expected = "Started\nüber 日本語\nred\n".repeat(7) + "no end of line";
    assert_eq!(notes.lines.borrow().join("\n"), expected);
}

#[test]
fn a_question_to_somebody_is_told_once() {
    let jenkins = usual();
    jenkins.change("train", |job| (job.paused, job.ends_by) = (true, Some("stop")));
    let notes = Notes::default();
    let client = client(&jenkins, &notes);
    let (found, _, place) = began(&client, "train");
    let error = client.wait_for(&found, &place, false, Deadline::after(Some(1))).expect_err("no end");
    assert_eq!(error.to_string(), "build 1 of `train` took longer than 1 s");
    assert_eq!(notes.count(&format!("Asks {{ url: \"{}/job/train/1/input/\"", jenkins.url)), 1, "{:?}", notes.events.borrow());
}

#[test]
fn a_build_is_stopped_the_gentle_way_first() {
    for (by, means) in [("stop", 1), ("term", 2), ("kill", 3)] {
        let jenkins = usual();
        jenkins.change("train", |job| job.ends_by = Some(by));
        let notes = Notes::default();
        let client = client(&jenkins, &notes);
        let (found, started, place) = began(&client, "train");
        client.stop(&found, started.id, Some(&place)).expect("it is stopped");
        assert_eq!((notes.count("Stopping"), jenkins.starts("train").len()), (means, 0), "{by}");
    }
    let jenkins = usual();
    jenkins.change("train", |job| job.ends_by = Some("nothing"));
    let notes = Notes::default();
    let client = client(&jenkins, &notes);
    let (found, started, _) = began(&client, "train");
    let error = client.stop(&found, started.id, None).expect_err("it goes on");
    assert_eq!(error, Error::NotStopped { what: "build 1 of `train`".to_owned() }, "an item that became a build meanwhile");
}

#[test]
fn a_jenkins_that_stays_away_is_not_waited_for_beyond_the_limit() {
    let jenkins = usual();
    let notes = Notes::default();
    let client = client(&jenkins, &notes);
    let found = job(&client, "train").expect("a job");
    jenkins.world().restart(100_000);
    client.limit(Deadline::after(Some(1)));
    let submission = Submission::new(&found, vec![], key("k", false)).expect("values");
    let error = client.start(&found, &submission).expect_err("nobody is there");
    assert_eq!(error, Error::TooLate { what: "starting the job".to_owned(), seconds: 1 });
    let error = job(&client, "train").expect_err("nobody is there");
    assert_eq!(error, Error::TooLate { what: "read the job".to_owned(), seconds: 1 });
    assert_eq!((notes.count("Away"), notes.count("Back")), (2, 0));
}

#[test]
fn a_restart_in_the_middle_is_survived() {
    let jenkins = usual();
    let notes = Notes::default();
    let client = client(&jenkins, &notes);
    let started = start(&client, "train", vec![], key("k", false)).expect("a start");
    let found = job(&client, "train").expect("a job");
    jenkins.world().restart(9);
    let Ok(Queued::Began(place)) = client.wait_in_queue(&found, &started, Deadline::after(Some(30))) else { panic!("a build") };
    jenkins.world().restart(9);
    client.wait_for(&found, &place, true, Deadline::after(Some(30))).expect("an end");
    assert_eq!((notes.count("Restarted"), notes.count("Away"), notes.count("Back")), (2, 2, 2), "{:?}", notes.events.borrow());
    assert_eq!(notes.lines.borrow().len(), 2);
}
