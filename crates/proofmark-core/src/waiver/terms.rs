//! What a waiver says, once it is known to be complete, in time, granted by somebody who may, and for this change.

use super::{Circumstances, Date, NoteKind};
use crate::config::{Day, Waiver, Waivers};

/// The fewest digits that name a commit.
const MIN_DIGITS: usize = 10;

/// How much is accepted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Amount {
    /// The worst value.
    DownTo(f64),
    /// The greatest loss.
    Loss(f64),
}

/// A waiver that counts for this change today.
#[derive(Debug)]
pub(super) struct Terms<'a> {
    pub(super) waiver: &'a Waiver,
    pub(super) amount: Amount,
    pub(super) expires: Date,
}

/// Why a waiver does not count, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Objection {
    pub(super) kind: NoteKind,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Objection {
    pub(super) fn new(kind: NoteKind, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: Some(hint.into()) }
    }
}

fn malformed(message: impl Into<String>, hint: impl Into<String>) -> Objection {
    Objection::new(NoteKind::Malformed, message, hint)
}

/// Reads a waiver, or says why it accepts nothing here and now.
pub(super) fn read<'a>(waiver: &'a Waiver, settings: &Waivers, at: &Circumstances) -> Result<Terms<'a>, Objection> {
    texts(waiver)?;
    let amount = amount(waiver)?;
    approver(waiver, settings)?;
    scope(waiver)?;
    let expires = expiry(waiver, settings, at.today)?;
    if !is_for(waiver, at) {
        let message = format!("it is for another change ({})", scope_of(waiver));
        return Err(Objection::new(NoteKind::OtherChange, message, "take it away when that change is merged or closed"));
    }
    if at.author.as_deref().is_some_and(|author| same_login(author, &waiver.approved_by)) {
        let hint = "somebody else of `approvers` in [waivers] has to approve it";
        return Err(Objection::new(NoteKind::Refused, "the author of the change approved it", hint));
    }
    Ok(Terms { waiver, amount, expires })
}

/// The change that a waiver is for, in words.
pub(super) fn scope_of(waiver: &Waiver) -> String {
    let pull_request = waiver.pull_request.map(|number| format!("pull request {number}"));
    let commit = waiver.commit.as_ref().map(|commit| format!("commit {commit}"));
    pull_request.into_iter().chain(commit).collect::<Vec<_>>().join(", ")
}

/// Text that nobody filled in: `<why …>`, as the suggested waiver has it.
fn is_blank(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || (text.starts_with('<') && text.ends_with('>'))
}

fn texts(waiver: &Waiver) -> Result<(), Objection> {
    let fields = [
        ("metric", &waiver.metric, "the metric's name as the report prints it; there are no patterns"),
        ("reason", &waiver.reason, "why the loss is accepted"),
        ("issue", &waiver.issue, "where it is discussed, a link or a number"),
        ("approved_by", &waiver.approved_by, "the login of who accepts the loss, not the author of the change"),
    ];
    match fields.into_iter().find(|(_, text, _)| is_blank(text)) {
        Some((name, _, meaning)) => Err(malformed(format!("`{name}` is missing"), format!("`{name}` is {meaning}"))),
        None => Ok(()),
    }
}

fn amount(waiver: &Waiver) -> Result<Amount, Objection> {
    match (waiver.accept_down_to, waiver.accept_loss) {
        (Some(value), None) if value.is_finite() => Ok(Amount::DownTo(value)),
        (None, Some(loss)) if loss.is_finite() && loss >= 0.0 => Ok(Amount::Loss(loss)),
        (Some(_), Some(_)) => Err(malformed("both `accept_down_to` and `accept_loss` are set", "keep one of them")),
        (None, None) => Err(malformed("nothing says how much is accepted", "give `accept_down_to` (a value) or `accept_loss` (a loss)")),
        (Some(_), None) => Err(malformed("`accept_down_to` is not a finite number", "give the worst value that is accepted")),
        (None, Some(_)) => Err(malformed("`accept_loss` is not a finite number from 0", "give the greatest loss that is accepted")),
    }
}

/// GitHub's logins know no case; some people write them with the sign of a mention.
fn same_login(one: &str, two: &str) -> bool {
    let plain = |login: &str| login.trim().trim_start_matches('@').to_ascii_lowercase();
    plain(one) == plain(two)
}

fn approver(waiver: &Waiver, settings: &Waivers) -> Result<(), Objection> {
    if settings.approvers.is_empty() {
        return Err(malformed("nobody may approve waivers", "name who may: [waivers] approvers = [\"login\"]"));
    }
    if settings.approvers.iter().any(|login| same_login(login, &waiver.approved_by)) {
        return Ok(());
    }
    let message = format!("`{}` may not approve waivers", super::bounded(&waiver.approved_by));
    Err(malformed(message, format!("approvers are: {}", super::bounded(&settings.approvers.join(", ")))))
}

fn day(name: &str, day: &Day) -> Result<Date, Objection> {
    let wrong = || malformed(format!("`{name}` is no day of the calendar: `{}`", super::bounded(&day.0)), "write it as 2026-12-31");
    Date::parse(&day.0).ok_or_else(wrong)
}

fn expiry(waiver: &Waiver, settings: &Waivers, today: Date) -> Result<Date, Objection> {
    let Some(expires) = &waiver.expires else {
        return Err(malformed("`expires` is missing", "give the last day on which it counts: expires = 2026-12-31"));
    };
    let expires = day("expires", expires)?;
    let granted = waiver.granted.as_ref().map(|granted| day("granted", granted)).transpose()?;
    if expires < today {
        let message = format!("it expired on {expires}");
        return Err(Objection::new(NoteKind::Expired, message, "take it away, or have it approved again with a new day"));
    }
    // One day of grace: where the waiver was written it may be tomorrow already.
    if granted.is_some_and(|granted| granted > today.plus(1)) {
        return Err(malformed("`granted` lies in the future", "give the day on which it was approved, or leave it out"));
    }
    let from = granted.unwrap_or(today);
    let days = expires.since(from);
    if days > i64::from(settings.max_days) {
        let message = format!("it expires {days} days after {from}, and {} are allowed", settings.max_days);
        let latest = from.plus(settings.max_days);
        return Err(malformed(message, format!("the latest day is {latest}; `max_days` in [waivers] sets the limit")));
    }
    Ok(expires)
}

fn scope(waiver: &Waiver) -> Result<(), Objection> {
    let Some(commit) = &waiver.commit else {
        let hint = "give `pull_request` (its number) or `commit` (its id): a waiver is for one change";
        return if waiver.pull_request.is_some() { Ok(()) } else { Err(malformed("nothing says which change it is for", hint)) };
    };
    let is_id = (MIN_DIGITS..=64).contains(&commit.len()) && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    let message = || format!("`commit` is no id: `{}`", super::bounded(commit));
    if is_id { Ok(()) } else { Err(malformed(message(), format!("give the whole id, or its first {MIN_DIGITS} digits or more"))) }
}

/// Both must fit where both are given.
fn is_for(waiver: &Waiver, at: &Circumstances) -> bool {
    let begins = |id: &String, digits: &str| id.get(..digits.len()).is_some_and(|start| start.eq_ignore_ascii_case(digits));
    waiver.pull_request.is_none_or(|number| at.pull_request == Some(number))
        && waiver.commit.as_ref().is_none_or(|digits| at.commits.iter().any(|id| begins(id, digits)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waiver::tests::{circumstances, settings, waiver};

    fn objection(change: impl FnOnce(&mut Waiver)) -> (NoteKind, String) {
        let mut waiver = waiver();
        change(&mut waiver);
        let objection = read(&waiver, &settings(), &circumstances()).expect_err("must be refused");
        assert!(objection.hint.is_some_and(|hint| !hint.is_empty()), "each says what to do");
        (objection.kind, objection.message)
    }

    fn day(text: &str) -> Option<Day> {
        Some(Day(text.to_owned()))
    }

    #[test]
    fn what_a_waiver_must_have() {
        assert!(read(&waiver(), &settings(), &circumstances()).is_ok());
        type Change = fn(&mut Waiver);
        let cases: [(Change, &str); 15] = [
            (|waiver| waiver.metric.clear(), "`metric` is missing"),
            (|waiver| " ".clone_into(&mut waiver.reason), "`reason` is missing"),
            (|waiver| "<where it is discussed>".clone_into(&mut waiver.issue), "`issue` is missing"),
            (|waiver| waiver.approved_by.clear(), "`approved_by` is missing"),
            (|waiver| "mallory".clone_into(&mut waiver.approved_by), "`mallory` may not"),
            (|waiver| waiver.accept_loss = Some(0.1), "both"),
            (|waiver| waiver.accept_down_to = None, "how much"),
            (|waiver| waiver.accept_down_to = Some(f64::NAN), "not a finite"),
            (|waiver| (waiver.accept_down_to, waiver.accept_loss) = (None, Some(-0.1)), "from 0"),
            (|waiver| waiver.expires = None, "`expires` is missing"),
            (|waiver| waiver.expires = day("2026-02-30"), "no day of the calendar"),
            (|waiver| waiver.granted = day("2026-01-09"), "in the future"),
            (|waiver| waiver.pull_request = None, "which change"),
            (|waiver| waiver.commit = Some("abcdef123".to_owned()), "`commit` is no id"),
            (|waiver| waiver.commit = Some("<the commit>".to_owned()), "`commit` is no id"),
        ];
        for (change, expected) in cases {
            let (kind, message) = objection(change);
            assert!(kind == NoteKind::Malformed && message.contains(expected), "{expected}: {message}");
        }
        let nobody = Waivers { approvers: Vec::new(), ..settings() };
        let objection = read(&waiver(), &nobody, &circumstances()).expect_err("nobody may");
        assert_eq!((objection.kind, objection.message.as_str()), (NoteKind::Malformed, "nobody may approve waivers"));
    }

    #[test]
    fn days() {
        // Today is 2026-01-07, and 90 days are allowed.
        let with = |expires: &str, granted: Option<&str>| {
            let waiver = Waiver { expires: day(expires), granted: granted.and_then(day), ..waiver() };
            read(&waiver, &settings(), &circumstances()).map(|terms| terms.expires.to_string()).map_err(|objection| objection.kind)
        };
        assert_eq!(with("2026-01-07", None), Ok("2026-01-07".to_owned()), "the last day counts");
        assert_eq!(with("2026-01-06", None), Err(NoteKind::Expired));
        assert_eq!(with("2026-04-07", None), Ok("2026-04-07".to_owned()));
        assert_eq!(with("2026-04-08", None), Err(NoteKind::Malformed));
        assert_eq!(with("2026-04-07", Some("2026-01-06")), Err(NoteKind::Malformed), "the days count from the grant");
        assert_eq!(with("2026-03-01", Some("2025-12-20")), Ok("2026-03-01".to_owned()));
        assert_eq!(with("2026-03-01", Some("2026-01-08")), Ok("2026-03-01".to_owned()), "it is tomorrow elsewhere");
    }

    #[test]
    fn which_change() {
        let fits = |pull_request: Option<u64>, commit: Option<&str>| {
            let waiver = Waiver { pull_request, commit: commit.map(str::to_owned), ..waiver() };
            read(&waiver, &settings(), &circumstances()).is_ok()
        };
        assert!(fits(Some(12), None) && !fits(Some(13), None));
        assert!(fits(None, Some("0123456789")) && fits(None, Some("0123456789ABCDEF")), "digits in either case");
        assert!(!fits(None, Some("1234567890")) && !fits(None, Some(&"0".repeat(64))), "other commits, one longer than ours");
        assert!(fits(Some(12), Some("0123456789")) && !fits(Some(13), Some("0123456789")), "both where both are given");
        assert_eq!(objection(|waiver| waiver.pull_request = Some(13)).0, NoteKind::OtherChange);
    }

    #[test]
    fn nobody_approves_their_own_change() {
        for login in ["author", "AUTHOR", "@Author"] {
            let settings = Waivers { approvers: vec!["Author".to_owned()], ..settings() };
            let own = Waiver { approved_by: login.to_owned(), ..waiver() };
            let objection = read(&own, &settings, &circumstances()).expect_err("the author");
            assert_eq!(objection.kind, NoteKind::Refused, "{login}");
            let local = Circumstances { author: None, ..circumstances() };
            assert!(read(&own, &settings, &local).is_ok(), "nobody knows the author of a local run");
        }
    }
}
