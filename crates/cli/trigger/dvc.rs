//! What DVC sees changed between two revisions: tracked data, params, and the stages that read them.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_core::changes::FileChange;
use proofmark_core::compare::{BaseKind, Baseline, Sides, compare};
use proofmark_core::config::Compare;
use proofmark_core::discovery::{Discovery, Keys};
use proofmark_core::path::RepoPath;
use proofmark_core::ports::Tree;
use proofmark_core::problem::ProblemKind;
use proofmark_dvc::Stage;
use proofmark_git::Repository;
use proofmark_trigger::facts::DvcChanges;

use crate::exit::CliError;
use crate::sources::Sources;
use crate::world::World;

/// Reads both sides.
pub(crate) fn changes(
    repository: &Repository,
    config: &Compare,
    base: &dyn Tree,
    head: &dyn Tree,
    files: &[FileChange],
    world: &World,
) -> Result<DvcChanges, CliError> {
    // What DVC tracks is asked for whether or not metrics are read from it.
    let config = Compare { dvc: true, ..config.clone() };
    let mut sources = Sources::new(repository, &config, world)?;
    let (before, after) = (sources.discover(repository, base), sources.discover(repository, head));
    if let Some(problem) =
        [&before, &after].iter().flat_map(|side| &side.discovery.problems).find(|problem| problem.kind != ProblemKind::Warning)
    {
        return Err(CliError::from(problem.clone()));
    }
    let mut wanted = Discovery::default();
    for side in [&before, &after] {
        side.discovery.params.iter().for_each(|(file, keys)| wanted.add_params(file.clone(), keys));
    }
    let (old, new) = (sources.snapshot(base, &before, &wanted), sources.snapshot(head, &after, &wanted));
    let sides = Sides { base: &old, head: &new, tip: None, baseline: Baseline::new(BaseKind::Tip, "before") };
    let comparison = compare(&sides, &|_, _| None);
    let params: BTreeSet<(RepoPath, String)> = comparison
        .params
        .iter()
        .filter(|delta| !delta.status.is_unchanged())
        .map(|delta| (delta.file.clone(), delta.key.to_string()))
        .collect();
    let data: BTreeSet<RepoPath> =
        comparison.data.iter().filter(|delta| !delta.status.is_unchanged()).map(|delta| delta.path.clone()).collect();
    let changed: Vec<&RepoPath> = files.iter().map(|change| &change.path).collect();
    // Of what lies in git, the lock only tells what was read last: that changes when results are committed, and code did not.
    let is_in_git = |path: &RepoPath| [base, head].iter().any(|tree| matches!(tree.entry(path), Ok(Some(_))));
    let tracked: BTreeSet<RepoPath> = data.iter().filter(|path| !is_in_git(path)).cloned().collect();
    let stages = stages(&before.stages(), &after.stages(), &Changed { data: &tracked, params: &params, files: &changed });
    Ok(DvcChanges {
        data: data.iter().map(ToString::to_string).collect(),
        params: params.iter().map(|(file, key)| format!("{file}:{key}")).collect(),
        stages,
    })
}

struct Changed<'a> {
    data: &'a BTreeSet<RepoPath>,
    params: &'a BTreeSet<(RepoPath, String)>,
    files: &'a [&'a RepoPath],
}

/// Stages of which something that they read changed, or they themselves.
fn stages(before: &[&Stage], after: &[&Stage], changed: &Changed<'_>) -> BTreeMap<String, Vec<String>> {
    let known: BTreeMap<String, &Stage> = before.iter().map(|stage| (name(stage), *stage)).collect();
    let mut found = BTreeMap::new();
    for stage in after {
        let mut why = Vec::new();
        match known.get(&name(stage)) {
            None => why.push("it is new".to_owned()),
            Some(old) if *old != *stage => why.push("its declaration".to_owned()),
            Some(_) => {}
        }
        for dep in &stage.deps {
            // A folder changed when something below it did, and what lies in a tracked folder when that did.
            let touches = |path: &RepoPath| path == dep || path.is_within(dep) || dep.is_within(path);
            if changed.data.iter().any(touches) || changed.files.iter().any(|path| path.is_within(dep) || *path == dep) {
                why.push(dep.to_string());
            }
        }
        for (file, keys) in &stage.params {
            let is_read = |key: &str| match keys {
                Keys::All => true,
                Keys::Some(keys) => keys.iter().any(|known| is_below(key, known)),
            };
            why.extend(changed.params.iter().filter(|(of, key)| of == file && is_read(key)).map(|(file, key)| format!("{file}:{key}")));
        }
        if !why.is_empty() {
            found.insert(name(stage), why);
        }
    }
    found
}

/// Whether a dotted key is another one, or lies below it.
fn is_below(key: &str, of: &str) -> bool {
    key.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// As DVC calls a stage from the repository's root.
fn name(stage: &Stage) -> String {
    if stage.file.as_str() == "dvc.yaml" { stage.name.clone() } else { format!("{}:{}", stage.file, stage.name) }
}
