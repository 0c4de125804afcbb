//! Servers that fail, refuse or are something else: never a pass, always a reason, never a secret.

use std::net::TcpListener;

use proofmark_testkit::mlflow::{Fault, What};
use proofmark_testkit::run::Ran;

use super::*;

const USER: &str = "änne müller";
const PASSWORD: &str = "kör ret:häst@stall";

/// Not judged, and what was told.
#[track_caller]
fn told(ran: Ran) -> String {
    let told = format!("{}\n{}", ran.stdout, ran.stderr);
    assert!(matches!(ran.code, Some(2 | 3)), "{:?} {told}", ran.code);
    told
}

fn good() -> Lab {
    Lab::trained(&policy(""), 0.9, 0.9)
}

#[track_caller]
fn no_secret(text: &str) {
    let coded = ["w6RubmUgbcO8bGxlcjprw7ZyIHJldDpow6RzdEBzdGFsbA==", "k%C3%B6r", "t0ken-very-secret"];
    for secret in [PASSWORD, "kör", "häst@"].iter().chain(&coded) {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}

#[test]
fn an_experiment_that_is_missing_or_deleted() {
    let lab = Lab::of(&policy("").replace("\"churn\"", "\"Churn\""));
    assert!(told(lab.program().run(&["gate"])).contains("there is no experiment `Churn`"));
    let lab = good();
    lab.mlflow.world().delete_experiment(&lab.experiment);
    let told = told(lab.program().run(&["gate"]));
    assert!(told.contains("churn") && (told.contains("deleted") || told.contains("no experiment")), "{told}");
}

#[test]
fn nobody_is_there() {
    let lab = good();
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let told = told(lab.program().env("MLFLOW_TRACKING_URI", format!("http://{free}")).run(&["gate"]));
    assert!(told.contains("reach") && told.contains("MLFLOW_TRACKING_URI"), "{told}");
}

#[test]
fn no_address_at_all() {
    let lab = good();
    let told = told(proofmark(&lab.repo).run(&["gate"]));
    assert!(told.contains("MLFLOW_TRACKING_URI") && told.contains("mlruns"), "{told}");
    for uri in ["ftp://x", "http://", "databricks", "postgresql://u:t0ken-very-secret@h/db", "http://h:99999999"] {
        let told = self::told(proofmark(&lab.repo).env("MLFLOW_TRACKING_URI", uri).run(&["gate"]));
        no_secret(&told);
    }
}

#[test]
fn who_is_not_let_in_is_told_what_to_set() {
    let lab = good();
    lab.mlflow.require_user(USER, PASSWORD);
    let outside = told(lab.program().run(&["gate"]));
    assert!(outside.contains("401") && outside.contains("MLFLOW_TRACKING_USERNAME"), "{outside}");
    let with = |password: &str| lab.program().env("MLFLOW_TRACKING_USERNAME", USER).env("MLFLOW_TRACKING_PASSWORD", password);
    with(PASSWORD).run(&["gate"]).expect(0);
    let wrong = told(with("t0ken-very-secret").run(&["gate"]));
    assert!(wrong.contains("401"), "{wrong}");
    no_secret(&wrong);
}

#[test]
fn tokens_and_addresses_with_a_name() {
    let lab = good();
    lab.mlflow.require_token("t0ken-very-secret");
    lab.program().env("MLFLOW_TRACKING_TOKEN", "t0ken-very-secret").run(&["gate"]).expect(0);
    told(lab.program().env("MLFLOW_TRACKING_TOKEN", "other").run(&["gate"]));
    // Name and password win over the token, as in MLflow's client.
    let both = lab.program().env("MLFLOW_TRACKING_TOKEN", "t0ken-very-secret").env("MLFLOW_TRACKING_USERNAME", "u");
    told(both.env("MLFLOW_TRACKING_PASSWORD", "p").run(&["gate"]));
    let lab = good();
    lab.mlflow.require_user(USER, PASSWORD);
    let uri = lab.mlflow.url().replace("http://", "http://%C3%A4nne%20m%C3%BCller:k%C3%B6r%20ret%3Ah%C3%A4st%40stall@");
    for arguments in [&["gate"][..], &["gate", "--format", "json"], &["compare"], &["doctor"], &["gate", "--format", "markdown"]] {
        let ran = lab.program().env("MLFLOW_TRACKING_URI", &uri).run(arguments);
        no_secret(&format!("{}{}", ran.stdout, ran.stderr));
        ran.expect(0);
    }
}

#[test]
fn a_server_that_says_the_secret_back() {
    let lab = good();
    for (status, text) in [
        (400, format!("{{\"error_code\": \"BAD\", \"message\": \"you sent {PASSWORD}\"}}")),
        (500, format!("no {PASSWORD}")),
        (200, format!("{{\"experiment\": \"{PASSWORD}\"}}")),
        (200, format!("<title>{PASSWORD}</title>")),
    ] {
        lab.mlflow.heal();
        lab.mlflow.fail(Fault::new("*", "*", What::Body(status, text)));
        for form in ["table", "json", "markdown"] {
            let program = lab.program().env("MLFLOW_TRACKING_USERNAME", USER).env("MLFLOW_TRACKING_PASSWORD", PASSWORD);
            no_secret(&told(program.run(&["gate", "--format", form])));
        }
    }
}

#[test]
fn a_user_without_rights_and_an_unknown_host() {
    let lab = good();
    lab.mlflow.fail(Fault::new("*", "*", What::Body(403, "Permission denied".to_owned())));
    let denied = told(lab.program().run(&["gate"]));
    assert!(denied.contains("403") && denied.contains("Permission denied"), "{denied}");
    lab.mlflow.heal();
    lab.mlflow.allow_host("mlflow.corp:5000");
    let host = told(lab.program().run(&["gate"]));
    assert!(host.contains("Invalid Host header") && host.contains("--allowed-hosts"), "{host}");
}

#[test]
fn answers_that_are_not_mlflows() {
    let whats = [
        What::Html(200),
        What::Html(502),
        What::Empty,
        What::Truncated,
        What::WrongShape,
        What::CutInBody,
        What::CutBefore,
        What::StatusBefore(500),
        What::StatusBefore(404),
        What::StatusBefore(204),
        What::Body(200, "{}".to_owned()),
        What::Body(200, "{\"login\": \"here\"}".to_owned()),
        What::Body(200, "{\"runs\": null}".to_owned()),
        What::Body(404, "{\"error_code\": \"RESOURCE_DOES_NOT_EXIST\", \"message\": \"x\"}".to_owned()),
    ];
    let lab = good();
    for what in whats {
        for path in ["*/experiments/get-by-name", "*/runs/search"] {
            lab.mlflow.heal();
            lab.mlflow.fail(Fault::new("*", path, what.clone()));
            let told = told(lab.program().run(&["gate"]));
            assert!(told.contains("mlflow:churn"), "{what:?} {path}: {told}");
        }
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let (lab, other) = (good(), FakeMlflow::start());
    lab.mlflow.fail(Fault::new("*", "*", What::Redirect(302, format!("{}/login?x=t0ken-very-secret", other.url()))));
    let told = told(lab.program().env("MLFLOW_TRACKING_TOKEN", "t0ken-very-secret").run(&["gate"]));
    assert!(told.contains("302"), "{told}");
    no_secret(&told);
    assert!(other.requests().is_empty(), "{:?}", other.requests());
}

#[test]
fn what_passes_is_waited_for() {
    let lab = good();
    lab.mlflow.fail(Fault::new("*", "*/runs/search", What::Unavailable(0)).first(2));
    lab.mlflow.fail(Fault::new("*", "*/experiments/*", What::TooManyRequests(Some(0))).first(1));
    let report = json(&lab.patient().run(&["gate", "--format", "json"]).expect(0));
    assert_eq!(findings(&report), ["auc pass allow"]);
}

#[test]
fn a_server_that_is_too_slow() {
    let lab = good();
    lab.mlflow.fail(Fault::new("*", "*", What::Slow(20_000)));
    let started = std::time::Instant::now();
    told(lab.program().env("PROOFMARK_NETWORK_SECONDS", "1").run(&["gate"]));
    assert!(started.elapsed().as_secs() < 10);
}

#[test]
fn below_a_path_and_on_mlflow_2() {
    let lab = good();
    lab.mlflow.mount("/ml-flow");
    lab.program().env("MLFLOW_TRACKING_URI", format!("{}/", lab.mlflow.url())).run(&["gate"]).expect(0);
    let old = Lab::on(&policy(""), Version::Old);
    old.train(&old.base, 0.9);
    old.train(&old.head, 0.8);
    assert_eq!(findings(&old.gate(1)), ["auc fail block regression-abs"]);
}

#[test]
fn what_fails_on_the_heads_side_alone_blocks_too() {
    for nth in [1, 2] {
        let lab = good();
        lab.mlflow.fail(Fault::new("POST", "*/runs/search", What::StatusBefore(500)).nth(nth));
        let report = lab.gate(2);
        assert_eq!(report["judgement"]["effect"], "block", "{nth}");
    }
}
