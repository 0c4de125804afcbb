//! Everything outside of the engine, in memory: a CI system that fails in every way, a journal on a disk that fills up, and the
//! forge's deployments.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use proofmark_trigger::journal::{Entry, Journal, What};
use proofmark_trigger::runner::{OrderDone, Ports, run};
use proofmark_trigger::target::{Deployments, Fault, Ledger, Origin, Receipt, Target, TargetError};
use proofmark_trigger::{Call, Order, Past, PastRun, StepResult};

use crate::support::NOW;

/// What becomes of a step in the fake world, by the last word of its program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Fails,
    Outside,
    /// It is started, and nobody learns of it.
    Doubt,
    /// It is started, the answer is lost, and it is found.
    FoundAgain,
    LostWhileWaiting,
    Unready,
    /// Nobody can wait for it.
    Deaf,
}

/// Everything outside, kept in memory.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) fates: RefCell<BTreeMap<String, Fate>>,
    /// How often something really began to run, by key.
    pub(crate) started: RefCell<BTreeMap<String, u32>>,
    /// What was asked of targets and of the forge, in order.
    log: RefCell<Vec<String>>,
    pub(crate) calls: RefCell<Vec<Call>>,
    pub(crate) said: RefCell<Vec<String>>,
    pub(crate) journal: RefCell<Vec<u8>>,
    /// After how many records the journal cannot be written any more.
    pub(crate) records_left: Cell<Option<u32>>,
    deployments: RefCell<BTreeMap<String, u64>>,
}

fn name(call: &Call) -> String {
    match call {
        Call::Command { argv, .. } => argv[1].clone(),
        other => panic!("a program: {other:?}"),
    }
}

struct Fake<'w>(&'w World);

impl Target for Fake<'_> {
    fn check(&self, call: &Call) -> Result<(), TargetError> {
        match self.0.fate(call) {
            Some(Fate::Unready) => Err(TargetError::input("there is no token").hint("give one in `TOKEN`")),
            _ => Ok(()),
        }
    }

    fn start(&self, call: &Call, key: &str) -> Result<Receipt, TargetError> {
        self.0.calls.borrow_mut().push(call.clone());
        let receipt =
            |origin| Receipt { id: Some(key.to_owned()), url: Some(format!("https://ci/{}", name(call))), ..Receipt::new(origin) };
        if self.0.started.borrow().contains_key(key) {
            self.0.note(format!("adopt {}", name(call)));
            return Ok(receipt(Origin::Earlier));
        }
        if self.0.fate(call) == Some(Fate::Outside) {
            return Err(TargetError::outside("the server is down"));
        }
        self.0.note(format!("start {}", name(call)));
        *self.0.started.borrow_mut().entry(key.to_owned()).or_default() += 1;
        match self.0.fate(call) {
            Some(Fate::Doubt) => Err(TargetError { fault: Fault::Doubt, ..TargetError::outside("the answer was lost") }),
            Some(Fate::FoundAgain) => Ok(receipt(Origin::FoundAgain)),
            Some(Fate::Deaf) => Ok(Receipt { can_wait: false, ..receipt(Origin::New) }),
            _ => Ok(receipt(Origin::New)),
        }
    }

    fn wait(&self, call: &Call, receipt: &Receipt, seconds: Option<u64>) -> Result<StepResult, TargetError> {
        self.0.note(format!("wait {}{}", name(call), seconds.map(|seconds| format!(" {seconds}s")).unwrap_or_default()));
        let (passed, conclusion) = match self.0.fate(call) {
            Some(Fate::LostWhileWaiting) => return Err(TargetError::outside("the server went away")),
            Some(Fate::Fails) => (false, "failure"),
            _ => (true, "success"),
        };
        Ok(StepResult { passed, conclusion: conclusion.to_owned(), id: Some("7".to_owned()), url: receipt.url.clone() })
    }

    fn past(&self, _: &Call) -> Result<Vec<PastRun>, TargetError> {
        Ok(Vec::new())
    }

    fn stop(&self, _: &Call, key: &str) -> Result<(), TargetError> {
        self.0.note(format!("stop {key}"));
        Ok(())
    }
}

impl Ledger for World {
    fn record(&self, entries: Vec<Entry>) -> Result<(), TargetError> {
        match self.records_left.get() {
            Some(0) => return Err(TargetError::input("the disk is full")),
            left => self.records_left.set(left.map(|left| left - 1)),
        }
        let mut text = self.journal.borrow_mut();
        let more = Journal::read(&text).expect("a journal").append(entries);
        text.extend(more);
        Ok(())
    }
}

impl Deployments for World {
    fn begin(&self, environment: &str, key: &str) -> Result<u64, TargetError> {
        let mut known = self.deployments.borrow_mut();
        let next = known.len() as u64 + 1;
        let id = *known.entry(key.to_owned()).or_insert(next);
        self.note(format!("deployment {id} to {environment}"));
        Ok(id)
    }

    fn status(&self, deployment: u64, state: &str, _: Option<&str>, _: &str) -> Result<(), TargetError> {
        self.note(format!("deployment {deployment} {state}"));
        Ok(())
    }
}

impl World {
    pub(crate) fn with(fates: &[(&str, Fate)]) -> Self {
        let world = Self::default();
        world.fates.borrow_mut().extend(fates.iter().map(|(name, fate)| ((*name).to_owned(), *fate)));
        world
    }

    fn fate(&self, call: &Call) -> Option<Fate> {
        self.fates.borrow().get(&name(call)).copied()
    }

    fn note(&self, what: String) {
        self.log.borrow_mut().push(what);
    }

    pub(crate) fn ports<T>(&self, then: impl FnOnce(&Ports<'_>) -> T) -> T {
        let talk = |line: &str| self.said.borrow_mut().push(line.to_owned());
        let target = |_: &Call| Ok(Box::new(Fake(self)) as Box<dyn Target + '_>);
        then(&Ports { target: &target, ledger: self, deployments: Some(self), talk: &talk, now: &|| NOW })
    }

    pub(crate) fn run(&self, order: &Order, wait: bool) -> OrderDone {
        self.ports(|ports| run(order, wait, None, &Entry::new(What::Accepted, NOW), ports))
    }

    pub(crate) fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut *self.log.borrow_mut())
    }

    pub(crate) fn past(&self) -> Past {
        Journal::read(&self.journal.borrow()).expect("a journal").past()
    }

    /// What the journal says happened, with the step.
    pub(crate) fn entries(&self) -> Vec<String> {
        let journal = Journal::read(&self.journal.borrow()).expect("a journal");
        let told = |entry: &Entry| {
            let step = entry.step.as_deref().unwrap_or("order");
            let end = entry.passed.map(|passed| if passed { " passed" } else { " failed" }).unwrap_or_default();
            format!("{step} {}{end}", entry.what.name())
        };
        journal.entries.iter().map(told).collect()
    }
}
