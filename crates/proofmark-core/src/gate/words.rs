//! Verdicts on noisy metrics in words: what was found, how surely, and what would settle it.

use proofmark_stats::{Verdict as Interval, interval_verdict};

use super::explain;
use super::proof::{Evidence, Level};
use super::{Finding, Verdict};
use crate::config::Limits;
use crate::number::{shown_pair, significant};
use crate::policy::Judging;
use crate::value::Value;

/// Digits of limits, margins and sizes.
const DIGITS: usize = 3;

/// Why a procedure could not decide, by its stable word.
const OBSTACLES: [(&str, &str); 10] = [
    ("multiplicity", "clear for itself, but not among so many checks"),
    ("too-few-runs", "too few runs on a side to know their spread"),
    ("too-few-pairs", "too few rows, runs or groups to know their spread"),
    ("too-few-of-a-class", "too few rows of one class"),
    ("no-examples", "there are no rows"),
    ("degenerate-variance", "the difference has no spread that could be told"),
    ("undefined-resamples", "the metric is undefined on too many resamples"),
    ("monte-carlo-error", "the limit lies nearer to the margin than the error of the resampling"),
    ("unequal-lengths", "the two sides have other numbers of runs"),
    ("non-finite", "the numbers are too large to be judged"),
];

/// A finding about bounds alone.
pub(super) fn bounds(finding: Finding, limits: &Limits) -> Finding {
    explain::sentence(finding, Some(limits))
}

/// A finding about two numbers.
pub(super) fn scalar(finding: Finding, limits: &Limits) -> Finding {
    explain::sentence(finding, Some(limits))
}

/// A finding by a procedure that knows about noise.
pub(super) fn noise(finding: Finding, judging: &Judging) -> Finding {
    let Some(evidence) = finding.evidence.clone() else { return finding };
    let found = found(&finding, &evidence);
    let by = by(&evidence);
    let has = |word: &str| finding.reasons.iter().any(|reason| reason == word);
    let equal = if has("zero-variance") { "; all values of a side are equal, which on a coarse scale is no certainty" } else { "" };
    let gone = if has("missing-runs") { "; runs of the base are missing at the head" } else { "" };
    let explanation = match finding.verdict {
        Verdict::Inconclusive => format!("{found}{gone}{}{by}", settle(&finding, &evidence, judging)),
        _ => format!("{found}{equal}{gone}{by}"),
    };
    Finding { explanation, ..finding }
}

/// The values and what is known of their difference.
fn found(finding: &Finding, evidence: &Evidence) -> String {
    let values = match (&finding.baseline, &finding.candidate) {
        (Some(old), Some(new)) if old.same(new) => format!("unchanged at {}", shown_pair(old, new).1),
        (Some(old), Some(new)) => {
            let (old, new) = shown_pair(old, new);
            format!("{old} → {new}")
        }
        _ => String::new(),
    };
    let margin = evidence.margin.unwrap_or(f64::NAN);
    let (Some(lower), Some(upper)) = (evidence.lower, evidence.upper) else { return values };
    let accepted = if margin > 0.0 { format!("the accepted loss of {}", size(margin)) } else { "no accepted loss".to_owned() };
    let what = match interval_verdict(lower, upper, margin) {
        Interval::Fail => format!("at least {} worse, beyond {accepted}", size(-upper)),
        Interval::Pass if lower > 0.0 => format!("improved by at least {}", size(lower)),
        Interval::Pass if upper < 0.0 => format!("slightly worse, by {} at most, within {accepted}", size(-lower)),
        Interval::Pass if lower >= 0.0 => "not worse".to_owned(),
        Interval::Pass => format!("no material change: {} worse at most, within {accepted}", size(-lower)),
        Interval::Inconclusive => format!("{}, around {accepted}", between(lower, upper)),
    };
    format!("{values}: {what}")
}

/// An interval of improvements in words.
fn between(lower: f64, upper: f64) -> String {
    if upper < 0.0 {
        format!("between {} and {} worse", size(-upper), size(-lower))
    } else if lower >= 0.0 {
        format!("between {} and {} better", size(lower), size(upper))
    } else {
        format!("between {} worse and {} better", size(-lower), size(upper))
    }
}

/// What would make the verdict clear.
fn settle(finding: &Finding, evidence: &Evidence, judging: &Judging) -> String {
    let has = |reason: &str| finding.reasons.iter().any(|other| other == reason);
    let unit = if evidence.level == Level::Rows { "rows" } else { "runs a side" };
    let n = evidence.n_base.min(evidence.n_head);
    // What stood in the way of judging at all says more than how much data is missing.
    if let Some((_, why)) = OBSTACLES.iter().find(|(reason, _)| has(reason)) {
        return format!("; {why}");
    }
    let seen = match evidence.mde {
        // No row differs: what is known is what so few rows can rule out.
        Some(mde) if finding.improvement == Some(0.0) && evidence.se == Some(0.0) => {
            format!("; all {n} {unit} agree, and so few rule out a loss above {} only", size(mde))
        }
        Some(mde) if mde.is_finite() => {
            format!(
                "; with {n} {unit} a loss below {} is not seen in {} of 100 cases",
                size(mde),
                significant(100.0 * (1.0 - judging.power), 2)
            )
        }
        _ => String::new(),
    };
    let wanted = match evidence.n_required {
        Some(required) if required > n as u64 => format!(", {required} {unit} would be enough if nothing has changed"),
        Some(_) => ", there would be enough if nothing had changed, so something may have".to_owned(),
        None if evidence.margin == Some(0.0) => {
            ", and with no accepted loss no number of them would be enough: give the rule a margin".to_owned()
        }
        None => String::new(),
    };
    format!("{seen}{wanted}")
}

fn by(evidence: &Evidence) -> String {
    let name = match evidence.procedure.as_str() {
        "paired_proportion_noninferiority" => "Tango's score limits on the same rows",
        "two_proportions" => "score limits on different rows",
        "paired_t_noninferiority" if evidence.level == Level::Rows => "paired t on the same rows",
        "paired_t_noninferiority" => "paired t on the same seeds",
        "welch_noninferiority" => "Welch's t",
        "sign_flip_test" => "sign flips",
        "delong_paired" => "DeLong on the same rows",
        "paired_bootstrap" => "bootstrap on the same rows",
        "bootstrap" => "bootstrap",
        "prediction_limit_t" => "prediction limit of the history",
        _ => return String::new(),
    };
    let confidence = evidence.alpha.map_or_else(String::new, |alpha| format!(", {} %", significant(100.0 * (1.0 - alpha), 4)));
    format!(" ({name}{confidence})")
}

fn size(number: f64) -> String {
    significant(number, DIGITS)
}

/// The finding of a history: the new value beside what is usual.
pub(super) fn history(finding: Finding, lower: f64, upper: f64, n: usize) -> Finding {
    let value = finding.candidate.as_ref().map_or_else(String::new, crate::number::shown);
    let usual = format!(
        "the last {n} values lie around {} (usual: {} to {})",
        finding.baseline.as_ref().map_or_else(String::new, crate::number::shown),
        size4(lower),
        size4(upper)
    );
    let what = match finding.verdict {
        Verdict::Fail | Verdict::Warn => "is unusually bad",
        Verdict::Inconclusive => "is worse than accepted and not unusual for this branch",
        _ => "is not unusually bad",
    };
    Finding { explanation: format!("{value} {what}: {usual}"), ..finding }
}

fn size4(number: f64) -> String {
    crate::number::shown(&Value::Float(number))
}
