//! A history for a terminal: the course of each metric as a line of blocks, then its values commit by commit.

use proofmark_core::direction::Direction;
use proofmark_core::number::{shown, shown_pair};
use proofmark_core::value::Value;

use super::{History, Metric, Point};
use crate::Options;
use crate::escape::terminal;
use crate::grid::{Align, Cell, Grid};
use crate::text::{Page, Tone, clip, counted, width};

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The longest line of blocks; older commits are left out of it.
const LONGEST: usize = 60;
const LONGEST_VALUE: usize = 24;
const LONGEST_NAME: usize = 28;

/// The table of `proofmark log`: for each metric a [`sparkline`] and its ends, then one row for each commit, newest first.
///
/// Where not all metrics fit beside each other, the table has the first ones and says how many it leaves out.
pub fn table(history: &History, options: &Options) -> String {
    let mut page = Page::new(options);
    if history.commits.is_empty() || history.metrics.is_empty() {
        page.wrapped(Tone::Plain, "", "no commit has the metric");
        return page.finish();
    }
    courses(&mut page, history);
    page.gap();
    commits(&mut page, history, options);
    page.finish()
}

/// A line of blocks, one for each point, from the lowest `▁` to the highest `█` number.
///
/// A series that does not change stays in the middle; a point without a number is a space, NaN is `×`, and the infinities
/// are `↑` and `↓`.
///
/// ```
/// use proofmark_render::history::sparkline;
///
/// assert_eq!(sparkline(&[Some(1.0), None, Some(2.0), Some(f64::NAN), Some(3.0)]), "▁ ▅×█");
/// ```
pub fn sparkline(points: &[Option<f64>]) -> String {
    let finite = || points.iter().flatten().copied().filter(|number| number.is_finite());
    let (low, high) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), number| (low.min(number), high.max(number)));
    let block = |number: f64| {
        if low >= high {
            return BLOCKS[3];
        }
        // Halves, since the range of two large doubles may be infinite.
        let share = (number / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
        BLOCKS[((share * 7.0).round().clamp(0.0, 7.0)) as usize]
    };
    let sign = |point: &Option<f64>| match point {
        None => ' ',
        Some(number) if number.is_nan() => '×',
        Some(number) if number.is_infinite() => {
            if *number > 0.0 {
                '↑'
            } else {
                '↓'
            }
        }
        Some(number) => block(*number),
    };
    points.iter().map(sign).collect()
}

fn courses(page: &mut Page, history: &History) {
    let room = page.width.map_or(LONGEST, |all| LONGEST.min(all / 3).max(8));
    let mut grid = Grid::new(&[Align::Left, Align::Left, Align::Left, Align::Left], 0);
    let mut told = Vec::new();
    for (at, metric) in history.metrics.iter().enumerate() {
        let newest: Vec<&Point> = history.commits.iter().filter_map(|commit| commit.points.get(at)).collect();
        let numbers: Vec<Option<f64>> = newest.iter().take(room).rev().map(|point| point.number()).collect();
        let values = || newest.iter().filter_map(|point| point.value());
        let ends = match (values().next_back(), values().next()) {
            (Some(first), Some(last)) => {
                let (first, last) = pair(first, last);
                format!("{first} → {last}")
            }
            _ => "no value".to_owned(),
        };
        let better = match metric.oriented.map(|oriented| oriented.direction) {
            Some(Direction::Higher) => "higher is better",
            Some(Direction::Lower) => "lower is better",
            None => "",
        };
        let name = clip(&terminal(&name(metric, history)), 80);
        told.push((name.clone(), format!("{} {ends}", sparkline(&numbers))));
        grid.row(vec![Cell::toned(name, Tone::Strong), Cell::new(sparkline(&numbers)), Cell::new(ends), Cell::toned(better, Tone::Dim)]);
    }
    if !grid.print(page, &[0], 8) {
        for (name, course) in told {
            page.wrapped(Tone::Strong, "", &name);
            page.wrapped(Tone::Plain, "  ", &course);
        }
    }
}

fn pair(first: &Value, last: &Value) -> (String, String) {
    let (first, last) = shown_pair(first, last);
    (clip(&terminal(&first), LONGEST_VALUE), clip(&terminal(&last), LONGEST_VALUE))
}

/// The metric, with its file where there is more than one.
fn name(metric: &Metric, history: &History) -> String {
    let one_file = history.metrics.iter().all(|other| other.file == metric.file);
    if one_file { metric.key.to_string() } else { format!("{} in {}", metric.key, metric.file) }
}

fn commits(page: &mut Page, history: &History, options: &Options) {
    let shown_commits = history.commits.len().min(options.max_rows);
    let columns: Vec<Vec<String>> = (0..history.metrics.len()).map(|at| column(history, at, shown_commits)).collect();
    let size = |cells: &Vec<String>| cells.iter().map(|cell| width(cell)).max().unwrap_or(0) + 2;
    // The id, the day and a little of the subject come first.
    let mut left = options.width.map_or(usize::MAX, |all| all.saturating_sub(12 + 12 + 12));
    let mut fitting = 0;
    for cells in &columns {
        if fitting > 0 && size(cells) > left {
            break;
        }
        left = left.saturating_sub(size(cells));
        fitting += 1;
    }
    let mut aligns = vec![Align::Left, Align::Left];
    aligns.extend(std::iter::repeat_n(Align::Right, fitting));
    aligns.push(Align::Left);
    let mut grid = Grid::new(&aligns, 0);
    for row in 0..=shown_commits {
        let commit = row.checked_sub(1).map(|at| &history.commits[at]);
        let tone = if commit.is_none() { Tone::Dim } else { Tone::Plain };
        let [id, day, subject] = commit.map_or_else(
            || ["Commit".to_owned(), "Date".to_owned(), "Subject".to_owned()],
            |commit| [terminal(&commit.short), commit.date.day(), clip(&terminal(&commit.subject), 80)],
        );
        let mut cells = vec![Cell::toned(id, tone), Cell::toned(day, Tone::Dim)];
        cells.extend(columns[..fitting].iter().map(|column| Cell::toned(column[row].clone(), tone)));
        cells.push(Cell::toned(subject, Tone::Dim));
        grid.row(cells);
    }
    if !grid.print(page, &[fitting + 2], 8) {
        list(page, history, &columns, shown_commits);
        fitting = history.metrics.len();
    }
    if history.metrics.len() > fitting {
        let words =
            format!("… and {} that did not fit beside these; name the ones you want", counted(history.metrics.len() - fitting, "metric"));
        page.wrapped(Tone::Notice, "", &words);
    }
    if history.commits.len() > shown_commits {
        let words = format!("… and {}; the JSON form has them all", counted(history.commits.len() - shown_commits, "older commit"));
        page.wrapped(Tone::Notice, "", &words);
    }
}

/// The head of a metric's column and its values, with as many digits as tell each from the one before.
fn column(history: &History, at: usize, commits: usize) -> Vec<String> {
    let mut cells = vec![clip(&terminal(&name(&history.metrics[at], history)), LONGEST_NAME)];
    for (row, commit) in history.commits.iter().take(commits).enumerate() {
        let older = history.commits.get(row + 1).and_then(|older| older.points.get(at)).and_then(Point::value);
        let text = match (commit.points.get(at), older) {
            (Some(Point::Value(value)), Some(older)) => shown_pair(value, older).0,
            (Some(Point::Value(value)), None) => shown(value),
            (Some(Point::Missing(reason)), _) => format!("({reason})"),
            (None, _) => "–".to_owned(),
        };
        cells.push(clip(&terminal(&text), LONGEST_VALUE));
    }
    cells
}

/// The same for a terminal that is too narrow for any table.
fn list(page: &mut Page, history: &History, columns: &[Vec<String>], commits: usize) {
    for (row, commit) in history.commits.iter().take(commits).enumerate() {
        page.wrapped(Tone::Plain, "", &format!("{} {} {}", terminal(&commit.short), commit.date.day(), terminal(&commit.subject)));
        for column in columns {
            page.wrapped(Tone::Plain, "  ", &format!("{}: {}", column[0], column[row + 1]));
        }
    }
}
