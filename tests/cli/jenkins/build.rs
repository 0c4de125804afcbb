//! `proofmark jenkins build` against a Jenkins that keeps state.

use proofmark_testkit::jenkins::{Definition, FakeJenkins, Fault, JobSpec, Options, Outcome, What};
use proofmark_testkit::run::{Program, Ran};
use serde_json::{Value, json};

/// A Jenkins, and a folder to start jobs from.
struct Stage {
    jenkins: FakeJenkins,
    folder: tempfile::TempDir,
}

impl Stage {
    fn new(spec: JobSpec) -> Self {
        Self::with(spec, Options::default())
    }

    fn with(spec: JobSpec, options: Options) -> Self {
        let public_url = Some("http://inside.example:8080/jenkins".to_owned());
        let jenkins = FakeJenkins::with(Options { context: "/jenkins".to_owned(), public_url, ..options });
        let stage = Self { jenkins, folder: tempfile::tempdir().expect("a folder") };
        stage.jenkins.job("ml/train", spec);
        stage
    }

    fn program(&self) -> Program {
        let program = Program::new(env!("CARGO_BIN_EXE_proofmark"), self.folder.path());
        program.env("JENKINS_URL", self.jenkins.url()).env("JENKINS_USER_ID", "ada").env("JENKINS_API_TOKEN", "11token")
    }

    fn build(&self, arguments: &[&str]) -> Ran {
        self.program().run(&[&["jenkins", "build", "ml/train"], arguments].concat())
    }

    fn started(&self) -> usize {
        self.jenkins.starts("ml/train").iter().filter(|start| !start.cancelled).count()
    }
}

fn parameters() -> Vec<Definition> {
    vec![
        Definition::text("DATA", "all"),
        Definition::choice("MODE", &["fast", "slow"]),
        Definition::boolean("DRY", false),
        Definition::password("PASS"),
        Definition::file("CSV"),
        Definition::text("PROOFMARK_KEY", ""),
    ]
}

fn keyed() -> JobSpec {
    JobSpec { parameters: parameters(), ..JobSpec::default() }
}

fn document(ran: Ran, code: i32) -> Value {
    serde_json::from_str(&ran.expect(code)).expect("JSON")
}

#[test]
fn a_job_is_started_with_all_kinds_of_parameters_and_waited_for() {
    let stage = Stage::new(keyed());
    std::fs::write(stage.folder.path().join("x.csv"), "a,b\n").expect("a file");
    let values =
        ["-p", "DATA=x=1 é", "-p", "MODE=slow", "-p", "DRY=true", "--parameters-from", "PASS=SECRET", "--file-parameters", "CSV=x.csv"];
    let ran = stage
        .program()
        .env("SECRET", "hunter22")
        .run(&[&["jenkins", "build", "ml/train", "--wait", "--format", "json"][..], &values].concat());
    assert!(!ran.stdout.contains("hunter22") && !ran.stderr.contains("hunter22"), "{ran:?}");
    let told = document(ran, 0);
    assert_eq!((&told["schema"], &told["kind"], &told["job"]), (&json!(1), &json!("build"), &json!("ml/train")));
    assert_eq!((&told["outcome"], &told["origin"], &told["result"]), (&json!("ended"), &json!("new"), &json!("SUCCESS")));
    assert_eq!(told["url"], format!("{}/job/ml/job/train/1/", stage.jenkins.url()));
    assert_eq!(told["url_told"], "http://inside.example:8080/jenkins/job/ml/job/train/1/");
    assert_eq!((&told["parameters"]["MODE"], &told["parameters"]["PASS"]), (&json!("slow"), &Value::Null));
    let start = stage.jenkins.starts("ml/train").remove(0);
    assert_eq!((start.parameters["DATA"].as_str(), start.parameters["DRY"].as_str()), ("x=1 é", "true"));
    assert_eq!(start.parameters["PROOFMARK_KEY"], told["key"].as_str().expect("a key"));
}

#[test]
fn what_jenkins_would_ignore_is_refused_with_the_nearest_name() {
    let stage = Stage::new(keyed());
    let refused = |arguments: &[&str]| stage.build(arguments).expect_error(2);
    let told = refused(&["-p", "DAAT=1"]);
    assert!(told.contains("the job `ml/train` has no parameter `DAAT`") && told.contains("did you mean `DATA`?"), "{told}");
    assert!(refused(&["-p", "MODE=slwo"]).contains("did you mean `slow`?"));
    assert!(refused(&["-p", "DRY=yes"]).contains("neither true nor false"));
    assert!(refused(&["-p", "DATA=1", "-p", "DATA=2"]).contains("given twice"));
    assert!(refused(&["-p", "DATA"]).contains("NAME=VALUE"));
    assert!(refused(&["--parameters-from", "PASS=NOT_SET"]).contains("the variable `NOT_SET`"));
    assert!(refused(&["--file-parameters", "CSV=none.csv"]).contains("none.csv"));
    assert!(refused(&["--key", "a b"]).contains("without spaces"));
    let told = stage.program().run(&["jenkins", "build", "ml/trian"]).expect_error(2);
    assert!(told.contains("there is no job `ml/trian`") && told.contains("did you mean `train`?"), "{told}");
    assert!(stage.program().run(&["jenkins", "build", "ml"]).expect_error(2).contains("it holds `train`"));
    assert!(stage.program().run(&["jenkins", "build", "x", "--server", "ftp://x"]).expect_error(2).contains("--server"));
    assert!(stage.program().run(&["jenkins", "build", "http://evil.example/job/x"]).expect_error(2).contains("not below the server"));
    assert!(stage.program().env("JENKINS_API_TOKEN", "").run(&["jenkins", "build", "x"]).expect_error(2).contains("without a token"));
    assert!(stage.jenkins.writes().is_empty());
}

#[test]
fn exit_codes_follow_the_result() {
    for (result, usual, lenient) in
        [(Outcome::Success, 0, 0), (Outcome::Unstable, 1, 0), (Outcome::Failure, 1, 1), (Outcome::Aborted, 1, 1)]
    {
        let stage = Stage::new(JobSpec { result, ..keyed() });
        let told = stage.build(&["--wait"]).expect(usual);
        assert!(told.starts_with(&format!("ml/train #1: {} after", result.name())), "{told}");
        stage.build(&["--wait", "--fail-on", "failure"]).expect(lenient);
    }
    let stage = Stage::new(keyed());
    let wrong = stage.program().env("JENKINS_API_TOKEN", "wrong").run(&["jenkins", "build", "ml/train"]).expect_error(3);
    assert!(wrong.contains("does not know this user or token"), "{wrong}");
    stage.jenkins.fail(Fault::new("GET", "*", What::Html(200)));
    assert!(stage.build(&[]).expect_error(3).contains("not one of Jenkins"));
}

#[test]
fn the_log_goes_to_standard_output() {
    let log = ["\u{1b}[8mha:AAAA\u{1b}[0mStarted", "::error::x", "über \u{1b}[31m日本語"].map(str::to_owned).to_vec();
    let stage = Stage::new(JobSpec { log, duration: 300, ..keyed() });
    let ran = stage.build(&["--follow", "-o", "build.json"]);
    let told = ran.clone().expect(0);
    assert!(told.starts_with("Started\n\\u{3a}:error::x\nüber 日本語\nFinished: SUCCESS\nml/train #1: SUCCESS"), "{told}");
    assert!(ran.stderr.contains("build 1: http://127.0.0.1"), "{}", ran.stderr);
    let file = std::fs::read_to_string(stage.folder.path().join("build.json")).expect("a file");
    assert!(file.contains("\"result\": \"SUCCESS\""), "{file}");
    assert!(stage.build(&["--follow", "--format", "json"]).expect_error(2).contains("standard output"));
}

#[test]
fn a_key_is_started_once() {
    let stage = Stage::new(keyed());
    let first = document(stage.build(&["--key", "nightly-7", "--wait", "--format", "json"]), 0);
    let ran = stage.build(&["--key", "nightly-7", "--wait", "--format", "json"]);
    assert!(ran.stderr.contains("it has this key already; nothing is started"), "{}", ran.stderr);
    let second = document(ran, 0);
    assert_eq!((&second["origin"], &second["number"], stage.started()), (&json!("earlier"), &first["number"], 1));
    stage.jenkins.fail(Fault::new("POST", "*/buildWithParameters", What::CutAfter).first(1));
    let ran = stage.build(&["--wait", "--format", "json"]);
    assert!(ran.stderr.contains("the answer to the start was lost"), "{}", ran.stderr);
    assert_eq!((&document(ran, 0)["origin"], stage.started()), (&json!("found-again"), 2));
    let stage = Stage::new(JobSpec { parameters: vec![Definition::text("DATA", "")], ..JobSpec::default() });
    let told = stage.build(&["--key", "k"]).expect_error(2);
    assert!(told.contains("no parameter `PROOFMARK_KEY`"), "{told}");
    stage.jenkins.fail(Fault::new("POST", "*", What::CutBefore).first(1));
    let told = stage.build(&[]).expect_error(3);
    assert!(told.contains("not known whether `ml/train` was started") && told.contains("PROOFMARK_KEY"), "{told}");
    assert_eq!(stage.started(), 0);
}

#[test]
fn a_dry_run_shows_what_would_be_sent() {
    let stage = Stage::new(keyed());
    let told = stage.build(&["--dry-run", "-p", "DATA=1", "-p", "PASS=hunter22", "--key", "k"]).expect(0);
    assert!(told.starts_with("ml/train would be started\n  DATA = 1\n  PASS = (not shown)\n  PROOFMARK_KEY = k\n"), "{told}");
    assert!(stage.jenkins.writes().is_empty());
}

#[test]
fn branches_of_multibranch_projects() {
    let stage = Stage::new(keyed());
    stage.jenkins.branch("repo", "feature/x", JobSpec::default());
    let started = stage.program().run(&["jenkins", "build", "repo", "--branch", "feature/x", "--wait", "--format", "json"]);
    let told = document(started, 0);
    assert_eq!((&told["job"], &told["result"]), (&json!("repo/feature%2Fx"), &json!("SUCCESS")));
    assert!(stage.program().run(&["jenkins", "build", "repo"]).expect_error(2).contains("--branch"));
}

#[test]
fn time_that_is_up_stops_what_was_started() {
    let stage = Stage::new(JobSpec { duration: 600_000, ..keyed() });
    let told = stage.build(&["--wait", "--timeout", "1"]).expect_error(3);
    assert!(told.contains("took longer than 1 s") && told.contains("was stopped"), "{told}");
    assert_eq!(stage.jenkins.starts("ml/train")[0].result, Some("ABORTED"));
    let told = stage.build(&["--wait", "--timeout", "1", "--keep-on-interrupt"]).expect_error(3);
    assert!(told.contains("goes on"), "{told}");
    assert_eq!(stage.jenkins.starts("ml/train")[1].result, None);
}

#[test]
fn what_waits_for_too_long_is_taken_out_of_the_queue() {
    let stage = Stage::with(keyed(), Options { executors: 0, ..Options::default() });
    let told = stage.build(&["--queue-timeout", "1"]).expect_error(3);
    assert!(told.contains("waits: ") && told.contains("waiting in the queue took longer than 1 s"), "{told}");
    assert!(stage.jenkins.starts("ml/train")[0].cancelled);
    let told = document(stage.build(&["--format", "json"]), 0);
    assert_eq!((&told["outcome"], &told["number"]), (&json!("queued"), &Value::Null), "nobody asked to wait");
}

#[test]
fn a_password_goes_with_crumbs_and_over_a_restart() {
    let stage = Stage::new(JobSpec { duration: 500, ..keyed() });
    std::fs::write(stage.folder.path().join("token"), "lovelace\n").expect("a file");
    let program = stage.program().env("JENKINS_API_TOKEN", "").env("JENKINS_API_TOKEN_FILE", "token");
    stage.jenkins.fail(Fault::new("GET", "*/1/api/json", What::StatusBefore(503)).first(6));
    let ran = program.run(&["jenkins", "build", "ml/train", "--wait"]);
    assert!(ran.stderr.contains("Jenkins is not there (it answers 503)"), "{}", ran.stderr);
    assert!(ran.stderr.contains("Jenkins is there again"), "{}", ran.stderr);
    ran.expect(0);
    assert_eq!(stage.started(), 1);
}

#[test]
fn a_step_of_a_pipeline_gets_the_build() {
    for (result, code, set) in
        [(Outcome::Success, 0, Value::Null), (Outcome::Unstable, 1, json!("UNSTABLE")), (Outcome::Failure, 1, json!("FAILURE"))]
    {
        let stage = Stage::new(JobSpec { result, ..keyed() });
        let parameters = json!({"job": "ml/train", "parameters": {"DATA": "a=b", "DRY": true}, "wait": true});
        let request = json!({"contract": 1, "library": "0.1.0", "id": "7", "step": "trigger", "folder": "out", "parameters": parameters});
        std::fs::write(stage.folder.path().join("request.json"), request.to_string()).expect("a file");
        stage.program().run(&["jenkins", "step", "request.json"]).expect(code);
        let read = |name: &str| std::fs::read_to_string(stage.folder.path().join("out").join(name)).expect("a file");
        let told: Value = serde_json::from_str(&read("result.json")).expect("JSON");
        assert_eq!((&told["jenkins"]["result"], &told["build"]["result"]), (&set, &json!(result.name())));
        assert_eq!(told["build"], serde_json::from_str::<Value>(&read("build.json")).expect("JSON"));
        assert_eq!((&told["build"]["number"], &told["build"]["parameters"]["DATA"]), (&json!(1), &json!("a=b")));
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_stops_what_was_started() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    for signal in ["-INT", "-TERM"] {
        let stage = Stage::new(JobSpec { duration: 600_000, ..keyed() });
        let mut command = stage.program().command(&["jenkins", "build", "ml/train", "--wait"]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let begin = Instant::now();
        while stage.jenkins.starts("ml/train").first().is_none_or(|start| start.build.is_none()) {
            assert!(begin.elapsed() < Duration::from_secs(20), "no build");
            std::thread::sleep(Duration::from_millis(20));
        }
        let id = child.id().to_string();
        Command::new("kill").args([signal, &id]).status().expect("kill");
        let output = child.wait_with_output().expect("an end");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(3) && told.contains("interrupted") && told.contains("was stopped"), "{signal}: {told}");
        assert_eq!(stage.jenkins.starts("ml/train")[0].result, Some("ABORTED"), "{signal}");
    }
}
