//! Which rules count: those of the branch that a change goes into, never those of the change itself.

use proofmark_core::config::{Compare, nearest};
use proofmark_core::event::{Event, Kind};
use proofmark_core::policy::PolicySide;
use proofmark_core::ports::{Revision, Tree};
use proofmark_git::Repository;
use proofmark_github::RemoteTree;
use proofmark_trigger::{RuleError, Rules};

use super::SourceArgs;
use super::event::Source;
use crate::configuration::{given_config, read_config};
use crate::exit::CliError;
use crate::host::Host;
use crate::world::World;

/// The rules, and where they stand.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) rules: Rules,
    pub(crate) names: Vec<String>,
    /// What the configuration says is compared, for what DVC tracks.
    pub(crate) compare: Compare,
    /// The file and the revision, for people.
    pub(crate) origin: String,
    /// What people should know about it.
    pub(crate) note: Option<String>,
}

impl Found {
    pub(crate) fn read(args: &SourceArgs, source: &Source, world: &World) -> Result<Self, CliError> {
        if let Some(path) = &args.config {
            let given = given_config(path, world)?;
            return Self::compile(&given.config, format!("{} (given)", path.display()), None);
        }
        let (tree, name) = trusted(source)?;
        let Some(file) = read_config(tree.as_ref(), PolicySide::Base)? else {
            return Err(CliError::input(format!("there is no configuration at {name}, and so no trigger")).hint(
                "write [[trigger]]s into the proofmark.toml of that branch; to try a file out: `--config proofmark.toml --dry-run`",
            ));
        };
        let note = changed(source, &file.config);
        let commit = tree.revision().short_commit().map(|commit| format!(" {commit}")).unwrap_or_default();
        Self::compile(&file.config, format!("proofmark.toml of {name}{commit}"), note)
    }

    fn compile(config: &proofmark_core::config::Config, origin: String, note: Option<String>) -> Result<Self, CliError> {
        let rules = Rules::compile(config)?;
        let names = config.trigger.iter().map(|trigger| trigger.name.clone()).collect();
        Ok(Self { rules, names, compare: config.compare.clone(), origin, note })
    }

    /// Whether the triggers that the command line names are there.
    pub(crate) fn check_names(&self, only: &[String]) -> Result<(), CliError> {
        let Some(unknown) = only.iter().find(|name| !self.names.contains(name)) else { return Ok(()) };
        let told = CliError::input(format!("there is no trigger `{unknown}` in {}", self.origin));
        Err(match nearest(unknown, self.names.iter().map(String::as_str)) {
            Some(near) => told.hint(format!("did you mean `{near}`?")),
            None => told,
        })
    }
}

/// The files of the branch whose rules count, and its name.
fn trusted(source: &Source) -> Result<(Box<dyn Tree>, String), CliError> {
    let event = &source.event;
    let default = default_branch(source)?;
    // What is pushed to a branch is that branch; what is proposed is not.
    let is_pushed = event.kind == Kind::Push && event.tag.is_none() && event.branch.as_deref() == Some(default.as_str());
    if let (true, Some(commit)) = (is_pushed, &event.head.commit) {
        return Ok((at(source, commit, &default)?, default));
    }
    let branch = match (&event.kind, &event.base.branch) {
        (Kind::PullRequest | Kind::MergeGroup, Some(base)) => base.clone(),
        _ => default,
    };
    if let Some(host) = source.server() {
        let link = host.link()?;
        let tip = link.block_on(link.client().branch_tip(&branch))?;
        return Ok((at(source, &tip, &branch)?, branch));
    }
    let Some(repository) = &source.repository else {
        return Err(CliError::input("there is neither a clone nor a token to read the triggers with")
            .hint("check the repository out, or give the run's token (`GITHUB_TOKEN`); `--config FILE` reads a file"));
    };
    // Without anybody to ask, the clone's own idea of the branch is the next best; of a pull request the event's base.
    match (&event.base.commit, &event.kind) {
        (Some(base), Kind::PullRequest | Kind::MergeGroup) if repository.resolve(base).is_ok() => Ok((at(source, base, &branch)?, branch)),
        _ => {
            let found = repository.default_branch(Some(&branch))?;
            Ok((Box::new(repository.tree_at(&found.commit, &found.name)?), found.name))
        }
    }
}

fn default_branch(source: &Source) -> Result<String, CliError> {
    if let Some(told) = &source.event.default_branch {
        return Ok(told.clone());
    }
    if let Some(host) = source.server() {
        let link = host.link()?;
        return Ok(link.block_on(link.client().default_branch())?);
    }
    match &source.repository {
        Some(repository) => Ok(repository.default_branch(None)?.branch),
        None => {
            Err(CliError::input("the repository's default branch is not known").hint("check the repository out, or give `GITHUB_TOKEN`"))
        }
    }
}

/// The files of a commit, in the clone or at GitHub.
fn at(source: &Source, commit: &str, name: &str) -> Result<Box<dyn Tree>, CliError> {
    tree_at(source.repository.as_ref(), source.host.as_ref(), commit, name)
}

/// The files of a commit, in this clone, or at the server of the run.
pub(crate) fn tree_at(repository: Option<&Repository>, host: Option<&Host>, commit: &str, name: &str) -> Result<Box<dyn Tree>, CliError> {
    let missing = match repository.map(|repository| (repository, repository.resolve(commit))) {
        Some((repository, Ok(found))) => return Ok(Box::new(repository.tree_at(&found, name)?)),
        Some((_, Err(error))) => CliError::from(error),
        None => CliError::input(format!("there is no clone that has {commit}")),
    };
    match host.filter(|host| host.can_ask()) {
        Some(host) => Ok(Box::new(RemoteTree::open(host.link()?, Revision::commit(name, commit, ""))?)),
        None => Err(missing.hint("fetch it (`fetch-depth: 0`), or give the run's token (`GITHUB_TOKEN`)")),
    }
}

/// Where the change has other triggers, that is said: they count once they are merged.
fn changed(source: &Source, counts: &proofmark_core::config::Config) -> Option<String> {
    let event: &Event = &source.event;
    let head = event.head.commit.as_deref().filter(|_| source.is_local)?;
    let repository = source.repository.as_ref()?;
    let tree = repository.tree_at(&repository.resolve(head).ok()?, "head").ok()?;
    let own = read_config(&tree, PolicySide::Head).ok()??;
    (own.config.trigger != counts.trigger).then(|| {
        "the change has other triggers, which count once they are merged (to try them: `--config proofmark.toml --dry-run`)".to_owned()
    })
}

impl From<RuleError> for CliError {
    fn from(error: RuleError) -> Self {
        error.hint().map(str::to_owned).into_iter().fold(Self::input(error.to_string()), Self::hint)
    }
}
