//! Which form of the API is there, and what is read by id or name.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use proofmark_http::api::{Api, ApiError, Call, escaped};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::Error;
use crate::access::Access;
use crate::listing::Listing;
use crate::run::{History, Run};
use crate::wire::{OneRun, WireRun};

/// A server of ModelDB 2.
#[derive(Debug)]
pub struct ModelDb {
    pub(crate) api: Api,
    pub(crate) form: Form,
    pub(crate) workspace: Option<String>,
    /// All runs of a project and experiment, which several searches look through.
    pub(crate) listings: RefCell<BTreeMap<(String, String), Rc<Listing>>>,
}

/// Where the API is below the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Behind the web front end.
    FrontEnd,
    /// At the REST proxy itself.
    Proxy,
}

/// A project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Project {
    /// Its id.
    pub id: String,
    /// Its name; unique within a workspace.
    pub name: String,
}

/// A group of runs with a name, within a project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Experiment {
    /// Its id.
    pub id: String,
    /// Its name; unique within the project.
    pub name: String,
    /// The id of its project.
    #[serde(rename = "project_id")]
    pub project: String,
}

impl Form {
    fn prefix(self) -> &'static str {
        match self {
            Self::FrontEnd => "/api/v1/modeldb",
            Self::Proxy => "/v1",
        }
    }
}

impl ModelDb {
    /// Asks the server once where its API is.
    ///
    /// # Errors
    /// [`Error::NotModelDb`] where something else answers, and whatever the network or the server says.
    pub fn open(access: &Access) -> Result<Self, Error> {
        let api = access.api()?;
        let mut why = Vec::new();
        for form in [Form::FrontEnd, Form::Proxy] {
            match is_there(&api, form)? {
                None => return Ok(Self { api, form, workspace: access.workspace.clone(), listings: RefCell::default() }),
                Some(told) => why.push(format!("below {} {told}", form.prefix())),
            }
        }
        Err(Error::NotModelDb { address: access.address.clone(), why: why.join("; ") })
    }

    /// The server's address.
    pub fn address(&self) -> &str {
        self.api.address()
    }

    /// How many requests were sent so far, repeated ones included.
    pub fn requests(&self) -> u32 {
        self.api.requests()
    }

    /// A new piece of work begins: with a whole budget of time, and with nothing remembered.
    pub fn renew(&self) {
        self.api.renew_budget();
        self.forget();
    }

    /// The project of exactly this name, in the workspace.
    ///
    /// # Errors
    /// See [`Error`]. Projects of this name in several places are [`Error::Input`].
    pub fn project(&self, name: &str) -> Result<Option<Project>, Error> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Answer {
            project_by_user: Option<Project>,
            shared_projects: Vec<Project>,
        }
        let call = self.get("project/getProjectByName").with("name", name).with_some("workspace_name", self.workspace.as_deref());
        let Some(answer) = self.api.found::<Answer>(&call)? else { return Ok(None) };
        let fits = |project: &Project| project.name == name && !project.id.is_empty();
        if let Some(own) = answer.project_by_user.filter(fits) {
            return Ok(Some(own));
        }
        let mut shared: Vec<Project> = answer.shared_projects.into_iter().filter(fits).collect();
        shared.dedup_by(|one, two| one.id == two.id);
        if shared.len() > 1 {
            let told = format!("{} projects are called `{name}`", shared.len());
            return Err(Error::input(told).with_hint("name the workspace in VERTA_WORKSPACE"));
        }
        Ok(shared.pop())
    }

    /// The experiment of exactly this name.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn experiment(&self, project: &str, name: &str) -> Result<Option<Experiment>, Error> {
        #[derive(Deserialize)]
        struct Answer {
            experiment: Option<Experiment>,
        }
        let call = self.get("experiment/getExperimentByName").with("name", name).with("project_id", project);
        let found = self.api.found::<Answer>(&call)?.and_then(|answer| answer.experiment);
        Ok(found.filter(|found| found.name == name && !found.id.is_empty() && (found.project == project || found.project.is_empty())))
    }

    /// One run; `None` where there is none of this id.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn run(&self, id: &str) -> Result<Option<Run>, Error> {
        Ok(self.wire_run(id)?.and_then(WireRun::read))
    }

    /// What a run logged in the course of time under one name. Empty where it did not, or is not there.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn history(&self, run: &str, key: &str) -> Result<History, Error> {
        // Not from `getObservations`, which leaves out when a value was logged.
        let Some(found) = self.wire_run(run)? else { return Ok(History::default()) };
        let (points, others) = found.points(key);
        Ok(History { points, others })
    }

    /// Where people look at a run; none at the REST proxy, which has no pages.
    pub fn run_url(&self, run: &Run) -> Option<String> {
        let workspace = self.workspace.as_deref()?;
        if self.form == Form::Proxy || run.project.is_empty() {
            return None;
        }
        Some(format!("{}/{}/projects/{}/exp-runs/{}", self.address(), escaped(workspace), escaped(&run.project), escaped(&run.id)))
    }

    /// A question: `experiment-run/getMetrics`.
    pub(crate) fn get(&self, method: &str) -> Call {
        let name = method.rsplit('/').next().unwrap_or(method);
        Call::get(name, format!("{}/{method}", self.form.prefix()))
    }

    /// A change, or a question with a document.
    pub(crate) fn send(&self, http: http::Method, method: &str, body: &Json) -> Call {
        let name = method.rsplit('/').next().unwrap_or(method);
        Call::change(http, name, format!("{}/{method}", self.form.prefix())).json(body)
    }

    fn wire_run(&self, id: &str) -> Result<Option<WireRun>, Error> {
        if id.is_empty() {
            return Ok(None);
        }
        let found = self.api.found::<OneRun>(&self.get("experiment-run/getExperimentRunById").with("id", id))?;
        Ok(found.and_then(|answer| answer.experiment_run))
    }
}

/// What stands in the way of this form of the API; none where it is there.
fn is_there(api: &Api, form: Form) -> Result<Option<String>, Error> {
    let call = Call::get("verifyConnection", format!("{}/project/verifyConnection", form.prefix()));
    match api.json::<Json>(&call) {
        Ok(answer) if answer.get("status") == Some(&Json::Bool(true)) => Ok(None),
        Ok(_) => Ok(Some("it answers in JSON, and not that it is ready".to_owned())),
        Err(ApiError::Strange { why, .. }) => Ok(Some(format!("the answer is not the API's: {why}"))),
        Err(ApiError::Refused { status: status @ (404 | 405 | 501), .. }) => Ok(Some(format!("it answers {status}"))),
        Err(other) => Err(other.into()),
    }
}
