//! Finds plain metrics and params files: the ones that the configuration names, or those with the usual names.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::Compare;
use crate::discovery::{Discovery, Keys};
use crate::glob::{Glob, GlobError};
use crate::path::RepoPath;
use crate::ports::{ContentId, EntryKind, Tree};
use crate::problem::{Problem, ProblemKind};

/// Folders within folders that are searched.
const MAX_DEPTH: usize = 128;

/// Extensions of files that may hold metrics or params.
const EXTENSIONS: [&str; 6] = ["json", "yaml", "yml", "toml", "csv", "tsv"];
/// One of these words in a file's name makes it a metrics file.
const METRIC_WORDS: [&str; 4] = ["metrics", "metric", "scores", "evaluation"];
/// One of these as the last word does, too: `eval_results.json`.
const LAST_WORDS: [&str; 3] = ["eval", "results", "score"];
/// Every document in a folder of this name is a metrics file.
const METRIC_FOLDER: &str = "metrics";
/// One of these as the first word makes a params file.
const PARAM_WORDS: [&str; 3] = ["params", "hparams", "hyperparameters"];
/// Folders that hold other people's files.
const FOREIGN: [&str; 4] = ["node_modules", "site-packages", "venv", "__pycache__"];

/// What the configuration says about plain files, compiled.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    metrics: Vec<Glob>,
    params: Vec<Glob>,
    ignore: Vec<Glob>,
}

impl Patterns {
    /// Compiles the globs.
    ///
    /// # Errors
    /// When one is malformed.
    pub fn compile(config: &Compare) -> Result<Self, GlobError> {
        let all = |texts: &[String]| texts.iter().map(|text| Glob::file(text)).collect::<Result<Vec<_>, _>>();
        Ok(Self { metrics: all(&config.metrics)?, params: all(&config.params)?, ignore: all(&config.ignore)? })
    }

    /// Takes what must not be read out of `discovery`.
    pub fn drop_ignored(&self, discovery: &mut Discovery) {
        let keep = |file: &RepoPath| !self.ignore.iter().any(|glob| glob.matches(file.as_str()));
        discovery.metrics.retain(keep);
        discovery.params.retain(|file, _| keep(file));
    }

    /// The files of `tree` that the configuration names.
    pub fn named(&self, tree: &dyn Tree) -> Discovery {
        let mut found = Discovery::default();
        let mut problems = Vec::new();
        for file in self.metrics.iter().flat_map(|glob| matching(tree, glob, &mut problems)).collect::<Vec<_>>() {
            found.metrics.insert(file);
        }
        for file in self.params.iter().flat_map(|glob| matching(tree, glob, &mut problems)).collect::<Vec<_>>() {
            found.add_params(file, &Keys::All);
        }
        found.problems = problems;
        found
    }

    /// Whether the configuration names metrics files, so that the usual names do not count.
    pub fn name_metrics(&self) -> bool {
        !self.metrics.is_empty()
    }
}

fn matching(tree: &dyn Tree, glob: &Glob, problems: &mut Vec<Problem>) -> Vec<RepoPath> {
    if glob.is_literal() {
        // The file may be here or only elsewhere (a cache), so it is wanted in any case.
        return RepoPath::parse(glob.as_str()).into_iter().collect();
    }
    // The folders before the first wildcard need no search.
    let fixed: Vec<&str> = glob.as_str().split('/').take_while(|part| !part.contains(['*', '?', '[', '{', '\\'])).collect();
    let Ok(start) = RepoPath::parse(&fixed.join("/")) else { return Vec::new() };
    let mut found = Vec::new();
    search(tree, &start, 0, problems, &mut |path| {
        if glob.matches(path.as_str()) {
            found.push(path.clone());
        }
    });
    found
}

/// All files below a folder; none when it is a file or nothing.
pub fn below(tree: &dyn Tree, folder: &RepoPath) -> Vec<RepoPath> {
    let mut found = Vec::new();
    if tree.entry(folder).is_ok_and(|entry| entry.is_some_and(|entry| entry.kind == EntryKind::Folder)) {
        // What cannot be listed is told when the files themselves are asked for.
        search(tree, folder, 0, &mut Vec::new(), &mut |path| found.push(path.clone()));
    }
    found
}

fn search(tree: &dyn Tree, folder: &RepoPath, depth: usize, problems: &mut Vec<Problem>, visit: &mut dyn FnMut(&RepoPath)) {
    let rows = match tree.list(folder) {
        Ok(rows) => rows.unwrap_or_default(),
        Err(error) => {
            problems.push(Problem::from_tree(folder.clone(), &error));
            return;
        }
    };
    for row in rows {
        let path = folder.child(&row.name);
        match row.kind {
            EntryKind::File | EntryKind::Link => visit(&path),
            EntryKind::Folder if depth < MAX_DEPTH && !is_foreign(&row.name) && !tree.is_ignored(&path, true) => {
                search(tree, &path, depth + 1, problems, visit);
            }
            EntryKind::Folder | EntryKind::Submodule | EntryKind::Other => {}
        }
    }
}

/// Remembers which usual names a folder holds, by the identity of its content.
#[derive(Debug, Default)]
pub struct Memo(Mutex<HashMap<(ContentId, bool), Arc<Usual>>>);

/// Files with the usual names below one folder, as paths from there.
#[derive(Debug, Default)]
struct Usual {
    metrics: Vec<String>,
    params: Vec<String>,
}

/// The files with the usual names, anywhere in the tree, for which `wanted` holds.
pub fn usual(tree: &dyn Tree, memo: &Memo, wanted: &dyn Fn(&RepoPath) -> bool) -> Discovery {
    let root = RepoPath::root();
    let mut discovery = Discovery::default();
    let id = tree.entry(&root).ok().flatten().and_then(|entry| entry.id);
    let found = Walk { tree, memo, problems: &mut discovery.problems }.folder(&root, id, 0);
    let path = |text: &String| RepoPath::parse(text).ok().filter(|path| wanted(path));
    discovery.metrics = found.metrics.iter().filter_map(path).collect();
    for file in found.params.iter().filter_map(path) {
        discovery.add_params(file, &Keys::All);
    }
    discovery
}

struct Walk<'a> {
    tree: &'a dyn Tree,
    memo: &'a Memo,
    problems: &'a mut Vec<Problem>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &RepoPath, id: Option<ContentId>, depth: usize) -> Arc<Usual> {
        // Which files count depends on the folder's own name, too.
        let slot = id.map(|id| (id, folder.name() == METRIC_FOLDER));
        let known = slot.and_then(|slot| self.memo.0.lock().unwrap_or_else(PoisonError::into_inner).get(&slot).cloned());
        if let Some(known) = known {
            return known;
        }
        let rows = match self.tree.list(folder) {
            Ok(rows) => rows.unwrap_or_default(),
            Err(error) => {
                self.problems.push(Problem::from_tree(folder.clone(), &error));
                return Arc::default();
            }
        };
        let mut usual = Usual::default();
        for row in rows {
            match row.kind {
                EntryKind::File | EntryKind::Link => match role(folder.name(), &row.name) {
                    Some(Role::Metrics) => usual.metrics.push(row.name),
                    Some(Role::Params) => usual.params.push(row.name),
                    None => {}
                },
                EntryKind::Folder => self.below(folder, &row.name, row.id, depth, &mut usual),
                EntryKind::Other if role(folder.name(), &row.name) == Some(Role::Metrics) => {
                    let message = "looks like a metrics file and cannot be read: not a plain file, or its name is not UTF-8";
                    self.problems.push(Problem::new(ProblemKind::Warning, folder.child(&row.name), message));
                }
                EntryKind::Submodule | EntryKind::Other => {}
            }
        }
        let usual = Arc::new(usual);
        if let Some(slot) = slot {
            self.memo.0.lock().unwrap_or_else(PoisonError::into_inner).insert(slot, Arc::clone(&usual));
        }
        usual
    }

    fn below(&mut self, folder: &RepoPath, name: &str, id: Option<ContentId>, depth: usize, usual: &mut Usual) {
        let path = folder.child(name);
        if depth >= MAX_DEPTH || name.starts_with('.') || is_foreign(name) || self.tree.is_ignored(&path, true) {
            return;
        }
        let inner = self.folder(&path, id, depth + 1);
        usual.metrics.extend(inner.metrics.iter().map(|file| format!("{name}/{file}")));
        usual.params.extend(inner.params.iter().map(|file| format!("{name}/{file}")));
    }
}

fn is_foreign(name: &str) -> bool {
    name == ".git" || FOREIGN.contains(&name)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Metrics,
    Params,
}

fn role(folder: &str, name: &str) -> Option<Role> {
    let lower = name.to_ascii_lowercase();
    let (stem, extension) = lower.rsplit_once('.')?;
    if !EXTENSIONS.contains(&extension) || stem.is_empty() {
        return None;
    }
    let words: Vec<&str> = stem.split(['_', '-', '.', ' ']).collect();
    if words.first().is_some_and(|word| PARAM_WORDS.contains(word)) {
        return Some(Role::Params);
    }
    let by_name = words.iter().any(|word| METRIC_WORDS.contains(word)) || words.last().is_some_and(|word| LAST_WORDS.contains(word));
    (by_name || folder == METRIC_FOLDER).then_some(Role::Metrics)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::MemoryTree;

    fn tree(files: &[&str]) -> MemoryTree {
        MemoryTree::new("test", files.iter().map(|path| (*path, "{}")))
    }

    fn names(discovery: &Discovery) -> Vec<&str> {
        discovery.metrics.iter().map(RepoPath::as_str).collect()
    }

    #[test]
    fn usual_names() {
        let files = [
            "metrics.json",
            "models/a/eval_metrics.yaml",
            "metrics/x.csv",
            "out/eval_results.json",
            "params.yaml",
            "src/metrics.py",
            "node_modules/p/metrics.json",
            ".hidden/metrics.json",
            "config.json",
            "metrics.txt",
        ];
        let found = usual(&tree(&files), &Memo::default(), &|_| true);
        assert_eq!(names(&found), ["metrics.json", "metrics/x.csv", "models/a/eval_metrics.yaml", "out/eval_results.json"]);
        assert_eq!(found.params.keys().map(RepoPath::as_str).collect::<Vec<_>>(), ["params.yaml"]);
    }

    #[test]
    fn named_files() {
        let config = Compare {
            metrics: vec!["out/**/*.json".into(), "score.txt".into()],
            ignore: vec!["out/skip.json".into()],
            ..Compare::default()
        };
        let patterns = Patterns::compile(&config).expect("valid globs");
        let mut found = patterns.named(&tree(&["out/a.json", "out/b/c.json", "out/skip.json", "other/d.json"]));
        patterns.drop_ignored(&mut found);
        assert_eq!(names(&found), ["out/a.json", "out/b/c.json", "score.txt"]);
    }
}
