//! The steps of the shared library, described once: their parameters are the options of the commands that they run.
//!
//! The help of the steps, the check of their arguments, `capabilities` and the request that a step sends all follow from the
//! command line's own definition, so that none can drift from it.

use std::any::TypeId;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, Command, CommandFactory as _};
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::Cli;

/// A step, and the command behind it.
pub(crate) struct Step {
    /// Its name in requests.
    pub(crate) name: &'static str,
    /// Its name in a pipeline.
    pub(crate) variable: &'static str,
    /// The command that it runs, below `proofmark`.
    pub(crate) command: &'static [&'static str],
    /// What it does, in a sentence.
    pub(crate) about: &'static str,
    /// Which parameters the pipeline handles itself, by the groups below.
    groups: &'static [&'static [Own]],
}

/// All of them.
pub(crate) const STEPS: [Step; 5] = [
    Step {
        name: "gate",
        variable: "proofmarkGate",
        command: &["gate"],
        about: "Judges the change by the policy of the branch that it goes into, and sets the result of the build.",
        groups: &[PUBLISHING, CREDENTIALS, PLACE, INSTALLING],
    },
    Step {
        name: "compare",
        variable: "proofmarkCompare",
        command: &["compare"],
        about: "Shows what happened to every metric between two revisions. Judges nothing.",
        groups: &[PUBLISHING, CREDENTIALS, PLACE, INSTALLING],
    },
    Step {
        name: "report",
        variable: "proofmarkReport",
        command: &["report"],
        about: "Posts a report that an earlier gate wrote to the pull request at GitHub.",
        groups: &[PUBLISHING, CREDENTIALS, PLACE, INSTALLING],
    },
    Step {
        name: "trigger",
        variable: "proofmarkTrigger",
        command: &["jenkins", "build"],
        about: "Starts a job of Jenkins, here or on another server, and waits for it where it is told to.",
        groups: &[CREDENTIALS, JENKINS, PLACE, INSTALLING],
    },
    Step {
        name: "install",
        variable: "withProofmark",
        command: &[],
        about: "Finds or installs proofmark on the agent for all steps inside of its block.",
        groups: &[INSTALLING],
    },
];

/// A parameter that the pipeline handles itself.
struct Own {
    name: &'static str,
    kind: Kind,
    choices: &'static [&'static str],
    help: &'static str,
}

impl Own {
    const fn new(name: &'static str, kind: Kind, help: &'static str) -> Self {
        Self { name, kind, choices: &[], help }
    }
}

const PLACE: &[Own] = &[
    Own::new(
        "folder",
        Kind::Text,
        "The folder for what the step writes, inside of the workspace [default: below `proofmark`, by step and subject]",
    ),
    Own::new(
        "scm",
        Kind::Map,
        "What `checkout scm` returned: in a scripted pipeline nothing else tells the commit and the address of the repository",
    ),
];

const PUBLISHING: &[Own] = &[Own {
    name: "skip",
    kind: Kind::List,
    choices: &["junit", "issues", "html", "checks", "archive", "description"],
    help: "What is not published, though Jenkins has the plugin for it",
}];

const CREDENTIALS: &[Own] = &[
    Own::new(
        "githubCredentialsId",
        Kind::Text,
        "Credentials of Jenkins with user name and password: a GitHub App, or a user with a token. Needed to post",
    ),
    Own::new(
        "secretTexts",
        Kind::Map,
        "Variables that are set while proofmark runs, each with the id of a secret text: [MLFLOW_TRACKING_TOKEN: 'mlflow']",
    ),
];

const JENKINS: &[Own] = &[Own::new(
    "jenkinsCredentialsId",
    Kind::Text,
    "Credentials of Jenkins with the user name and the API token that the job is started with",
)];

const INSTALLING: &[Own] = &[
    Own::new(
        "version",
        Kind::Text,
        "The version to install, or to insist on [default: that of this library, where something is installed]",
    ),
    Own::new("toolHome", Kind::Text, "The folder on the agent that holds proofmark"),
    Own::new(
        "archive",
        Kind::Text,
        "The archive of a release, on the agent or in the workspace: for agents without internet. Needs sha256",
    ),
    Own::new("mirror", Kind::Text, "The address below which releases lie as they do at GitHub. Needs version and sha256"),
    Own::new("sha256", Kind::Text, "The SHA-256 of the archive for the agent's platform, as 64 hexadecimal digits"),
    Own::new("cache", Kind::Text, "The folder on the agent where installed versions are kept"),
];

/// Options of commands that are not for steps: a step fixes what is written where, or they are for another host.
const NOT_FOR_STEPS: [&str; 10] =
    ["output", "format", "color", "explain", "help", "version", "annotations", "no_summary", "from_artifact", "params"];

/// What values a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// True or false.
    Boolean,
    /// One of the choices.
    Choice,
    /// Texts.
    List,
    /// Texts by name.
    Map,
}

/// Who handles a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Part {
    /// It is sent to proofmark.
    Command,
    /// The step handles it itself.
    Step,
}

/// A parameter of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Parameter {
    /// Its name: the option's, in camel case.
    pub(crate) name: String,
    /// What values it takes.
    pub(crate) kind: Kind,
    /// All values that there are, where they are known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) choices: Vec<String>,
    /// What it is when it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default: Option<String>,
    /// Whether the step refuses to run without it.
    pub(crate) required: bool,
    /// Who handles it.
    pub(crate) part: Part,
    /// What it is for.
    pub(crate) help: String,
    /// How it becomes an argument.
    #[serde(skip)]
    pub(crate) way: Way,
}

/// How a parameter becomes an argument of the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    /// Not at all.
    None,
    /// As `--FLAG` or `--FLAG=VALUE`.
    Flag(String),
    /// By its place, from 1.
    Place(usize),
}

impl Step {
    /// The one of that name.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        STEPS.iter().find(|step| step.name == name)
    }

    /// Its parameters: those of the command first.
    pub(crate) fn parameters(&self) -> Vec<Parameter> {
        let mut all = Cli::command();
        all.build();
        let mut command = Some(&all);
        for part in self.command {
            command = command.and_then(|command| command.find_subcommand(part));
        }
        let of_command = command.filter(|_| !self.command.is_empty()).into_iter().flat_map(Command::get_arguments);
        let of_command = of_command.filter(|arg| !arg.is_hide_set() && !NOT_FOR_STEPS.contains(&arg.get_id().as_str())).map(of_argument);
        of_command.chain(self.groups.iter().copied().flatten().map(of_own)).collect()
    }
}

fn of_own(own: &Own) -> Parameter {
    Parameter {
        name: own.name.to_owned(),
        kind: own.kind,
        choices: own.choices.iter().map(|choice| (*choice).to_owned()).collect(),
        default: None,
        required: false,
        part: Part::Step,
        help: own.help.to_owned(),
        way: Way::None,
    }
}

fn of_argument(arg: &Arg) -> Parameter {
    let choices: Vec<String> = arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let kind = kind(arg, !choices.is_empty());
    let way = match (arg.get_long(), arg.get_index()) {
        (Some(flag), _) => Way::Flag(flag.to_owned()),
        (None, Some(place)) => Way::Place(place),
        (None, None) => Way::None,
    };
    Parameter {
        name: camel_case(arg.get_long().unwrap_or(arg.get_id().as_str())),
        kind,
        choices: if kind == Kind::Boolean { Vec::new() } else { choices },
        default: arg.get_default_values().first().filter(|_| kind != Kind::Boolean).map(|value| value.to_string_lossy().into_owned()),
        required: arg.is_required_set(),
        part: Part::Command,
        help: arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default(),
        way,
    }
}

fn kind(arg: &Arg, has_choices: bool) -> Kind {
    let is_pair = arg.get_value_names().is_some_and(|names| names.iter().any(|name| name.contains("NAME=")));
    let parser: &ValueParser = arg.get_value_parser();
    match arg.get_action() {
        ArgAction::SetTrue | ArgAction::SetFalse => Kind::Boolean,
        ArgAction::Append if is_pair => Kind::Map,
        ArgAction::Append => Kind::List,
        _ if has_choices => Kind::Choice,
        _ if [TypeId::of::<u64>(), TypeId::of::<usize>(), TypeId::of::<u32>()].iter().any(|known| parser.type_id() == *known) => {
            Kind::Number
        }
        _ => Kind::Text,
    }
}

/// `base-is` and `base_is` as `baseIs`.
fn camel_case(name: &str) -> String {
    let mut parts = name.split(['-', '_']);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        text.extend(letters.next().into_iter().flat_map(char::to_uppercase).chain(letters));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn parameter(step: &str, name: &str) -> Parameter {
        let found = Step::find(step).expect("a step").parameters().into_iter().find(|parameter| parameter.name == name);
        found.unwrap_or_else(|| panic!("{step} has no {name}"))
    }

    #[test]
    fn options_are_parameters() {
        assert_eq!(parameter("gate", "base").way, Way::Place(1));
        assert_eq!((parameter("gate", "baseIs").kind, parameter("gate", "post").kind), (Kind::Choice, Kind::Boolean));
        assert_eq!(parameter("gate", "comment").choices.len(), 6);
        assert_eq!(parameter("gate", "failOn").choices, ["block", "notice", "never"]);
        assert_eq!(parameter("gate", "targets").kind, Kind::List);
        assert_eq!((parameter("gate", "pullRequest").kind, parameter("gate", "maxRows").kind), (Kind::Number, Kind::Number));
        assert_eq!(parameter("compare", "directory").way, Way::Flag("directory".to_owned()));
        assert_eq!((parameter("trigger", "job").required, parameter("trigger", "parameters").kind), (true, Kind::Map));
    }

    #[test]
    fn no_step_has_two_parameters_of_one_name() {
        for step in &STEPS {
            let all = step.parameters();
            let names: BTreeSet<&str> = all.iter().map(|parameter| parameter.name.as_str()).collect();
            assert_eq!(names.len(), all.len(), "{}", step.name);
            assert!(all.iter().all(|parameter| !parameter.help.is_empty()), "{}", step.name);
            assert!(all.iter().all(|parameter| (parameter.part == Part::Step) == (parameter.way == Way::None)), "{}", step.name);
        }
    }
}
