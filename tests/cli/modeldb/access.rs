//! Who asks ModelDB, and where.

use super::*;

const EMAIL: &str = "ada@example.com";
const KEY: &str = "k3y-of-ada-0123456789";

impl Lab {
    fn as_ada(&self, key: &str) -> Program {
        self.program().env("VERTA_EMAIL", EMAIL).env("VERTA_DEV_KEY", key)
    }
}

#[test]
fn keys_and_tokens() {
    let lab = Lab::trained(&policy("workspace = \"personal\""), 0.93, 0.95);
    lab.modeldb.require_key(EMAIL, KEY);
    let refused = lab.told(2);
    assert!(refused.contains("401") && refused.contains("VERTA_"), "{refused}");
    for arguments in [&["gate"][..], &["gate", "--format", "json"], &["gate", "--format", "markdown"], &["compare"], &["doctor"]] {
        let ran = lab.as_ada(KEY).run(arguments);
        assert!(!format!("{ran:?}").contains(KEY), "{ran:?}");
        ran.expect(0);
    }
    let wrong = told(&lab.as_ada("wr0ng-key-of-ada"), 2);
    assert!(wrong.contains("401") && !wrong.contains("wr0ng"), "{wrong}");
    let lab = Lab::trained(&policy("workspace = \"personal\""), 0.93, 0.95);
    lab.modeldb.require_token("t0ken-of-ada", "s1gnature-of-ada");
    let program = lab.program().env("VERTA_JWT_TOKEN", "t0ken-of-ada").env("VERTA_JWT_TOKEN_SIG", "s1gnature-of-ada");
    program.run(&["gate"]).expect(0);
    let wrong = told(&program.env("VERTA_JWT_TOKEN", "wr0ng-token"), 2);
    assert!(!wrong.contains("wr0ng") && !wrong.contains("s1gnature"), "{wrong}");
}

#[test]
fn a_proxy_that_drops_headers_with_underscores() {
    let lab = Lab::trained(&policy("workspace = \"personal\""), 0.93, 0.95);
    lab.modeldb.world().drops_underscores = true;
    lab.modeldb.require_key(EMAIL, KEY);
    lab.as_ada(KEY).run(&["gate"]).expect(0);
}

#[test]
fn half_of_a_key_is_a_mistake() {
    let lab = Lab::trained(&policy(""), 0.93, 0.95);
    for (name, value, missing) in [("VERTA_EMAIL", EMAIL, "VERTA_DEV_KEY"), ("VERTA_DEV_KEY", KEY, "VERTA_EMAIL")] {
        let told = told(&lab.program().env(name, value), 2);
        assert!(told.contains(missing) && !told.contains(KEY), "{told}");
    }
    for odd in ["a\nb", "k\u{e9}y"] {
        let ran = lab.as_ada(odd).run(&["gate"]);
        assert!(matches!(ran.code, Some(2 | 3)) && !ran.stderr.contains(odd) && !ran.stdout.contains(odd), "{ran:?}");
    }
    assert!(lab.modeldb.requests().is_empty());
}

#[test]
fn the_changes_own_configuration_does_not_lead_a_key_elsewhere() {
    let thief = FakeModelDb::start();
    thief.world().project("churn");
    // Where the base has no configuration, the change's own counts.
    let lab = Lab::of("");
    let own = format!("{SOURCE}host = \"{}\"\n{RULE}", thief.url());
    let repo = change(&[], &[("proofmark.toml", &own)]);
    let own = proofmark(&repo).env("VERTA_EMAIL", EMAIL).env("VERTA_DEV_KEY", KEY).env("PROOFMARK_NETWORK_SECONDS", "3");
    for program in [own.clone(), own.clone().env("VERTA_HOST", lab.modeldb.url())] {
        for arguments in [&["gate"][..], &["compare"], &["doctor"], &["gate", "--base", "main"]] {
            program.run(arguments);
        }
    }
    proofmark(&repo).env("VERTA_JWT_TOKEN", KEY).env("PROOFMARK_NETWORK_SECONDS", "3").run(&["gate"]);
    assert!(!thief.requests().is_empty(), "nothing was asked");
    let heard: Vec<_> = thief.requests().into_iter().filter(|request| request.authorized).collect();
    assert!(heard.is_empty(), "{heard:?}");
    assert!(!format!("{:?}", thief.requests()).contains(EMAIL), "{:?}", thief.requests());
    // The same address that the environment names is no other.
    thief.require_key(EMAIL, KEY);
    own.env("VERTA_HOST", thief.url()).run(&["gate"]);
    assert!(thief.requests().iter().any(|request| request.authorized));
}

#[test]
fn the_bases_configuration_names_the_address() {
    let lab = Lab::of("");
    let policy = format!("{SOURCE}host = \"{}\"\nworkspace = \"personal\"\n{RULE}", lab.modeldb.url());
    let repo = change(&[("proofmark.toml", &policy)], &[]);
    lab.modeldb.require_key(EMAIL, KEY);
    for commit in [repo.id("main"), repo.id("change")] {
        lab.train("r", &commit, 0.9);
    }
    let program = proofmark(&repo).env("VERTA_EMAIL", EMAIL).env("VERTA_DEV_KEY", KEY).env("PROOFMARK_NETWORK_SECONDS", "3");
    program.run(&["gate"]).expect(0);
    // What the change writes there does not count.
    let thief = FakeModelDb::start();
    repo.write("proofmark.toml", policy.replace(&lab.modeldb.url(), &thief.url()));
    lab.train("r", &repo.commit("mine"), 0.9);
    program.run(&["gate"]).expect(0);
    assert!(thief.requests().is_empty(), "{:?}", thief.requests());
}

#[test]
fn addresses_that_are_none() {
    let lab = Lab::trained(&policy(""), 0.93, 0.95);
    let nowhere = proofmark(&lab.repo).env("PROOFMARK_NETWORK_SECONDS", "1");
    let shown = told(&nowhere, 2);
    assert!(shown.contains("VERTA_HOST") && shown.contains("[[modeldb]]"), "{shown}");
    for host in
        ["ftp://x", "http://", "http://h:99999999", "http://ada:s3cret-of-ada@127.0.0.1:9", "http://x/?a=s3cret-of-ada", "\u{1b}[31m"]
    {
        let shown = told(&nowhere.clone().env("VERTA_HOST", host), 2);
        assert!(shown.contains("modeldb:churn") && !shown.contains("s3cret") && !shown.contains('\u{1b}'), "{host}: {shown}");
    }
    let shown = told(&nowhere.env("VERTA_HOST", "http://127.0.0.1:9"), 2);
    assert!(shown.contains("cannot reach"), "{shown}");
}

#[test]
fn what_is_missing_has_a_name() {
    let lab = Lab::trained(&policy("").replace("\"churn\"", "\"Churn\""), 0.93, 0.95);
    let told = lab.told(2);
    assert!(told.contains("no project `Churn`") && told.contains("case-sensitive"), "{told}");
    let lab = Lab::trained(&policy("experiment = \"Baseline\""), 0.93, 0.95);
    let told = lab.told(2);
    assert!(told.contains("no experiment `Baseline`"), "{told}");
}
