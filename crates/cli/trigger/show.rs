//! What came of an event, for people.

use proofmark_core::event::Event;
use proofmark_core::waiver::Date;
use proofmark_render::escape::terminal;
use proofmark_trigger::{Call, Decision, Order, Outcome, Plan, Rollout};

use super::document::{CameFrom, Started, TriggerDocument};

/// All of it.
pub(super) fn told(document: &TriggerDocument, plan: &Plan, explain: bool, now: u64) -> String {
    let mut text = headline(plan);
    text.push_str(&format!("triggers  {}\n", terminal(&document.triggers)));
    if let Some(note) = &document.note {
        text.push_str(&format!("note      {}\n", terminal(note)));
    }
    if plan.event.kind.is_unknown() {
        text.push_str("note      proofmark has no type for this event; only triggers that name it are for it\n");
    }
    text.push_str(&listed(plan, Some(document), explain, now));
    text
}

/// The same for the page of a job: as it is, in a fence that nothing in it can close.
pub(super) fn summary(document: &TriggerDocument, plan: &Plan, explain: bool, now: u64) -> String {
    /// Bytes of it at most: the page has room for the other steps as well.
    const MOST: usize = 100_000;
    let text = told(document, plan, explain, now);
    let mut end = text.len().min(MOST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("### Triggers\n\n{fence}text\n{}\n{fence}\n", text[..end].trim_end())
}

/// What each rule makes of an event.
pub(super) fn decisions(plan: &Plan, explain: bool, now: u64) -> String {
    listed(plan, None, explain, now)
}

fn listed(plan: &Plan, document: Option<&TriggerDocument>, explain: bool, now: u64) -> String {
    let mut text = String::new();
    let width = plan.decisions.iter().map(|decision| decision.rule.chars().count()).max().unwrap_or_default().min(40);
    for decision in &plan.decisions {
        text.push('\n');
        text.push_str(&decided(decision, width, now));
        if explain {
            text.push_str(&clauses(decision));
        }
        if let Some(order) = decision.order.as_ref().filter(|_| decision.outcome != Outcome::Superseded) {
            text.push_str(&ordered(order, document.and_then(|document| document.started(&order.key))));
        }
    }
    if plan.skipped > 0 {
        text.push_str(&format!("\n{} not for this event (--explain tells why)\n", counted(plan.skipped, "trigger")));
    }
    text
}

fn headline(plan: &Plan) -> String {
    let fires = plan.of(Outcome::Fires).count();
    format!("{}: fires {fires} of {}\n\n", event(&plan.event), counted(plan.rules, "trigger"))
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// An event in a line.
pub(super) fn event(event: &Event) -> String {
    let commit = event.head.short_commit().map(str::to_owned);
    let pull = event.pull_request.as_ref().filter(|pull| pull.number > 0).map(|pull| format!("#{}", pull.number));
    let place = event.tag.as_ref().or(event.branch.as_ref()).cloned();
    let model = event
        .model
        .as_ref()
        .map(|model| format!("{}{}", model.name, model.alias.as_ref().map(|alias| format!("@{alias}")).unwrap_or_default()));
    let by = event.actor.as_ref().map(|actor| format!("by {}", actor.login));
    let parts = [Some(event.name()), pull, place, commit, model, event.schedule.clone(), by];
    terminal(&parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

fn decided(decision: &Decision, width: usize, now: u64) -> String {
    let sign = match decision.outcome {
        Outcome::Fires => "▶",
        Outcome::Duplicate => "=",
        Outcome::Held => "⏸",
        Outcome::Superseded | Outcome::Rejected | Outcome::Stopped | Outcome::Refused => "✗",
        Outcome::Undecided => "!",
        Outcome::Skipped => "·",
    };
    let name = terminal(&decision.rule);
    let reason = decision.reason.as_deref().map(|reason| format!("  {}", terminal(reason))).unwrap_or_default();
    let until = decision.until.map(|until| format!(" (due {})", moment(until, now))).unwrap_or_default();
    let line = format!("{sign} {name:width$}  {}{reason}{until}", decision.outcome.name());
    let hint = decision.hint.as_deref().map(|hint| format!("    {}\n", terminal(hint))).unwrap_or_default();
    format!("{}\n{hint}", line.trim_end())
}

/// A moment in UTC, and how far it is.
fn moment(seconds: u64, now: u64) -> String {
    let away = proofmark_core::config::Span::of_seconds(seconds.saturating_sub(now));
    format!("{}, in {away}", day_and_time(seconds))
}

/// A moment in UTC.
pub(super) fn day_and_time(seconds: u64) -> String {
    let day = Date::of_seconds(i64::try_from(seconds).unwrap_or(i64::MAX));
    let of_day = seconds % 86_400;
    format!("{day} {:02}:{:02}:{:02} UTC", of_day / 3600, of_day / 60 % 60, of_day % 60)
}

fn clauses(decision: &Decision) -> String {
    let width = decision.clauses.iter().map(|clause| clause.name.chars().count()).max().unwrap_or_default();
    let line = |clause: &proofmark_trigger::Clause| {
        let sign = match clause.holds {
            Some(true) => "✓",
            Some(false) => "✗",
            None => "?",
        };
        format!("    {sign} {:width$}  {}  →  {}\n", clause.name, terminal(&clause.wanted), terminal(&clause.found))
    };
    decision.clauses.iter().map(line).collect()
}

fn ordered(order: &Order, started: Option<&Started>) -> String {
    let mut text = String::new();
    for (name, value) in &order.parameters {
        text.push_str(&format!("    {} = {}\n", terminal(name), terminal(&value.to_string())));
    }
    for step in &order.steps {
        let name = if order.is_chain() { format!("{}: ", terminal(&step.name)) } else { String::new() };
        let after = if order.is_chain() && step.after != "passed" { format!(" (after {})", step.after) } else { String::new() };
        text.push_str(&format!("    {name}{}{after}\n", call(&step.call)));
        let came = started.and_then(|started| started.steps.iter().find(|known| known.name == step.name));
        if let Some(came) = came {
            let origin = match came.origin {
                Some(CameFrom::New | CameFrom::FoundAgain) => "started",
                Some(CameFrom::Earlier) => "was started before",
                None => "left out",
            };
            let result = came.result.as_ref().map(|result| format!(", {}", terminal(&result.conclusion))).unwrap_or_default();
            let place = came.url.as_ref().map(|url| format!("  {}", terminal(url))).unwrap_or_default();
            text.push_str(&format!("      {origin}{result}{place}\n"));
        }
    }
    text.push_str(&format!("    key {}\n", order.key));
    text
}

/// What is started, in a line.
pub(super) fn call(call: &Call) -> String {
    let pairs = |values: &std::collections::BTreeMap<String, String>| {
        values.iter().map(|(name, value)| format!(" {name}={value}")).collect::<String>()
    };
    let told = match call {
        Call::Workflow { repository, file, reference, inputs, .. } => {
            let of = repository.as_ref().map(|repository| format!(" of {repository}")).unwrap_or_default();
            let on = reference.as_deref().unwrap_or("the default branch");
            format!("workflow {file}{of} on {on}{}", pairs(inputs))
        }
        Call::Dispatch { event_type, payload, .. } => {
            let payload: Vec<String> = payload.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            format!("repository_dispatch {event_type}{}", payload.concat())
        }
        Call::Jenkins { job, branch, parameters, .. } => {
            let branch = branch.as_ref().map(|branch| format!(" ({branch})")).unwrap_or_default();
            format!("Jenkins job {job}{branch}{}", pairs(parameters))
        }
        Call::Command { argv, env, .. } => {
            let words: Vec<String> = argv
                .iter()
                .map(|word| if word.contains([' ', '"']) || word.is_empty() { format!("{word:?}") } else { word.clone() })
                .collect();
            let env = if env.is_empty() { String::new() } else { format!("  with{}", pairs(env)) };
            format!("run {}{env}", words.join(" "))
        }
        Call::Gate { base, head, .. } => {
            let sides: Vec<&str> = [base, head].into_iter().filter_map(|side| side.as_deref()).collect();
            format!("gate {}", sides.join(" ")).trim_end().to_owned()
        }
        Call::Kubeflow { pipeline, version, file, experiment, parameters, .. } => {
            let what = pipeline.as_deref().or(file.as_deref()).unwrap_or_default();
            let version = version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
            let of = experiment.as_ref().map(|name| format!(" in {name}")).unwrap_or_default();
            let parameters: Vec<String> = parameters.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            format!("Kubeflow pipeline {what}{version}{of}{}", parameters.concat())
        }
        Call::Kserve { service, namespace, rollout } => match rollout {
            Rollout::Deploy { storage_uri, canary } => {
                let share = canary.map(|percent| format!(" for {percent} %")).unwrap_or_default();
                format!("serve {storage_uri} as {namespace}/{service}{share}")
            }
            Rollout::Promote => format!("give {namespace}/{service} all requests"),
            Rollout::Rollback => format!("roll {namespace}/{service} back"),
        },
        Call::Promote { model, becomes, rollback, .. } => {
            format!("{} {model}@{}", if *rollback { "roll back" } else { "promote" }, becomes.option().1)
        }
        Call::Webhook { url, .. } => format!("webhook {url}"),
        _ => "something that this version does not know".to_owned(),
    };
    terminal(&told)
}
