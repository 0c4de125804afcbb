//! The only place that prints. stdout is data, stderr is talk.

use std::io::Write as _;
use std::process::ExitCode;

use proofmark_render::escape;

use crate::exit::{self, CliError};

/// Writes for people and for pipes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    /// Whether colours are wanted.
    pub(crate) colour: bool,
}

impl Printer {
    pub(crate) fn new(colour: bool) -> Self {
        Self { colour }
    }

    /// Data, as it is. A reader that went away has all it wanted.
    pub(crate) fn data(&self, bytes: &[u8]) -> Result<(), CliError> {
        let mut out = std::io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(CliError::input("cannot write to standard output").because(&error))
            }
            _ => Ok(()),
        }
    }

    /// One line of talk; text from outside must be escaped by the caller.
    pub(crate) fn say(&self, line: &str) {
        // Nobody listening is no reason to stop.
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }

    /// An error with its causes and hints; gives its exit code.
    pub(crate) fn error(&self, error: &CliError) -> u8 {
        let (red, dim, plain) = if self.colour { ("\x1b[1;31m", "\x1b[2m", "\x1b[0m") } else { ("", "", "") };
        self.say(&format!("{red}error{plain}: {}", escape::terminal(&error.message)));
        for cause in &error.causes {
            self.say(&format!("  caused by: {}", escape::terminal(cause)));
        }
        for hint in &error.hints {
            // Advice may be lines to paste, whose indentation matters.
            let mut lines = hint.lines();
            self.say(&format!("{dim}hint{plain}: {}", escape::terminal(lines.next().unwrap_or_default())));
            for line in lines {
                let text = line.trim_start();
                self.say(&format!("{}{}", &line[..line.len() - text.len()], escape::terminal(text)));
            }
        }
        error.code
    }
}

/// What clap has to say: help and version are data, mistakes are talk.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let is_help = !error.use_stderr();
    // Nothing can be done about a terminal that is gone.
    let _ = error.print();
    if is_help { ExitCode::SUCCESS } else { ExitCode::from(exit::NOT_JUDGED) }
}

/// A panic is a bug: it says so, and has an exit code of its own.
pub(crate) fn report_bugs() {
    std::panic::set_hook(Box::new(|info| {
        let _ =
            writeln!(std::io::stderr(), "proofmark hit a bug: {info}\nPlease report it with the command that you ran. Nothing was judged.");
        #[expect(clippy::exit, reason = "a panic must not look like any other outcome, and the release build cannot unwind")]
        std::process::exit(exit::BUG);
    }));
}
