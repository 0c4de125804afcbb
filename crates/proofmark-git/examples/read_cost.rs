//! What opening and reading cost here: `cargo run --release -p proofmark-git --example read_cost -- <repository> <file>…`.
#![expect(clippy::print_stdout, reason = "an example that reports to a person")]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use proofmark_core::path::RepoPath;
use proofmark_core::ports::{ContentId, EntryKind, Tree};
use proofmark_git::Repository;

/// Every file below a folder, by listing alone.
fn walk(tree: &dyn Tree, folder: &RepoPath, found: &mut Vec<(RepoPath, Option<ContentId>)>) -> Result<(), Box<dyn Error>> {
    for entry in tree.list(folder)?.unwrap_or_default() {
        let path = folder.child(&entry.name);
        match entry.kind {
            EntryKind::Folder if !tree.is_ignored(&path, true) => walk(tree, &path, found)?,
            EntryKind::File => found.push((path, entry.id)),
            EntryKind::Folder | EntryKind::Link | EntryKind::Submodule | EntryKind::Other => {}
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let mut last = Instant::now();
    let mut lap = |what: &str| {
        println!("{:>9.3} ms  {what}", last.elapsed().as_secs_f64() * 1e3);
        last = Instant::now();
    };
    let repo = Repository::discover(Path::new(&folder))?;
    lap("discover");
    let head = repo.resolve("HEAD")?;
    lap("resolve HEAD");
    let base = repo.resolve("HEAD~1").unwrap_or_else(|_| head.clone());
    lap("resolve HEAD~1");
    let far = repo.resolve("HEAD~30").unwrap_or_else(|_| base.clone());
    lap("resolve HEAD~30");
    repo.merge_base(&head, &far)?;
    lap("merge base of both");
    let tree = repo.tree_at(&head, "HEAD")?;
    let mut files = Vec::new();
    walk(&tree, &RepoPath::root(), &mut files)?;
    lap(&format!("list HEAD: {} files", files.len()));
    let mut before = Vec::new();
    walk(&repo.tree_at(&base, "HEAD~1")?, &RepoPath::root(), &mut before)?;
    lap("list HEAD~1");
    let paths: Vec<RepoPath> = files.iter().map(|(path, _)| path.clone()).collect();
    let bytes: usize = tree.read_many(&paths).into_iter().flatten().flatten().map(|content| content.bytes.len()).sum();
    lap(&format!("read HEAD in one call: {bytes} bytes"));
    let ids: Vec<ContentId> = files.iter().filter_map(|(_, id)| *id).collect();
    let read = repo.read_objects(&ids, |_, bytes| bytes.map_or(0, <[u8]>::len)).into_iter().sum::<usize>();
    lap(&format!("read HEAD by ids: {read} bytes"));
    for path in &paths {
        tree.read(path)?;
    }
    lap("read HEAD one by one");
    let history = repo.history(&head, true, 300)?;
    lap(&format!("history of {}", history.commits.len()));
    let mut all = Vec::new();
    for commit in &history.commits {
        walk(&repo.tree_at(commit, &commit.short)?, &RepoPath::root(), &mut all)?;
    }
    lap(&format!("list all of them: {} rows", all.len()));
    let ids: Vec<ContentId> = all.iter().filter_map(|(_, id)| *id).collect();
    let read = repo.read_objects(&ids, |_, bytes| bytes.map_or(0, <[u8]>::len)).into_iter().sum::<usize>();
    lap(&format!("read all of them: {read} bytes"));
    if repo.root().is_some() {
        let work = repo.work_tree()?;
        let mut files = Vec::new();
        walk(&work, &RepoPath::root(), &mut files)?;
        lap(&format!("list the work tree: {} files", files.len()));
        work.read_many(&files.into_iter().map(|(path, _)| path).collect::<Vec<_>>());
        lap("read the work tree");
    }
    Ok(())
}
