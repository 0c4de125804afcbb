//! Jobs of Jenkins, started once by a trigger.

use proofmark_testkit::jenkins::{Definition, FakeJenkins, Fault, JobSpec, Options, Outcome, What};

use super::*;

fn rule(more: &str) -> String {
    format!(
        "[[trigger]]\nname = \"train\"\non = \"push\"\n[trigger.start.jenkins]\njob = \"ml/train\"\nparameters = {{ DATA = \"{{{{ event.head.commit }}}}\" }}\n{more}\n"
    )
}

fn keyed(result: Outcome) -> JobSpec {
    JobSpec { parameters: vec![Definition::text("DATA", "all"), Definition::text("PROOFMARK_KEY", "")], result, ..JobSpec::default() }
}

/// A clone, and the Jenkins that its triggers speak to.
struct Yard {
    clone: Clone,
    jenkins: FakeJenkins,
}

impl Yard {
    fn new(rules: &str, spec: JobSpec) -> Self {
        let (clone, jenkins) = (Clone::new(rules), FakeJenkins::with(Options { context: "/jenkins".to_owned(), ..Options::default() }));
        jenkins.job("ml/train", spec);
        clone.commit("data/a.csv", "2");
        Self { clone, jenkins }
    }

    fn program(&self) -> Program {
        let program = self.clone.program().env("JENKINS_USER_ID", "ada").env("JENKINS_API_TOKEN", "11token");
        program.env("JENKINS_URL", self.jenkins.url())
    }

    /// Each time on a machine without a journal.
    fn push(&self, arguments: &[&str]) -> Ran {
        let _ = fs::remove_dir_all(self.clone.repo.path().join(".git/proofmark"));
        self.program().run(&[&["trigger", "--event", "push", "--from", "HEAD~1"], arguments].concat())
    }

    fn starts(&self) -> usize {
        self.jenkins.starts("ml/train").iter().filter(|start| !start.cancelled).count()
    }
}

#[test]
fn a_job_is_started_once_with_the_key() {
    let yard = Yard::new(&rule(""), keyed(Outcome::Success));
    let told = yard.push(&[]).expect(0);
    let start = yard.jenkins.starts("ml/train").remove(0);
    assert!(told.contains("▶ train") && told.contains(&start.parameters["PROOFMARK_KEY"]), "{told}");
    assert_eq!(start.parameters["DATA"], yard.clone.repo.id("HEAD"));
    let told = yard.push(&[]).expect(0);
    assert!(told.contains("= train"), "{told}");
    assert_eq!(yard.starts(), 1);
}

#[test]
fn a_lost_answer_is_no_second_build() {
    for what in [What::StatusAfter(502), What::CutAfter, What::CutBefore] {
        let yard = Yard::new(&rule(""), keyed(Outcome::Success));
        yard.jenkins.fail(Fault::new("POST", "*", what.clone()).nth(1));
        yard.push(&["--wait"]).expect(0);
        yard.push(&[]).expect(0);
        assert_eq!(yard.starts(), 1, "{what:?}");
    }
}

#[test]
fn its_result_is_the_exit_code() {
    for (result, accept, code) in [
        (Outcome::Success, "", 0),
        (Outcome::Unstable, "", 1),
        (Outcome::Unstable, "accept = \"UNSTABLE\"", 0),
        (Outcome::Failure, "accept = \"UNSTABLE\"", 1),
    ] {
        let yard = Yard::new(&rule(accept), keyed(result));
        let told = yard.push(&["--wait"]).expect(code);
        assert!(told.contains(result.name()), "{told}");
    }
}

#[test]
fn a_parameter_that_the_job_has_not_is_refused() {
    let yard = Yard::new(&rule("").replace("DATA =", "DAAT ="), keyed(Outcome::Success));
    let told = yard.push(&[]).expect_error(2);
    assert!(told.contains("trigger `train` (line 1)") && told.contains("`DAAT`") && told.contains("did you mean `DATA`?"), "{told}");
    assert_eq!(yard.starts(), 0);
}

#[test]
fn a_job_without_a_parameter_for_the_key_is_not_started() {
    let spec = JobSpec { parameters: vec![Definition::text("DATA", "all")], ..JobSpec::default() };
    let yard = Yard::new(&rule(""), spec);
    let told = yard.push(&[]).expect_error(2);
    assert!(told.contains("trigger `train`") && told.contains("PROOFMARK_KEY"), "{told}");
    assert_eq!(yard.starts(), 0);
}

#[test]
fn a_jenkins_that_is_down_is_an_error_that_names_the_trigger() {
    let yard = Yard::new(&rule(""), keyed(Outcome::Success));
    let arguments = ["trigger", "--event", "push", "--from", "HEAD~1"];
    let told =
        yard.program().env("JENKINS_URL", "http://127.0.0.1:9").env("PROOFMARK_NETWORK_SECONDS", "1").run(&arguments).expect_error(3);
    assert!(told.contains("trigger `train`") && !told.contains("11token"), "{told}");
    let told = yard.clone.program().run(&arguments).expect_error(2);
    assert!(told.contains("trigger `train`") && told.contains("JENKINS_URL"), "{told}");
}

#[test]
fn a_build_is_an_event() {
    let rules =
        "[[trigger]]\nname = \"after\"\non = \"push\"\n[trigger.start.command]\nargv = [\"sh\", \"tool.sh\", \"{{ event.branch }}\"]\n";
    let yard = Yard::new(rules, JobSpec::default());
    let variables = [
        ("JOB_NAME", "ml/widgets/main"),
        ("BUILD_NUMBER", "3"),
        ("BUILD_URL", "https://ci.example.org/job/ml/job/widgets/job/main/3/"),
        ("BRANCH_NAME", "main"),
        ("GIT_URL", "https://github.com/acme/widgets.git"),
    ];
    let program = variables.into_iter().fold(yard.program(), |program, (name, value)| program.env(name, value));
    let ran = program.env("GIT_COMMIT", yard.clone.repo.id("HEAD")).run(&["trigger", "--explain"]);
    assert!(ran.stdout.contains("after"), "{ran:?}");
    ran.expect(0);
}
