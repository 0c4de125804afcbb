//! Waivers as people read them: what was accepted by whom, which waivers do not count and why, and what to copy.

use proofmark_core::config::Effect;
use proofmark_core::gate::Finding;
use proofmark_core::report::Report;
use proofmark_core::waiver::NoteKind;
use serde::Serialize;

use super::finding::{Interval, Numbers, values};
use super::{Room, name};
use crate::escape::acts;
use crate::names::check_name;
use crate::text::clip;

/// More texts to copy would hide what they are for.
const TEXTS: usize = 3;
/// A text that is longer is nothing to copy by hand; JSON has it.
const LONGEST_TEXT: usize = 2000;

/// Everything about waivers.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Waivers {
    /// Losses that were accepted.
    pub(crate) accepted: Vec<AcceptedView>,
    /// How many were left out for want of room.
    pub(crate) accepted_left_out: usize,
    /// Waivers that do not count, and what else is to be known.
    pub(crate) notes: Vec<NoteView>,
    /// How many were left out for want of room.
    pub(crate) notes_left_out: usize,
    /// Waivers that are for other changes, which is as it should be.
    pub(crate) of_other_changes: usize,
    /// What would accept what blocks, to be copied.
    pub(crate) texts: Vec<TextView>,
    /// How many of those are not shown.
    pub(crate) texts_left_out: usize,
}

/// A loss that somebody accepted.
#[derive(Debug, Serialize)]
pub(crate) struct AcceptedView {
    /// The complete name of the check.
    pub(crate) name: String,
    /// The verdict without the waiver.
    pub(crate) found: &'static str,
    /// The value at the base.
    pub(crate) base: String,
    /// The value at the head.
    pub(crate) head: String,
    /// The change turned so that positive is better.
    pub(crate) improvement: String,
    /// Both confidence limits of it.
    pub(crate) interval: String,
    /// What is accepted: `down to 0.85`.
    pub(crate) accepts: String,
    /// Who accepted it.
    pub(crate) approved_by: String,
    /// The last day on which it counts.
    pub(crate) expires: String,
    /// Why.
    pub(crate) reason: String,
    /// Where it is discussed: an address, or words.
    pub(crate) issue: String,
    /// The change that it is for.
    pub(crate) scope: String,
    /// The day on which it was used.
    pub(crate) used: String,
    /// The numbers themselves.
    pub(crate) raw: Numbers,
}

/// Something to know about a waiver.
#[derive(Debug, Serialize)]
pub(crate) struct NoteView {
    /// Which one.
    pub(crate) waiver: String,
    /// `malformed`, `expired`, `unmatched`, `not-needed`, `beyond`, `refused`, `author-unknown`.
    pub(crate) kind: &'static str,
    /// What is to be known, as words that read after the waiver.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) hint: Option<String>,
    /// Its line in the policy's file.
    pub(crate) line: Option<u32>,
}

/// The text of a waiver.
#[derive(Debug, Serialize)]
pub(crate) struct TextView {
    /// The complete name of the check that it would accept.
    pub(crate) name: String,
    /// TOML for a fenced block. It holds no backtick, and nothing of it acts.
    pub(crate) text: String,
}

impl Waivers {
    pub(super) fn new(report: &Report, room: &Room) -> Self {
        let judgement = &report.judgement;
        let mut accepted: Vec<AcceptedView> = Vec::new();
        let mut accepted_left_out = 0;
        for finding in judgement.findings.iter().filter(|finding| finding.waiver.is_some()) {
            match AcceptedView::new(finding).filter(|_| accepted.len() < room.waivers) {
                Some(view) => accepted.push(view),
                None => accepted_left_out += 1,
            }
        }
        let told = || judgement.waivers.iter().filter(|note| note.kind != NoteKind::OtherChange);
        let notes: Vec<NoteView> = told().take(room.waivers).map(NoteView::new).collect();
        let offers = judgement.findings.iter().filter(|finding| finding.effect == Effect::Block && finding.waiver_text.is_some());
        let texts: Vec<TextView> = offers.clone().filter_map(TextView::new).take(room.waivers.min(TEXTS)).collect();
        Self {
            notes_left_out: told().count() - notes.len(),
            of_other_changes: judgement.waivers.len() - told().count(),
            texts_left_out: offers.count() - texts.len(),
            accepted,
            accepted_left_out,
            notes,
            texts,
        }
    }

    /// How many rows are shown.
    pub(crate) fn shown(&self) -> usize {
        self.accepted.len() + self.notes.len() + self.texts.len()
    }
}

impl AcceptedView {
    fn new(finding: &Finding) -> Option<Self> {
        let waiver = finding.waiver.as_ref()?;
        let (base, head) = values(finding);
        let interval = Interval::new(finding);
        Some(Self {
            name: name(&check_name(finding)),
            found: waiver.found.name(),
            base,
            head,
            improvement: interval.improvement,
            interval: interval.limits,
            accepts: name(&waiver.accepts),
            approved_by: name(&waiver.approved_by),
            expires: name(&waiver.expires),
            reason: clip(&waiver.reason, 400),
            issue: clip(&waiver.issue, 400),
            scope: name(&waiver.scope),
            used: name(&waiver.used),
            raw: Numbers::new(finding),
        })
    }
}

impl NoteView {
    fn new(note: &proofmark_core::waiver::WaiverNote) -> Self {
        Self {
            waiver: clip(&note.waiver, 400),
            kind: kind(note.kind),
            message: clip(&note.message, 400),
            hint: note.hint.as_deref().map(|hint| clip(hint, 400)),
            line: note.line,
        }
    }
}

fn kind(kind: NoteKind) -> &'static str {
    match kind {
        NoteKind::Malformed => "malformed",
        NoteKind::Expired => "expired",
        NoteKind::OtherChange => "other-change",
        NoteKind::Unmatched => "unmatched",
        NoteKind::NotNeeded => "not-needed",
        NoteKind::Beyond => "beyond",
        NoteKind::Refused => "refused",
        NoteKind::AuthorUnknown => "author-unknown",
        // A kind that is newer than this renderer.
        _ => "other",
    }
}

impl TextView {
    /// Nothing where the text is too long to show.
    fn new(finding: &Finding) -> Option<Self> {
        let text = finding.waiver_text.as_deref().filter(|text| text.len() <= LONGEST_TEXT)?;
        Some(Self { name: name(&check_name(finding)), text: harmless(text) })
    }
}

/// The same TOML in which no character acts on a terminal or a log, or could end a fenced block of Markdown: names stand in
/// basic strings, where an escape means the same letter.
pub(crate) fn harmless(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut previous = '\n';
    for letter in text.trim_end().chars() {
        let begins_line = safe.rsplit('\n').next().is_some_and(|line| line.trim().is_empty());
        match letter {
            '\n' => safe.push('\n'),
            '`' => safe.push_str("\\u0060"),
            '#' if previous == '#' => safe.push_str("\\u0023"),
            ':' if begins_line => safe.push_str("\\u003A"),
            '~' if begins_line => safe.push_str("\\u007E"),
            other if acts(other) => safe.push_str(&format!("\\U{:08X}", u32::from(other))),
            other => safe.push(other),
        }
        previous = letter;
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::HOSTILE;

    #[test]
    fn a_text_means_the_same_and_nothing_of_it_acts() {
        for name in HOSTILE.iter().copied().chain(["````", "a\u{2028}b", "###", "'''", "\u{1b}]0;x\u{7}"]) {
            let quoted = serde_json::to_string(name).expect("a string");
            let text = format!("[[waiver]]\nmetric = {quoted}\n");
            let safe = harmless(&text);
            assert_eq!(safe.lines().count(), 2, "{safe}");
            assert!(!safe.contains('`') && !safe.contains("##") && !safe.chars().any(|letter| letter != '\n' && acts(letter)), "{safe}");
            let back =
                safe.split_once("metric = ").map(|(_, value)| value).expect("a value").replace("\\U0000", "\\u").replace("\\U000E", "\\u");
            assert_eq!(serde_json::from_str::<String>(&back).ok().as_deref(), Some(name), "{safe}");
        }
    }

    #[test]
    fn lines_that_a_log_or_markdown_obeys_begin_otherwise() {
        let safe = harmless("::error::x\n  ::warning::y\n~~~\n```\nmetric = \"a::b\"");
        assert_eq!(safe, "\\u003A:error::x\n  \\u003A:warning::y\n\\u007E~~\n\\u0060\\u0060\\u0060\nmetric = \"a::b\"");
    }
}
