//! Logged models of MLflow 3.

use serde_json::{Value, json};

use super::artifacts;
use super::call::{Call, absent, lean, missing, number, page, pairs};
use super::filter::{Field, Kind, Target, parse};
use super::page::Page;
use super::rows::LoggedModel;
use super::runs::{tag, text, time};
use super::world::{Version, World};
use crate::github::answer::{Answer, Outcome};

/// `logged-models/ID`, and what lies below it.
pub(crate) fn one(world: &World, call: &Call<'_>, rest: &str) -> Outcome {
    let (id, below) = rest.split_once('/').unwrap_or((rest, ""));
    let model = world.logged.iter().find(|model| model.id == id);
    let model = model.ok_or_else(|| missing(&format!("Logged model with ID '{id}' not found.")))?;
    match below {
        "" => Ok(Answer::ok(json!({"model": model.json()}))),
        "artifacts/directories" => artifacts::of_model(model, call),
        _ => Err(page(404)),
    }
}

pub(crate) fn search(world: &mut World, call: &Call<'_>) -> Outcome {
    if call.version == Version::Old {
        return Err(page(404));
    }
    let clauses = parse(&call.text("filter").unwrap_or_default(), Target::LoggedModels, call.version)?;
    let experiments = call.list("experiment_ids");
    if experiments.is_empty() {
        return Err(absent("experiment_ids"));
    }
    let mut found: Vec<_> = world.logged.iter().filter(|model| experiments.contains(&model.experiment)).collect();
    found.retain(|model| clauses.iter().all(|clause| clause.holds(&model.fields(clause.kind, &clause.key))));
    found.sort_by(|one, two| two.created.cmp(&one.created).then_with(|| one.id.cmp(&two.id)));
    if let Some(order) = call.value("order_by").and_then(|orders| orders.get(0)) {
        let name = order.get("field_name").and_then(Value::as_str).unwrap_or_default();
        let ascending = order.get("ascending") != Some(&Value::Bool(false));
        let (kind, key) = match name.split_once('.') {
            Some((_, key)) => (Kind::Metric, key),
            None => (Kind::Attribute, name),
        };
        let order = super::filter::Order { kind, key: key.to_owned(), ascending };
        found.sort_by(|one, two| order.compare(one.fields(kind, key).first(), two.fields(kind, key).first()));
    }
    let (found, next) = Page::of(call, 50, 50_000)?.cut(found);
    let found = found.into_iter().map(LoggedModel::json).collect();
    Ok(Answer::ok(lean(vec![("models", found), ("next_page_token", next)])))
}

impl LoggedModel {
    pub(crate) fn artifact_uri(&self) -> String {
        format!("mlflow-artifacts:/{}/models/{}/artifacts", self.experiment, self.id)
    }

    fn fields(&self, kind: Kind, key: &str) -> Vec<Field> {
        match (kind, key) {
            (Kind::Metric, key) => {
                let points = self.metrics.iter().filter(|(point, _)| point.key == key);
                points.map(|(point, _)| Field::Number(point.value)).collect()
            }
            (Kind::Parameter, key) => tag(&self.params, key),
            (Kind::Tag, key) => tag(&self.tags, key),
            (_, "name") => text(&self.name),
            (_, "model_id") => text(&self.id),
            (_, "source_run_id") => text(&self.run),
            (_, "status") => text("READY"),
            (_, "creation_timestamp" | "creation_time" | "last_updated_timestamp") => time(self.created),
            _ => Vec::new(),
        }
    }

    fn json(&self) -> Value {
        let info = lean(vec![
            ("model_id", json!(self.id)),
            ("experiment_id", json!(self.experiment)),
            ("name", json!(self.name)),
            ("creation_timestamp_ms", json!(self.created)),
            ("last_updated_timestamp_ms", json!(self.created)),
            ("artifact_uri", json!(self.artifact_uri())),
            ("status", json!("LOGGED_MODEL_READY")),
            ("model_type", json!("")),
            ("source_run_id", json!(self.run)),
            ("tags", pairs(&self.tags)),
        ]);
        let metric = |(point, dataset): &(super::rows::Point, Option<(String, String)>)| {
            lean(vec![
                ("key", json!(point.key)),
                ("value", number(point.value)),
                ("timestamp", json!(point.time)),
                ("step", json!(point.step)),
                ("dataset_name", json!(dataset.as_ref().map(|(name, _)| name))),
                ("dataset_digest", json!(dataset.as_ref().map(|(_, digest)| digest))),
                ("model_id", json!(self.id)),
                ("run_id", json!(self.run)),
            ])
        };
        let metrics = self.metrics.iter().map(metric).collect();
        json!({"info": info, "data": lean(vec![("params", pairs(&self.params)), ("metrics", metrics)])})
    }
}
