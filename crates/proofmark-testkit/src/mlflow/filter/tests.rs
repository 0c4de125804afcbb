use super::*;
use crate::github::answer::Body;

/// The clauses as kind, key and comparison, or the words of the refusal.
fn clauses(text: &str, version: Version) -> Result<Vec<String>, String> {
    let clauses = parse(text, Target::Runs, version).map_err(|answer| match answer.body {
        Body::Json(body) => body["message"].as_str().unwrap_or_default().to_owned(),
        other => format!("{other:?}"),
    })?;
    Ok(clauses.iter().map(|clause| format!("{:?} {} {} {:?}", clause.kind, clause.key, clause.operator, clause.operand)).collect())
}

#[test]
fn like_knows_two_wildcards() {
    for (text, pattern, fits) in [
        ("main", "main", true),
        ("main", "MAIN", false),
        ("main", "m%", true),
        ("main", "%n", true),
        ("main", "m__n", true),
        ("main", "m_n", false),
        ("", "%", true),
        ("", "_", false),
        ("a%b", "a%b", true),
        ("axxb", "a%b", true),
        ("axxbc", "a%b", false),
        ("aab", "%ab", true),
        ("é", "_", true),
        ("ab", "%%b%", true),
    ] {
        assert_eq!(like(text, pattern), fits, "{text} {pattern}");
    }
}

#[test]
fn names_and_texts_in_all_their_quotes() {
    let one = |text: &str| clauses(text, Version::New).map(|clauses| clauses.join("; "));
    for text in ["tags.`a.b` = 'x'", "tags.a.b = 'x'", "tag.\"a.b\"=\"x\"", "tags.a.b='x'", "`tags`.a.b = 'x'"] {
        assert_eq!(one(text), Ok("Tag a.b = Text(\"x\")".to_owned()), "{text}");
    }
    for (text, value) in [
        ("tags.b = \"it's\"", "it's"),
        ("tags.b = 'it''s'", "it''s"),
        ("tags.b = 'say \"hi\"; -- /* (x) #1'", "say \"hi\"; -- /* (x) #1"),
        ("tags.b = 'a AND b OR c'", "a AND b OR c"),
        ("tags.b = ''", ""),
    ] {
        assert_eq!(one(text), Ok(format!("Tag b = Text({value:?})")), "{text}");
    }
    let both = "Metric val/loss >= Number(-0.5); Attribute run_id IN List([\"a\", \"b\"])";
    assert_eq!(one("metrics.`val/loss` >= -.5 and attributes.run_id in ('a', \"b\")"), Ok(both.to_owned()));
    assert_eq!(one("tags.`p` is not null AND Created < 5"), Ok("Tag p IS NOT NULL Nothing; Attribute start_time < Number(5.0)".to_owned()));
}

#[test]
fn refusals() {
    let refused = |text: &str| clauses(text, Version::New).expect_err(text);
    for text in [
        "tags.x = 'a' OR tags.x = 'b'",
        "NOT tags.x = 'a'",
        "(tags.x = 'a')",
        "tags.x BETWEEN 'a' AND 'b'",
        "tags.x",
        "tags.x =",
        "= 'a'",
        "tags.x = 'a",
        "tags.x = 'a';",
        "tags.x = 'a', tags.y = 'b'",
    ] {
        assert!(refused(text).starts_with("Invalid clause(s) in filter string: "), "{text}: {}", refused(text));
    }
    for (text, words) in [
        ("tags.x IN ('a')", "Expected a quoted string value for tag (e.g. 'my-value'). Got value ('a')"),
        ("params.lr > 0.05", "Expected a quoted string value for parameter (e.g. 'my-value'). Got value 0.05"),
        ("tags.a-b = 'x'", "Invalid comparison clause. Expected 'Identifier' found 'tags.a-b'"),
        ("metrics.m = 'NaN'", "Expected numeric value type for metric. Found 'NaN'"),
        ("  ", "Invalid filter '  '. Could not be parsed."),
    ] {
        assert_eq!(refused(text), words);
    }
    assert!(refused("params.lr > '0.05'").starts_with("Invalid comparator '>'"));
    let old = clauses("tags.x IS NULL", Version::Old);
    assert_eq!(old, Err("Invalid clause(s) in filter string: 'tags.x', 'IS', 'NULL'".to_owned()));
}

#[test]
fn what_is_no_number_is_unequal_to_all_numbers_and_sorted_before_nothing() {
    let holds = |operator: &str| {
        let operand = Operand::Number(0.5);
        let clause = Clause { kind: Kind::Metric, key: String::new(), operator: operator.to_owned(), operand };
        [f64::NAN, 0.5, 0.7].map(|number| clause.holds(&[Field::Number(number)]))
    };
    assert_eq!(holds("!="), [true, false, true]);
    assert_eq!(holds(">="), [false, true, true]);
    assert_eq!(holds("<"), [false, false, false]);
    let [one, two, nan] = [1.0, 2.0, f64::NAN].map(Field::Number);
    for (text, first) in [("metrics.m DESC", &two), ("metrics.m", &one)] {
        let order = order(text, Target::Runs).unwrap_or_else(|answer| panic!("{answer:?}"));
        let mut fields = [None, Some(&nan), Some(&one), Some(&two)];
        fields.sort_by(|one, two| order.compare(*one, *two));
        assert_eq!(fields[0], Some(first));
        assert!(matches!(fields[2], Some(Field::Number(number)) if number.is_nan()) && fields[3].is_none(), "{text}");
    }
    for wrong in ["bogus DESC", "metrics.acc desc, start_time", "dataset.name", "duration", "metrics.acc up", ""] {
        assert!(order(wrong, Target::Runs).is_err(), "{wrong}");
    }
}
