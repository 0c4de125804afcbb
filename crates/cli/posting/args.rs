//! Where a report is posted, as typed.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use proofmark_core::config::CommentMode;

/// What is posted to GitHub, and how. Without these, `[github]` of the policy counts, and then the defaults.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Posting to GitHub")]
pub(crate) struct Posting {
    /// Write nothing and print what would be posted where; needs no token
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// What becomes of the comment [default: update]
    #[arg(long, value_name = "MODE", value_parser = comment_mode())]
    pub(crate) comment: Option<CommentMode>,
    /// Jobs with the same key share one comment, each with a part of its own [default: a comment for each job]
    #[arg(long, value_name = "KEY")]
    pub(crate) comment_key: Option<String>,
    /// The login that writes the comments, where it cannot be found out [default: that of the token]
    #[arg(long, value_name = "LOGIN")]
    pub(crate) comment_author: Option<String>,
    /// The name of the check run, or `off` [default: `proofmark`, with the subject and the matrix leg]
    #[arg(long, value_name = "NAME")]
    pub(crate) check: Option<String>,
    /// Also set a commit status of this name, for tokens that cannot write checks; `off` never sets one
    #[arg(long, value_name = "CONTEXT")]
    pub(crate) status: Option<String>,
    /// What the report is about, where a repository has several: `churn model`
    #[arg(long, value_name = "NAME")]
    pub(crate) subject: Option<String>,
    /// Annotations in the log: where no check carries them, always, or never
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Annotations::Auto)]
    pub(crate) annotations: Annotations,
    /// Write no job summary
    #[arg(long)]
    pub(crate) no_summary: bool,
    /// The repository, where no run tells
    #[arg(long, value_name = "OWNER/NAME")]
    pub(crate) repository: Option<String>,
    /// The pull request, where no event tells
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) pull_request: Option<u64>,
}

/// When annotations are written into the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Annotations {
    /// Where no check run carries them
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What ends with exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum FailOn {
    /// A merge that the policy blocks
    #[default]
    Block,
    /// Notices as well
    Notice,
    /// Nothing that could be judged; what could not be judged still ends with 2
    Never,
}

/// A report that another run made.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Given {
    /// The report, as `gate --format json` or `gate --output report.json` wrote it; `-` is standard input
    pub(crate) report: Option<PathBuf>,
    /// Take the report from the artifact NAME of the run whose end started this one (event workflow_run)
    #[arg(long, value_name = "NAME", conflicts_with = "report", num_args = 0..=1, default_missing_value = "proofmark-report")]
    pub(crate) from_artifact: Option<String>,
    /// Only start the check, before anything was judged
    #[arg(long, conflicts_with_all = ["report", "from_artifact"])]
    pub(crate) pending: bool,
}

fn comment_mode() -> impl TypedValueParser<Value = CommentMode> {
    PossibleValuesParser::new(CommentMode::NAMES).try_map(|text| CommentMode::parse(&text).ok_or("is no mode"))
}
