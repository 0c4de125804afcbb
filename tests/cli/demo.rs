//! `proofmark demo`, the first thing that a user sees.

use crate::{change, proofmark};

#[test]
fn shows_one_allowed_and_one_blocked_change() {
    let repo = change(&[], &[]);
    let page = proofmark(&repo).run(&["demo"]).expect(0);
    assert!(page.contains("exit code 0") && page.contains("exit code 1"), "{page}");
    assert!(page.contains("worse by 0.0215, more than 0.01"), "{page}");
    assert!(page.contains("3f1c8a9d") && page.contains("mobilenet"), "what changed explains why: {page}");
    assert_eq!(page, proofmark(&repo).run(&["demo"]).expect(0), "the same every time");
    assert!(page.lines().all(|line| line.chars().count() <= 120));
}
