//! The generated parts of the shared library are current.

use std::path::Path;

use super::*;

#[test]
fn the_generated_parts_of_the_library_are_current() {
    let repo = change(&[], &[]);
    let listed = proofmark(&repo).run(&["jenkins", "library", "library"]).expect_error(0);
    assert!(listed.contains("src/proofmark/Parameters.groovy") && listed.contains("vars/proofmarkGate.txt"), "{listed}");
    for name in listed.lines() {
        let written = std::fs::read_to_string(repo.path().join("library").join(name)).expect("a file");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("jenkins").join(name);
        if std::env::var_os("PROOFMARK_UPDATE").is_some() {
            std::fs::write(&path, &written).expect("the checkout is writable");
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(committed, written, "{} is not current; run the tests once with PROOFMARK_UPDATE=1", path.display());
    }
}
