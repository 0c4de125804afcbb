//! What comes from a pull request is hostile: names, paths, links.

use crate::{change, json, proofmark, statuses};

#[test]
fn names_cannot_speak_for_us() {
    let names = r#"{"\u001b[31mred": 1, "x\n::error::pwned": 2, "::warning::y": 3, "a|b": 4, "<img src=x>": 5, "@team": 6, "`code`": 7, "\u202Eevil": 8}"#;
    let repo = change(&[("metrics.json", "{}")], &[("metrics.json", names)]);
    repo.git(&["commit", "-q", "--allow-empty", "-m", "::error::from the subject"]);
    for format in ["table", "markdown"] {
        for command in ["compare", "gate"] {
            let ran = proofmark(&repo).run(&[command, "main", "change", "--format", format, "--all"]);
            let all = format!("{}{}", ran.stdout, ran.stderr);
            assert!(!all.contains('\x1b') && !all.contains('\u{202E}'), "{all}");
            assert!(!all.lines().any(|line| line.trim_start().starts_with("::") || line.trim_start().starts_with("##[")), "{all}");
            if format == "markdown" {
                assert!(!all.contains("<img") && !all.contains("@team "), "{all}");
            }
        }
    }
}

#[test]
fn paths_never_leave_the_repository() {
    let base = [(".dvc/config", ""), ("dvc.yaml", "metrics: [m.json]"), ("m.json", r#"{"auc": 0.9}"#)];
    let repo = change(&base, &[("dvc.yaml", "metrics: [m.json, ../../../../../../etc/passwd, /etc/hostname]")]);
    let table = proofmark(&repo).run(&["compare"]).expect(2);
    assert!(table.contains("dvc.yaml") && !table.contains("root:"), "{table}");
}

#[test]
fn links_are_followed_inside_and_never_outside() {
    let repo = change(&[("data/real.json", r#"{"auc": 0.9}"#)], &[]);
    repo.link("metrics.json", "data/real.json");
    let secret = repo.outside().join("secret.json");
    std::fs::write(&secret, r#"{"password": 987654321}"#).expect("a temporary folder");
    repo.link("out_metrics.json", &secret.to_string_lossy());
    repo.link("up_metrics.json", "../secret.json");
    repo.commit("links");
    for arguments in [&["compare", "main", "change", "--format", "json"][..], &["compare", "--format", "json"]] {
        let text = proofmark(&repo).run(arguments).expect(2);
        assert!(!text.contains("987654321"), "{text}");
        assert_eq!(statuses(&json(&text)), ["auc added", " unavailable", " unavailable"]);
    }
}
