//! Reports: whatever was compared and judged, what was printed is read back the same.

use proofmark_core::compare::{BaseKind, Baseline, Sides, Status, compare};
use proofmark_core::config;
use proofmark_core::direction::Direction;
use proofmark_core::discovery::{Discovery, Keys};
use proofmark_core::evidence::{Measured, Obstacle, Sample, Slice, Why, levels};
use proofmark_core::gate::{Finding, judge, locate};
use proofmark_core::key::Key;
use proofmark_core::path::RepoPath;
use proofmark_core::policy::{Policy, PolicyOrigin, PolicySide};
use proofmark_core::ports::MemoryTree;
use proofmark_core::reference::{Place, Reference, Series};
use proofmark_core::report::{Report, read};
use proofmark_core::snapshot::{Nowhere, Parsed, Snapshot, take};
use proofmark_core::value::Value;
use proofmark_core::waiver::Circumstances;
use proptest::prelude::*;

const RULES: [&str; 8] = [
    "metric = \"*\"\nmin = 0.0",
    "metric = \"*\"\nmax_regression_rel = 0.01\nseverity = \"warn\"",
    "metric = \"acc\"\nmax_regression_abs = 0.01\nmax_regression_rel = 0.1\ncombine = \"all\"",
    "metric = \"loss\"\nmax = 0.5\nseverity = \"info\"",
    "metric = \"a.*\"\ndirection = \"lower\"\nmax_regression_abs = 0\nwarn = { max_regression_rel = 0 }",
    "metric = \"acc\"\nfile = \"m.json\"\nmin = 0.5",
    "metric = \"{acc,x}\"\nfile = \"*.json\"\nmax_regression_rel = 1e-3",
    "metric = \"typo\"\nmin = 1",
];

const SITUATIONS: [&str; 4] = [
    "",
    "no_baseline = \"block\"\nremoved = \"block\"\nmissing = \"warn\"\n",
    "unreadable_head = \"notice\"\ninconclusive = \"allow\"\nnon_finite = \"info\"\n",
    "removed = \"allow\"\nunreadable_base = \"allow\"\nmissing = \"info\"\n",
];

/// One JSON value of a metric; numbers that cancel out and overflow among them.
fn value() -> impl Strategy<Value = String> {
    let plain = prop_oneof![
        Just("null"),
        Just("true"),
        Just("NaN"),
        Just("\"NaN\""),
        Just("-Infinity"),
        Just("\"text\""),
        Just("{}"),
        Just("[1, [2.5, null]]"),
        Just("1e308"),
        Just("-1e308"),
        Just("1e-310"),
        Just("-0.0"),
        Just("170141183460469231731687303715884105727"),
    ];
    prop_oneof![
        2 => plain.prop_map(str::to_owned),
        3 => (-2.0..2.0_f64).prop_map(|number| format!("{number:?}")),
        1 => any::<i64>().prop_map(|whole| whole.to_string())
    ]
}

fn document() -> impl Strategy<Value = Option<String>> {
    let name = proptest::sample::select(vec!["acc", "loss", "a.b", "step", "x", "\u{202e}é|`\\u0000"]);
    let entries = proptest::collection::vec((name, value()), 0..6);
    let text = entries.prop_map(|entries| {
        let entries: Vec<String> = entries.into_iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
        format!("{{\n{}\n}}", entries.join(",\n"))
    });
    prop_oneof![8 => text.prop_map(Some), 1 => Just(Some("{\"acc\": ".to_owned())), 1 => Just(None)]
}

fn policy() -> impl Strategy<Value = Option<String>> {
    let rules = proptest::collection::vec(proptest::sample::select(RULES.to_vec()), 0..4);
    proptest::option::weighted(
        0.8,
        (proptest::sample::select(SITUATIONS.to_vec()), rules).prop_map(|(situations, rules)| {
            let rules: String = rules.iter().map(|rule| format!("[[rule]]\n{rule}\n")).collect();
            format!("[policy]\n{situations}{rules}")
        }),
    )
}

fn path(text: &str) -> RepoPath {
    RepoPath::parse(text).expect("a path")
}

fn snapshot(name: &str, file: &str, text: Option<&String>) -> Snapshot {
    let tree = MemoryTree::new(
        name,
        text.map(|text| (file, text.as_bytes())).into_iter().chain([("params.yaml", b"when: 2026-01-02\n".as_slice())]),
    );
    let mut wanted = Discovery::default();
    wanted.metrics.extend([path("m.json"), path("n.json")]);
    wanted.add_params(path("params.yaml"), &Keys::All);
    take(&tree, &wanted, &wanted, &Nowhere, &Parsed::default())
}

fn compile(text: Option<&String>) -> Policy {
    let Some(text) = text else { return Policy::built_in() };
    let config = config::parse(&path("proofmark.toml"), text.as_bytes()).expect("valid").expect("there");
    let origin = PolicyOrigin::File { file: "proofmark.toml".into(), side: PolicySide::Base, revision: "main".into() };
    Policy::compile(&config, origin, None).expect("valid globs")
}

/// What [`read`] documents that JSON cannot tell apart.
fn as_read(mut report: Report) -> Report {
    let told = |value: &mut Option<Value>| match value {
        Some(Value::Text(text)) if text == "NaN" => *value = Some(Value::Float(f64::NAN)),
        Some(Value::Date(text)) => *value = Some(Value::Text(std::mem::take(text))),
        _ => {}
    };
    let forget = |value: &mut Option<Value>| {
        if *value == Some(Value::Null) {
            *value = None;
        }
    };
    for row in report.comparison.metrics.iter_mut().chain(&mut report.comparison.params) {
        if row.status == Status::NotANumber {
            forget(&mut row.base);
            forget(&mut row.head);
        }
        [&mut row.base, &mut row.head, &mut row.tip].into_iter().for_each(told);
    }
    for finding in &mut report.judgement.findings {
        if finding.evidence.is_none() && finding.reasons == ["missing-candidate"] {
            forget(&mut finding.baseline);
        }
        [&mut finding.baseline, &mut finding.candidate].into_iter().for_each(told);
    }
    report
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_printed_is_read_back(base in document(), head in document(), tip in proptest::option::of(document()), moved in any::<bool>(), policy in policy()) {
        let policy = compile(policy.as_ref());
        let to = if moved { "n.json" } else { "m.json" };
        let (base, after) = (snapshot("main", "m.json", base.as_ref()), snapshot("change", to, head.as_ref()));
        let tip = tip.map(|tip| snapshot("tip", "m.json", tip.as_ref()));
        let sides = Sides { base: &base, head: &after, tip: tip.as_ref(), baseline: Baseline::new(BaseKind::Tip, "main") };
        let comparison = compare(&sides, &|file, key| policy.orient(file, key));
        let mut judgement = judge(&comparison, &policy, &Circumstances::default());
        locate(&mut judgement, &|file| head.as_ref().filter(|_| file.as_str() == to).map(|text| text.clone().into_bytes()));
        let report = Report::new("0.1.0", comparison, judgement);
        let printed = serde_json::to_string_pretty(&report).expect("JSON");
        let back = read(printed.as_bytes()).expect("what we print is a report");
        prop_assert_eq!(serde_json::to_string_pretty(&back).expect("JSON"), printed);
        // NaN is not equal to itself, and its debug form is.
        prop_assert_eq!(format!("{back:?}"), format!("{:?}", as_read(report)));
    }

    #[test]
    fn a_report_with_a_changed_byte_is_read_or_refused(at in any::<proptest::sample::Index>(), byte in any::<u8>(), head in document()) {
        let (base, head) = (snapshot("main", "m.json", Some(&"{\"acc\": 0.9}".to_owned())), snapshot("change", "m.json", head.as_ref()));
        let sides = Sides { base: &base, head: &head, tip: None, baseline: Baseline::new(BaseKind::Tip, "main") };
        let policy = Policy::built_in();
        let comparison = compare(&sides, &|file, key| policy.orient(file, key));
        let judgement = judge(&comparison, &policy, &Circumstances::default());
        let mut printed = serde_json::to_vec(&Report::new("0.1.0", comparison, judgement)).expect("JSON");
        let at = at.index(printed.len());
        printed[at] = byte;
        match read(&printed) {
            Ok(report) => prop_assert!(report.judgement.findings.iter().all(|finding: &Finding| finding.effect <= report.judgement.effect)),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}

/// One metric of a table for each kind of sample, and for what may be in the way of one.
fn samples() -> Vec<Measured> {
    let quantiles: Vec<f64> = levels().iter().map(|level| level / 10.0 - 0.06).collect();
    let kinds = [
        ("accuracy", Some(Sample::PairedProportion { n11: 800, n10: 30, n01: 20, n00: 150 })),
        ("f1", Some(Sample::PairedCells { cells: [400, 10, 20, 70, 10, 30, 10, 450], seed: u64::MAX })),
        (
            "roc_auc",
            Some(Sample::PairedAuc {
                positives: 500,
                negatives: 500,
                base: 0.9,
                head: 0.89,
                var_base: 1e-4,
                var_head: 1.1e-4,
                covariance: 9e-5,
                identical: false,
            }),
        ),
        ("mae", Some(Sample::PairedMeans { n: 1000, difference: 0.01, se: 0.004, equal: false, few: Vec::new(), clusters: true })),
        (
            "mean(grade)",
            Some(Sample::PairedMeans { n: 3, difference: 0.1, se: 0.05, equal: false, few: vec![0.1, 0.2, 0.0], clusters: false }),
        ),
        ("brier", Some(Sample::Means { base: 0.1, var_base: 0.2, n_base: 900, head: 0.11, var_head: 0.2, n_head: 800 })),
        ("recall", Some(Sample::Proportions { base: 700, n_base: 900, head: 600, n_head: 800 })),
        ("rmse", Some(Sample::Replicates { n: 1000, difference: -0.01, resamples: 10_000, dropped: 3, seed: 7, sd: 0.03, quantiles })),
        ("mcc", None),
    ];
    kinds
        .into_iter()
        .map(|(metric, sample)| {
            let mut measured = Measured::new(path("test.csv"), Key::from_canonical(metric));
            (measured.table, measured.natural) = (Some("test".to_owned()), Some(Direction::Higher));
            (measured.base, measured.head, measured.n_base, measured.n_head) = (Some(0.9), Some(0.89), 1000, 1000);
            if sample.is_none() {
                measured.head = None;
                measured.obstacle = Some(Obstacle { reason: Why::UndefinedCandidate, told: "one class only".to_owned() });
            }
            measured.sample = sample;
            measured.slice = Slice::all().with("country", "A | B\u{202e}`");
            measured
        })
        .collect()
}

#[test]
fn evidence_is_read_back_and_judged_alike() {
    let text = "[baselines]\nproduction = \"v1\"\n[[table]]\nname = \"test\"\nfile = \"test.csv\"\n[[rule]]\ntable = \"test\"\nmetric = \"{accuracy,f1,roc_auc,mae,brier,recall,mcc}\"\nslice = {country = \"*\"}\nmax_regression_abs = 0.02\n[[rule]]\nmetric = \"acc\"\ndirection = \"higher\"\nbaseline = \"window\"\nanchor = \"production\"\nbudget = 0.1\n".to_owned();
    let policy = compile(Some(&text));
    let side = |name: &str| snapshot(name, "m.json", Some(&"{\"acc\": 0.9, \"gone\": null}".to_owned()));
    let (base, head) = (side("main"), side("change"));
    let sides = Sides { base: &base, head: &head, tip: None, baseline: Baseline::new(BaseKind::Tip, "main") };
    let mut comparison = compare(&sides, &|file, key| policy.orient(file, key));
    comparison.measured = samples();
    let mut reference = Reference::new("production", "v1");
    reference.metrics.clone_from(&comparison.metrics);
    comparison.references = vec![reference];
    let values = vec![0.9, 0.91, 0.89, 0.9, 0.905];
    comparison.history = vec![Series { place: Place::of_row(&comparison.metrics[0]), values }];
    let judgement = judge(&comparison, &policy, &Circumstances::default());
    assert!(judgement.findings.len() > 8 && !judgement.shown.is_empty(), "{:?}", judgement.findings);
    let report = Report::new("0.1.0", comparison, judgement);
    let printed = serde_json::to_string_pretty(&report).expect("JSON");
    let back = read(printed.as_bytes()).expect("what we print is a report");
    // Stored statistics give the same verdicts to the last bit.
    assert!(judge(&back.comparison, &policy, &Circumstances::default()) == report.judgement);
    assert!(format!("{back:?}") == format!("{:?}", as_read(report)));
}

#[test]
fn absurd_statistics_of_a_forged_report_are_survived() {
    let policy = compile(Some(&"[[table]]\nname = \"test\"\nfile = \"test.csv\"\n[[rule]]\ntable = \"test\"\nmetric = \"{accuracy,f1,roc_auc,mae,brier,recall,rmse,mcc}\"\nslice = {country = \"*\"}\nmax_regression_abs = 0.02\n".to_owned()));
    let empty = snapshot("main", "m.json", None);
    let sides = Sides { base: &empty, head: &empty, tip: None, baseline: Baseline::new(BaseKind::Tip, "main") };
    let absurd = |number: f64, count: u64| -> Vec<Sample> {
        vec![
            Sample::PairedProportion { n11: count, n10: count, n01: count, n00: count },
            Sample::PairedCells { cells: [count; 8], seed: count },
            Sample::PairedAuc {
                positives: count,
                negatives: count,
                base: number,
                head: number,
                var_base: number,
                var_head: -number,
                covariance: number,
                identical: true,
            },
            Sample::PairedMeans { n: count, difference: number, se: -number, equal: true, few: vec![number; 200], clusters: false },
            Sample::Means { base: number, var_base: -number, n_base: count, head: number, var_head: number, n_head: 0 },
            Sample::Proportions { base: count, n_base: 1, head: 0, n_head: count },
            Sample::Replicates {
                n: count,
                difference: number,
                resamples: count,
                dropped: count,
                seed: 0,
                sd: number,
                quantiles: vec![number; 3],
            },
            Sample::Runs { base: vec![number; 3], head: Vec::new(), paired: true, n_nan: count },
        ]
    };
    for number in [0.0, -1.0, f64::MAX, f64::MIN_POSITIVE, f64::NAN, f64::INFINITY] {
        for count in [0, 1, 7, u64::MAX] {
            let mut comparison = compare(&sides, &|file, key| policy.orient(file, key));
            for sample in absurd(number, count) {
                let mut measured = samples().remove(0);
                measured.metric = Key::from_canonical("f1");
                measured.sample = Some(sample);
                comparison.measured.push(measured);
            }
            let judgement = judge(&comparison, &policy, &Circumstances::default());
            assert_eq!(judgement.findings.len(), comparison.measured.len());
        }
    }
}
