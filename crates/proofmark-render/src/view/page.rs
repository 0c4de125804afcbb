//! What is told about the run and the ones before it.

use proofmark_core::number::significant;
use proofmark_core::past::PastRun;
use proofmark_core::report::Report;
use serde::Serialize;

use super::gate::{effect_symbol, headline};
use super::name;
use crate::chart::mermaid;
use crate::history::sparkline;
use crate::key_values::key_values;
use crate::page::Page;
use crate::text::clip;

/// The longest address or text that says where the whole report is.
const LONGEST_PLACE: usize = 1000;
const LONGEST_TITLE: usize = 80;
const LONGEST_HEADLINE: usize = 200;
const SHORT_COMMIT: usize = 10;
const DIGITS: usize = 5;
/// More charts would push everything else out of sight.
const CHARTS: usize = 3;

/// Which part of the text is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Part {
    /// All of it.
    All,
    /// What is not in the short form: everything below the checks.
    Details,
}

/// The page that the text stands on.
#[derive(Debug, Serialize)]
pub(crate) struct PageView {
    /// Whether anything is known here.
    pub(crate) posted: bool,
    /// Which part of the text is asked for.
    pub(crate) part: Part,
    /// What the report is about.
    pub(crate) title: Option<String>,
    /// Where people see the run.
    pub(crate) run_url: Option<String>,
    /// The workflow's name.
    pub(crate) workflow: Option<String>,
    /// The job, and which of several of a matrix.
    pub(crate) job: Option<String>,
    /// The number of the pull request.
    pub(crate) pull_request: Option<u64>,
    /// The first digits of the commit that the change goes into.
    pub(crate) base: Option<String>,
    /// The first digits of the commit that was looked at.
    pub(crate) head: Option<String>,
    /// Where the whole report is: an address, or words.
    pub(crate) whole_report: Option<String>,
    /// Earlier runs, newest first.
    pub(crate) past: Vec<PastView>,
    /// Earlier runs that are not listed.
    pub(crate) past_left_out: usize,
    /// The course of the metrics that matter most, this run included.
    pub(crate) courses: Vec<CourseView>,
    /// The same as charts.
    pub(crate) charts: Vec<ChartView>,
}

/// One earlier run.
#[derive(Debug, Serialize)]
pub(crate) struct PastView {
    /// The first digits of its head commit.
    pub(crate) commit: String,
    /// `allow`, `notice` or `block`.
    pub(crate) effect: &'static str,
    /// The effect as a sign.
    pub(crate) symbol: &'static str,
    /// What came out, in one line.
    pub(crate) headline: String,
    /// The run's number.
    pub(crate) run_id: u64,
    /// Which try of it.
    pub(crate) attempt: u32,
}

/// The values of one metric over the runs.
#[derive(Debug, Serialize)]
pub(crate) struct CourseView {
    /// The metric.
    pub(crate) metric: String,
    /// A line of blocks, oldest run first.
    pub(crate) line: String,
    /// The oldest value.
    pub(crate) first: String,
    /// The newest value.
    pub(crate) last: String,
}

/// One metric as a Mermaid chart.
#[derive(Debug, Serialize)]
pub(crate) struct ChartView {
    /// The metric.
    pub(crate) metric: String,
    /// The chart in Mermaid's own language; nothing of it acts, in Mermaid or in Markdown.
    pub(crate) text: String,
}

impl PageView {
    pub(crate) fn new(report: &Report, page: &Page<'_>, part: Part, most_past: usize) -> Self {
        let run = page.run_of(report);
        let commits = &report.comparison;
        let known = |given: Option<&String>, own: Option<&String>| given.or(own).map(|commit| short(commit));
        let head = run.and_then(|run| known(run.head.commit.as_ref(), commits.head.revision.commit.as_ref()));
        let base = run.and_then(|run| known(run.base.commit.as_ref(), commits.base.revision.commit.as_ref()));
        let all_past = past(report, page);
        let past = &all_past[all_past.len().saturating_sub(most_past)..];
        let courses = courses(report, past, head.as_deref().unwrap_or("now"));
        Self {
            posted: !page.is_empty(report),
            part,
            title: page.title.map(|title| clip(title, LONGEST_TITLE)),
            run_url: run.and_then(|run| run.run_url.as_deref()).filter(|url| crate::escape::url(url).is_some()).map(str::to_owned),
            workflow: run.and_then(|run| run.workflow.as_deref()).map(name),
            job: run.and_then(|run| {
                let job = run.job.as_deref()?;
                Some(name(&run.leg.as_deref().map_or_else(|| job.to_owned(), |leg| format!("{job} ({leg})"))))
            }),
            pull_request: run.and_then(|run| Some(run.pull_request.as_ref()?.number)),
            base,
            head,
            whole_report: page.whole_report.map(|place| clip(place, LONGEST_PLACE)),
            past_left_out: all_past.len() - past.len(),
            past: past.iter().rev().map(|run| PastView::new(run)).collect(),
            charts: courses.iter().filter_map(Course::chart).take(CHARTS).collect(),
            courses: courses.iter().map(Course::view).collect(),
        }
    }
}

impl PastView {
    fn new(run: &PastRun) -> Self {
        Self {
            commit: short(&run.commit),
            effect: run.effect.name(),
            symbol: effect_symbol(run.effect),
            headline: clip(&run.headline, LONGEST_HEADLINE),
            run_id: run.run_id,
            attempt: run.attempt,
        }
    }
}

/// This run as later ones remember it, in one line.
pub(crate) fn title_and_headline(report: &Report, page: &Page<'_>) -> String {
    let headline = headline(&report.judgement);
    page.title.map_or_else(|| headline.clone(), |title| format!("{}: {headline}", clip(title, LONGEST_TITLE)))
}

fn short(commit: &str) -> String {
    let digits: String = commit.chars().take(SHORT_COMMIT).collect();
    clip(&digits, SHORT_COMMIT)
}

/// Earlier runs, oldest first, each once. A run does not come before itself, though it may be remembered already.
fn past<'a>(report: &'a Report, page: &Page<'a>) -> Vec<&'a PastRun> {
    let this = page.run_of(report).map(|run| (run.run_id, run.attempt)).filter(|(id, _)| *id > 0);
    let mut past: Vec<&PastRun> = page.past.iter().filter(|run| this.is_none_or(|this| run.order() < this)).collect();
    past.sort_by_key(|run| run.order());
    past.dedup_by_key(|run| run.order());
    past
}

/// The points of one metric: what each run is called, and its value there.
struct Course {
    metric: String,
    points: Vec<(String, Option<f64>)>,
}

/// The metrics that matter most now, over all runs that are shown.
fn courses(report: &Report, past: &[&PastRun], this: &str) -> Vec<Course> {
    if past.is_empty() {
        return Vec::new();
    }
    let value = |run: &PastRun, metric: &str| run.values.iter().find(|(name, _)| name == metric).map(|(_, value)| *value);
    let course = |(metric, now): (String, f64)| {
        let before = past.iter().map(|run| (short(&run.commit), value(run, &metric).filter(|value| value.is_finite())));
        let points = before.chain([(this.to_owned(), Some(now))]).collect();
        Course { metric, points }
    };
    let mut courses: Vec<Course> = key_values(report).into_iter().map(course).collect();
    // Where all are of one file, its name says nothing.
    let file = |course: &Course| course.metric.rsplit_once(" in ").map(|(_, file)| file.to_owned());
    if let Some(first) = courses.first().and_then(file)
        && courses.iter().all(|course| file(course).as_ref() == Some(&first))
    {
        for course in &mut courses {
            course.metric.truncate(course.metric.len() - first.len() - " in ".len());
        }
    }
    courses
}

impl Course {
    fn view(&self) -> CourseView {
        let values: Vec<Option<f64>> = self.points.iter().map(|(_, value)| *value).collect();
        let told = |value: Option<&f64>| value.map_or_else(String::new, |value| significant(*value, DIGITS));
        CourseView {
            metric: self.metric.clone(),
            line: sparkline(&values),
            first: told(values.iter().flatten().next()),
            last: told(values.iter().flatten().next_back()),
        }
    }

    /// A chart, unless it would be a flat line.
    fn chart(&self) -> Option<ChartView> {
        let points: Vec<(&str, f64)> = self.points.iter().filter_map(|(run, value)| Some((run.as_str(), (*value)?))).collect();
        points.iter().find(|(_, value)| *value != points[0].1)?;
        Some(ChartView { metric: self.metric.clone(), text: mermaid(&self.metric, &points)? })
    }
}
