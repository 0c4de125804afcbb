//! `proofmark log --runs`: what runs of tracking systems logged for each commit, beside the files.

use std::collections::BTreeMap;

use proofmark_core::config::Config;
use proofmark_core::path::RepoPath;
use proofmark_core::snapshot::Reading;
use proofmark_git::{History as Commits, Repository};
use proofmark_render::escape::terminal;

use super::{Columns, Matches, Wanted};
use crate::printer::Printer;
use crate::tracking::{self, Opener};
use crate::world::World;

/// Adds a column for each table of the configuration. A system that does not answer is told of, and its values are missing.
pub(super) fn add(
    columns: &mut Columns,
    wanted: &[Wanted],
    commits: &Commits,
    config: &Config,
    repository: &Repository,
    world: &World,
    printer: &Printer,
) {
    let root = repository.root().unwrap_or_else(|| repository.git_dir()).to_owned();
    // The configuration is the checkout's own: it may not say where credentials go.
    let opener = Opener::new(world, root, false);
    let ids: Vec<String> = commits.commits.iter().map(|commit| commit.id.clone()).collect();
    columns.values.resize_with(ids.len(), BTreeMap::new);
    for (file, found) in tracking::of_commits(config, &opener, &ids) {
        columns.files.insert(file.clone());
        match found {
            Ok(found) => {
                found.notes.iter().for_each(|note| printer.say(&terminal(&format!("{file}: {note}"))));
                for (row, id) in columns.values.iter_mut().zip(&ids) {
                    let Some(reading) = found.readings.get(id) else { continue };
                    let matches = matches(wanted, &file, reading);
                    columns.metrics.extend(matches.iter().map(|(key, _)| (file.clone(), key.clone())));
                    row.insert(file.clone(), Ok(matches));
                }
            }
            Err(trouble) => printer.say(&terminal(&format!("{file}: {trouble}"))),
        }
    }
    if columns.metrics.is_empty() {
        columns.values.clear();
    }
}

fn matches(wanted: &[Wanted], file: &RepoPath, reading: &Reading) -> Matches {
    let Ok(leaves) = &reading.leaves else { return Matches::new() };
    leaves.iter().filter(|(key, _)| wanted.iter().any(|wanted| wanted.takes(file, key))).cloned().collect()
}
