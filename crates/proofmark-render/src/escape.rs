//! Foreign text made safe for its target: terminal and log, Markdown, links, comments, CSV.
//!
//! Names, branches, commit subjects, values and messages come from repositories that may want to harm whoever reads
//! the output. The rule is the same everywhere: the reader sees the literal text, and nothing of it acts.

mod html;
mod place;

use std::borrow::Cow;
use std::fmt::Write as _;

pub use html::html;
pub use place::{comment, url};

/// Text for one line of a terminal or a log.
///
/// Control, bidirectional and invisible characters become escapes (`\n`, `\u{1b}`), so nothing moves the cursor, starts a
/// line or hides. Continuous integration systems obey lines of a log: `::error::` where it begins a line (GitHub), and
/// `##[error]`, `##vso[` or `##teamcity[` anywhere in one; both are broken up.
///
/// ```
/// use proofmark_render::escape::terminal;
///
/// assert_eq!(terminal("a\x1b[31m\nb"), r"a\u{1b}[31m\nb");
/// assert_eq!(terminal("::error::x"), r"\u{3a}:error::x");
/// ```
pub fn terminal(text: &str) -> String {
    let visible = visible(text);
    let broken = if visible.contains("##") { Cow::Owned(visible.replace("##", r"#\u{23}")) } else { visible };
    // `###` is `#\u{23}#` by now: no two are left side by side.
    commands_broken(&broken).into_owned()
}

/// The same for text that is already laid out in lines: whatever wrapping did, none begins with `::`.
pub(crate) fn commands_broken(line: &str) -> Cow<'_, str> {
    let start = line.len() - line.trim_start().len();
    if line[start..].starts_with("::") {
        Cow::Owned(format!("{}\\u{{3a}}{}", &line[..start], &line[start + 1..]))
    } else {
        Cow::Borrowed(line)
    }
}

/// Every character that acts or hides as an escape.
fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            other if acts(other) => {
                // Writing to a string cannot fail.
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(other));
            }
            other => shown.push(other),
        }
    }
    Cow::Owned(shown)
}

/// Control characters, line separators, marks of direction, and characters that take no space or show nothing.
pub(crate) fn acts(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Text that may stand anywhere in Markdown, in a table cell too, and renders as itself.
///
/// Why code spans: backslashes and character references protect from the Markdown parser alone. GitHub looks for
/// `@mentions`, `#123`, `GH-1`, `:emoji:` and commit ids *after* that, in the rendered text, and passes over code only. So a
/// word of harmless characters stays as it is, which keeps sentences and numbers readable, and every other word
/// becomes a [`markdown_code`] span. Pairs of backticks are taken as the code they mean.
///
/// ```
/// use proofmark_render::escape::markdown;
///
/// assert_eq!(markdown("0.91 → 0.89: worse"), "0.91 → 0.89: worse");
/// assert_eq!(markdown("ping @org/team, now"), "ping `@org/team`, now");
/// assert_eq!(markdown("key `a|b` is gone"), "key `a`&#124;`b` is gone");
/// ```
pub fn markdown(text: &str) -> String {
    let text = visible(text);
    let mut safe = String::with_capacity(text.len() + 16);
    let mut rest = &*text;
    while let Some((before, after)) = rest.split_once('`') {
        words(before, &mut safe);
        match after.split_once('`') {
            Some((code, behind)) if !code.is_empty() => {
                push_code(code, &mut safe);
                rest = behind;
            }
            _ => {
                safe.push_str("&#96;");
                rest = after;
            }
        }
    }
    words(rest, &mut safe);
    safe
}

/// Text as a code span that may stand anywhere in Markdown, in a table cell too.
///
/// A bar would end the cell, and a backtick the span; how to escape them inside depends on where the span stands and on
/// who reads it. So both stand outside of it, as character references, and the span goes on after them. So does `<`, for
/// templates that print inside of an HTML block, where backticks mean nothing; and the second `#` of `##[`, which logs obey.
///
/// ```
/// use proofmark_render::escape::markdown_code;
///
/// assert_eq!(markdown_code("top_5"), "`top_5`");
/// assert_eq!(markdown_code("</details>"), "&lt;`/details>`");
/// assert_eq!(markdown_code("a|b"), "`a`&#124;`b`");
/// ```
pub fn markdown_code(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 2);
    push_code(&visible(text), &mut safe);
    safe
}

fn push_code(text: &str, safe: &mut String) {
    if text.is_empty() {
        safe.push_str("`\"\"`");
        return;
    }
    let mut span_start = 0;
    let mut previous = ' ';
    for (at, letter) in text.char_indices() {
        let outside = match letter {
            '|' => "&#124;",
            '<' => "&lt;",
            '`' => "&#96;",
            '#' if previous == '#' => "&#35;",
            _ => "",
        };
        previous = letter;
        if !outside.is_empty() {
            push_span(&text[span_start..at], safe);
            safe.push_str(outside);
            span_start = at + letter.len_utf8();
        }
    }
    push_span(&text[span_start..], safe);
}

fn push_span(text: &str, safe: &mut String) {
    if text.is_empty() {
        return;
    }
    // Markdown takes one space off both ends of a span that has them at both and is not all spaces.
    let padded = text.starts_with(' ') && text.ends_with(' ') && text.trim() != "";
    let pad = if padded { " " } else { "" };
    // Two spans side by side would read as one with a longer fence.
    if safe.ends_with('`') {
        safe.push_str("&#8203;");
    }
    safe.push('`');
    safe.push_str(pad);
    safe.push_str(text);
    safe.push_str(pad);
    safe.push('`');
}

fn words(text: &str, safe: &mut String) {
    for (index, word) in text.split(' ').enumerate() {
        // Runs of spaces show as one anyway, and four at the start of a line would make a block of code.
        if index > 0 && !safe.ends_with(' ') {
            safe.push(' ');
        }
        let core = word.trim_start_matches(['(', '"']);
        let (before, core) = word.split_at(word.len() - core.len());
        let end = core.trim_end_matches([')', '"', ',', '.', ';', ':']).len();
        let (core, after) = core.split_at(end);
        safe.push_str(before);
        if is_harmless(core) {
            safe.push_str(core);
        } else {
            push_code(core, safe);
        }
        // A number with a dot or a bracket behind it begins a list where it begins a line.
        let list = before.is_empty() && matches!(after, "." | ")") && core.bytes().all(|byte| byte.is_ascii_digit());
        match after {
            "." if list => safe.push_str("&#46;"),
            ")" if list => safe.push_str("&#41;"),
            // Nothing but colons could begin a workflow command.
            _ if after.contains("::") => push_code(after, safe),
            _ => safe.push_str(after),
        }
    }
}

/// Whether Markdown, and what GitHub does to text afterwards, leave the word alone wherever it stands.
fn is_harmless(word: &str) -> bool {
    let plain = |letter: char| {
        letter.is_ascii_alphanumeric() || matches!(letter, '.' | ',' | '/' | '%' | '+' | '-' | '?' | '\'' | '"' | '(' | ')' | '=')
    };
    // `-`, `+`, `---`, `===` make lists, rules and headings out of lines.
    let draws = !word.is_empty() && word.chars().all(|letter| matches!(letter, '-' | '+' | '='));
    // Full-width forms look like the ASCII that is refused above.
    let all_plain = word.chars().all(|letter| plain(letter) || (!letter.is_ascii() && !matches!(letter, '\u{ff01}'..='\u{ff5e}')));
    all_plain && !draws && !is_link(word) && !is_reference(word)
}

/// `www.` begins a link even without a scheme.
fn is_link(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    lower.contains("www.") || lower.contains("//")
}

/// `GH-12`, `JIRA-12` and whatever looks like a commit id.
fn is_reference(word: &str) -> bool {
    let mut parts = word.split('-').peekable();
    let mut ticket = false;
    while let (Some(name), Some(number)) = (parts.next(), parts.peek()) {
        let name = name.rsplit(|letter: char| !letter.is_alphanumeric()).next().unwrap_or(name);
        let exponent =
            name.strip_suffix(['e', 'E']).is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()));
        ticket |= !exponent && name.ends_with(char::is_alphabetic) && number.starts_with(|letter: char| letter.is_ascii_digit());
    }
    let commit = |part: &str| (7..=64).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let has_letter = word.contains(|letter: char| letter.is_ascii_alphabetic());
    ticket || (has_letter && word.split(|letter: char| !letter.is_ascii_alphanumeric()).any(commit))
}

/// A field of a CSV file: quoted where RFC 4180 asks for it, and nothing else.
///
/// A leading `=`, `+`, `-` or `@` stays as it is: this is a data file for programs, and a mark in front would falsify
/// keys and numbers. Whoever opens it in a spreadsheet should import the columns as text. Control characters are
/// shown as escapes, as [`terminal`] does, since the text may end up in a log.
///
/// ```
/// use proofmark_render::escape::csv;
///
/// assert_eq!(csv("plain"), "plain");
/// assert_eq!(csv("say \"a, b\""), "\"say \"\"a, b\"\"\"");
/// ```
pub fn csv(text: &str) -> String {
    let text = terminal(text);
    if text.contains([',', '"', ';']) || text.starts_with(' ') || text.ends_with(' ') {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests;
