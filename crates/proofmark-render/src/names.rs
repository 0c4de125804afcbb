//! How a check is named: the same words in every form of a report, and as people type them.

use proofmark_core::gate::Finding;

/// The complete name of a check: `accuracy`, `test:accuracy [country=DE]`, `accuracy vs production`. Not escaped.
pub fn check_name(finding: &Finding) -> String {
    let against = finding.against.as_ref().map_or_else(String::new, |against| format!(" vs {against}"));
    format!("{}{against}", place_name(finding))
}

/// Whether `typed` names the check: its complete name, the same without what it is compared with or without the slice, the metric
/// alone, or `FILE:METRIC`.
pub fn is_named(finding: &Finding, typed: &str) -> bool {
    let of_file = || finding.file.as_ref().and_then(|file| typed.strip_prefix(file.as_str())?.strip_prefix(':'));
    let is_metric = |text: &str| finding.metric.as_str() == text || finding.metric.to_string() == text;
    check_name(finding) == typed
        || place_name(finding) == typed
        || format!("{}{}", table(finding), metric(finding)) == typed
        || is_metric(typed)
        || of_file().is_some_and(is_metric)
}

/// What a check is about, without what it compares with.
pub(crate) fn place_name(finding: &Finding) -> String {
    let slice = if finding.slice.is_all() { String::new() } else { format!(" [{}]", finding.slice) };
    format!("{}{}{slice}", table(finding), metric(finding))
}

/// The metric alone; a whole file has none.
pub(crate) fn metric(finding: &Finding) -> String {
    let nothing = finding.metric.is_root() && finding.baseline.is_none() && finding.candidate.is_none();
    if nothing { "(whole file)".to_owned() } else { finding.metric.to_string() }
}

fn table(finding: &Finding) -> String {
    finding.table.as_ref().map_or_else(String::new, |table| format!("{table}:"))
}
