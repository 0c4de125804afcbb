//! The numbers of a check under stable names, at full precision: for readers that are programs.

use proofmark_core::config::{Combine, Limits, Severity};
use proofmark_core::gate::Finding;
use proofmark_core::value::Value;
use serde::{Serialize, Serializer};

use crate::text::cut;

/// The longest text.
const LONGEST: usize = 500;

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fact<'a> {
    Text(String),
    Number(f64),
    Count(u64),
    Value(&'a Value),
}

/// What is known of a check; what there is not has no name. Numbers that are none are left out, but for the two values.
pub(super) fn facts(finding: &Finding) -> Vec<(&'static str, Fact<'_>)> {
    let text = |text: &str| Some(Fact::Text(cut(text, LONGEST)));
    let number = |number: Option<f64>| number.filter(|number| number.is_finite()).map(Fact::Number);
    let evidence = finding.evidence.as_ref();
    let of = |pick: fn(&proofmark_core::gate::Evidence) -> Option<f64>| number(evidence.and_then(pick));
    let count = |count: Option<usize>| count.map(|count| Fact::Count(count as u64));
    let mut facts = vec![
        ("verdict", text(finding.verdict.name())),
        ("effect", text(finding.effect.name())),
        ("severity", text(severity(finding.severity))),
        ("rule", finding.rule.as_deref().and_then(text)),
        ("reasons", Some(finding.reasons.join(" ")).filter(|words| !words.is_empty()).as_deref().and_then(text)),
        ("baseline", finding.baseline.as_ref().map(Fact::Value)),
        ("candidate", finding.candidate.as_ref().map(Fact::Value)),
        ("improvement", number(finding.improvement)),
        ("relative", number(finding.relative)),
    ];
    facts.extend(limits(["min", "max", "max_regression_abs", "max_regression_rel", "combine"], finding.limits.as_ref()));
    let names = ["warn.min", "warn.max", "warn.max_regression_abs", "warn.max_regression_rel", "warn.combine"];
    facts.extend(limits(names, finding.warn.as_ref()));
    facts.extend([
        ("evidence", evidence.and_then(|evidence| text(evidence.level.name()))),
        ("procedure", evidence.and_then(|evidence| text(&evidence.procedure))),
        ("n_base", count(evidence.map(|evidence| evidence.n_base))),
        ("n_head", count(evidence.map(|evidence| evidence.n_head))),
        ("lower", of(|evidence| evidence.lower)),
        ("upper", of(|evidence| evidence.upper)),
        ("margin", of(|evidence| evidence.margin)),
        ("alpha", of(|evidence| evidence.alpha)),
        ("p_noninferior", of(|evidence| evidence.p_noninferior)),
        ("p_inferior", of(|evidence| evidence.p_inferior)),
        ("p_inferior_adjusted", of(|evidence| evidence.p_inferior_adjusted)),
        ("mde", of(|evidence| evidence.mde)),
        ("n_required", evidence.and_then(|evidence| evidence.n_required).map(Fact::Count)),
    ]);
    facts.into_iter().filter_map(|(name, fact)| Some((name, fact?))).collect()
}

fn limits(names: [&'static str; 5], limits: Option<&Limits>) -> [(&'static str, Option<Fact<'static>>); 5] {
    let of = |pick: fn(&Limits) -> Option<f64>| limits.and_then(pick).filter(|limit| limit.is_finite()).map(Fact::Number);
    let combine = limits.and_then(|limits| limits.combine).map(|combine| match combine {
        Combine::Any => "any",
        Combine::All => "all",
    });
    let [min, max, abs, rel, joined] = names;
    [
        (min, of(|limits| limits.min)),
        (max, of(|limits| limits.max)),
        (abs, of(|limits| limits.max_regression_abs)),
        (rel, of(|limits| limits.max_regression_rel)),
        (joined, combine.map(|word| Fact::Text(word.to_owned()))),
    ]
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Fail => "fail",
        Severity::Warn => "warn",
        Severity::Info => "info",
    }
}

impl Fact<'_> {
    /// As text: a text as it is, all else as JSON has it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Value(Value::Text(text)) => cut(text, LONGEST),
            // What is larger than a screen is no number to look at.
            other => serde_json::to_string(other).map(|text| cut(text.trim_matches('"'), LONGEST)).unwrap_or_default(),
        }
    }
}

impl Serialize for Fact<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Count(count) => serializer.serialize_u64(*count),
            Self::Value(Value::Text(text)) => serializer.serialize_str(&cut(text, LONGEST)),
            Self::Value(value) => value.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{POLICY, everyday, report, rows_report};

    fn of(report: &proofmark_core::report::Report, name: &str) -> Vec<(&'static str, String)> {
        let finding = report.judgement.findings.iter().find(|finding| crate::check_name(finding) == name).expect("a check of that name");
        facts(finding).into_iter().map(|(name, fact)| (name, fact.shown())).collect()
    }

    #[test]
    fn numbers_stand_under_stable_names() {
        let told = of(&report(everyday(), POLICY), "accuracy");
        let expected = [
            ("verdict", "fail"),
            ("effect", "block"),
            ("severity", "fail"),
            ("rule", "accuracy in eval/metrics.json"),
            ("reasons", "regression-abs"),
            ("baseline", "0.9134"),
            ("candidate", "0.8934"),
        ];
        assert_eq!(told[..7].iter().map(|(name, text)| (*name, text.as_str())).collect::<Vec<_>>(), expected);
        assert!(told.contains(&("max_regression_abs", "0.01".to_owned())) && told.contains(&("evidence", "point".to_owned())), "{told:?}");
        let told = of(&rows_report(), "test:accuracy [country=DE]");
        for name in ["lower", "upper", "margin", "alpha", "p_inferior", "procedure", "n_base"] {
            assert!(told.iter().any(|(other, text)| *other == name && !text.is_empty()), "{name}: {told:?}");
        }
    }

    #[test]
    fn values_of_every_kind_have_a_text() {
        let shown = |value: Value| Fact::Value(&value).shown();
        assert_eq!(shown(Value::Int(i128::MAX)), i128::MAX.to_string());
        assert_eq!([shown(Value::Text("x\ny".into())), shown(Value::Null)], ["x\ny", "null"]);
        assert_eq!([f64::NAN, 1e300, 0.5].map(|number| shown(Value::Float(number))), ["NaN", "1e+300", "0.5"]);
        assert_eq!(Fact::Number(0.1).shown(), "0.1");
        assert!(shown(Value::Text("x".repeat(10_000))).len() < 2 * LONGEST);
    }
}
