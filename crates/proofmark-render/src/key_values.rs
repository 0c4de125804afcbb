//! The metrics that matter most, as a later report remembers them.

use std::collections::BTreeSet;

use proofmark_core::config::Effect;
use proofmark_core::gate::Finding;
use proofmark_core::path::RepoPath;
use proofmark_core::report::Report;
use proofmark_core::value::Value;

use crate::names::place_name;
use crate::text::clip;

const MOST: usize = 5;
const LONGEST_NAME: usize = 120;

/// Up to five metrics that matter most and their values at the head: what blocks first, then what the policy's rules are
/// about, then what changed. Only finite numbers; no name twice.
///
/// A name holds the file, however many there are, so that it is the same from run to run.
pub fn key_values(report: &Report) -> Vec<(String, f64)> {
    let findings = &report.judgement.findings;
    let blocking = findings.iter().filter(|finding| finding.effect == Effect::Block);
    let ruled = || findings.iter().filter(|finding| finding.rule.is_some());
    // The whole before its parts, of which there may be many.
    let ruled = ruled().filter(|finding| finding.slice.is_all()).chain(ruled().filter(|finding| !finding.slice.is_all()));
    let judged = blocking.chain(ruled).map(|finding| (of_finding(finding), finding.candidate.as_ref()));
    let changed = report.comparison.metrics.iter().filter(|row| !row.status.is_unchanged());
    let changed = changed.map(|row| (name(Some(&row.file), &row.key.to_string()), row.head.as_ref()));
    let mut names = BTreeSet::new();
    let mut values = Vec::new();
    for (name, value) in judged.chain(changed) {
        let Some(number) = value.and_then(Value::as_f64).filter(|number| number.is_finite()) else { continue };
        if names.insert(name.clone()) {
            values.push((name, number));
            if values.len() == MOST {
                break;
            }
        }
    }
    values
}

/// A table has a name of its own, which stands for its file.
fn of_finding(finding: &Finding) -> String {
    name(finding.file.as_ref().filter(|_| finding.table.is_none()), &place_name(finding))
}

fn name(file: Option<&RepoPath>, metric: &str) -> String {
    let name = file.map_or_else(|| metric.to_owned(), |file| format!("{metric} in {file}"));
    clip(&name, LONGEST_NAME)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{POLICY, everyday, hostile_report, report};

    #[test]
    fn what_blocks_comes_first() {
        let names = |report: &Report| key_values(report).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        let mut given = report(everyday(), POLICY);
        let ruled = ["accuracy in eval/metrics.json", "de.accuracy in eval/slices.json", "en.accuracy in eval/slices.json"];
        assert_eq!(names(&given)[..3], ruled);
        assert_eq!(key_values(&given)[0].1, 0.8934);
        assert_eq!(names(&given).len(), 5);
        let loss = given.judgement.findings.iter().position(|finding| finding.metric.as_str() == "loss").expect("a check of the loss");
        given.judgement.findings[loss].effect = Effect::Block;
        assert_eq!(names(&given)[..2], ["accuracy in eval/metrics.json", "loss in eval/metrics.json"]);
        given.judgement.findings.clear();
        assert_eq!(names(&given)[..2], ["accuracy in eval/metrics.json", "auc in eval/metrics.json"]);
    }

    #[test]
    fn tables_are_named_without_their_file_and_the_whole_comes_before_its_parts() {
        let mut report = crate::testing::rows_report();
        report.judgement.findings.iter_mut().for_each(|finding| finding.effect = Effect::Notice);
        let names: Vec<String> = key_values(&report).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names[0], "test:accuracy");
        assert_eq!(names[1..4], ["loss in eval/metrics.json", "latency_ms in eval/metrics.json", "test:accuracy [country=DE]"]);
    }

    #[test]
    fn values_are_finite_and_names_are_bounded() {
        let values = key_values(&hostile_report());
        assert!(!values.is_empty() && values.len() <= MOST);
        assert!(values.iter().all(|(name, value)| value.is_finite() && crate::text::width(name) <= LONGEST_NAME), "{values:?}");
    }
}
