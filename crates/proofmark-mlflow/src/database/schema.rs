//! Which of MLflow's tables a database has. The file may be a stranger's, so that a view or a virtual table, behind which
//! any question could hide, is taken for none of them.

use rusqlite::Connection;

use super::connection::Reader;
use crate::Error;

/// The tables that are asked, each with the columns that it needs; those that every MLflow has come first.
const TABLES: [(&str, &str); 16] = [
    ("experiments", "experiment_id name lifecycle_stage"),
    ("runs", "run_uuid name status start_time end_time lifecycle_stage artifact_uri experiment_id"),
    ("tags", "key value run_uuid"),
    ("params", "key value run_uuid"),
    ("metrics", "key value timestamp run_uuid step is_nan"),
    ("latest_metrics", "key value timestamp step is_nan run_uuid"),
    ("datasets", "dataset_uuid name digest"),
    ("inputs", "input_uuid source_type source_id destination_type destination_id"),
    ("input_tags", "input_uuid name value"),
    ("registered_models", "name"),
    ("model_versions", "name version current_stage source run_id status"),
    ("model_version_tags", "key value name version"),
    ("registered_model_aliases", "alias version name"),
    ("logged_models", "model_id name lifecycle_stage source_run_id"),
    ("logged_model_metrics", "model_id metric_name metric_timestamp_ms metric_step metric_value dataset_name dataset_digest"),
    ("logged_model_params", "model_id param_key param_value"),
];
const LOGGED_MODEL_TAGS: (&str, &str) = ("logged_model_tags", "model_id tag_key tag_value");
const NEEDED: usize = 6;

/// What a database has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Schema {
    /// Whether experiments are in workspaces.
    pub(super) experiments_in_workspaces: bool,
    /// Whether registered models are.
    pub(super) models_in_workspaces: bool,
    pub(super) has_datasets: bool,
    pub(super) has_inputs: bool,
    pub(super) has_registry: bool,
    pub(super) has_logged_models: bool,
}

impl Schema {
    pub(super) fn of(reader: &Reader, title: &str) -> Result<Self, Error> {
        let no_store = |why: String| Error::NoStore { store: title.to_owned(), why };
        let with_title = |error| match error {
            Error::Damaged { why, .. } => no_store(why),
            other => other,
        };
        let mut found = Vec::with_capacity(TABLES.len() + 1);
        for (table, needed) in TABLES.into_iter().chain([LOGGED_MODEL_TAGS]) {
            let columns = reader.ask(|sqlite| columns(sqlite, table)).map_err(with_title)?;
            let is_whole = needed.split(' ').all(|column| columns.iter().any(|found| found == column));
            if !is_whole && found.len() < NEEDED {
                return Err(no_store(format!("it has no table `{table}` of MLflow's; is it MLflow's database?")));
            }
            found.push((table, is_whole, columns.iter().any(|column| column == "workspace")));
        }
        let has = |names: &[&str]| names.iter().all(|name| found.iter().any(|(table, is_whole, _)| table == name && *is_whole));
        let in_workspaces = |name: &str| found.iter().any(|(table, _, has_one)| *table == name && *has_one);
        Ok(Self {
            experiments_in_workspaces: in_workspaces("experiments"),
            models_in_workspaces: in_workspaces("registered_models"),
            has_datasets: has(&["datasets", "inputs", "input_tags"]),
            has_inputs: has(&["inputs"]),
            has_registry: has(&["registered_models", "model_versions", "model_version_tags", "registered_model_aliases"]),
            has_logged_models: has(&["logged_models", "logged_model_metrics", "logged_model_params", "logged_model_tags"]),
        })
    }
}

/// The columns of a real table; none of anything else. A table on disk has a first page, which views and virtual tables lack.
fn columns(sqlite: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = sqlite.prepare(
        "select c.name from sqlite_schema s, pragma_table_info(s.name) c where s.name = ?1 and s.type = 'table' and s.rootpage > 1",
    )?;
    statement.query_map([table], |row| row.get(0))?.collect()
}
