//! What comparisons and reports have in common: the two sides, problems, and what else changed.

use super::{file_line, label, left_out};
use crate::escape::terminal;
use crate::grid::{Align, Cell, Grid};
use crate::text::{Page, Tone};
use crate::view::{ComparisonView, SideView};

/// The least that a path or a value is shortened to.
const LEAST: usize = 10;

/// Which two commits are compared, and how the base was found.
pub(super) fn sides(page: &mut Page, view: &ComparisonView) {
    side(page, "base", &view.base);
    let mut how = terminal(&view.base_is);
    match view.base_distance {
        0 => {}
        1 => how.push_str("; it has no metrics, so its parent is compared"),
        steps => how.push_str(&format!("; it has no metrics, so the commit {steps} steps before it is compared")),
    }
    page.wrapped(Tone::Dim, &label(""), &how);
    side(page, "head", &view.head);
    if let (Some(tip), Some(column)) = (&view.tip, &view.tip_column) {
        let to = tip.short.as_deref().unwrap_or(&tip.name);
        let branch = column.strip_suffix(" now").unwrap_or(column);
        let words = format!("{} has moved on to {}; its values are in the column `{}`", terminal(branch), terminal(to), terminal(column));
        page.wrapped(Tone::Notice, &label("note"), &words);
    }
}

fn side(page: &mut Page, name: &str, side: &SideView) {
    let commit = side.short.as_deref().map(terminal);
    let called = terminal(&side.name);
    let mut words = match commit {
        Some(commit) if side.work_tree => format!("{called} (files on disk, on top of {commit})"),
        // A commit that was named by its id.
        Some(commit) if side.commit.as_ref().is_some_and(|id| id.starts_with(side.name.as_str())) => commit,
        Some(commit) => format!("{called} {commit}"),
        None => called,
    };
    if let Some(subject) = side.subject.as_ref().filter(|subject| !subject.is_empty()) {
        words.push_str(&format!(" \"{}\"", terminal(subject)));
    }
    page.wrapped(Tone::Plain, &label(name), &words);
}

/// What could not be understood, on either side.
pub(super) fn problems(page: &mut Page, view: &ComparisonView) {
    if view.problems.is_empty() {
        return;
    }
    page.heading("Problems");
    for problem in &view.problems {
        let (sign, tone) = if problem.level == "error" { ("  ✗ ", Tone::Bad) } else { ("  ! ", Tone::Notice) };
        let words = format!("{}: {} (at the {})", terminal(&problem.place), terminal(&problem.message), problem.side);
        page.wrapped(tone, sign, &words);
        if let Some(hint) = &problem.hint {
            page.wrapped(Tone::Dim, "    hint: ", &terminal(hint));
        }
    }
    if view.problems_left_out > 0 {
        page.wrapped(Tone::Notice, "  ", &format!("… and {} more", view.problems_left_out));
    }
}

/// Params and data that changed, which may be why the metrics did.
pub(super) fn causes(page: &mut Page, view: &ComparisonView) {
    params(page, view);
    data(page, view);
}

fn params(page: &mut Page, view: &ComparisonView) {
    let rows = &view.params;
    if rows.files.is_empty() {
        return;
    }
    page.heading("Params that changed");
    let mut grid = Grid::new(&[Align::Left, Align::Left, Align::Left, Align::Left, Align::Left], 4);
    for file in &rows.files {
        grid.across(Cell::new(format!("  {}", file_line(&file.file, file.renamed_from.as_deref()))));
        for row in &file.rows {
            let told = if matches!(row.status, "changed" | "added" | "removed") { "" } else { row.status };
            grid.row(vec![
                Cell::new(terminal(&row.name)),
                Cell::new(terminal(&row.base)),
                Cell::toned("→", Tone::Dim),
                Cell::new(terminal(&row.head)),
                Cell::toned(told, Tone::Dim),
            ]);
        }
    }
    if !grid.print(page, &[0, 1, 3], LEAST) {
        for file in &rows.files {
            page.wrapped(Tone::Plain, "  ", &file_line(&file.file, file.renamed_from.as_deref()));
            for row in &file.rows {
                page.wrapped(Tone::Plain, "    ", &terminal(&row.name));
                page.wrapped(Tone::Plain, "      ", &format!("{} → {}", terminal(&row.base), terminal(&row.head)));
            }
        }
    }
    left_out(page, rows);
}

fn data(page: &mut Page, view: &ComparisonView) {
    let data = &view.data;
    if data.rows.is_empty() {
        return;
    }
    page.heading("Data that changed");
    let mut grid = Grid::new(&[Align::Left, Align::Left, Align::Left, Align::Left], 2);
    for row in &data.rows {
        grid.row(vec![
            Cell::new(terminal(&row.path)),
            Cell::new(terminal(&row.base)),
            Cell::toned("→", Tone::Dim),
            Cell::new(terminal(&row.head)),
        ]);
    }
    if !grid.print(page, &[0], LEAST) {
        for row in &data.rows {
            page.wrapped(Tone::Plain, "  ", &terminal(&row.path));
            page.wrapped(Tone::Plain, "    ", &format!("{} → {}", terminal(&row.base), terminal(&row.head)));
        }
    }
    if data.left_out > 0 {
        page.wrapped(Tone::Notice, "  ", &format!("… and {} more", data.left_out));
    }
}
