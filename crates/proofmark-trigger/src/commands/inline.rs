//! What hides text from one block to the next: comments and elements that are not closed. Not for what blocks there are.

use super::scan::{Open, Rules, Scan, scan};

/// What is open at the end of the blocks that were read.
#[derive(Debug, Default)]
pub(super) struct Hiding {
    open: Open,
    comment: bool,
    /// Whether nothing that follows can be known to be shown.
    pub(super) lost: bool,
}

/// Lines of one block: their text, and where the lines begin that may be commands.
#[derive(Debug, Default)]
pub(super) struct Block<'a> {
    text: String,
    lines: Vec<(usize, Option<(usize, &'a str)>)>,
}

impl<'a> Block<'a> {
    /// One more line; `command` is its number and text if it may be a command.
    pub(super) fn push(&mut self, text: &str, command: Option<(usize, &'a str)>) {
        if !self.lines.is_empty() {
            self.text.push('\n');
        }
        self.lines.push((self.text.len(), command));
        self.text.push_str(text);
    }

    /// Takes the last line off.
    pub(super) fn pop(&mut self) -> String {
        let Some((start, _)) = self.lines.pop() else { return String::new() };
        let line = self.text.split_off(start);
        if self.text.ends_with('\n') {
            self.text.pop();
        }
        line
    }

    /// The last line.
    pub(super) fn last(&self) -> &str {
        self.lines.last().map_or("", |(start, _)| &self.text[*start..])
    }

    /// Whether it may begin with the definition of a reference, which is not shown, and whose title may go over lines.
    pub(super) fn may_define(&self) -> bool {
        self.text.starts_with('[') && self.text.contains("]:")
    }
}

impl Hiding {
    /// The commands of a paragraph, a heading or a cell.
    pub(super) fn paragraph<'a>(&mut self, block: Block<'a>) -> Vec<(usize, &'a str)> {
        if block.may_define() {
            self.take(&block.text, &[Rules::Old, Rules::New]);
            return Vec::new();
        }
        self.shown(block, &[Rules::Old, Rules::New])
    }

    /// The commands of a block of HTML.
    pub(super) fn html<'a>(&mut self, block: Block<'a>) -> Vec<(usize, &'a str)> {
        self.shown(block, &[Rules::Html])
    }

    fn shown<'a>(&mut self, block: Block<'a>, rules: &[Rules]) -> Vec<(usize, &'a str)> {
        let mut hidden = self.take(&block.text, rules);
        hidden.sort_unstable();
        let mut hidden = hidden.into_iter().peekable();
        let mut hidden_until = 0;
        let mut shown = Vec::new();
        for (start, command) in block.lines {
            while let Some((_, to)) = hidden.next_if(|(from, _)| *from <= start) {
                hidden_until = hidden_until.max(to);
            }
            shown.extend(command.filter(|_| start >= hidden_until));
        }
        shown
    }

    /// What is hidden in a text by any of these rules.
    fn take(&mut self, text: &str, rules: &[Rules]) -> Vec<(usize, usize)> {
        let mut hidden = Vec::new();
        if self.comment {
            let end = text.find("-->").map(|length| length + 3);
            hidden.push((0, end.unwrap_or(text.len() + 1)));
            self.comment = end.is_none();
        }
        let before = self.open;
        self.open = Open::default();
        for rules in rules {
            let Scan { hidden: more, open, comment, spills } = scan(text, *rules, before);
            hidden.extend(more);
            self.comment |= comment;
            self.lost |= spills;
            for (mine, theirs) in self.open.iter_mut().zip(open) {
                *mine = theirs.max(*mine);
            }
        }
        hidden
    }
}
