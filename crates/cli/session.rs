//! From what was typed to two snapshots: finds the repository, the revisions, the configuration and the base.

use std::collections::BTreeSet;
use std::path::Path;

use proofmark_core::compare::{BaseKind, Baseline, Comparison, Sides, compare};
use proofmark_core::config::{self, Compare, GitHub};
use proofmark_core::discovery::Discovery;
use proofmark_core::files;
use proofmark_core::path::RepoPath;
use proofmark_core::policy::{Policy, PolicyOrigin, PolicySide};
use proofmark_core::ports::Tree;
use proofmark_core::problem::Problem;
use proofmark_core::run::RunContext;
use proofmark_core::snapshot::Snapshot;
use proofmark_core::waiver::{Circumstances, Date};
use proofmark_git::{Commit, Head, Repository};

use crate::args::Between;
use crate::base::{Base, Purpose, Target};
use crate::configuration::{ConfigFile, given_config, read_config};
use crate::exit::CliError;
use crate::host::Host;
use crate::sources::{Found, Sources, only};
use crate::tracking::{self, Opener, Side, Tracking};
use crate::world::World;

/// First-parent steps back that are tried when the base has no metrics.
const ANCESTORS: usize = 50;

/// Everything that a subcommand needs to compare.
pub(crate) struct Session {
    pub(crate) repository: Repository,
    pub(crate) head: Box<dyn Tree>,
    /// The commit that the head is, or that the files on disk lie on.
    head_commit: Commit,
    base: Base,
    /// What people should know about how the base was found.
    pub(crate) note: Option<String>,
    /// The branch that the change goes into, where it has a name.
    pub(crate) branch: Option<String>,
    /// The configuration that counts: of the base, else of the head, else the one given.
    pub(crate) config: Option<ConfigFile>,
    targets: Vec<RepoPath>,
    /// No ancestor stands in for a base without metrics.
    exact_base: bool,
    /// The commits and the branch that runs of the head were logged with.
    head_side: Side,
    /// Runs that were named as the base's.
    base_runs: Vec<(String, String)>,
}

impl Session {
    /// Resolves what was typed.
    pub(crate) fn open(between: &Between, purpose: Purpose, host: Option<&Host>, world: &World) -> Result<Self, CliError> {
        let repository = open_repository(world)?;
        let (head, head_commit) = head(&repository, between.head.as_deref())?;
        let given = between.config.as_deref().map(|path| given_config(path, world)).transpose()?;
        let target = Target::find(&repository, between, given.as_ref(), purpose, &head_commit, host)?;
        let (branch, note) = (target.branch.clone(), target.note.clone());
        // The base branch's own configuration says how the base is found, so that a change cannot choose its base.
        let of_tip = if given.is_some() { None } else { read_config(target.tree(), PolicySide::Base)? };
        let configured = given.as_ref().or(of_tip.as_ref()).and_then(|file| file.config.compare.base_is);
        let kind = between.base_is.or((purpose == Purpose::AsDvc).then_some(BaseKind::Tip)).or(configured);
        let base = target.base(&repository, &head_commit, kind, between, purpose, host)?;
        // The newest policy of the branch that the change goes into counts: a change that began before the policy was
        // written, or tightened, is judged by it all the same. The base's own is next, the head's last.
        let config = match (given.or(of_tip), &base.tip) {
            (Some(found), _) => Some(found),
            (None, None) => read_config(head.as_ref(), PolicySide::Head)?,
            (None, Some(_)) => match read_config(base.tree.as_ref(), PolicySide::Base)? {
                Some(found) => Some(found),
                None => read_config(head.as_ref(), PolicySide::Head)?,
            },
        };
        let targets = targets(&repository, between, world)?;
        let head_side = Side { named: between.head_run.clone(), ..head_side(&repository, &head_commit, between.head.as_deref(), host) };
        let base_runs = between.base_run.clone();
        let exact_base = purpose == Purpose::AsDvc;
        Ok(Self { repository, head, head_commit, base, note, branch, config, targets, exact_base, head_side, base_runs })
    }

    /// What the configuration says is compared.
    fn scope(&self) -> Compare {
        self.config.as_ref().map(|file| file.config.compare.clone()).unwrap_or_default()
    }

    /// Reads both sides, and the tip of the base branch where it has moved on.
    pub(crate) fn read(&self, params: bool, world: &World) -> Result<Read, CliError> {
        let tables = self.config.as_ref().map_or(&[][..], |file| file.config.table.as_slice());
        let mut sources = Sources::new(&self.repository, &self.scope(), world)?.beside(tables);
        let base_tree = self.base.tree.as_ref();
        let base = sources.discover(&self.repository, base_tree);
        let head = sources.discover(&self.repository, self.head.as_ref());
        let wanted = self.wanted(&[&base, &head], &[base_tree, self.head.as_ref()], params);
        let undeclared = wanted.metrics.difference(&head.discovery.metrics).cloned().collect::<Vec<_>>();
        let mut head = sources.snapshot(self.head.as_ref(), &head, &wanted);
        if self.targets.is_empty() {
            for file in undeclared.into_iter().filter(|file| head.metrics.contains_key(file)) {
                head.problems.push(Problem::warning(
                    file,
                    "is a metrics file for the base only: the head does not declare it any more, so it may be stale",
                ));
            }
        }
        let first = sources.snapshot(base_tree, &base, &wanted);
        let tip = self.base.tip.as_deref().map(|tree| {
            let found = sources.discover(&self.repository, tree);
            sources.snapshot(tree, &found, &wanted)
        });
        let (mut base, distance) = self.nearest_with_metrics(&mut sources, first, &wanted, params)?;
        self.check_targets(&base, &head)?;
        let baseline = Baseline::new(self.base.kind, self.base.name.clone()).back(distance);
        let tracking = self.track(&mut base, &mut head, world)?;
        Ok(Read { base, head, tip, baseline, sources, wanted, tracking })
    }

    /// Adds what runs of tracking servers logged, where the configuration names any.
    fn track(&self, base: &mut Snapshot, head: &mut Snapshot, world: &World) -> Result<Tracking, CliError> {
        let Some(file) = &self.config else { return Ok(Tracking::default()) };
        if !self.has_runs() || !self.targets.is_empty() || self.exact_base {
            return Ok(Tracking::default());
        }
        let files = tracking::files(&file.config);
        let unknown = |runs: &&(String, String)| files.iter().all(|file| file.as_str() != runs.0);
        if let Some((runs, _)) = self.head_side.named.iter().chain(&self.base_runs).find(unknown) {
            let known = files.iter().map(|file| format!("`{file}`")).collect::<Vec<_>>().join(", ");
            return Err(
                CliError::input(format!("the configuration has no runs that are called `{runs}`")).hint(format!("there are {known}"))
            );
        }
        let commits: Vec<String> = self.base.tree.revision().commit.clone().into_iter().collect();
        let before = self.before(ANCESTORS + 1)?.into_iter().skip(1).map(|commit| commit.id).collect();
        let named = self.base_runs.clone();
        let base_side = Side { commits, before, branch: self.branch.clone(), named, is_head: false };
        let mut sides = tracking::Sides { base: (&base_side, base), head: (&self.head_side, head) };
        Ok(Tracking::read(&file.config, self.opener(world), &mut sides))
    }

    /// The store of MLflow that the configuration names first.
    pub(crate) fn tracking_uri(&self) -> Option<&str> {
        self.config.as_ref()?.config.mlflow.first()?.tracking_uri.as_deref()
    }

    /// The configuration that counts.
    pub(crate) fn configuration(&self) -> Option<&config::Config> {
        self.config.as_ref().map(|file| &file.config)
    }

    /// What holds the metrics of runs that the configuration names.
    pub(crate) fn run_files(&self) -> Vec<RepoPath> {
        self.config.as_ref().map(|file| tracking::files(&file.config)).unwrap_or_default()
    }

    fn has_runs(&self) -> bool {
        !self.run_files().is_empty()
    }

    /// Opens stores as the configuration and the environment name them.
    pub(crate) fn opener(&self, world: &World) -> Opener {
        let trusted = |file: &ConfigFile| matches!(file.origin, PolicyOrigin::File { side: PolicySide::Base | PolicySide::Given, .. });
        let root = self.repository.root().unwrap_or_else(|| self.repository.git_dir()).to_owned();
        Opener::new(world, root, self.config.as_ref().is_some_and(trusted))
    }

    /// The files of the base.
    pub(crate) fn base_tree(&self) -> &dyn Tree {
        self.base.tree.as_ref()
    }

    /// The base and its first-parent ancestors, the newest first, where this clone has them.
    pub(crate) fn before(&self, most: usize) -> Result<Vec<Commit>, CliError> {
        let Some(commit) = &self.base.commit else { return Ok(Vec::new()) };
        Ok(self.repository.history(commit, true, most)?.commits)
    }

    /// Whether a commit is one that the change brings: it leads to the head, and not to the base.
    pub(crate) fn is_of_change(&self, commit: &Commit) -> bool {
        let leads_to = |to: &Commit| self.repository.merge_base(commit, to).ok().flatten().is_some_and(|base| base.id == commit.id);
        let base = self.base.commit.as_ref();
        leads_to(&self.head_commit) && base.is_none_or(|base| !leads_to(base))
    }

    /// What waivers are held against.
    pub(crate) fn circumstances(&self, host: Option<&Host>, world: &World) -> Circumstances {
        let run = host.map(|host| &host.run);
        let commits = std::iter::once(self.head_commit.id.clone()).chain(run.and_then(|run| run.head.commit.clone())).collect();
        circumstances(run, commits, world)
    }

    fn wanted(&self, sides: &[&Found], trees: &[&dyn Tree], params: bool) -> Discovery {
        if !self.targets.is_empty() {
            // A folder stands for all files below it, on either side.
            let below = |target: &RepoPath| trees.iter().flat_map(|tree| files::below(*tree, target)).collect::<Vec<_>>();
            let expanded: Vec<RepoPath> = self
                .targets
                .iter()
                .flat_map(|target| match below(target) {
                    inside if inside.is_empty() => vec![target.clone()],
                    inside => inside,
                })
                .collect();
            return only(&expanded, params);
        }
        let mut wanted = Discovery::default();
        for side in sides {
            wanted.add_files(&side.discovery);
        }
        // A folder that one side could list is asked for file by file on the other side, too.
        let folders: BTreeSet<RepoPath> = wanted.metrics.iter().flat_map(RepoPath::ancestors).collect();
        wanted.metrics.retain(|file| !folders.contains(file));
        wanted
    }

    /// The base, or its nearest first-parent ancestor that has metrics; the base itself when none has.
    fn nearest_with_metrics(
        &self,
        sources: &mut Sources,
        base: Snapshot,
        wanted: &Discovery,
        params: bool,
    ) -> Result<(Snapshot, u32), CliError> {
        let asked_outright = params || !self.targets.is_empty() || self.exact_base;
        // Where runs hold the metrics, files need not.
        let elsewhere = wanted.metrics.is_empty() && self.has_runs();
        if !base.metrics.is_empty() || !base.problems.is_empty() || asked_outright || elsewhere {
            return Ok((base, 0));
        }
        let Some(commit) = &self.base.commit else { return Ok((base, 0)) };
        let history = self.repository.history(commit, true, ANCESTORS + 1)?;
        for (commit, distance) in history.commits.iter().zip(0..).skip(1) {
            let tree = self.repository.tree_at(commit, &self.base.name)?;
            let found = sources.discover(&self.repository, &tree);
            if !found.discovery.metrics.is_empty() {
                let mut both = wanted.clone();
                both.metrics.extend(found.discovery.metrics.iter().cloned());
                let snapshot = sources.snapshot(&tree, &found, &both);
                if !snapshot.metrics.is_empty() {
                    return Ok((snapshot, distance));
                }
            }
        }
        Ok((base, 0))
    }

    fn check_targets(&self, base: &Snapshot, head: &Snapshot) -> Result<(), CliError> {
        let files = || [base, head].into_iter().flat_map(|side| side.metrics.keys().chain(side.params.keys()));
        let there = |target: &RepoPath| files().any(|file| file.is_within(target));
        match self.targets.iter().find(|target| !there(target)) {
            Some(missing) => Err(CliError::input(format!("the target `{missing}` exists on neither side"))
                .hint("paths of --targets start at the current folder")),
            None => Ok(()),
        }
    }

    /// What the head is compared with.
    pub(crate) fn base_in_words(&self) -> String {
        let Base { tree, commit, kind, name, .. } = &self.base;
        let place = if commit.is_some() { "in this clone" } else { "read from GitHub" };
        format!("{name} {} ({}), {place}", tree.revision().short_commit().unwrap_or_default(), kind.name())
    }

    /// Whether what was judged is that commit, or the merge of it that the run was given to test. Commits on top of it are
    /// other commits, with checks of their own.
    pub(crate) fn head_is(&self, sha: &str, host: &Host) -> bool {
        let head = &self.head_commit;
        let is_merge = host.run.merged.as_ref() == Some(&head.id) && head.parents.iter().any(|parent| parent == sha);
        head.id == sha || is_merge
    }

    /// What the base says about posting when nothing else of it could be understood; the defaults where there is no base.
    pub(crate) fn github_of_base(between: &Between, host: &Host, world: &World) -> GitHub {
        let read = || {
            let repository = open_repository(world).ok()?;
            let (_, head) = head(&repository, between.head.as_deref()).ok()?;
            let target = Target::find(&repository, between, None, Purpose::Judge, &head, Some(host)).ok()?;
            config::FILES.iter().find_map(|name| {
                let path = RepoPath::parse(name).ok()?;
                config::github_alone(&path, &target.tree().read(&path).ok()??.bytes)
            })
        };
        read().unwrap_or_default()
    }

    /// What is posted, and whom it calls: the base's to say, like the policy.
    pub(crate) fn github(&self) -> GitHub {
        let trusted = |file: &&ConfigFile| matches!(file.origin, PolicyOrigin::File { side: PolicySide::Base | PolicySide::Given, .. });
        self.config.as_ref().filter(trusted).map(|file| file.config.github.clone()).unwrap_or_default()
    }

    /// The policy that judges.
    pub(crate) fn policy(&self) -> Result<Policy, CliError> {
        match &self.config {
            Some(file) => Ok(Policy::compile(&file.config, file.origin.clone(), self.branch.as_deref())?),
            None => Ok(Policy::built_in()),
        }
    }

    /// The policy that this change would have, when it changes the policy and another one counts.
    pub(crate) fn changed_policy(&self) -> Result<Option<Policy>, CliError> {
        let counts_base = matches!(self.config.as_ref().map(|file| &file.origin), Some(PolicyOrigin::File { side: PolicySide::Base, .. }));
        if !counts_base {
            return Ok(None);
        }
        let own = read_config(self.head.as_ref(), PolicySide::Head)?;
        let before = read_config(self.base.tree.as_ref(), PolicySide::Base)?;
        let same = |one: Option<&ConfigFile>, two: Option<&ConfigFile>| one.map(|file| &file.config) == two.map(|file| &file.config);
        // A branch that moved on with a new policy of its own is no doing of this change.
        if same(own.as_ref(), before.as_ref()) || same(own.as_ref(), self.config.as_ref()) {
            return Ok(None);
        }
        match own {
            Some(own) => Ok(Some(Policy::compile(&own.config, own.origin, self.branch.as_deref())?)),
            None => Ok(Some(Policy::built_in())),
        }
    }
}

/// What runs of the head were logged with: the commit that is looked at, and for a pull request the one that people see.
fn head_side(repository: &Repository, commit: &Commit, typed: Option<&str>, host: Option<&Host>) -> Side {
    let run = host.map(|host| &host.run);
    let mut commits = vec![commit.id.clone()];
    // The commits of the run are the head's only where the head is the run's.
    let of_run = run.filter(|run| run.merged.as_ref() == Some(&commit.id) || run.head.commit.as_ref() == Some(&commit.id));
    commits.extend(of_run.and_then(|run| run.head.commit.clone()).filter(|sha| *sha != commit.id));
    let here = match (typed, repository.head()) {
        (Some(name), _) => repository.default_branch(Some(name)).ok().map(|branch| branch.branch),
        (None, Ok(Head::Branch { name, .. })) => Some(name),
        _ => None,
    };
    // A fork can call its branch like one of ours.
    let is_fork = run.and_then(|run| run.pull_request.as_ref()).is_some_and(|pull| pull.fork);
    let branch = of_run.and_then(|run| run.head.branch.clone()).or(here).filter(|_| !is_fork);
    Side { commits, branch, is_head: true, ..Side::default() }
}

/// What waivers are held against: the day, and what the run says of the change.
pub(crate) fn circumstances(run: Option<&RunContext>, commits: Vec<String>, world: &World) -> Circumstances {
    let pull = run.and_then(|run| run.pull_request.as_ref());
    Circumstances {
        today: Date::of_seconds(i64::try_from(world.now()).unwrap_or(i64::MAX)),
        pull_request: pull.map(|pull| pull.number),
        commits,
        author: pull.and_then(|pull| pull.author.clone()).or_else(|| run.and_then(|run| run.actor.clone())),
    }
}

/// Both sides, read.
pub(crate) struct Read {
    pub(crate) base: Snapshot,
    pub(crate) head: Snapshot,
    tip: Option<Snapshot>,
    baseline: Baseline,
    pub(crate) sources: Sources,
    /// The files that both sides declare together.
    pub(crate) wanted: Discovery,
    /// The runs of tracking servers.
    pub(crate) tracking: Tracking,
}

impl Read {
    /// The comparison, with the directions of `policy`.
    pub(crate) fn compare(&self, policy: &Policy) -> Comparison {
        let sides = Sides { base: &self.base, head: &self.head, tip: self.tip.as_ref(), baseline: self.baseline.clone() };
        let mut comparison = compare(&sides, &|file, key| policy.orient(file, key));
        comparison.tracked = self.tracking.tracked();
        comparison
    }
}

/// The repository around the current folder. `GIT_DIR` of another one is refused, since judging the wrong repository is
/// worse than judging none.
pub(crate) fn open_repository(world: &World) -> Result<Repository, CliError> {
    let repository = Repository::discover(&world.folder)?;
    let canonical = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    // A change can commit files that look like a repository of their own, with branches to its liking.
    let is_hidden = repository.git_dir().components().any(|part| part.as_os_str() == ".git");
    if world.var("GITHUB_ACTIONS").is_some() && world.var("GIT_DIR").is_none() && !is_hidden {
        return Err(CliError::input(format!(
            "`{}` is a git folder that is not called .git, and in CI that may be anybody's",
            repository.git_dir().display()
        ))
        .hint("start in the checkout, or name the folder with GIT_DIR"));
    }
    match world.var("GIT_DIR") {
        Some(named) if canonical(&world.folder.join(named)) != canonical(repository.git_dir()) => {
            Err(CliError::input(format!("GIT_DIR names `{named}`, and the current folder lies in another repository"))
                .hint("unset GIT_DIR, or name the repository with `-C FOLDER`"))
        }
        _ => Ok(repository),
    }
}

fn head(repository: &Repository, typed: Option<&str>) -> Result<(Box<dyn Tree>, Commit), CliError> {
    if let Some(typed) = typed {
        let commit = repository.resolve(typed)?;
        return Ok((Box::new(repository.tree_at(&commit, typed)?), commit));
    }
    let tree = repository.work_tree()?;
    let commit = match repository.head()? {
        Head::Branch { commit, .. } | Head::Detached { commit } => commit,
        Head::Unborn { branch } => {
            return Err(CliError::input(format!("the branch `{branch}` has no commits yet, so there is nothing to compare with"))
                .hint("commit the metrics first; the next change can then be compared with them"));
        }
    };
    Ok((Box::new(tree), commit))
}

/// Targets are typed from the current folder and mean files of the repository.
fn targets(repository: &Repository, between: &Between, world: &World) -> Result<Vec<RepoPath>, CliError> {
    let here = folder_in(repository, world);
    let resolve =
        |text: &String| here.join(text).map_err(|error| CliError::input(format!("the target is outside of the repository: {error}")));
    between.targets.iter().map(resolve).collect()
}

/// The current folder as a path of the repository; its root when started elsewhere (a bare repository).
pub(crate) fn folder_in(repository: &Repository, world: &World) -> RepoPath {
    let canonical = |path: &Path| std::fs::canonicalize(path).ok();
    let inside = repository.root().and_then(canonical).zip(canonical(&world.folder)).and_then(|(root, folder)| {
        let relative = folder.strip_prefix(root).ok()?.to_str()?.replace('\\', "/");
        RepoPath::parse(&relative).ok()
    });
    inside.unwrap_or_default()
}
