//! A model that KServe serves: a rollout, all requests for a canary, or the way back.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use proofmark_kubeflow::serving::{self, Cluster, Patience, Rolled, Undo};
use proofmark_render::escape::terminal;
use proofmark_trigger::target::{Origin, Receipt, Target, TargetError};
use proofmark_trigger::{Call, PastRun, Rollout, StepResult};

use super::{of_kubeflow, was_sent};
use crate::kubeflow::connect;
use crate::kubeflow::follow::follow_rollout;
use crate::kubeflow::serve::USUAL_SECONDS;
use crate::trigger::Now;

pub(super) struct Kserve<'a> {
    now: &'a Now<'a>,
    cluster: OnceCell<Cluster>,
    rolled: RefCell<Option<Rolled>>,
}

impl<'a> Kserve<'a> {
    pub(super) fn new(now: &'a Now<'a>) -> Self {
        Self { now, cluster: OnceCell::new(), rolled: RefCell::default() }
    }

    fn cluster(&self) -> Result<&Cluster, TargetError> {
        if let Some(known) = self.cluster.get() {
            return Ok(known);
        }
        let opened = connect::cluster(self.now.world)?;
        Ok(self.cluster.get_or_init(|| opened))
    }

    /// What is to be undone: on a second try only what the first one was about, since it may lead further else.
    fn undo(&self, cluster: &Cluster, namespace: &str, service: &str, key: &str) -> Result<Undo, TargetError> {
        let once = Undo { order: Some(key.to_owned()), ..Undo::default() };
        if !was_sent(key, self.now)? {
            return Ok(once);
        }
        let records = cluster.service(namespace, service).map_err(of_kubeflow)?.records();
        let undone = records.into_iter().find_map(|record| record.rolled_back);
        let unknown = || {
            TargetError::outside(format!("whether {namespace}/{service} went back already cannot be told"))
                .hint("look at it with `proofmark kubeflow service`, and go back by hand where it has not")
        };
        Ok(Undo { key: Some(undone.ok_or_else(unknown)?), ..once })
    }

    /// What a rollout rests on, beside its key.
    fn evidence(&self) -> BTreeMap<String, String> {
        let event = &self.now.source.event;
        let parts = [("commit", event.head.commit.clone()), ("repository", event.repository.clone())];
        parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

impl Target for Kserve<'_> {
    fn check(&self, call: &Call) -> Result<(), TargetError> {
        wanted(call)?;
        self.cluster().map(drop)
    }

    fn start(&self, call: &Call, key: &str) -> Result<Receipt, TargetError> {
        let (service, namespace, rollout) = wanted(call)?;
        let cluster = self.cluster()?;
        let rolled = match rollout {
            Rollout::Deploy { storage_uri, canary } => cluster.deploy(&serving::Rollout {
                namespace: namespace.to_owned(),
                name: service.to_owned(),
                storage_uri: storage_uri.clone(),
                canary: *canary,
                runtime: None,
                key: key.to_owned(),
                once: true,
                evidence: self.evidence(),
            }),
            Rollout::Promote => cluster.promote(namespace, service),
            Rollout::Rollback => cluster.rollback(namespace, service, &self.undo(cluster, namespace, service, key)?),
        }
        .map_err(of_kubeflow)?;
        let origin = match rolled.origin {
            serving::Origin::New => Origin::New,
            serving::Origin::FoundAgain => Origin::FoundAgain,
            serving::Origin::Earlier => Origin::Earlier,
        };
        if matches!(rollout, Rollout::Promote) && rolled.origin == serving::Origin::New {
            // Annotations would start other pods, which nobody has tried.
            let told = "a promotion leaves no trace in the service: only the journal keeps a second run of this order from promoting a later canary";
            self.now.printer.say(told);
        }
        if let Some(previous) = &rolled.previous {
            let of = previous.revision.as_ref().map(|revision| format!(" (revision {revision})")).unwrap_or_default();
            self.now.printer.say(&terminal(&format!("before it was {}{of}", previous.storage_uri)));
        }
        *self.rolled.borrow_mut() = Some(rolled);
        Ok(Receipt { id: Some(format!("{namespace}/{service}")), ..Receipt::new(origin) })
    }

    fn wait(&self, _: &Call, receipt: &Receipt, seconds: Option<u64>) -> Result<StepResult, TargetError> {
        let Some(rolled) = self.rolled.borrow_mut().take() else {
            return Err(TargetError::input("nothing was rolled out that could be waited for"));
        };
        let total = Duration::from_secs(seconds.unwrap_or(USUAL_SECONDS));
        let patience = Patience { total, pause: connect::pause(self.now.world) };
        let failed =
            follow_rollout(self.cluster()?, &rolled, &patience, &|line| self.now.printer.say(&terminal(line))).map_err(of_kubeflow)?;
        let (passed, conclusion) = failed.map_or_else(|| (true, "ready".to_owned()), |why| (false, why));
        Ok(StepResult { passed, conclusion, id: receipt.id.clone(), url: None })
    }

    fn past(&self, _: &Call) -> Result<Vec<PastRun>, TargetError> {
        // The service knows its own key; a list of earlier rollouts is nowhere.
        Ok(Vec::new())
    }

    fn stop(&self, _: &Call, _: &str) -> Result<(), TargetError> {
        Err(TargetError::input("a rollout cannot be stopped").hint("roll it back: `[trigger.start.kserve]` with `rollback = true`"))
    }
}

fn wanted(call: &Call) -> Result<(&str, &str, &Rollout), TargetError> {
    match call {
        Call::Kserve { service, namespace, rollout } => Ok((service, namespace, rollout)),
        _ => Err(TargetError::input("this is no service of KServe")),
    }
}
