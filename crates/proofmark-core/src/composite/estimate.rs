//! What is known of one metric on some rows, and how rules name it.

use super::exceeds;
use super::expression::Quantity;
use crate::config::nearest;
use crate::direction::Direction;
use crate::evidence::{MISSING, Slice};
use crate::key::Key;
use crate::path::RepoPath;
use proofmark_stats::{Verdict, interval_verdict};

/// The longest name that a sentence repeats, in characters.
const MAX_NAME: usize = 80;

/// One metric on some rows, of the base and the head. What is not known is `None`; a metric that is declared and nowhere to be
/// found has an estimate without values. All numbers are in the metric's unit, and improvements are oriented.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// The metrics file.
    pub file: Option<RepoPath>,
    /// The prediction table.
    pub table: Option<String>,
    /// The metric.
    pub metric: Key,
    /// The rows.
    pub slice: Slice,
    /// Rows on the side that has fewer.
    pub n: u64,
    /// Which way is better, where that is known.
    pub oriented: Option<Direction>,
    /// The value at the base.
    pub baseline: Option<f64>,
    /// The value at the head.
    pub candidate: Option<f64>,
    /// The change, positive where it is better.
    pub improvement: Option<f64>,
    /// The improvement as a fraction of the baseline's size.
    pub relative: Option<f64>,
    /// The one-sided lower confidence limit of the improvement; absent where there is one number a side.
    pub lower: Option<f64>,
    /// The one-sided upper confidence limit of the improvement.
    pub upper: Option<f64>,
    /// The loss that is accepted, with which `p_inferior` was computed.
    pub margin: Option<f64>,
    /// P(data this bad | loss of exactly the margin).
    pub p_inferior: Option<f64>,
}

impl Estimate {
    /// A metric of which nothing is known.
    pub fn new(metric: Key) -> Self {
        Self {
            file: None,
            table: None,
            metric,
            slice: Slice::all(),
            n: 0,
            oriented: None,
            baseline: None,
            candidate: None,
            improvement: None,
            relative: None,
            lower: None,
            upper: None,
            margin: None,
            p_inferior: None,
        }
    }

    pub(super) fn quantity(&self, field: Field) -> Option<Quantity> {
        let size = |number: Option<f64>| finite(number).map_or(0.0, f64::abs);
        let sides = size(self.baseline).max(size(self.candidate));
        match field {
            Field::Candidate => Quantity::new(self.candidate?, 0.0),
            Field::Baseline => Quantity::new(self.baseline?, 0.0),
            Field::Improvement => Quantity::new(self.improvement?, sides),
            // In units of the baseline's size, where the baseline is 1.
            Field::Relative => Quantity::new(self.relative?, if size(self.baseline) > 0.0 { sides / size(self.baseline) } else { 1.0 }),
            Field::Lower => Quantity::new(self.lower?, size(self.upper).max(size(self.margin))),
            Field::Upper => Quantity::new(self.upper?, size(self.lower).max(size(self.margin))),
        }
    }

    /// Whether there are confidence limits, and not one number a side only.
    pub(super) fn is_noisy(&self) -> bool {
        finite(self.lower).or(finite(self.upper)).is_some()
    }

    /// The worst that the improvement may be: its lower limit, or for one number a side itself.
    pub(super) fn at_worst(&self) -> Option<f64> {
        finite(if self.is_noisy() { self.lower } else { self.improvement })
    }

    /// Whether the loss is no more than `margin`.
    pub(super) fn within(&self, margin: f64) -> Option<Verdict> {
        if self.is_noisy() {
            let (lower, upper) = (finite(self.lower).unwrap_or(f64::NEG_INFINITY), finite(self.upper).unwrap_or(f64::INFINITY));
            return Some(interval_verdict(lower, upper, margin));
        }
        let improvement = self.quantity(Field::Improvement)?;
        let is_worse = exceeds(0.0 - improvement.value, margin, &[improvement.scale, margin]);
        Some(if is_worse { Verdict::Fail } else { Verdict::Pass })
    }

    /// Whether the improvement is shown to be at least so much.
    pub(super) fn gains(&self, least: f64) -> Option<bool> {
        let worst = self.worst()?;
        Some(!exceeds(least, worst.value, &[worst.scale, least]))
    }

    /// Whether there is shown to be an improvement.
    pub(super) fn is_better(&self) -> Option<bool> {
        let worst = self.worst()?;
        Some(exceeds(worst.value, 0.0, &[worst.scale]))
    }

    fn worst(&self) -> Option<Quantity> {
        if self.is_noisy() { self.quantity(Field::Lower) } else { self.quantity(Field::Improvement) }
    }

    /// The table or file.
    fn place(&self) -> &str {
        self.table.as_deref().or(self.file.as_ref().map(RepoPath::as_str)).unwrap_or_default()
    }

    /// As a sentence names it.
    pub(super) fn told(&self) -> String {
        let name = format!("`{}`", bounded(&self.metric.to_string()));
        if self.slice.is_all() { name } else { format!("{name} of {}", bounded(&self.slice.to_string())) }
    }
}

/// What can be asked of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Candidate,
    Baseline,
    Improvement,
    Relative,
    Lower,
    Upper,
}

impl Field {
    pub(super) const ALL: [Self; 6] = [Self::Candidate, Self::Baseline, Self::Improvement, Self::Relative, Self::Lower, Self::Upper];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::Baseline => "baseline",
            Self::Improvement => "improvement",
            Self::Relative => "relative",
            Self::Lower => "lower",
            Self::Upper => "upper",
        }
    }

    /// Whether it has a meaning only where it is known which way is better.
    pub(super) fn is_oriented(self) -> bool {
        !matches!(self, Self::Candidate | Self::Baseline)
    }
}

/// How a rule names a metric on some rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// The metric, or `test:f1` with the table or file where no metric has the whole name.
    pub(super) metric: String,
    pub(super) slice: Slice,
}

impl Name {
    pub(super) fn all_rows(metric: impl Into<String>) -> Self {
        Self { metric: metric.into(), slice: Slice::all() }
    }
}

/// Why a name does not lead to one metric. It is a mistake in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// No metric has the name, on either side.
    #[error("no metric is called `{name}`")]
    Metric {
        /// The name.
        name: String,
        /// What was likely meant.
        nearest: Option<String>,
    },
    /// The metric is there, and not on these rows.
    #[error("`{name}` is not known for `{slice}`")]
    Slice {
        /// The metric.
        name: String,
        /// The rows.
        slice: String,
        /// What was likely meant.
        nearest: Option<String>,
    },
    /// Several files or tables have the metric.
    #[error("`{name}` is in several places: {places}")]
    Ambiguous {
        /// The metric.
        name: String,
        /// Some of the places.
        places: String,
    },
}

impl NameError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Metric { nearest: Some(nearest), .. } | Self::Slice { nearest: Some(nearest), .. } => {
                format!("did you mean `{nearest}`?")
            }
            Self::Metric { nearest: None, .. } => "`proofmark compare --all` lists the metrics that there are".to_owned(),
            Self::Slice { nearest: None, .. } => "slices are written as column=value; the table must declare or have them".to_owned(),
            Self::Ambiguous { name, .. } => format!("write the table or file before the name: `test:{name}`"),
        }
    }
}

/// The estimates on all slices of one metric, in one place.
pub(super) fn of_metric<'a>(estimates: &'a [Estimate], name: &str, table: Option<&str>) -> Result<Vec<&'a Estimate>, NameError> {
    let of = |metric: &str, place: Option<&str>| -> Vec<&'a Estimate> {
        let is_there = |found: &&Estimate| {
            table.is_none_or(|table| found.table.as_deref() == Some(table))
                && place.is_none_or(|place| {
                    found.table.as_deref() == Some(place) || found.file.as_ref().is_some_and(|file| file.as_str() == place)
                })
        };
        estimates.iter().filter(|found| found.metric.to_string() == metric).filter(is_there).collect()
    };
    let whole = of(name, None);
    let colons = name.match_indices(':').map(|(at, _)| (name.get(..at).unwrap_or_default(), name.get(at + 1..).unwrap_or_default()));
    let found = if whole.is_empty() {
        let mut qualified = colons.map(|(place, metric)| of(metric, Some(place)));
        qualified.find(|found| !found.is_empty()).unwrap_or_default()
    } else {
        whole
    };
    let Some(first) = found.first() else {
        let names: Vec<String> = estimates.iter().map(|estimate| estimate.metric.to_string()).collect();
        let nearest = nearest(name, names.iter().map(String::as_str)).map(bounded);
        return Err(NameError::Metric { name: bounded(name), nearest });
    };
    if found.iter().all(|other| (&other.table, &other.file) == (&first.table, &first.file)) {
        return Ok(found);
    }
    let mut places: Vec<String> = found.iter().map(|estimate| format!("`{}`", bounded(estimate.place()))).collect();
    places.sort_unstable();
    places.dedup();
    places.truncate(3);
    Err(NameError::Ambiguous { name: bounded(name), places: places.join(", ") })
}

/// The one estimate of that name.
pub(super) fn resolve<'a>(estimates: &'a [Estimate], name: &Name) -> Result<&'a Estimate, NameError> {
    let found = of_metric(estimates, &name.metric, None)?;
    if let Some(estimate) = found.iter().find(|estimate| estimate.slice == name.slice) {
        return Ok(estimate);
    }
    // Values of columns may hold commas and equals signs, and then the text does not tell the parts.
    let text = name.slice.to_string();
    if let Some(estimate) = found.iter().find(|estimate| estimate.slice.to_string() == text) {
        return Ok(estimate);
    }
    let slices: Vec<String> = found.iter().filter(|estimate| !estimate.slice.is_all()).map(|estimate| estimate.slice.to_string()).collect();
    let nearest = nearest(&text, slices.iter().map(String::as_str)).map(bounded);
    let slice = if name.slice.is_all() { "all rows".to_owned() } else { bounded(&text) };
    Err(NameError::Slice { name: bounded(&name.metric), slice, nearest })
}

/// Reads `country=DE, device=phone`. What follows a comma without a column belongs to the value before it.
pub(super) fn slice(text: &str) -> Option<Slice> {
    let mut parts: Vec<(&str, String)> = Vec::new();
    for piece in text.split(',') {
        match (piece.split_once('='), parts.last_mut()) {
            (Some((column, value)), _) => parts.push((column.trim(), value.to_owned())),
            (None, Some((_, value))) => {
                value.push(',');
                value.push_str(piece);
            }
            (None, None) => return None,
        }
    }
    let count = parts.len();
    let is_wrong = parts.iter().any(|(column, _)| column.is_empty());
    let written = |value: &str| if value == MISSING { String::new() } else { value.to_owned() };
    let slice = parts.into_iter().fold(Slice::all(), |slice, (column, value)| slice.with(column, written(value.trim())));
    (!is_wrong && slice.parts().count() == count).then_some(slice)
}

pub(super) fn finite(number: Option<f64>) -> Option<f64> {
    number.filter(|number| number.is_finite())
}

/// A name on one line, of a length that a sentence can bear.
pub(super) fn bounded(text: &str) -> String {
    let mut letters = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let mut told: String = letters.by_ref().take(MAX_NAME).collect();
    if letters.next().is_some() {
        told.push('…');
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(metric: &str, table: Option<&str>, file: Option<&str>, text: &str) -> Estimate {
        Estimate {
            table: table.map(str::to_owned),
            file: file.and_then(|file| RepoPath::parse(file).ok()),
            slice: if text.is_empty() { Slice::all() } else { slice(text).expect("a slice") },
            ..Estimate::new(Key::from_canonical(metric))
        }
    }

    fn found(estimates: &[Estimate], metric: &str, text: &str) -> Result<usize, NameError> {
        let slice = if text.is_empty() { Slice::all() } else { slice(text).expect("a slice") };
        let estimate = resolve(estimates, &Name { metric: metric.to_owned(), slice })?;
        Ok(estimates.iter().position(|other| std::ptr::eq(other, estimate)).expect("one of them"))
    }

    #[test]
    fn names_lead_to_one_metric() {
        let all = [
            at("f1", Some("test"), None, ""),
            at("f1", Some("test"), None, "country=DE"),
            at("f1", None, Some("m/eval.json"), ""),
            at("loss", None, Some("m/eval.json"), ""),
            at("test:f1", None, Some("other.json"), ""),
            at("a:b", Some("x:y"), None, "city=Paris, TX"),
        ];
        assert_eq!(found(&all, "loss", ""), Ok(3));
        assert_eq!(found(&all, "test:f1", ""), Ok(4), "the whole name comes first");
        assert_eq!(found(&all[..4], "test:f1", ""), Ok(0));
        assert_eq!(found(&all[..4], "test:f1", "country=DE"), Ok(1));
        assert_eq!(found(&all, "m/eval.json:f1", ""), Ok(2));
        assert_eq!(found(&all, "x:y:a:b", "city=Paris, TX"), Ok(5));
        let places = "`m/eval.json`, `test`".to_owned();
        assert_eq!(found(&all, "f1", ""), Err(NameError::Ambiguous { name: "f1".to_owned(), places }));
        assert_eq!(found(&all, "los", ""), Err(NameError::Metric { name: "los".to_owned(), nearest: Some("loss".to_owned()) }));
        let unknown = found(&all[..2], "f1", "country=DF").expect_err("no such slice");
        assert_eq!(
            (unknown.to_string().as_str(), unknown.hint().as_str()),
            ("`f1` is not known for `country=DF`", "did you mean `country=DE`?")
        );
        assert!(found(&[], "f1", "").is_err());
    }

    #[test]
    fn slices_as_text() {
        let read = |text: &str| slice(text).map(|slice| slice.to_string());
        assert_eq!(read("country=DE").as_deref(), Some("country=DE"));
        assert_eq!(read(" device = phone ,country=DE").as_deref(), Some("country=DE, device=phone"));
        assert_eq!(read("city=Paris, TX, country=US").as_deref(), Some("city=Paris, TX, country=US"));
        assert_eq!(read("a=b=c, d=").as_deref(), Some("a=b=c, d=(missing)"));
        assert_eq!(read("a=b=c, d=(missing)"), read("a=b=c, d="));
        for text in ["", "DE", "=DE", "a=b, =c", "a=1, a=2", ","] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn one_number_a_side_is_judged_as_it_is_and_limits_where_there_are_some() {
        let point = Estimate { baseline: Some(0.9), candidate: Some(0.89), improvement: Some(0.89 - 0.9), ..Estimate::new(Key::root()) };
        assert_eq!((point.within(0.01), point.within(0.0099)), (Some(Verdict::Pass), Some(Verdict::Fail)));
        assert_eq!((point.gains(-0.01), point.gains(-0.0099), point.is_better()), (Some(true), Some(false), Some(false)));
        let noisy = Estimate { lower: Some(-0.02), upper: Some(0.01), ..point.clone() };
        assert_eq!((noisy.within(0.01), noisy.within(0.02)), (Some(Verdict::Inconclusive), Some(Verdict::Pass)));
        assert_eq!((noisy.gains(-0.02), noisy.gains(-0.01)), (Some(true), Some(false)));
        let half = Estimate { upper: None, ..noisy };
        assert_eq!((half.within(0.01), half.within(0.02)), (Some(Verdict::Inconclusive), Some(Verdict::Pass)));
        let unknown = Estimate { improvement: Some(f64::NAN), ..point };
        assert_eq!((unknown.within(0.1), unknown.gains(0.0), unknown.is_better()), (None, None, None));
        let same = Estimate { baseline: Some(0.3), candidate: Some(0.1 + 0.2), improvement: Some(0.1 + 0.2 - 0.3), ..unknown };
        assert_eq!(same.is_better(), Some(false), "a rounding error is no improvement");
    }
}
