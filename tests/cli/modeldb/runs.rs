//! Which runs of ModelDB are compared.

use serde_json::json as value;

use super::*;

#[test]
fn runs_of_both_commits_are_judged() {
    let lab = Lab::trained(&policy(""), 0.93, 0.95);
    let report = lab.gate(0);
    assert_eq!((chosen(&report, "base"), chosen(&report, "head")), (vec!["of-base".to_owned()], vec!["of-head".to_owned()]));
    assert_eq!(statuses(&report), ["auc improved"]);
    assert_eq!(report["comparison"]["metrics"][0]["file"], "modeldb:churn", "{report}");
    assert!(lab.modeldb.writes().is_empty(), "{:?}", lab.modeldb.writes());
    let worse = Lab::trained(&policy(""), 0.93, 0.90);
    let told = worse.told(1);
    assert!(told.contains("BLOCKED") && told.contains("modeldb:churn"), "{told}");
}

#[test]
fn every_command_that_compares_has_them() {
    let lab = Lab::trained(&policy("name = \"nightly\""), 0.93, 0.95);
    let compared = json(&lab.program().run(&["compare", "--format", "json"]).expect(0));
    assert_eq!(compared["comparison"]["metrics"][0]["file"], "modeldb:nightly", "{compared}");
    let told = lab.program().run(&["doctor"]).expect(0);
    assert!(told.contains("modeldb") && told.contains(&lab.head[..10]), "{told}");
    let markdown = lab.program().run(&["gate", "--format", "markdown"]).expect(0);
    assert!(markdown.contains("auc"), "{markdown}");
}

#[test]
fn commits_are_told_by_attribute_tag_or_snapshot() {
    let metrics: &[(&str, f64)] = &[("auc", 0.9)];
    for way in ["attribute", "own-attribute", "tag", "prefixed-tag", "snapshot"] {
        let lab = Lab::of(&policy(if way == "own-attribute" { "commit_attribute = \"revision\"" } else { "" }));
        for (name, commit) in [("b", &lab.base), ("h", &lab.head)] {
            let (prefixed, attribute) = (format!("commit:{}", &commit[..12]), [("revision", commit.as_str())]);
            let tags = [if way == "tag" { commit.as_str() } else { &prefixed }];
            let plain = RunSpec { name, metrics, ..RunSpec::default() };
            lab.log(match way {
                "attribute" => RunSpec { commit, ..plain },
                "own-attribute" => RunSpec { attributes: &attribute, ..plain },
                "tag" | "prefixed-tag" => RunSpec { tags: &tags, ..plain },
                _ => RunSpec { snapshot: commit, ..plain },
            });
        }
        let report = lab.gate(0);
        assert_eq!((chosen(&report, "base"), chosen(&report, "head")), (vec!["b".to_owned()], vec!["h".to_owned()]), "{way}");
    }
}

#[test]
fn dirty_and_unfinished_and_empty_runs_do_not_count() {
    let lab = Lab::trained(&policy(""), 0.93, 0.95);
    let good: &[(&str, f64)] = &[("auc", 0.99)];
    let head = lab.head.as_str();
    lab.log(RunSpec { name: "dirty", commit: head, snapshot: head, dirty: true, metrics: good, ..RunSpec::default() });
    lab.log(RunSpec { name: "open", commit: head, started: 1, metrics: good, ..RunSpec::default() });
    lab.log(RunSpec { name: "empty", commit: head, ..RunSpec::default() });
    let report = lab.gate(0);
    assert_eq!(chosen(&report, "head"), ["of-head"]);
    let aside = aside(&report, "head");
    for word in ["dirty", "of files that were not committed", "open", "not finished", "empty", "without metrics"] {
        assert!(aside.contains(word), "{word}: {aside}");
    }
}

#[test]
fn a_dirty_run_alone_is_no_run_of_the_commit() {
    let lab = Lab::of(&policy(""));
    lab.train("of-base", &lab.base, 0.93);
    lab.log(RunSpec { commit: &lab.head, snapshot: &lab.head, dirty: true, metrics: &[("auc", 0.99)], ..RunSpec::default() });
    let told = lab.told(2);
    assert!(told.contains("no run") && told.contains(&lab.head[..10]) && told.contains("not committed"), "{told}");
}

#[test]
fn without_a_run_of_the_head_nothing_is_judged() {
    let lab = Lab::of(&policy(""));
    lab.train("of-base", &lab.base, 0.93);
    let told = lab.told(2);
    assert!(told.contains("no run") && told.contains(&lab.head[..10]) && told.contains("commit_attribute"), "{told}");
}

#[test]
fn only_the_experiments_named_count() {
    let lab = Lab::of(&policy("experiment = [\"baseline\", \"wide\"]"));
    let wide = lab.modeldb.world().experiment(&lab.project, "wide");
    let other = lab.modeldb.world().experiment(&lab.project, "other");
    lab.train("of-base", &lab.base, 0.93);
    for (experiment, name, auc) in [(&wide, "of-wide", 0.95), (&other, "of-other", 0.1)] {
        lab.modeldb.world().run(experiment, RunSpec { name, commit: &lab.head, metrics: &[("auc", auc)], ..RunSpec::default() });
    }
    let report = lab.gate(0);
    assert_eq!(chosen(&report, "head"), ["of-wide"]);
    // Without names all of the project count, and no other project does.
    let lab = Lab::trained(&policy(""), 0.93, 0.95);
    let other = lab.modeldb.world().project("other");
    let elsewhere = lab.modeldb.world().experiment(&other, "baseline");
    lab.modeldb.world().run(&elsewhere, RunSpec { name: "foreign", commit: &lab.head, metrics: &[("auc", 0.1)], ..RunSpec::default() });
    assert_eq!(chosen(&lab.gate(0), "head"), ["of-head"]);
}

#[test]
fn repeated_runs_of_a_commit_all_count_unless_the_newest_is_asked_for() {
    for (more, expected) in [("", vec!["again", "of-head"]), ("runs = \"newest\"", vec!["again"])] {
        let lab = Lab::trained(&policy(more), 0.93, 0.95);
        lab.train("again", &lab.head, 0.94);
        let mut found = chosen(&lab.gate(0), "head");
        found.sort();
        assert_eq!(found, expected, "{more}");
    }
}

#[test]
fn repeated_runs_are_paired_by_a_hyperparameter() {
    let lab = Lab::of(&policy("pair_by = \"seed\""));
    for (commit, shift) in [(&lab.base, 0.0), (&lab.head, 0.03)] {
        for (seed, auc) in [("1", 0.80), ("2", 0.90), ("3", 0.85)] {
            let metrics = [("auc", auc + shift)];
            lab.log(RunSpec { name: seed, commit, metrics: &metrics, hyperparameters: &[("seed", seed)], ..RunSpec::default() });
        }
    }
    let report = lab.gate(0);
    assert_eq!(chosen(&report, "head").len(), 3);
}

#[test]
fn by_branch_by_name_and_the_newest() {
    let metrics: &[(&str, f64)] = &[("auc", 0.93)];
    let branch = Lab::of(&policy("find = [\"commit\", \"branch\"]"));
    branch.train("of-base", &branch.base, 0.93);
    branch.log(RunSpec { name: "older", attributes: &[("git_branch", "change")], metrics, ..RunSpec::default() });
    branch.log(RunSpec { name: "newer", attributes: &[("git_branch", "change")], metrics, ..RunSpec::default() });
    branch.log(RunSpec { name: "of-another", attributes: &[("git_branch", "changes")], metrics, ..RunSpec::default() });
    assert_eq!(chosen(&branch.gate(0), "head"), ["newer"]);
    let named = Lab::of(&policy("find = [\"run-name\"]\nrun_name = \"churn {branch} {short_commit}\""));
    for (branch, commit) in [("main", &named.base), ("change", &named.head)] {
        let name = format!("churn {branch} {}", &commit[..7]);
        named.log(RunSpec { name: &name, metrics, ..RunSpec::default() });
    }
    assert_eq!(chosen(&named.gate(0), "head"), [format!("churn change {}", &named.head[..7])]);
    let newest = Lab::of(&policy("find = [\"commit\", \"newest\"]"));
    newest.train("of-base", &newest.base, 0.93);
    newest.log(RunSpec { name: "latest", metrics, ..RunSpec::default() });
    newest.log(RunSpec { name: "open", started: 1, metrics, ..RunSpec::default() });
    assert_eq!(chosen(&newest.gate(0), "head"), ["latest"]);
}

#[test]
fn attributes_and_tags_that_a_run_must_have() {
    let lab = Lab::of(&policy("attributes = { kind = \"full\" }\ntags = [\"checked\"]"));
    for (name, commit, auc) in [("b", &lab.base, 0.93), ("h", &lab.head, 0.95)] {
        let metrics = [("auc", auc)];
        let plain = RunSpec { name, commit, metrics: &metrics, ..RunSpec::default() };
        lab.log(RunSpec { attributes: &[("kind", "full")], tags: &["checked", "x"], ..plain });
        lab.log(RunSpec { name: "quick", attributes: &[("kind", "quick")], tags: &["checked"], metrics: &[("auc", 0.1)], ..plain });
        lab.log(RunSpec { name: "unchecked", attributes: &[("kind", "full")], metrics: &[("auc", 0.1)], ..plain });
    }
    let report = lab.gate(0);
    assert_eq!((chosen(&report, "base"), chosen(&report, "head")), (vec!["b".to_owned()], vec!["h".to_owned()]));
}

#[test]
fn numbers_as_text_and_what_is_none() {
    for plain in [false, true] {
        for (logged, code, told) in [
            (value!("0.95"), 0, "auc pass allow"),
            (value!("0.90"), 1, "auc fail block regression-abs"),
            (value!(" 9.5e-1 "), 0, "auc pass allow"),
            (value!("NaN"), 1, "auc fail block"),
            (value!("nan"), 1, "auc fail block"),
            (value!("-Infinity"), 1, "auc fail block"),
        ] {
            let lab = Lab::of(&policy(""));
            lab.modeldb.world().plain_numbers = plain;
            lab.train("of-base", &lab.base, 0.93);
            lab.log(RunSpec { name: "h", commit: &lab.head, values: &[("auc", &logged)], ..RunSpec::default() });
            let report = json(&lab.program().run(&["gate", "--format", "json"]).stdout);
            let found = findings(&report).join("\n");
            assert!(found.starts_with(told), "{logged} {plain}: {found} instead of {code} {told}");
            lab.gate(code);
        }
    }
    for logged in [value!("high"), value!([0.95]), value!({"auc": 0.95}), value!(null)] {
        let lab = Lab::of(&policy(""));
        lab.train("of-base", &lab.base, 0.93);
        lab.log(RunSpec { name: "h", commit: &lab.head, metrics: &[("loss", 0.1)], values: &[("auc", &logged)], ..RunSpec::default() });
        let ran = lab.program().run(&["gate"]);
        assert!(matches!(ran.code, Some(1 | 2)), "{logged}: {ran:?}");
    }
}

#[test]
fn hyperparameters_and_datasets_are_shown() {
    let lab = Lab::of(&policy(""));
    let first = lab.modeldb.world().dataset("customers");
    let second = lab.modeldb.world().dataset("customers-2");
    for (commit, rate, version) in [(&lab.base, "0.1", &first), (&lab.head, "0.2", &second)] {
        lab.log(RunSpec {
            commit,
            metrics: &[("auc", 0.9)],
            hyperparameters: &[("rate", rate), ("same", "x")],
            datasets: &[("customers", version)],
            ..RunSpec::default()
        });
    }
    let report = lab.gate(0);
    let params = report["comparison"]["params"].to_string();
    assert!(params.contains("rate") && params.contains("0.2"), "{params}");
    let data = report["comparison"]["data"].to_string();
    assert!(data.contains("customers") && data.contains(first.as_str()) && data.contains(second.as_str()), "{data}");
    let markdown = lab.program().run(&["gate", "--format", "markdown"]).expect(0);
    assert!(markdown.contains("rate"), "{markdown}");
}

#[test]
fn the_proxy_is_the_same_server() {
    let lab = Lab::on(&policy(""), Form::Proxy);
    lab.train("of-base", &lab.base, 0.93);
    lab.train("of-head", &lab.head, 0.90);
    let told = lab.told(1);
    assert!(told.contains("BLOCKED"), "{told}");
    assert!(lab.modeldb.requests().iter().any(|request| request.path.starts_with("/v1/experiment-run/")));
}

#[test]
fn a_workspace_of_its_own() {
    let lab = Lab::of(&policy("workspace = \"team\""));
    let told = lab.told(2);
    assert!(told.contains("no project `churn`"), "{told}");
    let project = lab.modeldb.world().project_in("team", "churn");
    let experiment = lab.modeldb.world().experiment(&project, "baseline");
    for (commit, auc) in [(&lab.base, 0.93), (&lab.head, 0.95)] {
        lab.modeldb.world().run(&experiment, RunSpec { commit, metrics: &[("auc", auc)], ..RunSpec::default() });
    }
    lab.gate(0);
}

#[test]
fn mistakes_in_the_configuration_have_a_place() {
    for (text, word) in [
        ("[[modeldb]]\nname = \"x\"\n", "`project` is missing"),
        ("[[modeldb]]\nproject = \"churn\"\nexperiment = [\"\"]\n", "is empty"),
        ("[[modeldb]]\nproject = \"churn\"\nfind = []\n", "`find` is empty"),
        ("[[modeldb]]\nproject = \"churn\"\nrun_name = \"x\"\n", "belong together"),
        ("[[modeldb]]\nproject = \"../churn\"\n", "cannot be what rules call it"),
        ("[[modeldb]]\nproject = \"churn\"\nmetrics = [\"[\"]\n", "`metrics`"),
        ("[[modeldb]]\nproject = \"churn\"\n[[modeldb]]\nproject = \"churn\"\n", "is called the same"),
        ("[[modeldb]]\nproject = \"churn\"\ncommit_tag = \"x\"\n", "commit_attribute"),
    ] {
        let lab = Lab::of(&format!("\n{text}{RULE}"));
        let told = lab.told(2);
        assert!(told.contains(word) && told.contains("proofmark.toml"), "{text}: {told}");
        assert!(lab.modeldb.requests().is_empty());
    }
}

#[test]
fn observations_are_summed_up() {
    let lab = Lab::of(
        "[[modeldb]]\nproject = \"churn\"\nhistory = { loss = [\"min\", \"last\"] }\n[[rule]]\nmetric = \"loss.min\"\nmax_regression_abs = 0.01\n",
    );
    for (name, commit, least) in [("b", lab.base.clone(), 0.2), ("h", lab.head.clone(), 0.5)] {
        let points: &[(&str, f64, i64)] = &[("loss", 0.9, 0), ("loss", least, 1), ("loss", 0.6, 2)];
        lab.log(RunSpec { name, commit: &commit, points, ..RunSpec::default() });
    }
    let report = lab.gate(1);
    assert_eq!(statuses(&report), ["loss.last unchanged", "loss.min regressed"]);
}

#[test]
fn the_bases_run_does_not_stand_for_the_head_however_it_says_its_commit() {
    let metrics: &[(&str, f64)] = &[("auc", 0.9)];
    for way in ["short", "upper", "tag"] {
        let lab = Lab::of(&policy("find = [\"commit\", \"newest\"]"));
        let (short, upper) = (lab.base[..10].to_owned(), lab.base.to_uppercase());
        let tag = format!("commit:{}", &lab.base[..12]);
        let tags = [tag.as_str()];
        let plain = RunSpec { name: "of-base", metrics, ..RunSpec::default() };
        lab.log(match way {
            "short" => RunSpec { commit: &short, ..plain },
            "upper" => RunSpec { commit: &upper, ..plain },
            _ => RunSpec { tags: &tags, ..plain },
        });
        let told = lab.told(2);
        assert!(told.contains("no run") || told.contains("both sides"), "{way}: {told}");
    }
}
