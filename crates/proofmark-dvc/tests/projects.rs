//! Whole projects in memory: what is found, what is refused, what is proven unchanged.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use proofmark_core::path::RepoPath;
use proofmark_core::ports::{Content, ContentId, Entry, MemoryTree, Revision, Tree, TreeError};
use proofmark_core::problem::{Problem, ProblemKind};
use proofmark_dvc::{Dvc, Fetched, Memo, Object, Objects, Origin, StoreError};

const DIR: &str = "0123456789abcdef0123456789abcdef.dir";
const FILE: &str = "fedcba9876543210fedcba9876543210";

fn path(text: &str) -> RepoPath {
    RepoPath::parse(text).expect("a path")
}

fn read(files: &[(&str, &str)]) -> Dvc {
    Dvc::read(&MemoryTree::new("main", files.iter().copied()), &Memo::default())
}

fn metrics(dvc: &Dvc) -> Vec<String> {
    dvc.discovery().metrics.iter().map(ToString::to_string).collect()
}

fn problems(dvc: &Dvc) -> Vec<String> {
    dvc.discovery().problems.iter().map(|problem| format!("{:?} {problem}", problem.kind)).collect()
}

/// Objects by hash.
struct Held(HashMap<&'static str, &'static str>);

impl Objects for Held {
    fn object(&self, _: &RepoPath, object: &Object) -> Result<Fetched, StoreError> {
        let bytes = self.0.get(object.hash()).ok_or(StoreError::Missing { hash: object.hash().to_owned(), elsewhere: Vec::new() })?;
        Ok(Fetched { bytes: bytes.as_bytes().to_vec(), from: Origin::Cache, hash: object.hash().to_owned() })
    }
}

#[test]
fn one_broken_stage_loses_only_itself() {
    let dvc = read(&[(
        "dvc.yaml",
        "stages:\n  bad:\n    cmd: x\n    metrics: ['${nope}.json', kept.json]\n  worse: 3\n  wdir:\n    cmd: x\n    wdir: ../../..\n    metrics: [lost.json]\n  good:\n    cmd: x\n    metrics: [good.json]\n",
    )]);
    assert_eq!(metrics(&dvc), ["good.json", "kept.json"]);
    assert_eq!(
        problems(&dvc),
        [
            "Unparsable dvc.yaml:4:16: has the stage `bad` with `metrics` that cannot be used: `${nope}` is in none of `params.yaml`, `vars`, `item` and `key`",
            "Unparsable dvc.yaml:5:3: has the stage `worse`, a number and not a mapping",
            "Unparsable dvc.yaml:8:11: has the stage `wdir`, whose `wdir` cannot be used: `../../..` leaves the project",
        ]
    );
}

#[test]
fn paths_that_leave_the_project_are_refused() {
    let text = "metrics:\n- ../../../etc/passwd\n- /etc/passwd\n- s3://bucket/m.json\n- remote://r/m.json\n- ../outside.json\n- ok.json\n";
    let dvc = read(&[("proj/.dvc/config", ""), ("proj/dvc.yaml", text), ("outside.json", "{}")]);
    assert_eq!(metrics(&dvc), ["proj/ok.json"]);
    assert_eq!(
        problems(&dvc),
        [
            "Unparsable proj/dvc.yaml:2:3: has `metrics` that cannot be used: `../../../etc/passwd` leaves the project",
            "Warning proj/dvc.yaml:3:3: has `metrics` that cannot be used: `/etc/passwd` is an absolute path",
            "Warning proj/dvc.yaml:4:3: has `metrics` that cannot be used: `s3://bucket/m.json` is a URL",
            "Warning proj/dvc.yaml:5:3: has `metrics` that cannot be used: `remote://r/m.json` is a URL",
            "Unparsable proj/dvc.yaml:6:3: has `metrics` that cannot be used: `../outside.json` leaves the project",
        ]
    );
}

#[test]
fn templates_cannot_smuggle_paths_out() {
    let dvc = read(&[(".dvc/config", ""), ("params.yaml", "p: ../../etc/passwd"), ("dvc.yaml", "metrics: ['${p}', 'a/${p}/../..']")]);
    assert_eq!(metrics(&dvc), Vec::<String>::new());
    assert_eq!(problems(&dvc).len(), 2);
}

#[test]
fn broken_files_are_problems_of_that_file() {
    let conflict = "<<<<<<< ours\nmetrics: [a]\n=======\nmetrics: [b]\n>>>>>>> theirs\n";
    let dvc = read(&[
        ("dvc.yaml", conflict),
        ("a/dvc.yaml", "metrics: [m.json]\n"),
        ("a/dvc.lock", "schema: '2.0'\nstages: ["),
        ("b.dvc", "outs: 3"),
    ]);
    let kinds: Vec<_> = dvc.discovery().problems.iter().map(|problem| (problem.kind, problem.file.to_string())).collect();
    let unparsable = |file: &str| (ProblemKind::Unparsable, file.to_owned());
    assert_eq!(kinds, [unparsable("b.dvc"), unparsable("dvc.yaml"), unparsable("a/dvc.lock")]);
    let hint = |problem: &Problem| problem.hint.clone().unwrap_or_default();
    assert!(hint(&dvc.discovery().problems[1]).contains("merge conflict"), "{:?}", dvc.discovery().problems);
    assert_eq!(metrics(&dvc), ["a/m.json"]);
}

#[test]
fn unknown_keys_are_said_and_the_rest_is_read() {
    let dvc = read(&[("dvc.yaml", "metrcs: [a.json]\nmetrics: [m.json]\n")]);
    assert_eq!(metrics(&dvc), ["m.json"]);
    assert_eq!(problems(&dvc), ["Warning dvc.yaml:1:1: has the unknown key `metrcs`, for which DVC refuses the file"]);
}

#[test]
fn locks_and_dvc_files_give_versions() {
    let lock = format!(
        "schema: '2.0'\nstages:\n  train:\n    cmd: x\n    deps:\n    - {{path: data, hash: md5, md5: {DIR}, size: 8, nfiles: 2}}\n    - {{path: t.py, md5: {FILE}}}\n    outs:\n    - {{path: m.json, hash: md5, md5: {FILE}, size: 9}}\n    - {{path: gone.json, hash: md5, md5: {FILE}}}\n  old:\n    cmd: x\n    outs:\n    - {{path: old.json, md5: {FILE}}}\n"
    );
    let stages = "stages:\n  train:\n    cmd: x\n    wdir: w\n    deps: [data, t.py]\n    metrics:\n    - m.json: {cache: false}\n";
    let single = format!("outs:\n- {{md5: {FILE}, size: 3, hash: md5, path: d.csv}}\n- {{etag: '\"aB\"', path: e.csv}}\n");
    let dvc = read(&[(".dvc/config", ""), ("dvc.yaml", stages), ("dvc.lock", &lock), ("d.csv.dvc", &single)]);
    let data: Vec<_> =
        dvc.discovery().data.iter().map(|(path, version)| format!("{path} {} {}", version.algorithm, version.hash)).collect();
    assert_eq!(
        data,
        [
            format!("d.csv md5 {FILE}"),
            "e.csv etag \"aB\"".to_owned(),
            format!("w/data md5 {DIR}"),
            format!("w/m.json md5 {FILE}"),
            format!("w/t.py md5 {FILE}")
        ]
    );
    let metric = dvc.tracked(&path("w/m.json")).expect("tracked");
    assert_eq!((metric.cached, metric.legacy, metric.version.size), (false, false, Some(9)));
    assert_eq!(metric.declared_in, path("dvc.lock"));
    assert!(dvc.tracked(&path("w/data/x")).is_none(), "a dependency is nobody's to fetch");
    assert!(dvc.tracked(&path("w/old.json")).is_none());
    assert!(dvc.tracked(&path("d.csv/inside")).is_none(), "a file has no inside");
}

#[test]
fn old_locks_are_read() {
    let dvc = read(&[
        ("dvc.yaml", "stages:\n  s: {cmd: x, metrics: [m.json]}\n"),
        ("dvc.lock", &format!("s:\n  cmd: x\n  outs:\n  - {{path: m.json, md5: {FILE}}}\n")),
    ]);
    assert!(dvc.tracked(&path("m.json")).expect("tracked").legacy);
    assert_eq!(problems(&dvc), ["Warning dvc.lock: has no `schema`; it is read as 1.0, which DVC 3 refuses"]);
}

#[test]
fn cached_folders_are_listed_and_their_files_known_by_hash() {
    let lock = format!("schema: '2.0'\nstages:\n  s:\n    cmd: x\n    outs:\n    - {{path: out, hash: md5, md5: {DIR}}}\n");
    let files = [
        (".dvc/config", ""),
        ("dvc.yaml", "metrics: [out, out/deep, out/m.json]\nstages:\n  s:\n    cmd: x\n    outs: [out]\n"),
        ("dvc.lock", &*lock),
    ];
    let listed = "[{\"md5\": \"fedcba9876543210fedcba9876543210\", \"relpath\": \"deep/n.json\"}, {\"md5\": \"00000000000000000000000000000000\", \"relpath\": \"m.json\"}]";
    let memo = Memo::default();
    let mut dvc = read(&files);
    assert_eq!(metrics(&dvc), ["out", "out/deep", "out/m.json"]);
    let before = dvc.tracked(&path("out/m.json")).expect("tracked");
    assert_eq!((before.inside.as_deref(), before.version.hash.as_str()), (Some("m.json"), DIR));

    dvc.expand(&Held(HashMap::new()), &memo);
    assert_eq!(metrics(&dvc), ["out", "out/deep", "out/m.json"], "what cannot be listed stays");
    let missing = before.fetch(&Held(HashMap::new()), &memo).expect_err("nothing there");
    assert_eq!(
        missing.hint(&before).as_deref(),
        Some("run `dvc pull out`; for a revision that is not checked out, `dvc fetch --all-commits out`")
    );

    let mut dvc = read(&files);
    let objects = Held(HashMap::from([(DIR, listed), (FILE, "{\"a\": 1}")]));
    dvc.expand(&objects, &memo);
    assert_eq!(metrics(&dvc), ["out/deep/n.json", "out/m.json"]);
    let after = dvc.tracked(&path("out/deep/n.json")).expect("tracked");
    assert_eq!((after.inside.clone(), after.version.hash.as_str()), (None, FILE));
    assert_eq!(after.fetch(&objects, &memo).expect("held").bytes, b"{\"a\": 1}");
    assert_eq!(before.fetch(&objects, &memo).expect_err("not held"), StoreError::Missing { hash: "0".repeat(32), elsewhere: Vec::new() });
}

#[test]
fn hostile_folder_lists_stay_inside() {
    let lock = format!("schema: '2.0'\nstages:\n  s:\n    cmd: x\n    outs:\n    - {{path: out, hash: md5, md5: {DIR}}}\n");
    let mut dvc = read(&[(".dvc/config", ""), ("dvc.yaml", "stages:\n  s:\n    cmd: x\n    metrics: [out]\n"), ("dvc.lock", &lock)]);
    let listed = "[{\"md5\": \"fedcba9876543210fedcba9876543210\", \"relpath\": \"../../etc/passwd\"}]";
    dvc.expand(&Held(HashMap::from([(DIR, listed)])), &Memo::default());
    assert_eq!(metrics(&dvc), ["out"]);
}

#[test]
fn folders_as_metrics_join_git_and_tracked_files() {
    let single = format!("outs:\n- {{md5: {FILE}, hash: md5, path: b.json}}\n");
    let dvc = read(&[
        (".dvc/config", ""),
        ("dvc.yaml", "metrics: [ev]\n"),
        ("ev/a.json", "{}"),
        ("ev/.gitignore", "/b.json"),
        ("ev/b.json.dvc", &single),
        ("evil.json", ""),
    ]);
    assert_eq!(metrics(&dvc), ["ev/a.json", "ev/b.json"]);
}

#[test]
fn projects_without_configuration_are_read_all_the_same() {
    let dvc = read(&[("sub/dvc.yaml", "metrics: [../m.json]\n")]);
    assert_eq!(metrics(&dvc), ["m.json"]);
    assert!(!dvc.projects[0].configured);
    assert!(read(&[("a.txt", "")]).projects.is_empty());
}

#[test]
fn every_project_of_a_monorepo_is_found() {
    let dvc = read(&[
        ("a/.dvc/config", ""),
        ("a/dvc.yaml", "metrics: [m.json]\n"),
        ("a/params.yaml", "x: 1\n"),
        ("a/inner/.dvc/config", ""),
        ("a/inner/dvc.yaml", "metrics: [m.json]\n"),
        ("b/.dvc/config", ""),
        ("b/.dvcignore", "x/\n"),
        ("b/x/dvc.yaml", "metrics: [m.json]\n"),
    ]);
    assert_eq!(metrics(&dvc), ["a/inner/m.json", "a/m.json"]);
    let roots: Vec<_> = dvc.projects.iter().map(|project| project.root.to_string()).collect();
    assert_eq!(roots, ["a", "a/inner", "b"]);
    assert_eq!(dvc.discovery().params.len(), 1);
    assert_eq!(dvc.project_of(&path("a/inner/m.json")).map(|project| project.root.to_string()).as_deref(), Some("a/inner"));
}

#[test]
fn nothing_multiplies_without_end() {
    let list = format!("[{}]", (0..200).map(|number| number.to_string()).collect::<Vec<_>>().join(", "));
    let matrix = format!(
        "stages:\n  s:\n    matrix: {{a: {list}, b: {list}, c: {list}, d: []}}\n    cmd: x\n  t:\n    matrix: {{a: {list}, b: {list}}}\n    cmd: x\n"
    );
    let dvc = read(&[("dvc.yaml", &matrix)]);
    assert!(dvc.projects[0].stages.is_empty());
    assert_eq!(
        problems(&dvc),
        ["Unparsable dvc.yaml:5:3: has the stage `t`, which cannot be generated: `stages` are more than 10000 here"]
    );

    let long = format!("big: {}\n", "x".repeat(1 << 16));
    let names = (0..5_000).map(|number| number.to_string()).collect::<Vec<_>>().join(", ");
    let stages =
        format!("stages:\n  s:\n    foreach: [{names}]\n    do:\n      cmd: x\n      metrics: ['${{big}}${{big}}${{item}}.json']\n");
    let dvc = read(&[("params.yaml", &long), ("dvc.yaml", &stages)]);
    assert!(dvc.discovery().problems.len() <= 51);
    assert!(dvc.discovery().metrics.is_empty());

    let keys = format!("stages:\n  s:\n    foreach: [{}]\n    do: {{cmd: x}}\n", vec!["'${big}'"; 5_000].join(", "));
    assert!(read(&[("params.yaml", &long), ("dvc.yaml", &keys)]).projects[0].stages.is_empty());
}

#[test]
fn nonsense_is_survived() {
    for text in [
        "[]",
        "3",
        "metrics: 3",
        "metrics: [[a], {b: c}, 3, null]",
        "stages: {s: {outs: {a: b}}}",
        "stages: {s: {metrics: [{a: 3}, 4]}}",
        "vars: 3\nmetrics: ['${a}']",
        "vars: [[3], ':a', 's3://x:y']\nmetrics: ['${a}']",
        "stages: {s: {foreach: [1]}}",
        "stages: {s: {foreach: [1], do: 3}}",
        "stages: {s: {matrix: 3}}",
        "stages: {s: {matrix: {a: 3}}}",
        "stages: {s: {foreach: '${', do: {metrics: ['${', '${}', '${[}', '${a[}', '${]}']}}}",
        "stages: {s: {foreach: '${item}', do: {metrics: ['${item.item}']}}}",
        "stages: {s: {params: [3, {a: 3}, {b: {c: d}}, [e]]}}",
        "metrics: ['', '.', '..', \"a\\0b\"]",
    ] {
        let dvc = read(&[(".dvc/config", ""), ("dvc.yaml", text), ("dvc.lock", text), ("x.dvc", text)]);
        assert!(!dvc.discovery().problems.is_empty(), "{text}");
    }
}

/// A tree that gives identities, counts its listings, and may be a bomb of equal folders.
struct Counting {
    inner: MemoryTree,
    lists: AtomicUsize,
}

impl Tree for Counting {
    fn revision(&self) -> &Revision {
        self.inner.revision()
    }

    fn list(&self, folder: &RepoPath) -> Result<Option<Vec<Entry>>, TreeError> {
        self.lists.fetch_add(1, Ordering::Relaxed);
        let rows = self.inner.list(folder)?;
        Ok(rows.map(|rows| rows.into_iter().map(|row| Entry { id: Some(ContentId::new(row.name.as_bytes())), ..row }).collect()))
    }

    fn read(&self, path: &RepoPath) -> Result<Option<Content>, TreeError> {
        self.inner.read(path)
    }

    fn entry(&self, path: &RepoPath) -> Result<Option<Entry>, TreeError> {
        self.inner.entry(path)
    }
}

#[test]
fn what_is_the_same_is_walked_once() {
    let inner = MemoryTree::new("main", [("same/a/dvc.yaml", "metrics: [m.json]\n"), ("x/same/a/dvc.yaml", "metrics: [m.json]\n")]);
    let tree = Counting { inner, lists: AtomicUsize::new(0) };
    let memo = Memo::default();
    assert_eq!(metrics(&Dvc::read(&tree, &memo)), ["same/a/m.json", "x/same/a/m.json"]);
    assert_eq!(tree.lists.load(Ordering::Relaxed), 4, "the root, same, same/a, x");
    let _ = Dvc::read(&tree, &memo);
    assert_eq!(tree.lists.load(Ordering::Relaxed), 5, "the root has no identity here");
}

/// Each of 40 levels holds two folders that are the next level: 2^40 paths of 41 folders.
struct Bomb(MemoryTree);

impl Tree for Bomb {
    fn revision(&self) -> &Revision {
        self.0.revision()
    }

    fn list(&self, folder: &RepoPath) -> Result<Option<Vec<Entry>>, TreeError> {
        let depth = folder.parts().count();
        let row = |name: &str, kind, id: usize| Entry { name: name.to_owned(), kind, id: Some(ContentId::new(&id.to_be_bytes())) };
        use proofmark_core::ports::EntryKind::{File, Folder};
        Ok(Some(if depth == 40 { vec![row("dvc.yaml", File, 99)] } else { vec![row("a", Folder, depth + 1), row("b", Folder, depth + 1)] }))
    }

    fn read(&self, _: &RepoPath) -> Result<Option<Content>, TreeError> {
        Ok(Some(Content { bytes: b"metrics: [m.json, .]".to_vec(), id: None }))
    }

    fn entry(&self, path: &RepoPath) -> Result<Option<Entry>, TreeError> {
        let folder = path.parts().all(|part| part.len() == 1);
        use proofmark_core::ports::EntryKind::{File, Folder};
        Ok(Some(Entry { name: path.name().to_owned(), kind: if folder { Folder } else { File }, id: None }))
    }
}

#[test]
fn a_bomb_of_folders_goes_out() {
    let dvc = Dvc::read(&Bomb(MemoryTree::new("main", [("a", "")])), &Memo::default());
    assert!(dvc.discovery().problems.iter().any(|problem| problem.kind == ProblemKind::Unparsable));
}

#[test]
fn depth_is_survived() {
    let deep = |leaf: &str| format!("{}{leaf}{}", "{a: ".repeat(500), "}".repeat(500));
    let vars = format!(
        "vars: [{}]\nmetrics: ['${{a.a}}.json']\nstages:\n  s: {{foreach: [{}], do: {{cmd: x}}}}\n",
        deep("{b: 1}"),
        deep("'${c}'")
    );
    let dvc = read(&[("params.yaml", &deep("{c: 1}")), ("dvc.yaml", &vars)]);
    assert!(!dvc.discovery().problems.is_empty());
    let path = format!("{}dvc.yaml", "a/".repeat(200));
    assert_eq!(problems(&read(&[(&path, "metrics: [m.json]\n")])).len(), 1);
}
