use proofmark_testkit::kubeflow::{FakeKubeflow, Fault, What};

use super::super::rig::{CHURN, pipelines, spec};
use super::*;

fn upload<'a>(spec: &'a Spec, version: &'a str) -> Upload<'a> {
    Upload { pipeline: "churn", version, spec, description: Some("from CI"), source: None }
}

#[test]
fn pipelines_and_versions_are_uploaded_once() {
    let (kubeflow, spec) = (FakeKubeflow::start(), spec());
    let client = pipelines(&kubeflow);
    let first = client.upload(&upload(&spec, "abc1234")).expect("uploaded");
    assert_eq!((first.was_there, first.version.name.as_str()), (false, "abc1234"));
    let again = client.upload(&upload(&spec, "abc1234")).expect("there");
    assert_eq!((again.was_there, &again.version.id), (true, &first.version.id));
    assert_eq!(kubeflow.world().versions_of(&first.pipeline.id), ["churn", "abc1234"]);
    let other = Spec::parse(CHURN.replace("3.11", "3.12").as_bytes()).expect("a pipeline");
    let error = client.upload(&upload(&other, "abc1234")).expect_err("taken");
    assert!(error.to_string().contains("taken by another content") && matches!(error, Error::Input { .. }), "{error}");
    assert!(!client.upload(&upload(&other, "def5678")).expect("uploaded").was_there);
    assert_eq!(client.upload(&upload(&spec, "churn")).map(|done| done.was_there), Ok(true), "made with the pipeline");
    assert!(client.spec_of(&first.version).expect("a pipeline").is_same(&spec));
    assert_eq!(client.pipelines().expect("pipelines").len(), 1);
    assert_eq!(client.version_of_id(&first.pipeline.id, &first.version.id), Ok(Some(first.version)));
    assert_eq!(client.pipeline("nope"), Ok(None));
}

#[test]
fn lost_answers_do_no_harm() {
    for what in [What::CutAfter, What::StatusAfter(502), What::Truncated, What::Empty] {
        for path in ["*/pipelines/upload", "*/pipelines/upload_version"] {
            let (kubeflow, spec) = (FakeKubeflow::start(), spec());
            kubeflow.fail(Fault::new("POST", path, what.clone()).nth(1));
            let done = pipelines(&kubeflow).upload(&upload(&spec, "abc1234")).unwrap_or_else(|error| panic!("{what:?} {path}: {error}"));
            assert_eq!(kubeflow.world().versions_of(&done.pipeline.id), ["churn", "abc1234"], "{what:?} {path}");
        }
    }
}

#[test]
fn somebody_else_uploads_the_same_or_another_name() {
    let (kubeflow, spec) = (FakeKubeflow::start(), spec());
    kubeflow.before("POST", "*/pipelines/upload", 1, |world| drop(world.pipeline("churn", CHURN)));
    let done = pipelines(&kubeflow).upload(&upload(&spec, "abc1234")).expect("uploaded");
    let (other, id) = (CHURN.replace("3.11", "3.12"), done.pipeline.id);
    kubeflow.before("POST", "*/pipelines/upload_version", 1, move |world| drop(world.pipeline_version(&id, "def5678", &other)));
    let error = pipelines(&kubeflow).upload(&upload(&spec, "def5678")).expect_err("taken");
    assert!(error.to_string().contains("taken by another content"), "{error}");
}

#[test]
fn refusals_are_told_as_they_are() {
    let (kubeflow, spec) = (FakeKubeflow::start(), spec());
    let client = pipelines(&kubeflow);
    let refusal = What::Body(400, r#"{"error_message":"m","error_details":"pipeline upload denied"}"#.to_owned());
    kubeflow.fail(Fault::new("POST", "*/pipelines/upload*", refusal));
    assert!(client.upload(&upload(&spec, "abc1234")).expect_err("refused").to_string().ends_with("400: pipeline upload denied"));
    kubeflow.heal();
    kubeflow.fail(Fault::new("POST", "*/pipelines/upload*", What::StatusBefore(500)));
    assert!(matches!(client.upload(&upload(&spec, "abc1234")), Err(Error::Refused { status: 500, .. })));
    assert!(client.upload(&upload(&spec, "a\nb")).is_err());
}

#[test]
fn a_file_stands_whole_between_its_boundaries() {
    let file = b"a: 1\r\n--proofmark-\r\n";
    let boundary = boundary(file);
    let body = String::from_utf8(multipart(&boundary, file)).expect("text");
    let parts: Vec<&str> = body.split(&format!("--{boundary}")).collect();
    assert_eq!((parts.len(), parts[0], parts[2]), (3, "", "--\r\n"));
    let (head, content) = parts[1].split_once("\r\n\r\n").expect("a head");
    assert!(head.contains("name=\"uploadfile\"; filename=\"pipeline.yaml\""));
    assert_eq!(content, "a: 1\r\n--proofmark-\r\n\r\n");
}

#[test]
fn names_that_the_server_refuses_are_not_sent() {
    let long = "é".repeat(64);
    for bad in ["", "  ", "a\nb", " a", long.as_str()] {
        assert!(check_name("the version's name", bad).is_err(), "{bad}");
    }
    assert!(check_name("the version's name", &"é".repeat(63)).is_ok());
}
