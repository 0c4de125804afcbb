use proptest::prelude::*;

use super::*;
use crate::testing::{
    HOSTILE, POLICY, document, everyday, hostile, hostile_report, hostile_rows, hostile_runs, large_report, past, report, rows_report, run,
};

fn of(report: &Report, page: &Page<'_>) -> String {
    html(&Told::Judged(report), page, &Options::default()).expect("our own template")
}

#[test]
fn findings_come_first_and_everything_is_there() {
    let (run, past) = (run(), past());
    let page = Page { title: Some("churn"), past: &past, run: Some(&run), ..Page::default() };
    let text = of(&report(everyday(), POLICY), &page);
    let order = [
        "<h1>✗ churn: BLOCKED: 1 of 8 checks failed",
        "<h2 id=\"checks\">",
        "<h3 id=\"blocking\">",
        "<h3 id=\"notices\">",
        "<h3 id=\"passed\">",
        "<h2 id=\"evidence\">",
        "<h2 id=\"metrics\">",
        "<h2 id=\"params\">",
        "<h2 id=\"data\">",
        "<h2 id=\"past\">",
        "<h2 id=\"environment\">",
    ];
    let places: Vec<Option<usize>> = order.iter().map(|part| text.find(part)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}\n{text}");
    for part in [
        "<td>✗ fail</td><th scope=\"row\" align=\"left\">accuracy in eval/metrics.json</th>",
        "<meter min=\"0\" max=\"8\" value=\"4\"",
        ">= unchanged</td>",
        "<a href=\"https://github.com/o/r/actions/runs/300/attempts/1\">",
        "<dt>Pull request</dt><dd>#12</dd>",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    sound(&text);
}

#[test]
fn slices_waivers_and_their_texts_are_there() {
    let text = of(&rows_report(), &Page::default());
    for part in [
        "<h2 id=\"slices\">",
        "<h2 id=\"waivers\">",
        "the larger model is worth it",
        "<summary>To accept what blocks</summary>",
        "[[waiver]]<br>",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    sound(&text);
}

#[test]
fn a_comparison_and_a_failure_have_pages_too() {
    let text =
        comparison_html(&document(everyday()), &Page { title: Some("churn"), ..Page::default() }, &Options::default()).expect("a page");
    assert!(text.contains("<h1>churn: metrics: 2 regressed") && text.contains("<h2 id=\"data\">") && !text.contains("Checks"), "{text}");
    sound(&text);
    let failure = Failure { message: "no `main` <b>", causes: &["a".into()], hints: &["fetch `main`".into()] };
    let text = html(&Told::Broken(failure), &Page { title: Some("churn"), ..Page::default() }, &Options::default()).expect("a page");
    for part in [
        "<h1>✗ churn: nothing was judged</h1>",
        "<strong>no <code>main</code> &lt;b&gt;</strong>",
        "<li>a</li>",
        "<li>fetch <code>main</code></li>",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    sound(&text);
}

#[test]
fn two_thousand_rows_have_room() {
    let text = of(&large_report(1990), &Page::default());
    assert!(text.matches("<tr").count() > 6000 && !text.contains("more, not shown here"), "{}", text.len());
    let text = of(&large_report(2010), &Page::default());
    assert!(text.contains("… and "), "{}", text.len());
    sound(&text);
}

#[test]
fn hostile_texts_act_nowhere() {
    let (run, past) = hostile_runs();
    for title in HOSTILE {
        let page = Page { title: Some(title), past: &past, run: Some(&run), whole_report: Some(title) };
        sound(&of(&hostile_report(), &page));
        let failure = Failure { message: title, causes: &[(*title).to_owned()], hints: &[(*title).to_owned()] };
        sound(&html(&Told::Broken(failure), &page, &Options::default()).expect("a page"));
    }
    let page = Page { past: &past, run: Some(&run), ..Page::default() };
    sound(&of(&hostile_rows(3), &page));
    sound(&comparison_html(&document(hostile()), &page, &Options::default()).expect("a page"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_text_is_text(text in ".*") {
        let mut report = rows_report();
        report.notes = vec![text.clone()];
        for finding in &mut report.judgement.findings {
            (finding.explanation, finding.hint, finding.table) = (text.clone(), Some(text.clone()), Some(text.clone()));
        }
        sound(&of(&report, &Page { title: Some(&text), ..Page::default() }));
    }
}

/// The elements that pages have; of them, those that have no end.
const ELEMENTS: &[&str] = &[
    "a", "body", "br", "caption", "code", "dd", "details", "div", "dl", "dt", "em", "footer", "h1", "h2", "h3", "head", "header", "html",
    "li", "main", "meta", "meter", "nav", "p", "section", "strong", "style", "summary", "table", "tbody", "td", "th", "thead", "title",
    "tr", "ul", "wbr",
];
const EMPTY: &[&str] = &["br", "meta", "wbr"];
const ATTRIBUTES: &[&str] = &[
    "align",
    "aria-label",
    "aria-labelledby",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "charset",
    "class",
    "content",
    "href",
    "id",
    "lang",
    "max",
    "min",
    "name",
    "role",
    "scope",
    "tabindex",
    "text",
    "value",
];

/// Only our own elements and attributes, every element closed in its turn, links to pages only, ids unique, no character that acts.
fn sound(page: &str) {
    let body = page.strip_prefix("<!DOCTYPE html>\n").expect("a document type");
    let (before, after) = body.split_once("<style>").expect("a style sheet");
    let (_, after) = after.split_once("</style>").expect("its end");
    let body = format!("{before}{after}");
    let mut open: Vec<&str> = Vec::new();
    let mut ids = std::collections::BTreeSet::new();
    for tag in body.split('<').skip(1) {
        let (inside, text) = tag.split_once('>').expect("a tag that ends");
        assert!(!text.contains('>'), "{tag}");
        if let Some(name) = inside.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
            continue;
        }
        let (name, attributes) = inside.split_once(' ').unwrap_or((inside, ""));
        assert!(ELEMENTS.contains(&name), "{tag}");
        if !EMPTY.contains(&name) {
            open.push(name);
        }
        let mut rest = attributes;
        while let Some((attribute, value)) = rest.split_once("=\"") {
            let (value, more) = value.split_once('"').expect("a value that ends");
            assert!(ATTRIBUTES.contains(&attribute), "{tag}");
            assert!(
                attribute != "href" || value.starts_with("https://") || value.starts_with("http://") || value.starts_with('#'),
                "{tag}"
            );
            assert!(attribute != "id" || ids.insert(value.to_owned()), "{tag}");
            rest = more.trim_start();
        }
        assert!(rest.is_empty() || rest == "open", "{tag}");
    }
    assert!(open.is_empty(), "{open:?}");
    assert!(page.chars().all(|letter| letter == '\n' || !crate::escape::acts(letter)));
}
