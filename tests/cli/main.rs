//! The real binary on real git repositories: one file per subcommand, and one for what is hostile or broken.

mod acting;
mod bad_input;
mod compare;
mod demo;
mod evidence;
mod exit_codes;
mod explain;
mod gate;
mod github;
mod hook;
mod hostile;
mod init;
mod jenkins;
mod kubeflow;
mod kubeflow_commands;
mod log;
mod mlflow;
mod modeldb;
mod outputs;
mod plan;
mod promotions;
mod readme;
mod record;
mod recorded_log;
mod replay;
mod revisions;
mod schema;
mod trigger;
mod walls;

use proofmark_testkit::repo::TestRepo;
use proofmark_testkit::run::Program;
use serde_json::Value;

/// The binary, started in the repository.
fn proofmark(repo: &TestRepo) -> Program {
    Program::new(env!("CARGO_BIN_EXE_proofmark"), repo.path())
}

/// A repository with `base` on main and `head` on the branch `change`, which is checked out.
fn change(base: &[(&str, &str)], head: &[(&str, &str)]) -> TestRepo {
    let repo = TestRepo::new();
    for (path, text) in base {
        repo.write(path, text);
    }
    repo.write("README", "x");
    repo.commit("base");
    repo.branch("change").switch("change");
    for (path, text) in head {
        repo.write(path, text);
    }
    repo.write("README", "y");
    repo.commit("head");
    repo
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// `key status` of every metric of a comparison or a report.
fn statuses(document: &Value) -> Vec<String> {
    let rows = document["comparison"]["metrics"].as_array().expect("metrics is a list");
    rows.iter().map(|row| format!("{} {}", row["key"].as_str().unwrap_or_default(), row["status"].as_str().unwrap_or_default())).collect()
}

/// `metric verdict effect reasons` of every finding of a report.
fn findings(document: &Value) -> Vec<String> {
    let rows = document["judgement"]["findings"].as_array().expect("findings is a list");
    let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    let reasons = |row: &Value| row["reasons"].as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(",");
    rows.iter()
        .map(|row| {
            format!("{} {} {} {}", text(row, "metric"), text(row, "verdict"), text(row, "effect"), reasons(row)).trim_end().to_owned()
        })
        .collect()
}
