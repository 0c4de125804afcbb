//! Judging one number a side.

use super::judge_files as judged_files;
use crate::gate::*;

fn judged(base: &str, head: &str, toml: Option<&str>) -> Judgement {
    judged_files(&[("m.json", base)], &[("m.json", head)], toml)
}

fn told(judgement: &Judgement) -> Vec<String> {
    let line = |finding: &Finding| {
        format!("{} {} {} {}", finding.metric, finding.verdict.name(), finding.effect.name(), finding.reasons.join(","))
    };
    judgement.findings.iter().map(|finding| line(finding).trim_end().to_owned()).collect()
}

#[test]
fn the_built_in_policy() {
    let base = r#"{"accuracy": 0.9, "loss": 0.5, "step": 1, "foo": 3, "name": "x"}"#;
    let fine = judged(base, r#"{"accuracy": 0.895, "loss": 0.5, "step": 9, "foo": 1, "name": "y"}"#, None);
    assert_eq!(told(&fine), ["accuracy pass allow", "loss pass allow"]);
    let worse = judged(base, r#"{"accuracy": 0.8, "loss": 0.4, "step": 9, "foo": 1, "name": "y"}"#, None);
    assert_eq!(told(&worse), ["accuracy fail block regression-abs,regression-rel", "loss pass allow"]);
    assert_eq!((worse.verdict, worse.effect), (Verdict::Fail, Effect::Block));
    let zero = judged(r#"{"loss": 0}"#, r#"{"loss": 0.3}"#, None);
    assert_eq!(told(&zero), ["loss fail block regression-abs"]);
    let gone = judged(base, r#"{"loss": 0.5}"#, None);
    assert_eq!(told(&gone)[0], "accuracy fail block missing-candidate");
    assert!(told(&gone).contains(&"foo warn notice metric-removed".to_owned()));
}

#[test]
fn nothing_checked_blocks() {
    for (base, head) in [("{}", "{}"), (r#"{"foo": 1}"#, r#"{"foo": 2}"#)] {
        let judgement = judged(base, head, None);
        assert_eq!((judgement.effect, judgement.reason.as_deref()), (Effect::Block, Some("nothing-checked")));
        assert!(!judgement.is_blocked_unjudged());
    }
    let only_info = judged(r#"{"auc": 1}"#, r#"{"auc": 0}"#, Some("[[rule]]\nmetric = \"auc\"\nmin = 0.5\nseverity = \"info\"\n"));
    assert_eq!(only_info.reason.as_deref(), Some("nothing-checked"));
}

#[test]
fn a_metric_that_a_rule_names_must_be_there() {
    let rule = "[[rule]]\nmetric = \"Accuracy\"\nmin = 0.5\n";
    let judgement = judged(r#"{"accuracy": 0.9}"#, r#"{"accuracy": 0.9}"#, Some(rule));
    assert_eq!(told(&judgement), ["Accuracy fail block missing-candidate"]);
    assert_eq!(judgement.findings[0].hint.as_deref(), Some("did you mean `accuracy`?"));
    let glob = judged(r#"{"accuracy": 0.9}"#, r#"{"accuracy": 0.9}"#, Some("[[rule]]\nmetric = \"test.*\"\nmin = 0.5\n"));
    assert_eq!(told(&glob), ["test.* fail block nothing-matched"]);
    let lenient = judged(r#"{"a": 0.9}"#, r#"{"a": 0.9}"#, Some("[policy]\nmissing = \"warn\"\n[[rule]]\nmetric = \"auc\"\nmin = 0.5\n"));
    assert_eq!(told(&lenient), ["auc warn notice missing-candidate"]);
}

#[test]
fn unreadable_is_not_worse() {
    let rule = Some("[[rule]]\nmetric = \"auc\"\nmax_regression_abs = 0.01\n");
    let head = judged(r#"{"auc": 0.9}"#, r#"{"auc": 0.9"#, rule);
    assert_eq!(told(&head), ["auc inconclusive block unparsable-candidate"]);
    assert!(head.is_blocked_unjudged());
    let base = judged(r#"{"auc": 0.9"#, r#"{"auc": 0.9}"#, rule);
    assert_eq!(told(&base), ["auc inconclusive block unparsable-baseline"]);
    let both = judged_files(
        &[("m.json", r#"{"auc": 0.9}"#), ("n.json", r#"{"auc": 0.9}"#)],
        &[("m.json", "{"), ("n.json", r#"{"auc": 0.1}"#)],
        rule,
    );
    assert!(!both.is_blocked_unjudged(), "a real regression is told as such");
    let other_file = judged_files(&[("m.json", r#"{"auc": 1}"#), ("x.json", "{}")], &[("m.json", r#"{"auc": 1}"#), ("x.json", "{")], rule);
    assert_eq!(other_file.effect, Effect::Block, "a broken file that no rule covers blocks, too");
}

#[test]
fn situations_of_values() {
    let rule = Some("[[rule]]\nmetric = \"auc\"\nmax_regression_abs = 0.01\nmin = 0.5\n");
    let one = |base: &str, head: &str| told(&judged(&format!("{{{base}}}"), &format!("{{{head}}}"), rule)).remove(0);
    assert_eq!(one(r#""auc": 0.9"#, r#""auc": NaN"#), "auc fail block non-finite-candidate");
    assert_eq!(one(r#""auc": 0.9"#, r#""auc": null"#), "auc fail block null-candidate");
    assert_eq!(one(r#""auc": 0.9"#, r#""auc": "0.9""#), "auc fail block non-numeric-candidate");
    assert_eq!(one(r#""auc": NaN"#, r#""auc": 0.9"#), "auc no-baseline notice non-finite-baseline");
    assert_eq!(one(r#""auc": "x""#, r#""auc": 0.9"#), "auc no-baseline notice non-numeric-baseline");
    assert_eq!(one("", r#""auc": 0.9"#), "auc no-baseline notice no-baseline");
    assert_eq!(one("", r#""auc": 0.4"#), "auc fail block below-min");
    assert_eq!(one(r#""auc": 0.9"#, ""), "auc fail block missing-candidate");
    assert_eq!(one(r#""auc": 0.9"#, r#""auc": 0.89"#), "auc pass allow");
}

#[test]
fn an_unknown_direction_is_never_guessed() {
    let rule = Some("[[rule]]\nmetric = \"foo\"\nmax_regression_rel = 0.1\n");
    let judgement = judged(r#"{"foo": 1}"#, r#"{"foo": 2}"#, rule);
    assert_eq!(told(&judgement), ["foo inconclusive block direction-unknown"]);
    assert!(judgement.is_blocked_unjudged());
    assert_eq!(told(&judged(r#"{"foo": 1}"#, r#"{"foo": 1.0}"#, rule)), ["foo pass allow"]);
    let told_so = Some("[directions]\nfoo = \"lower\"\n[[rule]]\nmetric = \"foo\"\nmax_regression_rel = 0.1\n");
    assert_eq!(told(&judged(r#"{"foo": 1}"#, r#"{"foo": 2}"#, told_so)), ["foo fail block regression-rel"]);
    let all = Some("[[rule]]\nmetric = \"*\"\nmax_regression_rel = 0.1\n");
    assert_eq!(told(&judged(r#"{"auc": 1, "step": 1}"#, r#"{"auc": 1, "step": 2}"#, all)), ["auc pass allow"]);
}

#[test]
fn a_rule_on_a_metric_that_is_no_quality_contradicts_itself() {
    let rule = Some("[directions]\nfoo = \"none\"\n[[rule]]\nmetric = \"foo\"\nmax_regression_rel = 0.1\n");
    let judgement = judged(r#"{"foo": 1}"#, r#"{"foo": 2}"#, rule);
    assert!(judgement.findings[0].explanation.contains("`none` in [directions]"), "{}", judgement.findings[0].explanation);
}

#[test]
fn warn_limits_and_severity() {
    let rule = "[[rule]]\nmetric = \"auc\"\nmax_regression_abs = 0.1\nwarn = { max_regression_abs = 0.01 }\n";
    assert_eq!(told(&judged(r#"{"auc": 0.9}"#, r#"{"auc": 0.85}"#, Some(rule))), ["auc warn notice regression-abs"]);
    assert_eq!(told(&judged(r#"{"auc": 0.9}"#, r#"{"auc": 0.7}"#, Some(rule))), ["auc fail block regression-abs"]);
    let soft = "[[rule]]\nmetric = \"auc\"\nmin = 0.95\nseverity = \"warn\"\n";
    assert_eq!(told(&judged(r#"{"auc": 0.9}"#, r#"{"auc": 0.9}"#, Some(soft))), ["auc warn notice below-min"]);
}

#[test]
fn rules_of_other_branches_do_not_apply() {
    let rule = "[[rule]]\nmetric = \"auc\"\nmin = 0.95\nbranches = [\"release/*\"]\n[[rule]]\nmetric = \"auc\"\nmin = 0.5\n";
    assert_eq!(told(&judged(r#"{"auc": 0.9}"#, r#"{"auc": 0.9}"#, Some(rule))), ["auc pass allow"]);
}

#[test]
fn explanations_show_the_numbers_that_decide() {
    let rule = Some("[[rule]]\nmetric = \"auc\"\nmax_regression_abs = 0.01\n");
    let judgement = judged(r#"{"auc": 0.9}"#, r#"{"auc": 0.88999}"#, rule);
    assert_eq!(judgement.findings[0].explanation, "0.9 → 0.88999 (-1.11 %): worse by 0.01001, more than 0.01");
}

#[test]
fn a_file_that_moves_out_of_a_rules_reach_is_judged_all_the_same() {
    let rule = Some("[[rule]]\nmetric = \"auc\"\nfile = \"models/*.json\"\nmax_regression_abs = 0.01\n");
    let base = [("models/a.json", r#"{"auc": 0.9, "n": 1}"#), ("models/b.json", r#"{"auc": 0.9, "m": 1}"#)];
    let head = [("aside/a.json", r#"{"auc": 0.1, "n": 1}"#), ("models/b.json", r#"{"auc": 0.9, "m": 1}"#)];
    let moved = "(value) warn notice renamed-file";
    assert_eq!(told(&judged_files(&base, &head, rule)), ["auc fail block regression-abs", "auc pass allow", moved]);
    // A rule that names the very file wants that file.
    let exact = Some("[[rule]]\nmetric = \"auc\"\nfile = \"models/a.json\"\nmax_regression_abs = 0.9\n");
    assert_eq!(told(&judged_files(&base, &head, exact)), ["auc fail block missing-candidate", moved]);
}

#[test]
fn a_renamed_metric_is_named() {
    let judgement = judged(r#"{"accuracy": 0.9}"#, r#"{"test_accuracy": 0.9}"#, None);
    assert_eq!(told(&judgement), ["accuracy fail block missing-candidate", "test_accuracy no-baseline notice no-baseline"]);
    assert!(judgement.findings[0].hint.as_deref().is_some_and(|hint| hint.contains("`test_accuracy` is new")));
}

#[test]
fn findings_have_the_lines_of_metric_and_rule() {
    let policy = "[[rule]]\nmetric = \"auc\"\nmax_regression_abs = 0.01\n\n[[rule]]\nmetric = \"gone\"\nfile = \"m.json\"\nmin = 0\n[[rule]]\nmetric = \"f1\"\nmin = 0\n";
    let base = [("m.json", r#"{"auc": 0.9, "f1": 1}"#), ("n.yaml", "auc: 0.9\n"), ("o.json", "{}")];
    let head = [("m.json", "{\n\"f1\": 1,\n\"auc\": 0.1}"), ("n.yaml", "# 1\n# 2\n# 3\nauc: 0.1\n"), ("o.json", "{\n\n,}")];
    let mut judgement = judged_files(&base, &head, Some(policy));
    assert!(judgement.findings.iter().all(|finding| finding.line.is_none()));
    let asked = std::cell::RefCell::new(Vec::new());
    locate(&mut judgement, &|file| {
        asked.borrow_mut().push(file.to_string());
        head.iter().find(|(path, _)| *path == file.as_str()).map(|(_, text)| text.as_bytes().to_vec())
    });
    let lines = |finding: &Finding| (finding.metric.to_string(), finding.effect, finding.line, finding.rule_line);
    let mut found: Vec<_> = judgement.findings.iter().map(lines).collect();
    found.sort_by(|one, two| (&one.0, one.2).cmp(&(&two.0, two.2)));
    assert_eq!(
        found,
        [
            ("auc".to_owned(), Effect::Block, Some(3), Some(1)),
            ("auc".to_owned(), Effect::Block, Some(3), Some(1)),
            ("auc".to_owned(), Effect::Block, Some(4), Some(1)),
            ("f1".to_owned(), Effect::Allow, None, Some(9)),
            ("f1".to_owned(), Effect::Block, Some(3), Some(9)),
            ("gone".to_owned(), Effect::Block, None, Some(5)),
        ]
    );
    assert_eq!(asked.into_inner(), ["m.json", "n.yaml", "o.json"], "each file once, and only where people should look");
    let mut passes = judged_files(&base[..1], &base[..1], Some("[[rule]]\nmetric = \"auc\"\nmin = 0\n"));
    locate(&mut passes, &|file| panic!("nobody needs {file}"));
}
