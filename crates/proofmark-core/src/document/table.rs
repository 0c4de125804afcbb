//! Metrics written as a table: CSV and TSV.
//!
//! A table becomes one mapping, by its shape:
//!
//! | shape | becomes |
//! |---|---|
//! | columns named `metric`/`name`/`key` and `value`, nothing else | one metric per row |
//! | one row | one metric per column |
//! | first column is text, all different | `row.column` |
//! | first column counts steps (`step`, `epoch`, …) | the last row: where training ended |
//! | anything else | a list of rows, `[0].column` |

use super::{Leaves, ParseError, plain_scalar};
use crate::value::{Map, Value};

const STEP_COLUMNS: [&str; 9] = ["step", "steps", "epoch", "epochs", "iteration", "iter", "global_step", "round", "timestamp"];

/// Reads one table with a header.
pub(super) fn read(bytes: &[u8], delimiter: u8, leaves: Leaves) -> Result<Value, ParseError> {
    let table = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(table);
    let header: Vec<String> = reader.headers().map_err(|error| explain(table, &error))?.iter().map(|name| name.trim().to_owned()).collect();
    if header.iter().all(String::is_empty) {
        return Err(ParseError::at(bytes, 0, "the file is empty").hint("a table needs a header line"));
    }
    check_header(table, &header)?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| explain(table, &error))?;
        rows.push(Row { start: start(table, record.position()), cells: record.iter().map(cell).collect() });
    }
    shape(table, &header, rows, leaves)
}

fn check_header(table: &[u8], header: &[String]) -> Result<(), ParseError> {
    let mut seen = std::collections::HashSet::new();
    match header.iter().find(|name| !seen.insert(name.as_str())) {
        Some(twice) => Err(ParseError::at(table, 0, format!("the column `{twice}` stands twice in the header"))),
        None => Ok(()),
    }
}

fn explain(table: &[u8], error: &csv::Error) -> ParseError {
    let message = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => format!("the row has {len} fields where the header has {expected_len}"),
        csv::ErrorKind::Utf8 { .. } => "the row is not UTF-8".to_owned(),
        _ => error.to_string(),
    };
    ParseError::at(table, start(table, error.position()), message)
}

/// Numbers as Python's `csv` and pandas write them; the rest is text.
fn cell(text: &str) -> Value {
    let text = text.trim();
    match text.to_ascii_lowercase().as_str() {
        "nan" => Value::Float(f64::NAN),
        "inf" | "infinity" | "+inf" => Value::Float(f64::INFINITY),
        "-inf" | "-infinity" => Value::Float(f64::NEG_INFINITY),
        _ => match plain_scalar(text) {
            number @ (Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Null) => number,
            _ => Value::Text(text.to_owned()),
        },
    }
}

/// One row and where it begins.
struct Row {
    start: usize,
    cells: Vec<Value>,
}

impl Row {
    fn under(self, names: &[String], leaves: Leaves) -> Map {
        names.iter().cloned().zip(self.cells.into_iter().map(|cell| leaves.leaf(cell, self.start))).collect()
    }
}

/// Where a row begins. The reader counts the line ends before a row as the row's.
fn start(table: &[u8], row: Option<&csv::Position>) -> usize {
    let from = row.map_or(0, |at| usize::try_from(at.byte()).unwrap_or(usize::MAX)).min(table.len());
    from + table[from..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
}

fn shape(table: &[u8], header: &[String], mut rows: Vec<Row>, leaves: Leaves) -> Result<Value, ParseError> {
    let is = |column: usize, names: &[&str]| header.get(column).is_some_and(|name| names.contains(&name.to_ascii_lowercase().as_str()));
    if header.len() == 2 && is(0, &["metric", "name", "key"]) && is(1, &["value"]) {
        return by_first_column(table, rows, |mut row| leaves.leaf(row.cells.pop().unwrap_or(Value::Null), row.start));
    }
    if rows.len() == 1 || is(0, &STEP_COLUMNS) {
        return Ok(Value::Map(rows.pop().map_or_else(Map::new, |row| row.under(header, leaves))));
    }
    let labels: std::collections::HashSet<&str> = rows.iter().filter_map(|row| row.cells.first()?.as_text()).collect();
    if labels.len() == rows.len() && header.len() > 1 {
        return by_first_column(table, rows, |row| Value::Map(row.under(&header[1..], leaves)));
    }
    Ok(Value::List(rows.into_iter().map(|row| Value::Map(row.under(header, leaves))).collect()))
}

fn by_first_column(table: &[u8], rows: Vec<Row>, make: impl Fn(Row) -> Value) -> Result<Value, ParseError> {
    let mut map = Map::new();
    for mut row in rows {
        let name = if row.cells.is_empty() { String::new() } else { row.cells.remove(0).to_string() };
        if map.contains_key(&name) {
            return Err(ParseError::at(table, row.start, format!("the row `{name}` stands twice")));
        }
        map.insert(name, make(row));
    }
    Ok(Value::Map(map))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(text: &str) -> String {
        read(text.as_bytes(), b',', Leaves::Values)
            .map_or_else(|error| format!("{error} at {:?}", error.position), |value| value.to_string())
    }

    #[test]
    fn shapes() {
        assert_eq!(csv("metric,value\nacc,0.9\nloss,nan\n"), r#"{"acc":0.9,"loss":"NaN"}"#);
        assert_eq!(csv("acc,loss\n0.9,0.1\n"), r#"{"acc":0.9,"loss":0.1}"#);
        assert_eq!(csv("class,f1,n\ncat,0.8,3\ndog,0.7,4\n"), r#"{"cat":{"f1":0.8,"n":3},"dog":{"f1":0.7,"n":4}}"#);
        assert_eq!(csv("step,loss\n0,0.9\n1,0.5\n"), r#"{"step":1,"loss":0.5}"#);
        assert_eq!(csv("a,b\n1,2\n3,4\n"), r#"[{"a":1,"b":2},{"a":3,"b":4}]"#);
        assert_eq!(csv("epoch,loss\n"), "{}");
    }

    #[test]
    fn mistakes_have_lines() {
        assert!(csv("a,b\n1\n").starts_with("the row has 1 fields where the header has 2 at Some(Position { line: 2"));
        assert!(csv("").starts_with("the file is empty"));
        assert!(csv("a,a\n1,2\n").starts_with("the column `a` stands twice"));
        assert!(csv("name,value\nx,1\nx,2\n").contains("line: 3"));
        // Empty lines, line ends within quotes, and line ends that editors do not show as one.
        assert!(csv("name,value\n\n\"x\ny\",1\nx,1\nx,2\n").contains("line: 6"));
        assert!(csv("name,value\n\n\nx,1,2\n").contains("line: 4"));
        assert!(csv("name,value\nx,1\rx,2").contains("line: 2"));
        assert!(csv("\u{feff}name,value\nx,1\n\nx,2").contains("line: 4"));
    }
}
