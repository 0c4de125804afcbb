//! Runs of Pipelines, started once by a trigger.

use std::fs;

use proofmark_testkit::kubeflow::{End, FakeKubeflow, Fault, Recorded, Script, State, Task, What};
use proofmark_testkit::run::Ran;

use super::*;
use crate::acting::tame;

const TOKEN: &str = "t0ken-of-ada";
const PIPELINE: &str = "components:
  comp-train:
    executorLabel: exec-train
deploymentSpec:
  executors:
    exec-train:
      container:
        image: python:3.12
pipelineInfo:
  name: churn-training
root:
  dag:
    tasks:
      train:
        cachingOptions:
          enableCache: true
        componentRef:
          name: comp-train
        taskInfo:
          name: train
  inputDefinitions:
    parameters:
      dry:
        isOptional: true
        parameterType: BOOLEAN
      git_sha:
        parameterType: STRING
      rate:
        isOptional: true
        parameterType: NUMBER_DOUBLE
      rows:
        isOptional: true
        parameterType: NUMBER_INTEGER
schemaVersion: 2.1.0
sdkVersion: kfp-2.17.0
";
pub(super) const BY_NAME: &str = "pipeline = \"churn\"";
const BY_FILE: &str = "file = \"pipeline.yaml\"";

/// A trigger that starts a run of the commit.
pub(super) fn rule(what: &str, more: &str) -> String {
    format!(
        "[[trigger]]\nname = \"train\"\non = \"push\"\n{more}[trigger.start.kubeflow]\nexperiment = \"ci\"\n{what}\n\
         parameters = {{ git_sha = \"{{{{ event.head.commit }}}}\", rows = \"500\", rate = \"0.5\", dry = \"false\" }}\n"
    )
}

/// A clone whose main has the rules and the pipeline, and the Kubeflow that its triggers speak to.
pub(super) struct Yard {
    pub(super) repo: TestRepo,
    pub(super) kubeflow: FakeKubeflow,
}

impl Yard {
    pub(super) fn new(rules: &str) -> Self {
        let repo = TestRepo::new();
        repo.write("proofmark.toml", rules).write("pipeline.yaml", PIPELINE).write("data.csv", "1");
        repo.commit("rules");
        repo.write("data.csv", "2").commit("data");
        let kubeflow = FakeKubeflow::start();
        kubeflow.experiment("ci");
        kubeflow.pipeline("churn", PIPELINE);
        kubeflow.require_token(TOKEN);
        Self { repo, kubeflow }
    }

    fn program(&self) -> Program {
        let program = proofmark(&self.repo).env("KF_PIPELINES_TOKEN", TOKEN).env("KF_PIPELINES_ENDPOINT", self.kubeflow.url());
        program.env("PROOFMARK_SETTLING_MILLISECONDS", "80").env("PROOFMARK_NETWORK_SECONDS", "2")
    }

    /// The newest commit was pushed, as a machine without a journal sees it.
    pub(super) fn push(&self, arguments: &[&str]) -> Ran {
        let _ = fs::remove_dir_all(self.repo.path().join(".git/proofmark"));
        let ran = self.program().run(&[&["trigger", "--event", "push", "--from", "HEAD~1"], arguments].concat());
        assert!(!format!("{ran:?}").contains(TOKEN), "{ran:?}");
        ran
    }

    /// The requests for a run.
    pub(super) fn asked(&self) -> Vec<Recorded> {
        let writes = self.kubeflow.writes().into_iter();
        writes.filter(|request| request.path.ends_with("/apis/v2beta1/runs") && request.method == "POST").collect()
    }

    /// The runs that there are now.
    pub(super) fn started(&self) -> Vec<String> {
        let asked = self.asked();
        let name = asked.first().and_then(|request| request.body["display_name"].as_str()).unwrap_or_default().to_owned();
        self.kubeflow.world().runs_named(&name)
    }

    fn writes(&self) -> Vec<String> {
        self.kubeflow.writes().iter().map(|request| format!("{} {}", request.method, request.path)).collect()
    }

    #[track_caller]
    fn refuses(&self, words: &[&str]) {
        let ran = self.push(&[]);
        let told = format!("{}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.code, Some(2), "{told}");
        assert!(words.iter().all(|word| told.contains(word)) && told.contains("`train`"), "{words:?}: {told}");
        assert!(self.kubeflow.writes().is_empty(), "{:?}", self.writes());
    }
}

#[test]
fn a_run_is_started_once_with_typed_parameters_and_the_key() {
    let yard = Yard::new(&rule(BY_NAME, ""));
    let told = yard.push(&[]).expect(0);
    assert!(told.contains("▶ train"), "{told}");
    let started = yard.started();
    let [run] = started.as_slice() else { panic!("{started:?}") };
    let given = Value::Object(yard.kubeflow.world().parameters_of(run));
    assert_eq!(given, serde_json::json!({"git_sha": yard.repo.id("HEAD"), "rows": 500, "rate": 0.5, "dry": false}));
    let name = yard.asked()[0].body["display_name"].as_str().expect("a name").to_owned();
    assert!(name.starts_with("churn") && name.contains("pm1-1-"), "{name}");
    // A fresh clone without a journal knows it by its key, before it has ended and afterwards.
    for _ in 0..2 {
        let told = yard.push(&[]).expect(0);
        assert!(told.contains("= train"), "{told}");
        yard.kubeflow.world().finish(run);
    }
    assert_eq!(yard.asked().len(), 1);
    // Another commit is another run.
    yard.repo.write("data.csv", "3").commit("more");
    yard.push(&[]).expect(0);
    assert_eq!(yard.asked().len(), 2);
}

#[test]
fn the_version_is_named_or_the_newest() {
    for (more, is_newest) in [("", true), ("\nversion = \"other\"", false)] {
        let yard = Yard::new(&rule(&format!("pipeline = \"other\"{more}"), ""));
        let (id, first) = yard.kubeflow.pipeline("other", PIPELINE);
        let newer = yard.kubeflow.world().pipeline_version(&id, "second", PIPELINE);
        yard.push(&[]).expect(0);
        let asked = yard.asked()[0].body["pipeline_version_reference"]["pipeline_version_id"].clone();
        assert_eq!(asked, if is_newest { newer } else { first }, "{more}");
    }
    for (what, word) in [("pipeline = \"chrun\"", "chrun"), ("pipeline = \"churn\"\nversion = \"nightly\"", "nightly")] {
        Yard::new(&rule(what, "")).refuses(&[word]);
    }
}

#[test]
fn a_file_is_sent_with_the_run() {
    let yard = Yard::new(&rule(BY_FILE, ""));
    yard.push(&[]).expect(0);
    let body = yard.asked()[0].body.clone();
    assert_eq!(body["pipeline_spec"]["pipelineInfo"]["name"], "churn-training", "{body}");
    assert!(body["display_name"].as_str().is_some_and(|name| name.starts_with("churn-training")), "{body}");
}

#[test]
fn a_file_is_uploaded_once_as_a_version() {
    let what = "pipeline = \"churn\"\nfile = \"pipeline.yaml\"\nversion = \"{{ event.head.commit }}\"";
    let yard = Yard::new(&rule(what, ""));
    let ran = yard.push(&[]);
    let commit = yard.repo.id("HEAD");
    let told = format!("{}{}", ran.stdout, ran.stderr);
    assert!(ran.code == Some(0) && told.contains(&format!("uploaded as version {commit} of churn")), "{told}");
    yard.push(&[]).expect(0);
    let uploads = yard.writes().into_iter().filter(|write| write.contains("/upload")).count();
    assert_eq!((uploads, yard.started().len()), (1, 1), "{:?}", yard.writes());
    // The same version with another content is not overwritten, nor run in its place.
    let yard = Yard::new(&rule(&what.replace("{{ event.head.commit }}", "v1"), ""));
    yard.push(&[]).expect(0);
    yard.repo.write("pipeline.yaml", PIPELINE.replace("python:3.12", "evil:1")).commit("other");
    let ran = yard.push(&[]);
    assert_eq!((ran.code, yard.asked().len()), (Some(2), 1), "{ran:?}");
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_written() {
    for what in [BY_NAME, BY_FILE, "pipeline = \"churn\"\nfile = \"pipeline.yaml\"\nversion = \"v9\""] {
        for (old, new, words) in [
            ("rows = \"500\"", "rows = \"many\"", &["rows", "many"][..]),
            ("rows = \"500\"", "rows = 1.5", &["rows"]),
            ("rate = \"0.5\"", "rate = \"nan\"", &["rate"]),
            ("dry = \"false\"", "dry = \"maybe\"", &["dry"]),
            ("git_sha = \"{{ event.head.commit }}\", ", "", &["git_sha"]),
            ("git_sha = \"{{ event.head.commit }}\"", "git_sah = \"x\"", &["git_sah", "git_sha"]),
            ("rows = \"500\"", "rows = \"9007199254740993\"", &["rows"]),
        ] {
            let text = rule(what, "");
            assert!(text.contains(old));
            Yard::new(&text.replace(old, new)).refuses(words);
        }
    }
}

#[test]
fn a_lost_answer_is_no_second_run() {
    let whats = [
        What::StatusAfter(502),
        What::StatusBefore(503),
        What::CutAfter,
        What::CutBefore,
        What::CutInBody,
        What::Empty,
        What::Truncated,
        What::WrongShape,
        What::Html(502),
        What::Html(200),
        What::StatusBefore(500),
    ];
    for what in whats {
        let yard = Yard::new(&rule(BY_NAME, ""));
        yard.kubeflow.fail(Fault::new("POST", "*/apis/v2beta1/runs", what.clone()).nth(1));
        let first = yard.push(&[]);
        assert!(matches!(first.code, Some(0 | 3)), "{what:?}: {first:?}");
        assert!(first.code == Some(0) || first.stderr.contains("`train`"), "{what:?}: {first:?}");
        assert_eq!(first.code == Some(0), yard.started().len() == 1, "{what:?}: {first:?}");
        // Whatever was said: asked again there is one, and no second.
        yard.push(&[]).expect(0);
        assert_eq!(yard.started().len(), 1, "{what:?}: {first:?}");
    }
}

#[test]
fn two_machines_at_once_leave_one_run() {
    let yard = Yard::new(&rule(BY_NAME, ""));
    let program = yard.program().env("PROOFMARK_SETTLING_MILLISECONDS", "400");
    let journals = [1, 2].map(|number| format!("--journal={}", yard.repo.outside().join(format!("{number}.jsonl")).display()));
    std::thread::scope(|scope| {
        for journal in &journals {
            let program = &program;
            scope.spawn(move || program.run(&["trigger", "--event", "push", "--from", "HEAD~1", journal]).expect(0));
        }
    });
    let started = yard.started();
    let left = started.iter().filter(|run| yard.kubeflow.world().state_of(run) != Some(State::Canceling)).count();
    assert_eq!(left, 1, "{started:?}");
}

#[test]
fn its_result_is_the_exit_code_and_its_reason_is_told() {
    let yard = Yard::new(&rule(BY_NAME, ""));
    let told = yard.push(&["--wait"]).expect(0);
    assert!(told.contains("succeeded"), "{told}");
    let yard = Yard::new(&rule(BY_NAME, ""));
    let log = "step 1\nCUDA \u{1b}[31mout of memory\n::error::pwned\r\u{202e}\n";
    let message = "exit code \u{1b}[2J1\n::error::pwned";
    yard.kubeflow.script(Script::new().task(Task::new("train").log(log)).fails("train", message));
    let ran = yard.push(&["--wait"]);
    let told = format!("{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.code, Some(1), "{told}");
    assert!(told.contains("train failed") && told.contains("exit code") && told.contains("out of memory"), "{told}");
    tame(&told, "wait");
}

#[test]
fn what_takes_too_long_is_stopped() {
    let rules = "[[trigger]]\nname = \"deliver\"\non = \"push\"\n[[trigger.step]]\nname = \"train\"\ntimeout = \"1s\"\n\
                 [trigger.step.start.kubeflow]\npipeline = \"churn\"\nparameters = { git_sha = \"x\" }\n";
    let yard = Yard::new(rules);
    yard.kubeflow.script(Script::new().end(End::Never));
    let ran = yard.push(&["--wait"]);
    let told = format!("{}{}", ran.stdout, ran.stderr);
    assert!(ran.code == Some(1) && told.contains("was stopped"), "{told}");
    let started = yard.started();
    assert_eq!(yard.kubeflow.world().state_of(&started[0]), Some(State::Failed));
}

#[test]
fn a_busy_group_stops_the_older_one() {
    let yard = Yard::new(&rule(BY_NAME, "pace = { group = \"gpu\", busy = \"replace\" }\n"));
    yard.kubeflow.world().script = Script::new().end(End::Never);
    yard.push(&[]).expect(0);
    yard.repo.write("data.csv", "3").commit("more");
    yard.push(&[]).expect(0);
    let names: Vec<String> = yard.asked().iter().filter_map(|one| Some(one.body["display_name"].as_str()?.to_owned())).collect();
    assert_eq!(names.len(), 2);
    let world = yard.kubeflow.world();
    let states: Vec<_> = names.iter().flat_map(|name| world.runs_named(name)).map(|run| world.state_of(&run)).collect();
    assert_eq!(states[0], Some(State::Canceling), "{states:?}");
    assert_ne!(states[1], Some(State::Canceling), "{states:?}");
}

#[test]
fn caching_is_really_off() {
    for what in [BY_NAME, BY_FILE] {
        let yard = Yard::new(&rule(&format!("{what}\ncache = false"), ""));
        yard.push(&[]).expect(0);
        let spec = yard.asked()[0].body["pipeline_spec"].clone();
        assert_eq!(spec["root"]["dag"]["tasks"]["train"]["cachingOptions"]["enableCache"], false, "{spec}");
        assert_eq!(spec["deploymentSpec"]["executors"]["exec-train"]["container"]["image"], "python:3.12");
    }
}

#[test]
fn an_address_is_needed_and_a_token_that_counts() {
    let yard = Yard::new(&rule(BY_NAME, ""));
    let arguments = ["trigger", "--event", "push", "--from", "HEAD~1"];
    let told = proofmark(&yard.repo).env("KF_PIPELINES_TOKEN", TOKEN).run(&arguments).expect_error(2);
    assert!(told.contains("KF_PIPELINES_ENDPOINT") && told.contains("`train`"), "{told}");
    let told = yard.program().env("KF_PIPELINES_TOKEN", "wr0ng-token").run(&arguments);
    assert!(matches!(told.code, Some(2 | 3)) && !format!("{told:?}").contains("wr0ng"), "{told:?}");
    let told = yard.program().env("KF_PIPELINES_ENDPOINT", "http://127.0.0.1:9").run(&arguments);
    assert!(matches!(told.code, Some(2 | 3)) && told.stderr.contains("cannot reach"), "{told:?}");
    assert!(yard.kubeflow.writes().is_empty());
}

#[test]
fn a_file_that_leads_out_of_the_checkout_is_refused() {
    let yard = Yard::new(&rule(BY_FILE, ""));
    let outside = yard.repo.outside().join("other.yaml");
    fs::write(&outside, PIPELINE).expect("a file");
    for target in [outside.display().to_string(), "../other.yaml".to_owned(), "/dev/zero".to_owned(), "nothing.yaml".to_owned()] {
        fs::remove_file(yard.repo.path().join("pipeline.yaml")).expect("it was there");
        yard.repo.link("pipeline.yaml", &target);
        yard.repo.write("data.csv", &target).commit("link");
        yard.refuses(&["pipeline.yaml"]);
    }
    for text in ["", "[]", "pipelineInfo: {name: x}\n", "\u{0}", "a: &a [*a]\n", "not: a pipeline\n"] {
        let yard = Yard::new(&rule(BY_FILE, ""));
        yard.repo.write("pipeline.yaml", text).commit("bad");
        yard.refuses(&["pipeline.yaml"]);
    }
}

#[test]
fn what_is_started_and_where_cannot_come_from_an_event() {
    for what in [
        "pipeline = \"churn\"\nhost = \"http://{{ event.branch }}/\"",
        "pipeline = \"{{ event.branch }}\"",
        "pipeline = \"churn\"\nnamespace = \"{{ event.branch }}\"",
        "file = \"{{ event.branch }}.yaml\"",
        "file = \"../pipeline.yaml\"",
        "file = \"/etc/passwd\"",
        "file = \"pipeline.yaml\"\nversion = \"v1\"",
        "name = \"x\"",
    ] {
        Yard::new(&rule(what, "")).refuses(&["(line 1)", "start.kubeflow"]);
    }
}

#[test]
fn hostile_branches_stay_values() {
    let branch = "x\u{202e}$(id)`&;'<img>@ada";
    let rules = rule("pipeline = \"churn\"\nname = \"of {{ event.branch }}\"", "").replace("rows = \"500\", ", "");
    let rules = rules.replace("git_sha = \"{{ event.head.commit }}\"", "git_sha = \"{{ event.branch }}\"");
    let yard = Yard::new(&rules);
    yard.repo.git(&["checkout", "-q", "-b", branch]);
    yard.repo.write("data.csv", "3").commit("more");
    let ran = yard.push(&["--wait"]);
    tame(&format!("{}{}", ran.stdout, ran.stderr), "branch");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(yard.asked()[0].body["runtime_config"]["parameters"]["git_sha"], branch);
}

#[test]
fn a_branchs_own_rules_do_not_lead_a_token_elsewhere() {
    let thief = FakeKubeflow::start();
    let yard = Yard::new(&rule(BY_NAME, ""));
    let own = rule(&format!("{BY_NAME}\nhost = \"{}\"", thief.url()), "");
    yard.repo.git(&["checkout", "-q", "-b", "change"]);
    yard.repo.write("proofmark.toml", own).commit("mine");
    for arguments in [&["--wait"][..], &["--dry-run"], &["--explain"]] {
        yard.push(arguments);
    }
    assert!(thief.requests().is_empty(), "{:?}", thief.requests());
}
