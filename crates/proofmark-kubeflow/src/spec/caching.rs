//! The tasks of a pipeline, and whether results of earlier runs may stand in for theirs.

use std::collections::{BTreeSet, VecDeque};

use serde_json::{Map, Value};

use super::{Spec, Task};

impl Spec {
    /// The tasks for which a result of an earlier run may stand in.
    pub fn is_cached(&self) -> Vec<&str> {
        self.tasks.iter().filter(|task| task.is_cached).map(|task| task.path.as_str()).collect()
    }

    /// The same pipeline with caching on or off for each task, those of nested pipelines included. A run has no such setting of
    /// its own.
    #[must_use]
    pub fn with_caching(&self, is_on: bool) -> Self {
        let mut pipeline = self.pipeline.clone();
        if let Some(root) = pipeline.get_mut("root") {
            set(root, is_on);
        }
        if let Some(Value::Object(components)) = pipeline.get_mut("components") {
            components.values_mut().for_each(|component| set(component, is_on));
        }
        Self { tasks: tasks(&pipeline), pipeline, file: None, ..self.clone() }
    }
}

fn set(component: &mut Value, is_on: bool) {
    let tasks = component.get_mut("dag").and_then(|dag| dag.get_mut("tasks")).and_then(Value::as_object_mut);
    for task in tasks.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        let options = task.entry("cachingOptions").or_insert_with(|| Value::Object(Map::new()));
        if !options.is_object() {
            *options = Value::Object(Map::new());
        }
        if let Value::Object(options) = options {
            options.insert("enableCache".to_owned(), Value::Bool(is_on));
        }
    }
}

/// Each component's tasks once, under the first way that leads there: pipelines may use each other any number of times.
pub(super) fn tasks(pipeline: &Map<String, Value>) -> Vec<Task> {
    let component = |name: &str| pipeline.get("components").and_then(|components| components.get(name));
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut open: VecDeque<(String, &Value)> = pipeline.get("root").map(|root| (String::new(), root)).into_iter().collect();
    while let Some((before, dag)) = open.pop_front() {
        let tasks = dag.get("dag").and_then(|dag| dag.get("tasks")).and_then(Value::as_object);
        for (name, task) in tasks.into_iter().flatten() {
            let used = task.get("componentRef").and_then(|used| used.get("name")).and_then(Value::as_str).unwrap_or_default();
            let is_cached = task.get("cachingOptions").and_then(|options| options.get("enableCache")).and_then(Value::as_bool);
            let nested = component(used);
            let path = format!("{before}{name}");
            if let Some(nested) = nested.filter(|nested| nested.get("dag").is_some() && seen.insert(used)) {
                open.push_back((format!("{path}/"), nested));
            }
            found.push(Task { path, component: used.to_owned(), is_cached: is_cached.unwrap_or_default() });
        }
    }
    found
}
