use super::*;
use crate::testing::{COMPARISON, POLICY, REPORT, document, everyday, report};

#[test]
fn look_markdown() {
    let options = Options::default();
    eprintln!("{}", comparison_markdown(&document(everyday()), &options, COMPARISON).unwrap_or_else(|e| e.to_string()));
    eprintln!("{}", report_markdown(&report(everyday(), POLICY), &options, REPORT).unwrap_or_else(|e| e.to_string()));
    for t in [
        "a\n{{ comparison.nope }}",
        "{{ nope|code }}",
        "{{ comparison.base.nope.x }}",
        "{% for x in y %}",
        "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
    ] {
        eprintln!("{:?}", comparison_markdown(&document(everyday()), &options, t).map_err(|e| e.to_string()));
    }
}
