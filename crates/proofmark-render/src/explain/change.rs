//! What would turn a verdict: another margin, more rows or runs, a value that is missing.

use proofmark_core::config::Severity;
use proofmark_core::gate::{Evidence, Finding, Level, Verdict};
use proofmark_core::number::significant;
use proofmark_core::value::Value;

use crate::numbers::{rounded_down, rounded_up};
use crate::text::counted;

/// One sentence for each thing that would.
pub(super) fn would_change(finding: &Finding) -> Vec<String> {
    let mut changes = Vec::new();
    if let Some(waiver) = &finding.waiver {
        changes.push(format!("Without the waiver, so from the day after {}, the verdict is {}.", waiver.expires, waiver.found.name()));
    }
    changes.extend(finding.reasons.iter().filter_map(|reason| by_reason(reason, finding)));
    if let Some(evidence) = &finding.evidence {
        changes.extend(by_margin(finding, evidence));
        changes.extend(by_amount(finding, evidence));
    }
    changes
}

fn by_reason(reason: &str, finding: &Finding) -> Option<String> {
    // In full: a bound that is rounded could still lie on the wrong side.
    let value = || finding.candidate.as_ref().and_then(Value::as_f64);
    Some(match reason {
        "below-min" => format!("A `min` of {} or less lets it pass.", value()?),
        "above-max" => format!("A `max` of {} or more lets it pass.", value()?),
        "missing-candidate" | "nothing-matched" => "A value at the head: the rule says that there must be one.".to_owned(),
        "missing-slice" => "Rows of this slice at the head: the rule says that there must be some.".to_owned(),
        "non-finite-candidate" | "null-candidate" | "non-numeric-candidate" => "A finite number at the head.".to_owned(),
        "no-baseline" | "non-finite-baseline" | "undefined-baseline" => {
            "A value to compare with; bounds (`min`, `max`) need none.".to_owned()
        }
        "relative-undefined" => "A `max_regression_abs`: a share of zero is no limit.".to_owned(),
        "multiplicity" => "Fewer checks, or clearer data: for itself it would fail, but among so many checks some do by chance.".to_owned(),
        "different-test-set" => "The same test rows on both sides.".to_owned(),
        "unpaired-rows" => "The same ids on both sides, or a larger `max_unmatched` of the table.".to_owned(),
        "too-few-rows" => "More rows, or a smaller `min_rows`.".to_owned(),
        "too-few-runs" | "thin-evidence" => "More runs on both sides.".to_owned(),
        "too-few-values" => "More recorded values, or a smaller `min` of [history].".to_owned(),
        "direction-unknown" => "A direction for the metric in the policy.".to_owned(),
        _ => return None,
    })
}

/// With these reasons an inconclusive verdict is about the margin; any other stands in the way whatever loss is accepted.
const ABOUT_MARGIN: [&str; 6] = ["too-little-evidence", "monte-carlo-error", "multiplicity", "thin-evidence", "rerun", "waived"];

/// From which accepted loss on it passes, and below which it fails.
fn by_margin(finding: &Finding, evidence: &Evidence) -> Vec<String> {
    let has = |wanted: &str| finding.reasons.iter().any(|reason| reason == wanted);
    let found = finding.waiver.as_ref().map_or(finding.verdict, |waiver| waiver.found);
    let is_blocked = found == Verdict::Inconclusive
        && !has("within-noise")
        && finding.reasons.iter().any(|reason| !ABOUT_MARGIN.contains(&reason.as_str()));
    if finding.rule.is_none() || finding.not_judged || is_blocked {
        return Vec::new();
    }
    let fails = match finding.severity {
        _ if has("multiplicity") => "For itself it fails",
        Severity::Warn => "It is a warning",
        Severity::Fail | Severity::Info => "It fails",
    };
    if let (Some(lower), Some(upper)) = (evidence.lower, evidence.upper) {
        let pass = if lower >= 0.0 {
            "It passes whatever loss is accepted, none too: the lower limit is no loss.".to_owned()
        } else {
            let verb = if finding.verdict == Verdict::Pass {
                "It passes as long as the accepted loss is"
            } else {
                "It passes with an accepted loss of"
            };
            format!("{verb} {} or more{}.", rounded_up(-lower), relative(finding, -lower))
        };
        let fail = if upper >= 0.0 {
            "No accepted loss makes it fail: by these data nothing may have been lost.".to_owned()
        } else {
            format!("{fails} with an accepted loss below {}; in between it cannot be told.", rounded_down(-upper))
        };
        return vec![pass, fail];
    }
    // Without limits the two numbers decide; of a history they decide together with what is usual.
    let by_change = finding.reasons.iter().any(|reason| reason.starts_with("regression") || reason == "within-noise");
    let loss = finding.improvement.map(|improvement| 0.0 - improvement).filter(|loss| *loss > 0.0);
    let limited = finding.limits.as_ref().is_some_and(|limits| limits.limit_change());
    match loss {
        Some(loss) if by_change => {
            vec![format!("It passes with an accepted loss of {} or more{}.", rounded_up(loss), relative(finding, loss))]
        }
        Some(loss) if limited && finding.verdict == Verdict::Pass && evidence.level == Level::Point => {
            vec![format!("{fails} with an accepted loss below {}.", rounded_down(loss))]
        }
        _ => Vec::new(),
    }
}

/// The same loss as the policy's other key would say it.
fn relative(finding: &Finding, loss: f64) -> String {
    let base = finding.baseline.as_ref().and_then(Value::as_f64).filter(|base| base.is_finite() && *base != 0.0);
    base.map_or_else(String::new, |base| {
        let (absolute, share) = (rounded_up(loss), rounded_up(loss / base.abs()));
        format!(" (`max_regression_abs = {absolute}`, or `max_regression_rel = {share}`)")
    })
}

/// How much more would settle it, and what can be seen with what is there.
fn by_amount(finding: &Finding, evidence: &Evidence) -> Vec<String> {
    let unit = match evidence.level {
        Level::Rows => "row",
        Level::Runs => "run",
        _ => return Vec::new(),
    };
    let side = if evidence.level == Level::Runs { " a side" } else { "" };
    let there = evidence.n_base.min(evidence.n_head);
    let mut told = Vec::new();
    match evidence.n_required {
        Some(needed) if needed > there as u64 => {
            told.push(format!("{needed} {unit}s{side} would be enough if nothing has changed in truth; there are {there}."));
        }
        Some(_) => told.push(format!("{} would be enough if nothing had changed in truth, so something may have.", counted(there, unit))),
        None if finding.verdict == Verdict::Inconclusive && evidence.margin == Some(0.0) => {
            told.push(format!("With no accepted loss no number of {unit}s is enough where nothing has changed: give the rule a margin."));
        }
        None => {}
    }
    if let Some(mde) = evidence.mde {
        told.push(format!("With {}{side} the smallest loss that is seen reliably is {}.", counted(there, unit), significant(mde, 3)));
    }
    told
}
