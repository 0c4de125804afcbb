//! The event: of the run around us, of a file, or of a local state.

use std::io::Read as _;
use std::path::Path;

use proofmark_core::event::{Actor, Drift, Event, Kind, Mark, Sender};
use proofmark_core::report;
use proofmark_core::run::{Place, PullRequest};
use proofmark_git::{DefaultBranch, Head, Repository};
use proofmark_github::event as github;
use proofmark_jenkins::{event as jenkins, host as build};
use proofmark_mlflow::webhook;

use super::SourceArgs;
use crate::digest::sha256;
use crate::exit::CliError;
use crate::host::Host;
use crate::session::open_repository;
use crate::world::World;

/// A file with an event is not larger: what GitHub sends at most.
const LONGEST: u64 = 26 << 20;

/// An event, and where it was found.
pub(crate) struct Source {
    pub(crate) event: Event,
    /// The run around us.
    pub(crate) host: Option<Host>,
    /// The clone around us.
    pub(crate) repository: Option<Repository>,
    /// Whether it is a local state, and no run of a CI system around it.
    pub(crate) is_local: bool,
}

impl Source {
    pub(crate) fn find(args: &SourceArgs, world: &World) -> Result<Self, CliError> {
        let host = Host::described(args.repository.as_deref(), None, world)?;
        let repository = open_repository(world).ok();
        let is_local = host.as_ref().is_none_or(|host| host.actions.is_none() && !host.is_build());
        let mut event = if let Some(file) = args.payload.as_ref().or(args.report.as_ref()) {
            let mut event = of_file(file, args.event.as_deref(), world)?;
            if event.sender == Sender::Proofmark && !is_local {
                within(&mut event, &of_run(host.as_ref(), world)?);
            }
            event
        } else if let Some(kind) = &args.event {
            of_state(kind, args, repository.as_ref(), world)?
        } else {
            of_run(host.as_ref(), world)?
        };
        // What an order started may tell of events itself.
        let above = world.var("PROOFMARK_KEY").and_then(|key| Mark::parse(key.trim()));
        event.depth = event.depth.max(above.map_or(0, |mark| mark.depth));
        if event.repository.is_none() {
            event.repository = args.repository.clone().or_else(|| host.as_ref()?.run.repository.clone());
        }
        if event.default_branch.is_none() {
            let here = || repository.as_ref()?.default_branch(None).ok().map(|branch| branch.branch);
            event.default_branch = host.as_ref().and_then(Host::default_branch).or_else(here);
        }
        Ok(Self { event, host, repository, is_local })
    }

    /// GitHub, where it can be asked.
    pub(crate) fn server(&self) -> Option<&Host> {
        self.host.as_ref().filter(|host| host.can_ask())
    }
}

/// A report tells of a run as whoever wrote it likes; what the run that reads it is about is known better.
fn within(event: &mut Event, run: &Event) {
    event.depth = event.depth.max(run.depth);
    if run.is_foreign() {
        event.run.get_or_insert_default().fork = true;
    }
    event.repository.clone_from(&run.repository);
    event.default_branch.clone_from(&run.default_branch);
}

/// What the run around us is of.
fn of_run(host: Option<&Host>, world: &World) -> Result<Event, CliError> {
    let var = |name: &str| world.var(name).map(str::to_owned);
    if let Some(actions) = host.and_then(|host| host.actions.as_ref()) {
        let payload = world.var("GITHUB_EVENT_PATH").map(|path| read(Path::new(path), world)).transpose()?;
        return github::of_run(actions, &var, payload.as_deref()).map_err(|error| unreadable("the event of this run", &error));
    }
    if let (Some(host), Some(mut found)) = (host.filter(|host| host.is_build()), build::read(&var)) {
        found.run.clone_from(&host.run);
        return Ok(jenkins::of_build(&found, &var));
    }
    Err(CliError::input("there is no event").hint(
        "run in GitHub Actions or Jenkins, or give one: `--event push --from main~1 --to main`, `--payload FILE`, `--report report.json`",
    ))
}

/// Whatever kind of event a file holds.
pub(crate) fn of_file(file: &Path, name: Option<&str>, world: &World) -> Result<Event, CliError> {
    let bytes = read(file, world)?;
    of_bytes(&bytes, name, file)
}

/// The same of bytes; `file` is for messages, and its name may tell the kind of event.
pub(crate) fn of_bytes(bytes: &[u8], name: Option<&str>, file: &Path) -> Result<Event, CliError> {
    let shown = file.display().to_string();
    let hash = sha256(bytes);
    let mut event = match (name, form(bytes)) {
        (None, Form::Own) => serde_json::from_slice(bytes).map_err(|error| unreadable(&format!("the event in `{shown}`"), &error))?,
        (None, Form::Report) => {
            let report = report::read(bytes).map_err(|error| {
                let told = CliError::input(format!("`{shown}`: {error}"));
                error.hint().into_iter().fold(told, CliError::hint)
            })?;
            return Ok(Event::of_report(&report, proofmark_render::headline(&report), hash));
        }
        (None, Form::Drift) => {
            let drift = Drift::read(bytes).map_err(|error| unreadable(&format!("the drift document `{shown}`"), &error))?;
            return Ok(Event::of_drift(&drift, hash));
        }
        (None, Form::Mlflow) => {
            let told = webhook::read_body(bytes).map_err(|error| unreadable(&format!("MLflow's event in `{shown}`"), &error))?;
            webhook::of_event(&told)
        }
        (name, _) => {
            let stem = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let told = name
                .map(github_name)
                .or_else(|| github::name_of_file(&stem).map(str::to_owned))
                .or_else(|| github::guess(bytes).map(str::to_owned));
            let told = told.ok_or_else(|| {
                CliError::input(format!("it cannot be told which event `{shown}` is"))
                    .hint("name it as GitHub does: `--event pull_request`")
            })?;
            github::read(&told, bytes).map_err(|error| unreadable(&format!("the event `{told}` in `{shown}`"), &error))?
        }
    };
    // The same file is the same delivery.
    event.id.get_or_insert(hash);
    Ok(event)
}

/// What GitHub calls a kind of ours.
fn github_name(name: &str) -> String {
    if name == "comment" { "issue_comment".to_owned() } else { name.to_owned() }
}

/// The forms that a file can have.
enum Form {
    Own,
    Report,
    Drift,
    Mlflow,
    Github,
}

fn form(bytes: &[u8]) -> Form {
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_slice(bytes) else { return Form::Github };
    let text = |name: &str| fields.get(name).and_then(serde_json::Value::as_str);
    match (text("kind"), text("sender")) {
        (Some("report"), _) => Form::Report,
        (Some("drift"), _) if !fields.contains_key("sender") => Form::Drift,
        (Some(_), Some(_)) => Form::Own,
        _ if text("entity").is_some() && text("action").is_some() => Form::Mlflow,
        _ => Form::Github,
    }
}

/// An event that the state of this clone is.
fn of_state(kind: &str, args: &SourceArgs, repository: Option<&Repository>, world: &World) -> Result<Event, CliError> {
    let parsed = Kind::parse(kind).ok_or_else(|| {
        let told = CliError::input(format!("`{kind}` is no kind of event"));
        let near = proofmark_core::config::nearest(kind, Kind::names()).map(|near| format!("did you mean `{near}`?"));
        near.into_iter().fold(told, CliError::hint)
    })?;
    if parsed == Kind::Schedule {
        let mut event = Event::new(Sender::Schedule, parsed);
        event.schedule = Some(
            args.schedule
                .clone()
                .ok_or_else(|| CliError::input("the line of the time table is missing").hint("give `--schedule \"17 3 * * *\"`"))?,
        );
        event.time = Some(world.now());
        // A minute is as fine as time tables are.
        event.id = Some((world.now() / 60).to_string());
        event.actor = world.var("USER").map(|user| Actor::new(user, false));
        event.branch = args.branch.clone().or_else(|| repository?.default_branch(None).ok().map(|branch| branch.branch));
        return Ok(event);
    }
    if !matches!(parsed, Kind::Push | Kind::PullRequest) {
        return Err(
            CliError::input(format!("an event `{kind}` cannot be made of the state of a clone")).hint("give its payload: `--payload FILE`")
        );
    }
    let Some(repository) = repository else {
        return Err(open_repository(world).err().map_or_else(|| CliError::input("there is no repository"), Into::into));
    };
    let head = repository.resolve(args.to.as_deref().unwrap_or("HEAD"))?;
    let here = match (repository.head(), args.to.as_deref()) {
        (Ok(Head::Branch { name, .. }), None | Some("HEAD")) => Some(name),
        (_, to) => to.and_then(|to| branch_of(to, repository)),
    };
    let default = repository.default_branch(None).ok();
    let before = match (&args.from, &default) {
        (Some(from), _) => Some(repository.resolve(from)?.id),
        (None, Some(default)) if parsed == Kind::Push && default.commit.id != head.id => {
            repository.merge_base(&default.commit, &head)?.map(|commit| commit.id)
        }
        (None, _) if parsed == Kind::Push => head.parents.first().cloned(),
        (None, default) => default.as_ref().map(|default| default.commit.id.clone()),
    };
    let mut event = Event::new(Sender::Git, parsed.clone());
    event.actor = world.var("USER").map(|user| Actor::new(user, false));
    // A commit is the default branch's where that has it; the rules of any other are only proposed.
    let has = |branch: &&DefaultBranch| {
        let base = repository.merge_base(&branch.commit, &head);
        base.is_ok_and(|base| base.is_some_and(|base| base.id == head.id))
    };
    let pushed = args.branch.clone().or(here).or_else(|| default.as_ref().filter(has).map(|default| default.branch.clone()));
    if parsed == Kind::Push {
        event.branch.clone_from(&pushed);
        event.base = Place::new(pushed.clone(), before);
        event.head = Place::new(pushed, Some(head.id));
        event.push = Some(proofmark_core::event::Push::default());
    } else {
        event.action = Some("synchronize".to_owned());
        event.branch = args.branch.clone().or_else(|| default.as_ref().map(|default| default.branch.clone()));
        event.base = Place::new(event.branch.clone(), before);
        let from = match repository.head() {
            Ok(Head::Branch { name, .. }) => Some(name),
            _ => None,
        };
        event.head = Place::new(from, Some(head.id));
        event.pull_request = Some(PullRequest::new(0));
    }
    Ok(event)
}

/// The branch that a revision names as such.
fn branch_of(revision: &str, repository: &Repository) -> Option<String> {
    let name = revision.strip_prefix("refs/heads/").unwrap_or(revision);
    // Nothing that git would read as steps from a branch.
    let is_plain = !name.contains(['~', '^', ':']) && !name.contains("@{");
    (is_plain && repository.resolve(&format!("refs/heads/{name}")).is_ok()).then(|| name.to_owned())
}

/// A file of the command line, bounded.
fn read(file: &Path, world: &World) -> Result<Vec<u8>, CliError> {
    let path = world.folder.join(file);
    let mut bytes = Vec::new();
    let read = std::fs::File::open(&path).and_then(|opened| opened.take(LONGEST + 1).read_to_end(&mut bytes));
    read.map_err(|error| CliError::input(format!("cannot read `{}`", file.display())).because(&error))?;
    if bytes.len() as u64 > LONGEST {
        return Err(CliError::input(format!("`{}` is longer than {LONGEST} bytes", file.display())));
    }
    Ok(bytes)
}

fn unreadable(what: &str, error: &dyn std::error::Error) -> CliError {
    CliError::input(format!("{what} cannot be read")).because(error)
}
