//! `proofmark man`: the manual pages.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _};

use crate::cli::Cli;
use crate::exit::{self, CliError, unwritable};
use crate::output::write_file;
use crate::printer::Printer;
use crate::world::World;

/// Print the manual page, or write all pages to a folder
#[derive(Debug, Args)]
pub(crate) struct Man {
    /// Write one page per subcommand into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

pub(crate) fn run(args: &Man, world: &World, printer: &Printer) -> Result<u8, CliError> {
    let mut command = Cli::command();
    command.build();
    let Some(folder) = &args.dir else {
        printer.data(&page(command)?)?;
        return Ok(exit::ALLOWED);
    };
    let folder = world.folder.join(folder);
    std::fs::create_dir_all(&folder).map_err(|error| unwritable(&folder, &error))?;
    let mut pages = vec![("proofmark".to_owned(), command.clone())];
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        pages.push((format!("proofmark-{}", sub.get_name()), sub.clone()));
    }
    for (name, command) in pages {
        let path = folder.join(format!("{name}.1"));
        write_file(&path, &page(command)?).map_err(|error| unwritable(&path, &error))?;
    }
    Ok(exit::ALLOWED)
}

fn page(command: clap::Command) -> Result<Vec<u8>, CliError> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text).map_err(|error| CliError::input("cannot write the manual page").because(&error))?;
    Ok(text)
}
