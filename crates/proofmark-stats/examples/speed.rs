//! How long resampling and ROC tests take on one thread, for a million paired rows in memory:
//! `cargo run --release -p proofmark-stats --example speed [rows]`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::time::Instant;

use proofmark_stats::Direction;
use proofmark_stats::bootstrap::{ExactDifference, Judging, Resampling, count_replicates, paired_bootstrap};
use proofmark_stats::counts::{Cells, CountMetric};
use proofmark_stats::random::Stream;
use proofmark_stats::roc::{RankMetric, RankedPair, delong, roc_auc};

fn main() {
    let rows: u64 = std::env::args().nth(1).and_then(|rows| rows.parse().ok()).unwrap_or(1_000_000);
    println!("{rows} rows, {} MiB in use with the columns", memory_mib());
    for (name, steps) in [("all scores differ", 1e15), ("scores of three digits", 1e3), ("scores in single precision", 0.0)] {
        println!("\n{name}");
        let columns = Columns::new(rows, steps);
        counts(&columns);
        ranks(&columns);
    }
    println!("\n{} MiB at most", peak_mib());
}

fn counts(columns: &Columns) {
    let judging = Judging { direction: Direction::Higher, margin: 0.01, alpha: 0.05 };
    let decide = |scores: &[f64]| scores.iter().map(|score| *score > 0.5).collect::<Vec<bool>>();
    let (base, head) = (decide(&columns.base), decide(&columns.head));
    let started = Instant::now();
    let cells = Cells::count(&columns.labels, &base, &head);
    let counted = started.elapsed();
    for metric in [CountMetric::Accuracy, CountMetric::F1] {
        let draw = |how: &Resampling<'_>| count_replicates(&cells, metric, how);
        let test = paired_bootstrap(&judging, &Resampling::new(10_000, 1), draw);
        assert!(test.is_some_and(|test| test.replicates.dropped() == 0));
    }
    println!("{:9.4} s  accuracy + F1, 10,000 resamples (of it {:.4} s counting)", started.elapsed().as_secs_f64(), counted.as_secs_f64());
    let (n01, n10) = (cells.0[1] + cells.0[5], cells.0[2] + cells.0[6]);
    timed(&format!("exact distribution, {} discordant", n01 + n10), || {
        ExactDifference::new(n01, n10, cells.rows()).map(|exact| exact.quantile(0.05))
    });
}

fn ranks(columns: &Columns) {
    let Columns { labels, base, head } = columns;
    timed("ROC-AUC of one model", || roc_auc(labels, base, None));
    timed("DeLong", || delong(labels, base, head, Direction::Higher, 0.01, 0.05));
    let how = Resampling::new(1000, 1);
    for (metric, threads) in [(RankMetric::RocAuc, 1), (RankMetric::RocAuc, 2), (RankMetric::AveragePrecision, 2)] {
        timed(&format!("{metric:?}, 1,000 resamples, {threads} threads"), || {
            RankedPair::new(labels, base, head, None)
                .and_then(|pair| pair.replicates(metric, &Resampling { threads, ..how }))
                .and_then(|all| all.sd())
        });
    }
}

fn timed<T>(name: &str, work: impl FnOnce() -> Option<T>) {
    let (started, busy) = (Instant::now(), busy_seconds());
    assert!(work().is_some(), "{name}");
    let busy = busy_seconds() - busy;
    println!("{:9.4} s  {name} ({busy:.4} s of it this thread had a processor)", started.elapsed().as_secs_f64());
}

struct Columns {
    labels: Vec<bool>,
    base: Vec<f64>,
    head: Vec<f64>,
}

impl Columns {
    /// Two models that are right about 80 % of the rows; their scores are rounded to `1 / steps`, or to single precision.
    fn new(rows: u64, steps: f64) -> Self {
        let mut columns = Self { labels: Vec::new(), base: Vec::new(), head: Vec::new() };
        let mut stream = Stream::new(0, 0);
        let round = |score: f64| if steps > 0.0 { (score * steps).round() / steps } else { f64::from(score as f32) };
        for _ in 0..rows {
            let label = stream.uniform() < 0.3;
            let shared = 0.35 * f64::from(u8::from(label)) + 0.5 * stream.uniform();
            columns.labels.push(label);
            columns.base.push(round(shared + 0.15 * stream.uniform()));
            columns.head.push(round(shared + 0.15 * stream.uniform()));
        }
        columns
    }
}

/// Seconds that the first thread ran, where the system tells: on a busy machine the clock says more about the others.
fn busy_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|nanoseconds| nanoseconds.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1e9
}

fn memory_mib() -> u64 {
    status("VmRSS:")
}

fn peak_mib() -> u64 {
    status("VmHWM:")
}

/// Where the system tells; 0 elsewhere.
fn status(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() / 1024
}
