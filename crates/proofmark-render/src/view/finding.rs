//! One check as people read it: its complete name, its numbers as texts, and the same numbers in full.

use proofmark_core::gate::{Evidence, Finding, Verdict};
use proofmark_core::number::{percent, shown, shown_pair, significant};
use proofmark_core::value::Value;
use serde::Serialize;

use super::{LONGEST_VALUE, name};
use crate::names::{check_name, metric};
use crate::numbers::{apart, signed};
use crate::procedure;
use crate::text::clip;

/// Digits of p-values.
const P_DIGITS: usize = 2;

/// One check.
#[derive(Debug, Serialize)]
pub(crate) struct FindingView {
    /// `pass`, `fail`, `inconclusive` and so on.
    pub(crate) verdict: &'static str,
    /// The verdict as a sign.
    pub(crate) symbol: &'static str,
    /// `allow`, `notice` or `block`.
    pub(crate) effect: &'static str,
    /// The complete name: `test:accuracy [country=DE] vs production`.
    pub(crate) name: String,
    /// The metric alone.
    pub(crate) metric: String,
    /// The file.
    pub(crate) file: Option<String>,
    /// The prediction table.
    pub(crate) table: Option<String>,
    /// Which rows of it, where not all: `country=DE`.
    pub(crate) slice: Option<String>,
    /// What the head is compared with, where that is not the base.
    pub(crate) against: Option<String>,
    /// The rule, as its glob.
    pub(crate) rule: Option<String>,
    /// Why, in words.
    pub(crate) explanation: String,
    /// What to do about it.
    pub(crate) hint: Option<String>,
    /// The value at the base.
    pub(crate) base: String,
    /// The value at the head.
    pub(crate) head: String,
    /// The difference as a share of the base.
    pub(crate) percent: String,
    /// Why, as stable words.
    pub(crate) reasons: Vec<String>,
    /// The change turned so that positive is better.
    pub(crate) improvement: String,
    /// Both confidence limits of the improvement: `-0.012 … +0.003`.
    pub(crate) interval: String,
    /// The loss that is accepted.
    pub(crate) margin: String,
    /// How strong the evidence is: `point`, `history`, `runs`, `rows`.
    pub(crate) level: &'static str,
    /// The procedure that judged, in plain words.
    pub(crate) procedure: String,
    /// Why this one.
    pub(crate) why: String,
    /// Values, runs or rows: `1000`, or `3 / 5` where the sides differ.
    pub(crate) n: String,
    /// How probable data this bad are at a loss of just the margin, adjusted for the number of checks.
    pub(crate) p: String,
    /// The smallest loss that would have been seen.
    pub(crate) mde: String,
    /// Rows or runs that would settle it.
    pub(crate) n_required: String,
    /// The numbers themselves.
    pub(crate) raw: Numbers,
}

/// Numbers at full precision.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Numbers {
    pub(crate) base: Option<Value>,
    pub(crate) head: Option<Value>,
    pub(crate) improvement: Option<f64>,
    pub(crate) relative: Option<f64>,
    pub(crate) lower: Option<f64>,
    pub(crate) upper: Option<f64>,
    pub(crate) se: Option<f64>,
    pub(crate) df: Option<f64>,
    pub(crate) margin: Option<f64>,
    pub(crate) alpha: Option<f64>,
    pub(crate) p_noninferior: Option<f64>,
    pub(crate) p_inferior: Option<f64>,
    pub(crate) p_inferior_adjusted: Option<f64>,
    pub(crate) p_two_sided: Option<f64>,
    pub(crate) n_base: Option<usize>,
    pub(crate) n_head: Option<usize>,
    pub(crate) mde: Option<f64>,
    pub(crate) n_required: Option<u64>,
    pub(crate) seed: Option<u64>,
    pub(crate) resamples: Option<u64>,
}

impl FindingView {
    pub(crate) fn new(finding: &Finding) -> Self {
        let (base, head) = values(finding);
        let change = match (&finding.baseline, &finding.candidate) {
            (Some(old), Some(new)) => proofmark_core::compare::change(old, new).1,
            _ => None,
        };
        let evidence = finding.evidence.as_ref();
        let interval = Interval::new(finding);
        Self {
            verdict: finding.verdict.name(),
            symbol: symbol(finding.verdict),
            effect: finding.effect.name(),
            name: name(&check_name(finding)),
            metric: name(&metric(finding)),
            file: finding.file.as_ref().map(|file| name(file.as_str())),
            table: finding.table.as_deref().map(name),
            slice: (!finding.slice.is_all()).then(|| name(&finding.slice.to_string())),
            against: finding.against.as_deref().map(name),
            rule: finding.rule.as_deref().map(name),
            explanation: clip(&finding.explanation, 600),
            hint: finding.hint.as_deref().map(|hint| clip(hint, 400)),
            base,
            head,
            percent: change.map_or_else(String::new, percent),
            reasons: finding.reasons.clone(),
            improvement: interval.improvement,
            interval: interval.limits,
            margin: interval.margin,
            level: evidence.map_or("", |evidence| evidence.level.name()),
            procedure: evidence.map(procedure::short).unwrap_or_default(),
            why: evidence.and_then(|evidence| evidence.why.as_deref()).map(|why| clip(why, 400)).unwrap_or_default(),
            n: evidence.map(count).unwrap_or_default(),
            p: evidence.and_then(p_inferior).map_or_else(String::new, |p| significant(p, P_DIGITS)),
            mde: evidence.and_then(|evidence| evidence.mde).map_or_else(String::new, |mde| significant(mde, 3)),
            n_required: evidence.and_then(|evidence| evidence.n_required).map_or_else(String::new, |n| n.to_string()),
            raw: Numbers::new(finding),
        }
    }
}

impl Numbers {
    pub(crate) fn new(finding: &Finding) -> Self {
        let values = Self {
            base: finding.baseline.clone(),
            head: finding.candidate.clone(),
            improvement: finding.improvement,
            relative: finding.relative,
            ..Self::default()
        };
        let Some(evidence) = &finding.evidence else { return values };
        Self {
            lower: evidence.lower,
            upper: evidence.upper,
            se: evidence.se,
            df: evidence.df,
            margin: evidence.margin,
            alpha: evidence.alpha,
            p_noninferior: evidence.p_noninferior,
            p_inferior: evidence.p_inferior,
            p_inferior_adjusted: evidence.p_inferior_adjusted,
            p_two_sided: evidence.p_two_sided,
            n_base: Some(evidence.n_base),
            n_head: Some(evidence.n_head),
            mde: evidence.mde,
            n_required: evidence.n_required,
            seed: evidence.seed,
            resamples: evidence.resamples,
            ..values
        }
    }
}

/// The change, its limits and the accepted loss, in as many digits as it takes to tell them apart: they explain the verdict.
#[derive(Debug, Default)]
pub(crate) struct Interval {
    pub(crate) improvement: String,
    /// Both limits; the only one that there is with a `≥` or a `≤`.
    pub(crate) limits: String,
    pub(crate) margin: String,
}

impl Interval {
    pub(crate) fn new(finding: &Finding) -> Self {
        let evidence = finding.evidence.as_ref();
        let improvement = evidence.and_then(|evidence| evidence.improvement).or(finding.improvement);
        let (lower, upper, margin) = evidence.map_or((None, None, None), |it| (it.lower, it.upper, it.margin));
        let digits = apart(&[lower, upper, margin.map(|margin| -margin)]);
        let told = |number: Option<f64>| number.map(|number| signed(number, digits));
        Self {
            improvement: told(improvement).unwrap_or_default(),
            limits: match (told(lower), told(upper)) {
                (Some(lower), Some(upper)) => format!("{lower} … {upper}"),
                (Some(lower), None) => format!("≥ {lower}"),
                (None, Some(upper)) => format!("≤ {upper}"),
                (None, None) => String::new(),
            },
            margin: margin.map_or_else(String::new, |margin| significant(margin, digits)),
        }
    }
}

/// The two values, shortened to what tells them apart.
pub(crate) fn values(finding: &Finding) -> (String, String) {
    let one = |value: Option<&Value>| value.map_or_else(|| "–".to_owned(), shown);
    let (base, head) = match (&finding.baseline, &finding.candidate) {
        (Some(old), Some(new)) => shown_pair(old, new),
        (old, new) => (one(old.as_ref()), one(new.as_ref())),
    };
    (clip(&base, LONGEST_VALUE), clip(&head, LONGEST_VALUE))
}

/// Values, runs or rows: `1000`, or `3 / 5` where the sides differ.
pub(crate) fn count(evidence: &Evidence) -> String {
    let (base, head) = (evidence.n_base, evidence.n_head);
    if base == head { base.to_string() } else { format!("{base} / {head}") }
}

fn p_inferior(evidence: &Evidence) -> Option<f64> {
    evidence.p_inferior_adjusted.or(evidence.p_inferior)
}

/// A sign for a verdict that needs no colour.
pub(crate) fn symbol(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✓",
        Verdict::Fail => "✗",
        Verdict::Inconclusive => "?",
        Verdict::NoBaseline => "∅",
        Verdict::Warn => "!",
        Verdict::Waived => "~",
        // A verdict that is newer than this renderer.
        _ => "*",
    }
}
