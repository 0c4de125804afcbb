//! The text of a waiver, ready to copy. Names are from the repository and may hold anything: every text is escaped.

use super::{Date, cover};
use crate::gate::{Finding, Verdict};
use crate::value::Value;

/// How long a suggested waiver counts.
const DAYS: u32 = 30;

/// The text that accepts what `finding` found, down to the value that it found; `None` where no waiver could.
///
/// Reason, issue and approver are left to people, and a waiver in which they are not filled in accepts nothing.
pub fn suggestion(finding: &Finding, pull_request: Option<u64>, today: Date) -> Option<String> {
    let value = finding.candidate.as_ref().and_then(Value::as_f64)?;
    let needy = matches!(finding.verdict, Verdict::Fail | Verdict::Inconclusive | Verdict::NoBaseline);
    if !needy || cover::refused(finding).is_some() || cover::ways(finding).is_empty() {
        return None;
    }
    let mut text = format!("[[waiver]]\nmetric = {}\n", quoted(&finding.metric.to_string()));
    let mut line = |name: &str, value: &str| text.extend([name, " = ", value, "\n"]);
    if !finding.slice.is_all() {
        let parts: Vec<String> = finding.slice.parts().map(|(column, value)| format!("{} = {}", quoted(column), quoted(value))).collect();
        line("slice", &format!("{{ {} }}", parts.join(", ")));
    }
    match (&finding.table, &finding.file) {
        (Some(table), _) => line("table", &quoted(table)),
        (None, Some(file)) => line("file", &quoted(file.as_str())),
        (None, None) => {}
    }
    for (name, value) in [("against", &finding.against), ("rule", &finding.rule)] {
        if let Some(value) = value {
            line(name, &quoted(value));
        }
    }
    line("accept_down_to", &format!("{value:?}"));
    line("expires", &today.plus(DAYS).to_string());
    line("reason", "\"<why the loss is accepted>\"");
    line("issue", "\"<where it is discussed>\"");
    line("approved_by", "\"<login of an approver, not the author>\"");
    match pull_request {
        Some(number) => line("pull_request", &number.to_string()),
        None => line("commit", "\"<id of the head commit>\""),
    }
    Some(text)
}

/// A basic string of TOML. What cannot be seen, or turns the direction of what follows, is written as its number.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            _ if is_unseen(letter) => quoted.push_str(&format!("\\U{:08X}", u32::from(letter))),
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

fn is_unseen(letter: char) -> bool {
    let invisible = ['\u{ad}', '\u{61c}', '\u{180e}', '\u{feff}'];
    let ranges = ['\u{200b}'..='\u{200f}', '\u{2028}'..='\u{202e}', '\u{2060}'..='\u{206f}', '\u{e0000}'..='\u{e0fff}'];
    letter.is_control() || invisible.contains(&letter) || ranges.iter().any(|range| range.contains(&letter))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;
    use crate::config::{Waiver, Waivers};
    use crate::evidence::Slice;
    use crate::key::Key;
    use crate::waiver::tests::{circumstances, finding, settings};
    use crate::waiver::{NoteKind, apply};

    #[derive(Deserialize)]
    struct File {
        waiver: Vec<Waiver>,
    }

    fn read(text: &str) -> Waiver {
        let mut file: File = toml::from_str(text).expect("valid TOML");
        assert_eq!(file.waiver.len(), 1, "{text}");
        file.waiver.remove(0)
    }

    #[test]
    fn ready_to_copy() {
        let text = suggestion(&finding(), Some(12), circumstances().today).expect("a loss");
        let expected = "[[waiver]]\nmetric = \"accuracy\"\nfile = \"metrics.json\"\nrule = \"acc*\"\naccept_down_to = 0.85\n\
                        expires = 2026-02-06\nreason = \"<why the loss is accepted>\"\nissue = \"<where it is discussed>\"\n\
                        approved_by = \"<login of an approver, not the author>\"\npull_request = 12\n";
        assert_eq!(text, expected);
        let mut findings = [finding()];
        let notes = apply(&mut findings, &[read(&text)], &settings(), &circumstances());
        assert_eq!((notes[0].kind, findings[0].verdict), (NoteKind::Malformed, Verdict::Fail), "as it is, it accepts nothing");
        assert!(suggestion(&finding(), None, circumstances().today).expect("a loss").contains("commit = \"<"));
    }

    #[test]
    fn nothing_where_no_waiver_could() {
        let today = circumstances().today;
        assert_eq!(suggestion(&Finding { reasons: vec!["missing-candidate".into()], candidate: None, ..finding() }, None, today), None);
        assert_eq!(suggestion(&Finding { not_judged: true, ..finding() }, None, today), None);
        assert_eq!(suggestion(&Finding { verdict: Verdict::Pass, ..finding() }, None, today), None);
        assert_eq!(suggestion(&Finding { candidate: Some(Value::Float(f64::NAN)), ..finding() }, None, today), None);
        assert_eq!(suggestion(&Finding { oriented: None, ..finding() }, None, today), None);
    }

    proptest! {
        /// Whatever the names and the value, the text is one waiver of exactly this finding, which accepts it once it is filled in.
        #[test]
        fn fits_what_it_was_made_for(
            metric in ".{1,12}", column in ".{1,8}", value in ".{0,8}", rule in ".{1,8}", table in proptest::option::of(".{1,8}"),
            number in proptest::num::f64::NORMAL,
        ) {
            prop_assume!(!metric.trim().is_empty() && !metric.trim().starts_with('<'));
            let found = Finding {
                metric: Key::from_canonical(metric),
                slice: Slice::all().with(column, value),
                rule: Some(rule),
                table,
                candidate: Some(Value::Float(number)),
                ..finding()
            };
            let text = suggestion(&found, Some(12), circumstances().today).expect("a loss");
            prop_assert!(!text.chars().any(|letter| letter != '\n' && is_unseen(letter)), "{:?}", text);
            let filled = Waiver { reason: "r".into(), issue: "i".into(), approved_by: "alice".into(), ..read(&text) };
            let mut findings = [found];
            let settings = Waivers { approvers: vec!["Alice".to_owned()], ..settings() };
            let notes = apply(&mut findings, &[filled], &settings, &circumstances());
            prop_assert_eq!(findings[0].verdict, Verdict::Waived, "{:?}\n{}", notes, text);
        }
    }
}
