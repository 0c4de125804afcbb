//! `proofmark promote`: moves an alias or a stage of MLflow's registry to a version that the gate has passed, and back.

mod document;
mod evidence;
mod moves;
mod rollback;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use proofmark_mlflow::Registry;
use proofmark_render::escape::terminal;

use crate::args::Between;
use crate::exit::{self, CliError};
use crate::host::Host;
use crate::posting::args::FailOn;
use crate::printer::Printer;
use crate::world::World;

pub(crate) use self::document::Promotion;
use self::evidence::{Evidence, Found};
use self::moves::{Move, Outcome, Target};

/// Move an alias or a stage of MLflow's registry to the version that the gate has passed
///
/// Judges as `proofmark gate` does, and moves only when that passes, the version is of a run that was judged, and nobody moved the
/// alias meanwhile. What it rests on is kept in tags of
/// the version. Nothing is written when the alias is there already.
#[derive(Debug, Args)]
#[command(disable_version_flag = true)]
pub(crate) struct Promote {
    /// The registered model
    pub(crate) model: String,
    #[command(flatten)]
    pub(crate) between: Between,
    /// The alias that moves, such as `champion`
    #[arg(long, value_name = "ALIAS", required_unless_present = "stage", conflicts_with = "stage", value_parser = alias)]
    pub(crate) alias: Option<String>,
    /// The stage that the version goes to, for servers and teams without aliases: `Production`
    #[arg(long, value_name = "STAGE", value_parser = stage)]
    pub(crate) stage: Option<String>,
    /// With --stage: archive the versions that are in it
    #[arg(long, requires = "stage")]
    pub(crate) archive: bool,
    /// The version [default: the newest that a run of the head made]
    #[arg(long = "version", value_name = "N")]
    pub(crate) number: Option<u64>,
    /// Only if this report of `proofmark gate --format json` still says what is found now; its hash is kept with the version
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// The branch whose rules judge [default: as the gate has it]
    #[arg(long, value_name = "BRANCH")]
    pub(crate) branch: Option<String>,
    /// What stands in the way: a block, or also a notice that no waiver covers
    #[arg(long, value_enum, value_name = "EFFECT", default_value_t = FailOn::Notice)]
    pub(crate) fail_on: FailOn,
    /// Go back to the version that the present one replaced
    #[arg(long, conflicts_with_all = ["number", "report"])]
    pub(crate) rollback: bool,
    /// With --rollback: only if the alias or stage is at this version, so that a second try goes back no further
    #[arg(long, value_name = "N", requires = "rollback")]
    pub(crate) from: Option<u64>,
    /// Write nothing, and tell what would be written
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The form of what is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Form::Text)]
    pub(crate) format: Form,
}

/// The forms of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// For people
    Text,
    /// For programs
    Json,
}

impl Promote {
    fn target(&self) -> Target {
        match (&self.alias, &self.stage) {
            (Some(alias), _) => Target::Alias(alias.clone()),
            (None, stage) => Target::Stage { name: stage.clone().unwrap_or_default(), archive: self.archive },
        }
    }
}

pub(crate) fn run(args: &Promote, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let host = Host::detect(world)?;
    let registry = evidence::registry(args, host.as_ref(), world)?;
    let target = args.target();
    let planned = if args.rollback {
        rollback::plan(registry.as_ref(), &args.model, &target, args.from)?
    } else {
        // Before anything is judged: what the alias led to then is what was judged.
        let before = moves::current(registry.as_ref(), &args.model, &target)?;
        match Evidence::gather(args, registry.as_ref(), before.as_ref(), host.as_ref(), world, printer)? {
            Found::Passed(evidence) => Some(moves::plan(registry.as_ref(), &target, before.as_ref(), &evidence)?),
            Found::Already => None,
            Found::Refused(code) => return Ok(code),
        }
    };
    let outcome = carry_out(registry.as_ref(), planned, args, &target)?;
    let promotion = Promotion::new(args, &target, &outcome);
    match args.format {
        Form::Text => printer.data(terminal_lines(&promotion.told()).as_bytes())?,
        Form::Json => printer.data(promotion.json()?.as_bytes())?,
    }
    Ok(exit::ALLOWED)
}

fn carry_out(registry: &dyn Registry, planned: Option<Move>, args: &Promote, target: &Target) -> Result<Outcome, CliError> {
    let Some(planned) = planned else {
        let at = moves::current(registry, &args.model, target)?;
        return Ok(Outcome::nothing(at.map(|version| version.version)));
    };
    if planned.writes.is_empty() || args.dry_run {
        return Ok(Outcome { dry: args.dry_run, planned });
    }
    planned.carry_out(registry, target)?;
    Ok(Outcome { dry: false, planned })
}

fn terminal_lines(lines: &[String]) -> String {
    lines.iter().map(|line| terminal(line) + "\n").collect()
}

/// As MLflow has them: letters, digits, `_`, `-`, and no name that it keeps for itself.
fn alias(text: &str) -> Result<String, &'static str> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    if text.is_empty() || text.len() > 255 || !text.chars().all(fits) {
        return Err("an alias is made of letters, digits, `_` and `-`");
    }
    let is_version = text.strip_prefix(['v', 'V']).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
    if is_version || text.eq_ignore_ascii_case("latest") {
        return Err("MLflow keeps `latest` and `v1`, `v2`, … for itself");
    }
    Ok(text.to_owned())
}

fn stage(text: &str) -> Result<String, &'static str> {
    let known = ["None", "Staging", "Production", "Archived"];
    let found = known.into_iter().find(|stage| stage.eq_ignore_ascii_case(text));
    found.map(str::to_owned).ok_or("a stage is None, Staging, Production or Archived")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_mlflow_takes() {
        for name in ["champion", "A-b_9", "v", "version3", "vx1"] {
            assert!(alias(name).is_ok(), "{name}");
        }
        for name in ["", "a b", "latest", "LATEST", "v3", "V12", "ä", "a/b", "a.b"] {
            assert!(alias(name).is_err(), "{name}");
        }
        assert_eq!(stage("production").as_deref(), Ok("Production"));
        assert!(stage("prod").is_err());
    }
}
