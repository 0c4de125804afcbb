//! Answers to commands in comments: a reaction at once, and one comment that is kept up to date.

use std::fmt::Write as _;

use proofmark_core::config::{CommentMode, Effect};
use proofmark_core::event::Comment;
use proofmark_core::past::PastRun;
use proofmark_github::{CommentOrder, GitHubError};
use proofmark_render::escape::{markdown, markdown_code, url};
use proofmark_trigger::commands::{Line, commands};
use proofmark_trigger::{Decision, OWN_VERBS, Outcome, Plan};

use super::act::Done;
use super::target::host_of;
use super::{Now, show};
use crate::digest::sha256;
use crate::exit::CliError;

/// The comment that answers stand in.
const KEY: &str = "proofmark commands";
/// Runs that `/status` tells of.
const MOST_RUNS: usize = 10;

/// Shows whoever commented that it was read, before anything takes its time. Nothing depends on it.
pub(super) fn seen(plan: &Plan, now: &Now<'_>) {
    let Some(comment) = answered(plan, now) else { return };
    let reacted = host_of(None, now).and_then(|host| {
        let link = host.link()?;
        Ok(link.block_on(link.client().react_to_comment(comment.id, "eyes"))?)
    });
    if let Err(error) = reacted {
        now.printer.say(&format!("no reaction could be left: {}", proofmark_render::escape::terminal(&super::facts::in_words(&error))));
    }
}

/// Writes what came of it.
pub(super) fn answer(plan: &Plan, done: &[Done], now: &Now<'_>) -> Result<(), CliError> {
    let Some(comment) = answered(plan, now) else { return Ok(()) };
    let text = text(comment, plan, done, now)?;
    let host = host_of(None, now)?;
    let link = host.link()?;
    let digest = sha256(text.as_bytes());
    let commit = plan.event.head.commit.clone().unwrap_or_default();
    let run = PastRun::new(host.run.run_id.max(1), host.run.attempt, commit, now.world.now(), Effect::Allow, "commands");
    let render = |_: &[PastRun], most: usize| Ok(within(&text, most));
    let order = CommentOrder {
        issue: comment.on,
        key: KEY.to_owned(),
        section: KEY.to_owned(),
        mode: CommentMode::Update,
        run,
        digest,
        quiet: false,
        author: None,
        render: &render,
        waiting: None,
    };
    link.block_on(link.client().comment(&order)).map(drop).map_err(|error: GitHubError| error.into())
}

/// The comment, where it holds a command that is ours to answer.
fn answered<'p>(plan: &'p Plan, now: &Now<'_>) -> Option<&'p Comment> {
    let comment = plan.event.comment.as_ref()?;
    let is_new =
        plan.event.action.as_deref() == Some("created") || plan.decisions.iter().any(|decision| decision.outcome != Outcome::Skipped);
    let is_person = comment.author.as_ref().is_some_and(|author| !author.bot);
    let is_ours = |verb: &str| OWN_VERBS.contains(&verb) || now.found.rules.commands().any(|command| command.verb == verb);
    let has_one = commands(&comment.body).iter().any(|line| match line {
        Line::Command(command) => is_ours(&command.verb),
        Line::Broken { verb, .. } => is_ours(verb),
    });
    (is_new && is_person && comment.open && has_one).then_some(comment)
}

fn text(comment: &Comment, plan: &Plan, done: &[Done], now: &Now<'_>) -> Result<String, CliError> {
    let mut text = String::new();
    let author = comment.author.as_ref().map(|author| author.login.as_str()).unwrap_or_default();
    for decision in plan.decisions.iter().filter(|decision| decision.outcome != Outcome::Skipped) {
        line(&mut text, decision, done);
    }
    let verbs: Vec<String> = commands(&comment.body)
        .into_iter()
        .map(|line| match line {
            Line::Command(command) => command.verb,
            Line::Broken { verb, .. } => verb,
        })
        .collect();
    if verbs.iter().any(|verb| verb == "help") {
        help(&mut text, now);
    }
    if verbs.iter().any(|verb| verb == "status") {
        status(&mut text, now)?;
    }
    if text.is_empty() {
        text.push_str("Nothing is to be done for this command here.\n");
    }
    let place = comment_place(plan, comment);
    Ok(format!("**Commands** of {}{place}\n\n{text}", markdown(&format!("@{author}"))))
}

/// Where the command stands.
fn comment_place(plan: &Plan, comment: &Comment) -> String {
    let commit = plan.event.head.short_commit().unwrap_or_default();
    let at = if commit.is_empty() { String::new() } else { format!(" for {}", markdown_code(commit)) };
    format!(" (comment {}){at}", comment.id)
}

fn line(text: &mut String, decision: &Decision, done: &[Done]) {
    let key = decision.order.as_ref().map(|order| order.key.as_str());
    let carried_out = done.iter().find(|done| Some(done.key.as_str()) == key);
    let mut told = format!("- {}: ", markdown_code(&decision.rule));
    match carried_out {
        Some(done) => {
            let step = done.done.steps.iter().rev().find(|step| step.receipt.is_some() || step.result.is_some());
            let place = step.and_then(|step| step.receipt.as_ref()?.url.as_deref());
            let outcome = match (&done.done.error, step.and_then(|step| step.result.as_ref())) {
                (Some(error), _) => format!("could not be started: {}", markdown(&error.message)),
                (None, Some(result)) if result.passed => format!("passed ({})", markdown(&result.conclusion)),
                (None, Some(result)) => format!("failed ({})", markdown(&result.conclusion)),
                (None, None) => "started".to_owned(),
            };
            told.push_str(&outcome);
            if let Some(address) = place.and_then(url) {
                let _ = write!(told, ", [look]({address})");
            }
        }
        None => {
            let reason = decision.reason.as_deref().map(|reason| format!(": {}", markdown(reason))).unwrap_or_default();
            let hint = decision.hint.as_deref().map(|hint| format!(" ({})", markdown(hint))).unwrap_or_default();
            let _ = write!(told, "{}{reason}{hint}", decision.outcome.name());
        }
    }
    if let Some(order) = &decision.order {
        for (name, value) in &order.parameters {
            let _ = write!(told, "\n  - {} = {}", markdown_code(name), markdown_code(&value.to_string()));
        }
    }
    text.push_str(&told);
    text.push('\n');
}

fn help(text: &mut String, now: &Now<'_>) {
    text.push_str("\n| command | role | what it starts |\n|---|---|---|\n");
    for command in now.found.rules.commands() {
        let parameters: Vec<String> = command
            .parameters
            .iter()
            .map(|(name, rule)| {
                let help = rule.help.as_deref().map(|help| format!(" {}", markdown(help))).unwrap_or_default();
                format!("{} ({}){help}", markdown_code(name), rule.kind.name())
            })
            .collect();
        let given = if parameters.is_empty() { String::new() } else { format!("; {}", parameters.join(", ")) };
        let verb = markdown_code(&format!("/{}", command.verb));
        let _ = writeln!(text, "| {verb} | {} | {}{given} |", command.role.name(), markdown(command.rule));
    }
    text.push_str("| `/status` | anyone | the newest runs |\n| `/help` | anyone | this table |\n");
}

fn status(text: &mut String, now: &Now<'_>) -> Result<(), CliError> {
    let mut past = now.journal.read()?.past();
    super::past::of_rules(&mut past, now);
    past.runs.sort_by_key(|run| std::cmp::Reverse(run.started));
    text.push_str("\n| trigger | state | since | run |\n|---|---|---|---|\n");
    // Chains and their later steps have marks of their own; the first step stands for them.
    let name = |hash: &str| now.found.names.iter().find(|name| proofmark_trigger::rule_hash(name) == hash);
    let known = past.runs.iter().filter_map(|run| Some((name(&run.mark.rule)?, run)));
    for (rule, run) in known.take(MOST_RUNS) {
        let place = url(&run.place).map_or_else(|| markdown(&run.place), |address| format!("[look]({address})"));
        let state = match run.state {
            proofmark_trigger::RunState::UnderWay => "under way",
            proofmark_trigger::RunState::Passed => "passed",
            proofmark_trigger::RunState::Failed => "failed",
        };
        let since = show::day_and_time(run.started);
        let _ = writeln!(text, "| {} | {state} | {since} | {place} |", markdown(rule));
    }
    Ok(())
}

/// The beginning of a text, cut at a line.
fn within(text: &str, most: usize) -> String {
    const CUT: &str = "\n(cut: it is too long for a comment)\n";
    if text.len() <= most {
        return text.to_owned();
    }
    let mut end = most.saturating_sub(CUT.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let end = text[..end].rfind('\n').unwrap_or(0);
    format!("{}{CUT}", &text[..end])
}
