//! `proofmark init`: looks at the repository and writes a policy to start from.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::Args;
use proofmark_core::config::Compare;
use proofmark_core::direction::{Direction, DirectionSource, guess, is_counter};
use proofmark_core::number::shown;
use proofmark_core::policy::BUILT_IN_TOLERANCE;
use proofmark_core::ports::Tree as _;
use proofmark_core::snapshot::Snapshot;
use proofmark_git::Repository;

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
        printer.say(&proofmark_render::escape::terminal(&format!("warning: {problem}")));
    }
    if args.dry_run {
        printer.data(text.as_bytes())?;
        return Ok(exit::ALLOWED);
    }
    let path = tree.root().join("proofmark.toml");
    if path.symlink_metadata().is_ok() && !args.force {
        return Err(CliError::input(format!("`{}` is there already", path.display())).hint("--force overwrites it; --dry-run only prints"));
    }
    write_file(&path, text.as_bytes()).map_err(|error| unwritable(&path, &error))?;
    let files = snapshot.metrics.len();
    printer.say(&format!("Wrote {} ({} metrics files found at {}).", path.display(), files, tree.revision().name));
    printer.say("Read it, correct the directions, commit it. It counts from the first commit of the base branch that has it.");
    Ok(exit::ALLOWED)
}

/// What is known of one metric name.
struct Seen {
    files: Vec<String>,
    example: String,
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
        let _ = writeln!(text, "#   {}", comment(file.as_str()));
    }
    let _ = writeln!(text, "# metrics = [\"metrics/*.json\"]\n");
    directions(&metrics, &mut text);
    text.push_str(
        "\n[policy]\n\
         # allow, notice or block:\n\
         no_baseline = \"notice\"     # the base has no value to compare with\n\
         inconclusive = \"notice\"    # a rule cannot be decided\n\
         removed = \"notice\"         # a metric is gone and no rule names it\n\
         unreadable_head = \"block\"  # a metrics file of the change cannot be read\n\
         unreadable_base = \"block\"  # a metrics file of the base cannot be read\n\
         # fail, warn or info:\n\
         missing = \"fail\"           # a metric that a rule names is not there\n\
         non_finite = \"fail\"        # NaN, infinite, null or not a number\n",
    );
    rules(&metrics, &mut text);
    text
}

/// Names of numeric metrics; elements of lists share one name with `[*]`.
fn numeric_metrics(snapshot: &Snapshot) -> BTreeMap<String, Seen> {
    let mut metrics: BTreeMap<String, Seen> = BTreeMap::new();
    for (file, reading) in &snapshot.metrics {
        for (key, value) in reading.leaves.iter().flat_map(|leaves| leaves.iter()) {
            if value.as_f64().is_none() {
                continue;
            }
            let seen = metrics.entry(as_glob(key.as_str())).or_insert_with(|| Seen { files: Vec::new(), example: shown(value) });
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
        let place = format!("{} in {}", seen.example, comment(&files(&seen.files)));
        let key = proofmark_core::key::Key::from_canonical(name.replace("\\[*\\]", "[0]").replace("\\\\", "\\"));
        let word = |direction| if direction == Direction::Higher { "higher" } else { "lower" };
        match guess(&key) {
            _ if is_counter(&key) => {
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
    let known = |name: &String| {
        let key = proofmark_core::key::Key::from_canonical(name.replace("\\[*\\]", "[0]").replace("\\\\", "\\"));
        !is_counter(&key) && guess(&key).is_some_and(|oriented| oriented.source == DirectionSource::Name)
    };
    let known: Vec<&String> = metrics.keys().filter(|name| known(name)).collect();
    let _ = writeln!(
        text,
        "\n# A loss of exactly the limit passes. Also: min, max, max_regression_abs, severity, file, branches, warn = {{ … }}."
    );
    if known.is_empty() {
        text.push_str("# No metric with a known direction was found; without a rule the built-in policy judges.\n# [[rule]]\n# metric = \"accuracy\"\n# max_regression_rel = 0.01\n");
    } else if known.len() > MANY {
        let _ = writeln!(text, "# {} metrics, so one rule for all; a rule of its own for what matters most is better.", known.len());
        let _ = writeln!(text, "[[rule]]\nmetric = \"*\"\nmax_regression_rel = {BUILT_IN_TOLERANCE}");
    } else {
        for name in known {
            let _ = writeln!(text, "\n[[rule]]\nmetric = {}\nmax_regression_rel = {BUILT_IN_TOLERANCE}", quoted(name));
        }
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
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// Text that stays inside a comment.
fn comment(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{FFFD}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_names() {
        assert_eq!(quoted("a\"\n]"), "\"a\\\"\\u000a]\"");
        assert_eq!(as_glob(r"folds[12].a*c"), r"folds\[*\].a\*c");
    }
}
