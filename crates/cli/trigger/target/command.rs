//! A program on this machine: a list of arguments and no shell, run once for each key.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use proofmark_git::Head;
use proofmark_render::escape::terminal;
use proofmark_trigger::target::{Origin, Receipt, Target, TargetError};
use proofmark_trigger::{Call, PastRun, RunState, StepResult};

use crate::trigger::Now;
use crate::trigger::ledger::Lease;

/// Variables that are proofmark's own and no business of what it starts.
const WITHHELD: [&str; 4] = ["GITHUB_TOKEN", "GH_TOKEN", "JENKINS_API_TOKEN", "PROOFMARK_INPUT_TOKEN"];
/// The pause between two looks at a program that may take only so long.
const LOOK: Duration = Duration::from_millis(50);

pub(super) struct Command<'a> {
    now: &'a Now<'a>,
    running: RefCell<Option<Child>>,
    /// As long as this target lives, and so until the end is in the journal: whoever gets the lease next finds it there.
    lease: RefCell<Option<Lease>>,
}

/// What is to be run.
pub(super) struct Program {
    pub(super) argv: Vec<String>,
    pub(super) env: Vec<(String, String)>,
    pub(super) folder: PathBuf,
    pub(super) keeps_tokens: bool,
}

impl<'a> Command<'a> {
    pub(super) fn new(now: &'a Now<'a>) -> Self {
        Self { now, running: RefCell::default(), lease: RefCell::default() }
    }

    fn program(&self, call: &Call) -> Result<Program, TargetError> {
        let Call::Command { argv, env, folder } = call else { return Err(TargetError::input("this is no program")) };
        let env = env.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        Ok(Program { argv: argv.clone(), env, folder: root(self.now)?.join(folder), keeps_tokens: false })
    }

    /// Starts a program, unless it was run or is run.
    pub(super) fn begin(&self, program: &Program, key: &str) -> Result<Receipt, TargetError> {
        let short = proofmark_core::event::Mark::parse(key).map_or_else(|| key.to_owned(), |mark| mark.key);
        let Some(lease) = self.now.journal.lease(&short)? else {
            return Ok(Receipt { id: Some(short), ..Receipt::new(Origin::Earlier) });
        };
        // Now that nobody else runs it: whoever had the lease before may have done it all.
        if let Some(result) = self.done_before(&short)? {
            return Ok(Receipt { result: Some(result), ..Receipt::new(Origin::Earlier) });
        }
        let name = program.argv.first().map(String::as_str).unwrap_or_default();
        let mut command = std::process::Command::new(name);
        command.args(&program.argv[1..]).current_dir(&program.folder);
        command.stdin(lease.shared().unwrap_or_else(|_| Stdio::null()));
        // Standard output is for what comes out of this command, and programs may talk.
        command.stdout(Stdio::from(std::io::stderr()));
        if !program.keeps_tokens {
            for name in WITHHELD {
                command.env_remove(name);
            }
        }
        command.envs(program.env.iter().map(|(name, value)| (name, value))).env("PROOFMARK_KEY", key);
        let child = command.spawn().map_err(|error| unstartable(name, &program.folder, &error))?;
        self.tell_of_another_commit(name);
        let id = Some(format!("process {}", child.id()));
        *self.running.borrow_mut() = Some(child);
        *self.lease.borrow_mut() = Some(lease);
        Ok(Receipt { id, is_ours_to_end: true, ..Receipt::new(Origin::New) })
    }

    /// Programs run on what is checked out, which may be another commit than the event is about.
    fn tell_of_another_commit(&self, name: &str) {
        let source = self.now.source;
        let head = source.repository.as_ref().and_then(|repository| match repository.head() {
            Ok(Head::Branch { commit, .. } | Head::Detached { commit }) => Some(commit),
            _ => None,
        });
        let (Some(here), Some(wanted)) = (head, &source.event.head.commit) else { return };
        // A merge that was made for the test holds it.
        if here.id != *wanted && !here.parents.contains(wanted) {
            let short = |id: &str| id.get(..10).unwrap_or(id).to_owned();
            let (here, wanted) = (short(&here.id), short(wanted));
            self.now
                .printer
                .say(&format!("note: `{}` runs on {here}, which is checked out, and the event is about {wanted}", terminal(name)));
        }
    }

    fn done_before(&self, key: &str) -> Result<Option<StepResult>, TargetError> {
        let past = self.now.journal.read().map_err(TargetError::from)?.past();
        Ok(past.with_key(key).filter(|run| run.state != RunState::UnderWay).map(|run| {
            let passed = run.state == RunState::Passed;
            StepResult { passed, conclusion: if passed { "passed before" } else { "failed before" }.to_owned(), id: None, url: None }
        }))
    }

    /// Waits for the program, or for the process that runs it.
    pub(super) fn end(&self, receipt: &Receipt, seconds: Option<u64>) -> Result<StepResult, TargetError> {
        let running = self.running.borrow_mut().take();
        let Some(mut child) = running else {
            let key = receipt.id.as_deref().unwrap_or_default();
            self.now.journal.wait_for(key);
            return self.done_before(key)?.ok_or_else(|| {
                TargetError::outside("the process that ran it ended without telling what came of it")
                    .hint("run this again: it is then started anew")
            });
        };
        let end = seconds.and_then(|seconds| Instant::now().checked_add(Duration::from_secs(seconds)));
        let lost = |error: &std::io::Error| TargetError::outside(format!("the program cannot be waited for: {error}"));
        let status = loop {
            let Some(end) = end else { break child.wait().map_err(|error| lost(&error))? };
            match child.try_wait().map_err(|error| lost(&error))? {
                Some(status) => break status,
                None if Instant::now() >= end => {
                    // It may have ended just now.
                    let _ = child.kill();
                    child.wait().map_err(|error| lost(&error))?;
                    let conclusion = format!("took longer than {} s and was ended", seconds.unwrap_or_default());
                    return Ok(StepResult { passed: false, conclusion, id: receipt.id.clone(), url: None });
                }
                None => std::thread::sleep(LOOK),
            }
        };
        Ok(StepResult { passed: status.success(), conclusion: in_words(status), id: receipt.id.clone(), url: None })
    }
}

impl Target for Command<'_> {
    fn check(&self, call: &Call) -> Result<(), TargetError> {
        let program = self.program(call)?;
        if !program.folder.is_dir() {
            return Err(TargetError::input(format!("there is no folder `{}` to run in", program.folder.display())));
        }
        let name = program.argv.first().map(String::as_str).unwrap_or_default();
        let is_there = if name.contains('/') || name.contains('\\') {
            program.folder.join(name).exists()
        } else {
            let folders = self.now.world.var("PATH").unwrap_or_default();
            std::env::split_paths(folders)
                .any(|folder| ["", ".exe", ".cmd", ".bat"].iter().any(|end| folder.join(format!("{name}{end}")).is_file()))
        };
        if is_there { Ok(()) } else { Err(unstartable(name, &program.folder, &std::io::ErrorKind::NotFound.into())) }
    }

    fn start(&self, call: &Call, key: &str) -> Result<Receipt, TargetError> {
        self.begin(&self.program(call)?, key)
    }

    fn wait(&self, _: &Call, receipt: &Receipt, seconds: Option<u64>) -> Result<StepResult, TargetError> {
        self.end(receipt, seconds)
    }

    fn past(&self, _: &Call) -> Result<Vec<PastRun>, TargetError> {
        // The journal knows.
        Ok(Vec::new())
    }

    fn stop(&self, _: &Call, _: &str) -> Result<(), TargetError> {
        Err(TargetError::input("a program that another process runs is not stopped").hint("`busy = \"queue\"` or `\"reject\"` do without"))
    }
}

/// The folder that relative ones start from.
pub(super) fn root(now: &Now<'_>) -> Result<PathBuf, TargetError> {
    let root = now.source.repository.as_ref().and_then(proofmark_git::Repository::root);
    root.map(Path::to_owned).ok_or_else(|| TargetError::input("programs run in a checkout, and there is none"))
}

fn unstartable(name: &str, folder: &Path, error: &std::io::Error) -> TargetError {
    let told = TargetError::input(format!("`{name}` cannot be started in `{}`: {error}", folder.display()));
    if error.kind() == std::io::ErrorKind::NotFound { told.hint("is it installed, and on the PATH?") } else { told }
}

fn in_words(status: ExitStatus) -> String {
    match status.code() {
        Some(0) => "success".to_owned(),
        Some(code) => format!("exit code {code}"),
        None => "ended by a signal".to_owned(),
    }
}
