//! How long reading takes: `cargo test --release -p proofmark-dvc --test speed -- --ignored --nocapture`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proofmark_core::path::RepoPath;
use proofmark_core::ports::{Content, ContentId, Entry, EntryKind, Revision, Tree, TreeError};
use proofmark_dvc::{Dvc, Memo};

/// Folders listed beforehand, as quick as a tree can be.
struct Quick {
    revision: Revision,
    folders: BTreeMap<RepoPath, Vec<Entry>>,
    files: BTreeMap<RepoPath, Vec<u8>>,
}

impl Quick {
    fn new(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut quick = Self { revision: Revision::commit("main", "0", ""), folders: BTreeMap::new(), files: BTreeMap::new() };
        for (path, text) in files {
            let path = RepoPath::parse(&path).expect("a path");
            quick.put(&path, EntryKind::File);
            quick.files.insert(path, text.into_bytes());
        }
        quick
    }

    fn put(&mut self, path: &RepoPath, kind: EntryKind) {
        let rows = self.folders.entry(path.parent()).or_default();
        if !rows.iter().any(|row| row.name == path.name()) {
            rows.push(Entry { name: path.name().to_owned(), kind, id: Some(ContentId::new(path.as_str().as_bytes())) });
            if !path.parent().is_root() {
                self.put(&path.parent(), EntryKind::Folder);
            }
        }
    }
}

impl Tree for Quick {
    fn revision(&self) -> &Revision {
        &self.revision
    }

    fn list(&self, folder: &RepoPath) -> Result<Option<Vec<Entry>>, TreeError> {
        Ok(self.folders.get(folder).cloned())
    }

    fn read(&self, path: &RepoPath) -> Result<Option<Content>, TreeError> {
        Ok(self.files.get(path).map(|bytes| Content { bytes: bytes.clone(), id: None }))
    }

    fn entry(&self, path: &RepoPath) -> Result<Option<Entry>, TreeError> {
        Ok(self.folders.get(&path.parent()).and_then(|rows| rows.iter().find(|row| row.name == path.name())).cloned())
    }
}

#[expect(clippy::print_stderr, reason = "the figures are what this is for")]
fn best(what: &str, mut run: impl FnMut()) -> Duration {
    let time = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    let best = (0..20).map(|_| time(&mut run)).min().expect("twenty runs");
    eprintln!("{what}: {best:?}");
    best
}

#[test]
#[ignore = "figures are for release builds"]
fn reading_is_quick() {
    let metrics: String = (0..200).map(|number| format!("- out/${{base}}-{number}.json\n")).collect();
    let stages: String = (0..200)
        .map(|number| {
            format!("  s{number}:\n    cmd: python ${{base}}.py\n    params: [lr]\n    metrics:\n    - m{number}.json: {{cache: false}}\n")
        })
        .collect();
    let lock: String = (0..200)
        .map(|number| {
            format!(
                "  s{number}:\n    cmd: x\n    outs:\n    - path: m{number}.json\n      hash: md5\n      md5: {}\n      size: 9\n",
                "0".repeat(32)
            )
        })
        .collect();
    let file = |path: &str, text: String| (path.to_owned(), text);
    let one = Quick::new([
        file(".dvc/config", String::new()),
        file("params.yaml", "base: b\nlr: 1\n".to_owned()),
        file("dvc.yaml", format!("metrics:\n{metrics}stages:\n{stages}")),
        file("dvc.lock", format!("schema: '2.0'\nstages:\n{lock}")),
    ]);
    assert_eq!(Dvc::read(&one, &Memo::default()).discovery().metrics.len(), 400);
    best("200 metrics and 200 stages with a lock", || drop(Dvc::read(&one, &Memo::default())));
    let memo = Memo::default();
    best("the same, again", || drop(Dvc::read(&one, &memo)));
    let many = Quick::new((0..20_000).map(|number| (format!("d{}/e{}/f{number}.txt", number / 1000, number / 40 % 25), String::new())));
    best("20,000 files", || drop(Dvc::read(&many, &Memo::default())));
    let memo = Memo::default();
    best("the same, again", || drop(Dvc::read(&many, &memo)));
}
