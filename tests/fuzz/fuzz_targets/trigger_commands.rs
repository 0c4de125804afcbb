//! The commands of a comment: all are lines at the margin, and none is found once the comment is quoted, or shown as code.

#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_trigger::commands::{Argument, Command, Line, MAX_ARGUMENTS, MAX_COMMANDS, MAX_VALUE, commands};

fuzz_target!(|bytes: &[u8]| {
    let body = String::from_utf8_lossy(bytes);
    let unix = body.replace("\r\n", "\n").replace('\r', "\n");
    let found = commands(&body);
    assert_eq!(found, commands(&unix), "the ends of lines make a difference");
    assert!(found.len() <= MAX_COMMANDS + 1);
    let lines: Vec<&str> = unix.split('\n').collect();
    for line in &found {
        at_the_margin(line, &lines);
    }
    let each = |prefix: &str| lines.iter().map(|line| format!("{prefix}{line}\n")).collect::<String>();
    // One mark more than the longest run there is.
    let fence = |mark: &str| mark.repeat(3.max(1 + unix.split(|letter| !mark.starts_with(letter)).map(str::len).max().unwrap_or(0)));
    let fenced = ["`", "~"].map(|mark| format!("{0}\n{1}{0}\n", fence(mark), each("")));
    for wrapped in fenced.iter().chain([&each("> "), &each("    "), &each("- "), &format!("<!--\n{}", unix.replace("-->", " "))]) {
        assert_eq!(commands(wrapped), [], "found in {wrapped:?}");
    }
    for wrapped in fenced {
        assert_eq!(commands(&format!("{wrapped}/after")).len(), 1, "lost behind {wrapped:?}");
    }
});

fn at_the_margin(line: &Line, lines: &[&str]) {
    let (Line::Command(Command { verb, line: number, .. }) | Line::Broken { verb, line: number, .. }) = line;
    let text = lines[number - 1].trim_start_matches(' ');
    assert!(lines[number - 1].len() - text.len() < 4 && text.starts_with('/'), "{verb} is not at the margin of {text:?}");
    let Line::Command(command) = line else { return };
    assert!(text.to_ascii_lowercase().contains(verb.as_str()) || verb == "help", "{verb} is not in {text:?}");
    assert!(command.arguments.len() <= MAX_ARGUMENTS);
    let quoted = |value: &str| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
    let mut again = format!("/{verb}");
    for argument in &command.arguments {
        let (name, value) = match argument {
            Argument::Named { name, value } => (format!("{name}="), value),
            Argument::Positional(value) => (String::new(), value),
        };
        assert!(value.chars().count() <= MAX_VALUE);
        again.push_str(&format!(" {name}{}", quoted(value)));
    }
    // These are other forms, which are read as the usual one: `/proofmark VERB`, and `--name value`.
    if verb == "proofmark" {
        return;
    }
    assert_eq!(commands(&again), [Line::Command(Command { line: 1, ..command.clone() })], "{again:?}");
}
