//! What a world is made of.

use serde_json::{Map, Value};

use super::filter::Field;
use super::page::Row;
use super::spec::{End, Script, State};

#[derive(Debug, Clone)]
pub(crate) struct Experiment {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) namespace: String,
    pub(crate) created: i64,
    pub(crate) archived: bool,
    pub(crate) last_run: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) description: String,
    pub(crate) namespace: String,
    pub(crate) created: i64,
    pub(crate) tags: Map<String, Value>,
}

#[derive(Debug, Clone)]
pub(crate) struct PipelineVersion {
    pub(crate) id: String,
    pub(crate) pipeline: String,
    pub(crate) name: String,
    pub(crate) display_name: String,
    pub(crate) description: String,
    pub(crate) created: i64,
    pub(crate) source: String,
    /// The compiled pipeline; with a platform part it is an object of both.
    pub(crate) spec: Value,
    pub(crate) tags: Map<String, Value>,
}

#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) id: String,
    /// Counted from 1; the numbers of the metadata store go by it.
    pub(crate) serial: i64,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) experiment: String,
    pub(crate) namespace: String,
    pub(crate) pipeline: String,
    pub(crate) version: String,
    /// The pipeline itself, where the run brought it.
    pub(crate) spec: Value,
    /// `None` where the request had none.
    pub(crate) runtime: Option<Map<String, Value>>,
    pub(crate) service_account: String,
    pub(crate) recurring: String,
    pub(crate) plugins_input: Option<Value>,
    pub(crate) created: i64,
    /// 0 while it is not over.
    pub(crate) finished: i64,
    pub(crate) state: State,
    pub(crate) history: Vec<(i64, State)>,
    pub(crate) archived: bool,
    pub(crate) script: Script,
    /// What it comes to, which a retry may change.
    pub(crate) end: End,
    /// Polls since it began, or since somebody asked for its end.
    pub(crate) polls: u32,
    pub(crate) took: i64,
    /// The first numbers of its executions and artifacts in the metadata store.
    pub(crate) first_execution: i64,
    pub(crate) first_artifact: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Recurring {
    pub(crate) id: String,
    pub(crate) namespace: String,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) enabled: bool,
    /// The request.
    pub(crate) fields: Map<String, Value>,
}

fn text(text: &str) -> Field {
    Field::Text(text.to_owned())
}

impl Row for Experiment {
    const NAME: &'static str = "Experiment";
    const KEYS: &'static [&'static str] =
        &["id", "experiment_id", "name", "display_name", "created_at", "description", "namespace", "storage_state", "last_run_created_at"];

    fn id(&self) -> &str {
        &self.id
    }

    fn field(&self, key: &str) -> Field {
        match key {
            "id" | "experiment_id" => text(&self.id),
            "name" | "display_name" => text(&self.name),
            "description" => text(&self.description),
            "namespace" => text(&self.namespace),
            "storage_state" => text(storage(self.archived)),
            "last_run_created_at" => Field::Number(self.last_run),
            _ => Field::Number(self.created),
        }
    }
}

impl Row for Pipeline {
    const NAME: &'static str = "Pipeline";
    const KEYS: &'static [&'static str] = &["id", "pipeline_id", "name", "display_name", "created_at", "description", "namespace"];

    fn id(&self) -> &str {
        &self.id
    }

    fn field(&self, key: &str) -> Field {
        match key {
            "id" | "pipeline_id" => text(&self.id),
            "name" => text(&self.name),
            "display_name" => text(&self.display_name),
            "description" => text(&self.description),
            "namespace" => text(&self.namespace),
            _ => Field::Number(self.created),
        }
    }
}

impl Row for PipelineVersion {
    const NAME: &'static str = "PipelineVersion";
    const KEYS: &'static [&'static str] =
        &["id", "pipeline_version_id", "name", "display_name", "created_at", "description", "code_source_url"];

    fn id(&self) -> &str {
        &self.id
    }

    fn field(&self, key: &str) -> Field {
        match key {
            "id" | "pipeline_version_id" => text(&self.id),
            "name" => text(&self.name),
            "display_name" => text(&self.display_name),
            "description" => text(&self.description),
            "code_source_url" => text(&self.source),
            _ => Field::Number(self.created),
        }
    }
}

impl Row for Run {
    const NAME: &'static str = "Run";
    const KEYS: &'static [&'static str] = &[
        "run_id",
        "id",
        "display_name",
        "name",
        "created_at",
        "finished_at",
        "description",
        "scheduled_at",
        "storage_state",
        "namespace",
        "experiment_id",
        "state",
        "status",
        "recurring_run_id",
    ];

    fn id(&self) -> &str {
        &self.id
    }

    fn field(&self, key: &str) -> Field {
        match key {
            "run_id" | "id" => text(&self.id),
            "display_name" | "name" => text(&self.name),
            "description" => text(&self.description),
            "storage_state" => text(storage(self.archived)),
            "namespace" => text(&self.namespace),
            "experiment_id" => text(&self.experiment),
            "state" => text(self.state.name()),
            "status" => text(self.state.old_name()),
            "recurring_run_id" => text(&self.recurring),
            "finished_at" => Field::Number(self.finished),
            _ => Field::Number(self.created),
        }
    }
}

impl Recurring {
    pub(crate) fn text(&self, name: &str) -> &str {
        self.fields.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

impl Row for Recurring {
    const NAME: &'static str = "Job";
    const KEYS: &'static [&'static str] = &[
        "id",
        "recurring_run_id",
        "name",
        "display_name",
        "created_at",
        "updated_at",
        "description",
        "namespace",
        "experiment_id",
        "status",
    ];

    fn id(&self) -> &str {
        &self.id
    }

    fn field(&self, key: &str) -> Field {
        match key {
            "id" | "recurring_run_id" => text(&self.id),
            "name" | "display_name" => text(self.text("display_name")),
            "description" => text(self.text("description")),
            "namespace" => text(&self.namespace),
            "experiment_id" => text(self.text("experiment_id")),
            "status" => text(if self.enabled { "ENABLED" } else { "DISABLED" }),
            "updated_at" => Field::Number(self.updated),
            _ => Field::Number(self.created),
        }
    }
}

pub(crate) fn storage(archived: bool) -> &'static str {
    if archived { "ARCHIVED" } else { "AVAILABLE" }
}
