//! Conditions of a rule: what each asks for, what it finds, and whether it holds.

mod dvc;
mod paths;

use proofmark_core::config::{Effect, nearest};
use proofmark_core::event::Kind;

pub(crate) use self::dvc::Dvc;
use crate::error::Mistake;
use crate::expression::Expression;
use crate::facts::{Fact, Needs};
use crate::globs::Globs;
use crate::view::View;

/// Whether a condition holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holds {
    Yes,
    No,
    /// It cannot be told, and why.
    Unknown(String),
    /// It can be told once more is known.
    Needs(Needs),
}

impl From<bool> for Holds {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

/// One condition.
#[derive(Debug)]
pub(crate) enum Condition {
    On(Vec<(Kind, Option<String>)>),
    Branches(Globs),
    HeadBranches(Globs),
    Tags(Globs),
    /// Branches and tags that both are named: one of the two must match.
    BranchesOrTags(Globs, Globs),
    Labels(Globs),
    Actors(Globs),
    Runs(Globs),
    Conclusions(Vec<String>),
    Models(Globs),
    Aliases(Globs),
    Schedules(Vec<String>),
    Effects(Vec<Effect>),
    Verdicts(Vec<String>),
    Metrics(Globs),
    Paths(Globs),
    Dvc(Dvc),
    When(Expression),
}

impl Condition {
    /// The key of the configuration.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::On(_) => "on",
            Self::Branches(_) => "branches",
            Self::HeadBranches(_) => "head_branches",
            Self::Tags(_) => "tags",
            Self::BranchesOrTags(..) => "branches, tags",
            Self::Labels(_) => "labels",
            Self::Actors(_) => "actors",
            Self::Runs(_) => "runs",
            Self::Conclusions(_) => "conclusions",
            Self::Models(_) => "models",
            Self::Aliases(_) => "aliases",
            Self::Schedules(_) => "schedules",
            Self::Effects(_) => "effects",
            Self::Verdicts(_) => "verdicts",
            Self::Metrics(_) => "metrics",
            Self::Paths(_) => "paths",
            Self::Dvc(_) => "dvc",
            Self::When(_) => "when",
        }
    }

    /// What it asks for, as it was written.
    pub(crate) fn wanted(&self) -> String {
        match self {
            Self::On(kinds) => {
                let name = |(kind, action): &(Kind, Option<String>)| match action {
                    Some(action) => format!("{kind}.{action}"),
                    None => kind.to_string(),
                };
                kinds.iter().map(name).collect::<Vec<_>>().join(", ")
            }
            Self::Branches(globs)
            | Self::HeadBranches(globs)
            | Self::Tags(globs)
            | Self::Labels(globs)
            | Self::Actors(globs)
            | Self::Runs(globs)
            | Self::Models(globs)
            | Self::Aliases(globs)
            | Self::Metrics(globs)
            | Self::Paths(globs) => globs.told(),
            Self::BranchesOrTags(branches, tags) => format!("{}; tags {}", branches.told(), tags.told()),
            Self::Conclusions(texts) | Self::Schedules(texts) | Self::Verdicts(texts) => texts.join(", "),
            Self::Effects(effects) => effects.iter().map(|effect| effect.name()).collect::<Vec<_>>().join(", "),
            Self::Dvc(dvc) => dvc.told(),
            Self::When(expression) => expression.source().to_owned(),
        }
    }

    /// What it finds.
    pub(crate) fn found(&self, view: &View<'_>) -> String {
        let event = view.event;
        let or_none = |text: Option<&str>, what: &str| text.map_or_else(|| format!("no {what}"), str::to_owned);
        match self {
            Self::On(_) => event.name(),
            Self::Branches(_) => or_none(event.branch.as_deref(), "branch"),
            Self::HeadBranches(_) => or_none(event.head.branch.as_deref(), "branch"),
            Self::Tags(_) => or_none(event.tag.as_deref(), "tag"),
            Self::BranchesOrTags(..) => or_none(event.tag.as_deref().or(event.branch.as_deref()), "branch or tag"),
            Self::Labels(_) => match &event.pull_request {
                Some(pull) if pull.labels.is_empty() => "no labels".to_owned(),
                Some(pull) => pull.labels.join(", "),
                None => "no pull request".to_owned(),
            },
            Self::Actors(_) => or_none(event.actor.as_ref().map(|actor| actor.login.as_str()), "actor"),
            Self::Runs(_) => or_none(event.run.as_ref().and_then(|run| run.name.as_deref()), "run"),
            Self::Conclusions(_) => or_none(event.run.as_ref().and_then(|run| run.conclusion.as_deref()), "conclusion"),
            Self::Models(_) => or_none(event.model.as_ref().map(|model| model.name.as_str()), "model"),
            Self::Aliases(_) => or_none(event.model.as_ref().and_then(|model| model.alias.as_deref()), "alias"),
            Self::Schedules(_) => or_none(event.schedule.as_deref(), "schedule"),
            Self::Effects(_) => or_none(event.verdict.as_ref().and_then(|verdict| verdict.effect.as_deref()), "report"),
            Self::Verdicts(_) => or_none(event.verdict.as_ref().and_then(|verdict| verdict.verdict.as_deref()), "report"),
            Self::Metrics(_) => match &event.verdict {
                Some(verdict) if verdict.failed.is_empty() => "none failed".to_owned(),
                Some(verdict) => verdict.failed.join(", "),
                None => "no report".to_owned(),
            },
            Self::Paths(globs) => paths::found(globs, view),
            Self::Dvc(dvc) => dvc.found(view),
            Self::When(expression) => match when(expression, view) {
                Holds::Yes => "true".to_owned(),
                Holds::No => "false".to_owned(),
                Holds::Unknown(why) => why,
                Holds::Needs(_) => "not looked at".to_owned(),
            },
        }
    }

    /// Whether it holds.
    pub(crate) fn holds(&self, view: &View<'_>) -> Holds {
        let event = view.event;
        let some = |text: Option<&str>, globs: &Globs| text.is_some_and(|text| globs.matches(text)).into();
        let run = event.run.as_ref();
        let model = event.model.as_ref();
        let verdict = event.verdict.as_ref();
        match self {
            Self::On(kinds) => {
                let fits = |(kind, action): &(Kind, Option<String>)| *kind == event.kind && (action.is_none() || *action == event.action);
                kinds.iter().any(fits).into()
            }
            // What was pushed is a branch or a tag, and each list is about one of them.
            Self::Branches(globs) => (event.tag.is_none() && event.branch.as_deref().is_some_and(|branch| globs.matches(branch))).into(),
            Self::HeadBranches(globs) => some(event.head.branch.as_deref(), globs),
            Self::Tags(globs) => some(event.tag.as_deref(), globs),
            Self::BranchesOrTags(branches, tags) => match &event.tag {
                Some(tag) => tags.matches(tag).into(),
                None => some(event.branch.as_deref(), branches),
            },
            Self::Labels(globs) => match &event.pull_request {
                None => Holds::No,
                Some(pull) => {
                    let has_one =
                        globs.include.is_empty() || pull.labels.iter().any(|label| globs.include.iter().any(|glob| glob.matches(label)));
                    (has_one && !pull.labels.iter().any(|label| globs.leaves_out(label))).into()
                }
            },
            Self::Actors(globs) => some(event.actor.as_ref().map(|actor| actor.login.as_str()), globs),
            Self::Runs(globs) => some(run.and_then(|run| run.name.as_deref()), globs),
            Self::Conclusions(texts) => among(texts, run.and_then(|run| run.conclusion.as_deref())),
            Self::Models(globs) => some(model.map(|model| model.name.as_str()), globs),
            Self::Aliases(globs) => some(model.and_then(|model| model.alias.as_deref()), globs),
            Self::Schedules(texts) => among(texts, event.schedule.as_deref()),
            Self::Effects(effects) => {
                let there = verdict.and_then(|verdict| verdict.effect.as_deref());
                effects.iter().any(|effect| Some(effect.name()) == there).into()
            }
            Self::Verdicts(texts) => among(texts, verdict.and_then(|verdict| verdict.verdict.as_deref())),
            Self::Metrics(globs) => verdict.is_some_and(|verdict| verdict.failed.iter().any(|metric| globs.matches(metric))).into(),
            Self::Paths(globs) => paths::holds(globs, view),
            Self::Dvc(dvc) => dvc.holds(view),
            Self::When(expression) => when(expression, view),
        }
    }
}

fn among(texts: &[String], text: Option<&str>) -> Holds {
    text.is_some_and(|text| texts.iter().any(|known| known == text)).into()
}

/// An expression may ask for what changed; it is found out before it is looked at.
fn when(expression: &Expression, view: &View<'_>) -> Holds {
    let facts = view.facts;
    let (asks_changed, asks_dvc) = (expression.asks("changed"), expression.asks("dvc"));
    let needs =
        Needs { changed: asks_changed && facts.changed == Fact::Unasked, dvc: asks_dvc && facts.dvc == Fact::Unasked, ..Needs::default() };
    if !needs.is_empty() {
        return Holds::Needs(needs);
    }
    if let (true, Fact::Unknown(why)) = (asks_changed, &facts.changed) {
        return Holds::Unknown(why.clone());
    }
    if let (true, Fact::Unknown(why)) = (asks_dvc, &facts.dvc) {
        return Holds::Unknown(why.clone());
    }
    match expression.holds(view.scope(), view.files()) {
        Ok(holds) => holds.into(),
        Err(why) => Holds::Unknown(why),
    }
}

/// The kinds of events in `on`.
pub(crate) fn kinds(field: &str, texts: &[String]) -> Result<Vec<(Kind, Option<String>)>, Mistake> {
    texts.iter().map(|text| kind(field, text)).collect()
}

fn kind(field: &str, text: &str) -> Result<(Kind, Option<String>), Mistake> {
    let (name, action) = text.split_once('.').map_or((text, None), |(name, action)| (name, Some(action)));
    if action.is_some_and(str::is_empty) {
        return Err(Mistake::new(field, format!("`{}` ends where its action should be", text.escape_debug())));
    }
    // What GitHub calls it, where we have one word for what several senders tell.
    let own = match name {
        "issue_comment" => Some("comment"),
        "pull_request_target" => Some("pull_request"),
        "registry_package" => Some("package"),
        _ => None,
    };
    Kind::parse(own.unwrap_or(name)).map(|kind| (kind, action.map(str::to_owned))).ok_or_else(|| {
        let mistake = Mistake::new(field, format!("`{}` is no kind of event", name.escape_debug()));
        match nearest(name, Kind::names()) {
            Some(near) => mistake.hint(format!("did you mean `{near}`?")),
            None => mistake.hint(format!(
                "there are {}; for what proofmark has no type for, write `other:{}`",
                Kind::names().collect::<Vec<_>>().join(", "),
                name.escape_debug()
            )),
        }
    })
}
