//! What was started before, read from what was written down.

use proofmark_core::event::Event;
use proofmark_trigger::journal::{BEGINNING, Entry, Journal, JournalError, What};
use proofmark_trigger::{Outcome, Past, Request, RunState, plan};

use crate::support::{NOW, changed, only, push, request, rules, trigger};

fn key(number: u32) -> String {
    format!("pm1-1-00000001-00000002-{number:016x}")
}

fn entry(what: What, number: u32, time: u64) -> Entry {
    Entry { rule: Some("r".to_owned()), key: Some(key(number)), ..Entry::new(what, time) }
}

fn past(entries: Vec<Entry>) -> Past {
    let text = Journal::default().append(entries);
    Journal::read(&text).expect("a journal").past()
}

fn finished(number: u32, passed: bool) -> Entry {
    Entry { passed: Some(passed), place: Some("https://ci.example.org/7".to_owned()), ..entry(What::Finished, number, 9) }
}

#[test]
fn entries_say_how_a_run_stands() {
    let started = || entry(What::Started, 1, 5);
    for (entries, expected) in [
        (vec![entry(What::Matched, 1, 4)], None),
        (vec![started()], Some(RunState::UnderWay)),
        (vec![started(), finished(1, true)], Some(RunState::Passed)),
        (vec![started(), finished(1, false)], Some(RunState::Failed)),
        (vec![started(), entry(What::Stopped, 1, 9)], Some(RunState::Failed)),
        (vec![started(), finished(2, true)], Some(RunState::UnderWay)),
        (vec![started(), entry(What::Failed, 1, 9)], None),
        (vec![started(), entry(What::Interrupted, 1, 9)], None),
        (vec![started(), entry(What::Interrupted, 1, 9), entry(What::Started, 1, 12)], Some(RunState::UnderWay)),
        (vec![entry(What::Doubtful, 1, 5)], None),
        (vec![finished(1, true)], None),
    ] {
        let told = format!("{:?}", entries.iter().map(|entry| entry.what).collect::<Vec<_>>());
        let past = past(entries);
        let runs: Vec<RunState> = past.runs.iter().map(|run| run.state).collect();
        assert_eq!(runs, expected.into_iter().collect::<Vec<_>>(), "{told}");
    }
    let place = |entries| past(entries).runs[0].place.clone();
    assert_eq!(place(vec![started()]), "r");
    assert_eq!(place(vec![started(), finished(1, true)]), "https://ci.example.org/7");
}

#[test]
fn what_is_held_waits_until_it_is_settled() {
    let held = |number: u32| Entry {
        since: Some(3),
        gather: Some("main".to_owned()),
        event: "push main".to_owned(),
        ..entry(What::Held, number, 5)
    };
    for (what, left) in [
        (What::Started, 0),
        (What::Superseded, 0),
        (What::Rejected, 0),
        (What::Held, 1),
        (What::Matched, 1),
        (What::Failed, 1),
        (What::Undecided, 1),
    ] {
        let past = past(vec![held(1), entry(what, 1, 9)]);
        assert_eq!(past.waiting.len(), left, "{what:?}");
    }
    let past = past(vec![held(1), held(2)]);
    let told: Vec<(u64, &str, &str)> = past.waiting.iter().map(|one| (one.since, one.gather.as_str(), one.event.as_str())).collect();
    assert_eq!(told, [(3, "main", "push main"); 2]);
}

/// A start that came to nothing must not swallow the events after it.
#[test]
fn a_start_that_failed_opens_no_window() {
    let rule = rules(&trigger("r", "on = 'push'\npace.cooldown = '1h'"));
    let mut later = push();
    later.head.commit = Some("2c".repeat(20));
    let first = plan(&rule, &push(), &changed(&[]), &Past::default(), &request());
    let key = only(&first).order.as_ref().expect("an order").key.clone();
    let of = |what: What| Entry { key: Some(key.clone()), ..entry(what, 1, NOW) };
    let outcome =
        |event: &Event, entries| only(&plan(&rule, event, &changed(&[]), &past(entries), &Request { now: NOW + 1, ..request() })).outcome;
    assert_eq!(outcome(&later, vec![of(What::Matched), of(What::Started)]), Outcome::Held);
    assert_eq!(outcome(&later, vec![of(What::Matched), of(What::Failed)]), Outcome::Fires);
    assert_eq!(outcome(&push(), vec![of(What::Matched), of(What::Failed)]), Outcome::Fires, "and may be tried again");
    assert_eq!(outcome(&push(), vec![of(What::Matched), of(What::Started)]), Outcome::Duplicate);
}

#[test]
fn a_crash_costs_no_more_than_its_last_line() {
    let text = Journal::default().append(vec![entry(What::Started, 1, 5), entry(What::Started, 2, 7)]);
    let first = text.iter().position(|byte| *byte == b'\n').expect("a line") + 1;
    for cut in 0..=text.len() {
        let mut journal = Journal::read(&text[..cut]).unwrap_or_else(|error| panic!("{cut}: {error}"));
        let before = journal.past().runs.len();
        // A line that is whole but for its end counts.
        let whole = usize::from(cut >= first - 1) + usize::from(cut >= text.len() - 1);
        assert_eq!(before, whole, "{cut}");
        let more = journal.append(vec![entry(What::Started, 3, 9)]);
        let read = Journal::read(&[&text[..cut], &more].concat()).unwrap_or_else(|error| panic!("{cut}: {error}"));
        assert_eq!(read.past().runs.len(), whole + 1, "{cut}");
        assert_eq!(read.entries.iter().any(|entry| entry.what == What::Recovered), cut != 0 && !text[..cut].ends_with(b"\n"), "{cut}");
    }
}

#[test]
fn two_crashes_one_after_the_other_are_survived() {
    let mut text = Journal::default().append(vec![entry(What::Started, 1, 5)]);
    for number in 2..5 {
        let mut journal = Journal::read(&text).expect("a journal");
        let more = journal.append(vec![entry(What::Started, number, 9)]);
        // Half of what is written is lost.
        text.extend_from_slice(&more[..more.len() - 20]);
    }
    let journal = Journal::read(&text).expect("a journal");
    assert!(journal.is_torn);
    assert_eq!(journal.past().runs.len(), 1, "{}", String::from_utf8_lossy(&text));
}

#[test]
fn what_is_none_of_ours_is_told_with_its_line() {
    let text = Journal::default().append(vec![entry(What::Started, 1, 5), entry(What::Started, 2, 7), entry(What::Started, 3, 7)]);
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let read = |parts: &[&[u8]]| Journal::read(&parts.concat()).map(drop);
    assert_eq!(read(&[lines[0], b"nonsense\n", lines[2]]), Err(JournalError::Line { line: 2 }));
    assert_eq!(read(&[lines[0], b"\n", lines[1]]), Err(JournalError::Line { line: 2 }));
    assert_eq!(read(&[lines[0], b"{}\n"]), Err(JournalError::Line { line: 2 }));
    assert_eq!(read(&[lines[0], lines[2]]), Err(JournalError::Chain { line: 2 }));
    assert_eq!(read(&[lines[1]]), Err(JournalError::Chain { line: 1 }));
    assert_eq!(Journal::read(b"\xff\xfe"), Ok(Journal::read(b"\xff\xfe").expect("torn")), "a torn line of any bytes");
    assert!(Journal::read(b"\xff\xfe\n").is_err());
    let told = JournalError::Chain { line: 2 }.to_string();
    assert!(told.contains("line 2 of the journal") && told.contains("it was changed, or lines are missing"), "{told}");
}

#[test]
fn each_line_follows_from_the_one_before() {
    let mut journal = Journal::default();
    let text = journal.append(vec![entry(What::Accepted, 1, 5), entry(What::Started, 1, 5)]);
    let read = Journal::read(&text).expect("a journal");
    assert_eq!(read, journal, "what was appended is what is read");
    assert_eq!(read.entries[0].previous, BEGINNING);
    assert_ne!(read.entries[1].previous, BEGINNING);
    assert_eq!(read.entries.iter().map(|entry| entry.number).collect::<Vec<_>>(), [1, 2]);
}
