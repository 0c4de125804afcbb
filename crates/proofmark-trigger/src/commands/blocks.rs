//! The blocks of Markdown, as far as they say which lines are text of the writer's own. Not for what stands inside a paragraph.
//!
//! Line by line, as CommonMark's own description of a parser: first the quotes and lists that a line is still in, then the
//! blocks that it begins, then its text.

use super::html;
use super::inline::{Block, Hiding};

mod cursor;
mod start;
mod table;

use self::cursor::Cursor;
use self::start::{Fence, Start};

/// Quotes and lists inside each other at most; behind that nothing is read. It bounds the work of one line.
const MAX_DEPTH: usize = 50;

/// The lines that may be commands, with their numbers and without their indentation: they begin with a slash at the margin, and
/// are shown as text.
pub(super) fn shown(body: &str) -> Vec<(usize, &str)> {
    let mut reader = Reader::default();
    for (index, line) in lines(body).enumerate() {
        reader.line(index + 1, line);
        if reader.hiding.lost {
            return reader.found;
        }
    }
    reader.close_leaf();
    reader.found
}

/// Lines end with a line feed, a carriage return, or both.
fn lines(body: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(body);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(['\n', '\r']) else { return rest.take() };
        let behind = &text[end..];
        rest = behind.strip_prefix("\r\n").or_else(|| behind.get(1..));
        Some(&text[..end])
    })
}

/// What holds other blocks.
#[derive(Debug, Clone, Copy)]
enum Container {
    Quote,
    /// An item of a list or a footnote: its text is indented by so many columns.
    Item {
        width: usize,
        note: bool,
        empty: bool,
    },
}

/// The block that lines go to.
#[derive(Debug, Clone, Copy, Default)]
enum Leaf {
    #[default]
    None,
    Paragraph,
    Table,
    Fence(Fence),
    Html(html::End),
}

#[derive(Debug, Default)]
struct Reader<'a> {
    containers: Vec<Container>,
    leaf: Leaf,
    /// The lines of a paragraph or of HTML so far.
    block: Block<'a>,
    hiding: Hiding,
    /// Whether the paragraph has a line that parts a table from its header, but not the one before it.
    odd_delimiter: bool,
    /// Whether the line before belongs to a quote or a footnote, or seems to go on with one.
    after_quote: bool,
    found: Vec<(usize, &'a str)>,
}

/// One line, and what is known of it so far.
struct Now<'a> {
    cursor: Cursor<'a>,
    /// Its number and text, if it begins like a command.
    command: Option<(usize, &'a str)>,
    /// How many of the containers it is in.
    depth: usize,
    /// Whether it is in all that were open, and began nothing.
    goes_on: bool,
    /// Whether it began a container.
    opened: bool,
}

impl<'a> Reader<'a> {
    fn line(&mut self, number: usize, line: &'a str) {
        let after_quote = std::mem::take(&mut self.after_quote);
        let mut cursor = Cursor::new(line);
        let depth = self.still_in(&mut cursor);
        let goes_on = depth == self.containers.len();
        let command = at_margin(line).filter(|_| !after_quote).map(|text| (number, text));
        let mut now = Now { cursor, command, depth, goes_on, opened: false };
        let is_done = (goes_on && self.verbatim(&now)) || self.starts(&mut now);
        let is_text = !is_done && self.text(&mut now);
        // A quote's own blank line, `>` alone, parts nothing for whoever looks at the comment.
        let parts = line.trim_start_matches([' ', '\t']).is_empty();
        self.after_quote = !parts && (self.is_quoted() || (after_quote && is_text));
    }

    /// Takes off what shows that the line is still in the containers; says in how many.
    fn still_in(&self, cursor: &mut Cursor<'a>) -> usize {
        let mut is_in = |container: &Container| match *container {
            Container::Quote => cursor.indent() < 4 && cursor.take_quote(),
            Container::Item { width, .. } if cursor.indent() >= width => {
                cursor.take_indent(width);
                true
            }
            Container::Item { note, empty, .. } => cursor.is_blank() && (note || !empty),
        };
        self.containers.iter().position(|container| !is_in(container)).unwrap_or(self.containers.len())
    }

    fn is_quoted(&self) -> bool {
        self.containers.iter().any(|container| matches!(container, Container::Quote | Container::Item { note: true, .. }))
    }

    /// Whether the line is one more of a block in which Markdown means nothing.
    fn verbatim(&mut self, now: &Now<'a>) -> bool {
        match self.leaf {
            Leaf::Fence(fence) => {
                if fence.is_closed_by(&now.cursor) {
                    self.leaf = Leaf::None;
                }
                true
            }
            Leaf::Html(html::End::Blank) if now.cursor.is_blank() => false,
            Leaf::Html(end) => {
                self.html_line(now, end);
                true
            }
            Leaf::None | Leaf::Paragraph | Leaf::Table => false,
        }
    }

    /// The HTML that a blank line ends is shown, as are the lines in it; all other is hidden, or code.
    fn html_line(&mut self, now: &Now<'a>, end: html::End) {
        let rest = now.cursor.rest();
        self.block.push(rest, now.command.filter(|_| end == html::End::Blank && self.containers.is_empty()));
        if end.is_in(rest) {
            self.close_leaf();
        }
    }

    /// Opens the blocks that the line begins; says whether that is all there is in it.
    fn starts(&mut self, now: &mut Now<'a>) -> bool {
        loop {
            let in_paragraph = now.goes_on && matches!(self.leaf, Leaf::Paragraph);
            let Some(start) = start::of(&now.cursor, in_paragraph) else { return false };
            // Whether the definitions of references leave anything to underline is known only to who reads them.
            self.hiding.lost |= start == Start::Underline && self.block.may_define();
            self.close(now);
            self.fill();
            match start {
                Start::Quote => {
                    now.cursor.take_quote();
                    self.open(now, Container::Quote);
                }
                Start::Note { length } => {
                    now.cursor.take_marker(length);
                    now.cursor.take_indent(now.cursor.indent());
                    let empty = now.cursor.is_blank();
                    self.open(now, Container::Item { width: 4, note: true, empty });
                }
                Start::Item { length } => {
                    let width = now.cursor.take_item(length);
                    let empty = now.cursor.is_blank();
                    self.open(now, Container::Item { width, note: false, empty });
                }
                Start::Fence(fence) => self.leaf = Leaf::Fence(fence),
                Start::Html(end) => {
                    self.leaf = Leaf::Html(end);
                    self.html_line(now, end);
                }
                Start::Heading => self.alone(now.cursor.rest()),
                Start::Underline | Start::Break => {}
            }
            if self.hiding.lost || !start.holds_others() {
                return true;
            }
        }
    }

    /// Takes the line as text; says whether it is a part of a paragraph.
    fn text(&mut self, now: &mut Now<'a>) -> bool {
        if now.cursor.is_blank() {
            self.close(now);
            return false;
        }
        match self.leaf {
            // What is in fewer quotes and lists than the paragraph before it goes on with that paragraph all the same.
            Leaf::Paragraph if !now.opened => {
                if now.goes_on && now.cursor.indent() < 4 && self.begins_table(now.cursor.rest()) {
                    return false;
                }
            }
            Leaf::Table if now.goes_on && now.cursor.indent() < 4 => {
                self.row(now.cursor.rest());
                return false;
            }
            _ => {
                self.close(now);
                self.fill();
                if now.cursor.indent() >= 4 {
                    return false;
                }
                self.leaf = Leaf::Paragraph;
            }
        }
        self.block.push(now.cursor.rest(), now.command.filter(|_| now.depth == 0));
        true
    }

    /// Makes a table of the paragraph's last line, if this line is what parts a header from its rows.
    fn begins_table(&mut self, line: &str) -> bool {
        let Some(columns) = table::delimited(line) else { return false };
        if columns != table::cells(self.block.last()).count() {
            self.odd_delimiter = true;
            return false;
        }
        // Some parsers look for a table only once in a paragraph.
        self.hiding.lost |= self.odd_delimiter;
        let header = self.block.pop();
        self.close_leaf();
        self.leaf = Leaf::Table;
        self.row(&header);
        true
    }

    /// Closes what the line is not in.
    fn close(&mut self, now: &mut Now<'a>) {
        self.close_leaf();
        self.containers.truncate(now.depth);
        now.goes_on = false;
    }

    /// Closes the block that lines go to.
    fn close_leaf(&mut self) {
        let block = std::mem::take(&mut self.block);
        self.odd_delimiter = false;
        let shown = match std::mem::take(&mut self.leaf) {
            Leaf::Paragraph => self.hiding.paragraph(block),
            Leaf::Html(_) => self.hiding.html(block),
            Leaf::None | Leaf::Table | Leaf::Fence(_) => Vec::new(),
        };
        self.found.extend(shown);
    }

    /// The innermost container has something in it: an item that is still empty ends at a blank line.
    fn fill(&mut self) {
        if let Some(Container::Item { empty, .. }) = self.containers.last_mut() {
            *empty = false;
        }
    }

    fn open(&mut self, now: &mut Now<'a>, container: Container) {
        self.containers.push(container);
        now.depth += 1;
        now.opened = true;
        self.hiding.lost |= now.depth > MAX_DEPTH;
    }

    /// The text in a row's cells is read for what it leaves open; a cell is no place for a command.
    fn row(&mut self, line: &str) {
        for cell in table::cells(line) {
            self.alone(cell);
        }
    }

    /// Text that is a block of its own, and no command.
    fn alone(&mut self, text: &str) {
        // Without these it opens and closes nothing.
        if !text.contains(['<', '>']) {
            return;
        }
        let mut block = Block::default();
        block.push(text, None);
        self.hiding.paragraph(block);
    }
}

/// What stands behind the indentation of a line that begins with a slash; behind a tab or four spaces it is code.
fn at_margin(line: &str) -> Option<&str> {
    let text = line.trim_start_matches(' ');
    (line.len() - text.len() < 4 && text.starts_with('/')).then_some(text)
}
