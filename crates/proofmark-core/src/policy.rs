//! What a configuration means: compiled rules, directions and situations, ready to judge.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::compare::{Delta, by_policy};
use crate::config::{Combine, Config, Limits, Meaning, Rule, Severity, Situations};
use crate::direction::{Direction, DirectionSource, Names, Oriented};
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

/// A compiled policy.
#[derive(Debug)]
pub struct Policy {
    /// Where it is from.
    pub origin: PolicyOrigin,
    /// What happens in situations that are neither a pass nor a failure.
    pub situations: Situations,
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
    /// The built-in rule takes only metrics whose name tells the direction, and demands none by name.
    pub(crate) built_in: bool,
    /// Where it stands in the policy's file.
    pub(crate) line: Option<u32>,
}

impl CompiledRule {
    /// The rule as a person would name it.
    pub(crate) fn name(&self) -> String {
        match &self.file {
            Some(file) => format!("{} in {}", self.metric.as_str(), file.as_str()),
            None => self.metric.as_str().to_owned(),
        }
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
                built_in: true,
                line: None,
            })
            .into_iter()
            .collect();
        Self { origin: PolicyOrigin::BuiltIn, situations: Situations::default(), rules, directions: Vec::new(), names: Names::default() }
    }

    /// What `config` means for a change that goes into `branch`. Without rules in it, the built-in rule judges, with the
    /// configured directions and situations.
    ///
    /// # Errors
    /// When a glob is malformed.
    pub fn compile(config: &Config, origin: PolicyOrigin, branch: Option<&str>) -> Result<Self, GlobError> {
        let mut rules = Vec::new();
        for rule in &config.rule {
            if applies_to(rule, branch)? {
                rules.push(compile_rule(rule)?);
            }
        }
        if config.rule.is_empty() {
            rules = Self::built_in().rules;
        }
        let mut directions = Vec::new();
        for (glob, direction) in &config.directions {
            directions.push((Glob::name(glob)?, *direction));
        }
        // An exact name wins over a pattern.
        directions.sort_by_key(|(glob, _)| !glob.is_literal());
        Ok(Self { origin, situations: config.policy, rules, directions, names: Names::default() })
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

fn compile_rule(rule: &Rule) -> Result<CompiledRule, GlobError> {
    Ok(CompiledRule {
        metric: Glob::name(&rule.metric)?,
        file: rule.file.as_deref().map(Glob::file).transpose()?,
        direction: rule.direction,
        severity: rule.severity,
        limits: rule.limits(),
        warn: rule.warn,
        built_in: false,
        line: rule.line.0,
    })
}
