//! The workflow of a run, as Argo keeps it: which of its nodes failed, and what for.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// Failed nodes that are looked at: each is compared with each.
const MOST_NODES: usize = 300;

/// A step that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// The task's name in the pipeline.
    pub(super) task: String,
    /// What is said of it.
    pub(super) message: Option<String>,
    /// The node that has a log, where it has one.
    pub(super) pod: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Workflow {
    metadata: Metadata,
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    message: String,
    nodes: BTreeMap<String, Node>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Node {
    id: String,
    display_name: String,
    #[serde(rename = "type")]
    kind: String,
    phase: String,
    message: String,
    finished_at: Option<String>,
    children: Vec<String>,
    #[serde(rename = "boundaryID")]
    boundary_id: String,
}

/// What is said of the whole workflow, and the steps that failed, first the first.
pub(super) fn failures(manifest: &str) -> Result<(Option<String>, Vec<Failure>), String> {
    let workflow: Workflow = serde_json::from_str(manifest).map_err(|error| error.to_string())?;
    let nodes = &workflow.status.nodes;
    let mut failed: Vec<(&String, &Node)> = nodes.iter().filter(|(_, node)| matches!(node.phase.as_str(), "Failed" | "Error")).collect();
    failed.sort_by_key(|(_, node)| node.kind != "Pod");
    failed.truncate(MOST_NODES);
    // What contains a failed step failed as well, and says nothing of its own.
    let has_pods = failed.first().is_some_and(|(_, node)| node.kind == "Pod");
    let has_cause = |(key, node): &&(&String, &Node)| {
        let says_nothing = node.message.is_empty() || node.message.starts_with("child '");
        let is_whole = node.id == workflow.metadata.name || says_nothing;
        let has_inner = || failed.iter().any(|(other, inner)| is_inside(nodes, other, inner, key));
        // What speaks of a child has one, whatever it is called.
        let speaks_of_child = node.message.starts_with("child '") && has_inner();
        speaks_of_child || node.kind != "Pod" && (has_pods && is_whole || has_inner())
    };
    let mut steps: Vec<&(&String, &Node)> = failed.iter().filter(|node| !has_cause(node)).collect();
    steps.sort_by_key(|(key, node)| (node.finished_at.clone().unwrap_or_default(), (*key).clone()));
    let step = |(key, node): &&(&String, &Node)| Failure {
        task: task_of(nodes, key, node),
        message: Some(node.message.clone()).filter(|message| !message.is_empty()),
        // A node that never became a pod has no log.
        pod: (node.kind == "Pod").then(|| if node.id.is_empty() { (*key).clone() } else { node.id.clone() }),
    };
    let message = Some(workflow.status.message).filter(|message| !message.is_empty());
    Ok((message, steps.iter().map(step).collect()))
}

/// Whether a node is a part of another one: by the boundaries that lead from it, or as its child.
fn is_inside(nodes: &BTreeMap<String, Node>, key: &str, node: &Node, of: &str) -> bool {
    if key == of {
        return false;
    }
    if nodes.get(of).is_some_and(|outer| outer.children.iter().any(|child| child == key)) {
        return true;
    }
    let (mut seen, mut boundary) = (BTreeSet::new(), node.boundary_id.as_str());
    while !boundary.is_empty() && seen.insert(boundary) {
        if boundary == of {
            return true;
        }
        boundary = nodes.get(boundary).map_or("", |outer| outer.boundary_id.as_str());
    }
    false
}

/// The task that a node belongs to: a pod's own name says only what it does for its task.
fn task_of(nodes: &BTreeMap<String, Node>, key: &str, node: &Node) -> String {
    let shown = |key: &str, node: &Node| if node.display_name.is_empty() { key.to_owned() } else { node.display_name.clone() };
    let (mut key, mut node, mut seen) = (key.to_owned(), node, BTreeSet::new());
    // Attempts of a pod are called `executor(0)`.
    while matches!(shown(&key, node).split('(').next(), Some("executor")) && seen.insert(key.clone()) {
        let by_child = || nodes.iter().find(|(_, outer)| outer.children.contains(&key)).map(|(outer, _)| outer.as_str());
        let outer = Some(node.boundary_id.as_str()).filter(|boundary| nodes.contains_key(*boundary)).or_else(by_child);
        let Some((outer, found)) = outer.and_then(|outer| nodes.get_key_value(outer)) else { break };
        (key, node) = (outer.clone(), found);
    }
    let name = shown(&key, node);
    match name.strip_suffix("-driver") {
        Some(task) if !task.is_empty() => format!("{task} (its driver)"),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(status: Value) -> (Option<String>, Vec<Failure>) {
        failures(&json!({"metadata": {"name": "w"}, "status": status}).to_string()).expect("a workflow")
    }

    fn failure(task: &str, message: Option<&str>, pod: Option<&str>) -> Failure {
        Failure { task: task.into(), message: message.map(Into::into), pod: pod.map(Into::into) }
    }

    #[test]
    fn the_innermost_steps_are_told_by_the_names_of_their_tasks() {
        let (message, steps) = read(json!({"message": "child 'w-1' failed", "nodes": {
            "w": {"id": "w", "displayName": "w", "type": "DAG", "phase": "Failed", "children": ["w-0"]},
            "w-0": {"id": "w-0", "displayName": "root", "type": "DAG", "phase": "Failed", "boundaryID": "w", "message": "child failed"},
            "w-1": {"id": "w-1", "displayName": "train", "type": "DAG", "phase": "Failed", "boundaryID": "w-0", "children": ["w-2"]},
            "w-2": {"id": "w-2", "displayName": "executor", "type": "Pod", "phase": "Failed", "boundaryID": "w-1",
                    "message": "Error (exit code 137)", "finishedAt": "2026-01-01T00:00:02Z"},
            "w-3": {"id": "w-3", "displayName": "prepare-driver", "type": "Pod", "phase": "Error", "finishedAt": "2026-01-01T00:00:01Z"},
            "w-4": {"id": "w-4", "displayName": "evaluate", "type": "Skipped", "phase": "Omitted"},
        }}));
        assert_eq!(message.as_deref(), Some("child 'w-1' failed"));
        assert_eq!(
            steps,
            [failure("prepare (its driver)", None, Some("w-3")), failure("train", Some("Error (exit code 137)"), Some("w-2")),]
        );
    }

    #[test]
    fn what_speaks_of_a_child_is_not_the_cause() {
        let (_, steps) = read(json!({"nodes": {
            "w": {"id": "w", "displayName": "root", "type": "Pod", "phase": "Failed", "message": "child 'w-1' failed", "children": ["w-1"]},
            "w-1": {"id": "w-1", "displayName": "train", "type": "Pod", "phase": "Failed", "message": "Error (exit code 1)"},
        }}));
        assert_eq!(steps, [failure("train", Some("Error (exit code 1)"), Some("w-1"))]);
    }

    #[test]
    fn what_goes_in_circles_ends() {
        let (_, steps) = read(json!({"nodes": {
            "a": {"displayName": "executor", "type": "DAG", "phase": "Failed", "boundaryID": "b", "children": ["b"]},
            "b": {"displayName": "executor", "type": "Pod", "phase": "Failed", "boundaryID": "a", "children": ["a"]},
        }}));
        assert_eq!(steps.len(), 1, "{steps:?}");
        assert!(failures("[]").is_ok() || failures("nonsense").is_err());
        assert_eq!(read(json!({"message": "Stopped with strategy 'Terminate'"})).1, []);
    }
}
