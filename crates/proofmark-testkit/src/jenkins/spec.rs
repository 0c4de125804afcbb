//! What a test says of a Jenkins and its jobs.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A Jenkins.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The path below which it lies: empty, or `/jenkins`.
    pub context: String,
    /// Whether a POST of a session needs a crumb.
    pub crumbs: bool,
    /// As before 2021: an equal item that waits is answered with 201, a cancellation with 302.
    pub old: bool,
    /// What it takes itself for: the address in `Location` and `url`. Where it really is, when absent.
    pub public_url: Option<String>,
    /// Milliseconds that an item waits before it may be built.
    pub quiet: u64,
    /// Builds at once.
    pub executors: usize,
    /// How many milliseconds pass for it in one of ours.
    pub speed: u64,
    /// Whether those without a name may look around.
    pub anonymous_reads: bool,
    /// The users.
    pub users: Vec<User>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            context: String::new(),
            crumbs: true,
            old: false,
            public_url: None,
            quiet: 0,
            executors: 2,
            speed: 1,
            anonymous_reads: false,
            users: vec![User::default()],
        }
    }
}

/// A user.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct User {
    /// The name.
    pub name: String,
    /// The password, which needs a crumb.
    pub password: String,
    /// The API token, which needs none.
    pub token: String,
    /// What the user may not do.
    pub lacks: Vec<Permission>,
}

impl Default for User {
    fn default() -> Self {
        Self { name: "ada".to_owned(), password: "lovelace".to_owned(), token: "11token".to_owned(), lacks: Vec::new() }
    }
}

/// A permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Permission {
    /// Overall/Read
    OverallRead,
    /// Job/Read
    JobRead,
    /// Job/Build
    JobBuild,
    /// Job/Cancel
    JobCancel,
}

impl Permission {
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::OverallRead => "hudson.model.Hudson.Read",
            Self::JobRead => "hudson.model.Item.Read",
            Self::JobBuild => "hudson.model.Item.Build",
            Self::JobCancel => "hudson.model.Item.Cancel",
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::OverallRead => "Overall/Read",
            Self::JobRead => "Job/Read",
            Self::JobBuild => "Job/Build",
            Self::JobCancel => "Job/Cancel",
        }
    }
}

/// A job, and how its builds go.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JobSpec {
    /// Its parameters.
    pub parameters: Vec<Definition>,
    /// Whether it can be built: it is not disabled.
    pub buildable: bool,
    /// Whether several builds may run at once.
    pub concurrent: bool,
    /// Whether it is a pipeline, which has stages.
    pub pipeline: bool,
    /// The token with which anybody may start it.
    pub remote_token: Option<String>,
    /// Milliseconds of a build.
    pub duration: u64,
    /// How builds end.
    pub result: Outcome,
    /// The log, spread over the duration, a line each.
    pub log: Vec<String>,
    /// From so many milliseconds on it waits for somebody to answer.
    pub input_at: Option<u64>,
    /// How many of `stop`, `term` and `kill` it survives.
    pub stubborn: u8,
    /// Files that a build leaves, and what they hold.
    pub artifacts: BTreeMap<String, String>,
}

impl Default for JobSpec {
    fn default() -> Self {
        Self {
            parameters: Vec::new(),
            buildable: true,
            concurrent: true,
            pipeline: true,
            remote_token: None,
            duration: 0,
            result: Outcome::Success,
            log: vec!["Started".to_owned(), "Finished".to_owned()],
            input_at: None,
            stubborn: 0,
            artifacts: BTreeMap::new(),
        }
    }
}

/// How a build ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// Well.
    Success,
    /// With doubts.
    Unstable,
    /// Badly.
    Failure,
    /// Not at all.
    NotBuilt,
    /// By somebody's hand.
    Aborted,
}

impl Outcome {
    /// As Jenkins writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Unstable => "UNSTABLE",
            Self::Failure => "FAILURE",
            Self::NotBuilt => "NOT_BUILT",
            Self::Aborted => "ABORTED",
        }
    }
}

/// A parameter of a job.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// `StringParameterDefinition` and its like.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it is when nobody gives it; `None` for files and passwords.
    #[serde(default)]
    pub default: Option<String>,
    /// All values of a choice.
    #[serde(default)]
    pub choices: Vec<String>,
}

impl Definition {
    fn new(name: &str, kind: &str, default: Option<&str>, choices: &[&str]) -> Self {
        let choices = choices.iter().map(|choice| (*choice).to_owned()).collect();
        Self { name: name.to_owned(), kind: kind.to_owned(), default: default.map(str::to_owned), choices }
    }

    /// A text.
    pub fn text(name: &str, default: &str) -> Self {
        Self::new(name, "StringParameterDefinition", Some(default), &[])
    }

    /// True or false.
    pub fn boolean(name: &str, default: bool) -> Self {
        Self::new(name, "BooleanParameterDefinition", Some(if default { "true" } else { "false" }), &[])
    }

    /// One of some; the first is the default.
    pub fn choice(name: &str, choices: &[&str]) -> Self {
        Self::new(name, "ChoiceParameterDefinition", choices.first().copied(), choices)
    }

    /// A secret.
    pub fn password(name: &str) -> Self {
        Self::new(name, "PasswordParameterDefinition", None, &[])
    }

    /// A file.
    pub fn file(name: &str) -> Self {
        Self::new(name, "FileParameterDefinition", None, &[])
    }
}

/// What a file says of a Jenkins.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    /// The Jenkins.
    pub options: Options,
    /// Its jobs, by path, in stored names.
    pub jobs: BTreeMap<String, JobSpec>,
}
