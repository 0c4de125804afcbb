//! Reads the projects of `oracle.json` and compares with what DVC 3.67.1 made of them (see `oracle.py`).

use std::collections::{BTreeMap, BTreeSet};

use proofmark_core::discovery::Keys;
use proofmark_core::document::{Format, parse};
use proofmark_core::ports::MemoryTree;
use proofmark_core::problem::ProblemKind;
use proofmark_core::value::{Map, Value};
use proofmark_dvc::{Dvc, Memo};

#[test]
fn reads_as_dvc_does() {
    let cases = parse(Format::Json, include_bytes!("oracle.json")).expect("valid JSON");
    let mut wrong = Vec::new();
    for case in cases.as_list().expect("a list") {
        let case = case.as_map().expect("a mapping");
        let name = case["name"].as_text().expect("a name");
        let dvc = case["dvc"].as_map().expect("an answer");
        let read = read(case["files"].as_map().expect("files"));
        let ours = answer(&read);
        if dvc.contains_key("error") {
            if read.discovery().problems.is_empty() {
                wrong.push(format!("{name}: DVC fails with {}, we say nothing", dvc["error"]));
            }
            continue;
        }
        if read.discovery().problems.iter().any(|problem| problem.kind != ProblemKind::Warning) {
            wrong.push(format!("{name}: {:?}", read.discovery().problems));
        }
        for (field, ours) in ours {
            if !dvc[field].same(&ours) {
                wrong.push(format!("{name}, {field}: DVC has {}, we have {ours}", dvc[field]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn read(files: &Map) -> Dvc {
    let files = files.iter().map(|(path, text)| (path.as_str(), text.as_text().expect("text")));
    let tree = MemoryTree::new("main", files.chain([(".dvc/config", "")]));
    Dvc::read(&tree, &Memo::default())
}

/// In the words of `oracle.py`, which asks about the outermost project alone.
fn answer(dvc: &Dvc) -> [(&'static str, Value); 4] {
    let texts = |texts: BTreeSet<String>| Value::List(texts.into_iter().map(Value::Text).collect());
    let project = &dvc.projects[0];
    let is_own = |path: &proofmark_core::path::RepoPath| dvc.project_of(path).is_some_and(|inner| inner.root == project.root);
    let stages = project.stages.iter().map(|stage| format!("{}:{}", stage.file, stage.name)).collect();
    let metrics = dvc.discovery().metrics.iter().filter(|path| is_own(path)).map(ToString::to_string).collect();
    let mut outs: Vec<_> = project.stages.iter().flat_map(|stage| &stage.outs).collect();
    outs.sort_by_key(|out| out.path.to_string());
    let outs = outs.iter().map(|out| Value::Text(format!("{}{}", out.path, if out.cached { "" } else { " uncached" })));
    let params: BTreeMap<_, _> = dvc.discovery().params.iter().map(|(file, keys)| (file.to_string(), keys)).collect();
    let params = params.into_iter().map(|(file, keys)| match keys {
        Keys::All => (file, Value::Null),
        Keys::Some(keys) => (file, texts(keys.clone())),
    });
    [
        ("stages", texts(stages)),
        ("metrics", texts(metrics)),
        ("outs", Value::List(outs.collect())),
        ("params", Value::Map(params.collect())),
    ]
}
