//! Answers questions on standard input, one JSON object a line, with one line each, so that other implementations can be asked
//! the same: see `tests/stats`.
//!
//! `{"base": FILE, "head": FILE, "table": DECLARATION, "requests": [[METRIC, SLICED_BY]], "resamples": N}` gives
//! `{"measured": [...]}` or `{"error": ...}`.

use std::fs::File;
use std::io::{BufRead, BufWriter, Write, stdin, stdout};
use std::path::Path;

use proofmark_core::config::Table as Declared;
use proofmark_tables::{Format, Limits, Metric, Request, Selector, Settings, Source, Table, Wanted, evaluate, read, wanted};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut out = BufWriter::new(stdout().lock());
    for line in stdin().lock().lines() {
        let asked: Value = serde_json::from_str(&line?)?;
        let told = answer(&asked).unwrap_or_else(|failure| json!({ "error": failure.to_string() }));
        writeln!(out, "{told}")?;
    }
    Ok(out.flush()?)
}

fn answer(asked: &Value) -> Result<Value, Failure> {
    let spec: Declared = serde_json::from_value(asked["table"].clone())?;
    let requests = asked["requests"].as_array().into_iter().flatten().map(request).collect::<Result<Vec<_>, _>>()?;
    let wanted = wanted(&spec, &requests);
    let (base, head) = (table(&asked["base"], &wanted)?, table(&asked["head"], &wanted)?);
    let settings = Settings { resamples: asked["resamples"].as_u64().unwrap_or(200), ..Settings::default() };
    let measured = evaluate(base.as_ref(), head.as_ref(), &spec, &requests, &settings, &|_, _| {})?;
    Ok(json!({ "measured": measured }))
}

/// The name of a metric, and the columns that it is sliced by (joined by `*`; none for all rows).
fn request(pair: &Value) -> Result<Request, Failure> {
    let [metric, by] = [0, 1].map(|place| pair[place].as_str().unwrap_or_default());
    let selector = if by.is_empty() { Selector::all() } else { Selector::columns(by) };
    Ok(Request { selector, ..Request::new(Metric::parse(metric)?) })
}

fn table(file: &Value, wanted: &Wanted) -> Result<Option<Table>, Failure> {
    let Some(path) = file.as_str().map(Path::new) else {
        return Ok(None);
    };
    let format = Format::of(path).ok_or("no known kind of file")?;
    Ok(Some(read(Source::File(File::open(path)?), format, wanted, &Limits::default(), &|_, _| {})?))
}
