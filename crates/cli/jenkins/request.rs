//! What a step of a pipeline asks for: a file, so that no value is ever part of a command line.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use proofmark_core::jenkins::CONTRACT;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::steps::{Kind, Parameter, Part, Step, Way};
use crate::exit::CliError;
use crate::world::World;

/// Bytes of a request at most.
const LIMIT: u64 = 1 << 20;

/// What a step of a pipeline asks for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// The version of the contract that the step keeps.
    contract: u32,
    /// The version of who asks, for messages.
    #[serde(default)]
    library: Option<String>,
    /// The step.
    pub(super) step: String,
    /// The version of proofmark that it has to be; any when absent.
    #[serde(default)]
    version: Option<String>,
    /// The folder for what is written, inside of the working directory.
    pub(super) folder: String,
    /// Any text, which the result repeats: so it cannot be taken for that of another request.
    #[serde(default)]
    pub(super) id: Option<String>,
    /// The parameters, as `jenkins capabilities` lists them.
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
}

impl Request {
    pub(super) fn read(path: &Path, world: &World) -> Result<Self, CliError> {
        let shown = path.display();
        let mut bytes = Vec::new();
        let read = std::fs::File::open(world.folder.join(path)).and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes));
        read.map_err(|error| CliError::input(format!("cannot read the request `{shown}`")).because(&error))?;
        if bytes.len() as u64 > LIMIT {
            return Err(CliError::input(format!("the request `{shown}` is longer than {LIMIT} bytes")));
        }
        serde_json::from_slice(&bytes).map_err(|error| {
            CliError::input(format!("`{shown}` is no request")).because(&error).hint("`proofmark schema jenkins-request` describes one")
        })
    }

    /// The folder for what is written, made where it is missing. It must lie in the working directory, links followed.
    pub(super) fn folder(&self, world: &World) -> Result<PathBuf, CliError> {
        let wrong =
            |why: &str| CliError::input(format!("the folder `{}` {why}", self.folder)).hint("name a folder inside of the workspace");
        let path = Path::new(&self.folder);
        let is_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        // A drive or a stream of Windows, also where this is not Windows.
        if !is_inside || self.folder.is_empty() || self.folder.contains([':', '\\', '\0']) {
            return Err(wrong("does not lie in the working directory"));
        }
        let root = world.folder.canonicalize().map_err(|error| wrong("cannot be made").because(&error))?;
        let folder = world.folder.join(path);
        std::fs::create_dir_all(&folder).map_err(|error| wrong("cannot be made").because(&error))?;
        let real = folder.canonicalize().map_err(|error| wrong("cannot be made").because(&error))?;
        if !real.starts_with(&root) || real == root {
            return Err(wrong("leads out of the working directory"));
        }
        Ok(real)
    }

    /// The step that is meant.
    pub(super) fn step(&self) -> Result<&'static Step, CliError> {
        if self.contract != CONTRACT {
            let asker = self.library.as_deref().unwrap_or("unknown");
            return Err(CliError::input(format!(
                "the step keeps contract {} (library {asker}), and proofmark {} keeps contract {CONTRACT}",
                self.contract,
                env!("CARGO_PKG_VERSION")
            ))
            .hint("update the older of the two: the shared library in Jenkins, or proofmark on the agent"));
        }
        if let Some(version) = self.version.as_deref().filter(|version| *version != env!("CARGO_PKG_VERSION")) {
            return Err(CliError::input(format!("version {version} is asked for, and this is proofmark {}", env!("CARGO_PKG_VERSION")))
                .hint("update it on the agent, or change `version`"));
        }
        Step::find(&self.step)
            .filter(|step| !step.command.is_empty())
            .ok_or_else(|| CliError::input(format!("there is no step `{}`", self.step)))
    }

    /// A parameter's text, for those that the result repeats.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// The command line that the parameters mean: options, and what comes after `--`.
    pub(super) fn words(&self, step: &Step) -> Result<Words, CliError> {
        let known = step.parameters();
        let mut words = Words::default();
        let mut places: BTreeMap<usize, (&str, String)> = BTreeMap::new();
        for (name, value) in self.parameters.iter().filter(|(_, value)| !value.is_null()) {
            let parameter = known.iter().find(|parameter| parameter.name == *name && parameter.part == Part::Command);
            let parameter = parameter.ok_or_else(|| unknown(name, step, &known))?;
            let values = values(parameter, value)?;
            match &parameter.way {
                Way::None => {}
                Way::Flag(flag) if flag == "directory" => words.directory = values.into_iter().next(),
                // As one word with its value, so that no value can be an option of its own.
                Way::Flag(flag) if parameter.kind == Kind::Boolean => words.options.extend(values.iter().map(|_| format!("--{flag}"))),
                Way::Flag(flag) => words.options.extend(values.iter().map(|value| format!("--{flag}={value}"))),
                Way::Place(place) => drop(values.into_iter().next().map(|value| places.insert(*place, (&parameter.name, value)))),
            }
        }
        for (at, (place, (name, value))) in places.into_iter().enumerate() {
            if place != at + 1 {
                let before = known.iter().find(|parameter| parameter.way == Way::Place(at + 1));
                let before = before.map_or("the one before it", |parameter| parameter.name.as_str());
                return Err(CliError::input(format!("the parameter `{name}` is given without `{before}`")));
            }
            words.places.push(value);
        }
        Ok(words)
    }
}

/// Parts of a command line.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) directory: Option<String>,
    pub(super) options: Vec<String>,
    pub(super) places: Vec<String>,
}

fn unknown(name: &str, step: &Step, known: &[Parameter]) -> CliError {
    let names: Vec<&str> = known.iter().filter(|one| one.part == Part::Command).map(|one| one.name.as_str()).collect();
    CliError::input(format!("the step `{}` has no parameter `{name}`", step.name)).hint(format!("it has {}", names.join(", ")))
}

/// The texts of a value, of which there is none for a boolean that is false.
fn values(parameter: &Parameter, value: &Value) -> Result<Vec<String>, CliError> {
    let wrong = |what: &str| CliError::input(format!("the parameter `{}` is {what}", parameter.name));
    let text = |value: &Value| match value {
        Value::String(text) if text.contains('\0') => Err(wrong("a text with a zero byte")),
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(wrong("not a text")),
    };
    match (parameter.kind, value) {
        (Kind::Boolean, Value::Bool(given)) => Ok(given.then(|| "true".to_owned()).into_iter().collect()),
        (Kind::Boolean, _) => Err(wrong("neither true nor false")),
        (Kind::List, Value::Array(all)) => all.iter().map(text).collect(),
        (Kind::List, one) => Ok(vec![text(one)?]),
        (Kind::Map, Value::Object(all)) => {
            let pair = |(name, value): (&String, &Value)| match value {
                _ if name.is_empty() || name.contains(['=', '\0']) => Err(wrong("a map with a name that is empty or holds `=`")),
                Value::Bool(given) => Ok(format!("{name}={given}")),
                other => Ok(format!("{name}={}", text(other)?)),
            };
            all.iter().map(pair).collect()
        }
        (Kind::Map, _) => Err(wrong("no map of texts")),
        (Kind::Number, value) => {
            let found = text(value)?;
            if found.parse::<u64>().is_err() {
                return Err(wrong("no whole number"));
            }
            Ok(vec![found])
        }
        (Kind::Choice, value) => {
            let found = text(value)?;
            if !parameter.choices.contains(&found) {
                return Err(wrong(&format!("`{found}`")).hint(format!("give one of {}", parameter.choices.join(", "))));
            }
            Ok(vec![found])
        }
        (Kind::Text, value) => {
            let found = text(value)?;
            if found.is_empty() { Err(wrong("empty").hint("leave it out, or give `null`")) } else { Ok(vec![found]) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(step: &str, parameters: &str) -> Result<Words, CliError> {
        let text = format!(r#"{{"contract": 1, "step": "{step}", "folder": "out", "parameters": {parameters}}}"#);
        let request: Request = serde_json::from_str(&text).expect("a request");
        request.words(request.step()?)
    }

    fn refused(step: &str, parameters: &str) -> String {
        words(step, parameters).expect_err("an error").message
    }

    #[test]
    fn values_are_words_of_their_own() {
        let found = words(
            "gate",
            r#"{"base": "--post", "branch": "a; rm -rf /\n$(x)", "post": true, "all": false, "maxRows": 5, "targets": ["a", "-b"], "config": null}"#,
        );
        let found = found.expect("words");
        assert_eq!(found.options, ["--branch=a; rm -rf /\n$(x)", "--max-rows=5", "--post", "--targets=a", "--targets=-b"]);
        assert_eq!(found.places, ["--post"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(refused("gate", r#"{"bse": "main"}"#), "the step `gate` has no parameter `bse`");
        assert_eq!(refused("gate", r#"{"skip": ["junit"]}"#), "the step `gate` has no parameter `skip`");
        assert_eq!(refused("gate", r#"{"post": "true"}"#), "the parameter `post` is neither true nor false");
        assert_eq!(refused("gate", r#"{"failOn": "x"}"#), "the parameter `failOn` is `x`");
        assert_eq!(refused("gate", r#"{"maxRows": "many"}"#), "the parameter `maxRows` is no whole number");
        assert_eq!(refused("gate", r#"{"head": "HEAD"}"#), "the parameter `head` is given without `base`");
        assert_eq!(refused("gate", r#"{"base": ""}"#), "the parameter `base` is empty");
        assert_eq!(refused("gate", r#"{"base": {"a": 1}}"#), "the parameter `base` is not a text");
        assert_eq!(
            refused("trigger", r#"{"job": "x", "parameters": {"a=b": "c"}}"#),
            "the parameter `parameters` is a map with a name that is empty or holds `=`"
        );
        assert_eq!(refused("install", "{}"), "there is no step `install`");
    }

    #[test]
    fn folders_stay_inside() {
        let place = tempfile::tempdir().expect("a folder");
        let world = World::look().inside(place.path());
        let of = |folder: &str| {
            Request {
                contract: 1,
                library: None,
                version: None,
                step: "gate".to_owned(),
                folder: folder.to_owned(),
                id: None,
                parameters: BTreeMap::new(),
            }
            .folder(&world)
        };
        assert!(of("proofmark/churn model").is_ok());
        for folder in ["", ".", "..", "a/../..", "/tmp", "C:\\x", "C:x", "a\\..\\..\\b"] {
            assert!(of(folder).is_err(), "{folder}");
        }
        #[cfg(unix)]
        {
            let elsewhere = tempfile::tempdir().expect("a folder");
            std::os::unix::fs::symlink(elsewhere.path(), place.path().join("link")).expect("a link");
            assert!(of("link").is_err());
            assert!(of("link/x").is_err());
        }
    }
}
