use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::commands::{Line, commands};

fn rule(kind: ParameterKind) -> ParameterRule {
    ParameterRule { kind, ..ParameterRule::default() }
}

fn text() -> ParameterRule {
    rule(ParameterKind::Text)
}

fn integer() -> ParameterRule {
    rule(ParameterKind::Integer)
}

fn number() -> ParameterRule {
    rule(ParameterKind::Number)
}

fn boolean() -> ParameterRule {
    rule(ParameterKind::Boolean)
}

fn texts(given: &[&str]) -> Vec<String> {
    given.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn rules_that_make_sense() {
    let ranged = |rule: ParameterRule| ParameterRule { min: Some(0.5), max: Some(0.5), ..rule };
    let fixed = |rule: ParameterRule, value: Value| ParameterRule { value: Some(value.clone()), default: Some(value), ..rule };
    let rules = [
        text(),
        ranged(integer()),
        ranged(number()),
        fixed(text(), json!("")),
        fixed(integer(), json!(3)),
        fixed(number(), json!(3)),
        fixed(number(), json!(0.1)),
        fixed(boolean(), json!(false)),
        // What these come to is known later.
        fixed(integer(), json!("{{ event.number }}")),
        fixed(ParameterRule { choices: texts(&["a"]), ..text() }, json!("{% if x %}a{% endif %}")),
        ParameterRule { choices: texts(&["a", "b"]), max_length: Some(1), default: Some(json!("b")), ..text() },
    ];
    for rule in rules {
        assert_eq!(check_rule("_lr2", &rule), Ok(()), "{rule:?}");
    }
}

#[test]
fn rules_that_make_none() {
    let value = |rule: ParameterRule, value: Value| ParameterRule { value: Some(value), ..rule };
    let default = |rule: ParameterRule, value: Value| ParameterRule { default: Some(value), ..rule };
    let cases = [
        ("", text(), "the name ``"),
        ("2x", text(), "the name `2x`"),
        ("Lr", text(), "the name `Lr`"),
        ("l-r", text(), "the name"),
        ("größe", text(), "the name"),
        ("x", ParameterRule { min: Some(0.0), ..text() }, "`min` is for numbers, and the type is text"),
        ("x", ParameterRule { max: Some(0.0), ..boolean() }, "`max` is for numbers"),
        ("x", ParameterRule { min: Some(f64::NAN), ..number() }, "`min` is NaN"),
        ("x", ParameterRule { max: Some(f64::INFINITY), ..integer() }, "`max` is inf"),
        ("x", ParameterRule { min: Some(2.0), max: Some(1.0), ..number() }, "`min` is 2, which is more than `max`, 1"),
        ("x", ParameterRule { choices: texts(&["1"]), ..integer() }, "`choices` are for texts"),
        ("x", ParameterRule { choices: texts(&["a", ""]), ..text() }, "one of `choices` is empty"),
        ("x", ParameterRule { choices: texts(&["a", "b", "a"]), ..text() }, "`a` is twice"),
        ("x", ParameterRule { choices: texts(&["a\nb"]), ..text() }, "`a\\nb` among `choices` is not one line"),
        ("x", ParameterRule { choices: texts(&["abc"]), max_length: Some(2), ..text() }, "has 3 characters, more than 2"),
        ("x", ParameterRule { max_length: Some(2), ..number() }, "`max_length` is for texts"),
        ("x", ParameterRule { max_length: Some(0), ..text() }, "no text fits"),
        ("x", default(text(), json!(1)), "`default` is `1`, and the type is text"),
        ("x", default(number(), json!("0.1")), "`default` is `0.1`, and the type is number"),
        ("x", default(boolean(), json!("true")), "`default` is `true`, and the type is boolean"),
        ("x", default(integer(), json!(1.0)), "`default` has a value of the wrong type: `1.0`"),
        ("x", default(integer(), json!(null)), "`default` must be one value"),
        ("x", value(text(), json!(["a"])), "`value` must be one value"),
        ("x", value(text(), json!({"a": 1})), "`value` must be one value"),
        ("x", value(ParameterRule { max: Some(1.0), ..number() }, json!(2)), "`value` is out of range: `2`"),
        ("x", default(ParameterRule { choices: texts(&["a"]), ..text() }, json!("b")), "`default` is none of its choices: `b`"),
    ];
    for (name, rule, expected) in cases {
        let why = check_rule(name, &rule).expect_err(expected);
        assert!(why.contains(expected), "{why:?} without {expected:?}");
    }
}

#[test]
fn texts_become_what_the_type_says() {
    let cases = [
        (text(), "", json!("")),
        (text(), "--x", json!("--x")),
        (text(), "0.1", json!("0.1")),
        (text(), " größe ", json!(" größe ")),
        (boolean(), "true", json!(true)),
        (boolean(), "false", json!(false)),
        (integer(), "0", json!(0)),
        (integer(), "-12", json!(-12)),
        (integer(), "+12", json!(12)),
        (integer(), "007", json!(7)),
        (integer(), "9007199254740993", json!(9_007_199_254_740_993_i64)),
        (integer(), "-9223372036854775808", json!(i64::MIN)),
        (integer(), "18446744073709551615", json!(u64::MAX)),
        (number(), "5", json!(5)),
        (number(), "18446744073709551615", json!(u64::MAX)),
        (number(), "18446744073709551616", json!(18_446_744_073_709_551_616.0)),
        (number(), "0.1", json!(0.1)),
        (number(), "-.5", json!(-0.5)),
        (number(), "5.", json!(5.0)),
        (number(), "1e-4", json!(1e-4)),
        (number(), "+1E+4", json!(1e4)),
        (number(), "1e-999", json!(0.0)),
    ];
    for (rule, given, expected) in cases {
        assert_eq!(fit_text("x", &rule, given), Ok(expected.clone()), "{given:?}");
        assert_eq!(fit("x", &rule, &json!(given)), Ok(expected), "{given:?}");
    }
}

fn problem(result: Result<Value, ParameterError>) -> Unfit {
    match result {
        Err(ParameterError::Unfit { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn texts_that_do_not_fit() {
    for given in ["", " 1", "1 ", "1.0", "1e3", "0x10", "1_000", "1,000", "٣", "-", "+-1", "NaN", "true", "1\n"] {
        assert_eq!(problem(fit_text("x", &integer(), given)), Unfit::Type, "{given:?}");
    }
    for given in ["18446744073709551616", "-9223372036854775809"] {
        assert_eq!(problem(fit_text("x", &integer(), given)), Unfit::Huge, "{given:?}");
    }
    for given in ["", ".", "e5", "1e", "0x1p3", "nan", "NaN", "inf", "-Infinity", "1_0", "1,5", "--1", "1.2.3", " 1", "٣"] {
        assert_eq!(problem(fit_text("x", &number(), given)), Unfit::Type, "{given:?}");
    }
    assert_eq!(problem(fit_text("x", &number(), "-1e999")), Unfit::Huge);
    for given in ["True", "yes", "1", "", "true "] {
        assert_eq!(problem(fit_text("x", &boolean(), given)), Unfit::Type, "{given:?}");
    }
    for given in ["a\nb", "a\r", "\t", "\u{0}", "\u{7f}", "\u{85}", "a\u{2028}b", "\u{1b}[0m"] {
        assert_eq!(problem(fit_text("x", &text(), given)), Unfit::Line, "{given:?}");
    }
    assert!(fit_text("x", &text(), &"ü".repeat(200)).is_ok());
    assert_eq!(problem(fit_text("x", &text(), &"ü".repeat(201))), Unfit::Long { length: 201, most: 200 });
    let longer = ParameterRule { max_length: Some(300), ..text() };
    assert!(fit_text("x", &longer, &"ü".repeat(300)).is_ok());
    let chosen = ParameterRule { choices: texts(&["small", "large"]), ..text() };
    assert!(fit_text("x", &chosen, "small").is_ok());
    for given in ["", "Small", "small ", "smal"] {
        assert_eq!(problem(fit_text("x", &chosen, given)), Unfit::Choice, "{given:?}");
    }
}

#[test]
fn json_values_keep_or_lose() {
    let fits = [
        (text(), json!(12), json!("12")),
        (text(), json!(0.1), json!("0.1")),
        (text(), json!(true), json!("true")),
        (integer(), json!(u64::MAX), json!(u64::MAX)),
        (number(), json!(1), json!(1)),
        (number(), json!(1.5), json!(1.5)),
        (boolean(), json!(true), json!(true)),
    ];
    for (rule, given, expected) in fits {
        assert_eq!(fit("x", &rule, &given), Ok(expected), "{given}");
    }
    let unfit = [
        (integer(), json!(3.0)),
        (integer(), json!(true)),
        (number(), json!(false)),
        (boolean(), json!(1)),
        (text(), json!(null)),
        (text(), json!(["a"])),
        (number(), json!({})),
    ];
    for (rule, given) in unfit {
        assert_eq!(problem(fit("x", &rule, &given)), Unfit::Type, "{given}");
    }
}

#[test]
fn bounds_are_exact_and_included() {
    let ranged = |kind, min, max| ParameterRule { min, max, ..rule(kind) };
    let two_to_53 = 9_007_199_254_740_992.0;
    let cases = [
        (ranged(ParameterKind::Integer, Some(1.0), Some(3.0)), vec!["1", "3"], vec!["0", "4", "-1"]),
        (ranged(ParameterKind::Integer, Some(0.5), Some(2.5)), vec!["1", "2"], vec!["0", "3"]),
        (ranged(ParameterKind::Integer, Some(-2.5), None), vec!["-2"], vec!["-3"]),
        (ranged(ParameterKind::Integer, None, Some(two_to_53)), vec!["9007199254740992"], vec!["9007199254740993"]),
        (ranged(ParameterKind::Number, None, Some(two_to_53)), vec!["9007199254740992"], vec!["9007199254740993"]),
        (ranged(ParameterKind::Integer, Some(-1e300), Some(1e300)), vec!["18446744073709551615", "-9223372036854775808"], vec![]),
        (ranged(ParameterKind::Number, Some(0.0), Some(1.0)), vec!["0", "1", "0.0", "1.0", "-0.0"], vec!["1.0000001", "-1e-300", "2"]),
    ];
    for (rule, inside, outside) in cases {
        for given in inside {
            assert!(fit_text("x", &rule, given).is_ok(), "{given} in {rule:?}");
        }
        for given in outside {
            assert!(matches!(problem(fit_text("x", &rule, given)), Unfit::Range { .. }), "{given} in {rule:?}");
        }
    }
}

fn rules() -> BTreeMap<String, ParameterRule> {
    let size = ParameterRule { choices: texts(&["small", "large"]), ..text() };
    [("lr", number()), ("epochs", integer()), ("size", size), ("note", text())].map(|(name, rule)| (name.to_owned(), rule)).into()
}

fn given(line: &str, places: &[&str]) -> Result<Value, ParameterError> {
    let lines = commands(line);
    let [Line::Command(command)] = &lines[..] else { panic!("no command: {lines:?}") };
    from_command(&rules(), &texts(places), command).map(|given| given.into_iter().collect())
}

#[test]
fn a_command_gives_what_it_names() {
    assert_eq!(given("/x", &["lr"]), Ok(json!({})));
    assert_eq!(given("/x lr=0.1 note=\"a b\"", &[]), Ok(json!({"lr": 0.1, "note": "a b"})));
    assert_eq!(given("/x 0.1 size=small 3", &["lr", "epochs"]), Ok(json!({"lr": 0.1, "size": "small", "epochs": 3})));
    assert_eq!(given("/x 0.1", &["lr", "epochs"]), Ok(json!({"lr": 0.1})));
}

#[test]
fn a_command_that_gives_something_else() {
    let cases = [
        ("/x lr=fast", "parameter `lr` has a value of the wrong type: `fast`", "write a finite decimal number"),
        ("/x epochs=3.0", "parameter `epochs` has a value of the wrong type: `3.0`", "`3.0` and `3e0` are none"),
        ("/x epochs=99999999999999999999", "parameter `epochs` is a number that is too great: `99999999999999999999`", "from -9223"),
        ("/x size=smal", "parameter `size` is none of its choices: `smal`", "did you mean `small`? write one of `small`, `large`"),
        ("/x epoch=3", "there is no parameter `epoch`", "did you mean `epochs`? there are `epochs`, `lr`, `note`, `size`"),
        ("/x LR=3", "there is no parameter `LR`", "did you mean `lr`?"),
        ("/x zzz=3", "there is no parameter `zzz`", "there are `epochs`"),
        ("/x lr=1 lr=1", "parameter `lr` is given twice", "once"),
        ("/x 1 lr=1", "parameter `lr` is given twice", "once"),
        ("/x 1 2 \"`c`\\\"\"", "a value without a name is too much: `2`", "only `lr` can be given without a name"),
        ("/x note=`a`", "", ""),
    ];
    for (line, message, hint) in cases {
        let result = given(line, &["lr"]);
        if message.is_empty() {
            assert!(result.is_ok(), "{line}");
            continue;
        }
        let error = result.expect_err(line);
        assert_eq!(error.to_string(), message, "{line}");
        assert!(error.hint().is_some_and(|found| found.contains(hint)), "{line}: {:?}", error.hint());
    }
    assert!(given("/x 1", &[]).expect_err("no place").hint().is_some_and(|hint| hint.contains("name=value")));
    let none =
        from_command(&BTreeMap::new(), &[], &Command { verb: "x".into(), arguments: vec![Argument::Positional("a".into())], line: 1 });
    assert_eq!(none.expect_err("no parameters").hint().as_deref(), Some("this command has no parameters"));
    // A place that is no parameter is a mistake of the rules, and no reason to guess.
    assert!(matches!(given("/x 1", &["gone"]), Err(ParameterError::Unknown { .. })));
}

#[test]
fn a_range_is_told() {
    let hint = |min, max| {
        let error = fit_text("x", &ParameterRule { min, max, ..number() }, "1e9").expect_err("out of range");
        (error.to_string(), error.hint().expect("a cure"))
    };
    let told = ("parameter `x` is out of range: `1e9`".to_owned(), "write a number from 0.5 to 3".to_owned());
    assert_eq!(hint(Some(0.5), Some(3.0)), told);
    assert_eq!(hint(None, Some(3.0)).1, "write a number of at most 3");
    assert_eq!(hint(Some(1e10), None).1, "write a number of at least 10000000000");
}

#[test]
fn values_are_shown_cut_and_escaped() {
    let error = fit_text("x", &integer(), &format!("`\u{1b}\n\u{202e}{}", "ü".repeat(500))).expect_err("no integer");
    let shown = error.to_string();
    assert!(shown.contains("`\\u{60}\\u{1b}\\n\\u{202e}üü") && shown.ends_with("ü…`"), "{shown}");
    assert_eq!(shown.matches('ü').count(), 76);
    assert_eq!(
        fit("x", &integer(), &json!(vec![1; 100])).expect_err("a list").to_string(),
        "parameter `x` has a value of the wrong type: a list"
    );
}

proptest! {
    #[test]
    fn nothing_panics_and_what_fits_fits_again(given in ".{0,40}|[-+]?[0-9.eE+-]{0,24}", min in any::<Option<f64>>(), max in any::<Option<f64>>()) {
        for kind in [ParameterKind::Text, ParameterKind::Integer, ParameterKind::Number, ParameterKind::Boolean] {
            let rule = ParameterRule { kind, min, max, ..ParameterRule::default() };
            match fit_text("x", &rule, &given) {
                Ok(value) => prop_assert_eq!(fit("x", &rule, &value), Ok(value.clone())),
                Err(error) => prop_assert!(!error.to_string().contains('\n')),
            }
        }
    }

    #[test]
    fn integers_stay_exact(value in any::<i64>()) {
        prop_assert_eq!(fit_text("x", &integer(), &value.to_string()), Ok(json!(value)));
        prop_assert_eq!(fit_text("x", &number(), &value.to_string()), Ok(json!(value)));
    }

    #[test]
    fn numbers_are_the_nearest_float(value in any::<f64>().prop_filter("finite", |value| value.is_finite())) {
        prop_assert_eq!(fit_text("x", &number(), &format!("{value:e}")).expect("a number").as_f64(), Some(value));
    }
}
