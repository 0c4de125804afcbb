//! Documents for a terminal, a log or a chat: plain lines in aligned columns.

mod evidence;
mod gate;
mod parts;

use proofmark_core::compare::Status;
use proofmark_core::report::{ComparisonDocument, Report};

use crate::Options;
use crate::escape::terminal;
use crate::grid::{Align, Cell, Grid};
use crate::text::{Page, Tone, width};
use crate::view::gate::ReportView;
use crate::view::{ComparisonView, RowView, Rows};

/// The least that a name is shortened to before the table becomes a list.
const LEAST_NAME: usize = 14;

/// A comparison for a terminal: which two commits, then every metric that changed, then what may explain it.
///
/// Lines are at most [`Options::width`] wide. Names and texts are shortened in their middle for it, numbers never: where
/// the columns do not fit, each metric gets lines of its own.
pub fn comparison_table(document: &ComparisonDocument, options: &Options) -> String {
    let view = ComparisonView::new(&document.comparison, options);
    let mut page = Page::new(options);
    parts::sides(&mut page, &view);
    page.gap();
    metrics(&mut page, &view);
    page.gap();
    page.wrapped(Tone::Strong, "", &terminal(&view.summary));
    if view.guesses {
        page.wrapped(
            Tone::Dim,
            "",
            "`?` after a status: the name only hints at which way is better; [directions] in proofmark.toml settles it",
        );
    }
    parts::problems(&mut page, &view);
    parts::causes(&mut page, &view);
    page.finish()
}

/// A judged comparison for a terminal: what came out, then every check that did not pass, and why; then what the checks rest on.
///
/// Lines are at most [`Options::width`] wide but for the text of a waiver, which is there to be copied.
pub fn report_table(report: &Report, options: &Options) -> String {
    let view = ReportView::new(report, options);
    let mut page = Page::new(options);
    gate::headline(&mut page, &view);
    page.gap();
    parts::sides(&mut page, &view.comparison);
    gate::policy(&mut page, &view);
    gate::findings(&mut page, &view);
    evidence::waivers(&mut page, &view);
    evidence::evidence(&mut page, &view);
    evidence::slices(&mut page, &view);
    if ReportView::has_other_changes(report) {
        page.gap();
        page.wrapped(Tone::Plain, "all metrics: ", &terminal(&view.comparison.summary));
    }
    gate::head_policy(&mut page, &view);
    parts::problems(&mut page, &view.comparison);
    parts::causes(&mut page, &view.comparison);
    page.finish()
}

fn metrics(page: &mut Page, view: &ComparisonView) {
    if view.metrics.files.is_empty() {
        return;
    }
    let grid = grid(view);
    if !grid.print(page, &[0], LEAST_NAME) {
        list(page, view);
    }
    left_out(page, &view.metrics);
}

/// Says that rows are missing.
fn left_out(page: &mut Page, rows: &Rows) {
    more(page, rows.left_out);
}

fn more(page: &mut Page, left_out: usize) {
    if left_out > 0 {
        let words = format!("… and {left_out} more not shown here; the JSON form has them all");
        page.wrapped(Tone::Notice, "  ", &words);
    }
}

fn grid(view: &ComparisonView) -> Grid {
    use Align::{Left, Right};
    let tip = view.tip_column.as_ref();
    let mut columns = vec![Left, Right, Right, Right, Right, Left];
    let mut header =
        vec!["Metric".to_owned(), "Base".to_owned(), "Head".to_owned(), "Change".to_owned(), "%".to_owned(), "Status".to_owned()];
    if let Some(tip) = tip {
        columns.insert(3, Right);
        header.insert(3, terminal(tip));
    }
    let mut grid = Grid::new(&columns, 2);
    grid.row(header.into_iter().map(|text| Cell::toned(text, Tone::Dim)).collect());
    for file in &view.metrics.files {
        grid.across(Cell::toned(file_line(&file.file, file.renamed_from.as_deref()), Tone::Strong));
        for row in &file.rows {
            let tone = tone(row.kind);
            let share = row.percent.trim_end_matches(" %").to_owned();
            let mut cells = vec![
                Cell::new(terminal(&row.name)),
                Cell::new(terminal(&row.base)),
                Cell::new(terminal(&row.head)),
                Cell::toned(terminal(&row.change), tone),
                Cell::toned(share, tone),
                Cell::toned(status(row), tone),
            ];
            if tip.is_some() {
                cells.insert(3, Cell::toned(terminal(&row.tip), Tone::Dim));
            }
            grid.row(cells);
        }
    }
    grid
}

/// The same for a terminal that is too narrow: a metric's numbers stand below its name.
fn list(page: &mut Page, view: &ComparisonView) {
    for file in &view.metrics.files {
        page.wrapped(Tone::Strong, "", &file_line(&file.file, file.renamed_from.as_deref()));
        for row in &file.rows {
            page.wrapped(Tone::Plain, "  ", &terminal(&row.name));
            let mut words = format!("{} → {}", terminal(&row.base), terminal(&row.head));
            if !row.change.is_empty() {
                words.push_str(&format!(" ({}{}{})", row.change, if row.percent.is_empty() { "" } else { ", " }, row.percent));
            }
            page.wrapped(Tone::Plain, "    ", &words);
            if let (Some(tip), false) = (&view.tip_column, row.tip.is_empty()) {
                page.wrapped(Tone::Dim, "    ", &terminal(&format!("{tip}: {}", row.tip)));
            }
            page.wrapped(tone(row.kind), "    ", &status(row));
        }
    }
}

fn file_line(file: &str, renamed_from: Option<&str>) -> String {
    match renamed_from {
        Some(old) => format!("{} (was {})", terminal(file), terminal(old)),
        None => terminal(file),
    }
}

fn status(row: &RowView) -> String {
    format!("{} {}{}", row.symbol, row.status, if row.guessed { "?" } else { "" })
}

fn tone(status: Status) -> Tone {
    match status {
        Status::Regressed | Status::Unparsable | Status::Unavailable | Status::NotANumber => Tone::Bad,
        Status::Improved => Tone::Good,
        Status::Removed | Status::Null | Status::TypeChanged => Tone::Notice,
        Status::Unchanged | Status::UnchangedByHash | Status::RenamedFile => Tone::Dim,
        _ => Tone::Plain,
    }
}

/// Labels of one block, padded to the same width.
fn label(text: &str) -> String {
    format!("{text}{}", " ".repeat(8_usize.saturating_sub(width(text))))
}

#[cfg(test)]
mod tests;
