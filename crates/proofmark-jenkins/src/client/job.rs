//! A job, and the parameters that it defines.

use super::Client;
use super::address::{JobPath, decoded, escaped};
use super::answers::{Child, DefinitionAnswer, JobAnswer};
use super::error::Error;
use super::wire::Request;

/// Names that a message lists at most.
const MOST_NAMED: usize = 50;

/// A job that can be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Where it is.
    pub path: JobPath,
    /// Its parameters, in its order.
    pub definitions: Vec<Definition>,
    /// Its page below the configured address.
    pub url: String,
    /// The address that Jenkins says it has, where that is another one.
    pub told: Option<String>,
    /// Builds from this number on began after it was looked at.
    pub(super) next_build: u64,
}

/// A parameter of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// What it takes.
    pub kind: Kind,
    /// All that may be given, where it takes one of a few.
    pub choices: Vec<String>,
    /// What it is when it is not given.
    pub default: Option<String>,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// `true`, or anything else for false.
    Boolean,
    /// One of a few.
    Choice,
    /// A text that never comes back.
    Password,
    /// A file.
    File,
    /// What a plugin makes of it.
    Other,
}

impl Client<'_> {
    /// The job at this path, or the one that the multibranch project there has for a branch.
    ///
    /// # Errors
    /// [`Error::NoJob`], [`Error::Folder`] and [`Error::NotBuildable`] for what cannot be built.
    pub fn job(&self, path: &JobPath, branch: Option<&str>) -> Result<Job, Error> {
        let wanted = branch.map_or_else(|| path.clone(), |branch| path.branch(branch));
        if let Some(answer) = self.ask_job(&wanted)? {
            return self.read_job(wanted, answer);
        }
        let Some(branch) = branch else {
            return Err(Error::NoJob { job: path.to_string(), others: self.beside(path) });
        };
        // Whatever name it is stored under, Jenkins shows it by the branch's own.
        let children = self.ask_job(path)?.and_then(|project| project.jobs).unwrap_or_default();
        let fits = |child: &&Child| child.display_name.as_deref() == Some(branch) || decoded(&child.name).as_deref() == Some(branch);
        let found = children.iter().find(fits).map(|child| path.child(&child.name));
        let answer = found.as_ref().map(|found| self.ask_job(found)).transpose()?.flatten();
        match (found, answer) {
            (Some(found), Some(answer)) => self.read_job(found, answer),
            _ => Err(Error::NoJob { job: wanted.to_string(), others: names(&children) }),
        }
    }

    fn ask_job(&self, path: &JobPath) -> Result<Option<JobAnswer>, Error> {
        let definitions = "property[parameterDefinitions[name,type,choices,defaultParameterValue[name,value]]]";
        let tree = format!("url,buildable,nextBuildNumber,{definitions},jobs[name,displayName]");
        self.wire.found(&Request::get("read the job", format!("{}/api/json?tree={}", path.path(), escaped(&tree))))
    }

    fn read_job(&self, path: JobPath, answer: JobAnswer) -> Result<Job, Error> {
        if let Some(jobs) = answer.jobs.filter(|_| answer.buildable.is_none()) {
            return Err(Error::Folder { job: path.to_string(), jobs: names(&jobs) });
        }
        if answer.buildable == Some(false) {
            return Err(Error::NotBuildable { job: path.to_string() });
        }
        let definitions = answer.property.into_iter().flatten().flatten().filter_map(|property| property.definitions).flatten();
        let url = format!("{}{}/", self.base(), path.path());
        Ok(Job {
            definitions: definitions.map(Definition::of).collect(),
            told: answer.url.filter(|told| *told != url),
            url,
            path,
            next_build: answer.next_build.unwrap_or_default(),
        })
    }

    /// Names in the folder of a job that is not there, as far as they can be read.
    fn beside(&self, path: &JobPath) -> Vec<String> {
        let folder = path.folder().map_or_else(String::new, |folder| folder.path());
        let request = Request::get("read the folder", format!("{folder}/api/json?tree={}", escaped("jobs[name,displayName]")));
        let found = self.wire.found::<JobAnswer>(&request).ok().flatten();
        names(&found.and_then(|found| found.jobs).unwrap_or_default())
    }
}

fn names(children: &[Child]) -> Vec<String> {
    children.iter().map(|child| child.name.clone()).take(MOST_NAMED).collect()
}

impl Definition {
    fn of(answer: DefinitionAnswer) -> Self {
        let choices: Vec<String> =
            answer.choices.as_array().into_iter().flatten().filter_map(|choice| choice.as_str()).map(str::to_owned).collect();
        let kind = match answer.kind.as_deref() {
            Some("BooleanParameterDefinition") => Kind::Boolean,
            Some("StringParameterDefinition" | "TextParameterDefinition") => Kind::Text,
            Some("PasswordParameterDefinition") => Kind::Password,
            Some("ChoiceParameterDefinition") if !choices.is_empty() => Kind::Choice,
            // Plugins have more than one kind of file.
            Some(kind) if kind.ends_with("FileParameterDefinition") => Kind::File,
            _ => Kind::Other,
        };
        let default = answer.default.as_ref().filter(|_| kind != Kind::Password).and_then(|value| value.text());
        Self { name: answer.name, kind, choices: if kind == Kind::Choice { choices } else { Vec::new() }, default }
    }
}
