//! Rules as they are meant: `[[trigger]]` compiled, every mistake found before anything happens.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_core::config::{
    After, Busy, CommandRule, Config, Except, Forks, Pace, ParameterRule, RoleName, Start, Step, Trigger, Triggers, nearest,
};

use proofmark_core::event::Kind;

use crate::condition::{Condition, Dvc, kinds};
use crate::error::{Mistake, RuleError};
use crate::expression::Expression;
use crate::globs::Globs;
use crate::key::rule_hash;
use crate::{parameters, starts, template};

/// Letters of a rule's name at most.
const LONGEST_NAME: usize = 100;
/// Verbs that proofmark answers itself.
pub const OWN_VERBS: [&str; 2] = ["help", "status"];

/// All rules of a configuration.
#[derive(Debug, Default)]
pub struct Rules {
    pub(crate) rules: Vec<Rule>,
    pub(crate) settings: Triggers,
    /// What runs cost, by the rule's hash.
    pub(crate) costs: BTreeMap<String, f64>,
}

/// One rule.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) line: Option<u32>,
    /// All of them must hold; the cheap ones come first.
    pub(crate) conditions: Vec<Condition>,
    /// None of them may hold; each is a list of which all hold.
    pub(crate) not: Vec<Vec<Condition>>,
    pub(crate) command: Option<CommandOf>,
    pub(crate) forks: Forks,
    pub(crate) own: bool,
    pub(crate) parameters: BTreeMap<String, ParameterRule>,
    pub(crate) steps: Vec<Step>,
    /// Whether a template tells of the files that changed.
    pub(crate) reads_changed: bool,
    /// Whether there are several, so that each has a key of its own.
    pub(crate) is_chain: bool,
    pub(crate) pace: Pace,
}

/// The command that a rule is for.
#[derive(Debug, Clone)]
pub(crate) struct CommandOf {
    pub(crate) verb: String,
    pub(crate) role: RoleName,
    pub(crate) users: Vec<String>,
    pub(crate) second_person: bool,
    pub(crate) positional: Vec<String>,
    pub(crate) issues: bool,
    pub(crate) edited: bool,
}

impl Rules {
    /// Compiles `[[trigger]]` and `[triggers]`.
    ///
    /// # Errors
    /// The first mistake, with trigger, field and cure.
    pub fn compile(config: &Config) -> Result<Self, RuleError> {
        let mut names = BTreeSet::new();
        let mut rules = Vec::with_capacity(config.trigger.len());
        for (index, trigger) in config.trigger.iter().enumerate() {
            let shown = if trigger.name.is_empty() { format!("#{}", index + 1) } else { trigger.name.clone() };
            let rule = Rule::compile(trigger).map_err(|mistake| mistake.of(&shown, trigger.line.0))?;
            if !names.insert(rule.name.clone()) {
                let twice =
                    Mistake::new("name", "another trigger has the same name").hint("its runs could not be told apart: take another");
                return Err(twice.of(&shown, trigger.line.0));
            }
            rules.push(rule);
        }
        let costs = rules.iter().filter_map(|rule| Some((rule_hash(&rule.name), rule.pace.cost?))).collect();
        Ok(Self { rules, settings: config.triggers.clone(), costs })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The commands that people can give, with the rule that each belongs to.
    pub fn commands(&self) -> impl Iterator<Item = CommandHelp<'_>> {
        self.rules.iter().filter_map(|rule| {
            let command = rule.command.as_ref()?;
            Some(CommandHelp { rule: &rule.name, verb: &command.verb, role: command.role, parameters: &rule.parameters })
        })
    }

    /// What is started by the rules, each with the rule's name: to look into what was started before.
    pub fn starts(&self) -> impl Iterator<Item = (&str, &Start)> {
        self.rules.iter().flat_map(|rule| rule.steps.iter().map(|step| (rule.name.as_str(), &step.start)))
    }
}

/// A command that people can give.
#[derive(Debug, Clone, Copy)]
pub struct CommandHelp<'r> {
    /// The rule.
    pub rule: &'r str,
    /// The word after the slash.
    pub verb: &'r str,
    /// The least role.
    pub role: RoleName,
    /// What can be given along.
    pub parameters: &'r BTreeMap<String, ParameterRule>,
}

impl Rule {
    fn compile(typed: &Trigger) -> Result<Self, Mistake> {
        check_name(&typed.name)?;
        let command = typed.command.as_ref().map(|command| command_of(command, typed)).transpose()?;
        let conditions = conditions(typed, command.is_some())?;
        let not = typed.not.iter().enumerate().map(|(at, except)| excepts(except, &format!("not[{at}]"))).collect::<Result<_, _>>()?;
        for (name, rule) in &typed.parameters {
            let field = format!("parameters.{name}");
            parameters::check_rule(name, rule).map_err(|why| Mistake::new(&field, why))?;
            for value in [&rule.value, &rule.default].into_iter().flatten() {
                if let Some(text) = value.as_str() {
                    template::check(&field, text)?;
                }
            }
        }
        let steps = steps(typed)?;
        starts::check(&steps)?;
        check_pace(typed)?;
        Ok(Self {
            name: typed.name.clone(),
            line: typed.line.0,
            conditions,
            not,
            command,
            forks: typed.forks,
            own: typed.own,
            parameters: typed.parameters.clone(),
            is_chain: !typed.step.is_empty(),
            reads_changed: reads_changed(typed, &steps),
            steps,
            pace: typed.pace.clone(),
        })
    }
}

fn reads_changed(typed: &Trigger, steps: &[Step]) -> bool {
    let of_parameters =
        typed.parameters.values().flat_map(|rule| [&rule.value, &rule.default]).flatten().filter_map(|value| value.as_str());
    let mut texts = of_parameters.chain(typed.pace.group.as_deref()).chain(typed.pace.gather.as_deref());
    let uses = |text: &str| template::uses(text, "changed");
    texts.any(uses) || steps.iter().any(|step| starts::texts(&step.start).any(|text| uses(&text)))
}

fn check_name(name: &str) -> Result<(), Mistake> {
    if name.trim().is_empty() {
        return Err(Mistake::new("name", "it is missing").hint("runs are known by it: `name = \"retrain on data\"`"));
    }
    if name.chars().any(char::is_control) || name.chars().count() > LONGEST_NAME {
        return Err(Mistake::new("name", format!("it is no line of at most {LONGEST_NAME} characters")));
    }
    Ok(())
}

fn conditions(typed: &Trigger, has_command: bool) -> Result<Vec<Condition>, Mistake> {
    let mut on = kinds("on", &typed.on.0)?;
    if has_command {
        if on.iter().any(|(kind, _)| *kind != Kind::Comment) {
            return Err(Mistake::new("on", "a trigger with a `command` is for comments alone")
                .hint("leave `on` out, and write a trigger of its own for the other events"));
        }
        if on.is_empty() {
            on.push((Kind::Comment, None));
        }
    }
    let names_people = typed.actors.iter().any(|actor| !actor.starts_with('!'));
    if !has_command && !names_people && on.iter().any(|(kind, _)| *kind == Kind::Comment) {
        let told = "anybody can comment, and nothing says whose comments count";
        return Err(Mistake::new("on", told).hint("give a `command`, which asks for a role, or name `actors`"));
    }
    if on.is_empty() {
        return Err(Mistake::new("on", "it is missing").hint("name the events: `on = [\"push\", \"pull_request.labeled\"]`"));
    }
    let mut found = vec![Condition::On(on)];
    let branches = Globs::names("branches", &typed.branches)?;
    let tags = Globs::names("tags", &typed.tags)?;
    found.extend(match (branches, tags) {
        (Some(branches), Some(tags)) => Some(Condition::BranchesOrTags(branches, tags)),
        (branches, tags) => branches.map(Condition::Branches).or(tags.map(Condition::Tags)),
    });
    found.extend(Globs::names("head_branches", &typed.head_branches)?.map(Condition::HeadBranches));
    found.extend(Globs::names("labels", &typed.labels)?.map(Condition::Labels));
    found.extend(Globs::names("actors", &typed.actors)?.map(Condition::Actors));
    found.extend(Globs::names("runs", &typed.runs)?.map(Condition::Runs));
    found.extend((!typed.conclusions.is_empty()).then(|| Condition::Conclusions(typed.conclusions.clone())));
    found.extend(Globs::names("models", &typed.models)?.map(Condition::Models));
    found.extend(Globs::names("aliases", &typed.aliases)?.map(Condition::Aliases));
    found.extend((!typed.schedules.is_empty()).then(|| Condition::Schedules(typed.schedules.clone())));
    found.extend((!typed.effects.is_empty()).then(|| Condition::Effects(typed.effects.clone())));
    check_verdicts(&typed.verdicts)?;
    found.extend((!typed.verdicts.is_empty()).then(|| Condition::Verdicts(typed.verdicts.clone())));
    found.extend(Globs::names("metrics", &typed.metrics)?.map(Condition::Metrics));
    found.extend(Globs::files("paths", &typed.paths)?.map(Condition::Paths));
    found.extend(typed.dvc.as_ref().map(|dvc| Dvc::compile("dvc", dvc).map(Condition::Dvc)).transpose()?);
    found.extend(typed.when.as_ref().map(|when| Expression::compile("when", when).map(Condition::When)).transpose()?);
    Ok(found)
}

fn excepts(typed: &Except, field: &str) -> Result<Vec<Condition>, Mistake> {
    let name = |key: &str| format!("{field}.{key}");
    let mut found = Vec::new();
    found.extend((!typed.on.0.is_empty()).then(|| kinds(&name("on"), &typed.on.0)).transpose()?.map(Condition::On));
    found.extend(Globs::names(&name("branches"), &typed.branches)?.map(Condition::Branches));
    found.extend(Globs::names(&name("head_branches"), &typed.head_branches)?.map(Condition::HeadBranches));
    found.extend(Globs::names(&name("tags"), &typed.tags)?.map(Condition::Tags));
    found.extend(Globs::names(&name("labels"), &typed.labels)?.map(Condition::Labels));
    found.extend(Globs::names(&name("actors"), &typed.actors)?.map(Condition::Actors));
    found.extend(Globs::names(&name("runs"), &typed.runs)?.map(Condition::Runs));
    found.extend((!typed.conclusions.is_empty()).then(|| Condition::Conclusions(typed.conclusions.clone())));
    found.extend(Globs::files(&name("paths"), &typed.paths)?.map(Condition::Paths));
    found.extend(typed.when.as_ref().map(|when| Expression::compile(&name("when"), when).map(Condition::When)).transpose()?);
    if found.is_empty() {
        return Err(Mistake::new(field, "it names nothing, and would always hold").hint("name what must not be, or take it out"));
    }
    Ok(found)
}

/// A typo would be a condition that never holds.
fn check_verdicts(texts: &[String]) -> Result<(), Mistake> {
    const KNOWN: [&str; 6] = ["pass", "waived", "warn", "no-baseline", "inconclusive", "fail"];
    match texts.iter().find(|text| !KNOWN.contains(&text.as_str())) {
        Some(unknown) => {
            let mistake = Mistake::new("verdicts", format!("`{}` is no verdict", unknown.escape_debug()));
            Err(mistake.hint(format!("there are {}", KNOWN.join(", "))))
        }
        None => Ok(()),
    }
}

fn command_of(typed: &CommandRule, trigger: &Trigger) -> Result<CommandOf, Mistake> {
    let verb = typed.verb.to_ascii_lowercase();
    let is_word = verb.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && verb.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'));
    if !is_word {
        return Err(
            Mistake::new("command.verb", "it is no word of letters, digits, `-` and `_`").hint("for `/retrain` write `verb = \"retrain\"`")
        );
    }
    if OWN_VERBS.contains(&verb.as_str()) {
        return Err(Mistake::new("command.verb", format!("proofmark answers `/{verb}` itself")).hint("take another word"));
    }
    if let Some(unknown) = typed.positional.iter().find(|name| !trigger.parameters.contains_key(*name)) {
        let mistake = Mistake::new("command.positional", format!("`{}` is no parameter of this trigger", unknown.escape_debug()));
        return Err(match nearest(unknown, trigger.parameters.keys().map(String::as_str)) {
            Some(near) => mistake.hint(format!("did you mean `{near}`?")),
            None => mistake.hint(format!("declare it: `[trigger.parameters] {unknown} = {{ type = \"text\" }}`")),
        });
    }
    // What people know from elsewhere; anything that starts work takes the right to push.
    let usual = match verb.as_str() {
        "evaluate" => RoleName::Triage,
        "promote" | "rollback" => RoleName::Maintain,
        _ => RoleName::Write,
    };
    Ok(CommandOf {
        role: typed.role.unwrap_or(usual),
        users: typed.users.clone(),
        second_person: typed.second_person,
        positional: typed.positional.clone(),
        issues: typed.issues,
        edited: typed.edited,
        verb,
    })
}

/// One thing that is started, or several in their order.
fn steps(typed: &Trigger) -> Result<Vec<Step>, Mistake> {
    match (&typed.start, typed.step.as_slice()) {
        (Some(_), [_, ..]) => Err(Mistake::new("start", "there are `step`s beside it").hint("make it the first step")),
        (None, []) => Err(Mistake::new("start", "nothing is started")
            .hint("name what to start: `[trigger.start.workflow]`, or several `[[trigger.step]]`")),
        (Some(start), []) => {
            let name = start_name(start).to_owned();
            Ok(vec![Step { name, after: After::Passed, start: start.clone(), timeout: None, environment: None }])
        }
        (None, steps) => {
            let mut names = BTreeSet::new();
            for (at, step) in steps.iter().enumerate() {
                let field = format!("step[{at}].name");
                let is_name = step.name.starts_with(|letter: char| letter.is_ascii_lowercase())
                    && step.name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
                if !is_name {
                    return Err(Mistake::new(field, format!("`{}` is no name of small letters, digits and `_`", step.name.escape_debug())));
                }
                if !names.insert(&step.name) {
                    return Err(Mistake::new(field, "another step has the same name"));
                }
            }
            if steps[0].after == After::Failed {
                return Err(Mistake::new("step[0].after", "nothing can have failed before the first step"));
            }
            Ok(steps.to_vec())
        }
    }
}

/// What is started, in a word.
pub(crate) fn start_name(start: &Start) -> &'static str {
    match start {
        Start::Workflow(_) => "workflow",
        Start::Dispatch(_) => "dispatch",
        Start::Jenkins(_) => "jenkins",
        Start::Command(_) => "command",
        Start::Repro(_) => "repro",
        Start::Gate(_) => "gate",
        Start::Promote(_) => "promote",
        Start::Kubeflow(_) => "kubeflow",
        Start::Kserve(_) => "kserve",
        Start::Webhook(_) => "webhook",
    }
}

fn check_pace(typed: &Trigger) -> Result<(), Mistake> {
    let pace = &typed.pace;
    for (field, text) in [("pace.group", &pace.group), ("pace.gather", &pace.gather)] {
        if let Some(text) = text {
            template::check(field, text)?;
        }
    }
    for (field, cost) in [("pace.cost", pace.cost), ("pace.cost_per_day", pace.cost_per_day)] {
        if cost.is_some_and(|cost| !cost.is_finite() || cost < 0.0) {
            return Err(Mistake::new(field, "it is no number from 0"));
        }
    }
    if pace.per_day == Some(0) {
        return Err(Mistake::new("pace.per_day", "it lets nothing through").hint("take the trigger out, or give a number from 1"));
    }
    if pace.cost_per_day.is_some() && pace.cost.is_none() {
        return Err(Mistake::new("pace.cost_per_day", "what a run costs is not known").hint("give `cost` as well"));
    }
    if pace.quiet.is_none() && (pace.longest_wait.is_some() || pace.gather.is_some()) {
        return Err(Mistake::new("pace.quiet", "nothing is gathered without it").hint("how long must it be quiet: `quiet = \"5m\"`"));
    }
    if pace.group.is_none() && pace.busy != Busy::Queue {
        return Err(Mistake::new("pace.group", "`busy` says what happens beside others of a group, and there is none")
            .hint("name it: `group = \"training\"`"));
    }
    Ok(())
}
