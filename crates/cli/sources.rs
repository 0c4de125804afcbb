//! Builds what a comparison reads from: DVC projects, named files, files with the usual names, and DVC's stores.

use std::collections::BTreeSet;
use std::path::PathBuf;

use proofmark_core::config::{Compare, Table};
use proofmark_core::discovery::{Discovery, Keys};
use proofmark_core::files::{self, Patterns};
use proofmark_core::glob::GlobError;
use proofmark_core::path::RepoPath;
use proofmark_core::ports::{Blob, Tree};
use proofmark_core::problem::{Problem, ProblemKind};
use proofmark_core::snapshot::{Elsewhere, Fetched, Origin, Parsed, Recorded, Snapshot, Unfetched, take};
use proofmark_dvc::{Dvc, Home, Memo, Stores};
use proofmark_git::Repository;

use crate::world::World;

/// What all revisions of one run share: caches and stores.
pub(crate) struct Sources {
    patterns: Patterns,
    /// Prediction tables: their rows are no metrics.
    tables: BTreeSet<RepoPath>,
    read_dvc: bool,
    dvc_memo: Memo,
    files_memo: files::Memo,
    parsed: Parsed,
    stores: Stores,
    root: PathBuf,
    home: Home,
}

/// One revision, discovered but not read.
pub(crate) struct Found {
    dvc: Dvc,
    pub(crate) discovery: Discovery,
}

impl Found {
    /// The stages of all DVC projects.
    pub(crate) fn stages(&self) -> Vec<&proofmark_dvc::Stage> {
        self.dvc.projects.iter().flat_map(|project| &project.stages).collect()
    }
}

impl Sources {
    pub(crate) fn new(repository: &Repository, config: &Compare, world: &World) -> Result<Self, GlobError> {
        Ok(Self {
            patterns: Patterns::compile(config)?,
            tables: BTreeSet::new(),
            read_dvc: config.dvc,
            dvc_memo: Memo::default(),
            files_memo: files::Memo::default(),
            parsed: Parsed::default(),
            stores: Stores::default(),
            root: repository.root().unwrap_or_else(|| repository.git_dir()).to_owned(),
            home: home(world),
        })
    }

    /// The same, without these prediction tables among the metrics files.
    pub(crate) fn beside(mut self, tables: &[Table]) -> Self {
        self.tables = tables.iter().filter_map(|table| RepoPath::parse(&table.file).ok()).collect();
        self
    }

    /// What a revision declares.
    pub(crate) fn discover(&mut self, repository: &Repository, tree: &dyn Tree) -> Found {
        let mut dvc = if self.read_dvc { Dvc::read(tree, &self.dvc_memo) } else { Dvc::default() };
        if !dvc.projects.is_empty() {
            self.stores.open(&self.root, &dvc, tree, &self.home);
            if let Some(main) = main_checkout(repository) {
                self.stores.also_in(&main);
            }
            dvc.expand(&self.stores, &self.dvc_memo);
        }
        let mut discovery = dvc.discovery().clone();
        discovery.merge(self.patterns.named(tree));
        if !self.patterns.name_metrics() {
            // The usual names count where no DVC project says what the metrics are.
            let declares: Vec<&RepoPath> = dvc
                .projects
                .iter()
                .map(|project| &project.root)
                .filter(|root| discovery.metrics.iter().any(|file| file.is_within(root)))
                .collect();
            let outside = |file: &RepoPath| !declares.iter().any(|root| file.is_within(root));
            discovery.merge(files::usual(tree, &self.files_memo, &outside));
        }
        self.patterns.drop_ignored(&mut discovery);
        discovery.metrics.retain(|file| !self.tables.contains(file));
        Found { dvc, discovery }
    }

    /// Reads a revision: all that any side declares.
    pub(crate) fn snapshot(&self, tree: &dyn Tree, found: &Found, wanted: &Discovery) -> Snapshot {
        take(tree, &found.discovery, wanted, &self.elsewhere(found), &self.parsed)
    }

    /// A file of a revision that may be large: in the tree, or else where DVC keeps it. `None` when nobody has it.
    pub(crate) fn open(&mut self, repository: &Repository, tree: &dyn Tree, path: &RepoPath, limit: u64) -> Result<Option<Blob>, Problem> {
        match tree.open(path, limit) {
            Ok(Some(blob)) => Ok(Some(blob)),
            // What DVC says of it is only then worth looking for.
            _ => {
                let found = self.discover(repository, tree);
                self.open_found(tree, &found, path, limit)
            }
        }
    }

    /// The same where discovery was done before.
    pub(crate) fn open_found(&self, tree: &dyn Tree, found: &Found, path: &RepoPath, limit: u64) -> Result<Option<Blob>, Problem> {
        let in_tree = tree.open(path, limit);
        if let Ok(Some(blob)) = in_tree {
            return Ok(Some(blob));
        }
        if let Some(tracked) = found.dvc.tracked(path).filter(|tracked| tracked.cached) {
            return match tracked.locate(&self.stores, &self.dvc_memo, limit) {
                Ok(located) => Ok(Some(located.blob)),
                Err(error) => Err(unavailable(path, &tracked, &error)),
            };
        }
        in_tree.map_err(|error| Problem::from_tree(path.clone(), &error))
    }

    /// The stores as seen from one revision.
    pub(crate) fn elsewhere<'a>(&'a self, found: &'a Found) -> InStores<'a> {
        InStores { dvc: &found.dvc, stores: &self.stores, memo: &self.dvc_memo }
    }
}

/// Exactly these files, whatever is declared.
pub(crate) fn only(targets: &[RepoPath], params: bool) -> Discovery {
    let mut discovery = Discovery::default();
    for target in targets {
        if params {
            discovery.add_params(target.clone(), &Keys::All);
        } else {
            discovery.metrics.insert(target.clone());
        }
    }
    discovery
}

/// The content that DVC keeps outside of git, by what one revision says of it.
pub(crate) struct InStores<'a> {
    dvc: &'a Dvc,
    stores: &'a Stores,
    memo: &'a Memo,
}

impl Elsewhere for InStores<'_> {
    fn fetch(&self, path: &RepoPath) -> Option<Result<Fetched, Unfetched>> {
        // What DVC leaves to git and git does not have was deleted: its entry in the lock is only a memory.
        let tracked = self.dvc.tracked(path).filter(|tracked| tracked.cached)?;
        let hash = identity(&tracked);
        Some(match tracked.fetch(self.stores, self.memo) {
            Ok(found) => {
                let origin = match found.from {
                    proofmark_dvc::Origin::Cache => Origin::Cache,
                    proofmark_dvc::Origin::Remote(name) => Origin::Remote(name),
                };
                Ok(Fetched { bytes: found.bytes, origin, hash })
            }
            Err(error) => Err(Unfetched { hash, problem: unavailable(path, &tracked, &error) }),
        })
    }

    fn recorded(&self, path: &RepoPath, bytes: &[u8]) -> Recorded {
        let Some(tracked) = self.dvc.tracked(path) else { return Recorded::Nothing };
        if tracked.holds(bytes) {
            return Recorded::Same(identity(&tracked));
        }
        // Inside a folder whose list is not here it cannot be told.
        if tracked.inside.is_some() || tracked.version.algorithm != "md5" {
            return Recorded::Nothing;
        }
        let message = format!("is not the content that `{}` records for it", tracked.declared_in);
        Recorded::Other(Problem::warning(path.clone(), message).hint("`dvc status` tells more; `dvc repro` or `dvc commit` records it"))
    }
}

fn unavailable(path: &RepoPath, tracked: &proofmark_dvc::Tracked, error: &proofmark_dvc::StoreError) -> Problem {
    let problem = Problem::new(ProblemKind::Unavailable, path.clone(), error.to_string());
    error.hint(tracked).into_iter().fold(problem, Problem::hint)
}

/// Equal texts mean equal content.
fn identity(tracked: &proofmark_dvc::Tracked) -> String {
    format!("{}:{}/{}", tracked.version.algorithm, tracked.version.hash, tracked.inside.as_deref().unwrap_or_default())
}

/// The main checkout of a linked work tree, whose DVC cache serves both.
fn main_checkout(repository: &Repository) -> Option<PathBuf> {
    let common = repository.common_dir();
    (common != repository.git_dir()).then(|| common.parent().map(std::path::Path::to_owned)).flatten()
}

/// Where DVC's own configuration lies for this user.
fn home(world: &World) -> Home {
    let folder = world.var("HOME").or_else(|| world.var("USERPROFILE")).map(PathBuf::from);
    let user = world.var("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| folder.as_ref().map(|folder| folder.join(".config")));
    let system = world.var("XDG_CONFIG_DIRS").and_then(|folders| folders.split(':').next()).unwrap_or("/etc/xdg");
    let configs = std::iter::once(PathBuf::from(system)).chain(user).map(|folder| folder.join("dvc").join("config")).collect();
    Home { configs, folder }
}
