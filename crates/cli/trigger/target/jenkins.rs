//! A job of Jenkins.

use std::cell::RefCell;

use proofmark_core::event::Mark;
use proofmark_jenkins::client::{
    self, Base, BuildPlace, Client, Content, Deadline, Ended, Job, JobPath, Key, Queued, Started, Submission, Value,
};
use proofmark_trigger::target::{Fault, Origin, Receipt, Target, TargetError};
use proofmark_trigger::{Call, PastRun, RunState, StepResult};

use crate::exit::CliError;
use crate::jenkins::build::access;
use crate::jenkins::build::talk::Talk;
use crate::trigger::Now;

/// Seconds for which a Jenkins that is away is asked to stop something.
const STOPPING: u64 = 60;

pub(super) struct Jenkins<'a> {
    now: &'a Now<'a>,
    talk: Talk<'a>,
    started: RefCell<Option<Started>>,
}

/// The parts of a call that is for Jenkins.
struct Wanted<'c> {
    server: Option<&'c str>,
    job: &'c str,
    branch: Option<&'c str>,
    parameters: &'c std::collections::BTreeMap<String, String>,
    key_parameter: &'c str,
    accept_unstable: bool,
}

impl<'a> Jenkins<'a> {
    pub(super) fn new(now: &'a Now<'a>) -> Self {
        Self { now, talk: Talk::new(now.printer), started: RefCell::default() }
    }

    fn client(&self, wanted: &Wanted<'_>) -> Result<(Client<'_>, JobPath), TargetError> {
        let base: Base = access::base(wanted.server.map(|text| ("`server`", text)), self.now.world)?;
        let path = JobPath::parse(wanted.job, &base).map_err(|why| TargetError::input(format!("`{}`: {why}", wanted.job)))?;
        let client = Client::new(base, access::access(self.now.world)?, &self.talk).map_err(told)?;
        Ok((client, path))
    }

    fn submission(&self, wanted: &Wanted<'_>, job: &Job, key: &str) -> Result<Submission, TargetError> {
        let value = |(name, value): (&String, &String)| Value { name: name.clone(), content: Content::Text(value.clone()) };
        let key = Key { parameter: wanted.key_parameter.to_owned(), value: key.to_owned(), lasting: true };
        Submission::new(job, wanted.parameters.iter().map(value).collect(), key).map_err(|error| {
            told(client::Error::from(error))
                .hint(format!("the job needs a string parameter `{}`, by which a start is known", wanted.key_parameter))
        })
    }
}

fn wanted(call: &Call) -> Result<Wanted<'_>, TargetError> {
    match call {
        Call::Jenkins { server, job, branch, parameters, key_parameter, accept_unstable } => Ok(Wanted {
            server: server.as_deref(),
            job,
            branch: branch.as_deref(),
            parameters,
            key_parameter,
            accept_unstable: *accept_unstable,
        }),
        _ => Err(TargetError::input("this is no job of Jenkins")),
    }
}

impl Target for Jenkins<'_> {
    fn check(&self, call: &Call) -> Result<(), TargetError> {
        self.client(&wanted(call)?).map(drop)
    }

    fn start(&self, call: &Call, key: &str) -> Result<Receipt, TargetError> {
        let wanted = wanted(call)?;
        let (client, path) = self.client(&wanted)?;
        let job = client.job(&path, wanted.branch).map_err(told)?;
        let submission = self.submission(&wanted, &job, key)?;
        let started = client.start(&job, &submission).map_err(told)?;
        let origin = match started.origin {
            client::Origin::New => Origin::New,
            client::Origin::FoundAgain => Origin::FoundAgain,
            client::Origin::Earlier | client::Origin::Joined => Origin::Earlier,
        };
        let build = started.build.as_ref();
        let receipt = Receipt {
            id: Some(build.map_or_else(|| format!("queue item {}", started.id), |build| build.number.to_string())),
            url: Some(build.map_or_else(|| job.url.clone(), |build| build.url.clone())),
            ..Receipt::new(origin)
        };
        *self.started.borrow_mut() = Some(started);
        Ok(receipt)
    }

    fn wait(&self, call: &Call, _: &Receipt, seconds: Option<u64>) -> Result<StepResult, TargetError> {
        let wanted = wanted(call)?;
        let (client, path) = self.client(&wanted)?;
        let job = client.job(&path, wanted.branch).map_err(told)?;
        let deadline = Deadline::after(seconds);
        let Some(started) = self.started.borrow_mut().take() else {
            return Err(TargetError::input("nothing was started that could be waited for"));
        };
        let place = match client.wait_in_queue(&job, &started, deadline) {
            Ok(Queued::Began(place)) => place,
            Ok(Queued::Cancelled) => {
                let conclusion = "taken out of the queue".to_owned();
                return Ok(StepResult { passed: false, conclusion, id: None, url: Some(job.url) });
            }
            Err(error @ client::Error::TooLate { .. }) => return given_up(&client, &job, started.id, None, &error),
            Err(error) => return Err(told(error)),
        };
        let build = match client.wait_for(&job, &place, false, deadline) {
            Ok(build) => build,
            Err(error @ client::Error::TooLate { .. }) => return given_up(&client, &job, started.id, Some(&place), &error),
            Err(error) => return Err(told(error)),
        };
        let passed = build.ended == Ended::Success || (wanted.accept_unstable && build.ended == Ended::Unstable);
        Ok(StepResult { passed, conclusion: build.ended.name().to_owned(), id: Some(place.number.to_string()), url: Some(place.url) })
    }

    fn past(&self, call: &Call) -> Result<Vec<PastRun>, TargetError> {
        let wanted = wanted(call)?;
        // Without an address nothing is started either; the rules can be tried all the same.
        if wanted.server.is_none() && self.now.world.var("JENKINS_URL").is_none() {
            return Ok(Vec::new());
        }
        let (client, path) = self.client(&wanted)?;
        let job = client.job(&path, wanted.branch).map_err(told)?;
        let runs = client.keyed(&job, wanted.key_parameter).map_err(told)?;
        Ok(runs.into_iter().filter_map(|run| past_run(run, wanted.accept_unstable)).collect())
    }

    fn stop(&self, call: &Call, key: &str) -> Result<(), TargetError> {
        let wanted = wanted(call)?;
        let (client, path) = self.client(&wanted)?;
        let job = client.job(&path, wanted.branch).map_err(told)?;
        for run in client.keyed(&job, wanted.key_parameter).map_err(told)?.into_iter().filter(|run| run.key == key && run.ended.is_none()) {
            let place = run.build.map(|number| BuildPlace { number, url: format!("{}{number}/", job.url), told: None });
            client.stop(&job, run.id, place.as_ref()).map_err(told)?;
        }
        Ok(())
    }
}

/// What takes too long is stopped, and has failed.
fn given_up(client: &Client<'_>, job: &Job, id: u64, place: Option<&BuildPlace>, error: &client::Error) -> Result<StepResult, TargetError> {
    client.limit(Deadline::after(Some(STOPPING)));
    client.stop(job, id, place).map_err(told)?;
    let url = place.map_or_else(|| job.url.clone(), |place| place.url.clone());
    let conclusion = format!("{error}; it was stopped");
    Ok(StepResult { passed: false, conclusion, id: place.map(|place| place.number.to_string()), url: Some(url) })
}

fn past_run(run: client::Keyed, accept_unstable: bool) -> Option<PastRun> {
    let mark = Mark::parse(run.key.trim())?;
    let state = match run.ended {
        None => RunState::UnderWay,
        Some(Ended::Success) => RunState::Passed,
        Some(Ended::Unstable) if accept_unstable => RunState::Passed,
        Some(_) => RunState::Failed,
    };
    let place = run.build.map_or_else(|| format!("queue item {}", run.id), |number| format!("build {number}"));
    Some(PastRun { mark, started: run.started, state, place })
}

fn told(error: client::Error) -> TargetError {
    let is_doubtful = matches!(error, client::Error::Unknown { .. });
    let told = TargetError::from(CliError::from(error));
    if is_doubtful { TargetError { fault: Fault::Doubt, ..told } } else { told }
}
