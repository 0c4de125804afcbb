//! Arguments that several subcommands share.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use proofmark_core::compare::BaseKind;

/// What every subcommand understands.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Work as if started in this folder
    #[arg(short = 'C', long = "directory", value_name = "DIR", global = true)]
    pub(crate) directory: Option<PathBuf>,
    /// When to write colours
    #[arg(long, value_enum, default_value_t = When::Auto, global = true, value_name = "WHEN")]
    pub(crate) color: When,
}

/// When something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// For terminals, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Which two revisions.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Between {
    /// What to compare with: any git revision [default: the default branch]
    pub(crate) base: Option<String>,
    /// What to look at: any git revision [default: the work tree]
    pub(crate) head: Option<String>,
    /// Compare with the merge base of BASE and HEAD (as a pull request is judged), or with BASE itself
    #[arg(long, value_name = "KIND", value_parser = base_kind())]
    pub(crate) base_is: Option<BaseKind>,
    /// The branch that changes are merged into, when BASE is not given [default: origin/HEAD, main, master]
    #[arg(long, value_name = "BRANCH")]
    pub(crate) default_branch: Option<String>,
    /// Read this configuration instead of the one in the repository
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Look at these metrics (or params) files only, whether declared anywhere or not
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) targets: Vec<String>,
    /// This run of a tracking system is the head's, such as `kubeflow:churn=ID`; one that says another commit is refused. May be repeated
    #[arg(long, value_name = "RUNS=ID", value_parser = run_of)]
    pub(crate) head_run: Vec<(String, String)>,
    /// This run is the base's; may be repeated
    #[arg(long, value_name = "RUNS=ID", value_parser = run_of)]
    pub(crate) base_run: Vec<(String, String)>,
}

/// What rules call the runs, and the id of one.
fn run_of(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((runs, id)) if runs.contains(':') && !id.trim().is_empty() => Ok((runs.to_owned(), id.trim().to_owned())),
        _ => Err("it is SYSTEM:NAME=ID, such as kubeflow:churn=5c1d0a3e"),
    }
}

fn rows(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|rows| *rows > 0).ok_or_else(|| "give a whole number from 1".to_owned())
}

fn base_kind() -> impl TypedValueParser<Value = BaseKind> {
    PossibleValuesParser::new(["merge-base", "tip"]).map(|text| if text == "tip" { BaseKind::Tip } else { BaseKind::MergeBase })
}

/// Where results go.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Outputs {
    /// The form of what is printed
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) format: Option<Format>,
    /// Also write to a file, in the form of its extension (.json, .md, .txt, .html, .xml, .sarif) or as FORMAT=FILE; may be repeated
    #[arg(short, long, value_name = "[FORMAT=]FILE")]
    pub(crate) output: Vec<String>,
    /// Show what did not change as well
    #[arg(long)]
    pub(crate) all: bool,
    /// Rows of a table at most; JSON always has all
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = rows)]
    pub(crate) max_rows: usize,
    /// A minijinja template for Markdown, instead of the built-in one
    #[arg(long, value_name = "FILE")]
    pub(crate) template: Option<PathBuf>,
}

impl Outputs {
    /// How tables look where they are posted.
    pub(crate) fn options(&self) -> proofmark_render::Options {
        proofmark_render::Options { all: self.all, max_rows: self.max_rows, ..proofmark_render::Options::default() }
    }
}

/// The forms of a comparison or a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table for people
    Table,
    /// Markdown, for comments and summaries
    Markdown,
    /// The whole document, versioned
    Json,
    /// As `dvc metrics diff --json` prints it
    DvcJson,
    /// A page of HTML that needs no script
    Html,
    /// JUnit XML: a case for each check
    Junit,
    /// SARIF 2.1.0: a result for each check to look at
    Sarif,
    /// Issues for the Jenkins plugin warnings-ng
    WarningsNg,
    /// The arguments of Jenkins' step publishChecks
    Checks,
}
