//! Carries an order out through the ports: one step after the other, each judged before the next.

use crate::journal::{Entry, What};
use crate::order::{Call, Order, StepResult};
use crate::target::{Deployments, Fault, Ledger, Origin, Receipt, Target, TargetError};

/// Who carries a call out, or why nobody can.
pub type Choice<'a> = dyn Fn(&Call) -> Result<Box<dyn Target + 'a>, TargetError> + 'a;

/// Everything that an order needs from outside.
pub struct Ports<'a> {
    /// Who carries a call out.
    pub target: &'a Choice<'a>,
    /// Where decisions are kept.
    pub ledger: &'a dyn Ledger,
    /// Where deployments are shown.
    pub deployments: Option<&'a dyn Deployments>,
    /// Is told what happens.
    pub talk: &'a dyn Fn(&str),
    /// Now, in seconds since 1970.
    pub now: &'a dyn Fn() -> u64,
}

/// What a step came to.
#[derive(Debug, Clone, PartialEq)]
pub struct StepDone {
    /// Its name.
    pub name: String,
    /// How it was started; `None` for one that was left out.
    pub receipt: Option<Receipt>,
    /// What came of it, where it was waited for.
    pub result: Option<StepResult>,
}

/// What an order came to.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderDone {
    /// Its steps, as far as it came.
    pub steps: Vec<StepDone>,
    /// What stood in the way.
    pub error: Option<TargetError>,
}

impl OrderDone {
    /// Whether a step failed, or what stood in the way did.
    pub fn has_failed(&self) -> bool {
        self.error.is_some() || self.steps.iter().any(|step| step.result.as_ref().is_some_and(|result| !result.passed))
    }
}

/// Whether every step of an order could be started, as far as that is known without starting any.
///
/// # Errors
/// The first [`TargetError`], which names the step.
pub fn check(order: &Order, ports: &Ports<'_>) -> Result<(), TargetError> {
    for step in &order.steps {
        let checked = (ports.target)(&step.call).and_then(|target| target.check(&step.call));
        checked.map_err(|error| named(error, order, &step.name))?;
    }
    Ok(())
}

/// Carries an order out. With `wait` its last step is waited for as well; the others always are.
///
/// `about` has what every entry of the journal says of the event. `replaces` is the key of a run that is stopped first.
pub fn run(order: &Order, wait: bool, replaces: Option<&str>, about: &Entry, ports: &Ports<'_>) -> OrderDone {
    let mut runner = Runner { order, wait, about, ports, done: Vec::new() };
    let error = runner.stop_other(replaces).and_then(|()| runner.steps()).err();
    OrderDone { steps: runner.done, error }
}

struct Runner<'a, 'p> {
    order: &'a Order,
    wait: bool,
    about: &'a Entry,
    ports: &'a Ports<'p>,
    done: Vec<StepDone>,
}

impl Runner<'_, '_> {
    fn stop_other(&self, replaces: Option<&str>) -> Result<(), TargetError> {
        let (Some(key), Some(first)) = (replaces, self.order.steps.first()) else { return Ok(()) };
        let stopped = (self.ports.target)(&first.call).and_then(|target| target.stop(&first.call, key));
        stopped.map_err(|error| named(error, self.order, &first.name))?;
        let entry = Entry { key: Some(key.to_owned()), detail: Some(format!("for {}", self.order.key)), ..self.entry(What::Stopped) };
        self.ports.ledger.record(vec![entry])
    }

    fn steps(&mut self) -> Result<(), TargetError> {
        let is_chain = self.order.is_chain();
        if is_chain {
            self.ports.ledger.record(vec![Entry { key: Some(self.order.key.clone()), ..self.entry(What::Started) }])?;
        }
        let outcome = (0..self.order.steps.len()).try_for_each(|at| self.step(at, is_chain));
        if let (true, Err(error)) = (is_chain, &outcome) {
            // The next try goes on where this one stands: nothing was judged, and what was started is found again.
            let entry = Entry { key: Some(self.order.key.clone()), detail: Some(error.message.clone()), ..self.entry(What::Failed) };
            // Where it cannot be written down either, the first mistake says more.
            let _ = self.ports.ledger.record(vec![entry]);
        } else if is_chain {
            let passed = self.done.iter().all(|step| step.result.as_ref().is_none_or(|result| result.passed));
            let whole = self.done.iter().all(|step| step.receipt.is_none() || step.result.is_some());
            // What nobody waited for has not ended.
            if whole || !passed {
                let entry = Entry { key: Some(self.order.key.clone()), passed: Some(passed), ..self.entry(What::Finished) };
                self.ports.ledger.record(vec![entry])?;
            }
        }
        outcome
    }

    fn step(&mut self, at: usize, is_chain: bool) -> Result<(), TargetError> {
        let step = &self.order.steps[at];
        let results: Vec<(String, Option<StepResult>)> = self.done.iter().map(|done| (done.name.clone(), done.result.clone())).collect();
        let call = self.order.step(at, &results).map_err(|error| {
            let told = TargetError::input(error.to_string());
            error.hint.into_iter().fold(told, TargetError::hint)
        })?;
        let Some(call) = call else {
            self.done.push(StepDone { name: step.name.clone(), receipt: None, result: None });
            return Ok(());
        };
        let name = if is_chain { format!("`{}`, step `{}`", self.order.rule, step.name) } else { format!("`{}`", self.order.rule) };
        let entry = |what: What| Entry { key: Some(step.key.clone()), step: is_chain.then(|| step.name.clone()), ..self.entry(what) };
        let target = (self.ports.target)(&call).map_err(|error| named(error, self.order, &step.name))?;
        let deployment = self.begin(step.environment.as_deref(), &step.key).map_err(|error| named(error, self.order, &step.name))?;
        let receipt = match target.start(&call, &step.key) {
            Ok(receipt) => receipt,
            Err(error) => {
                let what = if error.fault == Fault::Doubt { What::Doubtful } else { What::Failed };
                self.ports.ledger.record(vec![Entry { detail: Some(error.message.clone()), ..entry(what) }])?;
                self.end(deployment, "error", None, &error.message)?;
                return Err(named(error, self.order, &step.name));
            }
        };
        let origin = match receipt.origin {
            Origin::New => "started",
            Origin::FoundAgain => "started (the answer was lost, and the run found)",
            Origin::Earlier => "was started before",
        };
        let place = receipt.url.clone().or_else(|| receipt.id.clone());
        (self.ports.talk)(&format!("{name} {origin}{}", place.as_deref().map(|place| format!(": {place}")).unwrap_or_default()));
        let what = if receipt.origin == Origin::Earlier { What::Duplicate } else { What::Started };
        self.ports.ledger.record(vec![Entry { place: place.clone(), ..entry(what) }])?;
        let is_last = at + 1 == self.order.steps.len();
        let waits = receipt.is_ours_to_end || ((self.wait || !is_last) && receipt.can_wait);
        let result = match (receipt.result.clone(), waits) {
            (Some(result), _) => Some(result),
            (None, true) => match target.wait(&call, &receipt, step.timeout) {
                Ok(result) => Some(result),
                Err(error) => {
                    self.end(deployment, "error", receipt.url.as_deref(), &error.message)?;
                    return Err(named(error, self.order, &step.name));
                }
            },
            (None, false) => None,
        };
        if let Some(result) = &result {
            (self.ports.talk)(&format!("{name} {}: {}", if result.passed { "passed" } else { "failed" }, result.conclusion));
            let place = result.url.clone().or(place);
            let detail = Some(result.conclusion.clone());
            self.ports.ledger.record(vec![Entry { passed: Some(result.passed), detail, place, ..entry(What::Finished) }])?;
            let state = if result.passed { "success" } else { "failure" };
            self.end(deployment, state, result.url.as_deref().or(receipt.url.as_deref()), &result.conclusion)?;
        }
        self.done.push(StepDone { name: step.name.clone(), receipt: Some(receipt), result });
        Ok(())
    }

    fn begin(&self, environment: Option<&str>, key: &str) -> Result<Option<u64>, TargetError> {
        let (Some(environment), Some(deployments)) = (environment, self.ports.deployments) else { return Ok(None) };
        let id = deployments.begin(environment, key)?;
        deployments.status(id, "in_progress", None, &self.order.rule)?;
        Ok(Some(id))
    }

    fn end(&self, deployment: Option<u64>, state: &str, url: Option<&str>, told: &str) -> Result<(), TargetError> {
        match (deployment, self.ports.deployments) {
            (Some(id), Some(deployments)) => deployments.status(id, state, url, told),
            _ => Ok(()),
        }
    }

    fn entry(&self, what: What) -> Entry {
        let rule = Some(self.order.rule.clone());
        Entry { what, time: (self.ports.now)(), rule, ..self.about.clone() }
    }
}

/// Which order it is about.
fn named(mut error: TargetError, order: &Order, step: &str) -> TargetError {
    let line = order.line.map(|line| format!(" (line {line})")).unwrap_or_default();
    let step = if order.is_chain() { format!(", step `{step}`") } else { String::new() };
    error.message = format!("trigger `{}`{line}{step}: {}", order.rule, error.message);
    error
}
