use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const CHURN: &str = "
components:
  comp-train:
    executorLabel: exec-train
  comp-loop:
    dag:
      tasks:
        inner:
          cachingOptions: {enableCache: true}
          componentRef: {name: comp-train}
        again:
          componentRef: {name: comp-loop}
deploymentSpec:
  executors:
    exec-train:
      container: {image: 'python:3.11', args: [--x, '{{$}}'], command: ['']}
pipelineInfo: {name: churn-training, description: Train the churn model}
root:
  dag:
    tasks:
      loop:
        cachingOptions: {}
        componentRef: {name: comp-loop}
      train:
        cachingOptions: {enableCache: true}
        componentRef: {name: comp-train}
  inputDefinitions:
    parameters:
      classes: {defaultValue: [a, b], isOptional: true, parameterType: LIST}
      dry: {defaultValue: false, isOptional: true, parameterType: BOOLEAN}
      git_sha: {parameterType: STRING}
      learning_rate: {defaultValue: 0.01, isOptional: true, parameterType: NUMBER_DOUBLE}
      mode: {defaultValue: fast, isOptional: true, parameterType: STRING, literals: [fast, slow]}
      opts: {defaultValue: {k: 1.0}, isOptional: true, parameterType: STRUCT}
      rows: {defaultValue: 100.0, isOptional: true, parameterType: NUMBER_INTEGER}
schemaVersion: 2.1.0
sdkVersion: kfp-2.17.0
";
const PLATFORM: &str = "---\nplatforms:\n  kubernetes:\n    deploymentSpec:\n      executors: {}\n";

fn churn() -> Spec {
    Spec::parse(CHURN.as_bytes()).expect("a pipeline")
}

fn refused(text: &str) -> String {
    Spec::parse(text.as_bytes()).expect_err("no pipeline").to_string()
}

fn given(json: Value) -> BTreeMap<String, Value> {
    json.as_object().expect("an object").clone().into_iter().collect()
}

fn mistakes(json: Value) -> Vec<String> {
    churn().check(&given(json)).expect_err("mistakes").iter().map(Mistake::to_string).collect()
}

#[test]
fn a_compiled_pipeline_is_read() {
    let spec = churn();
    assert_eq!(
        (spec.name.as_str(), spec.sdk.as_deref(), spec.schema_version.as_deref()),
        ("churn-training", Some("kfp-2.17.0"), Some("2.1.0"))
    );
    assert_eq!(spec.description.as_deref(), Some("Train the churn model"));
    let rows = spec.parameter("rows").expect("a parameter");
    assert_eq!((&rows.kind, rows.optional, &rows.default), (&Kind::Integer, true, &Some(json!(100.0))));
    assert!(!spec.parameter("git_sha").expect("a parameter").optional);
    let paths: Vec<&str> = spec.tasks.iter().map(|task| task.path.as_str()).collect();
    assert_eq!(paths, ["loop", "train", "loop/again", "loop/inner"], "a pipeline that uses itself ends as well");
    assert_eq!(spec.to_file(), CHURN.as_bytes());
}

#[test]
fn platforms_and_wrappers() {
    let with_platform = Spec::parse(format!("# a comment\n---\n{CHURN}{PLATFORM}").as_bytes()).expect("a pipeline");
    assert_eq!(with_platform.to_json()["platform_spec"]["platforms"]["kubernetes"]["deploymentSpec"]["executors"], json!({}));
    let as_given = Spec::from_json(with_platform.to_json()).expect("a pipeline");
    assert!(as_given.is_same(&with_platform));
    let again = Spec::parse(&as_given.to_file()).expect("what was written is read");
    assert!(again.is_same(&with_platform) && again.to_json() == with_platform.to_json());
    let legacy = json!({"pipelineSpec": churn().to_json(), "runtimeConfig": {"gcsOutputDirectory": "gs://x"}}).to_string();
    let legacy = Spec::parse(legacy.as_bytes()).expect("a pipeline");
    assert_eq!(legacy.to_json(), churn().to_json());
    assert!(!legacy.to_file().windows(12).any(|part| part == b"pipelineSpec"), "a server takes no wrapper");
}

#[test]
fn what_is_no_pipeline_is_refused_with_the_reason() {
    let deep = format!("pipelineInfo: {{name: x}}\na: {}{}", "[".repeat(200), "]".repeat(200));
    let many = format!("{CHURN}{}", "---\na: 1\n".repeat(9));
    let cases = [
        ("", "no pipeline"),
        ("[]", "no mapping"),
        ("a: 1", "neither"),
        ("apiVersion: argoproj.io/v1alpha1\nkind: Workflow", "version 1 of kfp"),
        ("pipelineInfo: {}", "no name"),
        ("pipelineInfo: {name: x}\nroot: {inputDefinitions: {parameters: []}}", "no mapping"),
        ("pipelineInfo: {name: x}\nvalue: .nan", "NaN"),
        ("pipelineInfo: {name: x}\n---\npipelineInfo: {name: y}", "more than one pipeline"),
        ("pipelineInfo: {name: x}\n---\n---\na: 1\nb: [", "line 5"),
        (r#"{"pipelineInfo": {"name": "x"},}"#, ""),
        (deep.as_str(), "deeper"),
        (many.as_str(), "more than 8"),
    ];
    for (text, expected) in cases {
        if expected.is_empty() {
            let _ = Spec::parse(text.as_bytes());
            continue;
        }
        let told = refused(text);
        assert!(told.contains(expected), "{text}: {told}");
    }
    let large = vec![b' '; LARGEST + 1];
    assert!(Spec::parse(&large).expect_err("too large").to_string().contains("16 MiB"));
}

#[test]
fn fitting_values_come_back_as_they_are_sent() {
    let all = json!({"classes": [1, "x"], "dry": true, "git_sha": "0012", "learning_rate": 1, "opts": {}, "rows": 5.0, "mode": "slow"});
    let sent = churn().check(&given(all)).expect("they fit");
    assert_eq!(
        Value::Object(sent.into_iter().collect()),
        json!({
            "classes": [1, "x"], "dry": true, "git_sha": "0012", "learning_rate": 1, "opts": {}, "rows": 5, "mode": "slow"
        })
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    let told = mistakes(json!({
        "Rows": 1, "rows": 1.5, "dry": "true", "classes": {"a": 1}, "learning_rate": "fast", "mode": "medium", "opts": null
    }));
    assert_eq!(
        told,
        [
            "the pipeline has no parameter `Rows`: it has `classes`, `dry`, `git_sha`, `learning_rate`, `mode`, `opts`, `rows`",
            "the parameter `classes` takes a list and not the mapping `{\"a\":1}`",
            "the parameter `dry` takes true or false and not the text `true`: write it without quotes",
            "the parameter `learning_rate` takes a number and not the text `fast`",
            "the parameter `mode` takes one of `fast`, `slow` and not `medium`",
            "the parameter `opts` takes a mapping and not null: leave it out for its default",
            "the parameter `rows` takes a whole number and not `1.5`",
            "the parameter `git_sha` is missing: it takes a text",
        ]
    );
    let told = mistakes(json!({"git_sha": 12, "learning_rat": 1}));
    assert_eq!(
        told,
        [
            "the parameter `git_sha` takes a text and not the number `12`: write it in quotes",
            "the pipeline has no parameter `learning_rat`; did you mean `learning_rate`?",
        ]
    );
}

#[test]
fn numbers_that_the_server_would_change_are_refused() {
    for rows in [json!(9_007_199_254_740_993_i64), json!(1e300), json!(u64::MAX)] {
        let told = mistakes(json!({"git_sha": "x", "rows": rows}));
        assert!(told[0].contains("2^53"), "{told:?}");
    }
    assert!(mistakes(json!({"git_sha": "x", "opts": {"a": [9_007_199_254_740_993_i64]}}))[0].contains("2^53"));
    assert!(churn().check(&given(json!({"git_sha": "x", "rows": 9_007_199_254_740_992_i64}))).is_ok());
}

#[test]
fn texts_become_what_the_parameter_takes() {
    let text = |entries: &[(&str, &str)]| {
        let given = entries.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        churn().check_texts(&given).map(|fitting| Value::Object(fitting.into_iter().collect()))
    };
    let sent =
        text(&[("rows", " 500"), ("dry", "True"), ("git_sha", " 5 "), ("learning_rate", "1e-3"), ("classes", r#"["a"]"#), ("opts", "{}")]);
    assert_eq!(sent, Ok(json!({"rows": 500, "dry": true, "git_sha": " 5 ", "learning_rate": 0.001, "classes": ["a"], "opts": {}})));
    let told = text(&[("rows", "many"), ("dry", "yes"), ("git_sha", ""), ("classes", "a,b"), ("opts", "[]"), ("learning_rate", "nan")]);
    let told: Vec<String> = told.expect_err("mistakes").iter().map(Mistake::to_string).collect();
    assert_eq!(told[4], "the parameter `rows` takes a whole number and not `many`: write digits");
    assert_eq!(told.len(), 5, "an empty text is a text: {told:?}");
    assert_eq!(parse_text(&Kind::Integer, "1e3"), Ok(json!(1000.0)));
    assert!(parse_text(&Kind::Integer, "inf").is_err() && parse_text(&Kind::TaskFinalStatus, "x").is_err());
    assert_eq!(parse_text(&Kind::Other("NEW".to_owned()), "x y"), Ok(json!("x y")));
}

#[test]
fn caching_is_set_at_all_levels() {
    let spec = churn();
    assert_eq!(spec.is_cached(), ["train", "loop/inner"]);
    let without = spec.with_caching(false);
    assert!(without.is_cached().is_empty() && !without.is_same(&spec));
    assert_eq!(without.to_json()["components"]["comp-loop"]["dag"]["tasks"]["again"]["cachingOptions"], json!({"enableCache": false}));
    assert_ne!(without.to_file(), spec.to_file());
    assert_eq!(spec.with_caching(true).is_cached().len(), 4);
}

#[test]
fn what_a_server_writes_anew_is_the_same() {
    let mut json = churn().to_json();
    json["pipelineInfo"]["name"] = json!("namespace/a/pipeline/churn");
    json["root"]["inputDefinitions"]["parameters"]["rows"]["defaultValue"] = json!(100);
    json["root"]["dag"]["tasks"]["loop"].as_object_mut().expect("an object").remove("cachingOptions");
    let kept = Spec::from_json(json.clone()).expect("a pipeline");
    assert!(churn().is_same(&kept));
    for (pointer, value) in [
        ("/root/inputDefinitions/parameters/dry/defaultValue", json!(true)),
        ("/root/inputDefinitions/parameters/rows/defaultValue", json!(0)),
        ("/deploymentSpec/executors/exec-train/container/image", json!("python:3.12")),
        ("/deploymentSpec/executors/exec-train/container/command", json!([])),
        ("/root/dag/tasks/train/cachingOptions/enableCache", json!(false)),
    ] {
        let mut changed = json.clone();
        *changed.pointer_mut(pointer).expect("a place") = value;
        assert!(!Spec::from_json(changed).expect("a pipeline").is_same(&kept), "{pointer}");
    }
}

#[test]
fn messages_carry_no_control_characters() {
    let told = mistakes(json!({"git_sha": "x", "rows": "5\u{1b}[31m", "a\nb": 1})).join("|");
    assert!(!told.contains(['\u{1b}', '\n']), "{told}");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Spec::parse(&bytes);
    }

    #[test]
    fn any_whole_number_survives_text(number in -9_007_199_254_740_992_i64..=9_007_199_254_740_992) {
        let value = parse_text(&Kind::Integer, &number.to_string()).expect("a number");
        let sent = churn().check(&given(json!({"git_sha": "x", "rows": value}))).expect("it fits");
        prop_assert_eq!(&sent["rows"], &json!(number));
    }

    #[test]
    fn what_fits_fits_again(rows in any::<f64>(), text in ".*") {
        let parameters = given(json!({"git_sha": text, "rows": rows}));
        if let Ok(once) = churn().check(&parameters) {
            let again = churn().check(&once);
            prop_assert_eq!(again, Ok(once));
        }
    }
}
