use proptest::prelude::*;

use super::*;
use crate::evidence::Slice;

fn read(text: &str) -> Expression {
    Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The value of a text in which `candidate("x")` is 2, `baseline("x")` is 0 and all else is not known.
fn value(text: &str) -> Option<bool> {
    read(text).evaluate(&|operand| match (operand.field, operand.name.metric.as_str()) {
        (Field::Candidate, "x") => Quantity::new(2.0, 0.0),
        (Field::Baseline, "x") => Quantity::new(0.0, 0.0),
        _ => None,
    })
}

fn mistake(text: &str) -> (String, u32, Option<String>) {
    let error = Expression::parse(text).expect_err(text);
    (error.mistake.to_string(), error.at.column, error.hint())
}

#[test]
fn precedence_is_what_people_expect() {
    for (text, canonical) in [
        ("1+2*3 < 4", "1 + 2 * 3 < 4"),
        ("(1+2)*3 < 4", "(1 + 2) * 3 < 4"),
        ("1-(2-3) < ((4))", "1 - (2 - 3) < 4"),
        ("(1-2)-3 < 4/5/6", "1 - 2 - 3 < 4 / 5 / 6"),
        ("1/(2*3) < -(1+2)", "1 / (2 * 3) < -(1 + 2)"),
        ("- 1 * 2 < - -3", "-1 * 2 < --3"),
        ("true or false and not true", "true or false and not true"),
        ("(true or false) and !(true && false)", "(true or false) and not (true and false)"),
        ("true || (false || true)", "true or false or true"),
        ("not 1 < 2 and true", "not 1 < 2 and true"),
        ("min(1, 2,3)>=max(abs(1),2)", "min(1, 2, 3) >= max(abs(1), 2)"),
        ("1 − 2 < 1e-9 + 2.50E+3", "1 - 2 < 1e-9 + 2500"),
        ("lower('a\"b\\c', 'y = 1 ,x=2')>0", r#"lower("a\"b\\c", "x=2, y=1") > 0"#),
    ] {
        assert_eq!(read(text).to_string(), canonical);
        assert_eq!(read(canonical), read(text), "{canonical}");
    }
}

#[test]
fn arithmetic() {
    for text in [
        "1 + 2 * 3 == 7",
        "7 - 2 - 3 == 2",
        "12 / 2 / 3 == 2",
        "-2 * 3 == -6",
        "2 - -3 == 5",
        "min(3, 1, 2) == 1 and max(3, 1, 2) == 3 and abs(-2) == 2 and abs(2) == 2",
        "candidate(\"x\") == 2",
        "0.1 + 0.2 == 0.3",
        "0.9 - 0.01 >= 0.89 and not 0.9 - 0.01 > 0.89 and not 0.9 - 0.01 < 0.89",
        "1 != 1.0001",
        "1000000.1 - 1000000 >= 0.1",
        "(1000000.1 - 1000000) * 10 <= 1",
        "(1000000.1 - 1000000) / 0.1 == 1",
        "not 1 < 1 and 1 <= 1 and 1 >= 1 and not 1 > 1",
    ] {
        assert_eq!(value(text), Some(true), "{text}");
    }
}

#[test]
fn what_is_not_known_stays_so() {
    for text in [
        "upper(\"x\") > 0",
        "candidate(\"y\") == candidate(\"y\")",
        "1 / 0 > 0",
        "1 / baseline(\"x\") < 5",
        "0 * (1 / 0) == 0",
        "1e308 * 10 > 0",
        "1e308 + 1e308 > 0",
        "min(1, upper(\"x\")) < 2",
        "abs(lower(\"x\")) >= 0",
        "-lower(\"x\") < 1",
    ] {
        assert_eq!(value(text), None, "{text}");
        assert_eq!(value(&format!("not ({text})")), None, "{text}");
        assert_eq!(value(&format!("true or {text}")), Some(true), "{text}");
        assert_eq!(value(&format!("{text} and false")), Some(false), "{text}");
    }
}

/// Kleene's tables, written out.
#[test]
fn three_values() {
    let word = |value: Option<bool>| match value {
        Some(true) => "true",
        Some(false) => "false",
        None => "lower(\"x\") > 0",
    };
    let (yes, no, null) = (Some(true), Some(false), None);
    let tables = [
        (yes, yes, yes, yes),
        (yes, no, no, yes),
        (yes, null, null, yes),
        (no, yes, no, yes),
        (no, no, no, no),
        (no, null, no, null),
        (null, yes, null, yes),
        (null, no, no, null),
        (null, null, null, null),
    ];
    for (left, right, and, or) in tables {
        assert_eq!(value(&format!("{} and {}", word(left), word(right))), and, "{left:?} and {right:?}");
        assert_eq!(value(&format!("{} or {}", word(left), word(right))), or, "{left:?} or {right:?}");
    }
    assert_eq!([yes, no, null].map(|one| value(&format!("not {}", word(one)))), [no, yes, null]);
}

#[test]
fn mistakes_have_a_place_and_a_hint() {
    for (text, expected, column, hint) in [
        ("", "expected a number, a field or `(`, found the end", 1, ""),
        ("1", "a number stands where", 1, "compare it"),
        ("1 < 2 and 3", "a number stands where", 11, "compare it"),
        ("not 1", "a number stands where", 5, "compare it"),
        ("1 + true < 2", "something true or false stands where", 5, ""),
        ("abs(1 < 2) < 2", "something true or false stands where", 5, ""),
        ("true == true", "something true or false stands where", 1, ""),
        ("1 < not true", "something true or false stands where", 5, ""),
        ("1 < 2 < 3", "a comparison of a comparison", 7, "a < b and b < c"),
        ("(1 < 2", "expected an operator or `)`, found the end", 7, ""),
        ("1 < 2)", "expected an operator or the end, found `)`", 6, ""),
        ("1 < 2 3", "expected an operator or the end, found `3`", 7, ""),
        ("improvment(\"a\") > 0", "neither a field nor a function", 1, "did you mean `improvement`?"),
        ("f1 > 0", "`f1` is neither", 1, "candidate(\"f1\")"),
        ("lower > 0", "`lower` needs the name", 1, "lower(\"f1\")"),
        ("lower(f1) > 0", "`lower` needs the name", 1, "lower(\"f1\")"),
        ("lower() > 0", "`lower` needs the name", 1, "lower(\"f1\")"),
        ("lower(\"a\", \"b\") > 0", "`b` is no slice", 12, "country=DE"),
        ("lower(\"a\", 1) > 0", "`1` is no slice", 12, "country=DE"),
        ("lower(\"a\", \"b=c\", \"d=e\") > 0", "expected `)`", 17, ""),
        ("abs(1, 2) > 0", "`abs` takes one number", 1, ""),
        ("min() > 0", "expected a number, a field or `(`, found `)`", 5, ""),
        ("1 = 1", "`=` is no part", 3, "=="),
        ("true & true", "`&` is no part", 6, "and"),
        ("1 < 2 # comment", "`#` is no part", 7, ""),
        ("ü > 1", "`ü` is no part", 1, ""),
        ("lower(\"a > 0", "no closing quote", 7, "quote"),
        ("5mb < 1", "`5mb` is no number", 1, ""),
        ("1. < 1", "`1.` is no number", 1, ""),
        ("1.2.3 < 1", "`1.2.3` is no number", 1, ""),
        ("1e999 > 0", "`1e999` is no number", 1, ""),
    ] {
        let (told, at, given) = mistake(text);
        assert!(told.contains(expected), "{text}: {told}");
        assert_eq!(at, column, "{text}: {told}");
        assert!(given.unwrap_or_default().contains(hint), "{text}");
    }
    let error = Expression::parse("1 < 2 and\n  x").expect_err("no field");
    assert_eq!((error.at.line, error.at.column), (2, 3));
}

#[test]
fn bounds() {
    let long = vec!["1 < 2"; MAX_TEXT / 10].join(" and ");
    assert_eq!(value(&long), Some(true), "long is not deep");
    assert_eq!(value(&format!("{} > 0", vec!["1"; 1000].join(" + "))), Some(true));
    assert_eq!(mistake(&" ".repeat(MAX_TEXT + 1)).0, "the expression is longer than 4096 bytes");
    for (open, close) in [("(", ")"), ("not ", ""), ("!", "")] {
        let nested = |depth: usize| format!("{}true{}", open.repeat(depth), close.repeat(depth));
        assert!(value(&nested(62)).is_some(), "{open}");
        for depth in [64, 800] {
            assert_eq!(mistake(&nested(depth)).0, "the expression is nested deeper than 64", "{open}");
        }
    }
    assert_eq!(mistake(&format!("{}1 < 0", "-".repeat(4000))).0, "the expression is nested deeper than 64");
    assert_eq!(mistake(&format!("{}1", "min(".repeat(1000))).0, "the expression is nested deeper than 64");
}

fn number() -> impl Strategy<Value = Number> {
    let name = ("[a-z:.\\\\\"' ]{1,6}", proptest::option::of("[a-z]{1,3}=[a-z ,]{0,3}[a-z]"));
    let operand = (0..Field::ALL.len(), name).prop_map(|(field, (metric, rows))| {
        let slice = rows.and_then(|rows| crate::composite::estimate::slice(&rows)).unwrap_or(Slice::all());
        Number::Operand(Operand { field: Field::ALL[field], name: Name { metric, slice } })
    });
    let leaf = prop_oneof![(0.0..1e3_f64).prop_map(Number::Literal), Just(Number::Literal(1e-300)), Just(Number::Literal(5e22)), operand];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let chain = |operators: [Operator; 2], inner: BoxedStrategy<Number>| {
            (inner.clone(), proptest::collection::vec((0..2_usize, inner), 1..4)).prop_map(move |(first, rest)| {
                Number::Chain(Box::new(first), rest.into_iter().map(|(index, part)| (operators[index], part)).collect())
            })
        };
        prop_oneof![
            chain([Operator::Plus, Operator::Minus], inner.clone().boxed()),
            chain([Operator::Times, Operator::Over], inner.clone().boxed()),
            inner.clone().prop_map(|inner| Number::Negative(Box::new(inner))),
            inner.clone().prop_map(|inner| Number::Call(Function::Abs, vec![inner])),
            (any::<bool>(), proptest::collection::vec(inner, 1..4))
                .prop_map(|(min, parts)| Number::Call(if min { Function::Min } else { Function::Max }, parts)),
        ]
    })
}

fn truth() -> impl Strategy<Value = Truth> {
    use Comparison::{AtLeast, AtMost, Equal, Greater, Less, Unequal};
    let comparison = (proptest::sample::select(vec![Less, AtMost, Greater, AtLeast, Equal, Unequal]), number(), number())
        .prop_map(|(comparison, left, right)| Truth::Comparison(comparison, left, right));
    let leaf = prop_oneof![1 => any::<bool>().prop_map(Truth::Literal), 4 => comparison];
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| Truth::Not(Box::new(inner))),
            proptest::collection::vec(inner.clone(), 2..4).prop_map(Truth::All),
            proptest::collection::vec(inner, 2..4).prop_map(Truth::Any),
        ]
    })
}

fn lookup(operand: &Operand) -> Option<Quantity> {
    let size = operand.name.metric.len() as f64;
    (operand.field != Field::Upper).then(|| Quantity::new(size - 2.0, 3.0))?
}

proptest! {
    /// An expression printed and read is the same expression, in its shape where lists are flat, and in its value always.
    #[test]
    fn printed_and_read_again(truth in truth()) {
        let text = truth.to_string();
        prop_assume!(text.len() <= MAX_TEXT);
        let again = Expression::parse(&text);
        prop_assert!(again.is_ok(), "{}: {:?}", text, again);
        let again = again.expect("just seen");
        prop_assert_eq!(again.to_string(), read(&again.to_string()).to_string());
        prop_assert_eq!(&read(&again.to_string()), &again);
        prop_assert_eq!(again.evaluate(&lookup), Expression(truth).evaluate(&lookup), "{}", text);
    }

    #[test]
    fn never_panics(text in "[ a-z\"'=<>!&|()+*/,.0-9\\\\-]{0,80}") {
        if let Err(error) = Expression::parse(&text) {
            prop_assert!(error.at.column as usize <= text.chars().count() + 1 && !error.to_string().is_empty());
        }
    }

    #[test]
    fn pieces_in_any_order_never_panic(pieces in proptest::collection::vec(proptest::sample::select(vec![
        "1", "0.5", "candidate(\"x\")", "lower(\"x\", \"a=b\")", "min(", "abs(", "(", ")", ",", "+", "-", "*", "/", "<", ">=", "==",
        "and", "or", "not", "true", "false", "!",
    ]), 0..24)) {
        let text = pieces.join(" ");
        if let Ok(expression) = Expression::parse(&text) {
            prop_assert_eq!(&read(&expression.to_string()), &expression);
            expression.evaluate(&lookup);
        }
    }

    /// De Morgan, with what is not known.
    #[test]
    fn not_turns_and_into_or(left in truth(), right in truth()) {
        let not = |truth: &Truth| Truth::Not(Box::new(truth.clone()));
        let one = Expression(not(&Truth::All(vec![left.clone(), right.clone()])));
        let two = Expression(Truth::Any(vec![not(&left), not(&right)]));
        prop_assert_eq!(one.evaluate(&lookup), two.evaluate(&lookup));
    }
}
