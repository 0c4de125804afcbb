//! Runs and what belongs to them. A search asks a fixed number of questions for each few hundred runs, never one for each run.

use std::collections::{BTreeMap, HashMap};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, ToSql, params_from_iter};

use super::schema::Schema;
use super::tags::Tags;
use crate::folders::shown;
use crate::run::{Dataset, Point, Run, Status};
use crate::store::{Found, Query, Skipped};

/// The runs whose metrics are asked for at once.
const AT_ONCE: usize = 250;
/// Runs that a question names one by one.
const MOST_NAMED: usize = 500;
/// Logged values of one metric that are read.
pub(super) const MOST_POINTS: usize = 5_000_000;
const COLUMNS: &str = "run_uuid, cast(experiment_id as text), name, status, start_time, end_time, artifact_uri, lifecycle_stage";

/// A value that is not what its column should hold; it costs its run.
type Odd = String;

/// Runs that are not deleted, newest start first.
pub(super) fn search(sqlite: &Connection, schema: Schema, tags: &Tags, query: &Query) -> rusqlite::Result<Found> {
    let mut found = Found::default();
    let experiments: Vec<i64> = query.experiments.iter().filter_map(|id| id.parse().ok()).collect();
    if experiments.is_empty() || query.tags.iter().any(|(_, values)| values.is_empty()) {
        return Ok(found);
    }
    let (sql, values) = question(sqlite, tags, query, experiments)?;
    let mut statement = sqlite.prepare(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    loop {
        let room = query.limit - found.runs.len();
        let mut batch = Vec::new();
        while batch.len() < room.min(AT_ONCE) {
            match rows.next()?.map(header) {
                None => break,
                Some(Ok(run)) => batch.push(run),
                Some(Err(skipped)) => found.skipped.push(skipped),
            }
        }
        if batch.is_empty() {
            break;
        }
        for run in fill(sqlite, schema, batch)? {
            match run {
                Ok(run) => found.runs.push(run),
                Err(skipped) => found.skipped.push(skipped),
            }
        }
    }
    if found.runs.len() == query.limit && rows.next()?.is_some() {
        found.incomplete = Some(format!("only the newest {} are read", query.limit));
    }
    found.skipped.sort_by(|one, two| one.run.cmp(&two.run));
    Ok(found)
}

/// The question and its values.
fn question(sqlite: &Connection, tags: &Tags, query: &Query, experiments: Vec<i64>) -> rusqlite::Result<(String, Vec<Box<dyn ToSql>>)> {
    let mut sql =
        format!("select {COLUMNS} from runs where lifecycle_stage = 'active' and experiment_id in ({})", marks(experiments.len()));
    let mut values: Vec<Box<dyn ToSql>> = experiments.into_iter().map(|id| Box::new(id) as Box<dyn ToSql>).collect();
    for (name, wanted) in &query.tags {
        let known = tags.runs(sqlite, name, wanted)?;
        if let Some(runs) = known.filter(|runs| runs.len() <= MOST_NAMED) {
            sql.push_str(&format!(" and run_uuid in ({})", marks(runs.len())));
            values.extend(runs.into_iter().map(|run| Box::new(run) as Box<dyn ToSql>));
            continue;
        }
        sql.push_str(&format!(" and run_uuid in (select run_uuid from tags where key = ? and value in ({}))", marks(wanted.len())));
        values.push(Box::new(name.clone()));
        values.extend(wanted.iter().map(|value| Box::new(value.clone()) as Box<dyn ToSql>));
    }
    if let Some(name) = &query.name {
        sql.push_str(" and name = ?");
        values.push(Box::new(name.clone()));
    }
    sql.push_str(" order by start_time desc, run_uuid");
    Ok((sql, values))
}

/// One run, deleted or not.
pub(super) fn run(sqlite: &Connection, schema: Schema, id: &str) -> rusqlite::Result<Option<Result<Run, Skipped>>> {
    let mut statement = sqlite.prepare(&format!("select {COLUMNS} from runs where run_uuid = ?"))?;
    let mut rows = statement.query([id])?;
    match rows.next()?.map(header) {
        None => Ok(None),
        Some(Err(skipped)) => Ok(Some(Err(skipped))),
        Some(Ok(run)) => Ok(fill(sqlite, schema, vec![run])?.pop()),
    }
}

/// All logged values of a metric; one more than is read where there are too many.
pub(super) fn history(sqlite: &Connection, run: &str, metric: &str) -> rusqlite::Result<Result<Vec<Point>, Odd>> {
    let mut statement = sqlite.prepare("select value, is_nan, step, timestamp from metrics where run_uuid = ?1 and key = ?2 limit ?3")?;
    let mut rows = statement.query((run, metric, MOST_POINTS as i64 + 1))?;
    let mut points = Vec::new();
    while let Some(row) = rows.next()? {
        match point(row, 0) {
            Ok(point) => points.push(point),
            Err(odd) => return Ok(Err(odd)),
        }
    }
    Ok(Ok(points))
}

fn header(row: &Row<'_>) -> Result<Run, Skipped> {
    let id = text(row, 0, "run_uuid").map_err(|reason| Skipped { run: "?".to_owned(), reason })?;
    let read = || {
        let mut run = Run::new(&id, text(row, 1, "experiment_id")?);
        run.name = optional_text(row, 2, "name")?.unwrap_or_default();
        let status = text(row, 3, "status")?;
        run.status = Status::from_name(&status).ok_or_else(|| format!("it has the unknown status `{}`", shown(&status)))?;
        run.started = optional_integer(row, 4, "start_time")?;
        run.ended = optional_integer(row, 5, "end_time")?;
        run.artifacts = optional_text(row, 6, "artifact_uri")?.unwrap_or_default();
        run.deleted = optional_text(row, 7, "lifecycle_stage")?.as_deref() == Some("deleted");
        Ok(run)
    };
    read().map_err(|reason| Skipped { run: shown(&id), reason })
}

/// Metrics, params, tags, data and models of some runs.
fn fill(sqlite: &Connection, schema: Schema, runs: Vec<Run>) -> rusqlite::Result<Vec<Result<Run, Skipped>>> {
    let mut batch = Batch::of(runs);
    batch.each(sqlite, "select run_uuid, key, value from tags where run_uuid in", |run, row| {
        run.tags.insert(text(row, 1, "tags.key")?, optional_text(row, 2, "tags.value")?.unwrap_or_default());
        Ok(())
    })?;
    batch.each(sqlite, "select run_uuid, key, value from params where run_uuid in", |run, row| {
        run.params.insert(text(row, 1, "params.key")?, text(row, 2, "params.value")?);
        Ok(())
    })?;
    batch.each(sqlite, "select run_uuid, key, value, is_nan, step, timestamp from latest_metrics where run_uuid in", |run, row| {
        let key = text(row, 1, "latest_metrics.key")?;
        let point = point(row, 2).map_err(|odd| format!("metric `{}`: {odd}", shown(&key)))?;
        run.metrics.insert(key, point);
        Ok(())
    })?;
    if schema.has_datasets {
        let sql = "select i.destination_id, d.name, d.digest, (select t.value from input_tags t where t.input_uuid = i.input_uuid \
                   and t.name = 'mlflow.data.context') from inputs i join datasets d on d.dataset_uuid = i.source_id \
                   where i.source_type = 'DATASET' and i.destination_type = 'RUN' and i.destination_id in";
        batch.each(sqlite, sql, |run, row| {
            let (name, digest) = (text(row, 1, "datasets.name")?, text(row, 2, "datasets.digest")?);
            run.datasets.push(Dataset { name, digest, context: optional_text(row, 3, "input_tags.value")? });
            Ok(())
        })?;
    }
    if schema.has_inputs {
        let sql = "select source_id, destination_id from inputs \
                   where source_type = 'RUN_OUTPUT' and destination_type = 'MODEL_OUTPUT' and source_id in";
        batch.each(sqlite, sql, |run, row| {
            run.models.push(text(row, 1, "inputs.destination_id")?);
            Ok(())
        })?;
    }
    Ok(batch.done())
}

/// Runs that are being filled; one with an odd value is given up.
struct Batch {
    runs: Vec<Result<Run, Skipped>>,
    places: HashMap<String, usize>,
}

impl Batch {
    fn of(runs: Vec<Run>) -> Self {
        let places = runs.iter().enumerate().map(|(place, run)| (run.id.clone(), place)).collect();
        Self { runs: runs.into_iter().map(Ok).collect(), places }
    }

    /// Asks `sql`, which ends before the list of run ids and gives the run's id first.
    fn each(&mut self, sqlite: &Connection, sql: &str, put: impl Fn(&mut Run, &Row<'_>) -> Result<(), Odd>) -> rusqlite::Result<()> {
        let mut statement = sqlite.prepare(&format!("{sql} ({})", marks(self.runs.len())))?;
        let mut ids: Vec<&str> = vec![""; self.runs.len()];
        for (id, place) in &self.places {
            if let Some(slot) = ids.get_mut(*place) {
                *slot = id;
            }
        }
        let mut rows = statement.query(params_from_iter(ids))?;
        while let Some(row) = rows.next()? {
            let place = row.get_ref(0)?.as_str().ok().and_then(|id| self.places.get(id));
            let Some(slot) = place.and_then(|place| self.runs.get_mut(*place)) else { continue };
            if let Ok(run) = slot
                && let Err(reason) = put(run, row)
            {
                *slot = Err(Skipped { run: run.id.clone(), reason });
            }
        }
        Ok(())
    }

    fn done(self) -> Vec<Result<Run, Skipped>> {
        let mut runs = self.runs;
        for run in runs.iter_mut().flatten() {
            run.datasets.sort();
            run.models.sort();
        }
        runs
    }
}

/// The value, whether it is NaN, the step and the time, from a column on.
fn point(row: &Row<'_>, first: usize) -> Result<Point, Odd> {
    let value = match (row.get_ref(first), optional_integer(row, first + 1, "is_nan")?) {
        (Ok(_), Some(1)) => f64::NAN,
        (Ok(ValueRef::Real(value)), Some(0)) => value,
        (Ok(ValueRef::Integer(value)), Some(0)) => value as f64,
        (_, Some(0)) => return Err("`value` is no number".to_owned()),
        _ => return Err("`is_nan` is neither 0 nor 1".to_owned()),
    };
    let (step, time) = (optional_integer(row, first + 2, "step")?, optional_integer(row, first + 3, "timestamp")?);
    Ok(Point::new(value, step.unwrap_or(0), time.unwrap_or(0)))
}

fn text(row: &Row<'_>, index: usize, column: &str) -> Result<String, Odd> {
    optional_text(row, index, column)?.ok_or_else(|| format!("`{column}` is null"))
}

pub(super) fn optional_text(row: &Row<'_>, index: usize, column: &str) -> Result<Option<String>, Odd> {
    let value = row.get_ref(index).map_err(|_| format!("`{column}` is missing"))?;
    value.as_str_or_null().map(|text| text.map(str::to_owned)).map_err(|_| format!("`{column}` is no text"))
}

fn optional_integer(row: &Row<'_>, index: usize, column: &str) -> Result<Option<i64>, Odd> {
    let value = row.get_ref(index).map_err(|_| format!("`{column}` is missing"))?;
    value.as_i64_or_null().map_err(|_| format!("`{column}` is no whole number"))
}

/// Question marks for a list of values.
fn marks(count: usize) -> String {
    let mut marks = "?,".repeat(count);
    marks.pop();
    marks
}

/// Names and values of one thing, as two columns of text.
pub(super) fn pairs(sqlite: &Connection, sql: &str, values: &[&dyn ToSql]) -> rusqlite::Result<BTreeMap<String, String>> {
    let mut statement = sqlite.prepare(sql)?;
    let rows = statement.query_map(values, |row| Ok((row.get(0)?, row.get::<_, Option<String>>(1)?.unwrap_or_default())))?;
    rows.collect()
}
