//! Promotion in Kubeflow's Model Registry and in ModelDB, by the judgement of the runs that made the versions.

use proofmark_testkit::kubeflow::{FakeKubeflow, Fault, RunSpec, What};
use proofmark_testkit::modeldb::{self, FakeModelDb};
use proofmark_testkit::repo::TestRepo;
use proofmark_testkit::run::Program;
use serde_json::{Value, json};

use crate::{change, proofmark};

const RULE: &str = "[[rule]]\nmetric = \"*accuracy\"\nmax_regression_abs = 0.01\n";

/// A change whose runs and versions are in Kubeflow.
struct Kubeflow {
    repo: TestRepo,
    server: FakeKubeflow,
    model: String,
    /// The versions of base and head.
    versions: [String; 2],
}

impl Kubeflow {
    fn of(base: f64, head: f64) -> Self {
        Self::with("", base, head)
    }

    fn with(more: &str, base: f64, head: f64) -> Self {
        let policy = format!("[[kubeflow]]\nexperiment = \"ci\"\n{RULE}{more}");
        let repo = change(&[("proofmark.toml", &policy)], &[]);
        let server = FakeKubeflow::start();
        let experiment = server.experiment("ci");
        let model = server.world().registry.model("churn");
        let version = |name: &str, commit: String, accuracy: f64| {
            let spec = RunSpec::named(name).parameter("git_sha", commit).metrics("train", "metrics", &[("accuracy", accuracy)]);
            let run = server.run(&experiment, spec);
            server.world().registry.version(&model, name, &[("kfp_run_id", json!(run)), ("team", json!("ads"))])
        };
        let versions = [version("v1", repo.id("main"), base), version("v2", repo.id("change"), head)];
        Self { repo, server, model, versions }
    }

    fn program(&self) -> Program {
        let program = proofmark(&self.repo).env("KF_PIPELINES_ENDPOINT", self.server.url()).env("PROOFMARK_NETWORK_SECONDS", "5");
        program.env("MODEL_REGISTRY_ENDPOINT", self.server.url())
    }

    #[track_caller]
    fn promote(&self, more: &[&str], code: i32) -> String {
        let ran = self.program().run(&[&["promote", "churn", "--property", "stage=production"], more].concat());
        let told = format!("{}{}", ran.stdout, ran.stderr);
        ran.expect(code);
        told
    }

    fn property(&self, version: usize, name: &str) -> Option<String> {
        let found = self.server.world().registry.entity(&self.versions[version])?;
        found["customProperties"][name]["string_value"].as_str().map(str::to_owned)
    }
}

#[test]
fn a_version_of_a_run_that_passed_gets_the_property_with_its_evidence() {
    let lab = Kubeflow::of(0.93, 0.95);
    let told = lab.promote(&["--dry-run"], 0);
    assert!(told.contains("would move") && told.contains("stage = production"), "{told}");
    assert_eq!(lab.property(1, "stage"), None);
    let told = lab.promote(&[], 0);
    assert!(told.contains("moved from no version to version v2"), "{told}");
    assert_eq!(lab.property(1, "stage").as_deref(), Some("production"));
    assert_eq!((lab.property(1, "team").as_deref(), lab.property(1, "proofmark.verdict").as_deref()), (Some("ads"), Some("pass")));
    assert!(lab.property(1, "proofmark.report").is_some_and(|hash| hash.starts_with("sha256:")));
    assert!(lab.promote(&[], 0).contains("already"));
}

#[test]
fn what_the_gate_blocks_is_not_promoted() {
    let lab = Kubeflow::of(0.93, 0.80);
    let told = lab.promote(&[], 1);
    assert!(told.contains("nothing is promoted"), "{told}");
    assert_eq!(lab.property(1, "stage"), None);
    let told = lab.promote(&["--version", "v1"], 2);
    assert!(told.contains("none of the runs that were judged"), "{told}");
}

#[test]
fn the_way_back_leads_to_the_version_that_was_replaced() {
    let lab = Kubeflow::of(0.93, 0.95);
    lab.server.world().registry.version(&lab.model, "v0", &[]);
    lab.promote(&[], 0);
    // The first one has nothing to go back to.
    assert!(lab.promote(&["--rollback"], 2).contains("was the first"));
    let lab = Kubeflow::with("[baselines]\nproduction = \"model-registry:/churn@stage=production\"\n", 0.93, 0.95);
    lab.server.world().registry.set_text(&lab.versions[0], "stage", "production");
    let told = lab.promote(&[], 0);
    assert!(told.contains("moved from version v1 to version v2"), "{told}");
    assert_eq!((lab.property(0, "stage"), lab.property(1, "stage").as_deref()), (None, Some("production")));
    let told = lab.promote(&["--rollback"], 0);
    assert!(told.contains("went back from version v2 to version v1"), "{told}");
    assert_eq!((lab.property(0, "stage").as_deref(), lab.property(1, "stage")), (Some("production"), None));
    assert!(lab.promote(&["--rollback"], 0).contains("already"));
}

#[test]
fn a_promotion_that_was_cut_off_is_finished_by_the_next_try() {
    let lab = Kubeflow::of(0.93, 0.95);
    lab.server.world().registry.set_text(&lab.versions[0], "stage", "production");
    // The new version gets the property, and the old one cannot be written any more.
    lab.server.fail(Fault::new("PATCH", &format!("*/model_versions/{}", lab.versions[0]), What::Unavailable(1)));
    let ran = lab.program().run(&["promote", "churn", "--property", "stage=production"]);
    assert_ne!(ran.code, Some(0), "{ran:?}");
    assert_eq!((lab.property(0, "stage").as_deref(), lab.property(1, "stage").as_deref()), (Some("production"), Some("production")));
    lab.server.heal();
    let told = lab.promote(&[], 0);
    assert!(told.contains("was cleared"), "{told}");
    assert_eq!((lab.property(0, "stage"), lab.property(1, "stage").as_deref()), (None, Some("production")));
}

#[test]
fn production_is_compared_with() {
    let more = "[baselines]\nproduction = \"model-registry:/churn@stage=production\"\n[[rule]]\nmetric = \"*accuracy\"\nbaseline = \"production\"\nmax_regression_abs = 0.01\n";
    let lab = Kubeflow::with(more, 0.93, 0.95);
    lab.server.world().registry.set_text(&lab.versions[0], "stage", "production");
    let report = crate::json(&lab.program().run(&["gate", "--format", "json"]).expect(0));
    assert_eq!(report["comparison"]["references"][0]["revision"], "model-registry:/churn@stage=production, version v1", "{report}");
    // A version that says nothing of its run is nothing to compare with, and one of the change itself neither.
    lab.server.world().registry.set_text(&lab.versions[0], "kfp_run_id", "gone");
    let ran = lab.program().run(&["gate"]);
    let told = format!("{}{}", ran.stdout, ran.stderr);
    assert!(told.contains("`gone`"), "{told}");
}

/// A change whose runs are in ModelDB.
struct ModelDb {
    repo: TestRepo,
    server: FakeModelDb,
    runs: [String; 2],
}

impl ModelDb {
    fn of(base: f64, head: f64) -> Self {
        let policy = format!("[[modeldb]]\nproject = \"churn\"\n{RULE}");
        let repo = change(&[("proofmark.toml", &policy)], &[]);
        let server = FakeModelDb::start();
        let runs = {
            let mut world = server.world();
            let project = world.project("churn");
            let experiment = world.experiment(&project, "ci");
            let mut run = |commit: &str, accuracy: f64| {
                let metrics = [("accuracy", accuracy)];
                world.run(&experiment, modeldb::RunSpec { commit, metrics: &metrics, ..modeldb::RunSpec::default() })
            };
            [run(&repo.id("main"), base), run(&repo.id("change"), head)]
        };
        Self { repo, server, runs }
    }

    #[track_caller]
    fn promote(&self, more: &[&str], code: i32) -> String {
        let program = proofmark(&self.repo).env("VERTA_HOST", self.server.url()).env("PROOFMARK_NETWORK_SECONDS", "5");
        let ran = program.run(&[&["promote", "churn"], more].concat());
        let told = format!("{}{}", ran.stdout, ran.stderr);
        ran.expect(code);
        told
    }

    fn has(&self, run: usize, tag: &str) -> bool {
        self.server.world().tags(&self.runs[run]).contains(tag)
    }

    fn attribute(&self, run: usize, key: &str) -> Option<Value> {
        self.server.world().attribute(&self.runs[run], key)
    }
}

#[test]
fn a_run_of_modeldb_gets_a_tag_with_its_evidence_and_gives_it_back() {
    let lab = ModelDb::of(0.93, 0.95);
    lab.server.world().tag(&lab.runs[0], "production");
    assert!(lab.promote(&["--tag", "production", "--dry-run"], 0).contains("would move"));
    assert!(lab.server.writes().is_empty() && lab.has(0, "production"));
    lab.promote(&["--tag", "production"], 0);
    assert!(lab.has(1, "production") && !lab.has(0, "production"));
    assert_eq!(lab.attribute(1, "proofmark_verdict"), Some(json!("pass")));
    assert!(lab.promote(&["--tag", "production"], 0).contains("already"));
    assert!(lab.promote(&["--tag", "production", "--rollback"], 0).contains("went back"));
    assert!(lab.has(0, "production") && !lab.has(1, "production"));
    assert!(lab.promote(&["--tag", "production", "--rollback"], 0).contains("already"));
}

#[test]
fn an_attribute_of_modeldb_does_it_as_well() {
    let lab = ModelDb::of(0.93, 0.95);
    lab.promote(&["--attribute", "stage=production"], 0);
    assert_eq!(lab.attribute(1, "stage"), Some(json!("production")));
    let worse = ModelDb::of(0.93, 0.80);
    worse.promote(&["--attribute", "stage=production"], 1);
    assert_eq!(worse.attribute(1, "stage"), None);
    assert!(worse.promote(&["--tag", "production", "--version", &worse.runs[0]], 2).contains("was not judged"));
}

#[test]
fn somebody_else_who_tags_meanwhile_is_seen() {
    let lab = ModelDb::of(0.93, 0.95);
    let other = lab.runs[0].clone();
    // After what stands there was read, and before it is written.
    lab.server.before("GET", "*/getAttributes*", 1, move |world| world.tag(&other, "production"));
    let ran = proofmark(&lab.repo).env("VERTA_HOST", lab.server.url()).run(&["promote", "churn", "--tag", "production"]);
    let told = format!("{}{}", ran.stdout, ran.stderr);
    assert!(told.contains("moved meanwhile") && told.contains(&lab.runs[0]), "{told}");
    ran.expect(1);
}

#[test]
fn only_one_place_is_named() {
    let lab = ModelDb::of(0.93, 0.95);
    assert!(lab.promote(&["--tag", "a", "--alias", "b"], 2).contains("cannot be used with"));
    assert!(lab.promote(&["--attribute", "stage"], 2).contains("NAME=VALUE"));
    assert!(lab.promote(&[], 2).contains("required"));
}
