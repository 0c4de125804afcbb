//! Metrics of version 1 of the API: numbers of the run itself, or a packed file among the artifacts of a node of the workflow.

use std::collections::BTreeMap;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proofmark_http::api::{ApiError, Call, is_part};
use serde::Deserialize;
use serde_json::Value;

use crate::Error;

use super::client::{Pipelines, V1, V2};
use super::collect::{Collector, Place};
use super::metrics::{Attempt, Way};
use super::run::Run;
use super::tree::Tree;

/// The artifact with the metrics of a node.
const ARTIFACT: &str = "mlpipeline-metrics";
/// Metrics that the server keeps of a run.
const MOST_KEPT: usize = 50;
/// Nodes whose artifacts are asked for at most.
const MOST_NODES: usize = 200;
/// Bytes of a packed file, and of what is in it, at most.
const LARGEST: u64 = 1 << 20;
/// A block of an archive.
const BLOCK: usize = 512;

#[derive(Debug, Deserialize)]
struct RunAnswer {
    run: Option<OldRun>,
    pipeline_runtime: Option<Runtime>,
}

#[derive(Debug, Deserialize)]
struct OldRun {
    #[serde(default)]
    metrics: Vec<Metric>,
    pipeline_spec: Option<Spec>,
}

#[derive(Debug, Deserialize)]
struct Spec {
    /// Pipelines of version 1 are workflows of Argo.
    workflow_manifest: Option<String>,
    /// Pipelines of version 2 are not.
    pipeline_manifest: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Metric {
    #[serde(default)]
    name: String,
    #[serde(default)]
    node_id: String,
    number_value: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Runtime {
    #[serde(default)]
    workflow_manifest: String,
}

#[derive(Debug, Default, Deserialize)]
struct Workflow {
    #[serde(default)]
    status: WorkflowStatus,
}

#[derive(Debug, Default, Deserialize)]
struct WorkflowStatus {
    #[serde(default)]
    nodes: BTreeMap<String, Node>,
}

#[derive(Debug, Deserialize)]
struct Node {
    #[serde(default, rename = "displayName")]
    name: String,
    outputs: Option<Outputs>,
}

#[derive(Debug, Deserialize)]
struct Outputs {
    #[serde(default)]
    artifacts: Vec<Output>,
}

#[derive(Debug, Deserialize)]
struct Output {
    #[serde(default)]
    name: String,
}

#[derive(Debug, Deserialize)]
struct ReadAnswer {
    #[serde(default)]
    data: String,
}

/// A file of metrics.
#[derive(Debug, Deserialize)]
struct File {
    #[serde(default)]
    metrics: Vec<FileMetric>,
}

#[derive(Debug, Deserialize)]
struct FileMetric {
    name: String,
    #[serde(rename = "numberValue", alias = "number_value")]
    value: Value,
}

impl Pipelines {
    /// The metrics of version 1 of a run.
    pub(super) fn v1_of(&self, run: &Run) -> Result<Attempt, Error> {
        if !is_part(&run.id) {
            return Err(Error::input(format!("`{}` is no id of a run", run.id)));
        }
        let call = Call::get("run", format!("{V1}/runs")).part(&run.id);
        let answer: RunAnswer = match self.api().json(&call) {
            Err(error) if Self::is_absent(&error) || error.status() == Some(403) || matches!(error, ApiError::Strange { .. }) => {
                return Ok(Attempt::Missing(format!("version 1 of the API does not know the run: {error}")));
            }
            answer => answer?,
        };
        let manifest = answer.pipeline_runtime.map(|runtime| runtime.workflow_manifest).unwrap_or_default();
        // A workflow that is kept elsewhere is an empty one here.
        let nodes = match manifest.trim() {
            "" => BTreeMap::new(),
            text => {
                let damaged =
                    |error: serde_json::Error| Error::Damaged { what: format!("the workflow of {}", run.id), why: error.to_string() };
                serde_json::from_str::<Workflow>(text).map_err(damaged)?.status.nodes
            }
        };
        let (metrics, spec) = answer.run.map(|run| (run.metrics, run.pipeline_spec)).unwrap_or_default();
        let mut found = Collector::default();
        if metrics.len() == MOST_KEPT {
            found.note(format!("the server keeps {MOST_KEPT} metrics of a run and no more: some may be missing"));
        }
        for metric in metrics {
            let name = nodes.get(&metric.node_id).map_or(metric.node_id.as_str(), |node| step(&node.name));
            let value = metric.number_value.map_or(Tree::Number(0.0), Tree::from);
            match value.number() {
                Some(number) => found.metric(&place(name), &metric.name, number),
                None => found.note(format!("`{}` of `{name}` is {} and no metric", metric.name, value.kind())),
            }
        }
        if found.is_empty() {
            self.read_files(run, &nodes, &mut found)?;
        }
        let is_old = spec.is_some_and(|spec| has(spec.workflow_manifest) && !has(spec.pipeline_manifest));
        if found.is_empty() && !is_old {
            return Ok(Attempt::Unknown("version 1 of the API has no metrics of the run".to_owned()));
        }
        Ok(Attempt::Found(found.done(Way::V1)))
    }

    fn read_files(&self, run: &Run, nodes: &BTreeMap<String, Node>, found: &mut Collector) -> Result<(), Error> {
        let named = |node: &Node| {
            let outputs = node.outputs.as_ref()?;
            outputs.artifacts.iter().map(|artifact| artifact.name.clone()).find(|name| name.ends_with(ARTIFACT))
        };
        let with_files: Vec<(&str, &str, String)> =
            nodes.iter().filter_map(|(id, node)| Some((id.as_str(), step(&node.name), named(node)?))).take(MOST_NODES + 1).collect();
        if with_files.len() > MOST_NODES {
            found.note(format!("only the metrics of {MOST_NODES} nodes were read"));
        }
        for (id, name, artifact) in with_files.into_iter().take(MOST_NODES) {
            let Some(bytes) = self.file(run, id, &artifact)? else { continue };
            let metrics = unpacked(&bytes).and_then(|text| read(&text));
            let metrics = metrics.map_err(|why| Error::Damaged { what: format!("{artifact} of {name}"), why: why.to_owned() })?;
            for (metric, value) in metrics {
                found.metric(&place(name), &metric, value);
            }
        }
        Ok(())
    }

    /// The bytes of an artifact, from whichever version of the API has them.
    fn file(&self, run: &Run, node: &str, artifact: &str) -> Result<Option<Vec<u8>>, Error> {
        if !(is_part(node) && is_part(artifact)) {
            return Ok(None);
        }
        let mut failed = None;
        for version in [V1, V2] {
            let call = Call::get("artifact", format!("{version}/runs")).part(&run.id).then("/nodes").part(node).then("/artifacts");
            // In base64, and with what is around it.
            let call = call.part(artifact).then(":read").limit(4 * usize::try_from(LARGEST).unwrap_or(usize::MAX));
            match self.api().json::<ReadAnswer>(&call) {
                Ok(answer) => {
                    let bytes = STANDARD.decode(answer.data.as_bytes());
                    return bytes.map(Some).map_err(|_| self.api().strange(&call, "its data are not base64").into());
                }
                Err(error) if Self::is_absent(&error) => {}
                // One version may have trouble with what the other one has.
                Err(error @ ApiError::Refused { status: 500, json: Some(_), .. }) => failed = Some(error),
                Err(error) => return Err(error.into()),
            }
        }
        // The node says that there is such a file: what cannot be read is not nothing.
        failed.map_or(Ok(None), |error| Err(error.into()))
    }
}

fn has(text: Option<String>) -> bool {
    text.is_some_and(|text| !text.is_empty())
}

fn place(task: &str) -> Place {
    Place { task: task.to_owned(), turns: Vec::new(), output: ARTIFACT.to_owned(), serial: 0 }
}

/// The step that a node is: `train(1)` is the second try of `train`.
fn step(name: &str) -> &str {
    match name.strip_suffix(')').and_then(|rest| rest.rsplit_once('(')) {
        Some((step, number)) if !step.is_empty() && number.parse::<u32>().is_ok() => step,
        _ => name,
    }
}

/// The metrics in a file. Percentages are kept as fractions there, so that their form does not matter.
fn read(text: &str) -> Result<Vec<(String, f64)>, &'static str> {
    // Objects may be written as arrays by serde's rules, which nobody does.
    let text = Some(text.trim_start()).filter(|text| text.starts_with('{')).ok_or("it is no file of metrics")?;
    let file: File = serde_json::from_str(&super::tree::from_python(text)).map_err(|_| "it is no file of metrics")?;
    let metric = |metric: FileMetric| match Tree::from(metric.value) {
        // People wrote numbers as texts as well.
        Tree::Text(text) => text.trim().parse().ok().map(|value| (metric.name, value)),
        value => value.number().map(|value| (metric.name, value)),
    };
    file.metrics.into_iter().map(metric).collect::<Option<_>>().ok_or("a metric in it is no number")
}

/// The first file of a packed archive; or the file itself, packed or not.
///
/// # Errors
/// What is wrong with it, as a sentence fragment.
pub fn unpacked(bytes: &[u8]) -> Result<String, &'static str> {
    let mut plain = Vec::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        flate2::read::GzDecoder::new(bytes).take(LARGEST + 1).read_to_end(&mut plain).map_err(|_| "it cannot be unpacked")?;
    } else {
        plain = bytes.to_vec();
    }
    if plain.len() as u64 > LARGEST {
        return Err("it is too large");
    }
    let file = match plain.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => plain.as_slice(),
        _ => first_file(&plain)?,
    };
    String::from_utf8(file.to_vec()).map_err(|_| "it is no text")
}

/// The content of the first file of an archive in the form of `tar`.
fn first_file(archive: &[u8]) -> Result<&[u8], &'static str> {
    let mut rest = archive;
    while let Some((head, tail)) = rest.split_first_chunk::<BLOCK>() {
        if head.iter().all(|byte| *byte == 0) {
            break;
        }
        let size = head.get(124..136).and_then(octal).ok_or("its archive is damaged")?;
        let (content, _) = tail.split_at_checked(size).ok_or("its archive is cut short")?;
        match head.get(156) {
            Some(b'0' | 0) => return Ok(content),
            // Folders, and what some writers put before a file.
            _ => rest = tail.get(size.next_multiple_of(BLOCK)..).unwrap_or_default(),
        }
    }
    Err("its archive holds no file")
}

fn octal(digits: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(digits).ok()?;
    usize::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok().filter(|size| *size as u64 <= LARGEST)
}

#[cfg(test)]
mod tests;
