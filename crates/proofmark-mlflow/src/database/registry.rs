//! Logged models and the model registry of a database.

use std::collections::BTreeMap;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, ToSql};

use super::runs::pairs;
use super::schema::Schema;
use crate::folders::logged_model_of;
use crate::model::{LoggedModel, ModelMetric, ModelVersion, Which};
use crate::run::Point;

/// A logged model; `None` where it was deleted.
pub(super) fn logged_model(sqlite: &Connection, id: &str) -> rusqlite::Result<Option<LoggedModel>> {
    let sql =
        "select name, source_run_id from logged_models where model_id = ? and (lifecycle_stage is null or lifecycle_stage = 'active')";
    let found: Option<(String, Option<String>)> = sqlite.query_row(sql, [id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let Some((name, run)) = found else { return Ok(None) };
    Ok(Some(LoggedModel {
        id: id.to_owned(),
        name,
        run: run.filter(|run| !run.is_empty()),
        metrics: metrics(sqlite, id)?,
        params: pairs(sqlite, "select param_key, param_value from logged_model_params where model_id = ?", &[&id])?,
        tags: pairs(sqlite, "select tag_key, tag_value from logged_model_tags where model_id = ?", &[&id])?,
    }))
}

/// The latest value of each metric on each set of data.
fn metrics(sqlite: &Connection, id: &str) -> rusqlite::Result<Vec<ModelMetric>> {
    type Series = (String, Option<(String, String)>);
    let mut statement = sqlite.prepare(
        "select metric_name, dataset_name, dataset_digest, metric_value, metric_step, metric_timestamp_ms from logged_model_metrics \
         where model_id = ?",
    )?;
    let mut latest: BTreeMap<Series, Point> = BTreeMap::new();
    let mut rows = statement.query([id])?;
    while let Some(row) = rows.next()? {
        let dataset = Option::zip(row.get::<_, Option<String>>(1)?, row.get::<_, Option<String>>(2)?);
        // This table has no column for NaN, which SQLite stores as null.
        let point = Point::new(row.get::<_, Option<f64>>(3)?.unwrap_or(f64::NAN), row.get(4)?, row.get(5)?);
        let known = latest.entry((row.get(0)?, dataset)).or_insert(point);
        if point.is_later_than(known) {
            *known = point;
        }
    }
    Ok(latest.into_iter().map(|((name, dataset), point)| ModelMetric { name, value: point.value, dataset }).collect())
}

/// A registered model's rows.
pub(super) struct Registered<'a> {
    sqlite: &'a Connection,
    name: &'a str,
    /// The condition on the workspace: the one that everybody has who never named one.
    workspace: &'static str,
}

impl<'a> Registered<'a> {
    /// `None` where there is no such model.
    pub(super) fn find(sqlite: &'a Connection, schema: Schema, name: &'a str) -> rusqlite::Result<Option<Self>> {
        if !schema.has_registry {
            return Ok(None);
        }
        let workspace = if schema.models_in_workspaces { "and workspace = 'default'" } else { "" };
        let mut statement = sqlite.prepare(&format!("select 1 from registered_models where name = ? {workspace}"))?;
        Ok(statement.exists([name])?.then_some(Self { sqlite, name, workspace }))
    }

    pub(super) fn version(&self, which: &Which) -> rusqlite::Result<Option<ModelVersion>> {
        let found = match which {
            Which::Number(number) => self.numbered(*number)?,
            Which::Alias(alias) => {
                let sql = format!("select version from registered_model_aliases where name = ? and alias = ? {}", self.workspace);
                let number: Option<u64> = self.sqlite.query_row(&sql, [self.name, alias], |row| unsigned(row, 0)).optional()?;
                number.map(|number| self.numbered(number)).transpose()?.flatten()
            }
            Which::Stage(stage) => self.versions("and lower(current_stage) = lower(?2) limit 1", &[stage])?.pop(),
        };
        let Some(mut version) = found else { return Ok(None) };
        let sql = format!("select alias, version from registered_model_aliases where name = ? {} order by alias", self.workspace);
        let mut statement = self.sqlite.prepare(&sql)?;
        let aliases = statement.query_map([self.name], |row| Ok((row.get::<_, String>(0)?, unsigned(row, 1)?)))?;
        for alias in aliases {
            let (alias, number) = alias?;
            if number == version.version {
                version.aliases.push(alias);
            }
        }
        Ok(Some(version))
    }

    pub(super) fn versions_of_run(&self, run: &str) -> rusqlite::Result<Vec<ModelVersion>> {
        self.versions("and run_id = ?2", &[&run])
    }

    fn numbered(&self, number: u64) -> rusqlite::Result<Option<ModelVersion>> {
        let Ok(number) = i64::try_from(number) else { return Ok(None) };
        Ok(self.versions("and version = ?2", &[&number])?.pop())
    }

    /// Newest first; `and` and `last` pick some of them. A deleted version stays as a row.
    fn versions(&self, condition: &str, last: &[&dyn ToSql]) -> rusqlite::Result<Vec<ModelVersion>> {
        let (condition, limit) = condition.split_once(" limit ").map_or((condition, "-1"), |(condition, limit)| (condition, limit));
        let mut statement = self.sqlite.prepare(&format!(
            "select version, run_id, source, status, current_stage from model_versions \
             where name = ?1 {} and current_stage is not 'Deleted_Internal' {condition} order by version desc limit {limit}",
            self.workspace
        ))?;
        let values: Vec<&dyn ToSql> = std::iter::once(&self.name as &dyn ToSql).chain(last.iter().copied()).collect();
        let rows = statement.query_map(values.as_slice(), |row| {
            let source: String = row.get::<_, Option<String>>(2)?.unwrap_or_default();
            let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
            Ok(ModelVersion {
                model: self.name.to_owned(),
                version: unsigned(row, 0)?,
                run: filled(row.get(1)?),
                logged_model: logged_model_of(&source),
                source,
                status: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
                stage: filled(row.get(4)?),
                aliases: Vec::new(),
                tags: BTreeMap::new(),
            })
        })?;
        let mut versions: Vec<ModelVersion> = rows.collect::<rusqlite::Result<_>>()?;
        let sql = format!("select key, value from model_version_tags where name = ? and version = ? {}", self.workspace);
        for version in &mut versions {
            version.tags = pairs(self.sqlite, &sql, &[&self.name, &Value::Integer(version.version.cast_signed())])?;
        }
        Ok(versions)
    }
}

fn unsigned(row: &rusqlite::Row<'_>, index: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(index)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(index, number))
}
