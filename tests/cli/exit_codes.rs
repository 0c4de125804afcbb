//! Exit codes are an interface: a test for each, and for where they are told.

use crate::{change, proofmark};

#[test]
fn codes_are_documented_in_help() {
    let repo = change(&[], &[]);
    let help = proofmark(&repo).run(&["--help"]).expect(0);
    for line in ["0    allowed", "1    blocked", "2    nothing was judged", "3    an outside system failed", "101  a bug"] {
        assert!(help.contains(line), "{help}");
    }
}

#[test]
fn zero_one_and_two() {
    let repo = change(&[("metrics.json", r#"{"auc": 0.9}"#)], &[]);
    proofmark(&repo).run(&["gate"]).expect(0);
    repo.write("metrics.json", r#"{"auc": 0.1}"#);
    proofmark(&repo).run(&["gate"]).expect(1);
    proofmark(&repo).run(&["gate", "--no-such-flag"]).expect_error(2);
    proofmark(&repo).run(&["gate", "nowhere"]).expect_error(2);
    // A comparison judges nothing, so a regression is no failure of it.
    proofmark(&repo).run(&["compare"]).expect(0);
}

#[test]
fn outside_of_a_repository() {
    let folder = change(&[], &[]);
    let error = proofmark(&folder).at(folder.outside()).run(&["compare"]).expect_error(2);
    assert!(error.contains("not in a git repository"), "{error}");
}
