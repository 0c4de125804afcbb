//! Starts a run once, whatever happens to the answers and whoever else starts it at the same time.
//!
//! The server knows no keys. A run carries one at the end of its name, where lists find it: before anything is sent, runs with
//! the key are looked for; a request is sent once; where its answer is lost, what it made is looked for. Two who start at the
//! same time see each other's run afterwards, and both let the first one go on.

mod keyed;
mod submission;

use http::Method;
use proofmark_http::api::Call;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Error;
use crate::spec::Spec;

use super::client::{Pipelines, V2};
use super::run::{Run, State};
use super::wait::{Pace, rest};

use self::submission::{Mark, check_name};
pub use self::submission::{Source, Submission, carries};

/// Looks for what a lost request may have made.
const LOOKS: u32 = 4;
/// The experiment that users of a server with namespaces have, where none is named.
const DEFAULT_EXPERIMENT: &str = "Default";

/// A run that was started.
#[derive(Debug, Clone, PartialEq)]
pub struct Started {
    /// Its id.
    pub run_id: String,
    /// Where it comes from.
    pub origin: Origin,
    /// How far it was when it was seen.
    pub state: State,
    /// Where people look at it, where that is known.
    pub url: Option<String>,
    /// What else people should know: sentence fragments.
    pub notes: Vec<String>,
}

/// Where a run comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// From this call.
    New,
    /// From this call, though its answer was lost.
    FoundAgain,
    /// Somebody started it with the same key.
    Earlier,
}

impl Origin {
    /// Whether this call made it, and so may stop it.
    pub fn is_ours(self) -> bool {
        matches!(self, Self::New | Self::FoundAgain)
    }
}

#[derive(Debug, Deserialize)]
struct Made {
    #[serde(default)]
    run_id: String,
}

#[derive(Debug, Deserialize)]
struct MadeExperiment {
    #[serde(default)]
    experiment_id: String,
}

impl Pipelines {
    /// Starts a run, once: where one with the key is there already and was not put away, it is taken, whatever its state is.
    ///
    /// # Errors
    /// [`Error::Input`] for names, keys and parameters that cannot be; [`Error::Doubt`] when nobody can tell whether a run was
    /// started; else see [`Error`].
    pub fn start(&self, submission: &Submission) -> Result<Started, Error> {
        self.start_at(submission, &Pace::default())
    }

    /// The same at a pace of one's own.
    ///
    /// # Errors
    /// See [`Self::start`].
    pub fn start_at(&self, submission: &Submission, pace: &Pace) -> Result<Started, Error> {
        submission.check()?;
        self.renew_budget();
        if let Some(run) = self.earlier(&submission.key, pace)? {
            return Ok(self.started(&run, Origin::Earlier, Vec::new()));
        }
        let mark = Mark::new(submission);
        let (body, notes) = self.body(submission, &mark)?;
        let call = Call::change(Method::POST, "run", format!("{V2}/runs")).json(&body);
        let sent = self.api().json::<Made>(&call);
        let start = Start { pipelines: self, submission, mark: &mark, pace, notes };
        match sent {
            Ok(made) if !made.run_id.is_empty() => start.settled(Some(made.run_id), Origin::New),
            Ok(_) => start.doubtful("the server's answer does not tell the run"),
            Err(error) if error.is_doubtful() => start.doubtful(&Error::from(error).to_string()),
            Err(error) => Err(error.into()),
        }
    }

    /// The run that is there already. While it is under way, two who start may not have agreed yet which one goes on.
    fn earlier(&self, key: &str, pace: &Pace) -> Result<Option<Run>, Error> {
        match self.first_with_key(key)? {
            Some(run) if !run.state.is_final() => {
                rest(pace.settling);
                self.first_with_key(key)
            }
            found => Ok(found),
        }
    }

    fn started(&self, run: &Run, origin: Origin, notes: Vec<String>) -> Started {
        Started { run_id: run.id.clone(), origin, state: run.state, url: self.run_url(&run.id), notes }
    }

    /// What is sent, checked against what the server has: the server answers mistakes with 500, and whoever reads that cannot
    /// tell them from its own.
    fn body(&self, submission: &Submission, mark: &Mark) -> Result<(Value, Vec<String>), Error> {
        let mut notes = Vec::new();
        let kept;
        let spec = match &submission.pipeline {
            Source::Version(version) => {
                kept = self.spec_of(version)?;
                &kept
            }
            Source::Spec(spec) => {
                spec.check_form()?;
                spec
            }
        };
        let parameters: Map<String, Value> = spec.check(&submission.parameters)?.into_iter().collect();
        let mut runtime = json!({"parameters": parameters});
        if let Some(root) = &submission.pipeline_root {
            runtime["pipeline_root"] = json!(root);
        }
        let mut body = json!({"display_name": mark.name, "description": mark.description, "runtime_config": runtime});
        let other = submission.caching.and_then(|is_on| recached(spec, is_on));
        match (&submission.pipeline, other) {
            (Source::Version(version), None) => {
                body["pipeline_version_reference"] = json!({"pipeline_id": version.pipeline, "pipeline_version_id": version.id});
            }
            (Source::Version(version), Some(other)) => {
                body["pipeline_spec"] = other.to_json();
                notes.push(format!(
                    "caching is set in the pipeline itself, so that a copy of the version `{}` is run: the run is not listed under it",
                    self.api().clean(if version.name.is_empty() { &version.id } else { &version.name })
                ));
            }
            (Source::Spec(spec), other) => body["pipeline_spec"] = other.map_or_else(|| spec.to_json(), |other| other.to_json()),
        }
        if let Some(account) = &submission.service_account {
            body["service_account"] = json!(account);
        }
        if let Some(experiment) = self.experiment_for(submission.experiment.as_deref())? {
            body["experiment_id"] = json!(experiment);
        }
        Ok((body, notes))
    }

    /// The id of the experiment: found, or made. Without a name it is left to the server, where that has no namespaces.
    fn experiment_for(&self, name: Option<&str>) -> Result<Option<String>, Error> {
        let scope = self.scope()?;
        let Some(name) = name.or(scope.map(|_| DEFAULT_EXPERIMENT)) else { return Ok(None) };
        check_name("the experiment's name", name)?;
        let taken = |found: super::Experiment| match found.archived {
            true => Err(Error::input(format!("the experiment `{}` is archived", self.api().clean(name)))
                .with_hint("restore it in the UI, or name another one")),
            false => Ok(Some(found.id)),
        };
        if let Some(found) = self.experiment(name)? {
            return taken(found);
        }
        let mut fields = json!({"display_name": name});
        if let Some(namespace) = scope {
            fields["namespace"] = json!(namespace);
        }
        // Names are unique: a second try is refused, and then it is there.
        let call = Call::change(Method::POST, "experiment", format!("{V2}/experiments")).json(&fields).freely();
        let made = self.api().json::<MadeExperiment>(&call);
        match made {
            Ok(made) if !made.experiment_id.is_empty() => Ok(Some(made.experiment_id)),
            Err(error) if error.status() != Some(409) && !error.is_doubtful() => Err(error.into()),
            other => match (self.experiment(name)?, other) {
                (Some(found), _) => taken(found),
                (None, Err(error)) => Err(error.into()),
                (None, Ok(_)) => Err(self.api().strange(&call, "it does not tell the experiment").into()),
            },
        }
    }
}

/// The pipeline with caching on or off, where that changes it.
fn recached(spec: &Spec, is_on: bool) -> Option<Spec> {
    spec.tasks.iter().any(|task| task.is_cached != is_on).then(|| spec.with_caching(is_on))
}

/// A start whose request was sent.
struct Start<'s> {
    pipelines: &'s Pipelines,
    submission: &'s Submission,
    mark: &'s Mark,
    pace: &'s Pace,
    notes: Vec<String>,
}

impl Start<'_> {
    /// The answer was lost: whatever the request made is in the list, or will be soon.
    fn doubtful(self, why: &str) -> Result<Started, Error> {
        let mut last = why.to_owned();
        for look in 0..LOOKS {
            // What was sent may still be on its way.
            if look > 0 {
                rest(self.pace.settling);
            }
            self.pipelines.renew_budget();
            match self.pipelines.with_key(&self.submission.key) {
                Ok(runs) if runs.iter().any(|run| self.mark.is_on(run)) => return self.settled(None, Origin::FoundAgain),
                Ok(_) => {}
                Err(error) => last = format!("{why}; and it cannot be looked up: {error}"),
            }
        }
        Err(Error::Doubt { what: format!("the start of the run {}", self.mark.name), why: last })
    }

    /// Whoever started with the same key at the same time sees both runs as well: the first one goes on.
    ///
    /// All of them wait before they look, and look once. The server tells the time in seconds and writes a run down a while
    /// after that time: whoever looked at once would see some of them, and two would take different runs for the first.
    fn settled(mut self, id: Option<String>, origin: Origin) -> Result<Started, Error> {
        rest(self.pace.settling);
        self.pipelines.renew_budget();
        let runs = match self.pipelines.with_key(&self.submission.key) {
            Ok(runs) => runs,
            Err(error) => {
                self.notes.push(format!("whether somebody else started the same cannot be seen: {error}"));
                Vec::new()
            }
        };
        let is_ours = |run: &Run| id.as_deref() == Some(run.id.as_str()) || self.mark.is_on(run);
        match (runs.iter().position(is_ours), &id) {
            (Some(0), _) => {
                let ours = runs.into_iter().next();
                ours.map(|run| self.pipelines.started(&run, origin, self.notes)).ok_or_else(|| Error::input("no run is left"))
            }
            (Some(_), _) => self.yielded(runs, id.as_deref()),
            // It was put away already, or the list lags behind.
            (None, Some(id)) => {
                let url = self.pipelines.run_url(id);
                Ok(Started { run_id: id.clone(), origin, state: State::Pending, url, notes: self.notes })
            }
            (None, None) => Err(Error::Doubt {
                what: format!("the start of the run {}", self.mark.name),
                why: "it was seen, and is not there any more".to_owned(),
            }),
        }
    }

    /// Somebody was first: what we started is stopped.
    fn yielded(mut self, runs: Vec<Run>, id: Option<&str>) -> Result<Started, Error> {
        let is_ours = |run: &Run| id == Some(run.id.as_str()) || self.mark.is_on(run);
        for run in runs.iter().skip(1).filter(|run| is_ours(run) && !run.state.is_final()) {
            match self.pipelines.terminate(&run.id) {
                Ok(()) => self.notes.push(format!("somebody else started the same first, so that our run {} was stopped", run.id)),
                Err(error) => self.notes.push(format!("our run {}, which somebody else was before, cannot be stopped: {error}", run.id)),
            }
        }
        let first = runs.first().ok_or_else(|| Error::input("no run is left"))?;
        Ok(self.pipelines.started(first, Origin::Earlier, self.notes))
    }
}

#[cfg(test)]
mod tests;
