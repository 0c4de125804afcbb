//! Whether a waiver reaches as far as what a check found.

use super::NoteKind;
use super::terms::{Amount, Objection};
use crate::composite::exceeds;
use crate::direction::Direction;
use crate::gate::Finding;
use crate::number::shown_pair;
use crate::value::Value;

/// Whether `amount` accepts what `finding` found; if not, why.
pub(super) fn covers(finding: &Finding, amount: Amount) -> Result<(), Objection> {
    if let Some(objection) = refused(finding) {
        return Err(objection);
    }
    let value = finding.candidate.as_ref().and_then(Value::as_f64).unwrap_or(f64::NAN);
    let ways = ways(finding);
    if ways.is_empty() {
        let hint = "say in [directions] which way is better";
        return Err(Objection::new(NoteKind::Refused, "nobody said which way the metric gets worse", hint));
    }
    match amount {
        Amount::DownTo(limit) => down_to(&ways, value, limit),
        Amount::Loss(limit) => loss(finding, &ways, value, limit),
    }
}

/// Why no waiver at all could accept what `finding` found.
pub(super) fn refused(finding: &Finding) -> Option<Objection> {
    // A mistake of the policy or a file that cannot be read is no loss that anybody could know.
    if finding.not_judged {
        let hint = finding.hint.clone().unwrap_or_else(|| "see what the check says".to_owned());
        return Some(Objection::new(NoteKind::Refused, "the check could not be judged, which no waiver accepts", hint));
    }
    let is_never = |reason: &&String| {
        reason.ends_with("-candidate")
            || matches!(reason.as_str(), "missing-slice" | "nothing-matched" | "different-test-set" | "unpaired-rows")
    };
    if let Some(reason) = finding.reasons.iter().find(is_never) {
        let message = format!("no waiver accepts `{}`", super::bounded(reason));
        return Some(Objection::new(NoteKind::Refused, message, "the head needs a value; change the rule if the metric shall go"));
    }
    let is_number = finding.candidate.as_ref().and_then(Value::as_f64).is_some_and(f64::is_finite);
    let without = || Objection::new(NoteKind::Refused, "there is no value at the head that could be accepted", "see what the check says");
    (!is_number).then(without)
}

/// In which ways the value is bad: below a minimum and above a maximum say so themselves, whatever the direction of the metric.
pub(super) fn ways(finding: &Finding) -> Vec<Direction> {
    let oriented = finding.oriented.map(|oriented| oriented.direction);
    let way = |reason: &String| match reason.as_str() {
        "below-min" => Some(Direction::Higher),
        "above-max" => Some(Direction::Lower),
        _ => oriented,
    };
    let ways: Option<Vec<Direction>> = finding.reasons.iter().map(way).collect();
    match ways {
        Some(ways) if ways.is_empty() => oriented.into_iter().collect(),
        Some(ways) => ways,
        None => Vec::new(),
    }
}

fn down_to(ways: &[Direction], value: f64, limit: f64) -> Result<(), Objection> {
    let is_beyond = |way: &Direction| match way {
        Direction::Higher => exceeds(limit, value, &[limit, value]),
        Direction::Lower => exceeds(value, limit, &[limit, value]),
    };
    if !ways.iter().any(is_beyond) {
        return Ok(());
    }
    let (value, limit) = shown_pair(&Value::Float(value), &Value::Float(limit));
    Err(beyond(format!("the value {value} is beyond {limit}, down to which it accepts")))
}

fn loss(finding: &Finding, ways: &[Direction], value: f64, limit: f64) -> Result<(), Objection> {
    let instead = "give `accept_down_to` instead of `accept_loss`";
    let refuse = |message: &str| Err(Objection::new(NoteKind::Refused, message, instead));
    let Some(improvement) = finding.improvement.or_else(|| finding.evidence.as_ref().and_then(|evidence| evidence.improvement)) else {
        return refuse("there is no value to compare with, so there is no loss");
    };
    if ways.iter().any(|way| finding.oriented.is_none_or(|oriented| oriented.direction != *way)) {
        return refuse("the value is beyond a bound on the side that is better, which is no loss");
    }
    let base = finding.baseline.as_ref().and_then(Value::as_f64).filter(|base| base.is_finite()).unwrap_or(0.0);
    let loss = 0.0 - improvement;
    if !exceeds(loss, limit, &[loss, limit, base, value]) {
        return Ok(());
    }
    let (loss, limit) = shown_pair(&Value::Float(loss), &Value::Float(limit));
    Err(beyond(format!("the loss of {loss} is greater than {limit}, up to which it accepts")))
}

fn beyond(message: String) -> Objection {
    Objection::new(NoteKind::Beyond, message, "the check stands as it is; a greater loss needs its own approval")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::by_policy;
    use crate::gate::Verdict;
    use crate::waiver::tests::finding;

    fn kind(finding: &Finding, amount: Amount) -> Option<NoteKind> {
        covers(finding, amount).err().map(|objection| objection.kind)
    }

    #[test]
    fn exactly_the_limit_is_accepted() {
        // 0.9 → 0.85
        assert_eq!(kind(&finding(), Amount::DownTo(0.85)), None);
        assert_eq!(kind(&finding(), Amount::DownTo(0.850001)), Some(NoteKind::Beyond));
        assert_eq!(kind(&finding(), Amount::Loss(0.05)), None, "0.9 - 0.85 is a bit more than 0.05 in binary");
        assert_eq!(kind(&finding(), Amount::Loss(0.049)), Some(NoteKind::Beyond));
        let lower = Finding { oriented: Some(by_policy(Direction::Lower)), improvement: Some(-0.05), ..finding() };
        assert_eq!(kind(&lower, Amount::DownTo(0.85)), None);
        assert_eq!(kind(&lower, Amount::DownTo(0.84)), Some(NoteKind::Beyond), "lower is better");
        assert_eq!(kind(&lower, Amount::DownTo(0.9)), None);
    }

    #[test]
    fn what_no_waiver_accepts() {
        let reasons = ["missing-candidate", "non-finite-candidate", "null-candidate", "non-numeric-candidate", "missing-slice"];
        for reason in reasons {
            let found = Finding { reasons: vec![reason.to_owned(), "below-min".to_owned()], ..finding() };
            assert_eq!(kind(&found, Amount::DownTo(0.0)), Some(NoteKind::Refused), "{reason}");
        }
        assert_eq!(kind(&Finding { not_judged: true, ..finding() }, Amount::DownTo(0.0)), Some(NoteKind::Refused));
        for value in [None, Some(Value::Null), Some(Value::Float(f64::NAN)), Some(Value::Float(f64::INFINITY)), Some(Value::Bool(true))] {
            let found = Finding { candidate: value, reasons: Vec::new(), ..finding() };
            assert_eq!(kind(&found, Amount::DownTo(0.0)), Some(NoteKind::Refused), "{:?}", found.candidate);
        }
        assert_eq!(kind(&Finding { oriented: None, ..finding() }, Amount::DownTo(0.0)), Some(NoteKind::Refused));
    }

    #[test]
    fn bounds_have_a_direction_of_their_own() {
        let above = Finding { reasons: vec!["above-max".to_owned()], improvement: Some(0.3), ..finding() };
        assert_eq!(kind(&above, Amount::DownTo(0.85)), None);
        assert_eq!(kind(&above, Amount::DownTo(0.8)), Some(NoteKind::Beyond), "too high, though higher is better");
        assert_eq!(kind(&above, Amount::Loss(1.0)), Some(NoteKind::Refused), "a gain that is too great is no loss");
        let both = Finding { reasons: vec!["above-max".to_owned(), "regression-abs".to_owned()], ..finding() };
        assert_eq!(kind(&both, Amount::DownTo(0.85)), None);
        assert_eq!(kind(&both, Amount::DownTo(0.86)), Some(NoteKind::Beyond));
        let unoriented = Finding { reasons: vec!["below-min".to_owned()], oriented: None, ..finding() };
        assert_eq!(kind(&unoriented, Amount::DownTo(0.85)), None);
    }

    #[test]
    fn without_a_base_there_is_no_loss() {
        let first = Finding {
            verdict: Verdict::NoBaseline,
            reasons: vec!["no-baseline".to_owned()],
            baseline: None,
            improvement: None,
            evidence: None,
            ..finding()
        };
        assert_eq!(kind(&first, Amount::Loss(0.1)), Some(NoteKind::Refused));
        assert_eq!(kind(&first, Amount::DownTo(0.8)), None);
    }
}
