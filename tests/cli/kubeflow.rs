//! Runs of Kubeflow Pipelines, judged, started and served, against a Kubeflow on loopback.

mod access;
mod faults;
mod hostile;
mod runs;
mod trigger;
mod ways;

use proofmark_testkit::kubeflow::{FakeKubeflow, RunSpec};
use proofmark_testkit::repo::TestRepo;
use proofmark_testkit::run::Program;
use serde_json::Value;

use crate::acting::chosen;
use crate::{change, json, proofmark};

const SOURCE: &str = "[[kubeflow]]\nexperiment = \"ci\"\nname = \"churn\"\n";
const RULE: &str = "[[rule]]\nmetric = \"train.accuracy\"\nmax_regression_abs = 0.01\n";

/// A change of a repository whose pipeline runs on a server.
struct Lab {
    repo: TestRepo,
    kubeflow: FakeKubeflow,
    experiment: String,
    base: String,
    head: String,
}

impl Lab {
    /// Nothing trained yet.
    fn of(policy: &str) -> Self {
        Self::on(policy, FakeKubeflow::start())
    }

    fn on(policy: &str, kubeflow: FakeKubeflow) -> Self {
        let repo = change(&[("proofmark.toml", policy)], &[]);
        let (base, head) = (repo.id("main"), repo.id("change"));
        let experiment = kubeflow.experiment("ci");
        Self { repo, kubeflow, experiment, base, head }
    }

    /// A run of each side with this accuracy.
    fn trained(policy: &str, base: f64, head: f64) -> Self {
        let lab = Self::of(policy);
        lab.train("of-base", &lab.base, base);
        lab.train("of-head", &lab.head, head);
        lab
    }

    /// One run of a commit.
    fn train(&self, name: &str, commit: &str, accuracy: f64) -> String {
        self.log(RunSpec::named(name).parameter("git_sha", commit).metrics("train", "metrics", &[("accuracy", accuracy)]))
    }

    fn log(&self, spec: RunSpec) -> String {
        self.kubeflow.run(&self.experiment, spec)
    }

    fn program(&self) -> Program {
        proofmark(&self.repo).env("KF_PIPELINES_ENDPOINT", self.kubeflow.url()).env("PROOFMARK_NETWORK_SECONDS", "3")
    }

    /// The report of a gate that must end with `code`.
    #[track_caller]
    fn gate(&self, code: i32) -> Value {
        json(&self.program().run(&["gate", "--format", "json"]).expect(code))
    }

    /// What a gate that must end with `code` tells people.
    #[track_caller]
    fn told(&self, code: i32) -> String {
        let ran = self.program().run(&["gate"]);
        let told = format!("{}{}", ran.stdout, ran.stderr);
        ran.expect(code);
        told
    }
}

/// A policy with more lines in its `[[kubeflow]]`.
fn policy(more: &str) -> String {
    format!("{SOURCE}{more}\n{RULE}")
}
