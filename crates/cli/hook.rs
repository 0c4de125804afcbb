//! `proofmark hook`: a git pre-push hook that gates what is about to be pushed.

use std::io::Read as _;
use std::path::Path;

use clap::{Args, Subcommand};
use proofmark_git::Repository;

use crate::args::Between;
use crate::base::default_branch;
use crate::exit::{self, CliError, unwritable};
use crate::gate::{self, Gate};
use crate::output::write_file;
use crate::posting::args::FailOn;
use crate::printer::Printer;
use crate::world::World;

/// The line by which our hook is known.
const MARK: &str = "# proofmark pre-push hook";
/// Where a hook that was there before goes.
const CHAINED: &str = "pre-push.before-proofmark";
/// The variable that skips the gate once.
const SKIP: &str = "PROOFMARK_SKIP";
/// Rows of a table that a push shows.
const ROWS: usize = 50;

/// Install or remove a git pre-push hook that gates what is pushed
///
/// PROOFMARK_SKIP=1 git push skips it once. A hook that was there before is kept and runs first.
#[derive(Debug, Args)]
pub(crate) struct Hook {
    #[command(subcommand)]
    pub(crate) action: Action,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Install the hook (honours core.hooksPath)
    Install,
    /// Remove it, and put back the hook that was there before
    Uninstall,
    /// What the hook calls: gates the refs on standard input
    #[command(hide = true)]
    Run {
        /// The remote's name and address, as git gives them
        remote: Vec<String>,
    },
    /// What the hook of pre-commit calls: gates what its variables say is pushed, else the work tree
    #[command(hide = true)]
    PreCommit,
}

pub(crate) fn run(args: &Hook, world: &World, printer: &Printer) -> Result<u8, CliError> {
    match &args.action {
        Action::Install => install(world, printer),
        Action::Uninstall => uninstall(world, printer),
        Action::Run { .. } => gate_push(world, printer),
        Action::PreCommit => gate_for_pre_commit(world, printer),
    }
}

fn install(world: &World, printer: &Printer) -> Result<u8, CliError> {
    let folder = Repository::discover(&world.folder)?.hooks_dir()?;
    std::fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, &error))?;
    let (hook, chained) = (folder.join("pre-push"), folder.join(CHAINED));
    if hook.symlink_metadata().is_ok() && !is_ours(&hook) {
        if chained.symlink_metadata().is_ok() {
            return Err(CliError::input(format!("both `{}` and `{}` are there", hook.display(), chained.display()))
                .hint("remove one of them; the second is where a hook that was there before is kept"));
        }
        std::fs::rename(&hook, &chained).map_err(|error| unwritable(&chained, &error))?;
        printer.say(&format!("The hook that was there runs first, as {}.", chained.display()));
    }
    write_file(&hook, script(world.program.as_deref()).as_bytes()).map_err(|error| unwritable(&hook, &error))?;
    make_executable(&hook).map_err(|error| unwritable(&hook, &error))?;
    printer.say(&format!("Installed {}. {SKIP}=1 git push skips it once.", hook.display()));
    Ok(exit::ALLOWED)
}

fn uninstall(world: &World, printer: &Printer) -> Result<u8, CliError> {
    let folder = Repository::discover(&world.folder)?.hooks_dir()?;
    let (hook, chained) = (folder.join("pre-push"), folder.join(CHAINED));
    if hook.symlink_metadata().is_err() {
        printer.say("No pre-push hook is installed.");
        return Ok(exit::ALLOWED);
    }
    if !is_ours(&hook) {
        return Err(CliError::input(format!("`{}` is not proofmark's", hook.display())).hint("remove it by hand if you mean to"));
    }
    std::fs::remove_file(&hook).map_err(|error| unwritable(&hook, &error))?;
    if chained.symlink_metadata().is_ok() {
        std::fs::rename(&chained, &hook).map_err(|error| unwritable(&hook, &error))?;
        printer.say("Removed; the hook that was there before is back.");
    } else {
        printer.say("Removed.");
    }
    Ok(exit::ALLOWED)
}

fn is_ours(hook: &Path) -> bool {
    std::fs::read(hook).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).lines().any(|line| line == MARK))
}

/// The hook: runs what was there before with the same input, then the gate.
fn script(program: Option<&Path>) -> String {
    let program = program.map_or_else(|| "proofmark".to_owned(), |path| shell_quoted(&path.to_string_lossy().replace('\\', "/")));
    format!(
        r#"#!/bin/sh
{MARK}
# Installed by `proofmark hook install`, removed by `proofmark hook uninstall`. {SKIP}=1 git push skips the gate once.
pushed=$(cat; printf x)
pushed=${{pushed%x}}
before=$(dirname "$0")/{CHAINED}
if [ -x "$before" ]; then
    printf %s "$pushed" | "$before" "$@" || exit $?
fi
[ -z "${{{SKIP}-}}" ] || exit 0
proofmark={program}
command -v "$proofmark" >/dev/null 2>&1 || proofmark=proofmark
if ! command -v "$proofmark" >/dev/null 2>&1; then
    echo "proofmark is not installed any more, so the push was not gated. {SKIP}=1 skips the gate." >&2
    exit 2
fi
printf %s "$pushed" | "$proofmark" hook run "$@"
"#
    )
}

fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(unix)]
fn make_executable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// One ref that git is about to push.
#[derive(Debug, PartialEq, Eq)]
struct Pushed {
    commit: String,
    remote: String,
    /// The commit that the remote has; `None` for a new ref.
    before: Option<String>,
}

fn gate_push(world: &World, printer: &Printer) -> Result<u8, CliError> {
    let mut text = String::new();
    std::io::stdin().lock().read_to_string(&mut text).map_err(|error| CliError::input("cannot read what git pushes").because(&error))?;
    let mut worst = exit::ALLOWED;
    for pushed in text.lines().filter_map(parse) {
        if !pushed.remote.starts_with("refs/heads/") {
            continue;
        }
        let code = gate_ref(&pushed, world, printer)?;
        // A block is what the user must hear of, before anything that could not be judged.
        worst = match (worst, code) {
            (exit::BLOCKED, _) | (_, exit::BLOCKED) => exit::BLOCKED,
            (one, two) => one.max(two),
        };
    }
    if worst != exit::ALLOWED {
        printer.say(&format!("The push was stopped. {SKIP}=1 git push skips the gate once."));
    }
    Ok(worst)
}

/// pre-commit tells in variables what git tells on standard input. On a push it says where to; started with
/// `--from-ref` and `--to-ref` it says what to compare; otherwise the files on disk are what is meant.
fn gate_for_pre_commit(world: &World, printer: &Printer) -> Result<u8, CliError> {
    if world.var(SKIP).is_some() {
        return Ok(exit::ALLOWED);
    }
    let (from, to) = (world.var("PRE_COMMIT_FROM_REF"), world.var("PRE_COMMIT_TO_REF"));
    if let Some(remote) = world.var("PRE_COMMIT_REMOTE_BRANCH") {
        if !remote.starts_with("refs/heads/") {
            return Ok(exit::ALLOWED);
        }
        let pushed = to.or_else(|| world.var("PRE_COMMIT_LOCAL_BRANCH")).unwrap_or("HEAD");
        let commit = Repository::discover(&world.folder)?.resolve(pushed)?.id;
        return gate_ref(&Pushed { commit, remote: remote.to_owned(), before: from.map(str::to_owned) }, world, printer);
    }
    let between = Between { base: from.filter(|_| to.is_some()).map(str::to_owned), head: to.map(str::to_owned), ..Between::default() };
    show(&Gate { between, ..Gate::default() }, world, printer)
}

/// `<local ref> <local id> <remote ref> <remote id>`; a deletion has a local id of zeros and nothing to judge.
fn parse(line: &str) -> Option<Pushed> {
    let mut fields = line.split(' ');
    let (_local, commit, remote, before) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let is_zero = |id: &str| id.bytes().all(|byte| byte == b'0');
    (!is_zero(commit)).then(|| Pushed {
        commit: commit.to_owned(),
        remote: remote.to_owned(),
        before: (!is_zero(before)).then(|| before.to_owned()),
    })
}

fn gate_ref(pushed: &Pushed, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let repository = Repository::discover(&world.folder)?;
    let branch = pushed.remote.trim_start_matches("refs/heads/");
    let default = default_branch(&repository, None, true).ok();
    let is_default = default.as_ref().is_some_and(|default| default.branch == branch);
    // A push to the default branch itself, or where no branch is the default, is judged against what the remote has.
    let base = match default {
        Some(default) if !is_default => Some(default.name),
        _ => pushed.before.clone().filter(|id| repository.resolve(id).is_ok()),
    };
    let Some(base) = base else {
        printer.say(&format!("{}: nothing on the remote to compare with yet.", proofmark_render::escape::terminal(branch)));
        return Ok(exit::ALLOWED);
    };
    let between = Between { base: Some(base), head: Some(pushed.commit.clone()), ..Between::default() };
    let args = Gate { between, branch: is_default.then(|| branch.to_owned()), ..Gate::default() };
    show(&args, world, printer)
}

/// Judges, and says what came out: git shows the user what a hook writes to standard error.
fn show(args: &Gate, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let report = gate::judged(args, None, world)?.report;
    let options = proofmark_render::Options { width: world.width, colour: printer.colour, all: false, max_rows: ROWS };
    printer.say(proofmark_render::report_table(&report, &options).trim_end());
    Ok(gate::code(&report, FailOn::Block))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_git_gives() {
        let line = "refs/heads/x aaaa refs/heads/x 0000";
        assert_eq!(parse(line).map(|pushed| (pushed.commit, pushed.before)), Some(("aaaa".into(), None)));
        assert_eq!(parse("(delete) 0000 refs/heads/x bbbb"), None);
        assert_eq!(parse("nonsense"), None);
    }

    #[test]
    fn a_path_with_quotes_stays_one_word() {
        assert_eq!(shell_quoted("/a b/c'd"), r"'/a b/c'\''d'");
    }
}
