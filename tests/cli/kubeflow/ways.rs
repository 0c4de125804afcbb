//! Where the metrics of runs are, in servers of every age, and on this machine.

use proofmark_testkit::kubeflow::{FakeKubeflow, RunSpec, Script, Version};
use proofmark_testkit::mlflow::FakeMlflow;

use super::{Lab, chosen, policy};
use crate::json;

#[test]
fn newer_servers_keep_metrics_as_artifacts() {
    let kubeflow = FakeKubeflow::start().with(|world| world.version = Version::Artifacts);
    let lab = Lab::on(&policy(""), kubeflow);
    lab.train("of-base", &lab.base, 0.93);
    lab.train("of-head", &lab.head, 0.90);
    assert!(lab.told(1).contains("from the server's artifacts"));
}

#[test]
fn the_oldest_keep_them_with_the_run() {
    let kubeflow = FakeKubeflow::start().with(|world| world.version = Version::V1);
    let lab = Lab::on(&policy(""), kubeflow);
    lab.train("of-base", &lab.base, 0.93);
    lab.train("of-head", &lab.head, 0.90);
    let report = json(&lab.program().run(&["gate", "--format", "json"]).stdout);
    assert!(report["comparison"]["tracked"][0].to_string().contains("from the metrics of version 1"), "{report}");
}

#[test]
fn runs_that_log_to_mlflow_are_read_there() {
    let mlflow = FakeMlflow::start();
    let churn = mlflow.experiment("churn");
    let lab = Lab::of(&policy(""));
    for (name, commit, accuracy) in [("b", &lab.base, 0.93), ("h", &lab.head, 0.95)] {
        let root =
            mlflow.run(&churn, proofmark_testkit::mlflow::RunSpec { metrics: &[("train.accuracy", accuracy)], ..Default::default() });
        let script = Script::new().mlflow("churn", &root);
        lab.log(RunSpec::named(name).parameter("git_sha", commit.as_str()).script(script));
    }
    let report = json(&lab.program().env("MLFLOW_TRACKING_URI", mlflow.url()).run(&["gate", "--format", "json"]).expect(0));
    assert!(report["comparison"]["tracked"][0].to_string().contains("of MLflow"), "{report}");
    // Where MLflow is not named, or cannot be opened, that is said, and nothing passes for it.
    let unnamed = lab.program().run(&["gate"]);
    assert!(unnamed.code == Some(2) && unnamed.stdout.contains("set MLFLOW_TRACKING_URI"), "{unnamed:?}");
    let odd = lab.program().env("MLFLOW_TRACKING_URI", "gopher://x").run(&["gate"]);
    assert!(odd.code == Some(2) && format!("{}{}", odd.stdout, odd.stderr).contains("gopher"), "{odd:?}");
    let gone = lab.program().env("MLFLOW_TRACKING_URI", "http://127.0.0.1:9").env("PROOFMARK_NETWORK_SECONDS", "1").run(&["gate"]);
    assert!(gone.code == Some(2), "{gone:?}");
}

#[test]
fn a_local_run_stands_for_work_that_no_server_has_trained() {
    let lab = Lab::of(&policy("local = \"local_outputs\""));
    lab.train("of-base", &lab.base, 0.93);
    let given = |accuracy: f64| {
        format!(
            r#"{{"artifacts": {{"metrics": {{"artifacts": [{{"name": "3", "uri": "/x", "metadata": {{"accuracy": {accuracy}}}}}]}}}}}}"#
        )
    };
    lab.repo.write("local_outputs/churn-2026-08-30-12-00-00-123456/train/executor_output.json", given(0.99));
    lab.repo.write("local_outputs/churn-2026-08-31-12-00-00-123456/train/executor_output.json", given(0.90));
    let told = lab.told(1);
    assert!(told.contains("newest local run"), "{told}");
    // In CI the files of a checkout are the change's own.
    let ran = lab.program().env("CI", "true").run(&["gate"]);
    ran.expect(2);
    // A run of the server counts first.
    lab.train("of-head", &lab.head, 0.95);
    let report = lab.gate(0);
    assert_eq!(chosen(&report, "head"), ["of-head"]);
}
