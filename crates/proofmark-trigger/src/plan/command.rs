//! Commands in comments: who may give them, and what is given along.

use std::collections::BTreeMap;

use proofmark_core::config::{Forks, RoleName};
use proofmark_core::event::Comment;
use serde_json::Value;

use super::{Decision, Looker, Outcome};
use crate::commands::{Command, Line};
use crate::condition::Holds;
use crate::facts::{Fact, Needs};
use crate::parameters;
use crate::rules::CommandOf;

/// What is given along, or the decision not to take it.
pub(super) type Wish = Result<BTreeMap<String, Value>, Box<Decision>>;

impl Looker<'_> {
    /// Whether a comment holds the rule's command, in a place where it counts.
    pub(super) fn has_command(&self) -> Holds {
        let (Some(command), Some(comment)) = (&self.rule.command, &self.view.event.comment) else { return Holds::No };
        let counts = match self.view.event.action.as_deref() {
            Some("created") => true,
            Some("edited") => command.edited,
            _ => false,
        };
        let is_place = comment.on_pull_request || command.issues;
        // A bot that quotes a command would give it.
        let is_person = comment.author.as_ref().is_some_and(|author| !author.bot);
        if !counts || !is_place || !comment.open || !is_person || self.lines_of(command).next().is_none() {
            return Holds::No;
        }
        let facts = self.view.facts;
        let is_by_name = self.is_named(command, comment);
        let needs = Needs {
            role: command.role > RoleName::Anyone && !is_by_name && facts.role == Fact::Unasked,
            pull: comment.on_pull_request && facts.pull == Fact::Unasked,
            ..Needs::default()
        };
        match (&facts.role, &facts.pull) {
            _ if !needs.is_empty() => Holds::Needs(needs),
            (Fact::Unknown(why), _) if command.role > RoleName::Anyone && !is_by_name => Holds::Unknown(why.clone()),
            (_, Fact::Unknown(why)) if comment.on_pull_request => Holds::Unknown(why.clone()),
            _ => Holds::Yes,
        }
    }

    fn lines_of(&self, command: &CommandOf) -> impl Iterator<Item = &Line> {
        let verb = command.verb.clone();
        self.view.lines().iter().filter(move |line| match line {
            Line::Command(found) => found.verb == verb,
            Line::Broken { verb: found, .. } => *found == verb,
        })
    }

    fn is_named(&self, command: &CommandOf, comment: &Comment) -> bool {
        let author = comment.author.as_ref().map(|author| author.login.as_str()).unwrap_or_default();
        command.users.iter().any(|user| user.eq_ignore_ascii_case(author))
    }

    /// What is wished for: by the event as such, or by each command.
    pub(super) fn wishes(&self) -> Vec<Wish> {
        let Some(command) = &self.rule.command else { return vec![Ok(BTreeMap::new())] };
        let Some(comment) = &self.view.event.comment else { return Vec::new() };
        if let Some(refused) = self.refused(command, comment) {
            return vec![Err(Box::new(refused))];
        }
        self.lines_of(command).map(|line| self.wish(command, line)).collect()
    }

    fn wish(&self, command: &CommandOf, line: &Line) -> Wish {
        let refuse = |line: usize, why: String, hint: Option<String>| {
            let reason = format!("line {line} of the comment: {why}");
            Box::new(Decision { hint, ..Decision::new(self.rule, Outcome::Refused, Some(reason)) })
        };
        match line {
            Line::Broken { line, problem, .. } => Err(refuse(*line, problem.to_string(), Some(problem.hint().to_owned()))),
            Line::Command(found) => self.arguments(command, found).map_err(|error| refuse(found.line, error.to_string(), error.hint())),
        }
    }

    fn arguments(&self, command: &CommandOf, found: &Command) -> Result<BTreeMap<String, Value>, parameters::ParameterError> {
        parameters::from_command(&self.rule.parameters, &command.positional, found)
    }

    /// Why whoever commented may not, if that is so.
    fn refused(&self, command: &CommandOf, comment: &Comment) -> Option<Decision> {
        let author = comment.author.as_ref().map(|author| author.login.as_str()).unwrap_or_default();
        let refuse = |why: String, hint: Option<&str>| {
            let hint = hint.map(str::to_owned);
            Some(Decision { hint, ..Decision::new(self.rule, Outcome::Refused, Some(why)) })
        };
        let verb = &command.verb;
        let role = if let Fact::Known(role) = &self.view.facts.role { Some(role) } else { None };
        let is_enough = role.is_some_and(|role| role.role >= command.role);
        if command.role > RoleName::Anyone && !is_enough && !self.is_named(command, comment) {
            let has = role.map(|role| role.told.clone().unwrap_or_else(|| role.role.name().to_owned()));
            let has = has.map_or_else(String::new, |has| format!(" (and not {has})"));
            let needs = command.role.name();
            let hint = "where the account is a member of the organisation all the same, the token cannot see it";
            let hint = role.filter(|role| role.role == RoleName::Anyone).map(|_| hint);
            return refuse(format!("`/{verb}` takes the role {needs}{has}: {author} may not give it"), hint);
        }
        if !comment.on_pull_request {
            return None;
        }
        let opened_by = self.view.event.pull_request.as_ref().and_then(|pull| pull.author.as_deref());
        if command.second_person && opened_by.is_none_or(|opener| opener.eq_ignore_ascii_case(author)) {
            let opener = opened_by.map_or("it is not known who", |_| author);
            return refuse(format!("`/{verb}` takes a second person: {opener} opened the pull request"), None);
        }
        let may_be_fork = match &self.view.facts.pull {
            Fact::Known(pull) => pull.fork,
            _ => self.view.event.is_foreign(),
        };
        match &self.view.facts.pull {
            Fact::Known(pull) if !pull.open => refuse(format!("`/{verb}` counts on open pull requests only"), None),
            _ if may_be_fork && self.rule.forks == Forks::Never => {
                refuse(format!("`/{verb}` does not count for pull requests from forks"), None)
            }
            // Whoever gave it looked at another commit than would run now.
            Fact::Known(pull) if pull.fork && pull.moved => {
                refuse("the fork was pushed to after the comment".to_owned(), Some("look at what is there now, and give the command again"))
            }
            _ => None,
        }
    }
}
