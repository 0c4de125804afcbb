//! Whether a run's parameters are those that its pipeline takes.

use serde_json::{Map, Value};

use super::call::invalid;
use crate::github::answer::Answer;

const WHAT: &str = "Failed to create a new run: Failed to generate the ExecutionSpec: invalid pipeline job inputs";

/// Checks names, types and what is missing against the inputs of the pipeline.
pub(crate) fn check(spec: &Value, given: &Map<String, Value>) -> Result<(), Answer> {
    let none = Map::new();
    let inputs = root(spec)["inputDefinitions"]["parameters"].as_object().unwrap_or(&none);
    let optional = |input: &Value| input["isOptional"] == true || input.get("defaultValue").is_some();
    let needed: Vec<&str> = inputs.iter().filter(|(_, input)| !optional(input)).map(|(name, _)| name.as_str()).collect();
    if given.is_empty() && !needed.is_empty() {
        let words = "pipeline requiring input has no paramater(s) provided. Need parameter(s)";
        return Err(invalid(WHAT, &format!("{words}: {}", needed.join(", "))));
    }
    for (name, input) in inputs {
        let kind = input["parameterType"].as_str().unwrap_or_default();
        match given.get(name) {
            Some(value) if !fits(kind, value) => {
                let (known, words) = match kind {
                    "STRING" => ("string", "input parameter is not of string value type"),
                    "BOOLEAN" => ("bool", "input parameter is not of bool value type"),
                    "LIST" => ("list", "input parameter is not of list value type"),
                    "STRUCT" => ("struct", "input parameter is not of struct value type"),
                    _ => ("double or integer", "parameter value is not of number value type"),
                };
                return Err(invalid(WHAT, &format!("input parameter {name} requires type {known}, but the {words}")));
            }
            Some(_) => {}
            None if optional(input) => {}
            None => {
                return Err(invalid(
                    WHAT,
                    &format!("parameter {name} is not optional, yet has neither default value nor user provided value"),
                ));
            }
        }
    }
    let unknown: Vec<&str> = given.keys().filter(|name| !inputs.contains_key(*name)).map(String::as_str).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(invalid(WHAT, &format!("parameter(s) provided are not required by pipeline: {}", unknown.join(", "))))
}

/// The part of a pipeline that a run begins with.
pub(crate) fn root(spec: &Value) -> &Value {
    spec.get("pipeline_spec").unwrap_or(spec).get("root").unwrap_or(&Value::Null)
}

/// The names of the tasks, in the order in which they can run.
pub(crate) fn tasks(spec: &Value) -> Vec<String> {
    let none = Map::new();
    let tasks = root(spec)["dag"]["tasks"].as_object().unwrap_or(&none);
    let mut order: Vec<String> = Vec::new();
    while order.len() < tasks.len() {
        let ready = |(name, task): &(&String, &Value)| {
            let before = task["dependentTasks"].as_array().map(Vec::as_slice).unwrap_or_default();
            !order.contains(name) && before.iter().filter_map(Value::as_str).all(|name| order.iter().any(|known| known == name))
        };
        let Some((name, _)) = tasks.iter().find(ready) else {
            break;
        };
        order.push(name.clone());
    }
    order
}

fn fits(kind: &str, value: &Value) -> bool {
    match kind {
        // No whole number is asked for.
        "NUMBER_INTEGER" | "NUMBER_DOUBLE" => value.is_number(),
        "STRING" => value.is_string(),
        "BOOLEAN" => value.is_boolean(),
        "LIST" => value.is_array(),
        "STRUCT" => value.is_object(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_types_and_what_is_missing() {
        let spec = json!({"root": {
            "inputDefinitions": {"parameters": {
                "rows": {"parameterType": "NUMBER_INTEGER"},
                "dry": {"parameterType": "BOOLEAN", "defaultValue": false, "isOptional": true},
            }},
            "dag": {"tasks": {"a": {"dependentTasks": ["b"]}, "b": {}}},
        }});
        let check = |given: Value| check(&spec, given.as_object().expect("an object")).map_err(|answer| answer.status);
        assert_eq!(check(json!({"rows": 1.5, "dry": true})), Ok(()));
        assert_eq!([check(json!({"rows": "1"})), check(json!({})), check(json!({"rows": 1, "nope": 1}))], [Err(400); 3]);
        assert_eq!(tasks(&spec), ["b", "a"]);
    }
}
