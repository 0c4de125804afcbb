//! The model registry.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::call::{Call, done, invalid, lean, missing, pairs, refuse};
use super::filter::{Field, Kind, Target, order, parse};
use super::page::Page;
use super::rows::{ModelVersion, Registered, put};
use super::runs::{sorted, tag, text, time};
use super::world::{Version, World};
use super::writes::entries;
use crate::github::answer::{Answer, Outcome};

const STAGES: [&str; 4] = ["None", "Staging", "Production", "Archived"];

pub(crate) fn model(world: &mut World, call: &Call<'_>) -> Outcome {
    let name = call.required("name")?;
    let model = registered(world, &name)?;
    Ok(Answer::ok(json!({"registered_model": model.json(&name)})))
}

pub(crate) fn create_model(world: &mut World, call: &Call<'_>) -> Outcome {
    let name = call.required("name")?;
    if call.version == Version::New && name.contains(['/', ':']) {
        return Err(invalid(&format!("Invalid model name '{name}'. Names cannot contain '/' or ':'.")));
    }
    if world.models.contains_key(&name) {
        return Err(refuse("RESOURCE_ALREADY_EXISTS", &format!("Registered Model (name={name}) already exists.")));
    }
    let tags = entries(call.value("tags"));
    let mut model = Registered { created: world.tick(), tags, ..Registered::default() };
    model.description = call.text("description").unwrap_or_default();
    let shown = model.json(&name);
    world.models.insert(name, model);
    Ok(Answer::ok(json!({"registered_model": shown})))
}

pub(crate) fn search_models(world: &mut World, call: &Call<'_>) -> Outcome {
    let mut clauses = parse(&call.text("filter").unwrap_or_default(), Target::RegisteredModels, call.version)?;
    // MLflow keeps prompts in the registry as well, and its client adds a condition that there are none. There are none here.
    clauses.retain(|clause| clause.key != "mlflow.prompt.is_prompt");
    let fields = |name: &str, model: &Registered, kind, key: &str| if kind == Kind::Tag { tag(&model.tags, key) } else { text(name) };
    let fits = |name: &str, model: &Registered| clauses.iter().all(|clause| clause.holds(&fields(name, model, clause.kind, &clause.key)));
    let found = world.models.iter().filter(|(name, model)| fits(name, model)).map(|(name, model)| model.json(name)).collect();
    let (found, next) = Page::of(call, 100, 1000)?.cut(found);
    Ok(Answer::ok(lean(vec![("registered_models", found.into()), ("next_page_token", next)])))
}

pub(crate) fn tag_model(world: &mut World, call: &Call<'_>) -> Outcome {
    let (name, key) = (call.required("name")?, call.required("key")?);
    put(&mut registered_mut(world, &name)?.tags, &key, &call.given("value").unwrap_or_default());
    done()
}

pub(crate) fn untag_model(world: &mut World, call: &Call<'_>) -> Outcome {
    let (name, key) = (call.required("name")?, call.required("key")?);
    registered_mut(world, &name)?.tags.retain(|(known, _)| *known != key);
    done()
}

/// The version behind an alias. A missing alias is a bad request, a missing model is not found, but not to MLflow 2.
pub(crate) fn by_alias(world: &mut World, call: &Call<'_>) -> Outcome {
    let (name, alias) = (call.required("name")?, call.required("alias")?);
    let gone = || invalid(&format!("Registered model alias {alias} not found."));
    let model = registered(world, &name).map_err(|answer| if call.version == Version::Old { gone() } else { answer })?;
    let number = *model.aliases.get(&alias).ok_or_else(gone)?;
    let (_, version) = model.version(&name, &number.to_string())?;
    Ok(Answer::ok(json!({"model_version": version.json(&name, number, Some(model))})))
}

pub(crate) fn set_alias(world: &mut World, call: &Call<'_>) -> Outcome {
    let (name, alias, version) = (call.required("name")?, call.required("alias")?, call.required("version")?);
    if alias.eq_ignore_ascii_case("latest") {
        return Err(invalid("'latest' alias name (case insensitive) is reserved."));
    }
    let numbered = alias.strip_prefix(['v', 'V']).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
    if numbered {
        return Err(invalid(&format!("Version alias name '{alias}' is reserved.")));
    }
    if !alias.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-')) {
        let rule = "Names may only contain alphanumerics, underscores (_), and dashes (-).";
        return Err(invalid(&format!("Invalid alias name: '{alias}'. {rule}")));
    }
    let model = registered_mut(world, &name)?;
    let (number, _) = model.version(&name, &version)?;
    model.aliases.insert(alias, number);
    done()
}

pub(crate) fn delete_alias(world: &mut World, call: &Call<'_>) -> Outcome {
    let (name, alias) = (call.required("name")?, call.required("alias")?);
    registered_mut(world, &name)?.aliases.remove(&alias);
    done()
}

pub(crate) fn version(world: &mut World, call: &Call<'_>) -> Outcome {
    let (name, number) = (call.required("name")?, call.required("version")?);
    let model = registered_version(world, &name, &number)?;
    let (number, version) = model.version(&name, &number)?;
    Ok(Answer::ok(json!({"model_version": version.json(&name, number, Some(model))})))
}

pub(crate) fn create_version(world: &mut World, call: &Call<'_>) -> Outcome {
    let (name, source, run) = (call.required("name")?, call.required("source")?, call.text("run_id").unwrap_or_default());
    registered(world, &name)?;
    let local = source.starts_with('/') || source.starts_with("file:");
    let inside = world.runs.iter().any(|known| known.id == run && source.starts_with(&known.artifact_uri()));
    if call.version == Version::New && local {
        return Err(invalid(&format!(
            "Invalid model version source: '{source}'. To use a local path as a model version source, the run_id request parameter has \
             to be specified and the local path has to be contained within the artifact directory of the run specified by the run_id."
        )));
    }
    if call.version == Version::New && source.starts_with("mlflow-artifacts:") && !inside {
        return Err(invalid(&format!(
            "Invalid model version source: '{source}'. The run_id request parameter must identify the resource that contains the source."
        )));
    }
    let number = world.register(&name, "");
    let model = registered_mut(world, &name)?;
    if let Some(version) = model.versions.get_mut(&number) {
        (version.source, version.run) = (source, run);
        version.description = call.text("description").unwrap_or_default();
        version.tags = entries(call.value("tags"));
    }
    let (_, version) = model.version(&name, &number.to_string())?;
    Ok(Answer::ok(json!({"model_version": version.json(&name, number, None)})))
}

/// Rows without their aliases, newest first unless said otherwise.
pub(crate) fn search_versions(world: &mut World, call: &Call<'_>) -> Outcome {
    let clauses = parse(&call.text("filter").unwrap_or_default(), Target::ModelVersions, call.version)?;
    let orders = call.list("order_by").iter().map(|text| order(text, Target::ModelVersions)).collect::<Result<Vec<_>, _>>()?;
    let rows = |(name, model)| {
        let versions: &BTreeMap<u64, ModelVersion> = &<&Registered>::clone(&model).versions;
        versions.iter().map(move |(number, version)| Row { name, number: *number, version })
    };
    let mut found: Vec<Row<'_>> = world.models.iter().flat_map(rows).collect();
    found.retain(|row| clauses.iter().all(|clause| clause.holds(&row.fields(clause.kind, &clause.key))));
    found.sort_by(|one, two| {
        let sorted = sorted(&orders, |order| (one.fields(order.kind, &order.key), two.fields(order.kind, &order.key)));
        let newest = if orders.is_empty() { two.version.updated.cmp(&one.version.updated) } else { Ordering::Equal };
        sorted.then(newest).then_with(|| one.name.cmp(two.name)).then(two.number.cmp(&one.number))
    });
    let (found, next) = Page::of(call, 10_000, 200_000)?.cut(found);
    let found = found.into_iter().map(|row| row.version.json(row.name, row.number, None)).collect();
    Ok(Answer::ok(lean(vec![("model_versions", found), ("next_page_token", next)])))
}

pub(crate) fn latest_versions(world: &mut World, call: &Call<'_>) -> Outcome {
    let (name, stages) = (call.required("name")?, call.list("stages"));
    let model = registered(world, &name)?;
    let wanted = |version: &ModelVersion| stages.is_empty() || stages.iter().any(|stage| stage.eq_ignore_ascii_case(&version.stage));
    let latest = model.latest().into_iter().filter(|(_, version)| wanted(version));
    let latest = latest.map(|(number, version)| version.json(&name, number, None)).collect();
    Ok(Answer::ok(lean(vec![("model_versions", latest)])))
}

pub(crate) fn tag_version(world: &mut World, call: &Call<'_>) -> Outcome {
    let (name, number, key) = (call.required("name")?, call.required("version")?, call.required("key")?);
    put(&mut version_mut(world, &name, &number)?.tags, &key, &call.given("value").unwrap_or_default());
    done()
}

pub(crate) fn untag_version(world: &mut World, call: &Call<'_>) -> Outcome {
    let (name, number, key) = (call.required("name")?, call.required("version")?, call.required("key")?);
    version_mut(world, &name, &number)?.tags.retain(|(known, _)| *known != key);
    done()
}

pub(crate) fn set_stage(world: &mut World, call: &Call<'_>) -> Outcome {
    let (name, number, stage) = (call.required("name")?, call.required("version")?, call.required("stage")?);
    let known = STAGES.into_iter().find(|known| known.eq_ignore_ascii_case(&stage));
    let valid = STAGES.join(", ");
    let stage = known.ok_or_else(|| invalid(&format!("Invalid Model Version stage: {stage}. Value must be one of {valid}.")))?;
    let archive = call.flag("archive_existing_versions");
    if archive && !matches!(stage, "Staging" | "Production") {
        return Err(refuse(
            "INTERNAL_ERROR",
            &format!(
                "Model version transition cannot archive existing model versions because '{stage}' is not an Active stage. Valid stages are \
             Staging, Production."
            ),
        ));
    }
    let now = world.tick();
    version_mut(world, &name, &number)?;
    let model = registered_mut(world, &name)?;
    let (moved, _) = model.version(&name, &number)?;
    for (number, version) in &mut model.versions {
        if *number == moved {
            (version.stage, version.updated) = (stage.to_owned(), now);
        } else if archive && version.stage == stage {
            (version.stage, version.updated) = ("Archived".to_owned(), now);
        }
    }
    let (_, version) = model.version(&name, &number)?;
    Ok(Answer::ok(json!({"model_version": version.json(&name, moved, Some(model))})))
}

pub(crate) fn download_uri(world: &mut World, call: &Call<'_>) -> Outcome {
    let (name, number) = (call.required("name")?, call.required("version")?);
    let (_, version) = registered_version(world, &name, &number)?.version(&name, &number)?;
    let id = version.source.strip_prefix("models:/");
    let logged = id.and_then(|id| world.logged.iter().find(|model| model.id == id));
    Ok(Answer::ok(json!({"artifact_uri": logged.map_or_else(|| version.source.clone(), |model| model.artifact_uri())})))
}

fn no_model(name: &str) -> Answer {
    missing(&format!("Registered Model with name={name} not found"))
}

fn registered<'a>(world: &'a World, name: &str) -> Result<&'a Registered, Answer> {
    world.models.get(name).ok_or_else(|| no_model(name))
}

fn registered_mut<'a>(world: &'a mut World, name: &str) -> Result<&'a mut Registered, Answer> {
    world.models.get_mut(name).ok_or_else(|| no_model(name))
}

/// The model of a version. To a call about a version, a missing model is a missing version.
fn registered_version<'a>(world: &'a World, name: &str, number: &str) -> Result<&'a Registered, Answer> {
    world.models.get(name).ok_or_else(|| no_version(name, number))
}

fn no_version(name: &str, number: &str) -> Answer {
    missing(&format!("Model Version (name={name}, version={number}) not found"))
}

fn version_mut<'a>(world: &'a mut World, name: &str, number: &str) -> Result<&'a mut ModelVersion, Answer> {
    let model = world.models.get_mut(name).ok_or_else(|| no_version(name, number))?;
    let (found, _) = model.version(name, number)?;
    model.versions.get_mut(&found).ok_or_else(|| no_version(name, number))
}

struct Row<'a> {
    name: &'a String,
    number: u64,
    version: &'a ModelVersion,
}

impl Row<'_> {
    fn fields(&self, kind: Kind, key: &str) -> Vec<Field> {
        match (kind, key) {
            (Kind::Tag, key) => tag(&self.version.tags, key),
            (_, "name") => text(self.name),
            (_, "run_id") => text(&self.version.run),
            (_, "source_path") => text(&self.version.source),
            (_, "version_number") => time(i64::try_from(self.number).unwrap_or_default()),
            (_, "creation_timestamp") => time(self.version.created),
            _ => time(self.version.updated),
        }
    }
}

impl Registered {
    fn version(&self, name: &str, number: &str) -> Result<(u64, &ModelVersion), Answer> {
        let parsed = number.parse::<u64>();
        let parsed = parsed.map_err(|_| invalid(&format!("Parameter 'version' must be an integer, got '{number}'.")))?;
        self.versions.get(&parsed).map(|version| (parsed, version)).ok_or_else(|| no_version(name, number))
    }

    /// The newest version of each stage.
    fn latest(&self) -> Vec<(u64, &ModelVersion)> {
        let mut latest: BTreeMap<&str, (u64, &ModelVersion)> = BTreeMap::new();
        for (number, version) in &self.versions {
            latest.insert(&version.stage, (*number, version));
        }
        latest.into_values().collect()
    }

    fn json(&self, name: &str) -> Value {
        let latest = self.latest().into_iter().map(|(number, version)| version.json(name, number, None)).collect();
        let aliases = self.aliases.iter().map(|(alias, version)| json!({"alias": alias, "version": version.to_string()})).collect();
        let updated = self.versions.values().map(|version| version.updated).max().unwrap_or(self.created);
        lean(vec![
            ("name", json!(name)),
            ("creation_timestamp", json!(self.created)),
            ("last_updated_timestamp", json!(updated)),
            ("description", if self.description.is_empty() { Value::Null } else { json!(self.description) }),
            ("latest_versions", latest),
            ("tags", pairs(&self.tags)),
            ("aliases", aliases),
        ])
    }
}

impl ModelVersion {
    /// With the aliases that lead to it where the model is given; searches do not tell them.
    fn json(&self, name: &str, number: u64, model: Option<&Registered>) -> Value {
        let aliases = model.into_iter().flat_map(|model| &model.aliases).filter(|(_, target)| **target == number);
        lean(vec![
            ("name", json!(name)),
            ("version", json!(number.to_string())),
            ("creation_timestamp", json!(self.created)),
            ("last_updated_timestamp", json!(self.updated)),
            ("current_stage", json!(self.stage)),
            ("description", json!(self.description)),
            ("source", json!(self.source)),
            ("run_id", json!(self.run)),
            ("status", json!("READY")),
            ("tags", pairs(&self.tags)),
            ("run_link", json!("")),
            ("aliases", aliases.map(|(alias, _)| json!(alias)).collect()),
        ])
    }
}
