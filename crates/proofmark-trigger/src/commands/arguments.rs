//! One line: the verb and its arguments. Not for where the line stands.

use super::{Argument, Command, CommandProblem, Line, MAX_ARGUMENTS, MAX_VALUE};

/// What phones, word processors and other languages quote with. The typewriter's `'` is among them: taken as text it would split
/// `'two words'` in two without a word.
const OTHER_QUOTES: [char; 14] = ['\'', '“', '”', '„', '‟', '‘', '’', '‚', '‛', '«', '»', '″', '〝', '＂'];

/// Reads a line that begins with a slash, its indentation taken off; nothing when it is no command.
pub(super) fn line(text: &str, number: usize) -> Option<Line> {
    let after = text.strip_prefix('/')?;
    let end = after.find([' ', '\t']).unwrap_or(after.len());
    let (word, rest) = after.split_at(end);
    let verb = verb(word)?;
    let line = match check(text).and_then(|()| arguments(rest)) {
        Ok(arguments) => Line::Command(Command { verb, arguments, line: number }),
        Err(problem) => Line::Broken { verb, line: number, problem },
    };
    Some(line)
}

/// The verb in lower case. Invisible characters behind its first letter are taken for an accident of pasting, which is worth an
/// answer; one directly behind the slash is how a command is mentioned without being given.
fn verb(word: &str) -> Option<String> {
    word.chars().next().filter(char::is_ascii_alphabetic)?;
    let seen: String = word.chars().filter(|letter| !is_invisible(*letter)).collect();
    let all = seen.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'));
    all.then(|| seen.to_ascii_lowercase())
}

fn check(text: &str) -> Result<(), CommandProblem> {
    for letter in text.chars() {
        if is_invisible(letter) {
            return Err(CommandProblem::Invisible(letter));
        }
        if letter.is_control() && letter != '\t' {
            return Err(CommandProblem::Control(letter));
        }
    }
    Ok(())
}

/// What no reader sees, what changes the order of what is seen, and what some programs take for the end of a line.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

fn arguments(mut rest: &str) -> Result<Vec<Argument>, CommandProblem> {
    let mut arguments = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        if rest.is_empty() {
            return Ok(arguments);
        }
        if arguments.len() == MAX_ARGUMENTS {
            return Err(CommandProblem::TooManyArguments);
        }
        let (name, written) = named(rest);
        let (value, behind) = value(written)?;
        // Bytes bound characters from above, so that long values are counted only once.
        if [name.unwrap_or_default(), &value].iter().any(|text| text.len() > MAX_VALUE && text.chars().count() > MAX_VALUE) {
            return Err(CommandProblem::TooLong);
        }
        arguments.push(match name {
            Some(name) => Argument::Named { name: name.to_owned(), value },
            None => Argument::Positional(value),
        });
        rest = behind;
    }
}

/// The name of the argument at the beginning of a text, and the text of its value. Other programs write `--name=value` and
/// `--name value`, and people do so here.
fn named<'t>(text: &'t str) -> (Option<&'t str>, &'t str) {
    // Behind the equals sign.
    let after = |text: &'t str, name: &str| &text[name.len() + 1..];
    if let Some(name) = name(text) {
        return (Some(name), after(text, name));
    }
    let Some(option) = text.strip_prefix("--").filter(|option| option.starts_with(|letter: char| letter.is_ascii_alphabetic())) else {
        return (None, text);
    };
    if let Some(name) = name(option) {
        return (Some(name), after(option, name));
    }
    let (word, rest) = option.split_at(option.find([' ', '\t']).unwrap_or(option.len()));
    let rest = rest.trim_start_matches([' ', '\t']);
    let is_name = word.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.'));
    if is_name && !rest.is_empty() && !rest.starts_with("--") { (Some(word), rest) } else { (None, text) }
}

/// What stands before `=`, when it can be a name: an address with `?a=b` in it has none.
fn name(text: &str) -> Option<&str> {
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '_' | '-' | '.'))?;
    let name = &text[..end];
    let begins = name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    (begins && text[end..].starts_with('=')).then_some(name)
}

/// The value at the beginning of a text, and what stands behind it.
fn value(text: &str) -> Result<(String, &str), CommandProblem> {
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted_value(quoted);
    }
    if let Some(quote) = text.chars().next().filter(|letter| OTHER_QUOTES.contains(letter)) {
        return Err(CommandProblem::OtherQuote(quote));
    }
    let (value, behind) = text.split_at(text.find([' ', '\t']).unwrap_or(text.len()));
    if value.contains('"') {
        return Err(CommandProblem::StrayQuote);
    }
    Ok((value.to_owned(), behind))
}

/// The rest of a value whose quote is open. Other backslashes stay what they are, since paths of Windows are full of them.
fn quoted_value(text: &str) -> Result<(String, &str), CommandProblem> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => {
                let behind = &text[at + 1..];
                let ends = behind.is_empty() || behind.starts_with([' ', '\t']);
                return if ends { Ok((value, behind)) } else { Err(CommandProblem::BehindQuote) };
            }
            '\\' if text[at + 1..].starts_with(['"', '\\']) => value.extend(letters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    Err(CommandProblem::UnclosedQuote)
}
