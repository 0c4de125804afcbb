//! `proofmark plan`: what a gate would make of harmless and harmful changes, before there is data.

mod document;

use std::path::Path;

use clap::{Args, ValueEnum};
use proofmark_core::gate::{Evidence, Finding, Level};
use proofmark_core::report::Report;
use proofmark_render as render;
use proofmark_stats::plan::{Design, Trials};

pub(crate) use self::document::PlanDocument;
use crate::exit::{self, CliError};
use crate::explain;
use crate::printer::Printer;
use crate::report::read_report;
use crate::world::World;

/// Discordant rows where nothing is known: what two good classifiers of the same kind usually have.
const DISCORDANT: f64 = 0.06;
const ALPHA: f64 = 0.05;

/// Tell beforehand how often a harmless change would be stopped, and a harmful one pass
///
/// Says what a test set (--rows), or a number of runs (--runs), can carry for a margin: by simulation with the code that judges. With
/// --from, size, noise and margin are those of a stored report.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// Take size, noise, margin and alpha from what `proofmark gate --format json` wrote about METRIC
    #[arg(long, num_args = 2, value_names = ["REPORT", "METRIC"], conflicts_with_all = ["discordant", "sd", "paired"])]
    pub(crate) from: Vec<String>,
    /// Rows of the test set
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=1_000_000_000))]
    pub(crate) rows: Option<u64>,
    /// The share of rows on which exactly one of two equally good models is right [default: 0.06]
    #[arg(long, value_name = "SHARE", value_parser = share, conflicts_with_all = ["runs", "sd"])]
    pub(crate) discordant: Option<f64>,
    /// Runs on each side
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=1_000_000), conflicts_with = "rows")]
    pub(crate) runs: Option<u64>,
    /// The standard deviation of one run; with --paired or --rows: of one difference
    #[arg(long, value_name = "SD", value_parser = positive)]
    pub(crate) sd: Option<f64>,
    /// The same seeds or folds run on both sides
    #[arg(long, requires = "runs")]
    pub(crate) paired: bool,
    /// The loss that is accepted
    #[arg(long, value_name = "LOSS", value_parser = not_negative, required_unless_present = "from")]
    pub(crate) margin: Option<f64>,
    /// The true loss of a harmful change [default: twice the margin]
    #[arg(long, value_name = "LOSS", value_parser = not_negative)]
    pub(crate) loss: Option<f64>,
    /// The error probability that each verdict accepts, one-sided [default: 0.05]
    #[arg(long, value_parser = alpha)]
    pub(crate) alpha: Option<f64>,
    /// How often something should be seen to count as seen
    #[arg(long, value_parser = power, default_value_t = 0.8)]
    pub(crate) power: f64,
    /// Simulated trials for each line
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u64).range(100..=1_000_000))]
    pub(crate) trials: u64,
    /// The same seed gives the same answer
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// The form of what is printed
    #[arg(long, value_enum, default_value_t = Form::Table)]
    pub(crate) format: Form,
}

/// The forms of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// A table and what follows from it
    Table,
    /// A document
    Json,
}

/// What was typed, or found in a report.
struct Asked {
    metric: Option<String>,
    design: Design,
    of_runs: bool,
    margin: f64,
    alpha: f64,
    notes: Vec<String>,
}

pub(crate) fn run(args: &Plan, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let asked = match args.from.as_slice() {
        [report, metric] => from_report(args, &read_report(Path::new(report), world)?, metric)?,
        _ => typed(args)?,
    };
    let how = Trials { margin: asked.margin, alpha: asked.alpha, trials: args.trials, seed: args.seed };
    let outlook = asked.design.outlook(args.loss, args.power, &how).ok_or_else(|| {
        CliError::input("there is no such loss: a share of rows cannot lose more than all of them")
            .hint("give losses as fractions: `--margin 0.01`")
    })?;
    let document = PlanDocument::new(&asked, &outlook, &how, args.power);
    let text = match args.format {
        Form::Table => document.table(),
        Form::Json => render::json(&document)?,
    };
    printer.data(text.as_bytes())?;
    Ok(exit::ALLOWED)
}

fn typed(args: &Plan) -> Result<Asked, CliError> {
    let design = match (args.rows, args.runs, args.sd) {
        (Some(rows), _, None) => Design::Rows { rows, discordant: args.discordant.unwrap_or(DISCORDANT) },
        (Some(rows), _, Some(sd)) => Design::Pairs { pairs: rows, sd },
        (None, Some(runs), Some(sd)) if args.paired => Design::Pairs { pairs: runs, sd },
        (None, Some(runs), Some(sd)) => Design::Runs { runs, sd },
        (None, Some(_), None) => {
            return Err(CliError::input("`--runs` needs the standard deviation of a run: `--sd`")
                .hint("train the same model a few times with other seeds, or take it from a report: `--from REPORT METRIC`"));
        }
        (None, None, _) => {
            return Err(
                CliError::input("how much is measured is not given").hint("give `--rows N`, `--runs N --sd SD`, or `--from REPORT METRIC`")
            );
        }
    };
    // The parser asks for a margin where no report is given.
    let margin = args.margin.unwrap_or_default();
    let of_runs = args.runs.is_some();
    Ok(Asked { metric: None, design, of_runs, margin, alpha: args.alpha.unwrap_or(ALPHA), notes: Vec::new() })
}

fn from_report(args: &Plan, report: &Report, metric: &str) -> Result<Asked, CliError> {
    let named = || report.judgement.findings.iter().filter(|finding| render::is_named(finding, metric));
    let with_evidence = |finding: &&Finding| finding.evidence.as_ref().is_some_and(|evidence| design(evidence).is_some());
    let finding = named().filter(with_evidence).min_by_key(|finding| (finding.against.is_some(), margin(finding).is_none()));
    let found = finding.and_then(|finding| Some((finding, design(finding.evidence.as_ref()?)?)));
    let Some((finding, design)) = found else {
        if named().next().is_none() {
            return Err(explain::unknown(metric, report));
        }
        return Err(CliError::input(format!("the report does not tell how much `{metric}` varies"))
            .hint("single numbers have no noise to go by: give `--rows N` for a share of right answers, or `--runs N --sd SD`"));
    };
    let margin = args.margin.or_else(|| margin(finding)).ok_or_else(|| {
        CliError::input(format!("no rule says which loss of `{metric}` is accepted")).hint("give it with `--margin LOSS`")
    })?;
    let evidence = finding.evidence.as_ref();
    let of_runs = evidence.is_some_and(|evidence| evidence.level == Level::Runs);
    let mut notes = Vec::new();
    if let Some(evidence) = evidence.filter(|evidence| is_approximate(evidence)) {
        notes.push(format!("`{}` is simulated as a mean with the same standard error", evidence.procedure));
    }
    if matches!(design, Design::Rows { discordant, .. } if discordant == 0.0) {
        notes.push("no row of that run was answered differently, and this is taken to stay so".to_owned());
    }
    let size = if of_runs { args.runs.or(args.rows) } else { args.rows.or(args.runs) };
    Ok(Asked {
        metric: Some(render::check_name(finding)),
        design: size.map_or(design, |size| design.with_size(size)),
        of_runs,
        margin,
        alpha: args.alpha.or_else(|| evidence?.alpha).unwrap_or(ALPHA),
        notes,
    })
}

fn margin(finding: &Finding) -> Option<f64> {
    finding.evidence.as_ref()?.margin.filter(|margin| margin.is_finite() && *margin >= 0.0)
}

/// The design that a check rests on; a report may say anything.
fn design(evidence: &Evidence) -> Option<Design> {
    let shown = |name: &str| evidence.shown.iter().find(|shown| shown.name == name).map(|shown| shown.value);
    let size = evidence.n_base.min(evidence.n_head) as u64;
    let design = match (evidence.procedure.as_str(), evidence.level) {
        ("paired_proportion_noninferiority", _) => Design::of_counts(size, shown("n01")? as u64, shown("n10")? as u64),
        ("welch_noninferiority", Level::Runs) => Design::of_spreads(size, shown("sd_base")?, shown("sd_head")?),
        _ => Design::of_error(size, evidence.se?),
    };
    let varies = match design {
        Design::Rows { discordant, .. } => discordant <= 1.0,
        Design::Pairs { sd, .. } | Design::Runs { sd, .. } => sd.is_finite() && sd > 0.0,
    };
    (varies && size >= 2).then_some(design)
}

fn is_approximate(evidence: &Evidence) -> bool {
    match evidence.procedure.as_str() {
        "paired_proportion_noninferiority" | "paired_t_noninferiority" => false,
        "welch_noninferiority" => evidence.level != Level::Runs,
        _ => true,
    }
}

fn number(text: &str, fits: impl Fn(f64) -> bool, wanted: &str) -> Result<f64, String> {
    text.parse().ok().filter(|number: &f64| number.is_finite() && fits(*number)).ok_or_else(|| format!("give {wanted}"))
}

fn share(text: &str) -> Result<f64, String> {
    number(text, |number| (0.0..=1.0).contains(&number), "a share from 0 to 1, such as 0.06")
}

fn positive(text: &str) -> Result<f64, String> {
    number(text, |number| (1e-100..=1e100).contains(&number), "a number above 0")
}

fn not_negative(text: &str) -> Result<f64, String> {
    number(text, |number| (0.0..=1e100).contains(&number), "a number from 0, in the metric's unit: 0.01 is one point")
}

fn alpha(text: &str) -> Result<f64, String> {
    number(text, |number| (1e-9..=0.5).contains(&number), "a probability above 0, up to 0.5")
}

fn power(text: &str) -> Result<f64, String> {
    number(text, |number| (0.5..=0.9999).contains(&number), "a probability from 0.5 to 0.9999")
}
