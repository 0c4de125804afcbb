//! Metrics of prediction tables that no rule judges: shown with their limits, and never counted.

use proofmark_stats::multiple::benjamini_hochberg;

use super::measured::{self, orient_shown};
use super::proof::{Evidence, Level};
use super::scalar::change;
use super::{Finding, Verdict, assess, check};
use crate::compare::Comparison;
use crate::config::{Effect, Severity};
use crate::evidence::Measured;
use crate::policy::{Judging, Policy};
use crate::value::Value;

/// Findings for readers. Which differences stand out among so many is told by p-values adjusted as Benjamini and Hochberg (1995) say:
/// of those called different, one in twenty is by chance.
pub(super) fn findings(comparison: &Comparison, policy: &Policy, judged: &[Finding]) -> Vec<Finding> {
    let is_judged = |measured: &Measured| {
        judged.iter().any(|finding| {
            finding.table == measured.table
                && finding.metric == measured.metric
                && finding.slice == measured.slice
                && finding.against == measured.against
        })
    };
    let rows = comparison.measured.iter().filter(|measured| measured.against.is_none() && !is_judged(measured));
    let mut shown: Vec<Finding> = rows.map(|measured| finding(policy, measured)).collect();
    let p_values: Vec<Option<f64>> =
        shown.iter().map(|finding| finding.evidence.as_ref().and_then(|evidence| evidence.p_two_sided)).collect();
    for (finding, adjusted) in shown.iter_mut().zip(benjamini_hochberg(&p_values)) {
        if let (Some(adjusted), Some(evidence)) = (adjusted, finding.evidence.as_mut()) {
            evidence.shown.push(super::Shown { name: "p_two_sided_bh".to_owned(), value: adjusted });
            if adjusted <= policy.situations.alpha {
                finding.reasons.push("different".to_owned());
            }
        }
    }
    shown
}

fn finding(policy: &Policy, measured: &Measured) -> Finding {
    let oriented = orient_shown(policy, measured);
    let moved = oriented.map(|oriented| change(measured.base, measured.head, oriented.direction)).unwrap_or_default();
    let evidence = match (&measured.sample, oriented) {
        (Some(sample), Some(oriented)) => {
            let judging = Judging::shown(&policy.situations);
            let mut evidence = assess::assess(measured.metric.as_str(), sample, oriented.direction, 0.0, &judging).evidence;
            // There is no margin, so nothing that depends on one is said.
            (evidence.margin, evidence.p_noninferior, evidence.p_inferior) = (None, None, None);
            (evidence.mde, evidence.n_required) = (None, None);
            evidence
        }
        _ => Evidence::new(Level::Rows, "none", measured.n_base as usize, measured.n_head as usize),
    };
    let (reasons, explanation) = match &measured.obstacle {
        Some(obstacle) => (vec![obstacle.reason.name().to_owned()], obstacle.told.clone()),
        None => (Vec::new(), String::new()),
    };
    Finding {
        table: measured.table.clone(),
        slice: measured.slice.clone(),
        verdict: if measured.head.is_some() { Verdict::Pass } else { Verdict::Inconclusive },
        effect: Effect::Allow,
        severity: Severity::Info,
        oriented,
        baseline: measured.base.map(Value::Float),
        candidate: measured.head.map(Value::Float),
        improvement: measured::finite(moved.improvement),
        relative: measured::finite(moved.relative),
        evidence: Some(evidence),
        reasons,
        explanation,
        ..check::empty(Some(measured.file.clone()), measured.metric.clone())
    }
}
