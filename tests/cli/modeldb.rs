//! Runs of ModelDB, judged, against a ModelDB on loopback.

mod access;
mod broken;
mod hostile;
mod runs;

use proofmark_testkit::modeldb::{FakeModelDb, Form, RunSpec};
use proofmark_testkit::repo::TestRepo;
use proofmark_testkit::run::Program;
use serde_json::Value;

use crate::acting::chosen;
use crate::{change, findings, json, proofmark, statuses};

const SOURCE: &str = "[[modeldb]]\nproject = \"churn\"\n";
const RULE: &str = "[[rule]]\nmetric = \"auc\"\nmax_regression_abs = 0.01\n";

/// A change of a repository whose runs are logged to a server.
struct Lab {
    repo: TestRepo,
    modeldb: FakeModelDb,
    project: String,
    experiment: String,
    base: String,
    head: String,
}

impl Lab {
    /// Nothing trained yet.
    fn of(policy: &str) -> Self {
        Self::on(policy, Form::FrontEnd)
    }

    fn on(policy: &str, form: Form) -> Self {
        let repo = change(&[("proofmark.toml", policy)], &[]);
        let (base, head) = (repo.id("main"), repo.id("change"));
        let modeldb = FakeModelDb::of_form(form);
        let project = modeldb.world().project("churn");
        let experiment = modeldb.world().experiment(&project, "baseline");
        Self { repo, modeldb, project, experiment, base, head }
    }

    /// A run of each side with this `auc`.
    fn trained(policy: &str, base: f64, head: f64) -> Self {
        let lab = Self::of(policy);
        lab.train("of-base", &lab.base, base);
        lab.train("of-head", &lab.head, head);
        lab
    }

    /// One run of a commit.
    fn train(&self, name: &str, commit: &str, auc: f64) -> String {
        self.log(RunSpec { name, commit, metrics: &[("auc", auc)], ..RunSpec::default() })
    }

    fn log(&self, spec: RunSpec<'_>) -> String {
        self.modeldb.world().run(&self.experiment, spec)
    }

    fn program(&self) -> Program {
        proofmark(&self.repo).env("VERTA_HOST", self.modeldb.url()).env("PROOFMARK_NETWORK_SECONDS", "3")
    }

    /// The report of a gate that must end with `code`.
    #[track_caller]
    fn gate(&self, code: i32) -> Value {
        json(&self.program().run(&["gate", "--format", "json"]).expect(code))
    }

    /// What a gate that must end with `code` tells people.
    #[track_caller]
    fn told(&self, code: i32) -> String {
        told(&self.program(), code)
    }
}

/// What a gate that must end with `code` tells people.
#[track_caller]
fn told(program: &Program, code: i32) -> String {
    let ran = program.run(&["gate"]);
    let told = format!("{}{}", ran.stdout, ran.stderr);
    ran.expect(code);
    told
}

/// A policy with more lines in its `[[modeldb]]`.
fn policy(more: &str) -> String {
    format!("{SOURCE}{more}\n{RULE}")
}

/// Why runs of a side did not count, as it is written down.
fn aside(report: &Value, side: &str) -> String {
    report["comparison"]["tracked"][0][side]["set_aside"].to_string()
}
