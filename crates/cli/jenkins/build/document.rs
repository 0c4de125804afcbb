//! What `proofmark jenkins build` says: as a document, and in lines.

use std::collections::BTreeMap;

use proofmark_jenkins::client::{self, BuildPlace, Client, Job, Origin, Started, Submission};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Build, shown};

/// The version of the document's form; it grows when a field changes its meaning or goes.
const SCHEMA: u32 = 1;

/// What `proofmark jenkins build --format json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct BuildDocument {
    /// The version of this document's form; it grows when a field changes its meaning or goes.
    schema: u32,
    /// Always `build`.
    kind: &'static str,
    /// The version of proofmark that wrote it.
    proofmark: &'static str,
    /// The address of Jenkins.
    server: String,
    /// The job, with its folders, as Jenkins stores their names.
    job: String,
    /// The job's page.
    job_url: String,
    /// What was sent, by name; `null` for passwords, files and what came from variables.
    parameters: BTreeMap<String, Option<String>>,
    /// What the start is known by, where the job has a parameter for it.
    key: Option<String>,
    /// How far it came.
    outcome: Reached,
    /// Where what was waited for came from.
    origin: Option<CameFrom>,
    /// The queue item.
    queue_id: Option<u64>,
    /// The build's number.
    number: Option<u64>,
    /// The build's page, below the address of Jenkins that was asked.
    url: Option<String>,
    /// The address that Jenkins says the build has, where that is another one.
    url_told: Option<String>,
    /// How the build ended, in Jenkins' word: `SUCCESS`, `UNSTABLE`, `FAILURE`, `NOT_BUILT`, `ABORTED`.
    result: Option<String>,
    /// How long the build took, in milliseconds.
    duration_ms: Option<u64>,
}

/// How far a start came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Reached {
    /// Nothing was sent.
    DryRun,
    /// It is in the queue, as far as it was waited for.
    Queued,
    /// Somebody took it out of the queue.
    Cancelled,
    /// The build began.
    Began,
    /// The build ended.
    Ended,
}

/// Where what was waited for came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum CameFrom {
    /// From this call.
    New,
    /// From this call, though its answer was lost.
    FoundAgain,
    /// An earlier start with the same key.
    Earlier,
    /// Somebody else's item in the queue, with the same parameters.
    Joined,
}

impl BuildDocument {
    pub(super) fn new(job: &Job, submission: &Submission, client: &Client<'_>, args: &Build) -> Self {
        let secret = |name: &str| args.parameters_from.iter().any(|text| text.split_once('=').is_some_and(|(known, _)| known == name));
        let parameters = submission.shown().map(|(name, value)| (name.to_owned(), value.filter(|_| !secret(name)).map(str::to_owned)));
        Self {
            schema: SCHEMA,
            kind: "build",
            proofmark: env!("CARGO_PKG_VERSION"),
            server: client.base().to_string(),
            job: job.path.to_string(),
            job_url: job.url.clone(),
            parameters: parameters.collect(),
            key: submission.key().map(|key| key.value.clone()),
            outcome: Reached::DryRun,
            origin: None,
            queue_id: None,
            number: None,
            url: None,
            url_told: None,
            result: None,
            duration_ms: None,
        }
    }

    pub(super) fn started(&mut self, started: &Started) {
        self.outcome = Reached::Queued;
        self.queue_id = Some(started.id).filter(|id| *id > 0);
        self.origin = Some(match started.origin {
            Origin::New => CameFrom::New,
            Origin::FoundAgain => CameFrom::FoundAgain,
            Origin::Earlier => CameFrom::Earlier,
            Origin::Joined => CameFrom::Joined,
        });
    }

    pub(super) fn cancelled(&mut self) {
        self.outcome = Reached::Cancelled;
    }

    pub(super) fn began(&mut self, place: &BuildPlace) {
        self.outcome = Reached::Began;
        self.number = Some(place.number);
        self.url = Some(place.url.clone());
        self.url_told.clone_from(&place.told);
    }

    pub(super) fn ended(&mut self, build: &client::Build) {
        self.began(&build.place);
        self.outcome = Reached::Ended;
        self.result = Some(build.ended.name().to_owned());
        self.duration_ms = u64::try_from(build.duration.as_millis()).ok();
    }

    pub(super) fn result(&self) -> Option<&str> {
        match self.outcome {
            Reached::Cancelled => Some("ABORTED"),
            _ => self.result.as_deref(),
        }
    }

    /// The outcome in a line.
    pub(super) fn headline(&self) -> String {
        let job = shown(&self.job);
        let number = self.number.map(|number| format!(" #{number}")).unwrap_or_default();
        match (self.outcome, &self.result) {
            (Reached::DryRun, _) => format!("{job} would be started"),
            (Reached::Queued, _) => format!("{job} is in the queue as item {}", self.queue_id.unwrap_or_default()),
            (Reached::Cancelled, _) => format!("{job} was taken out of the queue"),
            (Reached::Began, _) => format!("{job}{number} began"),
            (Reached::Ended, result) => {
                let seconds = self.duration_ms.unwrap_or_default() / 1000;
                format!("{job}{number}: {} after {seconds} s", shown(result.as_deref().unwrap_or_default()))
            }
        }
    }

    /// The document for people.
    pub(super) fn told(&self) -> String {
        let mut text = format!("{}\n", self.headline());
        if self.outcome == Reached::DryRun {
            for (name, value) in &self.parameters {
                let value = value.as_deref().map_or_else(|| "(not shown)".to_owned(), shown);
                text.push_str(&format!("  {} = {value}\n", shown(name)));
            }
        }
        let url = self.url.as_ref().unwrap_or(&self.job_url);
        text.push_str(&format!("  {}\n", shown(url)));
        text
    }
}
