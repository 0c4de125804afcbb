//! Who asks, and what stands in front of a server.

use proofmark_testkit::kubeflow::{FakeKubeflow, Fault, What};

use super::{Lab, policy};

#[test]
fn tokens_and_cookies() {
    let lab = Lab::trained(&policy(""), 0.93, 0.95);
    lab.kubeflow.require_token("t0ken-of-ada");
    let told = lab.told(2);
    assert!(told.contains("401") && told.contains("KF_PIPELINES_TOKEN"), "{told}");
    lab.program().env("KF_PIPELINES_TOKEN", "t0ken-of-ada").run(&["gate"]).expect(0);
    let file = lab.repo.outside().join("token");
    std::fs::write(&file, "t0ken-of-ada\n").expect("a file");
    lab.program().env("KF_PIPELINES_SA_TOKEN_PATH", file.display().to_string()).run(&["gate"]).expect(0);
    let ran = lab.program().env("KF_PIPELINES_TOKEN", "wr0ng-token-of-ada").run(&["gate"]);
    let told = format!("{}{}", ran.stdout, ran.stderr);
    ran.expect(2);
    assert!(!told.contains("wr0ng-token"), "{told}");
}

#[test]
fn a_session_that_has_run_out_is_no_empty_list() {
    let lab = Lab::trained(&policy(""), 0.93, 0.95);
    lab.kubeflow.require_cookie("oauth2_proxy_kubeflow=abc123");
    lab.program().env("KF_PIPELINES_COOKIE", "oauth2_proxy_kubeflow=abc123").run(&["gate"]).expect(0);
    let ran = lab.program().env("KF_PIPELINES_COOKIE", "oauth2_proxy_kubeflow=stale").run(&["gate"]);
    let told = format!("{}{}", ran.stdout, ran.stderr);
    ran.expect(2);
    assert!(told.contains("login") && !told.contains("no run"), "{told}");
}

#[test]
fn servers_that_fail() {
    let lab = Lab::trained(&policy(""), 0.93, 0.95);
    lab.kubeflow.fail(Fault::new("GET", "*/runs*", What::Unavailable(1)).first(2));
    lab.program().env("PROOFMARK_NETWORK_SECONDS", "20").run(&["gate"]).expect(0);
    lab.kubeflow.heal();
    lab.kubeflow.fail(Fault::new("GET", "*/runs*", What::Unavailable(1)));
    let told = lab.told(2);
    assert!(told.contains("kubeflow:churn"), "{told}");
    let nobody = lab.program().env("KF_PIPELINES_ENDPOINT", "http://127.0.0.1:9").run(&["gate"]);
    let told = format!("{}{}", nobody.stdout, nobody.stderr);
    nobody.expect(2);
    assert!(told.contains("cannot reach"), "{told}");
}

#[test]
fn a_namespace_is_needed_where_there_are_users() {
    let kubeflow = FakeKubeflow::start().with(|world| world.multi_user = true);
    let lab = Lab::on(&policy(""), kubeflow);
    let told = lab.told(2);
    assert!(told.contains("namespace"), "{told}");
}
