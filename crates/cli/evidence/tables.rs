//! Prediction tables: found at each revision, read side by side, and evaluated for what rules ask.

use std::fs::File;
use std::path::Path;

use proofmark_core::compare::Comparison;
use proofmark_core::config::{Procedure, Table as Declared};
use proofmark_core::evidence::{Measured, Obstacle, TableVersion, Why};
use proofmark_core::path::RepoPath;
use proofmark_core::policy::Policy;
use proofmark_core::ports::{Blob, Tree};
use proofmark_core::problem::Problem;
use proofmark_core::requests::TableRequest;
use proofmark_tables::evaluate::{EvaluateError, Request, Settings, evaluate as evaluate_tables, wanted};
use proofmark_tables::metric::Metric;
use proofmark_tables::slice::Selector;
use proofmark_tables::test_set::test_set;
use proofmark_tables::{Format, Limits, Source, Table, Wanted, read as read_table};

use super::progress::Progress;
use crate::exit::CliError;
use crate::session::{Read, Session};
use crate::sources::Found;
use crate::world::World;

/// First-parent steps back that are tried when the base has no such table.
const ANCESTORS: usize = 51;

/// One table of one side: it, nothing, or why it cannot be had.
type Reading = Result<Option<Table>, String>;

/// The head's tables, for comparisons with other commits than the base.
pub(super) struct Heads {
    kept: Vec<Kept>,
    settings: Settings,
}

struct Kept {
    declared: Declared,
    head: Reading,
    requests: Vec<Request>,
}

/// Evaluates every table that rules ask something of, against the base.
pub(super) fn evaluate(
    session: &Session,
    read: &mut Read,
    policy: &Policy,
    comparison: &mut Comparison,
    world: &World,
    notes: &mut Vec<String>,
) -> Result<Heads, CliError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut heads = Heads { kept: Vec::new(), settings: Settings { resamples: policy.situations.resamples.into(), threads } };
    for declared in &policy.tables {
        let asked = policy.requests(declared).iter().map(|request| compile(declared, request)).collect::<Result<Vec<_>, _>>()?;
        if asked.is_empty() {
            continue;
        }
        let (of_base, of_head) = match declared.mlflow {
            Some(_) => {
                let limit = Limits::default().file_bytes;
                (read.tracking.table(declared, false, limit, notes), read.tracking.table(declared, true, limit, notes))
            }
            None => (open_base(session, read, declared, notes)?, open(session, read, session.head.as_ref(), declared)),
        };
        let columns = wanted(declared, &asked);
        let progress = Progress::new(&format!("reading {}", proofmark_render::escape::terminal(&declared.file)), world);
        let load = |blob| load(blob, declared, &columns, &progress);
        let (head, base) = std::thread::scope(|scope| {
            let other = scope.spawn(|| load(of_base));
            let head = load(of_head);
            (head, other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        drop(progress);
        comparison.tables.push(version(declared, &base, &head));
        let (plain, others): (Vec<Request>, Vec<Request>) = asked.into_iter().partition(|request| request.against.is_none());
        comparison.measured.extend(measure(&base, &head, declared, &plain, &heads.settings, world)?);
        if !others.is_empty() {
            heads.kept.push(Kept { declared: declared.clone(), head, requests: others });
        }
    }
    Ok(heads)
}

impl Heads {
    /// Evaluates what is asked against another commit.
    pub(super) fn compare_with(
        &self,
        name: &str,
        find: &dyn Fn(&Declared) -> Result<Option<Blob>, Problem>,
        comparison: &mut Comparison,
        world: &World,
    ) -> Result<(), CliError> {
        for Kept { declared, head, requests } in &self.kept {
            let asked = against(requests, name);
            if !asked.is_empty() {
                let blob = find(declared);
                let progress = Progress::new(&format!("reading {}", proofmark_render::escape::terminal(&declared.file)), world);
                let base = load(blob, declared, &wanted(declared, &asked), &progress);
                drop(progress);
                comparison.measured.extend(measure(&base, head, declared, &asked, &self.settings, world)?);
            }
        }
        Ok(())
    }

    /// There is no such commit.
    pub(super) fn without(&self, name: &str, problem: &str, comparison: &mut Comparison) {
        for Kept { declared, head, requests } in &self.kept {
            let none = Ok(None);
            // What is asked was evaluated before, so nothing can be wrong with it here.
            let measured = evaluated(&none, head, declared, &against(requests, name), &self.settings, &|_, _| {}).unwrap_or_default();
            for mut one in measured {
                if let Some(obstacle) = one.obstacle.as_mut().filter(|obstacle| obstacle.reason == Why::NoBaseline) {
                    obstacle.told = problem.to_owned();
                }
                comparison.measured.push(one);
            }
        }
    }
}

fn against(requests: &[Request], name: &str) -> Vec<Request> {
    requests.iter().filter(|request| request.against.as_deref() == Some(name)).cloned().collect()
}

/// What a policy asks, as the tables understand it.
fn compile(declared: &Declared, request: &TableRequest) -> Result<Request, CliError> {
    let metric = Metric::parse(&request.metric).map_err(|error| {
        let told = CliError::input(format!("table `{}`: {error}", declared.name));
        error.hint().into_iter().fold(told, CliError::hint)
    })?;
    let selector = request.selector.iter().fold(Selector::all(), |selector, (column, pattern)| selector.with(column, pattern));
    Ok(Request {
        selector,
        against: request.against.clone(),
        decide_at: request.decide_at.clone(),
        decide_at_shares: request.decide_at_shares.clone(),
        alpha: request.alpha,
        procedure: Some(request.procedure).filter(|procedure| *procedure != Procedure::Auto),
        ..Request::new(metric)
    })
}

/// The table's file at a revision.
fn open(session: &Session, read: &mut Read, tree: &dyn Tree, declared: &Declared) -> Result<Option<Blob>, Problem> {
    let Ok(path) = RepoPath::parse(&declared.file) else { return Ok(None) };
    read.sources.open(&session.repository, tree, &path, Limits::default().file_bytes)
}

/// The same of a commit that was discovered before; artifacts of runs are no files of it.
pub(super) fn find(read: &Read, tree: &dyn Tree, found: &Found, declared: &Declared) -> Result<Option<Blob>, Problem> {
    if declared.mlflow.is_some() {
        return Ok(None);
    }
    let Ok(path) = RepoPath::parse(&declared.file) else { return Ok(None) };
    read.sources.open_found(tree, found, &path, Limits::default().file_bytes)
}

/// The base's file; where the base has none, that of its nearest ancestor that has one, and a note says so.
fn open_base(
    session: &Session,
    read: &mut Read,
    declared: &Declared,
    notes: &mut Vec<String>,
) -> Result<Result<Option<Blob>, Problem>, CliError> {
    let of_base = open(session, read, session.base_tree(), declared);
    if !matches!(of_base, Ok(None)) {
        return Ok(of_base);
    }
    for (distance, commit) in session.before(ANCESTORS)?.iter().enumerate().skip(1) {
        let tree = session.repository.tree_at(commit, &commit.short)?;
        if let Ok(Some(blob)) = open(session, read, &tree, declared) {
            notes.push(format!(
                "The base has no table `{}`; it is compared with that of {}, {distance} commits before.",
                declared.name, commit.short
            ));
            return Ok(Ok(Some(blob)));
        }
    }
    Ok(Ok(None))
}

fn load(blob: Result<Option<Blob>, Problem>, declared: &Declared, columns: &Wanted, progress: &Progress) -> Reading {
    let told = |problem: Problem| match &problem.hint {
        Some(hint) => format!("{problem} ({hint})"),
        None => problem.to_string(),
    };
    let source = match blob.map_err(told)? {
        None => return Ok(None),
        Some(Blob::InMemory(bytes)) => Source::Bytes(bytes),
        Some(Blob::OnDisk(path)) => Source::File(File::open(path).map_err(|error| error.to_string())?),
    };
    let format = Format::of(Path::new(&declared.file))
        .ok_or_else(|| format!("`{}` has none of the endings {}", declared.file, Format::EXTENSIONS.join(", ")))?;
    let read = read_table(source, format, columns, &Limits::default(), &|done, all| progress.tell(done, all));
    read.map(Some).map_err(|error| {
        let hint = error.hint().map_or_else(String::new, |hint| format!(" ({hint})"));
        format!("`{}`: {error}{hint}", declared.file)
    })
}

fn measure(
    base: &Reading,
    head: &Reading,
    declared: &Declared,
    asked: &[Request],
    settings: &Settings,
    world: &World,
) -> Result<Vec<Measured>, CliError> {
    let progress = Progress::new(&format!("evaluating {}", proofmark_render::escape::terminal(&declared.name)), world);
    evaluated(base, head, declared, asked, settings, &|done, all| progress.tell(done, all)).map_err(|error| {
        let told = CliError::input(format!("table `{}`: {error}", declared.name));
        error.hint().into_iter().fold(told, CliError::hint)
    })
}

/// What was read, for whoever asks later which data and which test set this was.
fn version(declared: &Declared, base: &Reading, head: &Reading) -> TableVersion {
    let digest = |reading: &Reading| table_of(reading).map(|table| table.digest().iter().map(|byte| format!("{byte:02x}")).collect());
    let mut version = TableVersion::new(&declared.name, RepoPath::parse(&declared.file).unwrap_or_default());
    (version.base, version.head) = (digest(base), digest(head));
    version.test_set = table_of(head).and_then(|table| test_set(table, declared));
    version
}

fn table_of(reading: &Reading) -> Option<&Table> {
    reading.as_ref().ok().and_then(Option::as_ref)
}

/// The results, with the reason of a side that cannot be read in the place of its absence.
fn evaluated(
    base: &Reading,
    head: &Reading,
    declared: &Declared,
    asked: &[Request],
    settings: &Settings,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Vec<Measured>, EvaluateError> {
    let mut measured = evaluate_tables(table_of(base), table_of(head), declared, asked, settings, progress)?;
    for result in &mut measured {
        let unread = match (head, base) {
            (Err(told), _) => Some((Why::UnreadableCandidate, told)),
            (_, Err(told)) if head.as_ref().is_ok_and(Option::is_some) => Some((Why::UnreadableBaseline, told)),
            _ => None,
        };
        if let Some((reason, told)) = unread {
            result.obstacle = Some(Obstacle { reason, told: told.clone() });
        }
    }
    Ok(measured)
}
