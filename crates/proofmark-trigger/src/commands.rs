//! Commands in a comment: lines such as `/retrain lr=0.1 "two words"`, read out of its Markdown.
//!
//! Not for what a command means, or who may give it. What a reader of the comment sees as code or as somebody else's words, or
//! does not see at all, is no command; where that is uncertain, it is none either. [`blocks`] says which lines are left,
//! [`arguments`] reads one of them.
//!
//! The reading is the one of GitHub's own parser (CommonMark 0.29 with tables and footnotes), and stricter in these points: lines
//! indented by four columns or a tab, text that follows a quote without a blank line, rows of tables, footnotes, and HTML
//! elements that hold code, quotes or crossed out text.

mod arguments;
mod blocks;
mod forms;
mod html;
mod inline;
mod scan;
#[cfg(test)]
mod tests;

use thiserror::Error;

/// The longest comment that is read, in bytes: GitHub's own limit.
pub const MAX_BODY: usize = 262_144;
/// Commands of one comment at most.
pub const MAX_COMMANDS: usize = 20;
/// Arguments of one command at most.
pub const MAX_ARGUMENTS: usize = 50;
/// Characters of a name or a value at most.
pub const MAX_VALUE: usize = 1_000;

/// What one line of a comment asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// What is to be done, in lower case, without the slash.
    pub verb: String,
    /// What stands behind it, in order.
    pub arguments: Vec<Argument>,
    /// The line of the comment, from 1.
    pub line: usize,
}

/// One argument of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// `name=value`.
    Named {
        /// The name, as it was written.
        name: String,
        /// The value, without its quotes.
        value: String,
    },
    /// A value alone, without its quotes.
    Positional(String),
}

/// A line that is a command, or was meant to be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A command that can be read.
    Command(Command),
    /// A command that cannot.
    Broken {
        /// What was to be done, in lower case: only who knows this verb should answer.
        verb: String,
        /// The line of the comment, from 1.
        line: usize,
        /// What is wrong with it.
        problem: CommandProblem,
    },
}

/// Why a command cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CommandProblem {
    /// A quote is opened and not closed.
    #[error("a quote is not closed")]
    UnclosedQuote,
    /// A quote in the middle of an argument.
    #[error("a quote begins in the middle of an argument")]
    StrayQuote,
    /// More text directly behind a closing quote.
    #[error("an argument goes on behind its closing quote")]
    BehindQuote,
    /// An argument begins with a quote of another kind, as phones and word processors write them.
    #[error("an argument begins with {0}, which is no quote here")]
    OtherQuote(char),
    /// A character that nobody sees, or that changes the order of what is seen.
    #[error("there is an invisible character in the line (U+{:04X})", u32::from(*.0))]
    Invisible(char),
    /// A control character.
    #[error("there is a control character in the line (U+{:04X})", u32::from(*.0))]
    Control(char),
    /// More than [`MAX_ARGUMENTS`].
    #[error("there are more than {MAX_ARGUMENTS} arguments")]
    TooManyArguments,
    /// A name or value of more than [`MAX_VALUE`] characters.
    #[error("an argument is longer than {MAX_VALUE} characters")]
    TooLong,
    /// More than [`MAX_COMMANDS`] in one comment; this line and all after it are not read.
    #[error("there are more than {MAX_COMMANDS} commands in the comment; this one and those after it are not read")]
    TooManyCommands,
}

impl CommandProblem {
    /// What to do about it.
    pub fn hint(self) -> &'static str {
        match self {
            Self::UnclosedQuote => r#"close the quote with `"` on the same line; a quote inside of quotes is written `\"`"#,
            Self::StrayQuote | Self::BehindQuote => r#"put the whole value into quotes, as in `name="two \"good\" words"`"#,
            Self::OtherQuote(_) => r#"use the straight double quote `"`"#,
            Self::Invisible(_) | Self::Control(_) => "type the line anew instead of pasting it",
            Self::TooManyArguments | Self::TooLong => "shorten the command",
            Self::TooManyCommands => "write the rest into another comment",
        }
    }
}

/// A comment that is too long to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the comment has {bytes} bytes, more than {MAX_BODY}")]
pub struct BodyTooLong {
    /// Its length.
    pub bytes: usize,
}

/// The commands of a comment, in order; a comment that is too long has none, and [`read`] says so.
///
/// ```
/// use proofmark_trigger::commands::{Argument, Line, commands};
///
/// let lines = commands("Let us see.\n\n> /promote\n\n/Retrain lr=0.1 \"two words\"");
/// let [Line::Command(command)] = &lines[..] else { panic!("one command: {lines:?}") };
/// assert_eq!((command.verb.as_str(), command.line), ("retrain", 5));
/// assert_eq!(command.arguments[1], Argument::Positional("two words".to_owned()));
/// ```
pub fn commands(body: &str) -> Vec<Line> {
    read(body).unwrap_or_default()
}

/// The commands of a comment, in order, or that it is too long.
pub fn read(body: &str) -> Result<Vec<Line>, BodyTooLong> {
    if body.len() > MAX_BODY {
        return Err(BodyTooLong { bytes: body.len() });
    }
    let mut lines = Vec::new();
    for (number, text) in blocks::shown(body) {
        let Some(line) = arguments::line(text, number) else { continue };
        if lines.len() == MAX_COMMANDS {
            let (Line::Command(Command { verb, .. }) | Line::Broken { verb, .. }) = line;
            lines.push(Line::Broken { verb, line: number, problem: CommandProblem::TooManyCommands });
            break;
        }
        lines.push(match line {
            Line::Command(command) => Line::Command(forms::usual(command)),
            broken => broken,
        });
    }
    Ok(lines)
}
