//! `proofmark promote`: puts a version that the gate has passed into use, in whichever registry, and takes it back. One file for
//! each registry.

mod document;
mod evidence;
mod kubeflow;
mod mlflow;
mod modeldb;
mod shelf;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use proofmark_modeldb::Mark;
use proofmark_render::escape::terminal;

use crate::args::Between;
use crate::base::Purpose;
use crate::exit::{self, CliError};
use crate::host::Host;
use crate::posting::args::FailOn;
use crate::printer::Printer;
use crate::session::Session;
use crate::tracking;
use crate::world::World;

pub(crate) use self::document::Promotion;
use self::evidence::{Evidence, Found};
use self::kubeflow::KubeflowShelf;
use self::mlflow::{MlflowShelf, Target};
use self::modeldb::ModelDbShelf;
use self::shelf::{Planned, Shelf};

/// Put the version into use that the gate has passed: an alias or a stage of MLflow, a property of Kubeflow's Model Registry, a
/// tag or an attribute of ModelDB
///
/// Judges as `proofmark gate` does, and moves only when that passes, the version is of a run that was judged, and nobody moved the
/// alias meanwhile. What it rests on is kept with the version. Nothing is written when the alias is there already.
#[derive(Debug, Args)]
#[command(disable_version_flag = true)]
pub(crate) struct Promote {
    /// The registered model; of ModelDB the project
    pub(crate) model: String,
    #[command(flatten)]
    pub(crate) between: Between,
    #[command(flatten)]
    pub(crate) place: Place,
    /// With --stage: archive the versions that are in it
    #[arg(long, requires = "stage")]
    pub(crate) archive: bool,
    /// The version [default: the newest that a run of the head made]
    #[arg(long = "version", value_name = "VERSION")]
    pub(crate) number: Option<String>,
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
    #[arg(long, value_name = "VERSION", requires = "rollback")]
    pub(crate) from: Option<String>,
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

/// What says that a version is in use, which each registry has in its own way.
#[derive(Debug, Clone, Default, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Place {
    /// MLflow: the alias that moves, such as `champion`
    #[arg(long, value_name = "ALIAS", value_parser = alias)]
    pub(crate) alias: Option<String>,
    /// MLflow: the stage that the version goes to, for servers and teams without aliases: `Production`
    #[arg(long, value_name = "STAGE", value_parser = stage)]
    pub(crate) stage: Option<String>,
    /// Kubeflow's Model Registry: the property that the version gets, such as `stage=production`
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) property: Option<String>,
    /// ModelDB: the tag that the run gets, such as `production`
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Option<String>,
    /// ModelDB: the attribute that the run gets, such as `stage=production`
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) attribute: Option<String>,
}

/// Where the version stands that is in use.
fn shelf(args: &Promote, host: Option<&Host>, world: &World) -> Result<Box<dyn Shelf>, CliError> {
    // As the configuration of the base and the environment name it.
    let session = Session::open(&args.between, Purpose::Judge, host, world)?;
    let opener = session.opener(world);
    let model = args.model.clone();
    let mlflow = |target| -> Result<Box<dyn Shelf>, CliError> {
        let registry = tracking::registry(&opener, session.tracking_uri())?;
        Ok(Box::new(MlflowShelf { registry, model: model.clone(), target }))
    };
    match &args.place {
        Place { alias: Some(alias), .. } => mlflow(Target::Alias(alias.clone())),
        Place { stage: Some(stage), .. } => mlflow(Target::Stage { name: stage.clone(), archive: args.archive }),
        Place { property: Some(property), .. } => {
            let registry = tracking::model_registry(&opener, session.configuration())?;
            Ok(Box::new(KubeflowShelf::open(registry, &model, property)?))
        }
        Place { tag, attribute, .. } => {
            let mark = match (tag, attribute.as_deref().and_then(|pair| pair.split_once('='))) {
                (Some(tag), _) => Mark::Tag(tag.clone()),
                (None, Some((key, value))) => Mark::Attribute { key: key.trim().to_owned(), value: value.trim().to_owned() },
                (None, None) => return Err(CliError::input("nothing says what the model becomes")),
            };
            if let Mark::Attribute { key, .. } = &mark
                && key.starts_with(&proofmark_modeldb::evidence_key(""))
            {
                return Err(CliError::input(format!("the attribute `{key}` says what a promotion rests on, and cannot say what a run is"))
                    .hint("name another one, such as `stage=production`"));
            }
            let project = tracking::modeldb_project(&opener, session.configuration(), &model)?;
            Ok(Box::new(ModelDbShelf { project, name: model, mark }))
        }
    }
}

pub(crate) fn run(args: &Promote, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let host = Host::detect(world)?;
    let shelf = shelf(args, host.as_ref(), world)?;
    let shelf = shelf.as_ref();
    let write = !args.dry_run;
    let planned = if args.rollback {
        shelf.roll_back(args.from.as_deref(), write)?
    } else {
        // Before anything is judged: what stood there then is what was judged.
        let before = shelf.current()?;
        match Evidence::gather(args, shelf, before.as_ref(), host.as_ref(), world, printer)? {
            Found::Passed(evidence) => Some(shelf.promote(before.as_ref(), &evidence.version, &evidence.tags(), write)?),
            // Nothing moves; what an earlier try left behind is cleared.
            Found::Already(version) => Some(shelf.promote(before.as_ref(), &version, &[], write)?),
            Found::Refused(code) => return Ok(code),
        }
    };
    let planned = match planned {
        Some(planned) => planned,
        None => {
            let at = shelf.current()?.map(|version| version.name);
            Planned { from: at.clone(), to: at, ..Planned::default() }
        }
    };
    let promotion = Promotion::new(args, &planned);
    match args.format {
        Form::Text => printer.data(terminal_lines(&promotion.told(shelf)).as_bytes())?,
        Form::Json => printer.data(promotion.json()?.as_bytes())?,
    }
    Ok(exit::ALLOWED)
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

/// A name and a value.
fn pair(text: &str) -> Result<String, &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() && !value.trim().is_empty() => Ok(text.to_owned()),
        _ => Err("it is NAME=VALUE, such as stage=production"),
    }
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
