//! What the checks of a report rest on, slice by slice, and the waivers.

use super::more;
use crate::escape::terminal;
use crate::grid::{Align, Cell, Grid};
use crate::text::{Page, Tone, counted};
use crate::view::finding::FindingView;
use crate::view::gate::ReportView;
use crate::view::slices::{SliceRow, SliceTable};
use crate::view::waivers::{AcceptedView, Waivers};

/// The least that a name or a procedure is shortened to before a table becomes a list.
const LEAST: usize = 14;

/// The numbers behind the verdicts.
pub(super) fn evidence(page: &mut Page, view: &ReportView) {
    use Align::{Left, Right};
    if view.evidence.rows.is_empty() {
        return;
    }
    page.heading("Evidence");
    let header = ["Check", "Base", "Head", "Improvement", "Margin", "n", "Procedure", "Verdict"];
    let mut grid = Grid::new(&[Left, Right, Right, Right, Right, Right, Left, Left], 2);
    grid.row(header.map(|text| Cell::toned(text, Tone::Dim)).into());
    for row in &view.evidence.rows {
        let improvement = if row.interval.is_empty() { &row.improvement } else { &row.interval };
        let cells =
            [&row.name, &row.base, &row.head, improvement, &row.margin, &row.n, &row.procedure].map(|text| Cell::new(terminal(text)));
        grid.row(
            cells.into_iter().chain([Cell::toned(format!("{} {}", row.symbol, row.verdict), tone(row.effect, row.verdict))]).collect(),
        );
    }
    if !grid.print(page, &[0, 6], LEAST) {
        view.evidence.rows.iter().for_each(|row| in_words(page, row));
    }
    more(page, view.evidence.left_out);
}

/// The same for a terminal that is too narrow.
fn in_words(page: &mut Page, row: &FindingView) {
    page.wrapped(tone(row.effect, row.verdict), &format!("  {} ", row.symbol), &terminal(&row.name));
    let mut words = format!("{} → {}", row.base, row.head);
    for (what, value) in [("improvement", &row.interval), ("margin", &row.margin), ("n", &row.n), ("by", &row.procedure)] {
        if !value.is_empty() {
            words.push_str(&format!("; {what} {value}"));
        }
    }
    page.wrapped(Tone::Plain, "    ", &terminal(&words));
}

/// One table for each metric that has several slices.
pub(super) fn slices(page: &mut Page, view: &ReportView) {
    let slices = &view.slices;
    for table in &slices.tables {
        page.heading(&format!("Slices of {}", terminal(&table.name)));
        if !slice_grid(table).print(page, &[0], LEAST) {
            table.rows.iter().for_each(|row| slice_in_words(page, row));
        }
        more(page, table.left_out);
    }
    if slices.left_out > 0 {
        page.gap();
        let words = format!("… and the slices of {} not shown here; the JSON form has them all", counted(slices.left_out, "more metric"));
        page.wrapped(Tone::Notice, "  ", &words);
    }
    if slices.marked {
        let words = "(BH): no rule judges it, and it stands out among all that are shown (Benjamini and Hochberg)";
        page.wrapped(Tone::Dim, "  ", words);
    }
}

fn slice_grid(table: &SliceTable) -> Grid {
    use Align::{Left, Right};
    let mut grid = Grid::new(&[Left, Right, Right, Right, Right, Right, Left], 2);
    let header = ["Slice", "n", "Base", "Head", "Change", "Improvement", "Verdict"];
    grid.row(header.map(|text| Cell::toned(text, Tone::Dim)).into());
    for row in &table.rows {
        let tone = if row.small { Tone::Dim } else { Tone::Plain };
        let cells =
            [&row.slice, &row.n, &row.base, &row.head, &row.improvement, &row.interval].map(|text| Cell::toned(terminal(text), tone));
        grid.row(cells.into_iter().chain([Cell::toned(terminal(&row.told), slice_tone(row))]).collect());
    }
    grid
}

fn slice_in_words(page: &mut Page, row: &SliceRow) {
    page.wrapped(Tone::Plain, "  ", &terminal(&row.slice));
    let interval = if row.interval.is_empty() { String::new() } else { format!(" ({})", row.interval) };
    let words = format!("n {}: {} → {}, {}{interval} {}", row.n, row.base, row.head, row.improvement, row.told);
    page.wrapped(slice_tone(row), "    ", &terminal(&words));
}

fn slice_tone(row: &SliceRow) -> Tone {
    match (row.small, row.effect, row.told.as_str()) {
        (true, ..) => Tone::Dim,
        (_, "block", _) => Tone::Bad,
        (_, "notice", _) | (_, _, "worse (BH)") => Tone::Notice,
        _ => Tone::Plain,
    }
}

fn tone(effect: &str, verdict: &str) -> Tone {
    match (effect, verdict) {
        ("block", _) => Tone::Bad,
        ("notice", _) => Tone::Notice,
        (_, "pass") => Tone::Good,
        _ => Tone::Plain,
    }
}

/// What was accepted, which waivers do not count, and what would accept what blocks.
pub(super) fn waivers(page: &mut Page, view: &ReportView) {
    let waivers = &view.waivers;
    if !waivers.accepted.is_empty() || waivers.accepted_left_out > 0 {
        page.heading("Waived");
        waivers.accepted.iter().for_each(|one| accepted(page, one));
        more(page, waivers.accepted_left_out);
    }
    notes(page, waivers);
    if let Some(offer) = waivers.texts.first() {
        page.heading("To accept it, an approver adds to the policy of the base");
        page.wrapped(Tone::Dim, "  ", &format!("for {}", terminal(&offer.name)));
        page.gap();
        // Never wrapped: it is there to be copied.
        offer.text.lines().for_each(|line| page.line(&format!("  {line}")));
    }
    let more = waivers.texts.len().saturating_sub(1) + waivers.texts_left_out;
    if more > 0 {
        let words = format!("… and {} like it for the other checks that block, in the JSON form", counted(more, "text"));
        page.gap();
        page.wrapped(Tone::Dim, "  ", &words);
    }
}

fn accepted(page: &mut Page, one: &AcceptedView) {
    let words = format!("{}: {} → {}, found as {}", one.name, one.base, one.head, one.found);
    page.wrapped(Tone::Notice, "  ~ ", &terminal(&words));
    let AcceptedView { accepts, approved_by, expires, scope, reason, issue, .. } = one;
    page.wrapped(
        Tone::Plain,
        "    ",
        &terminal(&format!("accepted {accepts} by {approved_by} until {expires} for {scope}: {reason} ({issue})")),
    );
}

fn notes(page: &mut Page, waivers: &Waivers) {
    if !waivers.notes.is_empty() || waivers.notes_left_out > 0 {
        page.heading("Waivers");
        for note in &waivers.notes {
            let line = note.line.map_or_else(String::new, |line| format!(", line {line}"));
            let words = format!("{}{line}: {}: {}", note.kind, note.waiver, note.message);
            page.wrapped(Tone::Notice, "  ! ", &terminal(&words));
            if let Some(hint) = &note.hint {
                page.wrapped(Tone::Dim, "    hint: ", &terminal(hint));
            }
        }
        more(page, waivers.notes_left_out);
    }
    if waivers.of_other_changes > 0 {
        let (verb, what) = if waivers.of_other_changes == 1 { ("is", "another change") } else { ("are", "other changes") };
        page.gap();
        page.wrapped(Tone::Dim, "", &format!("{} of the policy {verb} for {what}", counted(waivers.of_other_changes, "waiver")));
    }
}
