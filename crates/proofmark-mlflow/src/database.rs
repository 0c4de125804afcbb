//! Reads the SQLite database of a store (MLflow 2 and 3) while a server may be using it, and never writes.
//!
//! Infinities and NaN are what they were when they were logged, except that MLflow's tables have no -0. Of a server with
//! workspaces the one named `default` is read, which is the one of everybody who never named any.

mod connection;
mod registry;
mod runs;
mod schema;
mod tags;

use std::path::Path;

use rusqlite::OptionalExtension as _;

use self::connection::Reader;
use self::registry::Registered;
use self::schema::Schema;
use self::tags::Tags;
use crate::Error;
use crate::folders::{Shelves, shown};
use crate::model::{LoggedModel, ModelVersion, Which};
use crate::run::{Experiment, Point, Run};
use crate::store::{Artifact, Found, Query, Store};

/// An open store.
#[derive(Debug)]
pub(crate) struct Database {
    reader: Reader,
    schema: Schema,
    tags: Tags,
    title: String,
}

impl Database {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let title = format!("sqlite:///{}", path.display());
        let reader = Reader::open(path, &title)?;
        let schema = Schema::of(&reader, &title)?;
        Ok(Self { reader, schema, tags: Tags::default(), title })
    }

    fn damaged_run(id: &str, why: String) -> Error {
        Error::Damaged { what: format!("run {}", shown(id)), why }
    }
}

impl Store for Database {
    fn title(&self) -> &str {
        &self.title
    }

    fn experiment(&self, name: &str) -> Result<Option<Experiment>, Error> {
        let workspace = if self.schema.experiments_in_workspaces { "and workspace = 'default'" } else { "" };
        let sql = format!(
            "select cast(experiment_id as text) from experiments where name = ? and lifecycle_stage = 'active' {workspace} limit 1"
        );
        let id: Option<String> = self.reader.ask(|sqlite| sqlite.query_row(&sql, [name], |row| row.get(0)).optional())?;
        Ok(id.map(|id| Experiment { id, name: name.to_owned() }))
    }

    fn search(&self, query: &Query) -> Result<Found, Error> {
        self.reader.ask(|sqlite| runs::search(sqlite, self.schema, &self.tags, query))
    }

    fn run(&self, id: &str) -> Result<Option<Run>, Error> {
        let found = self.reader.ask(|sqlite| runs::run(sqlite, self.schema, id))?;
        found.transpose().map_err(|skipped| Self::damaged_run(id, skipped.reason))
    }

    fn history(&self, run: &Run, metric: &str) -> Result<Vec<Point>, Error> {
        let points = self.reader.ask(|sqlite| runs::history(sqlite, &run.id, metric))?;
        let named = |why: String| Self::damaged_run(&run.id, format!("metric `{}`: {why}", shown(metric)));
        let points = points.map_err(named)?;
        if points.len() > runs::MOST_POINTS {
            return Err(named(format!("more than {} logged values", runs::MOST_POINTS)));
        }
        Ok(points)
    }

    fn logged_model(&self, id: &str) -> Result<Option<LoggedModel>, Error> {
        if !self.schema.has_logged_models {
            return Ok(None);
        }
        self.reader.ask(|sqlite| registry::logged_model(sqlite, id))
    }

    fn artifact(&self, run: &Run, path: &str, limit: u64) -> Result<Option<Artifact>, Error> {
        Shelves::of_database(self.reader.file()).find(run, path, limit)
    }

    fn model_version(&self, model: &str, which: &Which) -> Result<Option<ModelVersion>, Error> {
        let found = self.reader.ask(|sqlite| {
            let registered = Registered::find(sqlite, self.schema, model)?;
            registered.map(|registered| registered.version(which)).transpose()
        })?;
        found.ok_or_else(|| Error::NoModel { model: shown(model) })
    }

    fn versions_of_run(&self, model: &str, run: &str) -> Result<Vec<ModelVersion>, Error> {
        let found = self.reader.ask(|sqlite| {
            let registered = Registered::find(sqlite, self.schema, model)?;
            registered.map(|registered| registered.versions_of_run(run)).transpose()
        })?;
        found.ok_or_else(|| Error::NoModel { model: shown(model) })
    }

    fn run_url(&self, _: &Run) -> Option<String> {
        None
    }
}
