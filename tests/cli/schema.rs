//! `proofmark schema`: the committed copies are current, and what is printed fits them.

use crate::{change, proofmark};

#[test]
fn the_committed_schemas_are_current() {
    let repo = change(&[], &[]);
    for name in [
        "config",
        "comparison",
        "report",
        "log",
        "plan",
        "promotion",
        "record",
        "event",
        "drift",
        "trigger",
        "journal",
        "jenkins-build",
        "jenkins-capabilities",
        "jenkins-request",
        "jenkins-step",
    ] {
        let printed = proofmark(&repo).run(&["schema", name]).expect(0);
        let path = format!("{}/crates/cli/schemas/{name}.json", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("PROOFMARK_UPDATE").is_some() {
            std::fs::write(&path, &printed).expect("the checkout is writable");
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(committed, printed, "{path} is not current; run the tests once with PROOFMARK_UPDATE=1");
    }
}

#[test]
fn completions_and_manual_pages() {
    let repo = change(&[], &[]);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(proofmark(&repo).run(&["completions", shell]).expect(0).contains("proofmark"));
    }
    assert!(proofmark(&repo).run(&["man"]).expect(0).contains(".TH"));
    proofmark(&repo).run(&["man", "--dir", "man"]).expect(0);
    assert!(repo.path().join("man/proofmark-gate.1").exists());
}
