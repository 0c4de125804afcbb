//! What is wrong with a trigger. Each message names the trigger and the field; [`RuleError::hint`] says what to do.

use std::fmt;

/// A mistake in a trigger, found before anything is started.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleError {
    /// The trigger's name.
    pub rule: String,
    /// The line of the configuration, where it is known.
    pub line: Option<u32>,
    /// The field: `start.workflow.inputs.lr`.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for RuleError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.map(|line| format!(" (line {line})")).unwrap_or_default();
        write!(out, "trigger `{}`{line}, `{}`: {}", self.rule.escape_debug(), self.field, self.message)
    }
}

impl std::error::Error for RuleError {}

impl RuleError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

/// A mistake in one field, before it is known of which trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) field: String,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// Whether a value is not there, in contrast to one that is wrong.
    pub(crate) is_missing: bool,
}

impl Mistake {
    pub(crate) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into(), hint: None, is_missing: false }
    }

    pub(crate) fn missing(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { is_missing: true, ..Self::new(field, message) }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn of(self, rule: &str, line: Option<u32>) -> RuleError {
        RuleError { rule: rule.to_owned(), line, field: self.field, message: self.message, hint: self.hint }
    }
}
