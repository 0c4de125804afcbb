//! The rows of one side by the roles that the table's declaration gives to columns: class, prediction, score, weight.

mod build;
pub(crate) mod classes;
pub(crate) mod codes;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use proofmark_core::evidence::{Obstacle, Why};

pub(crate) use self::build::{Shared, build};
use self::codes::MISSING;

/// Which side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Base,
    Head,
}

/// Why one side has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) fault: Fault,
    pub(crate) told: String,
}

/// The kinds of [`Flaw`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No table, or no such column at the base.
    Absent,
    /// Not what the declaration says it is.
    Unreadable,
    /// No row of the slice.
    NoRows,
    /// A number that is none.
    NonFinite,
    /// The metric's definition says nothing.
    Undefined,
}

impl Flaw {
    pub(crate) fn new(fault: Fault, told: impl Into<String>) -> Self {
        Self { fault, told: told.into() }
    }

    pub(crate) fn obstacle(&self, side: Side) -> Obstacle {
        let reason = match (side, self.fault) {
            (Side::Head, Fault::Absent) => Why::MissingCandidate,
            (Side::Head, Fault::Unreadable) => Why::UnreadableCandidate,
            (Side::Head, Fault::NoRows) => Why::MissingSlice,
            (Side::Head, Fault::NonFinite) => Why::NonFiniteCandidate,
            (Side::Head, Fault::Undefined) => Why::UndefinedCandidate,
            (Side::Base, Fault::Absent | Fault::NoRows) => Why::NoBaseline,
            (Side::Base, Fault::Unreadable) => Why::UnreadableBaseline,
            (Side::Base, Fault::NonFinite) => Why::NonFiniteBaseline,
            (Side::Base, Fault::Undefined) => Why::UndefinedBaseline,
        };
        let side = match side {
            Side::Base => "base",
            Side::Head => "head",
        };
        Obstacle { reason, told: format!("{side}: {}", self.told) }
    }
}

/// What a metric reads of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role<'a> {
    /// Code of the true class.
    Class,
    /// Code of the predicted class.
    Predicted,
    /// Score of the positive class.
    Score,
    /// Score of the class with this number among those with scores.
    ScoreOf(usize),
    /// The true number.
    TrueNumber,
    /// The predicted number.
    PredictedNumber,
    /// A number in a column.
    Column(&'a str),
    /// How much the row counts.
    Weight,
    /// Code of the cluster.
    Cluster,
}

impl Role<'_> {
    /// For a message: `3 of 10 rows have no label`.
    fn name(self) -> String {
        match self {
            Self::Class | Self::TrueNumber => "label".to_owned(),
            Self::Predicted | Self::PredictedNumber => "prediction".to_owned(),
            Self::Score | Self::ScoreOf(_) => "score".to_owned(),
            Self::Column(column) => format!("value in `{column}`"),
            Self::Weight => "weight".to_owned(),
            Self::Cluster => "cluster".to_owned(),
        }
    }
}

/// The cells of one role, in the order of evaluation.
#[derive(Debug, Clone)]
pub(crate) enum Data<'a> {
    Codes(Vec<u32>),
    Numbers(Cow<'a, [f64]>),
}

/// Cells and how many of them are no value, so that slices are searched for them only where there are some.
#[derive(Debug)]
pub(crate) struct Feature<'a> {
    data: Data<'a>,
    flawless: bool,
}

impl<'a> Feature<'a> {
    pub(crate) fn new(data: Data<'a>) -> Self {
        let flawless = match &data {
            Data::Codes(codes) => !codes.contains(&MISSING),
            Data::Numbers(numbers) => numbers.iter().all(|number| number.is_finite()),
        };
        Self { data, flawless }
    }
}

/// The features of one side: each is there, or why it is not.
#[derive(Debug, Default)]
pub(crate) struct Features<'a> {
    pub(crate) rows: usize,
    pub(crate) by_role: BTreeMap<Role<'a>, Result<Arc<Feature<'a>>, Flaw>>,
}

/// The rows of one slice of one side.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) rows: usize,
    cells: BTreeMap<Role<'a>, Result<Cells<'a>, Flaw>>,
}

#[derive(Debug)]
struct Cells<'a> {
    data: Part<'a>,
    flawless: bool,
}

#[derive(Debug)]
enum Part<'a> {
    Codes(Cow<'a, [u32]>),
    Numbers(Cow<'a, [f64]>),
}

impl<'a> View<'a> {
    /// These rows of the features, or all of them.
    pub(crate) fn new(features: &'a Features<'a>, rows: Option<&[u32]>) -> Self {
        let cells = features.by_role.iter().map(|(role, feature)| {
            let cells = feature.as_ref().map_err(Clone::clone).map(|feature| Cells {
                flawless: feature.flawless,
                data: match (&feature.data, rows) {
                    (Data::Codes(codes), None) => Part::Codes(Cow::Borrowed(codes)),
                    (Data::Numbers(numbers), None) => Part::Numbers(Cow::Borrowed(numbers)),
                    (Data::Codes(codes), Some(rows)) => Part::Codes(gather(codes, rows, MISSING)),
                    (Data::Numbers(numbers), Some(rows)) => Part::Numbers(gather(numbers, rows, f64::NAN)),
                },
            });
            (*role, cells)
        });
        Self { rows: rows.map_or(features.rows, <[u32]>::len), cells: cells.collect() }
    }

    /// The codes of a role.
    ///
    /// # Errors
    /// When the role has no column, or a cell is missing.
    pub(crate) fn codes(&self, role: Role<'_>) -> Result<&[u32], Flaw> {
        let cells = self.cells(role)?;
        let Part::Codes(codes) = &cells.data else { return Err(undeclared(role)) };
        let missing = if cells.flawless { 0 } else { codes.iter().filter(|code| **code == MISSING).count() };
        if missing > 0 {
            return Err(Flaw::new(Fault::NonFinite, format!("{missing} of {} rows have no {}", self.rows, role.name())));
        }
        Ok(codes)
    }

    /// The numbers of a role.
    ///
    /// # Errors
    /// When the role has no column, or a cell is missing, NaN, or infinite where that is no value.
    pub(crate) fn numbers(&self, role: Role<'_>, infinite: Infinite) -> Result<&[f64], Flaw> {
        let cells = self.cells(role)?;
        let Part::Numbers(numbers) = &cells.data else { return Err(undeclared(role)) };
        if cells.flawless {
            return Ok(numbers);
        }
        let missing = numbers.iter().filter(|number| number.is_nan()).count();
        let unbounded = numbers.iter().filter(|number| number.is_infinite()).count();
        match (missing, unbounded) {
            (0, 0) => Ok(numbers),
            (0, _) if infinite == Infinite::Allowed => Ok(numbers),
            (0, found) => Err(Flaw::new(Fault::NonFinite, format!("{found} of {} rows have an infinite {}", self.rows, role.name()))),
            (found, _) => Err(Flaw::new(Fault::NonFinite, format!("{found} of {} rows have no {}, or NaN", self.rows, role.name()))),
        }
    }

    /// Weights, where the table has some.
    ///
    /// # Errors
    /// When one is missing, negative or infinite.
    pub(crate) fn weights(&self) -> Result<Option<&[f64]>, Flaw> {
        if !self.cells.contains_key(&Role::Weight) {
            return Ok(None);
        }
        let weights = self.numbers(Role::Weight, Infinite::Refused)?;
        let negative = weights.iter().filter(|weight| **weight < 0.0).count();
        if negative > 0 {
            return Err(Flaw::new(Fault::Unreadable, format!("{negative} of {} weights are negative", self.rows)));
        }
        Ok(Some(weights))
    }

    /// Clusters, where the table has some, numbered without gaps, and how many.
    ///
    /// # Errors
    /// When one is missing.
    pub(crate) fn clusters(&self) -> Result<Option<(Vec<u32>, usize)>, Flaw> {
        if !self.cells.contains_key(&Role::Cluster) {
            return Ok(None);
        }
        let codes = self.codes(Role::Cluster)?;
        let mut number = vec![MISSING; codes.iter().max().map_or(0, |last| *last as usize + 1)];
        for code in codes {
            if let Some(number) = number.get_mut(*code as usize) {
                *number = 0;
            }
        }
        let mut count = 0_u32;
        for number in number.iter_mut().filter(|number| **number == 0) {
            *number = count;
            count += 1;
        }
        let dense = codes.iter().map(|code| number.get(*code as usize).copied().unwrap_or_default()).collect();
        Ok(Some((dense, count as usize)))
    }

    fn cells(&self, role: Role<'_>) -> Result<&Cells<'a>, Flaw> {
        match self.cells.iter().find(|(known, _)| **known == role) {
            Some((_, cells)) => cells.as_ref().map_err(Clone::clone),
            None => Err(undeclared(role)),
        }
    }
}

/// Whether infinite numbers are values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Infinite {
    Allowed,
    Refused,
}

fn gather<'a, T: Copy>(cells: &[T], rows: &[u32], none: T) -> Cow<'a, [T]>
where
    [T]: ToOwned<Owned = Vec<T>>,
{
    Cow::Owned(rows.iter().map(|row| cells.get(*row as usize).copied().unwrap_or(none)).collect())
}

fn undeclared(role: Role<'_>) -> Flaw {
    Flaw::new(Fault::Unreadable, format!("no column is declared for the {}", role.name()))
}

#[cfg(test)]
pub(crate) mod tests;
