//! Looks in the queue and among the builds for what a start has made.

use super::Client;
use super::address::{JobPath, escaped};
use super::answers::{ACTIONS, Actions, BuildAnswer, BuildsAnswer, Item, QueueAnswer};
use super::error::Error;
use super::job::Job;
use super::wire::Request;

/// Builds that are asked for at once.
const PAGE: usize = 100;
/// Pages at most.
const MOST_PAGES: usize = 20;

/// What a start made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trace {
    /// The queue item; zero where a build does not tell it.
    pub(super) id: u64,
    /// The build's number, once there is one.
    pub(super) build: Option<u64>,
    /// Where Jenkins says the build is.
    pub(super) told: Option<String>,
}

/// Which builds are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Among {
    /// The newest ones.
    Newest,
    /// All with this number or a higher one.
    Since(u64),
}

impl Client<'_> {
    /// What there is of this job whose actions fit, each once, the oldest first.
    ///
    /// The queue is read before the builds: what leaves it between the two is a build by then.
    pub(super) fn traces(&self, job: &Job, among: Among, fits: &dyn Fn(&Actions) -> bool) -> Result<Vec<Trace>, Error> {
        let items = self.items(&job.path)?;
        let items = items.iter().filter(|item| fits(&item.actions)).map(|item| Trace { id: item.id, build: None, told: None });
        let mut traces: Vec<Trace> = items.collect();
        self.each_page(&job.path, among, ACTIONS, &mut |builds| {
            for build in builds.into_iter().filter(|build| fits(&build.actions)) {
                let trace = Trace { id: build.queue_id.unwrap_or_default(), build: Some(build.number), told: build.url };
                // An item that left the queue in the meantime; a page that moved on shows a build twice.
                traces.retain(|known| known.build != trace.build && (known.id != trace.id || trace.id == 0));
                traces.push(trace);
            }
            true
        })?;
        traces.sort_by_key(|trace| (trace.id, trace.build));
        Ok(traces)
    }

    /// The items of this job in the queue.
    pub(super) fn items(&self, path: &JobPath) -> Result<Vec<Item>, Error> {
        let tree = escaped(&format!("items[id,inQueueSince,task[url],{ACTIONS}]"));
        let request = Request::get("read the queue", format!("/queue/api/json?tree={tree}"));
        let queue: QueueAnswer = self.wire.found(&request)?.unwrap_or_default();
        let ours = |item: &Item| {
            let task = item.task.as_ref().and_then(|task| task.url.as_deref());
            task.and_then(|url| self.base().job_of(url)).is_some_and(|of| of == *path)
        };
        Ok(queue.items.into_iter().filter(ours).collect())
    }

    /// The build that came from a queue item.
    pub(super) fn build_of_item(&self, job: &Job, id: u64, among: Among) -> Result<Option<Trace>, Error> {
        let mut found = None;
        self.each_page(&job.path, among, "result", &mut |builds| {
            let build = builds.into_iter().find(|build| build.queue_id == Some(id));
            found = build.map(|build| Trace { id, build: Some(build.number), told: build.url });
            found.is_none()
        })?;
        Ok(found)
    }

    /// Builds from the newest to the oldest that counts, as long as more are wanted.
    pub(super) fn each_page(
        &self,
        path: &JobPath,
        among: Among,
        fields: &str,
        more: &mut dyn FnMut(Vec<BuildAnswer>) -> bool,
    ) -> Result<(), Error> {
        let pages = if among == Among::Newest { 1 } else { MOST_PAGES };
        let oldest = if let Among::Since(number) = among { number } else { 0 };
        for page in 0..pages {
            // `builds` are the newest hundred at most, which Jenkins has at hand; `allBuilds` may have to be loaded.
            let (list, from) = (if page == 0 { "builds" } else { "allBuilds" }, page * PAGE);
            let tree = escaped(&format!("{list}[number,url,queueId,{fields}]{{{from},{}}}", from + PAGE));
            let request = Request::get("read the builds", format!("{}/api/json?tree={tree}", path.path()));
            let answer: BuildsAnswer =
                self.wire.found(&request)?.ok_or_else(|| Error::NoJob { job: path.to_string(), others: Vec::new() })?;
            let full = answer.builds.len() >= PAGE;
            let reached = answer.builds.iter().any(|build| build.number <= oldest);
            let wanted = answer.builds.into_iter().filter(|build| build.number >= oldest).collect();
            if !more(wanted) || !full || reached {
                break;
            }
        }
        Ok(())
    }
}
