//! One check in plain words: what was compared with what, how, what came out by which rule, and what would change it.

use proofmark_core::compare::Side;
use proofmark_core::config::{Effect, Limits, Severity};
use proofmark_core::direction::{Direction, DirectionSource};
use proofmark_core::gate::{BEST, Evidence, Finding, Level, Verdict, WINDOW};
use proofmark_core::number::significant;
use proofmark_core::report::Report;

use self::change::would_change;
use crate::Options;
use crate::escape::terminal;
use crate::names::{check_name, is_named};
use crate::numbers::apart;
use crate::procedure;
use crate::text::{Page, Tone, clip, counted, width};
use crate::view::finding::{FindingView, Interval};
use crate::view::gate::policy;
use crate::view::name;
use crate::view::waivers::harmless;

mod change;

/// Columns, and those of what a line is about.
const WIDTH: usize = 100;
const LABEL: usize = 10;
/// Checks of one metric that are explained one by one, and those of the rest that are named.
const MOST: usize = 10;
/// The longest text of a waiver that is repeated.
const LONGEST_TEXT: usize = 2000;

/// All checks that `typed` names (see [`is_named`]) in plain words, what blocks first; nothing where there is none.
///
/// Plain text of at most 100 columns but for the text of a waiver, which is there to be copied. Nothing of it acts on a terminal.
pub fn explain_check(report: &Report, typed: &str) -> Option<String> {
    let judgement = &report.judgement;
    let mut found: Vec<&Finding> = judgement.findings.iter().chain(&judgement.shown).filter(|finding| is_named(finding, typed)).collect();
    // Of many parts, the whole is what was meant first.
    found.sort_by_key(|finding| (!finding.slice.is_all(), std::cmp::Reverse(finding.effect), finding.verdict));
    found.first()?;
    let mut page = Page::new(&Options { width: Some(WIDTH), ..Options::default() });
    for finding in found.iter().take(MOST) {
        page.gap();
        explain(&mut page, report, finding);
    }
    let rest = found.get(MOST..).unwrap_or_default();
    if !rest.is_empty() {
        page.gap();
        let names: Vec<String> = rest.iter().take(MOST).map(|finding| format!("`{}`", name(&check_name(finding)))).collect();
        let dots = if rest.len() > names.len() { ", …" } else { "" };
        page.wrapped(
            Tone::Plain,
            "",
            &terminal(&format!("… and {} of that name: {}{dots}", counted(rest.len(), "more check"), names.join(", "))),
        );
    }
    Some(page.finish())
}

/// The complete names of everything that [`explain_check`] can explain, sorted.
pub fn explainable(report: &Report) -> Vec<String> {
    let all = report.judgement.findings.iter().chain(&report.judgement.shown);
    let mut names: Vec<String> = all.map(check_name).collect();
    names.sort();
    names.dedup();
    names
}

fn explain(page: &mut Page, report: &Report, finding: &Finding) {
    let view = FindingView::new(finding);
    let of_file = view.file.as_ref().map_or_else(String::new, |file| format!(" in {file}"));
    page.wrapped(Tone::Strong, "", &terminal(&format!("{}{of_file}", view.name)));
    line(page, "verdict", &verdict(report, finding));
    line(page, "found", &view.explanation);
    line(page, "compared", &compared(report, finding, &view));
    line(page, "better", &better(finding));
    if let Some(evidence) = &finding.evidence {
        line(page, "how", procedure::told(evidence));
        let why = if view.why.is_empty() { String::new() } else { format!("Why this way: {}.", view.why) };
        line(page, "", &why);
        line(page, "limits", &limits(finding, evidence));
        line(page, "chance", &chance(report, evidence, finding));
        let drawn = evidence.resamples.map(|count| format!("{count} resamples, seed {}", evidence.seed.unwrap_or_default()));
        line(page, "drawn", &drawn.unwrap_or_default());
    }
    line(page, "hint", view.hint.as_deref().unwrap_or_default());
    let keys = keys(finding);
    if !keys.is_empty() {
        line(page, "policy", &format!("{}: {}", policy(&report.judgement.policy), keys.join(", ")));
    }
    waived(page, finding);
    let changes = would_change(finding);
    if !changes.is_empty() {
        page.wrapped(Tone::Strong, "  ", "What would change it");
        changes.iter().for_each(|change| page.wrapped(Tone::Plain, "    - ", &terminal(change)));
    }
    if let Some(text) = finding.waiver_text.as_deref().filter(|text| text.len() <= LONGEST_TEXT) {
        page.wrapped(Tone::Strong, "  ", "To accept it, an approver adds to the policy of the base");
        harmless(text).lines().for_each(|line| page.line(&format!("    {line}")));
    }
}

/// Words with what they are about in front; nothing where there are none.
fn line(page: &mut Page, about: &str, words: &str) {
    if !words.is_empty() {
        let pad = " ".repeat(LABEL.saturating_sub(width(about)));
        page.wrapped(Tone::Plain, &format!("  {about}{pad}"), &terminal(words));
    }
}

fn verdict(report: &Report, finding: &Finding) -> String {
    let effect = match finding.effect {
        Effect::Block => "which blocks the merge",
        Effect::Notice => "which is a notice and blocks nothing",
        Effect::Allow => "which stands in nobody's way",
    };
    let weight = match finding.severity {
        Severity::Fail => "",
        Severity::Warn => " of severity `warn`",
        Severity::Info => " of severity `info`, which is shown and never counted",
    };
    let by = match (&finding.rule, finding.rule_line) {
        (Some(rule), Some(line)) => format!("by the rule `{}`{weight} in line {line} of {}", name(rule), policy(&report.judgement.policy)),
        (Some(rule), None) => format!("by the rule `{}`{weight}", name(rule)),
        (None, _) if report.judgement.shown.iter().any(|shown| std::ptr::eq(shown, finding)) => {
            "no rule judges it: it is only shown".to_owned()
        }
        (None, _) => "no rule is about it: the policy's word for such situations".to_owned(),
    };
    format!("{}, {effect}; {by}", finding.verdict.name())
}

/// The two values, how many stand behind each, and where they are from.
fn compared(report: &Report, finding: &Finding, view: &FindingView) -> String {
    let comparison = &report.comparison;
    let side = |side: &Side| {
        let commit = side.revision.short_commit().map_or_else(String::new, |commit| format!(" {commit}"));
        format!("{}{commit}", name(&side.revision.name))
    };
    let unit = |count: usize| match finding.evidence.as_ref().map(|evidence| evidence.level) {
        Some(Level::Rows) => format!(", {}", counted(count, "row")),
        Some(Level::Runs) => format!(", {}", counted(count, "run")),
        Some(Level::History) => format!(", {}", counted(count, "value")),
        _ => String::new(),
    };
    let (n_base, n_head) = finding.evidence.as_ref().map_or((0, 0), |evidence| (evidence.n_base, evidence.n_head));
    let from = match finding.against.as_deref() {
        None => format!("the base ({}, {}{})", side(&comparison.base), base_is(report), unit(n_base)),
        Some(WINDOW) => format!("the mean of the branch's recorded history{}", unit(n_base)),
        Some(against) => {
            let reference = comparison.references.iter().find(|reference| reference.name == against);
            let title = name(&reference.map_or_else(|| against.to_owned(), |reference| reference.title()));
            let best = if against == BEST { ", the best value of the branch that passed" } else { "" };
            format!("{title}{best}{}", unit(n_base))
        }
    };
    let (base, head) = (&view.base, &view.head);
    format!("{head} at the head ({}{}) with {base} at {from}", side(&comparison.head), unit(n_head))
}

fn base_is(report: &Report) -> String {
    let baseline = &report.comparison.baseline;
    let how = match baseline.kind {
        proofmark_core::compare::BaseKind::MergeBase => format!("merge base with {}", name(&baseline.of)),
        proofmark_core::compare::BaseKind::Tip => format!("tip of {}", name(&baseline.of)),
    };
    match baseline.distance {
        0 => how,
        steps => format!("{} before the {how}, which has no metrics", counted(steps as usize, "commit")),
    }
}

fn better(finding: &Finding) -> String {
    let Some(oriented) = finding.oriented else { return String::new() };
    let way = match oriented.direction {
        Direction::Higher => "higher",
        Direction::Lower => "lower",
    };
    let source = match oriented.source {
        DirectionSource::Policy => "the policy says so",
        DirectionSource::Name => "known by the metric's name",
        DirectionSource::Hint => "only a guess from the name",
    };
    format!("{way} ({source})")
}

/// What is known of the difference, beside what is accepted.
fn limits(finding: &Finding, evidence: &Evidence) -> String {
    let interval = Interval::new(finding);
    let share = evidence.alpha.map(|alpha| significant(100.0 * (1.0 - alpha), 4));
    let mut parts = Vec::new();
    if !interval.improvement.is_empty() {
        parts.push(format!("improvement {} (above zero is better)", interval.improvement));
    }
    if !interval.limits.is_empty() {
        let sure = share.map_or_else(String::new, |share| format!(", each limit with {share} % confidence"));
        parts.push(format!("in truth {}{sure}", interval.limits));
    }
    if !interval.margin.is_empty() {
        parts.push(format!("accepted loss {}", interval.margin));
    }
    if !interval.limits.is_empty() && !interval.margin.is_empty() {
        let bound = if interval.margin == "0" { "0".to_owned() } else { format!("-{}", interval.margin) };
        parts.push(format!("passes if the lower limit is at least {bound}, fails if the upper one is below {bound}"));
    }
    parts.join("; ")
}

/// The p-values, and what becomes of them among so many checks.
fn chance(report: &Report, evidence: &Evidence, finding: &Finding) -> String {
    let alpha = evidence.alpha.unwrap_or(f64::NAN);
    // In as many digits as it takes to see on which side of alpha each lies.
    let told = |p: f64| significant(p, apart(&[Some(p), evidence.alpha]));
    let mut parts = Vec::new();
    if let Some(p) = evidence.p_noninferior {
        parts.push(format!("data this good come from a loss of just the margin with p = {} (pass: at most {alpha})", told(p)));
    }
    if let Some(p) = evidence.p_inferior {
        let what =
            if evidence.level == Level::History { "a value this bad comes from an unchanged branch" } else { "data this bad come from it" };
        parts.push(format!("{what} with p = {} (fail: at most {alpha})", told(p)));
    }
    let family = report.judgement.findings.iter().filter(|other| other.severity != Severity::Info);
    let family = family.filter(|other| other.evidence.as_ref().is_some_and(|evidence| evidence.p_inferior.is_some())).count();
    if let Some(p) = evidence.p_inferior_adjusted.filter(|_| family > 1) {
        let lost = if finding.reasons.iter().any(|reason| reason == "multiplicity") { ", so it does not count as a failure" } else { "" };
        parts.push(format!("adjusted for {family} checks, of which some are bad by chance alone, that is {} (Holm){lost}", told(p)));
    }
    if let Some(p) = evidence.p_two_sided {
        parts.push(format!("any difference at all: p = {}, which never decides", told(p)));
    }
    if let Some(shown) = evidence.shown.iter().find(|shown| shown.name == "p_two_sided_bh") {
        parts.push(format!("among all that are shown {} (Benjamini and Hochberg)", told(shown.value)));
    }
    parts.join("; ")
}

/// The keys of the policy that decide, with their values.
fn keys(finding: &Finding) -> Vec<String> {
    let mut keys = Vec::new();
    let mut of = |limits: &Limits, before: &str| {
        let numbers = [
            ("min", limits.min),
            ("max", limits.max),
            ("max_regression_abs", limits.max_regression_abs),
            ("max_regression_rel", limits.max_regression_rel),
        ];
        keys.extend(numbers.into_iter().filter_map(|(key, value)| Some(format!("{before}{key} = {}", value?))));
        if let Some(proofmark_core::config::Combine::All) = limits.combine {
            keys.push(format!("{before}combine = \"all\""));
        }
    };
    if let Some(limits) = &finding.limits {
        of(limits, "");
    }
    if let Some(warn) = &finding.warn {
        of(warn, "warn.");
    }
    keys.extend(finding.evidence.as_ref().and_then(|evidence| evidence.alpha).map(|alpha| format!("alpha = {alpha}")));
    match finding.verdict {
        Verdict::Inconclusive if !finding.not_judged => keys.push(format!("inconclusive = \"{}\"", inconclusive(finding))),
        Verdict::NoBaseline => keys.push(format!("no_baseline = \"{}\"", finding.effect.name())),
        _ => {}
    }
    keys
}

fn inconclusive(finding: &Finding) -> &'static str {
    if finding.reasons.iter().any(|reason| reason == "rerun") { "rerun" } else { finding.effect.name() }
}

/// Who accepted it.
fn waived(page: &mut Page, finding: &Finding) {
    let Some(waiver) = &finding.waiver else { return };
    let words = format!(
        "found as {}; accepted {} by {} until {} for {}: {} ({})",
        waiver.found.name(),
        waiver.accepts,
        waiver.approved_by,
        waiver.expires,
        waiver.scope,
        waiver.reason,
        waiver.issue
    );
    line(page, "waiver", &clip(&words, 1000));
}

#[cfg(test)]
mod tests;
