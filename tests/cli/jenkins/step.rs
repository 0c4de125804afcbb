//! What a step of a pipeline gets for its request.

use serde_json::json;

use super::*;

fn gate(parameters: Value) -> Value {
    json!({"contract": 1, "library": "0.1.0", "id": "run-1", "step": "gate", "folder": "proofmark/gate", "parameters": parameters})
}

#[test]
fn a_gate_leaves_all_forms_and_a_result() {
    let stage = Stage::new("0.8").merged();
    let (code, result) = stage.step(&gate(json!({})));
    assert_eq!(code, 1);
    assert_eq!((&result["exit_code"], &result["request"], &result["kind"]), (&json!(1), &json!("run-1"), &json!("jenkins-step")));
    assert_eq!((&result["effect"], &result["verdict"]), (&json!("block"), &json!("fail")));
    assert_eq!(result["jenkins"]["result"], "FAILURE");
    assert_eq!(result["jenkins"]["stage"], "proofmark: ml/widgets");
    let message = result["jenkins"]["message"].as_str().expect("a message");
    assert!(message.contains("BLOCKED") && message.contains("acc"), "{message}");
    let files = result["files"].as_object().expect("files");
    assert_eq!(files.keys().map(String::as_str).collect::<Vec<_>>(), ["checks", "html", "issues", "json", "junit", "markdown", "sarif"]);
    for file in files.values() {
        let path = stage.workspace.path().join("proofmark/gate").join(file.as_str().expect("a path"));
        assert!(std::fs::metadata(&path).expect("the file").len() > 0, "{file}");
    }
    let report = std::fs::read_to_string(stage.workspace.path().join("proofmark/gate/report.json")).expect("a report");
    assert_eq!(json(&report)["jenkins"], result["jenkins"]);
    assert_eq!((&result["outputs"]["effect"], &result["outputs"]["failed"]), (&json!("block"), &json!("1")));
    assert_eq!((&result["posted"], &result["errors"]), (&json!(false), &json!([])));
}

#[test]
fn results_by_the_table() {
    let result = |accuracy: &str, parameters: Value, code: i32| {
        let (ended, result) = Stage::new(accuracy).merged().step(&gate(parameters));
        assert_eq!(ended, code, "{result}");
        result["jenkins"]["result"].clone()
    };
    assert_eq!(result("0.95", json!({}), 0), Value::Null);
    assert_eq!(result("0.8", json!({"failOn": "never"}), 0), "UNSTABLE");
    assert_eq!(result("broken", json!({}), 2), "FAILURE");
    assert_eq!(result("0.95", json!({"base": "nowhere"}), 2), "FAILURE");
    // The base has the metric no more than the head has a notice's: a metric without a base value is a notice.
    let stage = Stage::new("0.9");
    stage.upstream.switch("main").write("metrics.json", "{}");
    stage.upstream.commit("none");
    stage.upstream.switch("change").merge("main");
    stage.upstream.write("metrics.json", "{\"acc\": 0.5}");
    stage.upstream.commit("some");
    stage.workspace.git(&["fetch", "--quiet", "origin", "+refs/heads/change:refs/remotes/origin/PR-7"]);
    stage.workspace.git(&["checkout", "--quiet", "--detach", "origin/PR-7"]);
    let (code, result) = stage.merged().step(&gate(json!({"base": "origin/main", "head": "origin/PR-7"})));
    assert_eq!((code, &result["jenkins"]["result"]), (0, &json!("UNSTABLE")), "{result}");
    assert!(result["jenkins"]["message"].as_str().expect("a message").contains("acc"), "{result}");
}

#[test]
fn what_was_not_judged_is_told_in_every_form() {
    let stage = Stage::new("0.8").merged();
    stage.step(&gate(json!({})));
    let (code, result) = stage.step(&gate(json!({"base": "nowhere"})));
    assert_eq!((code, &result["jenkins"]["result"]), (2, &json!("FAILURE")));
    assert!(result["errors"][0]["message"].as_str().expect("a message").contains("nowhere"), "{result}");
    let files = result["files"].as_object().expect("files");
    assert!(files.contains_key("junit") && files.contains_key("html") && files.contains_key("sarif"), "{result}");
    assert!(!files.contains_key("json"), "the report of the run before is gone");
}

#[test]
fn what_is_wrong_with_a_request_is_a_result_too() {
    let stage = Stage::new("0.8").merged();
    let (code, result) = stage.step(&gate(json!({"bse": "main"})));
    assert_eq!((code, &result["jenkins"]["result"]), (2, &json!("FAILURE")));
    assert!(result["jenkins"]["message"].as_str().expect("a message").contains("no parameter `bse`"), "{result}");
    let mut request = gate(json!({}));
    request["contract"] = json!(2);
    let (code, result) = stage.step(&request);
    assert_eq!(code, 2);
    assert!(result["jenkins"]["message"].as_str().expect("a message").contains("contract 2 (library 0.1.0)"), "{result}");
    let mut request = gate(json!({"post": true}));
    request["version"] = json!("9.9.9");
    let (code, result) = stage.step(&request);
    assert_eq!((code, stage.github.requests().len()), (2, 0), "nothing is done by another version than the one that is asked for");
    assert!(result["jenkins"]["message"].as_str().expect("a message").contains("version 9.9.9 is asked for"), "{result}");
    for request in ["", "{}", "[]", "{\"contract\": 1}", "{\"contract\":1,\"step\":\"gate\",\"folder\":\"../x\"}", "\u{0}"] {
        stage.workspace.write("request.json", request);
        stage.program().run(&["jenkins", "step", "request.json"]).expect_error(2);
    }
    stage.program().run(&["jenkins", "step", "missing.json"]).expect_error(2);
}

#[test]
fn a_result_of_an_earlier_run_never_stays() {
    let stage = Stage::new("0.95").merged();
    stage.step(&gate(json!({})));
    // A folder in the place of a file cannot be removed, so nothing is judged and nothing old is left to be read.
    let folder = stage.workspace.path().join("proofmark/gate");
    std::fs::remove_file(folder.join("report.json")).expect("the report is removed");
    std::fs::create_dir(folder.join("report.json")).expect("a folder");
    let ran = stage.program().run(&["jenkins", "step", "request.json"]);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(!folder.join("result.json").exists());
}

#[test]
fn a_posted_check_is_not_published_again() {
    let stage = Stage::new("0.8");
    let (code, result) = stage.step(&gate(json!({"post": true, "subject": "churn model"})));
    assert_eq!((code, &result["posted"]), (1, &json!(true)), "{result}");
    assert_eq!(stage.checks(&stage.head), ["proofmark: churn model failure"]);
    assert_eq!((&result["subject"], &result["jenkins"]["stage"]), (&json!("churn model"), &json!("proofmark: churn model")));
    assert!(result["outputs"]["comment-url"].as_str().is_some(), "{result}");
}

#[test]
fn a_comparison_judges_nothing() {
    let stage = Stage::new("0.8").merged();
    let (code, result) =
        stage.step(&json!({"contract": 1, "step": "compare", "folder": "out", "parameters": {"base": "origin/main", "head": "HEAD"}}));
    assert_eq!((code, &result["jenkins"]["result"], &result["effect"]), (0, &Value::Null, &Value::Null), "{result}");
    assert_eq!(result["files"], json!({"html": "comparison.html", "json": "comparison.json", "markdown": "comparison.md"}));
    assert!(result["jenkins"]["description"].as_str().expect("a line").ends_with("1 regressed, 0 improved, of 1 metrics"), "{result}");
}

#[test]
fn a_report_is_brought_later() {
    let stage = Stage::new("0.8");
    stage.step(&gate(json!({"post": false, "comment": "off"})));
    let report =
        json!({"contract": 1, "step": "report", "folder": "proofmark/report", "parameters": {"report": "proofmark/gate/report.json"}});
    let (code, result) = stage.step(&report);
    assert_eq!((code, &result["effect"], &result["posted"]), (0, &json!("block"), &json!(true)), "{result}");
    assert_eq!(result["jenkins"]["result"], "UNSTABLE", "it delivers and does not judge");
    assert_eq!(stage.comments().len(), 1);
}

#[test]
fn a_folder_to_work_in() {
    let stage = Stage::new("0.8").merged();
    std::fs::create_dir(stage.workspace.path().join("models")).expect("a folder");
    let (code, result) = stage.step(&gate(json!({"directory": "models", "base": "origin/main", "head": "HEAD"})));
    assert_eq!(code, 1, "{result}");
    assert!(stage.workspace.path().join("proofmark/gate/report.json").exists());
}

#[test]
fn capabilities_name_the_contract() {
    let stage = Stage::new("0.8");
    let told = json(&stage.program().run(&["jenkins", "capabilities"]).expect(0));
    assert_eq!((&told["kind"], &told["contract"]), (&json!("jenkins-capabilities"), &json!(1)));
    let steps: Vec<&str> = told["steps"].as_array().expect("steps").iter().filter_map(|step| step["step"].as_str()).collect();
    assert_eq!(steps, ["proofmarkGate", "proofmarkCompare", "proofmarkReport", "proofmarkTrigger", "withProofmark"]);
}

#[test]
fn a_step_needs_no_jenkins_around_it() {
    let repo = change(&[("metrics.json", "{\"acc\": 0.9}"), ("proofmark.toml", POLICY)], &[("metrics.json", "{\"acc\": 0.5}")]);
    repo.write("request.json", gate(json!({"base": "main", "subject": "churn"})).to_string());
    proofmark(&repo).run(&["jenkins", "step", "request.json"]).expect(1);
    let read = |name: &str| json(&std::fs::read_to_string(repo.path().join("proofmark/gate").join(name)).expect("a file"));
    let (report, result) = (read("report.json"), read("result.json"));
    assert_eq!((&report["jenkins"], &report["jenkins"]["stage"]), (&result["jenkins"], &json!("proofmark: churn")));
    // Nobody else's report speaks to Jenkins.
    assert_eq!(json(&proofmark(&repo).run(&["gate", "main", "--format", "json"]).expect(1))["jenkins"], Value::Null);
}
