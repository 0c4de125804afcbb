//! Expressions of composite rules: whatever the text, reading ends well, a mistake has its place, an expression that is printed
//! reads back as itself, and judging it gives the same.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use proofmark_core::composite::{CompositeError, CompositeRule, Estimate, Expression, MAX_TEXT};
use proofmark_core::config::Composite;
use proofmark_core::direction::Direction;
use proofmark_core::evidence::Slice;
use proofmark_core::key::Key;
use proofmark_fuzz::is_inside;

static ESTIMATES: LazyLock<Vec<Estimate>> = LazyLock::new(|| {
    let point = |metric: &str, baseline: f64, candidate: f64| Estimate {
        oriented: Some(Direction::Higher),
        baseline: Some(baseline),
        candidate: Some(candidate),
        improvement: Some(candidate - baseline),
        ..Estimate::new(Key::from_canonical(metric))
    };
    let noisy = Estimate { lower: Some(-0.01), upper: Some(0.02), margin: Some(0.01), ..point("a", 0.5, 0.505) };
    let slice = Estimate { slice: Slice::all().with("b", "c"), ..noisy.clone() };
    vec![noisy, slice, point("x", 0.0, -1e308), point("t:y", f64::NAN, f64::INFINITY), Estimate::new(Key::from_canonical("z"))]
});

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let rule = |text: &str| {
        let typed = Composite { name: "fuzzed".to_owned(), expression: Some(text.to_owned()), ..Composite::default() };
        CompositeRule::compile(&typed)
    };
    let expression = match Expression::parse(text) {
        Ok(expression) => expression,
        Err(error) => {
            is_inside(error.at, bytes, &error.to_string());
            assert_eq!(rule(text), Err(CompositeError::Expression(error)));
            return;
        }
    };
    let printed = expression.to_string();
    let rule_as = |text: &str| rule(text).unwrap_or_else(|error| panic!("what was read before is refused: {error}\n{text}"));
    // Backslashes double, and spaces are added.
    if printed.len() <= MAX_TEXT {
        let again = Expression::parse(&printed).unwrap_or_else(|error| panic!("our own text is refused: {error}\n{printed}"));
        assert_eq!(again, expression, "{printed}");
        assert_eq!(rule_as(&printed).evaluate(&ESTIMATES, 0.05), rule_as(text).evaluate(&ESTIMATES, 0.05), "{printed}");
    }
    let wanted = rule_as(text).names();
    match rule_as(text).evaluate(&ESTIMATES, 0.05) {
        Ok(outcome) => assert!(!outcome.explanation.is_empty() && outcome.explanation.len() < 4096),
        Err(error) => assert!(!wanted.is_empty() && !error.hint().is_empty(), "{error}"),
    }
});
