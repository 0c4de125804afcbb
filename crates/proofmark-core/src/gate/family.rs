//! Many checks at once: failing claims that some check is worse, so its error rate is held over all of them (Holm 1979);
//! passing needs every check to pass and needs no correction (Berger 1982).

use proofmark_stats::multiple::holm;

use super::{Finding, Verdict, effect_of};
use crate::config::{Effect, Severity, WhenInconclusive};

/// Adjusts the p-values of all checks that count, and takes back each failure that does not stand among so many: it
/// becomes inconclusive, never a pass. `when` says what that does, per finding in the same order.
pub(super) fn correct(findings: &mut [Finding], when: &dyn Fn(&Finding) -> WhenInconclusive) {
    let counts = |finding: &Finding| finding.severity != Severity::Info;
    let p_values: Vec<Option<f64>> = findings
        .iter()
        .map(|finding| finding.evidence.as_ref().filter(|_| counts(finding)).and_then(|evidence| evidence.p_inferior))
        .collect();
    let adjusted = holm(&p_values);
    for (finding, adjusted) in findings.iter_mut().zip(adjusted) {
        let (Some(adjusted), Some(evidence)) = (adjusted, finding.evidence.as_mut()) else { continue };
        evidence.p_inferior_adjusted = Some(adjusted);
        let stands = evidence.alpha.is_none_or(|alpha| adjusted <= alpha);
        let by_evidence = finding.reasons.iter().any(|reason| reason == "regression");
        if stands || !by_evidence || !matches!(finding.verdict, Verdict::Fail | Verdict::Warn) {
            continue;
        }
        let when = when(finding);
        finding.verdict = Verdict::Inconclusive;
        finding.effect = effect_of(Verdict::Inconclusive, finding.severity, Effect::Notice, when.effect());
        finding.reasons = vec!["multiplicity".to_owned()];
        if when == WhenInconclusive::Rerun {
            finding.reasons.push("rerun".to_owned());
        }
        finding.explanation.push_str("; clear for itself, but not among so many checks (Holm)");
    }
}
