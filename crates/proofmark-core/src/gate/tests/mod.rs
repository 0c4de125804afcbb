//! What judgements are tested with.

mod evidence;
mod point;

use super::*;
use crate::compare::{BaseKind, Baseline, Sides, compare};
use crate::config;
use crate::discovery::Discovery;
use crate::policy::PolicySide;
use crate::ports::MemoryTree;
use crate::snapshot::{Nowhere, Parsed, take};
use crate::waiver::Circumstances;

/// The policy of a text.
fn policy(text: &str) -> Policy {
    let file = RepoPath::parse("proofmark.toml").expect("a path");
    let config = config::parse(&file, text.as_bytes()).expect("valid").expect("there");
    let origin = PolicyOrigin::File { file: "proofmark.toml".into(), side: PolicySide::Base, revision: "main".into() };
    Policy::compile(&config, origin, Some("main")).expect("a policy")
}

/// What happened between two sets of metrics files.
fn between(base: &[(&str, &str)], head: &[(&str, &str)]) -> Comparison {
    oriented(base, head, &Policy::built_in())
}

fn oriented(base: &[(&str, &str)], head: &[(&str, &str)], policy: &Policy) -> Comparison {
    let metrics = base.iter().chain(head).filter_map(|(path, _)| RepoPath::parse(path).ok()).collect();
    let discovery = Discovery { metrics, ..Discovery::default() };
    let snapshot = |files: &[(&str, &str)]| {
        let tree = MemoryTree::new("test", files.iter().map(|&(path, text)| (path, text.as_bytes())));
        take(&tree, &discovery, &discovery, &Nowhere, &Parsed::default())
    };
    let (base, head) = (snapshot(base), snapshot(head));
    compare(&Sides { base: &base, head: &head, tip: None, baseline: Baseline::new(BaseKind::Tip, "main") }, &|file, key| {
        policy.orient(file, key)
    })
}

fn judge_files(base: &[(&str, &str)], head: &[(&str, &str)], toml: Option<&str>) -> Judgement {
    let policy = toml.map_or_else(Policy::built_in, policy);
    judge(&oriented(base, head, &policy), &policy, &Circumstances::default())
}
