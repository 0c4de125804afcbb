//! Compiled pipelines of a change: what is one stays the same through files, servers and settings, and no value gets past its type.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use proofmark_fuzz::files;
use proofmark_kubeflow::spec::{Mistake, Spec};
use serde_json::Value;

const NAMES: [&str; 2] = ["pipeline", "values"];

fuzz_target!(|bytes: &[u8]| {
    let parts = files(bytes, &NAMES);
    let part = |name: &str| parts.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    let spec = match Spec::parse(part("pipeline").unwrap_or(bytes)) {
        Ok(spec) => spec,
        Err(error) => {
            let told = error.to_string();
            assert!(!told.is_empty() && told.len() < 2000 && !told.contains(char::is_control), "{told:?}");
            return;
        }
    };
    let _ = spec.check_form();
    comes_back(&spec);
    for is_on in [true, false] {
        cached(&spec, is_on);
    }
    let values: Option<BTreeMap<String, Value>> = part("values").and_then(|text| serde_json::from_slice(text).ok());
    checked(&spec, &values.unwrap_or_default());
});

/// Written as a file and as JSON, and read again.
fn comes_back(spec: &Spec) {
    assert!(spec.is_same(spec));
    let file = spec.to_file();
    let again = Spec::parse(&file).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&file)));
    alike(spec, &again);
    alike(spec, &Spec::from_json(spec.to_json()).expect("our own JSON"));
}

#[track_caller]
fn alike(one: &Spec, other: &Spec) {
    assert!(one.is_same(other) && other.is_same(one), "{}\n{}", one.to_json(), other.to_json());
    assert_eq!((&one.name, &one.description, &one.schema_version), (&other.name, &other.description, &other.schema_version));
    assert_eq!((&one.parameters, &one.tasks), (&other.parameters, &other.tasks));
}

/// With this setting for each task, and everything else as it was.
fn cached(spec: &Spec, is_on: bool) {
    let set = spec.with_caching(is_on);
    let paths = |spec: &Spec| spec.tasks.iter().map(|task| (task.path.clone(), task.component.clone())).collect::<Vec<_>>();
    assert_eq!(paths(spec), paths(&set));
    // What is no mapping cannot be set, and is no task of a server's.
    assert!(is_on || set.tasks.iter().all(|task| !task.is_cached), "{:?}", set.tasks);
    assert_eq!(spec.parameters, set.parameters);
    assert_eq!(without(spec.to_json()), without(set.to_json()));
    assert!(set.with_caching(is_on).is_same(&set));
    comes_back(&set);
}

/// Without the setting, wherever it may stand.
fn without(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(name, _)| name != "cachingOptions");
            Value::Object(kept.map(|(name, value)| (name, without(value))).collect())
        }
        Value::Array(items) => items.into_iter().map(without).collect(),
        plain => plain,
    }
}

fn checked(spec: &Spec, values: &BTreeMap<String, Value>) {
    match spec.check(values) {
        Ok(fitting) => {
            assert!(fitting.keys().eq(values.keys()));
            assert_eq!(spec.check(&fitting).as_ref(), Ok(&fitting));
            assert!(fitting.keys().all(|name| spec.parameter(name).is_some()));
        }
        Err(mistakes) => useful(&mistakes),
    }
    let texts = values.iter().map(|(name, value)| (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
    match spec.check_texts(&texts.collect()) {
        Ok(fitting) => assert_eq!(spec.check(&fitting).as_ref(), Ok(&fitting)),
        Err(mistakes) => useful(&mistakes),
    }
}

fn useful(mistakes: &[Mistake]) {
    assert!(!mistakes.is_empty());
    for mistake in mistakes {
        let told = mistake.to_string();
        assert!(!told.is_empty() && !told.contains(char::is_control), "{told:?}");
    }
}
