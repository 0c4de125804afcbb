//! The walls between the crates, as crates/README.md draws them: who may depend on whom, and on what.

use std::fs;

/// Dependencies that only these crates may have.
const OWNED: [(&str, &[&str]); 13] = [
    ("gix", &["proofmark-git"]),
    // Reports are templates of whole texts, orders of single values.
    ("minijinja", &["proofmark-render", "proofmark-trigger"]),
    ("cel", &["proofmark-trigger"]),
    ("comfy-table", &["proofmark-render"]),
    ("saphyr-parser", &["proofmark-core"]),
    ("toml", &["proofmark-core"]),
    ("clap", &["proofmark"]),
    ("octocrab", &["proofmark-github"]),
    ("reqwest", &["proofmark-http"]),
    ("rustls", &["proofmark-http"]),
    ("parquet", &["proofmark-tables"]),
    ("indicatif", &["proofmark"]),
    ("rusqlite", &["proofmark-mlflow"]),
];

/// What each crate may know of ours.
const MAY_USE: [(&str, &[&str]); 14] = [
    ("proofmark-core", &["proofmark-stats"]),
    ("proofmark-stats", &[]),
    ("proofmark-tables", &["proofmark-core", "proofmark-stats"]),
    ("proofmark-git", &["proofmark-core"]),
    ("proofmark-dvc", &["proofmark-core"]),
    ("proofmark-render", &["proofmark-core"]),
    ("proofmark-http", &[]),
    ("proofmark-github", &["proofmark-core", "proofmark-http"]),
    ("proofmark-jenkins", &["proofmark-core", "proofmark-http"]),
    ("proofmark-kubeflow", &["proofmark-core", "proofmark-http"]),
    ("proofmark-mlflow", &["proofmark-core", "proofmark-http"]),
    ("proofmark-modeldb", &["proofmark-core", "proofmark-http"]),
    ("proofmark-trigger", &["proofmark-core"]),
    ("proofmark-testkit", &[]),
];

/// The names in `[dependencies]` of a manifest.
fn dependencies(manifest: &str) -> Vec<String> {
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    let names = section.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split(['.', ' ', '=']).next());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
fn each_crate_knows_only_what_it_may() {
    let root = env!("CARGO_MANIFEST_DIR");
    let read = |path: &str| fs::read_to_string(format!("{root}/{path}")).expect("a manifest");
    let mut all = vec![("proofmark".to_owned(), dependencies(&read("Cargo.toml")))];
    for (name, allowed) in MAY_USE {
        let found = dependencies(&read(&format!("crates/{name}/Cargo.toml")));
        let ours: Vec<&String> = found.iter().filter(|dependency| dependency.starts_with("proofmark")).collect();
        assert!(ours.iter().all(|dependency| allowed.contains(&dependency.as_str())), "{name} uses {ours:?}");
        all.push((name.to_owned(), found));
    }
    let crates = fs::read_dir(format!("{root}/crates")).expect("the crates").count();
    assert_eq!(crates, MAY_USE.len() + 2, "a new crate needs its row here (`cli` and README.md have none)");
    for (dependency, owners) in OWNED {
        let holders: Vec<&str> =
            all.iter().filter(|(_, found)| found.iter().any(|name| name == dependency)).map(|(name, _)| name.as_str()).collect();
        assert_eq!(holders, owners, "{dependency}");
    }
}
