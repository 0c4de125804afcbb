//! What block a line begins.

use super::super::html;
use super::cursor::Cursor;

/// The beginning of a block, or the end of a heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Quote,
    /// An item of a list, and the length of its marker.
    Item {
        length: usize,
    },
    /// A footnote, and the length of its name.
    Note {
        length: usize,
    },
    Fence(Fence),
    Html(html::End),
    Heading,
    /// What makes the paragraph before it a heading.
    Underline,
    Break,
}

impl Start {
    /// Whether the rest of the line may begin more.
    pub(super) fn holds_others(self) -> bool {
        matches!(self, Self::Quote | Self::Item { .. } | Self::Note { .. })
    }
}

/// The marks around code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fence {
    mark: char,
    length: usize,
}

impl Fence {
    fn at(text: &str) -> Option<Self> {
        let mark = text.chars().next().filter(|letter| matches!(letter, '`' | '~'))?;
        let info = text.trim_start_matches(mark);
        let length = text.len() - info.len();
        (length >= 3 && !(mark == '`' && info.contains('`'))).then_some(Self { mark, length })
    }

    /// Whether the code ends with this line.
    pub(super) fn is_closed_by(self, line: &Cursor<'_>) -> bool {
        let text = line.rest();
        let behind = text.trim_start_matches(self.mark);
        line.indent() < 4 && text.len() - behind.len() >= self.length && is_blank(behind)
    }
}

/// What the line begins at this place, in the order in which Markdown looks for it.
pub(super) fn of(line: &Cursor<'_>, in_paragraph: bool) -> Option<Start> {
    if line.indent() >= 4 || line.is_blank() {
        return None;
    }
    let text = line.rest();
    if text.starts_with('>') {
        return Some(Start::Quote);
    }
    if is_heading(text) {
        return Some(Start::Heading);
    }
    let fence = || Fence::at(text).map(Start::Fence);
    let block = || html::block(text, in_paragraph).map(Start::Html);
    let underline = || (in_paragraph && !is_break(text) && is_underline(text)).then_some(Start::Underline);
    let line_across = || is_break(text).then_some(Start::Break);
    let note = || note(text).map(|length| Start::Note { length });
    let item = || item(text, in_paragraph).map(|length| Start::Item { length });
    fence().or_else(block).or_else(underline).or_else(line_across).or_else(note).or_else(item)
}

fn is_blank(text: &str) -> bool {
    text.trim_start_matches([' ', '\t']).is_empty()
}

fn is_heading(text: &str) -> bool {
    let behind = text.trim_start_matches('#');
    (1..=6).contains(&(text.len() - behind.len())) && (behind.is_empty() || behind.starts_with([' ', '\t']))
}

fn is_underline(text: &str) -> bool {
    ['=', '-'].iter().any(|mark| text.starts_with(*mark) && is_blank(text.trim_start_matches(*mark)))
}

/// A line across the page. Three dashes below a paragraph underline it, which ends it just as well.
fn is_break(text: &str) -> bool {
    let Some(mark) = text.chars().next().filter(|letter| matches!(letter, '-' | '*' | '_')) else { return false };
    text.chars().all(|letter| letter == mark || matches!(letter, ' ' | '\t')) && text.chars().filter(|letter| *letter == mark).count() >= 3
}

/// The length of `[^name]:`.
fn note(text: &str) -> Option<usize> {
    let name = text.strip_prefix("[^")?;
    let end = name.find([']', ' ', '\t'])?;
    (end > 0 && name[end..].starts_with("]:")).then_some(end + 4)
}

/// The length of an item's marker. Few of them break into a paragraph: one that has text, and if it counts, counts from 1.
fn item(text: &str, in_paragraph: bool) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let mark = text[digits..].chars().next()?;
    let (known, length) = if digits == 0 { (matches!(mark, '-' | '+' | '*'), 1) } else { (matches!(mark, '.' | ')'), digits + 1) };
    if !known || digits > 9 {
        return None;
    }
    let behind = &text[length..];
    let parted = behind.is_empty() || behind.starts_with([' ', '\t']);
    let breaks_in = !is_blank(behind) && (digits == 0 || text[..digits].parse() == Ok(1));
    (parted && (!in_paragraph || breaks_in)).then_some(length)
}
