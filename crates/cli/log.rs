//! `proofmark log`: metrics over the commits of a branch.

mod recorded;
mod runs;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use clap::{Args, ValueEnum};
use memchr::memmem;
use proofmark_core::config::{Config, nearest};
use proofmark_core::document::Format as FileFormat;
use proofmark_core::glob::Glob;
use proofmark_core::key::{Key, Lists};
use proofmark_core::path::RepoPath;
use proofmark_core::policy::Policy;
use proofmark_core::ports::{Content, ContentId, EntryKind, Tree as _};
use proofmark_core::snapshot::{Elsewhere as _, Parsed};
use proofmark_core::value::Value;
use proofmark_git::{GitTree, History as Commits, HistoryEnd, Repository};
use proofmark_render::Options;
use proofmark_render::history::{self, Date, History, Metric, Point};

use crate::configuration::local_config;
use crate::exit::{self, CliError};
use crate::printer::Printer;
use crate::session::open_repository;
use crate::sources::{Found, Sources};
use crate::world::World;

/// Show metrics over the commits of a branch
///
/// METRIC is a name or a glob (`accuracy`, `test.*`), or FILE:METRIC. First parents only, so each row is what a merge did.
/// With --recorded also TABLE:METRIC, and `TABLE:METRIC [country=DE]` for a part of the rows.
#[derive(Debug, Args)]
pub(crate) struct Log {
    /// Metrics to show
    #[arg(required = true)]
    pub(crate) metric: Vec<String>,
    /// The branch or revision to start from
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    pub(crate) from: String,
    /// Commits to look at, at most
    #[arg(short = 'n', long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// All commits by time, not first parents only
    #[arg(long)]
    pub(crate) all_parents: bool,
    /// Show what `proofmark record` kept instead of what the files say; runs that were blocked and new levels are marked
    #[arg(long)]
    pub(crate) recorded: bool,
    /// Also show what runs of MLflow, Kubeflow and ModelDB logged for each commit, as the configuration names them
    #[arg(long, conflicts_with = "recorded")]
    pub(crate) runs: bool,
    /// With --recorded: the kind of machine [default: `class` of `[history]`]
    #[arg(long, value_name = "CLASS", requires = "recorded")]
    pub(crate) class: Option<String>,
    /// The form of what is printed
    #[arg(long, value_enum, default_value_t = Form::Table)]
    pub(crate) format: Form,
}

/// The forms of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// A table with a sparkline
    Table,
    /// A document
    Json,
    /// One row per commit
    Csv,
}

pub(crate) fn run(args: &Log, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let repository = open_repository(world)?;
    let start = repository.resolve(&args.from)?;
    let commits = repository.history(&start, !args.all_parents, args.limit as usize)?;
    let config = local_config(&repository, &start)?.unwrap_or_default();
    let history = if args.recorded {
        recorded::read(args, &repository, &commits, &config, printer)?
    } else {
        of_files(args, &repository, &commits, &config, world, printer)?
    };
    let options = Options { width: world.width, colour: printer.colour, all: true, max_rows: usize::MAX };
    let text = match args.format {
        Form::Table => history::table(&history, &options),
        Form::Json => history::json(&history, env!("CARGO_PKG_VERSION"))?,
        Form::Csv => history::csv(&history),
    };
    printer.data(text.as_bytes())?;
    match commits.end {
        HistoryEnd::ShallowBorder => printer.say(&format!("The history ends here, in a shallow clone. {}", proofmark_git::SHALLOW_CURE)),
        HistoryEnd::Limit => printer.say(&format!("There are more than {} commits; -n shows more.", args.limit)),
        HistoryEnd::Root => {}
    }
    Ok(exit::ALLOWED)
}

/// What the metrics files say at each commit.
fn of_files(
    args: &Log,
    repository: &Repository,
    commits: &Commits,
    config: &Config,
    world: &World,
    printer: &Printer,
) -> Result<History, CliError> {
    let wanted = args.metric.iter().map(|text| Wanted::new(text)).collect::<Result<Vec<_>, _>>()?;
    let mut columns = Reader { repository, wanted: &wanted, sources: Sources::new(repository, &config.compare, world)? }.read(commits)?;
    if args.runs {
        runs::add(&mut columns, &wanted, commits, config, repository, world, printer);
    }
    if columns.values.is_empty() {
        return Err(not_found(args, &columns));
    }
    history(commits, &columns, config)
}

/// One METRIC of the command line. A colon may separate a file, or belong to the name: both readings count.
struct Wanted {
    name: Glob,
    in_file: Option<(Glob, Glob)>,
}

impl Wanted {
    fn new(text: &str) -> Result<Self, CliError> {
        let in_file = match text.split_once(':') {
            Some((file, name)) if !file.is_empty() => Some((Glob::file(file)?, Glob::name(name)?)),
            _ => None,
        };
        Ok(Self { name: Glob::name(text)?, in_file })
    }

    fn takes_file(&self, file: &RepoPath) -> bool {
        self.in_file.as_ref().is_none_or(|(glob, _)| glob.matches(file.as_str())) || !self.name.as_str().contains('/')
    }

    fn takes(&self, file: &RepoPath, key: &Key) -> bool {
        let in_file = |(glob, name): &(Glob, Glob)| glob.matches(file.as_str()) && name.matches_key(key);
        self.name.matches_key(key) || self.in_file.as_ref().is_some_and(in_file)
    }

    fn takes_of_table(&self, table: &str, key: &Key) -> bool {
        self.in_file.as_ref().is_some_and(|(glob, name)| glob.matches(table) && name.matches_key(key))
    }

    /// The last part of a plain name: a document without these bytes cannot hold the metric.
    fn needle(&self) -> Option<String> {
        let name = self.in_file.as_ref().map_or(&self.name, |(_, name)| name);
        let last = Key::from_canonical(name.as_str()).parts().pop()?;
        (name.is_literal() && !last.is_empty() && last.parse::<usize>().is_err()).then_some(last)
    }
}

/// The matching values of one file's content.
type Matches = Vec<(Key, Value)>;
/// One file at one commit: the place of its parsed content, or the values, or why there are none.
enum Cell {
    Object(usize),
    Values(Matches),
    Missing(String),
}

/// What was found: per commit and file, and which metrics there are at all.
struct Columns {
    metrics: BTreeSet<(RepoPath, Key)>,
    values: Vec<BTreeMap<RepoPath, Result<Matches, String>>>,
    files: BTreeSet<RepoPath>,
}

struct Reader<'a> {
    repository: &'a Repository,
    wanted: &'a [Wanted],
    sources: Sources,
}

impl Reader<'_> {
    fn read(mut self, commits: &Commits) -> Result<Columns, CliError> {
        let mut rows = Vec::with_capacity(commits.commits.len());
        let mut objects: HashMap<(ContentId, FileFormat), usize> = HashMap::new();
        let mut order: Vec<(ContentId, RepoPath)> = Vec::new();
        for commit in &commits.commits {
            let tree = self.repository.tree_at(commit, &commit.short)?;
            let found = self.sources.discover(self.repository, &tree);
            let mut row = BTreeMap::new();
            for file in found.discovery.metrics.iter().filter(|file| self.wanted.iter().any(|wanted| wanted.takes_file(file))) {
                let cell = match tree.entry(file) {
                    Ok(Some(entry)) if entry.kind == EntryKind::File && entry.id.is_some() => {
                        let id = entry.id.unwrap_or_else(|| ContentId::new(&[]));
                        Some(Cell::Object(*objects.entry((id, FileFormat::of(file))).or_insert_with(|| {
                            order.push((id, file.clone()));
                            order.len() - 1
                        })))
                    }
                    _ => self.elsewhere(&tree, &found, file),
                };
                row.extend(cell.map(|cell| (file.clone(), cell)));
            }
            rows.push(row);
        }
        let parsed = self.parse(&order);
        Ok(columns(rows, parsed))
    }

    /// Each object is read and parsed once, by several threads.
    fn parse(&self, order: &[(ContentId, RepoPath)]) -> Vec<Result<Matches, String>> {
        let ids: Vec<ContentId> = order.iter().map(|(id, _)| *id).collect();
        let needles: Option<Vec<String>> = self.wanted.iter().map(Wanted::needle).collect();
        let needles = needles.map(|texts| texts.iter().map(|text| memmem::Finder::new(text.as_bytes()).into_owned()).collect::<Vec<_>>());
        self.repository.read_objects(&ids, |at, bytes| {
            let bytes = bytes.map_err(|_| "unavailable".to_owned())?;
            if bytes.starts_with(b"version https://git-lfs") {
                return Err("git-LFS pointer".to_owned());
            }
            // An escape may hide the name.
            let may_hold =
                |needles: &Vec<memmem::Finder<'_>>| bytes.contains(&b'\\') || needles.iter().any(|needle| needle.find(bytes).is_some());
            if needles.as_ref().is_some_and(|needles| !may_hold(needles)) {
                return Ok(Matches::new());
            }
            self.matches(&order[at].1, bytes.to_vec())
        })
    }

    fn matches(&self, file: &RepoPath, bytes: Vec<u8>) -> Result<Matches, String> {
        let leaves = Parsed::default().leaves(file, &Content { bytes, id: None }, Lists::Elements).map_err(|_| "unparsable".to_owned())?;
        Ok(leaves.iter().filter(|(key, _)| self.wanted.iter().any(|wanted| wanted.takes(file, key))).cloned().collect())
    }

    fn elsewhere(&self, tree: &GitTree, found: &Found, file: &RepoPath) -> Option<Cell> {
        let bytes = match tree.read(file) {
            Ok(Some(content)) => content.bytes,
            Ok(None) => match self.sources.elsewhere(found).fetch(file)? {
                Ok(fetched) => fetched.bytes,
                Err(_) => return Some(Cell::Missing("unavailable".to_owned())),
            },
            Err(_) => return Some(Cell::Missing("unavailable".to_owned())),
        };
        Some(match self.matches(file, bytes) {
            Ok(values) => Cell::Values(values),
            Err(reason) => Cell::Missing(reason),
        })
    }
}

fn columns(rows: Vec<BTreeMap<RepoPath, Cell>>, parsed: Vec<Result<Matches, String>>) -> Columns {
    let files: BTreeSet<RepoPath> = rows.iter().flat_map(|row| row.keys().cloned()).collect();
    let resolve = |cell: Cell| match cell {
        Cell::Object(at) => parsed.get(at).cloned().unwrap_or_else(|| Err("unavailable".to_owned())),
        Cell::Values(values) => Ok(values),
        Cell::Missing(reason) => Err(reason),
    };
    let values: Vec<BTreeMap<RepoPath, Result<Matches, String>>> =
        rows.into_iter().map(|row| row.into_iter().map(|(file, cell)| (file, resolve(cell))).collect()).collect();
    let metrics = values
        .iter()
        .flatten()
        .flat_map(|(file, matches)| matches.iter().flatten().map(|(key, _)| (file.clone(), key.clone())).collect::<Vec<_>>());
    let metrics: BTreeSet<(RepoPath, Key)> = metrics.collect();
    let values = if metrics.is_empty() { Vec::new() } else { values };
    Columns { metrics, values, files }
}

fn history(commits: &Commits, columns: &Columns, config: &Config) -> Result<History, CliError> {
    let origin = proofmark_core::policy::PolicyOrigin::BuiltIn;
    let policy = Policy::compile(config, origin, None)?;
    let metrics: Vec<Metric> = columns
        .metrics
        .iter()
        .map(|(file, key)| Metric { file: file.clone(), key: key.clone(), oriented: policy.orient(file, key) })
        .collect();
    let point = |row: &BTreeMap<RepoPath, Result<Matches, String>>, metric: &Metric| match row.get(&metric.file) {
        None => Point::Missing("not there".to_owned()),
        Some(Err(reason)) => Point::Missing(reason.clone()),
        Some(Ok(matches)) => match matches.iter().find(|(key, _)| *key == metric.key) {
            Some((_, value)) => Point::Value(value.clone()),
            None => Point::Missing("not there".to_owned()),
        },
    };
    let rows = commits.commits.iter().zip(&columns.values).map(|(commit, row)| history::Commit {
        id: commit.id.clone(),
        short: commit.short.clone(),
        date: Date { seconds: commit.time, offset: commit.offset },
        subject: commit.subject.clone(),
        points: metrics.iter().map(|metric| point(row, metric)).collect(),
    });
    let commits = rows.collect();
    Ok(History { commits, metrics })
}

fn not_found(args: &Log, columns: &Columns) -> CliError {
    let error = CliError::input(format!("no commit has a metric that matches {}", quoted(&args.metric)));
    if columns.files.is_empty() {
        let runs = if args.runs { "" } else { "; those of runs need `--runs`" };
        return error.hint(format!("no metrics file was found at all; `proofmark init` shows where it looks{runs}"));
    }
    let names: Vec<&str> = columns.files.iter().map(RepoPath::as_str).collect();
    let near = args.metric.first().and_then(|metric| nearest(metric, names.iter().copied()));
    match near {
        Some(file) => error.hint(format!("`{file}` is a file; write `{file}:METRIC`")),
        None if args.runs => error.hint("`proofmark compare --all` lists the metrics that there are"),
        None => error.hint("`proofmark compare --all` lists the metrics that there are; those of runs need `--runs`"),
    }
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
