//! All DVC projects of one revision.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_core::discovery::{DataVersion, Discovery, Keys};
use proofmark_core::document::Format;
use proofmark_core::path::RepoPath;
use proofmark_core::ports::Tree;
use proofmark_core::problem::{Problem, ProblemKind};

use crate::dvcfile::DvcFile;
use crate::files::Files;
use crate::folder;
use crate::lock::{Lock, LockedStage};
use crate::memo::Memo;
use crate::paths;
use crate::problems::Problems;
use crate::record::Record;
use crate::spread::{Spread, Spreader};
use crate::stages::{self, OutKind, Stage};
use crate::store::Objects;
use crate::tracked::Tracked;
use crate::walk::{self, FileKind, FoundFile, FoundProject};

/// One DVC project.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its folder.
    pub root: RepoPath,
    /// Whether it has a `.dvc/config`; without one, DVC itself sees nothing here.
    pub configured: bool,
    /// Its stages.
    pub stages: Vec<Stage>,
    tracked: BTreeMap<RepoPath, Output>,
}

/// A tracked output.
#[derive(Debug, Clone)]
struct Output {
    version: Option<DataVersion>,
    legacy: bool,
    files: BTreeMap<String, DataVersion>,
    cached: bool,
    declared_in: RepoPath,
}

/// All DVC projects of one revision.
#[derive(Debug, Clone, Default)]
pub struct Dvc {
    /// Sorted by root.
    pub projects: Vec<Project>,
    discovery: Discovery,
    /// Declared metrics that are not in the tree: cached, or missing.
    absent: Vec<RepoPath>,
    /// The hashes of files in cached folders, where the folder's list could be had.
    inside: BTreeMap<RepoPath, DataVersion>,
}

impl Dvc {
    /// Reads every project of a revision.
    ///
    /// A problem of kind `Unparsable` or `Unavailable` for a `dvc.yaml`, `dvc.lock` or `.dvc` file says that this side
    /// is not known completely: what that file declares is missing from the rest.
    pub fn read(tree: &dyn Tree, memo: &Memo) -> Self {
        let mut dvc = Self::default();
        let found = walk::projects(tree, memo, &mut dvc.discovery.problems);
        let mut spreader = Spreader::new(tree);
        for found in found {
            let mut reader = Reader::new(Files { tree, memo }, &found);
            reader.read(&found);
            dvc.take_in(reader, &mut spreader);
        }
        let mut problems = Problems::of_revision();
        std::mem::take(&mut dvc.discovery.problems).into_iter().for_each(|problem| problems.push(problem));
        dvc.discovery.problems = problems.into_list(&RepoPath::root());
        dvc
    }

    /// Looks into cached folders that hold metrics: lists the folders that are metrics, finds the hashes of the files
    /// in them. A folder whose list cannot be had stays among the metrics as it is; fetching it tells why.
    pub fn expand(&mut self, objects: &dyn Objects, memo: &Memo) {
        for path in std::mem::take(&mut self.absent) {
            let Some(tracked) = self.tracked(&path).filter(|tracked| tracked.version.hash.ends_with(".dir")) else { continue };
            let Ok(object) = tracked.object() else { continue };
            let Ok(list) = folder::list(&tracked.project, &object, objects, memo) else { continue };
            let version = |hash: &str| DataVersion { algorithm: "md5".to_owned(), hash: hash.to_owned(), size: None, files: None };
            if let Some((inside, hash)) = tracked.inside.as_ref().and_then(|inside| list.files.get_key_value(inside)) {
                self.inside.insert(tracked.output.join(inside).unwrap_or(path), version(hash));
                continue;
            }
            let prefix = tracked.inside.map_or_else(String::new, |inside| inside + "/");
            for (file, hash) in list.files.range(prefix.clone()..).take_while(|(file, _)| file.starts_with(&prefix)) {
                if let Ok(file) = tracked.output.join(file) {
                    self.discovery.metrics.remove(&path);
                    self.discovery.metrics.insert(file.clone());
                    self.inside.insert(file, version(hash));
                }
            }
        }
    }

    /// Everything that was found, in all projects.
    pub fn discovery(&self) -> &Discovery {
        &self.discovery
    }

    /// The innermost project around a path.
    pub fn project_of(&self, path: &RepoPath) -> Option<&Project> {
        self.projects.iter().filter(|project| path.is_within(&project.root)).max_by_key(|project| project.root.as_str().len())
    }

    /// Where the content of a path is: by its own entry in a lock or `.dvc` file, or by that of a folder around it.
    pub fn tracked(&self, path: &RepoPath) -> Option<Tracked> {
        let project = self.project_of(path)?;
        let mut output = path.clone();
        let entry = loop {
            match project.tracked.get(&output) {
                Some(entry) => break entry,
                None if output == project.root || output.is_root() => return None,
                None => output = output.parent(),
            }
        };
        let inside = path.strip(&output).filter(|inside| !inside.is_empty());
        let own = inside.and_then(|inside| self.inside.get(path).or_else(|| entry.files.get(inside)));
        let version = own.or(entry.version.as_ref())?.clone();
        let inside = inside.filter(|_| own.is_none()).map(str::to_owned);
        if inside.is_some() && version.algorithm == "md5" && !version.hash.ends_with(".dir") {
            return None;
        }
        let (legacy, cached, declared_in) = (entry.legacy, entry.cached, entry.declared_in.clone());
        Some(Tracked { project: project.root.clone(), declared_in, output, version, inside, legacy, cached })
    }

    fn take_in(&mut self, reader: Reader<'_>, spreader: &mut Spreader<'_>) {
        let Reader { files, project, metrics, mut params, whole_params, used, deps, mut problems, .. } = reader;
        for path in whole_params {
            match spreader.spread(&path, &mut problems) {
                Spread::Folder(files) => params.extend(files.into_iter().map(|file| (file, Keys::All))),
                Spread::Absent | Spread::File => {
                    params.insert(path, Keys::All);
                }
            }
        }
        let usual = project.root.child("params.yaml");
        if (project.configured || !project.stages.is_empty()) && files.exists(&usual) {
            params.insert(usual, Keys::All);
        }
        for (file, keys) in used {
            params.entry(file).or_insert(Keys::Some(keys));
        }
        for path in metrics {
            let mut below: Vec<_> = project.below(&path).cloned().collect();
            match spreader.spread(&path, &mut problems) {
                Spread::File => {
                    self.discovery.metrics.insert(path);
                }
                Spread::Folder(found) => {
                    if found.is_empty() && below.is_empty() {
                        problems.push(Problem::warning(path, "is a metric, and a folder without files"));
                    }
                    below.retain(|output| !found.iter().any(|file| file.is_within(output)));
                    self.discovery.metrics.extend(found);
                    self.discovery.metrics.extend(below.iter().cloned());
                    self.absent.append(&mut below);
                }
                Spread::Absent => {
                    if below.is_empty() {
                        below.push(path);
                    }
                    self.discovery.metrics.extend(below.iter().cloned());
                    self.absent.append(&mut below);
                }
            }
        }
        for (file, keys) in params {
            self.discovery.add_params(file, &keys);
        }
        let outputs = project.tracked.iter().filter_map(|(path, output)| Some((path.clone(), output.version.clone()?)));
        self.discovery.data.extend(deps);
        self.discovery.data.extend(outputs);
        self.discovery.problems.append(&mut problems);
        self.projects.push(project);
    }
}

impl Project {
    /// Tracked outputs strictly under a path.
    fn below<'a>(&'a self, path: &'a RepoPath) -> impl Iterator<Item = &'a RepoPath> {
        let start = std::ops::Bound::Excluded(path);
        // Names that sort between a folder and its children (`a-b` between `a` and `a/b`) are stepped over.
        let range = self.tracked.range::<RepoPath, _>((start, std::ops::Bound::Unbounded)).map(|(output, _)| output);
        range.take_while(|output| output.as_str().starts_with(path.as_str())).filter(|output| output.is_within(path))
    }
}

/// Reads one project.
struct Reader<'a> {
    files: Files<'a>,
    project: Project,
    metrics: BTreeSet<RepoPath>,
    params: BTreeMap<RepoPath, Keys>,
    whole_params: BTreeSet<RepoPath>,
    used: BTreeMap<RepoPath, BTreeSet<String>>,
    deps: BTreeMap<RepoPath, DataVersion>,
    /// Outputs of the files that were read so far: DVC does not look into them for more.
    outs: BTreeSet<RepoPath>,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    fn new(files: Files<'a>, found: &FoundProject) -> Self {
        let project = Project { root: found.root.clone(), configured: found.configured, stages: Vec::new(), tracked: BTreeMap::new() };
        Self {
            files,
            project,
            metrics: BTreeSet::new(),
            params: BTreeMap::new(),
            whole_params: BTreeSet::new(),
            used: BTreeMap::new(),
            deps: BTreeMap::new(),
            outs: BTreeSet::new(),
            problems: Vec::new(),
        }
    }

    fn read(&mut self, found: &FoundProject) {
        for file in &found.files {
            if self.is_in_output(&file.path) {
                continue;
            }
            let outcome = match file.kind {
                FileKind::Pipeline => self.pipeline(file),
                FileKind::Single => self.single(file),
            };
            if let Err(problem) = outcome {
                self.problems.push(problem);
            }
        }
    }

    fn is_in_output(&self, file: &RepoPath) -> bool {
        let mut folder = file.parent();
        while !folder.is_root() {
            if self.outs.contains(&folder) {
                return true;
            }
            folder = folder.parent();
        }
        false
    }

    /// A `dvc.yaml` with the `dvc.lock` beside it.
    fn pipeline(&mut self, file: &FoundFile) -> Result<(), Problem> {
        let Some(document) = self.files.document(&file.path, file.id, Format::Yaml)? else { return Ok(()) };
        let pipeline = stages::read(&self.files, &self.project.root, &file.path, &document);
        self.problems.extend(pipeline.problems);
        self.metrics.extend(pipeline.metrics);
        self.whole_params.extend(pipeline.params);
        for (file, keys) in pipeline.used {
            self.used.entry(file).or_default().extend(keys);
        }
        let lock_path = file.path.parent().child("dvc.lock");
        let lock = match file.lock {
            None => None,
            Some(id) => match self.files.load(&lock_path, id, &self.files.memo.locks, |id| id, |bytes| Lock::parse(&bytes)) {
                Ok(lock) => lock,
                Err(problem) => {
                    self.problems.push(problem);
                    None
                }
            },
        };
        if let Some(message) = lock.as_ref().and_then(|lock| lock.warning.clone()) {
            self.problems.push(Problem::warning(lock_path.clone(), message));
        }
        if let Some(Err(error)) = lock.as_ref().map(|lock| &lock.stages) {
            self.problems.push(error.clone().into_problem(lock_path.clone()));
        }
        let locked = lock.as_ref().and_then(|lock| lock.stages.as_ref().ok());
        for stage in pipeline.stages {
            for (file, keys) in &stage.params {
                self.params.entry(file.clone()).and_modify(|mine| mine.extend(keys)).or_insert_with(|| keys.clone());
            }
            self.metrics.extend(stage.outs.iter().filter(|out| out.kind == OutKind::Metric).map(|out| out.path.clone()));
            self.outs.extend(stage.outs.iter().map(|out| out.path.clone()));
            if let Some(locked) = locked.and_then(|locked| locked.get(&stage.name)) {
                self.locked(&stage, locked, &lock_path);
            }
            self.project.stages.push(stage);
        }
        Ok(())
    }

    /// What the lock says of a stage's outputs and dependencies; entries that the stage no longer has say nothing.
    fn locked(&mut self, stage: &Stage, locked: &LockedStage, lock: &RepoPath) {
        let resolved = |records: &[Record]| -> BTreeMap<RepoPath, Record> {
            records.iter().filter_map(|record| Some((stage.wdir.join(&record.path).ok()?, record.clone()))).collect()
        };
        let (mut outs, mut deps) = (resolved(&locked.outs), resolved(&locked.deps));
        for out in &stage.outs {
            if let Some(record) = outs.remove(&out.path) {
                self.track(out.path.clone(), record, out.cached, lock);
            }
        }
        for dep in &stage.deps {
            if let Some(version) = deps.remove(dep).and_then(|record| record.version) {
                self.deps.insert(dep.clone(), version);
            }
        }
    }

    fn track(&mut self, path: RepoPath, record: Record, cached: bool, declared_in: &RepoPath) {
        let Record { version, legacy, files, .. } = record;
        let files = files.into_iter().collect();
        self.project.tracked.insert(path, Output { version, legacy, files, cached, declared_in: declared_in.clone() });
    }

    /// A `.dvc` file.
    fn single(&mut self, file: &FoundFile) -> Result<(), Problem> {
        let loaded = self.files.load(&file.path, file.id, &self.files.memo.dvc_files, |id| id, |bytes| DvcFile::parse(&bytes))?;
        let Some(loaded) = loaded else { return Ok(()) };
        let contents = loaded.content.as_ref().map_err(|error| error.clone().into_problem(file.path.clone()))?;
        let root = self.project.root.clone();
        let unusable =
            |reason: paths::PathRefusal| Problem::new(ProblemKind::Unparsable, file.path.clone(), format!("cannot be used: {reason}"));
        let wdir = paths::resolve(&file.path.parent(), contents.wdir.as_deref().unwrap_or("."), &root).map_err(unusable)?;
        if contents.skipped > 0 {
            let message = format!("has {} outputs without a path", contents.skipped);
            self.problems.push(Problem::warning(file.path.clone(), message));
        }
        for out in &contents.outs {
            match paths::resolve(&wdir, &out.record.path, &root) {
                Ok(path) => {
                    if out.is_metric {
                        self.metrics.insert(path.clone());
                    }
                    self.outs.insert(path.clone());
                    self.track(path, out.record.clone(), out.cached, &file.path);
                }
                Err(reason) if reason.is_external() => {}
                Err(reason) => self.problems.push(unusable(reason)),
            }
        }
        for dep in &contents.deps {
            if let (Ok(path), Some(version)) = (paths::resolve(&wdir, &dep.path, &RepoPath::root()), &dep.version) {
                self.deps.insert(path, version.clone());
            }
        }
        Ok(())
    }
}
