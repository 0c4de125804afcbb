//! Finds DVC's own files: one look at every folder, and none at a folder whose content was looked at before.

use std::path::Path;
use std::sync::Arc;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use proofmark_core::path::RepoPath;
use proofmark_core::ports::{ContentId, Entry, EntryKind, Tree};
use proofmark_core::problem::{Problem, ProblemKind};

use crate::memo::Memo;

/// Folders within folders that are walked.
const MAX_DEPTH: usize = 128;
/// DVC files of one revision that are read.
const MAX_FILES: usize = 20_000;
/// Bytes of one `.dvcignore` that are read.
const MAX_IGNORE: usize = 1 << 20;

/// The kinds of files that DVC reads by their name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// `dvc.yaml`.
    Pipeline,
    /// `*.dvc`.
    Single,
}

/// One of them, in its folder.
#[derive(Debug, Clone)]
struct Row {
    name: String,
    kind: FileKind,
    id: Option<ContentId>,
}

/// What a folder and the folders below it hold for DVC; empty for nearly all folders.
#[derive(Debug, Default)]
pub(crate) struct Subtree {
    files: Vec<Row>,
    lock: Option<Option<ContentId>>,
    has_ignore: bool,
    is_project: bool,
    folders: Vec<(String, Arc<Self>)>,
}

impl Subtree {
    fn is_empty(&self) -> bool {
        self.files.is_empty() && !self.is_project && self.folders.is_empty()
    }
}

/// A `dvc.yaml` or `.dvc` file.
#[derive(Debug, Clone)]
pub(crate) struct FoundFile {
    pub(crate) path: RepoPath,
    pub(crate) kind: FileKind,
    pub(crate) id: Option<ContentId>,
    /// For a `dvc.yaml`: whether a `dvc.lock` is beside it, and its identity.
    pub(crate) lock: Option<Option<ContentId>>,
}

/// A project's folder and DVC files, folders before what is in them.
#[derive(Debug)]
pub(crate) struct FoundProject {
    pub(crate) root: RepoPath,
    pub(crate) configured: bool,
    pub(crate) files: Vec<FoundFile>,
}

/// All projects of a tree. Files outside of every project belong to one at the repository's root that has no
/// configuration.
pub(crate) fn projects(tree: &dyn Tree, memo: &Memo, problems: &mut Vec<Problem>) -> Vec<FoundProject> {
    let root = RepoPath::root();
    let id = tree.entry(&root).ok().flatten().and_then(|entry| entry.id);
    let mut walker = Walker { tree, memo, problems };
    let (subtree, _) = walker.walk(&root, id, 0);
    let mut finder = Finder {
        tree,
        problems,
        left: MAX_FILES,
        exhausted: false,
        found: vec![FoundProject { root: root.clone(), configured: false, files: Vec::new() }],
    };
    finder.visit(&subtree, &root, 0, &mut Vec::new());
    let mut found = finder.found;
    if !found[0].configured && found[0].files.is_empty() {
        found.remove(0);
    }
    found.sort_by(|one, two| one.root.cmp(&two.root));
    found
}

struct Walker<'a> {
    tree: &'a dyn Tree,
    memo: &'a Memo,
    problems: &'a mut Vec<Problem>,
}

impl Walker<'_> {
    /// The subtree, and whether all of it could be looked at: only then it may be remembered.
    fn walk(&mut self, folder: &RepoPath, id: Option<ContentId>, depth: usize) -> (Arc<Subtree>, bool) {
        if let Some(known) = id.and_then(|id| self.memo.subtrees.get(&id)) {
            return (known, true);
        }
        if depth > MAX_DEPTH {
            self.problems.push(Problem::warning(folder.clone(), format!("lies more than {MAX_DEPTH} folders deep and is not searched")));
            return (Arc::default(), false);
        }
        let rows = match self.tree.list(folder) {
            Ok(rows) => rows.unwrap_or_default(),
            Err(error) => {
                self.problems.push(Problem::from_tree(folder.clone(), &error));
                return (Arc::default(), false);
            }
        };
        let (mut subtree, mut complete) = (Subtree::default(), true);
        for row in rows {
            match row.kind {
                EntryKind::Folder => complete &= self.folder(&mut subtree, folder, row, depth),
                EntryKind::File | EntryKind::Link => self.file(&mut subtree, folder, row),
                EntryKind::Submodule | EntryKind::Other => {}
            }
        }
        (self.memo.subtrees.put(id.filter(|_| complete), subtree), complete)
    }

    fn folder(&mut self, subtree: &mut Subtree, parent: &RepoPath, row: Entry, depth: usize) -> bool {
        match row.name.as_str() {
            ".git" | ".hg" => return true,
            ".dvc" => {
                let config = parent.child(".dvc").child("config");
                subtree.is_project = self.tree.entry(&config).is_ok_and(|entry| entry.is_some());
                return true;
            }
            _ => {}
        }
        let path = parent.child(&row.name);
        if self.tree.is_ignored(&path, true) {
            return true;
        }
        let (below, complete) = self.walk(&path, row.id, depth + 1);
        if !below.is_empty() {
            subtree.folders.push((row.name, below));
        }
        complete
    }

    fn file(&self, subtree: &mut Subtree, parent: &RepoPath, row: Entry) {
        // A link's own identity is that of its target's name.
        let id = row.id.filter(|_| row.kind == EntryKind::File);
        let kind = match row.name.as_str() {
            ".dvcignore" => {
                subtree.has_ignore = true;
                return;
            }
            "dvc.lock" => {
                subtree.lock = Some(id);
                return;
            }
            "dvc.yaml" => FileKind::Pipeline,
            name if name.ends_with(".dvc") => FileKind::Single,
            _ => return,
        };
        if !self.tree.is_ignored(&parent.child(&row.name), false) {
            subtree.files.push(Row { name: row.name, kind, id });
        }
    }
}

/// Turns the subtrees into projects, by `.dvcignore`.
struct Finder<'a> {
    tree: &'a dyn Tree,
    problems: &'a mut Vec<Problem>,
    left: usize,
    exhausted: bool,
    found: Vec<FoundProject>,
}

impl Finder<'_> {
    fn visit(&mut self, subtree: &Subtree, folder: &RepoPath, mut project: usize, ignores: &mut Vec<(RepoPath, Gitignore)>) {
        let mut own = Vec::new();
        let mut ignores = ignores;
        if subtree.is_project {
            project = self.project_at(folder, project);
            ignores = &mut own;
        }
        let outer = ignores.len();
        if subtree.has_ignore && !is_ignored(ignores, &folder.child(".dvcignore"), false) {
            ignores.extend(self.read_ignore(folder).map(|matcher| (folder.clone(), matcher)));
        }
        for row in &subtree.files {
            let path = folder.child(&row.name);
            if is_ignored(ignores, &path, false) {
                continue;
            }
            if self.left == 0 {
                let message = format!("is one of more than {MAX_FILES} DVC files; the rest is not read");
                self.problems.push(Problem::new(ProblemKind::Unparsable, path, message));
                self.exhausted = true;
                return;
            }
            self.left -= 1;
            let has_lock = row.kind == FileKind::Pipeline && !is_ignored(ignores, &folder.child("dvc.lock"), false);
            let lock = subtree.lock.filter(|_| has_lock);
            self.found[project].files.push(FoundFile { path, kind: row.kind, id: row.id, lock });
        }
        for (name, below) in &subtree.folders {
            let path = folder.child(name);
            if !self.exhausted && (below.is_project || !is_ignored(ignores, &path, true)) {
                self.visit(below, &path, project, ignores);
            }
        }
        ignores.truncate(outer);
    }

    fn project_at(&mut self, folder: &RepoPath, outer: usize) -> usize {
        if folder.is_root() {
            self.found[outer].configured = true;
            return outer;
        }
        self.found.push(FoundProject { root: folder.clone(), configured: true, files: Vec::new() });
        self.found.len() - 1
    }

    fn read_ignore(&mut self, folder: &RepoPath) -> Option<Gitignore> {
        let path = folder.child(".dvcignore");
        let bytes = match self.tree.read(&path) {
            Ok(content) => content?.bytes,
            Err(error) => {
                self.problems.push(Problem::from_tree(path, &error));
                return None;
            }
        };
        if bytes.len() > MAX_IGNORE {
            self.problems.push(Problem::warning(path, format!("is larger than {MAX_IGNORE} bytes and is not read")));
            return None;
        }
        let mut builder = GitignoreBuilder::new("");
        for (line, number) in String::from_utf8_lossy(&bytes).lines().zip(1..) {
            if let Err(error) = builder.add_line(None, line.trim()) {
                self.problems.push(Problem::warning(path.clone(), format!("line {number} is not a pattern: {error}")));
            }
        }
        match builder.build() {
            Ok(matcher) => Some(matcher),
            Err(error) => {
                self.problems.push(Problem::warning(path, format!("cannot be used: {error}")));
                None
            }
        }
    }
}

/// The innermost `.dvcignore` with an opinion decides.
fn is_ignored(ignores: &[(RepoPath, Gitignore)], path: &RepoPath, folder: bool) -> bool {
    for (base, matcher) in ignores.iter().rev() {
        match path.strip(base).map(|inside| matcher.matched(Path::new(inside), folder)) {
            Some(Match::Ignore(_)) => return true,
            Some(Match::Whitelist(_)) => return false,
            Some(Match::None) | None => {}
        }
    }
    false
}
