//! Large rule sets and a large push, for the test of speed and for `examples/plan_speed.rs`.

use std::fmt::Write as _;

use proofmark_core::changes::{FileChange, How};
use proofmark_core::config::{Config, parse};
use proofmark_core::event::{Event, Kind, Sender};
use proofmark_core::path::RepoPath;
use proofmark_core::run::Place;
use proofmark_trigger::facts::{Fact, Facts};

/// How many rules there are.
pub(crate) const RULES: usize = 1_000;
/// How many files the push changed.
pub(crate) const FILES: usize = 3_000;

/// Rule sets, each with what it is like.
pub(crate) fn sets() -> Vec<(&'static str, Config)> {
    let of = |name, rule: &dyn Fn(usize) -> String| (name, config(rule));
    vec![
        of("a usual mix", &usual),
        of("globs over all folders that match nothing", &|at| format!("paths = [\"**/*.x{at}\"]")),
        of("braces that match nothing", &|at| format!("paths = [\"{{a,b}}{at}/**\"]")),
        of("exclusions alone", &|at| format!("paths = [\"!**/*.x{at}\", \"!data/**\", \"!src/**\"]")),
        of("expressions over every file", &|at| format!("when = \"changed.exists(file, file == 'nothing{at}')\"")),
        of("all of them start something", &|_| "paths = [\"data/**\"]".to_owned()),
    ]
}

fn config(rule: &dyn Fn(usize) -> String) -> Config {
    let mut text = String::new();
    for at in 0..RULES {
        let start = "start.workflow = {file = \"train.yml\", inputs = {commit = \"{{ event.head.commit }}\", of = \"{{ rule }}\"}}";
        writeln!(text, "[[trigger]]\nname = \"rule {at}\"\non = \"push\"\n{}\n{start}\n", rule(at)).expect("a text");
    }
    parse(&RepoPath::parse("proofmark.toml").expect("a path"), text.as_bytes()).expect("valid").expect("there")
}

/// What a large repository may have: most rules are about one folder of many.
fn usual(at: usize) -> String {
    match at % 10 {
        0 | 1 => format!("paths = [\"data/x{at}/**\"]"),
        2 => format!("paths = [\"**/*.t{at}\", \"!docs/**\"]"),
        3 => format!("paths = [\"src/m{at}/*.py\", \"params.yaml\"]"),
        4 => format!("paths = [\"{{data,models}}/y{at}/**\", \"!**/*.md\"]"),
        5 => format!("branches = [\"release/{at}.*\", \"!release/*-rc\"]\npaths = [\"**/*.csv\"]"),
        6 => format!("when = \"event.branch == 'main' && changed.exists(file, file.startsWith('data/z{at}/'))\""),
        7 => format!("labels = [\"train/{at}\", \"!wip\"]"),
        8 => format!("branches = [\"main\"]\npaths = [\"**/model{at}.dvc\"]\nnot = [{{paths = [\"docs/**\"]}}]"),
        _ => format!("branches = [\"main\"]\npaths = [\"data/**/*.csv\", \"!data/x{at}/**\"]\nwhen = \"size(changed) < 100\""),
    }
}

/// A push to `main`.
pub(crate) fn push() -> Event {
    let mut event = Event::new(Sender::Github, Kind::Push);
    event.repository = Some("acme/widgets".to_owned());
    event.branch = Some("main".to_owned());
    event.head = Place::new(Some("main".to_owned()), Some("1b".repeat(20)));
    event.base = Place::new(Some("main".to_owned()), Some("0a".repeat(20)));
    event
}

/// What it changed.
pub(crate) fn facts() -> Facts {
    let path = |at: usize| match at % 3 {
        0 => format!("data/x{}/part/file{at}.csv", at % 97),
        1 => format!("src/m{}/module{at}.py", at % 89),
        _ => format!("models/team{}/deep/er/still/model{at}.onnx.dvc", at % 83),
    };
    let change = |at| FileChange { path: RepoPath::parse(&path(at)).expect("a path"), how: How::Modified };
    Facts { changed: Fact::Known((0..FILES).map(change).collect()), ..Facts::default() }
}
