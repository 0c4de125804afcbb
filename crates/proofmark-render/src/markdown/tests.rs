use super::*;
use crate::testing::{COMPARISON, POLICY, REPORT, document, everyday, hostile, hostile_report, hostile_rows, report, rows_report};

const COMPARE: &str = include_str!("../../tests/golden/compare.md");
const ROWS: &str = include_str!("../../tests/golden/rows.md");
const GATE: &str = include_str!("../../tests/golden/gate.md");

fn with(template: &str) -> Result<String, String> {
    comparison_markdown(&document(everyday()), &Options::default(), template).map_err(|error| error.to_string())
}

#[test]
fn golden_texts() {
    let options = Options::default();
    let compare = comparison_markdown(&document(everyday()), &options, COMPARISON).expect("a valid template");
    let gate = report_markdown(&report(everyday(), POLICY), &options, REPORT).expect("a valid template");
    let rows = report_markdown(&rows_report(), &options, REPORT).expect("a valid template");
    for (text, golden) in [(compare, COMPARE), (gate, GATE), (rows, ROWS)] {
        assert!(text == golden, "{text}");
    }
}

#[test]
fn values_are_escaped_unless_marked() {
    assert_eq!(
        with("{{ 'a|<b>' }} {{ 'a|b'|code }} {{ '<b>'|safe }} {{ none }} {{ 5 }}"),
        Ok("`a`&#124;&lt;`b>` `a`&#124;`b` <b>  5\n".into())
    );
    assert_eq!(with("{{ comparison.head.short }}"), Ok("`9b1c77e02d`\n".into()));
    assert_eq!(with("{% set x %}{{ '@a' }}{% endset %}{{ x }}{{ ['@b', 'c']|join(', ') }}"), Ok("`@a``@b`, c\n".into()));
}

#[test]
fn template_errors_name_line_and_what_is_missing() {
    for (template, words) in [
        ("a\n{{ comparison.nope }}", "in line 2: undefined value: `comparison.nope` is undefined"),
        ("{{ nope|code }}", "in line 1: undefined value: {{ nope|code }}"),
        ("\n\n{% for x in y %}", "in line 3: syntax error: unexpected end of input"),
        ("{{ report.headline }}", "in line 1: undefined value"),
        ("{% include 'x' %}", "in line 1"),
    ] {
        let error = with(template).expect_err("a wrong template");
        assert!(error.starts_with("the template `comparison.md.jinja` is wrong ") && error.contains(words), "{error}");
    }
}

#[test]
fn endless_templates_end() {
    for template in [
        "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{{ 'x' * 100000000000 }}",
    ] {
        assert!(with(template).is_err());
    }
}

#[test]
fn hostile_text_keeps_the_structure() {
    let options = Options { all: true, max_rows: 1000, ..Options::default() };
    let compare = comparison_markdown(&document(hostile()), &options, COMPARISON).expect("a valid template");
    let gate = report_markdown(&hostile_report(), &options, REPORT).expect("a valid template");
    let rows = report_markdown(&hostile_rows(3), &options, REPORT).expect("a valid template");
    assert_eq!(rows.matches("\n```").count(), 6, "three texts, and nothing of them ends the block");
    for text in [compare, gate, rows] {
        let mut columns = 0;
        let mut fenced = false;
        for line in text.lines() {
            fenced ^= line.starts_with("```");
            if fenced {
                assert!(!line.trim_start().starts_with("::") && !line.contains("##") && !line.contains(escape::acts), "{line:?}");
                continue;
            }
            assert!(!line.trim_start().starts_with("::") && !line.contains(escape::acts), "{line:?}");
            if let Some(row) = line.strip_prefix('|') {
                let bars = row.matches('|').count();
                columns = if columns == 0 { bars } else { columns };
                assert_eq!(bars, columns, "{line}");
            } else {
                columns = 0;
                let known = line.starts_with("<details><summary>") || line == "</details>";
                assert!(known || !line.contains('<'), "{line}");
            }
        }
        assert_eq!(text.matches("<details>").count(), text.matches("\n</details>").count());
    }
}

#[test]
fn the_example_of_the_readme_works() {
    let readme = include_str!("../../../../templates/README.md");
    let example = readme.split("```jinja\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let text = report_markdown(&report(everyday(), POLICY), &Options::default(), example).expect("a valid template");
    assert!(text.starts_with("BLOCKED: 1 of 8 checks failed, with 3 notices\n* `accuracy`: 0.9134"), "{text}");
}

#[test]
fn addresses_become_links_and_other_texts_stay_text() {
    for (template, text) in [
        ("{{ 'https://host.example/a b'|link('the run') }}", "[the run](https://host.example/a%20b)"),
        ("{{ 'https://host.example/'|link }}", "[`https://host.example/`](https://host.example/)"),
        ("{{ 'https://host.example/'|link('a](http://e) @b') }}", "[`a](http://e`) `@b`](https://host.example/)"),
        ("{{ 'https://host.example/'|link('**run**'|safe) }}", "[**run**](https://host.example/)"),
        ("{{ 'javascript:alert(1)'|link('the run') }}", "`javascript:alert(1`)"),
        ("{{ none|link('the run') }}x", "x"),
    ] {
        assert_eq!(with(template), Ok(format!("{text}\n")), "{template}");
    }
    assert!(with("{{ nope|link }}").is_err() && with("{{ 'https://host.example/'|link(nope) }}").is_err());
}

#[test]
fn the_variables_of_the_readme_are_there() {
    let (run, past) = (crate::testing::run(), crate::testing::past());
    let page = Page { title: Some("churn model"), past: &past, run: Some(&run), whole_report: Some("somewhere") };
    let page = PageView::new(&report(everyday(), POLICY), &page, Part::All, 20);
    let page = serde_json::to_value(&page).expect("a page");
    let readme = include_str!("../../../../templates/README.md");
    let section = readme.split("### `page`").nth(1).and_then(|rest| rest.split("## Example").next()).expect("a section");
    for (name, value) in page.as_object().expect("fields") {
        assert!(section.contains(&format!("`{name}`")), "{name} is not told of");
        let of_rows = value.as_array().and_then(|rows| rows.first()?.as_object());
        for field in of_rows.into_iter().flat_map(|row| row.keys()) {
            assert!(section.contains(&format!("`{field}`")), "{name}.{field} is not told of");
        }
    }
    let nothing = PageView::new(&report(everyday(), POLICY), &Page::default(), Part::All, 20);
    assert!(!nothing.posted && nothing.past.is_empty() && nothing.run_url.is_none());
}

#[test]
fn the_fields_of_a_report_are_told() {
    let mut report = rows_report();
    report.head_policy_judgement = Some(report.judgement.clone());
    report.notes = vec!["a note".to_owned()];
    let view = serde_json::to_value(ReportView::new(&report, &Options { all: true, ..Options::default() })).expect("a view");
    let readme = include_str!("../../../../templates/README.md");
    let section = readme.split("### `report`").nth(1).and_then(|rest| rest.split("### `page`").next()).expect("a section");
    let mut fields = std::collections::BTreeSet::new();
    names(&view, &mut fields);
    assert!(fields.len() > 60, "{fields:?}");
    for field in fields {
        assert!(section.contains(&format!("`{field}`")), "{field} is not told of");
    }
}

fn names(value: &serde_json::Value, fields: &mut std::collections::BTreeSet<String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (name, value) in map {
                fields.insert(name.clone());
                names(value, fields);
            }
        }
        serde_json::Value::Array(rows) => rows.iter().for_each(|row| names(row, fields)),
        _ => {}
    }
}
