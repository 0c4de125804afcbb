//! Payloads with parts taken out and put in wrongly.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::*;
use super::{TABLE, payload, read};

/// The nodes of a document, by pointer.
fn pointers(value: &Value, here: &str, found: &mut Vec<String>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(object) => object.iter().map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value)).collect(),
        Value::Array(rows) => rows.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (name, value) in below {
        let pointer = format!("{here}/{name}");
        pointers(value, &pointer, found);
        found.push(pointer);
    }
}

/// Replaces one node of the parts that are read, or removes it.
fn mutate(payload: &mut Value, at: usize, with: &Option<Value>) {
    let mut found = Vec::new();
    pointers(payload, "", &mut found);
    let Some(pointer) = found.get(at % found.len().max(1)) else { return };
    match with {
        Some(value) => *payload.pointer_mut(pointer).unwrap() = value.clone(),
        None => {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            if let Some(object) = payload.pointer_mut(parent).and_then(Value::as_object_mut) {
                object.remove(name);
            }
        }
    }
}

/// Drops what no rule reads, so that mutations hit what is read.
fn thin(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|name, _| !name.contains("url") && !["_links", "body", "sender", "node_id"].contains(&name.as_str()));
            object.values_mut().for_each(thin);
        }
        Value::Array(rows) => rows.iter_mut().for_each(thin),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_mutated_payload_never_panics_and_never_spoils_an_address(
        row in 0..TABLE.len(),
        mutations in prop::collection::vec((any::<usize>(), prop_oneof![
            Just(None), Just(Some(json!(null))), Just(Some(json!("../../x"))), Just(Some(json!(-1))), Just(Some(json!(0))), Just(Some(json!(1.5))),
            Just(Some(json!(true))), Just(Some(json!([]))), Just(Some(json!([{}, 1]))), Just(Some(json!({}))), Just(Some(json!(""))),
            Just(Some(json!("x".repeat(1_000)))), Just(Some(json!(u64::MAX))),
        ]), 1..3),
    ) {
        let (file, event, _) = TABLE[row];
        let mut document: Value = serde_json::from_slice(&payload(&format!("{file}.json"))).unwrap();
        thin(&mut document);
        for (at, with) in &mutations {
            mutate(&mut document, *at, with);
        }
        match read(event, Some(document.to_string().as_bytes()), &[]) {
            Ok(host) => {
                let host = host.unwrap();
                let run = &host.run;
                for commit in [&run.base.commit, &run.head.commit, &run.merged].into_iter().flatten() {
                    prop_assert!(is_commit(commit));
                }
                for name in [&run.repository, &host.head_repository].into_iter().flatten() {
                    prop_assert!(RepoName::parse(name).is_some());
                }
                // A pull request of a fork never turns into one of our own by what is left out of it.
                if file.ends_with(".fork") && event == "pull_request" {
                    prop_assert!(run.pull_request.as_ref().is_none_or(|pull| pull.fork));
                    prop_assert_eq!(run.read_only, Some(ReadOnly::Fork));
                }
            }
            Err(HostError::Field { name, .. }) => prop_assert!(!name.is_empty()),
            Err(HostError::Incomplete { field, .. }) => prop_assert!(["pull_request", "workflow_run", "merge_group"].iter().any(|part| field.starts_with(part))),
            Err(other) => prop_assert!(false, "{}", other),
        }
    }

    #[test]
    fn any_bytes_are_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read("pull_request", Some(&bytes), &[]);
    }
}
