//! Processes at one time, and processes that are ended from outside.

use std::process::{Child, Stdio};

use super::*;

const PUSH: [&str; 4] = ["--event", "push", "--from", "HEAD~1"];

fn started(clone: &Clone, more: &[&str]) -> Child {
    let mut command = clone.program().command(&[&["trigger"], &PUSH[..], more].concat());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
}

/// What it printed, once it has ended with this code.
fn ended(child: Child, code: i32) -> (String, String) {
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{stdout}\n{stderr}");
    (stdout, stderr)
}

fn slow() -> Clone {
    let clone = Clone::new(&tool("train", "on = \"push\"", "\"train\""));
    clone.commit("data/a.csv", "2");
    clone.put("hold");
    clone
}

#[test]
fn whoever_comes_second_runs_nothing() {
    let clone = slow();
    let first = started(&clone, &[]);
    clone.wait_for_call(1);
    let told = clone.push(&[]).expect(0);
    assert!(told.contains("= train") && told.contains("under way"), "{told}");
    clone.take("hold");
    ended(first, 0);
    assert_eq!(clone.calls().len(), 1);
}

#[test]
fn whoever_waits_takes_the_result_of_the_other() {
    for (fails, code) in [(false, 0), (true, 1)] {
        let clone = slow();
        if fails {
            clone.put("fail-train");
        }
        let first = started(&clone, &[]);
        clone.wait_for_call(1);
        let followers: Vec<Child> = (0..3).map(|_| started(&clone, &["--wait"])).collect();
        std::thread::sleep(Duration::from_millis(300));
        clone.take("hold");
        ended(first, code);
        for follower in followers {
            let (told, _) = ended(follower, code);
            assert!(told.contains("was started before"), "{told}");
        }
        assert_eq!(clone.calls().len(), 1);
    }
}

#[test]
fn of_many_at_one_moment_one_runs_it() {
    for _ in 0..5 {
        let clone = Clone::new(&tool("train", "on = \"push\"", "\"train\""));
        clone.commit("data/a.csv", "2");
        let all: Vec<Child> = (0..6).map(|at| started(&clone, if at % 2 == 0 { &["--wait"] } else { &[] })).collect();
        for child in all {
            ended(child, 0);
        }
        assert_eq!(clone.calls().len(), 1, "{:?}", clone.journal());
    }
}

#[test]
fn what_was_killed_is_run_again() {
    let clone = slow();
    let mut first = started(&clone, &[]);
    clone.wait_for_call(1);
    first.kill().expect("it is there to be killed");
    first.wait().expect("it ended");
    // The program goes on, and nobody starts it a second time beside itself.
    assert!(clone.push(&[]).expect(0).contains("under way"));
    assert_eq!(clone.calls().len(), 1);
    clone.take("hold");
    clone.wait_for_programs();
    let ran = clone.push(&[]);
    assert!(ran.stderr.contains("was interrupted"), "{ran:?}");
    ran.expect(0);
    assert_eq!(clone.calls().len(), 2);
    assert!(clone.journal().iter().any(|line| line.starts_with("finished")), "{:?}", clone.journal());
    clone.push(&[]).expect(0);
    assert_eq!(clone.calls().len(), 2);
}

#[test]
fn whoever_waits_for_one_that_is_killed_says_so() {
    let clone = slow();
    let mut first = started(&clone, &[]);
    clone.wait_for_call(1);
    let second = started(&clone, &["--wait"]);
    std::thread::sleep(Duration::from_millis(300));
    first.kill().expect("it is there to be killed");
    first.wait().expect("it ended");
    clone.take("hold");
    let (_, told) = ended(second, 3);
    assert!(told.contains("`train`") && told.contains("ended without telling") && told.contains("run this again"), "{told}");
    clone.push(&[]).expect(0);
    assert_eq!(clone.calls().len(), 2);
}

#[test]
fn a_line_that_was_cut_by_a_crash_is_told_and_lived_with() {
    let clone = Clone::new(&tool("train", "on = \"push\"", "\"train\""));
    clone.commit("data/a.csv", "2");
    clone.push(&[]).expect(0);
    let path = clone.repo.path().join(".git/proofmark/triggers.jsonl");
    let text = fs::read(&path).expect("a journal");
    fs::write(&path, &text[..text.len() - 20]).expect("a file");
    clone.push(&["--again", "x"]).expect(0);
    assert!(clone.run(&["log"]).expect(0).contains("recovered"));
    assert_eq!(clone.calls().len(), 2);
}
