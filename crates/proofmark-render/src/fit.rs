//! Markdown within a limit of bytes: shortened on purpose, at the borders of rows, and said.
//!
//! What goes first is what people miss least: rows in which nothing happened, then params and data, then earlier runs,
//! then metrics, slices, evidence, waivers, then problems, then notices; what blocks goes last, and of each the worst is kept longest. A report that
//! is still too long is told in the short form, and then in one line.

use proofmark_core::config::Effect;
use proofmark_core::report::Report;

use crate::markdown::{linked, report_text};
use crate::page::Page;
use crate::text::counted;
use crate::view::Room;
use crate::view::gate::{ReportView, effect_symbol, headline};
use crate::view::page::{PageView, Part};
use crate::{Options, RenderError, escape};

/// What came out of [`report_within`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fitted {
    /// The Markdown.
    pub text: String,
    /// Whether rows were left out that the options ask for. The text says so.
    pub shortened: bool,
}

/// A report as Markdown of at most `limit` bytes of UTF-8, by a template as [`crate::report_markdown`] takes it.
///
/// Rows are dropped to keep to the limit, the least important first, and the text ends with what was dropped and where
/// the whole is. When even a template without any rows is too long for it, the built-in short form takes its place,
/// and for a very small limit the headline alone, cut as a last resort.
///
/// # Errors
/// When the template is wrong, asks for something that there is not, or does not end.
pub fn report_within(report: &Report, options: &Options, template: &str, page: &Page<'_>, limit: usize) -> Result<Fitted, RenderError> {
    let whole = Form { report, page, template: Some(template), part: Part::All, sections: Sections::All };
    if let Some(fitted) = whole.within(options, limit)? {
        return Ok(fitted);
    }
    let short = Form { template: None, ..whole };
    Ok(short.within(options, limit)?.unwrap_or_else(|| bare(report, page, limit)))
}

/// The short form: what came out, and why.
pub(crate) fn summary_within(report: &Report, options: &Options, page: &Page<'_>, limit: usize) -> Result<Fitted, RenderError> {
    let form = Form { report, page, template: None, part: Part::All, sections: Sections::Findings };
    Ok(form.within(options, limit)?.unwrap_or_else(|| bare(report, page, limit)))
}

/// The bytes of a row with long names, and those of one that has next to nothing. As many rows as the first leaves room for are
/// tried first, so that nobody waits for ten thousand of which two hundred fit.
const ROWS: [usize; 2] = [256, 24];
/// How often the number of rows that fit is guessed.
const GUESSES: usize = 6;

/// The short form's template. It has room for checks only.
const SHORT: &str = include_str!("markdown/short.md.jinja");

/// One way to write a report.
#[derive(Clone, Copy)]
pub(crate) struct Form<'a> {
    report: &'a Report,
    page: &'a Page<'a>,
    /// The template, or the short form.
    template: Option<&'a str>,
    part: Part,
    sections: Sections,
}

/// What a reader expects to find, so whose absence is said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sections {
    All,
    Findings,
}

/// One rendering.
struct Draft {
    text: String,
    shortened: bool,
    /// The rows in it, by step.
    rows: [usize; STEPS.len()],
}

/// What is shortened, one after the other, and how much of it there may be.
const STEPS: [fn(&mut Room) -> &mut usize; 8] = [
    |room| &mut room.details,
    |room| &mut room.past,
    |room| &mut room.metrics,
    |room| &mut room.slices,
    |room| &mut room.evidence,
    |room| &mut room.waivers,
    |room| &mut room.problems,
    |room| &mut room.findings,
];

impl<'a> Form<'a> {
    /// Everything that is not in the short form.
    pub(crate) fn details(report: &'a Report, page: &'a Page<'a>, template: &'a str) -> Self {
        Self { report, page, template: Some(template), part: Part::Details, sections: Sections::All }
    }

    /// As many rows as fit; nothing when the text is too long without any.
    pub(crate) fn within(&self, options: &Options, limit: usize) -> Result<Option<Fitted>, RenderError> {
        let mut wanted = Room { ranked: true, ..Room::from(options) };
        if self.template.is_none() {
            wanted = Room { details: 0, past: 0, metrics: 0, problems: 0, evidence: 0, slices: 0, waivers: 0, ..wanted };
        }
        let [mut first, second] = ROWS.map(|bytes| wanted.at_most(limit / bytes));
        // A metric must not take the room of a check, so of checks all are tried that could fit.
        first.findings = first.findings.max(self.findings_in(limit)).min(second.findings);
        let mut draft = self.draft(&first, &wanted)?;
        let mut room = first;
        if draft.text.len() <= limit && draft.shortened && second != first {
            room = second;
            draft = self.draft(&second, &wanted)?;
        }
        if draft.text.len() > limit {
            draft = self.shortened(draft, room, &wanted, limit)?;
        }
        Ok((draft.text.len() <= limit).then_some(Fitted { text: draft.text, shortened: draft.shortened }))
    }

    /// How many checks have room at the most: names and reasons alone take more than that for one more.
    fn findings_in(&self, limit: usize) -> usize {
        let findings = self.report.judgement.findings.iter().filter(|finding| finding.effect != Effect::Allow);
        let mut used = 0_usize;
        let sizes = findings.map(|finding| finding.metric.as_str().len().min(160) + finding.explanation.len().min(600));
        sizes
            .take_while(|size| {
                used += size;
                used <= limit
            })
            .count()
    }

    /// Takes away one thing after the other until the text fits, and of the last one only as much as it takes.
    fn shortened(&self, mut draft: Draft, mut room: Room, wanted: &Room, limit: usize) -> Result<Draft, RenderError> {
        if room.all {
            room.all = false;
            draft = self.draft(&room, wanted)?;
        }
        for (at, step) in STEPS.iter().enumerate() {
            if draft.text.len() <= limit {
                break;
            }
            if draft.rows[at] == 0 {
                continue;
            }
            *step(&mut room) = 0;
            let without = self.draft(&room, wanted)?;
            if without.text.len() <= limit {
                return most(without, (draft.rows[at], draft.text.len()), limit, |rows| {
                    *step(&mut room) = rows;
                    self.draft(&room, wanted)
                });
            }
            draft = without;
        }
        Ok(draft)
    }

    fn draft(&self, room: &Room, wanted: &Room) -> Result<Draft, RenderError> {
        let view = ReportView::within(self.report, room);
        let page = PageView::new(self.report, self.page, self.part, room.past);
        let (name, template) = self.template.map_or(("short.md.jinja", SHORT), |template| ("report.md.jinja", template));
        let mut text = report_text(self.report, &view, &page, name, template)?;
        let shorter = room != wanted || (self.template.is_none() && self.sections == Sections::All);
        let dropped = if shorter { self.dropped(&view, &page, room, wanted) } else { Vec::new() };
        if !dropped.is_empty() {
            let start = if text.is_empty() { "" } else { "\n" };
            text.push_str(&format!("{start}> Shortened to fit here; left out: {}.{}\n", dropped.join(", "), whole(&page)));
        }
        let comparison = &view.comparison;
        let rows = |rows: &crate::view::Rows| rows.shown.max(rows.files.len());
        Ok(Draft {
            text,
            shortened: !dropped.is_empty(),
            rows: [
                rows(&comparison.params).max(comparison.data.rows.len()),
                page.past.len(),
                rows(&comparison.metrics),
                view.slices.shown(),
                view.evidence.rows.len(),
                view.waivers.shown(),
                comparison.problems.len(),
                view.blocking.len() + view.notices.len() + view.allowed.len() + view.passed.len(),
            ],
        })
    }

    /// What is not there, in words.
    fn dropped(&self, view: &ReportView, page: &PageView, room: &Room, wanted: &Room) -> Vec<String> {
        let comparison = &view.comparison;
        let blocking = self.report.judgement.findings.iter().filter(|finding| finding.effect == Effect::Block);
        let blocking = blocking.count() - view.blocking.len();
        let mut told = Vec::new();
        let mut tell = |count: usize, words: String| {
            if count > 0 {
                told.push(words);
            }
        };
        let (blocking, left_out) = if self.part == Part::All { (blocking, view.left_out) } else { (0, 0) };
        tell(blocking, format!("{} that {}", counted(blocking, "check"), if blocking == 1 { "blocks" } else { "block" }));
        let other = left_out.saturating_sub(blocking);
        tell(other, counted(other, if blocking > 0 { "other check" } else { "check" }));
        if self.sections == Sections::All {
            tell(comparison.problems_left_out, counted(comparison.problems_left_out, "problem"));
            // What a report leaves out by itself is said in its place.
            if room.waivers < wanted.waivers {
                let waivers = view.waivers.accepted_left_out + view.waivers.notes_left_out + view.waivers.texts_left_out;
                tell(waivers, counted(waivers, "text") + " about waivers");
            }
            tell(view.evidence.left_out, counted(view.evidence.left_out, "row") + " of evidence");
            if room.slices < wanted.slices {
                tell(view.slices.rows_left_out, counted(view.slices.rows_left_out, "slice"));
            }
            tell(comparison.metrics.left_out, counted(comparison.metrics.left_out, "metric"));
            tell(comparison.params.left_out, counted(comparison.params.left_out, "param"));
            tell(comparison.data.left_out, counted(comparison.data.left_out, "data version"));
            tell(page.past_left_out, counted(page.past_left_out, "earlier run"));
        }
        if wanted.all && !room.all {
            let unchanged = comparison.metrics.hidden + comparison.params.hidden + comparison.data.hidden + view.passed_count;
            tell(unchanged, format!("{} in which nothing happened", counted(unchanged, "row")));
        }
        told
    }
}

/// The longest text that fits, between one without rows, which does, and one that does not, of which the number of
/// rows and the length are known.
fn most(
    without: Draft,
    (mut too_many, mut too_long): (usize, usize),
    limit: usize,
    mut draft: impl FnMut(usize) -> Result<Draft, RenderError>,
) -> Result<Draft, RenderError> {
    let (mut best, mut fitting) = (without, 0);
    for guess in 0..GUESSES {
        let room = limit - best.text.len();
        if too_many - fitting <= 1 || (fitting > 0 && room < limit / 32) {
            break;
        }
        // Rows are about as long as each other, so a line between both ends is a good guess; halves are a sure one.
        let share = if guess % 3 == 2 { 0.5 } else { room as f64 / (too_long - best.text.len()).max(1) as f64 * 0.99 };
        let rows = fitting + (((too_many - fitting) as f64 * share) as usize).clamp(1, too_many - fitting - 1);
        let next = draft(rows)?;
        if next.text.len() <= limit {
            (best, fitting) = (next, rows);
        } else {
            (too_many, too_long) = (rows, next.text.len());
        }
    }
    Ok(best)
}

/// What came out in one line, with where the rest is if that has room.
fn bare(report: &Report, page: &Page<'_>, limit: usize) -> Fitted {
    let sign = effect_symbol(report.judgement.effect);
    let headline = headline(&report.judgement);
    let view = PageView::new(report, page, Part::All, 0);
    let title = view.title.as_deref().map(|title| format!("{}: ", escape::markdown(title))).unwrap_or_default();
    let short = "\n> Shortened to fit here.";
    let forms = [
        format!("### {sign} {title}{headline}\n{short}{}\n", whole(&view)),
        format!("### {sign} {headline}\n{short}{}\n", whole(&view)),
        format!("### {sign} {headline}\n{short}\n"),
        format!("{headline}\n"),
    ];
    let fitting = forms.into_iter().find(|form| form.len() <= limit);
    // The headline is made of our own words, in which nothing is open that a cut would have to close.
    let text = fitting.unwrap_or_else(|| headline[..headline.floor_char_boundary(limit)].to_owned());
    Fitted { text, shortened: true }
}

fn whole(page: &PageView) -> String {
    page.whole_report.as_deref().map(|place| format!(" The whole report: {}", linked(place, None))).unwrap_or_default()
}

#[cfg(test)]
mod tests;
