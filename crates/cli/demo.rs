//! `proofmark demo`: a small repository with two changes, one better and one worse, and what a user sees of them.

use std::path::Path;

use clap::Args;
use proofmark_core::config::Effect;
use proofmark_core::report::ComparisonDocument;
use proofmark_git::scratch::{File, Scratch};
use proofmark_render as render;

use crate::args::Between;
use crate::base::Purpose;
use crate::exit::{self, CliError};
use crate::gate::{self, Gate};
use crate::posting::args::FailOn;
use crate::printer::Printer;
use crate::session::Session;
use crate::world::World;

/// Show compare and gate on a small repository made for it
///
/// Makes a git repository in a temporary folder, with metrics committed on two branches: one better, one worse.
#[derive(Debug, Args)]
pub(crate) struct Demo {}

const POLICY: &str = "\
[[rule]]
metric = \"accuracy\"
max_regression_abs = 0.01   # points that may be lost
min = 0.85

[[rule]]
metric = \"f1\"
max_regression_rel = 0.02   # 2 % of the base's value

[[rule]]
metric = \"latency_ms\"
max_regression_rel = 0.10
severity = \"warn\"
";

/// Metrics and params of one training.
struct Training {
    accuracy: &'static str,
    f1: &'static str,
    loss: &'static str,
    latency_ms: &'static str,
    params: &'static str,
    data: &'static str,
}

const BASE: Training = Training {
    accuracy: "0.9132",
    f1: "0.8871",
    loss: "0.2714",
    latency_ms: "12.4",
    params: "lr: 0.01\nepochs: 20\nmodel: resnet18\n",
    data: "3f1c8a9d52be47c09d1e6a7b8c9d0e1f",
};
const BETTER: Training = Training {
    accuracy: "0.9214",
    f1: "0.8960",
    loss: "0.2433",
    latency_ms: "12.6",
    params: "lr: 0.003\nepochs: 30\nmodel: resnet18\n",
    data: "3f1c8a9d52be47c09d1e6a7b8c9d0e1f",
};
const WORSE: Training = Training {
    accuracy: "0.8917",
    f1: "0.8432",
    loss: "0.3127",
    latency_ms: "9.1",
    params: "lr: 0.01\nepochs: 20\nmodel: mobilenet\n",
    data: "a07d3ce1b6f94d2285c4e9f1023b7d68",
};

pub(crate) fn run(_: &Demo, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let folder = tempfile::Builder::new()
        .prefix("proofmark-demo-")
        .tempdir()
        .map_err(|error| CliError::input("cannot make a temporary folder").because(&error))?;
    build(folder.path())?;
    let inside = world.inside(folder.path());
    let mut page = String::from("A small repository: main, a branch `tune-lr` that is better, and a branch `smaller-model` that is not.\n");
    page += "proofmark.toml on main:\n\n";
    for line in POLICY.lines() {
        page += &format!("    {line}\n");
    }
    page += "\n$ proofmark compare main tune-lr\n\n";
    page += &compared("tune-lr", &inside, printer)?;
    for branch in ["tune-lr", "smaller-model"] {
        page += &format!("\n$ proofmark gate main {branch}\n\n");
        page += &gated(branch, &inside, printer)?;
    }
    page += "\nThe exit code is what stops a merge in CI: 0 allowed, 1 blocked, 2 nothing was judged.\n";
    page += "In your own repository: `proofmark compare`, then `proofmark init` for a policy, then `proofmark gate`.\n";
    printer.data(page.as_bytes())?;
    Ok(exit::ALLOWED)
}

fn between(branch: &str) -> Between {
    Between { base: Some("main".to_owned()), head: Some(branch.to_owned()), ..Between::default() }
}

fn options(world: &World, printer: &Printer) -> render::Options {
    render::Options { width: world.width, colour: printer.colour, ..render::Options::default() }
}

fn compared(branch: &str, world: &World, printer: &Printer) -> Result<String, CliError> {
    let session = Session::open(&between(branch), Purpose::Look, None, world)?;
    let comparison = session.read(false, world)?.compare(&session.policy()?);
    let document = ComparisonDocument::new(env!("CARGO_PKG_VERSION"), comparison);
    Ok(render::comparison_table(&document, &options(world, printer)))
}

fn gated(branch: &str, world: &World, printer: &Printer) -> Result<String, CliError> {
    let report = gate::judged(&Gate { between: between(branch), ..Gate::default() }, None, world)?.report;
    let word = match report.judgement.effect {
        Effect::Allow | Effect::Notice => "the merge may go in",
        Effect::Block => "the merge is stopped",
    };
    Ok(format!("{}exit code {}: {word}\n", render::report_table(&report, &options(world, printer)), gate::code(&report, FailOn::Block)))
}

fn build(folder: &Path) -> Result<(), CliError> {
    let scratch = Scratch::init(folder)?;
    let base = scratch.commit("main", None, "Train the first model", &files(&BASE))?;
    scratch.commit("tune-lr", Some(&base), "Lower the learning rate", &files(&BETTER))?;
    scratch.commit("smaller-model", Some(&base), "Use a smaller model on new data", &files(&WORSE))?;
    Ok(())
}

fn files(training: &Training) -> Vec<File> {
    let Training { accuracy, f1, loss, latency_ms, params, data } = training;
    let metrics = format!("{{\n  \"accuracy\": {accuracy},\n  \"f1\": {f1},\n  \"loss\": {loss},\n  \"latency_ms\": {latency_ms}\n}}\n");
    let pointer = format!("outs:\n- md5: {data}\n  size: 14680064\n  hash: md5\n  path: train.csv\n");
    vec![
        File::new(".dvc/config", ""),
        File::new("data/train.csv.dvc", pointer),
        File::new("dvc.yaml", "metrics:\n- metrics.json\nparams:\n- params.yaml\n"),
        File::new("metrics.json", metrics),
        File::new("params.yaml", *params),
        File::new("proofmark.toml", POLICY),
    ]
}
