//! DVC projects: several files, whatever they hold, give paths inside the repository, in bounded number.

#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_core::path::RepoPath;
use proofmark_core::ports::{MemoryTree, Tree as _};
use proofmark_core::problem::Problem;
use proofmark_dvc::{Dvc, Fetched, Memo, Object, Objects, Project, StoreError, Tracked};
use proofmark_fuzz::{files, is_inside};

const NAMES: [&str; 14] = [
    ".dvc/config",
    ".dvcignore",
    "data.dvc",
    "dvc.lock",
    "dvc.yaml",
    "metrics.json",
    "params.yaml",
    "sub/.dvc/config",
    "sub/dvc.lock",
    "sub/dvc.yaml",
    "sub/params.toml",
    "train/dvc.yaml",
    "train/metrics/eval.json",
    "vars.yaml",
];

/// All paths of all stages together, in bytes, for an input of a few thousand: templates must not multiply without end.
const MAX_TEXT: usize = 64 << 20;

fuzz_target!(|bytes: &[u8]| {
    let given = files(bytes, &NAMES);
    let tree = MemoryTree::new("fuzz", given.iter().map(|(name, text)| (*name, *text)));
    let memo = Memo::default();
    let mut dvc = Dvc::read(&tree, &memo);
    let again = Dvc::read(&tree, &memo);
    assert_eq!(dvc.discovery(), again.discovery(), "the second reading differs");
    dvc.expand(&Folders, &memo);
    let discovery = dvc.discovery();
    let text: usize = dvc.projects.iter().map(|project| stages(project)).sum();
    assert!(text < MAX_TEXT, "{text} bytes of paths");
    for path in discovery.metrics.iter().chain(discovery.params.keys()).chain(discovery.data.keys()) {
        stays_inside(path);
        if let Some(tracked) = dvc.tracked(path) {
            place(path, &tracked, &memo);
        }
    }
    for problem in &discovery.problems {
        is_useful(problem, &tree);
    }
});

fn stays_inside(path: &RepoPath) {
    assert_eq!(RepoPath::parse(path.as_str()).as_ref(), Ok(path), "a path that is not one of the repository");
}

fn stages(project: &Project) -> usize {
    stays_inside(&project.root);
    let paths = project.stages.iter().flat_map(|stage| {
        let outs = stage.outs.iter().map(|out| &out.path);
        [&stage.file, &stage.wdir].into_iter().chain(outs).chain(&stage.deps).chain(stage.params.keys())
    });
    paths.inspect(|path| stays_inside(path)).map(|path| path.as_str().len()).sum()
}

/// A tracked path lies in its output; where its content is looked for is a plain hash and nothing else.
fn place(path: &RepoPath, tracked: &Tracked, memo: &Memo) {
    assert!(path.is_within(&tracked.output) && path.is_within(&tracked.project), "{path} {tracked:?}");
    stays_inside(&tracked.declared_in);
    let _ = tracked.holds(b"{}");
    let _ = tracked.fetch(&Folders, memo);
}

fn is_useful(problem: &Problem, tree: &MemoryTree) {
    assert!(!problem.message.is_empty(), "a problem without words: {problem:?}");
    stays_inside(&problem.file);
    let Some(position) = problem.position else { return };
    let content =
        tree.read(&problem.file).expect("a tree in memory").unwrap_or_else(|| panic!("a place in a file that is not there: {problem}"));
    is_inside(position, &content.bytes, &problem.message);
}

/// A cache that has everything: each folder holds the same two files, one of them somewhere else.
struct Folders;

impl Objects for Folders {
    fn object(&self, project: &RepoPath, object: &Object) -> Result<Fetched, StoreError> {
        stays_inside(project);
        let digits = object.hash().strip_suffix(".dir").unwrap_or(object.hash());
        assert!(digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "not a hash: {object:?}");
        let bytes: &[u8] = if object.is_folder() {
            br#"[{"md5": "d41d8cd98f00b204e9800998ecf8427e", "relpath": "a.json"}, {"md5": "d41d8cd98f00b204e9800998ecf8427e", "relpath": "../../b.json"}]"#
        } else {
            b"{}"
        };
        Ok(Fetched { bytes: bytes.to_vec(), from: proofmark_dvc::Origin::Cache, hash: object.hash().to_owned() })
    }
}
