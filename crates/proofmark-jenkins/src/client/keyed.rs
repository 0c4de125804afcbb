//! What was started with a key: in the queue, and among the newest builds.

use super::Client;
use super::answers::{ACTIONS, Actions};
use super::build::Ended;
use super::error::Error;
use super::finding::Among;
use super::job::Job;

/// A start that carries a key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Keyed {
    /// The key.
    pub key: String,
    /// The queue item; zero where a build does not tell it.
    pub id: u64,
    /// The build's number, once there is one.
    pub build: Option<u64>,
    /// When it came, in seconds since 1970; 0 where that is not told.
    pub started: u64,
    /// How it ended, once it has.
    pub ended: Option<Ended>,
}

impl Client<'_> {
    /// What the queue and the newest hundred builds of a job have in the parameter for keys.
    ///
    /// # Errors
    /// What asking for them brings.
    pub fn keyed(&self, job: &Job, parameter: &str) -> Result<Vec<Keyed>, Error> {
        let key =
            |actions: &Actions| actions.parameters().get(parameter).and_then(|parameter| parameter.text()).filter(|key| !key.is_empty());
        let seconds = |milliseconds: Option<u64>| milliseconds.unwrap_or_default() / 1000;
        let items = self.items(&job.path)?;
        let waiting = items.iter().filter_map(|item| {
            let key = key(&item.actions)?;
            Some(Keyed { key, id: item.id, build: None, started: seconds(item.since), ended: None })
        });
        let mut found: Vec<Keyed> = waiting.collect();
        let fields = format!("building,result,timestamp,{ACTIONS}");
        self.each_page(&job.path, Among::Newest, &fields, &mut |builds| {
            for build in builds {
                let Some(key) = key(&build.actions) else { continue };
                let id = build.queue_id.unwrap_or_default();
                // What left the queue between the two looks is a build by now.
                found.retain(|known| known.build.is_some() || known.id != id);
                let ended = build.result.filter(|_| build.building != Some(true)).map(Ended::of);
                found.push(Keyed { key, id, build: Some(build.number), started: seconds(build.timestamp), ended });
            }
            true
        })?;
        Ok(found)
    }
}
