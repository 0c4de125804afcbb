//! What templates can refer to: `params.yaml`, then `vars`, as layers that merge like DVC merges them.
//!
//! Layers are shared, never copied: a value is looked up in each of them, and mappings that several of them have are
//! merged when one asks for them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use proofmark_core::document::Format;
use proofmark_core::path::RepoPath;
use proofmark_core::problem::{Problem, ProblemKind};
use proofmark_core::value::{Map, Value};

use crate::files::{Document, Files};
use crate::paths;

/// Entries of one `vars` list that are read.
const MAX_VARS: usize = 1_000;

/// The values of one file, or of one mapping in `vars`.
#[derive(Debug, Clone)]
struct Layer {
    /// The file; `None` for values in the `dvc.yaml` itself.
    file: Option<RepoPath>,
    values: Source,
    /// Only these keys, if any are named.
    keys: Option<Vec<String>>,
}

#[derive(Debug, Clone)]
enum Source {
    File(Arc<Document>),
    Literal(Arc<Map>),
}

impl Layer {
    fn map(&self) -> Option<&Map> {
        match &self.values {
            Source::File(document) => document.value.as_ref().ok()?.as_map(),
            Source::Literal(map) => Some(map),
        }
    }

    fn top(&self, key: &str) -> Option<&Value> {
        let chosen = self.keys.as_ref().is_none_or(|keys| keys.iter().any(|chosen| chosen == key));
        self.map().filter(|_| chosen)?.get(key)
    }

    fn select(&self, path: &[String]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        descend(self.top(first)?, rest)
    }

    fn entries(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.map().into_iter().flatten().filter(|(key, _)| self.top(key).is_some())
    }
}

/// Goes down a value by keys and indices; negative indices count from the end, as in Python.
pub(crate) fn descend<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, part| match value {
        Value::Map(map) => map.get(part),
        Value::List(list) => {
            let index: i64 = part.parse().ok()?;
            let from_end = if index < 0 { i64::try_from(list.len()).ok()? } else { 0 };
            list.get(usize::try_from(index + from_end).ok()?)
        }
        _ => None,
    })
}

/// A value and the file that it comes from.
#[derive(Debug)]
pub(crate) struct Selected<'c> {
    pub(crate) value: Cow<'c, Value>,
    pub(crate) file: Option<&'c RepoPath>,
}

/// All layers, the first ones first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Context {
    layers: Vec<Layer>,
    /// The files that were loaded; with the keys, if not all of the file was.
    loaded: HashMap<RepoPath, Option<Vec<String>>>,
}

impl Context {
    /// Finds a value; mappings in several layers come merged.
    pub(crate) fn select(&self, path: &[String]) -> Option<Selected<'_>> {
        let mut found = self.layers.iter().filter_map(|layer| Some((layer, layer.select(path)?)));
        let (layer, value) = found.next()?;
        let Value::Map(first) = value else {
            return Some(Selected { value: Cow::Borrowed(value), file: layer.file.as_ref() });
        };
        let mut merged = Cow::Borrowed(first);
        for (_, more) in found {
            if let Value::Map(more) = more {
                merge(merged.to_mut(), more);
            }
        }
        match merged {
            Cow::Borrowed(_) => Some(Selected { value: Cow::Borrowed(value), file: layer.file.as_ref() }),
            Cow::Owned(merged) => Some(Selected { value: Cow::Owned(Value::Map(merged)), file: None }),
        }
    }

    /// Takes in the `params.yaml` beside a `dvc.yaml`, if it is there.
    pub(crate) fn load_default(&mut self, files: &Files<'_>, folder: &RepoPath, problems: &mut Vec<Problem>) {
        let path = folder.child("params.yaml");
        if files.tree.entry(&path).is_ok_and(|entry| entry.is_none()) {
            return;
        }
        if let Err(message) = self.load_file(files, path.clone(), None) {
            problems.push(Problem::warning(path, format!("gives no values to templates: {message}")));
        }
    }

    /// Takes in a `vars` list of `file`; its paths are relative to `folder`.
    pub(crate) fn load_vars(&mut self, files: &Files<'_>, vars: &Value, at: &VarsPlace<'_>, problems: &mut Vec<Problem>) {
        let Value::List(vars) = vars else {
            problems.push(Problem::warning(at.file.clone(), format!("`{}` is not a list", at.name)));
            return;
        };
        for (index, entry) in vars.iter().take(MAX_VARS).enumerate() {
            let outcome = match entry {
                Value::Text(text) => self.load_text(files, text, at),
                Value::Map(map) => self.add(Layer { file: None, values: Source::Literal(Arc::new(map.clone())), keys: None }, at.reserved),
                _ => Err(Refusal::Unusable("it is neither a file nor a mapping".to_owned())),
            };
            let name = format!("{}[{index}]", at.name);
            match outcome {
                Ok(()) => {}
                Err(Refusal::Conflict(key)) => {
                    let message = format!("`{name}` sets `{key}` again, which DVC refuses");
                    problems.push(Problem::new(ProblemKind::Unparsable, at.file.clone(), message).hint("give each value one place"));
                }
                Err(Refusal::Unusable(message)) => {
                    problems.push(Problem::warning(at.file.clone(), format!("`{name}` is not used: {message}")));
                }
            }
        }
    }

    fn load_text(&mut self, files: &Files<'_>, text: &str, at: &VarsPlace<'_>) -> Result<(), Refusal> {
        let (path, keys) = text.split_once(':').filter(|_| !paths::is_url(text)).unwrap_or((text, ""));
        let path = paths::resolve(at.folder, path, at.root).map_err(|refusal| Refusal::Unusable(refusal.to_string()))?;
        let keys: Vec<_> = keys.split(',').filter(|key| !key.is_empty()).map(str::to_owned).collect();
        let keys = (!keys.is_empty()).then_some(keys);
        match (self.loaded.get(&path), &keys) {
            (None, _) => {}
            (Some(None), None) => return Ok(()),
            (Some(None), Some(_)) => return Err(Refusal::Unusable(format!("`{path}` is loaded already"))),
            (Some(Some(_)), None) => return Err(Refusal::Unusable(format!("`{path}` is partly loaded already"))),
            (Some(Some(before)), Some(keys)) => {
                if keys.iter().any(|key| before.contains(key)) {
                    return Err(Refusal::Unusable(format!("`{path}` is partly loaded already")));
                }
            }
        }
        self.load_checked(files, path, keys, at.reserved)
    }

    fn load_file(&mut self, files: &Files<'_>, path: RepoPath, keys: Option<Vec<String>>) -> Result<(), String> {
        self.load_checked(files, path, keys, false).map_err(|refusal| match refusal {
            Refusal::Conflict(key) => format!("it sets `{key}` again"),
            Refusal::Unusable(message) => message,
        })
    }

    fn load_checked(&mut self, files: &Files<'_>, path: RepoPath, keys: Option<Vec<String>>, reserved: bool) -> Result<(), Refusal> {
        // DVC knows no tables here: what is not JSON, TOML or Python is YAML.
        let format = match Format::of(&path) {
            Format::Csv | Format::Tsv => Format::Yaml,
            other => other,
        };
        let document = files.document(&path, None, format).map_err(|problem| Refusal::Unusable(problem.to_string()))?;
        let document = document.ok_or_else(|| Refusal::Unusable(format!("`{path}` does not exist")))?;
        match &document.value {
            Err(error) => return Err(Refusal::Unusable(format!("`{path}` cannot be read: {error}"))),
            Ok(Value::Map(map)) => {
                if let Some(missing) = keys.iter().flatten().find(|key| !map.contains_key(*key)) {
                    return Err(Refusal::Unusable(format!("`{path}` has no `{missing}`")));
                }
            }
            Ok(_) => return Err(Refusal::Unusable(format!("`{path}` is not a mapping"))),
        }
        self.add(Layer { file: Some(path.clone()), values: Source::File(document), keys: keys.clone() }, reserved)?;
        match (self.loaded.entry(path).or_insert_with(|| keys.is_some().then(Vec::new)), keys) {
            (Some(before), Some(keys)) => before.extend(keys),
            (before, _) => *before = None,
        }
        Ok(())
    }

    fn add(&mut self, layer: Layer, reserved: bool) -> Result<(), Refusal> {
        if let Some(key) = ["item", "key"].iter().find(|key| reserved && layer.top(key).is_some()) {
            return Err(Refusal::Conflict((*key).to_owned()));
        }
        for (key, value) in layer.entries() {
            let before: Vec<_> = self.layers.iter().filter_map(|layer| layer.top(key)).collect();
            if let Some(conflict) = conflict(key, value, &before) {
                return Err(Refusal::Conflict(conflict));
            }
        }
        self.layers.push(layer);
        Ok(())
    }
}

/// Whose `vars` are loaded, for paths and messages.
pub(crate) struct VarsPlace<'a> {
    /// The `dvc.yaml`.
    pub(crate) file: &'a RepoPath,
    /// `vars`, `stages.train.vars`.
    pub(crate) name: &'a str,
    /// What their paths are relative to.
    pub(crate) folder: &'a RepoPath,
    /// What they must not leave.
    pub(crate) root: &'a RepoPath,
    /// Whether `item` and `key` are taken by a generated stage.
    pub(crate) reserved: bool,
}

enum Refusal {
    Conflict(String),
    Unusable(String),
}

/// The first key, dotted, that a layer cannot have because layers before have it, other than mappings.
fn conflict(name: &str, value: &Value, before: &[&Value]) -> Option<String> {
    if before.is_empty() {
        return None;
    }
    let maps: Vec<_> = before.iter().filter_map(|value| value.as_map()).collect();
    let Some(new) = value.as_map().filter(|_| maps.len() == before.len()) else {
        return Some(name.to_owned());
    };
    new.iter().find_map(|(key, value)| {
        let before: Vec<_> = maps.iter().filter_map(|map| map.get(key)).collect();
        conflict(key, value, &before).map(|below| format!("{name}.{below}"))
    })
}

fn merge(into: &mut Map, from: &Map) {
    for (key, value) in from {
        match (into.get_mut(key), value) {
            (Some(Value::Map(mine)), Value::Map(theirs)) => merge(mine, theirs),
            (Some(_), _) => {}
            (None, _) => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}
