use super::*;
use crate::testing::{POLICY, document, everyday, report};

#[test]
fn look() {
    let wide = Options::default();
    eprintln!("{}", comparison_table(&document(everyday()), &wide));
    eprintln!("{}", report_table(&report(everyday(), POLICY), &wide));
    for width in [72, 44] {
        let narrow = Options { width: Some(width), ..wide.clone() };
        eprintln!("{}", comparison_table(&document(everyday()), &narrow));
        eprintln!("{}", report_table(&report(everyday(), POLICY), &narrow));
    }
}
