//! How long the judgement of rows takes on one thread, on columns that another program made: a folder with `labels` (a byte
//! a row), `base` and `head` (scores, eight bytes a row). Prints one JSON object a run; see `tests/bench/judgement.py`.

use std::fs;
use std::io::{Write, stdout};
use std::path::Path;
use std::time::Instant;

use proofmark_stats::Direction;
use proofmark_stats::bootstrap::{Judging, Resampling, count_replicates, paired_bootstrap};
use proofmark_stats::counts::{Cells, CountMetric};
use proofmark_stats::roc::{RankMetric, RankedPair, delong, roc_auc};
use serde_json::json;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name a folder")?;
    let runs: usize = arguments.next().ok_or("say how many runs")?.parse()?;
    let labels: Vec<bool> = fs::read(Path::new(&folder).join("labels"))?.into_iter().map(|label| label == 1).collect();
    let (base, head) = (numbers(&folder, "base")?, numbers(&folder, "head")?);
    let decide = |scores: &[f64]| scores.iter().map(|score| *score >= 0.5).collect::<Vec<bool>>();
    let (base_says, head_says) = (decide(&base), decide(&head));
    let held = status("VmHWM:");

    for _ in 0..runs {
        let mut told = serde_json::Map::new();
        let mut timed = |name: &str, work: &dyn Fn() -> Option<serde_json::Value>| {
            let started = Instant::now();
            let figures = work();
            told.insert(name.to_owned(), json!({ "seconds": started.elapsed().as_secs_f64(), "figures": figures }));
        };
        timed("counts", &|| counts(&labels, &base_says, &head_says));
        timed("auc", &|| Some(json!(roc_auc(&labels, &base, None)?)));
        timed("delong", &|| {
            let test = delong(&labels, &base, &head, Direction::Higher, 0.01, 0.05)?;
            Some(json!({ "difference": test.result.improvement, "se": test.result.se }))
        });
        timed("auc-bootstrap", &|| {
            let pair = RankedPair::new(&labels, &base, &head, None)?;
            let replicates = pair.replicates(RankMetric::RocAuc, &Resampling::new(1000, 1))?;
            Some(json!({ "sd": replicates.sd(), "lower": replicates.quantile(0.05), "upper": replicates.quantile(0.95) }))
        });
        told.insert("kib_above_columns".to_owned(), json!(status("VmHWM:").zip(held).map(|(now, before)| now - before)));
        writeln!(stdout(), "{}", serde_json::Value::Object(told))?;
    }
    Ok(())
}

/// Accuracy and F1, each with 10,000 resamples.
fn counts(labels: &[bool], base: &[bool], head: &[bool]) -> Option<serde_json::Value> {
    let cells = Cells::count(labels, base, head);
    let judging = Judging { direction: Direction::Higher, margin: 0.01, alpha: 0.05 };
    let mut figures = Vec::new();
    for metric in [CountMetric::Accuracy, CountMetric::F1] {
        let test = paired_bootstrap(&judging, &Resampling::new(10_000, 1), |how| count_replicates(&cells, metric, how))?;
        figures.push(json!({ "difference": test.result.improvement, "lower": test.result.lower, "upper": test.result.upper }));
    }
    Some(json!(figures))
}

fn numbers(folder: &str, name: &str) -> Result<Vec<f64>, Failure> {
    let bytes = fs::read(Path::new(folder).join(name))?;
    let (numbers, _) = bytes.as_chunks::<8>();
    Ok(numbers.iter().map(|number| f64::from_le_bytes(*number)).collect())
}

/// A figure of this process in KiB, where the system tells.
fn status(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}
