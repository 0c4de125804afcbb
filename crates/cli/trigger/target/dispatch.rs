//! An event of one's own at GitHub (`repository_dispatch`).

use proofmark_trigger::target::{Origin, Receipt, Target, TargetError};
use proofmark_trigger::{Call, PastRun, StepResult};
use serde_json::{Map, Value};

use super::workflow::told;
use super::{handed_over, host_of, link_to, was_sent};
use crate::trigger::Now;

pub(super) struct Dispatch<'a> {
    now: &'a Now<'a>,
}

impl<'a> Dispatch<'a> {
    pub(super) fn new(now: &'a Now<'a>) -> Self {
        Self { now }
    }
}

impl Target for Dispatch<'_> {
    fn check(&self, call: &Call) -> Result<(), TargetError> {
        let Call::Dispatch { repository, .. } = call else { return Err(other()) };
        Ok(host_of(repository.as_deref(), self.now).map(drop)?)
    }

    /// GitHub tells no number and has nothing to look the event up by: the journal alone knows that it was sent.
    fn start(&self, call: &Call, key: &str) -> Result<Receipt, TargetError> {
        let Call::Dispatch { repository, event_type, payload } = call else { return Err(other()) };
        if was_sent(key, self.now)? {
            return Ok(handed_over(Origin::Earlier));
        }
        let mut carried: Map<String, Value> = payload.clone().into_iter().collect();
        carried.insert("proofmark".to_owned(), Value::String(key.to_owned()));
        let link = link_to(repository.as_deref(), self.now)?;
        link.block_on(link.client().repository_dispatch(event_type, &Value::Object(carried))).map_err(told)?;
        Ok(handed_over(Origin::New))
    }

    fn wait(&self, _: &Call, _: &Receipt, _: Option<u64>) -> Result<StepResult, TargetError> {
        Err(TargetError::input("what an event of one's own starts cannot be waited for")
            .hint("start the workflow itself: `[trigger.start.workflow]`"))
    }

    fn past(&self, _: &Call) -> Result<Vec<PastRun>, TargetError> {
        Ok(Vec::new())
    }

    fn stop(&self, _: &Call, _: &str) -> Result<(), TargetError> {
        Err(TargetError::input("what an event of one's own started cannot be stopped")
            .hint("`busy = \"queue\"` or `\"reject\"` do without"))
    }
}

fn other() -> TargetError {
    TargetError::input("this is no event of one's own")
}
