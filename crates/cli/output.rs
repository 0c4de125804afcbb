//! Where a rendered document goes: standard output and files, each in its form, none half-written.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use proofmark_render::Options;

use crate::args::{Format, Outputs};
use crate::exit::{CliError, unwritable};
use crate::printer::Printer;
use crate::world::World;

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
    let prints = targets.iter().any(|target| target.path.is_none());
    if args.format.is_some() || !prints {
        targets.insert(0, Target { format: args.format.unwrap_or(Format::Table), path: None });
    }
    Ok(targets)
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
                _ => {
                    return Err(CliError::input(format!("`--output {text}` does not tell the form"))
                        .hint(format!("write `--output markdown={text}`, or use an extension: .json, .md, .txt")));
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

/// Writes beside the place and renames, so that a reader sees the old file or the new one, whole.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    // A device such as /dev/null or a pipe cannot be renamed over.
    if path.exists() && !path.is_file() {
        return std::fs::write(path, bytes);
    }
    make_readable(file.path())?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// A temporary file is private; a result is for other programs as well.
#[cfg(unix)]
fn make_readable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// The Markdown template: the user's, or the built-in one.
pub(crate) fn template(args: &Outputs, built_in: &'static str, world: &World) -> Result<String, CliError> {
    let Some(file) = &args.template else { return Ok(built_in.to_owned()) };
    let path = world.folder.join(file);
    std::fs::read_to_string(&path)
        .map_err(|error| CliError::input(format!("cannot read the template `{}`", path.display())).because(&error))
}
