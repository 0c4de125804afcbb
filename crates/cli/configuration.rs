//! Finds the configuration: of a revision, of the work tree, or the file that was given.

use std::path::Path;

use proofmark_core::config::{self, Config};
use proofmark_core::path::RepoPath;
use proofmark_core::policy::{PolicyOrigin, PolicySide};
use proofmark_core::ports::Tree;
use proofmark_git::{Commit, Repository};

use crate::exit::CliError;
use crate::world::World;

/// A configuration file of one side.
pub(crate) struct ConfigFile {
    pub(crate) config: Config,
    pub(crate) origin: PolicyOrigin,
}

/// The configuration of one revision, if it has one.
pub(crate) fn read_config(tree: &dyn Tree, side: PolicySide) -> Result<Option<ConfigFile>, CliError> {
    for name in config::FILES {
        let Ok(path) = RepoPath::parse(name) else { continue };
        let content = tree.read(&path).map_err(|error| {
            let told = CliError::input(format!("the configuration at {} cannot be read: {error}", tree.revision().name));
            error.hint().into_iter().fold(told, CliError::hint)
        })?;
        let Some(content) = content else { continue };
        let parsed = config::parse(&path, &content.bytes).map_err(|mut problem| {
            problem.message = format!("{} (at {})", problem.message, tree.revision().name);
            problem
        })?;
        if let Some(config) = parsed {
            let origin = PolicyOrigin::File { file: name.to_owned(), side, revision: tree.revision().name.clone() };
            return Ok(Some(ConfigFile { config, origin }));
        }
    }
    Ok(None)
}

/// The configuration that the command line names; it may lie anywhere.
pub(crate) fn given_config(path: &Path, world: &World) -> Result<ConfigFile, CliError> {
    let full = world.folder.join(path);
    let bytes = std::fs::read(&full)
        .map_err(|error| CliError::input(format!("cannot read the configuration `{}`", path.display())).because(&error))?;
    let shown = path.to_string_lossy().into_owned();
    let name = path.file_name().map_or_else(|| shown.clone(), |name| name.to_string_lossy().into_owned());
    let file = RepoPath::root().child(&name);
    let config = config::parse(&file, &bytes)?.ok_or_else(|| CliError::input(format!("`{shown}` has no [tool.proofmark]")))?;
    Ok(ConfigFile { config, origin: PolicyOrigin::File { file: shown, side: PolicySide::Given, revision: "command line".to_owned() } })
}

/// The configuration for looking at one's own files: the work tree's, else that of `commit`.
pub(crate) fn local_config(repository: &Repository, commit: &Commit) -> Result<Option<Config>, CliError> {
    let file = match repository.root() {
        Some(_) => read_config(&repository.work_tree()?, PolicySide::Head)?,
        None => read_config(&repository.tree_at(commit, &commit.short)?, PolicySide::Head)?,
    };
    Ok(file.map(|file| file.config))
}
