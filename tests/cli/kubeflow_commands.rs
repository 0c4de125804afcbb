//! `proofmark kubeflow`: what is started, stopped, uploaded and served, against a Kubeflow on loopback.

use proofmark_testkit::kubeflow::{FakeKubeflow, Fault, Mode, Plan, Rollout, Script, State, What};
use proofmark_testkit::repo::TestRepo;
use proofmark_testkit::run::Program;
use serde_json::json;

use crate::{json as parsed, proofmark};

/// A pipeline as the compiler of version 2 writes it, with one task whose results may be cached.
const PIPELINE: &str = r#"pipelineInfo:
  name: churn-training
components:
  comp-train:
    executorLabel: exec-train
    inputDefinitions:
      parameters:
        rate:
          parameterType: NUMBER_DOUBLE
deploymentSpec:
  executors:
    exec-train:
      container:
        image: python:3.11
        command:
        - train
root:
  dag:
    tasks:
      train:
        cachingOptions:
          enableCache: true
        componentRef:
          name: comp-train
        inputs:
          parameters:
            rate:
              componentInputParameter: rate
        taskInfo:
          name: train
  inputDefinitions:
    parameters:
      git_sha:
        parameterType: STRING
      rate:
        defaultValue: 0.1
        isOptional: true
        parameterType: NUMBER_DOUBLE
      rows:
        defaultValue: 100.0
        isOptional: true
        parameterType: NUMBER_INTEGER
schemaVersion: 2.1.0
sdkVersion: kfp-2.17.0
"#;

struct Lab {
    repo: TestRepo,
    kubeflow: FakeKubeflow,
}

impl Lab {
    fn new() -> Self {
        let repo = TestRepo::new();
        repo.write("pipeline.yaml", PIPELINE).commit("a pipeline");
        Self { repo, kubeflow: FakeKubeflow::start() }
    }

    fn program(&self) -> Program {
        let url = self.kubeflow.url();
        let program = proofmark(&self.repo).env("KF_PIPELINES_ENDPOINT", &url).env("KUBE_API_SERVER", &url);
        program.env("PROOFMARK_SETTLING_MILLISECONDS", "100").env("PROOFMARK_NETWORK_SECONDS", "10")
    }

    #[track_caller]
    fn kubeflow(&self, args: &[&str], code: i32) -> String {
        let ran = self.program().run(&[&["kubeflow"], args].concat());
        let told = format!("{}{}", ran.stdout, ran.stderr);
        ran.expect(code);
        told
    }
}

#[test]
fn parameters_are_checked_without_any_server() {
    let lab = Lab::new();
    let told = lab.kubeflow(&["check", "pipeline.yaml", "-p", "git_sha=abc", "-p", "rows=500"], 0);
    assert!(told.contains("churn-training: 1 task") && told.contains("rows") && told.contains("= 500"), "{told}");
    let told = lab.kubeflow(&["check", "pipeline.yaml", "-p", "rows=many", "-p", "rat=1"], 2);
    assert!(told.contains("`rows`") && told.contains("rat") && told.contains("`git_sha`"), "{told}");
    assert!(lab.kubeflow(&["run", "pipeline.yaml", "-p", "rows=1.5", "-p", "git_sha=a"], 2).contains("rows"));
    assert!(lab.kubeflow.requests().is_empty());
    assert!(lab.kubeflow(&["check", "README", "-p", "a"], 2).contains("NAME=VALUE"));
}

#[test]
fn a_run_is_started_once_and_waited_for() {
    let lab = Lab::new();
    lab.kubeflow.script(Script::new().polls(1, 1).metrics("train", "metrics", &[("accuracy", 0.9)]));
    let args = ["run", "pipeline.yaml", "-p", "git_sha=abc", "-p", "rows=500", "--key", "hand-1", "--wait"];
    let told = lab.kubeflow(&args, 0);
    assert!(told.contains("train") && told.contains("succeeded"), "{told}");
    let runs = lab.kubeflow.world().runs_named("churn-training [hand-1]");
    assert_eq!(runs.len(), 1);
    assert_eq!(lab.kubeflow.world().parameters_of(&runs[0])["rows"], json!(500));
    let again = parsed(&lab.program().run(&[&["kubeflow"][..], &args, &["--format", "json"]].concat()).expect(0));
    assert_eq!((again["run"].as_str(), again["origin"].as_str()), (Some(runs[0].as_str()), Some("earlier")));
    assert_eq!(lab.kubeflow.world().runs_named("churn-training [hand-1]").len(), 1);
}

#[test]
fn why_a_run_failed_is_told() {
    let lab = Lab::new();
    lab.kubeflow.script(Script::new().polls(0, 1).fails("train", "OOMKilled (exit code 137)"));
    let told = lab.kubeflow(&["run", "pipeline.yaml", "-p", "git_sha=abc", "--wait"], 1);
    assert!(told.contains("train") && told.contains("OOMKilled"), "{told}");
}

#[test]
fn a_run_that_takes_too_long_is_stopped() {
    let lab = Lab::new();
    lab.kubeflow.script(Script::new().polls(0, 1000));
    let told = lab.kubeflow(&["run", "pipeline.yaml", "-p", "git_sha=abc", "--key", "slow", "--wait", "--timeout", "1"], 1);
    assert!(told.contains("stopped"), "{told}");
    let run = lab.kubeflow.world().runs_named("churn-training [slow]")[0].clone();
    assert_eq!(lab.kubeflow.world().state_of(&run), Some(State::Failed));
}

#[test]
fn a_version_is_uploaded_once() {
    let lab = Lab::new();
    assert!(lab.kubeflow(&["upload", "pipeline.yaml", "--version", "abc123"], 0).contains("was uploaded"));
    assert!(lab.kubeflow(&["upload", "pipeline.yaml", "--version", "abc123"], 0).contains("there already"));
    lab.repo.write("pipeline.yaml", PIPELINE.replace("- train", "- other"));
    let told = lab.kubeflow(&["upload", "pipeline.yaml", "--version", "abc123"], 2);
    assert!(told.contains("abc123"), "{told}");
    let told = lab.kubeflow(&["run", "--pipeline", "churn-training", "--version", "abc123", "-p", "git_sha=a", "--no-cache"], 0);
    assert!(told.contains("copy of the version"), "{told}");
    let sent = lab.kubeflow.writes().last().map(|request| request.body.to_string()).unwrap_or_default();
    assert!(sent.contains("pipeline_spec") && !sent.contains(r#""enableCache":true"#), "{sent}");
    assert!(
        lab.kubeflow(&["run", "--pipeline", "churn-training", "--version", "gone", "-p", "git_sha=a"], 2).contains("no version `gone`")
    );
    assert!(lab.kubeflow(&["run", "--pipeline", "gone"], 2).contains("no pipeline `gone`"));
}

#[test]
fn a_lost_answer_leaves_one_run() {
    for what in [What::CutAfter, What::Unavailable(1)] {
        let lab = Lab::new();
        lab.kubeflow.fail(Fault::new("POST", "*/runs", what).first(1));
        let ran = lab.program().run(&["kubeflow", "run", "pipeline.yaml", "-p", "git_sha=abc", "--key", "once"]);
        let told = format!("{}{}", ran.stdout, ran.stderr);
        let again = lab.kubeflow(&["run", "pipeline.yaml", "-p", "git_sha=abc", "--key", "once"], 0);
        assert_eq!(lab.kubeflow.world().runs_named("churn-training [once]").len(), 1, "{told}\n{again}");
    }
}

#[test]
fn runs_are_stopped_and_schedules_listed() {
    let lab = Lab::new();
    lab.kubeflow.script(Script::new().polls(0, 1000));
    lab.kubeflow(&["run", "pipeline.yaml", "-p", "git_sha=abc", "--key", "slow"], 0);
    assert!(lab.kubeflow(&["stop", "slow"], 0).contains("was told to stop"));
    assert!(lab.kubeflow(&["stop", "gone"], 2).contains("no run"));
    assert!(lab.kubeflow(&["schedules"], 0).contains("no recurring runs"));
}

fn serving(lab: &Lab, plan: Plan) {
    let spec = json!({"predictor": {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://models/1"}}});
    lab.kubeflow.world().service("team-a", "churn", spec, Mode::Knative);
    lab.kubeflow.world().rollout("team-a", "churn", plan);
}

#[test]
fn a_model_is_rolled_out_and_taken_back() {
    let lab = Lab::new();
    serving(&lab, Plan::to(Rollout::Ready));
    let at = ["churn", "--namespace", "team-a"];
    let deploy = |more: &[&str], code| lab.kubeflow(&[&["deploy"], &at[..], &["--storage-uri", "s3://models/2"], more].concat(), code);
    let told = deploy(&["--canary", "10", "--dry-run"], 0);
    assert!(told.contains("would serve s3://models/2") && told.contains("10 %") && told.contains("before: s3://models/1"), "{told}");
    let told = deploy(&["--canary", "10", "--wait"], 0);
    assert!(told.contains("answers with s3://models/2") && told.contains("10 %"), "{told}");
    assert!(deploy(&["--canary", "10"], 0).contains("serves already"));
    let told = lab.kubeflow(&[&["promote"], &at[..], &["--wait"]].concat(), 0);
    assert!(told.contains("s3://models/2"), "{told}");
    let told = lab.kubeflow(&[&["rollback"], &at[..], &["--wait"]].concat(), 0);
    assert!(told.contains("s3://models/1"), "{told}");
    assert!(lab.kubeflow(&[&["service"], &at[..]].concat(), 0).contains("s3://models/1"));
    assert!(lab.kubeflow(&["service", "gone", "--namespace", "team-a"], 2).contains("gone"));
}

#[test]
fn a_rollout_whose_files_somebody_changed_since_is_not_taken_for_done() {
    let lab = Lab::new();
    serving(&lab, Plan::to(Rollout::Ready));
    let deploy = ["deploy", "churn", "--namespace", "team-a", "--storage-uri", "s3://models/2"];
    lab.kubeflow(&deploy, 0);
    lab.kubeflow.before("GET", "*/inferenceservices/churn", 1, |world| world.redirect("team-a", "churn", "s3://models/3"));
    let told = lab.kubeflow(&deploy, 1);
    assert!(told.contains("somebody changed the files"), "{told}");
}

#[test]
fn a_model_that_cannot_be_loaded_is_told_though_the_old_one_is_ready() {
    let lab = Lab::new();
    serving(&lab, Plan::to(Rollout::FailedLoad("ModelLoadFailed".to_owned(), "no such file".to_owned())));
    let args = ["deploy", "churn", "--namespace", "team-a", "--storage-uri", "s3://models/2", "--wait"];
    let told = lab.kubeflow(&args, 1);
    assert!(told.contains("no such file"), "{told}");
}

#[test]
fn a_trigger_rolls_a_model_out_once_and_back_when_it_fails() {
    let lab = Lab::new();
    serving(&lab, Plan::to(Rollout::FailedLoad("ModelLoadFailed".to_owned(), "no such file".to_owned())));
    let at = "service = \"churn\", namespace = \"team-a\"";
    let rules = format!(
        "[[trigger]]\nname = \"serve\"\non = \"push\"\n\
         [[trigger.step]]\nname = \"canary\"\nstart = {{ kserve = {{ {at}, storage_uri = \"s3://models/{{{{ event.head.commit }}}}\", canary = 10 }} }}\n\
         [[trigger.step]]\nname = \"all\"\nstart = {{ kserve = {{ {at}, promote = true }} }}\n\
         [[trigger.step]]\nname = \"back\"\nafter = \"failed\"\nstart = {{ kserve = {{ {at}, rollback = true }} }}\n"
    );
    lab.repo.write("proofmark.toml", rules).commit("rules");
    lab.repo.write("data", "1").commit("data");
    let trigger = || lab.program().run(&["trigger", "--event", "push", "--from", "main~1", "--wait"]);
    let ran = trigger();
    let told = format!("{}{}", ran.stdout, ran.stderr);
    assert!(told.contains("no such file"), "{told}");
    ran.expect(1);
    let now = lab.kubeflow.world().service_of("team-a", "churn").expect("the service");
    assert_eq!(now["spec"]["predictor"]["model"]["storageUri"], "s3://models/1", "{now}");
    let writes = lab.kubeflow.writes().len();
    trigger();
    assert_eq!(lab.kubeflow.writes().len(), writes, "the same event once more");
}
