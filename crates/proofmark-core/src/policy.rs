//! What a configuration means: compiled rules, directions and situations, ready to judge.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compare::{Delta, by_policy};
use crate::composite::{CompositeError, CompositeRule, Rows};
use crate::config::{
    Baselines, Combine, Config, History, Limits, Meaning, Procedure, Rule, Runs, Severity, Situations, Table, Waiver, Waivers,
    WhenInconclusive,
};
use crate::direction::{Direction, DirectionSource, Names, Oriented};
use crate::evidence::Measured;
use crate::gate::{Level, WINDOW};
use crate::glob::{Glob, GlobError};
use crate::key::Key;
use crate::path::RepoPath;

/// The loss that the built-in policy accepts, as a fraction of the baseline.
pub const BUILT_IN_TOLERANCE: f64 = 0.01;
/// What counts as no loss at all for the built-in policy, where the baseline is so small that a fraction says nothing.
pub const BUILT_IN_FLOOR: f64 = 1e-6;

/// Where a policy is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum PolicyOrigin {
    /// No file: no metric whose name tells its direction may get worse by more than the built-in tolerance.
    BuiltIn,
    /// A file of a revision.
    File {
        /// The file.
        file: String,
        /// `base`, `head`, or `given` for a file named on the command line.
        side: PolicySide,
        /// The revision's name.
        revision: String,
    },
}

/// Which side a policy file is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PolicySide {
    /// The base, so that a change cannot loosen its own gate.
    Base,
    /// The head, since the base has none.
    Head,
    /// Named on the command line.
    Given,
}

/// Why a configuration is no policy.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// A glob is malformed.
    #[error(transparent)]
    Glob(#[from] GlobError),
    /// A composite rule is malformed.
    #[error("composite `{name}`{}: {error}", .line.map_or_else(String::new, |line| format!(" (line {line})")))]
    Composite {
        /// The rule's name.
        name: String,
        /// Where it stands in the file.
        line: Option<u32>,
        /// What is wrong.
        error: CompositeError,
    },
}

impl PolicyError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Glob(_) => None,
            Self::Composite { error, .. } => error.hint(),
        }
    }
}

/// A compiled policy.
#[derive(Debug)]
pub struct Policy {
    /// Where it is from.
    pub origin: PolicyOrigin,
    /// What happens in situations that are neither a pass nor a failure.
    pub situations: Situations,
    /// The prediction tables that rules may name.
    pub tables: Vec<Table>,
    /// Commits other than the base that rules may compare with.
    pub baselines: Baselines,
    /// Where earlier values are, and how many count.
    pub history: History,
    /// Rules over several metrics or slices.
    pub(crate) composites: Vec<CompositeRule>,
    /// Losses that somebody accepts.
    pub waivers: Vec<Waiver>,
    /// Who may accept losses, and for how long.
    pub waiver_settings: Waivers,
    pub(crate) runs: Vec<Runs>,
    pub(crate) rules: Vec<CompiledRule>,
    directions: Vec<(Glob, Meaning)>,
    names: Names,
}

/// One rule with its globs compiled.
#[derive(Debug, Clone)]
pub(crate) struct CompiledRule {
    pub(crate) metric: Glob,
    pub(crate) file: Option<Glob>,
    pub(crate) direction: Option<Direction>,
    pub(crate) severity: Severity,
    pub(crate) limits: Limits,
    pub(crate) warn: Option<Limits>,
    /// The prediction table, and the rows of it.
    pub(crate) table: Option<String>,
    pub(crate) selector: Vec<(String, String)>,
    /// What the head is compared with instead of the base.
    pub(crate) baseline: Option<String>,
    /// A second comparison, and the loss that may add up.
    pub(crate) anchor: Option<(String, f64)>,
    pub(crate) judging: Judging,
    /// The built-in rule takes only metrics whose name tells the direction, and demands none by name.
    pub(crate) built_in: bool,
    /// Where it stands in the policy's file.
    pub(crate) line: Option<u32>,
}

/// How one rule judges evidence; what it does not say is the policy's.
#[derive(Debug, Clone)]
pub(crate) struct Judging {
    pub(crate) procedure: Procedure,
    /// Of one look at the data.
    pub(crate) alpha: f64,
    pub(crate) power: f64,
    pub(crate) min_rows: Option<u64>,
    pub(crate) min_runs: Option<usize>,
    pub(crate) thin_runs: usize,
    pub(crate) min_of_class: u64,
    pub(crate) deterministic: bool,
    pub(crate) paired: Option<bool>,
    pub(crate) log: bool,
    pub(crate) inconclusive: WhenInconclusive,
    pub(crate) severity_at: BTreeMap<Level, Severity>,
}

impl Judging {
    /// For metrics that no rule judges.
    pub(crate) fn shown(policy: &Situations) -> Self {
        Self { procedure: Procedure::Auto, ..Self::of(&Rule::default(), policy, &[]) }
    }

    fn of(rule: &Rule, policy: &Situations, tables: &[Table]) -> Self {
        let inconclusive = rule.inconclusive.unwrap_or(policy.inconclusive);
        let looks = policy.looks.unwrap_or(if inconclusive == WhenInconclusive::Rerun { 2 } else { 1 });
        let table = tables.iter().find(|table| Some(&table.name) == rule.table.as_ref());
        Self {
            procedure: rule.procedure.unwrap_or(policy.procedure),
            alpha: rule.alpha.unwrap_or(policy.alpha) / f64::from(looks),
            power: rule.power.unwrap_or(policy.power),
            min_rows: rule.min_rows.or(table.and_then(|table| table.min_rows)).or(Some(policy.min_rows)),
            min_runs: rule.min_runs,
            thin_runs: policy.min_runs,
            min_of_class: policy.min_of_class,
            deterministic: policy.deterministic,
            paired: rule.paired,
            log: rule.log,
            inconclusive,
            severity_at: rule.severity_at.clone(),
        }
    }
}

impl CompiledRule {
    /// The rule as a person would name it.
    pub(crate) fn name(&self) -> String {
        let metric = self.metric.as_str();
        match (&self.table, &self.file) {
            (Some(table), _) if self.selector.is_empty() => format!("{table}:{metric}"),
            (Some(table), _) => {
                let slice: Vec<String> = self.selector.iter().map(|(column, value)| format!("{column}={value}")).collect();
                format!("{table}:{metric} [{}]", slice.join(", "))
            }
            (None, Some(file)) => format!("{metric} in {}", file.as_str()),
            (None, None) => metric.to_owned(),
        }
    }

    /// Whether the rule is about this metric of a prediction table, on these rows.
    pub(crate) fn covers_measured(&self, measured: &Measured) -> bool {
        let of_value =
            |(column, pattern): &(String, String)| measured.slice.value(column).is_some_and(|value| pattern == "*" || pattern == value);
        self.table.is_some()
            && self.table == measured.table
            && self.metric.matches(measured.metric.as_str())
            && measured.slice.parts().count() == self.selector.len()
            && self.selector.iter().all(of_value)
    }

    /// Whether the rule is about the rows of a prediction table.
    pub(crate) fn is_of_table(&self) -> bool {
        self.table.is_some()
    }

    pub(crate) fn covers_file(&self, file: &RepoPath) -> bool {
        self.file.as_ref().is_none_or(|glob| glob.matches(file.as_str()))
    }

    /// A file that moved out of a rule's reach is still judged by it: moving it must not open the gate.
    pub(crate) fn covers_row(&self, row: &Delta) -> bool {
        self.covers_file(&row.file) || row.renamed_from.as_ref().is_some_and(|old| self.covers_file(old))
    }

    /// Whether the rule names one file, and no other will do.
    pub(crate) fn names_file(&self) -> bool {
        self.file.as_ref().is_some_and(Glob::is_literal)
    }

    pub(crate) fn covers_key(&self, key: &Key) -> bool {
        self.metric.matches_key(key)
    }
}

impl Policy {
    /// The policy that judges where nobody wrote one.
    pub fn built_in() -> Self {
        let limits = Limits {
            max_regression_rel: Some(BUILT_IN_TOLERANCE),
            max_regression_abs: Some(BUILT_IN_FLOOR),
            combine: Some(Combine::All),
            ..Limits::default()
        };
        // `*` is a glob that cannot be wrong.
        let rules = Glob::name("*")
            .map(|metric| CompiledRule {
                metric,
                file: None,
                direction: None,
                severity: Severity::Fail,
                limits,
                warn: None,
                table: None,
                selector: Vec::new(),
                baseline: None,
                anchor: None,
                judging: Judging::of(&Rule::default(), &Situations::default(), &[]),
                built_in: true,
                line: None,
            })
            .into_iter()
            .collect();
        Self {
            origin: PolicyOrigin::BuiltIn,
            situations: Situations::default(),
            tables: Vec::new(),
            baselines: Baselines::new(),
            history: History::default(),
            composites: Vec::new(),
            waivers: Vec::new(),
            waiver_settings: Waivers::default(),
            runs: Vec::new(),
            rules,
            directions: Vec::new(),
            names: Names::default(),
        }
    }

    /// What `config` means for a change that goes into `branch`. Without rules in it, the built-in rule judges, with the
    /// configured directions and situations.
    ///
    /// # Errors
    /// When a glob or a composite rule is malformed.
    pub fn compile(config: &Config, origin: PolicyOrigin, branch: Option<&str>) -> Result<Self, PolicyError> {
        let mut rules = Vec::new();
        for rule in &config.rule {
            if applies_to(rule, branch)? {
                rules.push(compile_rule(rule, config)?);
            }
        }
        if config.rule.is_empty() {
            rules = Self::built_in().rules;
        }
        let mut composites = Vec::new();
        for typed in &config.composite {
            let told = |error| PolicyError::Composite { name: typed.name.clone(), line: typed.line.0, error };
            composites.push(CompositeRule::compile(typed).map_err(told)?);
        }
        let mut directions = Vec::new();
        for (glob, direction) in &config.directions {
            directions.push((Glob::name(glob)?, *direction));
        }
        // An exact name wins over a pattern.
        directions.sort_by_key(|(glob, _)| !glob.is_literal());
        Ok(Self {
            origin,
            situations: config.policy,
            tables: config.table.clone(),
            baselines: config.baselines.clone(),
            history: config.history.clone(),
            composites,
            waivers: config.waiver.clone(),
            waiver_settings: config.waivers.clone(),
            runs: config.runs.clone(),
            rules,
            directions,
            names: Names::default(),
        })
    }

    /// Which way a metric gets better: the first rule that says so, then `[directions]`, then the name.
    pub fn orient(&self, file: &RepoPath, key: &Key) -> Option<Oriented> {
        let rule = self.rules.iter().find_map(|rule| rule.direction.filter(|_| rule.covers_file(file) && rule.covers_key(key)));
        self.oriented(rule, key)
    }

    fn oriented(&self, by_rule: Option<Direction>, key: &Key) -> Option<Oriented> {
        match (by_rule, self.configured(key)) {
            (Some(direction), _) => Some(by_policy(direction)),
            (None, Some(meaning)) => meaning.direction().map(by_policy),
            (None, None) => self.names.guess(key),
        }
    }

    /// Which way a metric gets better where no rule is about it.
    pub(crate) fn orient_alone(&self, key: &Key) -> Option<Oriented> {
        self.oriented(None, key)
    }

    /// Metrics of a table, and the rows, that composite rules are about.
    pub(crate) fn composite_metrics(&self, table: &str) -> Vec<(String, Vec<(String, String)>)> {
        let mut found = Vec::new();
        for wanted in self.composites.iter().flat_map(CompositeRule::names) {
            let metric = match &wanted.table {
                Some(named) if named == table => Some(wanted.metric.as_str()),
                Some(_) => None,
                None => wanted.metric.strip_prefix(table).and_then(|rest| rest.strip_prefix(':')),
            };
            let Some(metric) = metric else { continue };
            match &wanted.rows {
                Rows::Of(slice) => {
                    let parts = slice.parts().map(|(column, value)| (column.to_owned(), value.to_owned()));
                    found.push((metric.to_owned(), parts.collect()));
                }
                Rows::By(ways) => {
                    let each = |way: &Vec<String>| way.iter().map(|column| (column.clone(), "*".to_owned())).collect();
                    found.extend(ways.iter().map(|way| (metric.to_owned(), each(way))));
                }
            }
        }
        found
    }

    /// Whether changes of a metric say nothing about its quality: configured so, or a counter by its name.
    pub(crate) fn is_neutral(&self, key: &Key) -> bool {
        match self.configured(key) {
            Some(meaning) => meaning == Meaning::None,
            None => self.names.is_counter(key),
        }
    }

    fn configured(&self, key: &Key) -> Option<Meaning> {
        self.directions.iter().find(|(glob, _)| glob.matches_key(key)).map(|(_, meaning)| *meaning)
    }

    pub(crate) fn orient_for(&self, rule: &CompiledRule, key: &Key) -> Option<Oriented> {
        self.oriented(rule.direction, key)
    }

    /// What a finding that cannot be told does, by the rule that it is of.
    pub(crate) fn when_inconclusive(&self, rule: Option<&str>) -> WhenInconclusive {
        let found = self.rules.iter().find(|known| rule.is_some_and(|name| known.name() == name));
        found.map_or(self.situations.inconclusive, |rule| rule.judging.inconclusive)
    }

    /// The policy in one sentence.
    pub fn summary(&self) -> String {
        let count = self.rules.len();
        match &self.origin {
            PolicyOrigin::BuiltIn => built_in_summary(),
            PolicyOrigin::File { .. } if self.rules.iter().any(|rule| rule.built_in) => built_in_summary(),
            PolicyOrigin::File { .. } => format!("{count} rule{}", if count == 1 { "" } else { "s" }),
        }
    }
}

fn built_in_summary() -> String {
    format!(
        "no metric whose name tells its direction may get worse by more than {} % (differences up to 0.000001 do not count)",
        BUILT_IN_TOLERANCE * 100.0
    )
}

/// Whether a direction is sure enough for the built-in rule.
pub(crate) fn is_sure(oriented: Oriented) -> bool {
    !matches!(oriented.source, DirectionSource::Hint)
}

fn applies_to(rule: &Rule, branch: Option<&str>) -> Result<bool, GlobError> {
    if rule.branches.is_empty() {
        return Ok(true);
    }
    for glob in &rule.branches {
        // A branch that nobody could name is covered by every rule: a gate must not open because a name is missing.
        if branch.is_none() || Glob::name(glob)?.matches(branch.unwrap_or_default()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The prediction limit has no other baseline than the history.
fn baseline_of(rule: &Rule) -> Option<String> {
    let told = rule.baseline.clone().filter(|name| name != "base");
    let of_history = rule.procedure == Some(Procedure::PredictionLimit);
    told.or_else(|| of_history.then(|| WINDOW.to_owned()))
}

/// Names of a table's metrics have brackets and commas of their own (`f1[cat]`, `quantile(0.95, latency)`).
fn metric_of(rule: &Rule) -> Result<Glob, GlobError> {
    let means_itself = rule.table.is_some() && !rule.metric.contains(['*', '?', '{']);
    if means_itself { Ok(Glob::literal(&rule.metric)) } else { Glob::name(&rule.metric) }
}

fn compile_rule(rule: &Rule, config: &Config) -> Result<CompiledRule, GlobError> {
    Ok(CompiledRule {
        metric: metric_of(rule)?,
        file: rule.file.as_deref().map(Glob::file).transpose()?,
        direction: rule.direction,
        severity: rule.severity,
        limits: rule.limits(),
        warn: rule.warn,
        table: rule.table.clone(),
        selector: rule.slice.iter().map(|(column, value)| (column.clone(), value.clone())).collect(),
        baseline: baseline_of(rule),
        anchor: rule.anchor.clone().zip(rule.budget),
        judging: Judging::of(rule, &config.policy, &config.table),
        built_in: false,
        line: rule.line.0,
    })
}
