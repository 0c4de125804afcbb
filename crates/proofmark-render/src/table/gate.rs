//! The parts of a report that a comparison does not have: what came out, by which policy, and every check.

use super::{label, more};
use crate::escape::terminal;
use crate::text::{Page, Tone, clip, width};
use crate::view::finding::FindingView;
use crate::view::gate::ReportView;

/// The longest that a metric's name gets beside its explanation: in a terminal, and where there is room without end.
const NAME: usize = 40;
const LONG_NAME: usize = 120;
/// The least room for an explanation beside the name; else it stands below.
const LEAST_WORDS: usize = 30;

/// What came out, in one line.
pub(super) fn headline(page: &mut Page, view: &ReportView) {
    page.wrapped(tone(view.effect), "", &view.headline);
}

/// Which policy judged.
pub(super) fn policy(page: &mut Page, view: &ReportView) {
    let words = format!("{}: {}", terminal(&view.policy), terminal(&view.policy_summary));
    page.wrapped(Tone::Plain, &label("policy"), &words);
    if let Some(branch) = &view.branch {
        page.wrapped(Tone::Plain, &label("into"), &terminal(branch));
    }
    if let Some(file) = &view.only_file {
        page.wrapped(Tone::Plain, &label("metrics"), &terminal(file));
    }
    for note in &view.notes {
        page.wrapped(Tone::Notice, &label("note"), &terminal(note));
    }
}

/// Every check that did not pass, what blocks first; the others as a count, or all of them where they are listed.
pub(super) fn findings(page: &mut Page, view: &ReportView) {
    let sections = [
        ("Blocking", Tone::Bad, &view.blocking),
        ("Notices", Tone::Notice, &view.notices),
        ("Allowed by the policy", Tone::Plain, &view.allowed),
        ("Passed", Tone::Good, &view.passed),
    ];
    let shown = || sections.iter().flat_map(|(_, _, findings)| findings.iter());
    let widest = |of: &dyn Fn(&FindingView) -> usize| shown().map(of).max().unwrap_or(0);
    let longest = if page.width.is_some() { NAME } else { LONG_NAME };
    let columns =
        Columns { verdict: widest(&|finding| width(finding.verdict)), name: widest(&|finding| width(&name(finding, view)).min(longest)) };
    for (title, tone, findings) in &sections {
        if !findings.is_empty() {
            page.heading(title);
            findings.iter().for_each(|finding| columns.print(page, *tone, finding, &name(finding, view)));
        }
    }
    more(page, view.left_out);
    if view.passed.is_empty() && view.passed_count > 0 {
        page.gap();
        let better = if view.passed_better > 0 { format!(" ({} better than before)", view.passed_better) } else { String::new() };
        page.wrapped(Tone::Good, "✓ ", &format!("{} passed{better}", view.passed_count));
    }
}

/// What the head's own policy would say, which never counts.
pub(super) fn head_policy(page: &mut Page, view: &ReportView) {
    let Some(head) = &view.head_policy else { return };
    page.gap();
    let summary = terminal(&head.policy_summary);
    let words = format!("The head's own policy would say: {} ({summary}). It does not count: the base's policy judges.", head.headline);
    page.wrapped(Tone::Notice, "", &words);
}

fn tone(effect: &str) -> Tone {
    match effect {
        "block" => Tone::Bad,
        "notice" => Tone::Notice,
        _ => Tone::Good,
    }
}

/// The complete name, with its file where there is more than one. A table has a name of its own.
fn name(finding: &FindingView, view: &ReportView) -> String {
    match &finding.file {
        Some(file) if view.only_file.is_none() && finding.table.is_none() => format!("{} in {}", terminal(&finding.name), terminal(file)),
        _ => terminal(&finding.name),
    }
}

struct Columns {
    verdict: usize,
    name: usize,
}

impl Columns {
    fn print(&self, page: &mut Page, tone: Tone, finding: &FindingView, name: &str) {
        let verdict = format!("{}{}", finding.verdict, " ".repeat(self.verdict.saturating_sub(width(finding.verdict))));
        let start = format!("  {} {verdict}  ", finding.symbol);
        let painted = page.paint.apply(tone, &start);
        let beside = width(&start) + self.name + 2;
        let explanation = terminal(&finding.explanation);
        let fits = page.width.is_none_or(|all| beside + LEAST_WORDS <= all);
        let indent = if fits { beside } else { 6 };
        if fits {
            let name = clip(name, self.name);
            let pad = " ".repeat(self.name - width(&name) + 2);
            hanging(page, &format!("{painted}{name}{pad}"), indent, Tone::Plain, &explanation);
        } else {
            hanging(page, &painted, width(&start), Tone::Plain, name);
            hanging(page, &" ".repeat(indent), indent, Tone::Plain, &explanation);
        }
        // A rule that is a glob; one that only names the metric says nothing new.
        if let Some(rule) = finding.rule.as_ref().filter(|rule| finding.verdict != "pass" && rule.contains(['*', '?', '{'])) {
            hanging(page, &" ".repeat(indent), indent, Tone::Dim, &format!("rule: {}", terminal(rule)));
        }
        if let Some(hint) = &finding.hint {
            hanging(page, &" ".repeat(indent), indent, Tone::Dim, &format!("hint: {}", terminal(hint)));
        }
    }
}

/// Words that wrap below each other at `indent`, after `start`, which may be painted.
fn hanging(page: &mut Page, start: &str, indent: usize, tone: Tone, words: &str) {
    let room = page.width.map_or(usize::MAX, |all| all.saturating_sub(indent).max(16));
    for (index, line) in crate::text::wrap(words, room).iter().enumerate() {
        let painted = page.paint.apply(tone, line);
        let line = if index == 0 { format!("{start}{painted}") } else { format!("{}{painted}", " ".repeat(indent)) };
        page.line(&line);
    }
}
