//! What one revision holds: every metrics and params file read, or the reason why not.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::discovery::{DataVersion, Discovery, Keys};
use crate::document::{self, Format};
use crate::glob::Glob;
use crate::key::{Key, Lists, flatten};
use crate::path::RepoPath;
use crate::ports::{Content, ContentId, Revision, Tree, TreeError};
use crate::problem::{Problem, ProblemKind};
use crate::value::Value;

/// The values of one file, sorted by key.
pub type Leaves = Vec<(Key, Value)>;

/// Where a file's bytes were found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Origin {
    /// In the tree: a git object, or a file on disk for the work tree.
    Tree,
    /// In the DVC cache.
    Cache,
    /// In the DVC remote of this name.
    Remote(String),
}

/// Content that stands outside the tree, such as in a DVC cache.
pub trait Elsewhere: Sync {
    /// The content of a path that the tree does not hold; `None` when nobody tracks that path.
    fn fetch(&self, path: &RepoPath) -> Option<Result<Fetched, Unfetched>>;

    /// What is recorded of a path whose content is `bytes`.
    fn recorded(&self, path: &RepoPath, bytes: &[u8]) -> Recorded;
}

/// What a record says of content that the tree holds.
#[derive(Debug, Clone)]
pub enum Recorded {
    /// Nothing.
    Nothing,
    /// That it is this content, by its hash.
    Same(String),
    /// That it was other content when it was recorded.
    Other(Problem),
}

/// Content found elsewhere, verified against its hash.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Where they were.
    pub origin: Origin,
    /// Their hash, as recorded.
    pub hash: String,
}

/// Content that is recorded and not here.
#[derive(Debug, Clone)]
pub struct Unfetched {
    /// The recorded hash: equal hashes on both sides still prove that nothing changed.
    pub hash: String,
    /// What to tell the user.
    pub problem: Problem,
}

/// One file of one revision.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The values, or why they cannot be had.
    pub leaves: Document,
    /// Where the bytes were.
    pub origin: Option<Origin>,
    /// A hash of the content, comparable with other readings' (see [`Reading::same_content`]).
    hash: Option<String>,
    id: Option<ContentId>,
    /// The repeated runs that the values are the means of, by name; none where the values are a file's.
    pub(crate) runs: Vec<(String, Leaves)>,
}

impl Reading {
    /// Whether both readings are of the very same content, known without comparing values.
    pub fn same_content(&self, other: &Self) -> bool {
        let same = |one: Option<&String>, two: Option<&String>| one.is_some() && one == two;
        (self.id.is_some() && self.id == other.id) || same(self.hash.as_ref(), other.hash.as_ref())
    }

    /// What runs of a tracking server logged: the values of the one run, or the means of several, which are the repeated runs
    /// of one training. Keys of each run are sorted. A mean over runs of which one is no number is none.
    pub fn of_runs(runs: Vec<(String, Leaves)>) -> Self {
        let leaves = match runs.as_slice() {
            [(_, leaves)] => leaves.clone(),
            several => means(several),
        };
        Self { leaves: Ok(Arc::new(leaves)), origin: None, hash: None, id: None, runs }
    }

    /// Something that is known to be there, or may be, and cannot be had.
    pub fn unavailable(problem: Problem) -> Self {
        Self::failed(problem, None)
    }

    fn failed(problem: Problem, hash: Option<String>) -> Self {
        Self { leaves: Err(problem), origin: None, hash, id: None, runs: Vec::new() }
    }
}

fn means(runs: &[(String, Leaves)]) -> Leaves {
    let mut values: BTreeMap<&Key, Vec<f64>> = BTreeMap::new();
    for (key, value) in runs.iter().flat_map(|(_, leaves)| leaves) {
        values.entry(key).or_default().extend(value.as_f64());
    }
    // An infinity or NaN among them makes a mean that is no number either.
    let mean = |values: &[f64]| {
        let exact = proofmark_stats::sample::mean(values);
        exact.unwrap_or_else(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    values.into_iter().map(|(key, values)| (key.clone(), Value::Float(mean(&values)))).collect()
}

/// Everything that a comparison needs to know of one revision.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Which revision.
    pub revision: Revision,
    /// The metrics files that exist on this side.
    pub metrics: BTreeMap<RepoPath, Reading>,
    /// The params files that exist on this side.
    pub params: BTreeMap<RepoPath, Reading>,
    /// The tracked data.
    pub data: BTreeMap<RepoPath, DataVersion>,
    /// What discovery could not understand.
    pub problems: Vec<Problem>,
}

/// The values of one content, or why it has none.
pub type Document = Result<Arc<Leaves>, Problem>;

/// Parsed documents by content, shared between the revisions of one run, so that each object is parsed once.
#[derive(Debug, Default)]
pub struct Parsed {
    documents: Mutex<HashMap<(ContentId, Format, Lists), Document>>,
}

impl Parsed {
    /// Reads the content of one file.
    pub fn leaves(&self, path: &RepoPath, content: &Content, lists: Lists) -> Document {
        let format = Format::of(path);
        let Some(id) = content.id else { return parse(path, format, &content.bytes, lists) };
        let slot = (id, format, lists);
        let known = self.documents.lock().unwrap_or_else(PoisonError::into_inner).get(&slot).cloned();
        let result = known.unwrap_or_else(|| {
            let fresh = parse(path, format, &content.bytes, lists);
            self.documents.lock().unwrap_or_else(PoisonError::into_inner).insert(slot, fresh.clone());
            fresh
        });
        // The same broken content may stand under two names.
        result.map_err(|problem| Problem { file: path.clone(), ..problem })
    }
}

fn parse(path: &RepoPath, format: Format, bytes: &[u8], lists: Lists) -> Document {
    let value = document::parse(format, bytes).map_err(|error| error.into_problem(path.clone()))?;
    if matches!(value, Value::Null) && lists == Lists::Elements {
        return Err(Problem::new(ProblemKind::Unparsable, path.clone(), "the file is empty").hint("write the metrics, or remove the file"));
    }
    let value = if matches!(value, Value::Null) { Value::Map(crate::value::Map::new()) } else { value };
    flatten(value, lists).map(Arc::new).map_err(|error| Problem::new(ProblemKind::Unparsable, path.clone(), error.to_string()))
}

/// Reads all files that any side of the comparison declares, at one revision.
///
/// `wanted` is the union over all sides: a file that only the other side declares is read here too when it exists, so
/// that taking a file out of a declaration hides nothing.
pub fn take(tree: &dyn Tree, own: &Discovery, wanted: &Discovery, elsewhere: &dyn Elsewhere, parsed: &Parsed) -> Snapshot {
    let mut problems = own.problems.clone();
    let mut read = |paths: Vec<RepoPath>, lists| {
        let contents = tree.read_many(&paths);
        let mut readings = BTreeMap::new();
        for (path, content) in paths.into_iter().zip(contents) {
            let reader = Reader { elsewhere, parsed, own };
            if let Some(reading) = reader.read(&path, content, lists, &mut problems) {
                readings.insert(path, reading);
            }
        }
        readings
    };
    let metrics = read(wanted.metrics.iter().cloned().collect(), Lists::Elements);
    let mut params = read(wanted.params.keys().cloned().collect(), Lists::Whole);
    for (path, reading) in &mut params {
        if let (Some(Keys::Some(keys)), Ok(leaves)) = (wanted.params.get(path), &mut reading.leaves) {
            let globs: Vec<Glob> = keys.iter().filter(|key| key.contains(['*', '?', '['])).filter_map(|key| Glob::name(key).ok()).collect();
            let selected = |key: &Key| is_selected(&key.plain(), keys) || globs.iter().any(|glob| glob.matches(&key.plain()));
            *leaves = Arc::new(leaves.iter().filter(|(key, _)| selected(key)).cloned().collect());
        }
    }
    Snapshot { revision: tree.revision().clone(), metrics, params, data: own.data.clone(), problems }
}

/// A declared key selects itself, everything below it, and a list of which it names an element.
fn is_selected(key: &str, keys: &std::collections::BTreeSet<String>) -> bool {
    keys.iter().any(|wanted| {
        let below = |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        below(key, wanted)
            || (below(wanted, key) && wanted[key.len()..].trim_start_matches('.').split('.').all(|part| part.parse::<usize>().is_ok()))
    })
}

/// What the files of one revision are read with.
struct Reader<'a> {
    elsewhere: &'a dyn Elsewhere,
    parsed: &'a Parsed,
    own: &'a Discovery,
}

impl Reader<'_> {
    fn read(
        &self,
        path: &RepoPath,
        content: Result<Option<Content>, TreeError>,
        lists: Lists,
        problems: &mut Vec<Problem>,
    ) -> Option<Reading> {
        let tree_error = match content {
            Ok(Some(content)) => {
                let hash = match self.elsewhere.recorded(path, &content.bytes) {
                    Recorded::Nothing => None,
                    Recorded::Same(hash) => Some(hash),
                    Recorded::Other(problem) => {
                        problems.push(problem);
                        None
                    }
                };
                return Some(Reading {
                    leaves: self.parsed.leaves(path, &content, lists),
                    origin: Some(Origin::Tree),
                    hash,
                    id: content.id,
                    runs: Vec::new(),
                });
            }
            Ok(None) => None,
            Err(error) => Some(Problem::from_tree(path.clone(), &error)),
        };
        match (self.elsewhere.fetch(path), tree_error) {
            (Some(Ok(found)), _) => {
                let content = Content { bytes: found.bytes, id: None };
                Some(Reading {
                    leaves: self.parsed.leaves(path, &content, lists),
                    origin: Some(found.origin),
                    hash: Some(found.hash),
                    id: None,
                    runs: Vec::new(),
                })
            }
            (Some(Err(missing)), _) => Some(Reading::failed(missing.problem, Some(missing.hash))),
            (None, Some(problem)) => Some(Reading::failed(problem, None)),
            (None, None) => self.hidden_by(path).map(|problem| Reading::failed(problem, None)),
        }
    }

    /// A file that is not found may be one that an unreadable `dvc.yaml` or `dvc.lock` around it tells of: then it is not
    /// known to be gone.
    fn hidden_by(&self, path: &RepoPath) -> Option<Problem> {
        let around = |problem: &&Problem| problem.kind != ProblemKind::Warning && path.is_within(&problem.file.parent());
        let cause = self.own.problems.iter().find(around)?;
        let message = format!("is not found, and `{}`, which may tell where it is, cannot be understood", cause.file);
        Some(Problem::new(ProblemKind::Unavailable, path.clone(), message))
    }
}

/// Nothing stands elsewhere.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nowhere;

impl Elsewhere for Nowhere {
    fn fetch(&self, _: &RepoPath) -> Option<Result<Fetched, Unfetched>> {
        None
    }

    fn recorded(&self, _: &RepoPath, _: &[u8]) -> Recorded {
        Recorded::Nothing
    }
}
