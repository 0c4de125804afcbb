//! One metric on several parts of the rows: which parts are worse, those that rules judge and those that are only shown.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use proofmark_core::config::Severity;
use proofmark_core::evidence::Slice;
use proofmark_core::gate::{Finding, Verdict};
use proofmark_core::report::Report;
use serde::Serialize;

use super::finding::{Interval, Numbers, count, symbol, values};
use super::{Room, name};

/// Slices of one metric beside each other where not everything is asked for: the worst ones.
const FEW: usize = 10;

/// Metrics that have several slices, each as a table.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Slices {
    /// One table for each metric.
    pub(crate) tables: Vec<SliceTable>,
    /// How many tables were left out for want of room.
    pub(crate) left_out: usize,
    /// How many slices are in no table for want of room.
    pub(crate) rows_left_out: usize,
    /// Whether some row is marked `(BH)`.
    pub(crate) marked: bool,
}

/// One metric on several slices.
#[derive(Debug, Serialize)]
pub(crate) struct SliceTable {
    /// The metric with its table: `test:accuracy`.
    pub(crate) name: String,
    /// The slices, the worst first, behind all rows together.
    pub(crate) rows: Vec<SliceRow>,
    /// How many were left out for want of room.
    pub(crate) left_out: usize,
}

/// One slice.
#[derive(Debug, Serialize)]
pub(crate) struct SliceRow {
    /// The slice, or `all rows`.
    pub(crate) slice: String,
    /// Whether these are all rows.
    pub(crate) whole: bool,
    /// Whether there are too few rows to judge.
    pub(crate) small: bool,
    /// The effect of the check; `allow` where nothing judges.
    pub(crate) effect: &'static str,
    /// What was learned, or what stands out: `✗ fail`, `worse (BH)`.
    pub(crate) told: String,
    /// Rows: `1000`, or `3 / 5` where the sides differ.
    pub(crate) n: String,
    /// The value at the base.
    pub(crate) base: String,
    /// The value at the head.
    pub(crate) head: String,
    /// The change turned so that positive is better.
    pub(crate) improvement: String,
    /// Both confidence limits of it.
    pub(crate) interval: String,
    /// The numbers themselves.
    pub(crate) raw: Numbers,
}

/// What the rows of one table have in common: table, file, metric, and what it is compared with.
pub(super) type Group<'a> = (Option<&'a str>, Option<&'a str>, &'a str, Option<&'a str>);

/// All of them.
pub(super) type Groups<'a> = BTreeMap<Group<'a>, Vec<&'a Finding>>;

impl Slices {
    pub(super) fn new(groups: Groups<'_>, room: &Room) -> Self {
        let mut slices = Self::default();
        let mut rest = room.slices;
        let each = if groups.is_empty() { 0 } else { (room.slices / groups.len()).max(2) };
        let each = if room.all { each } else { each.min(FEW) };
        for ((table, _, metric, against), mut rows) in groups {
            rows.sort_by(|one, two| order(one, two));
            let shown = rows.len().min(each).min(rest);
            slices.rows_left_out += rows.len() - shown;
            if shown == 0 {
                slices.left_out += 1;
                continue;
            }
            rest -= shown;
            let table = table.map_or_else(String::new, |table| format!("{table}:"));
            let against = against.map_or_else(String::new, |against| format!(" vs {against}"));
            slices.tables.push(SliceTable {
                name: name(&format!("{table}{metric}{against}")),
                left_out: rows.len() - shown,
                rows: rows.into_iter().take(shown).map(SliceRow::new).collect(),
            });
        }
        slices.marked = slices.tables.iter().flat_map(|table| &table.rows).any(|row| row.told.ends_with("(BH)"));
        slices
    }

    /// How many rows are shown.
    pub(crate) fn shown(&self) -> usize {
        self.tables.iter().map(|table| table.rows.len()).sum()
    }
}

/// Where a finding belongs.
pub(super) fn group(finding: &Finding) -> Group<'_> {
    let file = finding.file.as_ref().map(|file| file.as_str());
    (finding.table.as_deref(), file, finding.metric.as_str(), finding.against.as_deref())
}

/// The findings of metrics that have more than one slice; of several checks of one slice the one that matters most.
pub(super) fn groups(report: &Report) -> Groups<'_> {
    let judgement = &report.judgement;
    let mut groups: BTreeMap<Group<'_>, BTreeMap<&Slice, &Finding>> = BTreeMap::new();
    for finding in judgement.findings.iter().chain(&judgement.shown).filter(|finding| finding.table.is_some()) {
        let slot = groups.entry(group(finding)).or_default().entry(&finding.slice).or_insert(finding);
        if (finding.effect, std::cmp::Reverse(finding.verdict)) > (slot.effect, std::cmp::Reverse(slot.verdict)) {
            *slot = finding;
        }
    }
    let several = groups.into_iter().filter(|(_, slices)| slices.len() > 1);
    several.map(|(group, slices)| (group, slices.into_values().collect())).collect()
}

/// All rows, then the worst slices, then those that are too small to say anything.
fn order(one: &Finding, two: &Finding) -> Ordering {
    let rank = |finding: &Finding| {
        // Of what nobody judges, what stands out comes before the rest; both come behind what did not pass.
        let judged = finding.severity != Severity::Info && finding.verdict != Verdict::Pass;
        let verdict = if judged { finding.verdict } else { Verdict::Pass };
        (!finding.slice.is_all(), is_small(finding), verdict, !(is_marked(finding) && loss(finding) > 0.0))
    };
    rank(one).cmp(&rank(two)).then_with(|| loss(two).total_cmp(&loss(one))).then_with(|| one.slice.cmp(&two.slice))
}

fn loss(finding: &Finding) -> f64 {
    // What has no improvement cannot be ordered by it, and stands behind what has.
    finding.improvement.map_or(f64::NEG_INFINITY, |improvement| 0.0 - improvement)
}

fn is_small(finding: &Finding) -> bool {
    finding.reasons.iter().any(|reason| reason == "too-few-rows")
}

fn is_marked(finding: &Finding) -> bool {
    finding.reasons.iter().any(|reason| reason == "different")
}

impl SliceRow {
    fn new(finding: &Finding) -> Self {
        let whole = finding.slice.is_all();
        let is_shown = finding.rule.is_none();
        let told = if is_small(finding) {
            "too few rows".to_owned()
        } else if is_marked(finding) {
            let way = match finding.improvement {
                Some(improvement) if improvement < 0.0 => "worse",
                Some(improvement) if improvement > 0.0 => "better",
                _ => "different",
            };
            format!("{way} (BH)")
        } else if is_shown && finding.verdict == Verdict::Pass {
            String::new()
        } else if is_shown {
            finding.reasons.first().map(|reason| name(&reason.replace('-', " "))).unwrap_or_default()
        } else {
            format!("{} {}", symbol(finding.verdict), finding.verdict.name())
        };
        let (base, head) = values(finding);
        let interval = Interval::new(finding);
        Self {
            slice: if whole { "all rows".to_owned() } else { name(&finding.slice.to_string()) },
            whole,
            small: is_small(finding),
            effect: finding.effect.name(),
            told,
            n: finding.evidence.as_ref().map(count).unwrap_or_default(),
            base,
            head,
            improvement: interval.improvement,
            interval: interval.limits,
            raw: Numbers::new(finding),
        }
    }
}
