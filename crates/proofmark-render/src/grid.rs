//! Rows of cells in aligned columns, with lines between them that belong to no column.
//!
//! Not comfy-table: it cannot colour a cell without a terminal library, has no rows across all columns (files are
//! groups here) and cuts at the end where names need their middle shortened; what would be left for it is padding.

use crate::text::{Page, Tone, clip, width};

/// Which side of its column a cell leans to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// One cell; its text is escaped already.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    pub(crate) text: String,
    pub(crate) tone: Tone,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), tone: Tone::Plain }
    }

    pub(crate) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }
}

#[derive(Debug)]
enum Row {
    Cells(Vec<Cell>),
    Across(Cell),
}

/// A table without borders.
#[derive(Debug)]
pub(crate) struct Grid {
    columns: Vec<Align>,
    rows: Vec<Row>,
    indent: usize,
}

const GAP: usize = 2;

impl Grid {
    pub(crate) fn new(columns: &[Align], indent: usize) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new(), indent }
    }

    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(Row::Cells(cells));
    }

    /// A line of its own, without the indent of the cells.
    pub(crate) fn across(&mut self, cell: Cell) {
        self.rows.push(Row::Across(cell));
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = vec![0; self.columns.len()];
        for row in &self.rows {
            if let Row::Cells(cells) = row {
                for (at, cell) in cells.iter().enumerate() {
                    widths[at] = widths[at].max(width(&cell.text));
                }
            }
        }
        widths
    }

    /// Prints the rows, with the columns of `soft` shortened where the page is too narrow (each to `least` columns at
    /// worst); false, and nothing printed, when that is not enough.
    pub(crate) fn print(&self, page: &mut Page, soft: &[usize], least: usize) -> bool {
        let mut widths = self.widths();
        let used = widths.iter().filter(|width| **width > 0).count();
        let total: usize = self.indent + widths.iter().sum::<usize>() + GAP * used.saturating_sub(1);
        if let Some(room) = page.width
            && let Some(mut over) = total.checked_sub(room)
        {
            while over > 0 {
                let Some(&widest) = soft.iter().max_by_key(|&&at| widths[at]) else { return false };
                if widths[widest] <= least {
                    return false;
                }
                widths[widest] -= 1;
                over -= 1;
            }
        }
        for row in &self.rows {
            let line = match row {
                Row::Cells(cells) => self.line(page, cells, &widths),
                Row::Across(cell) => {
                    let text = page.width.map_or_else(|| cell.text.clone(), |room| clip(&cell.text, room));
                    page.paint.apply(cell.tone, &text)
                }
            };
            page.line(&line);
        }
        true
    }

    fn line(&self, page: &Page, cells: &[Cell], widths: &[usize]) -> String {
        let mut line = " ".repeat(self.indent);
        let last = cells.iter().rposition(|cell| !cell.text.is_empty());
        for (at, cell) in cells.iter().enumerate().filter(|(at, _)| widths[*at] > 0) {
            let text = clip(&cell.text, widths[at]);
            let pad = " ".repeat(widths[at] - width(&text));
            let painted = page.paint.apply(cell.tone, &text);
            match self.columns[at] {
                Align::Left => line.push_str(&format!("{painted}{pad}")),
                Align::Right => line.push_str(&format!("{pad}{painted}")),
            }
            if Some(at) == last {
                break;
            }
            line.push_str(&" ".repeat(GAP));
        }
        line
    }
}
