//! `proofmark doctor`: what stands between this place and a report on a pull request. Posts nothing.

use clap::Args;
use proofmark_core::config::{Effect, GitHub};
use proofmark_core::path::RepoPath;
use proofmark_core::run::System;
use proofmark_github::{Finding as Diagnosis, Health, Questions};
use proofmark_render::escape::terminal;

use crate::args::{Between, Format};
use crate::base::Purpose;
use crate::exit::{self, CliError};
use crate::host::Host;
use crate::posting::args::Posting;
use crate::posting::plan;
use crate::printer::Printer;
use crate::session::{Session, open_repository};
use crate::world::World;

/// Check the token, its permissions, the base and the depth of the clone, and say what to change; posts nothing
///
/// What the token may write cannot be read, so it is tried with requests that GitHub refuses whatever the token is: for a
/// commit of zeros, without a body. They change nothing.
#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Send nothing that could write, not even what GitHub must refuse
    #[arg(long)]
    no_probes: bool,
    /// `table` or `json`
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Table)]
    format: Format,
    /// The repository, where no run tells
    #[arg(long, value_name = "OWNER/NAME")]
    repository: Option<String>,
    /// The pull request, where no event tells
    #[arg(long, value_name = "NUMBER")]
    pull_request: Option<u64>,
}

pub(crate) fn run(args: &Doctor, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let host = Host::described(args.repository.as_deref(), args.pull_request, world);
    let mut findings = Vec::new();
    let host = match host {
        Ok(host) => host,
        Err(error) => {
            findings.push(failed("run", &error));
            None
        }
    };
    findings.push(place(host.as_ref()));
    findings.push(clone(world));
    findings.extend(base(host.as_ref(), world));
    match &host {
        Some(host) => findings.extend(server(args, host, world)),
        None => findings.push(
            Diagnosis::new("GitHub", Health::Unknown, "not asked: no run tells which repository this is")
                .advise("give `--repository OWNER/NAME`, and a token as GITHUB_TOKEN"),
        ),
    }
    let text = match args.format {
        Format::Json => proofmark_render::json(&findings.iter().map(document).collect::<Vec<_>>())?,
        _ => findings.iter().map(shown).collect(),
    };
    printer.data(text.as_bytes())?;
    let bad = findings.iter().any(|finding| finding.health == Health::Bad);
    Ok(if bad { exit::NOT_JUDGED } else { exit::ALLOWED })
}

fn system(system: System) -> &'static str {
    match system {
        System::Jenkins => "Jenkins",
        _ => "GitHub Actions",
    }
}

/// What runs us.
fn place(host: Option<&Host>) -> Diagnosis {
    let Some(host) = host else {
        return Diagnosis::new("run", Health::Good, "by hand: nothing is posted without `--dry-run` or a run of GitHub Actions or Jenkins");
    };
    let run = &host.run;
    let pull = run.pull_request.as_ref().map(|pull| format!(", pull request #{}", pull.number)).unwrap_or_default();
    let found = format!("{}, event {}{pull}", system(run.system), run.event);
    match run.read_only {
        Some(_) => Diagnosis::new("run", Health::Warning, format!("{found}, whose token can only read"))
            .advise("the report stays in the job summary; two workflows bring it to the pull request (README)"),
        None => Diagnosis::new("run", Health::Good, found),
    }
}

/// How much of the history is here.
fn clone(world: &World) -> Diagnosis {
    match open_repository(world) {
        Err(error) => failed("clone", &error),
        Ok(repository) if repository.is_shallow() => {
            Diagnosis::new("clone", Health::Warning, "shallow: what it lacks is read from GitHub, with a token that may read contents")
                .advise("`fetch-depth: 0` on actions/checkout makes the gate independent of the network")
        }
        Ok(_) => Diagnosis::new("clone", Health::Good, "has the whole history"),
    }
}

/// Whether the base can be had, and whose policy judges.
fn base(host: Option<&Host>, world: &World) -> Vec<Diagnosis> {
    let session = match Session::open(&Between::default(), Purpose::Judge, host, world) {
        Ok(session) => session,
        Err(error) => return vec![failed("base", &error)],
    };
    let base = Diagnosis::new("base", Health::Good, session.base_in_words());
    let policy = match session.policy() {
        Ok(policy) if session.config.is_none() => Diagnosis::new("policy", Health::Warning, policy.summary())
            .advise("`proofmark init` writes a policy; commit it to the branch that changes go into"),
        Ok(policy) => Diagnosis::new("policy", Health::Good, policy.summary()),
        Err(error) => failed("policy", &error),
    };
    let mut findings = vec![base, policy];
    findings.extend(runs(&session, world));
    findings
}

/// Whether the runs of both sides are found where the policy says they are.
fn runs(session: &Session, world: &World) -> Vec<Diagnosis> {
    let files = session.run_files();
    if files.is_empty() {
        return Vec::new();
    }
    let read = match session.read(false, world) {
        Ok(read) => read,
        Err(error) => return vec![failed("runs", &error)],
    };
    let tracked = read.tracking.tracked();
    let told = |file: &RepoPath| {
        let system =
            ["mlflow", "kubeflow", "modeldb"].into_iter().find(|name| file.as_str().split(':').next() == Some(name)).unwrap_or("runs");
        let found = tracked.iter().find(|tracked| tracked.file == *file).map(|tracked| tracked.told().join(" "));
        match read.head.metrics.get(file).map(|reading| &reading.leaves) {
            Some(Err(problem)) => {
                let finding = Diagnosis::new(system, Health::Bad, problem.to_string());
                problem.hint.iter().fold(finding, |finding, hint| finding.advise(hint.clone()))
            }
            _ if system == "modeldb" => Diagnosis::new(system, Health::Good, found.unwrap_or_default())
                .advise("the PyPI package `verta` is not ModelDB's client any more; nothing here needs one"),
            _ => Diagnosis::new(system, Health::Good, found.unwrap_or_default()),
        }
    };
    files.iter().map(told).collect()
}

/// What GitHub says.
fn server(args: &Doctor, host: &Host, world: &World) -> Vec<Diagnosis> {
    let connected = host.link().and_then(|link| Ok((link, host.connection()?)));
    let (link, connection) = match connected {
        Ok(connected) => connected,
        Err(error) => return vec![failed("GitHub", &error)],
    };
    let plan = plan::plan(&host.run, &Posting::default(), &GitHub::default(), Effect::Allow);
    let questions = Questions {
        connection: &connection,
        now: world.now(),
        pull: host.run.pull_request.as_ref().map(|pull| pull.number),
        base: host.run.base.branch.as_deref(),
        check: plan.check.as_deref(),
        probe_writes: !args.no_probes && host.run.read_only.is_none(),
    };
    link.block_on(link.client().diagnose(&questions))
}

fn failed(name: &'static str, error: &CliError) -> Diagnosis {
    let told = std::iter::once(&error.message).chain(&error.causes).cloned().collect::<Vec<_>>().join(": ");
    let finding = Diagnosis::new(name, Health::Bad, told);
    if error.hints.is_empty() { finding } else { finding.advise(error.hints.join("; ")) }
}

fn shown(finding: &Diagnosis) -> String {
    let sign = match finding.health {
        Health::Good => "✓",
        Health::Warning => "!",
        Health::Bad => "✗",
        Health::Unknown => "?",
    };
    let mut text = format!("{sign} {:<12} {}\n", finding.name, terminal(&finding.found));
    for line in finding.advice.iter().flat_map(|advice| advice.lines()) {
        text += &format!("    {}\n", terminal_indented(line));
    }
    text
}

/// Advice may be a block of YAML, whose indentation matters.
fn terminal_indented(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    format!("{}{}", &line[..indent], terminal(&line[indent..]))
}

fn document(finding: &Diagnosis) -> serde_json::Value {
    let state = match finding.health {
        Health::Good => "good",
        Health::Warning => "warning",
        Health::Bad => "bad",
        Health::Unknown => "unknown",
    };
    serde_json::json!({"name": finding.name, "state": state, "found": finding.found, "advice": finding.advice})
}
