//! The reasons of checks as rules that other systems list: stable names, what each means, and what to do.

use proofmark_core::gate::Finding;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reason {
    /// The stable name.
    pub(super) id: &'static str,
    /// What it means, as a sentence.
    pub(super) short: &'static str,
    /// What to do about it.
    pub(super) help: &'static str,
}

/// Nothing could be judged at all.
pub(super) const NOTHING_JUDGED: Reason =
    reason("nothing-judged", "Nothing could be judged.", "Read the message; it names what is missing.");
/// There was nothing to judge.
pub(super) const NOTHING_CHECKED: Reason =
    reason("nothing-checked", "No rule of the policy found a metric.", "Do the files and names of the policy fit those of the head?");
/// A file cannot be read.
pub(super) const UNREADABLE_FILE: Reason =
    reason("unreadable-file", "A metrics file cannot be read.", "Mend the file, or fetch it where it is only referred to.");

/// The reason of a check that matters most: the first one that is known, else its verdict.
pub(super) fn main_reason(finding: &Finding) -> Reason {
    let known = finding.reasons.iter().find_map(|word| REASONS.iter().find(|reason| reason.id == word));
    known.or_else(|| VERDICTS.iter().find(|reason| reason.id == finding.verdict.name())).copied().unwrap_or(OTHER)
}

const fn reason(id: &'static str, short: &'static str, help: &'static str) -> Reason {
    Reason { id, short, help }
}

/// A verdict that is newer than this program.
const OTHER: Reason = reason("other", "A check did not pass.", "Read the message.");

/// Where no reason is told.
const VERDICTS: [Reason; 6] = [
    reason("fail", "A rule is violated.", LOSS),
    reason("inconclusive", "It cannot be told whether a rule is kept.", EVIDENCE),
    reason("no-baseline", "There is nothing to compare with.", BASELINE),
    reason("warn", "A rule that only warns is violated.", LOSS),
    reason("waived", "A loss was accepted by a waiver.", "Nothing, until the waiver is over."),
    reason("pass", "A rule is kept.", "Nothing."),
];

const LOSS: &str = "Mend the change, or widen the limit in the policy of the base; an approver can accept the loss with a waiver.";
const EVIDENCE: &str = "More rows or runs settle it; a larger accepted loss needs fewer of them.";
const BASELINE: &str = "Once the base branch has the metric, it is compared; `no_baseline` says what happens until then.";
const GONE: &str = "Write the metric again, or take its rule out of the policy of the base.";
const NUMBER: &str = "Mend what writes the metric: the rule needs a finite number.";
const UNREAD: &str = "Mend the file; the message names the place of the mistake.";
const FETCH: &str = "Fetch the content before the check runs (`dvc pull`, `git lfs pull`).";
const ROWS: &str = "Evaluate both sides on the same rows.";
const DEFINED: &str = "The rows need examples of every class that the metric is about.";
const POLICY: &str = "Correct the policy.";
const COMPOSITE: &str = "Mend the change, or change the composite rule in the policy of the base.";

/// All that are known.
const REASONS: &[Reason] = &[
    reason("below-min", "A metric is below its minimum.", LOSS),
    reason("above-max", "A metric is above its maximum.", LOSS),
    reason("regression", "A metric is surely worse than accepted.", LOSS),
    reason("regression-abs", "A metric is worse than accepted, in its own unit.", LOSS),
    reason("regression-rel", "A metric is worse than accepted, as a share of the base.", LOSS),
    reason("unusual", "A metric is unusually bad for the branch.", LOSS),
    reason("missing-candidate", "A metric is missing at the head.", GONE),
    reason("missing-slice", "A slice has no rows at the head.", GONE),
    reason("missing-runs", "Runs of the base are missing at the head.", "Repeat the training as often as at the base."),
    reason("metric-removed", "A metric is gone, and no rule is about it.", "Write it again, or accept that it is gone."),
    reason("nothing-matched", "A rule fits no metric.", POLICY),
    reason("not-measured", "A rule is about a table that was not evaluated.", POLICY),
    reason("null-candidate", "A metric is null at the head.", NUMBER),
    reason("non-numeric-candidate", "A metric is no number at the head.", NUMBER),
    reason("non-finite-candidate", "A metric is NaN or infinite at the head.", NUMBER),
    reason("non-numeric-baseline", "A metric is no number at the base.", NUMBER),
    reason("non-finite-baseline", "A metric is NaN or infinite at the base.", NUMBER),
    reason("undefined-candidate", "A metric is not defined on the rows of the head.", DEFINED),
    reason("undefined-baseline", "A metric is not defined on the rows of the base.", DEFINED),
    reason("unparsable-candidate", "A file of the head cannot be understood.", UNREAD),
    reason("unparsable-baseline", "A file of the base cannot be understood.", UNREAD),
    reason("unavailable-candidate", "The content of a file of the head is not here.", FETCH),
    reason("unavailable-baseline", "The content of a file of the base is not here.", FETCH),
    reason("unreadable-candidate", "A table of the head cannot be read.", UNREAD),
    reason("unreadable-baseline", "A table or a run of the base cannot be read.", UNREAD),
    reason("unchanged-by-hash", "The content is not here, and proven equal by its hash.", FETCH),
    reason("direction-unknown", "Nobody said which way a metric gets better.", "Name its direction under `[directions]` in the policy."),
    reason("relative-undefined", "A relative limit says nothing for a base of zero.", "Add `max_regression_abs` to the rule."),
    reason("no-limit", "A rule has no limit to judge by.", POLICY),
    reason("unknown-name", "A rule names a metric that there is not.", POLICY),
    reason("renamed-file", "A metrics file moved, and is compared with what it was.", "Check that it is the same file."),
    reason("different-test-set", "The two sides were evaluated on different test sets.", ROWS),
    reason("unpaired-rows", "Too many rows stand on one side only.", ROWS),
    reason("too-few-rows", "There are too few rows to judge.", EVIDENCE),
    reason("too-few-runs", "There are too few runs to know their spread.", EVIDENCE),
    reason("too-few-values", "The recorded history is too short.", "Let the base branch record more values."),
    reason("too-few-pairs", "There are too few pairs to know their spread.", EVIDENCE),
    reason("too-few-of-a-class", "There are too few rows of one class.", EVIDENCE),
    reason("too-few-slices", "There are too few slices to compare.", EVIDENCE),
    reason("too-little-evidence", "The evidence fits a loss beyond the limit as well as none.", EVIDENCE),
    reason("thin-evidence", "The verdict rests on few runs.", EVIDENCE),
    reason("within-noise", "A metric is worse than accepted, and not unusual for the branch.", EVIDENCE),
    reason("multiplicity", "A check is clear for itself, but not among so many.", EVIDENCE),
    reason("no-examples", "There are no rows.", EVIDENCE),
    reason("degenerate-variance", "The differences have no spread that could be told.", EVIDENCE),
    reason("undefined-resamples", "A metric is undefined on too many resamples.", EVIDENCE),
    reason("monte-carlo-error", "The limit is nearer to the margin than the error of the resampling.", "Ask for more resamples."),
    reason("unequal-lengths", "The two sides have other numbers of runs.", "Repeat the training equally often on both sides."),
    reason("non-finite", "The numbers are too large to be judged.", NUMBER),
    reason("procedure-unavailable", "The procedure that the rule asks for does not fit the evidence.", POLICY),
    reason("expression-false", "The condition of a composite rule does not hold.", COMPOSITE),
    reason("operand-unknown", "A composite rule is about a value that is not known.", COMPOSITE),
    reason("worst-slice", "The worst slice is worse than accepted.", COMPOSITE),
    reason("pareto-worse", "Some metrics got worse and none got better.", COMPOSITE),
    reason("not-shown", "What a composite rule asks for is neither shown nor ruled out.", EVIDENCE),
    reason("gap-above-max", "The gap between slices is larger than accepted.", COMPOSITE),
    reason("gap-change-above-max", "The gap between slices grew by more than accepted.", COMPOSITE),
    reason("trade-loss", "A loss is larger than a trade-off accepts, whatever is gained.", COMPOSITE),
    reason("trade-unpaid", "A loss was not made good by the gain that the rule asks for.", COMPOSITE),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::testing::{POLICY as EVERYDAY_POLICY, everyday, report, rows_report};

    #[test]
    fn names_are_unique_and_texts_are_sentences() {
        let all: Vec<Reason> =
            REASONS.iter().copied().chain(VERDICTS).chain([OTHER, NOTHING_JUDGED, NOTHING_CHECKED, UNREADABLE_FILE]).collect();
        let ids: BTreeSet<&str> = all.iter().map(|reason| reason.id).collect();
        assert_eq!(ids.len(), all.len());
        for Reason { id, short, help } in all {
            assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{id}");
            assert!(short.ends_with('.') && help.ends_with(['.', '?']), "{id}");
        }
    }

    #[test]
    fn what_did_not_pass_has_a_reason_that_is_known() {
        for report in [report(everyday(), EVERYDAY_POLICY), rows_report()] {
            for finding in report.judgement.findings.iter().filter(|finding| !finding.reasons.is_empty()) {
                let reason = main_reason(finding);
                assert_eq!(reason.id, finding.reasons[0], "{}", finding.explanation);
            }
        }
    }

    #[test]
    fn a_foreign_word_is_no_name() {
        let mut report = report(everyday(), EVERYDAY_POLICY);
        let finding = report.judgement.findings.iter_mut().find(|finding| finding.verdict.name() == "fail").expect("one that fails");
        finding.reasons = vec!["<script>".to_owned()];
        assert_eq!(main_reason(finding).id, "fail");
    }
}
