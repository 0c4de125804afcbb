//! What goes where: a pure decision from the run, what was typed, and the policy's `[github]`.

use proofmark_core::config::{ByEffect, CommentMode, Effect, GitHub};
use proofmark_core::run::RunContext;

use super::args::Posting;

/// What a run wants to post, before anything is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Which part of which report this is: the same for every run of one job, leg and subject.
    pub(crate) section: String,
    /// The key of the comment that the part stands in.
    pub(crate) key: String,
    pub(crate) comment: CommentMode,
    /// The name of the check run.
    pub(crate) check: Option<String>,
    /// The context of the commit status.
    pub(crate) status: Option<String>,
    /// The context to fall back to when the token cannot write checks; nobody forbade a status.
    pub(crate) instead_of_check: Option<String>,
    pub(crate) labels: Changes,
    pub(crate) reviewers: Vec<String>,
}

/// Labels to put on and to take off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) add: Vec<String>,
    pub(crate) remove: Vec<String>,
}

/// Decides.
pub(crate) fn plan(run: &RunContext, typed: &Posting, config: &GitHub, effect: Effect) -> Plan {
    let subject = typed.subject.as_deref();
    let parts = [run.workflow.as_deref(), run.job.as_deref(), run.leg.as_deref(), subject];
    // Doubled inside of a part, so that no two lists of parts look alike.
    let section = parts.into_iter().flatten().map(|part| part.replace('/', "//")).collect::<Vec<_>>().join(" / ");
    let section = if section.is_empty() { "proofmark".to_owned() } else { section };
    let key = typed.comment_key.clone().or_else(|| config.comment_key.clone()).unwrap_or_else(|| section.clone());
    let name = check_name(run, subject);
    let named = || config.check_name.clone().unwrap_or_else(|| name.clone());
    let check = match typed.check.as_deref().map(Wish::of) {
        Some(Wish::No) => None,
        Some(Wish::Yes) => Some(named()),
        Some(Wish::Named(other)) => Some(other.to_owned()),
        None if config.check == Some(false) => None,
        None => Some(named()),
    };
    let context = || check.clone().unwrap_or_else(named);
    let status = match typed.status.as_deref().map(Wish::of) {
        Some(Wish::No) => None,
        Some(Wish::Yes) => Some(context()),
        Some(Wish::Named(other)) => Some(other.to_owned()),
        None => (config.status == Some(true)).then(context),
    };
    let forbidden = typed.status.as_deref().map(Wish::of) == Some(Wish::No) || config.status == Some(false);
    let instead_of_check = (check.is_some() && status.is_none() && !forbidden).then(context);
    Plan {
        section,
        key,
        comment: typed.comment.or(config.comment).unwrap_or(CommentMode::Update),
        check,
        status,
        instead_of_check,
        labels: labels(&config.labels, effect),
        reviewers: config.reviewers.of(effect).to_vec(),
    }
}

/// What was typed where a name can stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish<'a> {
    Yes,
    No,
    Named(&'a str),
}

impl<'a> Wish<'a> {
    fn of(text: &'a str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "on" | "true" | "yes" => Self::Yes,
            "off" | "false" | "no" => Self::No,
            _ => Self::Named(text),
        }
    }
}

/// Events whose runs judge a pull request, alone or in a queue. Their checks have one name, so that one rule requires them.
const OF_PULL_REQUESTS: [&str; 8] = [
    "pull_request",
    "pull_request_target",
    "pull_request_review",
    "pull_request_review_comment",
    "merge_group",
    "workflow_run",
    "issue_comment",
    "command line",
];

/// Never the name of the job: GitHub makes a check of that name itself, and branch rules could not tell them apart.
/// Two jobs have two names, since the later one of one name would hide the earlier one.
pub(crate) fn check_name(run: &RunContext, subject: Option<&str>) -> String {
    let what = subject.or(run.job.as_deref()).unwrap_or("metrics");
    // A push is judged against something else than a pull request of the same commit, and must not stand in for it.
    let of_pull_request = OF_PULL_REQUESTS.contains(&run.event.as_str()) && (run.event != "workflow_run" || run.pull_request.is_some());
    let event = Some(run.event.as_str()).filter(|_| !of_pull_request);
    let more: Vec<&str> = run.leg.as_deref().into_iter().chain(event).collect();
    if more.is_empty() { format!("proofmark: {what}") } else { format!("proofmark: {what} ({})", more.join(", ")) }
}

/// Labels of this effect go on, those of the others come off.
fn labels(config: &ByEffect, effect: Effect) -> Changes {
    let add = config.of(effect).to_vec();
    let same = |one: &str, two: &str| one.to_lowercase() == two.to_lowercase();
    let others = [Effect::Allow, Effect::Notice, Effect::Block].into_iter().filter(|other| *other != effect);
    let mut remove: Vec<String> = Vec::new();
    for label in others.flat_map(|other| config.of(other)) {
        if !add.iter().chain(&remove).any(|known| same(known, label)) {
            remove.push(label.clone());
        }
    }
    Changes { add, remove }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_core::run::System;

    fn run(job: &str, leg: Option<&str>) -> RunContext {
        let mut run = RunContext::new(System::GithubActions, "pull_request");
        run.workflow = Some("models".to_owned());
        run.job = Some(job.to_owned());
        run.leg = leg.map(str::to_owned);
        run
    }

    #[test]
    fn legs_subjects_and_jobs_have_places_of_their_own() {
        let typed = |subject: Option<&str>| Posting { subject: subject.map(str::to_owned), ..Posting::default() };
        let planned = |job, leg, subject| plan(&run(job, leg), &typed(subject), &GitHub::default(), Effect::Allow);
        let all = [
            planned("gate", None, None),
            planned("gate", Some("os=linux"), None),
            planned("other", None, None),
            planned("gate", None, Some("churn")),
        ];
        for (index, one) in all.iter().enumerate() {
            for other in &all[index + 1..] {
                assert_ne!(one.section, other.section);
                assert_ne!(one.key, other.key);
                assert_ne!(one.check, other.check);
            }
        }
        assert_ne!(all[0].check.as_deref(), Some("gate"), "the job has a check of that name");
    }

    #[test]
    fn a_shared_key_keeps_the_parts_apart() {
        let typed = Posting { comment_key: Some("all".to_owned()), ..Posting::default() };
        let one = plan(&run("a", None), &typed, &GitHub::default(), Effect::Allow);
        let two = plan(&run("b", None), &typed, &GitHub::default(), Effect::Allow);
        assert_eq!(one.key, two.key);
        assert_ne!(one.section, two.section);
    }

    #[test]
    fn what_is_typed_counts_before_the_policy() {
        let config = GitHub { check: Some(false), status: Some(true), comment: Some(CommentMode::Off), ..GitHub::default() };
        let from_policy = plan(&run("a", None), &Posting::default(), &config, Effect::Allow);
        assert_eq!((from_policy.check, from_policy.comment), (None, CommentMode::Off));
        assert_eq!(from_policy.status.as_deref(), Some("proofmark: a"));
        let typed = Posting {
            check: Some("quality".to_owned()),
            status: Some("off".to_owned()),
            comment: Some(CommentMode::Recreate),
            ..Posting::default()
        };
        let told = plan(&run("a", None), &typed, &config, Effect::Allow);
        assert_eq!((told.check.as_deref(), told.status, told.comment), (Some("quality"), None, CommentMode::Recreate));
        assert_eq!(told.instead_of_check, None, "a status was forbidden");
    }

    #[test]
    fn labels_follow_the_effect() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let labels_of = ByEffect { allow: names(&["good"]), notice: names(&["look", "model"]), block: names(&["Model", "bad"]) };
        let changes = labels(&labels_of, Effect::Block);
        assert_eq!(changes, Changes { add: names(&["Model", "bad"]), remove: names(&["good", "look"]) });
    }
}
