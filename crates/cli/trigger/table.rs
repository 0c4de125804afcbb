//! `proofmark trigger test`: events against the rules, offline, so that a team can test its rules.

use std::path::{Path, PathBuf};

use clap::Args;
use proofmark_core::changes::{FileChange, How};
use proofmark_core::config::{Config, RoleName};
use proofmark_core::event::{Event, Mark};
use proofmark_core::path::RepoPath;
use proofmark_render::escape::terminal;
use proofmark_trigger::facts::{DvcChanges, Fact, Facts, PullNow, Role};
use proofmark_trigger::{Outcome, Past, PastRun, Plan, Request, Rules, RunState, plan};
use serde::Deserialize;
use serde_json::Value;

use super::{Form, event, show};
use crate::configuration::given_config;
use crate::exit::{self, CliError};
use crate::printer::Printer;
use crate::session::open_repository;
use crate::world::World;

/// Try events against the triggers, without a network and without starting anything
///
/// Each FILE is the body of a webhook (what fires is printed), or a case: `{"event": "push", "payload": {…}, "changed": ["data/a.csv"],
/// "expect": {"fires": ["retrain"]}}`, or a list of cases. Ends with 1 when a case comes out otherwise than it expects.
#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Files with events or cases
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The configuration [default: proofmark.toml of the files on disk]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print every clause of every trigger
    #[arg(long)]
    pub(crate) explain: bool,
    /// The form of what is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Form::Table)]
    pub(crate) format: Form,
}

/// A case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What it shows.
    name: Option<String>,
    /// GitHub's name of the payload's event; or an event in our own form.
    event: Option<Value>,
    /// The body of a webhook.
    payload: Option<Value>,
    /// A file with it, beside the case.
    file: Option<PathBuf>,
    /// The files that changed.
    changed: Option<Vec<String>>,
    /// What DVC sees changed.
    dvc: Option<DvcChanges>,
    /// The role of whoever commented.
    role: Option<String>,
    /// The pull request of a comment.
    pull: Option<Pull>,
    /// The newest commit of the branch.
    tip: Option<String>,
    /// Now, in seconds since 1970.
    now: Option<u64>,
    /// What was started before.
    #[serde(default)]
    past: Vec<Started>,
    /// What must come out.
    expect: Option<Expected>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Pull {
    open: Option<bool>,
    fork: bool,
    moved: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Started {
    /// The trigger.
    rule: String,
    /// The group, as its template fills it.
    group: Option<String>,
    /// When, in seconds since 1970.
    started: u64,
    /// `under-way`, `passed` or `failed`.
    state: RunState,
}

/// The triggers by what becomes of them. Those that are not named must not fire.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Expected {
    fires: Vec<String>,
    duplicate: Vec<String>,
    held: Vec<String>,
    superseded: Vec<String>,
    rejected: Vec<String>,
    stopped: Vec<String>,
    refused: Vec<String>,
    undecided: Vec<String>,
    /// The parameters of the first order of a trigger.
    parameters: std::collections::BTreeMap<String, Value>,
}

pub(crate) fn run(args: &Test, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let config = config(args.config.as_deref(), world)?;
    let rules = Rules::compile(&config)?;
    let mut plans = Vec::new();
    let (mut passed, mut failed) = (0, 0);
    for file in &args.files {
        for (at, case) in cases(file, world)?.into_iter().enumerate() {
            let title = case
                .name
                .clone()
                .unwrap_or_else(|| if at == 0 { file.display().to_string() } else { format!("{}, case {}", file.display(), at + 1) });
            let plan = case.plan(&rules, file, args.explain, world)?;
            let wrong = case.expect.as_ref().map(|expected| expected.differences(&plan));
            if args.format == Form::Table {
                printer.data(shown(&title, &plan, wrong.as_deref(), args.explain, world).as_bytes())?;
            }
            match wrong {
                Some(wrong) if !wrong.is_empty() => failed += 1,
                Some(_) => passed += 1,
                None => {}
            }
            plans.push(plan);
        }
    }
    if args.format == Form::Json {
        printer.data(proofmark_render::json(&plans)?.as_bytes())?;
    }
    if passed + failed > 0 {
        printer.say(&format!("{passed} passed, {failed} failed"));
    }
    Ok(if failed > 0 { exit::BLOCKED } else { exit::ALLOWED })
}

/// Rules that are tried are those on disk: nothing is started by them.
fn config(given: Option<&Path>, world: &World) -> Result<Config, CliError> {
    if let Some(path) = given {
        return Ok(given_config(path, world)?.config);
    }
    let repository = open_repository(world)?;
    let tree = repository.work_tree()?;
    let found = crate::configuration::read_config(&tree, proofmark_core::policy::PolicySide::Head)?;
    found.map(|file| file.config).ok_or_else(|| CliError::input("there is no proofmark.toml here").hint("name one: `--config FILE`"))
}

fn cases(file: &Path, world: &World) -> Result<Vec<Case>, CliError> {
    let path = world.folder.join(file);
    let bytes = std::fs::read(&path).map_err(|error| CliError::input(format!("cannot read `{}`", file.display())).because(&error))?;
    let plain = || Case { event: None, payload: None, file: Some(path.clone()), ..Case::nothing() };
    let broken = |error: &dyn std::error::Error| CliError::input(format!("`{}` is no list of cases", file.display())).because(error);
    match serde_json::from_slice::<Value>(&bytes) {
        Ok(Value::Array(cases)) => cases.into_iter().map(|case| serde_json::from_value(case).map_err(|error| broken(&error))).collect(),
        // What has something to expect is a case; whatever else is there is an event.
        Ok(Value::Object(fields)) if fields.contains_key("expect") || fields.contains_key("payload") => {
            serde_json::from_value(Value::Object(fields)).map(|case| vec![case]).map_err(|error| broken(&error))
        }
        _ => Ok(vec![plain()]),
    }
}

impl Case {
    fn nothing() -> Self {
        Self {
            name: None,
            event: None,
            payload: None,
            file: None,
            changed: None,
            dvc: None,
            role: None,
            pull: None,
            tip: None,
            now: None,
            past: Vec::new(),
            expect: None,
        }
    }

    fn plan(&self, rules: &Rules, file: &Path, explain: bool, world: &World) -> Result<Plan, CliError> {
        let mut event = self.event(file, world)?;
        let named = |error: CliError| CliError { message: format!("`{}`: {}", file.display(), error.message), ..error };
        let facts = self.facts(&mut event).map_err(named)?;
        let past = Past { runs: self.past.iter().map(Started::run).collect(), ..Past::default() };
        let request = Request { now: self.now.unwrap_or_else(|| event.time.unwrap_or_else(|| world.now())), explain, ..Request::default() };
        Ok(plan(rules, &event, &facts, &past, &request))
    }

    fn event(&self, file: &Path, world: &World) -> Result<Event, CliError> {
        let name = self.event.as_ref().and_then(Value::as_str);
        match (&self.event, &self.payload, &self.file) {
            (Some(own @ Value::Object(_)), None, None) => serde_json::from_value(own.clone())
                .map_err(|error| CliError::input(format!("the event in `{}` is none", file.display())).because(&error)),
            (_, Some(payload), None) => event::of_bytes(payload.to_string().as_bytes(), name, file),
            (_, None, Some(other)) => {
                let beside = world.folder.join(file).parent().unwrap_or(&world.folder).join(other);
                event::of_file(&beside, name, world)
            }
            _ => Err(CliError::input(format!("a case in `{}` has no event", file.display()))
                .hint("give `payload`, `file`, or `event` as an object")),
        }
    }

    /// What the case gives; what it does not give is not known, and rules that ask for it are undecided.
    fn facts(&self, event: &mut Event) -> Result<Facts, CliError> {
        let unknown = |what: &str| format!("the case does not give `{what}`");
        let mut facts = Facts {
            changed: Fact::Unknown(unknown("changed")),
            dvc: Fact::Unknown(unknown("dvc")),
            role: Fact::Unknown(unknown("role")),
            pull: Fact::Unknown(unknown("pull")),
            tip: self.tip.clone().map_or_else(|| Fact::Absent(unknown("tip")), Fact::Known),
        };
        if let Some(changed) = &self.changed {
            let change = |path: &String| {
                let path = RepoPath::parse(path).map_err(|error| CliError::input(format!("`changed`: {error}")))?;
                Ok(FileChange { path, how: How::Modified })
            };
            facts.changed = Fact::Known(changed.iter().map(change).collect::<Result<_, CliError>>()?);
        }
        if let Some(dvc) = &self.dvc {
            facts.dvc = Fact::Known(dvc.clone());
        }
        if let Some(role) = &self.role {
            facts.role = Fact::Known(role_of(role)?);
        }
        if let Some(pull) = &self.pull {
            facts.pull = Fact::Known(PullNow { open: pull.open.unwrap_or(true), fork: pull.fork, moved: pull.moved });
            if let Some(known) = &mut event.pull_request {
                known.fork = pull.fork;
            }
        }
        Ok(facts)
    }
}

fn role_of(text: &str) -> Result<Role, CliError> {
    let known = [RoleName::Anyone, RoleName::Read, RoleName::Triage, RoleName::Write, RoleName::Maintain, RoleName::Admin];
    let role = known.into_iter().find(|role| role.name() == text);
    let role = role.ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|role| role.name()).collect();
        CliError::input(format!("`{text}` is no role")).hint(format!("there are {}", names.join(", ")))
    })?;
    Ok(Role { role, told: None })
}

impl Started {
    fn run(&self) -> PastRun {
        let (rule, group) = (proofmark_trigger::rule_hash(&self.rule), proofmark_trigger::group_hash(self.group.as_deref()));
        let key = format!("{:016x}", self.started);
        PastRun { mark: Mark { depth: 1, rule, group, key }, started: self.started, state: self.state, place: "an earlier run".to_owned() }
    }
}

impl Expected {
    /// What comes out otherwise, in lines.
    fn differences(&self, plan: &Plan) -> Vec<String> {
        let lists = [
            (Outcome::Fires, &self.fires),
            (Outcome::Duplicate, &self.duplicate),
            (Outcome::Held, &self.held),
            (Outcome::Superseded, &self.superseded),
            (Outcome::Rejected, &self.rejected),
            (Outcome::Stopped, &self.stopped),
            (Outcome::Refused, &self.refused),
            (Outcome::Undecided, &self.undecided),
        ];
        let mut found = Vec::new();
        for (outcome, wanted) in lists {
            let is_so = |name: &String| plan.of(outcome).any(|decision| decision.rule == *name);
            found.extend(wanted.iter().filter(|name| !is_so(name)).map(|name| format!("`{name}` is not {}", outcome.name())));
            let is_wanted = |rule: &str| wanted.iter().any(|name| name == rule);
            let extra = plan.of(outcome).filter(|decision| !is_wanted(&decision.rule));
            found.extend(extra.map(|decision| {
                let reason = decision.reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
                format!("`{}` is {}{reason}", decision.rule, outcome.name())
            }));
        }
        for (rule, wanted) in &self.parameters {
            let order = plan.decisions.iter().filter(|decision| decision.rule == *rule).find_map(|decision| decision.order.as_ref());
            let there = order.map(|order| order.parameters.clone().into_iter().collect::<serde_json::Map<_, _>>());
            if there.clone().map(Value::Object).as_ref() != Some(wanted) {
                let there = there.map_or_else(|| "there is no order".to_owned(), |there| Value::Object(there).to_string());
                found.push(format!("the parameters of `{rule}` are not {wanted}: {there}"));
            }
        }
        found
    }
}

fn shown(title: &str, plan: &Plan, wrong: Option<&[String]>, explain: bool, world: &World) -> String {
    let sign = match wrong {
        None => " ",
        Some([]) => "✓",
        Some(_) => "✗",
    };
    let mut text = format!("{sign} {}: {}\n", terminal(title), show::event(&plan.event));
    text.extend(wrong.unwrap_or_default().iter().map(|line| format!("    {}\n", terminal(line))));
    if wrong.is_none_or(|wrong| !wrong.is_empty()) || explain {
        text.push_str(&show::decisions(plan, explain, world.now()));
    }
    text
}
