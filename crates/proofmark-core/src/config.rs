//! `proofmark.toml` as it is typed. What it means is in [`crate::policy`].
//!
//! Unknown keys are errors with the nearest known key, since a typo in a gate is a gate that is open.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::direction::Direction;
use crate::path::RepoPath;
use crate::problem::{Position, Problem, ProblemKind};

mod check;
mod composite;
mod finding;
mod github;
mod judging;
mod kubeflow;
mod mlflow;
mod modeldb;
mod rule;
mod situations;
mod table;
mod trigger;
mod waiver;

pub use self::composite::{Budget, By, Composite, Gap, Trade, WorstSlice};
pub use self::finding::{Children, Count, Find, Finding, Names};
pub use self::github::{ByEffect, CommentMode, GitHub};
pub use self::judging::{Baselines, History, Procedure, Runs, WhenInconclusive};
pub use self::kubeflow::Kubeflow;
pub use self::mlflow::{Mlflow, Summary};
pub use self::modeldb::ModelDb;
pub use self::rule::{Combine, Limits, Rule, RuleLine};
pub use self::situations::{Effect, Severity, Situations};
pub use self::table::{Table, Task};
pub use self::trigger::{
    After, Busy, CommandRule, CommandStart, DispatchStart, DvcCondition, Except, Forks, GateStart, JenkinsStart, KserveStart,
    KubeflowStart, Pace, ParameterKind, ParameterRule, PromoteStart, ReproStart, RoleName, Span, Start, Step, Trigger, Triggers, Values,
    WebhookStart, WorkflowStart,
};
pub use self::waiver::{Day, Waiver, Waivers};

/// The file names that hold a configuration, in the order in which they are looked for.
pub const FILES: [&str; 2] = ["proofmark.toml", "pyproject.toml"];

/// The configuration: `proofmark.toml`, or `[tool.proofmark]` in `pyproject.toml`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// What is compared.
    pub compare: Compare,
    /// Which way metrics get better: a glob over metric names, and `higher`, `lower` or `none`.
    pub directions: BTreeMap<String, Meaning>,
    /// What happens in situations that are neither a pass nor a failure.
    pub policy: Situations,
    /// The rules. Without any, the built-in policy judges.
    pub rule: Vec<Rule>,
    /// Prediction tables, whose metrics are computed from their rows.
    pub table: Vec<Table>,
    /// Metrics of runs that are logged to MLflow.
    pub mlflow: Vec<Mlflow>,
    /// Metrics of runs of Kubeflow Pipelines.
    pub kubeflow: Vec<Kubeflow>,
    /// Metrics of runs that are logged to ModelDB.
    pub modeldb: Vec<ModelDb>,
    /// Metrics that are measured in several runs of the same training.
    pub runs: Vec<Runs>,
    /// Commits other than the base that rules can compare with.
    pub baselines: Baselines,
    /// Earlier values of the branch.
    pub history: History,
    /// Rules over several metrics or slices.
    pub composite: Vec<Composite>,
    /// Losses that somebody accepts.
    pub waiver: Vec<Waiver>,
    /// Who may accept losses, and for how long.
    pub waivers: Waivers,
    /// What is shown on GitHub, and how.
    pub github: GitHub,
    /// Which events start what.
    pub trigger: Vec<Trigger>,
    /// What holds for all triggers.
    pub triggers: Triggers,
}

/// What is compared.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Compare {
    /// The branch that changes are merged into. Found from `origin/HEAD`, `main`, `master` when absent.
    pub default_branch: Option<String>,
    /// Whether the base is the `merge-base` with that branch or its `tip`.
    pub base_is: Option<crate::compare::BaseKind>,
    /// Globs over files that hold metrics, beside those that DVC declares. Without them and without DVC, the usual names.
    pub metrics: Vec<String>,
    /// Globs over files that hold params, beside those that DVC declares.
    pub params: Vec<String>,
    /// Globs over files that are never read as metrics or params.
    pub ignore: Vec<String>,
    /// Whether DVC projects are read.
    pub dvc: bool,
}

impl Default for Compare {
    fn default() -> Self {
        Self { default_branch: None, base_is: None, metrics: Vec::new(), params: Vec::new(), ignore: Vec::new(), dvc: true }
    }
}

/// What `[directions]` says of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Meaning {
    /// Higher is better.
    Higher,
    /// Lower is better.
    Lower,
    /// Neither, like a step counter: changes of it are shown and never judged.
    None,
}

impl Meaning {
    /// The direction, if there is one.
    pub fn direction(self) -> Option<Direction> {
        match self {
            Self::Higher => Some(Direction::Higher),
            Self::Lower => Some(Direction::Lower),
            Self::None => None,
        }
    }
}

#[derive(Deserialize)]
struct PyProject {
    tool: Option<Tools>,
}

#[derive(Deserialize)]
struct Tools {
    proofmark: Option<Config>,
    /// Tables of other tools, of which one may be ours with a typo: a policy that nobody reads is a gate that is open.
    #[serde(flatten)]
    others: BTreeMap<String, IgnoredAny>,
}

impl Tools {
    fn config(self) -> Result<Option<Config>, String> {
        let alike = |name: &&String| strsim::osa_distance(&name.to_lowercase(), "proofmark") <= 2;
        match (self.proofmark, self.others.keys().find(alike)) {
            (None, Some(typo)) => Err(format!("[tool.{typo}] is no tool's table; did you mean [tool.proofmark]?")),
            (config, _) => Ok(config),
        }
    }
}

/// Reads a configuration file; `None` when a `pyproject.toml` has no `[tool.proofmark]`.
///
/// # Errors
/// A [`Problem`] with the position, and for an unknown key or value the nearest known one.
pub fn parse(file: &RepoPath, bytes: &[u8]) -> Result<Option<Config>, Problem> {
    let problem = |message: String| Problem::new(ProblemKind::Unparsable, file.clone(), message);
    let text = std::str::from_utf8(bytes)
        .map_err(|bad| problem("the file is not UTF-8".to_owned()).at(Some(Position::of(bytes, bad.valid_up_to()))))?;
    let (read, path) = if file.name() == "pyproject.toml" {
        let config = |project: PyProject| project.tool.map_or(Ok(None), Tools::config).map_err(serde::de::Error::custom);
        (toml::from_str::<PyProject>(text).and_then(config), &["tool", "proofmark"][..])
    } else {
        (toml::from_str::<Config>(text).map(Some), &[][..])
    };
    let mut config = read.map_err(|error| {
        let position = error.span().map(|span| Position::of(bytes, span.start));
        let message = error.message().lines().collect::<Vec<_>>().join("; ");
        let problem = problem(message.clone()).at(position);
        match nearest_known(&message) {
            Some(nearest) => problem.hint(format!("did you mean `{nearest}`?")),
            None if message.contains("invalid type: map, expected a sequence") => {
                problem.hint("a rule begins with double brackets: [[rule]]")
            }
            None if message.contains("expected a sequence") => problem.hint("write a list: [\"…\"]"),
            None => problem,
        }
    })?;
    if let Some(config) = &mut config {
        check::check(config, text, path).map_err(|mistake| {
            let problem = problem(mistake.message).at(mistake.place);
            mistake.hint.into_iter().fold(problem, Problem::hint)
        })?;
    }
    Ok(config)
}

/// The `[github]` of a file whose other parts may be broken: where a failure is told is not lost with them.
pub fn github_alone(file: &RepoPath, bytes: &[u8]) -> Option<GitHub> {
    let mut table: toml::Table = toml::from_str(std::str::from_utf8(bytes).ok()?).ok()?;
    if file.name() == "pyproject.toml" {
        let toml::Value::Table(own) = table.remove("tool")?.as_table_mut()?.remove("proofmark")? else { return None };
        table = own;
    }
    table.remove("github")?.try_into().ok()
}

/// serde says ``unknown field `x`, expected one of `a`, `b` ``; the nearest of them is what the user meant.
fn nearest_known(message: &str) -> Option<String> {
    let (wrong, known) =
        message.strip_prefix("unknown field ").or_else(|| message.strip_prefix("unknown variant "))?.split_once(", expected ")?;
    let wrong = wrong.trim_matches('`');
    nearest(wrong, known.split('`').skip(1).step_by(2)).map(str::to_owned)
}

/// The candidate most like `wrong`, if any is alike at all.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = wrong.to_lowercase();
    let likeness = |name: &str| {
        let name = name.to_lowercase();
        let contains = name.len() > 2 && lower.len() > 2 && (name.contains(&lower) || lower.contains(&name));
        // Two letters swapped in a short name count for little in Jaro-Winkler and for one slip in edit distance.
        let slip = strsim::osa_distance(&lower, &name) == 1 && name.len() > 2;
        strsim::jaro_winkler(&lower, &name).max(if slip { 0.9 } else { 0.0 }).max(if contains { 0.85 } else { 0.0 })
    };
    let scored = known.into_iter().map(|name| (likeness(name), name));
    scored.max_by(|one, two| one.0.total_cmp(&two.0)).filter(|(likeness, _)| *likeness > 0.75).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (String, Option<String>, Option<u32>) {
        let file = RepoPath::parse("proofmark.toml").expect("a path");
        let problem = parse(&file, text.as_bytes()).expect_err("must be refused");
        (problem.message, problem.hint, problem.position.map(|at| at.line))
    }

    #[test]
    fn a_typo_names_the_key_and_the_nearest() {
        let (message, hint, line) = refused("[[rule]]\nmetric = \"acc\"\nmax_regresion_abs = 0.1\n");
        assert!(message.contains("unknown field `max_regresion_abs`"), "{message}");
        assert_eq!(hint.as_deref(), Some("did you mean `max_regression_abs`?"));
        assert_eq!(line, Some(3));
        assert_eq!(refused("[polcy]\n").1.as_deref(), Some("did you mean `policy`?"));
        assert_eq!(refused("[policy]\nno_baseline = \"blok\"\n").1.as_deref(), Some("did you mean `block`?"));
        assert_eq!(refused("[directions]\nacc = \"hihger\"\n").1.as_deref(), Some("did you mean `higher`?"));
        assert_eq!(refused("[[rule]]\nmetric = \"a\"\nwarn = {mni = 1}\n").1.as_deref(), Some("did you mean `min`?"));
    }

    #[test]
    fn rules_that_cannot_be_meant() {
        for (rule, expected) in [
            ("metric = \"a\"", "no limit is set"),
            ("min = 1", "`metric` is missing"),
            ("metric = \"a\"\nmin = nan", "not a finite number"),
            ("metric = \"a\"\nmax_regression_abs = -0.1", "is negative"),
            ("metric = \"a\"\nmin = 2\nmax = 1", "is above"),
        ] {
            let (message, _, line) = refused(&format!("# first\n[[rule]]\nmetric = \"ok\"\nmin = 0\n[[rule]] # second\n{rule}\n"));
            assert!(message.contains(expected), "{message}");
            assert_eq!(line, Some(5));
        }
    }

    #[test]
    fn each_rule_knows_its_line() {
        let lines = |name: &str, text: &str| {
            let config = parse(&RepoPath::parse(name).expect("a path"), text.as_bytes()).expect("valid").expect("there");
            config.rule.iter().map(|rule| rule.line.0).collect::<Vec<_>>()
        };
        let rule = "metric = \"\"\"\n[[rule]]\"\"\"\nmin = 0\n";
        let headers = format!("# first\n[[rule]]\n{rule}\n  [[ rule ]] # second\n{rule}");
        assert_eq!(lines("proofmark.toml", &headers), [Some(2), Some(7)]);
        let tool = headers.replace("[[rule]]\n", "[[tool.proofmark.rule]]\n").replace("[[ rule ]]", "[[ tool . proofmark.rule ]]");
        assert_eq!(lines("pyproject.toml", &tool), [Some(2), Some(7)]);
        let list = "rule = [\n  {metric = \"a\", min = 0},\n  {metric = \"b\", min = 0},\n]\n";
        assert_eq!(lines("proofmark.toml", list), [Some(2), Some(3)]);
        assert_eq!(RuleLine(Some(1)), RuleLine(None), "a comment above a rule changes no policy");
    }

    #[test]
    fn pyproject_has_its_own_table() {
        let file = RepoPath::parse("pyproject.toml").expect("a path");
        assert_eq!(parse(&file, b"[project]\nname = \"x\"\n"), Ok(None));
        let config = parse(&file, b"[[tool.proofmark.rule]]\nmetric = \"acc\"\nmin = 0.5\n").expect("valid").expect("there");
        assert_eq!(config.rule[0].min, Some(0.5));
        assert!(parse(&file, b"[tool.proofmark]\nrules = 1\n").is_err());
        let typo = parse(&file, b"[[tool.proofmrk.rule]]\nmetric = \"acc\"\n[tool.ruff]\nline-length = 100\n").expect_err("a typo");
        assert!(typo.message.contains("did you mean [tool.proofmark]?"), "{}", typo.message);
        assert_eq!(parse(&file, b"[tool.ruff]\nline-length = 100\n[tool.poetry.dependencies]\nx = \"1\"\n"), Ok(None));
    }
}
