//! Runs of MLflow, judged and promoted, against a tracking server on loopback: what stands there afterwards is what counts.

mod broken;
mod choice;
mod events;
mod forged;
mod hostile;
mod options;
mod pitfalls;
mod production;
mod promote;
mod races;
mod rollback;
mod several;
mod stages;
mod tables;
mod trust;
mod uses;

use proofmark_testkit::mlflow::{FakeMlflow, RunSpec, Version};
use proofmark_testkit::repo::TestRepo;
use proofmark_testkit::run::Program;
use serde_json::Value;

use crate::acting::chosen;
use crate::{change, findings, json, proofmark, statuses};

const MODEL: &str = "churn-clf";
const SOURCE: &str = "[[mlflow]]\nexperiment = \"churn\"\n";
const RULE: &str = "[[rule]]\nmetric = \"auc\"\nmax_regression_abs = 0.01\n";
/// 2024-01-01, the day of the repositories' commits.
const NOW: &str = "1704110400";

/// A change of a repository whose runs are logged to a server.
struct Lab {
    repo: TestRepo,
    mlflow: FakeMlflow,
    experiment: String,
    base: String,
    head: String,
}

impl Lab {
    /// Nothing trained yet.
    fn of(policy: &str) -> Self {
        Self::on(policy, Version::New)
    }

    fn on(policy: &str, version: Version) -> Self {
        let repo = change(&[("proofmark.toml", policy)], &[]);
        let (base, head) = (repo.id("main"), repo.id("change"));
        let mlflow = FakeMlflow::of_version(version);
        let experiment = mlflow.experiment("churn");
        Self { repo, mlflow, experiment, base, head }
    }

    /// A run of each side with this `auc`.
    fn trained(policy: &str, base: f64, head: f64) -> Self {
        let lab = Self::of(policy);
        lab.train(&lab.base, base);
        lab.train(&lab.head, head);
        lab
    }

    /// One run of a commit.
    fn train(&self, commit: &str, auc: f64) -> String {
        self.log(RunSpec { commit, metrics: &[("auc", auc)], models: &["model"], ..RunSpec::default() })
    }

    fn log(&self, spec: RunSpec<'_>) -> String {
        self.mlflow.run(&self.experiment, spec)
    }

    /// The binary as it is started where MLflow's own client works; nothing is tried twice.
    fn program(&self) -> Program {
        self.patient().env("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    }

    /// The same with the usual patience.
    fn patient(&self) -> Program {
        proofmark(&self.repo).env("MLFLOW_TRACKING_URI", self.mlflow.url()).env("PROOFMARK_NOW", NOW)
    }

    /// The report of a gate that must end with `code`.
    #[track_caller]
    fn gate(&self, code: i32) -> Value {
        json(&self.program().run(&["gate", "--format", "json"]).expect(code))
    }

    #[track_caller]
    fn promote(&self, more: &[&str], code: i32) -> (String, String) {
        let ran = self.program().run(&[&["promote", MODEL, "--alias", "champion"], more].concat());
        let told = (ran.stdout.clone(), ran.stderr.clone());
        ran.expect(code);
        told
    }

    /// `METHOD path` of every request that would change something.
    fn writes(&self) -> Vec<String> {
        let short = |path: &str| path.rsplit("/mlflow/").next().unwrap_or_default().to_owned();
        self.mlflow.writes().iter().map(|request| format!("{} {}", request.method, short(&request.path))).collect()
    }

    fn champion(&self) -> Option<u64> {
        self.mlflow.alias_of(MODEL, "champion")
    }

    /// A policy in the place of the base's, and the change on top of it.
    fn file(&self, name: &str) -> String {
        self.repo.outside().join(name).display().to_string()
    }
}

/// A policy with more lines in its `[[mlflow]]`.
fn policy(more: &str) -> String {
    format!("{SOURCE}{more}\n{RULE}")
}

/// `why: names` of the runs of a side that did not count.
fn aside(report: &Value, side: &str) -> Vec<String> {
    let all = report["comparison"]["tracked"][0][side]["set_aside"].as_array();
    let names = |one: &Value| one["runs"].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(",");
    all.into_iter().flatten().map(|one| format!("{}: {}", one["why"].as_str().unwrap_or_default(), names(one))).collect()
}

fn finding<'a>(report: &'a Value, metric: &str) -> &'a Value {
    let all = report["judgement"]["findings"].as_array().expect("findings is a list");
    all.iter().find(|finding| finding["metric"] == metric).unwrap_or_else(|| panic!("no finding on {metric}: {all:?}"))
}
