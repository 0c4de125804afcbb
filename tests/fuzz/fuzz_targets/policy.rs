//! Policies: whatever the text, reading, compiling and judging end well, and a mistake has its place in the file.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use proofmark_core::compare::{BaseKind, Baseline, Comparison, Sides, compare};
use proofmark_core::config;
use proofmark_core::discovery::Discovery;
use proofmark_core::gate::judge;
use proofmark_core::path::RepoPath;
use proofmark_core::policy::{Policy, PolicyOrigin, PolicySide};
use proofmark_core::ports::MemoryTree;
use proofmark_core::snapshot::{Nowhere, Parsed, Snapshot, take};
use proofmark_core::waiver::Circumstances;
use proofmark_fuzz::is_inside;

/// A bit of everything that a rule can meet.
static BASE: &str = r#"{"accuracy": 0.9, "loss": 0.0, "n": 3, "gone": 1, "nan": NaN, "name": "a", "test": {"f1": -0.5, "a.b": 1e308}}"#;
static HEAD: &str = r#"{"accuracy": 0.8, "loss": 0.1, "n": 4, "new": 1, "nan": 1.0, "name": "b", "test": {"f1": -0.6, "a.b": -1e308}}"#;

/// Globs are compiled to automata: many long ones cost time and are no use to anybody.
const MAX_RULES: usize = 20;

fuzz_target!(|bytes: &[u8]| {
    for name in config::FILES {
        let file = path(name);
        let config = match config::parse(&file, bytes) {
            Ok(Some(config)) => config,
            Ok(None) => continue,
            Err(problem) => {
                assert!(!problem.message.is_empty() && problem.file == file, "{problem:?}");
                if let Some(position) = problem.position {
                    is_inside(position, bytes, &problem.message);
                }
                continue;
            }
        };
        if config.rule.len() + config.directions.len() > MAX_RULES {
            continue;
        }
        for branch in [None, Some("main")] {
            let origin = PolicyOrigin::File { file: name.to_owned(), side: PolicySide::Base, revision: "main".to_owned() };
            let Ok(policy) = Policy::compile(&config, origin, branch) else { continue };
            let comparison = comparison(&policy);
            let judgement = judge(&comparison, &policy, &Circumstances::default());
            assert!(!judgement.policy_summary.is_empty());
            assert!(judgement.findings.iter().all(|finding| finding.effect <= judgement.effect), "an effect is lost: {judgement:?}");
            proofmark_render::json(&judgement).expect("every judgement has a JSON form");
        }
    }
});

fn path(text: &str) -> RepoPath {
    RepoPath::parse(text).expect("a path of ours")
}

fn comparison(policy: &Policy) -> Comparison {
    static SIDES: LazyLock<[Snapshot; 2]> = LazyLock::new(|| [("main", BASE), ("change", HEAD)].map(|(name, text)| snapshot(name, text)));
    let [base, head] = &*SIDES;
    let sides = Sides { base, head, tip: None, baseline: Baseline::new(BaseKind::MergeBase, "main") };
    compare(&sides, &|file, key| policy.orient(file, key))
}

fn snapshot(name: &str, text: &str) -> Snapshot {
    let tree = MemoryTree::new(name, [("metrics.json", text), ("models/b.json", "{\"auc\": 0.5}")]);
    let mut wanted = Discovery::default();
    wanted.metrics.extend([path("metrics.json"), path("models/b.json")]);
    take(&tree, &wanted, &wanted, &Nowhere, &Parsed::default())
}
