use proofmark_testkit::kubeflow::{FakeKubeflow, Fault, Version as Server, What};

use super::super::rig::{CHURN, pipelines, terms};
use super::*;
use crate::{Access, Credentials};

/// Uploads with a name of its own for people.
fn shown(client: &Pipelines, path: &str, query: &[(&str, &str)]) {
    let body = format!("--b\r\nContent-Disposition: form-data; name=\"uploadfile\"; filename=\"a.yaml\"\r\n\r\n{CHURN}\r\n--b--\r\n");
    let call = Call::change(http::Method::POST, "pipeline", format!("{V2}/pipelines/{path}"));
    let call = query.iter().fold(call, |call, (name, value)| call.with(name, value));
    client.api().json::<Value>(&call.body("multipart/form-data; boundary=b", body.into_bytes())).expect("uploaded");
}

#[test]
fn pipelines_and_versions_are_found_by_both_of_their_names() {
    let kubeflow = FakeKubeflow::start();
    let client = pipelines(&kubeflow);
    shown(&client, "upload", &[("name", "churn"), ("display_name", "Churn + 5%")]);
    let pipeline = client.pipeline("Churn + 5%").expect("an answer").expect("a pipeline");
    assert_eq!(client.pipeline("churn").expect("an answer").as_ref(), Some(&pipeline));
    assert_eq!((client.pipeline("CHURN"), client.pipeline("chur")), (Ok(None), Ok(None)));
    for name in ["v1", "v2"] {
        shown(&client, "upload_version", &[("name", name), ("display_name", "same"), ("pipelineid", &pipeline.id)]);
    }
    let version = client.version(&pipeline, "v2").expect("an answer").expect("a version");
    assert_eq!(client.newest_version(&pipeline), Ok(Some(version)));
    let error = client.version(&pipeline, "same").expect_err("two of them").to_string();
    assert!(error.contains("2 versions"), "{error}");
    shown(&client, "upload", &[("name", "other"), ("display_name", "Churn + 5%")]);
    let error = client.pipeline("Churn + 5%").expect_err("two of them");
    assert!(error.hint().is_some_and(|hint| hint.contains("churn, other")), "{error}");
}

#[test]
fn a_server_that_knows_one_key_alone_is_asked_by_the_other() {
    let kubeflow = FakeKubeflow::start().with(|world| world.version = Server::V1);
    let (pipeline, version) = kubeflow.pipeline("churn", CHURN);
    let client = pipelines(&kubeflow);
    kubeflow.fail(Fault::new("GET", "*/pipelines", What::Body(400, r#"{"code":3,"message":"no support"}"#.to_owned())).nth(1));
    kubeflow.fail(Fault::new("GET", "*/versions", What::Body(400, r#"{"code":3,"message":"no support"}"#.to_owned())).nth(1));
    let found = client.pipeline("churn").expect("an answer").expect("a pipeline");
    assert_eq!(found.id, pipeline);
    assert_eq!(client.version(&found, "churn").expect("an answer").map(|found| found.id), Some(version));
}

#[test]
fn pipelines_for_everybody_are_found_from_a_namespace() {
    let kubeflow = FakeKubeflow::start().with(|world| {
        world.multi_user = true;
        world.members.insert("alice".to_owned(), vec!["team-a".to_owned()]);
        world.pipeline("shared", CHURN);
    });
    let access = Access { address: kubeflow.url(), credentials: Credentials::User("alice".to_owned()), terms: terms() };
    let client = Pipelines::open(&access, Some("team-a")).expect("a way to the server");
    assert_eq!(client.pipeline("shared").expect("an answer").and_then(|found| found.namespace), None);
    assert_eq!(client.pipelines().expect("pipelines").len(), 1);
    let without = Pipelines::open(&access, None).expect("a way to the server");
    assert!(matches!(without.pipeline("shared"), Err(Error::Input { .. })));
}
