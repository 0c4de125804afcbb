//! Where results go: several forms in one run, whole files, stdout for data and stderr for talk.

use crate::{change, json, proofmark};

#[test]
fn several_outputs_in_one_run() {
    let repo = change(&[("metrics.json", r#"{"auc": 0.9}"#)], &[("metrics.json", r#"{"auc": 0.95}"#)]);
    let out = repo.outside();
    let (report, comment) = (out.join("report.json"), out.join("comment.md"));
    let stdout = proofmark(&repo)
        .run(&["gate", "--format", "table", "-o", &report.to_string_lossy(), "-o", &format!("markdown={}", comment.to_string_lossy())])
        .expect(0);
    assert!(stdout.contains("allowed"), "{stdout}");
    assert_eq!(json(&std::fs::read_to_string(report).expect("written"))["kind"], "report");
    assert!(std::fs::read_to_string(comment).expect("written").contains("auc"));
    let only_stdout = proofmark(&repo).run(&["compare", "-o", "json=-"]).expect(0);
    assert_eq!(json(&only_stdout)["kind"], "comparison");
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_and_leaves_nothing() {
    let repo = change(&[("metrics.json", r#"{"auc": 0.9}"#)], &[]);
    let error = proofmark(&repo).run(&["compare", "-o", "no/such/folder/x.json"]).expect_error(2);
    assert!(error.contains("x.json"), "{error}");
    assert!(proofmark(&repo).run(&["compare", "-o", "x.bin"]).expect_error(2).contains("does not tell the form"));
}

#[test]
fn json_is_strict_and_stable() {
    let repo = change(
        &[("metrics.json", r#"{"b": NaN, "a": -Infinity, "c": 170141183460469231731687303715884105727}"#)],
        &[("metrics.json", r#"{"b": 1, "a": Infinity, "c": 3}"#)],
    );
    let one = proofmark(&repo).run(&["compare", "--format", "json"]).expect(0);
    assert_eq!(one, proofmark(&repo).run(&["compare", "--format", "json"]).expect(0));
    assert!(one.contains("\"NaN\"") && one.contains("\"-Infinity\"") && one.contains("170141183460469231731687303715884105727"), "{one}");
}

#[test]
fn small_numbers_show() {
    let repo = change(&[("metrics.json", r#"{"loss": 1e-9}"#)], &[("metrics.json", r#"{"loss": 2e-9}"#)]);
    let table = proofmark(&repo).run(&["compare"]).expect(0);
    assert!(table.contains("1e-9") && table.contains("2e-9"), "{table}");
}

#[test]
fn a_template_of_the_users_own() {
    let repo = change(&[("metrics.json", r#"{"auc": 0.9}"#)], &[("metrics.json", r#"{"auc": 0.95}"#)]);
    repo.write("own.jinja", "{{ no_such_thing.at_all }}");
    let error = proofmark(&repo).run(&["compare", "--format", "markdown", "--template", "own.jinja"]).expect_error(2);
    assert!(error.contains("template"), "{error}");
    repo.write("own.jinja", "plain text\n");
    assert_eq!(proofmark(&repo).run(&["compare", "--format", "markdown", "--template", "own.jinja"]).expect(0).trim(), "plain text");
}

#[test]
fn colours_only_where_asked_for() {
    let repo = change(&[("metrics.json", r#"{"auc": 0.9}"#)], &[("metrics.json", r#"{"auc": 0.95}"#)]);
    let plain = proofmark(&repo).run(&["compare"]).expect(0);
    assert!(!plain.contains('\x1b'));
    assert!(proofmark(&repo).run(&["compare", "--color", "always"]).expect(0).contains("\x1b["));
    assert!(proofmark(&repo).env("FORCE_COLOR", "1").run(&["compare"]).expect(0).contains("\x1b["));
    assert!(!proofmark(&repo).env("FORCE_COLOR", "1").env("NO_COLOR", "1").run(&["compare"]).expect(0).contains('\x1b'));
}

#[test]
fn a_closed_pipe_is_no_error() {
    let repo = change(&[("metrics.json", r#"{"auc": 0.9}"#)], &[]);
    let script = format!("'{}' schema report | head -1 >/dev/null; echo ${{PIPESTATUS[0]}}", env!("CARGO_BIN_EXE_proofmark"));
    let output = std::process::Command::new("bash").args(["-c", &script]).current_dir(repo.path()).output().expect("bash runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "0");
}

#[test]
fn the_same_place_twice_is_an_error() {
    let repo = change(&[("metrics.json", r#"{"auc": 0.9}"#)], &[]);
    repo.write("sub/x", "");
    for second in ["markdown=out.json", "./out.json", "sub/../out.json"] {
        let error = proofmark(&repo).run(&["compare", "-o", "out.json", "-o", second]).expect_error(2);
        assert!(error.contains("out.json") && error.contains("twice"), "{error}");
    }
    assert!(!repo.path().join("out.json").exists());
}

#[test]
fn a_folder_is_no_place() {
    let repo = change(&[("metrics.json", r#"{"auc": 0.9}"#)], &[("reports.json/x", "")]);
    let error = proofmark(&repo).run(&["compare", "-o", "reports.json"]).expect_error(2);
    assert!(error.contains("reports.json") && error.contains("it is a folder"), "{error}");
    assert_eq!(std::fs::read_dir(repo.path().join("reports.json")).expect("there").count(), 1);
}

#[cfg(unix)]
fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).expect("written").permissions().mode() & 0o777
}

/// Runs a script in bash, with the binary as `$proofmark`; what it printed.
#[cfg(unix)]
fn bash(repo: &proofmark_testkit::repo::TestRepo, script: &str) -> String {
    let mut command = std::process::Command::new("bash");
    command.args(["-c", &format!("set -e; {script}")]).env("proofmark", env!("CARGO_BIN_EXE_proofmark")).current_dir(repo.path());
    let output = command.output().expect("bash runs");
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_written_as_they_are() {
    let repo = change(&[("metrics.json", r#"{"auc": 0.9}"#)], &[]);
    proofmark(&repo).run(&["compare", "-o", "json=/dev/null"]).expect(0);
    for script in [
        "$proofmark compare -o json=>(cat >piped) >/dev/null; for _ in {1..100}; do [ -s piped ] && break; sleep 0.1; done; sleep 0.2; cat piped",
        "mkfifo fifo; cat fifo & $proofmark compare -o json=fifo >/dev/null; wait",
        "$proofmark compare -o json=/dev/fd/3 3>three >/dev/null; cat three",
        "$proofmark compare -o json=/dev/stderr 2>two >/dev/null; cat two",
        "$proofmark compare --format table -o json=/dev/stdout 2>/dev/null | sed -n '/^{/,$p'",
    ] {
        assert_eq!(json(&bash(&repo, script))["kind"], "comparison", "{script}");
    }
    // A reader that has seen enough.
    bash(&repo, "$proofmark compare -o json=>(true) >/dev/null");
    // What was there before stays.
    assert!(bash(&repo, "echo before >log; $proofmark compare -o json=/dev/fd/3 3>>log >/dev/null; cat log").starts_with("before\n{"));
}

#[cfg(unix)]
#[test]
fn links_stay_and_lead_to_the_result() {
    let repo = change(&[("metrics.json", r#"{"auc": 0.9}"#)], &[]);
    repo.write("deep/old.json", "old")
        .link("old.json", "deep/old.json")
        .link("new.json", "deep/../deep/new.json")
        .link("loop.json", "loop.json");
    for name in ["old.json", "new.json"] {
        proofmark(&repo).run(&["compare", "-o", name]).expect(0);
        assert!(repo.path().join(name).is_symlink());
        let file = repo.path().join("deep").join(name);
        assert_eq!(json(&std::fs::read_to_string(file).expect("written"))["kind"], "comparison");
    }
    assert_eq!(std::fs::read_dir(repo.path().join("deep")).expect("there").count(), 2);
    assert!(proofmark(&repo).run(&["compare", "-o", "loop.json"]).expect_error(2).contains("loop.json"));
    let twice = proofmark(&repo).run(&["compare", "-o", "old.json", "-o", "deep/old.json"]).expect_error(2);
    assert!(twice.contains("twice"), "{twice}");
}

#[cfg(unix)]
#[test]
fn modes_are_those_of_the_old_file_or_of_the_umask() {
    use std::os::unix::fs::PermissionsExt as _;
    let repo = change(&[("metrics.json", r#"{"auc": 0.9}"#)], &[]);
    let old = repo.write("old.json", "old").path().join("old.json");
    for wanted in [0o600, 0o664, 0o444] {
        std::fs::set_permissions(&old, std::fs::Permissions::from_mode(wanted)).expect("ours");
        proofmark(&repo).run(&["compare", "-o", "old.json"]).expect(0);
        assert_eq!(mode(&old), wanted);
    }
    for (umask, wanted) in [("077", 0o600), ("002", 0o664), ("022", 0o644)] {
        bash(&repo, &format!("umask {umask}; $proofmark compare -o new{umask}.json >/dev/null"));
        assert_eq!(mode(&repo.path().join(format!("new{umask}.json"))), wanted);
    }
    let left = std::fs::read_dir(repo.path())
        .expect("there")
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(".proofmark-"));
    assert_eq!(left.count(), 0);
}

#[test]
fn what_was_not_judged_takes_the_place_of_an_older_result() {
    let repo = change(&[("metrics.json", "{\"acc\": 0.9}")], &[("metrics.json", "{\"acc\": 0.95}")]);
    let files = ["--output", "junit.xml", "--output", "report.html", "--output", "report.sarif", "--output", "report.json"];
    proofmark(&repo).run(&[&["gate", "main", "HEAD"], &files[..]].concat()).expect(0);
    proofmark(&repo).run(&[&["gate", "nowhere"], &files[..]].concat()).expect_error(2);
    let read = |name: &str| std::fs::read_to_string(repo.path().join(name)).expect("a file");
    assert!(read("junit.xml").contains("<error") && read("junit.xml").contains("nowhere"), "{}", read("junit.xml"));
    assert!(read("report.html").contains("nowhere") && read("report.sarif").contains("nowhere"));
    let printed = proofmark(&repo).run(&["gate", "nowhere", "--format", "junit"]);
    assert!(printed.stdout.contains("<error"), "{}", printed.stdout);
}
