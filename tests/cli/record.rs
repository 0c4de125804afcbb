//! `proofmark record`.

use std::process::{Command, Stdio};

use proofmark_testkit::repo::TestRepo;
use proofmark_testkit::run::Program;
use serde_json::Value;

use crate::{json, proofmark};

const HISTORY: &str = "refs/proofmark/history";
const POLICY: &str = "[[rule]]\nmetric = \"accuracy\"\nmin = 0.5\n";

/// A branch of commits with these accuracies, and a report about each one.
fn judged(values: &[&str]) -> (TestRepo, Vec<String>) {
    let repo = TestRepo::new();
    repo.write("proofmark.toml", POLICY);
    let mut ids = Vec::new();
    for (at, value) in values.iter().enumerate() {
        ids.push(repo.write("metrics.json", format!("{{\"accuracy\": {value}, \"n\": {at}}}")).commit(value));
        let place = report(&repo, at);
        let code = proofmark(&repo).run(&["gate", "HEAD", "HEAD", "--base-is", "tip", "--output", &place]).code;
        assert!(matches!(code, Some(0 | 1)), "{code:?}");
    }
    (repo, ids)
}

/// Where the report about the commit `at` lies.
fn report(repo: &TestRepo, at: usize) -> String {
    repo.outside().join(format!("report{at}.json")).display().to_string()
}

fn recorded(repo: &TestRepo, id: &str) -> Value {
    json(&repo.git(&["show", &format!("{HISTORY}:{}/{}.json", &id[..2], &id[2..])]))
}

fn files(repo: &TestRepo) -> usize {
    repo.git(&["ls-tree", "-r", "--name-only", HISTORY]).lines().count()
}

fn at(program: Program, seconds: u64) -> Program {
    program.env("PROOFMARK_NOW", seconds.to_string())
}

#[test]
fn keeps_what_a_report_says_about_its_head() {
    let (repo, ids) = judged(&["0.9", "0.4"]);
    let status = repo.git(&["status", "--porcelain"]);
    let told = at(proofmark(&repo), 1_800_000_000).run(&["record", &report(&repo, 0)]).expect_error(0);
    assert!(told.contains("Recorded 2 values of ") && told.contains(&ids[0][..10]), "{told}");
    let record = recorded(&repo, &ids[0]);
    assert_eq!((&record["kind"], &record["schema"], &record["commit"]), (&"record".into(), &1.into(), &ids[0].as_str().into()));
    assert_eq!((&record["time"], &record["effect"], &record["enters_windows"]), (&1_800_000_000.into(), &"allow".into(), &true.into()));
    assert_eq!(record["values"][0]["place"]["metric"], "accuracy");
    assert_eq!((&record["values"][0]["value"], &record["values"][0]["verdict"]), (&0.9.into(), &"pass".into()));
    let told = proofmark(&repo).run(&["record", &report(&repo, 1)]).expect_error(0);
    assert!(told.contains("blocked"), "{told}");
    assert_eq!(recorded(&repo, &ids[1])["enters_windows"], false);
    assert_eq!(repo.git(&["status", "--porcelain"]), status);
    assert_eq!(repo.git(&["log", "-1", "--format=%cn <%ce>", HISTORY]), "proofmark <proofmark@localhost>");
}

#[test]
fn the_same_again_changes_nothing_and_a_later_one_counts() {
    let (repo, ids) = judged(&["0.9"]);
    let report = report(&repo, 0);
    let run = |seconds, more: &[&str]| {
        let arguments = [&["record", report.as_str()], more].concat();
        at(proofmark(&repo), seconds).run(&arguments).expect_error(0);
        repo.id(HISTORY)
    };
    let first = run(1_000, &[]);
    assert_eq!(run(2_000, &[]), first);
    let second = run(3_000, &["--accept-level", "accuracy"]);
    assert_ne!(second, first);
    assert_eq!(recorded(&repo, &ids[0])["values"][0]["new_level"], true);
    assert_eq!(run(1_500, &[]), second, "an older one does not come back");
    run(1_500, &["--class", "gpu/A100"]);
    assert_eq!(files(&repo), 2, "another class is another record");
}

#[test]
fn reads_standard_input() {
    let (repo, ids) = judged(&["0.9"]);
    let script = "\"$0\" record - < \"$1\"";
    let output = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_proofmark"), &report(&repo, 0)])
        .current_dir(repo.path())
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(recorded(&repo, &ids[0])["verdict"], "pass");
}

#[test]
fn what_cannot_be_recorded_is_refused_with_a_hint() {
    let (repo, _) = judged(&["0.9"]);
    let ours = report(&repo, 0);
    let error = |arguments: &[&str]| proofmark(&repo).run(&[&["record"], arguments].concat()).expect_error(2);
    assert!(error(&[]).contains("REPORT"));
    assert!(error(&["nowhere.json"]).contains("cannot read the report `nowhere.json`"));
    assert!(error(&["metrics.json"]).contains("no report"));
    assert!(error(&[&ours, "--accept-level", "acuracy"]).contains("did you mean `accuracy`?"));
    assert!(error(&[&ours, "--class", ""]).contains("class"));
    for name in ["refs/heads/main", "history", "refs/proofmark/../heads/main", "refs/proofmark/a b", "refs/proofmark/x:refs/heads/main"] {
        let told = error(&[&ours, "--ref", name]);
        assert!(told.contains("cannot be a ref of notes") && told.contains("refs/proofmark/"), "{told}");
    }
    assert!(error(&["--fetch=--upload-pack=touch tricked"]).contains("cannot be a remote"));
    assert!(error(&[&ours, "--push=-x"]).contains("cannot be a remote"));
    let worktree = repo.outside().join("worktree.json").display().to_string();
    repo.write("metrics.json", "{\"accuracy\": 1}");
    proofmark(&repo).run(&["gate", "HEAD", "--output", &worktree]).expect(0);
    assert!(error(&[&worktree]).contains("only a commit can be recorded"));
    assert_eq!(proofmark(&repo).run(&["record", "--push=file:///does/not/exist", &ours]).code, Some(3));
    repo.git(&["update-ref", "-d", HISTORY]);
    let refs = repo.git(&["for-each-ref", "--format=%(refname)"]);
    assert_eq!(refs, "refs/heads/main");
}

#[test]
fn eight_writers_at_once_are_all_recorded() {
    let (repo, _) = judged(&["0.91", "0.92", "0.93", "0.94", "0.95", "0.96", "0.97", "0.98"]);
    let start = |at| {
        let place = report(&repo, at);
        let mut command = proofmark(&repo).command(&["record", &place]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("started")
    };
    let running: Vec<_> = (0..8).map(start).collect();
    for child in running {
        let output = child.wait_with_output().expect("ended");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(files(&repo), 8);
    assert_eq!(repo.git(&["rev-list", "--count", HISTORY]), "8");
    repo.git(&["fsck", "--strict", "--no-dangling"]);
}

#[test]
fn clones_share_records_through_a_remote() {
    let (repo, ids) = judged(&["0.91", "0.92", "0.93", "0.94"]);
    let bare = repo.clone_with(&["--bare"]);
    let clones: Vec<TestRepo> = (0..4).map(|_| bare.clone_with(&[])).collect();
    let told = proofmark(&clones[0]).run(&["record", "--fetch"]).expect_error(0);
    assert!(told.contains("no records yet"), "{told}");
    let start = |at: usize| {
        let place = report(&repo, at);
        let mut command = proofmark(&clones[at]).command(&["record", "--push", &place]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("started")
    };
    let running: Vec<_> = (0..4).map(start).collect();
    for child in running {
        let output = child.wait_with_output().expect("ended");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(files(&bare), 4);
    for clone in &clones {
        proofmark(clone).run(&["record", "--fetch=origin"]).expect(0);
        assert_eq!(files(clone), 4);
        assert_eq!(recorded(clone, &ids[3])["values"][0]["value"], 0.94);
        assert_eq!(clone.git(&["for-each-ref", "--format=%(refname)", "refs/proofmark"]), HISTORY);
    }
}
