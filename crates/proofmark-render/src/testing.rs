//! Documents for the tests of all formats, made the way the program makes them.

use proofmark_core::compare::{BaseKind, Baseline, Comparison, Sides, compare};
use proofmark_core::config::{self, Effect};
use proofmark_core::discovery::{DataVersion, Discovery, Keys};
use proofmark_core::gate::judge;
use proofmark_core::past::PastRun;
use proofmark_core::path::RepoPath;
use proofmark_core::policy::{Policy, PolicyOrigin, PolicySide};
use proofmark_core::ports::{MemoryTree, Revision};
use proofmark_core::report::{ComparisonDocument, Report};
use proofmark_core::run::{Place, PullRequest, RunContext, System};
use proofmark_core::snapshot::{Nowhere, Parsed, Snapshot, take};
use proofmark_core::waiver::Circumstances;

mod rows;

pub(crate) use rows::{hostile_rows, rows_report};

pub(crate) type Files<'a> = &'a [(&'a str, &'a str)];

pub(crate) const COMPARISON: &str = include_str!("../../../templates/comparison.md.jinja");
pub(crate) const REPORT: &str = include_str!("../../../templates/report.md.jinja");

pub(crate) fn path(text: &str) -> RepoPath {
    RepoPath::parse(text).expect("a path inside the repository")
}

/// Files named `params…` are params, all others metrics.
pub(crate) fn snapshot(revision: Revision, files: Files<'_>, other: Files<'_>) -> Snapshot {
    let tree = MemoryTree::new("tree", files.iter().map(|&(path, text)| (path, text.as_bytes())));
    let mut wanted = Discovery::default();
    for (file, _) in files.iter().chain(other) {
        if file.starts_with("params") {
            wanted.add_params(path(file), &Keys::All);
        } else {
            wanted.metrics.insert(path(file));
        }
    }
    let mut snapshot = take(&tree, &wanted, &wanted, &Nowhere, &Parsed::default());
    snapshot.revision = revision;
    snapshot
}

pub(crate) fn base_revision() -> Revision {
    Revision::commit("main", "3f2a9c1d04b7e6f5a8c9d0e1f2a3b4c5d6e7f809", "Train on the data of October")
}

pub(crate) fn head_revision() -> Revision {
    Revision::commit("HEAD", "9b1c77e02da4f3b2c1d0e9f8a7b6c5d4e3f20a1b", "Try a larger learning rate")
}

pub(crate) fn between(base: Files<'_>, head: Files<'_>) -> Comparison {
    let (base, head) = (snapshot(base_revision(), base, head), snapshot(head_revision(), head, base));
    sides(&base, &head, None)
}

pub(crate) fn sides(base: &Snapshot, head: &Snapshot, tip: Option<&Snapshot>) -> Comparison {
    let baseline = Baseline::new(BaseKind::MergeBase, "main");
    compare(&Sides { base, head, tip, baseline }, &proofmark_core::compare::by_name)
}

pub(crate) fn document(comparison: Comparison) -> ComparisonDocument {
    ComparisonDocument::new("0.1.0", comparison)
}

pub(crate) fn report(comparison: Comparison, policy: &str) -> Report {
    report_at(comparison, policy, &Circumstances::default())
}

/// The report of a change of which more is known.
pub(crate) fn report_at(comparison: Comparison, policy: &str, at: &Circumstances) -> Report {
    let config = config::parse(&path("proofmark.toml"), policy.as_bytes()).expect("a valid policy").expect("a policy");
    let origin = PolicyOrigin::File { file: "proofmark.toml".into(), side: PolicySide::Base, revision: "main".into() };
    let policy = Policy::compile(&config, origin, Some("main")).expect("valid globs");
    let judgement = judge(&comparison, &policy, at);
    Report::new("0.1.0", comparison, judgement)
}

pub(crate) fn version(hash: &str, size: u64, files: Option<u64>) -> DataVersion {
    DataVersion { algorithm: "md5".into(), hash: hash.into(), size: Some(size), files }
}

/// One of everything that people meet: better, worse, new, gone, a moved file, params, data.
pub(crate) fn everyday() -> Comparison {
    let base: Files<'_> = &[
        (
            "eval/metrics.json",
            r#"{"accuracy": 0.9134, "f1": 0.88, "latency_ms": 12, "loss": 0.31, "n": 5000, "old_score": 1, "step": 100}"#,
        ),
        ("eval/slices.json", r#"{"de": {"accuracy": 0.9}, "en": {"accuracy": 0.95}, "fr": {"accuracy": 0.91}}"#),
        ("params.yaml", "train:\n  lr: 0.001\n  epochs: 10\n  layers: [64, 64]\nseed: 1\n"),
    ];
    let head: Files<'_> = &[
        ("eval/metrics.json", r#"{"accuracy": 0.8934, "f1": 0.885, "latency_ms": 14, "loss": 0.28, "n": 5000, "auc": 0.97, "step": 200}"#),
        ("eval/slices.json", r#"{"de": {"accuracy": 0.9}, "en": {"accuracy": 0.951}, "fr": {"accuracy": 0.91}}"#),
        ("params.yaml", "train:\n  lr: 0.01\n  epochs: 10\n  layers: [64, 128]\nseed: 1\n"),
    ];
    let (mut base, mut head) = (snapshot(base_revision(), base, head), snapshot(head_revision(), head, base));
    base.data.insert(path("data/train.csv"), version("1a2b3c4d5e6f708192a3b4c5d6e7f809", 12_300_000, None));
    head.data.insert(path("data/train.csv"), version("5e6f708192a3b4c5d6e7f8091a2b3c4d", 12_400_000, None));
    head.data.insert(path("data/images"), version("aa6f708192a3b4c5d6e7f8091a2b3c4d.dir", 2_400_000_000, Some(1200)));
    sides(&base, &head, None)
}

/// Three rules, of which the everyday comparison breaks one.
pub(crate) const POLICY: &str = r#"
[[rule]]
metric = "accuracy"
file = "eval/metrics.json"
max_regression_abs = 0.01

[[rule]]
metric = "*.accuracy"
max_regression_rel = 0.005

[[rule]]
metric = "loss"
max = 0.5

[[rule]]
metric = "auc"
max_regression_abs = 0.01

[[rule]]
metric = "latency_ms"
max_regression_rel = 0.1
severity = "warn"
"#;

/// Texts that attack a reader.
pub(crate) const HOSTILE: &[&str] = &[
    "a|b",
    "line\nbreak",
    "cr\rlf",
    "</details>",
    "@org/team",
    "`",
    "```",
    "![x](http://e)",
    "<script>alert(1)</script>",
    "[a](b)",
    "\u{1b}[31mred",
    "::error::x",
    " ::error::x",
    "##[error]x",
    "\u{202e}gpj",
    "#123",
    "https://evil.example",
    "www.evil.example",
    "# head",
    "- item",
    "zero\u{200b}width",
    "\u{9b}2J",
    "{{ report.nope }}",
    "a b  c",
    "=cmd",
];

/// A comparison in which every foreign text is hostile: file names, keys, values, branches, subjects, messages, hashes.
pub(crate) fn hostile() -> Comparison {
    let json = |shift: usize| {
        let rows: Vec<String> = HOSTILE
            .iter()
            .enumerate()
            .map(|(at, text)| format!("{}: {}", serde_json::json!(text), serde_json::json!(HOSTILE[(at + shift) % HOSTILE.len()])))
            .collect();
        format!("{{{}, \"accuracy\": 0.{shift}}}", rows.join(", "))
    };
    let (old, new) = (json(1), json(2));
    let files: Vec<String> = HOSTILE.iter().map(|text| format!("{}.json", text.replace('/', "_"))).collect();
    let base: Vec<(&str, &str)> = files.iter().map(|file| (file.as_str(), old.as_str())).chain([("params|x.json", old.as_str())]).collect();
    let mut head: Vec<(&str, &str)> =
        files.iter().map(|file| (file.as_str(), new.as_str())).chain([("params|x.json", new.as_str())]).collect();
    head[3].1 = "{\"::error::\": ";
    let revision = |at: usize| Revision::commit(HOSTILE[at], "::error::commit", HOSTILE[at + 1]);
    let (mut base, mut head) = (snapshot(revision(11), &base, &head), snapshot(revision(10), &head, &base));
    let tip = snapshot(revision(11), &[], &[]);
    for (at, text) in HOSTILE.iter().enumerate() {
        let file = path(&text.replace('/', "_"));
        base.data.insert(file.clone(), version(HOSTILE[at], 1, None));
        head.data.insert(file.clone(), version("1234", 1, None));
        let problem = proofmark_core::problem::Problem::warning(file, *text).hint(*text);
        head.problems.push(problem);
    }
    let baseline = Baseline::new(BaseKind::MergeBase, HOSTILE[11]).back(2);
    compare(&Sides { base: &base, head: &head, tip: Some(&tip), baseline }, &proofmark_core::compare::by_name)
}

/// The hostile comparison, judged by a policy with hostile names and notes.
pub(crate) fn hostile_report() -> Report {
    let mut report = report(hostile(), "[[rule]]\nmetric = \"*\"\nmax = 0\n[[rule]]\nmetric = \"::error::x|\\u001b\"\nmax = 0\n");
    report.notes = HOSTILE.iter().map(|text| (*text).to_owned()).collect();
    report.branch = Some(HOSTILE[11].to_owned());
    report.head_policy_judgement = Some(report.judgement.clone());
    report.judgement.policy = PolicyOrigin::File { file: HOSTILE[0].into(), side: PolicySide::Head, revision: HOSTILE[11].into() };
    report
}

/// The run of a pull request.
pub(crate) fn run() -> RunContext {
    let mut run = RunContext::new(System::GithubActions, "pull_request");
    run.base = Place::new(Some("main".into()), Some("77aa3f2a9c1d04b7e6f5a8c9d0e1f2a3b4c5d6e7".into()));
    run.head = Place::new(Some("faster".into()), Some("9b1c77e02da4f3b2c1d0e9f8a7b6c5d4e3f20a1b".into()));
    run.pull_request = Some(PullRequest::new(12));
    run.run_id = 300;
    run.run_url = Some("https://github.com/o/r/actions/runs/300/attempts/1".into());
    run
}

/// Three runs before [`run`], and the run itself, which is remembered already.
pub(crate) fn past() -> Vec<PastRun> {
    let mut past = vec![
        PastRun::new(200, 1, "5555777799990000", 1_700_000_300, Effect::Allow, "allowed: all 8 checks passed"),
        PastRun::new(100, 1, "1111222233334444", 1_700_000_000, Effect::Block, "BLOCKED: 2 of 8 checks failed"),
        PastRun::new(100, 2, "1111222233334444", 1_700_000_100, Effect::Notice, "allowed, with 1 notice"),
        PastRun::new(300, 1, "9b1c77e02da4f3b2", 1_700_000_400, Effect::Block, "BLOCKED: 1 of 8 checks failed, with 3 notices"),
    ];
    for (run, (accuracy, loss)) in past.iter_mut().zip([(0.91, 0.3), (0.85, f64::NAN), (0.9, 0.31), (0.8934, 0.28)]) {
        run.values = vec![("accuracy in eval/metrics.json".into(), accuracy), ("loss in eval/metrics.json".into(), loss)];
    }
    past
}

/// A run and earlier ones in which every text is hostile.
pub(crate) fn hostile_runs() -> (RunContext, Vec<PastRun>) {
    let mut run = RunContext::new(System::GithubActions, HOSTILE[11]);
    run.head = Place::new(Some(HOSTILE[0].into()), Some(HOSTILE[2].into()));
    run.base = Place::new(Some(HOSTILE[1].into()), Some(HOSTILE[5].into()));
    run.run_url = Some(format!("https://host.example/{}", HOSTILE[7]));
    (run.workflow, run.job, run.leg) = (Some(HOSTILE[3].into()), Some(HOSTILE[4].into()), Some(HOSTILE[8].into()));
    let values = crate::key_values(&hostile_report());
    let one = |(at, text): (usize, &&str)| {
        let mut past = PastRun::new(at as u64, 1, *text, 0, Effect::Notice, HOSTILE[(at + 1) % HOSTILE.len()]);
        past.values = HOSTILE.iter().map(|name| ((*name).to_owned(), at as f64)).collect();
        past.values.extend(values.iter().map(|(name, value)| (name.clone(), value + at as f64)));
        past
    };
    (run, HOSTILE.iter().enumerate().map(one).collect())
}

/// A report of so many metrics, with names as long as names get, of which every third got worse.
pub(crate) fn large_report(rows: usize) -> Report {
    let name = |at: usize| {
        let hostile: String = HOSTILE.iter().cycle().skip(at % HOSTILE.len()).flat_map(|text| text.chars()).take(150).collect();
        serde_json::json!(format!("{at}{hostile}"))
    };
    let json = |worse: usize| {
        let rows: Vec<String> = (0..rows).map(|at| format!("{}: {}", name(at), at * 10 + if at % 3 == 0 { worse } else { 0 })).collect();
        format!("{{{}, \"accuracy\": 0.{}}}", rows.join(", "), 9 - worse)
    };
    let (old, new) = (json(0), json(1));
    report(between(&[("m.json", &old), ("params.json", &old)], &[("m.json", &new), ("params.json", &new)]), LARGE_POLICY)
}

const LARGE_POLICY: &str = r#"
[[rule]]
metric = "accuracy"
max_regression_abs = 0.01

[[rule]]
metric = "*"
direction = "lower"
max_regression_abs = 0.5
severity = "warn"
"#;
