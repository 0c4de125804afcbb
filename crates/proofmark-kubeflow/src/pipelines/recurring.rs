//! Schedules: runs that are started again and again by the server.

use std::ops::ControlFlow;

use http::Method;
use proofmark_http::api::{Call, is_part};
use serde::Deserialize;
use serde_json::Value;

use crate::Error;

use super::client::{Page, Pipelines, V2, moment};

/// Pages that are read at most.
const MOST_PAGES: usize = 20;

/// A schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Its id.
    pub id: String,
    /// Its name; not unique.
    pub name: String,
    /// When it starts runs.
    pub trigger: Trigger,
    /// Whether it starts runs at present.
    pub enabled: bool,
    /// Whether it does not make up for what it missed while it was off. Where it does, turning it on can start many runs.
    pub no_catchup: bool,
    /// The id of the pipeline.
    pub pipeline: Option<String>,
    /// The id of the pipeline's version; the newest one where none is named.
    pub pipeline_version: Option<String>,
    /// The id of the experiment of its runs.
    pub experiment: String,
    /// When it was made, in milliseconds since 1970.
    pub created: Option<i64>,
}

/// When a schedule starts runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// By six fields, the first of which is seconds: `0 0 2 * * *`.
    Cron(String),
    /// Every so many seconds.
    Every(u64),
    /// In a way that is not known here.
    Unknown,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    recurring_run_id: String,
    display_name: String,
    trigger: TriggerAnswer,
    status: String,
    mode: String,
    no_catchup: bool,
    pipeline_version_id: String,
    pipeline_version_reference: Reference,
    experiment_id: String,
    created_at: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reference {
    pipeline_id: String,
    pipeline_version_id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TriggerAnswer {
    cron_schedule: Option<Cron>,
    periodic_schedule: Option<Periodic>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cron {
    cron: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Periodic {
    /// A number as text.
    interval_second: Value,
}

#[derive(Debug, Deserialize)]
struct Schedules {
    // The one list whose name is not written with underscores.
    #[serde(default, rename = "recurringRuns", alias = "recurring_runs")]
    runs: Vec<Answer>,
    next_page_token: Option<String>,
}

impl Page for Schedules {
    type Item = Answer;

    fn into_parts(self) -> (Vec<Answer>, Option<String>) {
        (self.runs, self.next_page_token)
    }
}

impl Answer {
    fn into_schedule(self) -> Schedule {
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        let trigger = match (self.trigger.cron_schedule, self.trigger.periodic_schedule) {
            (Some(cron), _) => Trigger::Cron(cron.cron),
            (None, Some(periodic)) => whole(&periodic.interval_second).map_or(Trigger::Unknown, Trigger::Every),
            (None, None) => Trigger::Unknown,
        };
        // The mode is what was asked for when it was made; the status is what holds.
        let enabled = if self.status.is_empty() { self.mode == "ENABLE" } else { self.status == "ENABLED" };
        Schedule {
            id: self.recurring_run_id,
            name: self.display_name,
            trigger,
            enabled,
            no_catchup: self.no_catchup,
            pipeline: some(self.pipeline_version_reference.pipeline_id),
            pipeline_version: some(self.pipeline_version_reference.pipeline_version_id).or_else(|| some(self.pipeline_version_id)),
            experiment: self.experiment_id,
            created: moment(&self.created_at),
        }
    }
}

fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

impl Pipelines {
    /// The schedules of the namespace, oldest first.
    ///
    /// # Errors
    /// [`Error::Input`] where a namespace is needed and not set; else see [`Error`].
    pub fn schedules(&self) -> Result<Vec<Schedule>, Error> {
        let call = Call::get("recurring runs", format!("{V2}/recurringruns")).with_some("namespace", self.scope()?);
        let mut found = Vec::new();
        self.each::<Schedules>(&call, MOST_PAGES, |answer| {
            found.push(answer.into_schedule());
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// Turns a schedule on or off. One that makes up for what it missed may start many runs at once when it is turned on.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn set_schedule(&self, id: &str, is_on: bool) -> Result<(), Error> {
        if !is_part(id) {
            return Err(Error::input("the id of a schedule is empty, or none"));
        }
        let call = Call::change(Method::POST, "recurring run", format!("{V2}/recurringruns")).part(id);
        let call = call.then(if is_on { ":enable" } else { ":disable" });
        // It is the same however often it is said.
        self.get::<serde::de::IgnoredAny>(&call.freely()).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schedule(json: Value) -> Schedule {
        serde_json::from_value::<Answer>(json).expect("a schedule").into_schedule()
    }

    #[test]
    fn schedules_are_listed_and_turned_off_and_on() {
        let kubeflow = proofmark_testkit::kubeflow::FakeKubeflow::start();
        let (pipeline, version) = kubeflow.pipeline("churn", super::super::rig::CHURN);
        let client = super::super::rig::pipelines(&kubeflow);
        let body = json!({
            "display_name": "nightly", "max_concurrency": 1, "mode": "ENABLE", "runtime_config": {"parameters": {}},
            "trigger": {"cron_schedule": {"cron": "0 0 2 * * *"}},
            "pipeline_version_reference": {"pipeline_id": pipeline, "pipeline_version_id": version},
        });
        let call = Call::change(Method::POST, "recurring run", format!("{V2}/recurringruns")).json(&body);
        client.api().json::<Value>(&call).expect("made");
        let one = || client.schedules().expect("schedules").pop().expect("a schedule");
        let made = one();
        assert_eq!((made.name.as_str(), made.enabled, &made.trigger), ("nightly", true, &Trigger::Cron("0 0 2 * * *".to_owned())));
        for is_on in [false, true] {
            client.set_schedule(&made.id, is_on).expect("set");
            assert_eq!(one().enabled, is_on);
        }
        assert!(client.set_schedule("..", true).is_err() && client.set_schedule("nope", true).is_err());
    }

    #[test]
    fn schedules_are_read() {
        let nightly = schedule(json!({
            "recurring_run_id": "r", "display_name": "nightly", "status": "DISABLED", "mode": "ENABLE", "no_catchup": true,
            "trigger": {"cron_schedule": {"cron": "0 0 2 * * *"}},
            "pipeline_version_reference": {"pipeline_id": "p", "pipeline_version_id": "v"},
        }));
        assert_eq!(nightly.trigger, Trigger::Cron("0 0 2 * * *".to_owned()));
        assert!(!nightly.enabled && nightly.no_catchup, "the status counts and not the mode");
        assert_eq!(nightly.pipeline_version.as_deref(), Some("v"));
        let hourly = schedule(json!({"mode": "ENABLE", "trigger": {"periodic_schedule": {"interval_second": "3600"}}}));
        assert_eq!((hourly.trigger, hourly.enabled), (Trigger::Every(3600), true));
        assert_eq!(schedule(json!({"trigger": {"periodic_schedule": {}}})).trigger, Trigger::Unknown);
    }
}
