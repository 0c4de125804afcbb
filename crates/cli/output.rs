//! Where a rendered document goes: standard output and files, each in its form, none half-written.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use proofmark_render::Options;

use crate::args::{Format, Outputs};
use crate::exit::{CliError, unwritable};
use crate::posting::Written;
use crate::printer::Printer;
use crate::world::World;

/// How many links one path may go through; the number that Linux uses.
const MOST_LINKS: usize = 40;

/// One place and the form that goes there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    format: Format,
    /// `None` is standard output.
    path: Option<PathBuf>,
}

/// What was typed, resolved: standard output first unless only `--output -` names it.
fn targets(args: &Outputs, world: &World) -> Result<Vec<Target>, CliError> {
    let mut targets = Vec::new();
    for text in &args.output {
        targets.push(target(text, world)?);
    }
    refuse_twins(&targets)?;
    let prints = targets.iter().any(|target| target.path.is_none());
    if args.format.is_some() || !prints {
        targets.insert(0, Target { format: args.format.unwrap_or(Format::Table), path: None });
    }
    Ok(targets)
}

/// The second document would take the place of the first one.
fn refuse_twins(targets: &[Target]) -> Result<(), CliError> {
    let mut seen = BTreeSet::new();
    for path in targets.iter().filter_map(|target| target.path.as_deref()) {
        let place = follow(path).unwrap_or_else(|_| path.to_owned());
        // Where there is a folder, its true name: `a/../x.json` and `x.json` are one.
        let place = match (folder_of(&place).canonicalize(), place.file_name()) {
            (Ok(folder), Some(name)) => folder.join(name),
            _ => place,
        };
        if !seen.insert(place) {
            return Err(
                CliError::input(format!("`{}` is given twice with `--output`", path.display())).hint("give each form a file of its own")
            );
        }
    }
    Ok(())
}

fn target(text: &str, world: &World) -> Result<Target, CliError> {
    let named = text.split_once('=').and_then(|(name, file)| Some((<Format as clap::ValueEnum>::from_str(name, false).ok()?, file)));
    let (format, file) = match named {
        Some((format, file)) => (format, file),
        None => {
            let extension = Path::new(text).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            let format = match extension {
                "json" => Format::Json,
                "md" | "markdown" => Format::Markdown,
                "txt" => Format::Table,
                "html" | "htm" => Format::Html,
                "xml" => Format::Junit,
                "sarif" => Format::Sarif,
                _ => {
                    return Err(CliError::input(format!("`--output {text}` does not tell the form"))
                        .hint(format!("write `--output markdown={text}`, or use an extension: .json, .md, .txt, .html, .xml, .sarif")));
                }
            };
            (format, text)
        }
    };
    let path = (file != "-").then(|| world.folder.join(file));
    Ok(Target { format, path })
}

/// How tables look at this place.
fn options(target: &Target, args: &Outputs, world: &World, printer: &Printer) -> Options {
    let to_terminal = target.path.is_none();
    Options { width: world.width.filter(|_| to_terminal), colour: printer.colour && to_terminal, all: args.all, max_rows: args.max_rows }
}

/// The files among the places, for those who come after.
pub(crate) fn written(args: &Outputs, world: &World) -> Result<Written, CliError> {
    let targets = targets(args, world)?;
    let file = |format: Format| targets.iter().find(|target| target.format == format).and_then(|target| target.path.clone());
    Ok(Written { json: file(Format::Json), markdown: file(Format::Markdown) })
}

/// Renders for every place, and only then writes: a mistake in one form leaves all files as they were.
pub(crate) fn deliver(
    args: &Outputs,
    world: &World,
    printer: &Printer,
    render: impl Fn(Format, &Options) -> Result<String, CliError>,
) -> Result<(), CliError> {
    let targets = targets(args, world)?;
    let rendered = targets.iter().map(|target| render(target.format, &options(target, args, world, printer)));
    let rendered = rendered.collect::<Result<Vec<_>, _>>()?;
    targets.iter().zip(&rendered).try_for_each(|(target, text)| write(target, text.as_bytes(), printer))
}

/// The same for files alone, when standard output is for something else.
pub(crate) fn deliver_files(
    args: &Outputs,
    world: &World,
    printer: &Printer,
    render: impl Fn(Format, &Options) -> Result<String, CliError>,
) -> Result<(), CliError> {
    for target in targets(args, world)?.iter().filter(|target| target.path.is_some()) {
        write(target, render(target.format, &options(target, args, world, printer))?.as_bytes(), printer)?;
    }
    Ok(())
}

/// Leaves why there is nothing wherever the form has room for it: what lies there is of an earlier run.
pub(crate) fn deliver_failure(
    args: &Outputs,
    world: &World,
    printer: &Printer,
    render: impl Fn(Format, &Options) -> Result<Option<String>, CliError>,
) -> Result<(), CliError> {
    for target in targets(args, world)? {
        if let Some(text) = render(target.format, &options(&target, args, world, printer))? {
            write(&target, text.as_bytes(), printer)?;
        }
    }
    Ok(())
}

/// Whether any place wants DVC's form.
pub(crate) fn wants_dvc(args: &Outputs, world: &World) -> Result<bool, CliError> {
    Ok(targets(args, world)?.iter().any(|target| target.format == Format::DvcJson))
}

/// Writes one rendered document.
fn write(target: &Target, bytes: &[u8], printer: &Printer) -> Result<(), CliError> {
    match &target.path {
        None => printer.data(bytes),
        Some(path) => write_file(path, bytes).map_err(|error| unwritable(path, &error)),
    }
}

/// Writes beside the place and renames, so that a reader sees the old file or the new one, whole. A link stays and the
/// file it leads to is replaced; pipes and devices are written as they are.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let place = follow(path)?;
    let mode = match std::fs::metadata(&place) {
        Ok(metadata) if metadata.is_dir() => return Err(io::Error::new(ErrorKind::IsADirectory, "it is a folder")),
        Ok(metadata) if !metadata.is_file() || is_descriptor(&place) => return write_through(&place, bytes),
        Ok(metadata) => Some(metadata.permissions()),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let folder = folder_of(&place);
    if !folder.is_dir() {
        return Err(io::Error::new(ErrorKind::NotFound, format!("there is no folder `{}`", folder.display())));
    }
    // Opened here, since a temporary file is private, and a new result gets what the umask leaves.
    let new = |path: &Path| OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = tempfile::Builder::new().prefix(".proofmark-").make_in(folder, new)?;
    file.write_all(bytes)?;
    if let Some(mode) = mode {
        std::fs::set_permissions(file.path(), mode)?;
    }
    file.persist(&place).map(drop).map_err(|error| error.error)
}

/// Into what is no file of its own. At its end: a file behind `/dev/fd/3` may hold what was printed before.
fn write_through(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match OpenOptions::new().append(true).open(path)?.write_all(bytes) {
        // Whoever read there has seen enough, as on standard output.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// The place that links lead to, whether something is there or not; a descriptor's own link is not followed.
fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut place = path.to_owned();
    for _ in 0..MOST_LINKS {
        match std::fs::read_link(&place) {
            Ok(target) if !is_descriptor(&place) => place = folder_of(&place).join(target),
            _ => return Ok(place),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

/// What a shell's `>(command)` gives, and where `/dev/stdout` leads.
fn is_descriptor(path: &Path) -> bool {
    cfg!(unix) && (path.starts_with("/dev/fd") || (path.starts_with("/proc") && folder_of(path).ends_with("fd")))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The Markdown template: the user's, or the built-in one.
pub(crate) fn template(args: &Outputs, built_in: &'static str, world: &World) -> Result<String, CliError> {
    let Some(file) = &args.template else { return Ok(built_in.to_owned()) };
    let path = world.folder.join(file);
    std::fs::read_to_string(&path)
        .map_err(|error| CliError::input(format!("cannot read the template `{}`", path.display())).because(&error))
}
