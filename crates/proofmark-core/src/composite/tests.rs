use super::*;
use crate::config::RuleLine;

fn rule(text: &str) -> Result<CompositeRule, CompositeError> {
    let typed: config::Composite = toml::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    CompositeRule::compile(&config::Composite { name: "rule".to_owned(), ..typed })
}

fn judged(text: &str, estimates: &[Estimate]) -> CompositeOutcome {
    let outcome = rule(text).expect("a rule").evaluate(estimates, 0.05).expect("known names");
    assert!(!outcome.explanation.is_empty() && outcome.explanation.len() < 1000, "{}", outcome.explanation);
    assert!(outcome.verdict == Verdict::Pass || !outcome.reasons.is_empty(), "{outcome:?}");
    outcome
}

fn told(text: &str, estimates: &[Estimate]) -> String {
    let outcome = judged(text, estimates);
    format!("{} {}", outcome.verdict.name(), outcome.reasons.join(",")).trim_end().to_owned()
}

/// One number a side; higher is better.
fn point(metric: &str, baseline: f64, candidate: f64) -> Estimate {
    let improvement = candidate - baseline;
    Estimate {
        n: 1,
        oriented: Some(Direction::Higher),
        baseline: Some(baseline),
        candidate: Some(candidate),
        improvement: Some(improvement),
        relative: Some(improvement / baseline.abs()),
        ..Estimate::new(Key::from_canonical(metric))
    }
}

/// With confidence limits, and a margin of 0.01.
fn noisy(metric: &str, lower: f64, upper: f64) -> Estimate {
    let middle = f64::midpoint(lower, upper);
    Estimate { lower: Some(lower), upper: Some(upper), margin: Some(0.01), ..point(metric, 0.5, 0.5 + middle) }
}

fn on(country: &str, n: u64, estimate: Estimate) -> Estimate {
    Estimate { table: Some("test".to_owned()), slice: Slice::all().with("country", country), n, ..estimate }
}

fn gone(metric: &str) -> Estimate {
    Estimate { candidate: None, improvement: None, relative: None, ..point(metric, 0.9, 0.9) }
}

fn new(metric: &str) -> Estimate {
    Estimate { baseline: None, improvement: None, relative: None, ..point(metric, 0.9, 0.9) }
}

#[test]
fn rules_that_cannot_be_meant() {
    for (text, expected) in [
        ("", "0 forms"),
        ("expression = \"true\"\nbudget = {metric = \"a\", max = 1}", "2 forms"),
        ("expression = \"1 <\"", "at 1:4 of the expression"),
        ("pareto = [\"a\"]", "from 2 to"),
        ("pareto = [\"a\", \"a\"]", "from 2 to"),
        ("pareto = [\"a\", \"\"]", "from 2 to"),
        ("trade = {loss_in = \"a\", gain_in = \"b\", at_least = 1}", "`up_to` is missing"),
        ("trade = {loss_in = \"a\", gain_in = \"b\", up_to = 1}", "`at_least` is missing"),
        ("trade = {loss_in = \"a\", up_to = 1, at_least = 1}", "`gain_in` is missing"),
        ("trade = {loss_in = \"a\", gain_in = \"b\", up_to = -1, at_least = 1}", "`up_to` must be"),
        ("trade = {loss_in = \"a\", gain_in = \"b\", up_to = 1, at_least = nan}", "`at_least` is not"),
        ("gap = {metric = \"a\", by = \"c\"}", "`max` is missing"),
        ("gap = {metric = \"a\", max = 1}", "`by` needs"),
        ("gap = {metric = \"a\", by = [\"c\", \"d**e\"], max = 1}", "`by` needs"),
        ("gap = {metric = \"a\", by = \"c\", max = inf}", "`max` must be"),
        ("gap = {by = \"c\", max = 1}", "`metric` is missing"),
        ("worst_slice = {metric = \"a\", by = \"c\", margin = -0.1}", "`margin` must be"),
        ("budget = {metric = \"a\"}", "`max` is missing"),
        ("budget = {metric = \"a\", max = nan}", "`max` is not"),
        ("budget = {metric = \"a\", max_increase_rel = -1}", "`max_increase_rel` must be"),
    ] {
        let error = rule(text).expect_err(text);
        assert!(error.to_string().contains(expected), "{text}: {error}");
    }
    let unnamed = config::Composite { expression: Some("true".to_owned()), ..config::Composite::default() };
    assert_eq!(CompositeRule::compile(&unnamed), Err(CompositeError::NoName));
    let placed = config::Composite { name: "a".to_owned(), line: RuleLine(Some(7)), ..unnamed };
    assert_eq!(CompositeRule::compile(&placed).map(|rule| rule.line), Ok(Some(7)));
}

#[test]
fn rules_say_what_they_need() {
    let names = |text: &str| rule(text).expect("a rule").names();
    let expression = names("expression = '''lower(\"f1\", \"country=DE\") > 0 and candidate(\"size\") < 3'''");
    assert_eq!((expression[0].metric.as_str(), &expression[0].rows), ("f1", &Rows::Of(Slice::all().with("country", "DE"))));
    assert_eq!((expression[0].needs_direction, expression[1].needs_direction), (true, false));
    let worst = names("worst_slice = {metric = \"f1\", table = \"test\", by = [\"b*a\", \"c\"], margin = 0.02}");
    let by = vec![vec!["a".to_owned(), "b".to_owned()], vec!["c".to_owned()]];
    assert_eq!((&worst[0].rows, worst[0].margin, worst[0].table.as_deref()), (&Rows::By(by), Some(0.02), Some("test")));
    assert_eq!(names("pareto = [\"a\", \"b\", \"c\"]").len(), 3);
    assert_eq!(names("trade = {loss_in = \"a\", up_to = 1, gain_in = \"b\", at_least = 0}").len(), 2);
}

#[test]
fn a_name_that_nobody_knows_is_a_mistake_in_the_configuration() {
    for text in [
        "expression = \"true or candidate('accuracz') > 0\"",
        "pareto = [\"accuracy\", \"accuracz\"]",
        "trade = {loss_in = \"accuracy\", up_to = 1, gain_in = \"accuracz\", at_least = 0}",
        "gap = {metric = \"accuracz\", by = \"c\", max = 1}",
        "worst_slice = {metric = \"accuracz\", by = \"c\"}",
        "budget = {metric = \"accuracz\", max = 1}",
    ] {
        let error = rule(text).expect("a rule").evaluate(&[point("accuracy", 1.0, 1.0)], 0.05).expect_err(text);
        assert_eq!((error.to_string().as_str(), error.hint().as_str()), ("no metric is called `accuracz`", "did you mean `accuracy`?"));
    }
}

#[test]
fn expressions() {
    let all = [point("f1", 0.9, 0.89), noisy("auc", -0.002, 0.004), on("DE", 50, point("f1", 0.9, 0.7)), new("fresh"), gone("old")];
    let all = all.map(|estimate| Estimate { table: None, ..estimate });
    let of = |text: &str| told(&format!("expression = '''{text}'''"), &all);
    assert_eq!(of(r#"improvement("f1") >= -0.01"#), "pass", "exactly the limit");
    assert_eq!(of(r#"improvement("f1") >= -0.0099"#), "fail expression-false");
    assert_eq!(of(r#"relative("f1") >= -0.01"#), "fail expression-false");
    assert_eq!(of(r#"candidate("f1", "country=DE") > 0.8"#), "fail expression-false");
    assert_eq!(of(r#"lower("auc") > -0.01 and upper("auc") > 0"#), "pass");
    assert_eq!(of(r#"lower("f1") > -0.01"#), "inconclusive operand-unknown");
    assert_eq!(of(r#"improvement("fresh") > 0"#), "inconclusive no-baseline,operand-unknown");
    assert_eq!(of(r#"candidate("fresh") > 0.8"#), "pass");
    assert_eq!(of(r#"candidate("old") > 0.8"#), "inconclusive missing-candidate,operand-unknown");
    assert_eq!(of(r#"candidate("old") > 0.8 or true"#), "pass");
    assert_eq!(
        judged(r#"expression = '''improvement("f1") >= -0.005 and lower("f1") > 0'''"#, &all).explanation,
        r#"does not hold: `improvement("f1") >= -0.005` is false (-0.01, -0.005); `lower("f1") > 0` is not known"#
    );
    assert_eq!(judged("expression = \"true\"", &[]).explanation, "holds");
}

#[test]
fn severity_warn_makes_a_violation_a_warning() {
    assert_eq!(told("severity = \"warn\"\nexpression = \"false\"", &[]), "warn expression-false");
    assert_eq!(told("severity = \"warn\"\nexpression = \"1 / 0 > 1\"", &[]), "inconclusive operand-unknown");
}

#[test]
fn pareto() {
    let of = |one: Estimate, two: Estimate| told("pareto = [\"a\", \"b\"]", &[one, two]);
    // Without noise and without a margin.
    assert_eq!(of(point("a", 0.9, 0.8), point("b", 0.9, 0.9)), "fail pareto-worse");
    assert_eq!(of(point("a", 0.9, 0.8), point("b", 0.9, 0.91)), "pass");
    assert_eq!(of(point("a", 0.9, 0.9), point("b", 0.9, 0.9)), "pass");
    assert_eq!(of(Estimate { margin: Some(0.1), ..point("a", 0.9, 0.8) }, point("b", 0.9, 0.9)), "pass", "exactly the margin");
    // With noise.
    assert_eq!(of(noisy("a", -0.05, -0.02), noisy("b", -0.005, 0.005)), "fail pareto-worse");
    assert_eq!(of(noisy("a", -0.05, -0.02), noisy("b", 0.001, 0.005)), "pass", "shown to be better");
    assert_eq!(of(noisy("a", -0.005, 0.005), noisy("b", -0.01, 0.005)), "pass");
    assert_eq!(of(noisy("a", -0.05, 0.0), noisy("b", -0.005, 0.005)), "inconclusive not-shown");
    // What one side does not have.
    assert_eq!(of(point("a", 0.9, 0.95), gone("b")), "fail missing-candidate");
    assert_eq!(of(point("a", 0.9, f64::NAN), point("b", 0.9, 0.9)), "fail non-finite-candidate");
    assert_eq!(of(point("a", 0.9, 0.8), new("b")), "inconclusive no-baseline,not-shown");
    assert_eq!(of(point("a", 0.9, 0.95), new("b")), "pass");
}

#[test]
fn trades() {
    let of = |loser: Estimate, winner: Estimate| {
        told("trade = {loss_in = \"a\", up_to = 0.05, gain_in = \"b\", at_least = 0.02}", &[loser, winner])
    };
    assert_eq!(of(point("a", 0.9, 0.9), point("b", 0.9, 0.1)), "pass", "there is no loss");
    assert_eq!(of(point("a", 0.9, 0.85), point("b", 0.9, 0.92)), "pass", "exactly both");
    assert_eq!(of(point("a", 0.9, 0.85), point("b", 0.9, 0.91)), "fail trade-unpaid");
    assert_eq!(of(point("a", 0.9, 0.84), point("b", 0.9, 0.99)), "fail trade-loss");
    assert_eq!(of(noisy("a", -0.04, -0.02), noisy("b", 0.02, 0.05)), "pass");
    assert_eq!(of(noisy("a", -0.04, -0.02), noisy("b", 0.01, 0.05)), "fail trade-unpaid");
    assert_eq!(of(noisy("a", -0.04, 0.0), noisy("b", 0.01, 0.05)), "inconclusive not-shown", "a loss is not shown");
    assert_eq!(of(noisy("a", -0.06, -0.02), noisy("b", 0.02, 0.05)), "inconclusive not-shown", "it may be too great");
    assert_eq!(of(noisy("a", -0.09, -0.06), noisy("b", 0.02, 0.05)), "fail trade-loss");
    assert_eq!(of(gone("a"), point("b", 0.9, 0.99)), "fail missing-candidate");
    assert_eq!(of(new("a"), point("b", 0.9, 0.99)), "inconclusive no-baseline,not-shown");
}

#[test]
fn budgets() {
    let change = "budget = {metric = \"ms\", max_increase_abs = 5, max_increase_rel = 0.1}";
    let of = |text: &str, baseline: f64, candidate: f64| told(text, &[point("ms", baseline, candidate)]);
    assert_eq!(of(change, 100.0, 104.0), "pass");
    assert_eq!(of(change, 100.0, 110.0), "pass", "one of the limits is kept");
    assert_eq!(of(change, 100.0, 110.1), "fail regression-abs,regression-rel");
    assert_eq!(of(change, 100.0, 10.0), "pass", "less is better, whatever the direction of the metric");
    assert_eq!(of("budget = {metric = \"ms\", max_increase_rel = 0.1}", 0.0, 1.0), "inconclusive relative-undefined");
    assert_eq!(of("budget = {metric = \"ms\", max = 120}", 100.0, 120.0), "pass");
    assert_eq!(of("budget = {metric = \"ms\", max = 120}", 100.0, 121.0), "fail above-max");
    assert_eq!(told(change, &[new("ms")]), "no-baseline no-baseline");
    assert_eq!(told("budget = {metric = \"ms\", max = 1}", &[new("ms")]), "pass");
    assert_eq!(told(change, &[gone("ms")]), "fail missing-candidate");
    assert_eq!(told(change, &[point("ms", 1.0, f64::INFINITY)]), "fail non-finite-candidate");
    let outcome = judged(change, &[point("ms", 100.0, 120.0)]);
    assert_eq!(outcome.explanation, "`ms` went from 100 to 120; an increase of 5 or 10 % is allowed");
    assert_eq!(outcome.measure, Some(Measure { baseline: Some(100.0), candidate: Some(120.0), direction: Direction::Lower }));
}

#[test]
fn gaps() {
    let slices = |de: (f64, f64), fr: (f64, f64)| {
        [
            on("DE", 50, point("f1", de.0, de.1)),
            on("FR", 50, point("f1", fr.0, fr.1)),
            on("LU", 3, point("f1", 0.9, 0.1)),
            point("f1", 0.9, 0.9),
        ]
        .map(|estimate| Estimate { table: Some("test".to_owned()), ..estimate })
    };
    let both = "gap = {metric = \"f1\", table = \"test\", by = \"country\", max = 0.1, max_change = 0.02}";
    assert_eq!(told(both, &slices((0.9, 0.9), (0.82, 0.8))), "pass", "exactly both limits");
    assert_eq!(told(both, &slices((0.9, 0.9), (0.83, 0.8))), "fail gap-change-above-max");
    assert_eq!(told(both, &slices((0.9, 0.9), (0.7, 0.71))), "fail gap-above-max");
    assert_eq!(told(both, &slices((0.8, 0.7), (0.9, 0.9))), "fail gap-above-max,gap-change-above-max");
    let outcome = judged(both, &slices((0.9, 0.9), (0.9, 0.75)));
    assert_eq!(outcome.worst.map(|(_, slice)| slice.to_string()).as_deref(), Some("country=FR"));
    assert_eq!(outcome.measure.map(|measure| measure.baseline), Some(Some(0.0)));
    assert_eq!(
        outcome.explanation,
        "the gap between slices by country is 0.15 (0.9 for country=DE, 0.75 for country=FR); at most 0.1 is allowed; it was 0 at the \
         base, a change of 0.15, of which 0.02 is allowed; 1 slice with fewer than 30 rows is left out"
    );
    let mut lower = slices((0.9, 0.9), (0.9, 0.75));
    lower.iter_mut().for_each(|estimate| estimate.oriented = Some(Direction::Lower));
    assert_eq!(judged(both, &lower).worst.map(|(_, slice)| slice.to_string()).as_deref(), Some("country=DE"));
    assert_eq!(
        told("gap = {metric = \"f1\", by = \"country\", max = 0.1, min_rows = 3}", &slices((0.9, 0.9), (0.9, 0.9))),
        "fail gap-above-max"
    );
    assert_eq!(told("gap = {metric = \"f1\", by = \"device\", max = 0.1}", &slices((0.9, 0.9), (0.9, 0.9))), "inconclusive too-few-slices");
    let ways = "gap = {metric = \"f1\", by = [\"device\", \"country\"], max = 0.1}";
    assert_eq!(told(ways, &slices((0.9, 0.9), (0.9, 0.7))), "fail gap-above-max", "the worst of several ways counts");
}

#[test]
fn gaps_of_which_something_is_not_known() {
    let slice = |country: &str, estimate: Estimate| on(country, 50, estimate);
    let bound = "gap = {metric = \"f1\", by = \"country\", max = 0.1}";
    let change = "gap = {metric = \"f1\", by = \"country\", max_change = 0.1}";
    let undefined =
        |candidate: f64| [slice("DE", point("f1", 0.9, 0.9)), slice("FR", point("f1", 0.9, candidate)), slice("IT", gone("f1"))];
    assert_eq!(told(bound, &undefined(0.85)), "inconclusive undefined-candidate");
    assert_eq!(told(bound, &undefined(0.75)), "fail gap-above-max", "it cannot get narrower");
    let fresh = [slice("DE", new("f1")), slice("FR", new("f1"))];
    assert_eq!((told(bound, &fresh), told(change, &fresh)), ("pass".to_owned(), "no-baseline no-baseline".to_owned()));
    let part = [slice("DE", point("f1", 0.9, 0.9)), slice("FR", point("f1", 0.9, 0.9)), slice("IT", new("f1"))];
    assert_eq!(told(change, &part), "inconclusive undefined-baseline");
    assert_eq!(told(bound, &[slice("DE", gone("f1")), gone("f1")].map(|one| on("DE", 0, one))), "fail missing-candidate");
}

#[test]
fn the_worst_slice() {
    let text = "worst_slice = {metric = \"f1\", by = \"country\", margin = 0.01}";
    let slice = |country: &str, n: u64, lower: f64, upper: f64, p: f64| {
        on(country, n, Estimate { p_inferior: Some(p), ..noisy("f1", lower, upper) })
    };
    let fine = || slice("DE", 50, -0.01, 0.02, 0.9);
    assert_eq!(told(text, &[fine(), slice("FR", 50, -0.009, 0.01, 0.8)]), "pass");
    assert_eq!(told(text, &[fine(), slice("FR", 50, -0.05, 0.0, 0.2)]), "inconclusive not-shown");
    let bad = |p: f64| slice("FR", 50, -0.05, -0.02, p);
    let outcome = judged(text, &[fine(), bad(0.01)]);
    assert_eq!((outcome.verdict, outcome.reasons.join(",")), (Verdict::Fail, "worst-slice".to_owned()));
    assert_eq!(outcome.worst.map(|(_, slice)| slice.to_string()).as_deref(), Some("country=FR"));
    assert_eq!(
        outcome.explanation,
        "of 2 slices the worst is `f1` of country=FR: its improvement is at worst -0.05, and -0.01 is allowed, adjusted p 0.02"
    );
    assert_eq!(told(text, &[fine(), bad(0.03)]), "inconclusive not-shown", "0.03 of two is 0.06");
    assert_eq!(told(text, &[bad(0.03)]), "fail worst-slice");
    assert_eq!(told(text, &[fine(), slice("FR", 29, -0.5, -0.4, 0.0)]), "pass", "too few rows");
    assert_eq!(told(text, &[slice("FR", 29, -0.5, -0.4, 0.0)]), "inconclusive too-few-slices");
    let other = Estimate { margin: Some(0.5), ..bad(0.0) };
    assert_eq!(told(text, &[fine(), other]), "inconclusive not-shown", "its p-value is about another margin");
    let unadjusted = Estimate { p_inferior: None, ..bad(0.0) };
    assert_eq!(told(text, &[fine(), unadjusted]), "inconclusive not-shown", "without a p-value nothing can be adjusted");
}

#[test]
fn the_worst_slice_without_noise() {
    let text = "worst_slice = {metric = \"f1\", by = \"country\", margin = 0.01}";
    let slice = |country: &str, estimate: Estimate| on(country, 50, estimate);
    assert_eq!(told(text, &[slice("DE", point("f1", 0.9, 0.89)), slice("FR", point("f1", 0.9, 0.95))]), "pass", "exactly the margin");
    assert_eq!(told(text, &[slice("DE", point("f1", 0.9, 0.88)), slice("FR", point("f1", 0.9, 0.95))]), "fail worst-slice");
    assert_eq!(told(text, &[slice("DE", new("f1")), slice("FR", new("f1"))]), "no-baseline no-baseline");
    assert_eq!(told(text, &[slice("DE", new("f1")), slice("FR", point("f1", 0.9, 0.95))]), "inconclusive not-shown");
    assert_eq!(told(text, &[gone("f1"), on("DE", 0, gone("f1"))].map(|one| Estimate { table: None, ..one })), "fail missing-candidate");
}

#[test]
fn names_from_a_repository_are_bounded() {
    let name = format!("a\n{}", "x".repeat(4000));
    let mut estimate = point("f1", 1.0, 0.5);
    estimate.metric = Key::from_canonical(name.clone());
    let typed = config::Composite {
        name: "a".to_owned(),
        budget: Some(Budget { metric: name, max: Some(0.1), ..Budget::default() }),
        ..config::Composite::default()
    };
    let outcome = CompositeRule::compile(&typed).expect("a rule").evaluate(&[estimate], 0.05).expect("known");
    assert!(outcome.explanation.len() < 300 && !outcome.explanation.contains('\n'), "{}", outcome.explanation);
}
