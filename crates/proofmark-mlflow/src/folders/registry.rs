//! Logged models and the model registry of a file store.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::files::{Allowance, file_below, folders_in, is_folder, is_plain, shown};
use super::meta::Meta;
use super::points::{Owner, lines};
use super::run::{each_file, meta, texts};
use crate::Error;
use crate::model::{LoggedModel, ModelMetric, ModelVersion, Which};
use crate::run::Point;

/// The stage of a version that was deleted; its folder stays.
const DELETED: &str = "Deleted_Internal";

/// A logged model; `None` where it was deleted.
pub(super) fn logged_model(folder: &Path, id: &str) -> Result<Option<LoggedModel>, String> {
    let mut allowance = Allowance::of_a_run();
    let Some(meta) = meta(&mut allowance, folder)? else { return Ok(None) };
    if meta.text("lifecycle_stage").as_deref() == Some("deleted") {
        return Ok(None);
    }
    let metrics = each_file(folder, "metrics", |path| allowance.read(path)?.map(|bytes| latest_by_dataset(&bytes)).transpose())?;
    let metrics = metrics.into_iter().flat_map(|(name, series)| {
        series.into_iter().map(move |(dataset, point)| ModelMetric { name: name.clone(), value: point.value, dataset })
    });
    Ok(Some(LoggedModel {
        id: id.to_owned(),
        name: meta.text("name").unwrap_or_default(),
        run: filled(&meta, "source_run_id"),
        metrics: metrics.collect(),
        params: texts(&mut allowance, folder, "params")?,
        tags: texts(&mut allowance, folder, "tags")?,
    }))
}

/// A registered model's folder.
pub(super) struct Registered<'a> {
    name: &'a str,
    folder: PathBuf,
}

impl<'a> Registered<'a> {
    pub(super) fn find(root: &Path, name: &'a str) -> Result<Self, Error> {
        let folder = file_below(&root.join("models"), name).ok().flatten().filter(|_| !name.contains('/'));
        let there = folder.filter(|folder| is_folder(folder) == Ok(true) && folder.join("meta.yaml").is_file());
        there.map(|folder| Self { name, folder }).ok_or_else(|| Error::NoModel { model: shown(name) })
    }

    pub(super) fn version(&self, which: &Which) -> Result<Option<ModelVersion>, Error> {
        let found = match which {
            Which::Number(number) => self.numbered(*number),
            Which::Alias(alias) => match self.aliased(alias) {
                Ok(Some(number)) => self.numbered(number),
                Ok(None) => Ok(None),
                Err(why) => Err(why),
            },
            Which::Stage(stage) => {
                let is_meant = |version: &ModelVersion| version.stage.as_deref().is_some_and(|found| found.eq_ignore_ascii_case(stage));
                self.versions().map(|all| all.into_iter().find(is_meant))
            }
        };
        let found = found.and_then(|found| found.map(|version| self.with_aliases(version)).transpose());
        found.map_err(|why| self.damaged(why))
    }

    pub(super) fn versions_of_run(&self, run: &str) -> Result<Vec<ModelVersion>, Error> {
        let mut versions = self.versions().map_err(|why| self.damaged(why))?;
        versions.retain(|version| version.run.as_deref() == Some(run));
        Ok(versions)
    }

    /// All of them, newest first.
    fn versions(&self) -> Result<Vec<ModelVersion>, String> {
        let mut versions = Vec::new();
        for name in folders_in(&self.folder)?.0 {
            if let Some(number) = name.strip_prefix("version-").and_then(|number| number.parse().ok()) {
                versions.extend(self.numbered(number)?);
            }
        }
        versions.sort_by_key(|version| std::cmp::Reverse(version.version));
        Ok(versions)
    }

    fn numbered(&self, number: u64) -> Result<Option<ModelVersion>, String> {
        let name = format!("version-{number}");
        let folder = self.folder.join(&name);
        let named = |why: String| format!("{name}: {why}");
        if !is_folder(&folder).map_err(named)? {
            return Ok(None);
        }
        let mut allowance = Allowance::of_a_run();
        let Some(meta) = meta(&mut allowance, &folder).map_err(named)? else { return Ok(None) };
        let stage = filled(&meta, "current_stage");
        if stage.as_deref() == Some(DELETED) {
            return Ok(None);
        }
        let source = meta.text("source").unwrap_or_default();
        Ok(Some(ModelVersion {
            model: self.name.to_owned(),
            version: number,
            run: filled(&meta, "run_id"),
            logged_model: logged_model_of(&source),
            source,
            status: meta.text("status").unwrap_or_default(),
            stage,
            aliases: Vec::new(),
            tags: texts(&mut allowance, &folder, "tags").map_err(named)?,
        }))
    }

    fn aliased(&self, alias: &str) -> Result<Option<u64>, String> {
        if alias.contains('/') || !is_plain(alias) {
            return Ok(None);
        }
        Ok(self.aliases()?.remove(alias))
    }

    fn with_aliases(&self, mut version: ModelVersion) -> Result<ModelVersion, String> {
        let aliases = self.aliases()?.into_iter();
        version.aliases = aliases.filter(|(_, number)| *number == version.version).map(|(alias, _)| alias).collect();
        Ok(version)
    }

    fn aliases(&self) -> Result<BTreeMap<String, u64>, String> {
        let mut allowance = Allowance::of_a_run();
        each_file(&self.folder, "aliases", |path| match allowance.text(path)? {
            Some(text) if !text.is_empty() => text.trim().parse().map(Some).map_err(|_| "holds no version".to_owned()),
            _ => Ok(None),
        })
    }

    fn damaged(&self, why: String) -> Error {
        Error::Damaged { what: format!("models/{}", shown(self.name)), why }
    }
}

/// The logged model that a version's source names: `models:/m-…`.
pub(crate) fn logged_model_of(source: &str) -> Option<String> {
    source.strip_prefix("models:/").filter(|id| id.starts_with("m-") && !id.contains('/')).map(str::to_owned)
}

/// The latest value on each set of data, by its name and digest.
type Series = BTreeMap<Option<(String, String)>, Point>;

fn latest_by_dataset(bytes: &[u8]) -> Result<Series, String> {
    let mut latest = Series::new();
    for line in lines(bytes, Owner::Model) {
        let line = line?;
        let dataset = line.dataset.map(|(name, digest)| (name.to_owned(), digest.to_owned()));
        let known = latest.entry(dataset).or_insert(line.point);
        if line.point.is_later_than(known) {
            *known = line.point;
        }
    }
    Ok(latest)
}

fn filled(meta: &Meta, key: &str) -> Option<String> {
    meta.text(key).filter(|text| !text.is_empty())
}
