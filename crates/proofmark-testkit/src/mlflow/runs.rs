//! Experiments and runs.

use serde_json::{Value, json};

use super::call::{Call, invalid, lean, missing, number, pairs, refuse, wrong_parameter};
use super::filter::{Clause, Field, Kind, Order, Target, order, parse};
use super::page::{Page, positive};
use super::rows::{Experiment, Run, get};
use super::world::{Version, World};
use crate::github::answer::{Answer, Outcome};

const MOST: i64 = 50_000;

pub(crate) fn experiment_by_name(world: &mut World, call: &Call<'_>) -> Outcome {
    let name = call.required("experiment_name")?;
    let experiment = world.experiments.iter().find(|experiment| experiment.name == name);
    let experiment = experiment.ok_or_else(|| missing(&format!("Could not find experiment with name '{name}'")))?;
    Ok(Answer::ok(json!({"experiment": experiment.json(call.version)})))
}

pub(crate) fn experiment(world: &mut World, call: &Call<'_>) -> Outcome {
    let id = call.required("experiment_id")?;
    let experiment = world.experiments.iter().find(|experiment| experiment.id == id);
    let experiment = experiment.ok_or_else(|| missing(&format!("No Experiment with id={id} exists")))?;
    Ok(Answer::ok(json!({"experiment": experiment.json(call.version)})))
}

pub(crate) fn create_experiment(world: &mut World, call: &Call<'_>) -> Outcome {
    let name = call.required("name")?;
    if world.experiments.iter().any(|experiment| experiment.name == name) {
        return Err(refuse("RESOURCE_ALREADY_EXISTS", &format!("Experiment(name={name}) already exists.")));
    }
    Ok(Answer::ok(json!({"experiment_id": world.experiment(&name)})))
}

pub(crate) fn search_experiments(world: &mut World, call: &Call<'_>) -> Outcome {
    let size = call.number("max_results")?.unwrap_or(0);
    if size < 1 {
        return Err(positive(size));
    }
    if size > MOST {
        return Err(invalid(&format!("Invalid value {size} for parameter 'max_results' supplied. It must be at most {MOST}")));
    }
    let page = Page::of(call, MOST, MOST)?;
    let clauses = parse(&call.text("filter").unwrap_or_default(), Target::Experiments, call.version)?;
    let orders = call.list("order_by").iter().map(|text| order(text, Target::Experiments)).collect::<Result<Vec<_>, _>>()?;
    let view = View::of(call.text("view_type"));
    let mut found: Vec<_> = world.experiments.iter().filter(|experiment| view.shows(experiment.deleted)).collect();
    found.retain(|experiment| clauses.iter().all(|clause| clause.holds(&experiment.fields(clause.kind, &clause.key))));
    found.sort_by(|one, two| {
        let sorted = sorted(&orders, |order| (one.fields(order.kind, &order.key), two.fields(order.kind, &order.key)));
        sorted.then(two.created.cmp(&one.created)).then_with(|| one.id.cmp(&two.id))
    });
    let (found, next) = page.cut(found);
    let found = found.into_iter().map(|experiment| experiment.json(call.version)).collect();
    Ok(Answer::ok(lean(vec![("experiments", found), ("next_page_token", next)])))
}

pub(crate) fn run(world: &mut World, call: &Call<'_>) -> Outcome {
    let run = find(world, &run_id(call)?)?;
    Ok(Answer::ok(json!({"run": run.json(world)})))
}

pub(crate) fn search_runs(world: &mut World, call: &Call<'_>) -> Outcome {
    if let Some(size) = call.value("max_results").and_then(Value::as_str).filter(|size| size.parse::<i64>().is_err()) {
        return Err(wrong_parameter("max_results", &format!("{size:?}"), "str"));
    }
    let page = Page::of_runs(call, 1000, MOST)?;
    let clauses = parse(&call.text("filter").unwrap_or_default(), Target::Runs, call.version)?;
    let orders = call.list("order_by").iter().map(|text| order(text, Target::Runs)).collect::<Result<Vec<_>, _>>()?;
    let twice = |at: usize| orders.iter().take(at).any(|earlier: &Order| orders.get(at).is_some_and(|order| order.key == earlier.key));
    if (0..orders.len()).any(twice) {
        return Err(refuse("INTERNAL_ERROR", "`order_by` contains duplicate fields"));
    }
    let (view, experiments) = (View::of(call.text("run_view_type")), call.list("experiment_ids"));
    let mut found: Vec<_> = world.runs.iter().filter(|run| experiments.contains(&run.experiment) && view.shows(run.deleted)).collect();
    found.retain(|run| run.fits(&clauses, call.version));
    found.sort_by(|one, two| {
        let sorted = sorted(&orders, |order| (one.fields(order.kind, &order.key), two.fields(order.kind, &order.key)));
        sorted.then(two.started.cmp(&one.started)).then_with(|| one.id.cmp(&two.id))
    });
    let (found, next) = page.cut(found);
    let found = found.into_iter().map(|run| run.json(world)).collect();
    Ok(Answer::ok(lean(vec![("runs", found), ("next_page_token", next)])))
}

/// The run's id, which old clients send as `run_uuid`.
pub(crate) fn run_id(call: &Call<'_>) -> Result<String, Answer> {
    call.text("run_id").or_else(|| call.text("run_uuid")).map_or_else(|| call.required("run_id"), Ok)
}

pub(crate) fn find<'a>(world: &'a World, id: &str) -> Result<&'a Run, Answer> {
    world.runs.iter().find(|run| run.id == id).ok_or_else(|| missing(&format!("Run with id={id} not found")))
}

/// How rows stand to each other under all clauses of `order_by`.
pub(crate) fn sorted(orders: &[Order], fields: impl Fn(&Order) -> (Vec<Field>, Vec<Field>)) -> std::cmp::Ordering {
    let compare = |order: &Order| {
        let (one, two) = fields(order);
        order.compare(one.first(), two.first())
    };
    orders.iter().map(compare).find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
}

/// The value of an attribute, if the row has it.
pub(crate) fn text(value: &str) -> Vec<Field> {
    vec![Field::Text(value.to_owned())]
}

pub(crate) fn tag(pairs: &[(String, String)], key: &str) -> Vec<Field> {
    pairs.iter().filter(|(known, _)| known == key).map(|(_, value)| Field::Text(value.clone())).collect()
}

/// Times and version numbers, which filters take as numbers.
pub(crate) fn time(value: i64) -> Vec<Field> {
    vec![Field::Number(value as f64)]
}

/// Which rows are shown: words that MLflow does not know are the first.
enum View {
    Active,
    Deleted,
    All,
}

impl View {
    fn of(word: Option<String>) -> Self {
        match word.as_deref() {
            Some("DELETED_ONLY" | "2") => Self::Deleted,
            Some("ALL" | "3") => Self::All,
            _ => Self::Active,
        }
    }

    fn shows(&self, deleted: bool) -> bool {
        match self {
            Self::Active => !deleted,
            Self::Deleted => deleted,
            Self::All => true,
        }
    }
}

fn stage(deleted: bool) -> &'static str {
    if deleted { "deleted" } else { "active" }
}

impl Experiment {
    fn fields(&self, kind: Kind, key: &str) -> Vec<Field> {
        match (kind, key) {
            (Kind::Tag, key) => tag(&self.tags, key),
            (_, "name") => text(&self.name),
            (_, "experiment_id") => text(&self.id),
            _ => time(self.created),
        }
    }

    fn json(&self, version: Version) -> Value {
        lean(vec![
            ("experiment_id", json!(self.id)),
            ("name", json!(self.name)),
            ("artifact_location", json!(format!("mlflow-artifacts:/{}", self.id))),
            ("lifecycle_stage", json!(stage(self.deleted))),
            ("last_update_time", json!(self.created)),
            ("creation_time", json!(self.created)),
            ("tags", pairs(&self.tags)),
            ("workspace", if version == Version::New { json!("default") } else { Value::Null }),
        ])
    }
}

impl Run {
    fn fits(&self, clauses: &[Clause], version: Version) -> bool {
        clauses.iter().all(|clause| {
            let mut fields = self.fields(clause.kind, &clause.key);
            for field in &mut fields {
                // MLflow 2 looks at the number beside the mark "not a number".
                if matches!(field, Field::Number(number) if number.is_nan()) && version == Version::Old {
                    *field = Field::Number(0.0);
                }
            }
            clause.holds(&fields)
        })
    }

    fn fields(&self, kind: Kind, key: &str) -> Vec<Field> {
        match (kind, key) {
            (Kind::Metric, key) => {
                self.latest().into_iter().filter(|point| point.key == key).map(|point| Field::Number(point.value)).collect()
            }
            (Kind::Parameter, key) => tag(&self.params, key),
            (Kind::Tag, key) => tag(&self.tags, key),
            (Kind::Dataset, key) => {
                let field = |dataset: &super::rows::Dataset| match key {
                    "name" => dataset.name.clone(),
                    "digest" => dataset.digest.clone(),
                    _ => dataset.context.clone(),
                };
                self.datasets.iter().map(|dataset| Field::Text(field(dataset))).collect()
            }
            (Kind::Attribute, "run_id") => text(&self.id),
            // A filter by name looks at the tag.
            (Kind::Attribute, "run_name") => text(get(&self.tags, "mlflow.runName").unwrap_or(&self.name)),
            (Kind::Attribute, "status") => text(&self.status),
            (Kind::Attribute, "artifact_uri") => text(&self.artifact_uri()),
            (Kind::Attribute, "user_id") => text(&self.user),
            (Kind::Attribute, "start_time") => time(self.started),
            (Kind::Attribute, _) => self.ended.map(time).unwrap_or_default(),
        }
    }

    pub(crate) fn json(&self, world: &World) -> Value {
        let info = lean(vec![
            ("run_uuid", json!(self.id)),
            ("experiment_id", json!(self.experiment)),
            ("run_name", json!(self.name)),
            ("user_id", json!(self.user)),
            ("status", json!(self.status)),
            ("start_time", json!(self.started)),
            ("end_time", json!(self.ended)),
            ("artifact_uri", json!(self.artifact_uri())),
            ("lifecycle_stage", json!(stage(self.deleted))),
            ("run_id", json!(self.id)),
        ]);
        let metric = |point: &&super::rows::Point| json!({"key": point.key, "value": number(point.value), "timestamp": point.time, "step": point.step});
        let metrics = self.latest().iter().map(metric).collect();
        let data = lean(vec![("metrics", metrics), ("params", pairs(&self.params)), ("tags", pairs(&self.tags))]);
        let mut run = json!({"info": info, "data": data, "inputs": lean(vec![("dataset_inputs", self.inputs())])});
        if world.version == Version::New {
            let made = world.logged.iter().filter(|model| model.run == self.id);
            let outputs = made.map(|model| json!({"model_id": model.id, "step": 0})).collect();
            run["outputs"] = lean(vec![("model_outputs", outputs)]);
        }
        run
    }

    fn inputs(&self) -> Value {
        let input = |dataset: &super::rows::Dataset| {
            let tags = (!dataset.context.is_empty()).then(|| json!({"key": "mlflow.data.context", "value": dataset.context}));
            let shape = json!({
                "name": dataset.name,
                "digest": dataset.digest,
                "source_type": "local",
                "source": format!("{{\"uri\": \"data/{}\"}}", dataset.name),
                "schema": r#"{"mlflow_colspec": [{"type": "double", "name": "x", "required": true}]}"#,
                "profile": r#"{"num_rows": 1000, "num_elements": 5000}"#,
            });
            lean(vec![("tags", tags.into_iter().collect()), ("dataset", shape)])
        };
        self.datasets.iter().map(input).collect()
    }
}
