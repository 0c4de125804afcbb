//! The model registry over REST.

use serde_json::{Value, json};

use crate::Error;
use crate::model::{ModelVersion, Which};

use super::answers::{ModelAnswer, ModelJson, VersionAnswer, VersionJson, VersionsAnswer};
use super::filter;
use super::wire::{Request, Wire};

/// Versions of one page.
const PAGE: usize = 200;

/// A registered model.
pub(super) fn model(wire: &Wire, name: &str) -> Result<ModelJson, Error> {
    let request = Request::get("registered-models/get").with("name", name);
    let Some(ModelAnswer { registered_model }) = wire.found(&request)? else { return Err(Error::NoModel { model: wire.clean(name) }) };
    if registered_model.name == name { Ok(registered_model) } else { Err(wire.strange(&request, "it is another model")) }
}

/// A version of a registered model.
pub(super) fn version(wire: &Wire, name: &str, which: &Which) -> Result<Option<ModelVersion>, Error> {
    match which {
        Which::Alias(alias) => by_alias(wire, name, alias),
        Which::Number(number) => by_number(wire, name, *number),
        Which::Stage(stage) => by_stage(wire, name, stage),
    }
}

/// The versions that a run made, newest first.
pub(super) fn versions_of_run(wire: &Wire, name: &str, run: &str) -> Result<Vec<ModelVersion>, Error> {
    let Some(of_run) = filter::equals("run_id", run) else { return Ok(Vec::new()) };
    let of_model = filter::equals("name", name);
    // A name that cannot be quoted is looked for here.
    let condition = of_model.as_ref().map_or_else(|| of_run.clone(), |of_model| format!("{of_model} and {of_run}"));
    let first = Request::get("model-versions/search").with("filter", &condition).with("max_results", &PAGE.to_string());
    let (mut versions, mut request) = (Vec::new(), first.clone());
    for _ in 0..super::MOST_PAGES {
        let page: VersionsAnswer = wire.list(&request)?;
        let more = page.next_page_token.filter(|token| !token.is_empty() && !page.model_versions.is_empty());
        for version in page.model_versions {
            let version = checked(wire, &request, version)?;
            if version.run.as_deref() != Some(run) || (of_model.is_some() && version.model != name) {
                return Err(wire.strange(&request, "it holds a version that was not asked for"));
            }
            versions.push(version);
        }
        match more {
            Some(token) => request = first.clone().with("page_token", &token),
            None => break,
        }
    }
    versions.retain(|version: &ModelVersion| version.model == name);
    versions.sort_by_key(|version| std::cmp::Reverse(version.version));
    versions.dedup_by_key(|version| version.version);
    if versions.is_empty() {
        // Versions of a model that does not exist are an empty list as well.
        model(wire, name)?;
    }
    Ok(versions)
}

/// Sends a change that is answered by an empty object.
pub(super) fn write(wire: &Wire, name: &str, request: &Request) -> Result<(), Error> {
    changed::<serde_json::Map<String, Value>>(wire, name, request).map(|_| ())
}

/// Moves a version to a stage.
///
/// The version is looked for first: a file store empties the stage before it finds that a version is missing.
pub(super) fn set_stage(wire: &Wire, name: &str, number: u64, stage: &str, archive: bool) -> Result<(), Error> {
    if by_number(wire, name, number)?.is_none() {
        return Err(Error::Refused {
            what: "GET model-versions/get".to_owned(),
            status: 404,
            code: None,
            message: Some(format!("there is no version {number}, so no stage was changed")),
        });
    }
    let body = json!({"name": name, "version": number.to_string(), "stage": stage, "archive_existing_versions": archive});
    let request = Request::post("model-versions/transition-stage", body);
    let version = checked(wire, &request, changed::<VersionAnswer>(wire, name, &request)?.model_version)?;
    let moved = version.stage.as_deref().is_some_and(|now| now.eq_ignore_ascii_case(stage));
    let same = version.model == name && version.version == number;
    if moved && same { Ok(()) } else { Err(wire.strange(&request, "it tells of another version or stage")) }
}

fn changed<T: serde::de::DeserializeOwned>(wire: &Wire, name: &str, request: &Request) -> Result<T, Error> {
    wire.change(request).map_err(|error| match error {
        // The model, or its version.
        Error::Refused { status: 404, .. } => {
            model(wire, name).err().filter(|found| matches!(found, Error::NoModel { .. })).unwrap_or(error)
        }
        error => error,
    })
}

fn by_alias(wire: &Wire, name: &str, alias: &str) -> Result<Option<ModelVersion>, Error> {
    let request = Request::get("registered-models/alias").with("name", name).with("alias", alias);
    match wire.found::<VersionAnswer>(&request) {
        Ok(Some(answer)) => of_model(wire, &request, name, answer.model_version).map(Some),
        Ok(None) => model(wire, name).map(|_| None),
        // A missing alias, or before MLflow 3 a missing model; and a name that no alias can have, such as `v1`.
        Err(Error::Refused { status: 400, message: Some(told), .. })
            if ["not found", "is reserved"].iter().any(|words| told.contains(words)) =>
        {
            model(wire, name).map(|_| None)
        }
        Err(error) => Err(error),
    }
}

fn by_number(wire: &Wire, name: &str, number: u64) -> Result<Option<ModelVersion>, Error> {
    let request = Request::get("model-versions/get").with("name", name).with("version", &number.to_string());
    let Some(VersionAnswer { model_version }) = wire.found(&request)? else { return model(wire, name).map(|_| None) };
    let version = of_model(wire, &request, name, model_version)?;
    if version.version == number { Ok(Some(version)) } else { Err(wire.strange(&request, "it is another version")) }
}

fn by_stage(wire: &Wire, name: &str, stage: &str) -> Result<Option<ModelVersion>, Error> {
    let model = model(wire, name)?;
    let in_stage = |version: &ModelVersion| version.stage.as_deref().is_some_and(|now| now.eq_ignore_ascii_case(stage));
    let versions = model.latest_versions.into_iter().filter_map(VersionJson::into_version).filter(in_stage);
    let newest = versions.max_by_key(|version| version.version).filter(|version| version.model == name);
    Ok(newest.map(|mut version| {
        // Only the model tells its aliases here.
        let leads_here = |number: i64| u64::try_from(number) == Ok(version.version);
        version.aliases = model.aliases.into_iter().filter(|alias| leads_here(alias.version.0)).map(|alias| alias.alias).collect();
        version
    }))
}

fn of_model(wire: &Wire, request: &Request, name: &str, version: VersionJson) -> Result<ModelVersion, Error> {
    let version = checked(wire, request, version)?;
    if version.model == name { Ok(version) } else { Err(wire.strange(request, "it is a version of another model")) }
}

fn checked(wire: &Wire, request: &Request, version: VersionJson) -> Result<ModelVersion, Error> {
    version.into_version().ok_or_else(|| wire.strange(request, "it tells of a version with no number"))
}
