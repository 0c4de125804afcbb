//! One line while what belongs to quotes and lists is taken off. Columns count, not characters: a tab goes to the next column
//! that is divisible by four, and may belong to a list in part.

/// A place in a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    line: &'a str,
    /// Where the next text begins.
    next: usize,
    /// The column of this place.
    column: usize,
    /// Columns of white space between this place and the text.
    indent: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(line: &'a str) -> Self {
        let mut cursor = Self { line, next: 0, column: 0, indent: 0 };
        cursor.measure();
        cursor
    }

    fn measure(&mut self) {
        let mut column = self.column;
        for byte in self.rest().bytes() {
            match byte {
                b' ' => column += 1,
                b'\t' => column += 4 - column % 4,
                _ => break,
            }
            self.next += 1;
        }
        self.indent = column - self.column;
    }

    /// The text, without the white space before it.
    pub(super) fn rest(&self) -> &'a str {
        &self.line[self.next..]
    }

    pub(super) fn is_blank(&self) -> bool {
        self.next == self.line.len()
    }

    pub(super) fn indent(&self) -> usize {
        self.indent
    }

    /// Takes off so many columns of white space, which are there.
    pub(super) fn take_indent(&mut self, columns: usize) {
        self.indent -= columns;
        self.column += columns;
    }

    /// Takes off white space, and so many bytes of ASCII behind it.
    pub(super) fn take_marker(&mut self, length: usize) {
        self.column += self.indent + length;
        self.next += length;
        self.measure();
    }

    /// Takes off `>` with the space that belongs to it, if it is there.
    pub(super) fn take_quote(&mut self) -> bool {
        let is_quote = self.rest().starts_with('>');
        if is_quote {
            self.take_marker(1);
            self.take_indent(self.indent.min(1));
        }
        is_quote
    }

    /// Takes off the marker of an item; says how far further lines of the item are indented.
    pub(super) fn take_item(&mut self, length: usize) -> usize {
        let before = self.indent;
        self.take_marker(length);
        // Further indentation is code in the item.
        let padding = if self.is_blank() || self.indent > 4 { 1 } else { self.indent };
        self.take_indent(padding.min(self.indent));
        before + length + padding
    }
}
