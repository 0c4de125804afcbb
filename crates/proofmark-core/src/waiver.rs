//! Waivers: known losses that somebody accepted, each for one change, for a while, and down to a value.
//!
//! A waiver accepts what a check found and changes nothing of how it was found: the verdict becomes `waived`, and the sentence
//! keeps the numbers. A metric without a value at the head, a file that cannot be read and a mistake in the policy are no
//! losses, and nobody can accept them. What does not count is told, with what to do about it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::terms::{Amount, Objection, Terms};
use crate::config::{Effect, Waiver, Waivers, nearest};
use crate::gate::{Finding, Verdict, effect_of};
use crate::value::Value;

mod cover;
mod date;
mod suggest;
mod terms;

pub use self::date::Date;
pub use self::suggest::suggestion;

/// The longest text of a waiver that is repeated in a sentence, in characters.
const MAX_TOLD: usize = 200;

/// A waiver that was used: who accepted what, and until when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct WaiverUse {
    /// Why the loss is accepted.
    pub reason: String,
    /// Where it is discussed.
    pub issue: String,
    /// Who accepted it.
    pub approved_by: String,
    /// The last day on which it counts, as `2026-12-31`.
    pub expires: String,
    /// What is accepted, in words: `down to 0.85`.
    pub accepts: String,
    /// The change that it is for: `pull request 12`.
    pub scope: String,
    /// The day on which it was used.
    pub used: String,
    /// What the verdict is without it.
    pub found: Verdict,
}

/// What a waiver is held against. The caller looks at the clock and at the forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circumstances {
    /// The day.
    pub today: Date,
    /// The number of the pull request, if there is one.
    pub pull_request: Option<u64>,
    /// The whole ids of the commits that are judged: the head, and the merge of it.
    pub commits: Vec<String>,
    /// The login of who made the change, where it is known.
    pub author: Option<String>,
}

impl Default for Circumstances {
    /// A change that nothing is known of, on a day so early that every waiver lies too far ahead to count.
    fn default() -> Self {
        Self { today: Date::of_seconds(0), pull_request: None, commits: Vec::new(), author: None }
    }
}

/// Something to know about a waiver that is not said by a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub struct WaiverNote {
    /// Which one: ``waiver 2 (`accuracy`)``.
    pub waiver: String,
    /// The line, from 1, of the waiver in the policy's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What it is about.
    pub kind: NoteKind,
    /// What is to be known, as a sentence fragment that reads after the waiver.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The kinds of [`WaiverNote`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NoteKind {
    /// It is incomplete, or nobody who may approved it: it accepts nothing.
    Malformed,
    /// Its last day is over: it accepts nothing.
    Expired,
    /// It is for another change, which is how most waivers are.
    OtherChange,
    /// No check is of this metric, slice and rule.
    Unmatched,
    /// The check passes without it.
    NotNeeded,
    /// What was found is worse than what it accepts.
    Beyond,
    /// What was found is nothing that a waiver can accept, or the author of the change approved it.
    Refused,
    /// It was used, and nobody could say whether its approver made the change.
    AuthorUnknown,
}

/// Turns findings that `waivers` accept into `waived`, and tells of all waivers that do not count, in their order.
///
/// Metric, slice and rule are compared exactly. Covered are the verdicts `fail`, `inconclusive` and `no-baseline`; their effect
/// becomes that of `waived`, the reasons get the word `waived`, and the explanation keeps what was found. What all findings come
/// to has to be computed again afterwards.
pub fn apply(findings: &mut [Finding], waivers: &[Waiver], settings: &Waivers, at: &Circumstances) -> Vec<WaiverNote> {
    let mut notes = Vec::new();
    for (index, waiver) in waivers.iter().enumerate() {
        let mut tell = |objection: Objection| {
            let Objection { kind, message, hint } = objection;
            notes.push(WaiverNote { waiver: named(index, waiver), line: waiver.line.0, kind, message, hint });
        };
        match terms::read(waiver, settings, at) {
            Err(objection) => tell(objection),
            Ok(terms) => use_on(findings, &terms, at, &mut tell),
        }
    }
    notes
}

fn use_on(findings: &mut [Finding], terms: &Terms<'_>, at: &Circumstances, tell: &mut dyn FnMut(Objection)) {
    let waiver = terms.waiver;
    let matching: Vec<usize> = findings.iter().enumerate().filter(|(_, found)| is_of(waiver, found)).map(|(index, _)| index).collect();
    let of: Vec<&Finding> = matching.iter().filter_map(|&index| findings.get(index)).collect();
    if let Some(objection) = no_match(waiver, &of, findings) {
        return tell(objection);
    }
    let mut accepted = false;
    for index in matching {
        let Some(finding) = findings.get_mut(index).filter(|finding| is_needy(finding)) else { continue };
        match cover::covers(finding, terms.amount) {
            Ok(()) => {
                accept(finding, terms, at);
                accepted = true;
            }
            Err(objection) => tell(objection),
        }
    }
    if accepted && at.author.is_none() {
        let hint = "in a pull request the author must be another person than the approver";
        tell(Objection::new(NoteKind::AuthorUnknown, "nobody could say who made the change that it accepts", hint));
    }
}

/// The very check that a waiver names.
fn is_of(waiver: &Waiver, finding: &Finding) -> bool {
    let exact = |wanted: &Option<String>, is: Option<&str>| wanted.is_none() || wanted.as_deref() == is;
    is_of_metric(waiver, finding)
        && finding.slice.parts().eq(waiver.slice.iter().map(|(column, value)| (column.as_str(), value.as_str())))
        && finding.against == waiver.against
        && exact(&waiver.rule, finding.rule.as_deref())
        && exact(&waiver.table, finding.table.as_deref())
        && exact(&waiver.file, finding.file.as_ref().map(|file| file.as_str()))
}

fn is_of_metric(waiver: &Waiver, finding: &Finding) -> bool {
    finding.metric.as_str() == waiver.metric || finding.metric.to_string() == waiver.metric
}

fn is_needy(finding: &Finding) -> bool {
    match finding.verdict {
        Verdict::Fail | Verdict::Inconclusive | Verdict::NoBaseline => true,
        Verdict::Warn | Verdict::Waived | Verdict::Pass => false,
    }
}

/// Why a waiver that counts has nothing to do: no check is the one that it names, or several are, or it is not needed.
fn no_match(waiver: &Waiver, matching: &[&Finding], findings: &[Finding]) -> Option<Objection> {
    let Some(first) = matching.first() else { return Some(unmatched(waiver, findings)) };
    // One known loss: the same name in another file is another metric.
    if matching.iter().any(|other| (&other.file, &other.table) != (&first.file, &first.table)) {
        let message = "several files or tables have this metric";
        return Some(Objection::new(NoteKind::Malformed, message, format!("give `file` or `table`; {}", checks(matching.iter().copied()))));
    }
    let message = "the check stands without it";
    (!matching.iter().any(|finding| is_needy(finding)))
        .then(|| Objection::new(NoteKind::NotNeeded, message, "take it away, or leave it to expire"))
}

fn unmatched(waiver: &Waiver, findings: &[Finding]) -> Objection {
    let mut of_metric = findings.iter().filter(|finding| is_of_metric(waiver, finding)).peekable();
    let hint = if of_metric.peek().is_some() {
        checks(of_metric)
    } else {
        let names: Vec<String> = findings.iter().map(|finding| finding.metric.to_string()).collect();
        match nearest(&waiver.metric, names.iter().map(String::as_str)) {
            Some(name) => format!("did you mean `{}`?", bounded(name)),
            None => "the report lists the checks; names are exact, without patterns".to_owned(),
        }
    };
    Objection::new(NoteKind::Unmatched, "no check is of this metric, slice and rule", hint)
}

/// The first checks of a metric, as a waiver would name them.
fn checks<'a>(findings: impl Iterator<Item = &'a Finding>) -> String {
    let named = findings.take(3).map(|finding| {
        let place = finding.table.as_deref().or(finding.file.as_ref().map(|file| file.as_str())).unwrap_or("no file");
        let slice = if finding.slice.is_all() { "all rows".to_owned() } else { bounded(&finding.slice.to_string()) };
        let against = finding.against.as_ref().map_or_else(String::new, |name| format!(" against `{}`", bounded(name)));
        format!("rule `{}`, {slice} of `{}`{against}", bounded(finding.rule.as_deref().unwrap_or_default()), bounded(place))
    });
    format!("checks of this metric: {}", named.collect::<Vec<_>>().join("; "))
}

fn accept(finding: &mut Finding, terms: &Terms<'_>, at: &Circumstances) {
    let waiver = terms.waiver;
    let used = WaiverUse {
        reason: bounded(&waiver.reason),
        issue: bounded(&waiver.issue),
        approved_by: bounded(&waiver.approved_by),
        expires: terms.expires.to_string(),
        accepts: match terms.amount {
            Amount::DownTo(value) => format!("down to {}", Value::Float(value)),
            Amount::Loss(loss) => format!("a loss of up to {}", Value::Float(loss)),
        },
        scope: terms::scope_of(waiver),
        used: at.today.to_string(),
        found: finding.verdict,
    };
    let WaiverUse { reason, issue, approved_by, expires, accepts, .. } = &used;
    let accepted = format!("accepted {accepts} by {approved_by} until {expires}: {reason} ({issue})");
    finding.explanation = if finding.explanation.is_empty() { accepted } else { format!("{}; {accepted}", finding.explanation) };
    finding.reasons.push("waived".to_owned());
    finding.verdict = Verdict::Waived;
    finding.effect = effect_of(Verdict::Waived, finding.severity, Effect::Notice, Effect::Notice);
    finding.waiver = Some(used);
}

fn named(index: usize, waiver: &Waiver) -> String {
    let slice: Vec<String> = waiver.slice.iter().map(|(column, value)| format!("{column}={value}")).collect();
    let rows = if slice.is_empty() { String::new() } else { format!(", {}", bounded(&slice.join(", "))) };
    format!("waiver {} (`{}`{rows})", index + 1, bounded(&waiver.metric))
}

/// Text of a file on one line, of a length that a sentence can bear.
fn bounded(text: &str) -> String {
    let mut letters = text.trim().chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let mut told: String = letters.by_ref().take(MAX_TOLD).collect();
    if letters.next().is_some() {
        told.push('…');
    }
    told
}

#[cfg(test)]
mod tests;
