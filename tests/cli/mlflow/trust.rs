//! Who may say where the credentials go: the branch that the change goes into, and who starts the program.

use super::*;

/// A change that brings the first policy, with this server in it.
fn introduced(server: &FakeMlflow) -> TestRepo {
    let text = format!("[[mlflow]]\nexperiment = \"churn\"\ntracking_uri = \"{}\"\n{RULE}", server.url());
    change(&[], &[("proofmark.toml", &text)])
}

fn secrets(program: Program) -> Vec<Program> {
    let basic = program.clone().env("MLFLOW_TRACKING_USERNAME", "ci").env("MLFLOW_TRACKING_PASSWORD", "s3cret");
    vec![basic, program.env("MLFLOW_TRACKING_TOKEN", "s3cret")]
}

#[test]
fn a_change_does_not_lead_credentials_to_a_place_of_its_own() {
    let (ours, theirs) = (FakeMlflow::start(), FakeMlflow::start());
    theirs.experiment("churn");
    let repo = introduced(&theirs);
    let started = proofmark(&repo).env("MLFLOW_TRACKING_URI", ours.url()).env("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0");
    for program in secrets(started) {
        for arguments in
            [&["gate"][..], &["compare"], &["doctor"], &["promote", MODEL, "--alias", "champion"], &["gate", "--output", "r.json"]]
        {
            program.run(arguments);
        }
    }
    let asked = theirs.requests();
    assert!(!asked.is_empty() && asked.iter().all(|request| !request.authorized), "{asked:?}");
}

#[test]
fn the_registry_of_such_a_policy_gets_none_either() {
    let theirs = FakeMlflow::start();
    let churn = theirs.experiment("churn");
    let text = format!(
        "[[mlflow]]\nexperiment = \"churn\"\ntracking_uri = \"{}\"\n[baselines]\np = \"models:/m@c\"\n{RULE}baseline = \"p\"\n",
        theirs.url()
    );
    let repo = change(&[], &[("proofmark.toml", &text)]);
    theirs.run(&churn, RunSpec { commit: &repo.id("change"), metrics: &[("auc", 0.9)], ..RunSpec::default() });
    for program in secrets(proofmark(&repo)) {
        program.run(&["gate"]);
    }
    assert!(theirs.requests().iter().any(|request| request.path.contains("registered-models")));
    assert!(theirs.requests().iter().all(|request| !request.authorized));
}

#[test]
fn the_environments_own_address_may_be_named() {
    let ours = FakeMlflow::start();
    ours.experiment("churn");
    ours.require_token("s3cret");
    let repo = introduced(&ours);
    let program = proofmark(&repo).env("MLFLOW_TRACKING_URI", ours.url()).env("MLFLOW_TRACKING_TOKEN", "s3cret");
    program.run(&["gate"]);
    assert!(ours.requests().iter().any(|request| request.status == Some(200)));
}

#[test]
fn the_base_may_name_the_server() {
    let server = FakeMlflow::start();
    let churn = server.experiment("churn");
    server.require_token("s3cret");
    let text = format!("[[mlflow]]\nexperiment = \"churn\"\ntracking_uri = \"{}\"\n{RULE}", server.url());
    let repo = change(&[("proofmark.toml", &text)], &[]);
    for commit in [repo.id("main"), repo.id("change")] {
        server.run(&churn, RunSpec { commit: &commit, metrics: &[("auc", 0.9)], ..RunSpec::default() });
    }
    proofmark(&repo).env("MLFLOW_TRACKING_TOKEN", "s3cret").run(&["gate"]).expect(0);
}

#[test]
fn a_change_cannot_move_the_question_to_another_server() {
    let theirs = FakeMlflow::start();
    let lab = Lab::trained(&policy(""), 0.9, 0.5);
    let churn = theirs.experiment("churn");
    let text = format!("[[mlflow]]\nexperiment = \"churn\"\ntracking_uri = \"{}\"\n{RULE}", theirs.url());
    lab.repo.write("proofmark.toml", text);
    let head = lab.repo.commit("to a server of mine");
    lab.train(&head, 0.5);
    theirs.run(&churn, RunSpec { commit: &head, metrics: &[("auc", 0.99)], ..RunSpec::default() });
    assert_eq!(findings(&lab.gate(1))[0], "auc fail block regression-abs");
    assert!(theirs.requests().is_empty(), "{:?}", theirs.requests());
}

/// As MLflow's client has it: what stands in the address is meant for this very address.
#[test]
fn a_name_in_the_address_wins_over_the_environments() {
    let lab = Lab::trained(&policy(""), 0.9, 0.9);
    lab.mlflow.require_user("here", "right");
    let uri = lab.mlflow.url().replace("http://", "http://here:right@");
    let program = lab.program().env("MLFLOW_TRACKING_URI", uri).env("MLFLOW_TRACKING_USERNAME", "elsewhere");
    program.env("MLFLOW_TRACKING_PASSWORD", "wrong").run(&["gate"]).expect(0);
}
