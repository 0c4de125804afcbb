//! Rows of cells in aligned columns, with lines between them that belong to no column.
//!
//! comfy-table lays the columns out. Three things are done around it: names are shortened in their middle before,
//! colours are put on after (it has them only together with a terminal library), and lines across all columns, such as
//! a file's name, are put between its lines.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::text::{Page, Paint, Tone, clip, width};

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
const GAP_PADDING: u16 = 2;

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
        let mut lines = self.laid_out(&widths).into_iter();
        for row in &self.rows {
            match row {
                Row::Cells(_) => page.line(&lines.next().map(|line| line.painted(page.paint)).unwrap_or_default()),
                Row::Across(cell) => {
                    let text = page.width.map_or_else(|| cell.text.clone(), |room| clip(&cell.text, room));
                    page.line(&page.paint.apply(cell.tone, &text));
                }
            }
        }
        true
    }

    /// One line for each row of cells, none wrapped, since every cell fits its column.
    fn laid_out(&self, widths: &[usize]) -> Vec<Line> {
        let used: Vec<usize> = (0..self.columns.len()).filter(|&at| widths[at] > 0).collect();
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        let mut cells_of_lines = Vec::new();
        for row in &self.rows {
            let Row::Cells(cells) = row else { continue };
            let cut: Vec<Cell> = used
                .iter()
                .map(|&at| cells.get(at).map_or_else(|| Cell::new(""), |cell| Cell { text: clip(&cell.text, widths[at]), ..*cell }))
                .collect();
            table.add_row(cut.iter().map(|cell| cell.text.clone()));
            cells_of_lines.push(cut);
        }
        for (column, &at) in used.iter().enumerate() {
            let alignment = if self.columns[at] == Align::Left { CellAlignment::Left } else { CellAlignment::Right };
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(alignment);
                column.set_padding((0, GAP_PADDING));
            }
        }
        let indent = " ".repeat(self.indent);
        table.lines().zip(cells_of_lines).map(|(line, cells)| Line { text: format!("{indent}{}", line.trim_end()), cells }).collect()
    }
}

/// One laid-out line and the cells that stand in it, from left to right.
struct Line {
    text: String,
    cells: Vec<Cell>,
}

impl Line {
    /// Puts on the colours: between the cells there are only blanks, so each is found where the one before ended.
    fn painted(&self, paint: Paint) -> String {
        let mut painted = String::with_capacity(self.text.len());
        let mut rest = self.text.as_str();
        for cell in self.cells.iter().filter(|cell| !cell.text.is_empty()) {
            let Some(at) = rest.find(&cell.text) else { break };
            painted.push_str(&rest[..at]);
            painted.push_str(&paint.apply(cell.tone, &cell.text));
            rest = &rest[at + cell.text.len()..];
        }
        painted + rest
    }
}
