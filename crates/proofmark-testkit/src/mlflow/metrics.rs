//! Histories of metrics.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::call::{Call, absent, invalid, lean, number, refuse};
use super::page::Page;
use super::rows::Point;
use super::runs::run_id;
use super::world::{Version, World};
use crate::github::answer::{Answer, Outcome};

/// All points of one metric of one run, by time, step and value. MLflow 2 knows no pages here.
pub(crate) fn history(world: &mut World, call: &Call<'_>) -> Outcome {
    let (run, key) = (run_id(call)?, call.required("metric_key")?);
    if call.version == Version::Old && call.text("page_token").is_some() {
        let message = "The SQLAlchemyStore backend does not support pagination for the `get_metric_history` API.";
        return Err(refuse("INTERNAL_ERROR", message));
    }
    let points = points(world, &run, &key).into_iter().map(|point| point.json(None)).collect();
    let whole = call.version == Version::Old || call.text("max_results").is_none() && call.text("page_token").is_none();
    let (points, next) = if whole { (points, Value::Null) } else { Page::of(call, 25_000, i64::MAX)?.cut(points) };
    Ok(Answer::ok(lean(vec![("metrics", points.into()), ("next_page_token", next)])))
}

/// Several runs, sampled evenly by step; the last step is always there.
pub(crate) fn sampled(world: &mut World, call: &Call<'_>) -> Outcome {
    let (runs, key) = (call.list("run_ids"), call.required("metric_key")?);
    if runs.is_empty() {
        return Err(absent("run_ids"));
    }
    if runs.len() > 100 {
        return Err(invalid("GetMetricHistoryBulkInterval request must specify at least one run_id, and at most 100."));
    }
    let most = call.number("max_results")?.and_then(|most| usize::try_from(most).ok()).unwrap_or(2500);
    let all: Vec<_> = runs.iter().map(|run| (run, points(world, run, &key))).collect();
    let steps: BTreeSet<i64> = all.iter().flat_map(|(_, points)| points.iter().map(|point| point.step)).collect();
    let steps: Vec<i64> = steps.into_iter().collect();
    let kept: BTreeSet<i64> = if steps.len() <= most {
        steps.into_iter().collect()
    } else {
        let each = (0..most).filter_map(|index| steps.get(index * steps.len() / most));
        each.chain(steps.last()).copied().collect()
    };
    let row = |run: &str, points: &[&Point]| -> Vec<Value> {
        points.iter().filter(|point| kept.contains(&point.step)).map(|point| point.json(Some(run))).collect()
    };
    let rows: Vec<Value> = all.iter().flat_map(|(run, points)| row(run, points)).collect();
    Ok(Answer::ok(lean(vec![("metrics", rows.into())])))
}

/// Several runs, all points, as the browser gets them: NaN stands there bare, which is no JSON.
pub(crate) fn bulk(world: &mut World, call: &Call<'_>) -> Outcome {
    let (runs, key) = (call.list("run_id"), call.required("metric_key")?);
    let rows = runs.iter().flat_map(|run| points(world, run, &key).into_iter().map(|point| point.json(Some(run))).collect::<Vec<_>>());
    let text = json!({"metrics": rows.collect::<Vec<_>>()}).to_string();
    Ok(Answer::bytes("application/json", text.replace("\"value\":\"NaN\"", "\"value\":NaN").into_bytes()))
}

fn points<'a>(world: &'a World, run: &str, key: &str) -> Vec<&'a Point> {
    let run = world.runs.iter().find(|known| known.id == run);
    let mut points: Vec<_> = run.into_iter().flat_map(|run| &run.points).filter(|point| point.key == key).collect();
    let value = |point: &Point| if point.value.is_nan() { 0.0 } else { point.value };
    points.sort_by(|one, two| (one.time, one.step).cmp(&(two.time, two.step)).then(value(one).total_cmp(&value(two))));
    points
}

impl Point {
    fn json(&self, run: Option<&str>) -> Value {
        lean(vec![
            ("key", json!(self.key)),
            ("value", number(self.value)),
            ("timestamp", json!(self.time)),
            ("step", json!(self.step)),
            ("run_id", json!(run)),
        ])
    }
}
