//! `dvc.yaml`: stages, and what stands beside them at the top.
//!
//! DVC refuses a file with one mistake in it; here, one broken stage loses nothing but itself.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_core::discovery::Keys;
use proofmark_core::path::RepoPath;
use proofmark_core::problem::{Problem, ProblemKind};
use proofmark_core::value::{Map, Value};

use crate::context::{Context, VarsPlace};
use crate::files::{Document, Files};
use crate::generate::{Iteration, MAX_STAGES};
use crate::params;
use crate::paths::{self, PathRefusal};
use crate::problems::Problems;
use crate::template::{Bound, Ledger, Scope, TemplateError};

/// The keys that DVC allows at the top of a `dvc.yaml`.
const TOP_KEYS: [&str; 7] = ["vars", "stages", "metrics", "plots", "params", "artifacts", "datasets"];

/// A stage, templates filled in and generated ones by their full name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its `dvc.yaml`.
    pub file: RepoPath,
    /// Its full name: `train`, `train@us`.
    pub name: String,
    /// The folder that it runs in.
    pub wdir: RepoPath,
    /// What it runs, templates filled in where they can be; to be compared, not to be run.
    pub cmd: String,
    /// What it writes.
    pub outs: Vec<Out>,
    /// What it reads, apart from params.
    pub deps: Vec<RepoPath>,
    /// The params that it declares.
    pub params: BTreeMap<RepoPath, Keys>,
}

/// An output of a stage: a file or a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Out {
    /// Where.
    pub path: RepoPath,
    /// Under which key it is declared.
    pub kind: OutKind,
    /// Whether DVC keeps its content (`cache: false` leaves it to git).
    pub cached: bool,
}

/// What an output is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutKind {
    /// `outs`.
    Data,
    /// `metrics`.
    Metric,
    /// `plots`.
    Plot,
}

/// What one `dvc.yaml` says.
#[derive(Debug, Default)]
pub(crate) struct Pipeline {
    pub(crate) stages: Vec<Stage>,
    pub(crate) metrics: Vec<RepoPath>,
    pub(crate) params: Vec<RepoPath>,
    /// Keys of files that templates used.
    pub(crate) used: BTreeMap<RepoPath, BTreeSet<String>>,
    pub(crate) problems: Vec<Problem>,
}

/// Reads a parsed `dvc.yaml` of the project at `root`.
pub(crate) fn read(files: &Files<'_>, root: &RepoPath, file: &RepoPath, document: &Document) -> Pipeline {
    let mut out = Output { pipeline: Pipeline::default(), problems: Problems::of_file() };
    let mut context = Context::default();
    let top = match &document.value {
        Ok(Value::Null) => return Pipeline::default(),
        Ok(Value::Map(top)) => top,
        Ok(_) => return Pipeline { problems: vec![unparsable(file, "is not a mapping")], ..Pipeline::default() },
        Err(error) => return Pipeline { problems: vec![error.clone().into_problem(file.clone())], ..Pipeline::default() },
    };
    let folder = file.parent();
    let templated = document.has_templates();
    if templated {
        let mut problems = Vec::new();
        context.load_default(files, &folder, &mut problems);
        if let Some(vars) = top.get("vars") {
            let place = VarsPlace { file, name: "vars", folder: &folder, root, reserved: false };
            context.load_vars(files, vars, &place, &mut problems);
        }
        problems.into_iter().for_each(|problem| out.problems.push(problem));
    }
    let ledger = Ledger::default();
    let reader = Reader { files, root, file, folder: &folder, document, templated, context: &context, ledger: &ledger };
    reader.unknown_keys(top, &mut out);
    reader.stages(top.get("stages"), &mut out);
    reader.top_paths("metrics", top.get("metrics"), ProblemKind::Unparsable, &mut out);
    reader.top_paths("params", top.get("params"), ProblemKind::Warning, &mut out);
    let Output { mut pipeline, problems } = out;
    pipeline.used = ledger.used.into_inner();
    pipeline.problems = problems.into_list(file);
    pipeline
}

#[derive(Debug)]
struct Output {
    pipeline: Pipeline,
    problems: Problems,
}

struct Reader<'a> {
    files: &'a Files<'a>,
    root: &'a RepoPath,
    file: &'a RepoPath,
    folder: &'a RepoPath,
    document: &'a Document,
    templated: bool,
    context: &'a Context,
    ledger: &'a Ledger,
}

impl Reader<'_> {
    fn unknown_keys(&self, top: &Map, out: &mut Output) {
        for key in top.keys().filter(|key| !TOP_KEYS.contains(&key.as_str())) {
            let problem = Problem::warning(self.file.clone(), format!("has the unknown key `{key}`, for which DVC refuses the file"));
            out.problems.push(problem.at(self.document.position_of(key)).hint(format!("DVC knows {}", TOP_KEYS.join(", "))));
        }
    }

    fn stages(&self, stages: Option<&Value>, out: &mut Output) {
        let stages = match stages {
            None | Some(Value::Null) => return,
            Some(Value::Map(stages)) => stages,
            Some(_) => return out.problems.push(unparsable(self.file, "has `stages` that are not a mapping")),
        };
        for (name, definition) in stages {
            match definition {
                Value::Map(definition) => self.definition(name, definition, out),
                other => {
                    let message = format!("has the stage `{name}`, a {} and not a mapping", other.kind());
                    self.fail(ProblemKind::Unparsable, message, name, out);
                }
            }
        }
    }

    /// One entry of `stages`: a stage, or what generates several.
    fn definition(&self, name: &str, definition: &Map, out: &mut Output) {
        let plain = Bound::default();
        let scope = Scope { context: self.context, bound: &plain, ledger: self.ledger, in_stage: false };
        let (iteration, template) = match (definition.get("matrix"), definition.get("foreach")) {
            (Some(matrix), _) => (Iteration::matrix(matrix, &scope), Some(definition)),
            (None, Some(foreach)) => (Iteration::foreach(foreach, &scope), definition.get("do").and_then(Value::as_map)),
            (None, None) => return self.stage(name.to_owned(), definition, &plain, out),
        };
        let Some(template) = template else {
            return self.fail(ProblemKind::Unparsable, format!("has the stage `{name}`, `foreach` without a mapping `do`"), name, out);
        };
        let iteration = match iteration {
            Ok(iteration) => iteration,
            Err(error) => {
                let message = format!("has the stage `{name}`, which cannot be generated: {error}");
                let located = if error.expression.starts_with("${") { &error.expression } else { name };
                return self.fail(ProblemKind::Unparsable, message, located, out);
            }
        };
        for (key, bound) in iteration.stages() {
            if out.pipeline.stages.len() >= MAX_STAGES {
                let message = format!("comes to more than {MAX_STAGES} stages with `{name}`; the rest is not read");
                return self.fail(ProblemKind::Unparsable, message, name, out);
            }
            self.stage(format!("{name}@{key}"), template, &bound, out);
        }
    }

    fn stage(&self, name: String, definition: &Map, bound: &Bound<'_>, out: &mut Output) {
        let scope = Scope { context: self.context, bound, ledger: self.ledger, in_stage: true };
        let wdir = match self.wdir(definition.get("wdir"), &scope) {
            Ok(wdir) => wdir,
            Err(reason) => {
                let message = format!("has the stage `{name}`, whose `wdir` cannot be used: {reason}");
                return self.fail(ProblemKind::Unparsable, message, &reason.located(), out);
            }
        };
        let mut own = None;
        if let Some(vars) = definition.get("vars").filter(|_| self.templated) {
            let mut context = self.context.clone();
            let mut problems = Vec::new();
            let place = VarsPlace {
                file: self.file,
                name: &format!("stages.{name}.vars"),
                folder: &wdir,
                root: self.root,
                reserved: bound.is_generated(),
            };
            context.load_vars(self.files, vars, &place, &mut problems);
            problems.into_iter().for_each(|problem| out.problems.push(problem));
            own = Some(context);
        }
        let scope = Scope { context: own.as_ref().unwrap_or(self.context), ..scope };
        let cmd = definition.get("cmd").map(|cmd| format!("{:?}", scope.resolve(cmd).as_ref().unwrap_or(cmd))).unwrap_or_default();
        let mut stage = Stage { file: self.file.clone(), name, wdir, cmd, outs: Vec::new(), deps: Vec::new(), params: BTreeMap::new() };
        for (field, value) in definition {
            match field.as_str() {
                "outs" => self.outs(&mut stage, field, value, OutKind::Data, &scope, out),
                "metrics" => self.outs(&mut stage, field, value, OutKind::Metric, &scope, out),
                "plots" => self.outs(&mut stage, field, value, OutKind::Plot, &scope, out),
                "deps" => self.deps(&mut stage, value, &scope, out),
                "params" => self.params(&mut stage, value, &scope, out),
                "vars" | "wdir" | "matrix" => {}
                _ if !self.templated => {}
                _ => {
                    if let Err(error) = scope.mention(value, field == "cmd") {
                        let message = format!("has the stage `{}`, for whose `{field}` DVC refuses the file: {error}", stage.name);
                        self.fail(ProblemKind::Warning, message, &error.expression, out);
                    }
                }
            }
        }
        out.pipeline.stages.push(stage);
    }

    fn wdir(&self, wdir: Option<&Value>, scope: &Scope<'_>) -> Result<RepoPath, Unusable> {
        match wdir {
            None | Some(Value::Null) => Ok(self.folder.clone()),
            Some(Value::Text(text)) => Ok(paths::resolve(self.folder, &scope.resolve_string(text)?, self.root)?),
            Some(other) => Err(Unusable::Template(TemplateError::new("wdir", format!("is a {}", other.kind())))),
        }
    }

    fn outs(&self, stage: &mut Stage, field: &str, value: &Value, kind: OutKind, scope: &Scope<'_>, out: &mut Output) {
        let severity = if kind == OutKind::Metric { ProblemKind::Unparsable } else { ProblemKind::Warning };
        for entry in self.list(&stage.name, field, value, severity, out) {
            let plain = [(entry.as_text().unwrap_or_default(), None)];
            let listed: Vec<(&str, Option<&Value>)> = match entry {
                Value::Text(_) => plain.to_vec(),
                Value::Map(entry) => entry.iter().map(|(path, flags)| (path.as_str(), Some(flags))).collect(),
                other => {
                    let message = format!("has the stage `{}` with `{field}` of which one is a {}", stage.name, other.kind());
                    self.fail(severity, message, &stage.name, out);
                    continue;
                }
            };
            for (text, flags) in listed {
                match self.path(text, &stage.wdir, scope) {
                    Ok(path) => {
                        let flag = flags.and_then(Value::as_map).and_then(|flags| flags.get("cache"));
                        let flag = flag.map(|flag| scope.resolve(flag));
                        stage.outs.push(Out { path, kind, cached: !matches!(flag, Some(Ok(Value::Bool(false)))) });
                    }
                    Err(reason) if kind != OutKind::Metric && reason.is_external() => {}
                    Err(reason) => {
                        let message = format!("has the stage `{}` with `{field}` that cannot be used: {reason}", stage.name);
                        let severity = if reason.is_external() { ProblemKind::Warning } else { severity };
                        self.fail(severity, message, &reason.located(), out);
                    }
                }
            }
        }
    }

    fn deps(&self, stage: &mut Stage, value: &Value, scope: &Scope<'_>, out: &mut Output) {
        for entry in self.list(&stage.name, "deps", value, ProblemKind::Warning, out) {
            let Some(text) = entry.as_text() else { continue };
            match scope.resolve_string(text) {
                // What lies outside of the project is a dependency like any other, but none that is compared.
                Ok(text) => stage.deps.extend(paths::resolve(&stage.wdir, &text, &RepoPath::root())),
                Err(error) => {
                    let message = format!("has the stage `{}` with `deps` that cannot be used: {error}", stage.name);
                    self.fail(ProblemKind::Warning, message, &error.expression, out);
                }
            }
        }
    }

    fn params(&self, stage: &mut Stage, value: &Value, scope: &Scope<'_>, out: &mut Output) {
        for entry in self.list(&stage.name, "params", value, ProblemKind::Warning, out) {
            let declared = params::read(entry, scope).map_err(Unusable::Template);
            let resolved = declared.and_then(|declared| {
                let resolve = |(file, keys): (String, Keys)| Ok((paths::resolve(&stage.wdir, &file, self.root)?, keys));
                declared.into_iter().map(resolve).collect::<Result<Vec<_>, Unusable>>()
            });
            match resolved {
                Ok(files) => {
                    for (file, keys) in files {
                        stage.params.entry(file).and_modify(|mine| mine.extend(&keys)).or_insert(keys);
                    }
                }
                Err(reason) => {
                    let message = format!("has the stage `{}` with `params` that cannot be used: {reason}", stage.name);
                    self.fail(ProblemKind::Warning, message, &reason.located(), out);
                }
            }
        }
    }

    /// A stage's list; anything else but nothing is a problem.
    fn list<'v>(&self, stage: &str, field: &str, value: &'v Value, severity: ProblemKind, out: &mut Output) -> &'v [Value] {
        match value {
            Value::List(list) => list,
            Value::Null => &[],
            other => {
                let message = format!("has the stage `{stage}`, whose `{field}` are a {} and not a list", other.kind());
                self.fail(severity, message, stage, out);
                &[]
            }
        }
    }

    /// Top-level `metrics` and `params`: lists of files and folders.
    fn top_paths(&self, field: &str, value: Option<&Value>, severity: ProblemKind, out: &mut Output) {
        let list = match value {
            None | Some(Value::Null) => return,
            Some(Value::List(list)) => list,
            Some(other) => {
                let message = format!("has `{field}` that are a {} and not a list", other.kind());
                return self.fail(severity, message, field, out);
            }
        };
        let plain = Bound::default();
        let scope = Scope { context: self.context, bound: &plain, ledger: self.ledger, in_stage: false };
        for entry in list {
            let path = match entry {
                Value::Text(text) => self.path(text, self.folder, &scope),
                other => Err(Unusable::Template(TemplateError::new(field, format!("holds a {} where a path should be", other.kind())))),
            };
            match path {
                Ok(path) if field == "metrics" => out.pipeline.metrics.push(path),
                Ok(path) => out.pipeline.params.push(path),
                Err(reason) => {
                    let severity = if reason.is_external() { ProblemKind::Warning } else { severity };
                    self.fail(severity, format!("has `{field}` that cannot be used: {reason}"), &reason.located(), out);
                }
            }
        }
    }

    fn path(&self, text: &str, folder: &RepoPath, scope: &Scope<'_>) -> Result<RepoPath, Unusable> {
        Ok(paths::resolve(folder, &scope.resolve_string(text)?, self.root)?)
    }

    fn fail(&self, kind: ProblemKind, message: String, located: &str, out: &mut Output) {
        let position = if out.problems.is_full() { None } else { self.document.position_of(located) };
        out.problems.push(Problem::new(kind, self.file.clone(), message).at(position));
    }
}

/// Why an entry cannot be used.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error(transparent)]
    Path(#[from] PathRefusal),
}

impl Unusable {
    fn is_external(&self) -> bool {
        matches!(self, Self::Path(refusal) if refusal.is_external())
    }

    /// The text to look for in the file.
    fn located(&self) -> String {
        match self {
            Self::Template(error) => error.expression.clone(),
            Self::Path(PathRefusal::Url(text) | PathRefusal::Absolute(text) | PathRefusal::Outside(text)) => text.clone(),
            Self::Path(PathRefusal::Nul | PathRefusal::Long) => String::new(),
        }
    }
}

fn unparsable(file: &RepoPath, message: &str) -> Problem {
    Problem::new(ProblemKind::Unparsable, file.clone(), message)
}
