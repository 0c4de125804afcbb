//! proofmark's own gate and promotion as steps: the same program, started with a command line.

use proofmark_core::config::Effect;
use proofmark_trigger::target::{Receipt, Target, TargetError};
use proofmark_trigger::{Call, PastRun, StepResult};

use super::command::{Command, Program, root};
use crate::trigger::Now;

pub(super) struct Own<'a> {
    now: &'a Now<'a>,
    command: Command<'a>,
}

impl<'a> Own<'a> {
    pub(super) fn new(now: &'a Now<'a>) -> Self {
        Self { now, command: Command::new(now) }
    }

    fn program(&self, call: &Call) -> Result<Program, TargetError> {
        let program = self.now.world.program.as_ref().ok_or_else(|| TargetError::input("proofmark does not know where it is itself"))?;
        let mut argv = vec![program.to_string_lossy().into_owned()];
        argv.extend(words(call)?);
        Ok(Program { argv, env: Vec::new(), folder: root(self.now)?, keeps_tokens: true })
    }
}

/// The command line; what comes from an event stands after an equals sign or `--`, and is no option.
fn words(call: &Call) -> Result<Vec<String>, TargetError> {
    let mut words = Vec::new();
    match call {
        Call::Gate { base, head, fail_on } => {
            let level = match fail_on {
                Effect::Allow => "never",
                Effect::Notice => "notice",
                Effect::Block => "block",
            };
            words.extend(["gate".to_owned(), format!("--fail-on={level}"), "--".to_owned()]);
            match (base, head) {
                (None, Some(_)) => return Err(TargetError::input("the gate has a head and no base").hint("give `base` as well")),
                (base, head) => words.extend(base.iter().chain(head).cloned()),
            }
        }
        Call::Promote { model, becomes, rollback, from } => {
            let (option, value) = becomes.option();
            words.extend(["promote".to_owned(), format!("--{option}={value}")]);
            words.extend(rollback.then(|| "--rollback".to_owned()));
            words.extend(from.iter().map(|from| format!("--from={from}")));
            words.extend(["--".to_owned(), model.clone()]);
        }
        _ => return Err(TargetError::input("this is no command of proofmark's own")),
    }
    Ok(words)
}

impl Target for Own<'_> {
    fn check(&self, call: &Call) -> Result<(), TargetError> {
        self.program(call).map(drop)
    }

    fn start(&self, call: &Call, key: &str) -> Result<Receipt, TargetError> {
        self.command.begin(&self.program(call)?, key)
    }

    fn wait(&self, call: &Call, receipt: &Receipt, seconds: Option<u64>) -> Result<StepResult, TargetError> {
        let mut result = self.command.end(receipt, seconds)?;
        // What could not be judged is no verdict, and the next step must not take it for one.
        let told = match (call, result.conclusion.as_str()) {
            (Call::Gate { .. }, "success") => Some("passed"),
            (Call::Gate { .. }, "exit code 1") => Some("blocked"),
            (Call::Gate { .. }, "exit code 2" | "exit code 3") => Some("not judged"),
            _ => None,
        };
        if let Some(told) = told {
            told.clone_into(&mut result.conclusion);
        }
        Ok(result)
    }

    fn past(&self, call: &Call) -> Result<Vec<PastRun>, TargetError> {
        self.command.past(call)
    }

    fn stop(&self, call: &Call, key: &str) -> Result<(), TargetError> {
        self.command.stop(call, key)
    }
}
