//! Which runs have a tag. MLflow's index leads from a tag's name to all runs in the order of their ids, which are scattered over the
//! table: one pass over it takes half the time, and serves both sides of a comparison.

use std::cell::RefCell;
use std::collections::HashMap;

use rusqlite::Connection;

/// Tags of one name that are kept.
const MOST: usize = 500_000;

/// The runs of each value of a tag.
type Values = HashMap<String, Vec<String>>;

/// Tags that were asked for, by name.
#[derive(Debug, Default)]
pub(super) struct Tags(RefCell<HashMap<String, Option<Values>>>);

impl Tags {
    /// The ids of the runs whose tag has one of these values; `None` where there are too many runs to keep in mind.
    pub(super) fn runs(&self, sqlite: &Connection, name: &str, values: &[String]) -> rusqlite::Result<Option<Vec<String>>> {
        let mut known = self.0.borrow_mut();
        if !known.contains_key(name) {
            known.insert(name.to_owned(), read(sqlite, name)?);
        }
        let of = |values: &[String], by_value: &Values| values.iter().filter_map(|value| by_value.get(value)).flatten().cloned().collect();
        Ok(known.get(name).and_then(Option::as_ref).map(|by_value| of(values, by_value)))
    }
}

fn read(sqlite: &Connection, name: &str) -> rusqlite::Result<Option<Values>> {
    let mut statement = sqlite.prepare("select value, run_uuid from tags not indexed where key = ?")?;
    let mut rows = statement.query([name])?;
    let mut values = Values::new();
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += 1;
        if count > MOST {
            return Ok(None);
        }
        // A value that is no text is none that was asked for.
        if let (Ok(value), Ok(run)) = (row.get_ref(0)?.as_str(), row.get_ref(1)?.as_str()) {
            values.entry(value.to_owned()).or_default().push(run.to_owned());
        }
    }
    Ok(Some(values))
}
