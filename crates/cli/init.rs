//! `proofmark init`: looks at the repository and writes a policy to start from.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::Args;
use proofmark_core::config::Compare;
use proofmark_core::direction::{Direction, DirectionSource, guess, is_counter};
use proofmark_core::glob::Glob;
use proofmark_core::key::Key;
use proofmark_core::number::shown;
use proofmark_core::policy::BUILT_IN_TOLERANCE;
use proofmark_core::ports::Tree as _;
use proofmark_core::snapshot::Snapshot;
use proofmark_git::Repository;
use proofmark_render::escape::terminal;

use crate::exit::{self, CliError, unwritable};
use crate::output::write_file;
use crate::printer::Printer;
use crate::sources::Sources;
use crate::world::World;

/// More metrics than this get one rule for all, not one each.
const MANY: usize = 40;

/// Write a commented proofmark.toml for the metrics of this repository
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Overwrite a proofmark.toml that is there
    #[arg(long)]
    pub(crate) force: bool,
    /// Print it and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

pub(crate) fn run(args: &Init, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let repository = Repository::discover(&world.folder)?;
    let tree = repository.work_tree()?;
    let mut sources = Sources::new(&repository, &Compare::default(), world)?;
    let found = sources.discover(&repository, &tree);
    let wanted = found.discovery.clone();
    let snapshot = sources.snapshot(&tree, &found, &wanted);
    let default_branch = repository.default_branch(None).map(|branch| branch.branch).ok();
    let text = document(&snapshot, default_branch.as_deref());
    for problem in snapshot.problems.iter().chain(snapshot.metrics.values().filter_map(|reading| reading.leaves.as_ref().err())) {
        printer.say(&terminal(&format!("warning: {problem}")));
    }
    if args.dry_run {
        printer.data(text.as_bytes())?;
        return Ok(exit::ALLOWED);
    }
    let path = tree.root().join("proofmark.toml");
    let there = path.symlink_metadata().ok();
    // The repository is not trusted: its link could lead to any file of the user's.
    if there.as_ref().is_some_and(std::fs::Metadata::is_symlink) {
        return Err(CliError::input(format!("`{}` is a symbolic link", path.display())).hint("remove it first; --dry-run only prints"));
    }
    if there.is_some() && !args.force {
        return Err(CliError::input(format!("`{}` is there already", path.display())).hint("--force overwrites it; --dry-run only prints"));
    }
    write_file(&path, text.as_bytes()).map_err(|error| unwritable(&path, &error))?;
    let files = match snapshot.metrics.len() {
        1 => "1 metrics file".to_owned(),
        count => format!("{count} metrics files"),
    };
    printer.say(&format!("Wrote {} ({files} found at {}).", path.display(), tree.revision().name));
    printer.say("Read it, correct the directions, commit it. It counts from the first commit of the base branch that has it.");
    Ok(exit::ALLOWED)
}

/// What is known of one metric name.
struct Seen {
    files: Vec<String>,
    example: String,
    /// One of the keys with this name.
    key: Key,
    /// Whether every value is finite. A rule for another would block every change from the start.
    finite: bool,
    /// Whether the name can be written as a glob at all.
    glob: bool,
}

impl Seen {
    /// Where it is, for a comment.
    fn place(&self) -> String {
        terminal(&format!("{} in {}", self.example, files(&self.files)))
    }

    /// Why no rule may name it yet, if so.
    fn unfit(&self) -> Option<&'static str> {
        (!self.finite).then_some("not finite").or((!self.glob).then_some("the name is too long for a glob"))
    }

    /// Its direction, where the name leaves no doubt.
    fn sure(&self) -> Option<Direction> {
        guess(&self.key).filter(|oriented| oriented.source == DirectionSource::Name).map(|oriented| oriented.direction)
    }
}

fn document(snapshot: &Snapshot, default_branch: Option<&str>) -> String {
    let metrics = numeric_metrics(snapshot);
    let mut text = String::from(
        "# proofmark.toml: what may get worse, and by how much.\n\
         # The gate reads this file from the commit that a change is compared with, so a change cannot loosen its own gate.\n\
         # Every key: `proofmark schema config`.\n\n[compare]\n",
    );
    let _ = writeln!(text, "# The branch that changes are merged into; found by itself when this line is away.");
    let _ = writeln!(text, "# default_branch = {}", quoted(default_branch.unwrap_or("main")));
    let _ = writeln!(text, "# Metrics files beside those of DVC. Found just now:");
    for file in snapshot.metrics.keys() {
        let _ = writeln!(text, "#   {}", terminal(file.as_str()));
    }
    let _ = writeln!(text, "# metrics = [\"metrics/*.json\"]\n");
    directions(&metrics, &mut text);
    text.push_str(
        "\n[policy]\n\
         # allow, notice or block:\n\
         no_baseline = \"notice\"     # the base has no value to compare with\n\
         inconclusive = \"notice\"    # a rule cannot be decided; also rerun\n\
         removed = \"notice\"         # a metric is gone and no rule names it\n\
         unreadable_head = \"block\"  # a metrics file of the change cannot be read\n\
         unreadable_base = \"block\"  # a metrics file of the base cannot be read\n\
         # fail, warn or info:\n\
         missing = \"fail\"           # a metric that a rule names is not there\n\
         non_finite = \"fail\"        # NaN, infinite, null or not a number\n",
    );
    text.push_str(
        "\n# What the action shows on GitHub.\n\
         # [github]\n\
         # comment = \"update\"         # recreate, hide-and-recreate, delete-when-fixed, only-on-change, off\n\
         # check_name = \"model quality\"\n\
         # labels = { block = [\"model-regression\"] }\n\
         # reviewers = { block = [\"octo-org/ml-leads\"] }\n",
    );
    rules(&metrics, &mut text);
    text.push_str(
        "\n# Metrics of runs that are logged to MLflow (its address is MLFLOW_TRACKING_URI):\n\
         # [[mlflow]]\n\
         # experiment = \"churn\"\n\
         # Of runs of Kubeflow Pipelines (KF_PIPELINES_ENDPOINT), whose parameter git_sha is the commit:\n\
         # [[kubeflow]]\n\
         # experiment = \"churn\"\n\
         \n# With the rows of the test set, or several runs, the same limits are judged with noise: surely kept, surely broken, or\n\
         # cannot tell. `proofmark plan --rows 2000 --margin 0.01` says how large a test set has to be.\n\
         # [[table]]\n\
         # name = \"test\"\n\
         # file = \"predictions.parquet\"    # or .csv, .tsv, .json, .jsonl\n\
         # id = \"id\"\n\
         # label = \"label\"\n\
         # prediction = \"prediction\"\n\
         # [[rule]]\n\
         # table = \"test\"\n\
         # metric = \"accuracy\"\n\
         # max_regression_abs = 0.01\n\
         # [[runs]]\n\
         # files = \"runs/*/metrics.json\"   # one training run a file\n",
    );
    text
}

/// Names of numeric metrics; elements of lists share one name with `[*]`.
fn numeric_metrics(snapshot: &Snapshot) -> BTreeMap<String, Seen> {
    let mut metrics: BTreeMap<String, Seen> = BTreeMap::new();
    for (file, reading) in &snapshot.metrics {
        for (key, value) in reading.leaves.iter().flat_map(|leaves| leaves.iter()) {
            let Some(number) = value.as_f64() else { continue };
            let name = as_glob(key.as_str());
            let seen = metrics.entry(name).or_insert_with_key(|name| Seen {
                files: Vec::new(),
                example: shown(value),
                key: key.clone(),
                finite: true,
                glob: Glob::name(name).is_ok(),
            });
            if seen.finite && !number.is_finite() {
                seen.finite = false;
                seen.example = shown(value);
            }
            if seen.files.last().is_none_or(|last| last != file.as_str()) {
                seen.files.push(file.as_str().to_owned());
            }
        }
    }
    metrics
}

/// The glob that matches a key, with `*` for list indices.
fn as_glob(key: &str) -> String {
    let mut glob = String::new();
    let mut letters = key.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '[' => {
                while letters.next_if(char::is_ascii_digit).is_some() {}
                glob.push_str("\\[*\\]");
                let _ = letters.next_if_eq(&']');
            }
            // An escape of the key, taken as it is by the glob as well.
            '\\' => {
                glob.push_str("\\\\");
                if let Some(next) = letters.next() {
                    push_literal(&mut glob, next);
                }
            }
            other => push_literal(&mut glob, other),
        }
    }
    glob
}

fn push_literal(glob: &mut String, letter: char) {
    if matches!(letter, '*' | '?' | '[' | ']' | '{' | '}' | '\\') {
        glob.push('\\');
    }
    glob.push(letter);
}

fn directions(metrics: &BTreeMap<String, Seen>, text: &mut String) {
    text.push_str("# Which way is better: higher, lower, or none for what is not a quality. Found by the names; correct what is wrong.\n[directions]\n");
    let mut unsure = String::new();
    for (name, seen) in metrics {
        let place = seen.place();
        let word = |direction| if direction == Direction::Higher { "higher" } else { "lower" };
        match guess(&seen.key) {
            guessed if let Some(why) = seen.unfit() => {
                let word = if is_counter(&seen.key) { "none" } else { guessed.map_or("none", |oriented| word(oriented.direction)) };
                let _ = writeln!(unsure, "# {} = \"{word}\"  # {why}: {place}", quoted(name));
            }
            _ if is_counter(&seen.key) => {
                let _ = writeln!(text, "{} = \"none\"  # {place}", quoted(name));
            }
            Some(oriented) if oriented.source == DirectionSource::Name => {
                let _ = writeln!(text, "{} = \"{}\"  # {place}", quoted(name), word(oriented.direction));
            }
            Some(oriented) => {
                let _ = writeln!(unsure, "# {} = \"{}\"  # unsure: {place}", quoted(name), word(oriented.direction));
            }
            None => {
                let _ = writeln!(unsure, "# {} = \"none\"  # unknown: {place}", quoted(name));
            }
        }
    }
    if !unsure.is_empty() {
        text.push_str("# Unsure, so never judged until you say: take the mark away where it is right.\n");
        text.push_str(&unsure);
    }
}

fn rules(metrics: &BTreeMap<String, Seen>, text: &mut String) {
    let known = |seen: &Seen| !is_counter(&seen.key) && seen.sure().is_some();
    let (unfit, known): (Vec<_>, Vec<_>) = metrics.iter().filter(|(_, seen)| known(seen)).partition(|(_, seen)| seen.unfit().is_some());
    // One rule for all would name those that are not finite, and block every change.
    let all_finite = metrics.values().all(|seen| seen.finite);
    let _ = writeln!(
        text,
        "\n# A loss of exactly the limit passes. Also: min, max, max_regression_abs, severity, file, branches, warn = {{ … }}."
    );
    if known.is_empty() {
        text.push_str("# No metric with a known direction was found; without a rule the built-in policy judges.\n# [[rule]]\n# metric = \"accuracy\"\n# max_regression_rel = 0.01\n");
    } else if known.len() > MANY && all_finite {
        let _ = writeln!(text, "# {} metrics, so one rule for all; a rule of its own for what matters most is better.", known.len());
        let _ = writeln!(text, "[[rule]]\nmetric = \"*\"\nmax_regression_rel = {BUILT_IN_TOLERANCE}");
    } else {
        for (name, _) in known {
            let _ = writeln!(text, "\n[[rule]]\nmetric = {}\nmax_regression_rel = {BUILT_IN_TOLERANCE}", quoted(name));
        }
    }
    for (name, seen) in unfit {
        let why = seen.unfit().unwrap_or_default();
        let _ = writeln!(text, "\n# {why}: {}", seen.place());
        let _ = writeln!(text, "# [[rule]]\n# metric = {}\n# max_regression_rel = {BUILT_IN_TOLERANCE}", quoted(name));
    }
}

fn files(files: &[String]) -> String {
    match files {
        [] => String::new(),
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(letter);
            }
            hidden if acts(hidden) => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(hidden));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a character moves, hides or turns text.
fn acts(letter: char) -> bool {
    letter != '\\' && terminal(letter.encode_utf8(&mut [0; 4])).starts_with('\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_names() {
        assert_eq!(quoted("a\"\n]"), "\"a\\\"\\U0000000a]\"");
        assert_eq!(as_glob(r"folds[12].a*c"), r"folds\[*\].a\*c");
    }
}
